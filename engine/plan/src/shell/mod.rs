//! Values in commands: where each hole of a command line or a script stands in the shell's grammar, and so
//! how its value can be referred to there without ever becoming code.
//!
//! A value reaches the shell in an environment variable; what is put into the text is a reference to it in
//! the form that is right at that place ([`Quoting`](crate::command::Quoting)). Where none is right, that is an error which names the
//! way out.
//!
//! | file | what it holds |
//! |---|---|
//! | [`posix`] | where holes stand in `sh`, `bash` and `zsh` |
//! | [`nested`] | commands whose arguments or input are programs themselves |
//! | [`powershell`] | where holes stand in PowerShell |
//! | [`direct`](mod@direct) | one-line commands that need no shell |
//! | [`calls`](mod@calls) | the simple commands of a script, for those who judge and do not run |
//! | [`trouble`] | why a place has no safe form, and the way out |

use std::collections::BTreeMap;

use runbook_grammar::ast::{Path, Str, StrPart};
use runbook_grammar::diagnostic::Diagnostic;

use crate::codes;
use crate::command::{Interpreter, Piece};
use crate::expr::Expr;
use crate::value::Type;

mod calls;
mod direct;
mod nested;
mod posix;
mod powershell;
mod trouble;

pub use calls::{Call, Joined, Redirect, Word, calls, calls_of};
pub use direct::direct;
pub use posix::{EXPANSION, HOLE};
use trouble::Place;

/// A character of a script, or a hole by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sym {
    Char(char),
    Hole(usize),
}

/// Which of the POSIX family reads the script. `Sh` is dash, busybox or bash, so it is held to the rules of all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    Sh,
    Bash,
    Zsh,
}

/// Whether a hole's value is a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    One,
    List,
}

/// The pieces of a command line or a script for an interpreter. `holes` are the resolved expressions of the
/// holes of `text`, in order; for one that could not be resolved any expression of type `text` will do.
/// Holes that have no safe form are reported, and then the pieces must not be run.
///
/// Linear in the length of the text, whatever is in it.
pub fn pieces(
    interpreter: Interpreter,
    text: &Str,
    holes: &[Expr],
) -> (Vec<Piece>, Vec<Diagnostic>) {
    let written: Vec<Hole<'_>> = text
        .parts
        .iter()
        .filter_map(|part| match part {
            StrPart::Hole { path, span } => Some((path, *span)),
            StrPart::Text { .. } => None,
        })
        .zip(holes)
        .map(|((path, span), value)| Hole { path, span, value })
        .collect();
    if written.is_empty() {
        return (vec![Piece::Text(all_text(text))], Vec::new());
    }
    let shell = match interpreter {
        Interpreter::Sh => Shell::Sh,
        Interpreter::Bash => Shell::Bash,
        Interpreter::Zsh => Shell::Zsh,
        Interpreter::PowerShell => return in_powershell(text, &written),
        Interpreter::Python | Interpreter::Declared(_) => {
            let errors = written.iter().map(in_other_interpreter).collect();
            return (vec![Piece::Text(all_text(text))], errors);
        }
    };
    let shapes: Vec<Shape> = written.iter().map(Hole::shape).collect();
    let found = posix::places(shell, &symbols(text), &shapes);
    let mut errors = report(text, &written, &found.places, found.unfinished);
    errors.sort_by_key(|error| error.span().start);
    let names = variables(text, &written);
    let mut pieces = Vec::new();
    let mut next = 0;
    for part in &text.parts {
        match part {
            StrPart::Text { text, .. } => pieces.push(Piece::Text(text.clone())),
            StrPart::Hole { .. } => {
                if let Some(hole) = written.get(next) {
                    pieces.push(Piece::Hole {
                        value: Box::new(hole.value.clone()),
                        variable: names[next].clone(),
                        quoting: found.places[next].quoting(),
                    });
                }
                next += 1;
            }
        }
    }
    (pieces, errors)
}

struct Hole<'a> {
    path: &'a Path,
    span: runbook_grammar::span::Span,
    value: &'a Expr,
}

impl Hole<'_> {
    fn shape(&self) -> Shape {
        match &self.value.ty {
            Type::List(_) => Shape::List,
            Type::Optional(inner) if matches!(**inner, Type::List(_)) => Shape::List,
            _ => Shape::One,
        }
    }

    /// As written: `{{a.b}}`.
    fn written(&self) -> String {
        format!("{{{{{}}}}}", dotted(self.path))
    }
}

fn dotted(path: &Path) -> String {
    let names: Vec<&str> = path.names.iter().map(|name| name.text.as_str()).collect();
    names.join(".")
}

fn in_powershell(text: &Str, written: &[Hole<'_>]) -> (Vec<Piece>, Vec<Diagnostic>) {
    let shapes: Vec<Shape> = written.iter().map(Hole::shape).collect();
    let found = powershell::places(&symbols(text), &shapes);
    let errors = report(text, written, &found.places, found.unfinished);
    let names = variables(text, written);
    let pieces = found
        .parts
        .into_iter()
        .map(|part| match part {
            powershell::Part::Text(text) => Piece::Text(text),
            powershell::Part::Hole(n) => Piece::Hole {
                value: Box::new(written[n].value.clone()),
                variable: names[n].clone(),
                quoting: found.places[n].quoting(),
            },
        })
        .collect();
    (pieces, errors)
}

fn in_other_interpreter(hole: &Hole<'_>) -> Diagnostic {
    let name = dotted(hole.path);
    let variable = name.to_uppercase().replace('.', "_");
    Diagnostic::error(
        codes::HOLE_IN_OTHER_INTERPRETER,
        "a value stands in a script that is no shell's",
        hole.span,
        "this would become part of the program",
    )
    .help(format!(
        "write `env {variable} = {name}` above it and read `{variable}` from the environment, or mark the \
         fence `verbatim` if `{}` is meant as it stands",
        hole.written()
    ))
}

fn report(
    text: &Str,
    written: &[Hole<'_>],
    places: &[Place],
    unfinished: Option<&'static str>,
) -> Vec<Diagnostic> {
    let mut errors: Vec<Diagnostic> = Vec::new();
    if let Some(what) = unfinished {
        errors.push(
            Diagnostic::error(
                codes::SCRIPT_UNFINISHED,
                format!("{what} is opened here and never closed"),
                text.span,
                "what a value means in it cannot be said",
            )
            .help("close it; an apostrophe in plain words stands inside double quotes"),
        );
    }
    for (hole, place) in written.iter().zip(places) {
        if let Place::Bad(trouble) = place {
            errors.push(trouble.diagnostic(&hole.written(), hole.span));
        }
    }
    errors
}

fn all_text(text: &Str) -> String {
    text.parts
        .iter()
        .filter_map(|part| match part {
            StrPart::Text { text, .. } => Some(text.as_str()),
            StrPart::Hole { .. } => None,
        })
        .collect()
}

fn symbols(text: &Str) -> Vec<Sym> {
    let mut symbols = Vec::new();
    let mut holes = 0;
    for part in &text.parts {
        match part {
            StrPart::Text { text, .. } => symbols.extend(text.chars().map(Sym::Char)),
            StrPart::Hole { .. } => {
                symbols.push(Sym::Hole(holes));
                holes += 1;
            }
        }
    }
    symbols
}

/// A variable for each hole: `RBK_` and its path, the same for the same path, and never a name that the
/// author's text mentions. A list's items get `_1`, `_2`, … behind it.
fn variables(text: &Str, holes: &[Hole<'_>]) -> Vec<String> {
    let mentions = {
        let text = all_text(text);
        // Nearly no script mentions the prefix; then nothing has to be searched again.
        if text.contains("RBK_") {
            text
        } else {
            String::new()
        }
    };
    let mut given: BTreeMap<String, (String, Shape)> = BTreeMap::new();
    for hole in holes {
        let path = dotted(hole.path);
        if given.contains_key(&path) {
            continue;
        }
        let plain: String = path
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let shape = hole.shape();
        let taken = |name: &str| {
            mentions.contains(name)
                || given.values().any(|(other, other_shape)| {
                    other == name
                        || *other_shape == Shape::List && is_item_of(name, other)
                        || shape == Shape::List && is_item_of(other, name)
                })
        };
        let name = std::iter::once(format!("RBK_{plain}"))
            .chain((2..).map(|n| format!("RBK_{plain}_v{n}")))
            .find(|name| !taken(name))
            .unwrap_or_default();
        given.insert(path, (name, shape));
    }
    holes
        .iter()
        .map(|hole| given[&dotted(hole.path)].0.clone())
        .collect()
}

/// Whether `name` is `list` with `_` and a number behind it.
fn is_item_of(name: &str, list: &str) -> bool {
    name.strip_prefix(list)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
