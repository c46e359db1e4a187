//! The undo stack: what is pushed when a step begins to act, and popped newest first.

use std::collections::BTreeMap;

use runbook_plan::ids::NodeId;

use crate::effect::{Effect, EndWhy, Notice};
use crate::eval::Scope as _;
use crate::flow::seq::Begun;
use crate::flow::{menu, prompts, scope};
use crate::frame::*;
use crate::machine::Machine;
use crate::names::join_path;
use crate::prompt::{Answer, Prompt, PromptKind};
use crate::state::*;
use crate::walk;
use runbook_plan::plan::Outcome;

/// A frame: its fiber, and its depth there.
pub(super) type Place = (FiberId, usize);

/// The frames around a fiber's innermost one, from the outside in; not beyond an undo under way.
pub(super) fn places(m: &Machine<'_>, f: FiberId) -> Vec<Place> {
    let mut places = Vec::new();
    for id in &m.fiber(f).lineage {
        let Some(fiber) = m.s.fibers.get(id) else {
            continue;
        };
        if fiber.undoing.is_some() {
            places.clear();
        }
        for depth in 0..fiber.frames.len() {
            places.push((*id, depth));
        }
    }
    places
}

pub(super) fn frame_mut<'m>(m: &'m mut Machine<'_>, place: Place) -> Option<&'m mut Frame> {
    m.s.fibers
        .get_mut(&place.0)?
        .frames
        .get_mut(place.1)
        .map(|slot| &mut slot.frame)
}

pub(super) fn frame<'m>(m: &'m Machine<'_>, place: Place) -> Option<&'m Frame> {
    m.s.fibers
        .get(&place.0)?
        .frames
        .get(place.1)
        .map(|slot| &slot.frame)
}

/// Something begins to act: every undo around it is due from now on, with the values of now.
pub(crate) fn acting(m: &mut Machine<'_>, f: FiberId) {
    for place in places(m, f) {
        let (block, kind) = match m
            .s
            .fibers
            .get(&place.0)
            .and_then(|fiber| fiber.frames.get(place.1))
        {
            Some(Slot {
                frame: Frame::Scope(scope),
                ..
            }) if scope.stage == Stage::Body && !scope.undo_pushed => (scope.block, scope.kind),
            _ => continue,
        };
        let policies = m.block_policies(block);
        if policies.undo.is_none() && policies.irreversible.is_none() {
            continue;
        }
        if let Some(Frame::Scope(scope)) = frame_mut(m, place) {
            scope.undo_pushed = true;
        }
        let segments = segments_to(m, place);
        let path = join_path(&segments);
        let owner = m.fiber(place.0).lineage.clone();
        if let Some(undo) = policies.undo {
            let mut values = BTreeMap::new();
            let mut wants = Vec::new();
            for var in walk::needs(m.plan, undo) {
                match m.seen(f).var(var) {
                    Some(value) => {
                        values.insert(var, value.clone());
                    }
                    None => wants.push(var),
                }
            }
            let title = m.title(f, kind);
            let entry = UndoEntry {
                path: path.clone(),
                title,
                block: undo,
                values,
                wants,
                guards: m.guards(f),
                surroundings: m.surroundings(f),
                owner: owner.clone(),
                iteration: m.iteration(place.0),
                segments,
            };
            begun(m, entry);
        }
        if policies.irreversible.is_some() {
            push(m, UndoMark::Irreversible { path, owner });
        }
    }
}

/// A step that is begun again from outside, by the operator's word, is the step it was: it is undone once,
/// with the values of its first attempt.
fn begun(m: &mut Machine<'_>, entry: UndoEntry) {
    let marks = match m.s.begun_again {
        true => m.s.undo.as_mut_slice(),
        // Nothing is looked for where nothing can be: a run may have a hundred thousand marks.
        false => &mut [],
    };
    let before = marks.iter_mut().find_map(|(_, mark)| match mark {
        UndoMark::Step(before)
            if before.block == entry.block
                && before.segments == entry.segments
                && before.iteration == entry.iteration =>
        {
            Some(before)
        }
        _ => None,
    });
    match before {
        Some(before) => before.owner = entry.owner,
        None => push(m, UndoMark::Step(Box::new(entry))),
    }
}

/// With the number of the checkpoint or the attempt that it came after.
fn push(m: &mut Machine<'_>, mark: UndoMark) {
    m.s.undo.push((m.s.next.mark, mark));
}

/// Names down to a frame, itself included.
fn segments_to(m: &Machine<'_>, place: Place) -> Vec<String> {
    m.segments_within(place.0, place.1 + 1)
}

/// Names that an undo needs and that were bound after its step began to act: still of the first attempt.
pub(crate) fn fill_wants(m: &mut Machine<'_>, f: FiberId, s: &Scope) {
    if !s.undo_pushed {
        return;
    }
    let Some(block) = m.block_policies(s.block).undo else {
        return;
    };
    let own = |mark: &UndoMark| matches!(mark, UndoMark::Step(entry) if entry.block == block && entry.owner.last() == Some(&f));
    let Some(at) = m.s.undo.iter().rposition(|(_, mark)| own(mark)) else {
        return;
    };
    let wants = match &m.s.undo[at].1 {
        UndoMark::Step(entry) => entry.wants.clone(),
        UndoMark::Irreversible { .. } => return,
    };
    if wants.is_empty() {
        return;
    }
    let found: Vec<_> = wants
        .into_iter()
        .filter_map(|var| Some((var, m.seen(f).var(var)?.clone())))
        .collect();
    if let UndoMark::Step(entry) = &mut m.s.undo[at].1 {
        entry.wants.clear();
        entry.values.extend(found);
    }
}

fn newest(m: &Machine<'_>, u: &Undo) -> Option<usize> {
    m.s.undo
        .iter()
        .rposition(|(number, mark)| *number >= u.down_to && mark.owner().contains(&u.owner))
}

fn left(m: &Machine<'_>, u: &Undo) -> Vec<String> {
    m.s.undo
        .iter()
        .rev()
        .filter(|(number, mark)| {
            *number >= u.down_to
                && mark.owner().contains(&u.owner)
                && matches!(mark, UndoMark::Step(_))
        })
        .map(|(_, mark)| mark.path().to_owned())
        .collect()
}

/// Undoes what belongs to it, newest first.
pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut u: Box<Undo>, input: Input) -> Next {
    match input {
        Input::Enter => {
            let depth = m.fiber(f).frames.len();
            m.fiber_mut(f).raise_shield(depth);
            next(m, f, u)
        }
        Input::Branch(signal) => {
            let Some(entry) = u.current.take() else {
                return next(m, f, u);
            };
            match signal {
                Signal::Failed(failure) => {
                    let left = left(m, &u);
                    m.tell(Notice::UndoFailed {
                        path: entry.path.clone(),
                        why: failure.why.clone(),
                        left,
                    });
                    let path = entry.path.clone();
                    let mut failure = *failure;
                    failure.why = format!("the undo of {path} failed: {}", failure.why);
                    failure.seen = false;
                    u.current = Some(entry);
                    let menu = menu::at(failure, MenuOf::Undo, path);
                    Next::Push(Frame::Undo(u), menu)
                }
                _ => {
                    m.tell(Notice::UndoDone {
                        path: entry.path.clone(),
                        title: entry.title.clone(),
                    });
                    drop_newest(m, &u);
                    next(m, f, u)
                }
            }
        }
        Input::Child(Signal::Choice(choice)) => match choice {
            Choice::Retry | Choice::RetryEdited(..) => {
                u.current = None;
                next(m, f, u)
            }
            Choice::Skip(_) | Choice::Done(_) => {
                u.current = None;
                drop_newest(m, &u);
                next(m, f, u)
            }
            Choice::Fail(mut failure) => {
                failure.kind = FailureKind::Fatal;
                failure.seen = true;
                Next::Done(Signal::Failed(failure))
            }
        },
        _ => {
            m.fiber_mut(f).waiting = Waiting::Children;
            Next::Wait(Frame::Undo(u))
        }
    }
}

fn drop_newest(m: &mut Machine<'_>, u: &Undo) {
    if let Some(at) = newest(m, u) {
        m.s.undo.remove(at);
    }
}

fn next(m: &mut Machine<'_>, f: FiberId, mut u: Box<Undo>) -> Next {
    let Some(at) = newest(m, &u) else {
        m.s.phase = Phase::Running;
        return Next::Done(Signal::Ok);
    };
    let entry = match &m.s.undo[at].1 {
        UndoMark::Step(entry) => entry.clone(),
        UndoMark::Irreversible { path, .. } => {
            let path = path.clone();
            m.s.crossed.push(path.clone());
            let text = match left(m, &u).as_slice() {
                [] => format!("{path} is irreversible: it stays as it is"),
                left => format!(
                    "{path} is irreversible: it stays as it is, and so does what was done before it: {}",
                    left.join(", ")
                ),
            };
            m.tell(Notice::Warning { text });
            m.s.phase = Phase::Running;
            return Next::Done(Signal::Ok);
        }
    };
    m.s.phase = Phase::Undoing;
    m.tell(Notice::UndoStarted {
        path: entry.path.clone(),
        title: entry.title.clone(),
    });
    let child = m.fork(Some(f), scope::new(entry.block, ScopeKind::Undo));
    let fiber = m.fiber_mut(child);
    fiber.env = entry.values.clone();
    fiber.surroundings.clone_from(&entry.surroundings);
    fiber.prefix.clone_from(&entry.segments);
    fiber.iteration.clone_from(&entry.iteration);
    fiber.undoing = Some(entry.clone());
    u.current = Some(entry);
    m.fiber_mut(f).waiting = Waiting::Children;
    Next::Wait(Frame::Undo(u))
}

/// `rewind to`: the run goes on after it.
pub(crate) fn begin_rewind(m: &mut Machine<'_>, f: FiberId, checkpoint: NodeId) -> Begun {
    if m.probing() {
        return Begun::Done;
    }
    let name = m.node_name(checkpoint).unwrap_or_default();
    let call = m.call_path(f);
    let found =
        m.s.checkpoints
            .iter()
            .rposition(|passed| passed.node == checkpoint && passed.call == call);
    let Some(index) = found else {
        let why = format!("the checkpoint `{name}` was not passed, so nothing goes back to it");
        return Begun::Signal(fail(why));
    };
    let down_to = m.s.checkpoints[index].undo;
    let line =
        m.s.undo.iter().find(|(number, mark)| {
            *number >= down_to && matches!(mark, UndoMark::Irreversible { .. })
        });
    if let Some((_, mark)) = line {
        let path = mark.path().to_owned();
        let why =
            format!("nothing goes back to `{name}`: {path} is irreversible and stands between");
        m.s.crossed.push(path);
        return Begun::Signal(fail(why));
    }
    (m.s.progress.met, m.s.progress.expected) = m.s.checkpoints[index].steps;
    m.s.checkpoints.truncate(index + 1);
    Begun::Into(Frame::Undo(Box::new(Undo {
        down_to,
        owner: f,
        current: None,
    })))
}

/// Back to a checkpoint, by the operator: undo, then go on from there or park there.
pub(crate) fn back(m: &mut Machine<'_>, f: FiberId, mut b: Box<Back>, input: Input) -> Next {
    let Some(passed) = m.s.checkpoints.get(b.checkpoint) else {
        return Next::Done(fail("that checkpoint was not passed"));
    };
    let (path, frames, down_to) = (passed.path.clone(), passed.frames.clone(), passed.undo);
    let steps = passed.steps;
    match (b.stage, input) {
        (BackStage::Undo, Input::Enter) => {
            let undo = Frame::Undo(Box::new(Undo {
                down_to,
                owner: f,
                current: None,
            }));
            Next::Push(Frame::Back(b), undo)
        }
        (BackStage::Undo, Input::Child(Signal::Failed(failure))) => {
            Next::Done(Signal::Failed(failure))
        }
        (BackStage::Undo, Input::Child(_)) => {
            m.s.checkpoints.truncate(b.checkpoint + 1);
            (m.s.progress.met, m.s.progress.expected) = steps;
            match b.then {
                BackThen::Park => {
                    if m.s.was_ended {
                        let text = format!("undone back to {path}");
                        crate::flow::root::end(m, Outcome::RolledBack, text, EndWhy::Finished);
                    } else {
                        let why = format!("undone back to {path}; it goes on from there");
                        m.s.halt = None;
                        crate::flow::operator::park(m, why);
                    }
                    Next::Restore(frames)
                }
                BackThen::Ask => {
                    b.stage = BackStage::Asked;
                    let prompt = Prompt {
                        kind: PromptKind::Interrupted,
                        text: format!("undone back to {path}; go on from there?"),
                        keys: vec![format!("undone back to {path}"), path.clone()],
                        detail: Vec::new(),
                        path,
                        deadline: None,
                        otherwise: None,
                    };
                    Next::Push(Frame::Back(b), prompts::plain(prompt))
                }
            }
        }
        (BackStage::Asked, Input::Child(Signal::Answered(answer, by))) => match answer {
            Answer::Fail { reason } | Answer::Failed { reason } => {
                m.tell(Notice::Deviation {
                    path,
                    what: "ended".into(),
                    reason: reason.clone(),
                    by,
                });
                let mut failure = Failure::declined(reason);
                failure.seen = true;
                Next::Done(failure.signal())
            }
            _ => Next::Restore(frames),
        },
        _ => Next::Wait(Frame::Back(b)),
    }
}

/// `runbook undo RUN --to CHECKPOINT`.
pub(crate) fn requested(m: &mut Machine<'_>, to: &str, by: &str, reason: &str) {
    let reachable = menu::reachable(m);
    let suffix = format!(".{to}");
    let Some(path) = reachable
        .iter()
        .find(|path| *path == to || path.ends_with(&suffix))
        .cloned()
    else {
        let text = match reachable.as_slice() {
            [] => format!("nothing goes back to `{to}`: no checkpoint can be gone back to"),
            paths => format!(
                "nothing goes back to `{to}`; these can be: {}",
                paths.join(", ")
            ),
        };
        m.tell(Notice::Warning { text: text.clone() });
        if !matches!(m.s.phase, Phase::Ended { .. }) {
            crate::flow::operator::park(m, text);
        }
        return;
    };
    m.tell(Notice::Deviation {
        path: path.clone(),
        what: format!("undone back to {path}"),
        reason: reason.into(),
        by: by.into(),
    });
    // Asked for again after a crash it is still the undo of a run that had ended.
    m.s.was_ended |= matches!(m.s.phase, Phase::Ended { .. });
    m.s.phase = Phase::Running;
    m.s.halt = None;
    let Some(main) = m.s.fibers.keys().next().copied() else {
        return;
    };
    let Some(passed) = m.s.checkpoints.iter().rfind(|passed| passed.path == path) else {
        return;
    };
    let shared = m
        .fiber(main)
        .frames
        .iter()
        .zip(&passed.frames)
        .take_while(|(now, then)| now.uid == then.uid)
        .count();
    m.stop(main, Some(shared.saturating_sub(1)), Cause::UndoTo(path));
}

/// An effect that is asked for again after a crash.
pub(crate) fn again(pending: &Pending) -> Option<Effect> {
    match &pending.kind {
        PendingKind::Run(run) => Some(Effect::Run(run.as_ref().clone())),
        PendingKind::Request(request) => Some(Effect::Request(request.as_ref().clone())),
        PendingKind::Other(effect) => Some(effect.as_ref().clone()),
        PendingKind::Ask(_) => None,
    }
}
