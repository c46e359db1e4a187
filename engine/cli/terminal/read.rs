//! The process that reads a line. It owns the terminal while it lives, and it is the engine's to end: signals
//! that are meant for the run leave it alone, and where the engine dies it puts the terminal right and goes.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use runbook_host::clock;
use runbook_host::os::{Disposition, dispose};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, kill_current_process_group, kill_process};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush,
    tcgetattr, tcsetattr,
};

use super::edit::{Controls, Editor, Meant};
use super::line::{Ask, Echo, Heard, SPEC};
use super::style::{Look, Tone, Tty};
use super::text::{cut, left};

/// Keys pressed before the question stood on the screen this long answer nothing.
const QUIET: Duration = Duration::from_millis(300);
/// How often the clocks above the line are looked at.
const TICK: Duration = Duration::from_secs(1);

/// What the process does: reads one line and prints what it heard.
pub fn main() -> ExitCode {
    let ask = std::env::var(SPEC)
        .ok()
        .and_then(|spec| serde_json::from_str::<Ask>(&spec).ok());
    let Some(ask) = ask else {
        return ExitCode::FAILURE;
    };
    // What is typed may be a secret.
    if runbook_host::os::leave_no_dump().is_err() {
        return ExitCode::FAILURE;
    }
    // An editor is a program of its own, and must not inherit that it cannot be stopped.
    if ask.echo != Echo::Editor {
        for signal in [
            Signal::INT,
            Signal::QUIT,
            Signal::TERM,
            Signal::HUP,
            Signal::TSTP,
        ] {
            if dispose(signal, Disposition::Ignore).is_err() {
                return ExitCode::FAILURE;
            }
        }
    }
    let heard = match ask.echo {
        Echo::Editor => edited(&ask),
        Echo::Yes | Echo::No => read(&ask),
    };
    let heard = heard.unwrap_or(Heard::Gone);
    let Ok(text) = serde_json::to_string(&heard) else {
        return ExitCode::FAILURE;
    };
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn edited(ask: &Ask) -> std::io::Result<Heard> {
    let initial = ask.initial.clone().unwrap_or_default();
    let text = dialoguer::Editor::new()
        .edit(&initial)
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(Heard::Typed(text.unwrap_or(initial)))
}

/// Whether the terminal can move its cursor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Draws {
    Anywhere,
    /// A dumb one only prints, and takes a character back.
    AtTheEnd,
}

impl Draws {
    pub(super) fn here() -> Draws {
        if std::env::var("TERM").map_or(true, |term| term == "dumb") {
            Draws::AtTheEnd
        } else {
            Draws::Anywhere
        }
    }
}

fn read(ask: &Ask) -> std::io::Result<Heard> {
    let found = tcgetattr(std::io::stdin())?;
    let draws = Draws::here();
    take_keys(&found)?;
    let heard = forget_type_ahead().and_then(|()| listen(ask, &found, draws));
    if draws == Draws::Anywhere {
        let _ = say("\x1b[?2004l");
    }
    let _ = say("\r\n");
    let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &found);
    heard
}

/// From here on every key comes at once, as a byte, and none of them is a signal.
fn take_keys(found: &Termios) -> std::io::Result<()> {
    let mut keys = found.clone();
    keys.local_modes
        .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
    keys.input_modes
        .remove(InputModes::ICRNL | InputModes::INLCR);
    keys.special_codes[SpecialCodeIndex::VMIN] = 1;
    keys.special_codes[SpecialCodeIndex::VTIME] = 0;
    Ok(tcsetattr(std::io::stdin(), OptionalActions::Now, &keys)?)
}

fn listen(ask: &Ask, found: &Termios, draws: Draws) -> std::io::Result<Heard> {
    let codes = &found.special_codes;
    let controls = Controls {
        interrupt: codes[SpecialCodeIndex::VINTR],
        quit: codes[SpecialCodeIndex::VQUIT],
        suspend: codes[SpecialCodeIndex::VSUSP],
        end: codes[SpecialCodeIndex::VEOF],
        erase: codes[SpecialCodeIndex::VERASE],
    };
    let mut editor = Editor::new(controls, ask.initial.as_deref().unwrap_or_default());
    let mut shown = String::new();
    let begin = |editor: &Editor, shown: &mut String| match draws {
        Draws::Anywhere => say("\x1b[?25h\x1b[?2004h").and_then(|()| draw(ask, editor)),
        Draws::AtTheEnd => {
            shown.clear();
            say(&ask.lead).and_then(|()| follow(ask, editor, shown))
        }
    };
    let mut clocks = Clocks::default();
    if draws == Draws::Anywhere {
        clocks.draw(ask)?;
    }
    begin(&editor, &mut shown)?;
    let mut keys = [0; 4096];
    let tick = (draws == Draws::Anywhere && !ask.clocks.is_empty()).then_some(TICK);
    loop {
        if wait_for_keys(tick)? == Keys::No {
            clocks.draw(ask)?;
            draw(ask, &editor)?;
            continue;
        }
        let length = match rustix::io::read(std::io::stdin(), &mut keys) {
            Err(Errno::INTR) => continue,
            length => length?,
        };
        if length == 0 {
            return Ok(Heard::Gone);
        }
        let meant = editor.press(&keys[..length]);
        match draws {
            Draws::Anywhere => draw(ask, &editor)?,
            Draws::AtTheEnd => follow(ask, &editor, &mut shown)?,
        }
        match meant {
            None => {}
            Some(Meant::Line) => {
                clocks.take_away()?;
                return Ok(Heard::Typed(editor.text()));
            }
            Some(Meant::Interrupt) => {
                clocks.take_away()?;
                return Ok(Heard::Interrupted);
            }
            Some(Meant::Quit) => {
                // The engine ends this process when it has heard.
                let _ = rustix::process::getppid().map(|engine| kill_process(engine, Signal::QUIT));
            }
            Some(Meant::Suspend) => {
                suspend(found, draws)?;
                clocks = Clocks::default();
                if draws == Draws::Anywhere {
                    clocks.draw(ask)?;
                }
                begin(&editor, &mut shown)?;
            }
        }
    }
}

/// Stops the whole job, as the key would have. An engine that hears of it ends this process before it stops.
fn suspend(found: &Termios, draws: Draws) -> std::io::Result<()> {
    if draws == Draws::Anywhere {
        say("\x1b[?2004l\r\n")?;
    }
    tcsetattr(std::io::stdin(), OptionalActions::Now, found)?;
    dispose(Signal::TSTP, Disposition::Default)?;
    kill_current_process_group(Signal::TSTP)?;
    dispose(Signal::TSTP, Disposition::Ignore)?;
    take_keys(found)
}

fn columns() -> usize {
    match usize::from(console::Term::stderr().size().1) {
        0 => 80,
        columns => columns,
    }
}

/// The row above the line, where time runs while somebody types.
#[derive(Default)]
struct Clocks {
    shown: Option<String>,
}

impl Clocks {
    /// The cursor stands in the line, or where the row belongs as long as there is none; then in the line.
    fn draw(&mut self, ask: &Ask) -> std::io::Result<()> {
        if ask.clocks.is_empty() {
            return Ok(());
        }
        let look = Look::of(Tty::of(std::io::stderr()));
        let now = clock::now();
        let each = ask.clocks.iter().map(|(what, deadline)| {
            let left = left(clock::remaining(deadline, now, clock::boot_id()), 0);
            format!("{what} {}", left.strip_suffix(" left").unwrap_or(&left))
        });
        let each = each.collect::<Vec<_>>();
        let row = format!(
            "  {} {}",
            look.glyphs.clock,
            each.join(&format!(" {} ", look.glyphs.dot))
        );
        // The last column stays free: some terminals go on to the next row once it is taken.
        let row = cut(&row, columns().saturating_sub(1), look.glyphs.ellipsis);
        let row = look.paint(Tone::Warning, &row);
        if self.shown.as_ref() == Some(&row) {
            return Ok(());
        }
        let up = self.shown.as_ref().map_or("", |_| "\x1b[A");
        say(&format!("\r{up}{row}\x1b[K\r\n"))?;
        self.shown = Some(row);
        Ok(())
    }

    /// Nothing runs out any more: the line moves up into the row.
    fn take_away(&mut self) -> std::io::Result<()> {
        match self.shown.take() {
            Some(_) => say("\r\x1b[A\x1b[M"),
            None => Ok(()),
        }
    }
}

/// Draws the line over itself: the lead, then as much of the text as fits.
fn draw(ask: &Ask, editor: &Editor) -> std::io::Result<()> {
    let columns = columns();
    // Where a row has no room for both, what is typed is more than what stands before it.
    let mark = ask.lead.trim_end().chars().next_back();
    let mark = mark.map_or_else(String::new, |mark| format!("{mark} "));
    let lead = [ask.lead.as_str(), &mark]
        .into_iter()
        .find(|lead| console::measure_text_width(lead) + 2 <= columns)
        .unwrap_or_default();
    let width = console::measure_text_width(lead);
    let mut text = format!("\r{lead}");
    let mut column = width;
    if ask.echo == Echo::Yes {
        let window = editor.window(columns - width);
        text.push_str(&window.text);
        column += window.column;
    }
    text.push_str("\x1b[K\r");
    if column > 0 {
        text.push_str(&format!("\x1b[{column}C"));
    }
    say(&text)
}

/// Prints what is new at the end of the line, and takes back what is gone from there.
fn follow(ask: &Ask, editor: &Editor, shown: &mut String) -> std::io::Result<()> {
    if ask.echo != Echo::Yes {
        return Ok(());
    }
    let text = editor.window(usize::MAX).text;
    let common: usize = shown
        .chars()
        .zip(text.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    let gone = console::measure_text_width(&shown[common..]);
    say(&"\x08 \x08".repeat(gone))?;
    say(&text[common..])?;
    *shown = text;
    Ok(())
}

fn say(text: &str) -> std::io::Result<()> {
    let mut err = std::io::stderr();
    err.write_all(text.as_bytes()).and_then(|()| err.flush())
}

/// Whether keys came in time. An error where the terminal is gone, or the engine.
fn wait_for_keys(at_most: Option<Duration>) -> std::io::Result<Keys> {
    let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
    let wait = at_most.map(|at_most| Timespec {
        tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(at_most.subsec_nanos()),
    });
    loop {
        // Nothing is asked of the pipe to the engine: that its other end is closed is told unasked.
        let mut fds = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&stdout, PollFlags::empty()),
        ];
        match poll(&mut fds, wait.as_ref()) {
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(0) => return Ok(Keys::No),
            Ok(_) => {}
        }
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        if fds.iter().any(|fd| fd.revents().intersects(gone)) {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        return Ok(Keys::Yes);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Yes,
    No,
}

/// Throws away what was typed before the question could be read, until the keys have been still for a while.
/// The lead is drawn only then: where it stands, keys count.
fn forget_type_ahead() -> std::io::Result<()> {
    let mut still_since = Instant::now();
    tcflush(std::io::stdin(), QueueSelector::IFlush)?;
    while let Some(left) = QUIET.checked_sub(still_since.elapsed()) {
        if wait_for_keys(Some(left))? == Keys::Yes {
            still_since = Instant::now();
            tcflush(std::io::stdin(), QueueSelector::IFlush)?;
        }
    }
    Ok(())
}
