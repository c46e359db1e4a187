//! Time that went on while there was no engine: waits, timeouts, attempts.

use super::*;

#[test]
fn what_never_ran_before_its_time_was_over_timed_out_and_was_not_stopped() {
    let plan = plan("timeout 30s\n? ./one");
    let (whole, _) = play(&plan, world(""));
    let let_go = |fact: &Fact| matches!(fact.event, Event::Spawned { .. });
    let at = whole.facts.iter().position(let_go).expect("a command");
    let mut first = fold(&plan, world(""), &whole.facts[..at]);
    later(&mut first, 31_000);
    first.happens(Event::Ticked);
    let mut second = fold(&plan, world(""), &first.facts);
    second.resume(BOOT, &mut |_| Found::NeverStarted);
    let came = second.run();
    assert_eq!(
        came,
        Played::Over(Over::Ended {
            outcome: Outcome::Failed,
            text: "`./one`: it timed out".into(),
            why: EndWhy::Failed,
        }),
        "{}",
        second.transcript.text()
    );
}

#[test]
fn what_never_ran_before_it_was_stopped_to_park_is_run() {
    let plan = plan(ONE);
    let (whole, _) = play(&plan, world(""));
    let let_go = |fact: &Fact| matches!(fact.event, Event::Spawned { .. });
    let at = whole.facts.iter().position(let_go).expect("a command");
    let mut first = fold(&plan, world(""), &whole.facts[..at]);
    first.happens(Event::ParkRequested {
        why: "SIGTERM".into(),
        running: runbook_core::event::Running::Stop,
    });
    let mut second = fold(&plan, world(""), &first.facts);
    second.resume(BOOT, &mut |_| Found::NeverStarted);
    assert_eq!(
        ended(&second.run()),
        Outcome::Resolved,
        "{}",
        second.transcript.text()
    );
}

#[test]
fn t01_t02_j24_a_wait_survives_a_reboot_and_says_how_late_it_is() {
    let plan = plan("wait 24h\nfinish no_action \"later\"");
    let (whole, _) = play(&plan, world(""));
    for (hours, late) in [(2, None), (30, Some(6 * 3_600_000))] {
        let mut run = fold(&plan, world(""), &whole.facts[..1]);
        // Another boot: its clock begins anew.
        run.now.wall += hours * 3_600_000;
        run.now.boot = 50_000;
        run.resume("boot-2", &mut |_| Found::Gone);
        let due = runbook_core::due(&run.state).expect("the wait's end");
        assert_eq!(due.at.wall, run.facts[0].at.wall + 24 * 3_600_000);
        assert_eq!(ended(&run.run()), Outcome::NoAction);
        let said = run.wished.iter().find_map(|effect| match effect {
            Effect::Tell(Notice::DeadlinePassed { late_ms, .. }) => Some(*late_ms),
            _ => None,
        });
        assert_eq!(said, late);
        assert_eq!(
            run.now.wall - run.facts[0].at.wall,
            hours.max(24) * 3_600_000
        );
    }
}

#[test]
fn an_attempt_that_ran_out_of_time_meanwhile_is_undone() {
    let plan = plan(
        "attempt quick \"Quick\" within 5m {\n  step one \"One\" {\n    $ ./one\n    undo $ ./undo-one\n  }\n  confirm \"Well?\"\n} otherwise {\n  finish rolled_back\n}",
    );
    let (whole, _) = play(&plan, world(""));
    let mut run = fold(&plan, world("answer \"Well?\" yes"), &whole.facts);
    assert!(matches!(run.state.is_over(), Over::Parked { .. }));
    run.now.wall += 3_600_000;
    run.now.boot += 3_600_000;
    run.resume(BOOT, &mut |_| Found::Gone);
    // Downtime counts: the deadline passed long ago, whatever would be answered now.
    run.happens(Event::Ticked);
    assert_eq!(ended(&run.run()), Outcome::RolledBack);
    assert_eq!(runs(&run, "./undo-one"), 1);
}

#[test]
fn an_unwatched_window_starts_again() {
    let plan = plan("wait up to 1h every 1m stable 10m {\n  ? ./up\n}\nfinish no_action");
    let (whole, _) = play(&plan, world(""));
    let at = whole
        .facts
        .iter()
        .position(|fact| fact.at.boot >= 8 * 60_000)
        .expect("eight minutes");
    let mut run = fold(&plan, world(""), &whole.facts[..at]);
    run.resume(BOOT, &mut |_| Found::Gone);
    let resumed = run.now.boot;
    assert_eq!(ended(&run.run()), Outcome::NoAction);
    assert!(run.now.boot >= resumed + 10 * 60_000, "{}", run.now.boot);
}

#[test]
fn j05_time_that_ran_out_meanwhile_does_not_try_a_step_in_doubt_again() {
    let plan = plan(TIMED);
    let mut run = crashed(&plan, &world(""), 0);
    later(&mut run, 3_600_000);
    run.resume(BOOT, &mut |_| Found::Gone);
    run.happens(Event::Ticked);
    assert!(asks_in_doubt(&run), "{}", run.transcript.text());
    assert_eq!(runs(&run, "./one"), 1);
    // The person says that it is to be run again: that is another attempt, with its own time.
    let reason = "it was not done".into();
    says(&mut run, Answer::RunAgain { reason });
    assert_eq!(
        ended(&run.run()),
        Outcome::Resolved,
        "{}",
        run.transcript.text()
    );
    assert_eq!(runs(&run, "./one"), 2);
}

#[test]
fn j05_what_was_being_stopped_for_its_time_when_the_engine_ended_is_in_doubt() {
    let plan = plan(TIMED);
    let mut first = crashed(&plan, &world(""), 0);
    first.resume(BOOT, &mut |_| alive());
    says(&mut first, Answer::WaitForIt);
    later(&mut first, 31_000);
    first.happens(Event::Ticked);
    // It is gone, by that stop or by itself: `retry` is for what failed.
    let mut second = fold(&plan, world(""), &first.facts);
    second.resume(BOOT, &mut |_| Found::Gone);
    later(&mut second, 31_000);
    second.happens(Event::Ticked);
    assert!(asks_in_doubt(&second), "{}", second.transcript.text());
    assert_eq!(runs(&second, "./one"), 1);
}

#[test]
fn what_was_being_stopped_when_the_engine_ended_and_is_left_with_its_attempt_is_told() {
    let plan = plan(
        "attempt all \"All\" within 30s {\n  step one \"One\" {\n    $ ./one\n    undo $ ./undo-one\n  }\n} otherwise {\n  finish rolled_back\n}",
    );
    let mut first = crashed(&plan, &world(""), 0);
    first.resume(BOOT, &mut |_| alive());
    later(&mut first, 31_000);
    first.happens(Event::Ticked);
    let mut second = fold(&plan, world(""), &first.facts);
    second.resume(BOOT, &mut |_| Found::Gone);
    assert_eq!(ended(&second.run()), Outcome::RolledBack);
    let told = second.transcript.text();
    assert!(
        told.contains("it was being stopped, and nobody can say how far it came"),
        "{told}"
    );
    assert_eq!(runs(&second, "./undo-one"), 1, "{told}");
}

#[test]
fn a_step_does_not_time_out_while_its_question_is_open() {
    let plan =
        plan("step one \"One\" {\n  confirm \"Sure?\"\n  $ ./one\n  repeatable\n  timeout 30s\n}");
    let (whole, came) = play(&plan, world(""));
    assert!(parked(&came).contains("Sure?"));
    let mut run = fold(&plan, world(""), &whole.facts);
    run.resume(BOOT, &mut |_| Found::Gone);
    later(&mut run, 40_000);
    run.happens(Event::Ticked);
    later(&mut run, 3_600_000);
    says(&mut run, Answer::Yes);
    assert_eq!(
        ended(&run.run()),
        Outcome::Resolved,
        "{}",
        run.transcript.text()
    );
}

#[test]
fn a_step_that_is_begun_again_from_outside_is_undone_once() {
    let plan = plan(
        "checkpoint ready \"Ready\" {\n  ? ./look\n}\nstep one \"One\" {\n  $ ./one\n  undo $ ./undo-one\n  always {\n    $ ./always\n  }\n}\nrewind to ready\nfinish no_action",
    );
    let world = world(
        "when ./always exits 1
         when ./always exits 0
         answer \"`./always`: it exited with code 1\" retry",
    );
    let (run, came) = play(&plan, world);
    assert_eq!(ended(&came), Outcome::NoAction, "{}", run.transcript.text());
    assert_eq!(runs(&run, "./one"), 2, "{}", run.transcript.text());
    assert_eq!(runs(&run, "./undo-one"), 1, "{}", run.transcript.text());
}

#[test]
fn what_a_second_ctrl_c_holds_back_is_held_by_the_next_engine_as_well() {
    let step =
        |name: &str| format!("step {name} \"One\" {{\n  $ ./{name}\n  undo $ ./undo-{name}\n}}\n");
    let steps: String = ["one", "two", "three"].map(step).concat();
    let plan = plan(&format!("parallel \"All\" max 2 {{\n{steps}}}"));
    let slow = world("when \"./one\" takes 10s\n when \"./two\" takes 10s");
    let mut first = crashed(&plan, &slow, 1);
    for times in [1, 2] {
        first.happens(Event::Interrupted { times });
    }
    let mut run = fold(&plan, world(""), &first.facts);
    run.resume(BOOT, &mut |_| Found::Gone);
    for _ in 0..2 {
        assert_eq!(runs(&run, "./three"), 0, "{}", run.transcript.text());
        says(&mut run, done("it was seen"));
    }
    assert_eq!(runs(&run, "./three"), 1, "{}", run.transcript.text());
}
