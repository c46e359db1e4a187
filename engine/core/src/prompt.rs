//! What a person is asked, and what a person says.

use runbook_plan::value::{Type, Value};
use serde::{Deserialize, Serialize};

use crate::clock::Deadline;
use crate::event::Moment;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    pub kind: PromptKind,
    /// The question, values filled in.
    pub text: String,
    /// What an answers file may call it: its name, its text with values filled in, its source text.
    pub keys: Vec<String>,
    /// Prose and warnings that belong to it, already shown or to be shown above it.
    pub detail: Vec<Detail>,
    /// The step it stands in, by path of names.
    pub path: String,
    /// When it answers itself or escalates.
    pub deadline: Option<Deadline>,
    /// What it answers itself with then, for the countdown: `No`.
    pub otherwise: Option<String>,
}

impl Prompt {
    /// After a Ctrl-C: whether the run goes on.
    pub fn interrupted() -> Prompt {
        Prompt {
            kind: PromptKind::Interrupted,
            text: "interrupted: go on?".into(),
            keys: vec!["interrupted".into()],
            detail: Vec::new(),
            path: String::new(),
            deadline: None,
            otherwise: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    Prose(String),
    Warning(String),
    Command(String),
    /// Last lines of an output.
    Output(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum PromptKind {
    /// A `param` or an `ask`.
    Input {
        ty: Type,
        default: Option<Value>,
        suggestions: Vec<String>,
        closed: Closed,
        matches: Option<String>,
    },
    /// `confirm`; with `or skip` a third answer.
    Confirm {
        declined: ConfirmDeclined,
    },
    /// A checklist item, or `needs "…"`. With evidence: its value is the answer.
    Item {
        evidence: Option<Type>,
    },
    Approve {
        by: Option<String>,
    },
    /// Answered by typing `phrase`.
    Irreversible {
        phrase: String,
    },
    Choose {
        options: Vec<ChooseOption>,
    },
    /// A manual step, or one marked `todo`.
    Manual,
    /// A message for a channel without a block: shown to copy, and confirmed.
    Copy {
        message: String,
    },
    /// An `interactive` command has ended: how did it go?
    HowDidItGo {
        exit: String,
    },
    /// A failed step. `choices` are those that are possible here.
    Failed {
        why: String,
        command: Option<String>,
        choices: Vec<FailedChoice>,
    },
    /// A command that was in flight at a crash and that nothing but a person can settle.
    InDoubt {
        command: String,
        choices: Vec<DoubtChoice>,
    },
    /// A command that was in flight at a crash and still runs.
    Orphan {
        command: String,
        processes: Vec<String>,
    },
    /// Ctrl-C at a prompt or between statements.
    Interrupted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// Suggestions are all there is.
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmDeclined {
    Fails,
    Skips,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChooseOption {
    pub label: String,
    pub recommended: bool,
    /// An `only if` that does not hold: shown, and not to be chosen.
    pub unavailable: Option<String>,
    pub detail: Vec<Detail>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedChoice {
    Retry,
    RetryEdited,
    Skip,
    Done,
    /// The checkpoints that can be reached, newest first, by path.
    Undo {
        checkpoints: Vec<String>,
    },
    Pause,
    Fail,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtChoice {
    Done,
    RunAgain,
    /// The checkpoints that can be reached, newest first, by path.
    Undo {
        checkpoints: Vec<String>,
    },
    Pause,
    Fail,
}

/// A question of a run, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub prompt: Prompt,
    pub at: Moment,
    /// Missing where nobody has answered, or it was withdrawn.
    pub answered: Option<Answered>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub at: Moment,
    pub by: String,
    pub answer: Answer,
}

/// What a person said. The core refuses what does not fit the prompt ([`crate::effect::Effect::Ask`] comes again with a word why).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    Value {
        value: Value,
    },
    Yes,
    No,
    /// `confirm … or skip`, a manual step.
    Skip {
        reason: String,
    },
    Done {
        reason: String,
    },
    Failed {
        reason: String,
    },
    /// Of a `choose`, by index.
    Chose {
        option: usize,
    },
    /// The phrase of an `irreversible`.
    Typed {
        text: String,
    },
    Retry,
    RetryEdited {
        command: String,
        reason: String,
    },
    Undo {
        checkpoint: String,
        reason: String,
    },
    Pause {
        reason: String,
    },
    Fail {
        reason: String,
    },
    RunAgain {
        reason: String,
    },
    /// Of an orphan.
    WaitForIt,
    StopIt,
    LeaveIt,
    /// Of [`PromptKind::Interrupted`].
    GoOn,
}
