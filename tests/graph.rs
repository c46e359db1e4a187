//! A runbook as a graph: the writers, what is escaped in each, what a picture holds, and what is laid over it.

use crate::corpus;
use crate::laws;
use crate::render::graph;
use quick_xml::Reader;
use quick_xml::events::Event;
use runbook_render::graph::{Graph, Kind, dot, mermaid, svg};
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::OnceLock;

fn of(name: &str) -> Graph {
    graph(name, &corpus::read(name)).expect("no mistakes")
}

fn json(graph: &Graph) -> String {
    serde_json::to_string_pretty(graph).expect("json") + "\n"
}

fn hold(case: &str, text: &str) {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "graph",
    }, {
        insta::assert_snapshot!(case, text);
    });
}

#[test]
fn the_tour_in_each_format() {
    let tour = of("tests/tour/tour.rbk");
    hold("tour.mermaid", &mermaid(&tour));
    hold("tour.dot", &dot(&tour));
    hold("tour.json", &json(&tour));
    hold("tour.svg", &svg(&tour));
}

#[test]
fn hostile_titles_in_each_format() {
    let hostile = of("tests/graph/hostile.rbk");
    hold("hostile.mermaid", &mermaid(&hostile));
    hold("hostile.dot", &dot(&hostile));
    hold("hostile.svg", &svg(&hostile));
}

#[test]
fn every_construct() {
    let all = of("tests/graph/everything.rbk");
    hold("everything.mermaid", &mermaid(&all));
    let kinds: BTreeSet<String> = nodes(&all).map(|(kind, _)| format!("{kind:?}")).collect();
    assert_eq!(kinds.len(), 14, "{kinds:?}");
}

fn nodes(graph: &Graph) -> impl Iterator<Item = (Kind, &str)> {
    let nodes = graph.charts.iter().flat_map(|chart| &chart.nodes);
    nodes.map(|node| (node.kind, node.title.as_str()))
}

/// All graphs that can be drawn of the repository, with their names.
fn every() -> &'static [(String, Graph)] {
    static EVERY: OnceLock<Vec<(String, Graph)>> = OnceLock::new();
    EVERY.get_or_init(drawn_all)
}

fn drawn_all() -> Vec<(String, Graph)> {
    let every = laws::all()
        .into_iter()
        .filter(|(_, text)| text.len() < 100_000);
    let every: Vec<_> = every
        .filter_map(|(name, text)| graph(&name, &text).map(|graph| (name, graph)))
        .collect();
    assert!(every.len() > 100, "only {} were drawn", every.len());
    every
}

/// A quote, a bracket or a line end would end a label or a line too early.
#[test]
fn a_label_of_mermaid_holds_no_sign_of_mermaid() {
    let line = regex_lite::Regex::new(concat!(
        r#"^ *(n\d+(\[|\{\{|\{|\[/|\[\[|\(\[)"(L)"(\]|\}\}|\}|\\\]|\]\]|/\]|\]\))(:::[a-z]+)?"#,
        r#"|subgraph [gp]\d+\["(L)"\]|end|n\d+ (-->|==>|-\.->)(\|"(L)"\|)? n\d+|classDef [a-z]+ [^ ]+( [^ ]+)?)$"#,
    ).replace('L', r#"(?:<br>|[^"<>\[\]{}|\\`;&~*$#]|#\d+;)+"#).as_str())
    .expect("a pattern");
    for (name, graph) in every() {
        let text = mermaid(graph);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("flowchart TD"), "{name}");
        for one in lines {
            assert!(line.is_match(one), "{name}: {one}");
        }
        let open = text
            .lines()
            .filter(|one| one.trim().starts_with("subgraph"))
            .count();
        let close = text.lines().filter(|one| one.trim() == "end").count();
        assert_eq!(open, close, "{name}");
    }
}

/// Whoever has Graphviz sees that it reads them all; the signs are counted everywhere.
#[test]
fn a_string_of_dot_ends_where_it_should() {
    for (name, graph) in every() {
        let text = dot(graph);
        let mut outside = String::new();
        let mut chars = text.chars();
        let mut quoted = false;
        while let Some(char) = chars.next() {
            match char {
                '\\' if quoted => {
                    let next = chars.next();
                    assert!(matches!(next, Some('\\' | '"' | 'n')), "{name}: \\{next:?}");
                }
                '"' => quoted = !quoted,
                '\n' => assert!(!quoted, "{name}: a string goes on behind its line\n{text}"),
                char if !quoted => outside.push(char),
                _ => {}
            }
        }
        assert!(!quoted, "{name}");
        let odd = |char: char| !(char.is_ascii_alphanumeric() || " {}[]=,;_->.".contains(char));
        assert!(!outside.contains(odd), "{name}: {outside}");
        let count = |wanted: char| outside.matches(wanted).count();
        assert_eq!((count('{'), count('[')), (count('}'), count(']')), "{name}");
    }
    let dots = std::process::Command::new("dot").arg("-V").output();
    if dots.is_err() {
        let _ = writeln!(std::io::stderr(), "passed over: Graphviz is not installed");
        return;
    }
    for name in ["tests/graph/hostile.rbk", "tests/graph/everything.rbk"] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("graph.dot");
        std::fs::write(&file, dot(&of(name))).expect("written");
        let out = std::process::Command::new("dot")
            .args(["-Tplain"])
            .arg(&file)
            .output()
            .expect("dot starts");
        assert!(
            out.status.success() && out.stderr.is_empty(),
            "{name}: {out:?}"
        );
    }
}

#[derive(Debug, Default)]
struct Drawn {
    /// Of each node: left, top, right, bottom, and the text in it.
    boxes: Vec<([f64; 4], String)>,
    elements: BTreeSet<String>,
    attributes: BTreeSet<String>,
}

/// Reads an SVG; each chart by itself, for each has corners of its own.
fn drawn(name: &str, svg: &str) -> Vec<Drawn> {
    let mut reader = Reader::from_str(svg);
    let mut charts = vec![Drawn::default()];
    let (mut depth, mut node, mut in_title) = (0, None, false);
    loop {
        let event = reader
            .read_event()
            .unwrap_or_else(|error| panic!("{name}: {error}\n{svg}"));
        let (element, empty) = match &event {
            Event::Start(element) => (Some(element), false),
            Event::Empty(element) => (Some(element), true),
            _ => (None, false),
        };
        if let Some(element) = element {
            let tag = element.name().as_ref().to_owned();
            let attribute = |wanted: &str| {
                let found = element.attributes().map(|one| one.expect("an attribute"));
                let mut found = found.filter(|one| one.key.as_ref() == wanted);
                found.next().map(|one| one.value.into_owned())
            };
            if tag == "g" && attribute("transform").is_some() {
                charts.push(Drawn::default());
            }
            let last = charts.last_mut().expect("one");
            last.elements.insert(tag.clone());
            for one in element.attributes() {
                let key = one.expect("an attribute").key;
                last.attributes.insert(key.as_ref().to_owned());
            }
            if !empty {
                depth += 1;
            }
            if tag == "g" && attribute("class").is_some() && node.is_none() {
                node = Some(depth);
                last.boxes.push(Default::default());
            }
            in_title = tag == "title" && !empty;
            let number = |wanted: &str| attribute(wanted).and_then(|text| text.parse::<f64>().ok());
            if node.is_some() && attribute("class").as_deref() == Some("shape") {
                let corners: Vec<(f64, f64)> = match attribute("points") {
                    Some(points) => points
                        .split(' ')
                        .filter_map(|point| point.split_once(','))
                        .map(|(x, y)| (x.parse().expect("x"), y.parse().expect("y")))
                        .collect(),
                    None => {
                        let at = (number("x").expect("x"), number("y").expect("y"));
                        let size = (number("width").expect("w"), number("height").expect("h"));
                        vec![at, (at.0 + size.0, at.1 + size.1)]
                    }
                };
                let ends = |values: Vec<f64>| {
                    let low = values.iter().copied().fold(f64::MAX, f64::min);
                    (low, values.into_iter().fold(f64::MIN, f64::max))
                };
                let (left, right) = ends(corners.iter().map(|corner| corner.0).collect());
                let (top, bottom) = ends(corners.iter().map(|corner| corner.1).collect());
                last.boxes.last_mut().expect("one").0 = [left, top, right, bottom];
            }
        }
        match event {
            Event::End(_) => {
                if node == Some(depth) {
                    node = None;
                }
                depth -= 1;
                in_title = false;
            }
            Event::Text(text) if node.is_some() && !in_title => {
                let text = text.to_string();
                let last = charts.last_mut().and_then(|chart| chart.boxes.last_mut());
                last.expect("a node").1.push_str(&text);
            }
            Event::GeneralRef(entity) if node.is_some() && !in_title => {
                let text = format!("&{};", &*entity);
                let last = charts.last_mut().and_then(|chart| chart.boxes.last_mut());
                last.expect("a node").1.push_str(&text);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{name}");
    charts.remove(0);
    charts
}

/// Spaces stand for nothing where text is wrapped.
fn letters(text: &str) -> String {
    text.replace(' ', "")
}

fn without_entities(text: &str) -> String {
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    plain.iter().fold(text.to_owned(), |text, (entity, sign)| {
        text.replace(entity, sign)
    })
}

#[test]
fn a_picture_shows_every_title_in_full_and_no_two_things_in_one_place() {
    for (name, graph) in every() {
        let charts = drawn(name, &svg(graph));
        assert_eq!(charts.len(), graph.charts.len(), "{name}");
        for (chart, drawn) in graph.charts.iter().zip(&charts) {
            let shown: Vec<String> = drawn
                .boxes
                .iter()
                .map(|(_, text)| letters(&without_entities(text)))
                .collect();
            let meant: Vec<String> = chart
                .nodes
                .iter()
                .map(|node| letters(&format!("{}{}", node.title, node.notes.concat())))
                .collect();
            assert_eq!(shown, meant, "{name}");
            for (index, (a, one)) in drawn.boxes.iter().enumerate() {
                for (b, other) in &drawn.boxes[..index] {
                    let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                    assert!(apart, "{name}: {one} lies on {other}");
                }
            }
            let known = ["a", "g", "path", "polygon", "rect", "text", "title"];
            let odd = drawn
                .elements
                .iter()
                .find(|tag| !known.contains(&tag.as_str()));
            assert_eq!(odd, None, "{name}");
            let on = drawn.attributes.iter().find(|name| name.starts_with("on"));
            assert_eq!(on, None, "{name}");
        }
    }
}

/// `json` is what programs build on.
#[test]
fn every_edge_joins_two_nodes_and_each_thing_has_a_number_of_its_own() {
    for (name, graph) in every() {
        let mut seen = BTreeSet::new();
        for chart in &graph.charts {
            let ids: BTreeSet<usize> = chart.nodes.iter().map(|node| node.id).collect();
            let groups: BTreeSet<usize> = chart.groups.iter().map(|group| group.id).collect();
            for id in ids.iter().chain(&groups) {
                assert!(seen.insert(*id), "{name}: {id} stands twice");
            }
            let within = chart.nodes.iter().filter_map(|node| node.within);
            let within = within.chain(chart.groups.iter().filter_map(|group| group.within));
            for group in within {
                assert!(groups.contains(&group), "{name}: no group {group}");
            }
            for edge in &chart.edges {
                assert!(
                    ids.contains(&edge.from) && ids.contains(&edge.to),
                    "{name}: {edge:?}"
                );
            }
            // A failure's handler and what always happens are begun by no line.
            let come_to: BTreeSet<usize> = chart.edges.iter().map(|edge| edge.to).collect();
            for node in &chart.nodes {
                assert!(
                    come_to.contains(&node.id) || matches!(node.kind, Kind::Start | Kind::Failure),
                    "{name}: nothing leads to {node:?}"
                );
            }
        }
        let procedures: BTreeSet<_> = graph.charts.iter().map(|one| &one.procedure).collect();
        let nodes = graph.charts.iter().flat_map(|chart| &chart.nodes);
        for called in nodes.filter(|node| node.calls.is_some()) {
            assert!(procedures.contains(&called.calls), "{name}: {called:?}");
        }
    }
}
