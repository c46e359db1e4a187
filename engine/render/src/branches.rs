//! Where the way parts: each answer on a line that says what follows from it or links to where it goes on.

use crate::document::{Document, Role, role};
use crate::flow::{Entry, Spot};
use crate::names::title_or;
use crate::text::{and, code, inline};
use runbook_grammar::ast::{Arg, Block, ChooseArm, DecideArm, Expr, Name, Path, Stmt, StmtKind};

/// One way to go.
struct Arm<'a> {
    /// Markdown: the answer that leads here.
    label: String,
    /// Said after the answer: `(recommended)`.
    note: String,
    body: &'a [Stmt],
}

impl<'a> Arm<'a> {
    fn new(label: String, body: &'a [Stmt]) -> Arm<'a> {
        Arm {
            label,
            note: String::new(),
            body,
        }
    }
}

impl<'a> Document<'a> {
    /// Says how the way parts at an `if`, a `choose` or a `decide`, then writes the ways.
    pub fn parting(&mut self, kind: &'a StmtKind, spot: Spot<'_>) {
        let ways = match kind {
            StmtKind::If { arms, otherwise } => self.if_ways(arms, otherwise.as_deref()),
            StmtKind::Choose {
                binds,
                within,
                arms,
                ..
            } => {
                let binds = binds
                    .as_ref()
                    .map(|binds| format!("The answer is kept as {}.", code(&binds.text)));
                let within = within.as_ref().map(|within| self.within(within));
                let notes: Vec<_> = binds.into_iter().chain(within).collect();
                self.out.block(&notes.join(" "));
                self.choose_ways(arms)
            }
            StmtKind::Decide {
                matrix,
                inputs,
                by,
                arms,
                ..
            } => {
                let text = self.decision(matrix, inputs, by.as_deref());
                self.out.block(&text);
                self.decide_ways(arms)
            }
            _ => return,
        };
        self.arms(ways, spot);
    }

    fn if_ways(&self, arms: &'a [(Expr, Block)], otherwise: Option<&'a Block>) -> Vec<Arm<'a>> {
        let mut ways: Vec<Arm<'a>> = Vec::new();
        for (index, (condition, block)) in arms.iter().enumerate() {
            let word = if index == 0 { "If" } else { "Otherwise, if" };
            ways.push(Arm::new(
                format!("{word} {}", self.code(condition)),
                &block.body,
            ));
        }
        ways.extend(otherwise.map(|block| Arm::new("Otherwise".to_owned(), &block.body)));
        ways
    }

    fn choose_ways(&self, arms: &'a [ChooseArm]) -> Vec<Arm<'a>> {
        let way = |arm: &'a ChooseArm| {
            let mut way = Arm::new(inline(&arm.label), &arm.block.body);
            if arm.recommended {
                way.note.push_str(" (recommended)");
            }
            if let Some(condition) = &arm.only_if {
                way.note
                    .push_str(&format!(" (only if {})", self.code(condition)));
            }
            way
        };
        arms.iter().map(way).collect()
    }

    fn decide_ways(&self, arms: &'a [DecideArm]) -> Vec<Arm<'a>> {
        let way = |arm: &'a DecideArm| {
            let values: Vec<_> = arm.values.iter().map(|value| self.value(value)).collect();
            Arm::new(values.join(" or "), &arm.block.body)
        };
        arms.iter().map(way).collect()
    }

    fn decision(&self, matrix: &Path, inputs: &[Arg], by: Option<&Name>) -> String {
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
        text
    }

    pub fn attempt_entry(&mut self, kind: &'a StmtKind, spot: Spot<'_>) {
        let StmtKind::Attempt {
            name,
            title,
            within,
            block,
            otherwise,
        } = kind
        else {
            return;
        };
        let limit = within.as_ref().map(|within| self.amount(within));
        let fallback = otherwise.as_ref().map(|otherwise| {
            let title = title_or(title.as_ref(), &name.text);
            Arm::new(format!("When this does not work: {title}"), &otherwise.body)
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
        self.below(Some(&name.text), |doc| doc.scope_of(&block.body, spot));
        if let (Some(arm), Some(None)) = (fallback, sentence) {
            let number = format!(
                "{}{}.",
                spot.number,
                self.numbered(&block.body.iter().collect::<Vec<_>>(), "")
                    .len()
                    + 1
            );
            let spot = spot.below(&number);
            self.heading(
                spot.level,
                &format!("{number} {}", arm.label),
                Some(&anchor),
            );
            self.below(Some(&name.text), |doc| doc.scope_of(arm.body, spot));
        }
    }

    /// A line for each way, then the ways that are too long for a line.
    fn arms(&mut self, arms: Vec<Arm<'a>>, spot: Spot<'_>) {
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
            let own_number = format!("{}{}", spot.number, long.len() + 1);
            let all: Vec<_> = arm.body.iter().collect();
            let only = self.only_entry(&all, spot.number, long.len());
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
        if let Some(after) = spot.after {
            self.out.block(&format!(
                "Unless it ends there, go on with {after} afterwards."
            ));
        }
        for (arm, only, own_number, anchor) in long {
            match only {
                Some(entry) => self.entry(&entry, spot.level + 1, spot.after),
                None => {
                    let number = format!("{own_number}.");
                    let spot = spot.below(&number);
                    self.heading(
                        spot.level,
                        &format!("{number} {}", arm.label),
                        Some(&anchor),
                    );
                    self.scope_of(arm.body, spot);
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
