//! Expressions with every name resolved and every type checked. `core::eval` gives them values.

use rust_decimal::Decimal;

use crate::ids::VarId;
use crate::value::{Type, Value};
use runbook_grammar::span::Span;

/// A resolved expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    Literal(Value),
    Var(VarId),
    Run(RunFact),
    /// Of the command or request that the `expect` speaks of.
    Last(LastFact),
    Text(Box<Template>),
    List(Vec<Expr>),
    /// A field of `json`; missing where it is absent.
    Field(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Call(Function, Vec<Expr>),
    Binary(Op, Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    IsEmpty(Box<Expr>),
    IsSet(Box<Expr>),
    Matches(Box<Expr>, Pattern),
    /// `x in a..b`, both ends in.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a else b`
    Else(Box<Expr>, Box<Expr>),
    /// `json` read as the type it is compared with; a value that does not read as it fails the statement.
    Read(Box<Expr>, Type),
}

/// `run.…`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunFact {
    Id,
    Started,
    Severity,
    Operator,
    Trigger,
}

/// What an `expect` may say of what stands just above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastFact {
    Exit,
    Output,
    Stderr,
    Elapsed,
    Status,
    /// Read as `json` where it parses as such, else text.
    Body,
    /// `header.name`, through [`ExprKind::Field`], by name without regard to case.
    Header,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Len,
    Lines,
    Trim,
    Join,
    Number,
    Json,
    Basename,
    Now,
    Env,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Or,
    And,
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

/// A checked regular expression, as text; linear in time whatever it is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether some part of the text fits; a pattern of a plan is sound, and one that is not fits nothing.
    pub fn fits(&self, text: &str) -> bool {
        regex_lite::Regex::new(&self.0).is_ok_and(|regex| regex.is_match(text))
    }
}

/// Text with holes, filled as text: prose, titles, messages, prompts, addresses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    pub parts: Vec<TemplatePart>,
    /// As written, with its `{{…}}`.
    pub source: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePart {
    Text(String),
    Hole(Box<Expr>),
}

impl Template {
    pub fn plain(text: impl Into<String>) -> Template {
        let text = text.into();
        Template {
            parts: vec![TemplatePart::Text(text.clone())],
            source: text,
        }
    }
}

/// A clause value known before the run or computed when it is reached.
pub type Clause = Expr;

/// `backoff 2x`
#[derive(Clone, Debug, PartialEq)]
pub struct Factor(pub Decimal);
