//! What stands in a step, a checkpoint, a check: read from top to bottom, done in that order.

use crate::command::http_mark;
use crate::document::{Alert, Document, Role, role};
use crate::flow::{is_handler, is_one};
use crate::text::{code, inline, prose};
use runbook_grammar::ast::{Formal, LetValue, Mark, Stmt, StmtKind, TypeExpr, TypeKind};

impl<'a> Document<'a> {
    /// A body in the order a reader needs it: introduction, conditions, what is done, how to take it back.
    pub fn content(&mut self, body: &'a [Stmt]) {
        let all: Vec<_> = body.iter().collect();
        let lead = all
            .iter()
            .take_while(|stmt| role(&stmt.kind) == Role::Prose)
            .count();
        self.interpreted(body, |doc| {
            for &stmt in &all[..lead] {
                doc.stmt(stmt);
            }
            doc.policies_before(&all);
            for &stmt in &all[lead..] {
                if !is_handler(&stmt.kind) {
                    doc.stmt(stmt);
                }
            }
            doc.handlers(&all);
        });
    }

    /// A body whose introduction has said already that one should look.
    pub fn looked_at(&mut self, body: &'a [Stmt]) {
        match body.split_first() {
            Some((first, rest)) if !rest.iter().any(|stmt| role(&stmt.kind) == Role::Policy) => {
                match &first.kind {
                    StmtKind::Command(command) if command.mark == Mark::Look => {
                        self.command_body(command);
                    }
                    StmtKind::Http(http) if http_mark(http) == Mark::Look => self.http_body(http),
                    _ => return self.content(body),
                }
                self.content(rest);
            }
            _ => self.content(body),
        }
    }

    /// One statement where it stands. Policies and declarations are said elsewhere.
    pub fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Prose(text) => self.out.block(&prose(text)),
            StmtKind::Warning(text) => self.alert(Alert::Warning, &prose(text)),
            StmtKind::Todo(text) => {
                let text = format!("**Not written yet:** {}", inline(text));
                self.alert(Alert::Note, &text);
            }

            StmtKind::Command(command) => self.command(command),
            StmtKind::Http(http) => self.http(http),
            StmtKind::Let {
                name,
                ty,
                value: LetValue::Command(command),
            } => {
                self.out
                    .block(&self.noting("Look", command.mark, &name.text, ty.as_deref()));
                self.command_body(command);
            }
            StmtKind::Let {
                name,
                ty,
                value: LetValue::Http(http),
            } => {
                self.out
                    .block(&self.noting("Look", http_mark(http), &name.text, ty.as_deref()));
                self.http_body(http);
            }
            StmtKind::Expect { condition, why } => {
                let why = why
                    .as_ref()
                    .map_or(String::new(), |why| format!(" ({})", inline(why)));
                self.out
                    .block(&format!("**Expect** {}{why}", self.code(condition)));
            }

            StmtKind::Item { text, evidence } => {
                let evidence = evidence
                    .as_ref()
                    .map_or(String::new(), |formal| self.evidence(formal));
                let lines: Vec<_> = prose(text)
                    .lines()
                    .map(|line| line.trim().to_owned())
                    .collect();
                self.out
                    .item(&format!("[ ] {}{evidence}", lines.join("\n")));
            }
            StmtKind::Check { title, block } => {
                self.out.item(&format!(
                    "[ ] {}",
                    crate::names::title_or(title.as_ref(), "This holds:")
                ));
                self.inside(|doc| doc.looked_at(&block.body));
            }
            StmtKind::Confirm {
                question,
                or_skip,
                within,
            } => {
                let no = if *or_skip {
                    "if not, skip this"
                } else {
                    "if not, stop here: this has failed"
                };
                let within = within
                    .as_ref()
                    .map_or(String::new(), |within| format!(" {}", self.within(within)));
                self.out
                    .item(&format!("[ ] {} ({no}){within}", inline(question)));
            }
            StmtKind::Approve { text, by, within } => {
                let by = by.as_ref().map_or(String::new(), |by| {
                    format!(", by {}", self.names.declared("contact", self.file, by))
                });
                let within = within
                    .as_ref()
                    .map_or(String::new(), |within| format!(" {}", self.within(within)));
                self.out
                    .item(&format!("[ ] **Approval{by}:** {}{within}", inline(text)));
            }
            StmtKind::Ask {
                name,
                ty,
                question,
                default,
                within,
                block,
            } => {
                let default = default.as_ref().map_or(String::new(), |default| {
                    format!(", usually {}", self.code(default))
                });
                let within = within
                    .as_ref()
                    .map_or(String::new(), |within| format!(" {}", self.within(within)));
                let kind = self.type_words(ty);
                self.out.item(&format!(
                    "[ ] **{}** Note the answer as {} ({kind}{default}).{within}",
                    inline(question),
                    code(&name.text)
                ));
                if let Some(block) = block {
                    self.inside(|doc| doc.conditions(&block.body));
                }
            }
            StmtKind::FollowUp {
                title,
                within,
                to,
                block,
            } => {
                self.follow_up(title, within.as_deref(), to.as_ref(), block.as_ref());
            }

            StmtKind::Snapshot { name, entries, .. } => {
                self.out.block(&format!(
                    "Note what these say, as the state {}:",
                    code(&name.text)
                ));
                for entry in entries {
                    self.out.item(&code(&entry.label.text));
                    self.inside(|doc| doc.look(&entry.look));
                }
            }
            StmtKind::WaitUpTo { limit, block, .. } => {
                let text = format!(
                    "**Wait** up to {}. {}",
                    self.amount(limit),
                    self.waiting(&stmt.kind)
                );
                self.out.item(&text);
                self.inside(|doc| doc.looked_at(&block.body));
            }
            StmtKind::Watch { lasting, block, .. } => {
                let text = format!(
                    "**Watch** for {}. {}",
                    self.amount(lasting),
                    self.watching(&stmt.kind)
                );
                self.out.item(&text);
                self.inside(|doc| doc.looked_at(&block.body));
            }
            StmtKind::Background(block) => {
                self.out
                    .item("**Leave it running** in the background, and go on once this holds:");
                self.inside(|doc| doc.looked_at(&block.body));
            }

            StmtKind::If { arms, otherwise } => {
                for (index, (condition, block)) in arms.iter().enumerate() {
                    let word = if index == 0 { "If" } else { "Otherwise, if" };
                    let label = format!("{word} {}", self.code(condition));
                    self.way(&label, &block.body);
                }
                if let Some(block) = otherwise {
                    self.way("Otherwise", &block.body);
                }
            }
            StmtKind::For {
                name,
                items,
                parallel,
                block,
            } => {
                let parallel = parallel.as_ref().map_or(String::new(), |most| {
                    format!(", up to {} at once", self.amount(most))
                });
                let label = format!(
                    "For each {} in {}{parallel}",
                    code(&name.text),
                    self.code(items)
                );
                self.way(&label, &block.body);
            }
            StmtKind::Parallel { title, block, .. } => {
                let label = crate::names::title_or(title.as_ref(), "At the same time");
                self.way(&label, &block.body);
            }
            StmtKind::Choose {
                question,
                arms,
                within,
                ..
            } => {
                let within = within
                    .as_ref()
                    .map_or(String::new(), |within| format!(" {}", self.within(within)));
                self.out.item(&format!("**{}**{within}", inline(question)));
                self.inside(|doc| {
                    for arm in arms {
                        doc.way(&inline(&arm.label), &arm.block.body);
                    }
                });
            }
            StmtKind::Decide { matrix, arms, .. } => {
                let matrix = self.names.declared("matrix", self.file, matrix);
                self.out.item(&format!("**Decide** by {matrix}:"));
                self.inside(|doc| {
                    for arm in arms {
                        let values: Vec<_> =
                            arm.values.iter().map(|value| doc.value(value)).collect();
                        doc.way(&values.join(" or "), &arm.block.body);
                    }
                });
            }
            StmtKind::Attempt {
                name,
                title,
                within,
                block,
                otherwise,
            } => {
                let within = within.as_ref().map_or(String::new(), |limit| {
                    format!(", for at most {}", self.amount(limit))
                });
                let title = crate::names::title_or(title.as_ref(), &name.text);
                self.named_way(
                    &format!("{title} (try this{within})"),
                    &name.text,
                    &block.body,
                );
                if let Some(otherwise) = otherwise {
                    self.way(
                        "If that does not work, undo what it began, and then",
                        &otherwise.body,
                    );
                }
            }
            StmtKind::Step { name, title, block }
            | StmtKind::Checkpoint {
                name, title, block, ..
            } => {
                let body = block.as_ref().map_or(&[][..], |block| &block.body);
                self.named_way(
                    &crate::names::title_or(Some(title), &name.text),
                    &name.text,
                    body,
                );
            }
            StmtKind::Section {
                name, title, block, ..
            } => match name {
                Some(name) => self.named_way(&inline(title), &name.text, &block.body),
                None => self.way(&inline(title), &block.body),
            },

            StmtKind::Bad => self.alert(
                Alert::Note,
                "Something here could not be understood; see the source.",
            ),
            _ => {
                if let Some(sentence) = self.sentence(stmt) {
                    self.out.block(&sentence);
                }
            }
        }
    }

    /// `Look every 5s, until this holds:`
    pub fn waiting(&self, kind: &StmtKind) -> String {
        let StmtKind::WaitUpTo { every, stable, .. } = kind else {
            return String::new();
        };
        let every = every
            .as_ref()
            .map_or("again and again".to_owned(), |every| {
                format!("every {}", self.amount(every))
            });
        let stable = stable.as_ref().map_or(String::new(), |time| {
            format!(" and stays so for {} without a break", self.amount(time))
        });
        format!("Look {every}, until this holds{stable}:")
    }

    /// `Look every 30s; each time this must hold:`
    pub fn watching(&self, kind: &StmtKind) -> String {
        let StmtKind::Watch { every, allow, .. } = kind else {
            return String::new();
        };
        let every = every
            .as_ref()
            .map_or("again and again".to_owned(), |every| {
                format!("every {}", self.amount(every))
            });
        let allow = allow.as_ref().map_or(String::new(), |allow| {
            let noun = if is_one(&allow.kind) {
                "exception is"
            } else {
                "exceptions are"
            };
            format!(" ({} {noun} allowed)", self.amount(allow))
        });
        format!("Look {every}; each time this must hold{allow}:")
    }

    /// A label, and what is done then: in the same line where a sentence says it, else below.
    fn way(&mut self, label: &str, body: &'a [Stmt]) {
        match self.sentences(body) {
            Some(sentence) => self.out.item(&format!("**{label}:** {sentence}")),
            None => {
                self.out.item(&format!("**{label}:**"));
                self.inside(|doc| doc.content(body));
            }
        }
    }

    fn named_way(&mut self, label: &str, name: &str, body: &'a [Stmt]) {
        let anchor = self.anchor(&format!("{}{name}", self.scope));
        self.out.item(&format!("**{label}**{anchor}"));
        self.inside(|doc| doc.below(Some(name), |doc| doc.content(body)));
    }

    fn evidence(&self, formal: &Formal) -> String {
        format!(
            " → note {} ({})",
            code(&formal.name.text),
            self.type_words(&formal.ty)
        )
    }

    /// `**Look,** and note the answer as `rate` (percent):`
    fn noting(&self, look: &str, mark: Mark, name: &str, ty: Option<&TypeExpr>) -> String {
        let verb = match mark {
            Mark::Look => look,
            Mark::Act => "Run",
        };
        let kind = match ty.map(|ty| (&ty.kind, self.type_words(ty))) {
            None | Some((TypeKind::Text, _)) => String::new(),
            Some((TypeKind::Bool, _)) => " (yes if it succeeds, else no)".to_owned(),
            Some((TypeKind::List(_), words)) => format!(" ({words}, one a line)"),
            Some((_, words)) => format!(" ({words})"),
        };
        format!("**{verb},** and note the answer as {}{kind}:", code(name))
    }

    /// What a value must be like: the block of `param` and `ask`.
    pub fn conditions(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::SuggestFrom(look) => {
                    self.out.block("Suggestions come from:");
                    self.look(look);
                }
                StmtKind::From(look) => {
                    self.out.block("It must be one of the lines of:");
                    self.look(look);
                }
                StmtKind::Matches(pattern) => {
                    let pattern = pattern.text.clone();
                    self.out
                        .block(&format!("It must match {}.", code(&pattern)));
                }
                StmtKind::Check { block, .. } => {
                    self.out.block("It must pass:");
                    self.looked_at(&block.body);
                }
                _ => self.stmt(stmt),
            }
        }
    }
}
