//! `parallel`: a fiber for each branch, a failing one lets the others finish.

use runbook_plan::ids::NodeId;
use runbook_plan::plan::NodeKind;

use crate::effect::Notice;
use crate::flow::seq::Begun;
use crate::frame::*;
use crate::machine::Machine;
use crate::state::{FiberId, Waiting};

pub(crate) fn begin(m: &mut Machine<'_>, f: FiberId, id: NodeId) -> Begun {
    let plan = m.plan;
    let NodeKind::Parallel { title, max, block } = &plan.nodes[id.index()].kind else {
        return Begun::Done;
    };
    let max = match max.as_ref().map(|max| m.count(f, max)) {
        None => usize::MAX,
        Some(Ok(0)) => 1,
        Some(Ok(max)) => usize::try_from(max).unwrap_or(usize::MAX),
        Some(Err(why)) => return Begun::Signal(fail(why)),
    };
    if let Some(title) = title {
        let title = m.text(f, title);
        m.tell(Notice::SectionEntered {
            path: m.path(f),
            title,
        });
    }
    Begun::Into(Frame::Parallel(Box::new(Parallel {
        block: *block,
        at: 0,
        running: 0,
        max,
        failures: Vec::new(),
    })))
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut p: Box<Parallel>, input: Input) -> Next {
    let plan = m.plan;
    let block = &plan.blocks[p.block.index()];
    match input {
        Input::Enter if !block.guards.is_empty() => {
            let guards = Frame::Guards(Guards {
                list: block.guards.clone(),
                at: 0,
            });
            return Next::Push(Frame::Parallel(p), guards);
        }
        Input::Child(Signal::Failed(failure)) => return Next::Done(Signal::Failed(failure)),
        Input::Branch(signal) => {
            p.running -= 1;
            if let Signal::Failed(failure) = signal {
                p.failures.push(*failure);
            }
        }
        _ => {}
    }
    let nodes = &block.nodes;
    while p.running < p.max && p.at < nodes.len() {
        // A branch is a sequence of one: it holds, fails and is asked about like any other statement.
        let branch = Frame::Seq(Seq {
            block: p.block,
            at: p.at,
            end: p.at + 1,
            mode: SeqMode::Flow,
            failures: Vec::new(),
            failed: None,
        });
        m.fork(Some(f), branch);
        p.at += 1;
        p.running += 1;
    }
    if p.running == 0 {
        return Next::Done(joined(p.failures));
    }
    m.fiber_mut(f).waiting = Waiting::Children;
    Next::Wait(Frame::Parallel(p))
}

/// What many branches come to.
pub(crate) fn joined(failures: Vec<Failure>) -> Signal {
    if failures.is_empty() {
        return Signal::Ok;
    }
    let whys: Vec<&str> = failures
        .iter()
        .map(|failure| failure.why.as_str())
        .collect();
    let mut all = Failure::new(whys.join("; "));
    all.seen = failures.iter().all(|failure| failure.seen);
    let of_kind = |fits: fn(FailureKind) -> bool| failures.iter().find(|one| fits(one.kind));
    let worst = of_kind(|kind| kind == FailureKind::Fatal)
        .or_else(|| of_kind(|kind| kind != FailureKind::Ordinary));
    if let Some(worst) = worst {
        all.kind = worst.kind;
        all.why_ended = worst.why_ended;
    }
    all.signal()
}
