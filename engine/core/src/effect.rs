//! Wishes, in the imperative. The host carries them out, after what they rest on is durable.

use serde::{Deserialize, Serialize};

use crate::clock::Deadline;
use crate::prompt::Prompt;
use runbook_plan::command::{Mark, Strictness};
use runbook_plan::ids::{ContactId, InterpreterId};
use runbook_plan::plan::Outcome;
use runbook_plan::value::SecretId;

/// Known by its place in the run's order of effects: the same at every replay of the same journal.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EffectId(pub u64);

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    CheckNeeds {
        id: EffectId,
        commands: Vec<String>,
        env: Vec<String>,
    },
    TakeLocks {
        id: EffectId,
        locks: Vec<String>,
    },
    /// Fetch every secret now, so that a missing one stops the run before its first step.
    FetchSecrets {
        id: EffectId,
    },
    /// Start a command. Its intent is journaled first, its identity before its gate opens.
    Run(Run),
    /// Stop the tree of a command: TERM, grace, KILL. [`crate::event::Event::Exited`] follows; for an orphan,
    /// [`crate::event::Event::Found`] gone. Of a request: drop the connection;
    /// [`crate::event::Event::RequestFailed`] follows.
    Stop {
        id: EffectId,
        urgency: Urgency,
    },
    /// Wait for an orphan of an earlier engine: [`crate::event::Event::Found`] gone follows when nothing of
    /// its tree lives any more.
    AwaitOrphan {
        id: EffectId,
    },
    /// Ask a machine what became of a command there whose end nobody saw: [`crate::event::Event::Learned`] follows.
    /// Whatever of it still lives there is ended first.
    Inquire {
        id: EffectId,
        about: EffectId,
        on: Remote,
    },
    Request(Request),
    Ask {
        id: EffectId,
        prompt: Prompt,
    },
    /// Close an open prompt: its deadline passed or its block was left.
    Withdraw {
        id: EffectId,
    },
    WriteDocument {
        id: EffectId,
        path: String,
        text: String,
    },
    /// Say something to the person; it asks for no answer.
    Tell(Notice),
    /// Nothing can go on without a person or the time: release everything and exit 75.
    Park {
        why: String,
        until: Option<Deadline>,
    },
    /// The run is over.
    End {
        outcome: Outcome,
        text: String,
        why: EndWhy,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// TERM, ten seconds' grace, KILL.
    Grace,
    /// KILL now.
    Kill,
}

/// Why a run is over; with the outcome it gives the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndWhy {
    /// `finish`, or the end was reached.
    Finished,
    Failed,
    /// A person declined or ended it.
    Declined,
}

/// A command, ready to start: every value in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub id: EffectId,
    pub mark: Mark,
    pub role: Role,
    /// The step it stands in, by path of names.
    pub path: String,
    /// For people: values filled in, secrets as `‹name›`.
    pub shown: String,
    /// Variants; the host takes the first of its platform.
    pub programs: Vec<Program>,
    /// The machine it runs on, reached by `ssh`; missing, this one.
    pub on: Option<Remote>,
    /// Where; relative to the run's directory, on another machine to the home of who logs in there.
    pub dir: Option<String>,
    /// `env` of the runbook and the values of holes.
    pub env: Vec<(String, EnvValue)>,
    pub manner: Manner,
    /// Of this attempt; the core sends [`Effect::Stop`] when it passes.
    pub deadline: Option<Deadline>,
    pub attempt: u32,
}

/// A machine that a command runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// As the runbook calls it.
    pub name: String,
    /// What `ssh` is given.
    pub address: String,
}

/// What a command is for: decides how it is shown and journaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A statement of a step or of the flow.
    Statement,
    /// A `let`, a snapshot, a look of a `wait` or a check: its value alone is journaled.
    Look,
    DoneIf,
    Undo,
    Channel,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    Plain,
    Interactive,
    Live { until: Deadline },
    Background,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Program {
    /// The first word is the program; a secret never stands here.
    Direct(Vec<String>),
    Script {
        interpreter: RunInterpreter,
        text: String,
        strict: Strictness,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum RunInterpreter {
    Sh,
    Bash,
    Zsh,
    PowerShell,
    Python,
    /// The script comes on the standard input of this program.
    Declared(InterpreterId, Box<Program>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum EnvValue {
    Text(String),
    Secret(SecretId),
    /// A secret percent-encoded: it stands inside an address.
    SecretEncoded(SecretId),
    /// Text with secrets in it.
    Mixed(Vec<EnvValue>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub id: EffectId,
    pub mark: Mark,
    pub role: Role,
    pub path: String,
    pub shown: String,
    pub method: String,
    pub url: EnvValue,
    pub headers: Vec<(String, EnvValue)>,
    pub body: Option<EnvValue>,
    /// From its start.
    pub timeout_ms: u64,
    pub attempt: u32,
}

/// What the person is told, in order. Terminal, timeline and report are made of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    Prose {
        text: String,
    },
    Warning {
        text: String,
    },
    SectionEntered {
        path: String,
        title: String,
    },
    StepStarted {
        path: String,
        title: String,
        attempt: u32,
    },
    /// A command is about to start.
    Running {
        effect: EffectId,
        path: String,
        command: String,
        mark: NoticeMark,
        /// The machine it runs on, by its name in the runbook; missing, this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<String>,
    },
    /// A command or request is over; `said` is its output's last lines.
    Ran {
        effect: EffectId,
        path: String,
        verdict: Verdict,
        said: String,
        elapsed_ms: u64,
    },
    StepDone {
        path: String,
        title: String,
        elapsed_ms: u64,
    },
    StepSkipped {
        path: String,
        title: String,
        why: String,
    },
    StepFailed {
        path: String,
        title: String,
        why: String,
    },
    /// Ctrl-C while something runs. First: the step ends, then it is asked. Second: it is stopped. Third: killed.
    Interrupted {
        times: u32,
    },
    CheckpointReached {
        path: String,
        title: String,
    },
    CheckpointPassed {
        path: String,
        title: String,
    },
    CheckHeld {
        title: String,
    },
    CheckFailed {
        title: String,
        why: String,
    },
    Bound {
        name: String,
        value: String,
    },
    Chosen {
        question: String,
        label: String,
        by: String,
    },
    Decided {
        matrix: String,
        row: usize,
        inputs: Vec<(String, String)>,
        outputs: Vec<(String, String)>,
        note: String,
    },
    SeveritySet {
        severity: String,
        title: String,
    },
    /// `attempt` left by failure or time; `otherwise` follows.
    AttemptFailed {
        path: String,
        title: String,
        why: String,
    },
    WaitStarted {
        path: String,
        what: String,
        until: Option<Deadline>,
    },
    WaitEnded {
        path: String,
        what: String,
        elapsed_ms: u64,
    },
    Retrying {
        path: String,
        attempt: u32,
        of: u32,
        after_ms: u64,
    },
    UndoStarted {
        path: String,
        title: String,
    },
    UndoDone {
        path: String,
        title: String,
    },
    UndoFailed {
        path: String,
        why: String,
        left: Vec<String>,
    },
    DeadlinePassed {
        what: String,
        late_ms: u64,
    },
    Escalated {
        to: ContactId,
        contact: String,
        text: String,
    },
    MessageSent {
        message: String,
        to: String,
    },
    Evidence {
        item: String,
        value: String,
    },
    Compared {
        before: String,
        after: String,
        differences: Vec<(String, String, String)>,
    },
    Deviation {
        path: String,
        what: String,
        reason: String,
        by: String,
    },
    FollowUp {
        title: String,
        to: Option<String>,
        due: Option<i64>,
        items: Vec<String>,
    },
    Note {
        text: String,
        by: String,
    },
    ClockJumped {
        by_ms: i64,
    },
    Resumed {
        by: String,
    },
    Settled {
        path: String,
        command: String,
        how: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeMark {
    Look,
    Act,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Failed { why: String },
    TimedOut,
    Stopped,
    Skipped { why: String },
}
