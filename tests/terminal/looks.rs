//! Terminals that are tiny, dumb, without colour or without UTF-8, and those that are not there.

use std::process::{Command, Stdio};

use super::kinds::of_every_kind;
use super::pty::{Ground, Input, Pty, RUNBOOK, Seat};

const BODY: &str = "step one \"First step\" {\n  > A word of prose.\n  ! A word of warning.\n  $ echo printed; touch begun; until test -e go; do sleep 0.05; done\n  repeatable\n}\nconfirm \"Shall it go on?\"\nfinish no_action \"the end\"";

/// What a person must have been told, whatever the terminal.
const TOLD: &[&str] = &[
    "First step",
    "prose",
    "warning",
    "printed",
    "Shall it",
    "yes or no",
    "the end",
];

/// Runs it to its end at such a terminal.
fn at(seat: Seat) -> Pty {
    let ground = Ground::new(BODY);
    let mut pty = seat.start(&ground, RUNBOOK, &["run", "case.rbk"]);
    ground.wait_for("begun");
    ground.write("go", "");
    pty.until_so("a place to type", |pty| {
        letters(pty).contains(&joined("yes or no")) && pty.is_asking()
    });
    pty.answer("yes");
    pty.ends(0);
    for told in TOLD {
        assert!(
            letters(&pty).contains(&joined(told)),
            "{told} is not told:\n{}",
            letters(&pty)
        );
    }
    pty
}

/// What was ever shown, without blanks and line ends: a narrow terminal puts those anywhere.
fn letters(pty: &Pty) -> String {
    let text = String::from_utf8_lossy(pty.raw()).into_owned();
    let plain = console::strip_ansi_codes(&text);
    joined(&plain)
}

fn joined(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[test]
fn o16_tiny_terminals_are_told_the_same() {
    for (rows, columns) in [(24, 1), (1, 80), (1, 1), (2, 2), (5, 7), (24, 20), (0, 0)] {
        let pty = at(Seat::new().size(rows, columns));
        assert_eq!(pty.beyond(), [] as [&str; 0]);
    }
}

#[test]
fn o16_a_dumb_terminal_gets_no_control_sequence() {
    let pty = at(Seat::new().env("TERM", "dumb"));
    let controls: Vec<u8> = pty
        .raw()
        .iter()
        .copied()
        .filter(|byte| *byte < 0x20 && !matches!(byte, b'\r' | b'\n'))
        .collect();
    assert!(controls.is_empty(), "{controls:?}\n{}", pty.screen());
}

#[test]
fn o16_a_dumb_terminal_takes_back_what_is_taken_back() {
    let ground = Ground::new("confirm \"Shall it go on?\"\nfinish no_action \"the end\"");
    let mut pty = Seat::new()
        .env("TERM", "dumb")
        .start(&ground, RUNBOOK, &["run", "case.rbk"]);
    pty.until_asked();
    pty.keys("no");
    pty.until("> no");
    pty.keys("\x7f\x7f");
    pty.until_so("it is typed and taken back", |pty| {
        pty.raw().ends_with(b"\x08 \x08\x08 \x08") && pty.is_asking()
    });
    pty.answer("yes");
    pty.until("the end");
    pty.ends(0);
}

#[test]
fn o16_no_colour_is_no_colour() {
    let pty = at(Seat::new().env("NO_COLOR", "1"));
    let text = String::from_utf8_lossy(pty.raw());
    let colour = regex_lite::Regex::new("\x1b\\[[0-9;]*m").expect("a pattern");
    assert!(!colour.is_match(&text), "{text:?}");
}

#[test]
fn o16_without_utf8_there_is_only_ascii() {
    let pty = at(Seat::new().env("LANG", "C"));
    assert!(pty.raw().is_ascii(), "{}", pty.screen());
}

/// Without a terminal, in a session of its own that has none to open either.
fn nobody(ground: &Ground, arguments: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new("setsid");
    command
        .args(["--wait", RUNBOOK])
        .args(arguments)
        .stdin(Stdio::null());
    ground.dress(&mut command);
    let output = command.output().expect("setsid, of util-linux");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (said.into_owned(), output.status.code())
}

#[test]
fn o10_without_a_terminal_every_question_parks() {
    of_every_kind(|kind| {
        if !kind.is_asked_at_once() {
            return;
        }
        let ground = kind.ground();
        let (said, code) = nobody(&ground, &["run", "case.rbk"]);
        match kind.name {
            // A run that nobody watches fails by itself, and a command that needs a terminal cannot start.
            "failed step" | "how an interactive command went" => {
                assert_eq!(code, Some(4), "{said}");
            }
            _ => {
                assert_eq!(code, Some(75), "{}: {said}", kind.name);
                assert!(said.contains("runbook resume"), "{}: {said}", kind.name);
                kind.resume(&ground);
            }
        }
    });
}

#[test]
fn o11_a_terminal_that_is_not_standard_input_is_not_asked() {
    let ground = Ground::new("confirm \"Shall it go on?\"\nfinish no_action \"the end\"");
    let mut pty = Seat::new()
        .input(Input::Nothing)
        .start(&ground, RUNBOOK, &["run", "case.rbk"]);
    pty.keys("yes\r");
    pty.until("runbook resume");
    assert_eq!(pty.code(), 75, "{}", pty.screen());
    assert!(!pty.screen().contains("the end"));
    let mut pty = ground.resume();
    pty.answer("yes");
    pty.until("the end");
    pty.ends(0);
}
