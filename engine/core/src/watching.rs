//! One look at what a trigger watches, as a run of its own: the trigger's `let`s, then its condition. It needs no
//! lock and no person, begins no clock, and ends `mitigated` where the trigger fires on what it saw, `no_action` where
//! it does not, and `failed` where it could not look.

use std::collections::BTreeMap;

use runbook_plan::Plan;
use runbook_plan::expr::Expr;
use runbook_plan::ids::{BlockId, NodeId, VarId};
use runbook_plan::plan::{
    Block, InputRules, LetValue, Node, NodeKind, Outcome, Trigger, TriggerWhen,
};
use runbook_plan::value::Value;

use crate::effect::Effect;
use crate::event::{Event, Fact, Moment, Started};
use crate::state::{Over, State};
use crate::step::step;
use crate::window::Seen;

/// The plan of one look. `given` are the params that have a value; the others without a default have none.
pub fn look(plan: &Plan, trigger: &Trigger, given: &BTreeMap<String, Value>) -> Plan {
    let mut look = bare(plan, given);
    look.locks.clear();
    let mut fires = lets(&mut look, trigger, &trigger.start_with);
    fires.push(ends(&mut look, trigger, Outcome::Mitigated));
    let mut nodes = plan.blocks[trigger.lets.index()].nodes.clone();
    if let TriggerWhen::Condition(condition) = &trigger.when {
        let then = block(&mut look, trigger, fires);
        let asks = NodeKind::If {
            arms: vec![(condition.clone(), then)],
            otherwise: None,
        };
        nodes.push(node(&mut look, trigger, asks));
    }
    nodes.push(ends(&mut look, trigger, Outcome::NoAction));
    look.root = Some(block(&mut look, trigger, nodes));
    look
}

/// What a look that is over says of what the trigger looks for.
pub fn seen(trigger: &Trigger, over: &Over) -> Seen {
    let outcome = match over {
        Over::Ended { outcome, .. } => Some(*outcome),
        Over::Parked { .. } | Over::No => None,
    };
    match (outcome, &trigger.when) {
        (Some(Outcome::Mitigated), _) => Seen::Holds,
        (Some(Outcome::NoAction), _) => Seen::HoldsNot,
        // `fires when failing` looks for just that.
        (_, TriggerWhen::Failing) => Seen::Holds,
        (_, TriggerWhen::Condition(_)) => Seen::Unknown,
    }
}

/// The params that a trigger starts its run with, by what its last look came to. Where nothing could be looked at,
/// what needs no look is known all the same.
pub fn starts_with(
    plan: &Plan,
    trigger: &Trigger,
    given: &BTreeMap<String, Value>,
    looked: Option<&State>,
) -> BTreeMap<String, Value> {
    let mut params = BTreeMap::new();
    for pair in &trigger.start_with {
        let alone = || {
            let mut small = bare(plan, given);
            small.locks.clear();
            small.secrets.clear();
            let mut nodes = lets(&mut small, trigger, std::slice::from_ref(pair));
            nodes.push(ends(&mut small, trigger, Outcome::NoAction));
            small.root = Some(block(&mut small, trigger, nodes));
            begun(&small, given).0.value(pair.0).cloned()
        };
        let seen = looked.and_then(|looked| looked.value(pair.0)).cloned();
        if let Some(value) = seen.or_else(alone).filter(|value| *value != Value::Missing) {
            params.insert(plan.vars[pair.0.index()].name.clone(), value);
        }
    }
    params
}

/// The locks that a run with these params takes.
pub fn locks(plan: &Plan, given: &BTreeMap<String, Value>) -> Vec<String> {
    let (_, effects) = begun(&bare(plan, given), given);
    effects
        .into_iter()
        .find_map(|effect| match effect {
            Effect::TakeLocks { locks, .. } => Some(locks),
            _ => None,
        })
        .unwrap_or_default()
}

/// A plan as far as its own begin goes.
fn begun(plan: &Plan, given: &BTreeMap<String, Value>) -> (State, Vec<Effect>) {
    let started = Started {
        params: given.clone(),
        ..Started::default()
    };
    let fact = Fact {
        at: Moment::default(),
        event: Event::Started(started),
    };
    step(plan, State::default(), &fact)
}

/// The plan without what asks, waits or checks before its flow.
fn bare(plan: &Plan, given: &BTreeMap<String, Value>) -> Plan {
    let mut bare = plan.clone();
    bare.needs.clear();
    bare.guards.clear();
    bare.follow_ups.clear();
    bare.objective = None;
    for severity in &mut bare.severities {
        severity.within = None;
    }
    for block in &mut bare.blocks {
        block.guards.clear();
    }
    bare.params.retain(|param| {
        param.default.is_some() || given.contains_key(&plan.vars[param.var.index()].name)
    });
    for param in &mut bare.params {
        param.rules = InputRules::default();
    }
    bare
}

fn lets(plan: &mut Plan, trigger: &Trigger, pairs: &[(VarId, Expr)]) -> Vec<NodeId> {
    let bind = |(var, value): &(VarId, Expr)| NodeKind::Let {
        var: *var,
        value: LetValue::Expr(Box::new(value.clone())),
    };
    pairs
        .iter()
        .map(|pair| node(plan, trigger, bind(pair)))
        .collect()
}

fn ends(plan: &mut Plan, trigger: &Trigger, outcome: Outcome) -> NodeId {
    let text = None;
    node(plan, trigger, NodeKind::Finish { outcome, text })
}

fn node(plan: &mut Plan, trigger: &Trigger, kind: NodeKind) -> NodeId {
    let span = plan.blocks[trigger.lets.index()].span;
    plan.nodes.push(Node { kind, span });
    NodeId(u32::try_from(plan.nodes.len() - 1).unwrap_or(u32::MAX))
}

fn block(plan: &mut Plan, trigger: &Trigger, nodes: Vec<NodeId>) -> BlockId {
    let span = plan.blocks[trigger.lets.index()].span;
    plan.blocks.push(Block {
        nodes,
        span,
        ..Block::default()
    });
    BlockId(u32::try_from(plan.blocks.len() - 1).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case;

    #[test]
    fn the_locks_of_a_run_are_known_by_what_it_is_given_and_by_its_defaults() {
        let body =
            "param db: text = \"a\"\nparam table: text\nlock \"{{db}}.{{table}}\"\nconfirm \"Go?\"";
        let plan = case::plan(body);
        let text = |name: &str, text: &str| (name.to_owned(), Value::Text(text.into()));
        for (given, wanted) in [
            (vec![], "a.(unknown)"),
            (vec![text("table", "t")], "a.t"),
            (vec![text("db", "b"), text("table", "t")], "b.t"),
        ] {
            let given = given.into_iter().collect();
            assert_eq!(locks(&plan, &given), [wanted]);
        }
    }
}
