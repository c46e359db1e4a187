//! Terminals and pipes that take nothing, or nothing any more, and an engine that makes a mistake.

use std::io::Read;

use rustix::process::Signal;

use super::pty::{Ground, RUNBOOK, Seat, full_pipe};

#[test]
fn o08_a_reader_that_goes_away_does_not_end_the_run() {
    let ground = Ground::new(
        "step one \"One\" {\n  $ seq 5000\n  repeatable\n}\nconfirm \"Shall it go on?\"\nstep two \"Two\" {\n  $ seq 5000; touch two\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let (read, write) = full_pipe();
    drop(read);
    let mut pty = Seat::new()
        .output(write)
        .start(&ground, RUNBOOK, &["run", "case.rbk"]);
    // The question's text went down the pipe; the place to type is on the terminal.
    pty.answer("yes");
    pty.ends(0);
    assert!(ground.path("two").exists());
}

#[test]
fn o08_the_first_line_is_enough_for_head() {
    let ground = Ground::new(
        "step one \"One\" {\n  $ seq 5000\n  repeatable\n}\nstep two \"Two\" {\n  $ seq 5000; touch two\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let line = format!("{{ '{RUNBOOK}' run case.rbk; echo $? > code; }} | head -n 1");
    let mut pty = Seat::new().start(&ground, "sh", &["-c", &line]);
    ground.wait_for("code");
    assert_eq!(pty.code(), 0);
    assert!(pty.screen().contains("A case"), "{}", pty.screen());
    assert_eq!(ground.read("code"), "0\n");
    assert!(ground.path("two").exists());
}

const TIMED: &str = "step loud \"Loud\" {\n  $ seq 20000; touch loud\n  repeatable\n}\nattempt quick \"Quick\" {\n  step slow \"Slow\" {\n    $ touch slow; exec sleep 1000\n    timeout 1s\n    repeatable\n  }\n} otherwise {\n  step next \"Next\" {\n    $ touch next\n    repeatable\n  }\n}\nfinish no_action \"the end\"";

#[test]
fn o09_a_pipe_that_takes_nothing_holds_up_nothing() {
    let ground = Ground::new(TIMED);
    let (mut read, write) = full_pipe();
    let mut pty = Seat::new()
        .output(write)
        .start(&ground, RUNBOOK, &["run", "case.rbk"]);
    // A step runs into its timeout and the next one runs, while nobody has read a byte.
    ground.wait_for("slow");
    ground.wait_for("next");
    let mut said = String::new();
    read.read_to_string(&mut said).expect("all of it");
    pty.ends(0);
    let said = said.trim_start_matches('.');
    assert!(said.starts_with("A case\n"), "{said}");
    assert!(said.contains("the end"), "nothing is lost: {said}");
}

#[test]
fn o09_a_program_that_reads_json_slowly_holds_up_nothing() {
    let ground = Ground::new(TIMED);
    let (mut read, write) = full_pipe();
    let mut pty = Seat::new()
        .output(write)
        .start(&ground, RUNBOOK, &["run", "case.rbk", "--json"]);
    ground.wait_for("next");
    let mut said = String::new();
    read.read_to_string(&mut said).expect("all of it");
    assert_eq!(pty.code(), 0);
    let last = said.lines().last().expect("lines");
    assert!(last.contains("\"type\":\"end\""), "{said}");
}

#[test]
fn o09_a_terminal_that_is_held_holds_up_nothing() {
    let ground = Ground::new(&format!(
        "step first \"First\" {{\n  $ touch begun; until test -e go; do sleep 0.05; done\n  repeatable\n}}\n{TIMED}"
    ));
    let mut pty = ground.run();
    ground.wait_for("begun");
    pty.until("step 1/");
    pty.keys(b"\x13");
    ground.write("go", "");
    ground.wait_for("slow");
    ground.wait_for("next");
    assert!(
        !pty.screen().contains("Loud"),
        "it is held:\n{}",
        pty.screen()
    );
    pty.keys(b"\x11");
    pty.until("the end");
    pty.ends(0);
}

#[test]
fn o09_an_engine_whose_reader_sleeps_still_ends_when_it_is_told() {
    let ground = Ground::new(
        "step slow \"Slow\" {\n  $ seq 20000; touch slow; exec sleep 1000\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let (read, write) = full_pipe();
    let mut pty = Seat::new()
        .output(write)
        .start(&ground, RUNBOOK, &["run", "case.rbk"]);
    ground.wait_for("slow");
    pty.signal(Signal::TERM);
    pty.ends(143);
    drop(read);
    let (list, _) = ground.plainly(&["runs"]);
    assert!(list.contains("parked"), "{list}");
}

#[test]
fn o09_a_finished_run_whose_reader_sleeps_ends_when_it_is_told() {
    let ground = Ground::new(
        "step one \"One\" {\n  $ touch one\n  repeatable\n}\nfinish no_action \"the end\"",
    );
    let (read, write) = full_pipe();
    let mut pty = Seat::new()
        .output(write)
        .start(&ground, RUNBOOK, &["run", "case.rbk"]);
    ground.wait_for("one");
    // The journal says that it is over; what is left is to be shown.
    pty.until_so("the run is over", |_| ground.story().contains("no action"));
    while pty.still_runs() {
        let _ = rustix::process::kill_process(pty.pid(), Signal::TERM);
        std::thread::yield_now();
    }
    assert!([0, 143].contains(&pty.code()), "{}", pty.code());
    drop(read);
}

#[test]
fn o18_a_mistake_of_ours_leaves_the_terminal_as_it_was() {
    // Only such builds have the places where a mistake can be had.
    if !cfg!(debug_assertions) {
        return;
    }
    for (place, code) in [("status", 70), ("paint", 0), ("dialog", 75)] {
        let ground = Ground::new(
            "step slow \"Slow\" {\n  $ touch begun; until test -e go; do sleep 0.05; done\n  repeatable\n}\nconfirm \"Shall it go on?\"\nfinish no_action \"the end\"",
        );
        let mut pty =
            Seat::new()
                .env("RUNBOOK_MISTAKE", place)
                .start(&ground, RUNBOOK, &["run", "case.rbk"]);
        ground.wait_for("begun");
        if place == "paint" {
            pty.until_so("the mistake", |pty| {
                String::from_utf8_lossy(pty.raw()).contains("on purpose")
            });
        }
        if place != "status" {
            ground.write("go", "");
        }
        if place == "paint" {
            pty.answer("yes");
        }
        pty.ends(code);
        let said = String::from_utf8_lossy(pty.raw()).into_owned();
        assert!(
            said.contains("the engine made a mistake"),
            "{place}: {said}"
        );
        if code == 0 {
            continue;
        }
        // And whoever comes next goes on.
        let mut pty = ground.resume();
        if place == "status" {
            pty.until("still runs");
            pty.answer("stop");
            ground.write("go", "");
        }
        pty.until("? Shall it go on?");
        pty.answer("yes");
        pty.until("the end");
        pty.ends(0);
    }
}
