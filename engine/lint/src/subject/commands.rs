//! Commands and requests of a file, with the words their shells read and what the plan knows of them.

use std::collections::BTreeMap;
use std::ops::Range;

use runbook_grammar::ast::{self, Mark, Str, StrPart};
use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::command::{self, Interpreter, Strictness};
use runbook_plan::expr::{Expr, Template, TemplatePart};
use runbook_plan::ids::CommandId;
use runbook_plan::shell::{Call, calls};

use super::children::{self, Purpose};
use super::{Site, SiteId, Subject};

/// A command of the file.
pub struct Command<'a> {
    pub ast: &'a ast::Command,
    pub site: SiteId,
    pub purpose: Purpose,
    pub plan: Option<&'a command::Command>,
    /// A line, or a fence each.
    pub scripts: Vec<Script<'a>>,
}

/// What one interpreter is given.
pub struct Script<'a> {
    pub interpreter: Interpreter,
    /// Stops at the first failure, in a pipe as well.
    pub strict: Strictness,
    pub text: &'a Str,
    pub calls: Vec<Call>,
    /// The values of the holes, in order.
    holes: Vec<&'a Expr>,
}

/// A request of the file.
pub struct Request<'a> {
    pub ast: &'a ast::Http,
    pub site: SiteId,
    pub purpose: Purpose,
}

pub(super) fn gather<'a>(
    sites: &[Site<'a>],
    plan: &'a Plan,
    known: &BTreeMap<(u32, u32), CommandId>,
) -> (Vec<Command<'a>>, Vec<Request<'a>>) {
    let mut commands = Vec::new();
    let mut requests = Vec::new();
    for (at, site) in sites.iter().enumerate() {
        for (mut purpose, ast) in children::commands(site.stmt) {
            let parent = site.parent.map(|parent| &sites[parent].stmt.kind);
            if matches!(parent, Some(ast::StmtKind::Interpreter { .. })) {
                purpose = Purpose::Interpreter;
            }
            let plan = known
                .get(&(ast.span.start, ast.span.end))
                .map(|id| &plan.commands[id.index()]);
            commands.push(Command {
                ast,
                site: at,
                purpose,
                plan,
                scripts: scripts(ast, plan),
            });
        }
        for (purpose, ast) in children::requests(site.stmt) {
            requests.push(Request {
                ast,
                site: at,
                purpose,
            });
        }
    }
    (commands, requests)
}

fn scripts<'a>(ast: &'a ast::Command, plan: Option<&'a command::Command>) -> Vec<Script<'a>> {
    let texts = children::scripts(ast);
    let known = plan.map_or(&[][..], |plan| &plan.scripts[..]);
    texts
        .into_iter()
        .enumerate()
        .map(|(at, text)| {
            let script = known.get(at);
            let interpreter = script.map_or(Interpreter::Sh, |script| script.interpreter);
            Script {
                interpreter,
                strict: match script.map(|script| &script.form) {
                    Some(command::ScriptForm::Script { strict, .. }) => *strict,
                    _ => Strictness::AsTyped,
                },
                text,
                calls: calls(interpreter, text),
                holes: script.map_or_else(Vec::new, |script| holes(&script.text)),
            }
        })
        .collect()
}

/// The values of a text's holes, in order.
pub fn holes(template: &Template) -> Vec<&Expr> {
    template
        .parts
        .iter()
        .filter_map(|part| match part {
            TemplatePart::Hole(value) => Some(&**value),
            TemplatePart::Text(_) => None,
        })
        .collect()
}

impl<'a> Command<'a> {
    pub fn acts(&self) -> bool {
        self.ast.mark == Mark::Act
    }

    /// Every call of every variant, with its script.
    pub fn calls(&self) -> impl Iterator<Item = (&Script<'a>, &Call)> {
        self.scripts
            .iter()
            .flat_map(|script| script.calls.iter().map(move |call| (script, call)))
    }
}

impl Request<'_> {
    pub fn acts(&self) -> bool {
        !matches!(self.ast.method.text.as_str(), "GET" | "HEAD")
    }
}

impl<'a> Script<'a> {
    pub fn hole(&self, number: usize) -> Option<&'a Expr> {
        self.holes.get(number).copied()
    }

    /// The text without its holes.
    pub fn plain(&self) -> String {
        self.text
            .parts
            .iter()
            .map(|part| match part {
                StrPart::Text { text, .. } => text.as_str(),
                StrPart::Hole { .. } => "\u{2}",
            })
            .collect()
    }
}

impl Subject<'_> {
    /// A place in a script, counted in its characters, as a place in the file.
    pub fn place(&self, text: &Str, place: &Range<usize>) -> Span {
        let start = self.offset(text, place.start);
        let end = self.offset(text, place.end.saturating_sub(1));
        match (start, end) {
            (Some((start, _)), Some((_, end))) if start < end => {
                Span::new(text.span.source, start, end)
            }
            _ => text.span,
        }
    }

    /// The whole of a call.
    pub fn call(&self, script: &Script<'_>, call: &Call) -> Span {
        let words = call.sets.iter().chain(&call.words);
        let targets = call
            .redirects
            .iter()
            .map(|redirect| &redirect.target)
            .filter(|word| !word.place.is_empty());
        let start = words.clone().map(|word| word.place.start).min();
        let end = words.chain(targets).map(|word| word.place.end).max();
        match (start, end) {
            (Some(start), Some(end)) => self.place(script.text, &(start..end)),
            _ => script.text.span,
        }
    }

    /// Where a character of a script begins and ends in the file.
    fn offset(&self, text: &Str, symbol: usize) -> Option<(usize, usize)> {
        let mut left = symbol;
        for part in &text.parts {
            match part {
                StrPart::Hole { span, .. } => {
                    if left == 0 {
                        return Some((span.start as usize, span.end as usize));
                    }
                    left -= 1;
                }
                StrPart::Text { text, span } => {
                    let Some((byte, sign)) = text.char_indices().nth(left) else {
                        left -= text.chars().count();
                        continue;
                    };
                    let start = span.start as usize + self.shift(text, *span, byte)?;
                    return Some((start, start + sign.len_utf8()));
                }
            }
        }
        None
    }

    /// A byte of a text as a byte of what was written: a fence's common indentation is put back. Lines end alike in
    /// both.
    fn shift(&self, text: &str, span: Span, byte: usize) -> Option<usize> {
        let written = self.sources.text(span);
        let line = text[..byte].matches('\n').count();
        let ends_at = |of: &str| -> Option<usize> {
            let starts = of.match_indices('\n').map(|(at, _)| at);
            starts.chain([of.len()]).nth(line)
        };
        let behind = ends_at(text)?.checked_sub(byte)?;
        ends_at(written)?.checked_sub(behind)
    }
}
