//! Every example of the book and of the root documents is a runbook, and is held to what runbooks are held to.
//!
//! | fence | what it is |
//! |---|---|
//! | ` ```rbk ` | a whole file |
//! | ` ```rbk,part ` | what stands under the heading of a runbook; [`HEADING`] is put above it |
//! | ` ```rbk,test ` | a scenario file |
//! | ` ```rbk,fails ` | in the page of an error: a whole file that has just this error |
//! | ` ```rbk,finds `, ` ```rbk,spares ` | in the page of a lint: what it finds, and what it has nothing to say of |
//!
//! A comment of the page above a fence may hold lines behind `#~`: what the made-up world does when the example
//! is carried out in it, as in the cases of `tests/run/`.

use runbook_core::state::Over;
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::source::Source;
use runbook_grammar::span::SourceId;
use runbook_host::scripted::{Played, Script, World, play};
use runbook_plan::plan::Outcome;
use std::fs;
use std::path::{Path, PathBuf};

const HEADING: &str = "rbk 1\nrunbook \"Example\"\n\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Whole,
    Part,
    Scenarios,
    Fails,
    Lint,
}

pub struct Example {
    /// `book/src/language/flow.md:12`
    pub place: String,
    pub kind: Kind,
    /// With the heading above it, where it is a part.
    pub text: String,
    /// What the made-up world does: lines behind `#~` in a comment of the page above the fence.
    pub script: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = [
        "README.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "runbooks/README.md",
    ]
    .iter()
    .map(|name| root().join(name))
    .collect();
    let mut open = vec![root().join("book/src")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

pub fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for page in pages() {
        let name = page
            .strip_prefix(root())
            .expect("a page")
            .display()
            .to_string();
        let text = fs::read_to_string(&page).expect("text");
        let mut lines = text.lines().enumerate();
        let mut script = String::new();
        while let Some((n, line)) = lines.next() {
            if line.starts_with("#~ ") {
                script.push_str(line);
                script.push('\n');
            }
            let ticks = line.bytes().take_while(|b| *b == b'`').count();
            if ticks < 3 {
                continue;
            }
            let place = format!("{name}:{}", n + 1);
            let mut body = String::new();
            for (_, line) in lines.by_ref() {
                if line.len() == ticks && line.bytes().all(|b| b == b'`') {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let script = std::mem::take(&mut script);
            let (kind, text) = match &line[ticks..] {
                "rbk" => (Kind::Whole, body),
                "rbk,part" => (Kind::Part, format!("{HEADING}{body}")),
                "rbk,test" => (Kind::Scenarios, body),
                "rbk,fails" => (Kind::Fails, body),
                "rbk,finds" | "rbk,spares" => (Kind::Lint, runbook_lint::page::whole(&body)),
                other if other.starts_with("rbk") => {
                    panic!("{place}: `{other}` is no fence of this book")
                }
                _ => continue,
            };
            examples.push(Example {
                place,
                kind,
                text,
                script,
            });
        }
    }
    examples
}

/// What a text is read as: its source, and each mistake of it and of the modules it uses on a line of its own.
/// `folder` is where its own modules stand.
pub fn read(name: &str, text: &str, folder: Option<&Path>) -> (Source, Vec<String>) {
    let folder = folder.unwrap_or(Path::new("examples-stand-alone"));
    let (sources, _, mistakes) = crate::plan::plan_of_text(folder, name, text);
    let told = mistakes
        .iter()
        .map(|mistake| told(sources.get(mistake.span().source), mistake))
        .collect();
    (sources.get(SourceId(0)).clone(), told)
}

/// `book/src/a.md:12: line 3: RB1001: message: what is here`
pub fn told(source: &Source, diagnostic: &Diagnostic) -> String {
    let at = diagnostic.span().start as usize;
    let line = source.text[..at.min(source.text.len())]
        .lines()
        .count()
        .max(1);
    let here = diagnostic
        .labels
        .first()
        .map_or("", |label| label.text.as_str());
    let shown = source.text.lines().nth(line - 1).unwrap_or("");
    format!(
        "{}: line {line}: {}: {}: {here}\n    {shown}",
        source.name, diagnostic.code, diagnostic.message
    )
}

#[test]
fn every_example_of_the_book_is_read_without_a_complaint() {
    let mut broken = Vec::new();
    let mut count = 0;
    for example in examples().iter().filter(|e| e.kind != Kind::Fails) {
        count += 1;
        broken.extend(read(&example.place, &example.text, None).1);
    }
    assert!(count > 40, "only {count} examples were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_example_of_the_book_is_formatted() {
    let mut broken = Vec::new();
    for example in examples().iter().filter(|e| e.kind != Kind::Fails) {
        let (source, told) = read(&example.place, &example.text, None);
        if told.is_empty() {
            let (file, _) = runbook_grammar::parse(&source);
            let formatted = runbook_fmt::format(&source, &file);
            if formatted != example.text {
                broken.push(difference(&example.place, &example.text, &formatted));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The lines that differ, `-` as it is, `+` as it should be.
pub fn difference(name: &str, now: &str, wanted: &str) -> String {
    let lines: Vec<String> = similar::TextDiff::from_lines(now, wanted)
        .iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal)
        .map(|change| {
            format!(
                "  {}{}",
                change.tag(),
                change.value().trim_end_matches('\n')
            )
        })
        .collect();
    format!("{name} is not formatted:\n{}", lines.join("\n"))
}

/// Variants of an enum of the tree, as its source names them.
fn variants(name: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("grammar/src/ast.rs")).expect("the tree");
    let body = text
        .split(&format!("pub enum {name} {{\n"))
        .nth(1)
        .and_then(|rest| rest.split("\n}\n").next())
        .unwrap_or_else(|| panic!("no enum {name}"));
    body.lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "))
        .map(str::trim)
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|line| {
            line.chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect::<String>()
        })
        .filter(|variant| variant != "Bad" && variant != "Unknown")
        .collect()
}

#[test]
fn every_construct_of_the_language_has_an_example() {
    let mut all = String::new();
    for example in examples().iter().filter(|e| e.place.starts_with("book/")) {
        let (source, _) = read(&example.place, &example.text, None);
        all += &format!("{:?}\n", runbook_grammar::parse(&source).0);
    }
    let mut missing = Vec::new();
    for name in [
        "StmtKind",
        "Need",
        "SecretFrom",
        "MessageTo",
        "FiresWhen",
        "WithinElse",
        "LetValue",
        "Undo",
        "CellTest",
        "CommandBody",
        "HttpOption",
        "WhenWhat",
        "WhenDoes",
        "TypeKind",
        "ExprKind",
        "BinaryOp",
    ] {
        let variants = variants(name);
        assert!(variants.len() > 1, "{name}: {variants:?}");
        for variant in variants {
            // As `{:?}` writes it: a name behind what cannot be part of one.
            let shown = [" ", "(", "["]
                .iter()
                .flat_map(|before| {
                    [" {", "(", ",", ")", " }", "]"]
                        .map(|after| format!("{before}{variant}{after}"))
                })
                .any(|shown| all.contains(&shown));
            if !shown {
                missing.push(format!("{name}::{variant}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "no example of the book shows {}",
        missing.join(", ")
    );
}

/// Each example is carried out in a made-up world: commands succeed and say nothing, unless a
/// comment above it says otherwise. The whole of it is run, to a good end.
#[test]
fn every_example_of_the_book_is_carried_out() {
    let mut broken = Vec::new();
    for example in examples() {
        if !matches!(example.kind, Kind::Whole | Kind::Part) {
            continue;
        }
        let (_, plan, _) = crate::plan::plan_of_text(
            Path::new("examples-stand-alone"),
            &example.place,
            &example.text,
        );
        let Some(plan) = plan else {
            // A module has no flow; a mistake is another test's.
            continue;
        };
        let script = match Script::of_case(&example.script) {
            Ok(script) => script,
            Err(why) => {
                broken.push(format!("{}: {why}", example.place));
                continue;
            }
        };
        let (played, end) = play(&plan, World::new(script));
        let good = matches!(&end, Played::Over(Over::Ended { outcome, .. }) if *outcome != Outcome::Failed);
        if !good {
            let text = played.transcript.text();
            let last: Vec<&str> = text.lines().rev().take(6).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            broken.push(format!(
                "{}: {end:?}\n    {}",
                example.place,
                last.join("\n    ")
            ));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Above a fence, in the page itself: the command whose output stands in the fence.
const OUTPUT: &str = "<!-- output: ";

/// What the program prints stands in the book as it prints it today.
#[test]
fn every_output_of_the_book_is_what_the_program_prints() {
    let program = Path::new(env!("CARGO_BIN_EXE_runbook"));
    let mut stale = Vec::new();
    let mut found = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("text");
        let mut fresh = String::new();
        let mut rest = text.as_str();
        while let Some((before, from)) = rest.split_once(OUTPUT) {
            let (command, from) = from
                .split_once(" -->\n\n```text\n")
                .expect("a fence of text");
            let (_, after) = from.split_once("```\n").expect("its end");
            let words = command.strip_prefix("runbook ").expect("a command of ours");
            let ran = std::process::Command::new(program)
                .args(words.split_whitespace())
                .current_dir(root())
                .env("LANG", "C.UTF-8")
                .env_remove("LC_ALL")
                .env_remove("LC_CTYPE")
                .env_remove("TERM")
                .stdin(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .output()
                .expect("runbook starts");
            assert!(ran.status.success(), "{}: {command}", page.display());
            let printed = String::from_utf8(ran.stdout).expect("text");
            fresh += &format!("{before}{OUTPUT}{command} -->\n\n```text\n{printed}```\n");
            rest = after;
            found += 1;
        }
        fresh += rest;
        if fresh != text {
            if std::env::var_os("BLESS").is_some() {
                fs::write(&page, &fresh).expect("written");
            }
            stale.push(difference(&page.display().to_string(), &text, &fresh));
        }
    }
    assert!(found > 0, "no page has the output of a command");
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn every_failing_example_fails_with_the_error_of_its_page() {
    let mut broken = Vec::new();
    for example in examples().iter().filter(|e| e.kind == Kind::Fails) {
        let code = example
            .place
            .split("errors/RB")
            .nth(1)
            .and_then(|rest| rest.get(..4))
            .unwrap_or_else(|| {
                panic!(
                    "{}: only the page of an error holds what fails",
                    example.place
                )
            });
        let told = read(&example.place, &example.text, None).1;
        if told.is_empty()
            || !told
                .iter()
                .all(|line| line.contains(&format!(": RB{code}: ")))
        {
            broken.push(format!("{} says:\n{}", example.place, told.join("\n")));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
