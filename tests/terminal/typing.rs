//! What is typed and pasted, at the wrong time or of the wrong kind: it answers nothing.

use super::kinds::of_every_kind;
use super::pty::{Ground, Pty};

const AHEAD: &[&str] = &[
    "y\n", "\n", "yes\r", "ls -y\n", "no\r", "1\r", "done\r", "\x1b[A\r", "?\r",
];

/// The question stands, and nothing has been typed at it or said about it.
fn is_untouched(pty: &mut Pty, question: &str) {
    pty.until(question);
    pty.until_asked();
    let screen = pty.screen();
    let below = screen.rsplit(question).next().unwrap_or_default();
    for said in ["type ", "noted", "any time", "who approves", "wanted"] {
        let refused = below
            .lines()
            .filter(|row| row.trim().starts_with(said))
            .count();
        let hint = usize::from(said == "type " && below.contains("to go on, or no"));
        assert!(
            refused <= hint,
            "something was taken for an answer:\n{screen}"
        );
    }
}

#[test]
fn o01_what_is_typed_before_the_question_answers_nothing() {
    of_every_kind(|kind| {
        let ground = kind.ground();
        let mut pty = kind.on_its_way(&ground);
        assert!(
            !pty.is_asking(),
            "{}: the keys come before the question",
            kind.name
        );
        for keys in AHEAD {
            pty.keys(keys);
        }
        pty.keys(format!("{}\r", kind.answers[0]));
        is_untouched(&mut pty, kind.question);
        kind.answer(&mut pty);
    });
}

#[test]
fn o01_what_is_typed_while_the_question_appears_answers_nothing() {
    of_every_kind(|kind| {
        let ground = kind.ground();
        let mut pty = kind.on_its_way(&ground);
        // The question stands there, and the place to type does not yet.
        pty.until(kind.question);
        let mut early = 0;
        for keys in AHEAD.iter().copied().chain([kind.answers[0], "\r"]) {
            if !pty.is_asking() {
                pty.keys(keys);
                early += 1;
            }
        }
        assert!(
            early > 0,
            "{}: the keys come before the place to type",
            kind.name
        );
        is_untouched(&mut pty, kind.question);
        kind.answer(&mut pty);
    });
}

#[test]
fn o13_what_is_pasted_waits_for_a_key() {
    of_every_kind(|kind| {
        let (_ground, mut pty) = kind.asked();
        let answer = kind.answers[0];
        pty.keys(format!("\x1b[200~{answer}\r\n{answer}\n\x1b[201~"));
        if kind.name != "secret" {
            pty.until_so("the paste is shown", |pty| {
                pty.screen().trim_end().ends_with(answer)
            });
        }
        // It stands in the line like anything that was typed, and is taken away like it.
        pty.keys(b"\x15");
        pty.until_asked();
        kind.answer(&mut pty);
    });
}

#[test]
fn o13_several_lines_in_one_breath_are_one_line() {
    let ground = Ground::new(
        "confirm \"Shall it go on?\"\nconfirm \"And again?\"\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    pty.until_asked();
    // A terminal without brackets around a paste.
    pty.keys("yes\ryes\r");
    pty.until("yes yes");
    pty.until_asked();
    assert!(!pty.screen().contains("And again?"), "{}", pty.screen());
    pty.answer("yes");
    pty.until("And again?");
    pty.answer("yes");
    pty.until("the end");
    pty.ends(0);
}

#[test]
fn o13_only_the_phrase_itself_lets_something_irreversible_go() {
    let ground = Ground::new(
        "step wipe \"Wipe it\" {\n  irreversible \"The data is gone.\"\n  $ touch wiped\n}\nfinish no_action \"the end\"",
    );
    let mut pty = ground.run();
    pty.until("type wipe to go on");
    let wrong = [
        "yes",
        "y",
        "",
        "wip",
        "wiped",
        "WIPE",
        "wipe it",
        "please wipe",
        "wipe wipe",
        "ls -y",
        "#1",
        "wipe\u{200b}",
        "\u{202e}epiw",
        &"wipe ".repeat(900),
    ];
    for (n, phrase) in wrong.iter().enumerate() {
        pty.until_asked();
        pty.keys(format!("{phrase}\r"));
        let refused = "type exactly wipe";
        pty.until_so("it is refused", |pty| {
            String::from_utf8_lossy(pty.raw()).matches(refused).count() == n + 1
        });
        assert!(!ground.path("wiped").exists(), "{phrase:?}");
    }
    pty.answer("wipe");
    pty.until("the end");
    pty.ends(0);
    assert!(ground.path("wiped").exists());
}
