//! The engine's side of a gate: starting it, hearing who it is, telling it what to become.

use std::ffi::OsString;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::sync::Mutex;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketFlags,
    SocketType,
};

use super::gate::TERMINAL;
use super::tree;
use crate::error::plainly;

/// A gate that was started and has not been heard yet.
pub(super) struct Gate {
    handle: duct::Handle,
    channel: OwnedFd,
    pid: u32,
    heard: Heard,
}

/// Whether the command will have a session of its own or the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Alone,
    AtTheTerminal,
}

/// A gate that has said who it is.
pub(super) struct Ready {
    pub handle: duct::Handle,
    pub channel: OwnedFd,
    pub pid: u32,
    pub start_time: u64,
    /// Readable once the process is over.
    pub exit: OwnedFd,
    /// None where the terminal is its output.
    pub out: Option<OwnedFd>,
    pub err: Option<OwnedFd>,
}

/// How long a gate may take to say who it is.
const PATIENCE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};

impl Gate {
    pub(super) fn start(program: &[OsString], heard: Heard) -> Result<Gate, String> {
        let plain = |error: io::Error| match Errno::from_io_error(&error) {
            Some(Errno::AGAIN | Errno::NOMEM) => {
                "the system has no room for another process".to_owned()
            }
            Some(Errno::MFILE | Errno::NFILE) => {
                "there are too many open files to start another process".to_owned()
            }
            _ => format!("no process can be started: {}", plainly(&error)),
        };
        let (channel, theirs) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(|error| plain(error.into()))?;
        let Some((name, arguments)) = program.split_first() else {
            return Err("no program is set to be the gate".to_owned());
        };
        let mut arguments = arguments.to_vec();
        if heard == Heard::AtTheTerminal {
            arguments.push(TERMINAL.into());
        }
        // Given in the hook, the descriptor is moved and not duplicated, and no copy of it stays here.
        let theirs = Mutex::new(Some(theirs));
        let environment: [(OsString, OsString); 0] = [];
        let handle = duct::cmd(name.clone(), arguments)
            .full_env(environment)
            .unchecked()
            .before_spawn(move |command| {
                if let Ok(mut theirs) = theirs.lock()
                    && let Some(theirs) = theirs.take()
                {
                    command.stdin(Stdio::from(theirs));
                }
                command.arg0("runbook");
                Ok(())
            })
            .start()
            .map_err(plain)?;
        let pid = handle.pids().first().copied().unwrap_or_default();
        tree::know(pid);
        Ok(Gate {
            handle,
            channel,
            pid,
            heard,
        })
    }

    /// Waits until the gate has said who it is; `None` where it died instead.
    pub(super) fn hear(self) -> Result<Option<Ready>, String> {
        let mut start = [0; 8];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            match rustix::net::recvmsg(
                &self.channel,
                &mut [IoSliceMut::new(&mut start)],
                &mut control,
                RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT,
            ) {
                Ok(received) => break received.bytes,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let mut wait = [PollFd::new(&self.channel, PollFlags::IN)];
                    if let Ok(0) = rustix::event::poll(&mut wait, Some(&PATIENCE)) {
                        let _ = self.handle.kill();
                        return Err("a process was started and did not begin".to_owned());
                    }
                }
                Err(_) => break 0,
            }
        };
        let mut handed = control
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
                _ => None,
            })
            .flatten();
        let (exit, out, err) = (handed.next(), handed.next(), handed.next());
        drop(handed);
        match exit {
            Some(exit) if received == start.len() => Ok(Some(Ready {
                start_time: u64::from_le_bytes(start),
                handle: self.handle,
                channel: self.channel,
                pid: self.pid,
                exit,
                out: out.filter(|_| self.heard == Heard::Alone),
                err: err.filter(|_| self.heard == Heard::Alone),
            })),
            _ => {
                let _ = self.handle.kill();
                let _ = self.handle.wait();
                tree::forget(self.pid);
                Ok(None)
            }
        }
    }
}

/// All of it or an error; the gate reads whatever the length.
pub(super) fn send(channel: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::net::send(channel, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What a gate that has ended said about why its command never ran; `None` where the command ran.
pub(super) fn sentence(channel: &OwnedFd) -> Option<String> {
    let mut text = vec![0; 4096];
    let (length, _) = rustix::net::recv(channel, &mut text[..], RecvFlags::DONTWAIT).ok()?;
    text.truncate(length);
    (length > 0).then(|| String::from_utf8_lossy(&text).into_owned())
}

/// Whether the channel was closed by exec, with nothing said.
pub(super) fn is_at_its_end(channel: &OwnedFd) -> bool {
    let mut one = [0; 1];
    let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
    matches!(rustix::net::recv(channel, &mut one[..], flags), Ok((0, _)))
}
