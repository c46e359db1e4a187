//! What speaks with a person before there is a run: `runbook watch`, its clock in its place and the run that follows, and
//! `runbook new`.

use super::pty::{Ground, RUNBOOK, Seat};

const BODY: &str = "trigger rate \"The error rate is high\" {\n  every 1s\n  let rate: percent = ? cat rate\n  fires when rate > 10% for 1h\n}\n\ntrigger go \"Go\" {\n  every 1s\n  let there: bool = ? test -e go\n  fires when there\n}\n\nconfirm \"Shall it go on?\"\nfinish no_action \"the end\"";

#[test]
fn the_clock_counts_is_reset_and_starts_the_run() {
    for columns in [80, 40] {
        let ground = Ground::new(BODY);
        ground.write("rate", "2%");
        let seat = Seat::new().size(24, columns);
        let mut pty = seat.start(&ground, RUNBOOK, &["watch", "case.rbk"]);
        pty.until_so("it is quiet", |pty| pty.screen().contains("  quiet "));
        ground.write("rate", "20%");
        pty.until_so("the clock counts", |pty| {
            let counts = |line: &str| {
                line.starts_with("  holds for ") && !line.starts_with("  holds for 0s")
            };
            let screen = pty.screen();
            screen
                .lines()
                .any(|line| counts(line) && line.contains(" of 1h ["))
        });
        ground.write("rate", "3%");
        pty.until_so("the clock is reset", |pty| {
            let screen = pty
                .screen()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            screen.contains("quiet; the clock is reset, it stood at")
                && screen.contains("rate (rate 3%) quiet")
                && screen.contains("go (there no) quiet")
        });
        // Drawn in its place: it stands there once.
        let lines = |pty: &super::pty::Pty, begin: &str| {
            let screen = pty.screen();
            screen
                .lines()
                .filter(|line| line.starts_with(begin))
                .count()
        };
        assert_eq!(lines(&pty, "rate ("), 1, "{}", pty.screen());
        assert_eq!(lines(&pty, "  quiet"), 2, "{}", pty.screen());
        // What is typed now is no answer to what is asked later.
        pty.keys("yes\n");
        ground.write("go", "");
        pty.until_so("a question of the run", |pty| {
            pty.screen().contains("Shall it go on?") && pty.is_asking()
        });
        assert!(!pty.screen().contains("  holds for"), "{}", pty.screen());
        pty.answer("yes");
        pty.ends(0);
        assert!(
            ground.story().contains("the trigger go"),
            "{}",
            ground.story()
        );
    }
}

#[test]
fn ctrl_c_ends_it_and_leaves_the_terminal_as_it_was() {
    let ground = Ground::new(BODY);
    ground.write("rate", "2%");
    let mut pty = ground.runbook(&["watch", "case.rbk"]);
    pty.until_so("it is quiet", |pty| pty.screen().contains("  quiet "));
    pty.keys("\x03");
    pty.ends(130);
    assert_eq!(pty.beyond(), [] as [&str; 0]);
}

/// The other command that speaks with a person before there is a run.
#[test]
fn new_asks_what_to_begin_with() {
    let ground = Ground::new("");
    let mut pty = ground.runbook(&["new", "first"]);
    pty.until_so("the choices", |pty| {
        pty.screen().ends_with("Which one?") && pty.screen().contains("3  Lead an incident")
    });
    pty.keys("7\n");
    pty.until_so("what is wanted", |pty| {
        pty.screen()
            .contains("A number from 1 to 4; Ctrl-D leaves.")
    });
    pty.keys("3\n");
    pty.ends(0);
    assert!(ground.read("first.rbk").contains("Lead an incident"));
    assert!(
        pty.screen().contains("runbook test first.test.rbk"),
        "{}",
        pty.screen()
    );
    // Who leaves, leaves nothing.
    let mut pty = ground.runbook(&["new", "second"]);
    pty.until_so("the choices", |pty| pty.screen().ends_with("Which one?"));
    pty.keys("\x04");
    pty.ends(2);
    assert!(!ground.path("second.rbk").exists());
}
