//! What passes: attempts' timeouts, clocks that are only recorded, prompts that answer themselves.

use runbook_plan::ids::NodeId;

use crate::clock::Deadline;
use crate::effect::{Manner, Notice, Urgency};
use crate::flow::attempt;
use crate::frame::{Frame, Input, SettleStage};
use crate::machine::Machine;
use crate::prompt::PromptKind;
use crate::state::*;
use crate::verdict;

/// A timer is due.
pub(crate) fn passed(m: &mut Machine<'_>, key: (i64, u64), timer: Timer) {
    let late_ms = u64::try_from(m.s.now.boot - key.0).unwrap_or(0);
    let waits = |f: FiberId| match timer.kind {
        TimerKind::Timeout(_) => m.waits_for_a_word(f),
        TimerKind::Command(_) => m.asks_about_an_orphan(f),
        _ => false,
    };
    if let Some(f) = timer.fiber.filter(|f| waits(*f)) {
        let (held, depth) = ((HELD, key.1), timer.depth);
        m.s.timers.insert(held, timer);
        m.own_timer(f, depth, held);
        return;
    }
    match (timer.kind, timer.fiber) {
        (TimerKind::Wake, Some(f)) => m.wake(f, Input::Time),
        (TimerKind::Timeout(ms), Some(f)) => m.stop(f, Some(timer.depth), Cause::TimedOut(ms)),
        (TimerKind::Within { what, ms, stops }, Some(f)) => {
            m.tell(Notice::DeadlinePassed {
                what: format!("{what}, within {}", verdict::after(ms)),
                late_ms,
            });
            // Up its path as long as the block is not left: one that is stopped is left at once.
            if let Some(to) = m.on_duty() {
                let text = format!("{what} is past its {}", verdict::after(ms));
                escalate_at(m, f, timer.depth, to, text);
            }
            if stops == Stops::Yes {
                attempt::out_of_time(m, f, timer.depth, ms);
            }
        }
        (TimerKind::Command(id), _) => {
            let live = match m.s.pending.get(&id).map(|pending| &pending.kind) {
                Some(PendingKind::Run(run)) => matches!(run.manner, Manner::Live { .. }),
                _ => return,
            };
            let why = if live {
                StopWhy::Enough
            } else {
                StopWhy::TimedOut
            };
            m.stop_effect(id, why, Urgency::Grace);
        }
        (TimerKind::Prompt, Some(f)) => m.wake(f, Input::Time),
        (TimerKind::Severity(name), _) => {
            m.s.clocks.retain(|clock| clock.key != key);
            let ms = within(m, &name);
            m.tell(Notice::DeadlinePassed {
                what: format!("severity {name}, within {}", verdict::after(ms)),
                late_ms,
            });
            escalate_passed(m, &format!("severity {name}"), ms);
        }
        (TimerKind::Objective, _) => {
            m.s.clocks.retain(|clock| clock.key != key);
            let ms = m
                .plan
                .objective
                .as_ref()
                .map_or(0, |objective| objective.within);
            m.tell(Notice::DeadlinePassed {
                what: format!("objective, within {}", verdict::after(ms)),
                late_ms,
            });
            escalate_passed(m, "objective", ms);
        }
        (TimerKind::Escalation { to, text }, fiber) => {
            // The path goes on from the frame it belongs to, and ends with it.
            match fiber {
                Some(f) => escalate_at(m, f, timer.depth, to, text),
                None => {
                    m.escalate(None, to, text);
                }
            }
        }
        (_, None) => {}
    }
}

fn escalate_at(
    m: &mut Machine<'_>,
    f: FiberId,
    depth: usize,
    to: runbook_plan::ids::ContactId,
    text: String,
) {
    let Some(contact) = m.plan.contacts.get(to.index()) else {
        return;
    };
    m.tell(Notice::Escalated {
        to,
        contact: contact.title.clone(),
        text: text.clone(),
    });
    if let Some((after, next)) = contact.escalate {
        let deadline = m.s.deadline(after);
        let key = m.arm_free(
            Some(f),
            depth,
            deadline,
            TimerKind::Escalation { to: next, text },
        );
        m.own_timer(f, depth, key);
    }
}

fn escalate_passed(m: &mut Machine<'_>, what: &str, ms: u64) {
    if let Some(to) = m.on_duty() {
        let text = format!("{what} is past its {}", verdict::after(ms));
        m.escalate(None, to, text);
    }
}

fn within(m: &Machine<'_>, severity: &str) -> u64 {
    m.plan
        .severities
        .iter()
        .find(|level| level.name == severity)
        .and_then(|level| level.within)
        .unwrap_or(0)
}

/// Sets the run's severity and starts its clock.
pub(crate) fn set_severity(m: &mut Machine<'_>, name: &str) {
    let Some(level) = m.plan.severities.iter().find(|level| level.name == name) else {
        return;
    };
    if m.s.severity.as_deref() == Some(name) {
        return;
    }
    m.s.severity = Some(name.to_owned());
    m.tell(Notice::SeveritySet {
        severity: name.into(),
        title: level.title.clone(),
    });
    let old: Vec<_> =
        m.s.clocks
            .iter()
            .filter(|clock| clock.severity)
            .map(|clock| clock.key)
            .collect();
    for key in old {
        m.s.timers.remove(&key);
    }
    m.s.clocks.retain(|clock| !clock.severity);
    if let Some(ms) = level.within {
        let deadline = m.s.deadline(ms);
        let key = m.arm_free(None, 0, deadline, TimerKind::Severity(name.into()));
        m.s.clocks.push(RunClock {
            key,
            severity: true,
        });
    }
}

pub(crate) fn start_objective(m: &mut Machine<'_>) {
    if let Some(objective) = &m.plan.objective {
        let deadline = m.s.deadline_from(m.s.started_at, objective.within);
        let key = m.arm_free(None, 0, deadline, TimerKind::Objective);
        m.s.clocks.push(RunClock {
            key,
            severity: false,
        });
    }
}

/// The clocks of the run stop at the checkpoint that its objective names.
pub(crate) fn checkpoint_passed(m: &mut Machine<'_>, node: NodeId) {
    let until = m
        .plan
        .objective
        .as_ref()
        .and_then(|objective| objective.until);
    if until == Some(node) {
        for clock in std::mem::take(&mut m.s.clocks) {
            m.s.timers.remove(&clock.key);
        }
    }
}

impl Machine<'_> {
    /// Whether somebody is being asked here, or it is being found out what became of a command: then time is
    /// not what ends an attempt. A timeout that passed over an open doubt would try the step again unasked.
    fn waits_for_a_word(&self, f: FiberId) -> bool {
        let asked = self.s.pending.values().any(|pending| {
            let within = pending.fiber.is_none_or(|of| {
                let fiber = self.s.fibers.get(&of);
                fiber.is_some_and(|fiber| fiber.lineage.contains(&f))
            });
            within && matches!(pending.kind, PendingKind::Ask(_))
        });
        asked
            || self.s.fibers.values().any(|fiber| {
                fiber.lineage.contains(&f)
                    && fiber.frames.iter().any(|slot| {
                        matches!(&slot.frame, Frame::Settle(settle)
                            if matches!(settle.stage, SettleStage::Inquiring | SettleStage::DoneIf | SettleStage::Asked))
                    })
            })
    }

    /// Whether a person is asked what is to become of its command, which outlived its engine.
    fn asks_about_an_orphan(&self, f: FiberId) -> bool {
        self.s.pending.values().any(|pending| {
            pending.fiber == Some(f)
                && matches!(&pending.kind, PendingKind::Ask(prompt) if matches!(prompt.kind, PromptKind::Orphan { .. }))
        })
    }

    /// A person's thinking time is not taken from a step's `timeout`. Without a fiber: from none.
    pub(crate) fn lend_time(&mut self, f: Option<FiberId>, ms: i64) {
        for (id, key) in self.timeouts_around(f) {
            if let Some(timer) = self.s.timers.get(&key) {
                let longer = later(&timer.deadline, ms);
                self.move_timer(id, key, longer);
            }
        }
    }

    /// What was in doubt is settled, or never began: what comes now is another attempt, and has its own time.
    pub(crate) fn renew_timeouts(&mut self, f: FiberId) {
        for (id, key) in self.timeouts_around(Some(f)) {
            if let Some(TimerKind::Timeout(ms)) = self.s.timers.get(&key).map(|timer| &timer.kind) {
                let deadline = self.s.deadline(*ms);
                self.move_timer(id, key, deadline);
            }
        }
        let own = self.fiber(f).timers.clone();
        for (_, key) in own {
            if let Some(timer) = self.s.timers.get_mut(&key)
                && matches!(timer.kind, TimerKind::Command(_))
            {
                let lasts = timer.deadline.at.wall.saturating_sub(timer.started.wall);
                timer.started = self.s.now;
                let deadline = self.s.deadline(u64::try_from(lasts).unwrap_or(0));
                self.move_timer(f, key, deadline);
            }
        }
    }

    /// The engine was stopped for so long, and could not hold anything to its time: what bounds an attempt or a
    /// command gets that time. What a person was promised by, waits and `within`, does not.
    pub(crate) fn was_suspended(&mut self, ms: i64) {
        let bounds =
            |timer: &Timer| matches!(timer.kind, TimerKind::Timeout(_) | TimerKind::Command(_));
        let all: Vec<FiberId> = self.s.fibers.keys().copied().collect();
        for id in all {
            for (_, key) in self.fiber(id).timers.clone() {
                if let Some(timer) = self.s.timers.get(&key).filter(|timer| bounds(timer)) {
                    let longer = later(&timer.deadline, ms);
                    self.move_timer(id, key, longer);
                }
            }
        }
    }

    fn timeouts_around(&self, f: Option<FiberId>) -> Vec<(FiberId, (i64, u64))> {
        let around: Vec<FiberId> = match f {
            Some(f) => self.fiber(f).lineage.clone(),
            None => self.s.fibers.keys().copied().collect(),
        };
        let mut found = Vec::new();
        for id in around {
            let Some(fiber) = self.s.fibers.get(&id) else {
                continue;
            };
            for (_, key) in &fiber.timers {
                let timer = self.s.timers.get(key);
                if timer.is_some_and(|timer| matches!(timer.kind, TimerKind::Timeout(_))) {
                    found.push((id, *key));
                }
            }
        }
        found
    }

    fn move_timer(&mut self, f: FiberId, key: (i64, u64), deadline: Deadline) {
        let Some(mut timer) = self.s.timers.remove(&key) else {
            return;
        };
        let moved = (self.s.due_boot(&deadline), key.1);
        timer.deadline = deadline;
        self.s.timers.insert(moved, timer);
        if let Some(fiber) = self.s.fibers.get_mut(&f) {
            for (_, other) in &mut fiber.timers {
                if *other == key {
                    *other = moved;
                }
            }
        }
    }
}

fn later(deadline: &Deadline, ms: i64) -> Deadline {
    let mut later = deadline.clone();
    later.at.boot = later.at.boot.saturating_add(ms.max(0));
    later.at.wall = later.at.wall.saturating_add(ms.max(0));
    later
}
