//! Whether a run stands at the same place under two plans: what a changed runbook has to show before a run that is
//! under way goes on with it.

use std::collections::BTreeMap;

use runbook_plan::Plan;
use runbook_plan::ids::VarId;
use runbook_plan::value::Value;

use crate::state::{State, UndoMark};

/// Holds a run under one plan against the same run under another, both folded from the same facts.
///
/// What is still to come may differ; what was bound, what is pending, what can be taken back and when something is
/// due may not.
///
/// # Errors
/// What is different, for a person.
pub fn alike(then: (&Plan, &State), now: (&Plan, &State)) -> Result<(), String> {
    let ((plan, a), (other, b)) = (then, now);
    if a.phase != b.phase
        || a.halt != b.halt
        || a.stopped != b.stopped
        || a.fibers.len() != b.fibers.len()
    {
        return Err("the run would stand at another place".into());
    }
    for (x, y) in a.fibers.values().zip(b.fibers.values()) {
        let (x, y) = (named(plan, &x.env), named(other, &y.env));
        if let Some((name, _)) = x.iter().find(|(name, value)| y.get(*name) != Some(*value)) {
            return Err(format!("`{name}` would have another value"));
        }
        if let Some((name, _)) = y.iter().find(|(name, _)| !x.contains_key(*name)) {
            return Err(format!("`{name}` has no value, and the run is past it"));
        }
    }
    if !a.pending.keys().eq(b.pending.keys()) {
        return Err("something else would be under way".into());
    }
    if a.severity != b.severity || a.severities != b.severities {
        return Err("the severities are different".into());
    }
    let due = |state: &State| -> Vec<_> {
        let timers = state.timers.values();
        timers
            .map(|timer| (timer.deadline.clone(), timer.depth))
            .collect()
    };
    if due(a) != due(b) {
        return Err("a time limit that already runs is different".into());
    }
    let marks = |plan: &Plan, state: &State| -> Vec<String> {
        state
            .undo
            .iter()
            .map(|(at, mark)| undoable(plan, *at, mark))
            .collect()
    };
    if marks(plan, a) != marks(other, b) {
        return Err("something else would be taken back".into());
    }
    let passed = |state: &State| -> Vec<_> {
        let passed = state.checkpoints.iter();
        passed
            .map(|passed| (passed.path.clone(), passed.undo, passed.call.clone()))
            .collect()
    };
    if passed(a) != passed(b) {
        return Err("the checkpoints that were passed are different".into());
    }
    Ok(())
}

fn named<'p, 's>(
    plan: &'p Plan,
    env: &'s BTreeMap<VarId, Value>,
) -> BTreeMap<&'p str, Vec<&'s Value>> {
    let mut found: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (var, value) in env {
        found
            .entry(&plan.vars[var.index()].name)
            .or_default()
            .push(value);
    }
    found
}

fn undoable(plan: &Plan, at: u64, mark: &UndoMark) -> String {
    match mark {
        UndoMark::Step(entry) => format!(
            "{at} {} {:?} {:?}",
            entry.path,
            entry.iteration,
            named(plan, &entry.values)
        ),
        UndoMark::Irreversible { path, .. } => format!("{at} {path}"),
    }
}

#[cfg(test)]
#[path = "alike_tests.rs"]
mod tests;
