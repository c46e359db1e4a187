//! `attempt … within … otherwise`: what it began is undone before `otherwise` starts.

use runbook_plan::ids::{BlockId, NodeId};
use runbook_plan::plan::NodeKind;

use crate::effect::Notice;
use crate::flow::scope;
use crate::frame::*;
use crate::machine::Machine;
use crate::state::{Cause, FiberId, Stops, TimerKind};

pub(crate) fn new(
    m: &mut Machine<'_>,
    node: NodeId,
    block: BlockId,
    otherwise: Option<BlockId>,
) -> Frame {
    m.s.next.mark += 1;
    Frame::Attempt(Box::new(Attempt {
        node,
        block,
        otherwise,
        mark: m.s.next.mark,
        stage: AttemptStage::Body,
        ended: None,
        within: None,
    }))
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut a: Box<Attempt>, input: Input) -> Next {
    match (a.stage, input) {
        (AttemptStage::Body, Input::Enter) => enter(m, f, a),
        (AttemptStage::Body, Input::Stopped(cause)) => {
            let failure = Failure::new(scope::why(&cause));
            failed(m, f, a, failure)
        }
        (AttemptStage::Body, Input::Child(Signal::Failed(failure))) => failed(m, f, a, *failure),
        (AttemptStage::Undo, Input::Child(Signal::Failed(failure))) => {
            Next::Done(Signal::Failed(failure))
        }
        (AttemptStage::Undo, Input::Child(_)) => match (a.otherwise, a.ended.take()) {
            (Some(otherwise), _) => {
                a.stage = AttemptStage::Otherwise;
                let block = scope::block(m, otherwise);
                Next::Push(Frame::Attempt(a), block)
            }
            (None, Some(failure)) => Next::Done(Signal::Failed(failure)),
            (None, None) => Next::Done(Signal::Ok),
        },
        (AttemptStage::Body, Input::Child(signal)) => {
            if let Some(otherwise) = a.otherwise {
                m.not_met(otherwise);
            }
            Next::Done(signal)
        }
        (_, Input::Child(signal)) => Next::Done(signal),
        (_, _) => Next::Wait(Frame::Attempt(a)),
    }
}

fn enter(m: &mut Machine<'_>, f: FiberId, mut a: Box<Attempt>) -> Next {
    let plan = m.plan;
    let NodeKind::Attempt { title, within, .. } = &plan.nodes[a.node.index()].kind else {
        return Next::Done(Signal::Ok);
    };
    let title = m.text(f, title);
    let path = path(m, f, &a);
    m.tell(Notice::SectionEntered {
        path,
        title: title.clone(),
    });
    if let Some(clause) = within {
        let ms = match m.ms(f, clause) {
            Ok(ms) => ms,
            Err(why) => return Next::Done(fail(why)),
        };
        let deadline = m.s.deadline(ms);
        let kind = TimerKind::Within {
            what: title,
            ms,
            stops: match a.otherwise {
                Some(_) => Stops::Yes,
                None => Stops::No,
            },
        };
        a.within = Some((deadline.clone(), kind.clone()));
        m.arm(f, deadline, kind);
    }
    let block = scope::new(a.block, ScopeKind::Attempt);
    Next::Push(Frame::Attempt(a), block)
}

fn path(m: &Machine<'_>, f: FiberId, a: &Attempt) -> String {
    let mut path = m.path(f);
    if let Some(name) = m.node_name(a.node) {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&name);
    }
    path
}

fn failed(m: &mut Machine<'_>, f: FiberId, mut a: Box<Attempt>, failure: Failure) -> Next {
    if failure.kind == FailureKind::Fatal {
        return Next::Done(Signal::Failed(Box::new(failure)));
    }
    m.drop_timers(f, m.fiber(f).frames.len());
    a.within = None;
    let plan = m.plan;
    if let NodeKind::Attempt { title, .. } = &plan.nodes[a.node.index()].kind {
        let title = m.text(f, title);
        let path = path(m, f, &a);
        m.tell(Notice::AttemptFailed {
            path,
            title,
            why: failure.why.clone(),
        });
    }
    a.stage = AttemptStage::Undo;
    let undo = Frame::Undo(Box::new(Undo {
        down_to: a.mark,
        owner: f,
        current: None,
    }));
    a.ended = Some(Box::new(failure));
    Next::Push(Frame::Attempt(a), undo)
}

/// A `within` that stops passed while the fiber was in the middle of it.
pub(crate) fn out_of_time(m: &mut Machine<'_>, f: FiberId, depth: usize, ms: u64) {
    m.stop(f, Some(depth), Cause::OutOfTime(ms));
}
