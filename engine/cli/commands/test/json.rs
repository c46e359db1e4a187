//! The report for programs.

use std::collections::BTreeMap;

use runbook_core::coverage::Kind;
use serde::Serialize;

use super::{Covered, Results};

#[derive(Serialize)]
struct Report<'a> {
    held: usize,
    failed: usize,
    files: Vec<File<'a>>,
    coverage: Vec<Coverage<'a>>,
    /// Below `--fail-under`.
    short: &'a [String],
}

#[derive(Serialize)]
struct File<'a> {
    file: &'a str,
    runbook: &'a str,
    scenarios: Vec<Scenario<'a>>,
}

#[derive(Serialize)]
struct Scenario<'a> {
    title: &'a str,
    holds: bool,
    faults: &'a [String],
    /// Of the clock of its world.
    took_ms: u64,
    /// Only where something is not as it should be.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    conversation: &'a [String],
}

#[derive(Serialize)]
pub struct Coverage<'a> {
    runbook: &'a str,
    #[serde(flatten)]
    counts: BTreeMap<&'static str, Count>,
    missed: Vec<Missed<'a>>,
}

#[derive(Serialize)]
struct Count {
    reached: usize,
    of: usize,
}

#[derive(Serialize)]
struct Missed<'a> {
    kind: &'static str,
    title: &'a str,
    file: &'a str,
    line: usize,
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Step => "steps",
        Kind::Arm => "arms",
        Kind::Row => "rows",
        Kind::Undo => "undo",
    }
}

pub fn report(results: &Results) -> String {
    let (held, failed) = results.totals();
    let report = Report {
        held,
        failed,
        files: results
            .files
            .iter()
            .map(|file| File {
                file: &file.file,
                runbook: &file.runbook,
                scenarios: file
                    .verdicts
                    .iter()
                    .map(|verdict| Scenario {
                        title: &verdict.title,
                        holds: verdict.faults.is_empty(),
                        faults: &verdict.faults,
                        took_ms: verdict.took_ms,
                        conversation: match verdict.faults.is_empty() {
                            true => &[],
                            false => &verdict.conversation,
                        },
                    })
                    .collect(),
            })
            .collect(),
        coverage: results.covered.iter().map(coverage).collect(),
        short: &results.short,
    };
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

pub fn coverage(covered: &Covered) -> Coverage<'_> {
    Coverage {
        runbook: &covered.runbook,
        counts: Kind::ALL
            .into_iter()
            .map(|kind| {
                let (reached, of) = covered.count(kind);
                (word(kind), Count { reached, of })
            })
            .collect(),
        missed: covered
            .missed()
            .map(|goal| {
                let (file, line) = covered.place(goal);
                Missed {
                    kind: word(goal.kind),
                    title: &goal.title,
                    file,
                    line,
                }
            })
            .collect(),
    }
}
