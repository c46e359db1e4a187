//! The rollback plan on real parts: git, an HTTP service, PostgreSQL and Redis.

use super::laid::{Laid, ends};
use crate::practice::{text, wait_until};
use std::fs;
use std::process::{Child, Command, Output, Stdio};

struct Company {
    ground: Laid,
}

impl Company {
    /// `pace`: seconds that a part of the build takes.
    fn found(pace: &str) -> Option<Company> {
        Some(Company {
            ground: Laid::lay_if_installed("rollback-plan", &[("PACE", pace)])?,
        })
    }

    /// One of the ground's programs, which is not waited for.
    fn start(&self, program: &str, words: &[&str]) -> Child {
        Command::new(self.ground.path().join(program))
            .args(words)
            .arg("--answers")
            .arg(self.ground.path().join("answers.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runbook starts")
    }

    fn psql(&self) -> Command {
        let mut command = Command::new(self.ground.path().join("bin/psql"));
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.ground.file("database").trim())
            .stdin(Stdio::null());
        command
    }

    fn query(&self, sql: &str) -> String {
        said(self.psql().args(["-c", sql]).output().expect("psql starts"))
    }

    fn redis(&self, words: &[&str]) -> String {
        let out = Command::new("redis-cli")
            .args(["-u", self.ground.file("cache").trim()])
            .args(words)
            .stdin(Stdio::null())
            .output()
            .expect("redis-cli starts");
        said(out)
    }

    /// What was really done, without the time of day.
    fn ledger(&self) -> Vec<String> {
        self.ground
            .file("practice/ledger")
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(_, what)| what.to_owned())
            .collect()
    }

    fn times(&self, what: &str) -> usize {
        self.ledger().iter().filter(|line| *line == what).count()
    }

    /// What the health endpoint answers: `200 {…}`.
    fn health(&self) -> String {
        self.ground.does("practice/practice", &["health"])
    }

    /// What "rolled back" means, looked at from outside.
    fn is_rolled_back(&self) {
        assert!(self.health().starts_with("200"), "{}", self.health());
        let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'projects' AND column_name = 'new_column'";
        assert_eq!(self.query(columns), "0", "the column is gone");
        assert_eq!(
            self.query("SELECT count(*) FROM pg_indexes WHERE indexname = 'idx_new_index'"),
            "0",
            "the index is gone"
        );
        assert_eq!(
            self.query("SELECT count(*) FROM projects"),
            "25",
            "no project is lost"
        );
        assert_eq!(
            self.redis(&["EXISTS", "gemini:1", "gemini:2"]),
            "0",
            "the wrong keys are gone"
        );
        assert_eq!(
            self.redis(&["GET", "session:1"]),
            "right",
            "the other keys are kept"
        );
        assert_eq!(
            self.times("checked out v1.0.0"),
            1,
            "{}",
            self.ground.file("practice/ledger")
        );
        for part in 1..=10 {
            assert_eq!(self.times(&format!("built part {part} of 10 of v1.0.0")), 1);
        }
        assert_eq!(
            self.ledger()
                .iter()
                .rev()
                .find(|line| line.starts_with("maintenance"))
                .map(String::as_str),
            Some("maintenance off")
        );
        let backups: Vec<_> = fs::read_dir(self.ground.path().join("backups"))
            .expect("listed")
            .flatten()
            .collect();
        assert!(!backups.is_empty(), "there is a backup");
        for backup in backups {
            let name = backup.file_name().into_string().expect("a name");
            self.ground.sh(&format!("pg_restore --list backups/{name}"));
        }
        let post_mortem = self.ground.path().join("practice/service/post-mortem.md");
        assert!(
            fs::read_to_string(post_mortem)
                .expect("a post-mortem")
                .contains("every order is lost")
        );
    }
}

/// What a program printed, which ended well.
fn said(out: Output) -> String {
    assert!(out.status.success(), "{}", text(&out));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

#[test]
fn the_rollback_plan_rolls_real_parts_back() {
    let Some(company) = Company::found("0.1") else {
        return;
    };
    let said = ends(&company.ground.answers_itself("answers.toml", &[]), 0);
    assert!(said.contains("Service restored on v1.0.0"), "{said}");
    company.is_rolled_back();
}

#[test]
fn killed_while_it_migrates_and_while_it_builds_the_database_ends_right() {
    let Some(company) = Company::found("0.4") else {
        return;
    };
    // Someone reads the table, so the migration waits for a lock: that is where the engine is killed.
    let mut reader = company
        .psql()
        .args([
            "-c",
            "BEGIN; LOCK TABLE projects IN ACCESS SHARE MODE; SELECT pg_sleep(600);",
        ])
        .env("PGAPPNAME", "reader")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("psql starts");
    wait_until("the reader holds its lock", || {
        company.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reader' AND state = 'active'") == "1"
    });
    let mut engine = company.start("rollback", &[]);
    let mut ended = None;
    wait_until("the migration waits for the lock", || {
        ended = engine.try_wait().expect("asked");
        ended.is_some()
            || company.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'app'") == "1"
    });
    if ended.is_some() {
        let out = engine.wait_with_output().expect("waited for");
        panic!("the run ended before the migration: {}", text(&out));
    }
    engine.kill().expect("killed");
    engine.wait().expect("waited for");
    company.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reader'",
    );
    let _ = reader.wait();

    let mut engine = company.start("runbook", &["resume"]);
    let mut ended = None;
    wait_until("the build reaches part 4", || {
        ended = engine.try_wait().expect("asked");
        ended.is_some() || company.times("built part 4 of 10 of v1.0.0") == 1
    });
    if ended.is_some() {
        let out = engine.wait_with_output().expect("waited for");
        panic!("the run ended before the build: {}", text(&out));
    }
    engine.kill().expect("killed");
    engine.wait().expect("waited for");
    assert_eq!(
        company.times("built part 10 of 10 of v1.0.0"),
        0,
        "the kill came in the middle"
    );

    let out = company
        .start("runbook", &["resume"])
        .wait_with_output()
        .expect("waited for");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    company.is_rolled_back();
}

/// Where no backup can be made, nothing is touched.
#[test]
fn without_a_place_for_backups_nothing_is_touched() {
    let Some(company) = Company::found("0.1") else {
        return;
    };
    company.ground.does("no-backups", &[]);
    let said = ends(&company.ground.answers_itself("answers.toml", &[]), 4);
    assert!(said.contains("backups"), "{said}");
    assert_eq!(company.times("checked out v1.0.0"), 0, "{said}");
    assert_eq!(company.ledger(), Vec::<String>::new(), "{said}");
    assert_eq!(company.redis(&["EXISTS", "gemini:1", "gemini:2"]), "2");
}

/// The rollback itself fails: the release before does not come up either.
#[test]
fn the_release_before_is_ill_as_well_so_somebody_is_called() {
    let Some(company) = Company::found("0.1") else {
        return;
    };
    company.ground.does("spoil", &[]);
    let said = ends(&company.ground.answers_itself("answers.toml", &[]), 4);
    assert!(said.contains("escalated to Engineering manager"), "{said}");
    assert!(company.health().starts_with("503"), "{}", company.health());
    assert_eq!(company.times("checked out v1.0.0"), 1, "{said}");
    // Nobody is told that it is over, and the queues stay where jobs are safe.
    assert!(!said.contains("resolved"), "{said}");
    assert_eq!(company.times("resumed every queue"), 0, "{said}");
}
