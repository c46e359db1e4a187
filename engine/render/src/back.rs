//! What is looked up from the steps: procedures, messages, what starts the runbook, what is left for afterwards. And scenarios.

use crate::document::{Document, quote};
use crate::names::{Procedure, calls, dotted};
use crate::text::{and, code, inline, source_text, template};
use runbook_grammar::ast::{
    Block, Expr, FiresWhen, Formal, MessageTo, Path, Reply, Stmt, StmtKind, Str, WhenDoes, WhenWhat,
};

impl<'a> Document<'a> {
    /// The first file's own, and those of modules that something shown carries out.
    pub fn procedures_shown(&self) -> Vec<&Procedure<'a>> {
        let mut shown: Vec<bool> = self
            .names
            .procedures
            .iter()
            .map(|procedure| procedure.file == 0)
            .collect();
        let mut open: Vec<(usize, &[Stmt])> = self
            .files
            .first()
            .map(|file| (0, &file.body[..]))
            .into_iter()
            .collect();
        open.extend(
            self.names
                .procedures
                .iter()
                .filter(|one| one.file == 0)
                .map(|one| (0, body_of(one.stmt))),
        );
        while let Some((file, body)) = open.pop() {
            let mut found = Vec::new();
            calls(body, &mut found);
            for path in found {
                let Some(called) = self.names.procedure(file, path) else {
                    continue;
                };
                let index = self
                    .names
                    .procedures
                    .iter()
                    .position(|one| one.path == called.path);
                if let Some(index) = index.filter(|&index| !shown[index]) {
                    shown[index] = true;
                    open.push((called.file, body_of(called.stmt)));
                }
            }
        }
        self.names
            .procedures
            .iter()
            .zip(shown)
            .filter_map(|(one, shown)| shown.then_some(one))
            .collect()
    }

    pub fn procedures(&mut self) {
        let shown: Vec<_> = self
            .procedures_shown()
            .iter()
            .map(|one| (one.file, one.path.clone(), one.title.clone(), one.stmt))
            .collect();
        if shown.is_empty() {
            return;
        }
        self.heading(2, "Procedures in full", None);
        for (file, path, title, stmt) in shown {
            let StmtKind::Procedure {
                params,
                returns,
                block,
                ..
            } = &stmt.kind
            else {
                continue;
            };
            self.heading(3, &title, Some(&path));
            self.procedures_at.push((block.span, path.clone()));
            self.in_file(file, |doc| {
                let takes: Vec<_> = params.iter().map(|formal| doc.formal(formal)).collect();
                let mut about = Vec::new();
                if !takes.is_empty() {
                    about.push(format!("Takes {}.", and(&takes)));
                }
                if let Some(returns) = returns {
                    about.push(format!("Gives back: {}.", doc.type_words(returns)));
                }
                doc.out.block(&about.join(" "));
                let outer = std::mem::replace(&mut doc.scope, format!("{path}."));
                let outer_procedure = std::mem::replace(&mut doc.procedure, format!("{path}."));
                let all: Vec<_> = block.body.iter().collect();
                let intro = all
                    .iter()
                    .take_while(|stmt| {
                        crate::document::role(&stmt.kind) == crate::document::Role::Prose
                    })
                    .count();
                for &stmt in &all[..intro] {
                    doc.stmt(stmt);
                }
                doc.interpreted(&block.body, |doc| {
                    doc.policies_before(&all);
                    doc.procedure_chart(block.span);
                    let entries = doc.numbered(&all[intro..], "");
                    doc.entries(entries, 4, None);
                    doc.handlers(&all);
                });
                doc.scope = outer;
                doc.procedure = outer_procedure;
            });
        }
    }

    fn formal(&self, formal: &Formal) -> String {
        let default = formal.default.as_ref().map_or(String::new(), |default| {
            format!(", {} if not said", self.code(default))
        });
        format!(
            "{} ({}{default})",
            code(&formal.name.text),
            self.type_words(&formal.ty)
        )
    }

    pub fn messages(&mut self) {
        let declarations = self.declarations();
        let wanted =
            |kind: &StmtKind| matches!(kind, StmtKind::Message { .. } | StmtKind::Channel { .. });
        if !declarations.iter().any(|(_, stmt)| wanted(&stmt.kind)) {
            return;
        }
        self.heading(2, "What to tell people", None);
        for (file, stmt) in declarations {
            let prefix = self.names.prefixes[file].clone();
            self.in_file(file, |doc| match &stmt.kind {
                StmtKind::Channel { name, title, block } => {
                    let by_hand = if block.is_some() {
                        "messages are sent by"
                    } else {
                        "copy messages there by hand"
                    };
                    doc.out.item(&format!(
                        "<a id=\"channel-{prefix}{}\"></a>Channel **{}**: {by_hand}",
                        name.text,
                        inline(title)
                    ));
                    if let Some(block) = block {
                        doc.inside(|doc| doc.content(&block.body));
                    }
                }
                StmtKind::Message { name, to, block } => {
                    let title = crate::text::escape(&crate::names::humane(&name.text));
                    doc.heading(3, &title, Some(&format!("message-{prefix}{}", name.text)));
                    let to = match to {
                        MessageTo::Channel(channel) => {
                            format!("To {}:", doc.names.declared("channel", doc.file, channel))
                        }
                        MessageTo::File(path) => {
                            format!("Written to {}:", code(&source_text(path)))
                        }
                    };
                    doc.out.block(&to);
                    for stmt in &block.body {
                        match &stmt.kind {
                            StmtKind::Prose(text) => doc.out.block(&quote(&template(text))),
                            _ => doc.stmt(stmt),
                        }
                    }
                }
                _ => {}
            });
        }
    }

    pub fn triggers(&mut self, body: &'a [Stmt]) {
        let triggers: Vec<_> = body
            .iter()
            .filter(|stmt| matches!(stmt.kind, StmtKind::Trigger { .. }))
            .collect();
        if triggers.is_empty() {
            return;
        }
        self.heading(2, "What starts it", None);
        for stmt in triggers {
            let StmtKind::Trigger { name, title, block } = &stmt.kind else {
                continue;
            };
            self.heading(
                3,
                &crate::names::title_or(Some(title), &name.text),
                Some(&format!("trigger-{}", name.text)),
            );
            for stmt in &block.body {
                match &stmt.kind {
                    StmtKind::Every(every) => {
                        self.out.block(&format!("Every {}:", self.amount(every)))
                    }
                    StmtKind::FiresWhen { when, lasting } => {
                        let lasting = lasting
                            .as_ref()
                            .map_or(String::new(), |time| format!(" for {}", self.amount(time)));
                        let when = match when {
                            FiresWhen::Condition(condition) => self.code(condition),
                            FiresWhen::Failing => "the look has failed".to_owned(),
                        };
                        self.out.block(&format!("It starts when {when}{lasting}."));
                    }
                    StmtKind::StartWith(values) => {
                        let values: Vec<_> = values
                            .iter()
                            .map(|(name, value)| {
                                format!("{} = {}", code(&name.text), self.code(value))
                            })
                            .collect();
                        self.out.block(&format!("It starts with {}.", and(&values)));
                    }
                    _ => self.stmt(stmt),
                }
            }
        }
    }

    pub fn afterwards(&mut self, body: &'a [Stmt]) {
        let tasks: Vec<_> = body
            .iter()
            .filter(|stmt| matches!(stmt.kind, StmtKind::FollowUp { .. }))
            .collect();
        if tasks.is_empty() {
            return;
        }
        self.heading(2, "When it is over", None);
        for stmt in tasks {
            self.stmt(stmt);
        }
    }

    pub fn follow_up(
        &mut self,
        title: &Str,
        within: Option<&Expr>,
        to: Option<&Path>,
        block: Option<&'a Block>,
    ) {
        let within = within.map_or(String::new(), |within| {
            format!(", within {} after the end", self.amount(within))
        });
        let to = to.map_or(String::new(), |to| {
            format!(", {}", self.names.declared("contact", self.file, to))
        });
        self.out
            .item(&format!("[ ] **{}**{to}{within}", inline(title)));
        if let Some(block) = block {
            self.inside(|doc| doc.content(&block.body));
        }
    }

    /// A file of scenarios: what is given, what happens, what comes of it.
    pub fn scenarios(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            let StmtKind::Scenario { title, block } = &stmt.kind else {
                self.stmt(stmt);
                continue;
            };
            self.heading(2, &inline(title), None);
            for stmt in &block.body {
                match self.scenario_line(stmt) {
                    Some(line) => self.out.item(&line),
                    None => self.stmt(stmt),
                }
            }
        }
    }

    fn scenario_line(&self, stmt: &Stmt) -> Option<String> {
        Some(match &stmt.kind {
            StmtKind::Given { name, value } => {
                format!("Given {} = {}", code(&name.text), self.code(value))
            }
            StmtKind::When { what, does } => {
                let what = match what {
                    WhenWhat::Glob(glob) => code(&source_text(glob)),
                    WhenWhat::Step(path) => format!("the step {}", code(&dotted(path))),
                };
                let does: Vec<_> = does
                    .iter()
                    .map(|one| match one {
                        WhenDoes::Exits(status) => format!("exits with {}", self.words(status)),
                        WhenDoes::Says(text) => format!("says {}", code(&source_text(text))),
                        WhenDoes::Answers(status) => format!("answers {}", self.words(status)),
                        WhenDoes::Stderr(text) => {
                            format!("says {} as an error", code(&source_text(text)))
                        }
                        WhenDoes::Takes(time) => format!("takes {}", self.amount(time)),
                        WhenDoes::TimesOut => "times out".to_owned(),
                        WhenDoes::Dies(signal) => format!("dies by {}", self.words(signal)),
                        WhenDoes::NotStarted => "does not start".to_owned(),
                    })
                    .collect();
                format!("When {what} {}", and(&does))
            }
            StmtKind::Answer {
                prompt,
                reply,
                after,
            } => {
                let reply = match reply {
                    Reply::Value(value) => self.code(value),
                    Reply::Does {
                        word, to, texts, ..
                    } => {
                        let to = to.iter().map(dotted);
                        let texts = texts.iter().map(|text| format!("“{}”", inline(text)));
                        let words: Vec<String> = std::iter::once((*word).to_owned())
                            .chain(to)
                            .chain(texts)
                            .collect();
                        words.join(" ")
                    }
                };
                let after = after.as_ref().map_or(String::new(), |after| {
                    format!(" after {}", self.amount(after))
                });
                format!("To “{}” the answer is {reply}{after}", inline(prompt))
            }
            StmtKind::After(time) => format!("After {}", self.amount(time)),
            StmtKind::Reaches(path) => format!("It reaches {}", code(&dotted(path))),
            StmtKind::NeverReaches(path) => format!("It never reaches {}", code(&dotted(path))),
            StmtKind::Undoes(path) => format!("It undoes {}", code(&dotted(path))),
            StmtKind::Asks(prompt) => format!("It asks “{}”", inline(prompt)),
            StmtKind::Notifies(what) => format!("It notifies {}", inline(what)),
            StmtKind::TakesAtMost(limit) => format!("It takes at most {}", self.amount(limit)),
            StmtKind::Ends(outcome) => {
                format!("It ends **{}**", crate::flow::outcome_words(&outcome.text))
            }
            _ => return None,
        })
    }
}

fn body_of(stmt: &Stmt) -> &[Stmt] {
    match &stmt.kind {
        StmtKind::Procedure { block, .. } => &block.body,
        _ => &[],
    }
}
