//! A block's statements, one after the other.

use runbook_plan::command::Mark;
use runbook_plan::ids::{BlockId, NodeId};
use runbook_plan::plan::{Judged, LetValue, Looked, NodeKind};

use crate::effect::Notice;
use crate::event::Mode;
use crate::flow::{attempt, branch, call, exec, judge, looping, message, parallel, scope, undo};
use crate::frame::*;
use crate::machine::Machine;
use crate::state::{FiberId, Halt, Waiting};

/// What starting a statement comes to.
pub(crate) enum Begun {
    /// It is over already.
    Done,
    Into(Frame),
    Signal(Signal),
}

pub(crate) fn new(block: BlockId) -> Frame {
    at(block, 0, SeqMode::Flow)
}

pub(crate) fn at(block: BlockId, at: usize, mode: SeqMode) -> Frame {
    Frame::Seq(Seq {
        block,
        at,
        end: usize::MAX,
        mode,
        failures: Vec::new(),
        failed: None,
    })
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut seq: Seq, input: Input) -> Next {
    match input {
        Input::Enter => m.s.reached.block(seq.block),
        Input::Child(signal) => match signal {
            Signal::Failed(failure) => match failed(m, f, &mut seq, *failure) {
                Some(next) => return next(Frame::Seq(seq)),
                None => seq.at += 1,
            },
            Signal::Choice(choice) => {
                if let Some(signal) = chosen(m, &mut seq, choice) {
                    return Next::Done(signal);
                }
            }
            signal @ (Signal::Return(_) | Signal::Finish(..) | Signal::Unwound) => {
                return Next::Done(signal);
            }
            _ => {
                if let Some(node) = m.plan.blocks[seq.block.index()].nodes.get(seq.at) {
                    m.s.reached.passed(*node);
                }
                seq.at += 1;
            }
        },
        _ => {}
    }
    let plan = m.plan;
    let nodes = &plan.blocks[seq.block.index()].nodes;
    while seq.at < seq.end
        && let Some(node) = nodes.get(seq.at)
    {
        if holds_here(m, f) {
            m.fiber_mut(f).waiting = Waiting::Held;
            return Next::Wait(Frame::Seq(seq));
        }
        m.s.reached.node(*node);
        match begin(m, f, *node) {
            Begun::Done => {
                m.s.reached.passed(*node);
                seq.at += 1;
            }
            Begun::Into(child) => return Next::Push(Frame::Seq(seq), child),
            Begun::Signal(Signal::Failed(failure)) => match failed(m, f, &mut seq, *failure) {
                Some(next) => return next(Frame::Seq(seq)),
                None => seq.at += 1,
            },
            Begun::Signal(signal) => return Next::Done(signal),
        }
    }
    match seq.failed {
        None => Next::Done(Signal::Ok),
        Some(mut failure) => {
            failure.why = seq.failures.join("; ");
            Next::Done(Signal::Failed(failure))
        }
    }
}

type ThenNext = Box<dyn FnOnce(Frame) -> Next>;

/// What a failed statement does to its block; nothing: the block goes on.
fn failed(m: &mut Machine<'_>, f: FiberId, seq: &mut Seq, failure: Failure) -> Option<ThenNext> {
    if seq.mode == SeqMode::Collect && failure.kind != FailureKind::Stopped {
        seq.failures.push(failure.why.clone());
        if seq.failed.is_none() || failure.kind == FailureKind::Declined {
            seq.failed = Some(Box::new(failure));
        }
        return None;
    }
    if m.probing() && failure.kind == FailureKind::Ordinary && !in_a_look(m, f) {
        let path = m.path(f);
        if !failure.seen {
            m.s.probe_failures.push(failure.why.clone());
            m.tell(Notice::StepFailed {
                title: path.clone(),
                path,
                why: failure.why,
            });
        }
        return None;
    }
    if !in_step(m, f) && crate::flow::menu::is_asked(m, f, &failure) {
        seq.failed = Some(Box::new(failure.clone()));
        let menu = crate::flow::menu::new(m, f, failure, MenuOf::Step);
        return Some(Box::new(move |frame| Next::Push(frame, menu)));
    }
    Some(Box::new(move |_| {
        Next::Done(Signal::Failed(Box::new(failure)))
    }))
}

fn chosen(m: &mut Machine<'_>, seq: &mut Seq, choice: Choice) -> Option<Signal> {
    seq.failed = None;
    match choice {
        // There is no command here that could be edited: a bare statement is begun again as it is.
        Choice::Retry | Choice::RetryEdited(..) => {
            m.s.begun_again = true;
            None
        }
        Choice::Skip(_) | Choice::Done(_) => {
            seq.at += 1;
            None
        }
        Choice::Fail(failure) => Some(Signal::Failed(failure)),
    }
}

/// Whether a halted run stops before the next statement here.
fn holds_here(m: &Machine<'_>, f: FiberId) -> bool {
    if m.s.halt.is_none() && m.s.stopped.is_empty() {
        return false;
    }
    if m.fiber(f).is_shielded() || m.fiber(f).undoing.is_some() {
        return matches!(m.s.halt, Some(Halt::Asked(_)));
    }
    match m.s.halt {
        Some(Halt::AfterStep) | None => !in_step(m, f),
        Some(_) => true,
    }
}

/// Whether a step stands around a fiber's innermost frame, in this fiber or the ones it was forked from.
pub(crate) fn in_step(m: &Machine<'_>, f: FiberId) -> bool {
    any_frame(
        m,
        f,
        |frame| matches!(frame, Frame::Scope(scope) if scope.kind.is_one_deed()),
    )
}

/// Whether it is part of something that looks and judges for itself: a check, a wait, a guard, a question.
pub(crate) fn in_a_look(m: &Machine<'_>, f: FiberId) -> bool {
    any_frame(m, f, |frame| {
        matches!(
            frame,
            Frame::Until(_) | Frame::Check(_) | Frame::Guards(_) | Frame::Input(_)
        )
    })
}

pub(crate) fn any_frame(m: &Machine<'_>, f: FiberId, holds: impl Fn(&Frame) -> bool) -> bool {
    m.fiber(f).lineage.iter().rev().any(|id| {
        m.s.fibers
            .get(id)
            .is_some_and(|fiber| fiber.frames.iter().rev().any(|slot| holds(&slot.frame)))
    })
}

fn begin(m: &mut Machine<'_>, f: FiberId, id: NodeId) -> Begun {
    let plan = m.plan;
    match &plan.nodes[id.index()].kind {
        NodeKind::Prose(text) => {
            let text = m.text(f, text);
            m.tell(Notice::Prose { text });
            Begun::Done
        }
        NodeKind::Warning(text) => {
            let text = m.text(f, text);
            m.tell(Notice::Warning { text });
            Begun::Done
        }
        NodeKind::Section { block, .. } => scoped(*block, ScopeKind::Section(id)),
        NodeKind::Step { block, .. } => scoped(*block, ScopeKind::Step(id)),
        NodeKind::Checkpoint { block, .. } => scoped(*block, ScopeKind::Checkpoint(id)),
        NodeKind::If { arms, otherwise } => branch::begin_if(m, f, arms, *otherwise),
        NodeKind::Choose { .. } => Begun::Into(Frame::Choose(Box::new(Choose {
            node: id,
            labels: Vec::new(),
        }))),
        NodeKind::Decide { .. } => Begun::Into(Frame::Decide(Box::new(Decide {
            node: id,
            values: Vec::new(),
        }))),
        NodeKind::Attempt {
            block, otherwise, ..
        } => Begun::Into(attempt::new(m, id, *block, *otherwise)),
        NodeKind::Parallel { .. } => parallel::begin(m, f, id),
        NodeKind::For { .. } => looping::begin(m, f, id),
        NodeKind::Wait(clause) => crate::flow::waiting::begin_wait(m, f, clause),
        NodeKind::WaitUpTo { .. } | NodeKind::Watch { .. } => {
            crate::flow::waiting::begin_until(m, f, id)
        }
        NodeKind::Do { .. } => Begun::Into(Frame::Call(Box::new(Call {
            node: id,
            surroundings: None,
        }))),
        NodeKind::Let { var, value } => match value {
            LetValue::Expr(expr) => match call::or_made_up(m, *var, m.eval(f, expr)) {
                Ok(value) => {
                    m.bind_told(f, *var, value);
                    Begun::Done
                }
                Err(why) => Begun::Signal(fail(why)),
            },
            LetValue::Command(_) | LetValue::Request(_) => {
                Begun::Into(Frame::Let(Let { node: id }))
            }
        },
        NodeKind::Notify(message) => message::begin(m, f, *message),
        NodeKind::Escalate { to, text } => {
            let text = text
                .as_ref()
                .map(|text| m.text(f, text))
                .unwrap_or_default();
            m.escalate(None, *to, text);
            Begun::Done
        }
        NodeKind::Rewind(checkpoint) => undo::begin_rewind(m, f, *checkpoint),
        NodeKind::Finish { outcome, text } => {
            let text = text
                .as_ref()
                .map(|text| m.text(f, text))
                .unwrap_or_default();
            Begun::Signal(Signal::Finish(*outcome, text))
        }
        NodeKind::Return(value) => match value.as_ref().map(|value| m.eval(f, value)) {
            None => Begun::Signal(Signal::Return(None)),
            Some(Ok(value)) => Begun::Signal(Signal::Return(Some(value))),
            // Whoever asked makes a value up, as for one that was looked up.
            Some(Err(_)) if m.s.mode() == Mode::DryRun => Begun::Signal(Signal::Return(None)),
            Some(Err(why)) => Begun::Signal(fail(why)),
        },
        NodeKind::FollowUp(follow_up) => {
            message::follow_up(m, f, follow_up);
            Begun::Done
        }
        NodeKind::Command { command, judged } => {
            let mark = plan.commands[command.index()].mark;
            Begun::Into(statement(Looked::Command(*command), mark, *judged))
        }
        NodeKind::Request { request, judged } => {
            let mark = plan.requests[request.index()].mark;
            Begun::Into(statement(Looked::Request(*request), mark, *judged))
        }
        NodeKind::Ask(_) => crate::flow::input::begin_ask(m, f, id),
        NodeKind::Confirm { .. }
        | NodeKind::Item { .. }
        | NodeKind::Approve { .. }
        | NodeKind::Todo(_) => crate::flow::prompts::begin(m, f, id),
        NodeKind::Expect {
            condition,
            why,
            source,
        } => judge::expect(m, f, condition, why.as_ref(), source),
        NodeKind::Check { .. } => Begun::Into(Frame::Check(Check { node: id })),
        NodeKind::Snapshot { .. } => Begun::Into(Frame::Snapshot(Box::new(Snapshot {
            node: id,
            taken: Vec::new(),
        }))),
        NodeKind::Compare { before, after } => judge::compare(m, f, before, after),
    }
}

fn statement(what: Looked, mark: Mark, judged: Judged) -> Frame {
    exec::new(what, mark, Want::Verdict(judged))
}

fn scoped(block: BlockId, kind: ScopeKind) -> Begun {
    Begun::Into(scope::new(block, kind))
}
