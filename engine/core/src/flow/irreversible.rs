//! The question before an irreversible step acts: asked once for it, or once for all of a loop's list.

use runbook_plan::ids::BlockId;

use crate::flow::undo::{Place, frame, frame_mut, places};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Detail, Prompt, PromptKind};
use crate::state::*;

/// What must be confirmed before a command acts.
pub(crate) enum ToConfirm {
    Nothing,
    Ask(Box<Prompt>),
    /// Another branch is asking for all of the list.
    Wait,
    Declined,
}

/// The outermost scope around that is irreversible and not confirmed yet, and the loop that confirms for it.
fn unconfirmed(m: &Machine<'_>, f: FiberId) -> Option<(Place, Irreversible, Option<Place>)> {
    let mut looped = None;
    let mut calls = Vec::new();
    for place in places(m, f) {
        match frame(m, place) {
            Some(Frame::For(_)) => {
                looped = Some(place);
                calls.clear();
            }
            Some(Frame::Call(call)) => calls.push(call.node),
            Some(Frame::Scope(scope))
                if scope.stage == Stage::Body
                    && !scope.confirmed
                    && m.block_policies(scope.block).irreversible.is_some() =>
            {
                let act = Irreversible {
                    block: scope.block,
                    calls,
                };
                return Some((place, act, looped));
            }
            _ => {}
        }
    }
    None
}

pub(crate) fn to_confirm(m: &mut Machine<'_>, f: FiberId) -> ToConfirm {
    loop {
        let Some((place, act, looped)) = unconfirmed(m, f) else {
            return ToConfirm::Nothing;
        };
        let mut list = Vec::new();
        if let Some(looped) = looped
            && let Some(Frame::For(frame)) = frame_mut(m, looped)
        {
            match frame
                .confirmed
                .iter()
                .find(|(other, _)| *other == act)
                .map(|(_, how)| *how)
            {
                Some(Confirmed::Yes) => {
                    if let Some(Frame::Scope(scope)) = frame_mut(m, place) {
                        scope.confirmed = true;
                    }
                    continue;
                }
                Some(Confirmed::Asking) => return ToConfirm::Wait,
                Some(Confirmed::Declined) => return ToConfirm::Declined,
                None => {
                    frame.confirmed.push((act.clone(), Confirmed::Asking));
                    list.clone_from(&frame.labels);
                }
            }
        }
        return ToConfirm::Ask(Box::new(question(m, f, place, act.block, &list)));
    }
}

fn question(m: &Machine<'_>, f: FiberId, place: Place, block: BlockId, list: &[String]) -> Prompt {
    let reason = m.block_policies(block).irreversible.as_ref();
    let source = reason
        .map(|reason| reason.source.clone())
        .unwrap_or_default();
    let reason = reason.map(|reason| m.text(f, reason)).unwrap_or_default();
    let name = match frame(m, place) {
        Some(Frame::Scope(scope)) => scope.kind.node().and_then(|node| m.node_name(node)),
        _ => None,
    };
    let phrase = name.unwrap_or_else(|| "yes".to_owned());
    let mut detail = Vec::new();
    if !list.is_empty() {
        detail.push(Detail::Prose(format!("for each of: {}", list.join(", "))));
    }
    Prompt {
        kind: PromptKind::Irreversible { phrase },
        keys: vec![reason.clone(), source],
        text: reason,
        detail,
        path: m.path(f),
        deadline: None,
        otherwise: None,
    }
}

/// The operator typed the phrase: what is asked about may act, and so may the rest of its loop's list.
pub(crate) fn confirmed(m: &mut Machine<'_>, f: FiberId) {
    let Some((place, act, looped)) = unconfirmed(m, f) else {
        return;
    };
    if let Some(Frame::Scope(scope)) = frame_mut(m, place) {
        scope.confirmed = true;
    }
    if let Some(looped) = looped
        && let Some(Frame::For(frame)) = frame_mut(m, looped)
    {
        frame.confirmed.retain(|(other, _)| *other != act);
        frame.confirmed.push((act, Confirmed::Yes));
    }
    wake_waiting(m);
}

/// The operator did not. Declined for one is declined for the list; the next time the step is tried it is asked
/// again.
pub(crate) fn declined(m: &mut Machine<'_>, f: FiberId) {
    let Some((_, act, looped)) = unconfirmed(m, f) else {
        return;
    };
    if let Some(looped) = looped
        && let Some(Frame::For(frame)) = frame_mut(m, looped)
    {
        frame.confirmed.retain(|(other, _)| *other != act);
        if frame.parallel.is_some() {
            frame.confirmed.push((act, Confirmed::Declined));
        }
    }
    wake_waiting(m);
}

/// What was declined for a list is tried again, by the operator's word: then it is asked about again.
pub(crate) fn tried_again(m: &mut Machine<'_>, f: FiberId) {
    for place in places(m, f) {
        if let Some(Frame::For(frame)) = frame_mut(m, place) {
            frame
                .confirmed
                .retain(|(_, how)| *how != Confirmed::Declined);
        }
    }
}

/// Branches that wait for the answer of the one that asks.
fn wake_waiting(m: &mut Machine<'_>) {
    let waiting: Vec<FiberId> =
        m.s.fibers
            .iter()
            .filter(|(_, fiber)| fiber.waiting == Waiting::Gate)
            .map(|(id, _)| *id)
            .collect();
    for fiber in waiting {
        m.wake(fiber, Input::Enter);
    }
}
