//! The operators, on values. Which they take is [`runbook_plan::operators`]' to say; what has no meaning is a sentence.

use std::cmp::Ordering;

use runbook_grammar::span::Span;
use runbook_plan::expr::Op;
use runbook_plan::read;
use runbook_plan::show;
use runbook_plan::value::Value;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::eval::{EvalError, error, said, text_of};

pub(crate) fn binary(op: Op, left: Value, right: Value, span: Span) -> Result<Value, EvalError> {
    Ok(Value::Bool(match op {
        Op::Equal => equal(&left, &right),
        Op::NotEqual => !equal(&left, &right),
        Op::Less => order(&left, &right, span)? == Ordering::Less,
        Op::LessEqual => order(&left, &right, span)? != Ordering::Greater,
        Op::Greater => order(&left, &right, span)? == Ordering::Greater,
        Op::GreaterEqual => order(&left, &right, span)? != Ordering::Less,
        Op::In => contains(&right, &left, span)?,
        Op::NotIn => !contains(&right, &left, span)?,
        Op::Contains => contains(&left, &right, span)?,
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide => {
            return arithmetic(op, left, right, span);
        }
        // Taken care of before both sides have values.
        Op::And | Op::Or => return error(span, "this is neither yes nor no"),
    }))
}

/// Equality. Text, paths, urls, members of a closed set and severities are equal when their text is; json is
/// equal to the value that it reads as.
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Json(a), Value::Json(b)) => a == b || json_equal(a, right) || json_equal(b, left),
        (Value::Json(a), b) | (b, Value::Json(a)) => json_equal(a, b),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        _ => match (plain_text(left), plain_text(right)) {
            (Some(a), Some(b)) => a == b,
            _ => left == right,
        },
    }
}

fn json_equal(json: &serde_json::Value, value: &Value) -> bool {
    use serde_json::Value as Json;
    match (json, value) {
        (Json::Bool(a), Value::Bool(b)) => a == b,
        (Json::Number(a), Value::Number(b)) => read::decimal(&a.to_string()) == Some(*b),
        // `1` and `1.0` are one number, however json spells it.
        (Json::Number(a), Value::Json(Json::Number(b))) => {
            let a = read::decimal(&a.to_string());
            a.is_some() && a == read::decimal(&b.to_string())
        }
        (Json::String(a), b) => plain_text(b) == Some(a) || show::value(b) == *a,
        (Json::Array(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| json_equal(a, b))
        }
        _ => false,
    }
}

/// The text of a value that is nothing but text.
fn plain_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Url(text) | Value::Path(text) | Value::Severity(text) => {
            Some(text)
        }
        Value::Json(serde_json::Value::String(text)) => Some(text),
        _ => None,
    }
}

/// The order of two values of one ordered type.
pub(crate) fn order(left: &Value, right: &Value, span: Span) -> Result<Ordering, EvalError> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) | (Value::Percent(a), Value::Percent(b)) => {
            Ok(a.cmp(b))
        }
        (Value::Duration(a), Value::Duration(b)) => Ok(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Ok(a.cmp(b)),
        (Value::Json(serde_json::Value::Number(a)), b) => match read::decimal(&a.to_string()) {
            Some(a) => order(&Value::Number(a), b, span),
            None => error(span, format!("{a} is too large a number")),
        },
        (a, Value::Json(serde_json::Value::Number(_))) => {
            order(right, a, span).map(Ordering::reverse)
        }
        (a, b) => error(span, format!("{} and {} have no order", said(a), said(b))),
    }
}

/// Whether `all` holds `one`: an item of a list, a part of a text, a key of a json object.
fn contains(all: &Value, one: &Value, span: Span) -> Result<bool, EvalError> {
    use serde_json::Value as Json;
    match all {
        Value::List(items) => Ok(items.iter().any(|item| equal(item, one))),
        Value::Json(Json::Array(items)) => Ok(items.iter().any(|item| json_equal_any(item, one))),
        Value::Json(Json::Object(fields)) => Ok(fields.contains_key(&text_of(one, span)?)),
        other => match plain_text(other) {
            Some(text) => Ok(text.contains(&text_of(one, span)?)),
            None => error(
                span,
                format!(
                    "{} holds nothing: it is neither text nor a list",
                    said(other)
                ),
            ),
        },
    }
}

fn json_equal_any(json: &serde_json::Value, value: &Value) -> bool {
    equal(&Value::Json(json.clone()), value)
}

/// `+ - * /`, as [`runbook_plan::operators::arithmetic`] lists them. Results are exact decimals of 28 digits.
fn arithmetic(op: Op, left: Value, right: Value, span: Span) -> Result<Value, EvalError> {
    let (left, right) = (unjson(left), unjson(right));
    let value = match (&left, op, &right) {
        (Value::Number(a), _, Value::Number(b)) => decimals(op, *a, *b, span)?.map(Value::Number),
        (Value::Percent(a), Op::Add | Op::Subtract, Value::Percent(b)) => {
            decimals(op, *a, *b, span)?.map(Value::Percent)
        }
        (Value::Percent(a), Op::Divide, Value::Percent(b)) => {
            decimals(op, *a, *b, span)?.map(Value::Number)
        }
        (Value::Percent(a), Op::Multiply | Op::Divide, Value::Number(b))
        | (Value::Number(a), Op::Multiply, Value::Percent(b)) => {
            decimals(op, *a, *b, span)?.map(Value::Percent)
        }
        (Value::Duration(a), Op::Add, Value::Duration(b)) => a.checked_add(*b).map(Value::Duration),
        (Value::Duration(a), Op::Subtract, Value::Duration(b)) => match a.checked_sub(*b) {
            Some(ms) => Some(Value::Duration(ms)),
            None => {
                let (a, b) = (said(&left), said(&right));
                return error(
                    span,
                    format!("{a} is shorter than {b}, and a duration is never negative"),
                );
            }
        },
        (Value::Duration(a), Op::Divide, Value::Duration(b)) => {
            decimals(op, Decimal::from(*a), Decimal::from(*b), span)?.map(Value::Number)
        }
        (Value::Duration(ms), Op::Multiply | Op::Divide, Value::Number(by))
        | (Value::Number(by), Op::Multiply, Value::Duration(ms)) => {
            match decimals(op, Decimal::from(*ms), *by, span)? {
                Some(n) if n.is_sign_negative() && !n.is_zero() => {
                    return error(span, "a duration is never negative");
                }
                Some(n) => n.round().to_u64().map(Value::Duration),
                None => None,
            }
        }
        (Value::Time(a), Op::Add, Value::Duration(b))
        | (Value::Duration(b), Op::Add, Value::Time(a)) => {
            a.checked_add_unsigned(*b).map(Value::Time)
        }
        (Value::Time(a), Op::Subtract, Value::Duration(b)) => {
            a.checked_sub_unsigned(*b).map(Value::Time)
        }
        (Value::Time(a), Op::Subtract, Value::Time(b)) => {
            if a < b {
                let (a, b) = (said(&left), said(&right));
                return error(
                    span,
                    format!("{a} is before {b}, and a duration is never negative"),
                );
            }
            Some(Value::Duration(a.abs_diff(*b)))
        }
        (Value::List(a), Op::Add, Value::List(b)) => Some(Value::List([a.as_slice(), b].concat())),
        (a, Op::Add, b) => match (plain_text(a), plain_text(b)) {
            (Some(a), Some(b)) => Some(Value::Text(format!("{a}{b}"))),
            _ => return cannot(op, &left, &right, span),
        },
        _ => return cannot(op, &left, &right, span),
    };
    match value {
        Some(value) => Ok(value),
        None => {
            let sign = sign(op);
            error(
                span,
                format!(
                    "{} {sign} {} is too large to compute",
                    said(&left),
                    said(&right)
                ),
            )
        }
    }
}

/// `None` where the result is too large.
fn decimals(op: Op, a: Decimal, b: Decimal, span: Span) -> Result<Option<Decimal>, EvalError> {
    Ok(match op {
        Op::Add => a.checked_add(b),
        Op::Subtract => a.checked_sub(b),
        Op::Multiply => a.checked_mul(b),
        _ if b.is_zero() => return error(span, format!("{} is divided by zero", a.normalize())),
        _ => a.checked_div(b),
    })
}

fn unjson(value: Value) -> Value {
    match value {
        Value::Json(serde_json::Value::Number(n)) => match read::decimal(&n.to_string()) {
            Some(n) => Value::Number(n),
            None => Value::Json(serde_json::Value::Number(n)),
        },
        other => other,
    }
}

fn cannot(op: Op, left: &Value, right: &Value, span: Span) -> Result<Value, EvalError> {
    error(
        span,
        format!(
            "`{}` has no meaning between {} and {}",
            sign(op),
            said(left),
            said(right)
        ),
    )
}

fn sign(op: Op) -> &'static str {
    match op {
        Op::Or => "or",
        Op::And => "and",
        Op::Equal => "==",
        Op::NotEqual => "!=",
        Op::Less => "<",
        Op::LessEqual => "<=",
        Op::Greater => ">",
        Op::GreaterEqual => ">=",
        Op::In => "in",
        Op::NotIn => "not in",
        Op::Contains => "contains",
        Op::Add => "+",
        Op::Subtract => "-",
        Op::Multiply => "*",
        Op::Divide => "/",
    }
}

#[cfg(test)]
#[path = "operators_tests.rs"]
mod tests;
