//! What runs: commands and requests, with every hole known by its quoting context.

use crate::expr::{Clause, Expr, Template};
use crate::ids::{BlockId, HostId, InterpreterId, SettingsId};
use runbook_grammar::span::Span;

pub use runbook_grammar::ast::Mark;

/// A command of the runbook.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub mark: Mark,
    /// One, or a variant for each platform; the host takes the first whose interpreter is of its platform.
    pub scripts: Vec<Script>,
    pub settings: SettingsId,
    pub manner: Manner,
    /// Of one attempt; from the step, an outer block, or nothing.
    pub timeout: Option<Box<Clause>>,
    pub span: Span,
}

/// How a command holds the terminal and the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Manner {
    /// Runs to its end, output captured.
    Plain,
    /// Gets the terminal; the operator then says how it went.
    Interactive,
    /// A stream, ended by the operator or after this long, which is no failure.
    Live(Box<Clause>),
    /// A server, left running once the block holds.
    Background(BlockId),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    pub interpreter: Interpreter,
    pub form: ScriptForm,
    /// The script as written, for people: what rendering, dry runs and the terminal start from.
    pub text: Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpreter {
    Sh,
    Bash,
    Zsh,
    PowerShell,
    Python,
    /// Declared in the file; the script comes on its standard input.
    Declared(InterpreterId),
}

#[derive(Clone, Debug, PartialEq)]
pub enum ScriptForm {
    /// No shell is needed: a word each, executed directly. The first is the program.
    Direct(Vec<Vec<WordPart>>),
    /// Given to the interpreter.
    Script {
        pieces: Vec<Piece>,
        /// Stops at the first failure: a fence that is not `lenient`.
        strict: Strictness,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A one-line command, or a `lenient` fence.
    AsTyped,
    StopAtFirstFailure,
}

/// A part of one word of a direct command.
#[derive(Clone, Debug, PartialEq)]
pub enum WordPart {
    Text(String),
    /// A list makes several words, and then it is the word's only part.
    Hole(Box<Expr>),
}

/// A part of a script.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    Hole {
        value: Box<Expr>,
        variable: String,
        quoting: Quoting,
    },
}

/// Where in the shell's text a hole stands, and so how its variable is referred to there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// A bare word, or part of one: `"$v"`; a list becomes several words.
    Bare,
    /// Inside `"…"`: `${v}`.
    Double,
    /// Inside `'…'`: `'"$v"'`.
    Single,
    /// Inside `$'…'` of bash and zsh: `'"$v"$'`.
    Dollar,
    /// A here-document that expands: `${v}`.
    Here,
    /// In a comment: left out.
    Comment,
}

/// Where and as what a command runs. Defaults of outer blocks and the file are already in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Relative to where the run was started.
    pub dir: Option<Expr>,
    /// In order; a later one of the same name wins.
    pub env: Vec<(String, Expr)>,
    /// The machine it runs on; missing, the one that the run was started on.
    pub host: Option<HostId>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Holes are percent-encoded, but for a `url` that opens the address.
    pub url: Template,
    pub headers: Vec<(String, Template)>,
    pub query: Vec<(String, Template)>,
    pub body: Option<Template>,
    /// GET and HEAD look.
    pub mark: Mark,
    pub settings: SettingsId,
    pub timeout: Option<Box<Clause>>,
    pub span: Span,
}
