use runbook_grammar::ast::StmtKind;
use runbook_grammar::span::Span;
use runbook_plan::ids::NodeId;
use runbook_plan::plan::NodeKind;
use runbook_plan::show;
use runbook_plan::time::{From, Keep, Question, Until, took};
use runbook_plan::value::Value;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "deadline-at-risk",
    severity: Severity::Advice,
    title: "an objective that the slowest way misses",
    why: "The slowest way to where a clock stops is added up from the text: waits, deadlines of questions, retries, and for each step what `takes` says, or else its `timeout`. Where that is more than the `objective` or the `within` of a level allows, nobody should be surprised in the night that it was missed.\n\nWhat nobody can know counts as nothing: a person who thinks, a command without a timeout. A level begins at the decision that gives it.",
    way_out: "Say how long a step really takes, `takes 1m..3m`: a timeout is a net, not a plan. Shorten what is long, or allow more time.",
    bad: r#"objective 10m until restored

step build "Build the old version" {
  $ make release
  repeatable
  timeout 30m
}

checkpoint restored "The service is back" {
  http GET http://localhost:3001/health
}
"#,
    good: r#"objective 10m until restored

step build "Build the old version" {
  $ make release
  repeatable
  timeout 30m
  takes 2m..5m
}

checkpoint restored "The service is back" {
  http GET http://localhost:3001/health
}
"#,
    check,
};

/// A clock of the run: where it is set, how long it has, what it is called, and what to ask.
pub(super) struct Clock<'a> {
    pub span: Span,
    pub within: u64,
    pub name: String,
    pub question: Question<'a>,
}

/// The objective, and the levels that a matrix of the flow may give.
pub(super) fn clocks<'a>(subject: &Subject<'a>) -> Vec<Clock<'a>> {
    let plan = subject.plan;
    let until = match plan.objective.as_ref().and_then(|objective| objective.until) {
        Some(node) => Until::Node(node),
        None => Until::End,
    };
    let mut clocks = Vec::new();
    for (_, stmt) in subject.each() {
        match &stmt.kind {
            StmtKind::Objective { .. } => {
                let Some(objective) = &plan.objective else { continue };
                clocks.push(Clock {
                    span: stmt.span,
                    within: objective.within,
                    name: "the objective".to_owned(),
                    question: Question {
                        through: None,
                        arm: None,
                        from: From::Start,
                        until,
                        severity: None,
                        keep: Keep::Slow,
                    },
                });
            }
            StmtKind::Severity { name, .. } => {
                let level = plan.severities.iter().find(|level| level.name == name.text);
                let Some(within) = level.and_then(|level| level.within) else { continue };
                for (at, node) in plan.nodes.iter().enumerate() {
                    let NodeKind::Decide { matrix, .. } = &node.kind else { continue };
                    let matrix = &plan.matrices[matrix.index()];
                    let gives = matrix.rows.iter().flat_map(|row| &row.gives).any(
                        |given| matches!(given, Value::Severity(given) if *given == name.text),
                    );
                    if gives {
                        clocks.push(Clock {
                            span: stmt.span,
                            within,
                            name: format!("the deadline of {}", name.text),
                            question: Question {
                                through: Some(NodeId(u32::try_from(at).unwrap_or(u32::MAX))),
                                arm: None,
                                from: From::There,
                                until,
                                severity: Some(&name.text),
                                keep: Keep::Slow,
                            },
                        });
                    }
                }
            }
            _ => {}
        }
    }
    clocks
}

/// How many parts of the way are named.
const NAMED: usize = 3;

/// One finding for all clocks: they are missed on the same ways.
fn check(subject: &Subject<'_>, found: &mut Found) {
    let mut missed = clocks(subject).into_iter().filter_map(|clock| {
        let took = took(subject.plan, &clock.question)?;
        (took.slow.ms > clock.within && took.best.ms <= clock.within).then_some((clock, took))
    });
    let Some((first, way)) = missed.next() else {
        return;
    };
    let parts = way.parts.iter();
    let mut parts: Vec<_> = parts.map(|part| (part.node, part.piece.time.ms)).collect();
    parts.sort_by_key(|(_, ms)| std::cmp::Reverse(*ms));
    parts.dedup_by_key(|(node, _)| *node);
    parts.truncate(NAMED);
    let longest: Vec<String> = parts
        .iter()
        .map(|(node, ms)| format!("{} {}", name(subject, *node), show::duration(*ms)))
        .collect();
    let finding = found.add(
        first.span,
        format!(
            "{} is {}, and the slowest way takes {}",
            first.name,
            show::duration(first.within),
            show::duration(way.slow.ms)
        ),
        format!("the longest parts: {}", longest.join(", ")),
    );
    for (clock, way) in missed {
        finding.label(
            clock.span,
            format!("the slowest way with it: {}", show::duration(way.slow.ms)),
        );
    }
    finding.help("say how long steps really take with `takes`, shorten what is long, or allow more time");
}

fn name(subject: &Subject<'_>, node: NodeId) -> String {
    match &subject.plan.nodes[node.index()].kind {
        NodeKind::Step { name, .. }
        | NodeKind::Checkpoint { name, .. }
        | NodeKind::Attempt { name, .. }
        | NodeKind::Do { name, .. } => format!("`{name}`"),
        NodeKind::Section { title, .. } => format!("\"{}\"", title.source),
        NodeKind::Watch { .. } => "a watch".to_owned(),
        NodeKind::Wait(_) | NodeKind::WaitUpTo { .. } => "a wait".to_owned(),
        _ => "a question".to_owned(),
    }
}
