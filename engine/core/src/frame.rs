//! What a fiber is in the middle of: a stack of frames, each a construct and how far it is.

use std::sync::Arc;

use runbook_plan::command::Mark;
use runbook_plan::ids::{BlockId, CommandId, ContactId, GuardId, HostId, NodeId, VarId};
use runbook_plan::plan::{Judged, Looked, Outcome};
use runbook_plan::value::{Type, Value};

use crate::clock::Deadline;
use crate::effect::{EffectId, EndWhy, EnvValue, Remote, Role};
use crate::event::{Found, Learned, Moment};
use crate::prompt::{Answer, Prompt};
use crate::state::{Cause, FiberId, Last, TimerKind, UndoEntry};

/// A construct under way. Those with much to remember are boxed, so that a stack stays small.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// The bottom of the run itself.
    Root(Root),
    Seq(Seq),
    Scope(Box<Scope>),
    Attempt(Box<Attempt>),
    Exec(Box<Exec>),
    Ask(Box<Ask>),
    Input(Box<Sought>),
    Inputs(Vec<InputSource>),
    Menu(Box<Menu>),
    Guards(Guards),
    For(Box<For>),
    Parallel(Box<Parallel>),
    Call(Box<Call>),
    Let(Let),
    Prompted(Box<Prompted>),
    Choose(Box<Choose>),
    Decide(Box<Decide>),
    Check(Check),
    Sleep(Box<Sleep>),
    Until(Box<Until>),
    Snapshot(Box<Snapshot>),
    Message(Box<Message>),
    Undo(Box<Undo>),
    Back(Box<Back>),
    Settle(Box<Settle>),
}

/// What a frame gets.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Enter,
    Child(Signal),
    Answered(Answer, String),
    /// Nobody is there to answer, and this question is not one to park for.
    Nobody,
    Ran(Box<Ran>),
    Time,
    /// Only what can be stopped at gets it: the run, an attempt, a block with a name.
    Stopped(Cause),
    Branch(Signal),
    /// And the last that is known of what it said.
    Found(Found, String),
    /// What another machine knows of a command there.
    Learned(Learned),
    /// A document, the needs, the locks, the secrets: done, or why not.
    Other(Result<String, String>),
}

/// What a frame leaves behind.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    Ok,
    /// By `only if`, `done if` or a person.
    Skipped,
    Failed(Box<Failure>),
    Value(Value),
    Return(Option<Value>),
    Finish(Outcome, String),
    Ran(Box<Ran>),
    Answered(Answer, String),
    Choice(Choice),
    Unwound,
}

#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub why: String,
    pub kind: FailureKind,
    /// A person has seen it and let it fail.
    pub seen: bool,
    /// The command that failed, for the menu.
    pub command: Option<(CommandId, String)>,
    /// Its last lines.
    pub said: String,
    pub why_ended: EndWhy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    Ordinary,
    Declined,
    /// By the operator, on purpose: not tried again unasked.
    Stopped,
    /// Nothing handles it: a failed undo.
    Fatal,
}

impl Failure {
    pub fn new(why: impl Into<String>) -> Failure {
        Failure {
            why: why.into(),
            kind: FailureKind::Ordinary,
            seen: false,
            command: None,
            said: String::new(),
            why_ended: EndWhy::Failed,
        }
    }
    pub fn declined(why: impl Into<String>) -> Failure {
        Failure {
            kind: FailureKind::Declined,
            why_ended: EndWhy::Declined,
            ..Failure::new(why)
        }
    }
    pub fn signal(self) -> Signal {
        Signal::Failed(Box::new(self))
    }
}

pub(crate) fn fail(why: impl Into<String>) -> Signal {
    Failure::new(why).signal()
}

/// What became of a command or request.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub last: Last,
    pub end: RanEnd,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RanEnd {
    /// It ended by itself: exit code or status are in `last`.
    Itself,
    Signal(String),
    NotStarted(String),
    NoResponse(String),
    TimedOut,
    Stopped,
    Lost(String),
    /// A `live` command had its time.
    Enough,
    /// It was not run: a probe.
    Skipped,
    /// Somebody says it was done.
    Settled(String),
    /// A person let it fail.
    LetFail(String),
}

/// What a frame does next.
pub(crate) enum Next {
    Push(Frame, Frame),
    Wait(Frame),
    Done(Signal),
    /// In its place, entered.
    Become(Frame),
    /// The run goes back to how its frames were at a checkpoint, and on from there.
    Restore(Vec<crate::state::Slot>),
    /// These stand on it, the last one innermost: a start in the middle.
    Descend(Frame, Vec<Frame>),
}

#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub stage: RootStage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RootStage {
    Needs,
    Persons(usize),
    Params(usize),
    Locks,
    Secrets,
    Lacking,
    Body,
}

#[derive(Clone, Debug)]
pub(crate) struct Seq {
    pub block: BlockId,
    pub at: usize,
    /// Where it ends, if before its block does: a branch of a `parallel` is one statement.
    pub end: usize,
    pub mode: SeqMode,
    pub failures: Vec<String>,
    pub failed: Option<Box<Failure>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeqMode {
    Flow,
    /// A checkpoint: all of it, then the verdict.
    Collect,
}

/// A block with its policies.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub block: BlockId,
    pub kind: ScopeKind,
    pub stage: Stage,
    pub attempt: u32,
    pub tries_left: Option<u64>,
    pub delay_ms: u64,
    pub started: Moment,
    pub undo_pushed: bool,
    pub confirmed: bool,
    pub ended: Option<Signal>,
    pub answers: Vec<Remembered>,
    pub edited: Option<(CommandId, String)>,
    /// Its clock, as it was wound.
    pub within: Option<(Deadline, TimerKind)>,
    /// Where its body starts, for `--from`.
    pub first: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    pub node: NodeId,
    pub part: usize,
    pub iteration: Vec<usize>,
    pub answer: Answer,
    pub by: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    Plain,
    Step(NodeId),
    Section(NodeId),
    Checkpoint(NodeId),
    Procedure,
    Attempt,
    Undo,
}

impl ScopeKind {
    /// What is begun is brought to its end: a first Ctrl-C stops nothing in it.
    pub fn is_one_deed(self) -> bool {
        matches!(
            self,
            ScopeKind::Step(_) | ScopeKind::Checkpoint(_) | ScopeKind::Undo
        )
    }

    /// What has a name and a title.
    pub fn node(self) -> Option<NodeId> {
        match self {
            ScopeKind::Step(node) | ScopeKind::Section(node) | ScopeKind::Checkpoint(node) => {
                Some(node)
            }
            ScopeKind::Plain | ScopeKind::Procedure | ScopeKind::Attempt | ScopeKind::Undo => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Enter,
    Guards,
    DoneIf,
    After,
    Body,
    Manual,
    Delay,
    OnFailure,
    Menu,
    Always,
}

#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub node: NodeId,
    pub block: BlockId,
    pub otherwise: Option<BlockId>,
    pub mark: u64,
    pub stage: AttemptStage,
    pub ended: Option<Box<Failure>>,
    /// Its clock, as it was wound.
    pub within: Option<(Deadline, TimerKind)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptStage {
    Body,
    Undo,
    Otherwise,
}

/// A command or a request.
#[derive(Clone, Debug)]
pub(crate) struct Exec {
    pub what: Looked,
    pub mark: Mark,
    pub role: Role,
    pub want: Want,
    pub stage: ExecStage,
    pub attempt: u32,
    /// What is told: nothing for the looks of a wait.
    pub told: Told,
    pub id: EffectId,
    pub until: Option<BlockId>,
    pub ran: Option<Box<Ran>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Verdict(Judged),
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecStage {
    Enter,
    Confirm,
    Gate,
    Running,
    HowDidItGo,
    Until,
    Settle,
}

/// A question, asked until the answer fits.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub prompt: Prompt,
    pub id: EffectId,
    pub at_deadline: AtDeadline,
}

#[derive(Clone, Debug)]
pub(crate) enum AtDeadline {
    Nothing,
    Answer(Answer),
    /// To whom; to whoever is on duty where none is named.
    Escalate(Option<ContactId>, String),
}

/// A value asked for and checked: a `param`, an `ask`, an input of a decision, a value that `--from` lacks.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    pub source: InputSource,
    pub stage: InputStage,
    pub given: Option<Value>,
    pub lines: Vec<String>,
    pub why: Option<String>,
    pub value: Option<Value>,
    pub by: String,
}

#[derive(Clone, Debug)]
pub(crate) enum InputSource {
    Param(usize),
    Ask(NodeId),
    Column {
        matrix: runbook_plan::ids::MatrixId,
        column: usize,
        binds: Option<VarId>,
        ty: Type,
    },
    Name(VarId),
    /// A checkpoint that was not come by: whether it holds all the same.
    Checkpoint(NodeId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputStage {
    Enter,
    Lines,
    Ask,
    Check(usize),
}

/// The failed step.
#[derive(Clone, Debug)]
pub(crate) struct Menu {
    pub failure: Failure,
    pub path: String,
    pub of: MenuOf,
    pub id: EffectId,
    pub why: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MenuOf {
    Step,
    Undo,
}

#[derive(Clone, Debug)]
pub(crate) enum Choice {
    Retry,
    RetryEdited(CommandId, String),
    Skip(String),
    Done(String),
    Fail(Box<Failure>),
}

#[derive(Clone, Debug)]
pub(crate) struct Guards {
    pub list: Vec<GuardId>,
    pub at: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct For {
    pub node: NodeId,
    pub items: Vec<Value>,
    pub labels: Vec<String>,
    pub at: usize,
    pub clears: Vec<VarId>,
    pub parallel: Option<usize>,
    pub running: usize,
    /// What is irreversible: confirmed for all of the list, or being asked.
    pub confirmed: Vec<(Irreversible, Confirmed)>,
    pub failures: Vec<Failure>,
}

/// An irreversible block as one round of a loop comes to it. A procedure that is called twice does two different
/// things, and who agreed to one of them has not agreed to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Irreversible {
    pub block: BlockId,
    /// The calls between the loop and the block.
    pub calls: Vec<NodeId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    Asking,
    Yes,
    Declined,
}

#[derive(Clone, Debug)]
pub(crate) struct Parallel {
    pub block: BlockId,
    pub at: usize,
    pub running: usize,
    pub max: usize,
    pub failures: Vec<Failure>,
}

/// `on`, `in` and `env` around a call, with the values they had when it was made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub host: Option<HostId>,
    pub dir: Option<String>,
    pub env: Vec<(String, EnvValue)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub node: NodeId,
    /// Where and as what the procedure's commands run that do not say it themselves.
    pub surroundings: Option<Arc<Surroundings>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Let {
    pub node: NodeId,
}

/// A prompt that is a statement: `confirm`, an item, `approve`, a `todo`.
#[derive(Clone, Debug)]
pub(crate) struct Prompted {
    pub node: NodeId,
    pub part: PromptedPart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromptedPart {
    Enter,
    Asked,
}

#[derive(Clone, Debug)]
pub(crate) struct Choose {
    pub node: NodeId,
    pub labels: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Decide {
    pub node: NodeId,
    pub values: Vec<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub node: NodeId,
}

#[derive(Clone, Debug)]
pub(crate) struct Sleep {
    pub what: String,
    pub until: Deadline,
    pub began: Moment,
}

/// `wait up to`, `watch`, and the `until` of a background command.
#[derive(Clone, Debug)]
pub(crate) struct Until {
    pub kind: UntilKind,
    pub block: BlockId,
    pub what: String,
    pub every_ms: u64,
    pub deadline: Option<Deadline>,
    pub deadline_ms: u64,
    pub began: Moment,
    /// Of the look under way.
    pub looked: Moment,
    /// Since when it has held unbroken.
    pub since: Option<Moment>,
    /// How often the run had been resumed: looks of another engine prove nothing of the time between.
    pub epoch: u32,
    pub failures: u64,
    pub last_why: String,
    pub command: Option<EffectId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UntilKind {
    Become { stable_ms: Option<u64> },
    Stay { lasting_ms: u64, allow: u64 },
}

#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub node: NodeId,
    pub taken: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub message: runbook_plan::ids::MessageId,
    pub to: String,
    pub text: String,
    pub entered: bool,
}

/// Undoes the marks from `down_to` on that belong to `owner`, newest first.
#[derive(Clone, Debug)]
pub(crate) struct Undo {
    pub down_to: u64,
    pub owner: FiberId,
    pub current: Option<Box<UndoEntry>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Back {
    pub checkpoint: usize,
    pub stage: BackStage,
    pub then: BackThen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackStage {
    Undo,
    Asked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackThen {
    /// Ask whether to go on from there.
    Ask,
    /// `runbook undo`: park there.
    Park,
}

/// A command whose end nobody saw, being settled.
#[derive(Clone, Debug)]
pub(crate) struct Settle {
    pub mark: Mark,
    pub stage: SettleStage,
    pub doubt: Doubt,
    /// The machine it ran on, where that was another one.
    pub on: Option<Remote>,
    /// That machine says, or cannot say, that nothing of it goes on.
    pub may_go_on: MayGoOn,
    pub want: Want,
    pub effect: EffectId,
    /// The question about the orphan.
    pub prompt: EffectId,
    pub found: Found,
    pub shown: String,
    pub path: String,
    pub said: String,
    /// Depth of the block whose `done if` it is.
    pub scope: Option<usize>,
    pub done_if: Option<Looked>,
    pub repeatable: bool,
}

/// Why nobody saw its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    EngineEnded,
    /// The engine was there all the time.
    Lost(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MayGoOn {
    No,
    /// It is not run a second time beside itself unless somebody says so.
    Yes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettleStage {
    Enter,
    /// The machine it ran on is asked.
    Inquiring,
    Orphan,
    Waiting,
    DoneIf,
    Asked,
}
