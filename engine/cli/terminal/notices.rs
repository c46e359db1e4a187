//! A notice, as lines of text. Pure: the same for the live view and for `runbook show`.

use std::borrow::Cow;

use runbook_core::effect::{Notice, NoticeMark, Verdict};
use runbook_core::view::{StepKind, View};
use runbook_plan::show;

use super::style::{Look, Tone};
use super::text::{cut, harmless, printed, span, time_of_day, wrap};

/// How many lines of an output are shown when a command is over; the rest is one command away.
const SHOWN_LINES: usize = 12;
/// Characters of a value, and of a command, that are shown.
const LONGEST_VALUE: usize = 400;
const LONGEST_COMMAND: usize = 8_000;
/// Characters of the last line of a command that failed.
const LONGEST_CAUSE: usize = 600;

/// The last line of what a command printed: cut at the width as the others, or told whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLine {
    Cut,
    Whole,
}

/// Where a notice is shown.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    pub look: Look,
    pub width: usize,
    pub view: &'a View,
}

impl Page<'_> {
    fn paint(&self, tone: Tone, text: &str) -> String {
        self.look.paint(tone, text)
    }

    /// Wrapped text, each line in one tone, behind an indentation.
    pub fn text(&self, tone: Tone, indent: &str, text: &str) -> Vec<String> {
        let lines = text
            .lines()
            .flat_map(|line| wrap(&harmless(line), self.width, indent, indent));
        lines.map(|line| self.paint(tone, &line)).collect()
    }

    /// A glyph, then wrapped text whose further lines stand under the first.
    fn marked(&self, tone: Tone, indent: &str, glyph: &str, text: &str) -> Vec<String> {
        let first = format!("{indent}{glyph} ");
        let rest = " ".repeat(console::measure_text_width(&first));
        let text = text.lines().map(harmless).collect::<Vec<_>>().join("\n");
        let mut lines = Vec::new();
        for (i, line) in text.lines().enumerate() {
            lines.extend(wrap(
                line,
                self.width,
                if i == 0 { &first } else { &rest },
                &rest,
            ));
        }
        if lines.is_empty() {
            lines.push(first.trim_end().to_owned());
        }
        lines
            .into_iter()
            .map(|line| self.paint(tone, &line))
            .collect()
    }

    /// A bold title with a quiet word at the right edge, where there is room for both.
    fn headed(&self, glyph: &str, title: &str, aside: &str) -> Vec<String> {
        let first = format!("{glyph} ");
        let rest = " ".repeat(console::measure_text_width(&first));
        let mut lines = wrap(&harmless(title), self.width, &first, &rest);
        let last = lines
            .last()
            .map_or(0, |line| console::measure_text_width(line));
        let room = self.width.saturating_sub(last + 2);
        let mut painted: Vec<String> = lines
            .drain(..)
            .map(|line| self.paint(Tone::Title, &line))
            .collect();
        let aside_width = console::measure_text_width(aside);
        if aside_width <= room && !aside.is_empty() {
            let gap = " ".repeat(self.width - last - aside_width);
            if let Some(line) = painted.last_mut() {
                line.push_str(&gap);
                line.push_str(&self.paint(Tone::Quiet, aside));
            }
        }
        painted
    }

    /// The step that speaks from here on, between what other steps say.
    pub fn voice(&self, title: &str) -> Vec<String> {
        self.marked(Tone::Title, "", self.look.glyphs.dot, title)
    }

    /// What a command printed, behind the gutter. Where it failed the last line is not cut: it mostly says why.
    pub fn output(&self, text: &str, last: LastLine, more: Option<&str>) -> Vec<String> {
        let gutter = self.paint(Tone::Quiet, self.look.glyphs.gutter);
        let room = self.width.saturating_sub(6);
        let all: Vec<&str> = text.lines().collect();
        let skipped = all.len().saturating_sub(SHOWN_LINES);
        let mut lines = Vec::new();
        if skipped > 0 {
            let said = format!("{} more above", self.look.glyphs.ellipsis);
            lines.push(format!("    {gutter} {}", self.paint(Tone::Quiet, &said)));
        }
        for (at, line) in all.iter().enumerate().skip(skipped) {
            let line = printed(line);
            if last == LastLine::Whole && at + 1 == all.len() {
                let rows = wrap(&self.bounded(&line, LONGEST_CAUSE), room, "", "");
                lines.extend(rows.iter().map(|row| format!("    {gutter} {row}")));
            } else {
                let row = cut(&line, room, self.look.glyphs.ellipsis);
                lines.push(format!("    {gutter} {row}"));
            }
        }
        if let Some(more) = more {
            for line in wrap(more, room, "", "") {
                lines.push(format!("    {gutter} {}", self.paint(Tone::Quiet, &line)));
            }
        }
        lines
    }

    /// What only one of two texts of many lines has.
    fn apart(&self, was: &str, is: &str) -> Vec<String> {
        let (gone, new) = show::lines_apart(was, is);
        let mut lines = Vec::new();
        for (tone, sign, found) in [(Tone::Quiet, '-', gone), (Tone::Plain, '+', new)] {
            for line in found.iter().take(SHOWN_LINES) {
                let row = format!("{sign} {}", printed(line));
                let row = cut(
                    &row,
                    self.width.saturating_sub(6),
                    self.look.glyphs.ellipsis,
                );
                lines.push(format!("      {}", self.paint(tone, &row)));
            }
            if let Some(more @ 1..) = found.len().checked_sub(SHOWN_LINES) {
                let more = format!("{} {more} more", self.look.glyphs.ellipsis);
                lines.push(format!("      {}", self.paint(Tone::Quiet, &more)));
            }
        }
        lines
    }

    /// Text that is too long to be read, cut, with a word on how long it is.
    fn bounded<'t>(&self, text: &'t str, most: usize) -> Cow<'t, str> {
        match text.char_indices().nth(most) {
            None => Cow::Borrowed(text),
            Some((end, _)) => {
                let all = text.chars().count();
                Cow::Owned(format!(
                    "{}{} ({all} characters in all)",
                    &text[..end],
                    self.look.glyphs.ellipsis
                ))
            }
        }
    }

    /// A command as it will run: whole, unless a value makes it longer than anybody reads. One for another machine
    /// stands behind that machine's name, as behind its prompt.
    pub fn command(&self, mark: NoticeMark, on: Option<&str>, command: &str) -> Vec<String> {
        let command = self.bounded(command, LONGEST_COMMAND);
        let sign = match mark {
            NoticeMark::Look => "?",
            NoticeMark::Act => "$",
        };
        let mut lines = Vec::new();
        let on = on.map(|name| format!("{name} ")).unwrap_or_default();
        for (i, line) in command.trim_end().lines().enumerate() {
            let lead = if i == 0 {
                format!("  {on}{sign} ")
            } else {
                "    ".to_owned()
            };
            // Broken at the edge and not at words: it must be possible to copy it.
            let mut rest: String = line
                .chars()
                .map(|c| if c == '\t' { ' ' } else { c })
                .collect();
            rest = harmless(&rest);
            let mut first = true;
            loop {
                let lead = if first { lead.as_str() } else { "    " };
                let room = self.width.saturating_sub(lead.len()).max(8);
                let head = cut(&rest, room, "");
                lines.push(format!("{lead}{}", self.paint(Tone::Command, &head)));
                rest = rest[head.len()..].to_owned();
                first = false;
                if rest.is_empty() || head.is_empty() {
                    break;
                }
            }
        }
        lines
    }

    /// The head of a step, `what` being its title, with its number where that is known.
    fn step(&self, what: &str, attempt: u32, path: &str) -> Vec<String> {
        let again = if attempt > 1 {
            format!(" (attempt {attempt})")
        } else {
            String::new()
        };
        let mut lines = vec![String::new()];
        lines.extend(self.headed(self.look.glyphs.step, &format!("{what}{again}"), path));
        lines
    }

    fn checkpoint(&self, title: &str, path: &str) -> Vec<String> {
        let mut lines = vec![String::new()];
        lines.extend(self.headed(self.look.glyphs.checkpoint, title, path));
        lines
    }

    /// The head of the step that the run stands at, for who comes back to it.
    pub fn under_way(&self) -> Vec<String> {
        match &self.view.step {
            Some(step) if step.kind == StepKind::Checkpoint => {
                self.checkpoint(&step.title, &step.path)
            }
            Some(step) => {
                let what = format!("{}/{} {}", step.number, step.of, step.title);
                self.step(&what, step.attempt, &step.path)
            }
            None => Vec::new(),
        }
    }

    pub fn lines(&self, notice: &Notice) -> Vec<String> {
        let g = self.look.glyphs;
        match notice {
            Notice::Prose { text } => self.text(Tone::Plain, "  ", &reflowed(text)),
            Notice::Warning { text } => {
                self.marked(Tone::Warning, "  ", g.warning, &reflowed(text))
            }
            Notice::SectionEntered { title, .. } => {
                let mut lines = vec![String::new()];
                lines.extend(self.text(Tone::Title, "", title));
                lines.push(
                    self.paint(
                        Tone::Quiet,
                        &g.rule
                            .repeat(self.width.min(console::measure_text_width(title))),
                    ),
                );
                lines
            }
            Notice::StepStarted {
                path,
                title,
                attempt,
            } => {
                let number = match &self.view.step {
                    Some(step) if step.path == *path => format!("{}/{} ", step.number, step.of),
                    _ => String::new(),
                };
                self.step(&format!("{number}{title}"), *attempt, path)
            }
            Notice::Running {
                command, mark, on, ..
            } => self.command(*mark, on.as_deref(), command),
            Notice::Ran {
                effect,
                verdict,
                said,
                elapsed_ms,
                ..
            } => {
                let more = (said.lines().count() > SHOWN_LINES).then(|| {
                    format!(
                        "all of it: runbook show {} --output {}",
                        short(&self.view.run),
                        effect.0
                    )
                });
                let last = match verdict {
                    Verdict::Failed { .. } => LastLine::Whole,
                    _ => LastLine::Cut,
                };
                let mut lines = self.output(said, last, more.as_deref());
                match verdict {
                    Verdict::Ok => {}
                    Verdict::Failed { why } => {
                        lines.extend(self.marked(Tone::Bad, "    ", g.failed, why))
                    }
                    Verdict::TimedOut => {
                        let why = format!("stopped: its time was up after {}", span(*elapsed_ms));
                        lines.extend(self.marked(Tone::Bad, "    ", g.failed, &why));
                    }
                    Verdict::Stopped => {
                        lines.extend(self.marked(Tone::Warning, "    ", g.failed, "stopped"))
                    }
                    Verdict::Skipped { why } => {
                        lines.extend(self.marked(Tone::Quiet, "    ", g.skipped, why))
                    }
                }
                if matches!(verdict, Verdict::Failed { .. }) && said.contains("/dev/tty") {
                    let hint = "a command that needs the terminal stands in a step that says `interactive`";
                    lines.extend(self.marked(Tone::Warning, "    ", g.arrow, hint));
                }
                lines
            }
            Notice::StepDone { elapsed_ms, .. } => self.marked(
                Tone::Good,
                "  ",
                g.ok,
                &format!("done in {}", span(*elapsed_ms)),
            ),
            Notice::StepSkipped { path, title, why } => {
                let mut lines = vec![String::new()];
                lines.extend(self.headed(g.skipped, title, path));
                lines.extend(self.text(Tone::Quiet, "  ", why));
                lines
            }
            Notice::StepFailed { title, why, .. } => {
                self.marked(Tone::Bad, "  ", g.failed, &format!("{title}: {why}"))
            }
            Notice::Interrupted { times } => {
                let text = match times {
                    0 | 1 => {
                        "the step goes on to its end, and then you are asked; Ctrl-C again stops it now"
                    }
                    2 => "stopping what runs; Ctrl-C again kills it",
                    _ => "killing what runs",
                };
                self.marked(Tone::Warning, "  ", g.warning, text)
            }
            Notice::CheckpointReached { path, title } => self.checkpoint(title, path),
            Notice::CheckpointPassed { title, .. } => {
                self.marked(Tone::Good, "  ", g.ok, &format!("{title}: passed"))
            }
            Notice::CheckHeld { title } => self.marked(Tone::Good, "  ", g.ok, title),
            Notice::CheckFailed { title, why } => {
                self.marked(Tone::Bad, "  ", g.failed, &format!("{title}: {why}"))
            }
            Notice::Bound { name, value } => {
                let value = self.bounded(value, LONGEST_VALUE);
                self.marked(Tone::Quiet, "  ", "=", &format!("{name}: {value}"))
            }
            Notice::Chosen {
                question,
                label,
                by,
            } => self.marked(
                Tone::Plain,
                "  ",
                g.arrow,
                &format!("{} {label} (by {by})", asking(question)),
            ),
            Notice::Decided {
                matrix,
                row,
                inputs,
                outputs,
                note,
            } => {
                let pairs = |pairs: &[(String, String)]| {
                    pairs
                        .iter()
                        .map(|(name, value)| format!("{name} = {value}"))
                        .collect::<Vec<_>>()
                        .join(", ")
                };
                let mut lines = vec![String::new()];
                lines.extend(self.headed(g.decision, &format!("{matrix}: row {row}"), "decision"));
                lines.extend(self.text(Tone::Plain, "  ", &pairs(inputs)));
                lines.extend(self.marked(Tone::Title, "  ", g.arrow, &pairs(outputs)));
                lines.extend(self.text(Tone::Quiet, "  ", note));
                lines
            }
            Notice::SeveritySet { severity, title } => self.marked(
                Tone::Warning,
                "  ",
                g.clock,
                &format!("severity {severity}: {title}"),
            ),
            Notice::AttemptFailed { title, why, .. } => {
                self.marked(Tone::Warning, "", g.failed, &format!("{title}: {why}"))
            }
            Notice::WaitStarted { what, until, .. } => {
                let until = until
                    .as_ref()
                    .map(|d| format!(", until {}", time_of_day(d.at.wall)))
                    .unwrap_or_default();
                self.marked(
                    Tone::Plain,
                    "  ",
                    g.clock,
                    &format!("{}{until}", waiting(what)),
                )
            }
            Notice::WaitEnded {
                what, elapsed_ms, ..
            } => self.marked(
                Tone::Good,
                "  ",
                g.ok,
                &format!("{}: after {}", waiting(what), span(*elapsed_ms)),
            ),
            Notice::Retrying {
                attempt,
                of,
                after_ms,
                ..
            } => {
                let after = if *after_ms > 0 {
                    format!(" in {}", span(*after_ms))
                } else {
                    String::new()
                };
                self.marked(
                    Tone::Warning,
                    "  ",
                    g.arrow,
                    &format!("again{after}: attempt {attempt} of {of}"),
                )
            }
            Notice::UndoStarted { title, .. } => {
                let mut lines = vec![String::new()];
                lines.extend(self.headed(g.undo, &format!("Undo: {title}"), "undo"));
                lines
            }
            Notice::UndoDone { .. } => self.marked(Tone::Good, "  ", g.ok, "undone"),
            Notice::UndoFailed { why, left, .. } => {
                let mut lines = self.marked(
                    Tone::Bad,
                    "  ",
                    g.failed,
                    &format!("the undo failed: {why}"),
                );
                if !left.is_empty() {
                    lines.extend(self.text(
                        Tone::Bad,
                        "    ",
                        &format!("not undone: {}", left.join(", ")),
                    ));
                }
                lines
            }
            Notice::DeadlinePassed { what, late_ms } => self.marked(
                Tone::Warning,
                "  ",
                g.clock,
                &format!("{what}: the time is up, {} ago", span(*late_ms)),
            ),
            Notice::Escalated { contact, text, .. } => self.marked(
                Tone::Warning,
                "  ",
                g.arrow,
                &format!("escalated to {contact}: {text}"),
            ),
            Notice::MessageSent { message, to } => {
                self.marked(Tone::Quiet, "  ", g.ok, &format!("{message} sent to {to}"))
            }
            Notice::Evidence { item, value } => {
                self.marked(Tone::Plain, "  ", g.ok, &format!("{item}: {value}"))
            }
            Notice::Compared {
                before,
                after,
                differences,
            } if differences.is_empty() => self.marked(
                Tone::Plain,
                "  ",
                "=",
                &format!("{before} and {after} are the same"),
            ),
            Notice::Compared {
                before,
                after,
                differences,
            } => {
                let mut lines = self.marked(
                    Tone::Title,
                    "  ",
                    "=",
                    &format!("{before} and {after} differ"),
                );
                for (label, was, is) in differences {
                    if was.trim().contains('\n') || is.trim().contains('\n') {
                        lines.extend(self.text(Tone::Plain, "    ", &format!("{label}:")));
                        lines.extend(self.apart(was, is));
                        continue;
                    }
                    // Short ones on a line, long ones below each other, where an eye can compare them.
                    let (was, is) = (one_line(was), one_line(is));
                    let change = format!("{label}: {was} {} {is}", g.arrow);
                    if console::measure_text_width(&change) + 4 <= self.width {
                        lines.extend(self.text(Tone::Plain, "    ", &change));
                    } else {
                        lines.extend(self.text(Tone::Plain, "    ", &format!("{label}:")));
                        lines.extend(self.marked(Tone::Quiet, "      ", "-", &was));
                        lines.extend(self.marked(Tone::Plain, "      ", "+", &is));
                    }
                }
                lines
            }
            Notice::Deviation {
                what, reason, by, ..
            } => self.marked(
                Tone::Warning,
                "  ",
                g.note,
                &format!("deviation: {what} (by {by}: {reason})"),
            ),
            Notice::FollowUp {
                title,
                to,
                due,
                items,
            } => {
                let to = to
                    .as_ref()
                    .map(|to| format!(" {} {to}", g.arrow))
                    .unwrap_or_default();
                let due = due
                    .map(|due| format!(", due {}", super::text::date_time(due)))
                    .unwrap_or_default();
                let mut lines = self.marked(
                    Tone::Plain,
                    "  ",
                    g.note,
                    &format!("follow up: {title}{to}{due}"),
                );
                for item in items {
                    lines.extend(self.marked(Tone::Quiet, "    ", "-", item));
                }
                lines
            }
            Notice::Note { text, by } => {
                self.marked(Tone::Quiet, "  ", g.note, &format!("{by}: {text}"))
            }
            Notice::ClockJumped { by_ms } => {
                let way = if *by_ms < 0 { "back" } else { "ahead" };
                let text = format!(
                    "the clock of this machine jumped {} {way}",
                    span(by_ms.unsigned_abs())
                );
                self.marked(Tone::Warning, "  ", g.clock, &text)
            }
            Notice::Resumed { by } => {
                self.marked(Tone::Title, "", g.arrow, &format!("resumed by {by}"))
            }
            Notice::Settled { command, how, .. } => {
                let mut lines = self.command(NoticeMark::Act, None, command);
                lines.extend(self.marked(Tone::Warning, "    ", g.arrow, how));
                lines
            }
        }
    }
}

/// What was asked, before its answer: what is no question itself gets a colon.
fn asking(question: &str) -> Cow<'_, str> {
    match question.ends_with(['?', ':', '.', '!', '…']) {
        true => Cow::Borrowed(question),
        false => Cow::Owned(format!("{question}:")),
    }
}

/// Prose with its paragraphs each on one line, to be wrapped at the width there is. Lines that Markdown keeps
/// apart (lists, quotes, headings, tables, indented and empty ones) stay apart.
fn reflowed(text: &str) -> String {
    let own = |line: &str| {
        let numbered = line
            .split_once(". ")
            .is_some_and(|(n, _)| n.bytes().all(|byte| byte.is_ascii_digit()));
        line.is_empty() || line.starts_with(['-', '*', '+', '>', '#', '|', ' ', '`']) || numbered
    };
    let mut joined = String::new();
    let mut open = false;
    for line in text.lines() {
        let apart = own(line);
        if !joined.is_empty() {
            joined.push(if open && !apart { ' ' } else { '\n' });
        }
        joined.push_str(line);
        open = !line.is_empty()
            && (!apart || line.starts_with(['-', '*', '+']))
            && !line.ends_with("  ");
    }
    joined
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is waited for, as a person says it: `wait up to 30s`, `watch for 5m`.
pub fn waiting(what: &str) -> String {
    let bare = what.starts_with(|c: char| c.is_ascii_digit())
        || what.starts_with("up to ")
        || what.starts_with("until ");
    if bare {
        format!("wait {what}")
    } else {
        what.to_owned()
    }
}

/// The part of a run's id that a person types: enough to be the only one.
pub fn short(run: &str) -> &str {
    // The first twelve hex digits of a version 7 id are its millisecond.
    run.get(..13).unwrap_or(run)
}
