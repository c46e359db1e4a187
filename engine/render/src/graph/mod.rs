//! A runbook as a graph: a box for what is done, a diamond where the way parts, a rounded box where it ends, a frame
//! around a section. What binds a value, asks, tells somebody or notes a state is left out: a graph is for finding
//! one's way.
//!
//! Each statement stands in it once: a call is a box, and what it carries out is a [`Chart`] of its own.
//!
//! | file | what it holds |
//! |---|---|
//! | `draw` | from a plan to a graph |
//! | `marks` | what a run did, or what scenarios come to, laid over it |
//! | `mermaid`, `dot`, `svg` | the writers; `json` is the type itself |
//! | `layout` | where things lie in an SVG |
//! | `text` | widths and lines of text in an SVG |

mod dot;
mod draw;
mod layout;
mod marks;
mod mermaid;
mod svg;
mod text;

pub use dot::dot;
pub use draw::graph;
pub use marks::{Walk, cover, walk};
pub(crate) use mermaid::chart as mermaid_chart;
pub use mermaid::mermaid;
pub use svg::svg;
pub(crate) use svg::{STYLE, chart as svg_chart, escape};

use runbook_grammar::span::Span;
use runbook_plan::ids::{BlockId, NodeId};
use serde::Serialize;

/// Known by one number each, across all charts; `json` writes it as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Graph {
    pub title: String,
    /// What the marks are of; missing where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shows: Option<Shows>,
    /// The runbook's own, then those of the procedures that it carries out, in the order of the text. A module has procedures alone.
    pub charts: Vec<Chart>,
}

/// The flow of the runbook, or of one procedure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chart {
    /// With its module: `queues.resume`; missing for the runbook's own flow.
    pub procedure: Option<String>,
    pub title: String,
    /// An outer one before those in it.
    pub groups: Vec<Group>,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Of the block of a procedure.
    #[serde(skip)]
    pub(crate) span: Option<Span>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    pub id: usize,
    /// The group that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<usize>,
    /// Names from the chart down to it, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    pub title: String,
    /// What a reader should know of it, a few words each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    pub id: usize,
    pub kind: Kind,
    /// The group that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<usize>,
    /// Names from the chart down to it, where it has one: `preparation.announce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The same as a document of the runbook has it.
    #[serde(skip)]
    pub(crate) anchor: Option<String>,
    pub title: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Of a call: the procedure, as its chart names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// The statement; missing for what no statement stands for.
    #[serde(skip)]
    pub(crate) of: Option<NodeId>,
    /// What it holds, for a step and a checkpoint.
    #[serde(skip)]
    pub(crate) block: Option<BlockId>,
}

/// Line from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub file: String,
    pub line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Start,
    Step,
    /// A step that a person does by hand.
    Manual,
    Checkpoint,
    Decision,
    /// What may fail, with another way then.
    Attempt,
    Call,
    Wait,
    /// Things begin at the same time.
    Fork,
    Loop,
    Escalate,
    /// A rewind.
    Undo,
    /// Where it is gone to when something fails.
    Failure,
    End,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub kind: Way,
    /// Missing where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    /// The blocks that it leads into.
    #[serde(skip)]
    pub(crate) into: Vec<BlockId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Flow,
    /// From a rewind back to its checkpoint.
    Undo,
    /// What is done about a failure.
    Failure,
}

/// What the marks of a graph are of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Shows {
    Run { run: String },
    Coverage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Done,
    Failed,
    Skipped,
    Undone,
    /// The run stands there.
    Current,
    /// Some scenario comes there.
    Reached,
    /// None does.
    Missed,
}

impl Mark {
    /// In the order of a legend.
    pub(crate) const ALL: [Mark; 7] = [
        Mark::Done,
        Mark::Current,
        Mark::Failed,
        Mark::Skipped,
        Mark::Undone,
        Mark::Reached,
        Mark::Missed,
    ];

    /// What a picture shows it in.
    pub(crate) fn colour(self) -> &'static str {
        match self {
            Mark::Done | Mark::Reached => "green",
            Mark::Failed => "red",
            Mark::Skipped => "grey",
            Mark::Undone => "violet",
            Mark::Current => "yellow",
            Mark::Missed => "orange",
        }
    }

    /// In words, for a legend.
    pub fn words(self) -> &'static str {
        match self {
            Mark::Done => "done",
            Mark::Failed => "failed",
            Mark::Skipped => "skipped",
            Mark::Undone => "undone",
            Mark::Current => "here now",
            Mark::Reached => "reached by a scenario",
            Mark::Missed => "reached by none",
        }
    }

    /// As a class of a style.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Mark::Done => "done",
            Mark::Failed => "failed",
            Mark::Skipped => "skipped",
            Mark::Undone => "undone",
            Mark::Current => "current",
            Mark::Reached => "reached",
            Mark::Missed => "missed",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    Yes,
    No,
}

impl Chart {
    /// Whether the way parts in it.
    pub(crate) fn parts(&self) -> bool {
        self.nodes.iter().any(|node| {
            matches!(
                node.kind,
                Kind::Decision | Kind::Attempt | Kind::Loop | Kind::Fork
            )
        })
    }

    /// How many things are done in it: all but its two ends.
    pub(crate) fn deeds(&self) -> usize {
        let nodes = self.nodes.iter();
        nodes
            .filter(|node| !matches!(node.kind, Kind::Start | Kind::End))
            .count()
    }
}

impl Graph {
    /// The marks that stand in it, in the order of a legend.
    pub(crate) fn marks(&self) -> Vec<Mark> {
        let stands = |mark: &Mark| {
            let nodes = self.charts.iter().flat_map(|chart| &chart.nodes);
            nodes.into_iter().any(|node| node.mark == Some(*mark))
        };
        Mark::ALL.into_iter().filter(stands).collect()
    }
}

/// On one line, without characters that steer a terminal or turn the direction of text.
pub(crate) fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|char| if steers(char) { ' ' } else { char })
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn steers(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}' | '\u{fffe}' | '\u{ffff}')
}
