//! What a run does that lost its engine: commands found alive or gone, clocks after a reboot, locks that are taken
//! meanwhile, a second crash on the way.

use std::path::Path;

use runbook_core::effect::{Effect, EffectId, EndWhy, Notice};
use runbook_core::event::{Captured, Event, Exit, Fact, Found, Learned};
use runbook_core::prompt::{Answer, PromptKind};
use runbook_core::state::Over;
use runbook_host::scripted::world::BOOT;
use runbook_host::scripted::{Play, Played, Script, World, fold, play};
use runbook_plan::Plan;
use runbook_plan::plan::Outcome;

use crate::plan::plan_of_text;

mod limits;
mod orphans;

fn plan(body: &str) -> Plan {
    let text = format!("rbk 1\nrunbook \"A case\"\n\n{body}\n");
    let (_, plan, told) = plan_of_text(Path::new("."), "case.rbk", &text);
    plan.unwrap_or_else(|| panic!("{told:?}"))
}

fn world(directives: &str) -> World {
    let lines: Vec<String> = directives
        .lines()
        .map(|line| format!("#~ {}", line.trim()))
        .filter(|line| line.len() > 3)
        .collect();
    World::new(Script::of_case(&lines.join("\n")).expect("a script"))
}

/// The run after its engine died with a command let go: the journal ends with the `nth` `Spawned`.
fn crashed<'p>(plan: &'p Plan, world: &World, nth: usize) -> Play<'p> {
    let (whole, _) = play(plan, world.clone());
    let at = whole
        .facts
        .iter()
        .enumerate()
        .filter(|(_, fact)| matches!(fact.event, Event::Spawned { .. }))
        .nth(nth)
        .expect("a command that was let go")
        .0;
    fold(plan, world.clone(), &whole.facts[..=at])
}

fn alive() -> Found {
    Found::Alive {
        processes: vec!["4711 ./one".into()],
    }
}

fn ended(played: &Played) -> Outcome {
    match played {
        Played::Over(Over::Ended { outcome, .. }) => *outcome,
        other => panic!("{other:?}"),
    }
}

fn parked(played: &Played) -> String {
    match played {
        Played::Over(Over::Parked { why }) => why.clone(),
        other => panic!("{other:?}"),
    }
}

/// How often a command was wished for.
fn runs(play: &Play<'_>, shown: &str) -> usize {
    play.wished
        .iter()
        .filter(|effect| matches!(effect, Effect::Run(run) if run.shown == shown))
        .count()
}

const ONE: &str = "step one \"One\" {\n  $ ./one\n  undo $ ./undo-one\n}\nstep two \"Two\" {\n  $ ./two\n  repeatable\n}";

fn asks_in_doubt(run: &Play<'_>) -> bool {
    run.state
        .prompts()
        .any(|(_, prompt)| matches!(prompt.kind, PromptKind::InDoubt { .. }))
}

/// Somebody answers the question that is open.
fn says(run: &mut Play<'_>, answer: Answer) {
    let asked = run.state.prompts().map(|(id, _)| id).next();
    run.happens(Event::Answered {
        effect: asked.unwrap_or_else(|| panic!("{}", run.transcript.text())),
        answer,
        by: "ada".into(),
    });
}

fn done(reason: &str) -> Answer {
    Answer::Done {
        reason: reason.into(),
    }
}

fn later(run: &mut Play<'_>, ms: i64) {
    run.now.boot += ms;
    run.now.wall += ms;
}

const TIMED: &str =
    "step one \"One\" {\n  $ ./one\n  undo $ ./undo-one\n  timeout 30s\n  retry 2 every 2s\n}";

#[test]
fn a_script_stands_in_a_sentence_by_its_first_line() {
    let body = "step one \"One\" {\n  $ ```sh\n    ./one\n    exit 3\n  ```\n}";
    let plan = plan(body);
    let shown = "./one\nexit 3\n";
    let gone = world("answer \"`./one …` was under way when the engine ended; was it done?\" fail");
    let mut run = crashed(&plan, &gone, 0);
    run.resume(BOOT, &mut |_| Found::Gone);
    assert_eq!(ended(&run.run()), Outcome::Failed);
    assert_eq!(runs(&run, shown), 1);
    let asked = run.transcript.text();
    assert!(!asked.contains("./one\nexit 3"), "{asked}");

    let mut run = crashed(&plan, &world(""), 0);
    run.resume(BOOT, &mut |_| alive());
    let why = parked(&run.run());
    assert!(why.contains("`./one …`"), "{why}");
}

#[test]
fn what_is_run_again_after_a_crash_says_why() {
    let looks = ("let name: text = ? ./look", "it only looks");
    let again = (
        "step one \"One\" {\n  $ ./one\n  repeatable\n}",
        "its step says `repeatable`",
    );
    for (body, why) in [looks, again] {
        let plan = plan(body);
        let mut run = crashed(&plan, &world(""), 0);
        run.resume(BOOT, &mut |_| Found::Gone);
        assert_eq!(ended(&run.run()), Outcome::Resolved);
        let told = run.transcript.text();
        let whole = format!("it was under way when the engine ended; {why}, so it is run again");
        assert!(told.contains(&whole), "{told}");
    }
}

#[test]
fn a_lock_is_not_taken_before_its_turn_however_often_the_run_is_taken_up() {
    let plan =
        plan("param db: text\nlock \"db-{{db}}\"\nstep one \"One\" {\n  $ ./one\n  repeatable\n}");
    let (whole, came) = play(&plan, world(""));
    parked(&came);
    let mut run = fold(&plan, world("answer db \"a\""), &whole.facts);
    run.resume(BOOT, &mut |_| Found::NeverStarted);
    assert_eq!(ended(&run.run()), Outcome::Resolved);
    let locks: Vec<_> = run
        .wished
        .iter()
        .filter_map(|effect| match effect {
            Effect::TakeLocks { locks, .. } => Some(locks.join(", ")),
            _ => None,
        })
        .collect();
    assert_eq!(locks, ["db-a"]);
}

#[test]
fn j05_a_done_if_settles_a_step_in_flight() {
    let body = "step one \"One\" {\n  done if ? test -e /one\n  $ touch /one\n  $ ./more\n}\nstep two \"Two\" {\n  $ ./two\n  repeatable\n}";
    let plan = plan(body);
    // 1: not done, before the crash; then what it says after it.
    for (says, times, more) in [("exits 0", 1, 0), ("exits 1", 2, 1)] {
        let world = world(&format!("when \"test*\" exits 1\n when \"test*\" {says}"));
        let mut run = crashed(&plan, &world, 1);
        run.resume(BOOT, &mut |_| Found::Gone);
        assert_eq!(
            ended(&run.run()),
            Outcome::Resolved,
            "{}",
            run.transcript.text()
        );
        assert_eq!(runs(&run, "touch /one"), times, "{}", run.transcript.text());
        assert_eq!(runs(&run, "./more"), more);
        assert_eq!(runs(&run, "./two"), 1);
    }
    let world = world("when \"test*\" exits 1\n when \"test*\" exits 2");
    let mut run = crashed(&plan, &world, 1);
    run.resume(BOOT, &mut |_| Found::Gone);
    let why = parked(&run.run());
    assert!(why.contains("was it done?"), "{why}");
    assert_eq!(runs(&run, "touch /one"), 1);
}

#[test]
fn j05_what_looks_or_may_be_repeated_is_run_again_and_what_acts_is_asked_about() {
    let plan = plan(
        "let a: text = ? ./look\nstep again \"Again\" {\n  $ ./again\n  repeatable\n}\nstep once \"Once\" {\n  $ ./once\n}",
    );
    for (nth, shown, times) in [(0, "./look", 2), (1, "./again", 2), (2, "./once", 1)] {
        let mut run = crashed(&plan, &world(""), nth);
        run.resume(BOOT, &mut |_| Found::Gone);
        let came = run.run();
        assert_eq!(runs(&run, shown), times, "{}", run.transcript.text());
        if shown == "./once" {
            assert!(parked(&came).contains("was it done?"));
        } else {
            assert_eq!(ended(&came), Outcome::Resolved);
        }
    }
}

#[test]
fn a_get_in_flight_is_sent_again_and_a_post_is_asked_about() {
    let plan = plan(
        "step get \"Get\" {\n  http GET http://localhost/a\n}\nstep post \"Post\" {\n  http POST http://localhost/b\n}",
    );
    let (whole, _) = play(&plan, world(""));
    let mut seen = Vec::new();
    for at in 1..whole.facts.len() {
        let mut run = fold(&plan, world(""), &whole.facts[..at]);
        if run.state.in_flight().is_empty() {
            continue;
        }
        run.resume(BOOT, &mut |_| Found::Gone);
        seen.push(match run.run() {
            Played::Over(Over::Ended { .. }) => "again",
            Played::Over(Over::Parked { .. }) => "asked",
            _ => "stuck",
        });
    }
    assert_eq!(seen, ["again", "asked"]);
}

#[test]
fn nothing_goes_on_without_its_lock() {
    let plan = plan("lock \"db\"\nstep one \"One\" {\n  $ ./one\n  repeatable\n}");
    let free = world("");
    let (whole, _) = play(&plan, free);
    let at = whole
        .facts
        .iter()
        .position(|fact| matches!(fact.event, Event::LocksTaken { .. }))
        .expect("the lock");
    let mut run = fold(&plan, world("lacks lock db \"run-9\""), &whole.facts[..=at]);
    run.resume(BOOT, &mut |_| Found::NeverStarted);
    let why = parked(&run.run());
    assert!(why.contains("`db` is held by run-9"), "{why}");
    assert!(
        !run.facts
            .iter()
            .any(|fact| matches!(fact.event, Event::Spawned { .. })),
        "{}",
        run.transcript.text()
    );
}

/// The run after a crash while its `nth` command ran on another machine, and what that machine said of it.
fn told_by_its_machine<'p>(
    plan: &'p Plan,
    directives: &str,
    nth: usize,
    learned: Learned,
) -> Play<'p> {
    let mut run = crashed(plan, &world(directives), nth);
    run.resume(BOOT, &mut |_| Found::Gone);
    let asked = run.wished.iter().rev().find_map(|effect| match effect {
        Effect::Inquire { id, .. } => Some(*id),
        _ => None,
    });
    run.happens(Event::Learned {
        effect: asked.expect("its machine is asked"),
        learned,
    });
    run.run();
    run
}

#[test]
fn what_another_machine_cannot_say_is_not_run_beside_itself() {
    let there = |policy: &str| {
        let body = format!(
            "host db \"db.example.com\"\nstep one \"One\" {{\n  on db\n  $ ./one\n  {policy}\n}}"
        );
        plan(&body)
    };
    let unknown = || Learned::Unknown {
        why: "it keeps no records".into(),
    };
    // By its `done if` it is not done; it may all the same still be at work.
    let settled = there("done if ? ./is-done");
    let run = told_by_its_machine(&settled, "when \"./is-done\" exits 1", 1, unknown());
    assert!(asks_in_doubt(&run), "{}", run.transcript.text());
    assert_eq!(runs(&run, "./one"), 1);
    let repeatable = there("repeatable");
    let run = told_by_its_machine(&repeatable, "", 0, unknown());
    assert!(asks_in_doubt(&run), "{}", run.transcript.text());
    assert_eq!(runs(&run, "./one"), 1);
}

#[test]
fn how_it_ended_on_another_machine_does_not_stand_for_what_it_said() {
    let body = |judged: &str| {
        format!("host db \"db.example.com\"\nstep one \"One\" {{\n  on db\n  $ ./one\n{judged}}}")
    };
    let by_exit = plan(&body(""));
    let run = told_by_its_machine(&by_exit, "", 0, Learned::Ended { code: 0 });
    assert!(!asks_in_doubt(&run), "{}", run.transcript.text());
    let by_expect = plan(&body("  expect exit in [0, 3]\n"));
    let run = told_by_its_machine(&by_expect, "", 0, Learned::Ended { code: 0 });
    assert!(asks_in_doubt(&run), "{}", run.transcript.text());
}

#[test]
fn a_lock_that_was_busy_is_asked_for_again() {
    let plan = plan("lock \"db\"\nstep one \"One\" {\n  $ ./one\n  repeatable\n}");
    let (mut run, played) = play(&plan, world("lacks lock db \"run-9\""));
    let why = parked(&played);
    assert!(why.contains("`db` is held by run-9"), "{why}");
    // Still held, then free.
    run.resume(BOOT, &mut |_| Found::NeverStarted);
    parked(&run.run());
    run.world.script.busy = None;
    run.resume(BOOT, &mut |_| Found::NeverStarted);
    assert_eq!(ended(&run.run()), Outcome::Resolved);
    assert_eq!(runs(&run, "./one"), 1, "{}", run.transcript.text());
}

#[test]
fn j25_an_undo_in_flight_is_asked_about_and_the_order_is_kept() {
    let plan = plan(
        "attempt quick \"Quick\" {\n  step one \"One\" {\n    $ ./one\n    undo $ ./undo-one\n  }\n  step two \"Two\" {\n    $ ./two\n    undo $ ./undo-two\n  }\n  step bad \"Bad\" {\n    ? ./bad\n  }\n} otherwise {\n  finish rolled_back\n}",
    );
    let world = world(
        "when ./bad exits 1
         answer \"`./undo-two` was under way when the engine ended; was it done?\" done \"it was\"",
    );
    let mut run = crashed(&plan, &world, 3);
    run.resume(BOOT, &mut |_| Found::Gone);
    assert_eq!(
        ended(&run.run()),
        Outcome::RolledBack,
        "{}",
        run.transcript.text()
    );
    assert_eq!(runs(&run, "./undo-two"), 1);
    assert_eq!(runs(&run, "./undo-one"), 1);
}

#[test]
fn what_was_stopped_to_park_is_in_doubt() {
    let plan = plan(ONE);
    let world = world("when \"./one\" takes 10s\n at 3s stop \"SIGTERM\"");
    let (whole, came) = play(&plan, world.clone());
    assert_eq!(parked(&came), "SIGTERM");
    let mut run = fold(&plan, world, &whole.facts);
    assert!(run.state.in_flight().is_empty());
    run.resume(BOOT, &mut |_| Found::Gone);
    let doubt = run
        .state
        .prompts()
        .find(|(_, prompt)| matches!(prompt.kind, PromptKind::InDoubt { .. }))
        .map(|(id, _)| id)
        .expect("a question");
    run.happens(Event::Answered {
        effect: doubt,
        answer: done("it was"),
        by: "ada".into(),
    });
    assert_eq!(
        ended(&run.run()),
        Outcome::Resolved,
        "{}",
        run.transcript.text()
    );
    assert_eq!(runs(&run, "./one"), 1);
}

#[test]
fn a_question_keeps_its_number_when_it_is_asked_again() {
    let plan = plan("confirm \"Go?\"\nfinish no_action");
    let (whole, came) = play(&plan, world(""));
    assert!(parked(&came).contains("Go?"));
    let asked: Vec<EffectId> = whole.state.prompts().map(|(id, _)| id).collect();
    let mut run = fold(&plan, world("answer \"Go?\" yes"), &whole.facts);
    run.resume(BOOT, &mut |_| Found::Gone);
    assert_eq!(
        run.state.prompts().map(|(id, _)| id).collect::<Vec<_>>(),
        asked
    );
}

#[test]
fn j07_a_crash_during_recovery_is_one_more_crash() {
    let plan = plan(
        "attempt quick \"Quick\" {\n  step one \"One\" {\n    $ ./one\n    undo $ ./undo-one\n    repeatable\n  }\n  step bad \"Bad\" {\n    ? ./bad\n  }\n} otherwise {\n  step slow \"Slow\" {\n    done if ? ./is-slow\n    $ ./slow\n  }\n  finish rolled_back\n}",
    );
    let script = "when ./bad exits 1\n when ./is-slow exits 1\n answer \"`./undo-one` was under way when the engine ended; was it done?\" done";
    let (whole, came) = play(&plan, world(script));
    for first in 1..whole.facts.len() {
        let mut once = fold(&plan, world(script), &whole.facts[..first]);
        once.resume(BOOT, &mut |flight| match flight.identity {
            Some(_) => Found::Gone,
            None => Found::NeverStarted,
        });
        assert_eq!(once.run(), came, "{}", once.transcript.text());
        for second in first..once.facts.len() {
            let mut twice = fold(&plan, world(script), &once.facts[..second]);
            if twice.state.is_over() != Over::No {
                continue;
            }
            twice.resume(BOOT, &mut |flight| match flight.identity {
                Some(_) => Found::Gone,
                None => Found::NeverStarted,
            });
            assert_eq!(
                twice.run(),
                came,
                "{first} {second}\n{}",
                twice.transcript.text()
            );
        }
    }
}

#[test]
fn a_replay_wishes_the_same_in_the_same_order() {
    let plan = plan(ONE);
    let (whole, _) = play(&plan, world("when \"./one\" exits 1\n answer one retry"));
    let again = fold(&plan, world(""), &whole.facts);
    assert_eq!(whole.wished, again.wished);
}
