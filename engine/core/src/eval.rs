//! Gives an expression its value. Pure, total: whatever the values are, the answer is a value or a sentence.

use std::cmp::Ordering;

use runbook_grammar::span::Span;
use runbook_plan::expr::{Expr, ExprKind, Function, LastFact, Op, RunFact};
use runbook_plan::ids::VarId;
use runbook_plan::read;
use runbook_plan::show;
use runbook_plan::value::{SecretId, Type, Value};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::event::Moment;
use crate::fill;
use crate::operators::{binary, order};

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

pub(crate) fn error<T>(span: Span, message: impl Into<String>) -> Result<T, EvalError> {
    Err(EvalError {
        message: message.into(),
        span,
    })
}

/// The value of `expr`. [`Value::Missing`] is a value: that of an `optional` name, an absent field of `json`.
/// To compute or compare with what is missing is an error; `else`, `is set` and `is empty` are not. A json
/// `null` counts as missing.
///
/// Recurses as deep as the expression nests, which the language bounds.
pub fn eval(expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
    let span = expr.span;
    Ok(match &expr.kind {
        ExprKind::Literal(value) => value.clone(),
        ExprKind::Var(var) => scope.var(*var).cloned().unwrap_or(Value::Missing),
        ExprKind::Run(fact) => scope.run(*fact),
        ExprKind::Last(fact) => scope.last(*fact).unwrap_or(Value::Missing),
        ExprKind::Text(template) => Value::Text(fill::fill_value(template, scope)?),
        ExprKind::List(items) => Value::List(
            items
                .iter()
                .map(|item| eval(item, scope))
                .collect::<Result<_, _>>()?,
        ),
        ExprKind::Field(of, name) => field(eval(of, scope)?, name, of)?,
        ExprKind::Index(of, at) => {
            let list = eval(of, scope)?;
            index(list, eval(at, scope)?, span)?
        }
        ExprKind::Call(function, args) => call(*function, args, span, scope)?,
        ExprKind::Binary(Op::And, a, b) => Value::Bool(holds(a, scope)? && holds(b, scope)?),
        ExprKind::Binary(Op::Or, a, b) => Value::Bool(holds(a, scope)? || holds(b, scope)?),
        ExprKind::Binary(op, a, b) => {
            let left = present(a, scope)?;
            let right = present(b, scope)?;
            binary(*op, left, right, span)?
        }
        ExprKind::Not(inner) => Value::Bool(!holds(inner, scope)?),
        ExprKind::Negate(inner) => match present(inner, scope)? {
            Value::Number(n) => Value::Number(-n),
            Value::Percent(n) => Value::Percent(-n),
            other => return error(span, format!("{} has no negative", said(&other))),
        },
        ExprKind::IsSet(inner) => Value::Bool(!is_missing(&eval(inner, scope)?)),
        ExprKind::IsEmpty(inner) => Value::Bool(is_empty(&eval(inner, scope)?)),
        ExprKind::Matches(inner, pattern) => {
            let text = text_of(&present(inner, scope)?, inner.span)?;
            match regex_lite::Regex::new(&pattern.0) {
                Ok(regex) => Value::Bool(regex.is_match(&text)),
                Err(why) => return error(span, format!("the pattern cannot be read: {why}")),
            }
        }
        ExprKind::Between(x, low, high) => {
            let x = present(x, scope)?;
            let above = order(&present(low, scope)?, &x, span)? != Ordering::Greater;
            let below = order(&x, &present(high, scope)?, span)? != Ordering::Greater;
            Value::Bool(above && below)
        }
        ExprKind::Else(a, b) => {
            let value = eval(a, scope)?;
            if is_missing(&value) {
                eval(b, scope)?
            } else {
                value
            }
        }
        ExprKind::Read(inner, ty) => read_as(eval(inner, scope)?, ty, scope, inner.span)?,
    })
}

/// The value of a condition.
pub fn holds(expr: &Expr, scope: &dyn Scope) -> Result<bool, EvalError> {
    match present(expr, scope)? {
        Value::Bool(yes) | Value::Json(serde_json::Value::Bool(yes)) => Ok(yes),
        other => error(expr.span, format!("{} is neither yes nor no", said(&other))),
    }
}

/// The milliseconds of a clause such as `timeout` or `within`.
pub fn milliseconds(expr: &Expr, scope: &dyn Scope) -> Result<u64, EvalError> {
    match present(expr, scope)? {
        Value::Duration(ms) => Ok(ms),
        other => error(expr.span, format!("{} is no duration", said(&other))),
    }
}

/// The whole number of a clause such as `retry` or `max`, 0 or more.
pub fn count(expr: &Expr, scope: &dyn Scope) -> Result<u32, EvalError> {
    match present(expr, scope)? {
        Value::Number(n) if n.fract().is_zero() && n.to_u32().is_some() => {
            Ok(n.to_u32().unwrap_or(0))
        }
        other => error(
            expr.span,
            format!("{} is no whole number from 0 up", said(&other)),
        ),
    }
}

/// Whether a value is missing: unset, or a json `null`.
pub fn is_missing(value: &Value) -> bool {
    matches!(value, Value::Missing | Value::Json(serde_json::Value::Null))
}

/// The value, which must be there.
pub(crate) fn present(expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
    let value = eval(expr, scope)?;
    if !is_missing(&value) {
        return Ok(value);
    }
    let what = match &expr.kind {
        ExprKind::Field(_, name) => format!("there is no field `{name}`"),
        ExprKind::Index(..) => "the list is not that long".to_owned(),
        ExprKind::Last(_) => "nothing stands above that this could speak of".to_owned(),
        ExprKind::Call(Function::Env, _) => "the environment variable is not set".to_owned(),
        _ => "this has no value".to_owned(),
    };
    error(expr.span, what)
}

fn is_empty(value: &Value) -> bool {
    use serde_json::Value as Json;
    match value {
        Value::Missing | Value::Json(Json::Null) => true,
        Value::Text(text) | Value::Url(text) | Value::Path(text) => text.is_empty(),
        Value::Json(Json::String(text)) => text.is_empty(),
        Value::Json(Json::Array(items)) => items.is_empty(),
        Value::Json(Json::Object(fields)) => fields.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

fn field(of: Value, name: &str, expr: &Expr) -> Result<Value, EvalError> {
    use serde_json::Value as Json;
    Ok(match of {
        Value::Missing | Value::Json(Json::Null) => Value::Missing,
        Value::Json(Json::Object(mut fields)) => {
            // A header's name has no case, and its `-` cannot be written in a name.
            let header = matches!(expr.kind, ExprKind::Last(LastFact::Header));
            let key = if header {
                let same = |key: &&String| key.replace('-', "_").eq_ignore_ascii_case(name);
                fields.keys().find(same).cloned()
            } else {
                Some(name.to_owned())
            };
            match key.and_then(|key| fields.shift_remove(&key)) {
                None | Some(Json::Null) => Value::Missing,
                Some(value) => Value::Json(value),
            }
        }
        other => {
            let what = said(&other);
            return error(
                expr.span,
                format!("{what} has no field `{name}`, since it is no json object"),
            );
        }
    })
}

fn index(of: Value, at: Value, span: Span) -> Result<Value, EvalError> {
    use serde_json::Value as Json;
    if is_missing(&of) {
        return Ok(Value::Missing);
    }
    // `header["content-type"]`: a field whose name is no identifier.
    let at = match (at, &of) {
        (Value::Number(n), _) => n,
        (Value::Text(key), Value::Json(Json::Object(fields))) => {
            return Ok(match fields.get(&key) {
                None | Some(Json::Null) => Value::Missing,
                Some(value) => Value::Json(value.clone()),
            });
        }
        (other, _) => return error(span, format!("{} is no place in a list", said(&other))),
    };
    let Some(at) = at.to_usize().filter(|_| at.fract().is_zero()) else {
        return error(
            span,
            format!(
                "{} is no place in a list: places count from 0",
                at.normalize()
            ),
        );
    };
    Ok(match of {
        Value::List(mut items) if at < items.len() => items.swap_remove(at),
        Value::Json(Json::Array(mut items)) if at < items.len() => {
            Value::Json(items.swap_remove(at))
        }
        Value::List(_) | Value::Json(Json::Array(_)) => Value::Missing,
        other => return error(span, format!("{} is no list", said(&other))),
    })
}

fn call(
    function: Function,
    args: &[Expr],
    span: Span,
    scope: &dyn Scope,
) -> Result<Value, EvalError> {
    use serde_json::Value as Json;
    let Some(first) = args.first() else {
        return match function {
            Function::Now => Ok(Value::Time(scope.now().wall)),
            _ => error(span, "this function needs a value"),
        };
    };
    let value = present(first, scope)?;
    Ok(match function {
        Function::Now => Value::Time(scope.now().wall),
        Function::Len => {
            let len = match &value {
                Value::List(items) => items.len(),
                Value::Json(Json::Array(items)) => items.len(),
                Value::Json(Json::Object(fields)) => fields.len(),
                other => text_of(other, first.span)?.chars().count(),
            };
            Value::Number(Decimal::from(len))
        }
        Function::Lines => {
            let text = text_of(&value, first.span)?;
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            Value::List(lines.map(|line| Value::Text(line.to_owned())).collect())
        }
        Function::Trim => Value::Text(text_of(&value, first.span)?.trim().to_owned()),
        Function::Join => {
            let between = match args.get(1) {
                Some(arg) => text_of(&present(arg, scope)?, arg.span)?,
                None => ", ".to_owned(),
            };
            let items: Vec<Value> = match value {
                Value::List(items) => items,
                Value::Json(Json::Array(items)) => items.into_iter().map(Value::Json).collect(),
                other => return error(first.span, format!("{} is no list", said(&other))),
            };
            Value::Text(
                items
                    .iter()
                    .map(show::value)
                    .collect::<Vec<_>>()
                    .join(&between),
            )
        }
        Function::Number => match value {
            Value::Number(_) => value,
            Value::Percent(n) => Value::Number(n),
            Value::Json(json) => read_as(Value::Json(json), &Type::Number, scope, first.span)?,
            other => {
                let text = text_of(&other, first.span)?;
                read_as(Value::Text(text), &Type::Number, scope, first.span)?
            }
        },
        Function::Json => match value {
            Value::Json(_) => value,
            other => {
                let text = text_of(&other, first.span)?;
                read_as(Value::Text(text), &Type::Json, scope, first.span)?
            }
        },
        Function::Basename => {
            let text = text_of(&value, first.span)?;
            let path = text.trim_end_matches('/');
            let name = path.rsplit('/').next().unwrap_or(path);
            Value::Text(if name.is_empty() && !text.is_empty() {
                "/".into()
            } else {
                name.into()
            })
        }
        Function::Env => {
            let name = text_of(&value, first.span)?;
            scope
                .env(&name)
                .map_or(Value::Missing, |text| Value::Text(text.to_owned()))
        }
    })
}

/// A json or text value read as a type; any other stays as it is.
fn read_as(value: Value, ty: &Type, scope: &dyn Scope, span: Span) -> Result<Value, EvalError> {
    let read = match &value {
        Value::Json(json) => read::from_json(json, ty, scope.severities()),
        Value::Text(text) => read::read(text, ty, scope.severities()),
        _ => return Ok(value),
    };
    read.or_else(|why| error(span, why))
}

/// The text of a value, for functions and patterns. A secret has none.
pub(crate) fn text_of(value: &Value, span: Span) -> Result<String, EvalError> {
    match value {
        Value::Secret(_) => error(span, "a secret can be passed on, not looked into"),
        Value::List(_) => error(
            span,
            "this is a list, and one text is wanted; `join` makes one of it",
        ),
        other => Ok(show::value(other)),
    }
}

/// A value in a sentence: as a literal, shortened; nothing of a secret.
pub(crate) fn said(value: &Value) -> String {
    let text = match value {
        Value::Secret(_) => return "a secret".to_owned(),
        Value::Missing => return "a missing value".to_owned(),
        other => show::literal(other),
    };
    if text.chars().count() <= 60 {
        return format!("`{text}`");
    }
    let short: String = text.chars().take(60).collect();
    format!("`{short}…`")
}

#[cfg(test)]
#[path = "eval_tests.rs"]
pub(crate) mod tests;
