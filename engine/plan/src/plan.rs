//! The step graph: what a runbook means, every name resolved, every matrix proven, nothing left to look up.
//!
//! Nodes and blocks lie in arenas and refer to each other by index, so a plan of any length is walked
//! without recursion along its blocks; nesting is bounded by the language.

use crate::command::{Command, Request, Settings};
use crate::expr::{Clause, Expr, Factor, Pattern, Template};
use crate::ids::*;
use crate::value::{Type, Value};
use runbook_grammar::span::Span;

#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub title: String,
    pub about: About,
    pub root: Option<BlockId>,
    pub nodes: Vec<Node>,
    pub blocks: Vec<Block>,
    pub vars: Vec<Var>,
    pub commands: Vec<Command>,
    pub requests: Vec<Request>,
    pub settings: Vec<Settings>,
    pub interpreters: Vec<DeclaredInterpreter>,
    pub procedures: Vec<Procedure>,
    pub matrices: Vec<Matrix>,
    pub params: Vec<Param>,
    pub secrets: Vec<Secret>,
    pub severities: Vec<Severity>,
    pub contacts: Vec<Contact>,
    pub channels: Vec<Channel>,
    pub messages: Vec<Message>,
    pub needs: Vec<Need>,
    pub guards: Vec<Guard>,
    pub locks: Vec<Template>,
    pub hosts: Vec<Host>,
    pub triggers: Vec<Trigger>,
    pub objective: Option<Objective>,
    /// Declared at the top level: due from the end of the run.
    pub follow_ups: Vec<FollowUp>,
}

#[derive(Clone, Debug, Default)]
pub struct About {
    pub owner: Option<String>,
    pub version: Option<String>,
    pub tags: Vec<String>,
    pub links: Vec<(String, Template)>,
}

/// A statement in the graph.
#[derive(Clone, Debug)]
pub struct Node {
    pub kind: NodeKind,
    pub span: Span,
}

/// A sequence of nodes with the policies that govern it.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub nodes: Vec<NodeId>,
    pub policies: Policies,
    /// Guards declared in this block; they hold for it and everything inside.
    pub guards: Vec<GuardId>,
    pub span: Span,
}

/// What a block says about how it is run. `timeout` and `retry` of outer blocks are already in those of steps.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    pub only_if: Option<Box<Expr>>,
    pub done_if: Option<Looked>,
    /// Of one attempt of the block.
    pub timeout: Option<Box<Clause>>,
    pub retry: Option<Box<Retry>>,
    pub undo: Option<BlockId>,
    pub irreversible: Option<Box<Template>>,
    pub repeatable: Option<Repeatable>,
    pub takes: Option<Box<(Clause, Clause)>>,
    pub on_failure: Option<BlockId>,
    pub always: Option<BlockId>,
}

/// Says that a block is safe to run again after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeatable;

#[derive(Clone, Debug)]
pub struct Retry {
    /// Attempts after the first.
    pub times: Clause,
    pub every: Option<Clause>,
    pub backoff: Option<Factor>,
}

/// Something that looks: a `?` command or a GET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    Command(CommandId),
    Request(RequestId),
}

#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Shown when reached, before what follows.
    Prose(Template),
    Warning(Template),

    Section {
        name: Option<String>,
        title: Template,
        within: Option<Box<Clause>>,
        block: BlockId,
    },
    /// Without nodes that do anything it is a manual step.
    Step {
        name: String,
        title: Template,
        block: BlockId,
        manual: Manual,
    },
    /// All of it is evaluated, then all must hold.
    Checkpoint {
        name: String,
        title: Template,
        after: Option<Box<Clause>>,
        since: Option<NodeId>,
        block: BlockId,
    },
    If {
        arms: Vec<(Expr, BlockId)>,
        otherwise: Option<BlockId>,
    },
    Choose {
        question: Template,
        binds: Option<VarId>,
        within: Option<Box<Within>>,
        arms: Vec<ChooseArm>,
    },
    Decide {
        matrix: MatrixId,
        inputs: Vec<DecideInput>,
        by: usize,
        outputs: Vec<VarId>,
        arms: Vec<DecideArm>,
    },
    Attempt {
        name: String,
        title: Template,
        within: Option<Box<Clause>>,
        block: BlockId,
        otherwise: Option<BlockId>,
    },
    /// Each node of the block is a branch.
    Parallel {
        title: Option<Template>,
        max: Option<Box<Clause>>,
        block: BlockId,
    },
    For {
        var: VarId,
        items: Box<Expr>,
        parallel: Option<Box<Clause>>,
        block: BlockId,
    },
    Wait(Box<Clause>),
    /// Looks again and again until the block holds (and stays so, for `stable`); fails after `limit`.
    WaitUpTo {
        limit: Box<Clause>,
        every: Option<Box<Clause>>,
        stable: Option<Box<Clause>>,
        block: BlockId,
    },
    Watch {
        lasting: Box<Clause>,
        every: Option<Box<Clause>>,
        allow: Option<Box<Clause>>,
        block: BlockId,
    },
    /// `name` is the `as`, else as it was called (`queues.resume`): the step's path goes through it.
    Do {
        /// Of the call: defaults for what the procedure does not set itself.
        settings: SettingsId,
        procedure: ProcedureId,
        name: String,
        args: Vec<(VarId, Expr)>,
        result: Option<VarId>,
    },
    Let {
        var: VarId,
        value: LetValue,
    },
    Notify(MessageId),
    Escalate {
        to: ContactId,
        text: Option<Template>,
    },
    /// The checkpoint it goes back to.
    Rewind(NodeId),
    Finish {
        outcome: Outcome,
        text: Option<Template>,
    },
    Return(Option<Box<Expr>>),
    FollowUp(Box<FollowUp>),

    Command {
        command: CommandId,
        judged: Judged,
    },
    Request {
        request: RequestId,
        judged: Judged,
    },
    Ask(Box<Ask>),
    Confirm {
        question: Template,
        declined: Declined,
        within: Option<Box<Within>>,
    },
    Item {
        text: Template,
        evidence: Option<VarId>,
    },
    Approve {
        text: Template,
        by: Option<ContactId>,
        within: Option<Box<Within>>,
    },
    Expect {
        condition: Box<Expr>,
        why: Option<Template>,
        source: String,
    },
    Check {
        title: Option<Template>,
        block: BlockId,
    },
    Snapshot {
        name: String,
        entries: Vec<(String, Looked)>,
    },
    Compare {
        before: String,
        after: String,
    },
    Todo(Template),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manual {
    /// Nothing in it to run: the operator does it and says done, failed or skipped.
    Yes,
    No,
}

/// Who says whether a command went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It must exit 0, or answer below 400.
    ByExit,
    /// An `expect` below speaks of its exit or status.
    ByExpect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declined {
    Fails,
    Skips,
}

#[derive(Clone, Debug)]
pub enum LetValue {
    Expr(Box<Expr>),
    Command(CommandId),
    Request(RequestId),
}

#[derive(Clone, Debug)]
pub struct Ask {
    pub var: VarId,
    pub question: Template,
    pub default: Option<Expr>,
    pub rules: InputRules,
    pub within: Option<Within>,
}

/// The block of a `param` or an `ask`.
#[derive(Clone, Debug, Default)]
pub struct InputRules {
    pub explanation: Vec<Template>,
    pub suggest: Option<Looked>,
    /// The lines close the set.
    pub from: Option<Looked>,
    pub matches: Option<Pattern>,
    pub checks: Vec<BlockId>,
}

#[derive(Clone, Debug)]
pub struct Within {
    pub limit: Clause,
    pub otherwise: Option<WithinElse>,
}

#[derive(Clone, Debug)]
pub enum WithinElse {
    Answer(Expr),
    /// An arm of a `choose`, by index.
    Arm(usize),
    Escalate {
        to: ContactId,
        text: Option<Template>,
    },
}

#[derive(Clone, Debug)]
pub struct ChooseArm {
    pub label: Template,
    pub recommended: bool,
    pub only_if: Option<Expr>,
    /// Prose and warnings that open the arm, shown with the question; still in the block as well.
    pub opening: Vec<NodeId>,
    pub block: BlockId,
}

#[derive(Clone, Debug)]
pub enum DecideInput {
    Value(Expr),
    /// Asked for when the decision is reached; also binds the `param` of its name, where there is one.
    Ask {
        ty: Type,
        binds: Option<VarId>,
    },
    /// A name in scope that may be missing: its value, else asked for and bound.
    ValueOrAsk(Expr, VarId),
}

#[derive(Clone, Debug)]
pub struct DecideArm {
    pub values: Vec<Value>,
    pub block: BlockId,
}

/// How a run ends, in the words of `finish`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Resolved,
    RolledBack,
    Mitigated,
    NoAction,
    Escalated,
    Failed,
}

#[derive(Clone, Debug)]
pub struct Var {
    pub name: String,
    pub ty: Type,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Procedure {
    /// With its module: `queues.resume`.
    pub name: String,
    pub title: Template,
    pub params: Vec<(VarId, Option<Expr>)>,
    pub returns: Option<Type>,
    pub block: BlockId,
}

#[derive(Clone, Debug)]
pub struct Matrix {
    pub name: String,
    pub inputs: Vec<Column>,
    pub outputs: Vec<Column>,
    pub first: bool,
    pub rows: Vec<MatrixRow>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub ty: Type,
}

#[derive(Clone, Debug)]
pub struct MatrixRow {
    /// One for each input.
    pub tests: Vec<Test>,
    /// One for each output.
    pub gives: Vec<Value>,
    /// Heading and text of each further column.
    pub notes: Vec<(String, String)>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Any,
    Is(Value),
    Less(Value),
    LessEqual(Value),
    Greater(Value),
    GreaterEqual(Value),
    NotEqual(Value),
    Between(Value, Value),
    OneOf(Vec<Test>),
}

#[derive(Clone, Debug)]
pub struct Param {
    pub var: VarId,
    pub prompt: Option<Template>,
    pub default: Option<Expr>,
    pub rules: InputRules,
}

#[derive(Clone, Debug)]
pub struct Secret {
    pub name: String,
    pub from: SecretFrom,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum SecretFrom {
    Env(String),
    File(String),
    Command(CommandId),
    Prompt,
}

#[derive(Clone, Debug)]
pub struct Severity {
    pub name: String,
    pub title: String,
    /// Milliseconds.
    pub within: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Contact {
    pub name: String,
    pub title: String,
    pub fields: Vec<(String, Template)>,
    /// Milliseconds, and whom.
    pub escalate: Option<(u64, ContactId)>,
}

#[derive(Clone, Debug)]
pub struct Channel {
    pub name: String,
    pub title: String,
    /// Missing: the text is shown to copy, and confirmed.
    pub block: Option<BlockId>,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub name: String,
    pub to: MessageTo,
    pub text: Template,
}

#[derive(Clone, Debug)]
pub enum MessageTo {
    Channel(ChannelId),
    File(Template),
}

#[derive(Clone, Debug)]
pub enum Need {
    Command(String),
    Env(String),
    Person(Template),
}

#[derive(Clone, Debug)]
pub struct Guard {
    pub title: Template,
    pub block: BlockId,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Host {
    pub name: String,
    pub address: String,
}

/// Starts a run under `runbook watch`.
#[derive(Clone, Debug)]
pub struct Trigger {
    pub name: String,
    pub title: String,
    /// Milliseconds.
    pub every: Option<u64>,
    pub lets: BlockId,
    pub when: TriggerWhen,
    /// Milliseconds.
    pub lasting: Option<u64>,
    pub start_with: Vec<(VarId, Expr)>,
}

#[derive(Clone, Debug)]
pub enum TriggerWhen {
    Condition(Expr),
    Failing,
}

#[derive(Clone, Debug)]
pub struct Objective {
    /// Milliseconds.
    pub within: u64,
    /// Missing: the end of the run.
    pub until: Option<NodeId>,
}

#[derive(Clone, Debug)]
pub struct FollowUp {
    pub title: Template,
    /// Milliseconds after the end of the run, or after it was reached.
    pub within: Option<u64>,
    pub to: Option<ContactId>,
    pub items: Vec<Template>,
}

/// Declared by `interpreter name { $ … }`: the command that reads the script on its standard input.
#[derive(Clone, Debug)]
pub struct DeclaredInterpreter {
    pub name: String,
    pub command: CommandId,
}
