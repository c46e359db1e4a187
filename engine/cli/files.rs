//! What commands read and print, outside a run.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::report::Told;
use runbook_grammar::source::Sources;

use runbook_host::codes;
use runbook_host::error::{HostError, plainly};
use runbook_host::runs::home::StateHome;

use crate::exit::Exit;
use crate::terminal::style::{Colour, Tty};

/// Prints to standard output.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// What became of printing. A closed pipe is the reader's choice; anything else, such as a full disk, ends the
/// program here, so that half a page is not taken for a whole one.
pub fn printed(result: io::Result<()>) {
    let Err(error) = result else {
        return;
    };
    if error.kind() == io::ErrorKind::BrokenPipe {
        return;
    }
    complain_line(&format!(
        "standard output cannot be written: {}",
        plainly(&error)
    ));
    std::process::exit(i32::from(UNPRINTED));
}

/// A document, to the file that was asked for, else to standard output.
pub fn write_or_print(path: Option<&Path>, text: &str) -> Exit {
    match path {
        None => print(text),
        Some(path) => {
            if let Err(error) = std::fs::write(path, text) {
                complain_line(&format!(
                    "cannot write {}: {}",
                    path.display(),
                    plainly(&error)
                ));
                return Exit::Usage;
            }
        }
    }
    Exit::Done
}

/// Prints to standard error.
pub fn complain(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// One sentence about something that is no place in a runbook.
pub fn complain_line(text: &str) {
    complain(&format!("runbook: {text}\n"));
}

/// What the host refuses, with the way out; gives the exit code that goes with it.
pub fn complain_host(error: &HostError) -> Exit {
    complain_line(&error.to_string());
    if let Some(help) = &error.help {
        complain(&format!("  help: {help}\n"));
    }
    Exit::Run(error.exit_code())
}

/// The state home to look at: of the `runbook.toml` found upward from here, else the user's own.
pub fn state_home() -> Result<StateHome, HostError> {
    runbook_host::drive::state_path(None).map(StateHome::peek)
}

/// The exit code where what a command prints cannot be written.
const UNPRINTED: u8 = 74;

/// How many mistakes of one file are shown: who has more than these mends some and asks again.
const SHOWN: usize = 100;

/// A report of mistakes for a person, on standard error.
pub fn report(diagnostics: &[Diagnostic], sources: &Sources) {
    let told: Vec<Told<'_>> = diagnostics.iter().map(Told::from).collect();
    report_told(&told, sources);
}

/// The same for whatever is told.
pub fn report_told(told: &[Told<'_>], sources: &Sources) {
    let terminal = Tty::of(std::io::stderr());
    let width = match terminal {
        Tty::Yes => usize::from(console::Term::stderr().size().1).clamp(20, 120),
        Tty::No => 100,
    };
    let colour = match Colour::of(terminal) {
        Colour::Yes => runbook_grammar::report::Colour::Always,
        Colour::No => runbook_grammar::report::Colour::Never,
    };
    let shown = &told[..told.len().min(SHOWN)];
    complain(&runbook_grammar::report::render_told(
        shown, sources, width, colour,
    ));
    if told.len() > SHOWN {
        let more = told.len() - SHOWN;
        complain(&format!("\nand {more} more; `--json` lists them all\n"));
    }
}

/// The files that paths name, and what is wrong with a path that names none.
#[derive(Default)]
pub struct Named {
    pub files: Vec<PathBuf>,
    pub refused: Vec<(PathBuf, HostError)>,
}

/// A file is itself, a folder every `*.rbk` below it, in order of name. Hidden folders and `target` are passed
/// over, as is what a link points to.
pub fn find(paths: &[PathBuf]) -> Named {
    let mut named = Named::default();
    for path in paths {
        if !path.is_dir() {
            named.files.push(path.clone());
            continue;
        }
        let before = named.files.len();
        let walked = walk(path, &mut named.files).and_then(|()| {
            if named.files.len() > before {
                return Ok(());
            }
            let message = format!("{} is a folder, and holds no .rbk file", path.display());
            Err(HostError::new(codes::NOT_A_FILE, message)
                .help("Name a folder that holds some, or a file."))
        });
        if let Err(error) = walked {
            named.refused.push((path.clone(), error));
        }
    }
    named
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), HostError> {
    let cannot = |error: std::io::Error| {
        let message = format!("{} cannot be read: {}", folder.display(), plainly(&error));
        HostError::new(codes::FILE_UNREADABLE, message)
    };
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        entries.push(entry.map_err(cannot)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".") || name == "target";
        let kind = entry.file_type().map_err(cannot)?;
        let path = entry.path();
        if kind.is_dir() && !hidden {
            walk(&path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rbk") {
            found.push(path);
        }
    }
    Ok(())
}
