//! Scenarios of a `name.test.rbk`: each is a script, and what the run must come to.

use runbook_core::coverage::Reached;
use runbook_core::effect::{Effect, Notice};
use runbook_core::state::Over;
use runbook_grammar::ast::{Expr, ExprKind, File, Stmt, StmtKind};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::source::Source;
use runbook_plan::Plan;
use runbook_plan::codes;
use runbook_plan::plan::Outcome;
use runbook_plan::show;

use super::World;
use super::play::{Play, Played, START, play};
use super::script::{Script, glob, is_path};

#[derive(Clone, Debug)]
pub struct Scenario {
    pub title: String,
    pub script: Script,
    pub reaches: Vec<String>,
    pub never_reaches: Vec<String>,
    pub undoes: Vec<String>,
    /// Patterns of prompts.
    pub asks: Vec<String>,
    /// Patterns of messages, or of where they go.
    pub notifies: Vec<String>,
    pub takes_at_most_ms: Option<u64>,
    /// As written. Missing: the run may also park.
    pub ends: Option<String>,
}

/// The scenarios of a parsed file. Its statements are written like the directives of a script, so each is read from
/// its own text.
///
/// # Errors
/// A statement that says something no made-up world can do.
pub fn scenarios(source: &Source, file: &File) -> Result<Vec<Scenario>, Diagnostic> {
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

fn scenario(source: &Source, title: String, body: &[Stmt]) -> Result<Scenario, Diagnostic> {
    let mut scenario = Scenario {
        title,
        script: Script::default(),
        reaches: Vec::new(),
        never_reaches: Vec::new(),
        undoes: Vec::new(),
        asks: Vec::new(),
        notifies: Vec::new(),
        takes_at_most_ms: None,
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
            StmtKind::Undoes(_) => scenario.undoes.push(rest(text, "undoes")),
            StmtKind::Asks(prompt) => scenario.asks.extend(prompt.plain()),
            StmtKind::Notifies(what) => scenario.notifies.extend(what.plain()),
            StmtKind::TakesAtMost(limit) => {
                if let ExprKind::Duration(ms) = limit.kind {
                    scenario.takes_at_most_ms = Some(ms);
                }
            }
            StmtKind::Ends(name) => scenario.ends = Some(name.text.clone()),
            StmtKind::Given { name, value } => {
                let value = given(source, value);
                scenario.script.given.insert(name.text.clone(), value);
            }
            _ => scenario
                .script
                .add(text.lines().next().unwrap_or_default(), &mut now)
                .map_err(|why| {
                    Diagnostic::error(codes::SCENARIO, why, stmt.span, "said here")
                        .help("see “Scenarios” in the language reference")
                })?,
        }
    }
    Ok(scenario)
}

/// A value as a param is given on the command line: the items of a list a line each.
fn given(source: &Source, value: &Expr) -> String {
    match &value.kind {
        ExprKind::Text(text) => text.plain().unwrap_or_default(),
        ExprKind::List(items) => {
            let items: Vec<String> = items.iter().map(|item| given(source, item)).collect();
            items.join("\n")
        }
        _ => source.text[value.span.range()].to_owned(),
    }
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

/// How a scenario came out.
#[derive(Debug)]
pub struct Verdict {
    pub title: String,
    /// What is not as the scenario says, a sentence each.
    pub faults: Vec<String>,
    /// The conversation; where something is not as it should be, up to there.
    pub conversation: Vec<String>,
    /// How long it took by the clock of its world, in milliseconds.
    pub took_ms: u64,
    pub reached: Reached,
}

/// Plays a scenario.
pub fn judge(plan: &Plan, scenario: &Scenario) -> Verdict {
    let (play, played) = play(plan, World::new(scenario.script.clone()));
    let faults = faults(scenario, &play, &played);
    let mut conversation = play.transcript.lines.clone();
    if let [only] = faults.as_slice()
        && let Some(path) = scenario
            .never_reaches
            .iter()
            .find(|path| *only == met(path))
        && let Some(at) = conversation.iter().position(|line| is_start(line, path))
    {
        conversation.truncate(at + 1);
    }
    Verdict {
        title: scenario.title.clone(),
        faults,
        conversation,
        took_ms: took(&play),
        reached: play.state.reached().clone(),
    }
}

/// By the clock of its world, in milliseconds.
fn took(play: &Play<'_>) -> u64 {
    u64::try_from(play.now.wall - START).unwrap_or(0)
}

fn met(path: &str) -> String {
    format!("`{path}` is reached")
}

/// Whether a line of the conversation is where a step, checkpoint or section begins.
fn is_start(line: &str, path: &str) -> bool {
    let named = match line.split_once(' ') {
        Some(("step" | "checkpoint", rest)) => rest.split_once(": ").map(|(path, _)| path),
        Some(("##", rest)) => rest
            .rsplit_once(" (")
            .map(|(_, path)| path.trim_end_matches(')')),
        _ => None,
    };
    named.is_some_and(|named| is_path(path, named))
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
            faults.push(met(path));
        }
    }
    let wished = |what: &dyn Fn(&Effect) -> bool| play.wished.iter().any(what);
    for path in &scenario.undoes {
        let undone = |effect: &Effect| matches!(effect, Effect::Tell(Notice::UndoDone { path: other, .. }) if is_path(path, other));
        if !wished(&undone) {
            faults.push(format!("`{path}` is not undone"));
        }
    }
    for text in &scenario.asks {
        let asked = |effect: &Effect| matches!(effect, Effect::Ask { prompt, .. } if prompt.keys.iter().any(|key| glob(text, key)));
        if !wished(&asked) {
            faults.push(format!("“{text}” is not asked"));
        }
    }
    for what in &scenario.notifies {
        let sent = |effect: &Effect| {
            matches!(effect, Effect::Tell(Notice::MessageSent { message, to })
                if glob(what, message) || glob(what, to))
        };
        if !wished(&sent) {
            faults.push(format!("{what} is not notified"));
        }
    }
    let took_ms = took(play);
    if let Some(most) = scenario.takes_at_most_ms
        && took_ms > most
    {
        let (took, most) = (show::duration(took_ms), show::duration(most));
        faults.push(format!("it takes {took}, and {most} is the most"));
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
