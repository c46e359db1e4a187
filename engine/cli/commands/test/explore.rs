//! `runbook test --explore FILE`: every way a runbook may go, and which of them end badly.

use std::path::Path;

use runbook_grammar::ast::FileKind;
use runbook_host::codes;
use runbook_host::error::HostError;
use runbook_host::load::{Loaded, load};
use runbook_host::scripted::explore::{self, Explored, Finding, Kind, WAYS, WRONG};
use serde::Serialize;

use super::Covered;
use super::human::{coverage, painter};
use super::json::{Coverage, coverage as counted};
use crate::commands::fmt::formatted;
use crate::exit::Exit;
use crate::files::{complain_host, print, report};
use crate::terminal::style::Glyphs;
use console::Style;

/// Findings that are told with the way to them; the others are named.
const TOLD: usize = 10;

pub fn explore(path: &Path, json: bool) -> Exit {
    let loaded = match load(path) {
        Ok(loaded) => loaded,
        Err(error) => return complain_host(&error),
    };
    let header = loaded.files.root.header.as_ref();
    if loaded.diagnostics.is_empty() && header.is_some_and(|it| it.kind != FileKind::Runbook) {
        let message = format!("{} is no runbook", path.display());
        let error = HostError::new(codes::NOT_A_FILE, message)
            .help("Name a file that begins with `runbook \"…\"`.");
        return complain_host(&error);
    }
    let Loaded {
        plan: Some(plan),
        sources,
        ..
    } = loaded
    else {
        report(&loaded.diagnostics, &loaded.sources);
        return Exit::Runbook;
    };
    let explored = explore::explore(&plan);
    let covered = Covered {
        runbook: path.display().to_string(),
        goals: super::goals(&plan, &sources),
        reached: explored.reached.clone(),
        sources,
    };
    print(&match json {
        true => as_json(&explored, &covered),
        false => as_text(&explored, &covered),
    });
    match explored.findings.is_empty() {
        true => Exit::Done,
        false => Exit::Found,
    }
}

/// The way to a finding, laid out as it stands in a scenario file.
fn scenario(finding: &Finding) -> String {
    let title = finding.what.replace('`', "");
    let text = format!(
        "rbk 1\nscenarios for \"x\"\n\n{}",
        finding.story.text(&title)
    );
    let text = formatted("the scenario", text.as_bytes()).map_or(text, |(_, text)| text);
    let begin = text.find("scenario \"").unwrap_or(0);
    text[begin..].to_owned()
}

fn ways(count: usize) -> String {
    match count {
        1 => "1 way".to_owned(),
        count => format!("{count} ways"),
    }
}

fn as_text(explored: &Explored, covered: &Covered) -> String {
    let paint = painter();
    let glyphs = Glyphs::of_locale();
    let mut text = format!(
        "{}: {} walked, on each at most {WRONG} things go wrong\n",
        covered.runbook,
        ways(explored.ways)
    );
    if explored.left > 0 {
        text += &format!(
            "  {} the bound of {WAYS} ways was reached, and {} or more are left\n",
            glyphs.dot,
            ways(explored.left)
        );
    }
    for question in &explored.unanswered {
        text += &format!(
            "  {} no answer to “{question}” is known, so nothing beyond it was walked\n",
            glyphs.dot
        );
    }
    text += coverage(covered, glyphs).trim_start();
    for finding in explored.findings.iter().take(TOLD) {
        let mark = paint(Style::new().red().bold(), glyphs.failed);
        text += &format!("\n{mark} {} ({})\n", finding.what, ways(finding.ways));
        for line in scenario(finding).lines() {
            text += format!("    {line}").trim_end();
            text.push('\n');
        }
    }
    if explored.findings.len() > TOLD {
        let more = explored.findings.len() - TOLD;
        text += &format!("\nand {more} more; `--json` has the ways to them:\n");
    }
    for finding in explored.findings.iter().skip(TOLD) {
        text += &format!(
            "  {} {} ({})\n",
            glyphs.dot,
            finding.what,
            ways(finding.ways)
        );
    }
    text += &match explored.findings.len() {
        0 => "\nno way ends badly\n".to_owned(),
        1 => "\n1 finding\n".to_owned(),
        count => format!("\n{count} findings\n"),
    };
    text
}

#[derive(Serialize)]
struct Report<'a> {
    runbook: &'a str,
    ways: usize,
    bound: Bound,
    /// Questions that nothing led beyond.
    unanswered: &'a [String],
    coverage: Coverage<'a>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Bound {
    ways: usize,
    wrong: usize,
    /// Ways that were not walked; 0 where the bound was not reached.
    left: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    kind: Kind,
    what: &'a str,
    step: &'a str,
    ways: usize,
    scenario: String,
}

fn as_json(explored: &Explored, covered: &Covered) -> String {
    let report = Report {
        runbook: &covered.runbook,
        ways: explored.ways,
        bound: Bound {
            ways: WAYS,
            wrong: WRONG,
            left: explored.left,
        },
        unanswered: &explored.unanswered,
        coverage: counted(covered),
        findings: explored
            .findings
            .iter()
            .map(|finding| Found {
                kind: finding.kind,
                what: &finding.what,
                step: &finding.step,
                ways: finding.ways,
                scenario: scenario(finding),
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}
