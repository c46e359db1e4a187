//! The person at the terminal.
//!
//! | file | what it holds |
//! |---|---|
//! | [`screen`] | the one door: lines above, status below, prompts on the last line |
//! | [`style`] | colours and glyphs, and what stands in for them |
//! | [`notices`], [`status`], [`help`] | what is shown: pure, state to text |
//! | [`question`] | what is asked, and how a typed line is read: pure |
//! | [`dialog`] | the conversation of a prompt, on a thread |
//! | [`line`] | one line from the person, safely: what the engine holds of it |
//! | [`read`], [`edit`] | the process that reads the line; what keys make of it: pure |
//! | [`text`] | wrapping, cutting, neutralising, times |

pub mod dialog;
mod edit;
pub mod help;
pub mod line;
#[cfg(test)]
mod look_tests;
pub mod notices;
pub mod question;
#[cfg(test)]
mod question_tests;
pub mod read;
pub mod screen;
pub mod status;
pub mod style;
pub mod text;
pub mod voices;

use std::collections::VecDeque;

use runbook_core::effect::{EffectId, EndWhy, Notice};
use runbook_core::event::Moment;
use runbook_core::prompt::{Detail, Prompt};
use runbook_core::view::{Phase, View};
use runbook_host::operator::{Operator, Said};
use runbook_plan::plan::Outcome;
use runbook_plan::show;
use tokio::sync::mpsc::UnboundedSender;

use dialog::{Dialogs, Heard};
use line::{Found, Saved};
use notices::{Page, short};
use screen::{Patience, Screen, Settled};
use style::{Look, Tone, Tty};
use text::{harmless, printed, wrap};
use voices::Voices;

/// Lines of live output in the status.
const TAIL: usize = 3;
/// Of one line of live output; a line without an end must not grow.
const LONGEST_LINE: usize = 2_000;

/// Shows a run on a terminal, and asks there. Without one it shows plain lines and can ask nobody.
pub struct Terminal {
    screen: Screen,
    dialogs: Option<Dialogs>,
    said: UnboundedSender<Said>,
    saved: Saved,
    begun: Begun,
    tail: Tail,
    voices: Voices,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    No,
    Yes,
}

/// The last lines that running commands printed.
#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    unfinished: Vec<u8>,
}

impl Terminal {
    pub fn new(said: UnboundedSender<Said>, operator: String) -> Terminal {
        let (input, lines, status) = (
            Tty::of(std::io::stdin()),
            Tty::of(std::io::stdout()),
            Tty::of(std::io::stderr()),
        );
        let look = Look::of(lines);
        let screen = Screen::new(look, lines, status, |count| {
            format!("... {count} lines are not shown here; `runbook show` has them")
        });
        let person = input == Tty::Yes && status == Tty::Yes;
        let (saved, found) = Saved::repaired();
        if found == Found::Repaired {
            screen.print(vec![
                "the terminal did not show what is typed: a program that was killed left it so, and it is put right"
                    .to_owned(),
            ]);
        }
        saved.without_echoed_controls();
        let dialogs = person.then(|| Dialogs::new(screen.clone(), said.clone(), operator));
        Terminal {
            screen,
            dialogs,
            said,
            saved,
            begun: Begun::No,
            tail: Tail::default(),
            voices: Voices::default(),
        }
    }

    /// The title, once, before anything else.
    fn begin(&mut self, view: &View) {
        if self.begun == Begun::Yes || view.operator.is_empty() {
            return;
        }
        self.begun = Begun::Yes;
        let screen = &self.screen;
        let page = screen.page(view);
        let mut lines = page.text(Tone::Title, "", &view.title);
        let facts = match view.run.as_str() {
            "" => "a dry run: nothing is done".to_owned(),
            run => format!(
                "run {} {} {}",
                short(run),
                screen.glyphs().dot,
                view.operator
            ),
        };
        lines.extend(page.text(Tone::Quiet, "", &facts));
        lines.push(screen.paint(Tone::Quiet, &screen.glyphs().rule.repeat(page.width)));
        screen.print(lines);
    }
}

impl Drop for Terminal {
    /// Also where a mistake of ours ends the run.
    fn drop(&mut self) {
        if let Some(dialogs) = &self.dialogs {
            dialogs.close();
        }
        self.screen.close();
        self.screen.settle(Patience::Short);
        self.saved.restore();
    }
}

/// Where a test may have a mistake of ours happen; no build that people get has it.
fn may_be_wrong(place: &str) {
    if cfg!(debug_assertions) && std::env::var("RUNBOOK_MISTAKE").is_ok_and(|wrong| wrong == place)
    {
        panic!("on purpose, at {place}");
    }
}

impl Operator for Terminal {
    fn tell(&mut self, notice: &Notice, view: &View) {
        self.begin(view);
        if let Some(dialogs) = &self.dialogs
            && dialogs.heard(notice) == Heard::Before
        {
            return;
        }
        if matches!(notice, Notice::Ran { .. }) {
            self.tail = Tail::default();
        }
        let screen = &self.screen;
        let page = screen.page(view);
        let voice = self.voices.change(notice);
        let mut lines = voice.map_or_else(Vec::new, |title| page.voice(&title));
        lines.extend(page.lines(notice));
        if matches!(notice, Notice::Resumed { .. }) {
            // What was said of the step stands on a screen that is gone.
            lines.extend(page.under_way());
        }
        screen.print(lines);
    }

    fn ask(&mut self, id: EffectId, prompt: &Prompt, view: &View) {
        self.begin(view);
        match &self.dialogs {
            Some(dialogs) => dialogs.ask(id, prompt, view),
            None => {
                // Why it is asked (again) must not be lost with the question.
                let screen = &self.screen;
                let page = screen.page(view);
                let details = prompt
                    .detail
                    .iter()
                    .filter(|detail| matches!(detail, Detail::Prose(_) | Detail::Warning(_)));
                let lines = details
                    .flat_map(|detail| dialog::detail_lines(&page, detail))
                    .collect();
                screen.print(lines);
                let _ = self.said.send(Said::Unanswerable { id });
            }
        }
    }

    fn withdraw(&mut self, id: EffectId) {
        if let Some(dialogs) = &self.dialogs {
            dialogs.withdraw(id);
        }
    }

    fn output(&mut self, _: EffectId, bytes: &[u8]) {
        self.tail.take(bytes);
    }

    fn redraw(&mut self, view: &View, now: Moment) {
        // In the background the last line is the shell's.
        if self.dialogs.is_some() && !line::is_in_front() {
            self.screen.status(Vec::new());
            return;
        }
        let tail: Vec<String> = self.tail.lines.iter().cloned().collect();
        let screen = &self.screen;
        let rows = status::rows(view, now, screen.look, screen.width(), &tail);
        let drawn = !rows.is_empty();
        screen.status(rows);
        if drawn {
            may_be_wrong("status");
        }
    }

    fn lend_terminal(&mut self) {
        if let Some(dialogs) = &self.dialogs {
            dialogs.pause();
        }
        self.screen.hold();
        // Who gets a terminal that takes nothing has to wait, too; the engine has not.
        self.screen.settle(Patience::Short);
        self.saved.restore();
    }

    fn return_terminal(&mut self) {
        // Its person may have set it anew meanwhile.
        if line::is_in_front() {
            self.saved = Saved::now();
        }
        self.saved.without_echoed_controls();
        self.screen.release();
        if let Some(dialogs) = &self.dialogs {
            dialogs.go_on();
        }
    }

    fn close(&mut self, view: &View) {
        if let Some(dialogs) = &self.dialogs {
            dialogs.close();
        }
        let screen = &self.screen;
        screen.close();
        let page = screen.page(view);
        let lines = ending(&page, view);
        screen.print(lines);
        self.saved.restore();
        show_the_rest(screen, view);
    }
}

/// Waits until everything is shown. What a run leads to is worth waiting for, a reader that pages through it, say;
/// but the run is over, and a signal now ends the program as it ends any.
pub fn show_the_rest(screen: &Screen, view: &View) {
    if screen.settle(Patience::Short) == Settled::No && matches!(view.phase, Phase::Ended { .. }) {
        runbook_host::signals::end_as_usual();
        screen.settle(Patience::Any);
    }
}

impl Tail {
    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().skip(bytes.len().saturating_sub(64 * 1024)) {
            match byte {
                b'\n' => {
                    let line = String::from_utf8_lossy(&self.unfinished).into_owned();
                    self.unfinished.clear();
                    self.lines.push_back(printed(&line));
                    if self.lines.len() > TAIL {
                        self.lines.pop_front();
                    }
                }
                _ if self.unfinished.len() < LONGEST_LINE => self.unfinished.push(byte),
                _ => {}
            }
        }
    }
}

/// The last word on a run: how it ended, or how to go on.
fn ending(page: &Page<'_>, view: &View) -> Vec<String> {
    let g = page.look.glyphs;
    let run = short(&view.run);
    let dry = view.run.is_empty();
    let mut lines = vec![String::new()];
    let mut say = |tone: Tone, text: &str| {
        lines.extend(
            wrap(&harmless(text), page.width, "", "  ")
                .iter()
                .map(|line| page.look.paint(tone, line)),
        );
    };
    match &view.phase {
        Phase::Ended { outcome, text, why } => {
            let word = show::outcome(*outcome);
            let (tone, glyph) = match why {
                EndWhy::Finished => match outcome {
                    Outcome::Failed => (Tone::Bad, g.failed),
                    // Nothing is mended yet: others have it now.
                    Outcome::Escalated => (Tone::Warning, g.warning),
                    _ => (Tone::Good, g.ok),
                },
                _ => (Tone::Bad, g.failed),
            };
            let colon = if text.is_empty() { "" } else { ": " };
            say(tone, &format!("{glyph} {word}{colon}{text}"));
            if dry {
                say(
                    Tone::Quiet,
                    "  a dry run: nothing was done, and what was not given was made up",
                );
            } else {
                say(Tone::Quiet, &format!("  what happened: runbook show {run}"));
                if *outcome == Outcome::Failed && !view.undoable.is_empty() {
                    let steps = view.undoable.join(", ");
                    say(Tone::Quiet, &format!("  what can be taken back: {steps}"));
                    let newest = view.checkpoints.first().map(String::as_str);
                    for to in newest.into_iter().chain(["start"]) {
                        say(Tone::Quiet, &format!("    runbook undo {run} --to {to}"));
                    }
                }
            }
        }
        // A dry run that nobody answers is told why, and there is nothing to go on with.
        _ if dry => {}
        Phase::Parked { why } => {
            say(Tone::Warning, &format!("{} parked: {why}", g.clock));
            for (_, prompt) in &view.prompts {
                say(Tone::Question, &format!("  ? {}", prompt.text));
            }
            say(Tone::Plain, &format!("  go on with: runbook resume {run}"));
        }
        Phase::Preparing | Phase::Running | Phase::Undoing => {
            say(
                Tone::Warning,
                &format!("{} stopped; go on with: runbook resume {run}", g.clock),
            );
        }
    }
    lines
}
