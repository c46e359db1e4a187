//! A command that was in flight when the engine ended: wait for it, ask the system, run it again, or ask.

use runbook_plan::command::Mark;
use runbook_plan::plan::Looked;

use crate::effect::{Effect, Notice, Role, Urgency};
use crate::event::Found;
use crate::flow::{exec, judge, menu, prompts, scope};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Detail, DoubtChoice, Prompt, PromptKind};
use crate::state::{Cause, FiberId, StopWhy, Waiting};

pub(crate) fn new(m: &Machine<'_>, f: FiberId, e: &Exec, found: Found, said: String) -> Frame {
    let mut scope = None;
    let mut done_if: Option<Looked> = None;
    let mut repeatable = e.mark == Mark::Look;
    let frames = &m.fiber(f).frames;
    for (depth, slot) in frames.iter().enumerate().rev() {
        let Frame::Scope(around) = &slot.frame else {
            continue;
        };
        let policies = m.block_policies(around.block);
        if around.stage == Stage::Body || around.kind == ScopeKind::Undo {
            repeatable |= policies.repeatable.is_some();
            if done_if.is_none() && policies.done_if.is_some() && around.kind != ScopeKind::Undo {
                done_if = policies.done_if;
                scope = Some(depth);
            }
        }
        if matches!(around.kind, ScopeKind::Step(_) | ScopeKind::Undo) {
            break;
        }
    }
    Frame::Settle(Box::new(Settle {
        stage: SettleStage::Enter,
        effect: e.id,
        prompt: e.id,
        found,
        shown: exec::shown(m, f, e.what),
        path: m.path(f),
        said,
        scope,
        mark: e.mark,
        done_if: if e.mark == Mark::Look { None } else { done_if },
        repeatable,
    }))
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>, input: Input) -> Next {
    match (s.stage, input) {
        (SettleStage::Enter, _) => match s.found.clone() {
            Found::Alive { processes } => orphan(m, f, s, processes),
            _ => gone(m, f, s),
        },
        (SettleStage::Orphan, Input::Answered(answer, by)) => match answer {
            Answer::WaitForIt | Answer::Yes => wait_for_it(m, f, s),
            Answer::StopIt => {
                told(m, &s, format!("{by} has it stopped"));
                m.s.busy.insert(s.effect);
                m.stop_effect(s.effect, StopWhy::Operator, Urgency::Grace);
                s.stage = SettleStage::Waiting;
                m.fiber_mut(f).waiting = Waiting::Effect(s.effect);
                Next::Wait(Frame::Settle(s))
            }
            Answer::LeaveIt => {
                m.tell(Notice::Deviation {
                    path: s.path.clone(),
                    what: format!("left running: {}", exec::in_a_sentence(&s.shown)),
                    reason: "it was found alive after the engine had ended".into(),
                    by,
                });
                m.forget(s.effect);
                in_doubt(m, f, s)
            }
            _ => match s.found.clone() {
                Found::Alive { processes } => orphan(m, f, s, processes),
                _ => gone(m, f, s),
            },
        },
        // Without a terminal a live orphan is waited for, until its timeout.
        (SettleStage::Orphan, Input::Nobody) => wait_for_it(m, f, s),
        (SettleStage::Orphan, Input::Found(Found::Alive { .. }, _)) => {
            m.fiber_mut(f).waiting = Waiting::Effect(s.prompt);
            Next::Wait(Frame::Settle(s))
        }
        (SettleStage::Waiting, Input::Found(Found::Alive { processes }, _)) => {
            orphan(m, f, s, processes)
        }
        (SettleStage::Orphan | SettleStage::Waiting, Input::Found(..) | Input::Ran(_)) => {
            if m.forget(s.prompt).is_some() && s.stage == SettleStage::Orphan {
                m.wish(Effect::Withdraw { id: s.prompt });
            }
            m.forget(s.effect);
            gone(m, f, s)
        }
        (SettleStage::DoneIf, Input::Child(Signal::Ran(ran))) => match judge::answers(&ran) {
            judge::Answers::Yes => {
                let how = "its `done if` says that it is done".to_owned();
                m.renew_timeouts(f);
                m.stop(f, s.scope, Cause::StepDone(how));
                Next::Wait(Frame::Settle(s))
            }
            judge::Answers::No => {
                told(
                    m,
                    &s,
                    "its `done if` says that it is not done: run again".into(),
                );
                Next::Done(Signal::Choice(Choice::Retry))
            }
            judge::Answers::Unknown(why) => {
                s.said = format!("done if: {why}\n{}", s.said).trim().to_owned();
                in_doubt(m, f, s)
            }
        },
        (SettleStage::Asked, Input::Child(Signal::Answered(answer, by))) => {
            decided(m, f, s, answer, by)
        }
        (_, Input::Stopped(cause)) => Next::Done(fail(scope::why(&cause))),
        (_, Input::Child(signal)) => Next::Done(signal),
        (_, _) => Next::Wait(Frame::Settle(s)),
    }
}

fn told(m: &mut Machine<'_>, s: &Settle, how: String) {
    m.tell(Notice::Settled {
        path: s.path.clone(),
        command: s.shown.clone(),
        how,
    });
}

fn orphan(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>, processes: Vec<String>) -> Next {
    let text = format!(
        "`{}` still runs; what about it?",
        exec::in_a_sentence(&s.shown)
    );
    let prompt = Prompt {
        kind: PromptKind::Orphan {
            command: s.shown.clone(),
            processes,
        },
        keys: vec![text.clone(), s.shown.clone()],
        text,
        detail: Vec::new(),
        path: s.path.clone(),
        deadline: None,
        otherwise: None,
    };
    m.s.busy.remove(&s.effect);
    s.prompt = m.ask(Some(f), prompt);
    s.stage = SettleStage::Orphan;
    Next::Wait(Frame::Settle(s))
}

fn wait_for_it(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>) -> Next {
    told(m, &s, "it still runs: waiting for its end".into());
    let id = s.effect;
    m.s.busy.insert(id);
    m.wish(Effect::AwaitOrphan { id });
    s.stage = SettleStage::Waiting;
    m.fiber_mut(f).waiting = Waiting::Effect(id);
    Next::Wait(Frame::Settle(s))
}

fn gone(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>) -> Next {
    if let Some(looked) = s.done_if {
        s.stage = SettleStage::DoneIf;
        return Next::Push(Frame::Settle(s), exec::look(looked, Role::DoneIf));
    }
    if s.repeatable {
        let why = match s.mark {
            Mark::Look => "it only looks",
            Mark::Act => "its step says `repeatable`",
        };
        told(
            m,
            &s,
            format!("it was under way when the engine ended; {why}, so it is run again"),
        );
        return Next::Done(Signal::Choice(Choice::Retry));
    }
    in_doubt(m, f, s)
}

fn in_doubt(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>) -> Next {
    let mut choices = vec![DoubtChoice::Done, DoubtChoice::RunAgain];
    let checkpoints = menu::reachable(m);
    if can_go_back(m, f) && !checkpoints.is_empty() {
        choices.push(DoubtChoice::Undo { checkpoints });
    }
    choices.extend([DoubtChoice::Pause, DoubtChoice::Fail]);
    let text = format!(
        "`{}` was under way when the engine ended; was it done?",
        exec::in_a_sentence(&s.shown)
    );
    let mut detail = Vec::new();
    if !s.said.is_empty() {
        detail.push(Detail::Output(s.said.clone()));
    }
    let prompt = Prompt {
        kind: PromptKind::InDoubt {
            command: s.shown.clone(),
            choices,
        },
        keys: vec![
            text.clone(),
            s.shown.clone(),
            s.path.clone(),
            menu::last_name(&s.path),
        ],
        text,
        detail,
        path: s.path.clone(),
        deadline: None,
        otherwise: None,
    };
    s.stage = SettleStage::Asked;
    Next::Push(Frame::Settle(s), prompts::plain(prompt))
}

fn decided(m: &mut Machine<'_>, f: FiberId, s: Box<Settle>, answer: Answer, by: String) -> Next {
    let mut deviation = |what: &str, reason: String| {
        m.tell(Notice::Deviation {
            path: s.path.clone(),
            what: format!("{what}: {}", exec::in_a_sentence(&s.shown)),
            reason,
            by: by.clone(),
        });
    };
    match answer {
        Answer::Done { reason } => {
            deviation("done before the engine ended", reason.clone());
            Next::Done(Signal::Choice(Choice::Done(reason)))
        }
        Answer::Yes => {
            deviation("done before the engine ended", String::new());
            Next::Done(Signal::Choice(Choice::Done(String::new())))
        }
        Answer::RunAgain { reason } => {
            deviation("run again after the engine had ended", reason);
            Next::Done(Signal::Choice(Choice::Retry))
        }
        Answer::Retry => {
            deviation("run again after the engine had ended", String::new());
            Next::Done(Signal::Choice(Choice::Retry))
        }
        Answer::Undo { checkpoint, reason } => {
            let reachable = menu::reachable(m);
            let found = reachable
                .iter()
                .find(|path| **path == checkpoint)
                .and_then(|path| {
                    m.s.checkpoints
                        .iter()
                        .rposition(|passed| passed.path == *path)
                });
            match found {
                Some(index) if can_go_back(m, f) => {
                    m.tell(Notice::Deviation {
                        path: s.path.clone(),
                        what: format!("undone back to {checkpoint}"),
                        reason: reason.clone(),
                        by,
                    });
                    menu::go_back(m, f, index, reason);
                    Next::Wait(Frame::Settle(s))
                }
                _ => in_doubt(m, f, s),
            }
        }
        Answer::Fail { reason } | Answer::Failed { reason } => {
            deviation("let fail", reason.clone());
            let mut failure = Failure::new(reason);
            failure.seen = true;
            Next::Done(Signal::Choice(Choice::Fail(Box::new(failure))))
        }
        _ => in_doubt(m, f, s),
    }
}

/// Not from a branch, and not from what runs while its block is being left.
fn can_go_back(m: &Machine<'_>, f: FiberId) -> bool {
    let fiber = m.fiber(f);
    fiber.parent.is_none() && fiber.unwind.is_none() && fiber.shield.is_none()
}
