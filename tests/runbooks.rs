//! Laws over every `.rbk` that ships, the runbooks to copy and the standard library; and each runbook from beginning
//! to end on its practice ground.

mod engine;
mod laid;
mod lunar_nova;
mod pipeline;
mod rollback_plan;
mod spacetime;
mod stale_tabs;

use crate::book::{difference, read};
use std::fs;
use std::path::{Path, PathBuf};

fn shipped() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut open = vec![root.join("runbooks"), root.join("stdlib")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rbk") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() >= 8, "{found:?}");
    found
}

fn named(path: &Path) -> (String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = path.strip_prefix(root).expect("ours").display().to_string();
    (name, fs::read_to_string(path).expect("text"))
}

#[test]
fn every_shipped_runbook_is_read_without_a_complaint() {
    let broken: Vec<String> = shipped()
        .iter()
        .flat_map(|path| {
            let (name, text) = named(path);
            read(&name, &text, path.parent()).1
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_shipped_runbook_is_formatted() {
    let mut broken = Vec::new();
    for path in shipped() {
        let (name, text) = named(&path);
        let (source, told) = read(&name, &text, path.parent());
        assert!(told.is_empty(), "{}", told.join("\n"));
        let (file, _) = runbook_grammar::parse(&source);
        let formatted = runbook_fmt::format(&source, &file);
        if formatted != text {
            if std::env::var_os("BLESS").is_some() {
                fs::write(&path, &formatted).expect("written");
            }
            broken.push(difference(&name, &text, &formatted));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Every step, arm and matrix row of a runbook, and of the tour, is come to by some scenario, and all scenarios hold.
#[test]
fn the_scenarios_of_every_runbook_hold_and_reach_all_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut scenarios: Vec<PathBuf> = fs::read_dir(root.join("runbooks"))
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.rbk"))
        .collect();
    scenarios.sort();
    assert!(!scenarios.is_empty());
    scenarios.push(root.join("tests/tour"));
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_runbook"))
        .args(["test", "--fail-under", "100"])
        .args(&scenarios)
        .output()
        .expect("runbook starts");
    assert!(out.status.success(), "{}", crate::practice::text(&out));
}

/// The runbooks to copy: `NAME` of each `runbooks/NAME.rbk`.
pub fn to_copy() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| Some(name.to_str()?.strip_suffix(".rbk")?.to_owned()))
        .filter(|name| !name.ends_with(".test"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

#[test]
fn every_runbook_to_copy_has_its_document_beside_it() {
    let mut broken = Vec::new();
    for name in to_copy() {
        let file = format!("runbooks/{name}.rbk");
        let document = format!("runbooks/rendered/{name}.md");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&document);
        let rendered = crate::render::render(&file, &crate::corpus::read(&file));
        let kept = fs::read_to_string(&path).unwrap_or_default();
        if rendered != kept {
            if std::env::var_os("BLESS").is_some() {
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(&path, &rendered).expect("written");
            }
            broken.push(difference(&document, &kept, &rendered));
        }
    }
    assert!(
        broken.is_empty(),
        "`just bless` writes it anew\n{}",
        broken.join("\n")
    );
}

#[test]
fn the_page_of_the_runbooks_speaks_of_each() {
    let pages = [
        crate::corpus::read("runbooks/README.md"),
        crate::corpus::read("book/src/runbooks.md"),
    ];
    for name in to_copy() {
        for page in &pages {
            assert!(page.contains(&format!("{name}.rbk")), "{name}.rbk");
        }
        assert!(
            pages[0].contains(&format!("rendered/{name}.md")),
            "rendered/{name}.md"
        );
    }
}
