//! `for x in xs`, one after the other or `parallel n`.

use runbook_plan::ids::NodeId;
use runbook_plan::plan::NodeKind;
use runbook_plan::value::Value;

use crate::flow::seq::Begun;
use crate::flow::{parallel, scope};
use crate::frame::*;
use crate::machine::Machine;
use crate::state::{FiberId, Waiting};
use crate::walk;

pub(crate) fn begin(m: &mut Machine<'_>, f: FiberId, id: NodeId) -> Begun {
    let plan = m.plan;
    let NodeKind::For {
        items,
        parallel,
        block,
        var,
    } = &plan.nodes[id.index()].kind
    else {
        return Begun::Done;
    };
    let items = match m.eval(f, items) {
        Ok(Value::List(items)) => items,
        Ok(Value::Json(serde_json::Value::Array(items))) => {
            items.into_iter().map(Value::Json).collect()
        }
        Ok(Value::Missing) => Vec::new(),
        Ok(other) => {
            let why = format!("`{}` is no list", m.shown(&other));
            return Begun::Signal(fail(why));
        }
        Err(why) => return Begun::Signal(fail(why)),
    };
    let parallel = match parallel.as_ref().map(|parallel| m.count(f, parallel)) {
        None => None,
        Some(Ok(max)) => Some(usize::try_from(max.max(1)).unwrap_or(usize::MAX)),
        Some(Err(why)) => return Begun::Signal(fail(why)),
    };
    let steps = m.steps_in(*block);
    m.s.progress.expected = match items.len() {
        0 => m.s.progress.expected.saturating_sub(steps),
        n => m.s.progress.expected + (n - 1) * steps,
    };
    let labels = items.iter().map(|item| m.shown(item)).collect();
    let mut clears = walk::binds(plan, *block);
    clears.push(*var);
    Begun::Into(Frame::For(Box::new(For {
        node: id,
        items,
        labels,
        at: 0,
        clears,
        parallel,
        running: 0,
        confirmed: Vec::new(),
        failures: Vec::new(),
    })))
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut l: Box<For>, input: Input) -> Next {
    let plan = m.plan;
    let NodeKind::For { var, block, .. } = &plan.nodes[l.node.index()].kind else {
        return Next::Done(Signal::Ok);
    };
    match (&l.parallel, input) {
        (_, Input::Branch(signal)) => {
            l.running -= 1;
            if let Signal::Failed(failure) = signal {
                l.failures.push(*failure);
            }
        }
        (None, Input::Child(Signal::Ok | Signal::Skipped | Signal::Value(_))) => l.at += 1,
        (None, Input::Child(signal)) => return Next::Done(signal),
        _ => {}
    }
    let Some(max) = l.parallel else {
        let Some(item) = l.items.get(l.at) else {
            return Next::Done(Signal::Ok);
        };
        let item = item.clone();
        for var in &l.clears {
            m.fiber_mut(f).env.remove(var);
        }
        m.bind(f, *var, item);
        let body = scope::block(m, *block);
        return Next::Push(Frame::For(l), body);
    };
    while l.running < max && l.at < l.items.len() {
        let body = scope::block(m, *block);
        let branch = m.fork(Some(f), body);
        let fiber = m.fiber_mut(branch);
        fiber.prefix.push(format!("[{}]", l.labels[l.at]));
        fiber.iteration.push(l.at);
        let item = l.items[l.at].clone();
        m.bind(branch, *var, item);
        l.at += 1;
        l.running += 1;
    }
    if l.running == 0 {
        return Next::Done(parallel::joined(l.failures));
    }
    m.fiber_mut(f).waiting = Waiting::Children;
    Next::Wait(Frame::For(l))
}
