//! A command whose end nobody saw, because the engine ended or the connection to its machine broke: wait for it, ask
//! that machine and the system, run it again, or ask.

use runbook_plan::command::Mark;
use runbook_plan::plan::{Judged, Looked};

use crate::effect::{Effect, EffectId, Notice, Role, Urgency};
use crate::event::{Found, Learned};
use crate::flow::{exec, judge, menu, prompts, starting};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Detail, DoubtChoice, Prompt, PromptKind};
use crate::state::{Cause, Fiber, FiberId, PendingKind, StopWhy, TimerKind, Unwind, Waiting};
use crate::verdict;

/// What was in flight when the engine ended.
pub(crate) fn found(m: &Machine<'_>, f: FiberId, e: &Exec, found: Found, said: String) -> Frame {
    new(m, f, e, Doubt::EngineEnded, found, said)
}

/// What acted and came to an end that nobody saw, under the eyes of the engine.
pub(crate) fn lost(m: &Machine<'_>, f: FiberId, e: &Exec, why: String, said: String) -> Frame {
    new(m, f, e, Doubt::Lost(why), Found::Gone, said)
}

fn new(m: &Machine<'_>, f: FiberId, e: &Exec, doubt: Doubt, found: Found, said: String) -> Frame {
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
            // Only a step has one, and no step around it is looked at.
            if policies.done_if.is_some() {
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
        doubt,
        on: match e.mark {
            Mark::Act => starting::where_it_runs(m, f, e.what),
            Mark::Look => None,
        },
        may_go_on: MayGoOn::No,
        want: e.want,
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
            _ => inquire(m, f, s),
        },
        (SettleStage::Inquiring, Input::Learned(learned)) => told_of(m, f, s, learned),
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
                s.said = one_below(&s.said, "it still runs: it was left running");
                in_doubt(m, f, s)
            }
            _ => match s.found.clone() {
                Found::Alive { processes } => orphan(m, f, s, processes),
                _ => inquire(m, f, s),
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
            if m.forget(s.prompt).is_some() {
                m.wish(Effect::Withdraw { id: s.prompt });
            }
            m.forget(s.effect);
            inquire(m, f, s)
        }
        (SettleStage::DoneIf, Input::Child(Signal::Ran(ran))) => match judge::answers(&ran) {
            judge::Answers::Yes => {
                let how = "its `done if` says that it is done".to_owned();
                m.renew_timeouts(f);
                m.stop(f, s.scope, Cause::StepDone(how));
                Next::Wait(Frame::Settle(s))
            }
            judge::Answers::No if s.may_go_on == MayGoOn::Yes => {
                s.said = one_below("done if: it is not done", &s.said);
                in_doubt(m, f, s)
            }
            judge::Answers::No => again(
                m,
                s,
                "its `done if` says that it is not done",
                "its `done if` says that it is not done: run again".into(),
            ),
            judge::Answers::Unknown(why) => {
                s.said = one_below(&format!("done if: {why}"), &s.said);
                in_doubt(m, f, s)
            }
        },
        (SettleStage::Asked, Input::Child(Signal::Answered(answer, by))) => {
            decided(m, f, s, answer, by)
        }
        (_, Input::Child(signal)) => Next::Done(signal),
        (_, _) => Next::Wait(Frame::Settle(s)),
    }
}

/// A timeout ran out, and what was stopped for it came to an end that nobody saw. That is a doubt and no attempt that
/// failed: it is settled where it stands, or asked about where others are being left with it.
pub(crate) fn not_by_time_alone(m: &mut Machine<'_>, f: FiberId, what: &PendingKind, why: &str) {
    let Some((_, shown)) = acting(what) else {
        return;
    };
    let fiber = m.fiber_mut(f);
    if let Some(Unwind {
        target: Some(depth),
        cause: Cause::TimedOut(ms),
    }) = fiber.unwind
    {
        fiber.unwind = None;
        let deadline = m.s.deadline(ms);
        let key = m.arm_free(Some(f), depth, deadline, TimerKind::Timeout(ms));
        m.own_timer(f, depth, key);
        return;
    }
    for around in m.fiber(f).lineage.clone() {
        let fiber = m.s.fibers.get_mut(&around);
        for unwind in fiber.into_iter().flat_map(Fiber::unwinds) {
            if let Cause::TimedOut(ms) = unwind.cause {
                unwind.cause = Cause::Lost(format!(
                    "timed out after {}, and nobody can say how `{shown}` ended: {why}",
                    verdict::after(ms)
                ));
            }
        }
    }
}

/// Of a command that was being stopped nobody saw the end: asked about, or told where the run leaves it.
pub(crate) fn not_seen_to_stop(m: &mut Machine<'_>, f: FiberId, what: &PendingKind, stop: StopWhy) {
    not_by_time_alone(m, f, what, "the engine ended while it was being stopped");
    let Some((path, command)) = acting(what) else {
        return;
    };
    let how = match (m.fiber(f).unwind.is_some(), stop) {
        (true, _) => "it was being stopped, and nobody can say how far it came",
        (false, StopWhy::TimedOut) => "it was stopped for its time, and nobody saw its end",
        (false, _) => return,
    };
    m.tell(Notice::Settled {
        path: path.clone(),
        command: command.clone(),
        how: how.into(),
    });
}

/// Where something stands that acts, and what it is to people.
fn acting(what: &PendingKind) -> Option<(&String, &String)> {
    match what {
        PendingKind::Run(run) if run.mark == Mark::Act => Some((&run.path, &run.shown)),
        PendingKind::Request(request) if request.mark == Mark::Act => {
            Some((&request.path, &request.shown))
        }
        _ => None,
    }
}

/// Two texts, of which either may be missing.
fn one_below(above: &str, below: &str) -> String {
    format!("{above}\n{below}").trim().to_owned()
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

/// It has its time anew: nobody held it to the one it had.
fn wait_for_it(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>) -> Next {
    m.renew_timeouts(f);
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
    if s.repeatable && s.may_go_on == MayGoOn::No {
        let why = match s.mark {
            Mark::Look => "it only looks",
            Mark::Act => "its step says `repeatable`",
        };
        let of = format!("it was under way when the engine ended; {why}, so it is run again");
        return again(m, s, "it may be run again", of);
    }
    in_doubt(m, f, s)
}

/// What may be run again. After a crash it is: the engine ends once. Under the eyes of the engine its loss is a
/// failure like another, which `retry` bounds; a command that breaks its own connection would else be run for ever.
fn again(m: &mut Machine<'_>, s: Box<Settle>, since: &str, crash: String) -> Next {
    match &s.doubt {
        Doubt::EngineEnded => {
            told(m, &s, crash);
            Next::Done(Signal::Choice(Choice::Retry))
        }
        Doubt::Lost(why) => {
            let mut failure = Failure::new(format!(
                "`{}`: nobody can say how it ended: {why}; {since}",
                s.shown
            ));
            failure.said.clone_from(&s.said);
            Next::Done(Signal::Choice(Choice::Fail(Box::new(failure))))
        }
    }
}

/// Asks the machine that it ran on, where that was another one.
fn inquire(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>) -> Next {
    let Some(on) = s.on.clone() else {
        return gone(m, f, s);
    };
    told(m, &s, format!("asking `{}` what became of it", on.name));
    let about = s.effect;
    s.stage = SettleStage::Inquiring;
    m.wish_other(f, |id| Effect::Inquire { id, about, on });
    Next::Wait(Frame::Settle(s))
}

/// An answer to an inquiry.
pub(crate) fn learned(m: &mut Machine<'_>, id: EffectId, learned: &Learned) {
    let fiber = m.s.pending.get(&id).and_then(|pending| pending.fiber);
    if let Some(f) = fiber {
        m.forget(id);
        m.wake(f, Input::Learned(learned.clone()));
    }
}

fn told_of(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>, learned: Learned) -> Next {
    let host = s.on.as_ref().map_or("", |on| on.name.as_str()).to_owned();
    let known = match learned {
        Learned::Ended { code } if s.want == Want::Verdict(Judged::ByExit) => {
            let how = format!("it had ended on `{host}`, with code {code}");
            told(m, &s, how.clone());
            return Next::Done(Signal::Choice(match code {
                0 => Choice::Done(how),
                _ => {
                    let mut failure =
                        Failure::new(format!("`{}`: it exited with code {code}", s.shown));
                    failure.said.clone_from(&s.said);
                    Choice::Fail(Box::new(failure))
                }
            }));
        }
        Learned::Ended { code } => {
            // What is to be judged is what it said, and that is gone.
            s.repeatable = false;
            format!("on `{host}` it ended with code {code}; not all that it said came through")
        }
        Learned::Cut => {
            format!("on `{host}` it was ended half-way, since nobody was there any more")
        }
        Learned::Gone => format!("on `{host}` nothing of it goes on, and nobody there saw its end"),
        Learned::Unknown { why } => {
            s.may_go_on = MayGoOn::Yes;
            format!("`{host}` cannot say what became of it: {why}")
        }
    };
    told(m, &s, known.clone());
    s.said = one_below(&s.said, &known);
    gone(m, f, s)
}

fn in_doubt(m: &mut Machine<'_>, f: FiberId, mut s: Box<Settle>) -> Next {
    let mut choices = vec![DoubtChoice::Done, DoubtChoice::RunAgain];
    let checkpoints = menu::reachable(m);
    if can_go_back(m, f) && !checkpoints.is_empty() {
        choices.push(DoubtChoice::Undo { checkpoints });
    }
    choices.extend([DoubtChoice::Pause, DoubtChoice::Fail]);
    let shown = exec::in_a_sentence(&s.shown);
    let text = match (&s.doubt, &s.on) {
        (Doubt::EngineEnded, None) => {
            format!("`{shown}` was under way when the engine ended; was it done?")
        }
        (Doubt::EngineEnded, Some(on)) => format!(
            "`{shown}` was under way on `{}` when the engine ended; was it done?",
            on.name
        ),
        (Doubt::Lost(_), None) => format!("nobody can say how `{shown}` ended; was it done?"),
        (Doubt::Lost(_), Some(on)) => {
            format!(
                "nobody can say how `{shown}` ended on `{}`; was it done?",
                on.name
            )
        }
    };
    let mut detail = Vec::new();
    if let Doubt::Lost(why) = &s.doubt {
        detail.push(Detail::Prose(why.clone()));
    }
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
    let (done, run_again) = match &s.doubt {
        Doubt::EngineEnded => (
            "done before the engine ended",
            "run again after the engine had ended",
        ),
        Doubt::Lost(_) => (
            "done, though nobody saw its end",
            "run again, though nobody saw its end",
        ),
    };
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
            deviation(done, reason.clone());
            Next::Done(Signal::Choice(Choice::Done(reason)))
        }
        Answer::Yes => {
            deviation(done, String::new());
            Next::Done(Signal::Choice(Choice::Done(String::new())))
        }
        Answer::RunAgain { reason } => {
            deviation(run_again, reason);
            Next::Done(Signal::Choice(Choice::Retry))
        }
        Answer::Retry => {
            deviation(run_again, String::new());
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
    fiber.parent.is_none() && !fiber.is_shielded()
}
