//! Mistakes as a person sees them: with the lines they stand on. What a file holds is shown, never obeyed:
//! control characters are replaced before they reach a terminal.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity,
    SourceCode, SourceSpan, SpanContents,
};

use crate::diagnostic::{Diagnostic, Label};
use crate::source::{Source, Sources, line_starts};

/// Whether a report is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Always,
    Never,
}

/// How serious what is reported is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Advice,
}

/// What is reported: a mistake, or what could be better.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The number of an error, the name of a lint.
    pub name: String,
    pub level: Level,
    pub message: &'a str,
    /// The first is its home.
    pub labels: &'a [Label],
    pub help: Option<&'a str>,
}

impl<'a> From<&'a Diagnostic> for Told<'a> {
    fn from(diagnostic: &'a Diagnostic) -> Told<'a> {
        Told {
            name: diagnostic.code.to_string(),
            level: Level::Error,
            message: &diagnostic.message,
            labels: &diagnostic.labels,
            help: diagnostic.help.as_deref(),
        }
    }
}

/// All diagnostics as one text, in the order given, one blank line between two; empty where there are none.
/// `width` is in columns.
pub fn render(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    width: usize,
    colour: Colour,
) -> String {
    let told: Vec<Told<'_>> = diagnostics.iter().map(Told::from).collect();
    render_told(&told, sources, width, colour)
}

/// The same for whatever is told.
pub fn render_told(told: &[Told<'_>], sources: &Sources, width: usize, colour: Colour) -> String {
    let texts = Texts::new(told, sources);
    let theme = match colour {
        Colour::Always => GraphicalTheme::unicode(),
        Colour::Never => GraphicalTheme::unicode_nocolor(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width.max(40))
        .with_links(false)
        .with_context_lines(1);
    let mut out = String::new();
    for told in told {
        if !out.is_empty() {
            out.push('\n');
        }
        // Writing to a string does not fail; a place that is not in its file would, and is shown without its lines.
        if handler
            .render_report(&mut out, &Report::new(told, &texts))
            .is_err()
        {
            out.push_str(&format!("{} {}\n", told.name, plain(told.message)));
        }
    }
    // The frames end in blanks, which no snapshot and no diff wants.
    let mut trimmed = String::with_capacity(out.len());
    for line in out.lines() {
        trimmed.push_str(line.trim_end());
        trimmed.push('\n');
    }
    trimmed
}

/// A longer line, in bytes, is shown in part.
const LONG_LINE: usize = 1000;

/// How much of a long line is shown before and after a place, in bytes.
const AROUND: usize = 60;

/// What the reports of one set show: each text once, with its lines counted.
struct Texts {
    shown: Vec<Option<Shown>>,
}

#[derive(Debug)]
struct Shown {
    name: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Texts {
    fn new(told: &[Told<'_>], sources: &Sources) -> Texts {
        let mut shown: Vec<Option<Shown>> = sources.iter().map(|_| None).collect();
        for label in told.iter().flat_map(|told| told.labels) {
            if let Some(place @ None) = shown.get_mut(label.span.source.0 as usize) {
                *place = Some(Shown::new(sources.get(label.span.source)));
            }
        }
        Texts { shown }
    }
}

impl Shown {
    fn new(source: &Source) -> Shown {
        let text = plain_bytes(&source.text);
        Shown {
            name: plain(&source.name),
            lines: line_starts(&text),
            text,
        }
    }

    /// The line, from 0, that holds a byte.
    fn line(&self, at: usize) -> usize {
        self.lines
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    fn end(&self, line: usize) -> usize {
        self.lines.get(line + 1).copied().unwrap_or(self.text.len())
    }

    fn is_long(&self, line: usize) -> bool {
        self.end(line) - self.lines[line] > LONG_LINE
    }

    /// What is shown of a line that no person reads whole, and that a frame could not hold: what is around the place.
    fn part_of_long_line(&self, start: usize) -> Option<(usize, usize)> {
        let line = self.line(start);
        if !self.is_long(line) {
            return None;
        }
        let from = start.saturating_sub(AROUND).max(self.lines[line]);
        let to = (start + 2 * AROUND).min(self.end(line));
        Some((
            self.text.floor_char_boundary(from),
            self.text.floor_char_boundary(to),
        ))
    }

    /// A label that fits into what is shown of its line.
    fn fitting(&self, start: usize, length: usize) -> usize {
        let line = self.line(start);
        if !self.is_long(line) {
            return length;
        }
        let end = (start + length.min(AROUND)).min(self.end(line));
        self.text.floor_char_boundary(end).max(start) - start
    }
}

impl SourceCode for Shown {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let start = span.offset();
        let end = start + span.len();
        if end > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        if let Some((from, to)) = self.part_of_long_line(start) {
            // Two places too far apart are shown each for itself.
            if end > to {
                return Err(MietteError::OutOfBounds);
            }
            let line = self.line(start);
            let column = if before == 0 {
                start - self.lines[line]
            } else {
                0
            };
            return Ok(Box::new(MietteSpanContents::new_named(
                self.name.clone(),
                &self.text.as_bytes()[from..to],
                SourceSpan::new(from.into(), to - from),
                line,
                column,
                1,
            )));
        }
        let last_byte = if span.is_empty() { start } else { end - 1 };
        let (mut first, mut last) = (self.line(start), self.line(last_byte));
        if (first..=last).any(|line| self.is_long(line)) {
            return Err(MietteError::OutOfBounds);
        }
        for _ in 0..before {
            if first > 0 && !self.is_long(first - 1) {
                first -= 1;
            }
        }
        for _ in 0..after {
            if last + 1 < self.lines.len() && !self.is_long(last + 1) {
                last += 1;
            }
        }
        let from = self.lines[first];
        let to = self.end(last);
        let part = SourceSpan::new(from.into(), to - from);
        let data = &self.text.as_bytes()[from..to];
        let column = if before == 0 { start - from } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            data,
            part,
            first,
            column,
            last - first + 1,
        )))
    }
}

/// What is told, with the texts its labels stand in.
struct Report<'a> {
    told: &'a Told<'a>,
    shown: Option<&'a Shown>,
    labels: Vec<&'a Label>,
    /// miette shows one file for each diagnostic: labels in others become reports of their own.
    others: Vec<Other<'a>>,
}

struct Other<'a> {
    message: String,
    shown: &'a Shown,
    labels: Vec<&'a Label>,
}

impl<'a> Report<'a> {
    fn new(told: &'a Told<'a>, texts: &'a Texts) -> Report<'a> {
        let shown = |label: &Label| {
            texts
                .shown
                .get(label.span.source.0 as usize)
                .and_then(Option::as_ref)
        };
        let home = told.labels.first().map(|label| label.span.source);
        let mut others: Vec<(crate::span::SourceId, Other<'a>)> = Vec::new();
        let mut labels = Vec::new();
        for label in told.labels {
            if Some(label.span.source) == home {
                labels.push(label);
            } else if let Some((_, other)) =
                others.iter_mut().find(|(id, _)| *id == label.span.source)
            {
                other.labels.push(label);
            } else if let Some(shown) = shown(label) {
                others.push((
                    label.span.source,
                    Other {
                        message: format!("in {}", shown.name),
                        shown,
                        labels: vec![label],
                    },
                ));
            }
        }
        Report {
            told,
            shown: told.labels.first().and_then(shown),
            labels,
            others: others.into_iter().map(|(_, other)| other).collect(),
        }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(self.told.message))
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.fmt(f)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.told.name))
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.told.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Advice => Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.told
            .help
            .map(|help| -> Box<dyn fmt::Display> { Box::new(plain(help)) })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.shown.map(|shown| shown as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(labeled(self.shown, &self.labels)))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.others.is_empty() {
            return None;
        }
        Some(Box::new(
            self.others
                .iter()
                .map(|other| other as &dyn miette::Diagnostic),
        ))
    }
}

impl fmt::Display for Other<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Other<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Other<'_> {}

impl miette::Diagnostic for Other<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.shown)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(labeled(Some(self.shown), &self.labels)))
    }
}

fn labeled<'a>(
    shown: Option<&'a Shown>,
    labels: &'a [&'a Label],
) -> impl Iterator<Item = LabeledSpan> + 'a {
    labels.iter().enumerate().map(move |(at, label)| {
        let length = (label.span.end - label.span.start) as usize;
        let text = Some(plain(&label.text));
        let start = label.span.start as usize;
        let length = shown.map_or(length, |shown| shown.fitting(start, length));
        if at == 0 {
            LabeledSpan::new_primary_with_span(text, (start, length))
        } else {
            LabeledSpan::new(text, start, length)
        }
    })
}

/// Text without what a terminal would obey.
fn plain(text: &str) -> String {
    text.chars()
        .map(|sign| {
            if sign != '\n' && is_unshowable(sign) {
                '\u{fffd}'
            } else {
                sign
            }
        })
        .collect()
}

/// The same, with each character replaced by one of as many bytes, so that places stay where they are.
fn plain_bytes(text: &str) -> String {
    if !text.chars().any(is_unshowable) {
        return text.to_owned();
    }
    text.chars()
        .map(|sign| match sign {
            '\n' | '\t' => sign,
            _ if !is_unshowable(sign) => sign,
            _ => match sign.len_utf8() {
                1 => '?',
                2 => '\u{bf}',
                _ => '\u{fffd}',
            },
        })
        .collect()
}

/// Control characters, and those that change the direction of what follows.
fn is_unshowable(sign: char) -> bool {
    (sign.is_control() && sign != '\n' && sign != '\t') || crate::source::is_bidirectional(sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn a_report_shows_the_line_the_labels_and_the_help() {
        let mut sources = Sources::default();
        let id = sources.add("a.rbk", "rbk 1\nrunbook \"A\"\nchekpoint x\n");
        let other = sources.add("b.rbk", "rbk 1\nmodule \"B\"\n");
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_STATEMENT,
            "no statement begins with `chekpoint`",
            crate::span::Span::new(id, 18, 27),
            "a statement belongs here",
        )
        .label(crate::span::Span::new(other, 6, 12), "the other place")
        .help("write `checkpoint`");
        let text = render(&[diagnostic], &sources, 80, Colour::Never);
        for part in [
            "RB1020",
            "no statement begins",
            "a.rbk:3:1",
            "chekpoint x",
            "a statement belongs here",
            "help: write `checkpoint`",
            "b.rbk:2:1",
            "the other place",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let line = format!("let a = {}yes", "not é ".repeat(20_000));
        let mut sources = Sources::default();
        let id = sources.add("a.rbk", format!("rbk 1\n{line}\nlet b = 1\n"));
        let end = 6 + line.len();
        for start in [6, 70_001, end - 3, end] {
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_STATEMENT,
                "bad",
                crate::span::Span::new(id, start, end),
                "from here on",
            )
            .label(crate::span::Span::new(id, 6, 9), "the beginning")
            .label(crate::span::Span::new(id, 90_001, 90_002), "in between")
            .label(crate::span::Span::new(id, 0, 3), "before it");
            let text = render(&[diagnostic], &sources, 80, Colour::Never);
            assert!(text.len() < 10_000, "{} bytes", text.len());
            assert!(text.contains("from here on"), "{text}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_shown() {
        let mut sources = Sources::default();
        let id = sources.add("a\u{1b}[2J.rbk", "x \u{1b}[2J \u{202e}y\n");
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_STATEMENT,
            "bad \u{1b}[2J",
            crate::span::Span::new(id, 0, 1),
            "here \u{202e}",
        );
        let text = render(&[diagnostic], &sources, 80, Colour::Never);
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{text:?}"
        );
    }

    #[test]
    fn a_place_at_the_very_end_of_a_file_is_shown() {
        let mut sources = Sources::default();
        let id = sources.add("a.rbk", "rbk 1");
        let diagnostic = Diagnostic::error(
            codes::HEADER,
            "the file has no title",
            crate::span::Span::new(id, 5, 5),
            "here",
        );
        let text = render(&[diagnostic], &sources, 80, Colour::Never);
        assert!(text.contains("a.rbk:1:6"), "{text}");
        let empty = sources.add("b.rbk", "");
        let diagnostic = Diagnostic::error(
            codes::EMPTY_FILE,
            "the file is empty",
            crate::span::Span::new(empty, 0, 0),
            "here",
        );
        assert!(render(&[diagnostic], &sources, 80, Colour::Never).contains("the file is empty"));
    }
}
