//! What became of a command over there, for an engine that was not there to see it.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use runbook_core::event::Learned;

use super::frames::Frames;
use super::{script, ssh};
use crate::error::plainly;

/// Longer than what lives over there may take to end, and the connection to come about.
const PATIENCE: Duration = Duration::from_secs(45);

/// A question to another machine.
#[derive(Clone, Debug)]
pub struct Inquiry {
    pub name: String,
    pub address: String,
    /// What the command is known by there.
    pub key: String,
    /// Seconds between two signs of life.
    pub beat: u64,
}

/// Asks, and ends what still lives of it. Takes as long as that takes. `log` is a file for the words of `ssh`.
pub fn inquire(inquiry: &Inquiry, log: &Path) -> Learned {
    let nonce = uuid::Uuid::now_v7().simple().to_string();
    let asked = ask(inquiry, &nonce, log);
    let words = std::fs::read(log).unwrap_or_default();
    let _ = std::fs::remove_file(log);
    let name = &inquiry.name;
    let unknown = |why: String| Learned::Unknown { why };
    let answer = match asked {
        Err(why) => return unknown(why),
        Ok((answer, _)) if !answer.is_empty() => answer,
        Ok((_, code)) => {
            let words = String::from_utf8_lossy(&words);
            return unknown(ssh::why(name, &inquiry.address, &words, code));
        }
    };
    match answer.split_once(' ').unwrap_or((&answer, "")) {
        ("ended", status) => match status.parse() {
            Ok(code) => Learned::Ended { code },
            Err(_) => unknown(format!("`{name}` has a record of it that cannot be read")),
        },
        ("cut", _) => Learned::Cut,
        ("gone", _) => Learned::Gone,
        ("alive", _) => unknown("it lives on there and cannot be ended".into()),
        _ => unknown("there is no record of it there".into()),
    }
}

/// What was answered, empty where nothing was, and the exit code of `ssh`.
fn ask(inquiry: &Inquiry, nonce: &str, log: &Path) -> Result<(String, Option<i32>), String> {
    let call = ssh::call(&inquiry.address, inquiry.beat, log);
    let Some((program, arguments)) = call.split_first() else {
        return Err("no program is set to call other machines".into());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`ssh` cannot be started: {}", plainly(&error)))?;
    crate::process::spare(child.id());
    let (mut to, from) = (child.stdin.take(), child.stdout.take());
    let (send, receive) = mpsc::channel();
    let hello = script::hello(nonce);
    let question = script::inquiry(nonce, &inquiry.key);
    let mut frames = Frames::new(nonce);
    let talk = move || {
        let mut say = |text: &str| {
            to.as_mut()
                .is_some_and(|to| to.write_all(text.as_bytes()).is_ok())
        };
        let mut answer = String::new();
        say(&hello);
        let mut from = from;
        let mut bytes = [0; 4096];
        while let Some(Ok(length @ 1..)) = from.as_mut().map(|from| from.read(&mut bytes)) {
            for word in frames.take(&bytes[..length], &mut Vec::new()) {
                match word.split_once(' ') {
                    None if word == "hello" => {
                        say(&question);
                    }
                    Some(("is", what)) => {
                        what.clone_into(&mut answer);
                        // Whoever waited may have given up.
                        let _ = send.send(answer);
                        return;
                    }
                    _ => {}
                }
            }
        }
        let _ = send.send(answer);
    };
    let answer = match std::thread::Builder::new().spawn(talk) {
        Err(error) => Err(format!("no thread can be started: {}", plainly(&error))),
        Ok(_) => receive.recv_timeout(PATIENCE).map_err(|_| {
            format!(
                "`{}` did not answer in {} s",
                inquiry.name,
                PATIENCE.as_secs()
            )
        }),
    };
    let code = match &answer {
        Ok(answer) if answer.is_empty() => child.wait().ok().and_then(|status| status.code()),
        _ => {
            let _ = child.kill();
            let _ = child.wait();
            None
        }
    };
    crate::process::forget(child.id());
    Ok((answer?, code))
}
