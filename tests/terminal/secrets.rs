//! Secrets at a terminal: a canary goes through everything that a person is shown and asked, and is looked for on
//! the screen and wherever the run can have left it; and one is typed. What needs no terminal for that is tested
//! with the journal.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use super::pty::{Ground, PATIENCE, Pty, RUNBOOK, Seat, below};

/// With characters that each encoding writes in its own way.
const CANARY: &str = "c4n\"ry/7+&x=9 z";

/// Base64, hex, URL and JSON, as other programs write it.
const FORMS: &[&str] = &[
    CANARY,
    "YzRuInJ5LzcrJng9OSB6",
    "63346e2272792f372b26783d39207a",
    "63346E2272792F372B26783D39207A",
    "c4n%22ry%2F7%2B%26x%3D9%20z",
    "c4n%22ry%2f7%2b%26x%3d9%20z",
    "c4n\\\"ry/7+&x=9 z",
];

/// Holds that a text has none of the forms.
fn is_clean(what: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    for form in FORMS {
        assert!(
            !text.contains(form),
            "{what} shows the secret as {form}:\n{text}"
        );
    }
}

/// Every file below the state, whatever it is.
fn state_is_clean(ground: &Ground) {
    let mut open = vec![ground.path("state")];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                is_clean(
                    &path.display().to_string(),
                    &std::fs::read(&path).expect("a file"),
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 2, "there is something to look at");
}

/// What every command that looks at a run says of it.
fn views_are_clean(ground: &Ground) {
    let (list, _) = ground.plainly(&["runs"]);
    let run = list.split_whitespace().next().expect("a run").to_owned();
    for arguments in [
        &["runs"][..],
        &["runs", "--json"],
        &["show", &run],
        &["show", &run, "--json"],
        &["report", &run],
        &["report", &run, "--to", "json"],
        &["report", &run, "--to", "html"],
        &["graph", "--run", &run, "--to", "svg"],
        &["graph", "--run", &run, "--to", "json"],
        &["journal", "verify", &run],
        &["journal", "export", &run],
        &["render", "case.rbk"],
        &["render", "case.rbk", "--to", "html"],
    ] {
        let (said, _) = ground.plainly(arguments);
        assert!(!said.is_empty(), "{arguments:?} says something");
        is_clean(&format!("{arguments:?}"), said.as_bytes());
    }
}

/// At a terminal, with the secret in the environment.
fn secretly(ground: &Ground, arguments: &[&str]) -> Pty {
    Seat::new()
        .env("TOKEN", CANARY)
        .start(ground, RUNBOOK, arguments)
}

const EVERYWHERE: &str = r##"
secret token from env TOKEN
contact dba "Database administrator" {
  phone "1"
}
channel incidents "#incidents"
message begun to incidents {
  > It says {{said}}.
}
message record to file "record.md" {
  > It says {{said}}.
}
param said: text = "nothing"
let printed: text = ? cat forms
step all "All forms" {
  env T = token
  $ cat forms; cat forms >&2
  $ for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do printf '%s' "$(printf '%s' "$T" | cut -c "1-$i")"; printf '%s\n' "$(printf '%s' "$T" | cut -c "$((i + 1))-")"; done
  $ head -c 9000 /dev/zero | tr '\0' x; cat forms
  repeatable
}
do titled(printed)
procedure titled(what: text) "With {{what}}" {
  confirm "Is it {{what}}?"
  step told "Tell" {
    > It is {{what}}.
    ! Beware of {{what}}.
    $ printf '%s' {{what}} > copy
    repeatable
  }
  ask other: text "What now?"
  notify record
  step bad "Bad" {
    env T = token
    $ cat forms >&2; touch failed; exit 3
    repeatable
  }
  finish no_action "the end of {{other}}"
}
"##;

#[test]
fn s05_s10_no_form_of_a_secret_comes_to_any_place() {
    let ground = Ground::new(EVERYWHERE);
    ground.write("forms", FORMS.join("\n") + "\n");
    let mut pty = secretly(&ground, &["run", "case.rbk"]);
    pty.until("? Is it");
    pty.answer("yes");
    pty.until("? What now?");
    // Even a person who types it: what is echoed is theirs, what is kept and shown is not.
    let before = pty.raw().len();
    pty.answer("it");
    is_clean("the screen", &pty.raw()[..before]);
    pty.until("bad failed");
    assert!(ground.path("failed").exists(), "the forms were printed");
    pty.answer("n");
    pty.answer(&format!("the token is {CANARY}"));
    let typed = pty.raw().len();
    pty.until("noted");
    pty.answer("skip");
    pty.answer("never mind");
    pty.until("the end");
    pty.ends(0);
    is_clean("the screen", &pty.raw()[typed..]);
    assert!(String::from_utf8_lossy(pty.raw()).contains("‹token›"));
    state_is_clean(&ground);
    views_are_clean(&ground);
    is_clean("the document", ground.read("record.md").as_bytes());
}

#[test]
fn s05_a_mistake_of_ours_shows_no_secret() {
    if !cfg!(debug_assertions) {
        return;
    }
    let ground = Ground::new(
        "secret token from env TOKEN\nstep slow \"Slow\" {\n  env T = token\n  $ cat forms; touch begun; while test -e begun; do sleep 0.1; done\n  repeatable\n}\n",
    );
    ground.write("forms", FORMS.join("\n") + "\n");
    let mut pty = Seat::new()
        .env("TOKEN", CANARY)
        .env("RUNBOOK_MISTAKE", "status")
        .env("RUST_BACKTRACE", "full")
        .start(&ground, RUNBOOK, &["run", "case.rbk"]);
    pty.ends(70);
    assert!(String::from_utf8_lossy(pty.raw()).contains("made a mistake"));
    is_clean("the screen", pty.raw());
    state_is_clean(&ground);
}

#[test]
fn s06_no_process_has_a_secret_among_its_arguments() {
    let ground = Ground::new(
        "secret token from env TOKEN\nsecret typed from prompt\nstep use \"Use them\" {\n  env T = token\n  env U = typed\n  $ touch begun; until test -e go; do test \"$T\" = {{token}} && test \"$U\" = {{typed}} && touch had; sleep 0.05; done\n  repeatable\n}\nlet looked: text = ? printf '%s' {{token}}\nfinish no_action \"the end\"",
    );
    let mut pty = secretly(&ground, &["run", "case.rbk"]);
    let engine = pty.pid();
    let mut seen = 0;
    let mut look = |pty: &Pty| {
        let mut lines = below(pty.pid());
        lines.push((
            0,
            std::fs::read_to_string(format!("/proc/{}/cmdline", engine.as_raw_nonzero()))
                .unwrap_or_default(),
        ));
        seen += lines.len();
        for (pid, line) in lines {
            is_clean(&format!("process {pid}"), line.as_bytes());
            assert!(!line.contains("typed-canary"), "process {pid}: {line}");
        }
    };
    pty.until("? The secret `typed`");
    pty.until_asked();
    look(&pty);
    pty.keys("typed-canary");
    look(&pty);
    pty.keys("\r");
    // All the way: from the prompt to the command that has both.
    let until = std::time::Instant::now() + PATIENCE;
    while !ground.path("had").exists() {
        look(&pty);
        assert!(std::time::Instant::now() < until, "the command has both");
    }
    for _ in 0..20 {
        look(&pty);
    }
    ground.write("go", "");
    pty.until("the end");
    pty.ends(0);
    assert!(seen > 30, "there were processes to look at: {seen}");
    is_clean("the screen", pty.raw());
    assert!(!String::from_utf8_lossy(pty.raw()).contains("typed-canary"));
    state_is_clean(&ground);
}

#[test]
fn o03_at_the_prompt_for_a_secret_the_run_can_be_ended() {
    let ground = Ground::new(
        "secret token from prompt\nstep use \"Use it\" {\n  env T = token\n  $ touch used\n  repeatable\n}",
    );
    let mut pty = ground.run();
    pty.until("? The secret `token`");
    pty.until_asked();
    pty.keys(b"\x03");
    pty.until("go on with the run");
    pty.until_asked();
    pty.answer("fail");
    pty.answer("not today");
    pty.until("the operator ended it: not today");
    pty.ends(4);
    assert!(!ground.path("used").exists());
}

#[test]
fn o04_a_secret_that_is_wanted_after_the_terminal_went_away_parks_the_run() {
    let ground = Ground::new(
        "secret first from ? touch begun; until test -e go; do sleep 0.05; done; echo first\nsecret second from prompt\nstep use \"Use it\" {\n  env T = second\n  $ touch used\n  repeatable\n}",
    );
    let mut pty = ground.run();
    ground.wait_for("begun");
    pty.signal(Signal::HUP);
    ground.write("go", "");
    pty.ends(129);
    assert!(ground.plainly(&["runs"]).0.contains("parked"));
    assert!(!ground.path("used").exists());
}

#[test]
fn s09_neither_the_engine_nor_who_reads_a_secret_dumps_its_memory() {
    let ground = Ground::new("secret token from prompt\nfinish no_action \"the end\"");
    // Where the system allows dumps, a program that ends like that leaves one.
    let line = |program: &str| format!("ulimit -S -c \"$(ulimit -H -c)\"; exec {program}");
    let allowed = Command::new("sh")
        .args(["-c", &line("sh -c 'kill -ABRT $$'")])
        .current_dir(ground.path("."))
        .status()
        .expect("sh");
    assert_eq!(allowed.signal(), Some(Signal::ABORT.as_raw()));
    let mut pty = Seat::new().start(
        &ground,
        "sh",
        &["-c", &line(&format!("'{RUNBOOK}' run case.rbk"))],
    );
    pty.until("? The secret `token`");
    pty.until_asked();
    pty.keys("typed-canary");
    let (reader, _) = below(pty.pid())
        .into_iter()
        .find(|(_, line)| line.contains("__line"))
        .expect("a reader");
    for pid in [reader, pty.pid().as_raw_nonzero().get()] {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("limits");
        let core = limits
            .lines()
            .find(|line| line.contains("core file"))
            .expect("of cores");
        let soft = core.split_whitespace().nth(4).expect("a number");
        assert_eq!(soft, "0", "{pid}: {core}");
    }
    let _ = Pid::from_raw(reader).map(|pid| kill_process(pid, Signal::ABORT));
    pty.until_so("the run parks", |pty| {
        pty.screen().contains("runbook resume")
    });
    assert_eq!(pty.code(), 75);
    let cores: Vec<_> = std::fs::read_dir(ground.path("."))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .filter(|name| name.to_string_lossy().starts_with("core."))
        .collect();
    assert!(
        cores.len() <= usize::from(allowed.core_dumped()),
        "{cores:?}"
    );
}

#[test]
fn what_a_command_printed_before_its_engine_was_killed_is_shown_and_clean() {
    let ground = Ground::new(
        "secret token from env TOKEN\nstep slow \"Slow\" {\n  env T = token\n  $ cat forms; echo \"table 3 of 7\"; echo 'it takes long' >&2; touch printed; sleep 1000\n}\nfinish no_action \"the end\"",
    );
    ground.write("forms", FORMS.join("\n") + "\n");
    let mut pty = secretly(&ground, &["run", "case.rbk"]);
    ground.wait_for("printed");
    pty.until("│ it takes long");
    let everybody = below(pty.pid());
    pty.signal(Signal::KILL);
    assert_eq!(pty.code(), 137);
    for (pid, _) in &everybody {
        if let Some(pid) = Pid::from_raw(*pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    state_is_clean(&ground);

    let mut pty = secretly(&ground, &["resume"]);
    pty.until("was it done?");
    let screen = pty.screen();
    is_clean("the question", screen.as_bytes());
    for line in ["│ table 3 of 7", "│ it takes long"] {
        assert!(screen.contains(line), "{screen}");
    }
    pty.answer("done");
    pty.answer("it was seen");
    pty.until("the end");
    pty.ends(0);
    state_is_clean(&ground);
    views_are_clean(&ground);
}
