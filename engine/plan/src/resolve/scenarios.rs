//! Scenario files: what they name in the runbook they test.

use std::collections::BTreeSet;

use super::flow::OUTCOMES;
use super::places;
use crate::Plan;
use crate::codes;
use crate::plan::NodeKind;
use runbook_grammar::ast::{self, StmtKind, WhenWhat};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::nearest;
use runbook_grammar::span::Span;

/// What a scenario file names that is not there. Without the plan of its runbook only what stands in the file
/// itself is checked.
pub fn check_scenarios(file: &ast::File, plan: Option<&Plan>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let known = plan.map(Known::of);
    for stmt in &file.body {
        match &stmt.kind {
            StmtKind::Scenario { block, .. } => {
                for stmt in &block.body {
                    scenario_line(stmt, known.as_ref(), &mut found);
                }
            }
            StmtKind::Bad => {}
            _ if places::is_text(stmt) => {}
            _ => found.push(
                Diagnostic::error(
                    codes::SCENARIO,
                    format!("{} stands outside a scenario", places::word(&stmt.kind)),
                    stmt.span,
                    "has no use here",
                )
                .help("move it into a `scenario \"…\" { … }`"),
            ),
        }
    }
    found
}

struct Known {
    inputs: BTreeSet<String>,
    places: BTreeSet<String>,
}

impl Known {
    fn of(plan: &Plan) -> Known {
        let mut places = BTreeSet::new();
        for node in &plan.nodes {
            match &node.kind {
                NodeKind::Step { name, .. }
                | NodeKind::Checkpoint { name, .. }
                | NodeKind::Attempt { name, .. }
                | NodeKind::Do { name, .. }
                | NodeKind::Section {
                    name: Some(name), ..
                } => {
                    places.extend(name.split('.').map(str::to_owned));
                }
                _ => {}
            }
        }
        let params = plan
            .params
            .iter()
            .map(|param| plan.vars[param.var.index()].name.clone());
        let secrets = plan.secrets.iter().map(|secret| secret.name.clone());
        Known {
            inputs: params.chain(secrets).collect(),
            places,
        }
    }
}

fn scenario_line(stmt: &ast::Stmt, known: Option<&Known>, found: &mut Vec<Diagnostic>) {
    let unknown = |name: &ast::Name, kind: &str, names: &BTreeSet<String>| {
        let help = match nearest(&name.text, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name one that there is".to_owned(),
        };
        Diagnostic::error(
            codes::SCENARIO,
            format!("there is no {kind} `{}`", name.text),
            name.span,
            "named here",
        )
        .help(help)
    };
    match &stmt.kind {
        StmtKind::Given { name, .. } => {
            if let Some(known) = known
                && !known.inputs.contains(&name.text)
            {
                found.push(unknown(name, "param or secret", &known.inputs));
            }
        }
        StmtKind::Reaches(path)
        | StmtKind::NeverReaches(path)
        | StmtKind::Undoes(path)
        | StmtKind::When {
            what: WhenWhat::Step(path),
            ..
        } => {
            if let Some(known) = known {
                for name in &path.names {
                    if !known.places.contains(&name.text) {
                        found.push(unknown(name, "step, checkpoint or call", &known.places));
                    }
                }
            }
        }
        StmtKind::Ends(name) => {
            if OUTCOMES.iter().all(|(word, _)| *word != name.text) {
                let names: BTreeSet<String> = OUTCOMES
                    .iter()
                    .map(|(word, _)| (*word).to_owned())
                    .collect();
                found.push(unknown(name, "outcome", &names));
            }
        }
        StmtKind::TakesAtMost(limit) => {
            if !matches!(limit.kind, ast::ExprKind::Duration(_)) {
                found.push(
                    Diagnostic::error(
                        codes::SCENARIO,
                        "`takes at most` needs a duration",
                        limit.span,
                        "is none",
                    )
                    .help("write it like `takes at most 30m`"),
                );
            }
        }
        StmtKind::When { .. }
        | StmtKind::Env { .. }
        | StmtKind::Answer { .. }
        | StmtKind::After(_)
        | StmtKind::Asks(_)
        | StmtKind::Notifies(_)
        | StmtKind::Bad => {}
        _ if places::is_text(stmt) => {}
        _ => found.push(
            Diagnostic::error(
                codes::SCENARIO,
                format!("{} stands in a scenario", places::word(&stmt.kind)),
                Span { ..stmt.span },
                "has no use here",
            )
            .help(
                "write `given`, `env`, `when`, `answer` and `after`, then what must come of it: `reaches`, `never reaches`, `undoes`, `asks`, `notifies`, `takes at most` and `ends`",
            ),
        ),
    }
}
