//! Values put in their places: text for people, here; commands for a process, requests for the network.

mod command;
mod request;

pub use command::{FilledCommand, fill_command};
pub use request::{FilledRequest, fill_request};

use runbook_grammar::span::Span;
use runbook_plan::expr::{Expr, ExprKind, Template, TemplatePart};
use runbook_plan::show;
use runbook_plan::value::Value;

use crate::effect::EnvValue;
use crate::eval::{EvalError, Scope, error, eval, present};

/// What Linux takes in one argument or one variable, name and end included; more, and nothing starts.
const LONGEST_WORD: usize = 128 * 1024;

/// Text for people: prose, titles, questions, messages. What is missing shows as `(unknown)`, a secret as
/// `‹name›`.
pub fn fill(template: &Template, scope: &dyn Scope) -> Result<String, EvalError> {
    let mut out = String::new();
    for part in &template.parts {
        match part {
            TemplatePart::Text(text) => out.push_str(text),
            TemplatePart::Hole(expr) => out.push_str(&shown(&eval(expr, scope)?, scope)),
        }
    }
    Ok(out)
}

/// Text that is a value of its own. A secret in it is an error: the text would no longer be known as secret.
pub(crate) fn fill_value(template: &Template, scope: &dyn Scope) -> Result<String, EvalError> {
    let mut out = String::new();
    for part in &template.parts {
        match part {
            TemplatePart::Text(text) => out.push_str(text),
            TemplatePart::Hole(expr) => match eval(expr, scope)? {
                Value::Secret(_) => {
                    return error(
                        expr.span,
                        "a secret can be passed on, not made part of a text",
                    );
                }
                value => out.push_str(&show::value(&value)),
            },
        }
    }
    Ok(out)
}

/// A value as people see it: [`show::value`], and a secret by its name.
pub fn shown(value: &Value, scope: &dyn Scope) -> String {
    match value {
        Value::Secret(secret) => format!("‹{}›", scope.secret(*secret)),
        Value::List(items) => items
            .iter()
            .map(|item| shown(item, scope))
            .collect::<Vec<_>>()
            .join(", "),
        other => show::value(other),
    }
}

/// A value for the environment of a process. What is missing is an error.
pub fn fill_env(expr: &Expr, scope: &dyn Scope) -> Result<EnvValue, EvalError> {
    if let ExprKind::Text(template) = &expr.kind {
        return joined(template, expr.span, scope);
    }
    let value = carried(&present(expr, scope)?);
    fits(&value, 0, expr.span)?;
    Ok(value)
}

/// What a process is given for a value.
fn carried(value: &Value) -> EnvValue {
    match value {
        Value::Secret(secret) => EnvValue::Secret(*secret),
        other => EnvValue::Text(show::value(other)),
    }
}

/// A template as one value for a process; nothing in it may be missing.
fn joined(template: &Template, span: Span, scope: &dyn Scope) -> Result<EnvValue, EvalError> {
    let mut parts = Vec::new();
    for part in &template.parts {
        match part {
            TemplatePart::Text(text) => push(&mut parts, EnvValue::Text(text.clone())),
            TemplatePart::Hole(expr) => push(&mut parts, carried(&present(expr, scope)?)),
        }
    }
    let value = one(parts);
    if text_parts(&value).any(|text| text.contains('\0')) {
        return error(
            span,
            "the value holds a NUL character, which nothing can be given",
        );
    }
    Ok(value)
}

/// Adds a part, texts run together.
fn push(parts: &mut Vec<EnvValue>, part: EnvValue) {
    match (parts.last_mut(), part) {
        (Some(EnvValue::Text(text)), EnvValue::Text(more)) => text.push_str(&more),
        (_, part) => parts.push(part),
    }
}

fn one(mut parts: Vec<EnvValue>) -> EnvValue {
    match parts.len() {
        0 => EnvValue::Text(String::new()),
        1 => parts.remove(0),
        _ => EnvValue::Mixed(parts),
    }
}

fn text_parts(value: &EnvValue) -> impl Iterator<Item = &str> {
    let parts = match value {
        EnvValue::Mixed(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    parts.iter().filter_map(|part| match part {
        EnvValue::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

/// Whether a process can be given the value at all, beside `more` other bytes.
fn fits(value: &EnvValue, more: usize, span: Span) -> Result<(), EvalError> {
    let bytes: usize = text_parts(value).map(str::len).sum();
    if text_parts(value).any(|text| text.contains('\0')) {
        return error(
            span,
            "the value holds a NUL character, which no command can be given",
        );
    }
    if bytes + more + 1 > LONGEST_WORD {
        return error(
            span,
            format!(
                "the value is {bytes} bytes long, and a command can be given {LONGEST_WORD} in one value: \
                 write it to a file and pass its path"
            ),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
