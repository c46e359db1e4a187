//! Gives an expression its value. Pure, total: whatever the values are, the answer is a value or a sentence.

use std::fmt;

use runbook_grammar::span::Span;
use runbook_plan::expr::{Expr, LastFact, RunFact};
use runbook_plan::ids::VarId;
use runbook_plan::value::{SecretId, Value};

use crate::event::Moment;

/// What the names of an expression stand for, at one place of a run.
pub trait Scope {
    /// Missing, or [`Value::Missing`], where nothing is bound.
    fn var(&self, var: VarId) -> Option<&Value>;
    fn now(&self) -> Moment;
    fn run(&self, fact: RunFact) -> Value;
    /// Of the command or request just above; nothing where there was none.
    fn last(&self, fact: LastFact) -> Option<Value>;
    /// What `env("NAME")` reads, journaled when the run started.
    fn env(&self, name: &str) -> Option<&str>;
    /// The name of a secret: all that is ever shown of it.
    fn secret(&self, secret: SecretId) -> &str;
    /// The declared severities, in order.
    fn severities(&self) -> &[String];
}

/// Why an expression has no value: a plain sentence, and the part of the expression it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError {
    pub message: String,
    pub span: Span,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The value of `expr`. [`Value::Missing`] is a value: that of an `optional` name, an absent field of `json`.
/// To compute or compare with what is missing is an error; `else`, `is set` and `is empty` are not.
pub fn eval(expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
    let _ = scope;
    Err(EvalError {
        message: String::new(),
        span: expr.span,
    })
}

/// The value of a condition.
pub fn holds(expr: &Expr, scope: &dyn Scope) -> Result<bool, EvalError> {
    match eval(expr, scope)? {
        Value::Bool(yes) => Ok(yes),
        _ => Err(EvalError {
            message: "this is no yes or no".into(),
            span: expr.span,
        }),
    }
}

/// The milliseconds of a clause such as `timeout` or `within`.
pub fn milliseconds(expr: &Expr, scope: &dyn Scope) -> Result<u64, EvalError> {
    match eval(expr, scope)? {
        Value::Duration(ms) => Ok(ms),
        _ => Err(EvalError {
            message: "this is no duration".into(),
            span: expr.span,
        }),
    }
}

/// The whole number of a clause such as `retry` or `max`, 0 or more.
pub fn count(expr: &Expr, scope: &dyn Scope) -> Result<u32, EvalError> {
    eval(expr, scope)?;
    Err(EvalError {
        message: "this is no whole number".into(),
        span: expr.span,
    })
}
