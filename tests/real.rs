//! Real servers on the loopback, started by a test and stopped after it: PostgreSQL and Redis.
//!
//! In CI these tests must run; elsewhere they say what is missing and pass over.

use crate::practice::{text, wait_until};
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
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
