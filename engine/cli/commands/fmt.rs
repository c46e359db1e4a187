//! `runbook fmt PATH…`

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
    let named = find(&args.paths);
    let (mut broken, mut changed) = (named.refused.len(), 0_usize);
    for (_, error) in &named.refused {
        complain_host(error);
    }
    for path in &named.files {
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
    let bytes = match runbook_host::files::read_input() {
        Ok(bytes) => bytes,
        Err(error) => return complain_host(&error),
    };
    let Some((before, after)) = formatted(runbook_host::files::INPUT, &bytes) else {
        return Exit::Runbook;
    };
    if !args.check {
        print(&after);
        return Exit::Done;
    }
    if before == after {
        return Exit::Done;
    }
    print(&difference(runbook_host::files::INPUT, &before, &after));
    Exit::Found
}

/// The text as it is and as it should be; nothing, and a report, where it has mistakes.
pub fn formatted(name: &str, bytes: &[u8]) -> Option<(String, String)> {
    let text = match runbook_host::load::text(name, bytes) {
        Ok(text) => text,
        Err(error) => {
            complain_host(&error);
            return None;
        }
    };
    let mut sources = Sources::default();
    let (id, mut diagnostics) = sources.read(name, text);
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
