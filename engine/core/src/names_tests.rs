use super::*;
use crate::case::{Case, plan};
use crate::eval::Scope as _;

fn fact(case: &Case<'_>, fact: RunFact) -> Value {
    Seen::new(case.plan, &case.state, FiberId(0)).run(fact)
}

#[test]
fn a_run_that_nobody_could_find_again_has_a_made_up_number() {
    let plan = plan("confirm \"Go?\"");
    let mut case = Case::of(&plan);
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(fact(&case, RunFact::Id), text("run-1"));
    case.state.started.run.clear();
    assert_eq!(fact(&case, RunFact::Id), text("‹run.id›"));
    assert_eq!(fact(&case, RunFact::Operator), text("ada"));
    assert_eq!(fact(&case, RunFact::Trigger), Value::Missing);
    case.state.started.trigger = Some("disk_full".into());
    assert_eq!(fact(&case, RunFact::Trigger), text("disk_full"));
}

#[test]
fn a_step_on_a_way_that_was_not_taken_is_none_that_may_still_be_met() {
    let plan = plan(
        "step a \"A\" {\n  ? ./a\n}\nlet up: bool = ? ./up\nif up {\n  step b \"B\" {\n    ? ./b\n  }\n} else {\n  step c \"C\" {\n    ? ./c\n  }\n  step d \"D\" {\n    ? ./d\n  }\n}\nstep e \"E\" {\n  ? ./e\n}",
    );
    let mut case = Case::of(&plan);
    let at = |case: &Case<'_>| {
        let step = crate::view::view(case.plan, &case.state).step;
        step.map(|step| (step.title, step.number, step.of))
    };
    assert_eq!(at(&case), Some(("A".into(), 1, 5)));
    case.prints("");
    case.prints("");
    assert_eq!(at(&case), Some(("B".into(), 2, 3)));
    case.prints("");
    assert_eq!(at(&case), Some(("E".into(), 3, 3)));
}
