//! Signals while a step runs, and while the run waits: nothing is asked then, and a person is told what comes.

use rustix::process::Signal;

use super::pty::{Ground, Pty, RUNBOOK, Seat};

/// A step that ends when it is told to, or does not even then.
fn step(on_term: &str) -> Ground {
    Ground::new(&format!(
        "step slow \"Slow\" {{\n  $ trap '{on_term}' TERM; touch begun; until test -e go; do sleep 0.05; done; touch ended\n  repeatable\n}}\nstep next \"Next\" {{\n  $ touch next\n  repeatable\n}}\nfinish no_action \"the end\""
    ))
}

fn begun(ground: &Ground) -> Pty {
    let mut pty = ground.run();
    ground.wait_for("begun");
    pty.until("step 1/2");
    pty
}

#[test]
fn o03_one_interrupt_lets_the_step_end_and_asks_then() {
    let ground = step("exit 9");
    let mut pty = begun(&ground);
    pty.keys(b"\x03");
    pty.until("again");
    ground.write("go", "");
    pty.until("? interrupted: go on?");
    assert!(ground.path("ended").exists() && !ground.path("next").exists());
    pty.answer("on");
    pty.until("the end");
    pty.ends(0);
    assert!(ground.path("next").exists());
}

#[test]
fn o03_two_interrupts_stop_the_step() {
    let ground = step("touch told; exit 9");
    let mut pty = begun(&ground);
    pty.keys(b"\x03");
    pty.until("again");
    pty.keys(b"\x03");
    ground.wait_for("told");
    pty.until("? slow failed");
    assert!(!ground.path("ended").exists());
    pty.answer("pause");
    pty.answer("later");
    pty.ends(75);
}

#[test]
fn o03_the_second_interrupt_of_a_step_may_come_in_its_next_command() {
    let ground = Ground::new(
        "step slow \"Slow\" {\n  $ touch begun; until test -e go; do sleep 0.05; done\n  $ trap 'touch told; exit 9' TERM; touch second; until test -e never; do sleep 0.05; done\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    ground.wait_for("begun");
    pty.until("step 1/1");
    pty.keys(b"\x03");
    pty.until("again");
    ground.write("go", "");
    ground.wait_for("second");
    pty.keys(b"\x03");
    ground.wait_for("told");
    pty.until("? slow failed");
    pty.answer("pause");
    pty.answer("later");
    pty.ends(75);
}

#[test]
fn o03_three_interrupts_kill_what_does_not_stop() {
    let ground = step("touch told");
    let mut pty = begun(&ground);
    pty.keys(b"\x03");
    pty.until("again");
    pty.keys(b"\x03");
    ground.wait_for("told");
    pty.keys(b"\x03");
    pty.until("? slow failed");
    assert!(
        pty.screen().contains("killing what runs"),
        "{}",
        pty.screen()
    );
    assert!(!ground.path("ended").exists());
}

#[test]
fn o04_sigquit_in_a_step_is_the_third_interrupt() {
    let ground = step("touch told");
    let mut pty = begun(&ground);
    pty.keys(b"\x1c");
    pty.until("? slow failed");
    assert!(
        pty.screen().contains("killing what runs"),
        "{}",
        pty.screen()
    );
    assert!(!ground.path("told").exists(), "it was not asked first");
}

#[test]
fn who_comes_back_after_a_crash_sees_which_step_it_is() {
    let ground = step("touch told; exit 9");
    let mut pty = begun(&ground);
    pty.signal(Signal::KILL);
    assert_eq!(pty.code(), 137);
    // What is left of the step ends before anybody comes back.
    ground.write("go", "");
    ground.wait_for("ended");
    let mut pty = ground.resume();
    pty.until("the end");
    let screen = pty.screen();
    assert!(screen.contains("1/2 Slow"), "{screen}");
    assert!(screen.contains("when the engine ended"), "{screen}");
    pty.ends(0);
}

#[test]
fn a_paged_story_is_as_wide_as_the_terminal_it_is_read_at() {
    let ground = step("exit 9");
    ground.write("go", "");
    let mut pty = ground.run();
    pty.until("the end");
    pty.ends(0);
    let story = std::fs::File::create(ground.path("story")).expect("a file");
    let seat = Seat::new().size(24, 40).output(story);
    seat.start(&ground, RUNBOOK, &["show"]).ends(0);
    let story = ground.read("story");
    let head = story.lines().find(|line| line.contains("Slow"));
    assert_eq!(head.map(|line| line.chars().count()), Some(40), "{story}");
}

#[test]
fn o04_sigterm_in_a_step_stops_it_and_parks() {
    let ground = step("touch told; exit 9");
    let mut pty = begun(&ground);
    pty.signal(Signal::TERM);
    pty.ends(143);
    assert!(ground.path("told").exists() && !ground.path("next").exists());
    ground.write("go", "");
    let mut pty = ground.resume();
    pty.until("the end");
    pty.ends(0);
    assert!(ground.path("ended").exists() && ground.path("next").exists());
}

#[test]
fn o02_o07_a_step_outlives_another_size_and_a_hang_up() {
    let ground = step("exit 9");
    let mut pty = begun(&ground);
    pty.resize(10, 40);
    pty.until("step 1/2");
    pty.signal(Signal::HUP);
    ground.write("go", "");
    ground.wait_for("next");
    // Nothing was left to ask: the run came to its end.
    pty.ends(0);
}

const WAIT: &str = "wait 1h\nfinish no_action \"the end\"";

fn waiting() -> (Ground, Pty) {
    let ground = Ground::new(WAIT);
    let mut pty = ground.run();
    pty.until("left");
    (ground, pty)
}

#[test]
fn o03_an_interrupt_in_a_wait_asks_and_a_second_parks() {
    let (ground, mut pty) = waiting();
    pty.keys(b"\x03");
    pty.until("? interrupted: go on?");
    pty.answer("on");
    pty.until_so("it waits again", |pty| {
        pty.screen()
            .lines()
            .last()
            .is_some_and(|row| row.contains("left"))
    });
    pty.keys(b"\x03");
    pty.until_so("it is asked again", |pty| {
        pty.screen().matches("? interrupted").count() == 2 && pty.is_asking()
    });
    pty.keys(b"\x03");
    pty.ends(75);
    assert!(ground.plainly(&["runs"]).0.contains("parked"));
}

#[test]
fn o04_what_ends_an_engine_parks_a_wait() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::QUIT, 131)] {
        let (ground, mut pty) = waiting();
        pty.signal(signal);
        pty.ends(code);
        let mut pty = ground.resume();
        pty.until("left");
        pty.signal(Signal::TERM);
        pty.ends(143);
    }
}

#[test]
fn o07_a_wait_outlives_its_terminal() {
    let ground = Ground::new(
        "wait up to 1h every 1s {\n  ? touch looked; test -e go\n}\nstep next \"Next\" {\n  $ touch next\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    ground.wait_for("looked");
    pty.close();
    ground.write("go", "");
    ground.wait_for("next");
    assert_eq!(pty.code(), 0);
}

#[test]
fn after_an_undo_the_steps_are_counted_from_the_checkpoint_again() {
    let ground = Ground::new(
        "step one \"One\" {\n  $ true\n  undo $ true\n}\nstep two \"Two\" {\n  $ test -e ok\n  repeatable\n}\nstep three \"Three\" {\n  $ true\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    pty.until("? two failed");
    ground.write("ok", "");
    pty.answer("undo start");
    pty.until("why");
    pty.answer("again");
    pty.until("go on from there?");
    pty.answer("on");
    pty.until("the end");
    let screen = pty.screen();
    let (_, again) = screen.split_once("go on from there?").expect("it asks");
    for step in ["1/3 One", "2/3 Two", "3/3 Three"] {
        assert!(again.contains(step), "{step}: {screen}");
    }
    pty.ends(0);
}
