//! What a reader knows before the first step.

use crate::document::{Document, Role, role};
use crate::names::humane;
use crate::text::{code, escape, inline, plain, prose, source_text, table};
use runbook_grammar::ast::{Block, File, Need, SecretFrom, Stmt, StmtKind, Str};

impl<'a> Document<'a> {
    /// Prose before anything is done.
    pub fn intro(&mut self, body: &'a [Stmt]) {
        let before = body
            .iter()
            .take_while(|stmt| !matches!(role(&stmt.kind), Role::Flow | Role::Leaf));
        for stmt in before.filter(|stmt| role(&stmt.kind) == Role::Prose) {
            self.stmt(stmt);
        }
    }

    /// Who, which version, how long, where to look.
    pub fn facts(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            let fact = match &stmt.kind {
                StmtKind::Owner(owner) => format!("**Owner:** {}", inline(owner)),
                StmtKind::Version(version) => format!("**Version:** {}", inline(version)),
                StmtKind::Tags(tags) => {
                    let tags: Vec<_> = tags.iter().map(|tag| code(&plain(tag))).collect();
                    format!("**Tags:** {}", tags.join(", "))
                }
                StmtKind::Review { every, since } => {
                    format!(
                        "**Review:** every {}, last on {}",
                        self.amount(every),
                        self.words(since)
                    )
                }
                StmtKind::Objective { within, until } => {
                    let until = until.as_ref().map_or(String::new(), |until| {
                        match self.names.place("", &until.text) {
                            Some(place) => format!(", until [{}](#{})", place.title, place.path),
                            None => format!(", until {}", code(&until.text)),
                        }
                    });
                    format!("**Objective:** {}{until}", self.amount(within))
                }
                StmtKind::Link { title, url } => format!("**{}:** {}", inline(title), address(url)),
                _ => continue,
            };
            self.out.item(&fact);
        }
    }

    pub fn contents(&mut self, main: &'a File) {
        let entries = self.main_entries(&main.body);
        if entries.is_empty() {
            return;
        }
        self.heading(2, "In this document", None);
        for (wanted, title, anchor) in [
            (
                self.has(|kind| matches!(kind, StmtKind::Severity { .. })),
                "Severity levels",
                "severity-levels",
            ),
            (
                self.has(|kind| matches!(kind, StmtKind::Contact { .. })),
                "Whom to call",
                "whom-to-call",
            ),
            (
                self.needs_preparation(main),
                "Before you start",
                "before-you-start",
            ),
            (
                self.has(|kind| matches!(kind, StmtKind::Matrix(_))),
                "How to decide",
                "how-to-decide",
            ),
            (true, "What to do", "what-to-do"),
        ] {
            if wanted {
                self.out.item(&format!("[{title}](#{anchor})"));
            }
        }
        self.out.enter();
        for entry in entries {
            let link = entry.link();
            self.out.item(&link);
        }
        self.out.leave();
        let procedures: Vec<_> = self
            .procedures_shown()
            .iter()
            .map(|one| (one.title.clone(), one.path.clone()))
            .collect();
        if !procedures.is_empty() {
            self.out.item("[Procedures in full](#procedures-in-full)");
            self.out.enter();
            for (title, path) in procedures {
                self.out.item(&format!("[{title}](#{path})"));
            }
            self.out.leave();
        }
        for (wanted, title, anchor) in [
            (
                self.has(|kind| {
                    matches!(kind, StmtKind::Message { .. } | StmtKind::Channel { .. })
                }),
                "What to tell people",
                "what-to-tell-people",
            ),
            (
                main.body
                    .iter()
                    .any(|stmt| matches!(stmt.kind, StmtKind::Trigger { .. })),
                "What starts it",
                "what-starts-it",
            ),
            (
                main.body
                    .iter()
                    .any(|stmt| matches!(stmt.kind, StmtKind::FollowUp { .. })),
                "When it is over",
                "when-it-is-over",
            ),
        ] {
            if wanted {
                self.out.item(&format!("[{title}](#{anchor})"));
            }
        }
    }

    fn has(&self, wanted: impl Fn(&StmtKind) -> bool) -> bool {
        self.declarations()
            .iter()
            .any(|(_, stmt)| wanted(&stmt.kind))
    }

    pub fn severities(&mut self) {
        let mut rows = Vec::new();
        for (_, stmt) in self.declarations() {
            if let StmtKind::Severity {
                name,
                title,
                within,
            } = &stmt.kind
            {
                let within = within
                    .as_ref()
                    .map_or("–".to_owned(), |within| self.amount(within));
                rows.push(vec![format!("**{}**", name.text), inline(title), within]);
            }
        }
        if !rows.is_empty() {
            self.heading(2, "Severity levels", None);
            self.out
                .block(&table(&["Level", "When", "Deadline"], &rows));
        }
    }

    pub fn people(&mut self) {
        let mut rows = Vec::new();
        for (file, stmt) in self.declarations() {
            let StmtKind::Contact { name, title, block } = &stmt.kind else {
                continue;
            };
            let body = block.as_ref().map_or(&[][..], |block| &block.body);
            let mut reach = Vec::new();
            let mut upward = Vec::new();
            for stmt in body {
                match &stmt.kind {
                    StmtKind::Fields(fields) => {
                        reach.extend(fields.iter().map(|(kind, value)| {
                            format!(
                                "{}: {}",
                                escape(&kind.text),
                                contact_value(&kind.text, value)
                            )
                        }));
                    }
                    StmtKind::EscalateAfter { after, to } => {
                        let path = runbook_grammar::ast::Path {
                            names: vec![to.clone()].into(),
                            span: to.span,
                        };
                        upward.push(format!(
                            "after {}: {}",
                            self.amount(after),
                            self.names.declared("contact", file, &path)
                        ));
                    }
                    StmtKind::Prose(text) => reach.push(prose(text)),
                    _ => {}
                }
            }
            let anchor = format!(
                "<a id=\"contact-{}{}\"></a>",
                self.names.prefixes[file], name.text
            );
            let nothing = |lines: Vec<String>| {
                if lines.is_empty() {
                    "–".to_owned()
                } else {
                    lines.join("\n")
                }
            };
            rows.push(vec![
                format!("{anchor}**{}**", inline(title)),
                nothing(reach),
                nothing(upward),
            ]);
        }
        if !rows.is_empty() {
            self.heading(2, "Whom to call", None);
            self.out
                .block(&table(&["Who", "How", "Without an answer"], &rows));
        }
    }

    fn needs_preparation(&self, main: &File) -> bool {
        let modules = self
            .declarations()
            .into_iter()
            .filter(|(file, _)| *file > 0);
        main.body.iter().any(|stmt| is_preparation(&stmt.kind))
            || modules
                .into_iter()
                .any(|(_, stmt)| brings_needs(&stmt.kind))
    }

    pub fn before_the_start(&mut self, main: &'a File) {
        if !self.needs_preparation(main) {
            return;
        }
        self.heading(2, "Before you start", None);
        self.needs();
        self.params(&main.body);
        self.secrets();
        self.machines();
        let all: Vec<_> = main
            .body
            .iter()
            .filter(|stmt| !matches!(stmt.kind, StmtKind::Guard { .. }))
            .collect();
        self.policies_before(&all);
        let guards: Vec<_> = main
            .body
            .iter()
            .filter(|stmt| matches!(stmt.kind, StmtKind::Guard { .. }))
            .collect();
        for stmt in guards {
            if let StmtKind::Guard { title, block } = &stmt.kind {
                self.guard(title, &block.body);
            }
        }
    }

    /// What must be there, for modules too, each thing once.
    fn needs(&mut self) {
        let mut commands: Vec<String> = Vec::new();
        let mut others: Vec<String> = Vec::new();
        for (_, stmt) in self.declarations() {
            let StmtKind::Needs(need) = &stmt.kind else {
                continue;
            };
            let (list, item) = match need {
                Need::Command(name) => (&mut commands, code(&name.text)),
                Need::Env(name) => (
                    &mut others,
                    format!("Set in the environment: {}", code(&name.text)),
                ),
                Need::Person(text) => (&mut others, inline(text)),
            };
            if !list.contains(&item) {
                list.push(item);
            }
        }
        if !commands.is_empty() {
            self.out
                .item(&format!("[ ] Installed: {}", commands.join(", ")));
        }
        for other in others {
            self.out.item(&format!("[ ] {other}"));
        }
    }

    fn params(&mut self, body: &'a [Stmt]) {
        let mut rows = Vec::new();
        for stmt in body {
            if let StmtKind::Param {
                name,
                ty,
                prompt,
                default,
                ..
            } = &stmt.kind
            {
                let prompt = prompt
                    .as_ref()
                    .map_or_else(|| escape(&humane(&name.text)), inline);
                let default = default
                    .as_ref()
                    .map_or("–".to_owned(), |default| self.value(default));
                rows.push(vec![code(&name.text), prompt, self.type_words(ty), default]);
            }
        }
        if rows.is_empty() {
            return;
        }
        self.out
            .block("Know these values. They are meant where `{{name}}` or ⟨name⟩ stands:");
        self.out
            .block(&table(&["Value", "What it is", "Type", "Default"], &rows));
        for stmt in body {
            if let StmtKind::Param {
                name,
                block: Some(block),
                ..
            } = &stmt.kind
            {
                self.out.item(&format!("About {}:", code(&name.text)));
                self.inside(|doc| doc.conditions(&block.body));
            }
        }
    }

    fn secrets(&mut self) {
        let mut rows = Vec::new();
        for (_, stmt) in self.declarations() {
            let StmtKind::Secret { name, from } = &stmt.kind else {
                continue;
            };
            let from = match from {
                SecretFrom::Env(env) => format!("environment variable {}", code(&env.text)),
                SecretFrom::File(path) => format!("file {}", code(&source_text(path))),
                SecretFrom::Command(command) => match &command.body {
                    runbook_grammar::ast::CommandBody::Line(line) => {
                        format!("output of {}", code(&source_text(line)))
                    }
                    runbook_grammar::ast::CommandBody::Fences(_) => "output of a script".to_owned(),
                },
                SecretFrom::Prompt => "asked for when it starts".to_owned(),
            };
            let row = vec![code(&name.text), from];
            // A module declares what it needs again, and the reader needs it once.
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        if !rows.is_empty() {
            self.out
                .block("Have these secrets at hand; never write their values down here:");
            self.out
                .block(&table(&["Secret", "Where it comes from"], &rows));
        }
    }

    fn machines(&mut self) {
        for (_, stmt) in self.declarations() {
            match &stmt.kind {
                StmtKind::Host {
                    name,
                    address,
                    block,
                } => {
                    self.out.item(&format!(
                        "Host {}: reached by {}",
                        code(&name.text),
                        code(&format!("ssh {}", source_text(address)))
                    ));
                    self.settings(block.as_ref());
                }
                StmtKind::Interpreter { name, block } => {
                    self.out.item(&format!(
                        "Scripts marked {} are given to:",
                        code(&name.text)
                    ));
                    self.settings(Some(block));
                }
                _ => {}
            }
        }
    }

    fn settings(&mut self, block: Option<&'a Block>) {
        if let Some(block) = block {
            self.inside(|doc| doc.content(&block.body));
        }
    }
}

/// What a module asks for, too.
fn brings_needs(kind: &StmtKind) -> bool {
    matches!(
        kind,
        StmtKind::Needs(_)
            | StmtKind::Secret { .. }
            | StmtKind::Host { .. }
            | StmtKind::Interpreter { .. }
    )
}

fn is_preparation(kind: &StmtKind) -> bool {
    brings_needs(kind)
        || matches!(
            kind,
            StmtKind::Param { .. }
                | StmtKind::Guard { .. }
                | StmtKind::Lock(_)
                | StmtKind::In(_)
                | StmtKind::On(_)
                | StmtKind::Env { .. }
                | StmtKind::With(_)
        )
}

/// An address, as a link where it is one already.
fn address(url: &Str) -> String {
    let text = source_text(url);
    let is_whole = url.plain().is_some() && !text.contains([' ', '<', '>']);
    if is_whole && (text.starts_with("http://") || text.starts_with("https://")) {
        format!("<{text}>")
    } else {
        code(&text)
    }
}

fn contact_value(kind: &str, value: &Str) -> String {
    let text = plain(value);
    let is_mail = kind == "email" && text.contains('@') && !text.contains([' ', '<', '>']);
    if is_mail {
        format!("<{text}>")
    } else if text.starts_with("http") {
        address(value)
    } else {
        escape(&text)
    }
}
