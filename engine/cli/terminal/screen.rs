//! The one door to the terminal: lines go up, a status of a few lines stays below, prompts take the last line.

use std::io::Write;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use runbook_core::view::View;

use super::notices::Page;
use super::style::{Glyphs, Look, Tone, Tty};

/// How wide text runs at most: longer lines are hard to read.
const WIDEST: usize = 100;

pub struct Screen {
    pub look: Look,
    /// Lines go to standard output, the status and prompts to standard error.
    lines: Tty,
    status: Option<Status>,
    /// Lines that came while a prompt was open: they would tear it.
    held: Option<Vec<String>>,
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
    pub fn new(look: Look, lines: Tty, status: Tty) -> Screen {
        let status = (status == Tty::Yes && std::env::var("TERM").is_ok_and(|term| term != "dumb"))
            .then(|| Status {
                bars: MultiProgress::with_draw_target(ProgressDrawTarget::term_like_with_hz(
                    Box::new(Lasting(Term::buffered_stderr())),
                    10,
                )),
                rows: Vec::new(),
            });
        Screen {
            look,
            lines,
            status,
            held: None,
        }
    }

    /// Columns that text may take now; a resize shows at once.
    pub fn width(&self) -> usize {
        match self.lines {
            Tty::Yes => usize::from(console::Term::stdout().size().1).clamp(8, WIDEST),
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
    pub fn print(&mut self, lines: Vec<String>) {
        if let Some(held) = &mut self.held {
            held.extend(lines);
            return;
        }
        self.print_now(&lines);
    }

    fn print_now(&self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let mut text = lines.join("\n");
        text.push('\n');
        let write = || {
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        };
        match &self.status {
            Some(status) => status.bars.suspend(write),
            None => write(),
        }
    }

    /// Replaces the status by these rows, each cut to the width by its maker.
    pub fn status(&mut self, rows: &[String]) {
        let prompting = self.held.is_some();
        let quiet = self.look;
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
                bar.set_style(style.tick_chars(quiet.glyphs.spinner));
            }
            status.rows.push(bar);
        }
        for (bar, row) in status.rows.iter().zip(rows) {
            bar.set_message(row.clone());
            bar.tick();
        }
    }

    /// From now on lines wait, and the last line of the terminal is the prompt's.
    pub fn hold(&mut self) {
        self.status(&[]);
        self.held.get_or_insert_with(Vec::new);
    }

    /// The prompt is gone; what waited is printed.
    pub fn release(&mut self) {
        if let Some(lines) = self.held.take() {
            self.print_now(&lines);
        }
    }

    /// Prints in spite of an open prompt: what belongs to the prompt itself.
    pub fn print_for_prompt(&self, lines: &[String]) {
        self.print_now(lines);
    }

    pub fn paint(&self, tone: Tone, text: &str) -> String {
        self.look.paint(tone, text)
    }

    pub fn close(&mut self) {
        self.release();
        self.status(&[]);
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
