//! Values put in their places: text for people, commands for a process, requests for the network.

use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::command::{Interpreter, Piece, Quoting, Request, Script, ScriptForm, WordPart};
use runbook_plan::expr::{Expr, ExprKind, Template, TemplatePart};
use runbook_plan::show;
use runbook_plan::value::{Type, Value};

use crate::effect::{EnvValue, Program, RunInterpreter};
use crate::eval::{EvalError, Scope, error, eval, present};

/// What Linux takes in one argument or one variable, name and end included; more, and nothing starts.
const LONGEST_WORD: usize = 128 * 1024;

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
        return joined(template, expr.span, scope, |value, _| carried(value));
    }
    let value = carried(&present(expr, scope)?);
    fits(&value, 0, expr.span)?;
    Ok(value)
}

/// One variant of a command. What is missing is an error: nothing is run with a hole in it.
pub fn fill_command(
    plan: &Plan,
    script: &Script,
    scope: &dyn Scope,
) -> Result<FilledCommand, EvalError> {
    let (program, env) = match &script.form {
        ScriptForm::Direct(words) => (Program::Direct(direct(words, scope)?), Vec::new()),
        ScriptForm::Script { pieces, strict } => {
            let (text, mut env) = script_text(script.interpreter, pieces, scope)?;
            let interpreter = match script.interpreter {
                Interpreter::Sh => RunInterpreter::Sh,
                Interpreter::Bash => RunInterpreter::Bash,
                Interpreter::Zsh => RunInterpreter::Zsh,
                Interpreter::PowerShell => RunInterpreter::PowerShell,
                Interpreter::Python => RunInterpreter::Python,
                Interpreter::Declared(id) => {
                    let declared = plan
                        .interpreters
                        .get(id.index())
                        .and_then(|declared| plan.commands.get(declared.command.index()))
                        .and_then(|command| command.scripts.first());
                    match declared {
                        Some(own) if !matches!(own.interpreter, Interpreter::Declared(_)) => {
                            let filled = fill_command(plan, own, scope)?;
                            env.extend(filled.env);
                            RunInterpreter::Declared(id, Box::new(filled.program))
                        }
                        _ => {
                            return error(
                                Span::default(),
                                "the interpreter has no command of its own",
                            );
                        }
                    }
                }
            };
            let program = Program::Script {
                interpreter,
                text,
                strict: *strict,
            };
            (program, env)
        }
    };
    Ok(FilledCommand {
        program,
        env,
        shown: shown_command(script, scope)?,
    })
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
        let value = joined(value, request.span, scope, |value, _| carried(value))?;
        if text_parts(&value).any(|text| text.contains(['\r', '\n', '\0'])) {
            return error(
                request.span,
                format!("the value of the header `{name}` holds a line break"),
            );
        }
        headers.push((name.clone(), value));
    }
    let body = match &request.body {
        Some(body) => Some(joined(body, request.span, scope, |value, _| {
            carried(value)
        })?),
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
pub fn percent_encoded(text: &str) -> String {
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

/// What a process is given for a value.
fn carried(value: &Value) -> EnvValue {
    match value {
        Value::Secret(secret) => EnvValue::Secret(*secret),
        other => EnvValue::Text(show::value(other)),
    }
}

fn encoded(value: EnvValue) -> EnvValue {
    match value {
        EnvValue::Text(text) => EnvValue::Text(percent_encoded(&text)),
        EnvValue::Secret(secret) => EnvValue::SecretEncoded(secret),
        EnvValue::Mixed(parts) => EnvValue::Mixed(parts.into_iter().map(encoded).collect()),
        EnvValue::SecretEncoded(secret) => EnvValue::SecretEncoded(secret),
    }
}

/// A template as one value for a process; nothing in it may be missing.
fn joined(
    template: &Template,
    span: Span,
    scope: &dyn Scope,
    place: impl Fn(&Value, &Expr) -> EnvValue,
) -> Result<EnvValue, EvalError> {
    let mut parts = Vec::new();
    for part in &template.parts {
        match part {
            TemplatePart::Text(text) => push(&mut parts, EnvValue::Text(text.clone())),
            TemplatePart::Hole(expr) => push(&mut parts, place(&present(expr, scope)?, expr)),
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

fn said(value: &EnvValue, scope: &dyn Scope) -> String {
    match value {
        EnvValue::Text(text) => text.clone(),
        EnvValue::Secret(secret) | EnvValue::SecretEncoded(secret) => {
            format!("‹{}›", scope.secret(*secret))
        }
        EnvValue::Mixed(parts) => parts.iter().map(|part| said(part, scope)).collect(),
    }
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

fn direct(words: &[Vec<WordPart>], scope: &dyn Scope) -> Result<Vec<String>, EvalError> {
    let mut out = Vec::new();
    for word in words {
        if let [WordPart::Hole(expr)] = word.as_slice() {
            let value = present(expr, scope)?;
            for item in items(&value) {
                out.push(argument(item, expr.span)?);
            }
            continue;
        }
        let mut text = String::new();
        for part in word {
            match part {
                WordPart::Text(part) => text.push_str(part),
                WordPart::Hole(expr) => {
                    text.push_str(&argument(&present(expr, scope)?, expr.span)?)
                }
            }
        }
        out.push(text);
    }
    Ok(out)
}

fn argument(value: &Value, span: Span) -> Result<String, EvalError> {
    let carried = carried(value);
    fits(&carried, 0, span)?;
    match carried {
        EnvValue::Text(text) => Ok(text),
        // The plan keeps secrets out of argument lists, which `ps` shows; were it wrong, nothing is run.
        _ => error(
            span,
            "a secret cannot be an argument of a command that is run directly",
        ),
    }
}

/// A list's items, or the value itself.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        one => std::slice::from_ref(one),
    }
}

type Variables = Vec<(String, EnvValue)>;

/// The script with a reference in each hole's place, and the variables that they refer to.
fn script_text(
    interpreter: Interpreter,
    pieces: &[Piece],
    scope: &dyn Scope,
) -> Result<(String, Variables), EvalError> {
    let mut text = String::new();
    let mut env: Variables = Vec::new();
    for piece in pieces {
        let (value, variable, quoting) = match piece {
            Piece::Text(part) => {
                text.push_str(part);
                continue;
            }
            Piece::Hole {
                quoting: Quoting::Comment,
                ..
            } => continue,
            Piece::Hole {
                value,
                variable,
                quoting,
            } => (value, variable, *quoting),
        };
        let span = value.span;
        let mut bind = |name: String, value: EnvValue| {
            fits(&value, name.len() + 1, span)?;
            if !env.iter().any(|(other, _)| *other == name) {
                env.push((name, value));
            }
            Ok(())
        };
        match (present(value, scope)?, quoting) {
            (Value::List(items), Quoting::Bare) => {
                let mut words = Vec::new();
                for (n, item) in items.iter().enumerate() {
                    let name = format!("{variable}_{}", n + 1);
                    words.push(reference(interpreter, &name, quoting));
                    bind(name, carried(item))?;
                }
                text.push_str(&match interpreter {
                    Interpreter::PowerShell if words.is_empty() => "@()".to_owned(),
                    Interpreter::PowerShell => words.join(","),
                    _ => words.join(" "),
                });
            }
            (value, _) => {
                text.push_str(&reference(interpreter, variable, quoting));
                bind(variable.clone(), carried(&value))?;
            }
        }
    }
    Ok((text, env))
}

/// The text that stands for a variable's value at a place, and for nothing else whatever it holds.
fn reference(interpreter: Interpreter, variable: &str, quoting: Quoting) -> String {
    match (interpreter, quoting) {
        (Interpreter::PowerShell, Quoting::Bare) => format!("\"${{env:{variable}}}\""),
        (Interpreter::PowerShell, _) => format!("${{env:{variable}}}"),
        (_, Quoting::Bare) => format!("\"${variable}\""),
        (_, Quoting::Double | Quoting::Here) => format!("${{{variable}}}"),
        (_, Quoting::Single) => format!("'\"${variable}\"'"),
        (_, Quoting::Dollar) => format!("'\"${variable}\"$'"),
        (_, Quoting::Comment) => String::new(),
    }
}

/// The command as written, values filled in and quoted as each place wants it.
fn shown_command(script: &Script, scope: &dyn Scope) -> Result<String, EvalError> {
    let places: Vec<Quoting> = match &script.form {
        ScriptForm::Direct(_) => places_in_plain_quotes(&script.text),
        ScriptForm::Script { pieces, .. } => pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Hole { quoting, .. } => Some(*quoting),
                Piece::Text(_) => None,
            })
            .collect(),
    };
    let mut places = places.into_iter();
    let mut out = String::new();
    for part in &script.text.parts {
        let expr = match part {
            TemplatePart::Text(text) => {
                out.push_str(text);
                continue;
            }
            TemplatePart::Hole(expr) => expr,
        };
        let quoting = places.next().unwrap_or(Quoting::Bare);
        let value = eval(expr, scope)?;
        let words: Vec<String> = items(&value)
            .iter()
            .map(|item| match item {
                Value::Secret(_) => shown(item, scope),
                item => quoted_at(script.interpreter, &show::value(item), quoting),
            })
            .collect();
        out.push_str(&words.join(" "));
    }
    Ok(out)
}

/// Where the holes of a direct command stand: it has no quotes but plain ones.
fn places_in_plain_quotes(text: &Template) -> Vec<Quoting> {
    let mut now = Quoting::Bare;
    let mut places = Vec::new();
    for part in &text.parts {
        match part {
            TemplatePart::Hole(_) => places.push(now),
            TemplatePart::Text(text) => {
                for c in text.chars() {
                    now = match (now, c) {
                        (Quoting::Bare, '"') => Quoting::Double,
                        (Quoting::Bare, '\'') => Quoting::Single,
                        (Quoting::Double, '"') | (Quoting::Single, '\'') => Quoting::Bare,
                        (now, _) => now,
                    };
                }
            }
        }
    }
    places
}

fn quoted_at(interpreter: Interpreter, text: &str, quoting: Quoting) -> String {
    let escaped = |special: &str, with: char| {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if special.contains(c) {
                out.push(with);
            }
            out.push(c);
        }
        out
    };
    match (interpreter, quoting) {
        (_, Quoting::Comment) => text.to_owned(),
        (Interpreter::PowerShell, Quoting::Bare) => {
            let word = show::shell_quoted(text);
            if word.starts_with('\'') {
                format!("'{}'", escaped("'", '\''))
            } else {
                word
            }
        }
        (Interpreter::PowerShell, _) => escaped("\"$`", '`'),
        (_, Quoting::Bare) => show::shell_quoted(text),
        (_, Quoting::Double) => escaped("\"$`\\", '\\'),
        (_, Quoting::Here) => escaped("$`\\", '\\'),
        (_, Quoting::Single) => text.replace('\'', r"'\''"),
        (_, Quoting::Dollar) => escaped("'\\", '\\'),
    }
}

#[cfg(test)]
#[path = "fill_tests.rs"]
mod tests;
