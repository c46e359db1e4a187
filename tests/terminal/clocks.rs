//! What runs out while a question is open: shown as it runs, and never in the way of what is typed.

use super::pty::{Ground, RUNBOOK, Seat};

const BODY: &str = r#"
objective 2h

choose "Is the traffic back?" within 1h else "No" {
  "Yes" {
    > It is back.
  }
  "No" {
    > It is gone.
  }
}
"#;

/// The row of the clocks.
fn row(screen: &str) -> Option<String> {
    let mut rows = screen.lines().filter(|row| row.contains("No in "));
    rows.next().map(|row| row.trim().to_owned())
}

#[test]
fn a_clock_goes_on_above_what_is_typed() {
    let ground = Ground::new(BODY);
    let mut pty = ground.run();
    pty.until_asked();
    pty.keys("Ye");
    pty.until_so("a clock", |pty| row(&pty.screen()).is_some());
    let first = row(&pty.screen());
    pty.until_so("another time on it", |pty| row(&pty.screen()) != first);
    let screen = pty.screen();
    let rows: Vec<&str> = screen.lines().map(str::trim_end).collect();
    let at = rows.iter().position(|row| row.contains("No in ")).unwrap();
    assert!(rows[at].contains("objective 1h 59m"), "{screen}");
    assert!(rows[at + 1].ends_with(" Ye"), "{screen}");
    assert_eq!(screen.matches("No in ").count(), 1, "{screen}");
    pty.keys("s\r");
    pty.ends(0);
    assert_eq!(row(&pty.screen()), None, "{}", pty.screen());
    assert!(pty.screen().contains("resolved"), "{}", pty.screen());
}

#[test]
fn a_terminal_that_knows_no_cursor_has_no_running_clock() {
    let ground = Ground::new(BODY);
    let mut pty = Seat::new()
        .env("TERM", "dumb")
        .start(&ground, RUNBOOK, &["run", "case.rbk"]);
    pty.until_asked();
    assert!(
        pty.screen().contains("answers itself No at "),
        "{}",
        pty.screen()
    );
    assert!(pty.screen().contains("59m 59s left") || pty.screen().contains("1h 00m left"));
    pty.answer("Yes");
    pty.ends(0);
    assert_eq!(row(&pty.screen()), None, "{}", pty.screen());
    assert!(pty.screen().contains("resolved"), "{}", pty.screen());
}
