//! `runbook test --record`: real runs, on the real host, as scenarios that hold. The seconds are those of the runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What no scenario may hold, in whatever form it was said.
const CANARY: &str = "canary+7f3/Zq==";

/// A runbook in a folder of its own, with a state home beside it.
struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    fn new(runbook: &str, answers: &str) -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("rbk 1\nrunbook \"A case\"\n\n{runbook}");
        std::fs::write(folder.path().join("case.rbk"), text).expect("a runbook");
        std::fs::write(folder.path().join("answers.toml"), answers).expect("answers");
        Ground { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn runbook(&self, args: &[&str]) -> Output {
        Command::new(Path::new(env!("CARGO_BIN_EXE_runbook")))
            .args(args)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env("XDG_STATE_HOME", self.path("state"))
            .env("USER", "ada")
            .env("TOKEN", CANARY)
            .output()
            .expect("the program starts")
    }

    fn run(&self) -> Option<i32> {
        let args = ["run", "case.rbk", "--json", "-a", "answers.toml"];
        self.runbook(&args).status.code()
    }

    fn resume(&self) -> Option<i32> {
        let args = ["resume", "--json", "-a", "answers.toml"];
        self.runbook(&args).status.code()
    }

    /// The scenario of the newest run, which holds, and stands in its file as `fmt` has it.
    fn record(&self) -> String {
        let runs = std::fs::read_dir(self.path("state/runbook/runs")).expect("runs");
        let newest = runs.map(|entry| entry.expect("a run").file_name()).max();
        let run = newest.expect("a run").into_string().expect("an id");
        let args = ["test", "--record", &run, "-o", "case.test.rbk"];
        let recorded = self.runbook(&args);
        assert!(recorded.status.success(), "{recorded:?}");
        let text = std::fs::read_to_string(self.path("case.test.rbk")).expect("a scenario");
        let played = self.runbook(&["test", "case.test.rbk"]);
        assert!(played.status.success(), "{played:?}\n{text}");
        for command in [&["lint"][..], &["fmt", "--check"]] {
            let args: Vec<&str> = command.iter().copied().chain(["case.test.rbk"]).collect();
            let held = self.runbook(&args);
            assert!(held.status.success(), "{held:?}\n{text}");
        }
        // A second time it is there already, and is left as it is.
        assert_eq!(self.runbook(&args[..]).status.code(), Some(2));
        text
    }
}

fn holds(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_run_that_failed_is_told_and_secrets_are_not() {
    let ground = Ground::new(
        r##"param version: text = "v1"
param stable: text "Which one?"
secret token from env TOKEN

channel ops "#ops" {
  $ printf '%s' "$MESSAGE" > ops.log
}

message back to ops {
  > Back on {{stable}}.
}

checkpoint ready "Before" {
  - [ ] All are told -> link: url
}

step look "Look" {
  let up: bool = ? test -e up
  let nonce: text = ? cat /proc/sys/kernel/random/uuid
  ? printf '%s\n' "{{token}}" "$TOKEN {{nonce}}"; printf '%s' "$TOKEN" | base64
  env TOKEN = token
}

step switch "Switch" {
  $ echo "{{stable}} {{token}}" > current-{{nonce}}
  undo $ rm -f current-{{nonce}}
}

attempt fix "Fix" {
  step restart "Restart" {
    $ ```bash
      echo "{{token}}" >&2
      test -e never
    ```
    repeatable
    retry 1 every 100ms
  }
} otherwise {
  step other "Other" {
    $ echo "other {{token}}"
    repeatable
  }
}

notify back

step slow "Slow" {
  $ sleep 30
  irreversible "It is gone"
  timeout 300ms
}
"##,
        &format!(
            "[params]\nstable = \"v1.2\"\n[answers]\n\"All are told\" = \"https://x.example/?k={CANARY}\"\n\"It is gone\" = \"slow\"\n"
        ),
    );
    assert_eq!(ground.run(), Some(4));
    let text = ground.record();
    holds(
        &text,
        &[
            "given stable = \"v1.2\"",
            "when step fix.restart exits 1",
            "when \"sleep 30\" times out",
            "answer \"It is gone\" \"slow\"",
            "reaches fix.restart",
            "reaches other",
            "notifies \"back\"",
            "ends failed",
        ],
    );
    use base64::Engine as _;
    let coded = base64::engine::general_purpose::STANDARD.encode(CANARY);
    for form in [CANARY, "canary", "7f3", coded.trim_end_matches('=')] {
        assert!(!text.contains(form), "{form} is in\n{text}");
    }
    assert!(
        text.contains("‹token›"),
        "the canary was never said:\n{text}"
    );
}

#[test]
fn a_run_that_waits_for_a_person_is_told_without_its_end() {
    let ground = Ground::new(
        "step one \"One\" {\n  $ touch one\n  undo $ rm one\n}\nconfirm \"Go on?\"\nfinish resolved\n",
        "",
    );
    assert_eq!(ground.run(), Some(75));
    let text = ground.record();
    holds(&text, &["reaches one"]);
    assert!(!text.contains("ends"), "{text}");
    assert!(!text.contains("answer"), "{text}");
}

#[test]
fn a_run_whose_engine_was_killed_is_told_as_it_was_settled() {
    let ground = Ground::new(
        r#"checkpoint ready "Ready"

step asked "Asked about" {
  $ sh -c 'test -e 1 || { touch 1; kill -9 "$PPID"; }'
}

step repeated "May be run again" {
  $ sh -c 'test -e 2 || { touch 2; kill -9 "$PPID"; }; exit 3'
  repeatable
}

finish resolved
"#,
        "[answers]\nasked = \"done\"\nrepeated = \"skip\"\n",
    );
    assert_eq!(ground.run(), None, "the engine was not killed");
    assert_eq!(ground.resume(), None, "the engine was not killed again");
    let code = ground.resume();
    assert!(ground.path("2").exists());
    assert!(code.is_some(), "{code:?}");
    let text = ground.record();
    holds(
        &text,
        &["when \"sh -c 'test -e 2 ", "exits 3", "reaches repeated"],
    );
    assert!(!text.contains("under way"), "{text}");
    assert!(!text.contains("still runs"), "{text}");
}

#[test]
fn what_a_person_did_about_a_failure_is_told() {
    let ground = Ground::new(
        "checkpoint ready \"Ready\"\nstep one \"One\" {\n  $ touch one; exit 4\n  undo $ rm one\n}\nstep two \"Two\" {\n  $ true\n  repeatable\n}\nchoose \"Which way?\" {\n  \"Left\" { finish mitigated }\n  \"Right\" { finish escalated }\n}\n",
        "[answers]\none = \"skip: it was done by hand\"\n\"Which way?\" = \"Right\"\n",
    );
    let code = ground.run();
    let text = ground.record();
    assert_eq!(code, Some(0), "{text}");
    holds(
        &text,
        &[
            "answer \"one\" skip",
            "answer \"Which way?\" \"Right\"",
            "ends escalated",
        ],
    );
}

#[test]
fn a_probe_is_no_scenario() {
    let ground = Ground::new("step one \"One\" {\n  ? true\n}\n", "");
    ground.runbook(&["run", "case.rbk", "--probe", "--json"]);
    let runs = std::fs::read_dir(ground.path("state/runbook/runs")).expect("runs");
    let run = runs.map(|entry| entry.expect("a run").file_name()).max();
    let run = run.expect("a run").into_string().expect("an id");
    let refused = ground.runbook(&["test", "--record", &run]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("RB3040"), "{said}");
}
