//! The one door to the terminal: lines go up, a status of a few lines stays below, prompts take the last line.
//!
//! A terminal may take nothing for as long as it likes: Ctrl-S, a pipe that nobody reads. So whoever has something
//! to show hands it to a thread that alone waits for the terminal, and goes on.

use std::collections::VecDeque;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use runbook_core::view::View;

use runbook_host::error::plainly;

use super::notices::Page;
use super::style::{Glyphs, Look, Tone, Tty};
use crate::files::complain_line;

/// How wide text runs at most: longer lines are hard to read.
const WIDEST: usize = 100;

/// Lines that wait for a terminal that takes none. Older ones are left out; the journal has them.
const MOST_WAITING: usize = 20_000;

/// Hands what is to be shown to the thread that shows it.
#[derive(Clone)]
pub struct Screen {
    pub look: Look,
    lines: Tty,
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    /// Each with its number.
    waiting: VecDeque<(u64, Job)>,
    /// Lines in them.
    lines: usize,
    left_out: usize,
    /// The number of the last that was given, and of the last that is done.
    given: u64,
    done: u64,
    /// Nobody takes anything.
    blind: bool,
}

enum Job {
    Print(Vec<String>),
    /// In spite of an open prompt.
    PrintForPrompt(Vec<String>),
    Status(Vec<String>),
    Hold,
    Release,
    /// Cursor and paste as a person has them, whoever read last and however that ended.
    Soothe,
    Close,
}

/// What stands for lines that were left out.
pub type LeftOut = fn(usize) -> String;

/// The terminal as its thread sees it.
struct Paper {
    status: Option<Status>,
    spinner: &'static str,
    /// Lines that came while a prompt was open: they would tear it.
    held: Option<VecDeque<String>>,
    left_out: usize,
    say_left_out: LeftOut,
}

struct Status {
    bars: MultiProgress,
    rows: Vec<ProgressBar>,
}

/// A terminal that may close at any time: what it cannot show is let go. indicatif panics where drawing fails.
#[derive(Debug)]
struct Lasting(Term);

impl Lasting {
    fn draw(&self, drawn: impl FnOnce(&Term) -> std::io::Result<()>) -> std::io::Result<()> {
        let _ = drawn(&self.0);
        Ok(())
    }
}

impl TermLike for Lasting {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> std::io::Result<()> {
        self.draw(|term| term.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> std::io::Result<()> {
        self.draw(|term| term.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> std::io::Result<()> {
        self.draw(|term| term.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> std::io::Result<()> {
        self.draw(|term| term.move_cursor_left(n))
    }

    fn write_line(&self, text: &str) -> std::io::Result<()> {
        self.draw(|term| term.write_line(text))
    }

    fn write_str(&self, text: &str) -> std::io::Result<()> {
        self.draw(|term| term.write_str(text))
    }

    fn clear_line(&self) -> std::io::Result<()> {
        self.draw(Term::clear_line)
    }

    fn flush(&self) -> std::io::Result<()> {
        self.draw(Term::flush)
    }
}

impl Screen {
    pub fn new(look: Look, lines: Tty, status: Tty, say_left_out: LeftOut) -> Screen {
        let status = (status == Tty::Yes && std::env::var("TERM").is_ok_and(|term| term != "dumb"))
            .then(|| Status {
                bars: MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(
                    Box::new(Lasting(Term::buffered_stderr())),
                    10,
                )),
                rows: Vec::new(),
            });
        let mut paper = Paper {
            status,
            spinner: look.glyphs.spinner,
            held: None,
            left_out: 0,
            say_left_out,
        };
        let queue = Arc::new(Queue::default());
        let jobs = queue.clone();
        let drawing = std::thread::Builder::new()
            .name("screen".to_owned())
            .spawn(move || {
                loop {
                    let (number, job, left_out) = jobs.take();
                    // What cannot be drawn is no reason to show nothing any more.
                    let _ = std::panic::catch_unwind(AssertUnwindSafe(|| {
                        paper.left_out += left_out;
                        paper.carry_out(job);
                    }));
                    jobs.done(number);
                }
            });
        if let Err(error) = drawing {
            let why = plainly(&error);
            complain_line(&format!(
                "nothing is shown, for want of a thread ({why}); `runbook show` tells how it goes"
            ));
            queue.jobs().blind = true;
        }
        Screen { look, lines, queue }
    }

    /// Columns that text may take now; a resize shows at once.
    pub fn width(&self) -> usize {
        match self.lines {
            Tty::Yes => match usize::from(console::Term::stdout().size().1) {
                // A terminal that does not know its size.
                0 => 80,
                columns => columns.clamp(8, WIDEST),
            },
            Tty::No => WIDEST,
        }
    }

    /// Where a notice is shown now.
    pub fn page<'v>(&self, view: &'v View) -> Page<'v> {
        Page {
            look: self.look,
            width: self.width(),
            view,
        }
    }

    pub fn glyphs(&self) -> &'static Glyphs {
        self.look.glyphs
    }

    /// Prints lines above the status. A closed terminal or pipe is no reason to stop a run: what cannot be
    /// shown is still in the journal.
    pub fn print(&self, lines: Vec<String>) {
        if !lines.is_empty() {
            self.queue.give(Job::Print(lines));
        }
    }

    /// Replaces the status by these rows, each cut to the width by its maker.
    pub fn status(&self, rows: Vec<String>) {
        self.queue.give(Job::Status(rows));
    }

    /// From now on lines wait, and the last line of the terminal is the prompt's.
    pub fn hold(&self) {
        self.queue.give(Job::Hold);
    }

    /// The prompt is gone; what waited is printed.
    pub fn release(&self) {
        self.queue.give(Job::Release);
    }

    /// Prints in spite of an open prompt what belongs to the prompt itself, and waits until it is there.
    pub fn print_for_prompt(&self, lines: Vec<String>) {
        let given = self.queue.give(Job::PrintForPrompt(lines));
        self.queue.wait(given, Patience::Any);
    }

    /// Puts right what a reader that was ended may have left.
    pub fn soothe(&self) {
        self.queue.give(Job::Soothe);
    }

    pub fn paint(&self, tone: Tone, text: &str) -> String {
        self.look.paint(tone, text)
    }

    /// Nothing more stands below the lines.
    pub fn close(&self) {
        self.queue.give(Job::Close);
    }

    /// Waits until all of it is shown. Whether it is.
    pub fn settle(&self, patience: Patience) -> Settled {
        let given = self.queue.jobs().given;
        self.queue.wait(given, patience)
    }
}

/// How long a terminal is waited for that takes nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    Any,
    Short,
}

const SHORT: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Yes,
    No,
}

impl Queue {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the job, for [`Queue::wait`].
    fn give(&self, job: Job) -> u64 {
        let mut jobs = self.jobs();
        jobs.given += 1;
        if jobs.blind {
            jobs.done = jobs.given;
            return jobs.given;
        }
        if let Job::Print(lines) = &job {
            jobs.lines += lines.len();
        }
        // Of two that nobody has seen, the older status is of no use.
        if let (Job::Status(_), Some((_, Job::Status(_)))) = (&job, jobs.waiting.back()) {
            jobs.waiting.pop_back();
        }
        let given = jobs.given;
        jobs.waiting.push_back((given, job));
        while jobs.lines > MOST_WAITING {
            let Some(oldest) = jobs
                .waiting
                .iter()
                .position(|(_, job)| matches!(job, Job::Print(_)))
            else {
                break;
            };
            if let Some((_, Job::Print(lines))) = jobs.waiting.remove(oldest) {
                jobs.lines -= lines.len();
                jobs.left_out += lines.len();
            }
        }
        self.changed.notify_all();
        given
    }

    fn take(&self) -> (u64, Job, usize) {
        let mut jobs = self.jobs();
        loop {
            if let Some((number, job)) = jobs.waiting.pop_front() {
                if let Job::Print(lines) = &job {
                    jobs.lines -= lines.len();
                }
                return (number, job, std::mem::take(&mut jobs.left_out));
            }
            jobs = self
                .changed
                .wait(jobs)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, number: u64) {
        self.jobs().done = number;
        self.changed.notify_all();
    }

    /// Waits for a job, as long as the terminal takes something.
    fn wait(&self, given: u64, patience: Patience) -> Settled {
        let mut jobs = self.jobs();
        while jobs.done < given {
            let before = jobs.done;
            jobs = match patience {
                Patience::Any => self
                    .changed
                    .wait(jobs)
                    .unwrap_or_else(PoisonError::into_inner),
                Patience::Short => {
                    let (jobs, waited) = self
                        .changed
                        .wait_timeout(jobs, SHORT)
                        .unwrap_or_else(PoisonError::into_inner);
                    if waited.timed_out() && jobs.done == before {
                        return Settled::No;
                    }
                    jobs
                }
            };
        }
        Settled::Yes
    }
}

impl Paper {
    fn carry_out(&mut self, job: Job) {
        match job {
            Job::Print(lines) => match &mut self.held {
                Some(held) => {
                    held.extend(lines);
                    let over = held.len().saturating_sub(MOST_WAITING);
                    held.drain(..over);
                    self.left_out += over;
                }
                None => self.print(&lines),
            },
            Job::PrintForPrompt(lines) => self.print(&lines),
            Job::Status(rows) => self.status(&rows),
            Job::Hold => {
                self.status(&[]);
                self.held.get_or_insert_with(VecDeque::new);
            }
            Job::Release => self.release(),
            Job::Soothe => {
                if self.status.is_some() {
                    let mut err = std::io::stderr().lock();
                    let _ = err
                        .write_all(b"\x1b[?25h\x1b[?2004l")
                        .and_then(|()| err.flush());
                }
            }
            Job::Close => {
                self.release();
                self.status(&[]);
            }
        }
    }

    fn release(&mut self) {
        if let Some(mut held) = self.held.take() {
            self.print(held.make_contiguous());
        }
    }

    fn print(&mut self, lines: &[String]) {
        let mut text = String::new();
        if self.left_out > 0 {
            text = (self.say_left_out)(std::mem::take(&mut self.left_out));
            text.push('\n');
        }
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        if text.is_empty() {
            return;
        }
        let write = || {
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        };
        match &self.status {
            Some(status) => status.bars.suspend(write),
            None => write(),
        }
    }

    fn status(&mut self, rows: &[String]) {
        let prompting = self.held.is_some();
        let Some(status) = &mut self.status else {
            return;
        };
        let wanted = if prompting { 0 } else { rows.len() };
        while status.rows.len() > wanted {
            if let Some(bar) = status.rows.pop() {
                bar.finish_and_clear();
                status.bars.remove(&bar);
            }
        }
        while status.rows.len() < wanted {
            let bar = status.bars.add(ProgressBar::new_spinner());
            // The first row turns, so that a person sees that the engine lives.
            let template = if status.rows.is_empty() {
                "{spinner} {msg}"
            } else {
                "  {msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.tick_chars(self.spinner));
            }
            status.rows.push(bar);
        }
        for (bar, row) in status.rows.iter().zip(rows) {
            bar.set_message(row.clone());
            bar.tick();
            super::may_be_wrong("paint");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_terminal_that_takes_nothing_any_more_ends_nothing() -> std::io::Result<()> {
        let full = File::options().write(true).open("/dev/full")?;
        let term = Term::read_write_pair(File::open("/dev/null")?, full);
        assert!(term.write_str("x").is_err(), "it does fail");
        let target = ProgressDrawTarget::term_like(Box::new(Lasting(term)));
        let bars = MultiProgress::with_draw_target(target);
        let bar = bars.add(ProgressBar::new_spinner());
        bar.set_message("step 1/2");
        bar.tick();
        bars.suspend(|| ());
        bar.finish_and_clear();
        Ok(())
    }
}
