//! Where the way parts: each answer on a line that says what follows from it or links to where it goes on.

use crate::document::{Document, Role, role};
use crate::flow::Entry;
use crate::names::title_or;
use crate::text::{and, code, inline};
use runbook_grammar::ast::{Block, Expr, Stmt, StmtKind};

/// One way to go.
struct Arm<'a> {
    /// Markdown: the answer that leads here.
    label: String,
    /// Said after the answer: `(recommended)`.
    note: String,
    body: &'a [Stmt],
}

impl<'a> Document<'a> {
    pub fn if_entry(
        &mut self,
        arms: &'a [(Expr, Block)],
        otherwise: Option<&'a Block>,
        level: usize,
        number: &str,
        after: Option<&str>,
    ) {
        let mut ways: Vec<Arm<'a>> = Vec::new();
        for (index, (condition, block)) in arms.iter().enumerate() {
            let word = if index == 0 { "If" } else { "Otherwise, if" };
            ways.push(Arm {
                label: format!("{word} {}", self.code(condition)),
                note: String::new(),
                body: &block.body,
            });
        }
        if let Some(block) = otherwise {
            ways.push(Arm {
                label: "Otherwise".to_owned(),
                note: String::new(),
                body: &block.body,
            });
        }
        self.arms(ways, level, number, after);
    }

    pub fn choose_entry(
        &mut self,
        stmt: &'a Stmt,
        level: usize,
        number: &str,
        after: Option<&str>,
    ) {
        let StmtKind::Choose {
            binds,
            within,
            arms,
            ..
        } = &stmt.kind
        else {
            return;
        };
        let binds = binds
            .as_ref()
            .map(|binds| format!("The answer is kept as {}.", code(&binds.text)));
        let within = within.as_ref().map(|within| self.within(within));
        let notes: Vec<_> = binds.into_iter().chain(within).collect();
        self.out.block(&notes.join(" "));
        let ways = arms.iter().map(|arm| {
            let mut note = String::new();
            if arm.recommended {
                note.push_str(" (recommended)");
            }
            if let Some(condition) = &arm.only_if {
                note.push_str(&format!(" (only if {})", self.code(condition)));
            }
            Arm {
                label: inline(&arm.label),
                note,
                body: &arm.block.body,
            }
        });
        let ways = ways.collect();
        self.arms(ways, level, number, after);
    }

    pub fn decide_entry(
        &mut self,
        stmt: &'a Stmt,
        level: usize,
        number: &str,
        after: Option<&str>,
    ) {
        let StmtKind::Decide {
            matrix,
            inputs,
            by,
            arms,
            ..
        } = &stmt.kind
        else {
            return;
        };
        let mut text = format!(
            "Find the row that fits in {}",
            self.names.declared("matrix", self.file, matrix)
        );
        if !inputs.is_empty() {
            let inputs: Vec<_> = inputs
                .iter()
                .map(|input| match &input.name {
                    Some(name) => format!("{} being {}", code(&name.text), self.code(&input.value)),
                    None => self.code(&input.value),
                })
                .collect();
            text.push_str(&format!(", {}", and(&inputs)));
        }
        text.push_str(&match by {
            Some(by) => format!(". Its {} says what comes next.", code(&by.text)),
            None => ". It says what comes next.".to_owned(),
        });
        self.out.block(&text);
        let ways = arms.iter().map(|arm| {
            let values: Vec<_> = arm.values.iter().map(|value| self.value(value)).collect();
            Arm {
                label: values.join(" or "),
                note: String::new(),
                body: &arm.block.body,
            }
        });
        let ways = ways.collect();
        self.arms(ways, level, number, after);
    }

    pub fn attempt_entry(
        &mut self,
        stmt: &'a Stmt,
        level: usize,
        number: &str,
        after: Option<&str>,
    ) {
        let StmtKind::Attempt {
            name,
            title,
            within,
            block,
            otherwise,
        } = &stmt.kind
        else {
            return;
        };
        let limit = within.as_ref().map(|within| self.amount(within));
        let fallback = otherwise.as_ref().map(|otherwise| Arm {
            label: format!(
                "When this does not work: {}",
                title_or(title.as_ref(), &name.text)
            ),
            note: String::new(),
            body: &otherwise.body,
        });
        let mut text = match &limit {
            Some(limit) => format!("Try this, for at most **{limit}** in all."),
            None => "Try this.".to_owned(),
        };
        let anchor = format!("{}{}.otherwise", self.scope, name.text);
        let sentence = fallback.as_ref().map(|arm| self.sentences(arm.body));
        if fallback.is_some() {
            let when = if limit.is_some() {
                "If it fails or the time is over"
            } else {
                "If it fails"
            };
            text.push_str(&format!(" {when}, undo what it began"));
            match sentence.as_ref().and_then(Option::as_ref) {
                Some(sentence) => text.push_str(&format!(". Then: {sentence}")),
                None => text.push_str(&format!(" and go on with [the other way](#{anchor}).")),
            }
        }
        self.out.block(&text);
        self.below(Some(&name.text), |doc| {
            doc.scope_of(&block.body, level, number, after)
        });
        if let (Some(arm), Some(None)) = (fallback, sentence) {
            let number = format!(
                "{number}{}.",
                self.numbered(&block.body.iter().collect::<Vec<_>>(), "")
                    .len()
                    + 1
            );
            self.heading(level + 1, &format!("{number} {}", arm.label), Some(&anchor));
            self.below(Some(&name.text), |doc| {
                doc.scope_of(arm.body, level + 1, &number, after)
            });
        }
    }

    /// A line for each way, then the ways that are too long for a line.
    fn arms(&mut self, arms: Vec<Arm<'a>>, level: usize, number: &str, after: Option<&str>) {
        let mut long: Vec<(Arm<'a>, Option<Entry<'a>>, String, String)> = Vec::new();
        for arm in arms {
            if let Some(sentence) = self.sentences(arm.body) {
                self.out
                    .item(&format!("**{}**{}: {sentence}", arm.label, arm.note));
                continue;
            }
            if let Some(sentences) = self.all_sentences(arm.body) {
                self.out.item(&format!("**{}**{}:", arm.label, arm.note));
                self.out.enter();
                for sentence in sentences {
                    self.out.item(&sentence);
                }
                self.out.leave();
                continue;
            }
            let own_number = format!("{number}{}", long.len() + 1);
            let all: Vec<_> = arm.body.iter().collect();
            let only = self.only_entry(&all, number, long.len());
            let (title, anchor) = match &only {
                Some(entry) => (entry.title.clone(), entry.anchor.clone()),
                None => (
                    arm.label.clone(),
                    format!("at-{}{own_number}", self.procedure),
                ),
            };
            self.out.item(&format!(
                "**{}**{}: go on with [{own_number}. {title}](#{anchor}).",
                arm.label, arm.note
            ));
            long.push((arm, only, own_number, anchor));
        }
        if let Some(after) = after {
            self.out.block(&format!(
                "Unless it ends there, go on with {after} afterwards."
            ));
        }
        for (arm, only, own_number, anchor) in long {
            match only {
                Some(entry) => self.entry(&entry, level + 1, after),
                None => {
                    self.heading(
                        level + 1,
                        &format!("{own_number}. {}", arm.label),
                        Some(&anchor),
                    );
                    self.scope_of(arm.body, level + 1, &format!("{own_number}."), after);
                }
            }
        }
    }

    /// The one thing an arm consists of, which needs no heading for the arm itself.
    fn only_entry(&self, body: &[&'a Stmt], number: &str, before: usize) -> Option<Entry<'a>> {
        if body.iter().any(|stmt| role(&stmt.kind) == Role::Policy) {
            return None;
        }
        let mut entries = self.numbered_from(before + 1, body, number);
        if entries.len() == 1 {
            entries.pop()
        } else {
            None
        }
    }
}
