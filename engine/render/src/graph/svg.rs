//! A graph as SVG: one file without anything from elsewhere, light or dark as its reader has it, the text in it text.

use super::layout::{Frame, Laid, Lines, Route, lay};
use super::text::{LEADING, SIZE, SMALL, width};
use super::{Chart, Edge, Graph, Kind, Mark, Node, Shows, Taken, Way, one_line};
use std::fmt::Write;

/// What the classes of a chart look like.
pub(crate) const STYLE: &str = include_str!("graph.css");

/// Around a chart, and between charts.
const MARGIN: f64 = 24.0;
/// Wider than this, a chart of its own lies across on paper.
const WIDE: f64 = 1000.0;
/// The charts of procedures go side by side up to this width.
const ROW: f64 = 1400.0;

/// All charts in one picture: the runbook's own, below it those of procedures in a frame each; ended by a newline.
pub fn svg(graph: &Graph) -> String {
    let laid: Vec<(&Chart, Laid)> = graph.charts.iter().map(|one| (one, lay(one))).collect();
    let mut body = String::new();
    let mut wide: f64 = 0.0;
    let mut y = MARGIN;
    if let Some((lines, high)) = legend(graph, y) {
        body.push_str(&lines);
        y += high;
        wide = 420.0;
    }
    let most = laid.iter().map(|(_, laid)| laid.width).fold(ROW, f64::max);
    let (mut x, mut row) = (MARGIN, 0.0_f64);
    for (chart, laid) in &laid {
        let panel = chart.procedure.is_some();
        let (pad, head) = if panel { (18.0, 30.0) } else { (0.0, 0.0) };
        let (w, h) = (
            (laid.width + 2.0 * pad).max(width(&chart.title, SIZE) * 1.1 + 2.0 * pad),
            laid.height + 2.0 * pad + head,
        );
        if x > MARGIN && (x + w > most + MARGIN || !panel) {
            x = MARGIN;
            y += row + MARGIN;
            row = 0.0;
        }
        if panel {
            let _ = writeln!(
                body,
                "<rect class=\"panel\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\"/>",
                n(x),
                n(y),
                n(w),
                n(h)
            );
            line(&mut body, "heading", x + pad, y + 26.0, &chart.title);
        }
        let _ = writeln!(
            body,
            "<g transform=\"translate({} {})\">",
            n(x + pad),
            n(y + pad + head)
        );
        draw(&mut body, chart, laid, &|_| None);
        body.push_str("</g>\n");
        wide = wide.max(x + w - MARGIN);
        row = row.max(h);
        x += w + MARGIN;
        if !panel {
            x = MARGIN;
            y += row + MARGIN;
            row = 0.0;
        }
    }
    y += row;
    let title = escape(&graph.title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" role=\"img\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n{body}</svg>\n",
        w = n(wide + 2.0 * MARGIN),
        h = n(y + MARGIN),
    )
}

/// One chart for a page that has [`STYLE`]; `link` says where a node leads to.
pub(crate) fn chart(chart: &Chart, link: &dyn Fn(&Node) -> Option<String>) -> String {
    let laid = lay(chart);
    let mut body = String::new();
    draw(&mut body, chart, &laid, link);
    let title = escape(&chart.title);
    let wide = match laid.width > WIDE && laid.width > laid.height * 1.2 {
        true => " wide",
        false => "",
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph{wide}\" role=\"group\" aria-label=\"{title}\" width=\"{w}\" height=\"{h}\" viewBox=\"-4 -4 {w} {h}\">\n{body}</svg>\n",
        w = n(laid.width + 8.0),
        h = n(laid.height + 8.0),
    )
}

/// What the colours say, and how high that is; none where nothing is marked.
fn legend(graph: &Graph, y: f64) -> Option<(String, f64)> {
    let words = match graph.shows.as_ref()? {
        Shows::Run { run } => format!("What run {} did", one_line(run)),
        Shows::Coverage => "What the scenarios come to".to_owned(),
    };
    let mut out = String::new();
    line(&mut out, "heading", MARGIN, y + 14.0, &words);
    let mut x = MARGIN;
    for mark in graph.marks() {
        let wide = width(mark.words(), SIZE) + 18.0;
        let _ = writeln!(
            out,
            "<g class=\"{}\"><rect class=\"shape\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"24\" rx=\"5\"/>",
            mark.class(),
            n(x),
            n(y + 26.0),
            n(wide)
        );
        line(&mut out, "", x + wide / 2.0, y + 42.5, mark.words());
        out.push_str("</g>\n");
        x += wide + 10.0;
    }
    Some((out, 72.0))
}

fn draw(out: &mut String, chart: &Chart, laid: &Laid, link: &dyn Fn(&Node) -> Option<String>) {
    for group in &chart.groups {
        if let Some((frame, _)) = laid.groups.get(&group.id) {
            rect(out, "group", *frame, 8.0);
        }
    }
    for (edge, route) in chart.edges.iter().zip(&laid.routes) {
        way(out, chart, laid, edge, route);
    }
    for group in &chart.groups {
        if let Some((frame, lines)) = laid.groups.get(&group.id) {
            // A line that comes in passes behind the title.
            let (wide, high) = (lines.width() + 8.0, lines.height() + 2.0);
            let halo = Frame {
                x: frame.left() + 8.0 + wide / 2.0,
                y: frame.top() + 7.0 + high / 2.0,
                width: wide,
                height: high,
            };
            rect(out, "halo inside", halo, 3.0);
            let (mut y, left) = (frame.top() + 6.0, frame.left() + 12.0);
            for text in &lines.title {
                y += SIZE * LEADING;
                line(out, "heading", left, y - 3.0, text);
            }
            for text in &lines.notes {
                y += SMALL * LEADING;
                line(out, "note under", left, y - 3.0, text);
            }
        }
    }
    for (edge, route) in chart.edges.iter().zip(&laid.routes) {
        if let Some(label) = &route.label {
            on_line(out, edge, label);
        }
    }
    for node in &chart.nodes {
        if let Some((frame, lines)) = laid.nodes.get(&node.id) {
            let href = link(node);
            if let Some(href) = &href {
                let _ = write!(out, "<a href=\"{}\">", escape(href));
            }
            shape(out, node, *frame, lines);
            if href.is_some() {
                out.push_str("</a>");
            }
            out.push('\n');
        }
    }
}

fn shape(out: &mut String, node: &Node, frame: Frame, lines: &Lines) {
    let kind = match node.kind {
        Kind::Start => "start",
        Kind::Step => "step",
        Kind::Manual => "manual",
        Kind::Checkpoint => "checkpoint",
        Kind::Decision => "decision",
        Kind::Attempt => "attempt",
        Kind::Call => "call",
        Kind::Wait => "wait",
        Kind::Fork => "fork",
        Kind::Loop => "loop",
        Kind::Escalate => "escalate",
        Kind::Undo => "undo",
        Kind::Failure => "failure",
        Kind::End => "end",
    };
    let mark = node
        .mark
        .map_or(String::new(), |mark| format!(" {}", mark.class()));
    let _ = write!(out, "<g class=\"{kind}{mark}\">");
    let mut about: Vec<&str> = node.path.as_deref().into_iter().collect();
    about.extend(node.mark.map(Mark::words));
    if !about.is_empty() {
        let _ = write!(out, "<title>{}</title>", escape(&about.join(": ")));
    }
    let (l, t, r, b) = (frame.left(), frame.top(), frame.right(), frame.bottom());
    let mut middle = frame.x;
    match node.kind {
        Kind::Step | Kind::Escalate | Kind::Undo | Kind::Failure => rect(out, "shape", frame, 5.0),
        Kind::Start | Kind::End => rect(out, "shape", frame, frame.height / 2.0),
        Kind::Manual => {
            rect(out, "shape", frame, 5.0);
            let tick = Frame {
                x: l + 17.0,
                y: frame.y,
                width: 12.0,
                height: 12.0,
            };
            rect(out, "bar", tick, 2.0);
            middle += 9.0;
        }
        Kind::Call => {
            rect(out, "shape", frame, 2.0);
            let _ = write!(
                out,
                "<path class=\"bar\" d=\"M{0} {2}V{3}M{1} {2}V{3}\"/>",
                n(l + 7.0),
                n(r - 7.0),
                n(t),
                n(b)
            );
        }
        Kind::Decision | Kind::Loop => polygon(
            out,
            &[(frame.x, t), (r, frame.y), (frame.x, b), (l, frame.y)],
        ),
        Kind::Checkpoint => polygon(
            out,
            &[
                (l + 14.0, t),
                (r - 14.0, t),
                (r, frame.y),
                (r - 14.0, b),
                (l + 14.0, b),
                (l, frame.y),
            ],
        ),
        Kind::Attempt => polygon(out, &[(l + 14.0, t), (r - 14.0, t), (r, b), (l, b)]),
        Kind::Wait | Kind::Fork => polygon(out, &[(l + 14.0, t), (r, t), (r - 14.0, b), (l, b)]),
    }
    let mut y = frame.y - lines.height() / 2.0;
    for text in &lines.title {
        y += SIZE * LEADING;
        line(out, "", middle, y - 4.6, text);
    }
    for text in &lines.notes {
        y += SMALL * LEADING;
        line(out, "note", middle, y - 4.2, text);
    }
    out.push_str("</g>");
}

fn way(out: &mut String, chart: &Chart, laid: &Laid, edge: &Edge, route: &Route) {
    let mut points = route.points.clone();
    if points.len() < 2 {
        return;
    }
    let last = points.len() - 1;
    points[0] = edge_of(chart, laid, edge.from, points[1]).unwrap_or(points[0]);
    points[last] = edge_of(chart, laid, edge.to, points[last - 1]).unwrap_or(points[last]);
    let class = match (edge.kind, edge.taken) {
        (_, Some(Taken::Yes)) if edge.kind != Way::Undo => " taken",
        (Way::Undo, _) => " undo-way",
        (Way::Failure, _) => " failure-way",
        (Way::Flow, Some(Taken::No)) => " left",
        (Way::Flow, _) => "",
    };
    let (tip, before) = (points[last], points[last - 1]);
    let (dx, dy) = (tip.0 - before.0, tip.1 - before.1);
    let long = dx.hypot(dy).max(0.01);
    let (ux, uy) = (dx / long, dy / long);
    let neck = (tip.0 - ux * 8.0, tip.1 - uy * 8.0);
    let mut d = format!("M{} {}", n(points[0].0), n(points[0].1));
    for at in 1..last {
        let (a, b, c) = (points[at - 1], points[at], points[at + 1]);
        let (into, out_of) = (towards(b, a, 12.0), towards(b, c, 12.0));
        let _ = write!(
            d,
            "L{} {}Q{} {} {} {}",
            n(into.0),
            n(into.1),
            n(b.0),
            n(b.1),
            n(out_of.0),
            n(out_of.1)
        );
    }
    let _ = write!(d, "L{} {}", n(neck.0), n(neck.1));
    let _ = writeln!(out, "<path class=\"way{class}\" d=\"{d}\"/>");
    let (sx, sy) = (-uy * 4.2, ux * 4.2);
    let _ = writeln!(
        out,
        "<path class=\"head{class}\" d=\"M{} {}L{} {}L{} {}Z\"/>",
        n(tip.0),
        n(tip.1),
        n(neck.0 + sx),
        n(neck.1 + sy),
        n(neck.0 - sx),
        n(neck.1 - sy)
    );
}

/// From `a` towards `b`, at most half of the way.
fn towards(a: (f64, f64), b: (f64, f64), most: f64) -> (f64, f64) {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let long = dx.hypot(dy).max(0.01);
    let far = most.min(long / 2.0);
    (a.0 + dx / long * far, a.1 + dy / long * far)
}

/// Where a line from `from` to the middle of a node meets its shape.
fn edge_of(chart: &Chart, laid: &Laid, id: usize, from: (f64, f64)) -> Option<(f64, f64)> {
    let node = chart.nodes.iter().find(|node| node.id == id)?;
    let (frame, _) = laid.nodes.get(&id)?;
    let (dx, dy) = (from.0 - frame.x, from.1 - frame.y);
    let (wide, high) = (dx.abs() / frame.width * 2.0, dy.abs() / frame.height * 2.0);
    let far = match node.kind {
        Kind::Decision | Kind::Loop => wide + high,
        _ => wide.max(high),
    };
    // The slanted sides of some shapes lie within the frame.
    let slant = match node.kind {
        Kind::Attempt | Kind::Wait | Kind::Fork if wide > high => 7.0 * dx.signum(),
        _ => 0.0,
    };
    (far > 0.01).then(|| (frame.x + dx / far - slant, frame.y + dy / far))
}

fn on_line(out: &mut String, edge: &Edge, (lines, x, y): &(Vec<String>, f64, f64)) {
    let wide = lines
        .iter()
        .map(|line| width(line, SMALL))
        .fold(0.0, f64::max)
        + 4.0;
    let high = lines.len() as f64 * SMALL * LEADING;
    let halo = Frame {
        x: *x,
        y: *y,
        width: wide,
        height: high,
    };
    rect(out, "halo", halo, 3.0);
    let mut at = y - high / 2.0;
    let class = if edge.taken == Some(Taken::No) {
        "label note"
    } else {
        "label"
    };
    for text in lines {
        at += SMALL * LEADING;
        line(out, class, *x, at - 4.0, text);
    }
    out.push('\n');
}

fn rect(out: &mut String, class: &str, frame: Frame, round: f64) {
    let _ = write!(
        out,
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        n(frame.left()),
        n(frame.top()),
        n(frame.width),
        n(frame.height),
        n(round)
    );
}

fn polygon(out: &mut String, points: &[(f64, f64)]) {
    let points: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{},{}", n(*x), n(*y)))
        .collect();
    let _ = write!(
        out,
        "<polygon class=\"shape\" points=\"{}\"/>",
        points.join(" ")
    );
}

fn line(out: &mut String, class: &str, x: f64, y: f64, text: &str) {
    let class = match class {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    let _ = write!(
        out,
        "<text{class} x=\"{}\" y=\"{}\">{}</text>",
        n(x),
        n(y),
        escape(text)
    );
}

/// A length with at most one digit behind the point: enough for a picture, and the same wherever it is made.
fn n(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        _ => format!("{:.1}", tenths as f64 / 10.0),
    }
}

/// Text for XML and HTML, in an element or between double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            char => out.push(char),
        }
    }
    out
}
