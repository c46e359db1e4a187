//! `wait`, `wait up to`, `watch`, and the `until` of a background command.

use runbook_plan::expr::Clause;
use runbook_plan::ids::{BlockId, NodeId};
use runbook_plan::plan::NodeKind;

use crate::clock::Deadline;
use crate::effect::{EffectId, Notice};
use crate::flow::scope;
use crate::flow::seq::Begun;
use crate::frame::*;
use crate::machine::Machine;
use crate::state::FiberId;
use crate::verdict;

/// How often a `wait up to` looks that does not say it.
const EVERY_MS: u64 = 5_000;
/// How often a background command is looked at until it is up.
const UP_EVERY_MS: u64 = 1_000;

pub(crate) fn begin_wait(m: &mut Machine<'_>, f: FiberId, clause: &Clause) -> Begun {
    if m.probing() {
        return Begun::Done;
    }
    match m.ms(f, clause) {
        Ok(ms) => {
            let until = m.s.deadline(ms);
            Begun::Into(sleep_until(m, verdict::after(ms), until))
        }
        Err(why) => Begun::Signal(fail(why)),
    }
}

pub(crate) fn sleep_until(m: &Machine<'_>, what: String, until: Deadline) -> Frame {
    Frame::Sleep(Box::new(Sleep {
        what,
        until,
        began: m.s.now,
    }))
}

pub(crate) fn sleep(m: &mut Machine<'_>, f: FiberId, s: Box<Sleep>, input: Input) -> Next {
    match input {
        Input::Enter => {
            if m.s.due_boot(&s.until) <= m.s.now.boot {
                return Next::Done(Signal::Ok);
            }
            m.tell(Notice::WaitStarted {
                path: m.path(f),
                what: s.what.clone(),
                until: Some(s.until.clone()),
            });
            m.wait_until(f, s.until.clone());
            Next::Wait(Frame::Sleep(s))
        }
        Input::Time => {
            let late = m.s.now.boot - m.s.due_boot(&s.until);
            if late >= 60_000 {
                m.tell(Notice::DeadlinePassed {
                    what: format!("wait {}", s.what),
                    late_ms: u64::try_from(late).unwrap_or(0),
                });
            }
            m.tell(Notice::WaitEnded {
                path: m.path(f),
                what: s.what.clone(),
                elapsed_ms: u64::try_from(m.s.now.wall - s.began.wall).unwrap_or(0),
            });
            Next::Done(Signal::Ok)
        }
        _ => {
            m.fiber_mut(f).waiting = crate::state::Waiting::Time;
            Next::Wait(Frame::Sleep(s))
        }
    }
}

pub(crate) fn begin_until(m: &mut Machine<'_>, f: FiberId, node: NodeId) -> Begun {
    match until_of(m, f, node) {
        Ok(until) => Begun::Into(Frame::Until(Box::new(until))),
        Err(why) => Begun::Signal(fail(why)),
    }
}

fn until_of(m: &Machine<'_>, f: FiberId, node: NodeId) -> Result<Until, String> {
    let every = |clause: &Option<Box<Clause>>| match clause {
        Some(clause) => m.ms(f, clause),
        None => Ok(EVERY_MS),
    };
    let (kind, ms, every_ms, block, what) = match &m.plan.nodes[node.index()].kind {
        NodeKind::WaitUpTo {
            limit,
            every: clause,
            stable,
            block,
        } => {
            let stable_ms = match stable {
                Some(stable) => Some(m.ms(f, stable)?),
                None => None,
            };
            let limit = m.ms(f, limit)?;
            let what = match stable_ms {
                Some(stable) => format!(
                    "up to {}, stable {}",
                    verdict::after(limit),
                    verdict::after(stable)
                ),
                None => format!("up to {}", verdict::after(limit)),
            };
            let kind = UntilKind::Become { stable_ms };
            (kind, limit, every(clause)?, *block, what)
        }
        NodeKind::Watch {
            lasting,
            every: clause,
            allow,
            block,
        } => {
            let lasting = m.ms(f, lasting)?;
            let allow = match allow {
                Some(allow) => m.count(f, allow)?,
                None => 0,
            };
            let kind = UntilKind::Stay {
                lasting_ms: lasting,
                allow,
            };
            let what = format!("watch for {}", verdict::after(lasting));
            (kind, lasting, every(clause)?, *block, what)
        }
        _ => return Err("this is no wait".into()),
    };
    Ok(Until {
        kind,
        block,
        what,
        every_ms: every_ms.max(1),
        deadline: Some(m.s.deadline(ms)),
        deadline_ms: ms,
        began: m.s.now,
        looked: m.s.now,
        since: None,
        epoch: m.s.boots,
        failures: 0,
        last_why: String::new(),
        command: None,
    })
}

/// The block of `background until`.
pub(crate) fn until_up(m: &Machine<'_>, block: BlockId, command: EffectId) -> Frame {
    Frame::Until(Box::new(Until {
        kind: UntilKind::Become { stable_ms: None },
        block,
        what: "until it is up".into(),
        every_ms: UP_EVERY_MS,
        deadline: None,
        deadline_ms: 0,
        began: m.s.now,
        looked: m.s.now,
        since: None,
        epoch: m.s.boots,
        failures: 0,
        last_why: String::new(),
        command: Some(command),
    }))
}

pub(crate) fn until(m: &mut Machine<'_>, f: FiberId, mut u: Box<Until>, input: Input) -> Next {
    match input {
        Input::Enter => {
            if !m.probing() {
                m.tell(Notice::WaitStarted {
                    path: m.path(f),
                    what: u.what.clone(),
                    until: u.deadline.clone(),
                });
            }
            look(m, u)
        }
        Input::Time => {
            restart_unwatched(m, f, &mut u);
            look(m, u)
        }
        Input::Child(Signal::Ok | Signal::Skipped) => held(m, f, u),
        Input::Child(Signal::Failed(failure)) => {
            if failure.kind == FailureKind::Stopped {
                return Next::Done(Signal::Failed(failure));
            }
            u.last_why.clone_from(&failure.why);
            broken(m, f, u)
        }
        _ => {
            m.fiber_mut(f).waiting = crate::state::Waiting::Time;
            Next::Wait(Frame::Until(u))
        }
    }
}

/// What nobody watched counts as broken: after a crash or a park the window starts again.
fn restart_unwatched(m: &mut Machine<'_>, f: FiberId, u: &mut Until) {
    if u.epoch == m.s.boots {
        return;
    }
    u.epoch = m.s.boots;
    u.since = None;
    u.looked = m.s.now;
    if let UntilKind::Stay { lasting_ms, .. } = u.kind {
        u.failures = 0;
        u.began = m.s.now;
        u.deadline = Some(m.s.deadline(lasting_ms));
        m.tell(Notice::WaitStarted {
            path: m.path(f),
            what: format!("{}, from the beginning: nobody watched meanwhile", u.what),
            until: u.deadline.clone(),
        });
    }
}

fn look(m: &mut Machine<'_>, mut u: Box<Until>) -> Next {
    if let Some(id) = u.command
        && !m.s.pending.contains_key(&id)
    {
        return Next::Done(fail("the background command ended before it was up"));
    }
    u.looked = m.s.now;
    // What the block binds it binds anew each time; what it found before is not what is now.
    let block = scope::block(m, u.block);
    Next::Push(Frame::Until(u), block)
}

fn over_ms(m: &Machine<'_>, u: &Until) -> Option<i64> {
    u.deadline
        .as_ref()
        .map(|deadline| m.s.now.boot - m.s.due_boot(deadline))
}

fn held(m: &mut Machine<'_>, f: FiberId, mut u: Box<Until>) -> Next {
    restart_unwatched(m, f, &mut u);
    if m.probing() {
        return Next::Done(Signal::Ok);
    }
    match u.kind {
        UntilKind::Become { stable_ms: None } => ended(m, f, &u),
        UntilKind::Become {
            stable_ms: Some(stable),
        } => {
            let since = *u.since.get_or_insert(u.looked);
            let lasted = m.s.now.boot - since.boot;
            if lasted >= i64::try_from(stable).unwrap_or(i64::MAX) {
                return ended(m, f, &u);
            }
            if over_ms(m, &u).is_some_and(|over| over >= 0) {
                return out_of_time(&u);
            }
            pause(m, f, u)
        }
        UntilKind::Stay { .. } => {
            if over_ms(m, &u).is_some_and(|over| over >= 0) {
                return ended(m, f, &u);
            }
            pause(m, f, u)
        }
    }
}

fn broken(m: &mut Machine<'_>, f: FiberId, mut u: Box<Until>) -> Next {
    restart_unwatched(m, f, &mut u);
    if m.probing() {
        return Next::Done(fail(u.last_why.clone()));
    }
    match u.kind {
        UntilKind::Become { .. } => {
            u.since = None;
            if over_ms(m, &u).is_some_and(|over| over >= 0) {
                return out_of_time(&u);
            }
            pause(m, f, u)
        }
        UntilKind::Stay { allow, .. } => {
            u.failures += 1;
            if u.failures > allow {
                let times = match u.failures {
                    1 => String::new(),
                    n => format!(" ({n} times)"),
                };
                return Next::Done(fail(format!("{}: {}{times}", u.what, u.last_why)));
            }
            m.tell(Notice::CheckFailed {
                title: u.what.clone(),
                why: format!("{} ({} of {allow} allowed)", u.last_why, u.failures),
            });
            if over_ms(m, &u).is_some_and(|over| over >= 0) {
                return ended(m, f, &u);
            }
            pause(m, f, u)
        }
    }
}

fn ended(m: &mut Machine<'_>, f: FiberId, u: &Until) -> Next {
    m.tell(Notice::WaitEnded {
        path: m.path(f),
        what: u.what.clone(),
        elapsed_ms: u64::try_from(m.s.now.boot - u.began.boot).unwrap_or(0),
    });
    Next::Done(Signal::Ok)
}

fn out_of_time(u: &Until) -> Next {
    let why = match (u.last_why.is_empty(), u.kind) {
        (true, _) => format!("not stable within {}", verdict::after(u.deadline_ms)),
        (false, _) => format!(
            "not within {}: {}",
            verdict::after(u.deadline_ms),
            u.last_why
        ),
    };
    Next::Done(fail(why))
}

/// Until the next look; not past the end, where there is a last one.
fn pause(m: &mut Machine<'_>, f: FiberId, u: Box<Until>) -> Next {
    // Where the look itself took longer, that is over already, and the next one due at once.
    let mut until = m.s.deadline_from(u.looked, u.every_ms);
    if let Some(deadline) = &u.deadline
        && m.s.due_boot(deadline) < m.s.due_boot(&until)
    {
        until = deadline.clone();
    }
    m.wait_until(f, until);
    Next::Wait(Frame::Until(u))
}
