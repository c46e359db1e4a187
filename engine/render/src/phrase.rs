//! Statements that a sentence can say.

use crate::document::Document;
use crate::flow::{last_words, outcome_words};
use crate::names::{Procedure, dotted};
use crate::text::{and, code, escape, filled, inline, plain, prose};
use runbook_grammar::ast::{
    Arg, Call, ExprKind, Formal, LetValue, Path, Stmt, StmtKind, Within, WithinElse,
};

/// More than this and a list reads better.
const MOST_SENTENCES: usize = 3;

impl Document<'_> {
    /// All of a body as one line, where it is short and holds nothing that needs more than a sentence.
    pub fn sentences(&self, body: &[Stmt]) -> Option<String> {
        let sentences = self.all_sentences(body)?;
        (sentences.len() <= MOST_SENTENCES).then(|| sentences.join(" "))
    }

    /// All of a body as sentences, where nothing in it needs more.
    pub fn all_sentences(&self, body: &[Stmt]) -> Option<Vec<String>> {
        if body.is_empty() {
            return Some(vec!["Nothing to do.".to_owned()]);
        }
        body.iter().map(|stmt| self.sentence(stmt)).collect()
    }

    pub fn sentence(&self, stmt: &Stmt) -> Option<String> {
        Some(match &stmt.kind {
            StmtKind::Prose(text) => one_line(&prose(text))?,
            StmtKind::Warning(text) => format!("**Warning:** {}", one_line(&prose(text))?),
            StmtKind::Do(call) => {
                let named = call.binds.as_ref().map_or(String::new(), |name| {
                    format!(", called {}", code(&name.text))
                });
                format!("Carry out {}{named}.", self.call(call))
            }
            StmtKind::Let {
                name,
                value: LetValue::Do(call),
                ..
            } => {
                format!(
                    "Carry out {} and note the result as {}.",
                    self.call(call),
                    code(&name.text)
                )
            }
            StmtKind::Let {
                name,
                value: LetValue::Expr(value),
                ..
            } => format!("Let {} be {}.", code(&name.text), self.code(value)),
            StmtKind::Notify(path) => format!(
                "Send the message {}.",
                self.names.declared("message", self.file, path)
            ),
            StmtKind::Escalate { to, text } => self.escalation(to, text.as_ref().map(inline)),
            StmtKind::Rewind(path) => {
                let words = dotted(path);
                let place = match self.names.place(&self.procedure, &words) {
                    Some(place) => format!("[{}](#{})", place.title, place.path),
                    None => code(&words),
                };
                format!("Undo, newest first, what was done since {place}; then go on here.")
            }
            StmtKind::Finish { outcome, text } => {
                let text = text
                    .as_ref()
                    .map_or(String::new(), |text| format!(" {}", stop(&inline(text))));
                format!("**End: {}.**{text}", outcome_words(&outcome.text))
            }
            StmtKind::Return(Some(value)) => format!("The result is {}.", self.code(value)),
            StmtKind::Return(None) => "Return.".to_owned(),
            StmtKind::Wait(time) => format!("Wait {}.", self.amount(time)),
            StmtKind::Compare { before, after } => {
                format!(
                    "See what changed between the states {} and {}.",
                    code(&before.text),
                    code(&after.text)
                )
            }
            StmtKind::Expect { condition, why } => {
                let why = why
                    .as_ref()
                    .map_or(String::new(), |why| format!(" ({})", inline(why)));
                format!("Expect {}{why}.", self.code(condition))
            }
            StmtKind::Todo(text) => format!("**Not written yet:** {}", stop(&inline(text))),
            _ => return None,
        })
    }

    /// `[Roll back](#roll_back) with `to` = `stable``
    pub fn call(&self, call: &Call) -> String {
        let procedure = self.names.procedure(self.file, &call.path);
        let title = match procedure {
            Some(procedure) => format!("[{}](#{})", escape(&self.called(call)), procedure.path),
            None => code(&dotted(&call.path)),
        };
        let formals = procedure.map_or(&[][..], Procedure::formals);
        let args: Vec<_> = call
            .args
            .iter()
            .enumerate()
            .map(|(index, arg)| self.argument(arg, formals.get(index)))
            .collect();
        if args.is_empty() {
            title
        } else {
            format!("{title} with {}", and(&args))
        }
    }

    /// What a call is called, as plain text: the procedure's title, with what is given here filled in.
    pub fn called(&self, call: &Call) -> String {
        let Some(procedure) = self.names.procedure(self.file, &call.path) else {
            return last_words(&call.path);
        };
        let StmtKind::Procedure {
            title: Some(title), ..
        } = &procedure.stmt.kind
        else {
            return last_words(&call.path);
        };
        let formals = procedure.formals();
        filled(title, |hole| {
            let place = formals.iter().position(|formal| formal.name.text == hole);
            let given = call
                .args
                .iter()
                .enumerate()
                .find(|(index, arg)| match &arg.name {
                    Some(name) => name.text == hole,
                    None => place == Some(*index),
                });
            match given.map(|(_, arg)| &arg.value.kind) {
                Some(ExprKind::Text(text)) => plain(text),
                Some(ExprKind::Name(name)) => format!("⟨{}⟩", name.text),
                _ => format!("⟨{hole}⟩"),
            }
        })
    }

    fn argument(&self, arg: &Arg, formal: Option<&Formal>) -> String {
        let name = arg.name.as_ref().or(formal.map(|formal| &formal.name));
        let name = name.map(|name| &name.text);
        match name {
            Some(name) if *name == self.words(&arg.value) => code(name),
            Some(name) => format!("{} = {}", code(name), self.code(&arg.value)),
            None => self.code(&arg.value),
        }
    }

    pub fn escalation(&self, to: &Path, text: Option<String>) -> String {
        let text = text.map_or(".".to_owned(), |text| format!(": {}", stop(&text)));
        format!(
            "Escalate to {}{text}",
            self.names.declared("contact", self.file, to)
        )
    }

    /// What happens when nobody answers in time, as a sentence.
    pub fn within(&self, within: &Within) -> String {
        let limit = self.amount(&within.limit);
        match &within.otherwise {
            None => format!("Answer within {limit}."),
            Some(WithinElse::Answer(answer)) => format!(
                "No answer within {limit} means **{}**.",
                escape(self.words(answer).trim_matches('"'))
            ),
            Some(WithinElse::Escalate { to, text }) => {
                format!(
                    "With no answer within {limit}: {}",
                    self.escalation(to, text.as_ref().map(inline))
                )
            }
        }
    }
}

/// Text that ends as a sentence does.
pub(crate) fn stop(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

fn one_line(text: &str) -> Option<String> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let plain = lines
        .iter()
        .all(|line| !line.is_empty() && !line.starts_with(['-', '*', '|', '#', '>', '`']));
    plain.then(|| lines.join(" "))
}
