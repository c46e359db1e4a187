//! One line from the person, safely. A process of its own reads it ([`super::read`]), which owns the terminal
//! while it lives and can be ended at any moment without leaving a thread behind; the engine keeps the terminal's
//! settings and puts them back, however that process ends.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use runbook_core::clock::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};
use serde::{Deserialize, Serialize};

/// What the first argument says where the binary is to read a line.
pub const ARGUMENT: &str = "__line";
pub(super) const SPEC: &str = "RUNBOOK_LINE";

#[derive(Serialize, Deserialize)]
pub struct Ask {
    /// Stands before the cursor.
    pub lead: String,
    pub initial: Option<String>,
    pub echo: Echo,
    /// What runs out meanwhile, each with its name: shown above the line.
    pub clocks: Vec<(String, Deadline)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Echo {
    Yes,
    /// A password.
    No,
    /// Several lines, in the person's own editor.
    Editor,
}

/// What the reading process says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Heard {
    Typed(String),
    Interrupted,
    Gone,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Typed(String),
    /// Ctrl-C.
    Interrupted,
    /// The prompt was withdrawn.
    Withdrawn,
    /// The terminal was used for something else meanwhile: the question is no longer above the cursor.
    Lost,
    /// Another question comes first.
    Superseded,
    /// The terminal is gone.
    Gone,
}

/// The prompt that is open, so that it can be closed from elsewhere.
#[derive(Clone, Default)]
pub struct Reader {
    open: Arc<(Mutex<Open>, Condvar)>,
}

#[derive(Default)]
struct Open {
    /// The process that reads.
    child: Option<Pid>,
    reading: Reading,
    wish: Wish,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    No,
    Line,
    /// The terminal is the editor's, which knows itself what to do when it is stopped.
    Editor,
}

/// What is wanted of who reads.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Read,
    /// The terminal is somebody else's for a while.
    Wait,
    Withdraw,
    Supersede,
}

/// This very program, also where its file was replaced since it began: an update must not make a run deaf.
fn this_program() -> Option<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    match running.exists() {
        true => Some(running),
        false => std::env::current_exe().ok(),
    }
}

impl Reader {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, open: MutexGuard<'a, Open>) -> MutexGuard<'a, Open> {
        self.open
            .1
            .wait(open)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a line; blocks the calling thread.
    pub fn read(&self, ask: &Ask) -> Line {
        let mut open = self.open();
        match open.wish {
            Wish::Read => {}
            Wish::Wait => {
                while open.wish == Wish::Wait {
                    open = self.wait(open);
                }
                return Line::Lost;
            }
            Wish::Withdraw => return Line::Withdrawn,
            Wish::Supersede => return Line::Superseded,
        }
        // Somebody who is not in front would take the terminal from who is.
        if !is_in_front() {
            return Line::Gone;
        }
        open.reading = match ask.echo {
            Echo::Editor => Reading::Editor,
            Echo::Yes | Echo::No => Reading::Line,
        };
        let saved = Saved::now();
        let heard = self.heard(open, ask);
        saved.restore();
        let mut open = self.open();
        open.child = None;
        open.reading = Reading::No;
        self.open.1.notify_all();
        match (open.wish, heard) {
            (Wish::Withdraw, _) => Line::Withdrawn,
            // What was typed in time counts.
            (_, Heard::Typed(text)) => Line::Typed(text),
            (_, Heard::Interrupted) => Line::Interrupted,
            (Wish::Supersede, Heard::Gone) => Line::Superseded,
            (Wish::Wait, Heard::Gone) => {
                while open.wish == Wish::Wait {
                    open = self.wait(open);
                }
                Line::Lost
            }
            (Wish::Read, Heard::Gone) => Line::Gone,
        }
    }

    /// Starts the process that reads, and waits for it to end.
    fn heard(&self, mut open: MutexGuard<'_, Open>, ask: &Ask) -> Heard {
        let (Some(program), Ok(spec)) = (this_program(), serde_json::to_string(ask)) else {
            return Heard::Gone;
        };
        let spawned = Command::new(program)
            .arg(ARGUMENT)
            .env(SPEC, spec)
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = spawned else {
            return Heard::Gone;
        };
        runbook_host::process::spare(child.id());
        open.child = Some(Pid::from_child(&child));
        drop(open);
        let mut text = String::new();
        if let Some(out) = &mut child.stdout {
            // An error here shows as something that cannot be read below.
            let _ = out.read_to_string(&mut text);
        }
        // Reaped only once nobody would signal its number any more.
        let waited = rustix::process::waitid(
            rustix::process::WaitId::Pid(Pid::from_child(&child)),
            rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT,
        );
        self.open().child = None;
        let ended = waited.is_ok() && child.wait().is_ok_and(|status| status.success());
        runbook_host::process::forget(child.id());
        match serde_json::from_str(&text) {
            Ok(heard) if ended => heard,
            _ => Heard::Gone,
        }
    }

    /// Makes a wish known, and returns when nobody reads against it.
    fn wish(&self, wish: Wish) {
        let mut open = self.open();
        if open.wish == Wish::Withdraw {
            return;
        }
        open.wish = wish;
        self.open.1.notify_all();
        if open.reading == Reading::Editor && wish == Wish::Wait {
            return;
        }
        while open.reading != Reading::No {
            if let Some(pid) = open.child {
                // Gone already is as good.
                let _ = kill_process(pid, Signal::KILL);
            }
            open = self.wait(open);
        }
    }

    /// Closes the open prompt, and any that would be opened before [`Reader::renew`].
    pub fn withdraw(&self) {
        self.wish(Wish::Withdraw);
    }

    /// Closes the open prompt for one that comes first.
    pub fn supersede(&self) {
        self.wish(Wish::Supersede);
    }

    /// Leaves the terminal to somebody else, until [`Reader::go_on`].
    pub fn pause(&self) {
        self.wish(Wish::Wait);
    }

    /// The terminal is ours again.
    pub fn go_on(&self) {
        let mut open = self.open();
        if open.wish == Wish::Wait {
            open.wish = Wish::Read;
            self.open.1.notify_all();
        }
    }

    /// Waits while the terminal is somebody else's.
    pub fn until_ours(&self) {
        let mut open = self.open();
        while open.wish == Wish::Wait {
            open = self.wait(open);
        }
    }

    /// Makes ready for the next prompt.
    pub fn renew(&self) {
        let mut open = self.open();
        if open.wish != Wish::Wait {
            open.wish = Wish::Read;
        }
    }
}

/// Whether this program has the terminal, and not a shell that put it in the background.
pub fn is_in_front() -> bool {
    tcgetpgrp(std::io::stdin()).is_ok_and(|front| front == rustix::process::getpgrp())
}

/// The terminal's settings as they were.
pub struct Saved(Option<Termios>);

/// Whether a terminal was found in the state that only a program leaves it in which was killed while it read keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Sound,
    Repaired,
}

impl Saved {
    pub fn now() -> Saved {
        Saved(
            is_in_front()
                .then(|| tcgetattr(std::io::stdin()).ok())
                .flatten(),
        )
    }

    /// A shell gives a program a terminal that reads lines, echoes them, and makes signals of keys. One that does
    /// none of the three was left so.
    pub fn repaired() -> (Saved, Found) {
        let mut saved = Saved::now();
        let Some(termios) = &mut saved.0 else {
            return (saved, Found::Sound);
        };
        let lines = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        if termios.local_modes.intersects(lines) {
            return (saved, Found::Sound);
        }
        termios
            .local_modes
            .insert(lines | LocalModes::IEXTEN | LocalModes::ECHOE | LocalModes::ECHOK);
        termios
            .input_modes
            .insert(InputModes::ICRNL | InputModes::IXON);
        termios
            .output_modes
            .insert(OutputModes::OPOST | OutputModes::ONLCR);
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, termios);
        (saved, Found::Repaired)
    }

    /// Ctrl-C must not leave `^C` in the middle of what is drawn. Everything else stays as the person has it, so
    /// that an engine that is killed leaves a terminal that works.
    pub fn without_echoed_controls(&self) {
        if let Some(termios) = &self.0 {
            let mut quiet = termios.clone();
            quiet.local_modes.remove(LocalModes::ECHOCTL);
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &quiet);
        }
    }

    /// Puts the settings back. Never waits for the terminal.
    pub fn restore(&self) {
        if let Some(termios) = &self.0
            && is_in_front()
        {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, termios);
        }
    }
}

/// Whether the terminal went away, as one does whose connection was dropped.
pub fn is_hung_up() -> bool {
    let stdin = std::io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
    poll(&mut fds, Some(&Timespec::default())).is_ok_and(|came| came > 0)
}
