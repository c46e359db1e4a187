//! A machine to run on: a real `sshd` of its own on the loopback, with its own keys, and a real `ssh` that knows it by
//! several addresses, some of which do not work.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::terminal::pty::{Pty, Seat};

const RUNBOOK: &str = env!("CARGO_BIN_EXE_runbook");
const SSHD: &str = "/usr/sbin/sshd";

/// Says why the tests cannot run here; in CI that is a failure.
fn missing() -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let mut missing: Vec<&str> = ["ssh", "ssh-keygen"]
        .into_iter()
        .filter(|name| !found(name))
        .collect();
    if !Path::new(SSHD).is_file() {
        missing.push(SSHD);
    }
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

/// How the way to the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Way {
    Open,
    /// What goes in does not come out, and nobody says so.
    Black,
    /// Every connection is broken, and none is taken.
    Cut,
}

/// A ground of one test; everything on it ends with it.
pub struct Ground {
    folder: tempfile::TempDir,
    sshd: Child,
    way: Arc<AtomicU8>,
}

impl Ground {
    /// A runbook that may run on `app`: by way of a proxy that can be broken. Nothing where there is no `sshd`.
    pub fn with(body: &str) -> Option<Ground> {
        if missing().is_some() {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let shown = |name: &str| at(name).display().to_string();
        fs::create_dir(at("home")).expect("made");
        for key in ["host_key", "other_key", "key", "foreign_key"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(at(key))
                .status();
            assert!(made.is_ok_and(|made| made.success()), "a key");
        }
        fs::copy(at("key.pub"), at("authorized_keys")).expect("copied");
        // Logging in goes through this, so that nothing is written in anybody's real home.
        script(
            &at("login"),
            &format!(
                "HOME={home}; export HOME; cd \"$HOME\"\n\
                 if [ -f {noise} ]; then cat {noise}; cat {noise} >&2; fi\n\
                 if [ -f {path} ]; then PATH=$(cat {path}); export PATH; fi\n\
                 if [ -f {shell} ]; then exec \"$(cat {shell})\" -c \"$SSH_ORIGINAL_COMMAND\"; fi\n\
                 exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n",
                home = shown("home"),
                noise = shown("noise"),
                path = shown("path"),
                shell = shown("shell"),
            ),
        );
        let port = free_port();
        fs::write(
            at("sshd_config"),
            format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
                 UsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
                 PermitRootLogin yes\nMaxStartups 100\nForceCommand {}\nBanner {}\n",
                shown("host_key"),
                shown("authorized_keys"),
                shown("login"),
                shown("banner"),
            ),
        )
        .expect("written");
        fs::write(at("banner"), "Authorised persons only.\n").expect("written");
        if rustix::process::getuid().is_root() {
            let _ = fs::create_dir_all("/run/sshd");
        }
        let sshd = Command::new(SSHD)
            .args(["-D", "-f"])
            .arg(at("sshd_config"))
            .arg("-E")
            .arg(at("sshd.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sshd starts");
        let way = Arc::new(AtomicU8::new(Way::Open as u8));
        let proxy = proxy(port, Arc::clone(&way));
        let known = |name: &str, key: &str, port: u16| {
            let key = fs::read_to_string(at(key)).expect("a key");
            fs::write(at(name), format!("[127.0.0.1]:{port} {key}")).expect("written");
        };
        known("known", "host_key.pub", proxy);
        known("changed", "other_key.pub", port);
        fs::write(at("nobody"), "").expect("written");
        let user = Command::new("id").arg("-un").output().expect("id runs");
        let user = String::from_utf8_lossy(&user.stdout).trim().to_owned();
        let mut config = format!(
            "Host *\n  HostName 127.0.0.1\n  User {user}\n  IdentitiesOnly yes\n  IdentityAgent none\n  GlobalKnownHostsFile none\n"
        );
        for (name, port, known, key) in [
            ("app", proxy, "known", "key"),
            ("unknown", port, "nobody", "key"),
            ("changed", port, "changed", "key"),
            ("closed", free_port(), "known", "key"),
            ("foreign", proxy, "known", "foreign_key"),
        ] {
            config += &format!(
                "Host {name}\n  Port {port}\n  UserKnownHostsFile {}\n  IdentityFile {}\n",
                shown(known),
                shown(key),
            );
        }
        fs::write(at("ssh_config"), config).expect("written");
        // The system's own ssh, told where its configuration is. What it is called with is written down.
        fs::create_dir(at("bin")).expect("made");
        script(
            &at("bin/ssh"),
            &format!(
                "printf '%s\\n' \"$*\" >>{}\nPATH=${{PATH#*:}}\nexec ssh -F {} \"$@\"\n",
                shown("called"),
                shown("ssh_config"),
            ),
        );
        fs::write(
            at("case.rbk"),
            format!("rbk 1\nrunbook \"Elsewhere\"\n\nhost app \"app\"\n\n{body}\n"),
        )
        .expect("written");
        let ground = Ground { folder, sshd, way };
        wait_until("sshd listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Some(ground)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the home of who logs in.
    pub fn there(&self, name: &str) -> PathBuf {
        self.path("home").join(name)
    }

    pub fn read(&self, path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    pub fn sets(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    pub fn way(&self, way: Way) {
        self.way.store(way as u8, Ordering::SeqCst);
    }

    pub fn search_path(&self) -> std::ffi::OsString {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(self.path("bin")).chain(std::env::split_paths(&path));
        std::env::join_paths(all).expect("a path")
    }

    fn dress(&self, command: &mut Command) {
        command
            .env("XDG_STATE_HOME", self.path("state"))
            .env("PATH", self.search_path())
            .env_remove("SSH_AUTH_SOCK")
            .current_dir(self.folder.path());
    }

    /// With somebody at a terminal.
    pub fn sits_at(&self, words: &[&str]) -> Pty {
        let seat = Seat::new().env("TERM", "xterm-256color");
        seat.start_as(|command| self.dress(command), RUNBOOK, words)
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(RUNBOOK);
        self.dress(&mut command);
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn runs(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("it starts")
    }

    pub fn starts(&self, words: &[&str]) -> Child {
        self.command(words).spawn().expect("it starts")
    }

    /// Runs the case, answered by a file, to an exit code; gives what it said.
    pub fn ends(&self, words: &[&str], code: i32) -> String {
        let output = self.runs(words);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    }

    pub fn answers(&self, lines: &str) {
        self.sets("answers.toml", &format!("[answers]\n{lines}\n"));
    }

    pub fn journal(&self) -> String {
        let runs = fs::read_dir(self.path("state/runbook/runs")).expect("runs");
        let run = runs.last().expect("a run").expect("an entry").path();
        String::from_utf8_lossy(&fs::read(run.join("journal")).expect("a journal")).into_owned()
    }

    /// Waits for a file over there with a whole line, and gives the number in it.
    pub fn number(&self, name: &str) -> u32 {
        let mut number = None;
        wait_until(name, || {
            let text = self.read(&self.there(name));
            number = text
                .ends_with('\n')
                .then(|| text.trim().parse().expect("a number"));
            number.is_some()
        });
        number.expect("a number")
    }

    /// Waits until `ssh` was called with this word.
    pub fn called(&self, word: &str) {
        wait_until(word, || {
            self.read(&self.path("called"))
                .split_whitespace()
                .any(|called| called == word)
        });
    }

    /// The one connection there is: the process of `ssh` on this side.
    pub fn client(&self) -> u32 {
        let config = self.path("ssh_config").display().to_string();
        let mut found = None;
        wait_until("ssh runs", || {
            found = processes().find(|pid| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                let line = String::from_utf8_lossy(&line).into_owned();
                line.starts_with("ssh\0") && line.contains(&config)
            });
            found.is_some()
        });
        found.expect("ssh")
    }

    /// The sessions of `sshd`, those that serve one connection each.
    pub fn sessions(&self) -> Vec<u32> {
        let listener = self.sshd.id();
        processes()
            .filter(|pid| {
                let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                let parent = stat
                    .rsplit_once(") ")
                    .and_then(|(_, rest)| rest.split(' ').nth(1));
                parent.is_some_and(|parent| parent == listener.to_string())
            })
            .collect()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.way(Way::Cut);
        for session in self.sessions() {
            signal(session, rustix::process::Signal::KILL);
        }
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("/proc");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

pub fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    // Where it has ended meanwhile, that is what was wanted.
    let _ = rustix::process::kill_process(pid.expect("a number"), signal);
}

pub fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

pub fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}")).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

/// A way to a port that can be broken. Its threads end with the test's process.
fn proxy(to: u16, way: Arc<AtomicU8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for from in listener.incoming().flatten() {
            if way.load(Ordering::SeqCst) == Way::Cut as u8 {
                continue;
            }
            let Ok(there) = TcpStream::connect(("127.0.0.1", to)) else {
                continue;
            };
            for (a, b) in [(&from, &there), (&there, &from)] {
                let (a, b) = (a.try_clone().expect("a"), b.try_clone().expect("b"));
                let way = Arc::clone(&way);
                std::thread::spawn(move || carry(a, b, &way));
            }
        }
    });
    port
}

fn carry(mut from: TcpStream, mut to: TcpStream, way: &AtomicU8) {
    let _ = from.set_read_timeout(Some(Duration::from_millis(20)));
    let mut bytes = [0; 16 * 1024];
    loop {
        let read = from.read(&mut bytes);
        let state = way.load(Ordering::SeqCst);
        if state == Way::Cut as u8 {
            break;
        }
        match read {
            Ok(0) => break,
            Ok(length) => {
                if state == Way::Open as u8 && to.write_all(&bytes[..length]).is_err() {
                    break;
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            Err(_) => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
