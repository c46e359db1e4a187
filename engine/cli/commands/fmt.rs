//! `runbook fmt PATH…`

use std::io::Read;
use std::path::Path;

use runbook_grammar::source::Sources;
use similar::TextDiff;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, find, print, report};

/// Writes nothing where the file has mistakes: what was meant is not known then.
pub fn fmt(args: &args::Fmt) -> Exit {
    if args.paths.iter().any(|path| path == Path::new("-")) {
        return match args.paths.as_slice() {
            [_] => format_input(args),
            _ => {
                complain_line("- stands for standard input, and stands alone");
                Exit::Usage
            }
        };
    }
    let paths = match find(&args.paths) {
        Ok(paths) => paths,
        Err(error) => {
            complain_line(&error);
            return Exit::Usage;
        }
    };
    let (mut broken, mut changed) = (0_usize, 0_usize);
    for path in &paths {
        let bytes = match runbook_host::files::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                complain_host(&error);
                broken += 1;
                continue;
            }
        };
        let Some((before, after)) = formatted(&path.display().to_string(), &bytes) else {
            broken += 1;
            continue;
        };
        if before.as_bytes() == after.as_bytes() && bytes == after.as_bytes() {
            continue;
        }
        changed += 1;
        if args.check {
            print(&difference(&path.display().to_string(), &before, &after));
        } else if let Err(error) = runbook_host::files::replace(path, &after) {
            complain_line(&format!("cannot write {}: {error}", path.display()));
            broken += 1;
        }
    }
    match (broken, changed) {
        (1.., _) => Exit::Runbook,
        (0, 1..) if args.check => Exit::Found,
        _ => Exit::Done,
    }
}

fn format_input(args: &args::Fmt) -> Exit {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut bytes) {
        complain_line(&format!("cannot read standard input: {error}"));
        return Exit::Usage;
    }
    let Some((before, after)) = formatted("standard input", &bytes) else {
        return Exit::Runbook;
    };
    if !args.check {
        print(&after);
        return Exit::Done;
    }
    if before == after {
        return Exit::Done;
    }
    print(&difference("standard input", &before, &after));
    Exit::Found
}

/// The text as it is and as it should be; nothing, and a report, where it has mistakes.
fn formatted(name: &str, bytes: &[u8]) -> Option<(String, String)> {
    let mut sources = Sources::default();
    let (id, mut diagnostics) = sources.read(name, bytes);
    let source = sources.get(id);
    let (file, found) = runbook_grammar::parse::parse(source);
    diagnostics.extend(found);
    if !diagnostics.is_empty() {
        report(&diagnostics, &sources);
        return None;
    }
    Some((source.text.clone(), runbook_fmt::format(source, &file)))
}

fn difference(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(2)
        .header(name, "formatted")
        .to_string()
}
