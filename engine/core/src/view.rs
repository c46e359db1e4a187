//! Where a run stands, for a person: made from the plan and the state, by everything that shows a run.

use serde::Serialize;

use crate::clock::Deadline;
use crate::effect::{EffectId, EndWhy};
use crate::prompt::Prompt;
use runbook_plan::plan::Outcome;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    pub title: String,
    /// The run's id.
    pub run: String,
    pub operator: String,
    /// Titles of the sections, procedures and attempts around where the run stands, outermost first.
    pub within: Vec<String>,
    pub step: Option<StepView>,
    /// Running clocks, the next to pass first: the attempt's, the section's, the severity's, the objective's.
    pub clocks: Vec<ClockView>,
    pub severity: Option<String>,
    pub running: Vec<RunningView>,
    pub prompts: Vec<(EffectId, Prompt)>,
    /// What the run waits for, where it waits.
    pub waiting: Option<WaitView>,
    /// Titles of the next steps, as far as the plan alone can say.
    pub next: Vec<String>,
    pub phase: Phase,
    /// Steps that an undo could take back, newest first, by path.
    pub undoable: Vec<String>,
    /// Checkpoints passed, by path, newest first.
    pub checkpoints: Vec<String>,
    /// Bound names and their values as a person would read them; secrets by name.
    pub values: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepView {
    pub path: String,
    pub title: String,
    /// The k of "step k of n", from 1.
    pub number: usize,
    /// All steps of the plan that this run may still meet or has met.
    pub of: usize,
    pub attempt: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClockView {
    pub what: String,
    pub deadline: Deadline,
    pub started: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunningView {
    pub effect: EffectId,
    pub path: String,
    pub command: String,
    /// Milliseconds since 1970, UTC.
    pub since: i64,
    pub deadline: Option<Deadline>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaitView {
    pub what: String,
    pub until: Option<Deadline>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    #[default]
    Preparing,
    Running,
    Undoing,
    Parked {
        why: String,
    },
    Ended {
        outcome: Outcome,
        text: String,
        why: EndWhy,
    },
}
