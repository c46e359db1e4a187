//! The fault matrix, counted: which row is covered by which test is read off the names of the tests, and the page of
//! the book says it. `BLESS=1` writes the page.
//!
//! A test covers a row by the row's id at the head of its name, `j04_a_gate_that_…`; several ids cover several rows,
//! `j09_j10_…`. The rows stand in `tests/faults/rows.toml`. Nothing on the page counts over rows, so that two changes
//! that each add a test meet on a line only where they cover the same row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use toml::Value;

const PAGE: &str = "book/src/design/fault-matrix.md";
const ROWS: &str = "tests/faults/rows.toml";

const HEAD: &str = "# The fault matrix\n\n\
<!-- Made of the names of the tests and of tests/faults/rows.toml by `just bless`. -->\n\n\
What may go wrong, and the tests that make it go wrong. Each test injects its fault, sees to it that the fault really\n\
happened, and holds the engine to its promise: never twice without asking, never lost once shown done, never silent\n\
when unknown. `cargo nextest run j04` runs the tests of a row; `just faults` counts the rows.\n";

struct Row {
    id: String,
    fault: String,
    uncovered: Option<String>,
    recipe: Option<String>,
    gap: Option<String>,
    /// It belongs to a part of the engine that is not there yet.
    later: Option<String>,
}

struct Group {
    title: String,
    later: Option<String>,
    rows: Vec<Row>,
}

/// A test that names rows.
struct Covers {
    file: String,
    name: String,
    rows: Vec<String>,
    /// What it is said to show: the name without its ids.
    shows: String,
    asked: Asked,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Always,
    /// `#[ignore]`: only where somebody asks for it.
    OnDemand,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn groups() -> Vec<Group> {
    let text = fs::read_to_string(root().join(ROWS)).expect("the rows");
    let table: toml::Table = text.parse().expect("TOML");
    let mut groups = Vec::new();
    // In the order of the file, which a TOML table does not keep.
    for letter in text
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
    {
        let group = table[letter].as_table().expect("a group");
        let said = |key: &str| group.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut rows = Vec::new();
        for (id, row) in group {
            if !id.starts_with(letter) {
                continue;
            }
            let part = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
            rows.push(Row {
                id: id.clone(),
                fault: row
                    .as_str()
                    .map(str::to_owned)
                    .or(part("fault"))
                    .expect("a fault"),
                uncovered: part("uncovered"),
                recipe: part("recipe"),
                gap: part("gap"),
                later: part("later"),
            });
        }
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        groups.push(Group {
            title: said("title").expect("a title"),
            later: said("later"),
            rows,
        });
    }
    groups
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    open.push(path);
                }
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The tests of a file that name rows.
fn tests_in(file: &str, text: &str) -> Vec<Covers> {
    let function =
        Regex::new(r"^\s*(?:async )?fn (([a-z][0-9]{2}_)+)([a-z0-9_]+)\(").expect("a pattern");
    let mut found = Vec::new();
    let mut marks: Vec<&str> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        let named = line.contains("fn ").then(|| function.captures(line));
        if let Some(captures) = named.flatten() {
            if marks.iter().any(|mark| mark.contains("test")) {
                found.push(Covers {
                    file: file.to_owned(),
                    name: format!("{}{}", &captures[1], &captures[3]),
                    rows: captures[1]
                        .split_terminator('_')
                        .map(str::to_uppercase)
                        .collect(),
                    shows: captures[3].replace('_', " "),
                    asked: if marks.iter().any(|mark| mark.starts_with("#[ignore")) {
                        Asked::OnDemand
                    } else {
                        Asked::Always
                    },
                });
            }
            marks.clear();
        } else if trimmed.starts_with("#[") {
            marks.push(trimmed);
        } else if !trimmed.starts_with("//") {
            marks.clear();
        }
    }
    found
}

fn tests() -> Vec<Covers> {
    let mut found = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).expect("text");
        let file = path
            .strip_prefix(root())
            .expect("below")
            .display()
            .to_string();
        found.extend(tests_in(&file, &text));
    }
    found.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
    found
}

fn by_row(tests: &[Covers]) -> BTreeMap<&str, Vec<&Covers>> {
    let mut rows: BTreeMap<&str, Vec<&Covers>> = BTreeMap::new();
    for test in tests {
        for row in &test.rows {
            rows.entry(row).or_default().push(test);
        }
    }
    rows
}

fn page(groups: &[Group], covered: &BTreeMap<&str, Vec<&Covers>>) -> String {
    let mut page = HEAD.to_owned();
    for group in groups {
        let _ = write!(page, "\n## {}\n\n", group.title);
        if let Some(later) = &group.later {
            let _ = writeln!(page, "{later}");
            continue;
        }
        page += "| | what goes wrong | what holds it |\n|---|---|---|\n";
        for row in &group.rows {
            let mut cells: Vec<String> = covered
                .get(row.id.as_str())
                .into_iter()
                .flatten()
                .map(|test| {
                    let asked = match test.asked {
                        Asked::Always => "",
                        Asked::OnDemand => ", on demand",
                    };
                    format!("{} (`{}`{asked})", test.shows, test.file)
                })
                .collect();
            cells.extend(row.recipe.iter().map(|recipe| format!("`{recipe}`")));
            cells.extend(row.later.iter().map(|later| format!("*{later}.*")));
            if cells.is_empty() {
                cells.extend(
                    row.uncovered
                        .iter()
                        .map(|why| format!("*Not covered: {why}.*")),
                );
            }
            cells.extend(
                row.gap
                    .iter()
                    .map(|gap| format!("*Not covered of it: {gap}.*")),
            );
            let _ = writeln!(
                page,
                "| {} | {} | {} |",
                row.id,
                row.fault,
                cells.join("<br>")
            );
        }
    }
    page
}

/// The rows without the reasons that a test has made untrue, and each once: two changes that met may have left two.
fn settled(text: &str, covered: &BTreeMap<&str, Vec<&Covers>>) -> String {
    let reason = Regex::new(
        r#"^([A-Z][0-9]{2}) = \{ fault = ("(?:[^"\\]|\\.)*"), uncovered = "(?:[^"\\]|\\.)*" \}$"#,
    )
    .expect("a pattern");
    let row = Regex::new("^([A-Z][0-9]{2}) = ").expect("a pattern");
    let mut seen = BTreeSet::new();
    let mut out = String::new();
    for line in text.lines() {
        if let Some(parts) = row.captures(line)
            && !seen.insert(parts[1].to_owned())
        {
            continue;
        }
        match reason.captures(line) {
            Some(parts) if covered.contains_key(&parts[1]) => {
                let _ = writeln!(out, "{} = {}", &parts[1], &parts[2]);
            }
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

#[test]
fn every_row_of_the_fault_matrix_has_a_test_or_a_reason() {
    let (groups, tests) = (groups(), tests());
    let covered = by_row(&tests);
    let rows: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| group.rows.iter().map(|row| row.id.as_str()))
        .collect();
    let mut broken = Vec::new();
    for test in &tests {
        for row in test.rows.iter().filter(|row| !rows.contains(row.as_str())) {
            broken.push(format!(
                "{}: {} names row {row}, and {ROWS} has none",
                test.file, test.name
            ));
        }
    }
    for row in groups.iter().flat_map(|group| &group.rows) {
        if !covered.contains_key(row.id.as_str())
            && row.recipe.is_none()
            && row.uncovered.is_none()
            && row.later.is_none()
        {
            broken.push(format!(
                "{}: no test has it, and {ROWS} does not say why",
                row.id
            ));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_page_of_the_fault_matrix_is_as_the_tests_are() {
    let tests = tests();
    let covered = by_row(&tests);
    if std::env::var_os("BLESS").is_some() {
        let rows = fs::read_to_string(root().join(ROWS)).expect("the rows");
        let settled = settled(&rows, &covered);
        if rows != settled {
            fs::write(root().join(ROWS), settled).expect("written");
        }
        fs::write(root().join(PAGE), page(&groups(), &covered)).expect("written");
        return;
    }
    let now = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    let wanted = page(&groups(), &covered);
    let other: Vec<&str> = wanted
        .lines()
        .filter(|line| !now.lines().any(|there| there == *line))
        .collect();
    assert!(
        now == wanted,
        "{PAGE} is not as the tests are; run `just bless`. It lacks\n{}",
        other.join("\n")
    );
}

#[test]
#[ignore = "`just faults` runs it for what it prints"]
fn the_rows_that_are_covered_counted() {
    let (groups, tests) = (groups(), tests());
    let covered = by_row(&tests);
    let (mut all, mut held) = (0, 0);
    let mut said = String::new();
    for group in groups.iter().filter(|group| group.later.is_none()) {
        let holds = |row: &&Row| covered.contains_key(row.id.as_str()) || row.recipe.is_some();
        let rows = || group.rows.iter().filter(|row| row.later.is_none());
        let open: Vec<&Row> = rows().filter(|row| !holds(row)).collect();
        let ids: Vec<&str> = open.iter().map(|row| row.id.as_str()).collect();
        let count = rows().count();
        all += count;
        held += count - open.len();
        let (title, held) = (&group.title, count - open.len());
        let _ = writeln!(
            said,
            "{title:<24} {held:>3} of {count:>3}  {}",
            ids.join(" ")
        );
    }
    let _ = writeln!(said, "{:<24} {held:>3} of {all:>3}", "in all");
    // Past the capture of the test's output: a reader that went away has its reasons.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), said.as_bytes());
}

#[test]
fn names_of_tests_are_read() {
    let text = "#[test]\n#[ignore = \"long\"]\nfn j09_j10_no_bit_passes() {\n#[tokio::test]\nasync fn p01_it_ends() {\nfn p02_no_test() {\n";
    let found: Vec<_> = tests_in("a.rs", text)
        .into_iter()
        .map(|test| (test.rows.join(" "), test.shows, test.asked == Asked::Always))
        .collect();
    assert_eq!(
        found,
        [
            ("J09 J10".to_owned(), "no bit passes".to_owned(), false),
            ("P01".to_owned(), "it ends".to_owned(), true)
        ]
    );
}
