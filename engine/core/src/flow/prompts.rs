//! Questions: asked until the answer fits, remembered for the retries of their step.

use runbook_plan::ids::NodeId;
use runbook_plan::plan::{Declined, NodeKind, Within, WithinElse};
use runbook_plan::value::Value;

use crate::effect::{Effect, EffectId, Notice};
use crate::event::Confirms;
use crate::flow::fitting::fitting;
use crate::flow::seq::Begun;
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, ConfirmDeclined, Detail, Prompt, PromptKind};
use crate::state::{FiberId, TimerKind, Waiting};

/// Who is said to have answered where a deadline did.
const BY_DEADLINE: &str = "the deadline";

/// A question without a deadline of its own.
pub(crate) fn plain(prompt: Prompt) -> Frame {
    Frame::Ask(Box::new(Ask {
        prompt,
        id: EffectId(0),
        at_deadline: AtDeadline::Nothing,
    }))
}

/// A question that may say `within … else …`.
pub(crate) fn within(
    m: &mut Machine<'_>,
    f: FiberId,
    mut prompt: Prompt,
    within: Option<&Within>,
) -> Result<Frame, String> {
    let mut at_deadline = AtDeadline::Nothing;
    if let Some(within) = within {
        let ms = m.ms(f, &within.limit)?;
        prompt.deadline = Some(m.s.deadline(ms));
        at_deadline = match &within.otherwise {
            None => AtDeadline::Escalate(None, String::new()),
            Some(WithinElse::Arm(option)) => {
                if let PromptKind::Choose { options } = &prompt.kind {
                    prompt.otherwise = options.get(*option).map(|option| option.label.clone());
                }
                AtDeadline::Answer(Answer::Chose { option: *option })
            }
            Some(WithinElse::Answer(value)) => {
                let value = m.eval(f, value)?;
                prompt.otherwise = Some(m.shown(&value));
                AtDeadline::Answer(match (&prompt.kind, value) {
                    (
                        PromptKind::Confirm { .. } | PromptKind::Approve { .. },
                        Value::Bool(true),
                    ) => Answer::Yes,
                    (
                        PromptKind::Confirm { .. } | PromptKind::Approve { .. },
                        Value::Bool(false),
                    ) => Answer::No,
                    (_, value) => Answer::Value { value },
                })
            }
            Some(WithinElse::Escalate { to, text }) => {
                let text = match text {
                    Some(text) => m.text(f, text),
                    None => format!("no answer to: {}", prompt.text),
                };
                AtDeadline::Escalate(Some(*to), text)
            }
        };
    }
    Ok(Frame::Ask(Box::new(Ask {
        prompt,
        id: EffectId(0),
        at_deadline,
    })))
}

pub(crate) fn ask(m: &mut Machine<'_>, f: FiberId, mut a: Box<Ask>, input: Input) -> Next {
    match input {
        Input::Enter => {
            a.id = m.ask(Some(f), a.prompt.clone());
            if let Some(deadline) = &a.prompt.deadline
                && !matches!(a.at_deadline, AtDeadline::Nothing)
            {
                let deadline = deadline.clone();
                m.arm(f, deadline, TimerKind::Prompt);
            }
            Next::Wait(Frame::Ask(a))
        }
        Input::Answered(answer, by) => match fitting(m, &a.prompt.kind, answer) {
            Ok(answer) => Next::Done(Signal::Answered(answer, by)),
            Err(why) => {
                m.drop_timers(f, m.fiber(f).frames.len());
                a.prompt.detail.retain(|detail| !is_complaint(detail));
                a.prompt
                    .detail
                    .push(Detail::Warning(format!("{COMPLAINT}{why}")));
                Next::Become(Frame::Ask(a))
            }
        },
        Input::Time => match a.at_deadline.clone() {
            AtDeadline::Answer(answer) => {
                m.forget(a.id);
                m.wish(Effect::Withdraw { id: a.id });
                Next::Done(Signal::Answered(answer, BY_DEADLINE.into()))
            }
            AtDeadline::Escalate(to, text) => {
                m.tell(Notice::DeadlinePassed {
                    what: a.prompt.text.clone(),
                    late_ms: 0,
                });
                let to = to.or_else(|| m.on_duty());
                let text = if text.is_empty() {
                    format!("no answer to: {}", a.prompt.text)
                } else {
                    text
                };
                if let Some(to) = to {
                    m.escalate(Some(f), to, text);
                }
                m.fiber_mut(f).waiting = Waiting::Effect(a.id);
                Next::Wait(Frame::Ask(a))
            }
            AtDeadline::Nothing => {
                m.fiber_mut(f).waiting = Waiting::Effect(a.id);
                Next::Wait(Frame::Ask(a))
            }
        },
        _ => {
            m.fiber_mut(f).waiting = Waiting::Effect(a.id);
            Next::Wait(Frame::Ask(a))
        }
    }
}

const COMPLAINT: &str = "that does not fit: ";

fn is_complaint(detail: &Detail) -> bool {
    matches!(detail, Detail::Warning(text) if text.starts_with(COMPLAINT))
}

/// Prose and warnings among these statements, for a prompt to carry.
pub(crate) fn details(m: &Machine<'_>, f: FiberId, nodes: &[NodeId]) -> Vec<Detail> {
    let mut details = Vec::new();
    for node in nodes {
        match &m.plan.nodes[node.index()].kind {
            NodeKind::Prose(text) => details.push(Detail::Prose(m.text(f, text))),
            NodeKind::Warning(text) => details.push(Detail::Warning(m.text(f, text))),
            _ => {}
        }
    }
    details
}

/// Prose and warnings just above where a fiber is.
pub(crate) fn before(m: &Machine<'_>, f: FiberId) -> Vec<Detail> {
    let Some(Frame::Seq(seq)) = m.fiber(f).frames.last().map(|slot| &slot.frame) else {
        return Vec::new();
    };
    let nodes = &m.plan.blocks[seq.block.index()].nodes;
    let here = seq.at.min(nodes.len());
    let mut from = here;
    while from > 0
        && matches!(
            m.plan.nodes[nodes[from - 1].index()].kind,
            NodeKind::Prose(_) | NodeKind::Warning(_)
        )
    {
        from -= 1;
    }
    details(m, f, &nodes[from..here])
}

pub(crate) fn begin(m: &mut Machine<'_>, f: FiberId, node: NodeId) -> Begun {
    if m.probing() {
        m.tell(Notice::StepSkipped {
            path: m.path(f),
            title: statement_text(m, f, node),
            why: "a probe asks nothing".into(),
        });
        return Begun::Done;
    }
    Begun::Into(Frame::Prompted(Box::new(Prompted {
        node,
        part: PromptedPart::Enter,
    })))
}

fn statement_text(m: &Machine<'_>, f: FiberId, node: NodeId) -> String {
    match &m.plan.nodes[node.index()].kind {
        NodeKind::Confirm { question: text, .. }
        | NodeKind::Item { text, .. }
        | NodeKind::Approve { text, .. }
        | NodeKind::Todo(text) => m.text(f, text),
        _ => String::new(),
    }
}

/// `confirm`, a checklist item, `approve`, `todo`.
pub(crate) fn statement(
    m: &mut Machine<'_>,
    f: FiberId,
    mut p: Box<Prompted>,
    input: Input,
) -> Next {
    let plan = m.plan;
    match input {
        Input::Enter => {
            if let Some((answer, _)) = m.remembered(f, p.node, 0) {
                // It was told when it was given.
                if let (
                    Answer::Value { value },
                    NodeKind::Item {
                        evidence: Some(var),
                        ..
                    },
                ) = (answer, &plan.nodes[p.node.index()].kind)
                {
                    m.bind(f, *var, value);
                }
                return Next::Done(Signal::Ok);
            }
            let mut keys = Vec::new();
            let (kind, text, limit) = match &plan.nodes[p.node.index()].kind {
                NodeKind::Confirm {
                    question,
                    declined,
                    within,
                } => {
                    if m.s.started.confirms == Confirms::Yes {
                        return answered(m, f, &p, Answer::Yes, "--yes".into());
                    }
                    let declined = match declined {
                        Declined::Fails => ConfirmDeclined::Fails,
                        Declined::Skips => ConfirmDeclined::Skips,
                    };
                    (PromptKind::Confirm { declined }, question, within.as_ref())
                }
                NodeKind::Item { text, evidence } => {
                    let evidence = evidence.map(|var| {
                        keys.push(plan.vars[var.index()].name.clone());
                        plan.vars[var.index()].ty.clone()
                    });
                    (PromptKind::Item { evidence }, text, None)
                }
                NodeKind::Approve { text, by, within } => {
                    let by = by.map(|by| plan.contacts[by.index()].title.clone());
                    (PromptKind::Approve { by }, text, within.as_ref())
                }
                NodeKind::Todo(text) => (PromptKind::Manual, text, None),
                _ => return Next::Done(Signal::Ok),
            };
            let source = text.source.clone();
            let text = m.text(f, text);
            keys.extend([text.clone(), source]);
            let prompt = Prompt {
                kind,
                text,
                keys,
                detail: before(m, f),
                path: m.path(f),
                deadline: None,
                otherwise: None,
            };
            p.part = PromptedPart::Asked;
            match self::within(m, f, prompt, limit.map(AsRef::as_ref)) {
                Ok(ask) => Next::Push(Frame::Prompted(p), ask),
                Err(why) => Next::Done(fail(why)),
            }
        }
        Input::Child(Signal::Answered(answer, by)) => {
            if matches!(
                answer,
                Answer::Yes | Answer::Value { .. } | Answer::Done { .. }
            ) {
                m.remember(f, p.node, 0, &answer, &by);
            }
            answered(m, f, &p, answer, by)
        }
        _ => Next::Wait(Frame::Prompted(p)),
    }
}

fn answered(m: &mut Machine<'_>, f: FiberId, p: &Prompted, answer: Answer, by: String) -> Next {
    let plan = m.plan;
    let text = statement_text(m, f, p.node);
    match &plan.nodes[p.node.index()].kind {
        NodeKind::Confirm { declined, .. } => match (answer, declined) {
            (Answer::Yes | Answer::Value { .. }, _) => {
                m.tell(Notice::Chosen {
                    question: text,
                    label: "yes".into(),
                    by,
                });
                Next::Done(Signal::Ok)
            }
            (Answer::Skip { reason }, _) => {
                m.tell(Notice::Deviation {
                    path: m.path(f),
                    what: format!("skipped: {text}"),
                    reason,
                    by,
                });
                skip_step(m, f, p)
            }
            (_, Declined::Skips) => {
                m.tell(Notice::Chosen {
                    question: text,
                    label: "no".into(),
                    by,
                });
                skip_step(m, f, p)
            }
            _ => Next::Done(Failure::declined(format!("declined by {by}: {text}")).signal()),
        },
        NodeKind::Item { evidence, .. } => match answer {
            Answer::Yes | Answer::Done { .. } => {
                m.tell(Notice::Chosen {
                    question: text,
                    label: "yes".into(),
                    by,
                });
                Next::Done(Signal::Ok)
            }
            Answer::Value { value } => {
                m.tell(Notice::Evidence {
                    item: text,
                    value: m.shown(&value),
                });
                if let Some(var) = evidence {
                    m.bind(f, *var, value);
                }
                Next::Done(Signal::Ok)
            }
            Answer::Failed { reason } => {
                Next::Done(Failure::declined(format!("{text}: {reason}")).signal())
            }
            _ => Next::Done(Failure::declined(format!("{by} says no: {text}")).signal()),
        },
        NodeKind::Approve { by: contact, .. } => match answer {
            Answer::Yes
            | Answer::Value {
                value: Value::Bool(true),
            } => {
                let role = contact.map(|contact| plan.contacts[contact.index()].title.clone());
                m.tell(Notice::Chosen {
                    question: text,
                    label: match role {
                        Some(role) => format!("approved for {role}"),
                        None => "approved".into(),
                    },
                    by,
                });
                Next::Done(Signal::Ok)
            }
            Answer::Failed { reason } => {
                Next::Done(Failure::declined(format!("refused by {by}: {text}: {reason}")).signal())
            }
            _ => Next::Done(Failure::declined(format!("refused by {by}: {text}")).signal()),
        },
        _ => match answer {
            Answer::Failed { reason } | Answer::Fail { reason } => {
                Next::Done(Failure::declined(format!("{text}: {reason}")).signal())
            }
            Answer::No => Next::Done(Failure::declined(format!("{by} says no: {text}")).signal()),
            Answer::Skip { reason } => {
                m.tell(Notice::Deviation {
                    path: m.path(f),
                    what: format!("skipped: {text}"),
                    reason,
                    by,
                });
                Next::Done(Signal::Ok)
            }
            _ => Next::Done(Signal::Ok),
        },
    }
}

/// `confirm … or skip`: the step around it is left, as if it were done.
fn skip_step(m: &mut Machine<'_>, f: FiberId, p: &Prompted) -> Next {
    let depth = m.fiber(f).frames.iter().rposition(|slot| {
        matches!(&slot.frame, Frame::Scope(scope) if matches!(scope.kind, ScopeKind::Step(_)))
    });
    let Some(depth) = depth else {
        return Next::Done(Signal::Ok);
    };
    m.stop(f, Some(depth), crate::state::Cause::Skipped);
    Next::Wait(Frame::Prompted(Box::new(p.clone())))
}
