//! The recorder: it takes down what a background command prints.
//!
//! A background command outlives its engine, so its output cannot go through it. The gate of such a command splits
//! a recorder off before it becomes the command: a process of its own session that reads the command's pipe, takes
//! secrets out and writes the file. It knows the secrets from the message that opened the gate, never from a
//! command line or an environment, and none of its memory is dumped. It ends when nobody can write to the pipe any
//! more. The engine, while there is one, sees that on its end of the gate's second pipe, which the recorder keeps.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;

use super::output::{Redact, size};
use crate::error::plainly;
use crate::os::{self, Forked};
use crate::redact::{Forms, Redactor};

/// Where the output of a background command goes, and what it must not hold.
pub(super) struct Log {
    pub path: PathBuf,
    /// Bytes kept of it.
    pub cap: u64,
    /// Secrets, with their names.
    pub secrets: Vec<(String, String)>,
}

/// The process that writes.
pub(super) struct Recorder {
    pipe: File,
    file: File,
    log: Log,
}

/// Makes this process the writer of the pipe and splits its reader off, which comes back as the recorder: out of
/// the command's cgroup, which may be killed as one.
///
/// # Errors
/// A sentence; nothing was split off.
pub(super) fn split(log: Log, cgroup: Option<&Path>) -> Result<Option<Recorder>, String> {
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::open(&log.path, flags, Mode::RUSR | Mode::WUSR).map_err(|error| {
        format!(
            "its output file cannot be opened: {}",
            plainly(&error.into())
        )
    })?;
    let split = || -> io::Result<Option<OwnedFd>> {
        let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let home = cgroup
            .and_then(Path::parent)
            .and_then(|home| File::open(home).ok());
        let forked = match home.map(|home| os::fork_sibling_into(&home)) {
            Some(Ok(forked)) => forked,
            Some(Err(_)) | None => os::fork_sibling()?,
        };
        match forked {
            Forked::Original => {
                rustix::stdio::dup2_stdout(&write)?;
                rustix::stdio::dup2_stderr(&write)?;
                Ok(None)
            }
            Forked::Sibling => {
                // Of the command's session it would be stopped with it, before it has read the end.
                rustix::process::setsid()?;
                os::leave_no_dump()?;
                rustix::stdio::dup2_stdout(io::stdin())?;
                Ok(Some(read))
            }
        }
    };
    let reader =
        split().map_err(|error| format!("its output cannot be recorded: {}", plainly(&error)))?;
    Ok(reader.map(|read| Recorder {
        pipe: read.into(),
        file: file.into(),
        log,
    }))
}

impl Recorder {
    /// Reads to the end. What the disk does not take is dropped: the command must not wait for it.
    pub(super) fn record(self) {
        let Recorder { pipe, file, log } = self;
        let pairs = log.secrets.iter();
        let forms = Forms::of(pairs.map(|(name, text)| (name.as_str(), text.as_str())));
        let redactor = Redactor::new(Arc::new(forms));
        let kept = file.metadata().map_or(0, |metadata| metadata.len());
        let _ = copy(pipe, &file, redactor, log.cap.saturating_sub(kept), log.cap);
        let _ = file.sync_data();
    }
}

/// Copies until the end, at most `room` bytes and a line that says so.
fn copy(
    mut from: impl Read,
    mut to: impl Write,
    mut redactor: Redactor,
    room: u64,
    cap: u64,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut clean = Vec::new();
    let mut left = room;
    let mut written = Ok(());
    let mut keep = |clean: &[u8]| {
        let within = clean.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if written.is_err() {
            return;
        }
        written = to.write_all(&clean[..within]);
        if left > 0 && within < clean.len() {
            written = writeln!(
                to,
                "\n[the rest is not kept: it was cut after {}]",
                size(cap)
            );
        }
        left -= within as u64;
    };
    loop {
        clean.clear();
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => redactor.redact(&buffer[..length], &mut clean),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        keep(&clean);
    }
    redactor.finish(&mut clean);
    keep(&clean);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what it holds in pieces of one length.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn recorded(text: &[u8], piece: usize, room: u64) -> String {
        let forms = Arc::new(Forms::of([("token", "hunter2-CANARY")]));
        let mut to = Vec::new();
        copy(
            Pieces(text, piece),
            &mut to,
            Redactor::new(forms),
            room,
            room,
        )
        .unwrap();
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn a_secret_is_taken_out_however_it_is_split() {
        let text = b"before hunter2-CANARY after hunter2-CANARY";
        for piece in 1..=text.len() {
            assert_eq!(
                recorded(text, piece, 1000),
                "before \u{2039}token\u{203a} after \u{2039}token\u{203a}",
                "in pieces of {piece}"
            );
        }
    }

    #[test]
    fn what_is_beyond_the_cap_is_read_and_dropped_and_said_once() {
        assert_eq!(
            recorded(&[b'x'; 500], 7, 20),
            format!(
                "{}\n[the rest is not kept: it was cut after 20 bytes]\n",
                "x".repeat(20)
            )
        );
    }

    /// Is interrupted once, and then fails as it is told.
    struct Fails(Vec<io::Result<&'static [u8]>>);

    impl Read for Fails {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(next) = self.0.pop() else {
                return Ok(0);
            };
            let text = next?;
            buffer[..text.len()].copy_from_slice(text);
            Ok(text.len())
        }
    }

    #[test]
    fn an_interrupted_read_is_tried_again_and_a_failed_one_is_said() {
        let copied = |reads: Vec<io::Result<&'static [u8]>>| {
            let mut to = Vec::new();
            let redactor = Redactor::new(Arc::new(Forms::of([])));
            let end = copy(Fails(reads), &mut to, redactor, 1000, 1000);
            (
                String::from_utf8(to).unwrap(),
                end.map_err(|error| error.kind()),
            )
        };
        let interrupted = || Err(io::ErrorKind::Interrupted.into());
        assert_eq!(
            copied(vec![Ok(b"two"), interrupted(), Ok(b"one ")]),
            ("one two".to_owned(), Ok(()))
        );
        let broken = Err(io::ErrorKind::BrokenPipe.into());
        assert_eq!(
            copied(vec![broken, Ok(b"one")]),
            ("one".to_owned(), Err(io::ErrorKind::BrokenPipe))
        );
    }
}
