//! `runbook lint PATH…`: every mistake of every file, in one report.

use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::source::Sources;
use serde::Serialize;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, find, print, report};

#[derive(Serialize)]
struct Found {
    file: String,
    code: String,
    message: String,
    labels: Vec<Place>,
    help: Option<String>,
}

/// From 1, in characters, as editors count.
#[derive(Serialize)]
struct Place {
    file: String,
    line: usize,
    column: usize,
    text: String,
}

pub fn lint(args: &args::Lint) -> Exit {
    let paths = match find(&args.paths) {
        Ok(paths) => paths,
        Err(error) => {
            complain_line(&error);
            return Exit::Usage;
        }
    };
    let mut all = Vec::new();
    let mut unread = 0_usize;
    let mut count = 0;
    for path in &paths {
        match runbook_host::load::load(path) {
            Ok(loaded) => {
                count += loaded.diagnostics.len();
                if args.json {
                    all.extend(
                        loaded
                            .diagnostics
                            .iter()
                            .map(|d| found(&path.display().to_string(), d, &loaded.sources)),
                    );
                } else {
                    report(&loaded.diagnostics, &loaded.sources);
                }
            }
            Err(error) => {
                unread += 1;
                complain_host(&error);
            }
        }
    }
    if args.json {
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        print(&format!("{text}\n"));
    } else if count == 0 && unread == 0 {
        let files = if paths.len() == 1 {
            "1 file".to_owned()
        } else {
            format!("{} files", paths.len())
        };
        print(&format!("{files}: no mistakes\n"));
    }
    match (unread, count) {
        (1.., _) => Exit::Runbook,
        (0, 1..) => Exit::Found,
        (0, 0) => Exit::Done,
    }
}

fn found(file: &str, diagnostic: &Diagnostic, sources: &Sources) -> Found {
    let place = |label: &runbook_grammar::diagnostic::Label| {
        let source = sources.get(label.span.source);
        let before = &source.text[..(label.span.start as usize).min(source.text.len())];
        Place {
            file: source.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before
                .rsplit('\n')
                .next()
                .unwrap_or_default()
                .chars()
                .count()
                + 1,
            text: label.text.clone(),
        }
    };
    Found {
        file: file.to_owned(),
        code: diagnostic.code.to_string(),
        message: diagnostic.message.clone(),
        labels: diagnostic.labels.iter().map(place).collect(),
        help: diagnostic.help.clone(),
    }
}
