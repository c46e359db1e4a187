//! This side of a connection: a gate that does not become the command, and stays with it.
//!
//! It starts `ssh` and passes the command's output on. What the engine wants (`s`, stop; `k`, kill) comes on the gate's
//! channel, and at the end it says there what became of the command. The end of the channel means that the engine is gone:
//! then it ends the connection, and the other side ends the command.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use runbook_core::effect::EffectId;
use runbook_core::event::{Captured, Event, Exit};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal};

use super::frames::{Frames, Part};
use super::{Far, ssh};
use crate::error::plainly;
use crate::os::signal_name;

/// Until the other machine has answered the first line: it may ask somebody, and a profile may do anything.
const ANSWERS: Duration = Duration::from_secs(60);
/// How long the other stream may take to end, and `ssh` after it.
const AFTER: Duration = Duration::from_millis(500);
/// Output that waits for the engine; while there is as much, no more is taken in.
const MOST: usize = 1 << 20;
const CHUNK: usize = 64 * 1024;

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Why it was over there (`self`, `stop`, `cut`), its status, and what it left behind, in words.
    Ended {
        why: String,
        status: i32,
        left: Vec<String>,
    },
    /// It never started.
    Never(String),
    Lost(String),
    /// It was laid down, for a connection with the terminal.
    Laid,
    /// The engine is gone, and nothing of it had left this machine.
    GoneBefore,
    /// The engine is gone.
    Gone,
}

/// What `ssh` is started with.
pub struct Call<'a> {
    pub words: Vec<OsString>,
    pub env: &'a [(OsString, OsString)],
    pub dir: &'a Path,
    pub log: &'a Path,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing of the command has left this machine.
    Calling,
    Sent,
    Over,
}

struct Side {
    from: Option<OwnedFd>,
    frames: Frames,
    pending: Vec<u8>,
    /// Nobody reads it any more.
    deaf: bool,
}

struct Link<'a> {
    far: &'a Far,
    channel: &'a mut File,
    input: Option<ChildStdin>,
    to_send: Vec<u8>,
    out: Side,
    err: Side,
    stage: Stage,
    kept: Option<Kept>,
    left: Vec<String>,
    /// When it is over even where one of the streams is not.
    until: Option<Instant>,
    answers_until: Instant,
    beats_at: Instant,
}

/// Stays with a command until it is over.
pub fn hold(far: &Far, call: &Call<'_>, channel: &mut File) -> Kept {
    let Some((program, arguments)) = call.words.split_first() else {
        return Kept::Never("no program is set to call other machines".into());
    };
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(call.env.iter().map(|(name, value)| (name, value)))
        .current_dir(call.dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Kept::Never("`ssh` is not found on the PATH".into());
        }
        Err(error) => return Kept::Never(format!("`ssh` cannot be started: {}", plainly(&error))),
    };
    let kept = match Link::of(far, &mut child, channel) {
        Ok(mut link) => match link.serve() {
            Ok(()) => link.kept.take(),
            Err(error) => Some(lost(&link, &plainly(&error))),
        },
        Err(error) => Some(Kept::Never(plainly(&error))),
    };
    let code = end(&mut child);
    let log = std::fs::read(call.log).unwrap_or_default();
    let _ = std::fs::remove_file(call.log);
    let log = String::from_utf8_lossy(&log);
    let why = || ssh::why(&far.name, &far.address, &log, code);
    match kept {
        Some(Kept::Lost(text)) if text.is_empty() => {
            Kept::Lost(format!("the connection broke; {}", why()))
        }
        Some(Kept::Never(text)) if text.is_empty() => Kept::Never(why()),
        Some(kept) => kept,
        None => Kept::Lost(format!("the connection broke; {}", why())),
    }
}

fn lost(link: &Link<'_>, why: &str) -> Kept {
    match link.stage {
        Stage::Calling => Kept::Never(why.to_owned()),
        _ => Kept::Lost(why.to_owned()),
    }
}

/// Lets `ssh` end, or ends it. Its exit code where it came to one by itself.
fn end(child: &mut Child) -> Option<i32> {
    let until = Instant::now() + AFTER;
    let mut told = false;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.code(),
            Err(_) => return None,
            Ok(None) => {}
        }
        if !told {
            told = true;
            let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            if let Some(pid) = number {
                let _ = rustix::process::kill_process(pid, Signal::TERM);
            }
        }
        if Instant::now() > until {
            let _ = child.kill();
            return child.wait().ok().and_then(|status| status.code());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

impl<'a> Link<'a> {
    fn of(far: &'a Far, child: &mut Child, channel: &'a mut File) -> io::Result<Link<'a>> {
        let side = |from: Option<OwnedFd>| -> io::Result<Side> {
            if let Some(fd) = &from {
                block_not(fd.as_fd())?;
            }
            Ok(Side {
                from,
                frames: Frames::new(&far.nonce),
                pending: Vec::new(),
                deaf: false,
            })
        };
        let input = child.stdin.take();
        if let Some(input) = &input {
            block_not(input.as_fd())?;
        }
        let now = Instant::now();
        Ok(Link {
            far,
            channel,
            input,
            to_send: far.hello.clone().into_bytes(),
            out: side(child.stdout.take().map(OwnedFd::from))?,
            err: side(child.stderr.take().map(OwnedFd::from))?,
            stage: Stage::Calling,
            kept: None,
            left: Vec::new(),
            until: None,
            answers_until: now + ANSWERS,
            beats_at: now,
        })
    }

    fn serve(&mut self) -> io::Result<()> {
        block_not(io::stdout().as_fd())?;
        block_not(io::stderr().as_fd())?;
        loop {
            let now = Instant::now();
            if self.stage == Stage::Sent && now >= self.beats_at {
                self.to_send.extend_from_slice(b"beat\n");
                self.beats_at = now + Duration::from_secs(self.far.beat);
            }
            if self.is_over(now) {
                break;
            }
            self.turn(now)?;
            if matches!(self.kept, Some(Kept::Gone | Kept::GoneBefore)) {
                return Ok(());
            }
        }
        if self.kept.is_none() {
            // The reason is in the words of `ssh`.
            self.kept = Some(match self.stage {
                Stage::Calling => Kept::Never(String::new()),
                _ => Kept::Lost(String::new()),
            });
        }
        self.flush()
    }

    fn is_over(&mut self, now: Instant) -> bool {
        if self.stage == Stage::Calling && now >= self.answers_until {
            let (name, seconds) = (&self.far.name, ANSWERS.as_secs());
            self.kept = Some(Kept::Never(format!(
                "`{name}` did not answer within {seconds} s"
            )));
            return true;
        }
        let said = self.kept.is_some();
        let closed = |side: &Side| side.from.is_none() || side.frames.part() == Part::After;
        if !said && self.out.from.is_some() {
            return false;
        }
        if said && self.stage == Stage::Calling || closed(&self.err) {
            return true;
        }
        let until = *self.until.get_or_insert(now + AFTER);
        now >= until
    }

    /// Waits until there is something to do, and does it.
    fn turn(&mut self, now: Instant) -> io::Result<()> {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let mut watched = vec![(Whose::Channel, self.channel.as_fd(), PollFlags::IN)];
        if let Some(input) = &self.input
            && !self.to_send.is_empty()
        {
            watched.push((Whose::Input, input.as_fd(), PollFlags::OUT));
        }
        for (whose, side) in [(Whose::Out, &self.out), (Whose::Err, &self.err)] {
            if let Some(from) = &side.from
                && side.pending.len() < MOST
            {
                watched.push((whose, from.as_fd(), PollFlags::IN));
            }
        }
        if !self.out.pending.is_empty() {
            watched.push((Whose::Screen, stdout.as_fd(), PollFlags::OUT));
        }
        if !self.err.pending.is_empty() {
            watched.push((Whose::Screen, stderr.as_fd(), PollFlags::OUT));
        }
        let mut waits: Vec<PollFd<'_>> = watched
            .iter()
            .map(|(_, fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
            .collect();
        let mut next = match self.stage {
            Stage::Calling => self.answers_until,
            _ => self.beats_at,
        };
        if let Some(until) = self.until {
            next = next.min(until);
        }
        let left = next.saturating_duration_since(now);
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(60),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut waits, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<Whose> = waits
            .iter()
            .zip(&watched)
            .filter(|(wait, _)| !wait.revents().is_empty())
            .map(|(_, (whose, ..))| *whose)
            .collect();
        for what in ready {
            match what {
                Whose::Channel => self.told()?,
                Whose::Input => self.send(),
                Whose::Out => self.take(Whose::Out),
                Whose::Err => self.take(Whose::Err),
                Whose::Screen => {}
            }
        }
        pass(&mut self.out, stdout.as_fd());
        pass(&mut self.err, stderr.as_fd());
        Ok(())
    }

    /// What the engine wants.
    fn told(&mut self) -> io::Result<()> {
        let mut words = [0; 16];
        let length = match self.channel.read(&mut words) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(_) => 0,
        };
        if length == 0 {
            self.kept = Some(match self.stage {
                Stage::Calling => Kept::GoneBefore,
                _ => Kept::Gone,
            });
            return Ok(());
        }
        for word in &words[..length] {
            if self.stage == Stage::Calling {
                self.kept = Some(Kept::Never("it was stopped before it began".into()));
                continue;
            }
            self.to_send.extend_from_slice(match word {
                b'k' => b"kill\n",
                _ => b"stop\n",
            });
        }
        Ok(())
    }

    fn send(&mut self) {
        let Some(input) = &mut self.input else {
            return;
        };
        match input.write(&self.to_send) {
            Ok(length) => {
                self.to_send.drain(..length);
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            // The end of its output says more.
            Err(_) => self.input = None,
        }
    }

    fn take(&mut self, which: Whose) {
        let side = match which {
            Whose::Err => &mut self.err,
            _ => &mut self.out,
        };
        let Some(from) = &side.from else {
            return;
        };
        let mut bytes = [0; CHUNK];
        let said = match rustix::io::read(from, &mut bytes[..]) {
            Ok(0) => {
                side.from = None;
                side.frames.finish(&mut side.pending);
                return;
            }
            Ok(length) => side.frames.take(&bytes[..length], &mut side.pending),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return,
            Err(_) => {
                side.from = None;
                return;
            }
        };
        if side.deaf {
            side.pending.clear();
        }
        if which == Whose::Err {
            return;
        }
        for word in said {
            self.heard(&word);
        }
    }

    fn heard(&mut self, word: &str) {
        let name = &self.far.name;
        let (kind, rest) = word.split_once(' ').unwrap_or((word, ""));
        match kind {
            "hello" if self.stage == Stage::Calling => {
                self.stage = Stage::Sent;
                self.beats_at = Instant::now() + Duration::from_secs(self.far.beat);
                self.to_send.extend_from_slice(self.far.order.as_bytes());
            }
            "laid" => self.finish(Kept::Laid),
            "never" => {
                let (dir, program) = (&self.far.dir, &self.far.program);
                let kept = match rest {
                    "twice" => Kept::Lost(format!("`{name}` has begun it once already")),
                    "folder" => Kept::Never(format!(
                        "the folder `{dir}` does not exist on `{name}`, or may not be entered"
                    )),
                    "program" => {
                        Kept::Never(format!("`{program}` is not found on the PATH of `{name}`"))
                    }
                    "environment" => {
                        Kept::Never(format!("one of its variables may not be set on `{name}`"))
                    }
                    _ => Kept::Never(format!(
                        "nothing can be written below the home folder on `{name}`"
                    )),
                };
                self.finish(kept);
                self.err.frames.finish(&mut Vec::new());
                self.stage = Stage::Over;
                self.err.from = None;
            }
            "left" => {
                let mut parts = rest.splitn(3, ' ');
                let (how, pid, program) = (
                    parts.next().unwrap_or_default(),
                    parts.next().unwrap_or_default(),
                    parts.next().unwrap_or_default(),
                );
                let how = match how {
                    "held" => "held its output open and was stopped",
                    "behind" => "was left behind and stopped",
                    _ => "goes on running",
                };
                self.left
                    .push(format!("`{program}` (pid {pid} on `{name}`) {how}"));
            }
            "end" => {
                let (why, status) = rest.split_once(' ').unwrap_or(("cut", "255"));
                let left = std::mem::take(&mut self.left);
                self.finish(Kept::Ended {
                    why: why.to_owned(),
                    status: status.parse().unwrap_or(255),
                    left,
                });
            }
            _ => {}
        }
    }

    fn finish(&mut self, kept: Kept) {
        if self.kept.is_none() {
            self.kept = Some(kept);
            self.stage = Stage::Over;
        }
    }

    /// All that is left goes to the engine, unless it is gone.
    fn flush(&mut self) -> io::Result<()> {
        while !self.out.pending.is_empty() || !self.err.pending.is_empty() {
            let mut waits = Vec::new();
            let (stdout, stderr) = (io::stdout(), io::stderr());
            if !self.out.pending.is_empty() {
                waits.push(PollFd::new(&stdout, PollFlags::OUT));
            }
            if !self.err.pending.is_empty() {
                waits.push(PollFd::new(&stderr, PollFlags::OUT));
            }
            match poll(&mut waits, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            pass(&mut self.out, stdout.as_fd());
            pass(&mut self.err, stderr.as_fd());
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Channel,
    Input,
    Out,
    Err,
    Screen,
}

fn block_not(fd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    Ok(rustix::fs::fcntl_setfl(fd, flags | OFlags::NONBLOCK)?)
}

/// Passes on as much as there is room for. Where nobody reads, it is dropped: the command must not wait for it.
fn pass(side: &mut Side, to: BorrowedFd<'_>) {
    if side.pending.is_empty() {
        return;
    }
    match rustix::io::write(to, &side.pending) {
        Ok(length) => {
            side.pending.drain(..length);
        }
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
        Err(_) => {
            side.deaf = true;
            side.pending.clear();
        }
    }
}

impl Kept {
    /// As it goes over the gate's channel.
    pub fn to_text(&self) -> String {
        match self {
            Kept::Ended { why, status, left } => {
                let mut text = format!("ended {why} {status}");
                for left in left {
                    text.push('\n');
                    text.extend(left.chars().take(200));
                }
                text.chars().take(1000).collect()
            }
            Kept::Never(why) => format!("never {why}"),
            Kept::Lost(why) => format!("lost {why}"),
            Kept::Laid | Kept::GoneBefore | Kept::Gone => String::new(),
        }
    }

    pub fn of_text(text: &str) -> Option<Kept> {
        let (kind, rest) = text.split_once(' ')?;
        Some(match kind {
            "ended" => {
                let mut lines = rest.lines();
                let (why, status) = lines.next()?.split_once(' ')?;
                Kept::Ended {
                    why: why.to_owned(),
                    status: status.parse().ok()?,
                    left: lines.map(str::to_owned).collect(),
                }
            }
            "never" => Kept::Never(rest.to_owned()),
            "lost" => Kept::Lost(rest.to_owned()),
            _ => return None,
        })
    }
}

/// What the engine takes it for. `None` is one that nobody stayed with.
pub fn event(effect: EffectId, kept: Option<Kept>, ended: End) -> Event {
    let why = match kept {
        Some(Kept::Ended { why, status, left }) if why != "cut" => {
            // A shell says by a code above 128 that a signal ended the command.
            let signal = (status > 128 && status <= 128 + 31).then(|| signal_name(status - 128));
            let mut leaked = ended.leaked;
            leaked.extend(left);
            return Event::Exited {
                effect,
                exit: match (why.as_str(), signal) {
                    ("self", None) => Exit::Code(status),
                    ("self", Some(signal)) => Exit::Signal(signal),
                    (_, signal) => Exit::Stopped {
                        signal: signal.unwrap_or_else(|| "SIGTERM".into()),
                    },
                },
                output: ended.output,
                stderr: ended.stderr,
                elapsed_ms: ended.elapsed_ms,
                leaked,
            };
        }
        Some(Kept::Never(why)) => return Event::NotStarted { effect, why },
        Some(Kept::Ended { .. }) => {
            "over there nothing was heard of the engine for a while, and it was ended".to_owned()
        }
        Some(Kept::Lost(why)) => why,
        Some(Kept::Laid | Kept::GoneBefore | Kept::Gone) | None => ended.otherwise,
    };
    Event::Lost { effect, why }
}

/// What the engine knows of a command that is over.
pub struct End {
    pub output: Captured,
    pub stderr: Captured,
    pub elapsed_ms: u64,
    pub leaked: Vec<String>,
    /// Why it is lost, where its connection says nothing.
    pub otherwise: String,
}
