//! Commands and servers that outlived their engine.

use super::*;

#[test]
fn p27_a_live_orphan_is_waited_for_and_its_end_is_asked_for() {
    let plan = plan(ONE);
    let world = world(
        "answer \"`./one` still runs; what about it?\" wait
         answer \"`./one` was under way when the engine ended; was it done?\" done \"it was\"",
    );
    let mut run = crashed(&plan, &world, 0);
    run.resume(BOOT, &mut |_| alive());
    assert_eq!(ended(&run.run()), Outcome::Resolved);
    assert_eq!(runs(&run, "./one"), 1, "{}", run.transcript.text());
    assert!(
        run.wished
            .iter()
            .any(|effect| matches!(effect, Effect::AwaitOrphan { .. }))
    );
    let told = run.transcript.text();
    assert_eq!(
        told.matches("still runs; what about it?").count(),
        1,
        "{told}"
    );
}

#[test]
fn without_a_terminal_a_live_orphan_is_waited_for_and_then_parks_the_run() {
    let plan = plan(ONE);
    let mut run = crashed(&plan, &world(""), 0);
    run.resume(BOOT, &mut |_| alive());
    let why = parked(&run.run());
    assert!(why.contains("was it done?"), "{why}");
    assert_eq!(runs(&run, "./one"), 1);
}

#[test]
fn a_live_orphan_is_stopped_when_the_operator_says_so() {
    let plan = plan(ONE);
    let world = world(
        "answer \"`./one` still runs; what about it?\" stop
         answer \"`./one` was under way when the engine ended; was it done?\" run again \"it was not\"",
    );
    let mut run = crashed(&plan, &world, 0);
    run.resume(BOOT, &mut |_| alive());
    assert_eq!(ended(&run.run()), Outcome::Resolved);
    assert!(
        run.wished
            .iter()
            .any(|effect| matches!(effect, Effect::Stop { .. }))
    );
    assert_eq!(runs(&run, "./one"), 2, "run again, by the operator's word");
}

#[test]
fn a_live_orphan_is_left_alone_when_the_operator_says_so() {
    let plan = plan(ONE);
    let world = world(
        "answer \"`./one` still runs; what about it?\" no
         answer \"`./one` still runs; what about it?\" leave
         answer \"`./one` was under way when the engine ended; was it done?\" done \"it will be\"",
    );
    let mut run = crashed(&plan, &world, 0);
    run.resume(BOOT, &mut |_| alive());
    assert_eq!(ended(&run.run()), Outcome::Resolved);
    let told = run.transcript.text();
    assert_eq!(runs(&run, "./one"), 1, "{told}");
    assert_eq!(
        told.matches("still runs; what about it?").count(),
        2,
        "{told}"
    );
    assert!(
        told.contains("DEVIATION one: left running: ./one"),
        "{told}"
    );
    assert!(
        !told.contains("stop:") && !told.contains("waits for"),
        "{told}"
    );
}

#[test]
fn a_live_orphan_of_a_step_is_stopped_at_its_timeout_and_how_it_ended_is_settled() {
    for (policy, again) in [("repeatable", true), ("undo $ ./undo-one", false)] {
        let plan = plan(&format!(
            "step one \"One\" {{\n  $ ./one\n  timeout 30s\n  {policy}\n}}"
        ));
        let mut run = crashed(&plan, &world(""), 0);
        run.resume(BOOT, &mut |_| alive());
        let stops = |effect: &Effect| matches!(effect, Effect::Stop { .. });
        // While somebody is asked about it, its time does not pass; from the answer on it has it anew.
        for ms in [31_000, 29_000] {
            later(&mut run, ms);
            run.happens(Event::Ticked);
            assert!(!run.wished.iter().any(stops), "{}", run.transcript.text());
            if ms == 31_000 {
                says(&mut run, Answer::WaitForIt);
            }
        }
        later(&mut run, 2_000);
        run.happens(Event::Ticked);
        assert!(run.wished.iter().any(stops), "{}", run.transcript.text());
        // Nobody saw its end, which is no failure of an attempt.
        run.happens(Event::Found {
            effect: EffectId(1),
            found: Found::Gone,
            printed: String::new(),
        });
        let told = run.transcript.text();
        assert!(told.contains("it was stopped for its time"), "{told}");
        assert_eq!(runs(&run, "./one"), if again { 2 } else { 1 }, "{told}");
        assert_eq!(asks_in_doubt(&run), !again, "{told}");
    }
}

const SERVE: &str = "step serve \"Serve\" {\n  $ ./serve\n  undo $ ./undo-serve\n  background until {\n    ? ./up\n  }\n}\nconfirm \"Go?\"";

fn told(run: &Play<'_>, wanted: &str) -> bool {
    run.wished.iter().any(|effect| match effect {
        Effect::Tell(Notice::Warning { text } | Notice::Prose { text }) => text == wanted,
        _ => false,
    })
}

#[test]
fn a_server_that_lives_and_was_not_seen_to_start_is_looked_at_until_it_is_up() {
    let plan = plan(SERVE);
    let mut run = crashed(&plan, &world(""), 0);
    run.resume(BOOT, &mut |_| alive());
    assert!(parked(&run.run()).contains("Go?"));
    assert_eq!((runs(&run, "./serve"), runs(&run, "./up")), (1, 1));
}

#[test]
fn a_server_that_is_gone_and_was_not_seen_to_start_is_asked_about() {
    let plan = plan(SERVE);
    let mut run = crashed(&plan, &world(""), 0);
    run.resume(BOOT, &mut |_| Found::Gone);
    assert!(asks_in_doubt(&run), "{}", run.transcript.text());
}

#[test]
fn a_server_that_was_up_and_is_gone_is_told_and_not_begun_again() {
    let plan = plan(SERVE);
    let (whole, _) = play(&plan, world(""));
    let mut run = fold(&plan, world(""), &whole.facts);
    run.resume(BOOT, &mut |_| Found::Gone);
    assert!(told(&run, "`./serve` was left running and is gone"));
    assert!(parked(&run.run()).contains("Go?"));
    assert_eq!(runs(&run, "./serve"), 1);
    assert!(run.state.in_flight().is_empty());
}

#[test]
fn a_server_that_ends_while_the_run_goes_on_is_told() {
    let plan = plan(SERVE);
    let (whole, _) = play(&plan, world(""));
    let mut run = fold(&plan, world(""), &whole.facts);
    run.resume(BOOT, &mut |_| alive());
    let server = run.state.in_flight().remove(0);
    run.happens(Event::Exited {
        effect: server.effect,
        exit: Exit::Code(1),
        output: Captured::default(),
        stderr: Captured::default(),
        elapsed_ms: 0,
        leaked: Vec::new(),
    });
    assert!(told(&run, "`./serve` was left running and has ended"));
    assert!(run.state.in_flight().is_empty());
}

#[test]
fn p33_an_orphan_that_was_being_stopped_is_stopped_before_anything_else() {
    let plan = plan(TIMED);
    let stops = |run: &Play<'_>| {
        let stop = |effect: &&Effect| matches!(effect, Effect::Stop { .. });
        run.wished.iter().filter(stop).count()
    };
    let mut first = crashed(&plan, &world(""), 0);
    first.resume(BOOT, &mut |_| alive());
    says(&mut first, Answer::WaitForIt);
    later(&mut first, 31_000);
    first.happens(Event::Ticked);
    assert_eq!(stops(&first), 1, "{}", first.transcript.text());
    // The engine dies before it does that.
    let mut second = fold(&plan, world(""), &first.facts);
    let before = stops(&second);
    second.resume(BOOT, &mut |_| alive());
    assert_eq!(stops(&second), before + 1, "{}", second.transcript.text());
    assert_eq!(runs(&second, "./one"), 1);
    assert_eq!(second.state.prompts().count(), 0);
}

#[test]
fn an_orphan_that_was_stopped_to_park_is_not_forgotten_at_its_timeout() {
    let plan = plan(TIMED);
    let mut run = crashed(&plan, &world(""), 0);
    run.happens(Event::ParkRequested {
        why: "SIGTERM".into(),
        running: runbook_core::event::Running::Stop,
    });
    let mut run = fold(&plan, world(""), &run.facts);
    let before = run.wished.len();
    run.resume(BOOT, &mut |_| alive());
    says(&mut run, Answer::WaitForIt);
    later(&mut run, 31_000);
    run.happens(Event::Ticked);
    assert!(
        run.wished[before..]
            .iter()
            .any(|effect| matches!(effect, Effect::Stop { .. })),
        "{}",
        run.transcript.text()
    );
}

#[test]
fn p33_a_server_that_was_being_stopped_is_stopped_before_anything_else() {
    let plan = plan(SERVE);
    let mut first = crashed(&plan, &world("when \"./up\" takes 1h"), 1);
    for times in [1, 2] {
        first.happens(Event::Interrupted { times });
    }
    // The look at it is stopped, so it does not come up, and is stopped in its turn.
    first.happens(Event::Exited {
        effect: EffectId(2),
        exit: Exit::Stopped {
            signal: "SIGTERM".into(),
        },
        output: Captured::default(),
        stderr: Captured::default(),
        elapsed_ms: 1,
        leaked: Vec::new(),
    });
    let stops = |run: &Play<'_>| {
        let of_it =
            |effect: &&Effect| matches!(effect, Effect::Stop { id, .. } if *id == EffectId(1));
        run.wished.iter().filter(of_it).count()
    };
    assert_eq!(stops(&first), 1, "{}", first.transcript.text());
    let mut second = fold(&plan, world(""), &first.facts);
    let before = stops(&second);
    second.resume(BOOT, &mut |_| alive());
    assert_eq!(stops(&second), before + 1, "{}", second.transcript.text());
    assert_eq!(runs(&second, "./serve"), 1, "{}", second.transcript.text());
}
