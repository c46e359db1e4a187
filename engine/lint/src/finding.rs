//! What a rule finds.

use runbook_grammar::diagnostic::{Fix, Label};
use runbook_grammar::report::{Level, Told};
use runbook_grammar::span::Span;

/// How serious a finding is. In order: what is later is more so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Would be better otherwise; nobody is hurt by it.
    Advice,
    /// May go wrong in a run.
    Warning,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Advice => "advice",
            Severity::Warning => "warning",
        }
    }
}

/// Message: what is, lower case, no full stop. First label: what is here. Help: one imperative sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    pub severity: Severity,
    pub message: String,
    pub labels: Vec<Label>,
    pub help: String,
    /// A change that keeps what the runbook does where all goes well.
    pub fix: Option<Fix>,
}

impl Finding {
    pub fn span(&self) -> Span {
        self.labels
            .first()
            .map(|label| label.span)
            .unwrap_or_default()
    }

    pub fn label(&mut self, span: Span, text: impl Into<String>) -> &mut Finding {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    pub fn help(&mut self, help: impl Into<String>) -> &mut Finding {
        self.help = help.into();
        self
    }

    pub fn fix(&mut self, span: Span, replacement: impl Into<String>) -> &mut Finding {
        self.fix = Some(Fix {
            span,
            replacement: replacement.into(),
        });
        self
    }

    /// For a report.
    pub fn told(&self) -> Told<'_> {
        Told {
            name: self.rule.to_owned(),
            level: match self.severity {
                Severity::Warning => Level::Warning,
                Severity::Advice => Level::Advice,
            },
            message: &self.message,
            labels: &self.labels,
            help: Some(&self.help),
        }
    }
}

/// Where a rule puts what it finds.
pub struct Found {
    rule: &'static str,
    severity: Severity,
    findings: Vec<Finding>,
}

impl Found {
    pub fn new(rule: &'static str, severity: Severity) -> Found {
        Found {
            rule,
            severity,
            findings: Vec::new(),
        }
    }

    /// One more finding, to which labels, a help and a fix may be added.
    pub fn add(
        &mut self,
        span: Span,
        message: impl Into<String>,
        here: impl Into<String>,
    ) -> &mut Finding {
        self.findings.push(Finding {
            rule: self.rule,
            severity: self.severity,
            message: message.into(),
            labels: vec![Label {
                span,
                text: here.into(),
            }],
            help: String::new(),
            fix: None,
        });
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
