//! What is wrong, where, and the way out.

use crate::codes;
use crate::span::Span;

/// A numbered error: `RB1xxx` syntax, `RB2xxx` plan, `RB3xxx` run and journal, `RB9xxx` our fault.
/// A number is never reused. Each has a page in `book/src/errors/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u16);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RB{:04}", self.0)
    }
}

/// A place and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// A replacement that would mend the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub span: Span,
    pub replacement: String,
}

/// One mistake. Message: what is, lower case, no full stop. First label: what is here; then the other
/// place. Help: one imperative sentence with the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub message: String,
    pub labels: Vec<Label>,
    pub help: Option<String>,
    pub fix: Option<Fix>,
}

/// Mistakes that are told of one file.
const MOST: usize = 1_000;
/// And that are kept of one, for the same may be found more than once, and not in the order of the text.
const KEPT: usize = 4 * MOST;

/// Adds a mistake, as long as it may be one of those that are told: [`bounded`] sees that there are more.
pub fn add(mistakes: &mut Vec<Diagnostic>, mistake: Diagnostic) {
    if mistakes.len() < KEPT {
        mistakes.push(mistake);
    }
}

/// The mistakes of all files, in order, without those of a file behind [`MOST`] others; that there are more stands in
/// the place of the next.
pub fn bounded(mistakes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut of_file = (None, 0);
    let mut told = Vec::with_capacity(mistakes.len());
    for mistake in mistakes {
        let place = mistake.span();
        if of_file.0 != Some(place.source) {
            of_file = (Some(place.source), 0);
        }
        match of_file.1 {
            0..MOST => told.push(mistake),
            MOST => told.push(too_many(place)),
            _ => {}
        }
        of_file.1 += 1;
    }
    told
}

fn too_many(place: Span) -> Diagnostic {
    Diagnostic::error(
        codes::TOO_MANY,
        format!("there are more than {MOST} mistakes in this file"),
        place,
        "what is wrong from here on is not told",
    )
    .help("mend the first ones, and look again")
}

impl Diagnostic {
    pub fn error(
        code: Code,
        message: impl Into<String>,
        span: Span,
        here: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            labels: vec![Label {
                span,
                text: here.into(),
            }],
            help: None,
            fix: None,
        }
    }

    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.fix = Some(Fix {
            span,
            replacement: replacement.into(),
        });
        self
    }

    /// The first place, which orders a report.
    pub fn span(&self) -> Span {
        self.labels
            .first()
            .map(|label| label.span)
            .unwrap_or_default()
    }
}
