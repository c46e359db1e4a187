//! Starting, finding and stopping the service. It runs in the background with its process id in a file, as many
//! a small service does; `kill` of the POSIX shell is all that is needed to stop it.

use crate::ground::Ground;
use crate::{ledger, release::Release};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the service may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was {
    Running,
    NotRunning,
}

/// Stops what runs and starts what is built. One line of the ledger.
pub fn restart(ground: &Ground) -> Result<(), String> {
    stop(ground)?;
    start(ground)?;
    let release = Release::built(ground)?;
    ledger::write(ground, &format!("restarted with {}", release.version))?;
    crate::say(&format!("the service runs {}", release.version));
    Ok(())
}

/// Whether the service answers, and with this version.
pub fn runs(ground: &Ground, version: &str) -> Result<(), String> {
    let answer = get(ground, "/api/version")?;
    if answer.body.contains(&format!("\"{version}\"")) {
        crate::say(&format!("the service runs {version}"));
        return Ok(());
    }
    Err(format!(
        "the service does not run {version}: {}",
        answer.body.trim()
    ))
}

/// Starts the service and waits until it answers at all; whether it is healthy is another question.
pub fn start(ground: &Ground) -> Result<(), String> {
    Release::built(ground)?;
    let program =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let output = fs::File::create(ground.output())
        .map_err(|error| format!("cannot write a log: {error}"))?;
    let errors = output
        .try_clone()
        .map_err(|error| format!("cannot write a log: {error}"))?;
    // A process group of its own, so that Ctrl-C in the terminal of the practice does not reach the service;
    // no pipe of ours stays open in it.
    let child = Command::new(program)
        .arg("--ground")
        .arg(ground.folder())
        .arg("serve")
        .current_dir(ground.folder())
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(|error| format!("the service does not start: {error}"))?;
    fs::write(ground.pid(), format!("{}\n", child.id()))
        .map_err(|error| format!("cannot write the service's process id: {error}"))?;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if get(ground, "/api/version").is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = fs::read_to_string(ground.output()).unwrap_or_default();
    Err(format!(
        "the service does not answer on {}: {}",
        ground.api()?,
        said.trim()
    ))
}

/// Says that this process is the service now. One line of the ledger.
pub fn is_up(ground: &Ground, release: &Release) -> Result<(), String> {
    fs::write(ground.pid(), format!("{}\n", std::process::id()))
        .map_err(|error| format!("cannot write the service's process id: {error}"))?;
    ledger::write(ground, &format!("started with {}", release.version))
}

/// Stops the service and waits until it is gone.
pub fn stop(ground: &Ground) -> Result<Was, String> {
    let Some(pid) = read_pid(&ground.pid()) else {
        return Ok(Was::NotRunning);
    };
    if !is_our_service(ground, pid) {
        let _ = fs::remove_file(ground.pid());
        return Ok(Was::NotRunning);
    }
    signal(pid, "TERM")?;
    let begun = Instant::now();
    while is_alive(pid) {
        if begun.elapsed() > PATIENCE {
            signal(pid, "KILL")?;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = fs::remove_file(ground.pid());
    Ok(Was::Running)
}

/// Process id in a file, where there is one.
pub fn read_pid(file: &std::path::Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Whether the process runs; one that has ended and was not yet waited for does not.
pub fn is_alive(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().next())
            .is_some_and(|state| state != "Z" && state != "X"),
        Err(_) if std::path::Path::new("/proc/self").exists() => false,
        // No /proc here: ask with the signal that does nothing.
        Err(_) => signal(pid, "0").is_ok(),
    }
}

/// A process id may have been given to someone else since: only the service of this ground answers with it. One
/// that is slow to answer, on a busy machine, is asked again.
fn is_our_service(ground: &Ground, pid: u32) -> bool {
    for _ in 0..20 {
        match get(ground, "/pid") {
            _ if !is_alive(pid) => return false,
            Ok(answer) => return answer.body.trim() == pid.to_string(),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    false
}

fn signal(pid: u32, name: &str) -> Result<(), String> {
    let status = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("sh does not start: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("process {pid} cannot be signalled"))
    }
}

pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// A GET to the service, as little HTTP as that takes.
pub fn get(ground: &Ground, path: &str) -> Result<Answer, String> {
    let address: SocketAddr = ground
        .address()?
        .parse()
        .map_err(|error| format!("the service's address: {error}"))?;
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = ask().map_err(|error| format!("GET {path}: {error}"))?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split_whitespace()
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| format!("GET {path}: no HTTP answer"))?;
    Ok(Answer {
        status,
        body: body.to_owned(),
    })
}
