//! `runbook test --explore`: what is wrong with a runbook is found, and the way to it can be played.

use std::path::Path;

use runbook_grammar::source::Sources;
use runbook_host::scripted::explore::{Explored, Kind, explore};
use runbook_host::scripted::scenario::{judge, scenarios};
use runbook_plan::Plan;

use crate::plan::plan_of_text;

fn plan(body: &str) -> Plan {
    let text = format!("rbk 1\nrunbook \"A case\"\n\n{body}\n");
    let (_, plan, told) = plan_of_text(Path::new("."), "case.rbk", &text);
    plan.unwrap_or_else(|| panic!("{told:?}"))
}

/// Each finding in a line; the way to each is played, and comes to what it says.
fn found(body: &str) -> Vec<String> {
    let plan = plan(body);
    let explored = explore(&plan);
    plays(&plan, &explored);
    explored
        .findings
        .iter()
        .map(|finding| format!("{:?} {}", finding.kind, finding.what))
        .collect()
}

fn plays(plan: &Plan, explored: &Explored) {
    for finding in &explored.findings {
        let text = format!(
            "rbk 1\nscenarios for \"case.rbk\"\n\n{}",
            finding.story.text("a way")
        );
        let mut sources = Sources::default();
        let id = sources.add("case.test.rbk", text.clone());
        let (file, mistakes) = runbook_grammar::parse::parse(sources.get(id));
        assert!(mistakes.is_empty(), "{mistakes:?}\n{text}");
        let read = scenarios(sources.get(id), &file).expect("a scenario");
        let verdict = judge(plan, &read[0]);
        // Who goes in circles comes to no end, and says so.
        if finding.kind != Kind::EndsNowhere {
            assert!(verdict.faults.is_empty(), "{:?}\n{text}", verdict.faults);
        }
    }
}

const ACT: &str = "step act \"Act\" {\n  $ ./act\n";

#[test]
fn a_step_that_acted_and_stays_is_found_and_one_that_is_told_or_taken_back_is_not() {
    let then = "step then \"Then\" {\n  $ ./then\n  undo $ ./back\n}\n";
    assert_eq!(
        found(&format!("{ACT}  repeatable\n}}\n{then}")),
        [
            "LeftBehind `act` may have acted when the run fails: nothing takes it back, and nobody is told"
        ]
    );
    assert!(found(&format!("{ACT}  undo $ ./unact\n}}\n{then}")).is_empty());
    let told = "channel ops \"#ops\" {\n  $ ./tell\n}\nmessage sorry to ops {\n  > It failed.\n}\n";
    let handled = "  repeatable\n  on failure { notify sorry }\n}\n";
    let found = found(&format!("{told}{ACT}{handled}"));
    // Where even the message cannot be sent, nobody is told.
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn what_is_undone_does_not_cross_what_is_irreversible() {
    let found = found(
        "attempt fix \"Fix\" {\n  step one \"One\" {\n    $ ./one\n    undo $ ./unone\n  }\n  step drop \"Drop\" {\n    $ ./drop\n    irreversible \"Gone\"\n  }\n  step last \"Last\" {\n    $ ./last\n    undo $ ./unlast\n  }\n} otherwise {\n  step other \"Other\" {\n    ? ./other\n  }\n}\n",
    );
    assert!(
        found.contains(
            &"UndoesAcrossIrreversible what is undone stops at `fix.drop`, which is irreversible"
                .to_owned()
        ),
        "{found:?}"
    );
}

#[test]
fn a_way_that_ends_nowhere_is_found() {
    assert_eq!(
        found("let open: bool = ? ./open\nif open {\n  finish resolved\n}\n"),
        ["EndsNowhere it runs off the end, where other ways say with `finish` how they end"]
    );
}

#[test]
fn every_row_and_arm_is_come_to_by_values_on_both_sides() {
    let plan = plan(
        r#"param where: one of [here, there] = "here"
let rate: percent = ? ./rate
let health: json = ? ./health
matrix how(rate: percent, up: bool) -> (act: choice) {
  | rate   | up  | act   |
  |--------|-----|-------|
  | > 10%  | any | stop  |
  | <= 10% | yes | go_on |
  | <= 10% | no  | look  |
}
let up: bool = ? ./up
decide how by act {
  stop { finish failed }
  go_on {
    > Go on.
  }
  look {
    > Look.
  }
}
if health.ready == yes and health.workers > 3 {
  > It is ready.
} else {
  > It is not.
}
if where == "there" {
  finish escalated
}
wait up to 1m every 5s {
  http GET http://localhost/health
  expect status == 204 and body.state == "green"
}
finish resolved
"#,
    );
    let explored = explore(&plan);
    let missed: Vec<String> = runbook_core::coverage::goals(&plan)
        .into_iter()
        .filter(|goal| !explored.reached.has(goal.place))
        .map(|goal| goal.title)
        .collect();
    assert_eq!(missed, Vec::<String>::new());
    assert_eq!(explored.left, 0);
    assert_eq!(explored.unanswered, Vec::<String>::new());
}

#[test]
fn what_is_found_is_found_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tour");
    let text = std::fs::read_to_string(folder.join("tour.rbk")).expect("the tour");
    let (_, plan, told) = plan_of_text(&folder, "tour.rbk", &text);
    let plan = plan.unwrap_or_else(|| panic!("{told:?}"));
    let [one, other] = [explore(&plan), explore(&plan)];
    assert_eq!(one.ways, other.ways);
    assert_eq!(one.left, 0, "the bound is reached");
    let told = |explored: &Explored| -> Vec<String> {
        explored
            .findings
            .iter()
            .map(|it| format!("{} {} {}", it.what, it.ways, it.story.text("x")))
            .collect()
    };
    assert_eq!(told(&one), told(&other));
    plays(&plan, &one);
}
