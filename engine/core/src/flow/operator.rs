//! Ctrl-C, parking, and what a run does that nobody answers.

use crate::effect::{Effect, EffectId, Notice, Urgency};
use crate::frame::{Frame, Input, Stage};
use crate::machine::Machine;
use crate::prompt::{Answer, Prompt};
use crate::state::*;

/// First: after this step, ask. Second: stop the step, or park where it asks. From the third on: kill it.
pub(crate) fn interrupted(m: &mut Machine<'_>, times: u32) {
    if !matches!(
        m.s.phase,
        Phase::Preparing | Phase::Running | Phase::Undoing
    ) {
        return;
    }
    if !m.s.busy.is_empty() {
        m.tell(Notice::Interrupted { times });
    }
    if let Some(Halt::Asked(_)) = m.s.halt {
        // The question itself was interrupted, and waits for no answer any more.
        park_when_quiet(
            m,
            "interrupted again, where it asked whether to go on".into(),
        );
        return;
    }
    if times <= 1 || m.s.busy.is_empty() {
        if m.s.halt.is_none() {
            m.s.halt = Some(Halt::AfterStep);
        }
        return;
    }
    if m.s.halt == Some(Halt::AfterStep) {
        // Stopping it asks already what is to be done: the menu of the failed step.
        m.s.halt = None;
    }
    let urgency = if times == 2 {
        Urgency::Grace
    } else {
        Urgency::Kill
    };
    let busy: Vec<EffectId> = m.s.busy.iter().copied().collect();
    for id in busy {
        if let Some(f) = m.s.pending.get(&id).and_then(|pending| pending.fiber) {
            let chain = up_to_its_step(m, f);
            if !m.s.stopped.contains(&chain) {
                m.s.stopped.push(chain);
            }
        }
        m.stop_effect(id, StopWhy::Operator, urgency);
    }
}

/// Begins nothing new, and parks as soon as nothing runs.
pub(crate) fn park_when_quiet(m: &mut Machine<'_>, why: String) {
    if matches!(m.s.phase, Phase::Ended { .. } | Phase::Parked { .. }) {
        return;
    }
    if let Some(Halt::Asked(id)) = m.s.halt {
        m.forget(id);
        m.wish(Effect::Withdraw { id });
    }
    m.s.halt = Some(Halt::Park(why));
}

pub(crate) fn park(m: &mut Machine<'_>, why: String) {
    let until = next_wake(m).map(|timer| timer.deadline.clone());
    m.s.phase = Phase::Parked { why: why.clone() };
    m.s.halt = None;
    m.out.push(Effect::Park { why, until });
}

/// After each event: whether the run now stops to ask, or to park.
pub(crate) fn settle_halt(m: &mut Machine<'_>) {
    if !matches!(
        m.s.phase,
        Phase::Preparing | Phase::Running | Phase::Undoing
    ) {
        return;
    }
    if !m.s.stopped.is_empty() {
        forget_decided(m);
        if m.s.stopped.is_empty() {
            release(m);
            m.run();
        }
    }
    match m.s.halt.clone() {
        Some(Halt::AfterStep) if m.s.busy.is_empty() => {
            let id = m.ask(None, Prompt::interrupted());
            m.s.halt = Some(Halt::Asked(id));
        }
        Some(Halt::Park(why)) if m.s.busy.is_empty() => park(m, why),
        _ => park_if_alone(m),
    }
}

/// What a second Ctrl-C stopped holds up what has not begun, until somebody has said what is to become of it: its
/// menu is answered, or it is being left.
fn forget_decided(m: &mut Machine<'_>) {
    let stopped = std::mem::take(&mut m.s.stopped);
    let mut pending = m.s.pending.values();
    // What nothing can come to is decided, whatever it looks like.
    if pending.any(|pending| pending.fiber.is_some()) || next_wake(m).is_some() {
        let open = stopped.into_iter().filter(|chain| is_open(m, chain));
        m.s.stopped = open.collect();
    }
}

/// The first moment that brings something by itself.
fn next_wake<'m>(m: &'m Machine<'_>) -> Option<&'m Timer> {
    let mut timers = m.s.timers.values();
    timers.find(|timer| matches!(timer.kind, TimerKind::Wake | TimerKind::Prompt))
}

/// Whether a stopped command is still ending, in doubt, at its menu or at what its step does about a failure.
fn is_open(m: &Machine<'_>, chain: &[FiberId]) -> bool {
    let mut pending = m.s.pending.values();
    let ends = |pending: &Pending| {
        pending.stop.is_some() && pending.fiber.is_some_and(|fiber| chain.contains(&fiber))
    };
    if pending.any(ends) {
        return true;
    }
    let fibers = chain.iter().rev().filter_map(|id| m.s.fibers.get(id));
    for slot in fibers.flat_map(|fiber| fiber.frames.iter().rev()) {
        match &slot.frame {
            Frame::Menu(_) | Frame::Settle(_) => return true,
            Frame::Scope(scope) if matches!(scope.stage, Stage::OnFailure | Stage::Menu) => {
                return true;
            }
            Frame::Scope(scope) if scope.kind.is_one_deed() => return false,
            _ => {}
        }
    }
    false
}

/// The fiber of a command with those around it, up to its step.
fn up_to_its_step(m: &Machine<'_>, f: FiberId) -> Vec<FiberId> {
    let lineage = &m.fiber(f).lineage;
    let has_step = |id: &FiberId| {
        m.s.fibers.get(id).is_some_and(|fiber| {
            let mut frames = fiber.frames.iter().map(|slot| &slot.frame);
            frames.any(|frame| matches!(frame, Frame::Scope(scope) if scope.kind.is_one_deed()))
        })
    };
    match lineage.iter().rposition(has_step) {
        Some(at) => lineage[at..].to_vec(),
        None => vec![f],
    }
}

/// Nobody answers, nothing runs, and no time will bring anything: the run waits for a person.
fn park_if_alone(m: &mut Machine<'_>) {
    if m.s.unanswerable.is_empty() || !m.s.busy.is_empty() || !m.s.renewing.is_empty() {
        return;
    }
    let comes = m.s.timers.values().any(|timer| {
        matches!(
            (&timer.kind, timer.fiber),
            (TimerKind::Wake | TimerKind::Prompt, _) | (TimerKind::Escalation { .. }, Some(_))
        )
    });
    if comes {
        return;
    }
    let open = m.s.prompts().any(|(id, _)| !m.s.unanswerable.contains(&id));
    if open {
        return;
    }
    let Some(text) = m.s.prompts().next().map(|(_, prompt)| prompt.text.clone()) else {
        return;
    };
    park(m, format!("a question waits for its answer: {text}"));
}

pub(crate) fn interrupt_answered(m: &mut Machine<'_>, id: EffectId, answer: &Answer, by: &str) {
    m.forget(id);
    match answer {
        Answer::Fail { reason } | Answer::Failed { reason } => {
            m.tell(Notice::Deviation {
                path: String::new(),
                what: "ended".into(),
                reason: reason.clone(),
                by: by.into(),
            });
            m.s.halt = None;
            if let Some(main) = m.s.fibers.keys().next().copied() {
                m.stop(main, Some(0), Cause::Ended(reason.clone()));
            }
        }
        _ => m.s.halt = None,
    }
    release(m);
}

/// Lets what was held go on.
pub(crate) fn release(m: &mut Machine<'_>) {
    let held: Vec<FiberId> =
        m.s.fibers
            .iter()
            .filter(|(_, fiber)| fiber.waiting == Waiting::Held)
            .map(|(id, _)| *id)
            .collect();
    for f in held {
        m.wake(f, Input::Enter);
    }
}
