//! I11: the runbook is changed while its run waits. The run goes on with the text it has, or, by `--adopt`, with the
//! new one, where nothing that was begun is another in it.

use super::*;

const TEXT: &str = "rbk 1
runbook \"A\"

let word: text = \"plain\"

step one \"One\" {
  $ sh -c 'echo one >> ledger'
  undo $ sh -c 'echo not-one >> ledger'
}

section later \"Later\" within 2h {
  confirm \"Go on?\"

  step two \"Two\" {
    $ sh -c 'echo two >> ledger'
  }

  step three \"Three\" {
    $ echo \"three {{word}}\" >> ledger
  }
}
";

/// A run of [`TEXT`] that waits at its question, and its runbook changed.
fn changed(edit: impl Fn(&str) -> String) -> Ground {
    let ground = Ground::with("a.rbk", TEXT);
    fs::write(ground.path("go.toml"), "[answers]\n\"Go on?\" = \"yes\"\n").expect("written");
    let out = ground.sh("\"$RUNBOOK\" run a.rbk");
    assert_eq!(out.status.code(), Some(75), "{}", text(&out));
    assert_eq!(ground.ledger(), ["one"]);
    let now = edit(TEXT);
    assert_ne!(now, TEXT, "it is changed");
    fs::write(ground.path("a.rbk"), now).expect("written");
    ground
}

const ADOPT: &str = "\"$RUNBOOK\" resume --adopt --answers go.toml";

#[test]
fn i11_without_adopt_a_changed_step_is_told_and_the_old_text_runs() {
    let ground = changed(|text| text.replace("echo two", "echo TWO"));
    let out = ground.sh("\"$RUNBOOK\" resume --answers go.toml");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert!(
        text(&out).contains("step later.two is different"),
        "{}",
        text(&out)
    );
    assert_eq!(ground.ledger(), ["one", "two", "three plain"]);
}

#[test]
fn i11_what_is_still_to_come_is_taken_on() {
    type Edit = fn(&str) -> String;
    let cases: [(&str, Edit, &str, &[&str]); 6] = [
        (
            "a comment",
            |text| text.replace("step two", "# soon\n  step two"),
            "no step is different",
            &["one", "two", "three plain"],
        ),
        (
            "a comment in a step that is done",
            |text| {
                text.replace(
                    "step one \"One\" {\n",
                    "step one \"One\" { # first\n  # really\n",
                )
            },
            "no step is different",
            &["one", "two", "three plain"],
        ),
        (
            "a later step",
            |text| text.replace("echo two", "echo TWO"),
            "step later.two is different",
            &["one", "TWO", "three plain"],
        ),
        (
            "a later step renamed",
            |text| text.replace("step two", "step second"),
            "step later.second is new",
            &["one", "two", "three plain"],
        ),
        (
            "a later step gone",
            |text| {
                text.replace(
                    "  step two \"Two\" {\n    $ sh -c 'echo two >> ledger'\n  }\n",
                    "",
                )
            },
            "step later.two is gone",
            &["one", "three plain"],
        ),
        (
            "a new step",
            |text| {
                text.replace(
                    "  step three",
                    "  step more \"More\" {\n    $ echo more >> ledger\n  }\n\n  step three",
                )
            },
            "step later.more is new",
            &["one", "two", "more", "three plain"],
        ),
    ];
    for (what, edit, said, ledger) in cases {
        let ground = changed(edit);
        let out = ground.sh(ADOPT);
        assert_eq!(out.status.code(), Some(0), "{what}: {}", text(&out));
        let words = text(&out).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("goes on with the changed runbook"),
            "{what}: {words}"
        );
        assert!(words.contains(said), "{what}: {words}");
        assert_eq!(ground.ledger(), ledger, "{what}");
        let verified = ground.sh("\"$RUNBOOK\" journal verify --json");
        let verified: serde_json::Value = serde_json::from_slice(&verified.stdout).expect("JSON");
        assert_eq!(
            (&verified["sources"], &verified["problem"]),
            (&2.into(), &serde_json::Value::Null),
            "{what}"
        );
        let shown = ground.sh("\"$RUNBOOK\" show");
        assert!(
            text(&shown).contains("changed runbook"),
            "{what}: {}",
            text(&shown)
        );
    }
}

#[test]
fn i11_what_was_begun_may_not_be_another() {
    type Edit = fn(&str) -> String;
    let cases: [(&str, Edit, &str); 11] = [
        (
            "what a done step was given",
            |text| text.replace("step one", "env COLOUR = \"red\"\n\nstep one"),
            "is done, and would be done in another way",
        ),
        (
            "a done step",
            |text| text.replace("echo one", "echo ONE"),
            "would have been",
        ),
        (
            "a done step renamed",
            |text| text.replace("step one", "step first"),
            "would have been",
        ),
        (
            "a done step gone",
            |text| {
                text.replace(
                "step one \"One\" {\n  $ sh -c 'echo one >> ledger'\n  undo $ sh -c 'echo not-one >> ledger'\n}\n",
                "",
            )
            },
            "is done",
        ),
        (
            "the undo of a done step",
            |text| text.replace("echo not-one", "echo rm"),
            "step one was begun, and is different",
        ),
        (
            "the undo of a done step gone",
            |text| text.replace("  undo $ sh -c 'echo not-one >> ledger'\n", ""),
            "taken back",
        ),
        (
            "more in a done step",
            |text| {
                text.replace(
                    "  undo",
                    "  always {\n    $ echo always >> ledger\n  }\n  undo",
                )
            },
            "",
        ),
        (
            "a new step before what is done",
            |text| {
                text.replace(
                    "step one",
                    "step zero \"Zero\" {\n  $ echo zero >> ledger\n}\n\nstep one",
                )
            },
            "would have been",
        ),
        (
            "a value that was bound",
            |text| text.replace("= \"plain\"", "= \"fancy\""),
            "`word` would have another value",
        ),
        (
            "a time limit that runs",
            |text| text.replace("within 2h", "within 4h"),
            "time limit",
        ),
        (
            "the question that is open",
            |text| text.replace("Go on?", "Really go on?"),
            "would have been the question",
        ),
    ];
    for (what, edit, why) in cases {
        let ground = changed(edit);
        let before = ground.journal();
        let out = ground.sh(ADOPT);
        assert_eq!(out.status.code(), Some(2), "{what}: {}", text(&out));
        let words = text(&out).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("RB3029"), "{what}: {words}");
        assert!(words.contains(why), "{what}: {words}");
        assert_eq!(ground.ledger(), ["one"], "{what}");
        assert!(ground.journal() == before, "{what}: nothing was written");
        // The text it has still serves.
        let out = ground.sh("\"$RUNBOOK\" resume --answers go.toml");
        assert_eq!(out.status.code(), Some(0), "{what}: {}", text(&out));
        assert_eq!(ground.ledger(), ["one", "two", "three plain"], "{what}");
    }
}

#[test]
fn i11_a_text_with_mistakes_is_reported_and_not_taken_on() {
    let ground = changed(|text| text.replace("{{word}}", "{{wrod}}"));
    let out = ground.sh(ADOPT);
    assert_eq!(out.status.code(), Some(3), "{}", text(&out));
    assert!(text(&out).contains("wrod"), "{}", text(&out));
    fs::remove_file(ground.path("a.rbk")).expect("gone");
    let out = ground.sh(ADOPT);
    assert_eq!(out.status.code(), Some(3), "{}", text(&out));
    assert_eq!(ground.ledger(), ["one"]);
}

#[test]
fn i11_what_was_taken_on_stays_through_every_later_resume() {
    let ground = changed(|text| text.replace("echo two", "echo TWO"));
    for _ in 0..2 {
        // Nobody answers: it parks again, with the new text.
        let out = ground.sh("\"$RUNBOOK\" resume --adopt");
        assert_eq!(out.status.code(), Some(75), "{}", text(&out));
    }
    let adopted = |ground: &Ground| {
        let journal = ground.journal();
        lines(&journal)
            .iter()
            .filter(|line| holds(line, "\"adopted\""))
            .count()
    };
    assert_eq!(adopted(&ground), 1, "the second time nothing was different");
    // Changed once more, and taken on once more.
    let now = TEXT
        .replace("echo two", "echo TWO")
        .replace("\"three {{word}}\"", "\"THREE {{word}}\"");
    fs::write(ground.path("a.rbk"), now).expect("written");
    let out = ground.sh("\"$RUNBOOK\" resume --adopt");
    assert_eq!(out.status.code(), Some(75), "{}", text(&out));
    assert_eq!(adopted(&ground), 2);
    fs::write(ground.path("a.rbk"), "no runbook").expect("written");
    let out = ground.sh("\"$RUNBOOK\" resume --answers go.toml");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    // By the name that it had on the command line.
    assert!(text(&out).contains("▲ a.rbk was changed"), "{}", text(&out));
    assert_eq!(ground.ledger(), ["one", "TWO", "THREE plain"]);
    let id = "$(ls state/runbook/runs)";
    let out = ground.sh(&format!("\"$RUNBOOK\" undo {id} --to start --reason test"));
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.ledger().last().map(String::as_str), Some("not-one"));
}
