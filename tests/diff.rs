//! What is different in meaning: the cases of `diff/`, each a folder with an `old` and a `new` version; and that
//! layout is no difference, while a change of what runs always is one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use runbook_diff::{Change, Difference, Version, diff};
use runbook_grammar::source::Sources;
use runbook_plan::Plan;

use crate::corpus::{self, Dice};
use crate::laws;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, in a folder.
fn runs(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_runbook"))
        .arg("diff")
        .args(args)
        .current_dir(folder)
        .env("LANG", "C.UTF-8")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .expect("it starts")
}

/// The old and the new version of a case, as the program is given them.
fn case(folder: &Path) -> [String; 2] {
    let inside = fs::read_dir(folder.join("old")).expect("a folder");
    let mut names: Vec<String> = inside
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "lib.rbk")
        .collect();
    names.sort();
    let name = names.first().expect("a runbook");
    [format!("old/{name}"), format!("new/{name}")]
}

#[test]
fn cases() {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "diff",
    }, {
        let mut folders: Vec<PathBuf> = fs::read_dir(root().join("tests/diff"))
            .expect("a folder")
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        for folder in folders {
            let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
            let [old, new] = case(&folder);
            let mut story = String::new();
            for format in ["human", "markdown", "json"] {
                let output = runs(&folder, &[&old, &new, "--format", format]);
                let _ = writeln!(story, "── {format}, exit {}", output.status.code().expect("a code"));
                story += &String::from_utf8_lossy(&output.stdout);
                story += &String::from_utf8_lossy(&output.stderr);
            }
            insta::assert_snapshot!(name, story);
        }
    });
}

/// The page of the book: each `runbook diff` of two files, and the fence after it.
#[test]
fn the_page_shows_what_the_program_says() {
    let path = root().join("book/src/diff.md");
    let page = fs::read_to_string(&path).expect("the page");
    let mut fresh = String::new();
    let mut rest = page.as_str();
    let mut shown = 0;
    while let Some(at) = rest.find("```sh\nrunbook diff old/") {
        let line = &rest[at + "```sh\nrunbook diff ".len()..];
        let args: Vec<&str> = line.lines().next().expect("a line").split(' ').collect();
        let head = at + rest[at..].find("\n```\n\n").expect("the end of a fence") + 6;
        let opening = rest[head..].lines().next().expect("a fence");
        let ticks = opening.trim_end_matches(|c: char| c != '`');
        let body = head + opening.len() + 1;
        let close = format!("\n{ticks}\n");
        let end = body - 1 + rest[body - 1..].find(&close).expect("the end of a fence");
        let output = runs(&root().join("tests/diff/page"), &args);
        assert_eq!(output.status.code(), Some(1));
        fresh += &rest[..body];
        fresh += &String::from_utf8_lossy(&output.stdout);
        rest = &rest[end + 1..];
        shown += 1;
    }
    fresh += rest;
    assert_eq!(shown, 2, "two outputs are shown");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &fresh).expect("written");
        return;
    }
    corpus::assert_same("book/src/diff.md", &fresh, &page);
}

#[test]
fn a_version_with_mistakes_is_refused_and_so_is_what_is_no_runbook() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("good.rbk", "rbk 1\nrunbook \"A\"\n? true\n");
    write("bad.rbk", "rbk 1\nrunbook \"A\"\n? echo {{nobody}}\n");
    write(
        "a.test.rbk",
        "rbk 1\nscenarios for \"good.rbk\"\n\nscenario \"a\" {\n  ends resolved\n}\n",
    );
    for args in [["good.rbk", "bad.rbk"], ["bad.rbk", "good.rbk"]] {
        let output = runs(folder.path(), &args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("nothing here is called `nobody`"), "{said}");
        assert!(output.stdout.is_empty());
    }
    let output = runs(folder.path(), &["good.rbk", "a.test.rbk"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is a scenario file"), "{said}");
    let output = runs(folder.path(), &["good.rbk", "none.rbk"]);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_version_may_come_through_a_pipe_and_one_with_modules_says_what_to_do() {
    let folder = root().join("tests/diff/branches");
    let program = env!("CARGO_BIN_EXE_runbook");
    let piped = |file: &str| {
        let line = format!("\"$PROGRAM\" diff <(cat {file}) {file}");
        Command::new("bash")
            .args(["-c", &line])
            .current_dir(&folder)
            .env("PROGRAM", program)
            .stdin(Stdio::null())
            .output()
            .expect("bash starts")
    };
    let output = piped("../steps/old/rollback.rbk");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("mean the same"), "{said}");
    let output = piped("old/flow.rbk");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("came through a pipe"), "{said}");
    assert!(said.contains("git worktree add"), "{said}");
}

/// Where the modules of a file of the repository stand.
fn folder_of(name: &str) -> PathBuf {
    let path = root().join(name);
    let folder = path.parent().filter(|folder| folder.is_dir());
    folder.unwrap_or(root()).to_owned()
}

struct Read {
    sources: Sources,
    plan: Plan,
}

fn read(folder: &Path, name: &str, text: &str) -> Option<Read> {
    let (sources, plan, _) = crate::plan::plan_of_text(folder, name, text);
    Some(Read {
        sources,
        plan: plan?,
    })
}

fn between(old: &Read, new: &Read) -> Vec<Difference> {
    fn version(read: &Read) -> Version<'_> {
        Version {
            plan: &read.plan,
            sources: &read.sources,
        }
    }
    diff(version(old), version(new))
}

/// Files of the repository that have a plan.
fn planned() -> Vec<(String, PathBuf, String, Read)> {
    let mut found = Vec::new();
    for (name, text) in laws::all() {
        if name.ends_with(".test.rbk") || text.len() > 60_000 || text.contains("\nscenarios for ") {
            continue;
        }
        let folder = folder_of(&name);
        if let Some(read) = read(&folder, &name, &text) {
            found.push((name, folder, text, read));
        }
    }
    assert!(found.len() > 100, "only {} have a plan", found.len());
    found
}

fn shape(text: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("", text);
    crate::fmt::shape(&runbook_grammar::parse(sources.get(id)).0)
}

#[test]
fn a_file_and_its_layout_differ_in_nothing() {
    let mut tried = 0;
    for (name, folder, text, old) in planned() {
        let mut sources = Sources::default();
        let id = sources.add(name.as_str(), text.as_str());
        let (file, _) = runbook_grammar::parse(sources.get(id));
        let formatted = runbook_fmt::format(sources.get(id), &file);
        let messy = corpus::mess(&text, &mut Dice::new(&name));
        for (what, copy) in [
            ("itself", &text),
            ("formatted", &formatted),
            ("messy", &messy),
        ] {
            // A mess may go into a script, or be a mistake; formatting may not.
            if what == "messy" && shape(copy) != shape(&text) {
                continue;
            }
            let new = match read(&folder, &name, copy) {
                Some(new) => new,
                None if what == "messy" => continue,
                None => panic!("{name}, {what}: it has no plan"),
            };
            tried += 1;
            let found = between(&old, &new);
            assert!(found.is_empty(), "{name}, {what}: {found:#?}\n{copy}");
        }
    }
    assert!(tried > 300, "only {tried} copies were compared");
}

/// Another text at one place.
struct Mutant {
    what: &'static str,
    text: String,
}

fn mutants(text: &str) -> Vec<Mutant> {
    let pattern = |pattern: &str| regex_lite::Regex::new(pattern).expect("a sound pattern");
    let kinds = [
        (
            "timeout",
            pattern(r"(?m)^( *)timeout (\d+)(s|m|h)$"),
            "${1}timeout 1${2}${3}",
        ),
        (
            "command",
            pattern(r"(?m)^( *[$?] [^`\\\n]*[^`\\\n ])$"),
            "${1} --mutant",
        ),
        (
            "arm",
            pattern(r#"(?m)^( +")([^"\n]+"(?: recommended)? \{)$"#),
            "${1}Mutant ${2}",
        ),
        (
            "condition",
            pattern(r"(?m)^( *)if ([^{\n]+) \{$"),
            "${1}if not (${2}) {",
        ),
        (
            "step",
            pattern(r#"(?m)^( *)step (\w+) ""#),
            "${1}step mutant_${2} \"",
        ),
        (
            "undo",
            pattern(r"(?m)^( *)undo \$ (.*[^\\\n])$"),
            "${1}undo $$ mutant ${2}",
        ),
        (
            "deadline",
            pattern(r#"(?m)^(.*" within )(\d+)(s|m|h|d)( \{)?$"#),
            "${1}1${2}${3}${4}",
        ),
    ];
    let mut found = Vec::new();
    for (what, pattern, with) in kinds {
        let places: Vec<_> = pattern.find_iter(text).map(|found| found.range()).collect();
        // Of many a few, spread over the file.
        for range in places.iter().step_by(places.len() / 3 + 1) {
            let changed = pattern.replace(&text[range.clone()], with);
            let text = format!("{}{changed}{}", &text[..range.start], &text[range.end..]);
            found.push(Mutant { what, text });
        }
    }
    found
}

#[test]
fn what_runs_otherwise_is_always_a_difference() {
    let mut tried = std::collections::BTreeMap::new();
    for (name, folder, text, old) in planned() {
        for mutant in mutants(&text) {
            let Some(new) = read(&folder, &name, &mutant.text) else {
                continue;
            };
            *tried.entry(mutant.what).or_insert(0) += 1;
            let found = between(&old, &new);
            assert!(
                !found.is_empty(),
                "{name}: another {} is no difference:\n{}",
                mutant.what,
                similar::TextDiff::from_lines(&text, &mutant.text)
                    .unified_diff()
                    .context_radius(1)
            );
        }
    }
    for what in [
        "timeout",
        "command",
        "arm",
        "condition",
        "step",
        "undo",
        "deadline",
    ] {
        let tried = tried.get(what).copied().unwrap_or(0);
        assert!(tried >= 10, "{what}: only {tried} were tried");
    }
}

#[test]
fn a_row_that_gives_another_answer_is_found_with_an_input_that_shows_it() {
    let mut tried = 0;
    for (name, _, _, old) in planned() {
        for (m, matrix) in old.plan.matrices.iter().enumerate() {
            for (r, row) in matrix.rows.iter().enumerate().take(20) {
                for (c, given) in row.gives.iter().enumerate() {
                    let mut others = matrix.rows.iter().map(|row| &row.gives[c]);
                    let Some(other) = others.find(|other| *other != given) else {
                        continue;
                    };
                    let mut plan = old.plan.clone();
                    plan.matrices[m].rows[r].gives[c] = other.clone();
                    let new = Read {
                        sources: old.sources.clone(),
                        plan,
                    };
                    tried += 1;
                    let found = between(&old, &new);
                    let shown = found.iter().flat_map(|found| &found.changes);
                    let shown: Vec<_> = shown
                        .filter(|change| {
                            matches!(change, Change::Decides { old, new, .. }
                                if old.row == r + 1 && new.row == r + 1)
                        })
                        .collect();
                    assert_eq!(shown.len(), 1, "{name}, {}, row {}", matrix.name, r + 1);
                }
            }
        }
    }
    assert!(tried > 30, "only {tried} rows were tried");
}
