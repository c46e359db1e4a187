//! One line from the person, safely. dialoguer reads it in a process of its own, which owns the terminal while
//! it lives and can be ended at any moment without leaving a thread behind; the engine keeps the terminal's
//! settings and puts them back, however that process ends.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dialoguer::theme::Theme;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr,
};
use serde::{Deserialize, Serialize};

/// What the first argument says where the binary is to read a line.
pub const ARGUMENT: &str = "__line";
const SPEC: &str = "RUNBOOK_LINE";
/// Keys pressed before the question stood on the screen this long answer nothing.
const QUIET: Duration = Duration::from_millis(300);

#[derive(Serialize, Deserialize)]
pub struct Ask {
    /// Stands before the cursor.
    pub lead: String,
    pub initial: Option<String>,
    pub echo: Echo,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Echo {
    Yes,
    /// A password.
    No,
    /// Several lines, in the person's own editor.
    Editor,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Typed(String),
    /// Ctrl-C.
    Interrupted,
    /// The prompt was withdrawn.
    Withdrawn,
    /// The terminal is gone.
    Gone,
}

/// The prompt that is open, so that it can be closed from elsewhere.
#[derive(Clone, Default)]
pub struct Reader {
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    child: Option<rustix::process::Pid>,
    withdrawn: Withdrawn,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Withdrawn {
    #[default]
    No,
    Yes,
}

impl Reader {
    /// Reads a line; blocks the calling thread.
    pub fn read(&self, ask: &Ask) -> Line {
        let saved = Saved::now();
        let line = self.read_in_process(ask);
        saved.restore();
        line
    }

    fn read_in_process(&self, ask: &Ask) -> Line {
        let (Ok(program), Ok(spec)) = (std::env::current_exe(), serde_json::to_string(ask)) else {
            return Line::Gone;
        };
        let mut child = {
            let mut open = self
                .open
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if open.withdrawn == Withdrawn::Yes {
                return Line::Withdrawn;
            }
            let spawned = Command::new(program)
                .arg(ARGUMENT)
                .env(SPEC, spec)
                .stdout(Stdio::piped())
                .spawn();
            let Ok(child) = spawned else {
                return Line::Gone;
            };
            runbook_host::process::spare(child.id());
            open.child = i32::try_from(child.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            child
        };
        let mut text = String::new();
        if let Some(out) = &mut child.stdout {
            // An error here shows as an empty line with a bad exit below.
            let _ = out.read_to_string(&mut text);
        }
        let status = child.wait();
        runbook_host::process::forget(child.id());
        let mut open = self
            .open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        open.child = None;
        if open.withdrawn == Withdrawn::Yes {
            return Line::Withdrawn;
        }
        match status {
            Ok(status) if status.success() => {
                serde_json::from_str(&text).map_or(Line::Gone, Line::Typed)
            }
            Ok(status) if status.signal() == Some(rustix::process::Signal::INT.as_raw()) => {
                Line::Interrupted
            }
            _ => Line::Gone,
        }
    }

    /// Closes the open prompt, and any that would be opened before [`Reader::renew`].
    pub fn withdraw(&self) {
        let mut open = self
            .open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        open.withdrawn = Withdrawn::Yes;
        if let Some(pid) = open.child {
            // Gone already is as good.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }

    /// Makes ready for the next prompt.
    pub fn renew(&self) {
        self.open
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .withdrawn = Withdrawn::No;
    }
}

/// The terminal's settings as they were.
pub struct Saved(Option<Termios>);

impl Saved {
    pub fn now() -> Saved {
        Saved(tcgetattr(std::io::stdin()).ok())
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

    pub fn restore(&self) {
        if let Some(termios) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, termios);
            let mut err = std::io::stderr();
            // The cursor may have been hidden by whatever drew last.
            let _ = err.write_all(b"\x1b[?25h").and_then(|()| err.flush());
        }
    }
}

/// What the process of [`ARGUMENT`] does: reads one line and prints it as a JSON string.
pub fn main() -> std::process::ExitCode {
    let failed = std::process::ExitCode::FAILURE;
    let Some(ask) = std::env::var(SPEC)
        .ok()
        .and_then(|spec| serde_json::from_str::<Ask>(&spec).ok())
    else {
        return failed;
    };
    let Ok(typed) = read_here(&ask) else {
        return failed;
    };
    let Ok(text) = serde_json::to_string(&typed) else {
        return failed;
    };
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(_) => failed,
    }
}

fn read_here(ask: &Ask) -> std::io::Result<String> {
    // dialoguer reckons with the width, and a very small one is no basis for that.
    let narrow = console::Term::stderr().size().1 < 8;
    if narrow || std::env::var("TERM").map_or(true, |term| term == "dumb") {
        return read_dumb(ask);
    }
    let mut quiet = tcgetattr(std::io::stdin())?;
    quiet
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ICANON);
    tcsetattr(std::io::stdin(), OptionalActions::Now, &quiet)?;
    eprint_lead(&ask.lead)?;
    forget_type_ahead()?;
    eprint_lead("\r\x1b[2K")?;
    let theme = Lead;
    let wrong = |error: dialoguer::Error| std::io::Error::other(error.to_string());
    match ask.echo {
        Echo::Yes => {
            let input = dialoguer::Input::<String>::with_theme(&theme)
                .with_prompt(&ask.lead)
                .allow_empty(true);
            let input = match &ask.initial {
                Some(initial) => input.with_initial_text(initial),
                None => input,
            };
            input.interact_text().map_err(wrong)
        }
        Echo::No => dialoguer::Password::with_theme(&theme)
            .with_prompt(&ask.lead)
            .interact()
            .map_err(wrong),
        Echo::Editor => {
            let initial = ask.initial.clone().unwrap_or_default();
            Ok(dialoguer::Editor::new()
                .edit(&initial)
                .map_err(wrong)?
                .unwrap_or(initial))
        }
    }
}

/// A terminal that knows no cursor: the line discipline edits, and nothing is drawn.
fn read_dumb(ask: &Ask) -> std::io::Result<String> {
    eprint_lead(&ask.lead)?;
    forget_type_ahead()?;
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn eprint_lead(text: &str) -> std::io::Result<()> {
    let mut err = std::io::stderr();
    err.write_all(text.as_bytes()).and_then(|()| err.flush())
}

/// Throws away what was typed before the question could be read, until the keys have been still for a while.
fn forget_type_ahead() -> std::io::Result<()> {
    let stdin = std::io::stdin();
    let mut still_since = Instant::now();
    while still_since.elapsed() < QUIET {
        let left = QUIET.saturating_sub(still_since.elapsed());
        let wait = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, Some(&wait)) {
            Ok(0) => break,
            Ok(_) if fds[0].revents().contains(PollFlags::HUP) => {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            Ok(_) => still_since = Instant::now(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        tcflush(&stdin, QueueSelector::IFlush)?;
    }
    Ok(tcflush(&stdin, QueueSelector::IFlush)?)
}

/// Nothing but the lead before the cursor.
struct Lead;

impl Theme for Lead {
    fn format_input_prompt(
        &self,
        f: &mut dyn std::fmt::Write,
        prompt: &str,
        _: Option<&str>,
    ) -> std::fmt::Result {
        write!(f, "{prompt}")
    }

    fn format_input_prompt_selection(
        &self,
        f: &mut dyn std::fmt::Write,
        prompt: &str,
        typed: &str,
    ) -> std::fmt::Result {
        write!(f, "{prompt}{typed}")
    }

    fn format_password_prompt(
        &self,
        f: &mut dyn std::fmt::Write,
        prompt: &str,
    ) -> std::fmt::Result {
        write!(f, "{prompt}")
    }

    fn format_password_prompt_selection(
        &self,
        f: &mut dyn std::fmt::Write,
        prompt: &str,
    ) -> std::fmt::Result {
        write!(f, "{prompt}")
    }
}
