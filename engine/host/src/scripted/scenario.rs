//! Scenarios of a `name.test.rbk`: each is a script, and what the run must come to.

use runbook_core::effect::{Effect, Notice};
use runbook_core::state::Over;
use runbook_grammar::ast::{File, Stmt, StmtKind};
use runbook_grammar::source::Source;
use runbook_plan::plan::Outcome;

use super::play::{Play, Played};
use super::script::{Script, is_path};

#[derive(Clone, Debug)]
pub struct Scenario {
    pub title: String,
    pub script: Script,
    pub reaches: Vec<String>,
    pub never_reaches: Vec<String>,
    /// As written. Missing: the run may also park.
    pub ends: Option<String>,
}

/// The scenarios of a parsed file. Its statements are written like the directives of a script, so each is read from
/// its own text.
pub fn scenarios(source: &Source, file: &File) -> Result<Vec<Scenario>, String> {
    let mut found = Vec::new();
    for stmt in &file.body {
        if let StmtKind::Scenario { title, block } = &stmt.kind {
            found.push(scenario(
                source,
                title.plain().unwrap_or_default(),
                &block.body,
            )?);
        }
    }
    Ok(found)
}

fn scenario(source: &Source, title: String, body: &[Stmt]) -> Result<Scenario, String> {
    let mut scenario = Scenario {
        title,
        script: Script::default(),
        reaches: Vec::new(),
        never_reaches: Vec::new(),
        ends: None,
    };
    let mut now = 0;
    for stmt in body {
        let text = &source.text[stmt.span.start as usize..stmt.span.end as usize];
        match &stmt.kind {
            StmtKind::Reaches(_) => scenario.reaches.push(rest(text, "reaches")),
            StmtKind::NeverReaches(_) => {
                scenario
                    .never_reaches
                    .push(rest(&rest(text, "never"), "reaches"));
            }
            StmtKind::Ends(name) => scenario.ends = Some(name.text.clone()),
            _ => scenario
                .script
                .add(text.lines().next().unwrap_or_default(), &mut now)
                .map_err(|why| format!("{}: {why}: {text}", scenario.title))?,
        }
    }
    Ok(scenario)
}

fn rest(text: &str, word: &str) -> String {
    text.trim()
        .strip_prefix(word)
        .unwrap_or(text)
        .trim()
        .to_owned()
}

/// Paths of what a run came to: steps, checkpoints, sections, attempts, calls.
pub fn reached(play: &Play<'_>) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for effect in &play.wished {
        if let Effect::Tell(
            Notice::StepStarted { path, .. }
            | Notice::SectionEntered { path, .. }
            | Notice::CheckpointReached { path, .. },
        ) = effect
            && !paths.contains(path)
        {
            paths.push(path.clone());
        }
    }
    paths
}

/// What is not as the scenario says, a sentence each.
pub fn faults(scenario: &Scenario, play: &Play<'_>, played: &Played) -> Vec<String> {
    let mut faults = Vec::new();
    let reached = reached(play);
    for path in &scenario.reaches {
        if !reached.iter().any(|other| is_path(path, other)) {
            faults.push(format!("`{path}` is not reached"));
        }
    }
    for path in &scenario.never_reaches {
        if reached.iter().any(|other| is_path(path, other)) {
            faults.push(format!("`{path}` is reached"));
        }
    }
    match (played, &scenario.ends) {
        (Played::Stuck(why), _) => faults.push(why.clone()),
        (Played::Over(Over::Ended { outcome, text, .. }), Some(ends)) => {
            let came = outcome_name(*outcome);
            if came != ends {
                faults.push(format!("it ends {came} and not {ends}: {text}"));
            }
        }
        (Played::Over(Over::Parked { why }), Some(ends)) => {
            faults.push(format!("it parks and does not end {ends}: {why}"));
        }
        (Played::Over(_), _) => {}
    }
    faults
}

/// An outcome as `finish` and `ends` write it.
pub fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Resolved => "resolved",
        Outcome::RolledBack => "rolled_back",
        Outcome::Mitigated => "mitigated",
        Outcome::NoAction => "no_action",
        Outcome::Escalated => "escalated",
        Outcome::Failed => "failed",
    }
}
