//! The run itself: what comes before the first step, and its end.

use runbook_plan::plan::{Need, Outcome};
use runbook_plan::value::Type;

use crate::effect::{Effect, EndWhy, Notice};
use crate::event::{MissingNeed, Mode, Started};
use crate::flow::{clocks, from, input, message, operator, prompts, scope};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Prompt, PromptKind};
use crate::state::*;
use crate::{resume, walk};
use runbook_plan::ids::NodeId;

/// The run's begin, for `runbook undo --to start`.
pub(crate) const START: &str = "start";
/// No checkpoint of the runbook.
pub(crate) const NO_NODE: NodeId = NodeId(u32::MAX);
/// The bottom frame of the run's own fiber is the first frame there is.
const BOTTOM: u32 = 1;

pub(crate) fn start(m: &mut Machine<'_>, started: &Started) {
    if m.s.phase != Phase::New {
        return;
    }
    m.s.boot_id.clone_from(&started.boot_id);
    m.s.operator.clone_from(&started.operator);
    m.s.started_at = m.s.now;
    m.s.severities = m
        .plan
        .severities
        .iter()
        .map(|severity| severity.name.clone())
        .collect();
    *m.s.started = started.clone();
    m.s.phase = Phase::Preparing;
    m.s.progress.in_block = walk::steps_in_blocks(m.plan);
    m.s.progress.expected = match m.plan.root {
        Some(root) => m.steps_in(root),
        None => 0,
    };
    clocks::start_objective(m);
    m.fork(
        None,
        Frame::Root(Root {
            stage: RootStage::Needs,
        }),
    );
}

pub(crate) fn missing(missing: &[MissingNeed]) -> Option<String> {
    if missing.is_empty() {
        return None;
    }
    let names: Vec<String> = missing
        .iter()
        .map(|need| match need {
            MissingNeed::Command(name) => format!("the command `{name}`"),
            MissingNeed::Env(name) => format!("the environment variable `{name}`"),
        })
        .collect();
    Some(format!("this machine lacks {}", names.join(", ")))
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut r: Root, input: Input) -> Next {
    let input = match input {
        Input::Child(Signal::Failed(failure)) => return failed(m, r, &failure),
        Input::Child(Signal::Finish(outcome, text)) => {
            m.s.ending = Ending::Finish;
            return finished(m, f, r, outcome, text);
        }
        Input::Stopped(Cause::Ended(reason)) => {
            end(m, Outcome::Failed, reason, EndWhy::Declined);
            return Next::Wait(Frame::Root(r));
        }
        input => input,
    };
    match r.stage {
        RootStage::Needs => match input {
            Input::Enter => needs(m, f, r),
            Input::Other(Ok(_)) => persons(m, f, r, 0),
            Input::Other(Err(why)) => failed(m, r, &Failure::new(why)),
            _ => Next::Wait(Frame::Root(r)),
        },
        RootStage::Persons(at) => match input {
            Input::Child(Signal::Answered(Answer::Yes | Answer::Done { .. }, by)) => {
                if let Some(Need::Person(text)) = m.plan.needs.get(at) {
                    let question = m.text(f, text);
                    m.tell(Notice::Chosen {
                        question,
                        label: "yes".into(),
                        by,
                    });
                }
                persons(m, f, r, at + 1)
            }
            Input::Child(Signal::Answered(..)) => {
                let text = match m.plan.needs.get(at) {
                    Some(Need::Person(text)) => m.text(f, text),
                    _ => String::new(),
                };
                failed(m, r, &Failure::declined(format!("not given: {text}")))
            }
            _ => Next::Wait(Frame::Root(r)),
        },
        RootStage::Params(at) => match input {
            Input::Child(_) => params(m, f, r, at + 1),
            _ => Next::Wait(Frame::Root(r)),
        },
        RootStage::Locks => match input {
            Input::Other(Ok(_)) => secrets(m, f, r),
            // Resumed after the lock was busy: it is asked for again.
            Input::Enter => locks(m, f, r),
            _ => Next::Wait(Frame::Root(r)),
        },
        RootStage::Secrets => match input {
            Input::Other(Ok(_)) => lacking(m, f, r),
            Input::Other(Err(why)) => failed(m, r, &Failure::new(why)),
            _ => Next::Wait(Frame::Root(r)),
        },
        RootStage::Lacking => match input {
            Input::Child(_) => {
                r.stage = RootStage::Body;
                match from::frames(m, f) {
                    Ok(frames) => Next::Descend(Frame::Root(r), frames),
                    Err(why) => failed(m, r, &Failure::new(why)),
                }
            }
            _ => Next::Wait(Frame::Root(r)),
        },
        RootStage::Body => match input {
            Input::Child(_) => {
                m.s.ending = Ending::RanOff;
                finished(m, f, r, Outcome::Resolved, String::new())
            }
            _ => Next::Wait(Frame::Root(r)),
        },
    }
}

fn needs(m: &mut Machine<'_>, f: FiberId, r: Root) -> Next {
    let plan = m.plan;
    let mut commands = Vec::new();
    let mut env = Vec::new();
    for need in &plan.needs {
        match need {
            Need::Command(name) => commands.push(name.clone()),
            Need::Env(name) => env.push(name.clone()),
            Need::Person(_) => {}
        }
    }
    let elsewhere = plan.settings.iter().any(|settings| settings.host.is_some());
    if elsewhere && !commands.iter().any(|name| name == "ssh") {
        commands.push("ssh".into());
    }
    if commands.is_empty() && env.is_empty() {
        return persons(m, f, r, 0);
    }
    m.wish_other(f, |id| Effect::CheckNeeds { id, commands, env });
    Next::Wait(Frame::Root(r))
}

fn persons(m: &mut Machine<'_>, f: FiberId, mut r: Root, from: usize) -> Next {
    let plan = m.plan;
    for (at, need) in plan.needs.iter().enumerate().skip(from) {
        if let Need::Person(text) = need
            && !m.probing()
        {
            r.stage = RootStage::Persons(at);
            let source = text.source.clone();
            let text = m.text(f, text);
            let prompt = Prompt {
                kind: PromptKind::Item { evidence: None },
                keys: vec![text.clone(), source],
                text,
                detail: Vec::new(),
                path: String::new(),
                deadline: None,
                otherwise: None,
            };
            return Next::Push(Frame::Root(r), prompts::plain(prompt));
        }
    }
    params(m, f, r, 0)
}

fn params(m: &mut Machine<'_>, f: FiberId, mut r: Root, from: usize) -> Next {
    let plan = m.plan;
    for (at, param) in plan.params.iter().enumerate().skip(from) {
        let declared = &plan.vars[param.var.index()];
        let given = m.s.started.params.get(&declared.name).cloned();
        let source = InputSource::Param(at);
        if given.is_some() {
            r.stage = RootStage::Params(at);
            return Next::Push(Frame::Root(r), input::given(source, given));
        }
        if let Some(default) = &param.default {
            match m.eval(f, default) {
                Ok(value) => {
                    if let runbook_plan::value::Value::Severity(name) = &value {
                        clocks::set_severity(m, name);
                    }
                    m.bind(f, param.var, value);
                    continue;
                }
                Err(why) => return failed(m, r, &Failure::new(why)),
            }
        }
        if matches!(declared.ty, Type::Optional(_)) {
            continue;
        }
        r.stage = RootStage::Params(at);
        return Next::Push(Frame::Root(r), input::new(source));
    }
    locks(m, f, r)
}

fn locks(m: &mut Machine<'_>, f: FiberId, mut r: Root) -> Next {
    if m.plan.locks.is_empty() || m.s.mode() != Mode::Real {
        return secrets(m, f, r);
    }
    r.stage = RootStage::Locks;
    let locks = resume::lock_names(m, f);
    m.wish_other(f, |id| Effect::TakeLocks { id, locks });
    Next::Wait(Frame::Root(r))
}

fn secrets(m: &mut Machine<'_>, f: FiberId, mut r: Root) -> Next {
    if m.plan.secrets.is_empty() || m.s.mode() == Mode::DryRun {
        return lacking(m, f, r);
    }
    r.stage = RootStage::Secrets;
    m.wish_other(f, |id| Effect::FetchSecrets { id });
    Next::Wait(Frame::Root(r))
}

/// What a start in the middle lacks; then the body.
fn lacking(m: &mut Machine<'_>, f: FiberId, mut r: Root) -> Next {
    m.s.phase = Phase::Running;
    let Some(root) = m.plan.root else {
        return finished(m, f, r, Outcome::Resolved, String::new());
    };
    if m.s.started.from.is_none() {
        r.stage = RootStage::Body;
        let body = scope::new(root, ScopeKind::Plain);
        begun(m, &r, &body);
        return Next::Push(Frame::Root(r), body);
    }
    r.stage = RootStage::Lacking;
    match from::lacks(m, f) {
        Ok(sources) => Next::Push(Frame::Root(r), Frame::Inputs(sources)),
        Err(why) => failed(m, r, &Failure::new(why)),
    }
}

/// The run's begin is a place to go back to, like a checkpoint.
fn begun(m: &mut Machine<'_>, r: &Root, body: &Frame) {
    m.s.next.mark += 1;
    let uid = m.next_uid();
    let frames = vec![
        Slot {
            uid: BOTTOM,
            frame: Frame::Root(r.clone()),
        },
        Slot {
            uid,
            frame: body.clone(),
        },
    ];
    let begin = Passed {
        node: NO_NODE,
        path: START.into(),
        at: m.s.now,
        undo: m.s.next.mark,
        call: String::new(),
        frames,
        steps: (m.s.progress.met, m.s.progress.expected),
    };
    m.s.checkpoints.push(begin);
}

fn failed(m: &mut Machine<'_>, r: Root, failure: &Failure) -> Next {
    m.s.ending = Ending::Failure;
    end(m, Outcome::Failed, failure.why.clone(), failure.why_ended);
    Next::Wait(Frame::Root(r))
}

fn finished(m: &mut Machine<'_>, f: FiberId, r: Root, outcome: Outcome, text: String) -> Next {
    if m.probing() && !m.s.probe_failures.is_empty() {
        let text = m.s.probe_failures.join("; ");
        end(m, Outcome::Failed, text, EndWhy::Failed);
        return Next::Wait(Frame::Root(r));
    }
    if !m.probing() {
        for follow_up in &m.plan.follow_ups {
            message::follow_up(m, f, follow_up);
        }
    }
    let why = match outcome {
        Outcome::Failed => EndWhy::Failed,
        _ => EndWhy::Finished,
    };
    end(m, outcome, text, why);
    Next::Wait(Frame::Root(r))
}

pub(crate) fn end(m: &mut Machine<'_>, outcome: Outcome, text: String, why: EndWhy) {
    m.s.phase = Phase::Ended {
        outcome,
        text: text.clone(),
        why,
    };
    m.s.timers.clear();
    m.s.clocks.clear();
    m.s.halt = None;
    let open: Vec<_> = m.s.prompts().map(|(id, _)| id).collect();
    for id in open {
        m.forget(id);
        m.wish(Effect::Withdraw { id });
    }
    m.out.push(Effect::End { outcome, text, why });
}

pub(crate) fn lock_busy(m: &mut Machine<'_>, id: crate::effect::EffectId, why: String) {
    if resume::not_renewed(m, id, &why) {
        return;
    }
    let Some(fiber) = m.s.pending.get(&id).and_then(|pending| pending.fiber) else {
        return;
    };
    m.forget(id);
    // When the run is resumed, the lock is asked for again.
    m.wake(fiber, Input::Enter);
    operator::park(m, why);
}
