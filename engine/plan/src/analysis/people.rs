//! Who is asked what, and who may approve.

use std::collections::BTreeSet;

use serde::Serialize;

use super::walk::{self, Calls, Met};
use crate::command::Manner;
use crate::expr::ExprKind;
use crate::ids::ContactId;
use crate::plan::*;
use crate::show;
use crate::value::{Type, Value};

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub kind: AskedKind,
    /// A contact's title; the operator where it is missing.
    pub who: Option<String>,
    pub text: String,
    /// What it stands in; empty in the runbook's own flow, and before it.
    pub path: String,
    /// Milliseconds, where it is known before the run.
    pub within_ms: Option<u64>,
    /// What happens at the deadline: the answer it gives itself, or whom it escalates to.
    pub otherwise: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedKind {
    /// A param without a value.
    Param,
    /// `needs "…"`
    Need,
    /// A secret that is typed.
    Secret,
    Ask,
    /// An input of a matrix.
    Input,
    Choose,
    Confirm,
    /// The name of an irreversible step is typed.
    Irreversible,
    Item,
    Approve,
    /// A step that is done by hand.
    Manual,
    /// A message that is copied by hand.
    Message,
    /// An interactive command, and how it went.
    Interactive,
    Todo,
}

pub fn asked(plan: &Plan) -> Vec<Asked> {
    let mut all = Vec::new();
    let plain = |kind: AskedKind, text: &str, path: &str| Asked {
        kind,
        who: None,
        text: text.to_owned(),
        path: path.to_owned(),
        within_ms: None,
        otherwise: None,
    };
    for need in &plan.needs {
        if let Need::Person(text) = need {
            all.push(plain(AskedKind::Need, &text.source, ""));
        }
    }
    for param in &plan.params {
        let var = &plan.vars[param.var.index()];
        if param.default.is_none() && !matches!(var.ty, Type::Optional(_)) {
            let text = param.prompt.as_ref().map_or(&var.name, |text| &text.source);
            all.push(plain(AskedKind::Param, text, ""));
        }
    }
    for secret in &plan.secrets {
        if matches!(secret.from, SecretFrom::Prompt) {
            all.push(plain(AskedKind::Secret, &secret.name, ""));
        }
    }
    walk::walk(plan, Calls::Once, &mut |met, path| match met {
        Met::Node(id) => node(plan, &plan.nodes[id.index()].kind, path, &mut all),
        Met::Command(id) => {
            let command = &plan.commands[id.index()];
            if command.manner == Manner::Interactive {
                let script = command.scripts.first();
                let script = script.map_or("", |script| script.text.source.trim());
                let text = script.lines().next().unwrap_or("");
                all.push(plain(AskedKind::Interactive, text, path));
            }
        }
        Met::Request(_) => {}
    });
    all
}

fn node(plan: &Plan, kind: &NodeKind, path: &str, all: &mut Vec<Asked>) {
    let mut add = |kind: AskedKind, text: &str, within: Option<&Within>| {
        all.push(Asked {
            kind,
            who: None,
            text: text.to_owned(),
            path: path.to_owned(),
            within_ms: within.and_then(limit),
            otherwise: within.and_then(|within| otherwise(plan, within)),
        });
    };
    match kind {
        NodeKind::Ask(ask) => add(AskedKind::Ask, &ask.question.source, ask.within.as_ref()),
        NodeKind::Confirm {
            question, within, ..
        } => {
            add(AskedKind::Confirm, &question.source, within.as_deref());
        }
        NodeKind::Item { text, .. } => add(AskedKind::Item, &text.source, None),
        NodeKind::Todo(text) => add(AskedKind::Todo, &text.source, None),
        NodeKind::Approve { text, by, within } => {
            add(AskedKind::Approve, &text.source, within.as_deref());
            if let (Some(by), Some(last)) = (by, all.last_mut()) {
                last.who = Some(plan.contacts[by.index()].title.clone());
            }
        }
        NodeKind::Choose {
            question,
            within,
            arms,
            ..
        } => {
            add(AskedKind::Choose, &question.source, within.as_deref());
            let arm = within
                .as_deref()
                .and_then(|within| match &within.otherwise {
                    Some(WithinElse::Arm(at)) => arms.get(*at),
                    _ => None,
                });
            if let (Some(arm), Some(last)) = (arm, all.last_mut()) {
                last.otherwise = Some(arm.label.source.clone());
            }
        }
        NodeKind::Decide { matrix, inputs, .. } => {
            let columns = &plan.matrices[matrix.index()].inputs;
            for (column, input) in columns.iter().zip(inputs) {
                if !matches!(input, DecideInput::Value(_)) {
                    add(AskedKind::Input, &column.name, None);
                }
            }
        }
        NodeKind::Step {
            title,
            block,
            manual,
            ..
        } => {
            if *manual == Manual::Yes {
                add(AskedKind::Manual, &title.source, None);
            }
            if let Some(why) = &plan.blocks[block.index()].policies.irreversible {
                add(AskedKind::Irreversible, &why.source, None);
            }
        }
        NodeKind::Notify(message) => {
            let message = &plan.messages[message.index()];
            if let MessageTo::Channel(channel) = &message.to
                && plan.channels[channel.index()].block.is_none()
            {
                add(AskedKind::Message, &message.name, None);
            }
        }
        _ => {}
    }
}

fn limit(within: &Within) -> Option<u64> {
    match &within.limit.kind {
        ExprKind::Literal(Value::Duration(ms)) => Some(*ms),
        _ => None,
    }
}

fn otherwise(plan: &Plan, within: &Within) -> Option<String> {
    match within.otherwise.as_ref()? {
        WithinElse::Answer(answer) => match &answer.kind {
            ExprKind::Literal(value) => Some(show::value(value)),
            _ => Some("another answer".to_owned()),
        },
        // Its label is known to the question alone.
        WithinElse::Arm(_) => None,
        WithinElse::Escalate { to, .. } => {
            Some(format!("escalates to {}", plan.contacts[to.index()].title))
        }
    }
}

/// How many contacts can give each approval: where it is one, the run hangs on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approvals {
    pub all: Vec<Approval>,
    /// The fewest contacts that an approval can come from; missing where nothing is to be approved.
    pub bus_factor: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    pub text: String,
    pub path: String,
    /// Titles: whom it asks, and to whom that escalates. Empty: whoever is at the terminal.
    pub by: Vec<String>,
}

pub fn approvals(plan: &Plan) -> Approvals {
    let mut all = Vec::new();
    walk::walk(plan, Calls::Once, &mut |met, path| {
        if let Met::Node(id) = met
            && let NodeKind::Approve { text, by, within } = &plan.nodes[id.index()].kind
        {
            let mut contacts: Vec<ContactId> = Vec::new();
            let mut seen = BTreeSet::new();
            let later = within
                .as_deref()
                .and_then(|within| match &within.otherwise {
                    Some(WithinElse::Escalate { to, .. }) => Some(*to),
                    _ => None,
                });
            for start in [*by, by.and(later)].into_iter().flatten() {
                let mut next = Some(start);
                while let Some(contact) = next.filter(|contact| seen.insert(*contact)) {
                    contacts.push(contact);
                    let contact = &plan.contacts[contact.index()];
                    next = contact.escalate.map(|(_, to)| to);
                }
            }
            let titles = contacts.iter();
            all.push(Approval {
                text: text.source.clone(),
                path: path.to_owned(),
                by: titles
                    .map(|contact| plan.contacts[contact.index()].title.clone())
                    .collect(),
            });
        }
    });
    // Where anybody may say it, it hangs on nobody in particular.
    let named = all.iter().filter(|approval| !approval.by.is_empty());
    let bus_factor = named.map(|approval| approval.by.len()).min();
    Approvals { all, bus_factor }
}
