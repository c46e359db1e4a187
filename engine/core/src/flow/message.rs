//! `notify` through a channel, to be copied, or into a file; `follow_up`.

use runbook_plan::ids::MessageId;
use runbook_plan::plan::{FollowUp, MessageTo};

use crate::effect::{Effect, Notice};
use crate::flow::seq::Begun;
use crate::flow::{prompts, scope};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Prompt, PromptKind};
use crate::state::{FiberId, Waiting};

pub(crate) fn begin(m: &mut Machine<'_>, f: FiberId, id: MessageId) -> Begun {
    let plan = m.plan;
    let message = &plan.messages[id.index()];
    let text = m.text(f, &message.text);
    let to = match &message.to {
        MessageTo::Channel(channel) => plan.channels[channel.index()].title.clone(),
        MessageTo::File(path) => m.text(f, path),
    };
    if m.probing() {
        m.tell(Notice::StepSkipped {
            path: m.path(f),
            title: format!("notify {}", message.name),
            why: "a probe does not act".into(),
        });
        return Begun::Done;
    }
    Begun::Into(Frame::Message(Box::new(Message {
        message: id,
        to,
        text,
        entered: false,
    })))
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut s: Box<Message>, input: Input) -> Next {
    let plan = m.plan;
    let message = &plan.messages[s.message.index()];
    match input {
        Input::Enter => match &message.to {
            MessageTo::File(_) => {
                let (path, text) = (s.to.clone(), s.text.clone());
                m.wish_other(f, |id| Effect::WriteDocument { id, path, text });
                Next::Wait(Frame::Message(s))
            }
            MessageTo::Channel(channel) => {
                let channel = &plan.channels[channel.index()];
                match channel.block {
                    Some(block) => {
                        s.entered = true;
                        let block = scope::block(m, block);
                        Next::Push(Frame::Message(s), block)
                    }
                    None => {
                        if let Some((Answer::Yes, _)) = m.remembered_message(f, s.message) {
                            return Next::Done(Signal::Ok);
                        }
                        let prompt = Prompt {
                            kind: PromptKind::Copy {
                                message: s.text.clone(),
                            },
                            text: format!("send this to {}", channel.title),
                            keys: vec![
                                message.name.clone(),
                                channel.title.clone(),
                                channel.name.clone(),
                                s.text.clone(),
                            ],
                            detail: Vec::new(),
                            path: m.path(f),
                            deadline: None,
                            otherwise: None,
                        };
                        Next::Push(Frame::Message(s), prompts::plain(prompt))
                    }
                }
            }
        },
        Input::Child(Signal::Ok | Signal::Skipped) | Input::Other(Ok(_)) => sent(m, &s),
        Input::Child(Signal::Answered(answer, _)) => match answer {
            Answer::No => Next::Done(Failure::declined("the message was not sent").signal()),
            Answer::Failed { reason } | Answer::Fail { reason } => {
                Next::Done(Failure::declined(reason).signal())
            }
            _ => {
                m.remember_message(f, s.message);
                sent(m, &s)
            }
        },
        Input::Other(Err(why)) => Next::Done(fail(why)),
        Input::Child(signal) => Next::Done(signal),
        _ => {
            if let Waiting::Nothing = m.fiber(f).waiting {
                m.fiber_mut(f).waiting = Waiting::Time;
            }
            Next::Wait(Frame::Message(s))
        }
    }
}

fn sent(m: &mut Machine<'_>, s: &Message) -> Next {
    m.tell(Notice::MessageSent {
        message: m.plan.messages[s.message.index()].name.clone(),
        to: s.to.clone(),
    });
    Next::Done(Signal::Ok)
}

/// A task that is left when the run is over, due from now on.
pub(crate) fn follow_up(m: &mut Machine<'_>, f: FiberId, follow_up: &FollowUp) {
    let due = follow_up
        .within
        .and_then(|ms| i64::try_from(ms).ok())
        .map(|ms| m.s.now.wall.saturating_add(ms));
    let notice = Notice::FollowUp {
        title: m.text(f, &follow_up.title),
        to: follow_up
            .to
            .map(|to| m.plan.contacts[to.index()].title.clone()),
        due,
        items: follow_up.items.iter().map(|item| m.text(f, item)).collect(),
    };
    m.tell(notice);
}
