//! What holds for a whole block: when it is done at all, how long it may take, how it is undone.

use crate::document::{Alert, Document};
use crate::flow::{is_handler, is_one};
use crate::text::{code, inline};
use runbook_grammar::ast::{Expr, ExprKind, Stmt, StmtKind, Undo};

/// The interpreter a body names for its one-line commands.
pub(crate) fn interpreter(body: &[Stmt]) -> Option<String> {
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::With(name) => Some(name.text.clone()),
        _ => None,
    })
}

impl<'a> Document<'a> {
    /// What a reader must know before beginning.
    pub fn policies_before(&mut self, body: &[&'a Stmt]) {
        for stmt in body {
            if let StmtKind::OnlyIf(condition) = &stmt.kind {
                let text = format!("**Only if** {}; else skip this.", self.code(condition));
                self.out.block(&text);
            }
        }
        let notes: Vec<_> = body
            .iter()
            .filter_map(|stmt| self.note(&stmt.kind))
            .collect();
        if !notes.is_empty() {
            self.out
                .block(&format!("*{}*", sentence_case(&notes.join(" · "))));
        }
        for stmt in body {
            match &stmt.kind {
                StmtKind::Irreversible(why) => {
                    let text = format!("**This cannot be undone.** {}", inline(why));
                    self.alert(Alert::Caution, &text);
                }
                StmtKind::Lock(name) => {
                    let text = format!(
                        "Only one run at a time: it holds the lock {}.",
                        code(&crate::text::plain(name))
                    );
                    self.out.block(&text);
                }
                StmtKind::Guard { title, block } => self.guard(title, &block.body),
                StmtKind::DoneIf(look) => {
                    self.out
                        .block("**Already done?** If this succeeds, skip the rest:");
                    self.look(look);
                }
                _ => {}
            }
        }
    }

    pub fn guard(&mut self, title: &runbook_grammar::ast::Str, body: &'a [Stmt]) {
        self.out.item(&format!(
            "**{}.** This must hold, now and before each change:",
            inline(title)
        ));
        self.inside(|doc| doc.looked_at(body));
    }

    /// How to take it back, and what is done when it goes wrong.
    pub fn handlers(&mut self, body: &[&'a Stmt]) {
        self.handlers_of(body, "this");
    }

    /// The same, of what `whose` names: below several numbered parts, "this" would be the last of them.
    pub fn handlers_of(&mut self, body: &[&'a Stmt], whose: &str) {
        for stmt in body.iter().filter(|stmt| is_handler(&stmt.kind)) {
            match &stmt.kind {
                StmtKind::Undo(Undo::Block(block)) => self.handler("To undo", &block.body),
                StmtKind::Undo(Undo::Command(command)) => {
                    self.out.block("**To undo:**");
                    self.command_body(command);
                }
                StmtKind::Undo(Undo::Http(http)) => {
                    self.out.block("**To undo:**");
                    self.http_body(http);
                }
                StmtKind::OnFailure(block) => {
                    self.handler(&format!("If {whose} fails"), &block.body)
                }
                StmtKind::Always(block) => {
                    self.handler("At the end, whatever happened", &block.body)
                }
                _ => {}
            }
        }
    }

    fn handler(&mut self, when: &str, body: &'a [Stmt]) {
        match (self.sentences(body), body) {
            (Some(sentence), _) => self.out.block(&format!("**{when}:** {sentence}")),
            (
                None,
                [
                    Stmt {
                        kind: StmtKind::Command(command),
                        ..
                    },
                ],
            ) => {
                self.out.block(&format!("**{when}:**"));
                self.command_body(command);
            }
            (
                None,
                [
                    Stmt {
                        kind: StmtKind::Http(http),
                        ..
                    },
                ],
            ) => {
                self.out.block(&format!("**{when}:**"));
                self.http_body(http);
            }
            (None, _) => {
                self.out.item(&format!("**{when}:**"));
                self.inside(|doc| doc.content(body));
            }
        }
    }

    /// A policy that a few words can say.
    fn note(&self, kind: &StmtKind) -> Option<String> {
        Some(match kind {
            StmtKind::Takes { from, to } => {
                let to = to
                    .as_ref()
                    .map_or(String::new(), |to| format!(" to {}", self.amount(to)));
                format!("takes {}{to}", self.amount(from))
            }
            StmtKind::Timeout(limit) => format!("time limit {}", self.amount(limit)),
            StmtKind::Retry {
                times,
                every,
                backoff,
            } => {
                let noun = if is_one(&times.kind) {
                    "retry"
                } else {
                    "retries"
                };
                let every = every.as_ref().map_or(String::new(), |every| {
                    format!(", {} apart", self.amount(every))
                });
                let backoff = backoff
                    .as_ref()
                    .map_or(String::new(), |factor| self.backoff(factor));
                format!("{} {noun}{every}{backoff}", self.amount(times))
            }
            StmtKind::Repeatable => "safe to repeat".to_owned(),
            StmtKind::In(dir) => format!("in {}", self.code(dir)),
            StmtKind::Env { name, value } => {
                format!("with {} set to {}", code(&name.text), self.code(value))
            }
            StmtKind::On(host) => format!("on the host {}", code(&host.text)),
            StmtKind::With(interpreter) => format!("commands are for {}", code(&interpreter.text)),
            StmtKind::Interactive => {
                "in a terminal of your own; say afterwards how it went".to_owned()
            }
            StmtKind::LiveFor(time) => {
                format!("look on for up to {}, then end it", self.amount(time))
            }
            _ => return None,
        })
    }

    fn backoff(&self, factor: &Expr) -> String {
        match &factor.kind {
            ExprKind::Factor(number) if *number == 2.into() => {
                ", the pause doubling each time".to_owned()
            }
            _ => format!(", the pause growing {} each time", self.words(factor)),
        }
    }
}

fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
