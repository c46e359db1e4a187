//! What a text says: the cases of `parse/`. A snapshot is the report of a case's mistakes, then its tree.
//! Files that are named `good_…` have no mistake.

use std::fs;

use runbook_grammar::ast::{File, Stmt};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::report::{Colour, render};
use runbook_grammar::source::Sources;

use crate::corpus::Dice;

/// Reads a text as the loader would.
fn read(name: &str, bytes: &[u8]) -> (Sources, File, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let (id, mut told) = sources.read(name, &String::from_utf8_lossy(bytes));
    let (file, more) = runbook_grammar::parse(sources.get(id));
    told.extend(more);
    told.sort_by_key(|mistake| mistake.span().start);
    (sources, file, told)
}

#[test]
fn cases_are_read_as_they_were() {
    insta::glob!("parse/*.rbk", |path| {
        let bytes = fs::read(path).expect("a case");
        let name = path.file_name().expect("a name").to_string_lossy();
        let (sources, file, told) = read(&name, &bytes);
        assert!(
            told.is_empty() || !name.starts_with("good_"),
            "{}",
            render(&told, &sources, 100, Colour::Never)
        );
        let mut snapshot = render(&told, &sources, 100, Colour::Never);
        if name.starts_with("good_") {
            snapshot.push_str(&tree(&file));
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(snapshot);
        });
    });
}

#[test]
fn the_tour_and_its_module_are_read_without_a_mistake() {
    for name in ["tour/tour.rbk", "tour/lib/queues.rbk", "tour/tour.test.rbk"] {
        let text = crate::corpus::read(&format!("tests/{name}"));
        let (sources, file, told) = read(name, text.as_bytes());
        assert!(
            told.is_empty(),
            "{}",
            render(&told, &sources, 100, Colour::Never)
        );
        assert!(file.header.is_some());
        assert!(!format!("{file:?}").contains("Bad"));
    }
}

#[test]
fn i04_a_file_with_other_line_ends_and_a_byte_order_mark_reads_the_same() {
    let tour = crate::corpus::read("tests/tour/tour.rbk");
    let (_, file, told) = read("tour", tour.as_bytes());
    let other = format!("\u{feff}{}", tour.replace('\n', "\r\n"));
    let (_, other_file, other_told) = read("tour", other.as_bytes());
    assert!(told.is_empty() && other_told.is_empty());
    assert_eq!(file, other_file);
}

/// A tree as an indented list, without places.
fn tree(file: &File) -> String {
    let mut out = String::new();
    let header = format!("{:?}", file.header);
    let body = file.body.iter().map(|stmt| format!("{stmt:?}"));
    for told in std::iter::once(header).chain(body) {
        let mut rest = told.as_str();
        if let Some(node) = Node::read(&mut rest).plain() {
            node.write(0, "", &mut out);
        }
    }
    for comment in &file.comments {
        let place = if comment.trailing {
            "behind a statement"
        } else {
            "alone"
        };
        out.push_str(&format!("# {} ({place})\n", comment.text));
    }
    out
}

/// What `Debug` writes, read back: a word, or a name and what it holds.
enum Node {
    Word(String),
    Group(String, Vec<(String, Node)>),
}

impl Node {
    fn read(rest: &mut &str) -> Node {
        if rest.starts_with('"') {
            let mut escaped = false;
            let end = rest[1..]
                .find(|sign| {
                    let ends = sign == '"' && !escaped;
                    escaped = sign == '\\' && !escaped;
                    ends
                })
                .expect("a closed text");
            let word = rest[..end + 2].to_owned();
            *rest = &rest[end + 2..];
            return Node::Word(word);
        }
        let end = rest
            .find(|sign: char| !(sign.is_alphanumeric() || "_.-".contains(sign)))
            .unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        *rest = rest[end..].trim_start();
        let Some(close) = rest.chars().next().and_then(|open| match open {
            '{' => Some('}'),
            '(' => Some(')'),
            '[' => Some(']'),
            _ => None,
        }) else {
            return Node::Word(name);
        };
        *rest = rest[1..].trim_start();
        let mut held = Vec::new();
        while !rest.starts_with(close) {
            let mut key = String::new();
            if close == '}'
                && let Some((word, behind)) = rest.split_once(": ")
            {
                key = word.to_owned();
                *rest = behind;
            }
            held.push((key, Node::read(rest)));
            *rest = rest.trim_start().trim_start_matches(',').trim_start();
        }
        *rest = &rest[1..];
        Node::Group(name, held)
    }

    /// Without places, without what is not there, names and texts as they were written.
    fn plain(self) -> Option<Node> {
        let Node::Group(name, held) = self else {
            return Some(self).filter(|node| !matches!(node, Node::Word(word) if word == "None"));
        };
        if name == "Span" {
            return None;
        }
        let mut held: Vec<(String, Node)> = held
            .into_iter()
            .filter_map(|(key, node)| Some((key, node.plain()?)))
            .collect();
        let word = |held: &[(String, Node)], at: usize| match &held[at].1 {
            Node::Word(word) => word.clone(),
            Node::Group(..) => String::new(),
        };
        Some(match (name.as_str(), held.len()) {
            ("Name", _) => Node::Word(word(&held, 0).trim_matches('"').to_owned()),
            ("Text", 1) if held[0].0 == "text" => Node::Word(word(&held, 0)),
            ("Hole", _) => Node::Word(format!("<<{}>>", word(&held, 0))),
            ("Path", _) | ("Str", _) => {
                let Node::Group(_, parts) = held.remove(0).1 else {
                    unreachable!("a list")
                };
                let words = (0..parts.len()).map(|at| word(&parts, at));
                let joined: Vec<String> = words.collect();
                Node::Word(if name == "Path" {
                    joined.join(".")
                } else {
                    format!(
                        "\"{}\"",
                        joined
                            .iter()
                            .map(|part| part
                                .strip_prefix('"')
                                .and_then(|part| part.strip_suffix('"'))
                                .unwrap_or(part))
                            .collect::<String>()
                    )
                })
            }
            ("Expr" | "Stmt" | "TypeExpr" | "Some", 1) => held.remove(0).1,
            _ => Node::Group(name, held),
        })
    }

    fn line(&self) -> String {
        match self {
            Node::Word(word) => word.clone(),
            Node::Group(name, held) => {
                let inside: Vec<String> = held
                    .iter()
                    .map(|(key, node)| {
                        if key.is_empty() {
                            node.line()
                        } else {
                            format!("{key}: {}", node.line())
                        }
                    })
                    .collect();
                let inside = inside.join(", ");
                if name.is_empty() {
                    format!("[{inside}]")
                } else {
                    format!("{name}({inside})")
                }
            }
        }
    }

    fn write(&self, depth: usize, key: &str, out: &mut String) {
        let indent = "  ".repeat(depth);
        let key = if key.is_empty() {
            String::new()
        } else {
            format!("{key}: ")
        };
        let line = self.line();
        match self {
            Node::Group(name, held) if line.len() + 2 * depth + key.len() > 100 => {
                out.push_str(format!("{indent}{key}{name}").trim_end());
                out.push('\n');
                for (key, node) in held {
                    node.write(depth + 1, key, out);
                }
            }
            _ => out.push_str(&format!("{indent}{key}{line}\n")),
        }
    }
}

#[test]
fn places_of_names_and_texts_say_what_they_are_places_of() {
    for path in fs::read_dir("tests/parse").expect("cases").flatten() {
        let name = path.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".rbk") {
            continue;
        }
        let (sources, file, _) = read(&name, &fs::read(path.path()).expect("a case"));
        let text = &sources.get(file.source).text;
        let told = format!("{file:?}");
        let mut seen = 0;
        for (at, start) in told.match_indices("Name { text: \"") {
            let word = &told[at + start.len()..];
            let word = &word[..word.find('"').expect("a quote")];
            let place = |key: &str| -> usize {
                let rest = &told[at..];
                let from = rest.find(key).expect("a place") + key.len();
                let digits: String = rest[from..]
                    .chars()
                    .take_while(char::is_ascii_digit)
                    .collect();
                digits.parse().expect("a number")
            };
            let (start, end) = (place("start: "), place("end: "));
            // A name that is missing is made up; a method is upper case in the tree alone.
            if start < end && !(word.starts_with('_') && word[1..].parse::<usize>().is_ok()) {
                assert_eq!(
                    text[start..end].to_lowercase(),
                    word.to_lowercase(),
                    "{name} at {start}"
                );
                seen += 1;
            }
        }
        assert!(seen > 0 || !name.starts_with("good_"), "{name}");
    }
}

#[test]
fn what_a_block_holds_lies_between_its_braces() {
    fn inside(stmts: &[Stmt], text: &str) {
        let mut last = 0;
        for stmt in stmts {
            let range = stmt.span.range();
            assert!(last <= range.start && range.start < range.end, "{stmt:?}");
            assert_eq!(text[range.clone()].trim_end(), &text[range.clone()]);
            last = range.end;
        }
    }
    for name in [
        "tour/tour.rbk",
        "parse/good_flow.rbk",
        "parse/good_step.rbk",
        "parse/good_declarations.rbk",
    ] {
        let text = crate::corpus::read(&format!("tests/{name}"));
        let (_, file, _) = read(name, text.as_bytes());
        inside(&file.body, &text);
    }
}

#[test]
fn no_beginning_of_the_tour_makes_the_parser_panic() {
    let tour = crate::corpus::read("tests/tour/tour.rbk");
    for at in (0..=tour.len()).filter(|at| tour.is_char_boundary(*at)) {
        let (sources, _, told) = read("tour", &tour.as_bytes()[..at]);
        for mistake in &told {
            for label in &mistake.labels {
                sources.text(label.span);
            }
        }
    }
}

#[test]
fn a_line_that_is_broken_at_random_never_makes_the_parser_panic() {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "\"",
        "\\",
        "{{",
        "}}",
        "`",
        "```",
        "|",
        "#",
        " ",
        "\t",
        "\n",
        "$ ",
        "? ",
        "> ",
        "! ",
        "- [ ] ",
        "..",
        "-> ",
        "== ",
        "not ",
        "within ",
        "else ",
        "if ",
        "step ",
        "\u{e9}",
        "\u{1f600}",
        "9",
        "5m",
        "http GET ",
        ",",
        ":",
        "=",
        "otherwise ",
    ];
    let tour = crate::corpus::read("tests/tour/tour.rbk");
    let lines: Vec<&str> = tour.split_inclusive('\n').collect();
    let mut dice = Dice::new("a broken line");
    let mut below = |bound: usize| dice.roll(bound as u64) as usize;
    for _ in 0..1500 {
        let line = below(lines.len());
        let mut broken = lines[line].to_owned();
        for _ in 0..=below(3) {
            let cuts: Vec<usize> = (0..=broken.len())
                .filter(|at| broken.is_char_boundary(*at))
                .collect();
            let at = cuts[below(cuts.len())];
            if below(2) == 0 {
                broken.insert_str(at, PIECES[below(PIECES.len())]);
            } else {
                let end = cuts
                    .into_iter()
                    .find(|end| *end > at + 2)
                    .unwrap_or(broken.len());
                broken.replace_range(at..end, "");
            }
        }
        let text: String = lines[..line].concat() + &broken + &lines[line + 1..].concat();
        let (sources, file, told) = read("tour", text.as_bytes());
        assert!(
            told.iter().all(|mistake| mistake.code.0 != 1038),
            "{broken:?}"
        );
        for mistake in &told {
            for label in &mistake.labels {
                sources.text(label.span);
            }
        }
        // A tree that holds what could not be read is never passed off as whole.
        if told.is_empty() {
            assert!(!format!("{file:?}").contains("Bad"), "{broken:?}");
        }
        drop(file);
    }
}

#[test]
fn i01_what_is_nested_too_deeply_is_one_mistake_however_deep() {
    let head = "rbk 1\nrunbook \"Deep\"\n";
    let much = 100_000;
    for (open, close) in [
        ("step a \"A\" {\n", "}\n"),
        ("if a {\n", "}\n"),
        ("section \"S\" {\n", ""),
    ] {
        let (_, _, told) = read(
            "deep",
            format!("{head}{}{}", open.repeat(much), close.repeat(much)).as_bytes(),
        );
        assert_eq!(
            told.iter().filter(|mistake| mistake.code.0 == 1037).count(),
            1,
            "{open}"
        );
        assert!(told.len() <= 2, "{open} {}", told.len());
    }
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("f(", ")"),
        ("a[", "]"),
        ("not ", ""),
        ("-", ""),
        ("- ", ""),
        ("(", ""),
        ("[", ""),
    ] {
        let (_, _, told) = read(
            "deep",
            format!(
                "{head}expect {}a{}\n",
                open.repeat(much),
                close.repeat(much)
            )
            .as_bytes(),
        );
        assert!(told.iter().any(|mistake| mistake.code.0 == 1037), "{open}");
        assert!(told.len() <= 2, "{open} {}", told.len());
    }
    // As deep as it may be.
    let (_, _, told) = read(
        "deep",
        format!(
            "{head}{}{}",
            "section \"S\" {\n".repeat(60),
            "}\n".repeat(60)
        )
        .as_bytes(),
    );
    assert!(told.is_empty(), "{told:?}");
    let (_, _, told) = read(
        "deep",
        format!("{head}let x = {}a{}\n", "(".repeat(60), ")".repeat(60)).as_bytes(),
    );
    assert!(told.is_empty(), "{told:?}");
    let (_, _, told) = read(
        "deep",
        format!("{head}let x = {}a\n", "a + ".repeat(60)).as_bytes(),
    );
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn i05_a_file_with_mistakes_on_every_line_is_still_read_to_its_end() {
    let text = format!("rbk 1\nrunbook \"Bad\"\n{}", "wrong\n".repeat(20_000));
    let (_, file, told) = read("bad", text.as_bytes());
    assert_eq!(file.body.len(), 20_000);
    // A few thousand are kept, of which a person is told the first.
    assert_eq!(told.len(), 4_000);
    assert!(told.iter().all(|mistake| mistake.code.0 == 1020));
}

#[test]
fn a_table_has_ten_thousand_rows_and_no_more() {
    let head = "rbk 1\nmodule \"M\"\nmatrix m(a: number) -> (b: text) {\n| a | b |\n|---|---|\n";
    for (rows, mistakes) in [(10_000, 0), (10_001, 1)] {
        let text = format!("{head}{}}}\n", "| 1 | \"x\" |\n".repeat(rows));
        let (_, _, told) = read("table", text.as_bytes());
        assert_eq!(told.len(), mistakes, "{rows}");
        assert!(told.iter().all(|mistake| mistake.code.0 == 1096));
    }
}
