//! The laws of the house, read off the repository itself: who may depend on whom, which rooms are pure,
//! that every error has its page, and that what the documents say is still so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, lowest first. An arrow points only up this list: a room may use those before it.
const ROOMS: &[(&str, &str)] = &[
    ("runbook-grammar", "grammar"),
    ("runbook-stdlib", "stdlib"),
    ("runbook-plan", "engine/plan"),
    ("runbook-diff", "engine/diff"),
    ("runbook-core", "engine/core"),
    ("runbook-host", "engine/host"),
    ("runbook-lint", "engine/lint"),
    ("runbook-fmt", "engine/fmt"),
    ("runbook-render", "engine/render"),
    ("runbook-lsp", "engine/lsp"),
    ("runbook", "engine/cli"),
];

/// Only these touch the world: files, clock, processes, terminal.
const WORLDLY: &[&str] = &["runbook-host", "runbook-lsp", "runbook"];

/// What a pure room may use from outside, and why it is harmless there.
const PURE_DEPENDENCIES: &[(&str, &str)] = &[
    ("base64", "bytes as text"),
    (
        "dagre",
        "where the nodes of a graph lie; the same graph lies the same",
    ),
    (
        "jiff",
        "dates and time zones as values; its clock is disallowed by clippy.toml",
    ),
    ("memchr", "finds bytes"),
    ("miette", "the shape of a report"),
    ("pest", "the parser's machine"),
    ("pest_derive", "the parser's machine"),
    ("pulldown-cmark", "Markdown to HTML"),
    ("regex-lite", "patterns of `matches`"),
    ("rust_decimal", "numbers without rounding surprises"),
    ("serde", "records as data"),
    ("serde_json", "the type `json`"),
    ("sha2", "the hash of a text"),
    ("similar", "differences of two texts"),
    ("unicode-width", "columns of a text"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifest(folder: &str) -> toml::Table {
    let path = Path::new(folder).join("Cargo.toml");
    read(&path)
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Folders of the workspace's members, the root package as `""`.
fn members() -> Vec<String> {
    let listed = manifest("");
    let listed = listed["workspace"]["members"]
        .as_array()
        .expect("a list of members");
    let mut members: Vec<String> = listed
        .iter()
        .map(|m| m.as_str().expect("a path").to_owned())
        .collect();
    members.push(String::new());
    members
}

/// Names under `[dependencies]` and the platform's own such tables; `dev-dependencies` are free.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut take = |table: Option<&toml::Value>| {
        if let Some(table) = table.and_then(|t| t.as_table()) {
            names.extend(table.keys().cloned());
        }
    };
    take(manifest.get("dependencies"));
    take(manifest.get("build-dependencies"));
    for target in manifest
        .get("target")
        .and_then(|t| t.as_table())
        .into_iter()
        .flat_map(|t| t.values())
    {
        take(target.get("dependencies"));
    }
    names
}

/// Files that belong to the project: what git would keep, found without asking git.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().to_path_buf()];
    while let Some(folder) = open.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("a folder that can be listed")
            .map(|e| e.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            if matches!(name.as_str(), ".git" | "target" | "node_modules")
                || path == root().join("book/book")
            {
                continue;
            }
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .expect("a file of the project")
        .to_string_lossy()
        .into_owned()
}

fn rank(package: &str) -> Option<usize> {
    ROOMS.iter().position(|(name, _)| *name == package)
}

#[test]
fn arrows_between_rooms_point_only_up_the_list() {
    let mut broken = Vec::new();
    for folder in members() {
        let manifest = manifest(&folder);
        let name = manifest["package"]["name"]
            .as_str()
            .expect("a name")
            .to_owned();
        for dependency in dependencies(&manifest) {
            let Some(theirs) = rank(&dependency) else {
                continue;
            };
            match rank(&name) {
                Some(ours) if theirs < ours => {}
                Some(_) => broken.push(format!("{name} uses {dependency}, which stands above it")),
                None => broken.push(format!(
                    "{name} is no room of the engine and uses {dependency}"
                )),
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_crate_of_the_engine_is_a_room_of_the_list() {
    for folder in members() {
        let name = manifest(&folder)["package"]["name"]
            .as_str()
            .expect("a name")
            .to_owned();
        let place = if folder.is_empty() {
            "engine/cli"
        } else {
            &folder
        };
        if place.starts_with("runbooks/") {
            continue;
        }
        assert_eq!(
            ROOMS
                .iter()
                .find(|(room, _)| *room == name)
                .map(|(_, f)| *f),
            Some(place),
            "`{name}` in `{place}` has no place in the list of rooms; add it where its arrows allow"
        );
    }
}

#[test]
fn pure_rooms_use_nothing_that_touches_the_world() {
    let allowed: BTreeMap<&str, &str> = PURE_DEPENDENCIES.iter().copied().collect();
    let mut broken = Vec::new();
    for folder in members() {
        let manifest = manifest(&folder);
        let name = manifest["package"]["name"].as_str().expect("a name");
        if rank(name).is_none() || WORLDLY.contains(&name) {
            continue;
        }
        for dependency in dependencies(&manifest) {
            if rank(&dependency).is_none() && !allowed.contains_key(dependency.as_str()) {
                broken.push(format!(
                    "{name} uses {dependency}: say in `PURE_DEPENDENCIES` why it is harmless there"
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn pure_rooms_forbid_the_world_in_their_clippy_toml() {
    for folder in members() {
        let manifest = manifest(&folder);
        let name = manifest["package"]["name"].as_str().expect("a name");
        if rank(name).is_none() || WORLDLY.contains(&name) {
            continue;
        }
        let text = read(Path::new(&folder).join("clippy.toml"));
        let rules: toml::Table = text.parse().expect("toml");
        for (key, wanted) in [
            (
                "disallowed-methods",
                &[
                    "std::env::var",
                    "std::fs::read_to_string",
                    "std::process::Command::new",
                    "std::thread::spawn",
                    "std::time::Instant::now",
                    "std::time::SystemTime::now",
                ][..],
            ),
            (
                "disallowed-types",
                &["std::collections::HashMap", "std::collections::HashSet"][..],
            ),
        ] {
            let listed = rules[key].as_array().expect("a list");
            let paths: Vec<&str> = listed.iter().filter_map(|r| r["path"].as_str()).collect();
            for path in wanted {
                assert!(paths.contains(path), "{folder}/clippy.toml lacks `{path}`");
            }
            for rule in listed {
                let reason = rule.get("reason").and_then(|r| r.as_str()).unwrap_or("");
                assert!(
                    !reason.is_empty(),
                    "{folder}/clippy.toml: {:?} has no reason",
                    rule["path"]
                );
            }
        }
    }
}

/// Whether a crate's own code speaks of another, by the name it has there.
fn speaks_of(folders: &[&str], dependency: &str) -> bool {
    let name = dependency.replace('-', "_");
    let edge = |sign: Option<char>| !sign.is_some_and(|c| c.is_alphanumeric() || c == '_');
    files()
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter(|path| folders.iter().any(|f| path.starts_with(root().join(f))))
        .any(|path| {
            let text = read(path);
            text.match_indices(&name).any(|(at, _)| {
                edge(text[..at].chars().next_back()) && edge(text[at + name.len()..].chars().next())
            })
        })
}

#[test]
fn what_a_crate_depends_on_it_uses() {
    let mut broken = Vec::new();
    for folder in members() {
        let manifest = manifest(&folder);
        let own: Vec<&str> = match folder.as_str() {
            "" => vec!["engine/cli"],
            folder => vec![folder],
        };
        let tests: Vec<&str> = match folder.as_str() {
            "" => vec!["engine/cli", "tests", "benches"],
            folder => vec![folder],
        };
        let names = |table: &str| -> Vec<String> {
            let table = manifest.get(table).and_then(|t| t.as_table());
            table.into_iter().flat_map(|t| t.keys().cloned()).collect()
        };
        for (table, folders) in [("dependencies", &own), ("dev-dependencies", &tests)] {
            for dependency in names(table) {
                if !speaks_of(folders, &dependency) {
                    broken.push(format!("`{folder}/Cargo.toml`: [{table}] {dependency}"));
                }
            }
        }
    }
    assert!(
        broken.is_empty(),
        "nothing uses these:\n{}",
        broken.join("\n")
    );
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for folder in members() {
        let manifest = manifest(&folder);
        let taken = manifest
            .get("lints")
            .and_then(|l| l.get("workspace"))
            .and_then(|w| w.as_bool());
        assert_eq!(
            taken,
            Some(true),
            "{folder}/Cargo.toml needs `[lints] workspace = true`"
        );
    }
}

/// Codes of a `codes.rs`: each `Code(1234)`.
/// A build that breaks the promise on purpose has the feature `weakened`; nothing turns it on unasked.
#[test]
fn no_release_has_the_deliberate_faults() {
    for folder in members() {
        let text = read(Path::new(&folder).join("Cargo.toml"));
        let said: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("weakened"))
            .collect();
        let allowed: &[&str] = match folder.as_str() {
            "" => &["weakened = [\"runbook-host/weakened\"]"],
            "engine/host" => &["weakened = []"],
            _ => &[],
        };
        assert_eq!(said, allowed, "of `{folder}`");
    }
}

fn codes_in(text: &str) -> BTreeSet<u16> {
    text.split("Code(")
        .skip(1)
        .filter_map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            (rest[digits.len()..].starts_with(')')).then(|| digits.parse().ok())?
        })
        .collect()
}

#[test]
fn every_error_code_has_its_page_and_every_page_its_code() {
    let mut codes: BTreeMap<u16, String> = BTreeMap::new();
    for path in files() {
        if path.file_name().is_some_and(|n| n == "codes.rs") {
            let home = relative(&path);
            for code in codes_in(&read(&path)) {
                if let Some(other) = codes.insert(code, home.clone()) {
                    panic!("RB{code:04} stands in {other} and in {home}");
                }
            }
        }
    }
    let mut pages = BTreeSet::new();
    for path in files() {
        let path = relative(&path);
        if let Some(name) = path
            .strip_prefix("book/src/errors/RB")
            .and_then(|n| n.strip_suffix(".md"))
        {
            pages.insert(
                name.parse::<u16>()
                    .unwrap_or_else(|_| panic!("{path}: RB and four digits")),
            );
        }
    }
    let without_page: Vec<String> = codes
        .iter()
        .filter(|(code, _)| !pages.contains(code))
        .map(|(code, home)| format!("RB{code:04} of {home} has no page in book/src/errors/"))
        .collect();
    let without_code: Vec<String> = pages
        .iter()
        .filter(|page| !codes.contains_key(page))
        .map(|page| format!("book/src/errors/RB{page:04}.md explains a code that no codes.rs has"))
        .collect();
    assert!(
        without_page.is_empty() && without_code.is_empty(),
        "{}",
        [without_page, without_code].concat().join("\n")
    );
}

const ERRORS_BEGIN: &str = "<!-- errors: generated by `just bless` -->\n";
const ERRORS_END: &str = "<!-- /errors -->";

/// The list of error pages stands in the book's summary, in order, each with its heading.
#[test]
fn the_book_lists_every_error_page() {
    let mut list = String::new();
    for path in files() {
        let path = relative(&path);
        if let Some(name) = path
            .strip_prefix("book/src/")
            .filter(|n| n.starts_with("errors/RB"))
        {
            let text = read(&path);
            let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
            let title =
                title.unwrap_or_else(|| panic!("{path} begins with `# RBnnnn: what it is`"));
            list += &format!("  - [{title}]({name})\n");
        }
    }
    let summary = read("book/src/SUMMARY.md");
    let (head, rest) = summary
        .split_once(ERRORS_BEGIN)
        .expect("the mark of the list");
    let (now, tail) = rest
        .split_once(ERRORS_END)
        .expect("the mark of the list's end");
    if std::env::var_os("BLESS").is_some() {
        let text = format!("{head}{ERRORS_BEGIN}{list}{ERRORS_END}{tail}");
        fs::write(root().join("book/src/SUMMARY.md"), text).expect("written");
    } else {
        assert!(
            now == list,
            "book/src/SUMMARY.md does not list the error pages as they are; run `just bless`"
        );
    }
}

#[test]
fn the_architecture_page_names_every_folder() {
    let page = read("ARCHITECTURE.md");
    for folder in members().into_iter().filter(|f| !f.is_empty()) {
        let last = folder.rsplit('/').next().expect("a name");
        assert!(
            page.contains(&format!("`{last}/`")) || page.contains(&format!("`{folder}/`")),
            "ARCHITECTURE.md says nothing of `{folder}/`"
        );
    }
    for folder in ["stdlib", "runbooks", "tests", "benches", "book"] {
        assert!(
            page.contains(&format!("`{folder}/`")),
            "ARCHITECTURE.md says nothing of `{folder}/`"
        );
    }
}

#[test]
fn a_long_file_says_in_its_head_why() {
    let mut broken = Vec::new();
    for path in files() {
        let name = relative(&path);
        if path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let text = read(&path);
        let lines = text.lines().count();
        let head: String = text
            .lines()
            .take_while(|line| line.starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        if lines > 800 && !head.to_lowercase().contains("long") {
            broken.push(format!(
                "{name} has {lines} lines: split it, or say in its head why it is long"
            ));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Words that tell of one machine instead of the project. Spelt in two parts, so that this file passes.
const MACHINE_WORDS: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/tmp/", "w/"),
    ("/ro", "ot/"),
    ("/ho", "me/user"),
];

#[test]
fn the_repository_speaks_of_no_single_machine() {
    let mut broken = Vec::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        for (n, line) in text.lines().enumerate() {
            for (a, b) in MACHINE_WORDS {
                let word = format!("{a}{b}");
                if line.contains(&word) {
                    broken.push(format!("{}:{}: {word}", relative(&path), n + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Commands of the README's first fence, one a line.
fn first_commands() -> Vec<String> {
    let readme = read("README.md");
    let fence = readme.split("```sh\n").nth(1).expect("a fence of commands");
    let fence = fence.split("```").next().expect("an end");
    fence
        .lines()
        .map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn the_readme_sets_up_in_two_commands_and_ci_runs_the_second() {
    let commands = first_commands();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let ci = read(".ci/run");
    assert!(
        ci.lines().any(|line| line.trim() == commands[1]),
        ".ci/run does not run `{}`",
        commands[1]
    );
}

#[test]
fn links_of_the_root_documents_and_the_book_lead_to_a_file() {
    let mut broken = Vec::new();
    for path in files() {
        if path.extension().is_none_or(|e| e != "md") {
            continue;
        }
        let text = read(&path);
        let folder = path.parent().expect("a folder");
        let mut fenced = false;
        for (n, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                continue;
            }
            if fenced {
                continue;
            }
            for target in links(line) {
                let file = target.split('#').next().unwrap_or("");
                if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                    continue;
                }
                if !folder.join(file).exists() {
                    broken.push(format!("{}:{}: {target}", relative(&path), n + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// A file that a document names in a code span is there, so that a page does not outlive what it speaks of.
#[test]
fn files_that_the_root_documents_name_are_there() {
    let mut named = 0;
    let mut broken = Vec::new();
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(page);
        let outside: String = text.split("```").step_by(2).collect();
        for span in outside.split('`').skip(1).step_by(2) {
            let is_file = span.contains('/')
                && [".rs", ".md", ".pest", ".toml", ".rbk"]
                    .iter()
                    .any(|end| span.ends_with(end))
                && !span.contains(['*', ' ', '<', '$'])
                && !span.contains("RBnnnn");
            if is_file {
                named += 1;
                // `src/codes.rs` of any room.
                let anywhere = members().iter().any(|m| root().join(m).join(span).exists());
                if !anywhere {
                    broken.push(format!("{page}: {span}"));
                }
            }
        }
    }
    assert!(named > 5, "the pages name {named} files");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Targets of `[text](target)` in a line, code spans left out.
fn links(line: &str) -> Vec<String> {
    let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    outside
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains(' ') && !target.contains("{{"))
        .map(str::to_owned)
        .collect()
}
