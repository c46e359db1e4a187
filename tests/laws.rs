//! Laws over every `.rbk` of the repository: cases, standard library, runbooks, examples of the book.

use crate::book;
use runbook_grammar::source::{Source, Sources};
use std::fs;
use std::path::{Path, PathBuf};

/// Name and text of each, with and without mistakes in it.
pub fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = ["tests", "runbooks", "stdlib", "grammar", "engine"]
        .iter()
        .map(|folder| root.join(folder))
        .collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rbk") {
                // A case may be what no text file should be; it is still read, as the loader would show it.
                let bytes = fs::read(&path).expect("a file");
                let name = path.strip_prefix(root).expect("ours").display().to_string();
                found.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    found.sort();
    let examples = book::examples().into_iter();
    found.extend(examples.map(|example| (example.place, example.text)));
    assert!(found.len() > 50, "only {} were found", found.len());
    found
}

fn source(name: &str, text: &str) -> Source {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    sources.get(id).clone()
}

#[test]
fn formatting_twice_changes_nothing_and_keeps_tree_and_comments() {
    for (name, text) in all() {
        let (_, told) = runbook_grammar::parse(&source(&name, &text));
        if told.is_empty()
            && let Some(broken) = crate::fmt::broken_law(&name, &text)
        {
            panic!("{name}: {broken}");
        }
    }
}

#[test]
fn no_beginning_of_a_file_makes_the_parser_panic() {
    for (name, text) in all() {
        // Ends of lines and places inside lines: all of a short file, a sample of a long one.
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let ends = ends.iter().copied().step_by(ends.len() / 40 + 1);
        let inside = (0..text.len()).step_by(text.len() / 40 + 7);
        for at in ends.chain(inside).filter(|at| text.is_char_boundary(*at)) {
            let (file, told) = runbook_grammar::parse(&source(&name, &text[..at]));
            for diagnostic in told {
                let range = diagnostic.span().range();
                assert!(
                    range.start <= range.end && range.end <= at,
                    "{name}, first {at} bytes: {diagnostic:?}"
                );
            }
            drop(file);
        }
    }
}

#[test]
fn every_file_can_be_rendered_mistakes_and_all() {
    for (name, text) in all() {
        let mut sources = Sources::default();
        let id = sources.add(name.as_str(), text.as_str());
        let (file, _) = runbook_grammar::parse(sources.get(id));
        let page = runbook_render::markdown(&sources, &[file], None);
        assert!(
            page.starts_with('#') && page.ends_with('\n'),
            "{name}: {page}"
        );
    }
}
