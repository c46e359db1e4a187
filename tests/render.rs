//! How a runbook reads: the cases of `render/` and the tour, and that links lead somewhere.

use crate::corpus;
use crate::laws;
use runbook_grammar::ast::{File, Module, StmtKind};
use runbook_grammar::parse;
use runbook_grammar::source::Sources;
use runbook_render::graph::{self, Graph};

/// The document of a runbook of the repository, with the modules it uses as far as they are there.
pub fn render(name: &str, text: &str) -> String {
    let (sources, files) = files(name, text);
    runbook_render::markdown(&sources, &files, graph(name, text).as_ref())
}

/// The same as a page.
pub fn html(name: &str, text: &str) -> String {
    let (sources, files) = files(name, text);
    runbook_render::html(&sources, &files, graph(name, text).as_ref())
}

fn files(name: &str, text: &str) -> (Sources, Vec<File>) {
    let mut sources = Sources::default();
    let mut files: Vec<File> = Vec::new();
    let mut open = vec![(name.to_owned(), text.to_owned())];
    while let Some((name, text)) = (!open.is_empty()).then(|| open.remove(0)) {
        if sources.iter().any(|source| source.name == name) {
            continue;
        }
        let folder = name
            .rsplit_once('/')
            .map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let id = sources.add(name, text);
        let (file, _) = parse(sources.get(id));
        for stmt in &file.body {
            let StmtKind::Use { module, .. } = &stmt.kind else {
                continue;
            };
            let (name, path) = match module {
                Module::Std(path) => {
                    let names: Vec<_> = path.names.iter().map(|name| name.text.as_str()).collect();
                    (
                        format!("std.{}", names.join(".")),
                        format!("stdlib/{}.rbk", names.join("/")),
                    )
                }
                Module::File(path) => {
                    let path = format!(
                        "{folder}{}",
                        path.plain().unwrap_or_default().trim_start_matches("./")
                    );
                    (path.clone(), path)
                }
            };
            if let Ok(text) =
                std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
            {
                open.push((name, text));
            }
        }
        files.push(file);
    }
    (sources, files)
}

/// Its graph; none where it has mistakes.
pub fn graph(name: &str, text: &str) -> Option<Graph> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let folder = path.parent().expect("a folder");
    let (sources, plan, _) = crate::plan::plan_of_text(folder, name, text);
    plan.map(|plan| graph::graph(&plan, &sources))
}

/// Holds the document against its snapshot, which stands beside the cases.
fn hold(case: &str, name: &str) {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "render",
    }, {
        insta::assert_snapshot!(case, render(name, &corpus::read(name)));
    });
}

#[test]
fn cases() {
    insta::glob!("render/*.rbk", |path| {
        let name = path.file_name().expect("a name").to_string_lossy();
        hold("cases", &format!("tests/render/{name}"));
    });
}

#[test]
fn every_construct() {
    hold("everything", "tests/fmt/everything.rbk");
}

#[test]
fn the_tour() {
    hold("tour", "tests/tour/tour.rbk");
}

#[test]
fn the_practice_runbook() {
    hold("practice", "runbooks/practice/rollback.rbk");
}

#[test]
fn scenarios() {
    hold("scenarios", "tests/tour/tour.test.rbk");
}

/// The first part of a file is a file with mistakes of every kind.
#[test]
fn any_part_of_the_tour_can_be_read() {
    let text = corpus::read("tests/tour/tour.rbk");
    for end in (0..text.len())
        .step_by(31)
        .filter(|end| text.is_char_boundary(*end))
    {
        render("tests/tour/tour.rbk", &text[..end]);
    }
}

/// A link that leads nowhere is worse than none.
#[test]
fn links_inside_a_document_lead_somewhere_and_no_anchor_stands_twice() {
    for (name, text) in laws::all() {
        if text.len() > 100_000 {
            continue;
        }
        let document = render(&name, &text);
        let mut anchors: Vec<String> = document
            .split("<a id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned)
            .collect();
        let own = anchors.clone();
        anchors.extend(
            document
                .lines()
                .filter(|line| line.starts_with("## "))
                .map(slug),
        );
        for link in document
            .split("](#")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            assert!(
                anchors.iter().any(|anchor| anchor == link),
                "{name}: nothing is at #{link}\n{document}"
            );
        }
        // What fails on purpose may well name two things alike.
        let clean = is_clean(&name, &text);
        for (index, anchor) in own.iter().enumerate() {
            assert!(
                !clean || !own[..index].contains(anchor),
                "{name}: #{anchor} stands twice\n{document}"
            );
        }
    }
}

/// Without a mistake of any kind: where something is declared twice, an anchor may be, too.
fn is_clean(name: &str, text: &str) -> bool {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let folder = path.parent().expect("a folder");
    crate::plan::plan_of_text(folder, name, text).2.is_empty()
}

/// As GitHub makes one of a heading.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'))
        .map(|char| if char == ' ' { '-' } else { char })
        .collect()
}
