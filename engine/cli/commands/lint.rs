//! `runbook lint PATH…`: every mistake of every file, in one report.

use std::path::Path;

use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::source::Sources;
use runbook_host::error::HostError;
use serde::Serialize;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, find, print, report};

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
    let mut all = Vec::new();
    let refuse = |all: &mut Vec<Found>, file: &Path, error: &HostError| {
        if args.json {
            all.push(refused(file, error));
        } else {
            complain_host(error);
        }
    };
    let named = find(&args.paths);
    let mut wrong = named.refused.len();
    for (path, error) in &named.refused {
        refuse(&mut all, path, error);
    }
    for path in &named.files {
        match runbook_host::load::load(path) {
            Ok(loaded) => {
                wrong += loaded.diagnostics.len();
                if args.json {
                    let name = path.display().to_string();
                    let mistakes = loaded.diagnostics.iter();
                    all.extend(mistakes.map(|d| found(&name, d, &loaded.sources)));
                } else {
                    report(&loaded.diagnostics, &loaded.sources);
                }
            }
            Err(error) => {
                wrong += 1;
                refuse(&mut all, path, &error);
            }
        }
    }
    if args.json {
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        print(&format!("{text}\n"));
    } else if wrong == 0 {
        let files = if named.files.len() == 1 {
            "1 file".to_owned()
        } else {
            format!("{} files", named.files.len())
        };
        print(&format!("{files}: no mistakes\n"));
    }
    match wrong {
        0 => Exit::Done,
        _ => Exit::Runbook,
    }
}

/// A file that could not be looked into.
fn refused(file: &Path, error: &HostError) -> Found {
    Found {
        file: file.display().to_string(),
        code: error.code.to_string(),
        message: error.message.clone(),
        labels: Vec::new(),
        help: error.help.clone(),
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
