//! `runbook new NAME`: a first runbook that is good as it stands, and scenarios that pass.

use std::fs::OpenOptions;
use std::io::{BufRead, ErrorKind, Write};
use std::path::{Path, PathBuf};

use runbook_host::codes;
use runbook_host::error::{HostError, plainly};
use runbook_plan::show::shell_quoted;

use crate::args::{self, Template};
use crate::exit::Exit;
use crate::files::{complain, complain_host, complain_line, print};
use crate::terminal::style::Tty;

/// What a template is called on the screen, its runbook, its scenarios.
fn texts(template: Template) -> (&'static str, &'static str, &'static str) {
    match template {
        Template::Deployment => (
            "Roll a deployment back",
            include_str!("new/deployment.rbk"),
            include_str!("new/deployment.test.rbk"),
        ),
        Template::Database => (
            "Restore a database from a backup",
            include_str!("new/database.rbk"),
            include_str!("new/database.test.rbk"),
        ),
        Template::Incident => (
            "Lead an incident",
            include_str!("new/incident.rbk"),
            include_str!("new/incident.test.rbk"),
        ),
        Template::Empty => (
            "One step, to fill in",
            include_str!("new/empty.rbk"),
            include_str!("new/empty.test.rbk"),
        ),
    }
}

const ALL: [Template; 4] = [
    Template::Deployment,
    Template::Database,
    Template::Incident,
    Template::Empty,
];

pub fn new(args: &args::New) -> Exit {
    match write(args) {
        Ok(said) => {
            print(&said);
            Exit::Done
        }
        Err(Left::Refused(error)) => complain_host(&error),
        Err(Left::Said(line)) => {
            complain_line(&line);
            Exit::Usage
        }
    }
}

/// Why nothing was written.
enum Left {
    Refused(HostError),
    Said(String),
}

/// Writes both files, or neither; gives what to do next.
fn write(args: &args::New) -> Result<String, Left> {
    let [runbook, scenarios] = paths(&args.name).map_err(Left::Refused)?;
    for path in [&runbook, &scenarios] {
        if path.symlink_metadata().is_ok() {
            return Err(there(path));
        }
    }
    let template = args.template.or_else(ask).ok_or_else(|| {
        let names = "deployment, database, incident or empty";
        Left::Said(format!("which template? Say it with --template: {names}"))
    })?;
    let (_, text, tests) = texts(template);
    let file = runbook.file_name().unwrap_or_default().to_string_lossy();
    let tests = tests.replace("\"TEMPLATE.rbk\"", &format!("\"{file}\""));
    put(&runbook, text)?;
    if let Err(left) = put(&scenarios, &tests) {
        // A runbook without its scenarios is not what was asked for, and would be in the way of the next try.
        let _ = std::fs::remove_file(&runbook);
        return Err(left);
    }
    let [runbook, scenarios] =
        [runbook, scenarios].map(|path| shell_quoted(&path.to_string_lossy()));
    Ok(format!(
        "{runbook}\n{scenarios}\n\nNext:\n  runbook test {scenarios}\n  runbook run {runbook} --dry-run\n  \
         then put in what is yours, and `runbook lint` says what is missing\n"
    ))
}

/// The runbook and its scenarios. The name may have a folder before it; what follows is a name that needs no quotes,
/// neither in a shell nor in a runbook.
fn paths(name: &str) -> Result<[PathBuf; 2], HostError> {
    let (folder, last) = match name.rfind('/') {
        Some(at) => name.split_at(at + 1),
        None => ("", name),
    };
    let stem = last.strip_suffix(".rbk").unwrap_or(last);
    let good = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let begins = |c: char| c.is_alphanumeric() || c == '_';
    let why = if stem.is_empty() {
        Some("it is empty")
    } else if !stem.chars().all(good) {
        Some("it is made of letters, digits, `-`, `_` and `.`")
    } else if !stem.starts_with(begins) {
        Some("it begins with a letter, a digit or `_`")
    } else if stem.ends_with(".test") {
        Some("`.test.rbk` is how scenario files end")
    } else {
        None
    };
    if let Some(why) = why {
        let better: String = stem
            .trim_end_matches(".test")
            .chars()
            .map(|c| if good(c) { c } else { '-' })
            .collect();
        let better = better.trim_start_matches(|c| !begins(c));
        let better = better.trim_end_matches('-');
        let better = match better.is_empty() {
            true => "restore-orders",
            false => better,
        };
        let message = format!("{last:?} is no name for a runbook: {why}");
        return Err(HostError::new(codes::NAME_REFUSED, message)
            .help(format!("Call it `{folder}{better}`.")));
    }
    if !folder.is_empty() && !Path::new(folder).is_dir() {
        let message = format!("there is no folder {}", folder.trim_end_matches('/'));
        return Err(HostError::new(codes::NAME_REFUSED, message)
            .help("Make it, or leave it out: the files are written where you are."));
    }
    Ok([
        PathBuf::from(format!("{folder}{stem}.rbk")),
        PathBuf::from(format!("{folder}{stem}.test.rbk")),
    ])
}

/// Made anew or not at all, whatever came there meanwhile.
fn put(path: &Path, text: &str) -> Result<(), Left> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => there(path),
            _ => unwritten(path, &error),
        })?;
    file.write_all(text.as_bytes()).map_err(|error| {
        // Half of it; nobody has seen it yet.
        let _ = std::fs::remove_file(path);
        unwritten(path, &error)
    })
}

fn unwritten(path: &Path, error: &std::io::Error) -> Left {
    Left::Said(format!(
        "{} cannot be written: {}",
        path.display(),
        plainly(error)
    ))
}

fn there(path: &Path) -> Left {
    let message = format!("{} is there already", path.display());
    Left::Refused(HostError::new(codes::FILE_THERE, message).help("Choose another name."))
}

/// Which template, of a person; nothing where nobody is there.
fn ask() -> Option<Template> {
    if Tty::of(std::io::stdin()) == Tty::No || Tty::of(std::io::stderr()) == Tty::No {
        return None;
    }
    for (number, template) in ALL.into_iter().enumerate() {
        complain(&format!("  {}  {}\n", number + 1, texts(template).0));
    }
    loop {
        complain("Which one? ");
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).ok()? == 0 {
            complain("\n");
            return None;
        }
        let number: usize = line.trim().parse().unwrap_or(0);
        match ALL.get(number.wrapping_sub(1)) {
            Some(template) => return Some(*template),
            None => complain("A number from 1 to 4; Ctrl-D leaves.\n"),
        }
    }
}
