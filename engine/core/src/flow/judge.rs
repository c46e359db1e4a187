//! What must hold: `expect`, `check`, guards; and what is compared.

use runbook_plan::expr::{Expr, Template};
use runbook_plan::plan::{Judged, NodeKind};

use crate::effect::{Notice, Role};
use crate::event::Mode;
use crate::flow::seq::Begun;
use crate::flow::{exec, scope};
use crate::frame::*;
use crate::machine::Machine;
use crate::state::FiberId;
use crate::verdict;

/// What a `done if` says.
pub(crate) enum Answers {
    Yes,
    No,
    Unknown(String),
}

/// 0 is done, 1 is not done, anything else is no answer; a response below 400 is done, 404 and 410 are not.
pub(crate) fn answers(ran: &Ran) -> Answers {
    match (&ran.end, ran.last.exit, ran.last.status) {
        (RanEnd::Itself, Some(0), _) => Answers::Yes,
        (RanEnd::Itself, Some(1), _) => Answers::No,
        (RanEnd::Itself, None, Some(status)) if status < 400 => Answers::Yes,
        (RanEnd::Itself, None, Some(404 | 410)) => Answers::No,
        _ => Answers::Unknown(
            verdict::fault(ran, Judged::ByExit).unwrap_or_else(|| "it gave no answer".into()),
        ),
    }
}

/// The answer of a `bool`: by exit code, and only where it came to one.
pub(crate) fn exits(ran: &Ran) -> Result<bool, String> {
    match (&ran.end, ran.last.exit) {
        (RanEnd::Itself, Some(code)) => Ok(code == 0),
        _ => Err(verdict::fault(ran, Judged::ByExit).unwrap_or_else(|| "it gave no answer".into())),
    }
}

pub(crate) fn expect(
    m: &mut Machine<'_>,
    f: FiberId,
    condition: &Expr,
    why: Option<&Template>,
    source: &str,
) -> Begun {
    if m.probing() && exec::is_unknown(m, f) {
        return Begun::Done;
    }
    if m.s.mode() == Mode::DryRun {
        // What is expected is what a dry run goes on from.
        return Begun::Done;
    }
    match m.holds(f, condition) {
        Ok(true) => Begun::Done,
        Ok(false) => {
            let mut failure = Failure::new(match why {
                // What was wanted is said as it would be if it held; on its own it would read as if it did.
                Some(why) => format!("expected: {}", m.text(f, why)),
                None => format!("expected {source}"),
            });
            if let Some(last) = &m.fiber(f).last {
                failure.said = last.output.clone();
            }
            Begun::Signal(failure.signal())
        }
        Err(error) => Begun::Signal(fail(format!("expected {source}: {error}"))),
    }
}

pub(crate) fn check(m: &mut Machine<'_>, f: FiberId, c: Check, input: Input) -> Next {
    let NodeKind::Check { title, block } = &m.plan.nodes[c.node.index()].kind else {
        return Next::Done(Signal::Ok);
    };
    match input {
        Input::Enter => {
            let block = scope::block(m, *block);
            Next::Push(Frame::Check(c), block)
        }
        Input::Child(Signal::Ok | Signal::Skipped) => {
            if let Some(title) = title {
                let title = m.text(f, title);
                m.tell(Notice::CheckHeld { title });
            }
            Next::Done(Signal::Ok)
        }
        Input::Child(Signal::Failed(mut failure)) => {
            if let Some(title) = title {
                let title = m.text(f, title);
                m.tell(Notice::CheckFailed {
                    title: title.clone(),
                    why: failure.why.clone(),
                });
                failure.why = format!("{title}: {}", failure.why);
            }
            Next::Done(Signal::Failed(failure))
        }
        _ => Next::Wait(Frame::Check(c)),
    }
}

pub(crate) fn guards(m: &mut Machine<'_>, f: FiberId, mut g: Guards, input: Input) -> Next {
    match input {
        Input::Enter => {}
        Input::Child(Signal::Failed(failure)) => {
            let guard = &m.plan.guards[g.list[g.at].index()];
            let title = m.text(f, &guard.title);
            m.tell(Notice::CheckFailed {
                title: title.clone(),
                why: failure.why.clone(),
            });
            let mut failure = *failure;
            failure.why = format!("the guard `{title}` does not hold: {}", failure.why);
            return Next::Done(failure.signal());
        }
        Input::Child(_) => {
            let guard = &m.plan.guards[g.list[g.at].index()];
            let title = m.text(f, &guard.title);
            m.tell(Notice::CheckHeld { title });
            g.at += 1;
        }
        _ => return Next::Wait(Frame::Guards(g)),
    }
    match g.list.get(g.at) {
        Some(guard) => {
            let block = scope::block(m, m.plan.guards[guard.index()].block);
            Next::Push(Frame::Guards(g), block)
        }
        None => Next::Done(Signal::Ok),
    }
}

pub(crate) fn snapshot(
    m: &mut Machine<'_>,
    f: FiberId,
    mut s: Box<Snapshot>,
    input: Input,
) -> Next {
    let plan = m.plan;
    let NodeKind::Snapshot { name, entries } = &plan.nodes[s.node.index()].kind else {
        return Next::Done(Signal::Ok);
    };
    match input {
        Input::Enter => {}
        Input::Child(Signal::Ran(ran)) => {
            let label = entries.get(s.taken.len()).map(|(label, _)| label.clone());
            let label = label.unwrap_or_default();
            if let Some(why) = verdict::fault(&ran, Judged::ByExit) {
                let mut failure = Failure::new(format!("snapshot `{name}`, `{label}`: {why}"));
                failure.said = verdict::tail(&ran);
                return Next::Done(failure.signal());
            }
            s.taken.push((label, ran.last.output));
        }
        Input::Child(signal) => return Next::Done(signal),
        _ => return Next::Wait(Frame::Snapshot(s)),
    }
    match entries.get(s.taken.len()) {
        Some((_, looked)) => {
            let look = exec::look(*looked, Role::Look);
            Next::Push(Frame::Snapshot(s), look)
        }
        None => {
            let place = snapshot_place(&m.call_path(f), &m.iteration(f));
            m.s.snapshots.insert((place, name.clone()), s.taken);
            Next::Done(Signal::Ok)
        }
    }
}

/// The call, and turns of the loops around.
fn snapshot_place(call: &str, turns: &[usize]) -> String {
    let turns: Vec<String> = turns.iter().map(usize::to_string).collect();
    format!("{call}/{}", turns.join("/"))
}

pub(crate) fn compare(m: &mut Machine<'_>, f: FiberId, before: &str, after: &str) -> Begun {
    let (call, turns) = (m.call_path(f), m.iteration(f));
    let find = |name: &str| {
        // That of the same turn of each loop; what was taken outside a loop is there for every turn of it.
        (0..=turns.len()).rev().find_map(|around| {
            let place = snapshot_place(&call, &turns[..around]);
            m.s.snapshots.get(&(place, name.to_owned()))
        })
    };
    let (Some(old), Some(new)) = (find(before), find(after)) else {
        let why = format!("there is no snapshot `{before}` and `{after}` to compare");
        return Begun::Signal(fail(why));
    };
    let mut differences = Vec::new();
    for (label, was) in old {
        let is = new
            .iter()
            .find(|(other, _)| other == label)
            .map(|(_, text)| text.clone())
            .unwrap_or_default();
        if *was != is {
            differences.push((label.clone(), was.clone(), is));
        }
    }
    for (label, is) in new {
        if !old.iter().any(|(other, _)| other == label) {
            differences.push((label.clone(), String::new(), is.clone()));
        }
    }
    m.tell(Notice::Compared {
        before: before.into(),
        after: after.into(),
        differences,
    });
    Begun::Done
}
