//! The engine's side of a gate: starting it, hearing who it is, telling it what to become.

use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::sync::Mutex;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

use super::gate::{ALONE, HELLO, KEEPER, LONG_HELLO, NOTHING, TERMINAL};
use super::running::Settings;
use super::tree;
use crate::error::plainly;

/// A gate that was started; whether it has said who it is will be seen.
pub(super) struct Gate {
    channel: OwnedFd,
    origin: Origin,
    hello: Option<Hello>,
}

/// What came on a gate's channel: process, start time, cgroup, descriptors.
struct Hello {
    bytes: Vec<u8>,
    handed: Vec<OwnedFd>,
}

impl Hello {
    /// `None` where it says something else.
    fn pid(&self) -> Option<u32> {
        let who = self.bytes.get(..HELLO)?;
        Some(u32::from_le_bytes(*who.first_chunk()?))
    }
}

/// Where a gate comes from: started through duct by itself, or copied by the keeper, and then a plain child.
pub(super) enum Origin {
    Started(Box<duct::Handle>),
    Copied,
}

/// Whether the command will have a session of its own or the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Alone,
    AtTheTerminal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listened {
    Something,
    Nothing,
}

/// A gate that has said who it is.
pub(super) struct Ready {
    pub origin: Origin,
    pub channel: OwnedFd,
    pub pid: u32,
    pub start_time: u64,
    pub cgroup: Option<String>,
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

/// The one gate that is started for a run, and copies itself for every command.
pub(super) struct Keeper {
    channel: OwnedFd,
    handle: duct::Handle,
}

impl Keeper {
    pub(super) fn start(settings: &Settings) -> Result<Keeper, String> {
        let (channel, handle) = start(settings, KEEPER)?;
        // It is nobody's leftover, and no command either.
        handle.pids().into_iter().for_each(super::spare);
        Ok(Keeper { channel, handle })
    }

    /// A copy of it; `None` where it is not there any more.
    pub(super) fn gate(&self) -> Result<Option<Gate>, String> {
        let (channel, theirs) = sockets()?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let theirs = [theirs.as_fd()];
        control.push(SendAncillaryMessage::ScmRights(&theirs));
        let sent = rustix::net::sendmsg(
            &self.channel,
            &[IoSlice::new(b"g")],
            &mut control,
            SendFlags::NOSIGNAL,
        );
        Ok(sent.ok().map(|_| Gate {
            channel,
            origin: Origin::Copied,
            hello: None,
        }))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It ends with its channel, after it has tidied up. Nobody waits for that: this program is usually about to
        // end too, and then its parent reaps it. Where it goes on, duct does, before it starts the next; until then
        // the sweep lets it be.
        if let Ok(Some(_)) = self.handle.try_wait() {
            self.handle.pids().into_iter().for_each(super::forget);
        }
    }
}

fn sockets() -> Result<(OwnedFd, OwnedFd), String> {
    rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(|error| plain(&error.into()))
}

fn plain(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::AGAIN | Errno::NOMEM) => {
            "the system has no room for another process".to_owned()
        }
        Some(Errno::MFILE | Errno::NFILE) => {
            "there are too many open files to start another process".to_owned()
        }
        _ => format!("no process can be started: {}", plainly(error)),
    }
}

/// Starts a gate through duct, with one end of a socket as its input.
fn start(settings: &Settings, role: &str) -> Result<(OwnedFd, duct::Handle), String> {
    let (channel, theirs) = sockets()?;
    let Some((name, arguments)) = settings.gate.split_first() else {
        return Err("no program is set to be the gate".to_owned());
    };
    let cgroups = settings.cgroups.clone().map(OsString::from);
    let more = [OsString::from(role), settings.output.clone().into()];
    let more = more.into_iter().chain(cgroups);
    let arguments = arguments.iter().cloned().chain(more);
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
        .map_err(|error| plain(&error))?;
    Ok((channel, handle))
}

impl Gate {
    pub(super) fn start(settings: &Settings, heard: Heard) -> Result<Gate, String> {
        let role = match heard {
            Heard::Alone => ALONE,
            Heard::AtTheTerminal => TERMINAL,
        };
        let (channel, handle) = start(settings, role)?;
        handle.pids().into_iter().for_each(tree::know);
        Ok(Gate {
            channel,
            origin: Origin::Started(Box::new(handle)),
            hello: None,
        })
    }

    /// Waits until the gate has said who it is; `None` where it died instead.
    pub(super) fn hear(mut self) -> Result<Option<Ready>, String> {
        while self.listen() == Listened::Nothing {
            let mut wait = [PollFd::new(&self.channel, PollFlags::IN)];
            if let Ok(0) = rustix::event::poll(&mut wait, Some(&PATIENCE)) {
                self.give_up();
                return Err("a process was started and did not begin".to_owned());
            }
        }
        let Some(hello) = self.hello.take() else {
            return Ok(None);
        };
        let mut handed = hello.handed.into_iter();
        let (exit, out, err) = (handed.next(), handed.next(), handed.next());
        let (who, cgroup) = hello
            .bytes
            .split_at_checked(HELLO)
            .unwrap_or((&hello.bytes, &[]));
        match (exit, who.first_chunk(), who.last_chunk()) {
            (Some(exit), Some(pid), Some(start)) => Ok(Some(Ready {
                start_time: u64::from_le_bytes(*start),
                cgroup: (!cgroup.is_empty()).then(|| String::from_utf8_lossy(cgroup).into_owned()),
                origin: self.origin,
                channel: self.channel,
                pid: u32::from_le_bytes(*pid),
                exit,
                out,
                err,
            })),
            // The keeper could not copy itself.
            (None, Some(code), None) => {
                let code = i32::from_le_bytes(*code);
                Err(plain(&io::Error::from_raw_os_error(code)))
            }
            _ => {
                self.give_up();
                Ok(None)
            }
        }
    }

    /// Takes what the gate has said, if it has; it is a known child from then on.
    pub(super) fn listen(&mut self) -> Listened {
        if self.hello.is_some() {
            return Listened::Something;
        }
        let mut bytes = vec![0; LONG_HELLO];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let length = loop {
            match rustix::net::recvmsg(
                &self.channel,
                &mut [IoSliceMut::new(&mut bytes)],
                &mut control,
                RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT,
            ) {
                Ok(received) => break received.bytes,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Listened::Nothing,
                Err(_) => break 0,
            }
        };
        let handed = control
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
                _ => None,
            })
            .flatten()
            .collect();
        bytes.truncate(length);
        let hello = Hello { bytes, handed };
        if let Some(pid) = hello.pid() {
            tree::know(pid);
        }
        self.hello = Some(hello);
        Listened::Something
    }

    fn give_up(self) {
        if let Origin::Started(handle) = self.origin {
            let _ = handle.kill();
            let _ = handle.wait();
            handle.pids().into_iter().for_each(tree::forget);
        }
    }

    /// Nobody will hear it any more, and it is told so.
    pub(super) fn leave(&self) {
        let _ = rustix::net::send(&self.channel, &NOTHING, SendFlags::NOSIGNAL);
        if let Some(pid) = self.hello.as_ref().and_then(Hello::pid) {
            tree::forget(pid);
        }
    }

    /// How many of the children that are known are this gate.
    pub(super) fn counts(&self) -> usize {
        match (&self.origin, &self.hello) {
            (Origin::Started(_), _) | (Origin::Copied, Some(_)) => 1,
            (Origin::Copied, None) => 0,
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
