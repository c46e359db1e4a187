//! A graph as Mermaid, as GitHub draws it.

use super::{Chart, Graph, Group, Kind, Mark, Node, Taken, Way, one_line};
use std::fmt::Write;

/// All charts in one flowchart, those of procedures in a frame each; ended by a newline.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = "flowchart TD\n".to_owned();
    for (index, chart) in graph.charts.iter().enumerate() {
        match &chart.procedure {
            Some(_) => {
                let title = label(&chart.title);
                let _ = writeln!(out, "  subgraph p{index}[\"{title}\"]");
                body(&mut out, chart, 2);
                out.push_str("  end\n");
            }
            None => body(&mut out, chart, 1),
        }
    }
    out.push_str(&styles(graph));
    out
}

/// One chart alone, its numbers from 1: what changes in another leaves it as it is.
pub(crate) fn chart(chart: &Chart) -> String {
    let mut chart = chart.clone();
    let groups = chart.groups.iter().map(|group| group.id);
    let first = groups.chain(chart.nodes.iter().map(|node| node.id)).min();
    let less = first.map_or(0, |first| first - 1);
    for group in &mut chart.groups {
        group.id -= less;
        group.within = group.within.map(|id| id - less);
    }
    for node in &mut chart.nodes {
        node.id -= less;
        node.within = node.within.map(|id| id - less);
    }
    for edge in &mut chart.edges {
        edge.from -= less;
        edge.to -= less;
    }
    let mut out = "flowchart TD\n".to_owned();
    body(&mut out, &chart, 1);
    out
}

fn body(out: &mut String, chart: &Chart, depth: usize) {
    inside(out, chart, None, depth);
    let pad = "  ".repeat(depth);
    for edge in &chart.edges {
        let arrow = match (edge.kind, edge.taken) {
            (Way::Undo, _) => "-.->",
            (_, Some(Taken::Yes)) => "==>",
            (Way::Failure, _) => "-.->",
            (Way::Flow, _) => "-->",
        };
        let label = match &edge.label {
            Some(text) => format!("|\"{}\"|", self::label(text)),
            None => String::new(),
        };
        let _ = writeln!(out, "{pad}n{} {arrow}{label} n{}", edge.from, edge.to);
    }
}

fn inside(out: &mut String, chart: &Chart, group: Option<usize>, depth: usize) {
    let pad = "  ".repeat(depth);
    for one in chart.nodes.iter().filter(|node| node.within == group) {
        node(out, one, &pad);
    }
    for one in chart.groups.iter().filter(|one| one.within == group) {
        let _ = writeln!(out, "{pad}subgraph g{}[\"{}\"]", one.id, group_title(one));
        inside(out, chart, Some(one.id), depth + 1);
        let _ = writeln!(out, "{pad}end");
    }
}

fn group_title(group: &Group) -> String {
    titled(&group.title, &group.notes)
}

fn titled(title: &str, notes: &[String]) -> String {
    let notes = notes.iter().map(|note| format!("<br>({})", label(note)));
    format!("{}{}", label(title), notes.collect::<String>())
}

fn node(out: &mut String, node: &Node, pad: &str) {
    let (open, close) = match node.kind {
        Kind::Step | Kind::Manual | Kind::Escalate | Kind::Undo | Kind::Failure => ("[", "]"),
        Kind::Checkpoint => ("{{", "}}"),
        Kind::Decision | Kind::Loop => ("{", "}"),
        Kind::Attempt => ("[/", "\\]"),
        Kind::Call => ("[[", "]]"),
        Kind::Wait | Kind::Fork => ("[/", "/]"),
        Kind::Start | Kind::End => ("([", "])"),
    };
    let class = node.mark.map_or("", Mark::class);
    let class = match class.is_empty() {
        true => String::new(),
        false => format!(":::{class}"),
    };
    let title = titled(&node.title, &node.notes);
    let _ = writeln!(out, "{pad}n{}{open}\"{title}\"{close}{class}", node.id);
}

/// Colours that are read on a light page and on a dark one.
fn styles(graph: &Graph) -> String {
    let styles = graph.marks().into_iter().map(|mark| {
        let style = match mark {
            Mark::Done | Mark::Reached => "fill:#d3f0dc,stroke:#1a7f37,color:#0b3d1c",
            Mark::Failed => "fill:#ffdcd8,stroke:#cf222e,color:#5c0a10",
            Mark::Skipped => "fill:#ececec,stroke:#6e7781,color:#3c4248,stroke-dasharray:4 3",
            Mark::Undone => "fill:#eadcff,stroke:#8250df,color:#3a1a73",
            Mark::Current => "fill:#fff1c2,stroke:#9a6700,color:#4d3300,stroke-width:3px",
            Mark::Missed => "fill:#fff1e5,stroke:#bc4c00,color:#5a2400,stroke-dasharray:4 3",
        };
        format!("  classDef {} {style}\n", mark.class())
    });
    styles.collect()
}

/// Text that Mermaid shows as it is: what some of its versions read as markup, a formula or a list goes as a numbered entity.
fn label(text: &str) -> String {
    let text = one_line(text);
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let mut out = String::new();
    for (at, char) in text.chars().enumerate() {
        let begins_list = matches!(char, '.' | ')') && at == digits && digits > 0
            || matches!(char, '-' | '+') && at == 0;
        let odd = matches!(
            char,
            '"' | '#'
                | '<'
                | '>'
                | '&'
                | '`'
                | '\\'
                | '*'
                | '$'
                | ';'
                | '['
                | ']'
                | '{'
                | '}'
                | '|'
                | '~'
        );
        if begins_list || odd {
            let _ = write!(out, "#{};", char as u32);
        } else {
            out.push(char);
        }
    }
    // An empty label is a mistake of the chart.
    if out.is_empty() { " ".to_owned() } else { out }
}
