//! What a file says wrongly is refused where it is said; what it says is what runs.

use std::fs;

use super::{numbers, runbook};

fn told(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.rbk"), text).expect("written");
    let output = runbook(folder.path(), &["lint", "--deny", "error", "a.rbk"], b"");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn i04_a_name_of_letters_that_look_alike_is_refused() {
    // The `a` of `deploy_a` is Cyrillic in the second.
    for name in [
        "deploy_\u{430}",
        "\u{0455}tep",
        "caf\u{e9}",
        "a\u{200d}b",
        "\u{ff41}",
    ] {
        let (code, said) = told(&format!(
            "rbk 1\nrunbook \"A\"\n\nstep {name} \"A\" {{\n  $ true\n  repeatable\n}}\n"
        ));
        assert_eq!(code, Some(3), "{name}: {said}");
        assert!(numbers(&said)[0].starts_with("RB1"), "{name}: {said}");
    }
}

#[test]
fn i13_two_steps_of_one_name_are_refused() {
    let step = "step a \"A\" {\n  $ true\n  repeatable\n}\n";
    let (code, said) = told(&format!("rbk 1\nrunbook \"A\"\n\n{step}{step}"));
    assert_eq!(
        (code, numbers(&said)),
        (Some(3), vec!["RB2028".to_owned()]),
        "{said}"
    );
    // One each in two scopes, and one in a loop, are three places.
    let (code, said) = told(&format!(
        "rbk 1\nrunbook \"A\"\n\n{step}section s \"S\" {{\n{step}}}\nfor x in [1, 2] {{\nstep b \"B {{{{x}}}}\" {{\n  $ true\n  repeatable\n}}\n}}\n"
    ));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn i13_a_step_in_a_loop_is_known_by_its_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "rbk 1\nrunbook \"A\"\n\nfor x in [\"one\", \"two\"] {\n  step a \"A {{x}}\" {\n    $ echo {{x}} >> ledger\n    repeatable\n  }\n}\n";
    fs::write(folder.path().join("a.rbk"), text).expect("written");
    let output = runbook(folder.path(), &["run", "a.rbk", "--json"], b"");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for path in ["\"a[one]\"", "\"a[two]\""] {
        assert!(said.contains(path), "{path} in\n{said}");
    }
}

#[test]
fn i14_what_is_no_duration_is_refused_where_it_stands() {
    for (value, number) in [
        ("\"30\"", "RB2005"),
        ("30", "RB2006"),
        ("30%", "RB2005"),
        ("5 m", "RB1054"),
        ("-1s", "RB1021"),
        ("1e9h", "RB1050"),
        ("5mm", "RB1050"),
        ("99999999d", "RB1052"),
        ("99999999999999999999999999999999999999d", "RB1052"),
        ("yes", "RB2005"),
        ("", "RB1021"),
    ] {
        let (code, said) = told(&format!(
            "rbk 1\nrunbook \"A\"\n\nstep a \"A\" {{\n  $ true\n  repeatable\n  timeout {value}\n}}\n"
        ));
        assert_eq!(code, Some(3), "{value}: {said}");
        assert_eq!(numbers(&said), [number], "{value}: {said}");
        assert!(said.contains("a.rbk:7:"), "{value}: {said}");
    }
}

/// The runbook rewrites its own file while it begins, and again in its first step.
#[test]
fn i12_what_was_read_is_what_is_kept_and_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "rbk 1\nrunbook \"A\"\n\nparam v: text {\n  from ? sh -c 'cp other.rbk a.rbk; echo x'\n}\n\nstep a \"A\" {\n  $ cp other.rbk a.rbk && echo first >> ledger\n  repeatable\n}\n\nconfirm \"Go on?\"\n\nstep b \"B\" {\n  $ echo second >> ledger\n  repeatable\n}\n";
    let other = "rbk 1\nrunbook \"Other\"\n\nstep evil \"Evil\" {\n  $ echo other >> ledger\n  repeatable\n}\n";
    let path = folder.path().join("a.rbk");
    fs::write(&path, text).expect("written");
    fs::write(folder.path().join("other.rbk"), other).expect("written");
    let output = runbook(folder.path(), &["run", "a.rbk", "--param", "v=x"], b"");
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert_eq!(
        fs::read_to_string(&path).expect("a file"),
        other,
        "the file was changed"
    );
    fs::write(
        folder.path().join("yes.toml"),
        "[answers]\n\"Go on?\" = \"yes\"\n",
    )
    .expect("written");
    let output = runbook(folder.path(), &["resume", "--answers", "yes.toml"], b"");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let ledger = fs::read_to_string(folder.path().join("ledger")).expect("it ran");
    assert_eq!(ledger, "first\nsecond\n");
    let kept = std::process::Command::new("grep")
        .args(["-rlF", "echo second", "state"])
        .current_dir(folder.path())
        .output()
        .expect("grep");
    assert!(kept.status.success(), "the run keeps what it read");
}
