//! Where the parts of a chart lie: sizes from their texts, places from the layered layout of `dagre`.

use super::text::{LEADING, SIZE, SMALL, balance, width, wrap};
use super::{Chart, Edge, Group, Kind, Node, Way};
use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::{LabelPos, RankDir};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, Ranker};
use std::collections::BTreeMap;

/// In pixels; x and y are of the middle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Frame {
    pub fn left(self) -> f64 {
        self.x - self.width / 2.0
    }
    pub fn top(self) -> f64 {
        self.y - self.height / 2.0
    }
    pub fn right(self) -> f64 {
        self.x + self.width / 2.0
    }
    pub fn bottom(self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// Text in its lines.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    pub title: Vec<String>,
    pub notes: Vec<String>,
}

impl Lines {
    pub fn height(&self) -> f64 {
        (self.title.len() as f64 * SIZE + self.notes.len() as f64 * SMALL) * LEADING
    }

    pub fn width(&self) -> f64 {
        let title = self.title.iter().map(|line| width(line, SIZE));
        let notes = self.notes.iter().map(|line| width(line, SMALL));
        title.chain(notes).fold(0.0, f64::max)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Route {
    pub points: Vec<(f64, f64)>,
    /// Its text and the middle of that.
    pub label: Option<(Vec<String>, f64, f64)>,
}

/// A chart with everything in its place, its left upper corner at 0, 0.
#[derive(Debug, Default)]
pub struct Laid {
    pub width: f64,
    pub height: f64,
    pub nodes: BTreeMap<usize, (Frame, Lines)>,
    pub groups: BTreeMap<usize, (Frame, Lines)>,
    /// In the order of the chart's edges.
    pub routes: Vec<Route>,
}

/// Widest text of a box, and of a label on a line.
const TEXT: f64 = 190.0;
const LABEL: f64 = 150.0;
/// From the frame of a group to what is in it.
const AROUND: f64 = 14.0;
/// From the first row of a group to its title, and from there to what is above.
const ROOM: f64 = 24.0;
/// How much is done for a good picture. The more is done, the faster its cost grows with the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// Lines as short as can be.
    Full,
    /// Lines may be longer. Not by the longest paths: they pull the foot of every group down to the last row, and each
    /// row in between gets a border of it.
    Less,
    /// What belongs to a group is not kept together: frames may overlap where ways part. The longest paths are those from
    /// the start, so that each of many ends stands right below what ends in it, and not on the last row.
    Least,
}

impl Care {
    /// At the bounds each takes some seconds.
    fn of(nodes: usize) -> Care {
        match nodes {
            0..=1000 => Care::Full,
            1001..=2000 => Care::Less,
            _ => Care::Least,
        }
    }
}

pub fn lay(chart: &Chart) -> Laid {
    lay_with(chart, Care::of(chart.nodes.len()))
}

fn lay_with(chart: &Chart, care: Care) -> Laid {
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions {
        directed: true,
        multigraph: true,
        compound: true,
    });
    let mut laid = Laid::default();
    let together = care != Care::Least;
    for group in chart.groups.iter().filter(|_| together) {
        graph.set_node(group_id(group.id), Some(NodeLabel::default()));
        if let Some(outer) = group.within {
            graph.set_parent(&group_id(group.id), Some(&group_id(outer)));
        }
    }
    for node in &chart.nodes {
        let (lines, wide, high) = sized(node);
        let label = NodeLabel {
            width: wide,
            height: high,
            ..NodeLabel::default()
        };
        graph.set_node(node_id(node.id), Some(label));
        if let Some(group) = node.within.filter(|_| together) {
            graph.set_parent(&node_id(node.id), Some(&group_id(group)));
        }
        laid.nodes.insert(node.id, (Frame::default(), lines));
    }
    let mut labels = Vec::new();
    for (index, edge) in chart.edges.iter().enumerate() {
        let lines = edge.label.as_ref().map(|text| balance(text, SMALL, LABEL));
        let lines = lines.unwrap_or_default();
        let wide = lines
            .iter()
            .map(|line| width(line, SMALL))
            .fold(0.0, f64::max);
        let label = EdgeLabel {
            weight: match edge.kind {
                Way::Flow => 3,
                Way::Undo | Way::Failure => 1,
            },
            width: if wide > 0.0 { wide + 8.0 } else { 0.0 },
            height: lines.len() as f64 * SMALL * LEADING,
            labelpos: LabelPos::Center,
            ..EdgeLabel::default()
        };
        labels.push(lines);
        let (from, to) = ends(edge, care);
        graph.set_edge(
            node_id(from),
            node_id(to),
            Some(label),
            Some(&index.to_string()),
        );
    }
    dagre::layout(
        &mut graph,
        Some(LayoutOptions {
            nodesep: 26.0,
            edgesep: 14.0,
            ranksep: 30.0,
            rankdir: match care {
                Care::Least => RankDir::BT,
                Care::Full | Care::Less => RankDir::TB,
            },
            ranker: match care {
                Care::Full => Ranker::NetworkSimplex,
                Care::Less => Ranker::TightTree,
                Care::Least => Ranker::LongestPath,
            },
            ..LayoutOptions::default()
        }),
    );

    for (id, (frame, _)) in &mut laid.nodes {
        if let Some(node) = graph.node(&node_id(*id)) {
            *frame = frame_of(node);
        }
    }
    for (index, (edge, lines)) in chart.edges.iter().zip(labels).enumerate() {
        let (from, to) = ends(edge, care);
        let mut route = Route::default();
        if let Some(label) = graph.edge(&node_id(from), &node_id(to), Some(&index.to_string())) {
            route.points = label
                .points
                .iter()
                .map(|point| (point.x, point.y))
                .collect();
            if from != edge.from {
                route.points.reverse();
            }
            if let (false, Some(x), Some(y)) = (lines.is_empty(), label.x, label.y) {
                route.label = Some((lines, x, y));
            }
        }
        laid.routes.push(route);
    }
    make_room(chart, &mut laid);
    frames(chart, &mut laid);
    settle(chart, &mut laid);
    laid
}

/// From where to where an edge leads for the layout. With the least care from what is drawn later to what is drawn
/// earlier, upward.
fn ends(edge: &Edge, care: Care) -> (usize, usize) {
    match care {
        Care::Least => (edge.from.max(edge.to), edge.from.min(edge.to)),
        Care::Full | Care::Less => (edge.from, edge.to),
    }
}

/// Moves all from the first row of each group on downward, by as much as the group's title is high.
fn make_room(chart: &Chart, laid: &mut Laid) {
    let mut tops: BTreeMap<usize, f64> = BTreeMap::new();
    for group in chart.groups.iter().rev() {
        let nodes = chart
            .nodes
            .iter()
            .filter(|node| node.within == Some(group.id));
        let rows = nodes.filter_map(|node| laid.nodes.get(&node.id).map(|(frame, _)| frame.y));
        let inner = chart
            .groups
            .iter()
            .filter(|one| one.within == Some(group.id));
        let inner = inner.filter_map(|one| tops.get(&one.id).copied());
        tops.insert(group.id, rows.chain(inner).fold(f64::MAX, f64::min));
    }
    let mut moves: Vec<(f64, f64)> = Vec::new();
    for group in &chart.groups {
        let row = tops.get(&group.id).copied().unwrap_or_default();
        let same = laid
            .nodes
            .values()
            .filter(|(frame, _)| (frame.y - row).abs() < 1.0);
        let top = same.map(|(frame, _)| frame.top()).fold(row, f64::min) - 2.0;
        // One inside another begins on the same row: both titles need their room.
        moves.push((top, group_lines(group, TEXT).height() + ROOM));
    }
    let moved = |y: f64| {
        let above = moves.iter().filter(|(top, _)| *top <= y);
        y + above.map(|(_, by)| by).sum::<f64>()
    };
    for (frame, _) in laid.nodes.values_mut() {
        frame.y = moved(frame.y);
    }
    for route in &mut laid.routes {
        for point in &mut route.points {
            point.1 = moved(point.1);
        }
        if let Some((_, _, y)) = &mut route.label {
            *y = moved(*y);
        }
    }
}

/// A group's frame goes around all that is in it, its title above. Inner ones first.
fn frames(chart: &Chart, laid: &mut Laid) {
    let homes: BTreeMap<usize, Option<usize>> = chart
        .nodes
        .iter()
        .map(|node| (node.id, node.within))
        .collect();
    for group in chart.groups.iter().rev() {
        let nodes = chart
            .nodes
            .iter()
            .filter(|node| node.within == Some(group.id));
        let inner = chart
            .groups
            .iter()
            .filter(|one| one.within == Some(group.id));
        let mut held: Vec<Frame> = nodes
            .filter_map(|node| laid.nodes.get(&node.id))
            .chain(inner.filter_map(|one| laid.groups.get(&one.id)))
            .map(|(frame, _)| *frame)
            .collect();
        let within = |id: usize| homes.get(&id) == Some(&Some(group.id));
        for (edge, route) in chart.edges.iter().zip(&laid.routes) {
            if let Some((lines, x, y)) = &route.label
                && within(edge.from)
                && within(edge.to)
            {
                held.push(Frame {
                    x: *x,
                    y: *y,
                    width: lines
                        .iter()
                        .map(|line| width(line, SMALL))
                        .fold(0.0, f64::max),
                    height: lines.len() as f64 * SMALL * LEADING,
                });
            }
        }
        let left = held
            .iter()
            .map(|frame| frame.left())
            .fold(f64::MAX, f64::min)
            - AROUND;
        let right = held
            .iter()
            .map(|frame| frame.right())
            .fold(f64::MIN, f64::max)
            + AROUND;
        let bottom = held
            .iter()
            .map(|frame| frame.bottom())
            .fold(f64::MIN, f64::max)
            + AROUND;
        let lines = group_lines(group, TEXT);
        let top = held
            .iter()
            .map(|frame| frame.top())
            .fold(f64::MAX, f64::min)
            - lines.height()
            - AROUND
            - 8.0;
        let wide = (right - left).max(lines.width() + 2.0 * AROUND);
        let frame = Frame {
            x: (left + right) / 2.0,
            y: (top + bottom) / 2.0,
            width: wide,
            height: bottom - top,
        };
        laid.groups.insert(group.id, (frame, lines));
    }
}

fn group_lines(group: &Group, most: f64) -> Lines {
    Lines {
        title: wrap(&group.title, SIZE, most),
        notes: group
            .notes
            .iter()
            .flat_map(|note| wrap(note, SMALL, most))
            .collect(),
    }
}

/// Moves all into the quarter right and below of 0, 0.
fn settle(chart: &Chart, laid: &mut Laid) {
    let frames = || {
        laid.nodes
            .values()
            .chain(laid.groups.values())
            .map(|(frame, _)| *frame)
    };
    let points = || {
        laid.routes
            .iter()
            .flat_map(|route| route.points.iter().copied())
    };
    let labels = || {
        laid.routes.iter().filter_map(|route| {
            let (lines, x, _) = route.label.as_ref()?;
            let wide = lines
                .iter()
                .map(|line| width(line, SMALL))
                .fold(0.0, f64::max);
            Some((x - wide / 2.0, x + wide / 2.0))
        })
    };
    let xs = frames()
        .map(|frame| frame.left())
        .chain(points().map(|point| point.0));
    let left = xs
        .chain(labels().map(|(from, _)| from))
        .fold(f64::MAX, f64::min);
    let ys = frames()
        .map(|frame| frame.top())
        .chain(points().map(|point| point.1));
    let top = ys.fold(f64::MAX, f64::min);
    let xs = frames()
        .map(|frame| frame.right())
        .chain(points().map(|point| point.0));
    let right = xs
        .chain(labels().map(|(_, to)| to))
        .fold(f64::MIN, f64::max);
    let ys = frames()
        .map(|frame| frame.bottom())
        .chain(points().map(|point| point.1));
    let bottom = ys.fold(f64::MIN, f64::max);
    if chart.nodes.is_empty() {
        return;
    }
    for (frame, _) in laid.nodes.values_mut().chain(laid.groups.values_mut()) {
        frame.x -= left;
        frame.y -= top;
    }
    for route in &mut laid.routes {
        for point in &mut route.points {
            point.0 -= left;
            point.1 -= top;
        }
        if let Some((_, x, y)) = &mut route.label {
            *x -= left;
            *y -= top;
        }
    }
    laid.width = right - left;
    laid.height = bottom - top;
}

fn node_id(id: usize) -> String {
    format!("n{id}")
}

fn group_id(id: usize) -> String {
    format!("g{id}")
}

fn frame_of(node: &NodeLabel) -> Frame {
    Frame {
        x: node.x.unwrap_or_default(),
        y: node.y.unwrap_or_default(),
        width: node.width,
        height: node.height,
    }
}

/// The lines of a node, and how wide and high its shape is around them.
fn sized(node: &Node) -> (Lines, f64, f64) {
    let most = match node.kind {
        Kind::Decision | Kind::Loop => TEXT * 0.9,
        _ => TEXT,
    };
    let lines = Lines {
        title: balance(&node.title, SIZE, most),
        notes: node
            .notes
            .iter()
            .flat_map(|note| balance(note, SMALL, most))
            .collect(),
    };
    let (wide, high) = (lines.width(), lines.height());
    let (wide, high) = match node.kind {
        Kind::Decision | Kind::Loop => diamond(&lines),
        Kind::Checkpoint | Kind::Attempt | Kind::Wait | Kind::Fork => (wide + 46.0, high + 16.0),
        Kind::Manual => (wide + 44.0, high + 18.0),
        Kind::Call => (wide + 36.0, high + 18.0),
        Kind::Start | Kind::End => (wide + 34.0, high + 12.0),
        Kind::Step | Kind::Escalate | Kind::Undo | Kind::Failure => (wide + 24.0, high + 18.0),
    };
    (lines, wide.max(44.0), high)
}

/// The least diamond, about twice as wide as high, that each line lies within.
fn diamond(lines: &Lines) -> (f64, f64) {
    const SHAPE: f64 = 2.1;
    let half = lines.height() / 2.0;
    let mut y = -half;
    let mut high: f64 = 0.0;
    let title = lines.title.iter().map(|line| (line, SIZE));
    let notes = lines.notes.iter().map(|line| (line, SMALL));
    for (line, size) in title.chain(notes) {
        let next = y + size * LEADING;
        // The corner of the line that is farthest from the middle.
        let far = y.abs().max(next.abs());
        high = high.max(2.0 * far * 0.86 + (width(line, size) + 12.0) / SHAPE);
        y = next;
    }
    (high * SHAPE, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three groups of three nodes, one node after another.
    fn row() -> Chart {
        let group = |at: usize| Group {
            id: 100 + at,
            within: None,
            path: None,
            title: format!("Group {at}"),
            notes: Vec::new(),
        };
        let node = |at: usize| Node {
            id: at,
            kind: Kind::Step,
            within: Some(100 + at / 3),
            path: None,
            anchor: None,
            title: format!("Step {at}"),
            notes: Vec::new(),
            calls: None,
            place: None,
            mark: None,
            of: None,
            block: None,
        };
        let edge = |from: usize| Edge {
            from,
            to: from + 1,
            label: None,
            kind: Way::Flow,
            taken: None,
            into: Vec::new(),
        };
        Chart {
            procedure: None,
            title: "Row".to_owned(),
            groups: (0..3).map(group).collect(),
            nodes: (0..9).map(node).collect(),
            edges: (0..8).map(edge).collect(),
            span: None,
        }
    }

    #[test]
    fn groups_hold_what_is_theirs_and_nothing_else_with_any_care() {
        let chart = row();
        for care in [Care::Full, Care::Less, Care::Least] {
            let laid = lay_with(&chart, care);
            for (edge, route) in chart.edges.iter().zip(&laid.routes) {
                let ys: Vec<f64> = route.points.iter().map(|point| point.1).collect();
                assert!(ys.is_sorted() && ys.len() > 1, "{care:?} {edge:?} {ys:?}");
            }
            for node in &chart.nodes {
                let own = laid.nodes[&node.id].0;
                for group in &chart.groups {
                    let frame = laid.groups[&group.id].0;
                    let inside = frame.top() < own.top() && own.bottom() < frame.bottom();
                    let apart = own.bottom() < frame.top() || frame.bottom() < own.top();
                    let here = node.within == Some(group.id);
                    assert!(if here { inside } else { apart }, "{care:?} {node:?}");
                }
            }
        }
    }
}
