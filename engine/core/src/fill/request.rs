//! Requests: what a hole becomes in an address is percent-encoded, and breaks no header.

use runbook_plan::command::Request;
use runbook_plan::expr::TemplatePart;
use runbook_plan::show;
use runbook_plan::value::{Type, Value};

use super::{carried, joined, one, push, text_parts};
use crate::effect::EnvValue;
use crate::eval::{EvalError, Scope, error, present};

/// A request, every value in its place; `query` lines are already part of the address.
#[derive(Clone, Debug, PartialEq)]
pub struct FilledRequest {
    pub url: EnvValue,
    pub headers: Vec<(String, EnvValue)>,
    pub body: Option<EnvValue>,
    /// `GET http://…`, secrets as `‹name›`.
    pub shown: String,
}

/// A request. Holes of its address are percent-encoded, but for the one of type `url` (or the secret) that
/// opens it.
pub fn fill_request(request: &Request, scope: &dyn Scope) -> Result<FilledRequest, EvalError> {
    let mut parts = Vec::new();
    let mut seen = request.method.clone();
    seen.push(' ');
    let mut query = false;
    for (n, part) in request.url.parts.iter().enumerate() {
        match part {
            TemplatePart::Text(text) => {
                query |= text.contains('?');
                seen.push_str(text);
                push(&mut parts, EnvValue::Text(text.clone()));
            }
            TemplatePart::Hole(expr) => {
                let value = present(expr, scope)?;
                let opens = request.url.parts[..n]
                    .iter()
                    .all(|part| matches!(part, TemplatePart::Text(text) if text.is_empty()));
                let whole = opens
                    && (expr.ty == Type::Url || matches!(value, Value::Url(_) | Value::Secret(_)));
                let carried = carried(&value);
                let placed = if whole {
                    query |= matches!(&carried, EnvValue::Text(text) if text.contains('?'));
                    carried
                } else {
                    if !query
                        && matches!(&carried, EnvValue::Text(text) if text == "." || text == "..")
                    {
                        let text = show::value(&value);
                        return error(
                            expr.span,
                            format!("`{text}` would lead to another place than the address says"),
                        );
                    }
                    encoded(carried)
                };
                seen.push_str(&said(&placed, scope));
                push(&mut parts, placed);
            }
        }
    }
    for (name, value) in &request.query {
        let lead = if query { '&' } else { '?' };
        query = true;
        let name = format!("{lead}{}=", percent_encoded(name));
        seen.push_str(&name);
        push(&mut parts, EnvValue::Text(name));
        for part in &value.parts {
            let placed = match part {
                TemplatePart::Text(text) => EnvValue::Text(percent_encoded(text)),
                TemplatePart::Hole(expr) => encoded(carried(&present(expr, scope)?)),
            };
            seen.push_str(&said(&placed, scope));
            push(&mut parts, placed);
        }
    }
    let mut headers = Vec::new();
    for (name, value) in &request.headers {
        let value = joined(value, request.span, scope)?;
        if text_parts(&value).any(|text| text.contains(['\r', '\n', '\0'])) {
            return error(
                request.span,
                format!("the value of the header `{name}` holds a line break"),
            );
        }
        headers.push((name.clone(), value));
    }
    let body = match &request.body {
        Some(body) => Some(joined(body, request.span, scope)?),
        None => None,
    };
    Ok(FilledRequest {
        url: one(parts),
        headers,
        body,
        shown: seen,
    })
}

/// Text percent-encoded for any place in an address: only RFC 3986's unreserved characters stay.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn encoded(value: EnvValue) -> EnvValue {
    match value {
        EnvValue::Text(text) => EnvValue::Text(percent_encoded(&text)),
        EnvValue::Secret(secret) => EnvValue::SecretEncoded(secret),
        EnvValue::Mixed(parts) => EnvValue::Mixed(parts.into_iter().map(encoded).collect()),
        EnvValue::SecretEncoded(secret) => EnvValue::SecretEncoded(secret),
    }
}

fn said(value: &EnvValue, scope: &dyn Scope) -> String {
    match value {
        EnvValue::Text(text) => text.clone(),
        EnvValue::Secret(secret) | EnvValue::SecretEncoded(secret) => {
            format!("‹{}›", scope.secret(*secret))
        }
        EnvValue::Mixed(parts) => parts.iter().map(|part| said(part, scope)).collect(),
    }
}
