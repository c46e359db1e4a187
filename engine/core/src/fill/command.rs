//! Commands: what a hole becomes in a script is a reference to a variable, and in a direct command an argument.

use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::command::{Interpreter, Piece, Quoting, Script, ScriptForm, WordPart};
use runbook_plan::expr::{Template, TemplatePart};
use runbook_plan::show;
use runbook_plan::value::Value;

use super::{carried, fits, shown};
use crate::effect::{EnvValue, Program, RunInterpreter};
use crate::eval::{EvalError, Scope, error, eval, present};

/// A command, every value in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct FilledCommand {
    pub program: Program,
    /// The variables that carry the values of holes; they come after the runbook's own `env`.
    pub env: Vec<(String, EnvValue)>,
    /// For people: as written, values filled in and quoted as they stand, secrets as `‹name›`.
    pub shown: String,
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
