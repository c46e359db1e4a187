//! The rollback plan against real parts: git, an HTTP service, PostgreSQL and Redis, started here on the loopback
//! and stopped after. What only a company has (npm, pm2, Vercel) are small stand-ins on `PATH`.
//!
//! In CI these tests must run; elsewhere they say what is missing and pass over.

use crate::practice::{Ground, root, text, wait_until};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The program on `PATH` or in one of Debian's folders for PostgreSQL.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(
            (13..=18)
                .rev()
                .map(|v| PathBuf::from(format!("/usr/lib/postgresql/{v}/bin"))),
        )
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Says why the test cannot run here; in CI that is a failure.
pub fn missing() -> Option<String> {
    let missing: Vec<&str> = [
        "git",
        "psql",
        "pg_dump",
        "initdb",
        "postgres",
        "redis-server",
        "redis-cli",
        "curl",
    ]
    .into_iter()
    .filter(|name| program(name).is_none())
    .collect();
    if missing.is_empty() {
        return None;
    }
    let why = format!("not installed: {}", missing.join(", "));
    assert!(
        std::env::var_os("CI").is_none(),
        "in CI this test must run; {why}"
    );
    let _ = writeln!(std::io::stderr(), "passed over: {why}");
    Some(why)
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

fn run(command: &mut Command) -> Output {
    let out = command.stdin(Stdio::null()).output().expect("it starts");
    assert!(out.status.success(), "{command:?}: {}", text(&out));
    out
}

/// PostgreSQL refuses root, so there it runs as Debian's own user for it.
fn as_database_user(name: &str) -> Command {
    let program = program(name).expect("installed");
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ])
        .arg(program);
    command
}

pub struct Postgres {
    server: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Postgres {
    pub fn start() -> Postgres {
        let folder = tempfile::tempdir().expect("a folder");
        // The database's user has to come through to its own folder inside.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("opened");
        let data = folder.path().join("data");
        run(as_database_user("initdb")
            .arg("-D")
            .arg(&data)
            .args(["-U", "app", "--auth=trust", "--encoding=UTF8", "--no-sync"])
            .current_dir("/"));
        let port = free_port();
        let server = as_database_user("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"])
            .arg(folder.path())
            .args([
                "-c",
                "fsync=off",
                "-c",
                "shared_preload_libraries=pg_stat_statements",
            ])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres starts");
        let postgres = Postgres {
            server,
            port,
            _folder: folder,
        };
        wait_until("PostgreSQL answers", || {
            postgres.psql("postgres", "SELECT 1").status.success()
        });
        postgres
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://app@127.0.0.1:{}/{database}", self.port)
    }

    pub fn psql(&self, database: &str, sql: &str) -> Output {
        Command::new(program("psql").expect("installed"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                &self.url(database),
                "-c",
                sql,
            ])
            .stdin(Stdio::null())
            .output()
            .expect("psql starts")
    }

    pub fn answer(&self, sql: &str) -> String {
        let out = self.psql("app", sql);
        assert!(out.status.success(), "{sql}: {}", text(&out));
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }

    /// The schema as the bad release left it.
    fn fill(&self) {
        let made = self.psql("postgres", "CREATE DATABASE app");
        assert!(made.status.success(), "{}", text(&made));
        for sql in [
            "CREATE EXTENSION pg_stat_statements",
            "CREATE TABLE projects (id text PRIMARY KEY, title text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())",
            "CREATE TABLE scenes (id serial PRIMARY KEY, project_id text REFERENCES projects)",
            "INSERT INTO projects (id, title) SELECT 'p' || n, 'Project ' || n FROM generate_series(1, 25) n",
            "INSERT INTO scenes (project_id) SELECT id FROM projects",
            "ALTER TABLE projects ADD COLUMN new_column text",
            "CREATE INDEX idx_new_index ON projects (new_column)",
        ] {
            self.answer(sql);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        interrupt(&mut self.server);
    }
}

pub struct Redis {
    server: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Redis {
    pub fn start() -> Redis {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let server = Command::new(program("redis-server").expect("installed"))
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
            ])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        let redis = Redis {
            server,
            port,
            _folder: folder,
        };
        wait_until("Redis answers", || redis.ask(&["PING"]) == "PONG");
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn ask(&self, args: &[&str]) -> String {
        let out = Command::new(program("redis-cli").expect("installed"))
            .args(["-u", &self.url()])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("redis-cli starts");
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        interrupt(&mut self.server);
    }
}

/// Ends a server that this test started, and waits for it.
fn interrupt(server: &mut Child) {
    let _ = Command::new("kill")
        .args(["-s", "INT", &server.id().to_string()])
        .status();
    let _ = server.wait();
}

/// A company: the service with its repository, the database, the cache, and stand-ins for its tools.
struct Company {
    ground: Ground,
    postgres: Postgres,
    redis: Redis,
    folder: tempfile::TempDir,
}

const ANSWERS: &str = r##"
[answers]
"Access to the production host" = "yes"
"Is the service down or data at risk, and no minute to lose?" = "No, follow the plan"
"#incidents" = "yes"
"stakeholders@example.com" = ["yes", "yes", "yes"]
"The severity and the impact are confirmed" = "yes"
"The symptoms, logs and metrics are written down" = "INC-4711"
"v1.0.0 is the last stable version" = "yes"
"Team and stakeholders know" = "https://chat.example.com/incidents/42"
"The plan is reviewed, and the team is ready to assist" = "yes"
"Which parts were deployed?" = "Application, cache and database"
"By which method?" = "1: a down migration"
index = "idx_new_index"
table = "projects"
column = "new_column"
"The data of the dropped column is gone; only the backup has it." = "apply"
"How are the services run?" = "pm2"
"How much of the cache is wrong?" = "The keys of one kind"
pattern = "gemini:*"
"Does Redis need a restart?" = "No"
"No job is stuck, and processing takes as long as always" = "yes"
"A user can log in" = "yes"
"A user can create a project" = "yes"
"A user can analyse a scene" = "yes"
"A user can view results" = "yes"
"The queues process jobs" = "yes"
"No new incident, and users report normal behaviour" = "yes"
"The system is stable, nothing degraded" = "yes"
"The post-mortem is complete, its action items are created" = "yes"
"The documentation is updated" = "yes"
"##;

const NPM: &str = r#"#!/bin/sh
# Stands in for npm: builds with the service's own build, tests with its own health endpoint.
set -eu
case "$*" in
  ci) echo "added 312 packages" ;;
  "run build") exec ./build.sh ;;
  "run test:smoke") exec curl -fsS "$(cat ../url)/health" ;;
  "run e2e -- --grep critical") exec curl -fsS "$(cat ../url)/api/version" ;;
  "run db:validate") echo "valid" ;;
  *) echo "npm stand-in: $*?" >&2; exit 1 ;;
esac
"#;

const PM2: &str = r#"#!/bin/sh
# Stands in for pm2.
set -eu
case "$*" in
  "restart all") exec ../practice restart ;;
  *) echo "pm2 stand-in: $*?" >&2; exit 1 ;;
esac
"#;

impl Company {
    fn found() -> Company {
        let folder = tempfile::tempdir().expect("a folder");
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).expect("a folder");
        for (name, script) in [("npm", NPM), ("pm2", PM2)] {
            fs::write(bin.join(name), script).expect("written");
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755))
                .expect("executable");
        }
        fs::write(folder.path().join("answers.toml"), ANSWERS).expect("written");
        fs::create_dir(folder.path().join("backups")).expect("a folder");
        let postgres = Postgres::start();
        postgres.fill();
        let redis = Redis::start();
        redis.ask(&["SET", "gemini:1", "wrong"]);
        redis.ask(&["SET", "gemini:2", "wrong"]);
        redis.ask(&["SET", "session:1", "right"]);
        Company {
            ground: Ground::lay("0.1"),
            postgres,
            redis,
            folder,
        }
    }

    fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    fn engine(&self, args: &[&str]) -> Child {
        let mut paths = vec![self.folder.path().join("bin")];
        paths.extend(program("pg_dump").and_then(|p| p.parent().map(Path::to_path_buf)));
        paths.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        self.ground
            .runbook(args)
            .arg("--answers")
            .arg(self.folder.path().join("answers.toml"))
            .current_dir(self.ground.path().join("service"))
            .env("PATH", std::env::join_paths(paths).expect("a PATH"))
            .env("DATABASE_URL", self.postgres.url("app"))
            .spawn()
            .expect("runbook starts")
    }

    fn roll_back(&self) -> Child {
        let params = [
            format!("api={}", self.ground.url()),
            format!("redis={}", self.redis.url()),
            format!("log={}", self.ground.path().join("app.log").display()),
            format!("backups={}", self.backups().display()),
            "stable=v1.0.0".to_owned(),
            "symptom=API completely down".to_owned(),
            "impact=every order is lost".to_owned(),
            "observe=2s".to_owned(),
            "settle=3s".to_owned(),
            "day=4s".to_owned(),
        ];
        let runbook = root()
            .join("runbooks/rollback-plan.rbk")
            .display()
            .to_string();
        let mut args = vec!["run", &runbook];
        for param in &params {
            args.extend(["--param", param]);
        }
        self.engine(&args)
    }

    /// What "rolled back" means, looked at from outside.
    fn is_rolled_back(&self) {
        assert_eq!(self.ground.health(), 200);
        let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'projects' AND column_name = 'new_column'";
        assert_eq!(self.postgres.answer(columns), "0", "the column is gone");
        assert_eq!(
            self.postgres
                .answer("SELECT count(*) FROM pg_indexes WHERE indexname = 'idx_new_index'"),
            "0",
            "the index is gone"
        );
        assert_eq!(
            self.postgres.answer("SELECT count(*) FROM projects"),
            "25",
            "no project is lost"
        );
        assert_eq!(
            self.redis.ask(&["EXISTS", "gemini:1", "gemini:2"]),
            "0",
            "the wrong keys are gone"
        );
        assert_eq!(
            self.redis.ask(&["GET", "session:1"]),
            "right",
            "the other keys are kept"
        );
        assert_eq!(
            self.ground.times("checked out v1.0.0"),
            1,
            "{}",
            self.ground.file("ledger")
        );
        for part in 1..=10 {
            assert_eq!(
                self.ground
                    .times(&format!("built part {part} of 10 of v1.0.0")),
                1
            );
        }
        assert_eq!(
            self.ground
                .ledger()
                .iter()
                .rev()
                .find(|line| line.starts_with("maintenance"))
                .map(String::as_str),
            Some("maintenance off")
        );
        let backups: Vec<_> = fs::read_dir(self.backups())
            .expect("listed")
            .flatten()
            .collect();
        assert!(!backups.is_empty(), "there is a backup");
        for backup in backups {
            run(Command::new("gzip").arg("-t").arg(backup.path()));
        }
        let post_mortem = self.ground.path().join("service/post-mortem.md");
        assert!(
            fs::read_to_string(post_mortem)
                .expect("a post-mortem")
                .contains("every order is lost")
        );
    }
}

#[test]
fn the_rollback_plan_rolls_real_parts_back() {
    if missing().is_some() {
        return;
    }
    let company = Company::found();
    let out = company.roll_back().wait_with_output().expect("waited for");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    company.is_rolled_back();
}

#[test]
fn killed_while_it_migrates_and_while_it_builds_the_database_ends_right() {
    if missing().is_some() {
        return;
    }
    let company = Company::found();
    // Someone reads the table, so the migration waits for a lock: that is where the engine is killed.
    let mut reader = Command::new(program("psql").expect("installed"))
        .args(["-X", "-q", &company.postgres.url("app")])
        .args([
            "-c",
            "BEGIN; LOCK TABLE projects IN ACCESS SHARE MODE; SELECT pg_sleep(600);",
        ])
        .env("PGAPPNAME", "reader")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("psql starts");
    wait_until("the reader holds its lock", || {
        company.postgres.answer("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reader' AND state = 'active'") == "1"
    });
    let mut engine = company.roll_back();
    let mut ended = None;
    wait_until("the migration waits for the lock", || {
        ended = engine.try_wait().expect("asked");
        ended.is_some()
            || company.postgres.answer("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'app'") == "1"
    });
    if ended.is_some() {
        let out = engine.wait_with_output().expect("waited for");
        panic!("the run ended before the migration: {}", text(&out));
    }
    engine.kill().expect("killed");
    engine.wait().expect("waited for");
    company.postgres.answer(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reader'",
    );
    let _ = reader.wait();

    let mut engine = company.engine(&["resume"]);
    let mut ended = None;
    wait_until("the build reaches part 4", || {
        ended = engine.try_wait().expect("asked");
        ended.is_some() || company.ground.times("built part 4 of 10 of v1.0.0") == 1
    });
    if ended.is_some() {
        let out = engine.wait_with_output().expect("waited for");
        panic!("the run ended before the build: {}", text(&out));
    }
    engine.kill().expect("killed");
    engine.wait().expect("waited for");
    assert_eq!(
        company.ground.times("built part 10 of 10 of v1.0.0"),
        0,
        "the kill came in the middle"
    );

    let out = company
        .engine(&["resume"])
        .wait_with_output()
        .expect("waited for");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    company.is_rolled_back();
}
