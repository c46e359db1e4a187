//! What a block does when something in it failed: its retries, its `on failure`, the menu.

use runbook_plan::plan::Policies;

use crate::effect::Notice;
use crate::flow::scope::{attempt, block, leave, tell_skipped};
use crate::flow::{irreversible, menu, undo};
use crate::frame::*;
use crate::machine::Machine;
use crate::state::FiberId;

pub(super) fn failed(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>, failure: Failure) -> Next {
    let depth = m.fiber(f).frames.len();
    let policies = m.block_policies(s.block);
    if matches!(s.kind, ScopeKind::Step(_) | ScopeKind::Undo) {
        m.drop_timers(f, depth);
        undo::fill_wants(m, f, &s);
        if failure.kind == FailureKind::Ordinary && !failure.seen && !m.probing() {
            match retry(m, f, &mut s, policies) {
                Ok(true) => return delay(m, f, s),
                Ok(false) => {}
                Err(why) => m.tell(Notice::Warning { text: why }),
            }
        }
    }
    if matches!(s.kind, ScopeKind::Step(_) | ScopeKind::Checkpoint(_)) {
        let title = m.title(f, s.kind);
        m.tell(Notice::StepFailed {
            path: m.path_with(f, &s),
            title,
            why: failure.why.clone(),
        });
    }
    let mut failure = failure;
    if m.probing() && !failure.seen && failure.kind == FailureKind::Ordinary {
        m.s.probe_failures.push(failure.why.clone());
        failure.seen = true;
    }
    match policies.on_failure {
        Some(handler) if !m.probing() => {
            s.stage = Stage::OnFailure;
            s.ended = Some(Signal::Failed(Box::new(failure)));
            let handler = self::block(m, handler);
            Next::Push(Frame::Scope(s), handler)
        }
        _ => ask_or_leave(m, f, s, failure),
    }
}

/// Whether another attempt is due, counted from here on.
fn retry(
    m: &mut Machine<'_>,
    f: FiberId,
    s: &mut Scope,
    policies: &Policies,
) -> Result<bool, String> {
    let Some(retry) = &policies.retry else {
        return Ok(false);
    };
    let times = m.count(f, &retry.times)?;
    let left = *s.tries_left.get_or_insert(times);
    if left == 0 {
        return Ok(false);
    }
    let every = match &retry.every {
        Some(every) => m.ms(f, every)?,
        None => 0,
    };
    s.delay_ms = match (&retry.backoff, left == times) {
        (Some(factor), false) => {
            use rust_decimal::prelude::ToPrimitive;
            let longer = rust_decimal::Decimal::from(s.delay_ms).checked_mul(factor.0);
            longer.and_then(|ms| ms.to_u64()).unwrap_or(every)
        }
        _ => every,
    };
    s.tries_left = Some(left - 1);
    s.attempt += 1;
    let path = m.path_with(f, s);
    m.tell(Notice::Retrying {
        path,
        attempt: s.attempt,
        of: u32::try_from(times + 1).unwrap_or(u32::MAX),
        after_ms: s.delay_ms,
    });
    Ok(true)
}

fn delay(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>) -> Next {
    s.ended = None;
    if s.delay_ms == 0 {
        return attempt(m, f, s);
    }
    s.stage = Stage::Delay;
    let until = m.s.deadline(s.delay_ms);
    m.wait_until(f, until);
    Next::Wait(Frame::Scope(s))
}

pub(super) fn ask_or_leave(
    m: &mut Machine<'_>,
    f: FiberId,
    mut s: Box<Scope>,
    failure: Failure,
) -> Next {
    let unit = matches!(s.kind, ScopeKind::Step(_) | ScopeKind::Checkpoint(_));
    if unit && menu::is_asked(m, f, &failure) {
        s.stage = Stage::Menu;
        let path = m.path_with(f, &s);
        let menu = menu::at(failure, MenuOf::Step, path);
        return Next::Push(Frame::Scope(s), menu);
    }
    s.ended = Some(Signal::Failed(Box::new(failure)));
    leave(m, f, s)
}

pub(super) fn chosen(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>, choice: Choice) -> Next {
    match choice {
        Choice::Retry => {
            s.edited = None;
            again(m, f, s)
        }
        Choice::RetryEdited(id, command) => {
            s.edited = Some((id, command));
            again(m, f, s)
        }
        Choice::Skip(reason) => {
            s.ended = Some(Signal::Skipped);
            tell_skipped(m, f, &s, reason);
            leave(m, f, s)
        }
        Choice::Done(_) => {
            s.ended = Some(Signal::Ok);
            leave(m, f, s)
        }
        Choice::Fail(failure) => {
            s.ended = Some(Signal::Failed(failure));
            leave(m, f, s)
        }
    }
}

/// The operator wants it tried again: with all its retries.
fn again(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>) -> Next {
    s.attempt += 1;
    s.tries_left = None;
    s.ended = None;
    irreversible::tried_again(m, f);
    if matches!(s.kind, ScopeKind::Step(_)) {
        let title = m.title(f, s.kind);
        m.tell(Notice::StepStarted {
            path: m.path_with(f, &s),
            title,
            attempt: s.attempt,
        });
    }
    attempt(m, f, s)
}
