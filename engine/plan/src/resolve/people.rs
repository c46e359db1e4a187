//! Contacts, channels, messages, follow-ups.

use super::Resolver;
use super::blocks::{Kind, head_of};
use super::places::{self, Place};
use super::scope::Names;
use crate::codes;
use crate::expr::{Template, TemplatePart};
use crate::plan::{Channel, Contact, FollowUp, Message, MessageTo, NodeKind};
use runbook_grammar::ast::{self, Stmt, StmtKind};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// A message and the file it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessageSlot<'a> {
    pub unit: usize,
    pub stmt: &'a Stmt,
}

impl<'a> Resolver<'a> {
    pub(super) fn resolve_people(&mut self) {
        let mut escalations: Vec<Option<(usize, Span)>> = Vec::new();
        for at in 0..self.units.len() {
            self.here = at;
            let file = self.unit().file;
            for stmt in &file.body {
                match &stmt.kind {
                    StmtKind::Contact { title, block, .. } => {
                        let (contact, span) = self.contact(stmt, title, block.as_ref());
                        escalations.push(contact.escalate.map(|(_, to)| to.index()).zip(span));
                        self.plan.contacts.push(contact);
                    }
                    StmtKind::Channel { name, title, block } => {
                        let around = self.file_around(Place::Channel);
                        let block = block.as_ref().map(|block| {
                            self.block(Kind::Channel, &block.body, block.span, &around)
                                .id
                        });
                        let title = self.fixed(title, "the title of a channel");
                        self.plan.channels.push(Channel {
                            name: name.text.clone(),
                            title,
                            block,
                        });
                    }
                    _ => {}
                }
            }
        }
        self.refuse_circles(&escalations);
        for at in 0..self.messages.len() {
            let slot = self.messages[at];
            self.here = slot.unit;
            if let StmtKind::Message { name, to, block } = &slot.stmt.kind {
                let to = match to {
                    ast::MessageTo::Channel(path) => self
                        .find("channel", path, |unit| &unit.channels)
                        .map(MessageTo::Channel),
                    ast::MessageTo::File(path) => self.template(path).map(MessageTo::File),
                };
                let text = self.prose_of(block, "a `message`");
                match (to, text) {
                    (Some(to), Some(text)) => self.plan.messages.push(Message {
                        name: name.text.clone(),
                        to,
                        text,
                    }),
                    _ => self.broken(),
                }
            }
        }
        self.here = 0;
    }

    /// Text that is known before the run.
    pub(super) fn fixed(&mut self, text: &'a ast::Str, what: &str) -> String {
        if let Some(text) = text.plain() {
            return text;
        }
        self.error(
            codes::NOT_FIXED,
            format!("{what} has a hole in it"),
            text.span,
            "not known before the run",
            "write the text out",
        );
        String::new()
    }

    fn contact(
        &mut self,
        stmt: &'a Stmt,
        title: &'a ast::Str,
        block: Option<&'a ast::Block>,
    ) -> (Contact, Option<Span>) {
        let StmtKind::Contact { name, .. } = &stmt.kind else {
            return (
                Contact {
                    name: String::new(),
                    title: String::new(),
                    fields: Vec::new(),
                    escalate: None,
                },
                None,
            );
        };
        let mut contact = Contact {
            name: name.text.clone(),
            title: self.fixed(title, "the title of a contact"),
            fields: Vec::new(),
            escalate: None,
        };
        let mut escalates: Option<Span> = None;
        let mut seen: Names<'a, ()> = Names::default();
        for stmt in block.into_iter().flat_map(|block| &block.body) {
            match &stmt.kind {
                StmtKind::Fields(fields) => {
                    for (field, value) in fields {
                        if let Err(first) = seen.insert(&field.text, (), field.span) {
                            self.taken("field", &field.text, field.span, first);
                        }
                        match self.template(value) {
                            Some(value) => contact.fields.push((field.text.clone(), value)),
                            None => self.broken(),
                        }
                    }
                }
                StmtKind::EscalateAfter { after, to } => {
                    if let Some(first) = escalates {
                        self.report(
                            Diagnostic::error(
                                codes::TWICE,
                                "a contact escalates twice",
                                stmt.span,
                                "said again",
                            )
                            .label(first, "said first")
                            .help("keep one, and let the next contact escalate further"),
                        );
                        continue;
                    }
                    escalates = Some(stmt.span);
                    let after = self.fixed_duration(after, "`escalate after`");
                    let to =
                        self.find_words("contact", std::slice::from_ref(to), to.span, |unit| {
                            &unit.contacts
                        });
                    contact.escalate = after.zip(to);
                }
                StmtKind::Bad => self.broken(),
                _ if places::is_text(stmt) => {}
                _ => self.error(
                    codes::NOT_HERE,
                    format!("{} stands in a contact", places::word(&stmt.kind)),
                    head_of(stmt),
                    "has no use here",
                    "write fields such as `phone \"…\"`, or `escalate after 15m to name`",
                ),
            }
        }
        (contact, escalates)
    }

    /// Escalation leads upward: a circle would call the same people for ever.
    fn refuse_circles(&mut self, to: &[Option<(usize, Span)>]) {
        let mut state = vec![0_u32; to.len()];
        for start in 0..to.len() {
            let round = super::narrow(start) + 1;
            let mut at = start;
            while state[at] == 0 {
                state[at] = round;
                let Some((next, span)) = to[at] else { break };
                if next >= to.len() {
                    break;
                }
                if state[next] == round {
                    self.error(
                        codes::ESCALATION_CIRCLE,
                        "the path of escalation leads back to itself",
                        span,
                        format!(
                            "leads back to `{}`",
                            self.plan
                                .contacts
                                .get(next)
                                .map_or("", |contact| contact.name.as_str())
                        ),
                        "end it with a contact that escalates to nobody",
                    );
                    break;
                }
                at = next;
            }
        }
    }

    /// All prose of a block as one text, paragraphs apart.
    fn prose_of(&mut self, block: &'a ast::Block, what: &str) -> Option<Template> {
        let mut whole = Template::default();
        let mut fine = true;
        for stmt in &block.body {
            match &stmt.kind {
                StmtKind::Prose(text) => match self.template(text) {
                    Some(text) => {
                        if !whole.parts.is_empty() {
                            whole.parts.push(TemplatePart::Text("\n\n".to_owned()));
                            whole.source.push_str("\n\n");
                        }
                        whole.parts.extend(text.parts);
                        whole.source.push_str(&text.source);
                    }
                    None => fine = false,
                },
                StmtKind::Bad => fine = false,
                _ => {
                    self.error(
                        codes::NOT_HERE,
                        format!("{} stands in {what}", places::word(&stmt.kind)),
                        head_of(stmt),
                        "is no text",
                        "write its text in lines that begin with `> `",
                    );
                    fine = false;
                }
            }
        }
        if fine && whole.parts.is_empty() {
            self.error(
                codes::EMPTY,
                format!("{what} says nothing"),
                block.span,
                "no text",
                "write its text in lines that begin with `> `",
            );
            fine = false;
        }
        fine.then_some(whole)
    }

    pub(super) fn notify(&mut self, path: &'a ast::Path) -> Option<NodeKind> {
        self.find("message", path, |unit| &unit.messages)
            .map(NodeKind::Notify)
    }

    pub(super) fn escalate(
        &mut self,
        to: &'a ast::Path,
        text: Option<&'a ast::Str>,
    ) -> Option<NodeKind> {
        let to = self.find("contact", to, |unit| &unit.contacts);
        let text = self.maybe(text, |r, text| r.template(text));
        Some(NodeKind::Escalate {
            to: to?,
            text: text?,
        })
    }

    pub(super) fn follow_up(&mut self, stmt: &'a Stmt) -> Option<FollowUp> {
        let StmtKind::FollowUp {
            title,
            within,
            to,
            block,
        } = &stmt.kind
        else {
            return None;
        };
        let title = self.template(title);
        let within = self.maybe(within.as_ref(), |r, within| {
            r.fixed_duration(within, "`within`")
        });
        let to = self.maybe(to.as_ref(), |r, to| {
            r.find("contact", to, |unit| &unit.contacts)
        });
        let mut items = Vec::new();
        let mut fine = true;
        for stmt in block.iter().flat_map(|block| &block.body) {
            match &stmt.kind {
                StmtKind::Item {
                    text,
                    evidence: None,
                } => match self.template(text) {
                    Some(text) => items.push(text),
                    None => fine = false,
                },
                StmtKind::Bad => fine = false,
                _ if places::is_text(stmt) => {}
                _ => {
                    fine = false;
                    self.error(
                        codes::NOT_HERE,
                        format!("{} stands in a `follow_up`", places::word(&stmt.kind)),
                        head_of(stmt),
                        "is done after the run, by people",
                        "write its tasks as `- [ ] …`, without evidence",
                    );
                }
            }
        }
        if !fine {
            self.broken();
            return None;
        }
        Some(FollowUp {
            title: title?,
            within: within?,
            to: to?,
            items,
        })
    }
}
