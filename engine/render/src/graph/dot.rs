//! A graph as the language of Graphviz.

use super::{Chart, Graph, Kind, Mark, Node, Taken, Way, one_line};
use std::fmt::Write;

/// Letters a line in a box has before it is wrapped.
const LINE: usize = 30;

/// All charts in one digraph, those of procedures in a frame each; ended by a newline.
pub fn dot(graph: &Graph) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&graph.title));
    out.push_str("  graph [compound=true, rankdir=TB, fontname=\"sans-serif\"];\n");
    out.push_str("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\", fontsize=11];\n");
    out.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    for (index, chart) in graph.charts.iter().enumerate() {
        match &chart.procedure {
            Some(_) => {
                let _ = writeln!(out, "  subgraph cluster_p{index} {{");
                let _ = writeln!(out, "    label={};", quoted(&chart.title));
                body(&mut out, chart, 2);
                out.push_str("  }\n");
            }
            None => body(&mut out, chart, 1),
        }
    }
    out.push_str("}\n");
    out
}

fn body(out: &mut String, chart: &Chart, depth: usize) {
    inside(out, chart, None, depth);
    let pad = "  ".repeat(depth);
    for edge in &chart.edges {
        let mut look = Vec::new();
        if let Some(label) = &edge.label {
            look.push(format!("label={}", quoted(label)));
        }
        match edge.kind {
            Way::Flow => {}
            Way::Undo => look.push("style=dashed, constraint=false, color=\"#8250df\"".to_owned()),
            Way::Failure => look.push("style=dashed, color=\"#cf222e\"".to_owned()),
        }
        if edge.taken == Some(Taken::Yes) {
            look.push("penwidth=2.5".to_owned());
        }
        let look = match look.is_empty() {
            true => String::new(),
            false => format!(" [{}]", look.join(", ")),
        };
        let _ = writeln!(out, "{pad}n{} -> n{}{look};", edge.from, edge.to);
    }
}

fn inside(out: &mut String, chart: &Chart, group: Option<usize>, depth: usize) {
    let pad = "  ".repeat(depth);
    for one in chart.nodes.iter().filter(|node| node.within == group) {
        node(out, one, &pad);
    }
    for one in chart.groups.iter().filter(|one| one.within == group) {
        let _ = writeln!(out, "{pad}subgraph cluster_g{} {{", one.id);
        let title = titled(&one.title, &one.notes);
        let _ = writeln!(out, "{pad}  label={title};");
        inside(out, chart, Some(one.id), depth + 1);
        let _ = writeln!(out, "{pad}}}");
    }
}

fn node(out: &mut String, node: &Node, pad: &str) {
    let mut look = vec![format!("label={}", titled(&node.title, &node.notes))];
    let (shape, mut style) = match node.kind {
        Kind::Step | Kind::Escalate => ("box", "rounded,filled"),
        Kind::Manual => ("box", "filled"),
        Kind::Checkpoint => ("hexagon", "filled"),
        Kind::Decision | Kind::Loop => ("diamond", "filled"),
        Kind::Attempt => ("trapezium", "filled"),
        Kind::Call => ("box", "filled"),
        Kind::Wait | Kind::Fork => ("parallelogram", "filled"),
        Kind::Undo | Kind::Failure => ("box", "rounded,filled,dashed"),
        Kind::Start | Kind::End => ("oval", "filled"),
    };
    if shape != "box" {
        look.push(format!("shape={shape}"));
    }
    if node.kind == Kind::Call {
        look.push("peripheries=2".to_owned());
    }
    if let Some(mark) = node.mark {
        let (fill, line) = match mark {
            Mark::Done | Mark::Reached => ("#d3f0dc", "#1a7f37"),
            Mark::Failed => ("#ffdcd8", "#cf222e"),
            Mark::Skipped => ("#ececec", "#6e7781"),
            Mark::Undone => ("#eadcff", "#8250df"),
            Mark::Current => ("#fff1c2", "#9a6700"),
            Mark::Missed => ("#fff1e5", "#bc4c00"),
        };
        look.push(format!("fillcolor=\"{fill}\", color=\"{line}\""));
        if matches!(mark, Mark::Skipped | Mark::Missed) && !style.contains("dashed") {
            style = match style {
                "filled" => "filled,dashed",
                _ => "rounded,filled,dashed",
            };
        }
        look.push(format!("tooltip={}", quoted(mark.words())));
    }
    look.push(format!("style=\"{style}\""));
    let _ = writeln!(out, "{pad}n{} [{}];", node.id, look.join(", "));
}

/// Title and notes, wrapped, a line each.
fn titled(title: &str, notes: &[String]) -> String {
    let lines = std::iter::once(title.to_owned())
        .chain(notes.iter().map(|note| format!("({note})")))
        .flat_map(|text| wrapped(&text));
    let lines: Vec<String> = lines.map(|line| escaped(&line)).collect();
    format!("\"{}\"", lines.join("\\n"))
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in one_line(text).split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + word.chars().count() < LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Graphviz reads `\N`, `\G` and others in a label, and entities like `&lt;`: neither is meant.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.replace('&', "&amp;")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(&one_line(text)))
}
