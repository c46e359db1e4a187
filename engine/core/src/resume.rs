//! A run that goes on: clocks on another boot, wishes renewed, and what was in flight found out.

use crate::effect::{Effect, EffectId, Manner, Notice, Urgency};
use crate::event::{Event, Fact, Found};
use crate::flow::{operator, undo};
use crate::frame::{Input, RanEnd};
use crate::machine::Machine;
use crate::state::*;
use crate::verdict;

/// A wall clock that goes on this much differently from the boot clock was set.
const JUMP_MS: i64 = 5_000;

/// Takes over the moment of a fact.
pub(crate) fn take_time(m: &mut Machine<'_>, fact: &Fact) {
    match &fact.event {
        Event::Started(_) => {}
        Event::Resumed { boot_id, .. } => {
            rebase(m, fact.at, boot_id);
            return;
        }
        _ => {
            let boot = fact.at.boot - m.s.now.boot;
            let wall = fact.at.wall - m.s.now.wall;
            let jump = wall - boot;
            if jump.abs() > JUMP_MS.max(boot.abs() / 100) {
                m.tell(Notice::ClockJumped { by_ms: jump });
            }
        }
    }
    m.s.now = fact.at;
}

/// After a reboot only wall time is left: every limit keeps its moment of the day. A clock that stands before what
/// the journal saw last is wrong, and says nothing: then what was left of each limit is left still.
fn rebase(m: &mut Machine<'_>, now: crate::event::Moment, boot_id: &str) {
    let same = m.s.boot_id == boot_id;
    let before = std::mem::replace(&mut m.s.now, now);
    if same {
        return;
    }
    let back = now.wall < before.wall;
    if back {
        let by_ms = now.wall.saturating_sub(before.wall);
        m.tell(Notice::ClockJumped { by_ms });
    }
    m.s.boot_id = boot_id.to_owned();
    for pending in m.s.pending.values_mut() {
        let ago = now.wall.saturating_sub(pending.since.wall).max(0);
        pending.since.boot = now.boot.saturating_sub(ago);
    }
    let timers = std::mem::take(&mut m.s.timers);
    for (key, mut timer) in timers {
        let boot = match (key.0, back) {
            (HELD, _) => HELD,
            (due, true) => now.boot.saturating_add(due.saturating_sub(before.boot)),
            (_, false) => m.s.due_boot(&timer.deadline),
        };
        if boot == HELD {
            m.s.timers.insert(key, timer);
            continue;
        }
        timer.deadline.at.boot = boot;
        timer.deadline.boot_id = boot_id.to_owned();
        let moved = (boot, key.1);
        m.s.timers.insert(moved, timer);
        for clock in &mut m.s.clocks {
            if clock.key == key {
                clock.key = moved;
            }
        }
        for fiber in m.s.fibers.values_mut() {
            for (_, other) in &mut fiber.timers {
                if *other == key {
                    *other = moved;
                }
            }
        }
    }
}

pub(crate) fn resumed(m: &mut Machine<'_>, operator: &str) {
    m.s.operator = operator.to_owned();
    m.s.boots += 1;
    m.s.held.clear();
    m.s.renewing.clear();
    m.s.unanswerable.clear();
    if let Some(Halt::Asked(id)) = m.s.halt {
        m.forget(id);
    }
    m.s.halt = None;
    let over = matches!(m.s.phase, Phase::Ended { .. });
    if matches!(m.s.phase, Phase::Parked { .. }) {
        m.s.phase = if m.s.preparing() {
            Phase::Preparing
        } else {
            Phase::Running
        };
    }
    if !over {
        m.tell(Notice::Resumed {
            by: operator.to_owned(),
        });
    }
    renew(m);
    let pending: Vec<EffectId> = m.s.pending.keys().copied().collect();
    for id in pending {
        let Some(pending) = m.s.pending.get(&id) else {
            continue;
        };
        match &pending.kind {
            PendingKind::Ask(prompt) => {
                let prompt = prompt.as_ref().clone();
                m.wish(Effect::Ask { id, prompt });
            }
            PendingKind::Other(effect) => {
                let effect = effect.as_ref().clone();
                // Locks and secrets that were on their way are asked for at once, whatever else waits.
                m.out.push(effect);
            }
            PendingKind::Run(_) | PendingKind::Request(_) if pending.in_doubt => {
                settle(m, id);
            }
            PendingKind::Run(_) | PendingKind::Request(_) => {}
        }
    }
    operator::release(m);
}

/// Locks died with the last engine, and it took its secrets with it.
fn renew(m: &mut Machine<'_>) {
    // While it prepares, they are wished for in their turn.
    if m.s.preparing() {
        return;
    }
    let Some(main) = m.s.fibers.keys().next().copied() else {
        return;
    };
    if !m.plan.locks.is_empty() && m.s.mode() == crate::event::Mode::Real {
        let locks = lock_names(m, main);
        let id = m.next_effect();
        m.s.renewing.insert(id);
        m.out.push(Effect::TakeLocks { id, locks });
    }
    if !m.plan.secrets.is_empty() && m.s.mode() != crate::event::Mode::DryRun {
        let id = m.next_effect();
        m.s.renewing.insert(id);
        m.out.push(Effect::FetchSecrets { id });
    }
}

pub(crate) fn lock_names(m: &Machine<'_>, f: FiberId) -> Vec<String> {
    m.plan.locks.iter().map(|lock| m.text(f, lock)).collect()
}

/// Whether a lock or the secrets are there again; when all are, what waited for them goes out.
pub(crate) fn renewed(m: &mut Machine<'_>, id: EffectId) -> bool {
    if !m.s.renewing.remove(&id) {
        return false;
    }
    if m.s.renewing.is_empty() {
        let held = std::mem::take(&mut m.s.held);
        m.out.extend(held);
    }
    true
}

/// A lock or a secret could not be had again: the run stays as it is.
pub(crate) fn not_renewed(m: &mut Machine<'_>, id: EffectId, why: &str) -> bool {
    if !m.s.renewing.contains(&id) {
        return false;
    }
    if matches!(m.s.phase, Phase::Ended { .. }) {
        m.tell(Notice::Warning { text: why.into() });
    } else {
        operator::park(m, why.to_owned());
    }
    true
}

/// What became of a command or request in flight.
pub(crate) fn found(m: &mut Machine<'_>, id: EffectId, found: &Found, printed: &str) {
    let Some(pending) = m.s.pending.get_mut(&id) else {
        return;
    };
    if !printed.is_empty() {
        pending.said = verdict::last_lines(printed);
    }
    let background = matches!(
        &pending.kind,
        PendingKind::Run(run) if run.manner == Manner::Background
    );
    match found {
        Found::NeverStarted => {
            if pending.fiber.is_none() {
                m.forget(id);
                return;
            }
            if let (Some(f), Some(stop)) = (pending.fiber, pending.stop) {
                // It was being stopped, and never ran.
                let end = match stop {
                    StopWhy::TimedOut => RanEnd::TimedOut,
                    _ => RanEnd::Stopped,
                };
                if stop != StopWhy::Park {
                    m.forget(id);
                    m.wake(f, Input::Ran(Box::new(verdict::end(end))));
                    return;
                }
            }
            let Some(pending) = m.s.pending.get(&id) else {
                return;
            };
            let effect = undo::again(pending);
            if let Some(f) = pending.fiber {
                m.renew_timeouts(f);
            }
            if let Some(pending) = m.s.pending.get_mut(&id) {
                pending.identity = None;
                pending.stop = None;
                pending.in_doubt = false;
            }
            m.s.busy.insert(id);
            if let Some(effect) = effect {
                m.wish(effect);
            }
        }
        // It was being stopped, and that is to come to its end before anything else does.
        Found::Alive { .. } if pending.stop.is_some_and(|stop| stop != StopWhy::Park) => {
            if pending.fiber.is_some() {
                m.s.busy.insert(id);
            }
            m.wish(Effect::Stop {
                id,
                urgency: Urgency::Grace,
            });
        }
        Found::Alive { .. } if background => {
            let waits = pending.fiber.is_some();
            if waits {
                // Its start was not reported; it plainly did start.
                crate::flow::exec::left_running(m, id);
            }
        }
        Found::Alive { processes } => {
            let processes = processes.clone();
            let fiber = pending.fiber;
            let said = pending.said.clone();
            // A stop that was to park the run died with the engine, and the run goes on.
            pending.stop = None;
            if let Some(f) = fiber {
                m.wake(f, Input::Found(Found::Alive { processes }, said));
            }
        }
        Found::Gone => match &pending.kind {
            PendingKind::Run(run) if background && pending.fiber.is_none() => {
                let text = format!("`{}` was left running and is gone", run.shown);
                m.forget(id);
                m.tell(Notice::Warning { text });
            }
            _ => settle(m, id),
        },
    }
}

/// Nothing of it lives, and nobody saw its end.
fn settle(m: &mut Machine<'_>, id: EffectId) {
    let Some(pending) = m.forget(id) else { return };
    let Some(f) = pending.fiber else { return };
    if let Some(stop) = pending.stop.filter(|stop| *stop != StopWhy::Park) {
        crate::flow::settle::not_seen_to_stop(m, f, &pending.kind, stop);
    }
    m.wake(f, Input::Found(Found::Gone, pending.said));
}

impl State {
    /// Whether the run has not come to its first statement yet.
    pub(crate) fn preparing(&self) -> bool {
        use crate::frame::{Frame, RootStage};
        let Some((_, main)) = self.fibers.first_key_value() else {
            return true;
        };
        match main.frames.first().map(|slot| &slot.frame) {
            Some(Frame::Root(root)) => !matches!(root.stage, RootStage::Body | RootStage::Lacking),
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "resume_tests.rs"]
mod tests;
