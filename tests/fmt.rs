//! How a runbook should look: the cases of `fmt/`, and that the laws of formatting hold over copies of runbooks that
//! somebody has made a mess of.

use crate::corpus::{self, Dice};
use crate::laws;
use runbook_grammar::ast::{File, StmtKind};
use runbook_grammar::parse;
use runbook_grammar::source::{Source, Sources};

/// Messy copies of each file.
const COPIES: usize = 12;

fn source(name: &str, text: &str) -> Source {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    sources.get(id).clone()
}

/// The file as it should look, where it has no mistake.
fn formatted(name: &str, text: &str) -> Option<String> {
    let source = source(name, text);
    let (file, diagnostics) = parse(&source);
    diagnostics
        .is_empty()
        .then(|| runbook_fmt::format(&source, &file))
}

/// The tree without its places, and without what the formatter may change: how a test in a table is spaced, and whether a
/// block stands on one line that no longer fits there.
pub fn shape(file: &File) -> String {
    let mut file = file.clone();
    for stmt in &mut file.body {
        if let StmtKind::Matrix(matrix) = &mut stmt.kind {
            for cell in matrix
                .table
                .rows
                .iter_mut()
                .flat_map(|row| &mut row.cells)
                .filter(|cell| cell.test.is_some())
            {
                cell.text.clear();
            }
        }
    }
    let printed = format!("{:?}", (&file.header, &file.body));
    let mut out = String::new();
    let mut rest = printed.as_str();
    while let Some(at) = rest.find("Span { source: ") {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('}').expect("a span that ends");
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out.replace("inline: true", "inline: false")
}

fn comments(file: &File) -> Vec<String> {
    let mut texts: Vec<_> = file
        .comments
        .iter()
        .map(|comment| comment.text.clone())
        .collect();
    texts.sort();
    texts
}

/// What is wrong with how a text formats, if anything is.
pub fn broken_law(name: &str, text: &str) -> Option<String> {
    let before = source(name, text);
    let (file, diagnostics) = parse(&before);
    assert!(
        diagnostics.is_empty(),
        "{name} has mistakes: {diagnostics:?}"
    );
    let once = runbook_fmt::format(&before, &file);
    let after = source(name, &once);
    let (again, diagnostics) = parse(&after);
    if let Some(first) = diagnostics.first() {
        return Some(format!("formatting made a mistake: {first:?}\n{once}"));
    }
    if shape(&file) != shape(&again) {
        let (left, right) = (shape(&file), shape(&again));
        let at = left
            .bytes()
            .zip(right.bytes())
            .take_while(|(left, right)| left == right)
            .count();
        let excerpt = |text: &str| {
            text[text.floor_char_boundary(at.saturating_sub(200))
                ..text.floor_char_boundary(at + 200)]
                .to_owned()
        };
        return Some(format!(
            "the tree changed:\n  {}\n  {}\n{once}",
            excerpt(&left),
            excerpt(&right)
        ));
    }
    if comments(&file) != comments(&again) {
        return Some(format!(
            "comments changed: {:?} {:?}\n{once}",
            comments(&file),
            comments(&again)
        ));
    }
    let twice = runbook_fmt::format(&after, &again);
    if once != twice {
        return Some(format!("formatting twice differs:\n{once}\n---\n{twice}"));
    }
    None
}

#[test]
fn cases() {
    insta::glob!("fmt/*.rbk", |path| {
        let text = std::fs::read_to_string(path).expect("a case");
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let source = source(&name, &text);
        let (file, diagnostics) = parse(&source);
        assert!(
            diagnostics.is_empty(),
            "{name} has mistakes: {diagnostics:?}"
        );
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "fmt" }, {
            insta::assert_snapshot!(runbook_fmt::format(&source, &file));
        });
    });
}

#[test]
fn the_tour_formats_to_itself() {
    for name in ["tour.rbk", "tour.test.rbk", "lib/queues.rbk"] {
        let text = corpus::read(&format!("tests/tour/{name}"));
        let formatted = formatted(name, &text).unwrap_or_else(|| panic!("{name} has mistakes"));
        corpus::assert_same(name, &text, &formatted);
    }
}

#[test]
fn what_people_may_copy_is_formatted() {
    for (name, text) in laws::all() {
        if name.starts_with("stdlib/") || name.starts_with("runbooks/") {
            let formatted =
                formatted(&name, &text).unwrap_or_else(|| panic!("{name} has mistakes"));
            corpus::assert_same(&name, &text, &formatted);
        }
    }
}

#[test]
fn a_mess_is_formatted_as_carefully() {
    let mut tried = 0;
    let mut wanted = 0;
    for (name, text) in laws::all() {
        let rich = name.starts_with("tests/fmt/") || name.starts_with("tests/tour/");
        if !rich && !name.starts_with("book/") || formatted(&name, &text).is_none() {
            continue;
        }
        for copy in 0..COPIES {
            let mut dice = Dice::new(&format!("{name} {copy}"));
            let messy = corpus::mess(&text, &mut dice);
            wanted += 1;
            let (_, diagnostics) = parse(&source(&name, &messy));
            if !diagnostics.is_empty() {
                continue;
            }
            tried += 1;
            if let Some(broken) = broken_law(&name, &messy) {
                panic!("{name}, copy {copy}: {broken}\n--- from\n{messy}");
            }
            // Comments stay where they were, but in brackets whose lines are joined and before `else`: these files hold some.
            let moving = ["expressions.rbk", "comments.rbk", "layout.rbk"];
            if !moving.iter().any(|file| name.ends_with(file)) {
                let formatted = formatted(&name, &messy).expect("no mistake");
                corpus::assert_same(
                    &format!("{name}, copy {copy}"),
                    &corpus::squeezed(&messy),
                    &corpus::squeezed(&formatted),
                );
            }
        }
    }
    assert!(
        tried * 4 > wanted * 3,
        "of {wanted} messy copies only {tried} have no mistake"
    );
}

/// Indentation, blank runs and the place of `else` are layout: however they are, the result is the same.
#[test]
fn layout_alone_leaves_no_trace() {
    for name in ["tour.rbk", "lib/queues.rbk", "tour.test.rbk"] {
        let text = corpus::read(&format!("tests/tour/{name}"));
        for copy in 0..COPIES {
            let mut dice = Dice::new(&format!("layout {name} {copy}"));
            let messy = corpus::relayout(&text, &mut dice);
            let formatted = formatted(name, &messy).unwrap_or_else(|| {
                panic!(
                    "{name}, copy {copy} has mistakes: {:?}\n{messy}",
                    parse(&source(name, &messy)).1
                )
            });
            corpus::assert_same(name, &text, &formatted);
        }
    }
}
