//! What else happens to a terminal at a question and in a step: keys that are no answer, job control, another size,
//! the sudden end of the engine, a terminal that is closed.

use rustix::process::{Pid, Signal, kill_process};

use super::kinds::of_every_kind;
use super::pty::{Ground, PATIENCE, Pty, Seat, below, lives};

/// What is not an answer leads to the menu, and from there back to the same question.
fn leads_to_the_menu(event: impl Fn(&mut Pty) + Sync) {
    of_every_kind(|kind| {
        let (_ground, mut pty) = kind.asked();
        if kind.is_asked_at_once() || kind.name != "interrupted" {
            event(&mut pty);
            pty.until("? interrupted: go on?");
            pty.answer("on");
            pty.until_asked();
        }
        kind.answer(&mut pty);
    });
}

#[test]
fn o03_an_interrupt_at_a_question_is_no_answer_and_leads_back_to_it() {
    leads_to_the_menu(|pty| pty.keys(b"\x03"));
}

#[test]
fn o03_an_interrupt_from_elsewhere_comes_before_the_open_question() {
    leads_to_the_menu(|pty| pty.signal(Signal::INT));
}

#[test]
fn o12_the_key_for_the_end_of_input_is_no_answer() {
    leads_to_the_menu(|pty| pty.keys(b"\x04"));
}

#[test]
fn o02_another_size_changes_no_question() {
    of_every_kind(|kind| {
        let (_ground, mut pty) = kind.asked();
        for (rows, columns) in [(10, 40), (50, 120)] {
            pty.resize(rows, columns);
            pty.keys("x");
            pty.until_so("the key is shown or hidden", |pty| {
                kind.name == "secret" || !pty.is_asking()
            });
            pty.keys(b"\x15");
            pty.until_asked();
        }
        kind.answer(&mut pty);
    });
}

#[test]
fn o05_an_engine_that_is_killed_at_a_question_leaves_a_terminal_that_works() {
    of_every_kind(|kind| {
        let (ground, mut pty) = kind.asked();
        assert_ne!(pty.settings(), pty.found(), "{}: keys are read", kind.name);
        let left = below(pty.pid());
        pty.signal(Signal::KILL);
        assert_eq!(pty.code(), 137);
        pty.until_so("the terminal is put right", |pty| pty.settings_work());
        pty.until_so("the reader is gone", |_| {
            left.iter()
                .filter(|(_, line)| line.contains("__line"))
                .all(|(pid, _)| !lives(*pid))
        });
        assert!(!pty.model().bracketed_paste() && !pty.model().hide_cursor());
        kind.resume(&ground);
    });
}

#[test]
fn o05_a_terminal_that_was_left_unusable_is_put_right_at_the_next_start() {
    let ground = Ground::new("confirm \"Shall it go on?\"\nfinish no_action \"the end\"");
    let mut pty = ground.run();
    pty.until("? Shall it go on?");
    pty.until_asked();
    let (reader, _) = below(pty.pid())
        .into_iter()
        .find(|(_, line)| line.contains("__line"))
        .expect("a reader");
    let reader = Pid::from_raw(reader).expect("a number");
    // Both at once: neither can put anything right any more.
    kill_process(reader, Signal::STOP).expect("it lives");
    pty.signal(Signal::KILL);
    kill_process(reader, Signal::KILL).expect("it lives");
    assert_eq!(pty.code(), 137);
    assert!(!pty.settings_work(), "the terminal is left reading keys");
    pty.again(&ground, &["resume"]);
    pty.until("it is put right");
    pty.answer("yes");
    pty.until("the end");
    assert_eq!(pty.code(), 0);
    assert!(pty.settings_work(), "{}", pty.settings());
}

/// A shell with job control at a terminal. Its prompt counts, so that a new one is known from the last.
fn shell(ground: &Ground) -> Pty {
    let seat = Seat::new().env("PS1", "ready \\#: ");
    let mut pty = seat.start(ground, "bash", &["--norc", "--noprofile", "-i"]);
    pty.until_so("a prompt", |pty| prompt(pty).is_some());
    pty
}

/// The shell's prompt, where the cursor stands behind it.
fn prompt(pty: &Pty) -> Option<String> {
    let (row, column) = pty.model().cursor_position();
    let line = pty.model().contents_between(row, 0, row, column);
    (line.starts_with("ready ") && line.trim_end().ends_with(':')).then_some(line)
}

/// Types a command for the shell, and waits for its next prompt.
fn at_the_shell(pty: &mut Pty, line: &str) {
    let before = in_front(pty, line);
    pty.until_so("the shell's next prompt", |pty| {
        prompt(pty).is_some_and(|now| now != before)
    });
}

/// Starts what takes the terminal.
fn in_front(pty: &mut Pty, line: &str) -> String {
    pty.until_so("a prompt", |pty| prompt(pty).is_some());
    let before = prompt(pty).expect("a prompt");
    pty.keys(format!("clear; {line}\r"));
    pty.until_so("the line is taken", |pty| {
        prompt(pty).as_ref() != Some(&before)
    });
    before
}

#[test]
fn o06_a_run_that_is_suspended_at_a_question_gives_the_terminal_back_and_asks_again() {
    of_every_kind(|kind| {
        if !kind.is_asked_at_once() {
            return;
        }
        let ground = kind.ground();
        let mut pty = shell(&ground);
        at_the_shell(&mut pty, "stty -g > before");
        let runbook = super::pty::RUNBOOK;
        in_front(&mut pty, &format!("'{runbook}' run case.rbk"));
        pty.until(kind.question);
        pty.until_asked();
        pty.keys(b"\x1a");
        pty.until("Stopped");
        pty.until_so("a prompt", |pty| prompt(pty).is_some());
        at_the_shell(&mut pty, "stty -g > meanwhile");
        assert_eq!(
            ground.read("before"),
            ground.read("meanwhile"),
            "{}",
            kind.name
        );
        in_front(&mut pty, "fg");
        pty.until(kind.question);
        for line in kind.answers {
            pty.answer(line);
        }
        pty.until("the end");
        at_the_shell(&mut pty, "stty -g > after");
        assert_eq!(ground.read("before"), ground.read("after"), "{}", kind.name);
        pty.keys("exit\r");
        assert_eq!(pty.code(), 0);
    });
}

const SLOW: &str = "step slow \"Slow\" {\n  $ touch begun; until test -e go; do sleep 0.05; done; touch ended\n  timeout 3s\n  repeatable\n}\nfinish no_action \"the end\"";

#[test]
fn t10_o06_a_step_goes_on_while_its_engine_is_suspended_and_its_timeout_waits() {
    let ground = Ground::new(SLOW);
    let mut pty = shell(&ground);
    at_the_shell(&mut pty, "stty -g > before");
    let runbook = super::pty::RUNBOOK;
    in_front(&mut pty, &format!("'{runbook}' run case.rbk"));
    ground.wait_for("begun");
    pty.keys(b"\x1a");
    pty.until("Stopped");
    // More than the timeout passes; the engine is stopped and can hold nothing to its time.
    at_the_shell(&mut pty, "stty -g > meanwhile; sleep 4; touch passed");
    ground.wait_for("passed");
    assert_eq!(ground.read("before"), ground.read("meanwhile"));
    in_front(&mut pty, "fg");
    pty.until_so("the engine goes on", |pty| {
        pty.screen().contains("step 1/1")
    });
    // The command itself was never stopped, and has the time that the engine was not there.
    std::fs::write(ground.path("go"), "").expect("a file");
    pty.until("the end");
    at_the_shell(&mut pty, "stty -g > after");
    assert_eq!(ground.read("before"), ground.read("after"));
    assert!(ground.path("ended").exists());
}

#[test]
fn t10_the_timeout_counts_again_once_the_engine_goes_on() {
    let ground = Ground::new(SLOW);
    let mut pty = shell(&ground);
    let runbook = super::pty::RUNBOOK;
    in_front(&mut pty, &format!("'{runbook}' run case.rbk"));
    ground.wait_for("begun");
    pty.keys(b"\x1a");
    pty.until("Stopped");
    in_front(&mut pty, "fg");
    pty.until("? slow failed");
    assert!(!ground.path("ended").exists());
}

#[test]
fn o06_without_job_control_the_key_stops_nothing() {
    let ground = Ground::new("confirm \"Shall it go on?\"\nfinish no_action \"the end\"");
    let mut pty = ground.run();
    pty.until("? Shall it go on?");
    pty.until_asked();
    // The leader of a session: nobody could continue it.
    pty.keys(b"\x1a");
    pty.until_so("the line is drawn anew", |pty| {
        String::from_utf8_lossy(pty.raw())
            .matches("\x1b[?2004h")
            .count()
            == 2
    });
    pty.answer("yes");
    pty.until("the end");
    pty.ends(0);
}

#[test]
fn o07_a_terminal_that_is_closed_in_a_step_does_not_end_it() {
    let ground = Ground::new(
        "step slow \"Slow\" {\n  $ touch begun; until test -e go; do sleep 0.05; done; seq 2000; touch ended\n  repeatable\n}\nstep next \"Next\" {\n  $ touch next\n  repeatable\n}\nconfirm \"Shall it go on?\"\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    ground.wait_for("begun");
    pty.close();
    std::fs::write(ground.path("go"), "").expect("a file");
    assert_eq!(pty.code(), 129);
    assert!(ground.path("ended").exists() && ground.path("next").exists());
    let (list, _) = ground.plainly(&["runs"]);
    assert!(list.contains("parked"), "{list}");
    let mut pty = ground.resume();
    pty.until("? Shall it go on?");
    pty.answer("yes");
    pty.until("the end");
    pty.ends(0);
}

#[test]
fn o07_o12_a_terminal_that_is_closed_at_a_question_answers_nothing() {
    of_every_kind(|kind| {
        let (ground, mut pty) = kind.asked();
        pty.close();
        assert_eq!(pty.code(), 129, "{}", kind.name);
        kind.resume(&ground);
    });
}

#[test]
fn o07_a_step_that_fails_after_the_terminal_went_away_waits_for_its_person() {
    let ground = Ground::new(
        "step slow \"Slow\" {\n  $ touch begun; until test -e go; do sleep 0.05; done; exit 3\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    ground.wait_for("begun");
    pty.close();
    std::fs::write(ground.path("go"), "").expect("a file");
    assert_eq!(pty.code(), 129);
    let mut pty = ground.resume();
    pty.until("? slow failed");
    pty.answer("skip");
    pty.answer("it does not matter");
    pty.until("the end");
    pty.ends(0);
}

#[test]
fn o17_a_session_that_is_ended_with_everything_in_it_is_gone_on_with() {
    let ground = Ground::new(
        "step slow \"Slow\" {\n  $ echo once >> ledger; touch begun; exec sleep 1000\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    ground.wait_for("begun");
    let everybody = below(pty.pid());
    // As logind does it: TERM to all of them, and KILL to whoever is still there.
    for signal in [Signal::TERM, Signal::KILL] {
        for (pid, _) in &everybody {
            if let Some(pid) = Pid::from_raw(*pid) {
                let _ = kill_process(pid, signal);
            }
        }
        if signal == Signal::TERM {
            pty.signal(signal);
        } else {
            // It may have parked in time.
            let _ = kill_process(pty.pid(), signal);
        }
    }
    let code = pty.code();
    assert!(code == 137 || code == 143, "{code}");
    let until = std::time::Instant::now() + PATIENCE;
    while everybody.iter().any(|(pid, _)| lives(*pid)) {
        assert!(std::time::Instant::now() < until, "somebody lives");
        std::thread::yield_now();
    }
    let mut pty = ground.resume();
    pty.until("was it done?");
    pty.answer("done");
    pty.answer("it was seen");
    pty.until("the end");
    pty.ends(0);
    assert_eq!(ground.read("ledger"), "once\n");
}
