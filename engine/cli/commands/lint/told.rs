//! What is found, as every format tells it.

use std::path::Path;

use runbook_grammar::diagnostic::{Fix, Label};
use runbook_grammar::source::Sources;
use runbook_grammar::span::Span;
use runbook_host::error::HostError;
use serde::Serialize;

use super::look::Looked;
use crate::files::Named;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Serious {
    Advice,
    Warning,
    Error,
}

impl Serious {
    pub fn word(self) -> &'static str {
        match self {
            Serious::Advice => "advice",
            Serious::Warning => "warning",
            Serious::Error => "error",
        }
    }
}

#[derive(Serialize)]
pub struct Told {
    pub file: String,
    /// The number of an error, the name of a lint.
    pub code: String,
    pub severity: Serious,
    pub message: String,
    pub labels: Vec<Place>,
    pub help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Change>,
}

/// From 1, in characters, as editors count; the end is the place behind the last one.
#[derive(Clone, Serialize)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    pub text: String,
}

/// A change that is safe to make.
#[derive(Serialize)]
pub struct Change {
    pub place: Place,
    pub replacement: String,
}

impl Told {
    /// Message and help, for formats with one text; without what XML cannot hold.
    pub fn sentence(&self) -> String {
        let text = match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        };
        text.chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect()
    }
}

/// All that is found, file by file.
pub struct Report {
    pub files: Vec<String>,
    pub told: Vec<Told>,
    pub waived: usize,
}

impl Report {
    pub fn of(named: &Named, looked: Vec<Looked>) -> Report {
        let mut report = Report {
            files: Vec::new(),
            told: Vec::new(),
            waived: 0,
        };
        for (path, error) in &named.refused {
            report.told.push(refused(path, error));
        }
        for looked in looked {
            let file = looked.path.display().to_string();
            report.files.push(file.clone());
            let seen = match looked.found {
                Ok(seen) => seen,
                Err(error) => {
                    report.told.push(refused(&looked.path, &error));
                    continue;
                }
            };
            report.waived += seen.waived;
            let sources = &seen.sources;
            report.told.extend(seen.mistakes.iter().map(|mistake| Told {
                file: file.clone(),
                code: mistake.code.to_string(),
                severity: Serious::Error,
                message: mistake.message.clone(),
                labels: places(&mistake.labels, sources),
                help: mistake.help.clone(),
                fix: None,
            }));
            report.told.extend(seen.findings.iter().map(|finding| Told {
                file: file.clone(),
                code: finding.rule.to_owned(),
                severity: match finding.severity {
                    runbook_lint::Severity::Advice => Serious::Advice,
                    runbook_lint::Severity::Warning => Serious::Warning,
                },
                message: finding.message.clone(),
                labels: places(&finding.labels, sources),
                help: Some(finding.help.clone()),
                fix: finding.fix.as_ref().map(|fix| change(fix, sources)),
            }));
        }
        report
    }

    pub fn worst(&self) -> Option<Serious> {
        self.told.iter().map(|told| told.severity).max()
    }

    pub fn count(&self, severity: Serious) -> usize {
        let told = self.told.iter();
        told.filter(|told| told.severity == severity).count()
    }

    /// The files, and whatever else something is told of.
    pub fn homes(&self) -> Vec<&str> {
        let mut homes: Vec<&str> = self.files.iter().map(String::as_str).collect();
        for told in &self.told {
            if !homes.contains(&told.file.as_str()) {
                homes.push(&told.file);
            }
        }
        homes
    }

    /// What is told of one file.
    pub fn of_file<'r>(&'r self, file: &'r str) -> impl Iterator<Item = &'r Told> {
        self.told.iter().filter(move |told| told.file == file)
    }
}

/// A file that could not be looked into.
fn refused(file: &Path, error: &HostError) -> Told {
    Told {
        file: file.display().to_string(),
        code: error.code.to_string(),
        severity: Serious::Error,
        message: error.message.clone(),
        labels: Vec::new(),
        help: error.help.clone(),
        fix: None,
    }
}

fn places(labels: &[Label], sources: &Sources) -> Vec<Place> {
    labels
        .iter()
        .map(|label| place(label.span, &label.text, sources))
        .collect()
}

fn change(fix: &Fix, sources: &Sources) -> Change {
    Change {
        place: place(fix.span, "", sources),
        replacement: fix.replacement.clone(),
    }
}

fn place(span: Span, text: &str, sources: &Sources) -> Place {
    let (line, column) = sources.line_and_column(span.source, span.start as usize);
    let (end_line, end_column) = sources.line_and_column(span.source, span.end as usize);
    Place {
        file: sources.get(span.source).name.clone(),
        line,
        column,
        end_line,
        end_column,
        text: text.to_owned(),
    }
}
