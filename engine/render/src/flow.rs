//! What is done, in order and numbered: `1`, `2`, `2.1`. A number stands for something a person would point at; what looks,
//! asks or confirms between steps shares one number as long as it goes on.

use crate::document::{Document, Role, role};
use crate::names::{humane, named, title_or};
use crate::phrase::stop;
use crate::text::{code, escape, inline};
use runbook_grammar::ast::{ExprKind, LetValue, Path, Stmt, StmtKind};

/// One numbered thing.
pub(crate) struct Entry<'a> {
    /// Prose that introduces it.
    pub lead: Vec<&'a Stmt>,
    /// One statement, or a run of [`Role::Leaf`]s.
    pub stmts: Vec<&'a Stmt>,
    /// `3.1`
    pub number: String,
    /// Markdown, on one line, without links.
    pub title: String,
    pub anchor: String,
}

/// Where numbered things are written.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'p> {
    /// Of the heading above them.
    pub level: usize,
    /// What their numbers begin with: `3.1.`
    pub number: &'p str,
    /// A link to where a reader goes on after the last of them.
    pub after: Option<&'p str>,
}

impl<'p> Spot<'p> {
    /// One heading deeper.
    pub fn below<'n>(self, number: &'n str) -> Spot<'n>
    where
        'p: 'n,
    {
        Spot {
            level: self.level + 1,
            number,
            after: self.after,
        }
    }

    /// The same where no one thing comes after them.
    fn alone(self) -> Spot<'p> {
        Spot {
            after: None,
            ..self
        }
    }
}

impl Entry<'_> {
    /// `[3. The service is back](#restored)`
    pub fn link(&self) -> String {
        format!("[{}. {}](#{})", self.number, self.title, self.anchor)
    }
}

impl<'a> Document<'a> {
    pub fn main_flow(&mut self, body: &'a [Stmt]) {
        let steps = self.main_entries(body);
        if steps.is_empty() {
            return;
        }
        self.heading(2, "What to do", None);
        let policies: Vec<_> = body.iter().filter(|stmt| is_handler(&stmt.kind)).collect();
        self.entries(steps, 3, None);
        self.handlers_of(&policies, "anything");
    }

    /// The numbered things of the runbook itself; its opening prose is the introduction, not theirs.
    pub fn main_entries(&self, body: &'a [Stmt]) -> Vec<Entry<'a>> {
        let first = body
            .iter()
            .position(|stmt| matches!(role(&stmt.kind), Role::Flow | Role::Leaf));
        let no_follow_up = |stmt: &&Stmt| !matches!(stmt.kind, StmtKind::FollowUp { .. });
        let flow: Vec<_> = body[first.unwrap_or(body.len())..]
            .iter()
            .filter(no_follow_up)
            .collect();
        self.numbered(&flow, "")
    }

    pub fn numbered(&self, body: &[&'a Stmt], prefix: &str) -> Vec<Entry<'a>> {
        self.numbered_from(1, body, prefix)
    }

    pub fn numbered_from(&self, first: usize, body: &[&'a Stmt], prefix: &str) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut lead: Vec<&'a Stmt> = Vec::new();
        let mut goes_on = false;
        for &stmt in body {
            let role = role(&stmt.kind);
            match role {
                Role::Declaration | Role::Policy => continue,
                Role::Prose => {
                    lead.push(stmt);
                    goes_on = false;
                    continue;
                }
                Role::Leaf if goes_on => {
                    if let Some(entry) = entries.last_mut() {
                        entry.stmts.push(stmt);
                        continue;
                    }
                }
                Role::Leaf | Role::Flow => {}
            }
            let number = format!("{prefix}{}", entries.len() + first);
            let anchor = match named(&stmt.kind) {
                Some((name, _)) => format!("{}{name}", self.scope),
                None => format!("at-{}{number}", self.procedure),
            };
            entries.push(Entry {
                lead: std::mem::take(&mut lead),
                stmts: vec![stmt],
                number,
                title: self.title(stmt),
                anchor,
            });
            goes_on = role == Role::Leaf;
        }
        if let (false, Some(entry)) = (lead.is_empty(), entries.last_mut()) {
            entry.stmts.extend(lead);
        }
        entries
    }

    /// What a numbered thing is called.
    pub fn title(&self, stmt: &Stmt) -> String {
        match &stmt.kind {
            StmtKind::Section { title, .. } => title_or(Some(title), "section"),
            StmtKind::If { arms, .. } => match arms.first() {
                Some((condition, _)) => format!("If {}", self.code(condition)),
                None => "If".to_owned(),
            },
            StmtKind::Choose { question, .. }
            | StmtKind::Ask { question, .. }
            | StmtKind::Confirm { question, .. } => inline(question),
            StmtKind::Decide { matrix, .. } => {
                format!("Decide: {}", escape(&last_words(matrix).to_lowercase()))
            }
            StmtKind::Parallel { title, .. } => title_or(title.as_ref(), "At the same time"),
            StmtKind::For { name, items, .. } => {
                format!("For each {} in {}", code(&name.text), self.code(items))
            }
            StmtKind::Wait(time) => format!("Wait {}", self.amount(time)),
            StmtKind::WaitUpTo { limit, .. } => format!("Wait up to {}", self.amount(limit)),
            StmtKind::Watch { lasting, .. } => format!("Watch for {}", self.amount(lasting)),
            StmtKind::Do(call)
            | StmtKind::Let {
                value: LetValue::Do(call),
                ..
            } => escape(&self.called(call)),
            StmtKind::Let {
                name,
                value: LetValue::Expr(_),
                ..
            } => format!("Work out {}", code(&name.text)),
            StmtKind::Let { name, .. } => format!("Find out {}", code(&name.text)),
            StmtKind::Notify(path) => {
                format!("Tell people: {}", escape(&last_words(path).to_lowercase()))
            }
            StmtKind::Escalate { .. } => "Escalate".to_owned(),
            StmtKind::Rewind(path) => match self
                .names
                .place(&self.procedure, &crate::names::dotted(path))
            {
                Some(place) => format!("Undo, back to: {}", place.title),
                None => "Undo, newest first".to_owned(),
            },
            StmtKind::Finish { outcome, .. } => format!("End: {}", outcome_words(&outcome.text)),
            StmtKind::Return(_) => "Return".to_owned(),
            StmtKind::Snapshot { name, .. } => format!("Note the state {}", code(&name.text)),
            StmtKind::Compare { before, after } => {
                format!("Compare {} with {}", code(&before.text), code(&after.text))
            }
            StmtKind::Item { .. } => "Confirm".to_owned(),
            StmtKind::Check { title, .. } => title_or(title.as_ref(), "Check"),
            StmtKind::Approve { .. } => "Get an approval".to_owned(),
            StmtKind::Todo(_) => "Not written yet".to_owned(),
            StmtKind::FollowUp { .. } => "Note for afterwards".to_owned(),
            StmtKind::Command(_) | StmtKind::Http(_) | StmtKind::Expect { .. } => "Look".to_owned(),
            kind => named(kind).map_or_else(|| "Step".to_owned(), |(_, title)| title),
        }
    }

    /// Writes numbered things. `after` is where a reader goes on after the last of them.
    pub fn entries(&mut self, entries: Vec<Entry<'a>>, level: usize, after: Option<&str>) {
        for index in 0..entries.len() {
            let next = entries.get(index + 1).map(Entry::link);
            self.entry(&entries[index], level, next.as_deref().or(after));
        }
    }

    pub fn entry(&mut self, entry: &Entry<'a>, level: usize, after: Option<&str>) {
        self.heading(
            level,
            &format!("{}. {}", entry.number, entry.title),
            Some(&entry.anchor),
        );
        for &stmt in &entry.lead {
            self.stmt(stmt);
        }
        let Some((&first, rest)) = entry.stmts.split_first() else {
            return;
        };
        let number = format!("{}.", entry.number);
        let spot = Spot {
            level,
            number: &number,
            after,
        };
        match &first.kind {
            StmtKind::Section {
                name,
                within,
                block,
                ..
            } => {
                if let Some(within) = within {
                    self.out
                        .block(&format!("*To be done within {}.*", self.amount(within)));
                }
                self.below(name.as_ref().map(|name| name.text.as_str()), |doc| {
                    doc.scope_of(&block.body, spot)
                });
            }
            StmtKind::Step { name, block, .. } => {
                let body = block.as_ref().map_or(&[][..], |block| &block.body);
                self.below(Some(&name.text), |doc| doc.step(body));
            }
            StmtKind::Checkpoint {
                name,
                after,
                since,
                block,
                ..
            } => {
                let mut note = String::from("*Checkpoint: go on only when all of this holds.*");
                if let Some(after) = after {
                    let since = since
                        .as_ref()
                        .and_then(|since| self.names.place(&self.procedure, &since.text));
                    let since = since.map_or(String::new(), |place| {
                        format!(" after [{}](#{})", place.title, place.path)
                    });
                    note = format!(
                        "*Checkpoint: comes {}{since}. Go on only when all of this holds.*",
                        self.amount(after)
                    );
                }
                self.out.block(&note);
                let body = block.as_ref().map_or(&[][..], |block| &block.body);
                self.below(Some(&name.text), |doc| doc.content(body));
            }
            kind @ (StmtKind::If { .. } | StmtKind::Choose { .. } | StmtKind::Decide { .. }) => {
                self.parting(kind, spot)
            }
            kind @ StmtKind::Attempt { .. } => self.attempt_entry(kind, spot),
            StmtKind::Parallel { max, block, .. } => {
                let most = max.as_ref().map_or(String::new(), |max| {
                    format!(", at most {} of them at once", self.amount(max))
                });
                self.out.block(&format!("*These may be done at the same time{most}. If one fails, the others are still finished.*"));
                self.scope_of(&block.body, spot.alone());
            }
            StmtKind::For {
                parallel, block, ..
            } => {
                if let Some(parallel) = parallel {
                    self.out.block(&format!(
                        "*Up to {} of them at once.*",
                        self.amount(parallel)
                    ));
                }
                if has_flow(&block.body) {
                    self.scope_of(&block.body, spot.alone());
                } else {
                    self.content(&block.body);
                }
            }
            StmtKind::WaitUpTo { block, .. } => {
                let text = self.waiting(&first.kind);
                self.out.block(&text);
                self.looked_at(&block.body);
            }
            StmtKind::Watch { block, .. } => {
                let text = self.watching(&first.kind);
                self.out.block(&text);
                self.looked_at(&block.body);
            }
            StmtKind::Finish {
                text: Some(text), ..
            } => self.out.block(&stop(&inline(text))),
            StmtKind::Finish { .. } | StmtKind::Wait(_) => {}
            _ => self.stmt(first),
        }
        for &stmt in rest {
            self.stmt(stmt);
        }
    }

    /// A block that holds numbered things: its policies, then those.
    pub fn scope_of(&mut self, body: &'a [Stmt], spot: Spot<'_>) {
        let all: Vec<_> = body.iter().collect();
        self.interpreted(body, |doc| {
            doc.policies_before(&all);
            let entries = doc.numbered(&all, spot.number);
            let whose = match (entries.len(), spot.number.trim_end_matches('.')) {
                (0 | 1, _) => "this".to_owned(),
                (_, "") => "anything".to_owned(),
                (_, number) => format!("anything in {number}"),
            };
            doc.entries(entries, spot.level + 1, spot.after);
            doc.handlers_of(&all, &whose);
        });
    }

    fn step(&mut self, body: &'a [Stmt]) {
        self.content(body);
        if body
            .iter()
            .all(|stmt| matches!(role(&stmt.kind), Role::Prose | Role::Policy))
        {
            self.out.item("[ ] Done by hand");
        }
    }
}

/// Whether a body holds something that deserves a number of its own.
pub(crate) fn has_flow(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| {
        named(&stmt.kind).is_some()
            || matches!(
                stmt.kind,
                StmtKind::Section { .. }
                    | StmtKind::Decide { .. }
                    | StmtKind::Choose { .. }
                    | StmtKind::Parallel { .. }
            )
            || crate::names::blocks(&stmt.kind)
                .iter()
                .any(|block| has_flow(&block.body))
    })
}

pub(crate) fn is_handler(kind: &StmtKind) -> bool {
    matches!(
        kind,
        StmtKind::Undo(_) | StmtKind::OnFailure(_) | StmtKind::Always(_)
    )
}

/// The last name of a path as words.
pub(crate) fn last_words(path: &Path) -> String {
    path.names
        .last()
        .map_or(String::new(), |name| humane(&name.text))
}

/// `rolled_back` as words.
pub(crate) fn outcome_words(outcome: &str) -> String {
    escape(&outcome.replace('_', " "))
}

/// `1` as a number that counts something.
pub(crate) fn is_one(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Number(number) if *number == 1.into())
}
