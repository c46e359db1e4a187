use runbook_grammar::span::Span;
use runbook_plan::ids::{BlockId, NodeId};
use runbook_plan::plan::Var;
use runbook_plan::value::Type;

use super::*;
use crate::effect::EffectId;
use crate::event::Moment;
use crate::state::tests::{asking, timer};
use crate::state::{Fiber, FiberId, Halt, Passed, Phase, TimerKind, UndoEntry};

fn plan(names: &[&str]) -> Plan {
    let var = |name: &&str| Var {
        name: (*name).into(),
        ty: Type::Text,
        span: Span::default(),
    };
    Plan {
        vars: names.iter().map(var).collect(),
        ..Plan::default()
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A run where there is one of everything; `tag` is the number of its one name.
fn run(tag: u32) -> State {
    let fiber = Fiber {
        env: [(VarId(tag), text("v1"))].into(),
        ..Fiber::default()
    };
    let entry = UndoEntry {
        path: "one".into(),
        title: "One".into(),
        block: BlockId(tag),
        values: [(VarId(tag), text("v0"))].into(),
        wants: Vec::new(),
        guards: Vec::new(),
        surroundings: None,
        owner: Vec::new(),
        segments: Vec::new(),
        iteration: vec![0],
    };
    let crossed = UndoMark::Irreversible {
        path: "two".into(),
        owner: Vec::new(),
    };
    let passed = Passed {
        node: NodeId(tag),
        path: "up".into(),
        at: Moment::default(),
        undo: 1,
        call: "web".into(),
        frames: Vec::new(),
        steps: (0, 0),
    };
    State {
        phase: Phase::Running,
        fibers: [(FiberId(0), fiber)].into(),
        pending: [(EffectId(4), asking(Some(FiberId(0))))].into(),
        severity: Some("P1".into()),
        severities: vec!["P0".into(), "P1".into()],
        timers: [((5, 1), timer(None, TimerKind::Objective, 5))].into(),
        undo: vec![(1, UndoMark::Step(Box::new(entry))), (2, crossed)],
        checkpoints: vec![passed],
        ..State::default()
    }
}

type Change<'a> = &'a dyn Fn(&mut State);

fn step(state: &mut State) -> &mut UndoEntry {
    match &mut state.undo[0].1 {
        UndoMark::Step(entry) => entry,
        UndoMark::Irreversible { .. } => panic!("the first is a step"),
    }
}

#[test]
fn a_run_is_alike_whatever_its_names_are_numbered() {
    let (then, now) = (plan(&["tag"]), plan(&["more", "tag"]));
    assert_eq!(alike((&then, &run(0)), (&now, &run(1))), Ok(()));
}

#[test]
fn whatever_was_bound_is_pending_or_due_has_to_be_the_same() {
    let place = "the run would stand at another place";
    let limit = "a time limit that already runs is different";
    let taken = "something else would be taken back";
    let severities = "the severities are different";
    let passed = "the checkpoints that were passed are different";
    let changes: [(&str, Change<'_>); 19] = [
        (place, &|s| s.phase = Phase::Undoing),
        (place, &|s| s.halt = Some(Halt::AfterStep)),
        (place, &|s| s.stopped.push(vec![FiberId(0)])),
        (place, &|s| {
            s.fibers.insert(FiberId(1), Fiber::default());
        }),
        ("`tag` would have another value", &|s| {
            let env = &mut s.fibers.values_mut().next().unwrap().env;
            env.insert(VarId(0), text("v2"));
        }),
        ("`tag` would have another value", &|s| {
            s.fibers.values_mut().next().unwrap().env.clear();
        }),
        ("`more` has no value, and the run is past it", &|s| {
            let env = &mut s.fibers.values_mut().next().unwrap().env;
            env.insert(VarId(1), text("v2"));
        }),
        ("something else would be under way", &|s| {
            s.pending.insert(EffectId(5), asking(None));
        }),
        (severities, &|s| s.severity = None),
        (severities, &|s| {
            s.severities.pop();
        }),
        (limit, &|s| {
            s.timers.clear();
        }),
        (limit, &|s| {
            s.timers.values_mut().next().unwrap().deadline.at.wall += 1;
        }),
        (limit, &|s| s.timers.values_mut().next().unwrap().depth += 1),
        (taken, &|s| s.undo[1].0 = 3),
        (taken, &|s| {
            s.undo.pop();
        }),
        (taken, &|s| step(s).path = "other".into()),
        (taken, &|s| step(s).iteration = vec![1]),
        (taken, &|s| {
            step(s).values.insert(VarId(0), text("v3"));
        }),
        (passed, &|s| s.checkpoints[0].path = "other".into()),
    ];
    let plan = plan(&["tag", "more"]);
    for (at, (why, change)) in changes.iter().enumerate() {
        let mut other = run(0);
        change(&mut other);
        let told = alike((&plan, &run(0)), (&plan, &other));
        assert_eq!(told, Err((*why).to_owned()), "change {at}");
    }
}
