//! The journal and the run on the disk, from outside: the real engine is killed, starved and raced, and the
//! ledger that its steps write says what was done, and how often. Nothing is asserted about time.

mod adopt;
mod durable;
mod faults;
mod secrets;
mod together;
mod verify;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const RUNBOOK: &str = env!("CARGO_BIN_EXE_runbook");

/// How long a test waits for something to happen before it says that it did not.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for one run, with a state home of its own.
struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journal");
        for name in ["steps.rbk", "answers.toml"] {
            fs::copy(cases.join(name), folder.path().join(name)).expect("copied");
        }
        Ground { folder }
    }

    fn with(name: &str, text: &str) -> Ground {
        let ground = Ground::new();
        fs::write(ground.path(name), text).expect("written");
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .env("RUNBOOK", RUNBOOK)
            .env("XDG_STATE_HOME", self.path("state"))
            .env_remove("TOKEN")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn sh(&self, line: &str) -> Output {
        self.command(line).output().expect("sh starts")
    }

    /// Starts an engine that this test may kill.
    fn start(&self, line: &str) -> Child {
        self.command(&format!("exec {line}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the engine starts")
    }

    fn ledger(&self) -> Vec<String> {
        fs::read_to_string(self.path("ledger"))
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn run_dir(&self) -> PathBuf {
        let runs = self.path("state/runbook/runs");
        let mut found: Vec<PathBuf> = fs::read_dir(runs)
            .expect("runs")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn journal(&self) -> Vec<u8> {
        fs::read(self.run_dir().join("journal")).expect("a journal")
    }

    fn wait_for(&self, what: &str, mut there: impl FnMut() -> bool) {
        let start = Instant::now();
        while !there() {
            assert!(start.elapsed() < PATIENCE, "{what} did not happen");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Both streams, for a message.
fn text(out: &Output) -> String {
    format!(
        "{}{}{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    )
}

/// The lines of a journal, without the zeros that are kept ahead.
fn lines(journal: &[u8]) -> Vec<&[u8]> {
    let used = journal
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    journal[..used]
        .split_inclusive(|byte| *byte == b'\n')
        .collect()
}

fn holds(line: &[u8], what: &str) -> bool {
    String::from_utf8_lossy(line).contains(what)
}

/// Whether a tool is there that only some machines have: what needs it passes over where it is not.
fn there_is(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output();
    found.is_ok_and(|out| out.status.success())
}

const RUN: &str = "\"$RUNBOOK\" run steps.rbk --answers answers.toml";
const RESUME: &str = "\"$RUNBOOK\" resume --answers answers.toml";
const DONE: [&str; 5] = ["one plain", "two", "three 2", "four", "five"];

#[test]
fn j01_a_run_cut_after_any_record_goes_on_and_does_nothing_twice() {
    let whole = Ground::new();
    let out = whole.sh(RUN);
    assert!(out.status.success(), "{}", text(&out));
    assert_eq!(whole.ledger(), DONE);
    let journal = whole.journal();
    let lines = lines(&journal);
    assert!(lines.len() > 15, "{}", String::from_utf8_lossy(&journal));
    let mut asked = 0;
    let ground = whole;
    let run_dir = ground.run_dir();
    // The first two records are one write: before them there is no run.
    for kept in 2..lines.len() {
        // The same file, or it would be a copy of the run.
        let cut = lines[..kept].concat();
        fs::write(run_dir.join("journal"), &cut).expect("cut");
        // What had begun by then has happened: the ledger has it.
        let begun = lines[..kept]
            .iter()
            .filter(|line| holds(line, "\"spawned\""))
            .count();
        let ledger: String = DONE[..begun]
            .iter()
            .map(|line| format!("{line}\n"))
            .collect();
        fs::write(ground.path("ledger"), ledger).expect("a ledger");
        let out = ground.sh(RESUME);
        let over = holds(lines[kept - 1], "\"ended\"");
        assert_eq!(
            out.status.code(),
            Some(if over { 2 } else { 0 }),
            "cut after {kept}: {}",
            text(&out)
        );
        assert_eq!(ground.ledger(), DONE, "cut after {kept}: {}", text(&out));
        if holds(lines[kept - 1], "\"spawned\"") {
            asked += 1;
            assert!(
                text(&out).contains("the test says so"),
                "cut after {kept}: {}",
                text(&out)
            );
        }
    }
    assert_eq!(asked, 5, "each of the five was in doubt once");
}

#[test]
fn a_run_says_where_it_was_begun_and_when_in_the_zone_of_the_machine() {
    if !Path::new("/usr/share/zoneinfo/Asia/Tokyo").exists() {
        return;
    }
    let ground = Ground::new();
    let out = ground.sh(&format!("TZ=Asia/Tokyo {RUN}"));
    assert!(out.status.success(), "{}", text(&out));
    let journal = ground.journal();
    let head = String::from_utf8_lossy(lines(&journal)[0]).into_owned();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
    for part in [
        format!("\"host\":\"{}\"", host.trim()),
        "\"tz\":\"Asia/Tokyo\"".to_owned(),
    ] {
        assert!(head.contains(&part), "{part} is not in {head}");
    }
    let begun = head.split("\"t_wall\":").nth(1).expect("a moment");
    let seconds = &begun[..10];
    let there = ground.sh(&format!(
        "TZ=Asia/Tokyo date -d @{seconds} '+%Y-%m-%d %H:%M:%S'"
    ));
    let there = String::from_utf8_lossy(&there.stdout).into_owned();
    let runs = ground.sh("TZ=Asia/Tokyo \"$RUNBOOK\" runs");
    assert!(text(&runs).contains(there.trim()), "{there}{}", text(&runs));
}

#[test]
fn j02_a_killed_engine_loses_nothing_and_repeats_nothing() {
    let mut killed = 0;
    for round in 0..12 {
        let ground = Ground::new();
        let mut engine = ground.start(RUN);
        // A different moment each round: as many records, then a little.
        ground.wait_for("a record", || {
            let Ok(mut runs) = fs::read_dir(ground.path("state/runbook/runs")) else {
                return false;
            };
            let Some(Ok(run)) = runs.next() else {
                return false;
            };
            let journal = fs::read(run.path().join("journal")).unwrap_or_default();
            lines(&journal).len() >= 2 + 2 * (round % 8)
                || engine.try_wait().is_ok_and(|s| s.is_some())
        });
        std::thread::sleep(Duration::from_micros(137 * round as u64));
        engine.kill().expect("killed");
        if engine.wait().expect("waited").signal() == Some(9) {
            killed += 1;
        }
        for _ in 0..3 {
            let out = ground.sh(RESUME);
            if out.status.code() == Some(0) || text(&out).contains("RB3023") {
                break;
            }
        }
        let ledger = ground.ledger();
        let mut once = ledger.clone();
        once.dedup();
        assert_eq!(ledger, once, "round {round}: nothing was done twice");
        let journal = ground.journal();
        let asked = lines(&journal)
            .iter()
            .filter(|line| holds(line, "\"answered\"") && holds(line, "the test says so"))
            .count();
        // What was in doubt was said to be done, and may not have been: nothing else is missing.
        assert!(
            ledger.len() + asked >= DONE.len(),
            "round {round}: {ledger:?}, asked {asked}"
        );
        assert!(
            lines(&journal).iter().any(|line| holds(line, "\"ended\"")),
            "round {round}"
        );
    }
    assert!(killed >= 8, "{killed} of 12 were killed in the middle");
}

#[test]
fn j10_a_damaged_last_record_is_not_cut_off_without_a_person() {
    let ground = Ground::with("none.toml", "[answers]\n");
    let parked = ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    assert_eq!(parked.status.code(), Some(75), "{}", text(&parked));
    let path = ground.run_dir().join("journal");
    let mut journal = fs::read(&path).expect("a journal");
    let last = journal
        .iter()
        .rposition(|byte| *byte == b'}')
        .expect("a record");
    journal[last - 4] ^= 4;
    fs::write(&path, &journal).expect("written");
    let out = ground.sh(RESUME);
    assert_eq!(out.status.code(), Some(75), "{}", text(&out));
    assert!(text(&out).contains("RB3105"), "{}", text(&out));
    assert_eq!(
        fs::read(&path).expect("a journal"),
        journal,
        "the file is as it was"
    );
}

#[test]
fn j10_with_a_yes_it_is_cut_off_and_what_acts_next_is_asked_about() {
    let answers = "[answers]\n\"Cut the damaged end off and go on?\" = \"yes\"\n\"Two lines are there\" = \"yes\"\n";
    let ground = Ground::with("cut.toml", answers);
    fs::write(ground.path("none.toml"), "[answers]\n").expect("written");
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let dir = ground.run_dir();
    let mut journal = ground.journal();
    let last = journal
        .iter()
        .rposition(|byte| *byte == b'}')
        .expect("a record");
    journal[last - 4] ^= 4;
    fs::write(dir.join("journal"), &journal).expect("written");
    let mut out = ground.sh("\"$RUNBOOK\" resume --answers cut.toml");
    // The third step acts, and nobody says whether it may; that is not forgotten either.
    for _ in 0..2 {
        assert_eq!(out.status.code(), Some(75), "{}", text(&out));
        assert!(
            text(&out).contains("may have been started"),
            "{}",
            text(&out)
        );
        assert_eq!(ground.ledger(), DONE[..2]);
        out = ground.sh("\"$RUNBOOK\" resume");
    }
    assert!(dir.join("tail-1.bin").exists());
    let yes = "[answers]\n\"The journal lost its last record, and this may have been started then. Start it?\" = \"yes\"\n";
    fs::write(ground.path("yes.toml"), yes).expect("written");
    let out = ground.sh("\"$RUNBOOK\" resume --answers yes.toml");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.ledger(), DONE);
}

#[test]
fn s_a_secret_that_is_asked_for_is_hidden_and_kept_nowhere() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nsecret token from prompt\nstep one \"One\" {\n  env T = token\n  $ sh -c 'echo $T; test $T = \"$(cat want)\"'\n  repeatable\n}\n",
    );
    fs::write(ground.path("want"), "typed-canary").expect("written");
    fs::write(
        ground.path("s.toml"),
        "[answers]\ntoken = \"typed-canary\"\n",
    )
    .expect("written");
    let out = ground.sh("\"$RUNBOOK\" run a.rbk");
    assert_eq!(out.status.code(), Some(75), "{}", text(&out));
    assert!(
        text(&out).contains("nobody is there to give it"),
        "{}",
        text(&out)
    );
    let out = ground.sh("\"$RUNBOOK\" run a.rbk --answers s.toml");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert!(text(&out).contains("‹token›"), "{}", text(&out));
    let found = ground.sh("grep -rl typed-canary state");
    assert_eq!(found.status.code(), Some(1), "{}", text(&found));
}

#[test]
fn s_a_secret_that_was_given_as_a_parameter_stops_the_run_and_says_what_to_do() {
    for (from, answers) in [
        ("? printf late-canary", ""),
        ("prompt", "[answers]\ntoken = \"late-canary\"\n"),
    ] {
        let ground = Ground::with(
            "a.rbk",
            &format!(
                "rbk 1\nrunbook \"A\"\nparam who: text\nsecret token from {from}\nstep one \"One\" {{\n  env T = token\n  $ echo {{{{who}}}} >> ledger\n  repeatable\n}}\n"
            ),
        );
        fs::write(ground.path("s.toml"), answers).expect("written");
        let out = ground.sh("\"$RUNBOOK\" run a.rbk --param who=late-canary --answers s.toml");
        assert_eq!(out.status.code(), Some(4), "{}", text(&out));
        let said = text(&out);
        assert!(said.contains("the parameter `who` holds it"), "{said}");
        assert!(said.contains("change the secret"), "{said}");
        assert!(ground.ledger().is_empty());
    }
}

#[test]
fn j12_a_record_that_is_gone_stops_the_run() {
    let ground = Ground::with("none.toml", "[answers]\n");
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let path = ground.run_dir().join("journal");
    let journal = fs::read(&path).expect("a journal");
    let mut kept = lines(&journal);
    kept.remove(3);
    fs::write(&path, kept.concat()).expect("written");
    let before = ground.ledger();
    let out = ground.sh(RESUME);
    assert_eq!(out.status.code(), Some(74), "{}", text(&out));
    assert!(text(&out).contains("RB3100"), "{}", text(&out));
    assert_eq!(ground.ledger(), before);
}

#[test]
fn j16_a_limit_on_files_stops_the_run_before_its_first_step() {
    let ground = Ground::new();
    let out = ground.sh(&format!("ulimit -f 8; {RUN}"));
    assert_eq!(out.status.code(), Some(74), "{}", text(&out));
    assert!(text(&out).contains("RB3102"), "{}", text(&out));
    assert!(ground.ledger().is_empty());
}

#[test]
fn j17_a_journal_that_is_taken_away_stops_the_run_after_the_step() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nstep one \"One\" {\n  $ sh -c 'rm state/runbook/runs/*/journal; echo one >> ledger'\n}\nstep two \"Two\" {\n  $ echo two >> ledger\n}\n",
    );
    let out = ground.sh("\"$RUNBOOK\" run a.rbk");
    assert_eq!(out.status.code(), Some(74), "{}", text(&out));
    assert!(text(&out).contains("RB3103"), "{}", text(&out));
    assert_eq!(ground.ledger(), ["one"]);
}

#[test]
fn a_terminated_engine_stops_its_step_parks_and_goes_on_later() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nstep one \"One\" {\n  $ sh -c 'echo in >> ledger; test -e go || sleep 600'\n  repeatable\n}\n",
    );
    let mut engine = ground.start("\"$RUNBOOK\" run a.rbk");
    ground.wait_for("the step", || ground.ledger() == ["in"]);
    let killed = ground.sh(&format!("kill -TERM {}", engine.id()));
    assert!(killed.status.success());
    assert_eq!(engine.wait().expect("waited").code(), Some(143));
    fs::write(ground.path("go"), "").expect("written");
    let out = ground.sh("\"$RUNBOOK\" resume");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.ledger(), ["in", "in"]);
}

#[test]
fn s05_no_secret_is_found_anywhere_afterwards() {
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nsecret token from env TOKEN\nsecret other from ? printf other-%s canary\nstep one \"One\" {\n  env T = token\n  env O = other\n  $ sh -c 'echo $T; echo $O >&2; printf %s $T | base64; head -c 9000 /dev/zero | tr \"\\\\0\" x; echo $T; exit 3'\n}\n",
    );
    let out = ground.sh("TOKEN=the-canary-7 \"$RUNBOOK\" run a.rbk");
    assert_eq!(out.status.code(), Some(4), "{}", text(&out));
    assert!(text(&out).contains("‹other›"), "{}", text(&out));
    let kept = fs::read_to_string(ground.run_dir().join("output")).expect("an output");
    assert_eq!(kept.matches("‹token›").count(), 3, "{kept}");
    let found = ground.sh("grep -rlE 'other-canary|the-canary|dGhlLWNhbmFyeS03' state");
    assert_eq!(found.status.code(), Some(1), "{}", text(&found));
    for secret in ["the-canary", "other-canary", "dGhlLWNhbmFyeS03"] {
        assert!(!text(&out).contains(secret), "{}", text(&out));
    }
}

#[test]
fn n_steps_cost_n_syncs_and_a_few() {
    if !there_is("strace") {
        // Counted where the tool is there.
        return;
    }
    let count = |steps: usize| {
        let mut runbook = "rbk 1\nrunbook \"A\"\n".to_owned();
        for n in 0..steps {
            runbook += &format!("step s{n} \"S\" {{\n  $ true\n}}\n");
        }
        let ground = Ground::with("a.rbk", &runbook);
        // The state home is there already, as it is for all runs but the first.
        ground.sh("\"$RUNBOOK\" run a.rbk; rm -r state/runbook/runs/*");
        let out = ground.sh("strace -o trace -e trace=fsync,fdatasync \"$RUNBOOK\" run a.rbk");
        assert!(out.status.success(), "{}", text(&out));
        fs::read_to_string(ground.path("trace"))
            .expect("a trace")
            .lines()
            .filter(|line| line.contains("sync("))
            .count()
    };
    let (few, many) = (count(3), count(43));
    assert_eq!(many - few, 40, "one sync a step");
    assert!(few <= 3 + 1 + 4, "{few} syncs for three steps");
}
