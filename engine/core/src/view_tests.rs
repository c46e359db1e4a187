use runbook_plan::show;

use super::*;
use crate::case::{Case, plan};
use crate::event::Event;

/// What a person sees, in a few lines; what there is nothing of is left out.
fn seen(case: &Case<'_>) -> Vec<String> {
    let view = view(case.plan, &case.state);
    let mut lines = Vec::new();
    let mut says = |word: &str, of: &[String]| {
        if !of.is_empty() {
            lines.push(format!("{word} {}", of.join(", ")));
        }
    };
    let step = view.step.iter().map(|step| {
        let (number, of, kind) = (step.number, step.of, step.kind);
        format!(
            "{number}/{of} {kind:?} {} “{}” {}",
            step.path, step.title, step.attempt
        )
    });
    says("at", &step.collect::<Vec<_>>());
    says("within", &view.within);
    let due = |deadline: &Option<Deadline>| match deadline {
        Some(deadline) => show::duration(deadline.at.wall.unsigned_abs()),
        None => "-".into(),
    };
    let running = view.running.iter().map(|one| {
        let (path, command) = (&one.path, &one.command);
        let on = one.on.as_deref().unwrap_or("here");
        format!("{path} `{command}` {on} until {}", due(&one.deadline))
    });
    says("runs", &running.collect::<Vec<_>>());
    let clocks = view.clocks.iter().map(|clock| {
        let until = due(&Some(clock.deadline.clone()));
        format!("{} from {} to {until}", clock.what, clock.started)
    });
    says("clocks", &clocks.collect::<Vec<_>>());
    let waiting = view
        .waiting
        .iter()
        .map(|wait| format!("{} until {}", wait.what, due(&wait.until)));
    says("waits", &waiting.collect::<Vec<_>>());
    says("next", &view.next);
    says("undoable", &view.undoable);
    says("checkpoints", &view.checkpoints);
    let values = view
        .values
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    says("values", &values.collect::<Vec<_>>());
    says("severity", &view.severity.into_iter().collect::<Vec<_>>());
    lines
}

#[test]
fn where_a_run_stands_is_seen_at_each_of_its_steps() {
    let plan = plan(
        r#"objective 1h until up
severity P0 "Down" within 30m
param level: severity = P0
param who: text = "web"
procedure restart(what: text) "Restart {{what}}" {
  step stop "Stop {{what}}" {
    ? ./stop {{what}}
  }
}
checkpoint ready "Ready" {
  ? ./ready
}
section work "Work on {{who}}" within 20m {
  step one "One for {{who}}" {
    $ ./one
    undo $ ./undo-one
    timeout 2m
  }
  do restart("db") as db
  wait 5m
}
attempt quick "Quick" {
  step two "Two" {
    $ ./two
    undo $ ./undo-two
  }
} otherwise {
  > It was not.
}
do restart("cache") as cache
checkpoint up "Up" {
  http GET http://h/
}
step last "Last" {
  ? ./last
}"#,
    );
    let mut case = Case::of(&plan);
    assert_eq!(
        seen(&case),
        [
            "at 1/5 Checkpoint ready “Ready” 1",
            "runs ready `./ready` here until -",
            "clocks severity P0 from 0 to 30m, objective from 0 to 1h",
            "next Work on web, Quick, Restart {{what}}",
            "values level = P0, who = web",
            "severity P0",
        ]
    );
    case.prints("");
    assert_eq!(
        seen(&case),
        [
            "at 1/5 Step work.one “One for web” 1",
            "within Work on web",
            "runs work.one `./one` here until 2m",
            "clocks Work on web from 0 to 20m, severity P0 from 0 to 30m, objective from 0 to 1h",
            "next Restart {{what}}, Quick, Restart {{what}}",
            "undoable work.one",
            "checkpoints ready",
            "values level = P0, who = web",
            "severity P0",
        ]
    );
    case.prints("");
    assert_eq!(
        seen(&case)[..3],
        [
            "at 2/5 Step work.db.stop “Stop db” 1",
            "within Work on web, Restart db",
            "runs work.db.stop `./stop db` here until -",
        ]
    );
    case.prints("");
    let waits = seen(&case);
    assert!(waits.contains(&"waits 5m until 5m".to_owned()), "{waits:?}");
    assert!(waits.contains(&"next Quick, Restart {{what}}, Up".to_owned()));
    case.later(300_000);
    assert_eq!(
        seen(&case)[..5],
        [
            "at 3/5 Step quick.two “Two” 1",
            "within Quick",
            "runs quick.two `./two` here until -",
            "clocks severity P0 from 0 to 30m, objective from 0 to 1h",
            "next Restart {{what}}, Up, Last",
        ]
    );
    case.prints("");
    case.prints("");
    assert_eq!(
        seen(&case)[..6],
        [
            "at 4/5 Checkpoint up “Up” 1",
            "runs up `GET http://h/` here until -",
            "clocks severity P0 from 0 to 30m, objective from 0 to 1h",
            "next Last",
            "undoable quick.two, work.one",
            "checkpoints ready",
        ]
    );
    let request = view(&plan, &case.state).running[0].effect;
    case.happens(Event::Responded {
        effect: request,
        status: 200,
        headers: Vec::new(),
        body: crate::event::Captured::default(),
        elapsed_ms: 0,
    });
    assert_eq!(
        seen(&case)[..2],
        [
            "at 5/5 Step last “Last” 1",
            "runs last `./last` here until -"
        ]
    );
    case.prints("");
    let view = view(&plan, &case.state);
    assert!(matches!(view.phase, Phase::Ended { .. }));
    assert_eq!(
        (&*view.run, &*view.operator, &*view.title),
        ("run-1", "ada", "A case")
    );
}

#[test]
fn nothing_is_undoable_beyond_what_is_irreversible() {
    let plan = plan(
        r#"host db "db.example.com"
step one "One" {
  $ ./one
  undo $ ./undo-one
}
step gone "Gone" {
  irreversible "It is gone."
  $ ./gone
}
step two "Two" {
  on db
  $ ./two
  undo $ ./undo-two
}"#,
    );
    let mut case = Case::of(&plan);
    assert_eq!(view(&plan, &case.state).phase, Phase::Preparing);
    case.has_what_it_needs();
    case.prints("");
    case.answers(crate::prompt::Answer::Typed {
        text: "gone".into(),
    });
    case.prints("");
    assert_eq!(view(&plan, &case.state).phase, Phase::Running);
    assert_eq!(
        seen(&case),
        [
            "at 3/3 Step two “Two” 1",
            "runs two `./two` db until -",
            "undoable two",
        ]
    );
}

#[test]
fn a_wait_says_how_long_it_may_last() {
    let plan = plan("wait up to 10m every 1m {\n  ? ./up\n}");
    let case = Case::of(&plan);
    let waits = seen(&case);
    assert!(
        waits.contains(&"waits up to 10m until 10m".to_owned()),
        "{waits:?}"
    );
}

#[test]
fn what_comes_next_in_a_parallel_is_what_has_not_begun() {
    let steps: String = ["one", "two", "three", "four"]
        .map(|name| format!("step {name} \"{name}\" {{\n  $ ./{name}\n  repeatable\n}}\n"))
        .concat();
    let plan = plan(&format!(
        "parallel \"All\" max 2 {{\n{steps}}}\nstep last \"last\" {{\n  $ ./last\n  repeatable\n}}"
    ));
    let mut case = Case::of(&plan);
    let next = |case: &Case<'_>| view(case.plan, &case.state).next;
    assert_eq!(next(&case), ["three", "four", "last"]);
    // A branch that Ctrl-C keeps from beginning has not begun either.
    case.happens(Event::Interrupted { times: 1 });
    case.prints("");
    assert_eq!(next(&case), ["three", "four", "last"]);
}
