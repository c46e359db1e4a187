//! Laws over every `.rbk` of the repository: cases, standard library, runbooks, examples of the book.

use crate::book;
use runbook_grammar::ast::File;
use runbook_grammar::source::{Source, Sources};
use std::fs;
use std::path::{Path, PathBuf};

/// Name and text of each, with and without mistakes in it.
fn all() -> Vec<(String, String)> {
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
    found.extend(book::examples().into_iter().map(|e| (e.place, e.text)));
    assert!(found.len() > 50, "only {} were found", found.len());
    found
}

fn source(name: &str, text: &str) -> Source {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    sources.get(id).clone()
}

/// The tree without places and without the comments, which have a law of their own.
fn shape(file: &File) -> String {
    let text = format!("{:?} {:?}", file.header, file.body);
    let mut shape = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("Span {") {
        shape.push_str(before);
        shape.push_str("Span");
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    shape.push_str(rest);
    shape
}

fn comments(file: &File) -> Vec<&str> {
    file.comments
        .iter()
        .map(|comment| comment.text.trim())
        .collect()
}

#[test]
fn formatting_twice_changes_nothing_and_keeps_tree_and_comments() {
    for (name, text) in all() {
        let before = source(&name, &text);
        let (tree, told) = runbook_grammar::parse(&before);
        if !told.is_empty() {
            continue;
        }
        let once = source(&name, &runbook_fmt::format(&before, &tree));
        let (tree_once, told) = runbook_grammar::parse(&once);
        assert!(
            told.is_empty(),
            "{name}: what was formatted does not read: {told:?}\n{}",
            once.text
        );
        assert!(
            shape(&tree) == shape(&tree_once),
            "{name}: formatting changed the tree:\n{}",
            once.text
        );
        assert_eq!(
            comments(&tree),
            comments(&tree_once),
            "{name}: formatting changed the comments"
        );
        let twice = runbook_fmt::format(&once, &tree_once);
        assert!(
            once.text == twice,
            "{}",
            book::difference(&name, &once.text, &twice)
        );
    }
}

#[test]
fn no_beginning_of_a_file_makes_the_parser_panic() {
    for (name, text) in all() {
        // Each end of a line, and places inside lines, by a step that shares no factor with an indentation.
        let ends = text.match_indices('\n').map(|(at, _)| at);
        let inside = (0..text.len()).step_by(text.len() / 97 + 7);
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
fn every_file_that_reads_can_be_rendered() {
    for (name, text) in all() {
        let mut sources = Sources::default();
        let id = sources.add(name.as_str(), text.as_str());
        let (file, told) = runbook_grammar::parse(sources.get(id));
        if told.is_empty() {
            let page = runbook_render::markdown(&sources, &[file]);
            assert!(page.ends_with('\n'), "{name}: {page}");
        }
    }
}
