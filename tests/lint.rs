//! What could be better: each rule finds what it is there for and spares the rest, and what ships is clean.
//!
//! A rule has a folder `lint/NAME/`: `finds.rbk`, whose snapshot is all that the rule says of it, and `spares.rbk`,
//! of which it says nothing. The page of each rule is made from the rule.

mod sarif;

use std::fs;
use std::path::{Path, PathBuf};

use runbook_grammar::report::{Colour, Told, render, render_told};
use runbook_grammar::source::Sources;
use runbook_grammar::span::SourceId;
use runbook_lint::rules::RULES;
use runbook_lint::subject::Day;
use runbook_lint::{Finding, Levels, Subject, page};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn today() -> Day {
    "2026-11-21".parse().expect("a day")
}

/// What is found in a text that stands in a folder.
fn found_in(folder: &Path, name: &str, text: &str) -> (Sources, Vec<Finding>) {
    let (sources, plan, told) = crate::plan::plan_of_text(folder, name, text);
    let plan =
        plan.unwrap_or_else(|| panic!("{name}:\n{}", render(&told, &sources, 100, Colour::Never)));
    let (file, _) = runbook_grammar::parse(sources.get(SourceId(0)));
    let subject = Subject::new(&sources, &file, &plan, Some(today()));
    let findings = runbook_lint::check(&subject, &Levels::default());
    (sources, findings)
}

fn shown(sources: &Sources, findings: &[Finding]) -> String {
    let told: Vec<Told<'_>> = findings.iter().map(Finding::told).collect();
    render_told(&told, sources, 100, Colour::Never)
}

#[test]
fn every_rule_finds_its_bad_example_and_spares_its_good_one() {
    let mut wrong = String::new();
    for rule in RULES {
        let (sources, bad) = found_in(root(), rule.name, &page::whole(rule.bad));
        let own = bad.iter().filter(|finding| finding.rule == rule.name);
        // An allow that allows nothing leaves what it was meant for.
        let alone = own.clone().count() == bad.len() || rule.name.contains("allow");
        if own.count() == 0 || !alone {
            let name = rule.name;
            wrong += &format!("{name}, its bad example:\n{}\n", shown(&sources, &bad));
        }
        let (sources, good) = found_in(root(), rule.name, &page::whole(rule.good));
        if !good.is_empty() {
            let name = rule.name;
            wrong += &format!("{name}, its good example:\n{}\n", shown(&sources, &good));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_finding_is_told_in_the_words_of_the_house() {
    for rule in RULES {
        let title = rule.title.chars().next().expect("a title");
        assert!(title.is_lowercase() || title == '`', "{}", rule.title);
        let (_, found) = found_in(root(), rule.name, &page::whole(rule.bad));
        for finding in found {
            let first = finding.message.chars().next().expect("a message");
            assert!(!first.is_uppercase(), "{}: {}", rule.name, finding.message);
            for text in [&finding.message, &finding.help, &finding.labels[0].text] {
                assert!(
                    !text.is_empty() && !text.ends_with('.'),
                    "{}: {text}",
                    rule.name
                );
            }
        }
    }
}

#[test]
fn each_rule_finds_what_its_cases_say() {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "lint",
    }, {
        for rule in RULES {
            let path = root().join("tests/lint").join(rule.name).join("finds.rbk");
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let (sources, found) = found_in(path.parent().expect("a folder"), "finds.rbk", &text);
            let own: Vec<Finding> = found.into_iter().filter(|f| f.rule == rule.name).collect();
            assert!(!own.is_empty(), "{}: nothing is found", rule.name);
            insta::assert_snapshot!(rule.name, shown(&sources, &own));
        }
    });
}

#[test]
fn each_rule_spares_what_its_cases_say() {
    let mut wrong = String::new();
    for rule in RULES {
        let path = root().join("tests/lint").join(rule.name).join("spares.rbk");
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let folder = path.parent().expect("a folder");
        let (sources, found) = found_in(folder, rule.name, &text);
        let own: Vec<Finding> = found.into_iter().filter(|f| f.rule == rule.name).collect();
        wrong += &shown(&sources, &own);
    }
    assert!(wrong.is_empty(), "{wrong}");
    for entry in fs::read_dir(root().join("tests/lint"))
        .expect("a folder")
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(
            !entry.path().is_dir() || runbook_lint::rule(&name).is_some(),
            "tests/lint/{name} is of no rule"
        );
    }
}

/// Nothing is said of the yardstick, of what people may copy, and of what they build upon.
#[test]
fn what_ships_is_clean() {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut open: Vec<PathBuf> = ["tests/tour", "runbooks", "stdlib"]
        .iter()
        .map(|folder| root().join(folder))
        .collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("stdlib/tests") {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rbk") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    let mut said = String::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("text");
        if text.contains("\nscenarios for ") {
            continue;
        }
        let name = path
            .strip_prefix(root())
            .expect("ours")
            .display()
            .to_string();
        let (sources, found) = found_in(path.parent().expect("a folder"), &name, &text);
        said += &shown(&sources, &found);
    }
    assert!(said.is_empty(), "{said}");
}

/// What a fix makes of a file is a file without mistakes, formatted, in which the finding is gone.
#[test]
fn a_fix_mends_what_it_is_for_and_breaks_nothing() {
    let mut fixed = 0;
    for rule in RULES {
        let text = page::whole(rule.bad);
        let (_, found) = found_in(root(), rule.name, &text);
        if found.iter().all(|finding| finding.fix.is_none()) {
            continue;
        }
        let (mended, made) = runbook_lint::fix::fix(&text, SourceId(0), &found);
        assert!(made > 0, "{}", rule.name);
        let (sources, left) = found_in(root(), rule.name, &mended);
        assert!(left.is_empty(), "{}\n{}", mended, shown(&sources, &left));
        let (file, _) = runbook_grammar::parse(sources.get(SourceId(0)));
        let formatted = runbook_fmt::format(sources.get(SourceId(0)), &file);
        assert_eq!(formatted, mended, "{}", rule.name);
        fixed += 1;
    }
    assert!(fixed >= 2, "only {fixed} rules mend");
}

/// Whatever stands in a file without mistakes, it is looked over to the end, and its times are in order.
#[test]
fn no_file_of_the_repository_makes_a_rule_panic() {
    let mut looked = 0;
    for (name, text) in crate::laws::all() {
        let mut sources = Sources::default();
        let id = sources.add(name.as_str(), text);
        let (root, told) = runbook_grammar::parse(sources.get(id));
        let files = runbook_plan::gather(root, |_| Err("not here".to_owned()));
        let (Some(plan), true) = (runbook_plan::resolve(&files).0, told.is_empty()) else {
            continue;
        };
        if let Some(way) = runbook_plan::analysis::analyze(&plan).time.all {
            let times = way.times;
            assert!(times.best_ms <= times.expected_ms, "{name}: {times:?}");
            assert!(times.expected_ms <= times.worst_ms, "{name}: {times:?}");
            let parts: u64 = way.longest.iter().map(|leg| leg.ms).sum();
            assert!(
                parts >= times.worst_ms || way.longest.len() >= 10_000,
                "{name}: {times:?}"
            );
        }
        let subject = Subject::new(&sources, &files.root, &plan, None);
        for finding in runbook_lint::check(&subject, &Levels::default()) {
            assert!(!finding.labels.is_empty(), "{name}: {finding:?}");
            for label in &finding.labels {
                let text = &sources.get(label.span.source).text;
                assert!(
                    text.get(label.span.range()).is_some(),
                    "{name}: {finding:?}"
                );
            }
        }
        looked += 1;
    }
    assert!(looked > 100, "only {looked} files were looked over");
}

const LIST: (&str, &str) = (
    "<!-- lints: generated by `just bless` -->\n",
    "<!-- /lints -->",
);

/// The pages of the lints, the list of them in the summary, and the table of them are made from the rules.
#[test]
fn the_book_has_the_page_of_every_lint() {
    let bless = std::env::var_os("BLESS").is_some();
    let book = root().join("book/src");
    let mut wanted: Vec<(PathBuf, String)> = RULES
        .iter()
        .map(|rule| {
            (
                book.join(format!("lints/{}.md", rule.name)),
                page::page(rule),
            )
        })
        .collect();
    let mut list = String::new();
    let mut table = String::from("\n| lint | level | what it finds |\n|---|---|---|\n");
    let mut sorted: Vec<_> = RULES.to_vec();
    sorted.sort_by_key(|rule| rule.name);
    for rule in sorted {
        list += &format!("  - [{}](lints/{}.md)\n", rule.name, rule.name);
    }
    for rule in RULES {
        table += &format!(
            "| [`{name}`](lints/{name}.md) | {level} | {title} |\n",
            name = rule.name,
            level = rule.severity.word(),
            title = rule.title
        );
    }
    table += "\n";
    for (page, text) in [("SUMMARY.md", list), ("lint.md", table)] {
        let path = book.join(page);
        let now = fs::read_to_string(&path).expect("a page");
        let (head, rest) = now.split_once(LIST.0).expect("the mark of the list");
        let (_, tail) = rest.split_once(LIST.1).expect("the mark of the list's end");
        let all = format!("{head}{}{text}{}{tail}", LIST.0, LIST.1);
        wanted.push((path, all));
    }
    let mut pages: Vec<PathBuf> = fs::read_dir(book.join("lints"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    pages.retain(|page| !wanted.iter().any(|(path, _)| path == page));
    assert!(pages.is_empty(), "pages of no lint: {pages:?}");
    let mut stale = Vec::new();
    for (path, text) in wanted {
        if fs::read_to_string(&path).ok().as_deref() == Some(text.as_str()) {
            continue;
        }
        if bless {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(&path, text).expect("written");
        } else {
            stale.push(path.display().to_string());
        }
    }
    assert!(stale.is_empty(), "stale, run `just bless`: {stale:?}");
}
