//! The host's own question whether to start what a lost record may have started: who goes away there answers nothing.

use rustix::process::Signal;

use super::pty::{Ground, Pty};

/// A run whose last record is damaged, before its second step.
fn damaged() -> Ground {
    let ground = Ground::new(
        "step one \"One\" {\n  $ touch one\n  repeatable\n}\nconfirm \"Shall it go on?\"\nstep two \"Two\" {\n  $ touch two\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    pty.until("? Shall it go on?");
    pty.until_asked();
    pty.signal(Signal::TERM);
    pty.ends(143);
    let runs = ground.path("state/runbook/runs");
    let run = std::fs::read_dir(runs).expect("runs").next();
    let path = run
        .expect("a run")
        .expect("an entry")
        .path()
        .join("journal");
    let mut journal = std::fs::read(&path).expect("a journal");
    let last = journal.iter().rposition(|byte| *byte == b'}');
    journal[last.expect("a record") - 4] ^= 4;
    std::fs::write(&path, &journal).expect("written");
    ground
}

/// Asked whether to start the second step.
fn in_doubt(mut pty: Pty) -> Pty {
    pty.until("? Shall it go on?");
    pty.answer("yes");
    pty.until("and this may have been started then");
    pty.until_asked();
    pty
}

#[test]
fn j10_who_goes_away_at_the_question_of_a_lost_record_has_not_answered_it() {
    for (signal, code, why) in [
        (Signal::TERM, 143, "the engine was told to end (SIGTERM)"),
        (Signal::HUP, 129, "the terminal went away"),
    ] {
        let ground = damaged();
        let mut pty = ground.resume();
        pty.until("Cut the damaged end off and go on?");
        pty.answer("yes");
        let mut pty = in_doubt(pty);
        pty.signal(signal);
        pty.ends(code);
        assert!(!ground.path("two").exists());
        let story = ground.story();
        assert!(story.contains(why), "{story}");
        // It is asked again, by whoever takes the run up.
        let mut pty = ground.resume();
        pty.until("and this may have been started then");
        pty.answer("yes");
        pty.until("the end");
        pty.ends(0);
        assert!(ground.path("two").exists());
    }
}
