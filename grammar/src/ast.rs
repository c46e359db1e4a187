//! The typed tree of a file. It keeps what was written, in the order it was written; what it means is
//! `plan`'s business. One kind of [`Block`] and one [`Stmt`] serve the whole language: the parser takes any
//! statement anywhere a statement may stand, and `plan` says which belong where.
//!
//! A statement is small, because a file has many: what few of them have stands in a `Box`.
//!
//! Nothing here is deeper than [`MAX_DEPTH`] blocks, so code that walks it may recurse.

use crate::span::{SourceId, Span};
pub use rust_decimal::Decimal;

/// How deep blocks and expressions nest; deeper is an error of the parser.
pub const MAX_DEPTH: usize = 64;

/// A whole file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    pub source: SourceId,
    /// Missing where the file does not begin with `rbk 1` and a heading.
    pub header: Option<Header>,
    pub body: Vec<Stmt>,
    /// All comments, in order of place.
    pub comments: Vec<Comment>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub version: u32,
    pub kind: FileKind,
    /// The title; for scenarios the path of the runbook they test.
    pub title: Str,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Runbook,
    Module,
    Scenarios,
}

/// `# text`, without the mark and the blank after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    pub text: String,
    pub span: Span,
    /// Stands behind a statement on its line.
    pub trailing: bool,
}

/// An identifier as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

/// `a.b.c`
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub names: Box<[Name]>,
    pub span: Span,
}

/// Text with holes: a string, a line of prose, a command line, the body of a fence. Escapes are resolved,
/// common indentation of a fence is gone, a `\`-continued command line keeps its `\` and newline.
#[derive(Clone, Debug, PartialEq)]
pub struct Str {
    pub parts: Box<[StrPart]>,
    /// With quotes, for a string.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StrPart {
    Text {
        text: String,
        span: Span,
    },
    /// `{{path}}`; the span holds the braces.
    Hole {
        path: Path,
        span: Span,
    },
}

impl Str {
    /// The text, where there are no holes.
    pub fn plain(&self) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                StrPart::Text { text, .. } => Some(text.as_str()),
                StrPart::Hole { .. } => None,
            })
            .collect()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub body: Box<[Stmt]>,
    /// With both braces.
    pub span: Span,
    /// Stood whole on the line of its head.
    pub inline: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    // ---- text
    /// Consecutive `> ` lines, joined by newlines.
    Prose(Str),
    /// Consecutive `! ` lines.
    Warning(Str),

    // ---- declarations
    Owner(Str),
    Version(Str),
    Tags(Vec<Str>),
    Link {
        title: Str,
        url: Str,
    },
    Review {
        every: Expr,
        since: Expr,
    },
    Objective {
        within: Expr,
        until: Option<Name>,
    },
    Severity {
        name: Name,
        title: Str,
        within: Option<Box<Expr>>,
    },
    /// The block holds [`StmtKind::Fields`], [`StmtKind::EscalateAfter`] and prose.
    Contact {
        name: Name,
        title: Str,
        block: Option<Block>,
    },
    /// One line of `key "value"` pairs in a contact.
    Fields(Vec<(Name, Str)>),
    EscalateAfter {
        after: Expr,
        to: Name,
    },
    Needs(Need),
    Param {
        name: Name,
        ty: Box<TypeExpr>,
        prompt: Option<Str>,
        default: Option<Box<Expr>>,
        block: Option<Block>,
    },
    /// `suggest from ? cmd`
    SuggestFrom(Look),
    /// `from ? cmd`
    From(Look),
    /// `matches "re"` in a `param` or `ask`
    Matches(Pattern),
    Secret {
        name: Name,
        from: SecretFrom,
    },
    Host {
        name: Name,
        address: Str,
        block: Option<Block>,
    },
    Interpreter {
        name: Name,
        block: Block,
    },
    Use {
        module: Module,
        alias: Option<Name>,
    },
    Matrix(Box<Matrix>),
    Procedure {
        name: Name,
        params: Vec<Formal>,
        returns: Option<Box<TypeExpr>>,
        title: Option<Str>,
        block: Block,
    },
    Channel {
        name: Name,
        title: Str,
        block: Option<Block>,
    },
    /// The block holds prose.
    Message {
        name: Name,
        to: MessageTo,
        block: Block,
    },
    Guard {
        title: Str,
        block: Block,
    },
    Lock(Str),
    /// The block holds `every`, `let`, `fires when`, `start with`.
    Trigger {
        name: Name,
        title: Str,
        block: Block,
    },
    Every(Expr),
    FiresWhen {
        when: FiresWhen,
        lasting: Option<Box<Expr>>,
    },
    StartWith(Vec<(Name, Expr)>),
    FollowUp {
        title: Str,
        within: Option<Box<Expr>>,
        to: Option<Path>,
        block: Option<Block>,
    },

    // ---- flow
    Section {
        name: Option<Name>,
        title: Str,
        within: Option<Box<Expr>>,
        block: Block,
    },
    Step {
        name: Name,
        title: Str,
        block: Option<Block>,
    },
    Checkpoint {
        name: Name,
        title: Str,
        after: Option<Box<Expr>>,
        since: Option<Box<Name>>,
        block: Option<Block>,
    },
    If {
        arms: Vec<(Expr, Block)>,
        otherwise: Option<Box<Block>>,
    },
    Choose {
        question: Str,
        binds: Option<Name>,
        within: Option<Box<Within>>,
        arms: Vec<ChooseArm>,
        span_arms: Span,
    },
    Decide {
        matrix: Path,
        inputs: Vec<Arg>,
        by: Option<Box<Name>>,
        arms: Vec<DecideArm>,
        span_arms: Span,
    },
    Attempt {
        name: Name,
        title: Option<Str>,
        within: Option<Box<Expr>>,
        block: Block,
        otherwise: Option<Box<Block>>,
    },
    Parallel {
        title: Option<Str>,
        max: Option<Box<Expr>>,
        block: Block,
    },
    For {
        name: Name,
        items: Box<Expr>,
        parallel: Option<Box<Expr>>,
        block: Block,
    },
    Wait(Expr),
    WaitUpTo {
        limit: Box<Expr>,
        every: Option<Box<Expr>>,
        stable: Option<Box<Expr>>,
        block: Block,
    },
    Watch {
        lasting: Box<Expr>,
        every: Option<Box<Expr>>,
        allow: Option<Box<Expr>>,
        block: Block,
    },
    Do(Box<Call>),
    Let {
        name: Name,
        ty: Option<Box<TypeExpr>>,
        value: LetValue,
    },
    Notify(Path),
    Escalate {
        to: Path,
        text: Option<Str>,
    },
    Rewind(Path),
    Finish {
        outcome: Name,
        text: Option<Str>,
    },
    Return(Option<Box<Expr>>),

    // ---- things done in a step
    Command(Command),
    Http(Box<Http>),
    Ask {
        name: Name,
        ty: Box<TypeExpr>,
        question: Str,
        default: Option<Box<Expr>>,
        within: Option<Box<Within>>,
        block: Option<Block>,
    },
    Confirm {
        question: Str,
        or_skip: bool,
        within: Option<Box<Within>>,
    },
    Item {
        text: Str,
        evidence: Option<Box<Formal>>,
    },
    Approve {
        text: Str,
        by: Option<Path>,
        within: Option<Box<Within>>,
    },
    Expect {
        condition: Expr,
        why: Option<Str>,
    },
    Check {
        title: Option<Str>,
        block: Block,
    },
    Snapshot {
        name: Name,
        entries: Vec<SnapshotEntry>,
        span_entries: Span,
    },
    Compare {
        before: Name,
        after: Name,
    },
    Todo(Str),

    // ---- policies
    Timeout(Expr),
    Retry {
        times: Expr,
        every: Option<Box<Expr>>,
        backoff: Option<Box<Expr>>,
    },
    OnlyIf(Expr),
    DoneIf(Look),
    Undo(Undo),
    Irreversible(Str),
    Repeatable,
    Takes {
        from: Expr,
        to: Option<Box<Expr>>,
    },
    In(Expr),
    Env {
        name: Name,
        value: Expr,
    },
    On(Name),
    With(Name),
    Interactive,
    LiveFor(Expr),
    Background(Block),
    OnFailure(Block),
    Always(Block),

    // ---- scenarios
    Scenario {
        title: Str,
        block: Block,
    },
    Given {
        name: Name,
        value: Expr,
    },
    When {
        what: WhenWhat,
        does: Vec<WhenDoes>,
    },
    Answer {
        prompt: Str,
        reply: Reply,
        /// How long it takes the person.
        after: Option<Expr>,
    },
    After(Expr),
    Reaches(Path),
    NeverReaches(Path),
    /// A step whose undo ran.
    Undoes(Path),
    /// A prompt by its text, `*` for any.
    Asks(Str),
    /// A message, or where one goes, `*` for any.
    Notifies(Str),
    TakesAtMost(Expr),
    Ends(Name),

    /// A line that could not be understood; its diagnostic is already reported.
    Bad,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Need {
    /// One token: letters, digits, `_`, `-`, `.`, `+`.
    Command(Name),
    Env(Name),
    Person(Str),
}

#[derive(Clone, Debug, PartialEq)]
pub enum SecretFrom {
    Env(Name),
    File(Str),
    Command(Command),
    Prompt,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Module {
    /// `std.git`, without the `std.`
    Std(Path),
    /// `"./queues.rbk"`
    File(Str),
}

#[derive(Clone, Debug, PartialEq)]
pub enum MessageTo {
    Channel(Path),
    /// `to file "incident.md"`
    File(Str),
}

#[derive(Clone, Debug, PartialEq)]
pub enum FiresWhen {
    Condition(Expr),
    /// `fires when failing`
    Failing,
}

/// `within 3m`, `within 3m else "No"`, `within 3m else escalate to manager "…"`
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    pub limit: Expr,
    pub otherwise: Option<WithinElse>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WithinElse {
    Answer(Expr),
    Escalate { to: Path, text: Option<Str> },
}

/// A parameter of a procedure, a column of a matrix signature, the evidence of a checklist item.
#[derive(Clone, Debug, PartialEq)]
pub struct Formal {
    pub name: Name,
    /// `choice` in a matrix signature is [`TypeKind::Choice`].
    pub ty: TypeExpr,
    pub default: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// `b: 2`
    pub name: Option<Name>,
    pub value: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub path: Path,
    pub args: Vec<Arg>,
    /// `as first`
    pub binds: Option<Name>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum LetValue {
    Expr(Expr),
    Command(Command),
    Http(Box<Http>),
    Do(Box<Call>),
}

/// What may follow `done if`, `from`, `suggest from`, a snapshot label: something that looks.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    Command(Command),
    Http(Box<Http>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    Command(Command),
    Http(Box<Http>),
    Block(Block),
}

#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotEntry {
    pub label: Name,
    pub look: Look,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ChooseArm {
    pub label: Str,
    pub recommended: bool,
    pub only_if: Option<Expr>,
    pub block: Block,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DecideArm {
    /// One or more values of the output, by comma: a name, a string, `yes`, a number.
    pub values: Vec<Expr>,
    pub block: Block,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    pub name: Name,
    pub inputs: Vec<Formal>,
    pub outputs: Vec<Formal>,
    /// `first` after the signature: the first row that matches is taken.
    pub first: bool,
    pub table: Table,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub head: Vec<Cell>,
    pub rows: Vec<Row>,
    /// With both braces.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub cells: Vec<Cell>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The text between the bars, trimmed, with `\|` turned into `|`.
    pub text: String,
    /// What it tests or gives, where its column is an input or an output of the signature.
    pub test: Option<CellTest>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum CellTest {
    Any,
    /// A value: a name stands for a choice or a severity.
    Value(Expr),
    Compare(BinaryOp, Expr),
    /// Both ends are in.
    Range(Expr, Expr),
    List(Vec<CellTest>),
}

/// `?` looks, `$` acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Look,
    Act,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub mark: Mark,
    pub body: CommandBody,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum CommandBody {
    Line(Str),
    /// One, or variants under one mark.
    Fences(Vec<Fence>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Fence {
    /// The interpreter; missing is an error already reported.
    pub word: Option<Name>,
    pub verbatim: bool,
    pub lenient: bool,
    /// The script, common indentation off, each line ended by a newline.
    pub text: Str,
    /// How many backticks.
    pub ticks: usize,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Http {
    /// Upper case.
    pub method: Name,
    pub url: Str,
    pub options: Vec<HttpOption>,
    /// Where the block stands, if it has one.
    pub block: Option<Span>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HttpOption {
    /// `header Name: text`
    Header { name: Name, value: Str, span: Span },
    /// `query name: text`
    Query { name: Name, value: Str, span: Span },
    /// `body` and a fence
    Body { fence: Fence, span: Span },
}

/// `matches "re"`: raw but for `\"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub text: String,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WhenWhat {
    /// `"curl * /health"`
    Glob(Str),
    /// `step a.b`
    Step(Path),
}

#[derive(Clone, Debug, PartialEq)]
pub enum WhenDoes {
    Exits(Expr),
    Says(Str),
    Stderr(Str),
    Answers(Expr),
    /// A duration.
    Takes(Expr),
    TimesOut,
    /// By a signal's name.
    Dies(Expr),
    NotStarted,
}

/// What a person says in a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Value(Expr),
    Does {
        /// `retry`, `skip`, `done`, `failed`, `fail`, `pause`, `undo`, `edit`, `run again`
        word: &'static str,
        /// The checkpoint of `undo`.
        to: Option<Path>,
        /// The command of `edit`, then the reason.
        texts: Vec<Str>,
        span: Span,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    pub kind: TypeKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    Text,
    Number,
    Bool,
    Percent,
    Duration,
    Time,
    Url,
    Path,
    Severity,
    Json,
    /// In a matrix signature only.
    Choice,
    OneOf(Vec<Str>),
    List(Box<TypeExpr>),
    Optional(Box<TypeExpr>),
    /// `m.column`
    Column(Path),
    /// A word that is no type; `plan` reports it with near-miss names.
    Unknown(Box<Name>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    Text(Str),
    Number(Decimal),
    /// `10%` is 10.
    Percent(Decimal),
    /// Milliseconds.
    Duration(u64),
    /// `2x` is 2; in `backoff` only.
    Factor(Decimal),
    Bool(bool),
    /// `2025-11-07`
    Date {
        year: i16,
        month: u8,
        day: u8,
    },
    List(Vec<Expr>),
    Name(Name),
    Field(Box<Expr>, Box<Name>),
    Index(Box<Expr>, Box<Expr>),
    Call(Box<Name>, Vec<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    IsEmpty(Box<Expr>),
    IsSet(Box<Expr>),
    Matches(Box<Expr>, Box<Pattern>),
    /// `a..b`, both ends in; right of `in` and in a matrix cell.
    Range(Box<Expr>, Box<Expr>),
    Paren(Box<Expr>),
    /// Could not be understood; already reported.
    Bad,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    /// `a else b`: b where a is missing
    Else,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Contains,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl BinaryOp {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Else => "else",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::In => "in",
            BinaryOp::NotIn => "not in",
            BinaryOp::Contains => "contains",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
        }
    }
}
