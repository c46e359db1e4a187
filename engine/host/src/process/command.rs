//! One command, and the descriptors it is watched by.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use runbook_core::effect::{EffectId, Manner};
use runbook_core::event::{Captured, Identity};
use rustix::event::epoll;
use rustix::process::Signal;
use rustix::termios::Termios;

use super::child;
use super::live::Live;
use super::output::{Sink, size};
use super::start::Origin;
use super::tree::Stat;
use super::{Keep, tree};
use crate::error::plainly;

pub(super) struct Command {
    pub id: EffectId,
    pub identity: Identity,
    /// Taken when it is reaped.
    pub origin: Option<Origin>,
    pub channel: OwnedFd,
    pub exit: Option<OwnedFd>,
    pub out: Pipe,
    pub err: Pipe,
    pub manner: Manner,
    /// The machine it runs on, where that is another one and the gate stays with it.
    pub far: Option<String>,
    pub keep: Keep,
    pub phase: Phase,
    pub began: Instant,
    pub elapsed: Duration,
    pub stopping: Option<Stopping>,
    /// How often what it left behind was looked at.
    pub looks: u32,
    /// The spec could not be given, so nothing ran.
    pub never_ran: Option<String>,
    pub leaked: Vec<String>,
    pub live: Live,
    pub terminal: Option<(File, Termios)>,
    /// When [`Processes::due`] has to look at it, whatever its descriptors say.
    pub wake: Option<Instant>,
}

pub(super) struct Pipe {
    pub fd: Option<OwnedFd>,
    pub sink: Option<Sink>,
    pub big: Option<Big>,
}

/// The pipe was made as large as it may be.
pub(super) struct Big;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Admitted,
    Running,
    Draining { until: Instant },
    Sweeping { kill_at: Instant },
    Syncing,
}

/// Asked for by the core.
#[derive(Clone, Debug)]
pub(super) struct Stopping {
    pub signal: Signal,
    pub kill_at: Instant,
    /// Who outside of its group was told to end. They are looked for a little later: that takes longer than
    /// most commands live after TERM.
    pub told: BTreeSet<u32>,
}

impl Stopping {
    /// Tells those who were not told yet; whoever is in the group was told with it.
    pub fn tell(&mut self, group: u32, processes: &[Stat]) {
        for process in processes {
            if process.group != group && self.told.insert(process.pid) {
                child::signal_all(std::slice::from_ref(process), self.signal);
            }
        }
    }
}

/// What a descriptor in the epoll is of its command: the two low bits of its data.
pub(super) const OUT: u64 = 0;
pub(super) const ERR: u64 = 1;
pub(super) const EXIT: u64 = 2;
pub(super) const CHANNEL: u64 = 3;

/// Puts a command's descriptors into the epoll; they leave it when they are closed.
pub(super) fn watch(epoll: &OwnedFd, key: u64, command: &Command) -> io::Result<()> {
    let add = |fd: &OwnedFd, what: u64| {
        epoll::add(
            epoll,
            fd,
            epoll::EventData::new_u64(key << 2 | what),
            epoll::EventFlags::IN,
        )
    };
    if let Some(fd) = &command.out.fd {
        add(fd, OUT)?;
    }
    if let Some(fd) = &command.err.fd {
        add(fd, ERR)?;
    }
    if let Some(fd) = &command.exit {
        add(fd, EXIT)?;
    }
    if command.manner == Manner::Background {
        add(&command.channel, CHANNEL)?;
    }
    Ok(())
}

/// The terminal is the engine's again, as it was.
pub(super) fn give_back(terminal: Option<(File, Termios)>) {
    if let Some((tty, attributes)) = terminal {
        let _ = rustix::termios::tcsetpgrp(tty.as_fd(), rustix::process::getpgrp());
        let _ = rustix::termios::tcsetattr(
            tty.as_fd(),
            rustix::termios::OptionalActions::Drain,
            &attributes,
        );
    }
}

/// There is no job control here: an interactive command that was suspended goes on, in the foreground.
pub(super) fn keep_in_front(identity: &Identity, tty: &File) {
    if tree::is_stopped(identity.pid)
        && let Some(pid) = child::pid(identity.pid)
    {
        let _ = rustix::termios::tcsetpgrp(tty.as_fd(), pid);
        child::signal_group(identity.pid, Signal::CONT);
    }
}

/// The end of what a background command printed.
pub(super) fn background_output(log: &Path, cap: u64) -> Captured {
    let Ok(file) = File::open(log) else {
        return Captured::default();
    };
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut tail = vec![0; usize::try_from(length.min(4096)).unwrap_or(0)];
    let begin = length - tail.len() as u64;
    let read = file.read_exact_at(&mut tail, begin);
    Captured {
        text: String::from_utf8_lossy(&tail).into_owned(),
        bytes: length,
        segment: None,
        flaw: match read {
            Err(error) => Some(plainly(&error)),
            Ok(()) => (length > cap).then(|| format!("cut after {}", size(cap))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_log_the_end_is_told_and_what_is_beyond_the_cap_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, format!("{}end", "x".repeat(5000))).unwrap();
        let told = |cap| {
            let told = background_output(&log, cap);
            assert_eq!((told.bytes, told.text.len()), (5003, 4096));
            assert!(told.text.ends_with("xend"));
            told.flaw
        };
        assert_eq!((told(1 << 20), told(5003)), (None, None));
        assert_eq!(told(5002).as_deref(), Some("cut after 5002 bytes"));
        assert_eq!(
            background_output(&folder.path().join("none"), 1),
            Captured::default()
        );
    }
}
