//! Rows of the fault matrix about processes that only the whole program can show.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    /// A folder with one runbook.
    fn with(body: &str) -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("rbk 1\nrunbook \"Processes\"\n\n{body}\n");
        fs::write(folder.path().join("case.rbk"), text).expect("written");
        Ground { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runbook"));
        command
            .args(words)
            .env("XDG_STATE_HOME", self.path("state"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn runs(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("it starts")
    }

    fn starts(&self, words: &[&str]) -> Child {
        self.command(words).spawn().expect("it starts")
    }

    fn journal(&self) -> String {
        let runs = fs::read_dir(self.path("state/runbook/runs")).expect("runs");
        let run = runs.last().expect("a run").expect("an entry").path();
        let journal = fs::read(run.join("journal")).expect("a journal");
        String::from_utf8_lossy(&journal).into_owned()
    }

    /// Waits for a file with a whole line, and gives the number in it.
    fn number(&self, name: &str) -> u32 {
        for _ in 0..6000 {
            if let Ok(text) = fs::read_to_string(self.path(name))
                && text.ends_with('\n')
            {
                return text.trim().parse().expect("a number");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{name} was never written");
    }
}

fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("a number"), signal).expect("signalled");
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn p20_a_nul_in_a_value_is_refused_before_anything_runs() {
    let ground = Ground::with("param who: text\n\nstep one \"One\" {\n  $ echo {who} >> ledger\n}");
    fs::write(
        ground.path("answers.toml"),
        "[params]\nwho = \"a\\u0000b\"\n",
    )
    .expect("written");
    let output = ground.runs(&["run", "case.rbk", "--answers", "answers.toml"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("NUL"), "{}", said(&output));
    assert!(!ground.path("ledger").exists());
}

#[test]
fn p20_a_nul_in_what_a_command_printed_goes_into_no_command() {
    let ground = Ground::with(
        "step one \"One\" {\n  let who = ? printf 'a\\000b'\n  $ echo {who} >> ledger\n}",
    );
    let output = ground.runs(&["run", "case.rbk"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(said(&output).contains("NUL"), "{}", said(&output));
    assert!(!ground.path("ledger").exists());
}

#[test]
fn p31_a_command_that_ended_while_its_engine_was_stopped_did_not_time_out() {
    let ground = Ground::with(
        "step one \"One\" {\n  timeout 2s\n  $ echo $$ > pid; while ! test -e go; do sleep 0.01; done; echo well\n}",
    );
    let engine = ground.starts(&["run", "case.rbk"]);
    let command = ground.number("pid");
    signal(engine.id(), rustix::process::Signal::STOP);
    wait_until("the engine is stopped", || state(engine.id()) == Some('T'));
    fs::write(ground.path("go"), "").expect("written");
    wait_until("the command ended, and nobody took its status", || {
        state(command) == Some('Z')
    });
    // Past the deadline, whose clock began after the command did at the latest when its number was read.
    std::thread::sleep(Duration::from_millis(2500));
    signal(engine.id(), rustix::process::Signal::CONT);
    let output = engine.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(ground.journal().contains("well"), "its output is kept");
}

#[test]
fn p32_a_timeout_beyond_all_measure_is_a_mistake_of_the_runbook() {
    for timeout in ["9999999999d", "3654d", "99999999999999999999999999s"] {
        let ground = Ground::with(&format!(
            "step one \"One\" {{\n  timeout {timeout}\n  $ echo ran >> ledger\n}}"
        ));
        let output = ground.runs(&["run", "case.rbk"]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains("ten years"), "{}", said(&output));
        assert!(!ground.path("ledger").exists());
    }
    let ground = Ground::with("step one \"One\" {\n  timeout 3653d\n  $ echo ran >> ledger\n}");
    let output = ground.runs(&["run", "case.rbk"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn p34_a_branch_that_is_stopped_says_how_and_is_undone() {
    let ground = Ground::with(
        "attempt all \"All\" within 3s {
  parallel {
    step one \"One\" {
      $ echo did >> one
      undo $ echo undid >> one
    }
    step two \"Two\" {
      $ echo $$ > two; sleep 600
      undo $ echo undid >> two-undone
    }
  }
} otherwise {
  finish rolled_back
}",
    );
    let engine = ground.starts(&["run", "case.rbk"]);
    let two = ground.number("two");
    let output = engine.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(matches!(state(two), None | Some('Z')), "it still runs");
    let journal = ground.journal();
    let ends: Vec<&str> = journal
        .lines()
        .filter(|line| line.contains("\"exited\""))
        .collect();
    assert!(
        ends.iter().any(|line| line.contains("SIGTERM")),
        "its outcome says that it was stopped: {ends:#?}"
    );
    assert_eq!(
        fs::read_to_string(ground.path("one")).expect("one"),
        "did\nundid\n"
    );
    assert_eq!(
        fs::read_to_string(ground.path("two-undone")).expect("two"),
        "undid\n"
    );
}

#[test]
fn a_background_command_tells_no_secret_to_its_file_after_its_engine_was_killed() {
    const CANARY: &str = "hunter2-CANARY-a1b2c3";
    let ground = Ground::with(
        "secret token from env TOKEN

step serve \"Serve\" {
  $ echo $$ > pid; echo first {{token}}; while ! test -e go; do sleep 0.01; done; echo {{token}} | base64; echo last {{token}}
  repeatable
  background until {
    ? test -e pid
  }
}

step after \"After\" {
  $ echo $$ > after; exec sleep 600
}",
    );
    let mut engine = ground
        .command(&["run", "case.rbk"])
        .env("TOKEN", CANARY)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let pid = ground.number("pid");
    ground.number("after");
    engine.kill().expect("killed");
    engine.wait().expect("its end");
    assert!(!matches!(state(pid), None | Some('Z')), "it lives on");
    fs::write(ground.path("go"), "").expect("written");
    let runs = fs::read_dir(ground.path("state/runbook/runs")).expect("runs");
    let run = runs.last().expect("a run").expect("an entry").path();
    let everything = || {
        let files = fs::read_dir(&run).expect("files").filter_map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            Some((name, fs::read(entry.path()).ok()?))
        });
        files.collect::<Vec<_>>()
    };
    let is_log = |name: &str| name.starts_with("output.");
    wait_until("what it printed after the kill is in its file", || {
        everything().iter().any(|(name, bytes)| {
            is_log(name) && String::from_utf8_lossy(bytes).contains("last \u{2039}token\u{203a}\n")
        })
    });
    let encoded = "aHVudGVyMi1DQU5BUlktYTFiMmMz";
    for (name, bytes) in everything() {
        let text = String::from_utf8_lossy(&bytes);
        for form in [CANARY, "hunter2", "CANARY", &encoded[..16]] {
            assert!(!text.contains(form), "{form} stands in {name}:\n{text}");
        }
    }
    // The second step goes on, too, until its engine's successor would stop it.
    signal(ground.number("after"), rustix::process::Signal::KILL);
}
