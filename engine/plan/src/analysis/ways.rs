//! Each way's times against the deadlines.

use serde::Serialize;

use super::walk::{self, Calls, Met, name};
use crate::expr::Template;
use crate::ids::NodeId;
use crate::plan::*;
use crate::show;
use crate::time::{From, Keep, Part, Question, Time, Took, Until, What, given, took};
use crate::value::{Type, Value};

#[derive(Clone, Debug, Serialize)]
pub struct Ways {
    /// All ways together: the shortest and the longest of them. Missing where no way leads to an end.
    pub all: Option<Way>,
    /// Where ways part, in the order in which they are come to.
    pub forks: Vec<Fork>,
    /// How many more there are than anybody will read; they are not looked into.
    pub forks_left_out: usize,
}

/// Each arm of each is a walk over the plan.
const MOST_FORKS: usize = 200;
/// Of the longest way through an arm.
const MOST_LEGS: usize = 1000;

/// A decision by a matrix, a choice of the operator, an attempt that holds or not.
#[derive(Clone, Debug, Serialize)]
pub struct Fork {
    pub kind: ForkKind,
    /// The matrix, the question, the title of the attempt.
    pub title: String,
    pub path: String,
    pub arms: Vec<Arm>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ForkKind {
    Decide,
    Choose,
    Attempt,
}

#[derive(Clone, Debug, Serialize)]
pub struct Arm {
    /// What the matrix gives, or the label.
    pub title: String,
    /// The level that its rows give.
    pub severity: Option<String>,
    /// The rows of the matrix that lead here with this level.
    pub rows: Vec<Row>,
    /// Missing where no way leads through it.
    pub way: Option<Way>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// From 1.
    pub number: usize,
    /// Each input that is not `any`, with what it is held against: `symptom: API down`.
    pub when: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Way {
    /// From the start to where the run ends.
    pub times: Times,
    pub deadlines: Vec<Deadline>,
    /// The longest way, part by part.
    pub longest: Vec<Leg>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Times {
    pub best_ms: u64,
    pub expected_ms: u64,
    pub worst_ms: u64,
    /// Steps on the way that is expected, and how many of them say what they take.
    pub steps: u32,
    pub steps_that_say: u32,
    /// Attempts that have to fail on the way that is expected, for no other comes there.
    pub failed_attempts: u32,
    /// What has no end on the worst way.
    pub endless: Endless,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Endless {
    /// Questions that no deadline answers.
    pub questions: u32,
    /// Commands and requests without a timeout.
    pub commands: u32,
    /// Lists whose length only the run knows; one round of each is counted.
    pub lists: u32,
}

impl Endless {
    pub fn is_nothing(&self) -> bool {
        *self == Endless::default()
    }

    fn of(time: &Time) -> Endless {
        Endless {
            questions: time.questions,
            commands: time.commands,
            lists: time.lists,
        }
    }
}

impl Times {
    fn of(took: &Took) -> Times {
        Times {
            best_ms: took.best.ms,
            expected_ms: took.expected.ms,
            worst_ms: took.worst.ms,
            steps: took.expected.steps,
            steps_that_say: took.expected.said,
            failed_attempts: took.expected.failed,
            endless: Endless::of(&took.worst),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Deadline {
    /// `objective`, or the level.
    pub name: String,
    pub within_ms: u64,
    /// The checkpoint where it ends; the end of the run without one.
    pub until: Option<String>,
    /// Missing where the way does not come there.
    pub times: Option<Times>,
    pub fits: Fits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fits {
    /// Even the worst way is in time, and nothing on it is without an end.
    Always,
    /// The expected way is in time, the worst one is not, or has no end that is known.
    AsExpected,
    /// The expected way is late.
    Late,
    /// Even the best way is late.
    Never,
    /// The way ends elsewhere, or after the clock has stopped.
    DoesNotCount,
}

impl Fits {
    fn of(within: u64, times: Option<&Times>) -> Fits {
        match times {
            None => Fits::DoesNotCount,
            Some(times) if times.best_ms > within => Fits::Never,
            Some(times) if times.expected_ms > within => Fits::Late,
            Some(times) if times.worst_ms > within || !times.endless.is_nothing() => {
                Fits::AsExpected
            }
            Some(_) => Fits::Always,
        }
    }
}

/// A part of the longest way.
#[derive(Clone, Debug, Serialize)]
pub struct Leg {
    pub kind: LegKind,
    pub path: String,
    pub title: String,
    pub ms: u64,
    pub endless: Endless,
    /// Of what is tried again, else 0.
    pub tries: u64,
    pub each_ms: u64,
    pub pauses_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LegKind {
    Step,
    Checkpoint,
    /// A section or a call that says what it takes.
    Section,
    Wait,
    Watch,
    Question,
    Command,
    Message,
    /// An attempt, up to its deadline.
    Failed,
    /// What an attempt did, taken back.
    TakenBack,
}

pub fn ways(plan: &Plan) -> Ways {
    let whole = Question {
        through: None,
        arm: None,
        from: From::Start,
        until: Until::End,
        severity: None,
        keep: Keep::Worst,
    };
    let mut forks = Vec::new();
    let mut left_out = 0;
    walk::walk(plan, Calls::Once, &mut |met, path| {
        let Met::Node(node) = met else { return };
        if forks.len() < MOST_FORKS {
            forks.extend(fork(plan, node, path));
        } else if parts_ways(&plan.nodes[node.index()].kind) {
            left_out += 1;
        }
    });
    Ways {
        all: way(plan, &whole),
        forks,
        forks_left_out: left_out,
    }
}

fn parts_ways(kind: &NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Decide { .. }
            | NodeKind::Choose { .. }
            | NodeKind::Attempt {
                otherwise: Some(_),
                ..
            }
    )
}

fn fork(plan: &Plan, node: NodeId, path: &str) -> Option<Fork> {
    let through = |arm: usize, severity: Option<&str>| {
        let question = Question {
            through: Some(node),
            arm: Some(arm),
            from: From::Start,
            until: Until::End,
            severity,
            keep: Keep::Worst,
        };
        let mut way = way(plan, &question)?;
        way.longest.truncate(MOST_LEGS);
        Some(way)
    };
    let plain = |at: usize, title: &str| Arm {
        title: title.to_owned(),
        severity: None,
        rows: Vec::new(),
        way: through(at, None),
    };
    let (kind, title, arms) = match &plan.nodes[node.index()].kind {
        NodeKind::Decide {
            matrix, by, arms, ..
        } => {
            let matrix = &plan.matrices[matrix.index()];
            let mut found: Vec<(usize, Arm)> = Vec::new();
            for (number, row) in matrix.rows.iter().enumerate() {
                let value = row.gives.get(*by)?;
                let Some(at) = arms.iter().position(|arm| arm.values.contains(value)) else {
                    continue;
                };
                let severity = given(matrix, row);
                let row = Row {
                    number: number + 1,
                    when: when(matrix, row),
                };
                let same = found
                    .iter_mut()
                    .find(|(arm, other)| *arm == at && other.severity.as_deref() == severity);
                match same {
                    Some((_, arm)) => arm.rows.push(row),
                    None => {
                        let values: Vec<String> = arms[at].values.iter().map(show::value).collect();
                        found.push((
                            at,
                            Arm {
                                title: values.join(", "),
                                severity: severity.map(str::to_owned),
                                rows: vec![row],
                                way: through(at, severity),
                            },
                        ));
                    }
                }
            }
            let arms = found.into_iter().map(|(_, arm)| arm).collect();
            (ForkKind::Decide, matrix.name.clone(), arms)
        }
        NodeKind::Choose { question, arms, .. } => {
            let arms = arms.iter().enumerate();
            let arms = arms.map(|(at, arm)| plain(at, &arm.label.source)).collect();
            (ForkKind::Choose, question.source.clone(), arms)
        }
        NodeKind::Attempt {
            title,
            otherwise: Some(_),
            ..
        } => {
            let arms = vec![plain(0, "it holds"), plain(1, "otherwise")];
            (ForkKind::Attempt, title.source.clone(), arms)
        }
        _ => return None,
    };
    Some(Fork {
        kind,
        title,
        path: path.to_owned(),
        arms,
    })
}

/// The way a question asks about, to the end of the run, and the clocks that run on it.
fn way(plan: &Plan, question: &Question<'_>) -> Option<Way> {
    let took = took(plan, question)?;
    Some(Way {
        times: Times::of(&took),
        deadlines: deadlines(plan, question),
        longest: took.parts.iter().map(|part| leg(plan, part)).collect(),
    })
}

fn deadlines(plan: &Plan, way: &Question<'_>) -> Vec<Deadline> {
    let end = plan
        .objective
        .as_ref()
        .and_then(|objective| objective.until);
    let until = end.map_or(Until::End, Until::Node);
    let path = end.and_then(|end| name(plan, end)).map(str::to_owned);
    let deadline = |name: &str, within: u64, question: Question<'_>| {
        let times = took(plan, &question).map(|took| Times::of(&took));
        Deadline {
            name: name.to_owned(),
            within_ms: within,
            until: path.clone(),
            times,
            fits: Fits::of(within, times.as_ref()),
        }
    };
    // By a param of its type, at the start.
    let is_given = plan
        .params
        .iter()
        .any(|param| plan.vars[param.var.index()].ty == Type::Severity);
    let mut found = Vec::new();
    if let Some(objective) = &plan.objective {
        found.push(deadline(
            "objective",
            objective.within,
            Question { until, ..*way },
        ));
    }
    for level in &plan.severities {
        let Some(within) = level.within else { continue };
        // The clock of a level begins where a matrix gives it; where none does, a param gives it from the start.
        match (way.severity, deciding(plan, &level.name)) {
            (Some(severity), Some(_)) if severity == level.name => {
                let question = Question {
                    from: From::There,
                    until,
                    ..*way
                };
                found.push(deadline(&level.name, within, question));
            }
            (None, Some(node)) if way.through.is_none() => {
                let question = Question {
                    through: Some(node),
                    from: From::There,
                    until,
                    severity: Some(&level.name),
                    ..*way
                };
                found.push(deadline(&level.name, within, question));
            }
            (None, None) if way.through.is_none() && is_given => {
                found.push(deadline(&level.name, within, Question { until, ..*way }));
            }
            _ => {}
        }
    }
    found
}

/// The decision that gives a level first.
fn deciding(plan: &Plan, level: &str) -> Option<NodeId> {
    let mut found = None;
    walk::walk(plan, Calls::Once, &mut |met, _| {
        if let (None, Met::Node(id)) = (found, met)
            && let NodeKind::Decide { matrix, .. } = &plan.nodes[id.index()].kind
        {
            let matrix = &plan.matrices[matrix.index()];
            let gives = |row: &MatrixRow| given(matrix, row) == Some(level);
            found = matrix.rows.iter().any(gives).then_some(id);
        }
    });
    found
}

fn when(matrix: &Matrix, row: &MatrixRow) -> Vec<String> {
    let columns = matrix.inputs.iter().zip(&row.tests);
    columns
        .filter(|(_, test)| **test != Test::Any)
        .map(|(column, held)| format!("{}: {}", column.name, test(held)))
        .collect()
}

fn test(test: &Test) -> String {
    let value = |value: &Value| show::value(value);
    match test {
        Test::Any => "any".to_owned(),
        Test::Is(is) => value(is),
        Test::Less(than) => format!("< {}", value(than)),
        Test::LessEqual(than) => format!("<= {}", value(than)),
        Test::Greater(than) => format!("> {}", value(than)),
        Test::GreaterEqual(than) => format!(">= {}", value(than)),
        Test::NotEqual(other) => format!("!= {}", value(other)),
        Test::Between(from, to) => format!("{}..{}", value(from), value(to)),
        Test::OneOf(tests) => {
            let tests: Vec<String> = tests.iter().map(self::test).collect();
            tests.join(" or ")
        }
    }
}

fn leg(plan: &Plan, part: &Part) -> Leg {
    let around = part.around.iter().filter(|node| **node != part.node);
    let around = around.chain([&part.node]);
    let names: Vec<&str> = around.filter_map(|node| name(plan, *node)).collect();
    let (kind, title) = told(plan, part.node);
    let kind = match part.piece.what {
        What::Itself => kind,
        What::Failed => LegKind::Failed,
        What::TakenBack => LegKind::TakenBack,
    };
    Leg {
        kind,
        path: names.join("."),
        title,
        ms: part.piece.time.ms,
        endless: Endless::of(&part.piece.time),
        tries: part.piece.tries,
        each_ms: if part.piece.tries > 0 {
            part.piece.each
        } else {
            0
        },
        pauses_ms: if part.piece.tries > 0 {
            part.piece.pauses
        } else {
            0
        },
    }
}

fn told(plan: &Plan, node: NodeId) -> (LegKind, String) {
    let text = |template: &Template| template.source.clone();
    match &plan.nodes[node.index()].kind {
        NodeKind::Step { title, .. } => (LegKind::Step, text(title)),
        NodeKind::Checkpoint { title, .. } => (LegKind::Checkpoint, text(title)),
        NodeKind::Section { title, .. } | NodeKind::Attempt { title, .. } => {
            (LegKind::Section, text(title))
        }
        NodeKind::Do { procedure, .. } => {
            let procedure = &plan.procedures[procedure.index()];
            (LegKind::Section, text(&procedure.title))
        }
        NodeKind::Wait(_) => (LegKind::Wait, "wait".to_owned()),
        NodeKind::WaitUpTo { .. } => (LegKind::Wait, "wait until it holds".to_owned()),
        NodeKind::Watch { .. } => (LegKind::Watch, "watch".to_owned()),
        NodeKind::Choose { question, .. } | NodeKind::Confirm { question, .. } => {
            (LegKind::Question, text(question))
        }
        NodeKind::Ask(ask) => (LegKind::Question, text(&ask.question)),
        NodeKind::Item { text: item, .. }
        | NodeKind::Approve { text: item, .. }
        | NodeKind::Todo(item) => (LegKind::Question, text(item)),
        NodeKind::Decide { matrix, .. } => {
            let matrix = &plan.matrices[matrix.index()];
            let inputs: Vec<&str> = matrix.inputs.iter().map(|input| &*input.name).collect();
            (LegKind::Question, inputs.join(", "))
        }
        NodeKind::Notify(message) => (
            LegKind::Message,
            plan.messages[message.index()].name.clone(),
        ),
        NodeKind::Let {
            value: LetValue::Command(command),
            ..
        }
        | NodeKind::Command { command, .. } => {
            let script = plan.commands[command.index()].scripts.first();
            let script = script.map_or("", |script| script.text.source.trim());
            (
                LegKind::Command,
                script.lines().next().unwrap_or("").to_owned(),
            )
        }
        NodeKind::Let {
            value: LetValue::Request(request),
            ..
        }
        | NodeKind::Request { request, .. } => {
            let request = &plan.requests[request.index()];
            (
                LegKind::Command,
                format!("{} {}", request.method, request.url.source),
            )
        }
        NodeKind::Snapshot { name, .. } => (LegKind::Command, format!("snapshot {name}")),
        _ => (LegKind::Command, String::new()),
    }
}
