//! What a run did, for those who look back on it: the beginning of a post-mortem, made from what the journal holds.
//!
//! [`report`] gathers the facts; [`Report`] is data for programs, [`markdown`] puts it into words, and [`html`] into a page.

mod deadlines;
mod gather;
mod words;

pub use gather::{Story, report};
pub use words::{html, markdown};

use runbook_core::view::Phase;
use serde::Serialize;

/// Moments are milliseconds since 1970, UTC; spans are milliseconds. Texts are as a person saw them, so a secret stands
/// as `‹name›`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub run: String,
    pub title: String,
    pub owner: Option<String>,
    pub version: Option<String>,
    pub trigger: Option<String>,
    /// Everybody who ran, resumed or answered, in the order they came.
    pub people: Vec<String>,
    pub began: i64,
    /// Of the last thing that happened.
    pub last: i64,
    pub phase: Phase,
    pub severity: Option<Level>,
    pub deadlines: Vec<Deadline>,
    pub timeline: Vec<Moment>,
    /// Rows of matrices that were taken.
    pub rows: Vec<Row>,
    pub questions: Vec<Question>,
    pub commands: Vec<Command>,
    pub evidence: Vec<Evidence>,
    pub comparisons: Vec<Comparison>,
    pub deviations: Vec<Deviation>,
    pub messages: Vec<Message>,
    pub notes: Vec<Note>,
    pub follow_ups: Vec<FollowUp>,
    /// When no engine had the run.
    pub absences: Vec<Absence>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Level {
    pub name: String,
    pub title: String,
    pub at: i64,
}

/// A promise about time, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deadline {
    pub what: String,
    pub within_ms: u64,
    /// Where it ended: the title of a checkpoint; missing for the end of the run.
    pub until: Option<String>,
    /// Missing while it still ran.
    pub took_ms: Option<u64>,
    pub kept: Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    Met,
    Missed,
    /// The run stands, and the deadline has not passed as far as the journal tells.
    Open,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    pub at: i64,
    pub kind: Kind,
    pub text: String,
}

/// What a line of the timeline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Run,
    Section,
    Step,
    Gate,
    Decision,
    Undo,
    Trouble,
    Word,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub at: i64,
    pub matrix: String,
    /// From 1.
    pub row: usize,
    pub inputs: Vec<(String, String)>,
    pub outputs: Vec<(String, String)>,
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    pub at: i64,
    pub path: String,
    pub text: String,
    pub answer: Option<String>,
    pub by: Option<String>,
    /// How long it stood open.
    pub took_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Command {
    /// As `runbook show RUN --output NUMBER` takes it.
    pub number: u64,
    pub at: i64,
    pub path: String,
    /// The machine it ran on, by its name in the runbook; missing, the one of the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    pub command: String,
    pub acts: Acts,
    /// Missing where nobody knows: it was under way at the end of the journal, or was settled by a person's word.
    pub outcome: Option<String>,
    pub took_ms: Option<u64>,
    /// The last lines it printed.
    pub said: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Acts {
    Yes,
    OnlyLooks,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    pub at: i64,
    pub item: String,
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub before: String,
    pub after: String,
    /// Label, before, after.
    pub differences: Vec<(String, String, String)>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deviation {
    pub at: i64,
    pub path: String,
    pub what: String,
    pub reason: String,
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    pub at: i64,
    pub message: String,
    pub to: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    pub at: i64,
    pub text: String,
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FollowUp {
    pub title: String,
    pub to: Option<String>,
    pub due: Option<i64>,
    pub items: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Absence {
    pub from: i64,
    pub to: i64,
}
