//! The practice rollback, as a newcomer runs it: the real engine, a real service, real git. Nothing is asserted
//! about time; the service's own ledger says what was done, and how often.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const RUNBOOK: &str = env!("CARGO_BIN_EXE_runbook");

/// How long a test waits for something to happen before it says that it did not.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The practice program. Cargo builds the tests' own package only, so this builds the other one, once.
pub fn practice_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(RUNBOOK).parent().expect("a folder");
        let target = folder.parent().expect("the target folder");
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build
            .args(["build", "--quiet", "--package", "practice", "--target-dir"])
            .arg(target)
            .current_dir(root());
        if folder.ends_with("release") {
            build.arg("--release");
        }
        let status = build.status().expect("cargo starts");
        assert!(status.success(), "the practice program builds");
        folder.join("practice")
    })
}

/// A practice ground of this test alone; its service is stopped when it goes.
pub struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    /// `pace`: seconds that a part of the build takes.
    pub fn lay(pace: &str) -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        let ground = Ground { folder };
        let out = ground.practice(&["setup", "--pace", pace]);
        assert!(out.status.success(), "{}", text(&out));
        ground
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("ground")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    pub fn url(&self) -> String {
        self.file("url").trim().to_owned()
    }

    pub fn practice(&self, args: &[&str]) -> Output {
        Command::new(practice_program())
            .arg("--ground")
            .arg(self.path())
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("practice starts")
    }

    /// The engine, in the ground, with nobody at the terminal.
    pub fn runbook(&self, args: &[&str]) -> Command {
        let mut command = Command::new(RUNBOOK);
        command
            .args(args)
            .current_dir(self.path())
            .env("XDG_STATE_HOME", self.state())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What was done, without the time of day.
    pub fn ledger(&self) -> Vec<String> {
        self.file("ledger")
            .lines()
            .map(|line| {
                line.split_once(' ')
                    .map_or(line, |(_, what)| what)
                    .to_owned()
            })
            .collect()
    }

    pub fn times(&self, what: &str) -> usize {
        self.ledger().iter().filter(|line| *line == what).count()
    }

    pub fn health(&self) -> u16 {
        let url = self.url();
        let out = self.practice(&["health"]);
        String::from_utf8_lossy(&out.stdout)
            .split_whitespace()
            .next()
            .and_then(|code| code.parse().ok())
            .unwrap_or_else(|| panic!("{url}/health: {}", text(&out)))
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.practice(&["stop"]);
    }
}

pub fn text(out: &Output) -> String {
    format!(
        "{}\n{}\n{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    )
}

/// Waits until it is so, or fails with what it waited for.
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "waited a minute for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_practice_ground_breaks_and_is_mended_by_hand() {
    let ground = Ground::lay("0");
    assert_eq!(ground.health(), 503);
    assert!(ground.ledger().is_empty());
    wait_until("the bad release leaves errors in the log", || {
        ground.file("app.log").contains("ERROR")
    });
    let sh = |script: &str| {
        let out = Command::new("sh")
            .args(["-c", script])
            .current_dir(ground.path())
            .output()
            .expect("sh starts");
        assert!(out.status.success(), "{script}: {}", text(&out));
    };
    sh("git -C service checkout --quiet v1.0.0");
    sh("./service/build.sh");
    sh("./service/build.sh");
    sh("./practice restart");
    sh("./practice runs v1.0.0");
    assert_eq!(ground.health(), 200);
    assert_eq!(ground.times("checked out v1.0.0"), 1);
    assert_eq!(
        ground.times("built part 10 of 10 of v1.0.0"),
        1,
        "a part that is built is not built again"
    );
    assert!(
        ground.file("app.log").contains("ERROR"),
        "the bad release left errors in the log"
    );
}

#[test]
fn the_practice_ground_leaves_a_folder_of_others_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("mine"), "mine").expect("written");
    let out = Command::new(practice_program())
        .arg("--ground")
        .arg(folder.path())
        .arg("setup")
        .output()
        .expect("practice starts");
    assert!(!out.status.success(), "{}", text(&out));
    assert!(
        text(&out).contains("is no practice ground"),
        "{}",
        text(&out)
    );
    assert!(folder.path().join("mine").exists());
}
fn rollback() -> String {
    root()
        .join("runbooks/practice/rollback.rbk")
        .display()
        .to_string()
}

fn answers() -> String {
    root()
        .join("runbooks/practice/answers.toml")
        .display()
        .to_string()
}

fn resume(ground: &Ground) -> Output {
    ground
        .runbook(&["resume", "--answers", &answers()])
        .output()
        .expect("runbook starts")
}

/// What a whole practice run does to the service, in order.
fn whole_ledger() -> Vec<String> {
    let mut lines = vec![
        "started with v1.1.0".to_owned(),
        "paused every queue".to_owned(),
    ];
    lines.push("checked out v1.0.0".to_owned());
    lines.extend((1..=10).map(|part| format!("built part {part} of 10 of v1.0.0")));
    lines.push("started with v1.0.0".to_owned());
    lines.push("resumed every queue".to_owned());
    lines
}

#[test]
fn the_practice_rollback_restores_the_service() {
    let ground = Ground::lay("0.05");
    let out = ground
        .runbook(&["run", &rollback(), "--answers", &answers()])
        .output()
        .expect("runbook starts");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.health(), 200);
    assert_eq!(ground.ledger(), whole_ledger());
    let said = text(&out);
    for alarm in ["left processes behind", "was left running and has ended"] {
        assert!(!said.contains(alarm), "{said}");
    }
    assert!(ground.file("announcements").contains("[RESOLVED]"));
}

#[test]
fn killed_during_the_build_it_resumes_and_nothing_is_done_twice() {
    let ground = Ground::lay("0.2");
    let mut engine: Child = ground
        .runbook(&["run", &rollback(), "--answers", &answers()])
        .spawn()
        .expect("runbook starts");
    wait_until("the build reaches part 3", || {
        ground.times("built part 3 of 10 of v1.0.0") == 1
    });
    // SIGKILL: the engine has no chance to say goodbye.
    engine.kill().expect("killed");
    engine.wait().expect("waited for");
    assert_eq!(
        ground.times("built part 10 of 10 of v1.0.0"),
        0,
        "the kill came in the middle"
    );

    let out = resume(&ground);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    assert_eq!(ground.health(), 200);
    assert_eq!(ground.ledger(), whole_ledger());
}

/// Killed again and again, wherever that falls, it still comes to the same end.
#[test]
fn killed_anywhere_and_often_it_reaches_the_same_end() {
    let ground = Ground::lay("0.05");
    let mut kills = 0;
    let mut engine = ground
        .runbook(&["run", &rollback(), "--answers", &answers()])
        .spawn()
        .expect("runbook starts");
    wait_until("the run acts for the first time", || {
        !ground.ledger().is_empty()
    });
    let end = loop {
        // Uneven, so that the kills fall on different places; the same in every run of the test.
        let pause = Duration::from_millis(150 + 97 * (kills * 7 % 11));
        let begun = Instant::now();
        while begun.elapsed() < pause && engine.try_wait().expect("asked").is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        if engine.try_wait().expect("asked").is_none() && kills < 12 {
            engine.kill().expect("killed");
            engine.wait().expect("waited for");
            kills += 1;
        } else {
            break engine.wait_with_output().expect("waited for");
        }
        engine = ground
            .runbook(&["resume", "--answers", &answers()])
            .spawn()
            .expect("runbook starts");
    };
    assert!(
        kills >= 3,
        "only {kills} kills fell into the run: {}",
        text(&end)
    );
    assert_eq!(
        end.status.code(),
        Some(0),
        "after {kills} kills: {}",
        text(&end)
    );
    assert_eq!(ground.health(), 200);
    for line in whole_ledger() {
        // A start of the quick fix is `repeatable`, and so may be done again.
        if line != "started with v1.1.0" {
            assert_eq!(ground.times(&line), 1, "{line}\n{}", ground.file("ledger"));
        }
    }
}
