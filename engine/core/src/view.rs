//! Where a run stands, for a person: made from the plan and the state, by everything that shows a run.

use serde::Serialize;

use crate::clock::Deadline;
use crate::effect::{EffectId, EndWhy};
use crate::frame::{Frame, ScopeKind};
use crate::names::{Seen, join_path, segments};
use crate::prompt::Prompt;
use crate::state::{FiberId, PendingKind, State, TimerKind, UndoMark, Waiting};
use runbook_plan::Plan;
use runbook_plan::expr::Template;
use runbook_plan::ids::NodeId;
use runbook_plan::plan::{NodeKind, Outcome};
use runbook_plan::value::Value;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    pub title: String,
    /// The run's id.
    pub run: String,
    pub operator: String,
    /// What started it by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// Titles of the sections, procedures and attempts around where the run stands, outermost first.
    pub within: Vec<String>,
    pub step: Option<StepView>,
    /// Running clocks, the next to pass first: the attempt's, the section's, the severity's, the objective's.
    pub clocks: Vec<ClockView>,
    pub severity: Option<String>,
    pub running: Vec<RunningView>,
    pub prompts: Vec<(EffectId, Prompt)>,
    /// What the run waits for, where it waits.
    pub waiting: Option<WaitView>,
    /// Titles of the next steps, as far as the plan alone can say.
    pub next: Vec<String>,
    pub phase: Phase,
    /// Steps that an undo could take back, newest first, by path.
    pub undoable: Vec<String>,
    /// Checkpoints passed, by path, newest first.
    pub checkpoints: Vec<String>,
    /// Bound names and their values as a person would read them; secrets by name.
    pub values: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    Step,
    Checkpoint,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepView {
    /// For the screen; a program has the plan.
    #[serde(skip)]
    pub kind: StepKind,
    pub path: String,
    pub title: String,
    /// The k of "step k of n", from 1.
    pub number: usize,
    /// All steps of the plan that this run may still meet or has met.
    pub of: usize,
    pub attempt: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClockView {
    pub what: String,
    pub deadline: Deadline,
    pub started: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunningView {
    pub effect: EffectId,
    pub path: String,
    pub command: String,
    /// The machine it runs on, by its name in the runbook; missing, this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Milliseconds since 1970, UTC.
    pub since: i64,
    pub deadline: Option<Deadline>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaitView {
    pub what: String,
    pub until: Option<Deadline>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    #[default]
    Preparing,
    Running,
    Undoing,
    Parked {
        why: String,
    },
    Ended {
        outcome: Outcome,
        text: String,
        why: EndWhy,
    },
}

/// How far ahead the next steps are looked for.
const AHEAD: usize = 3;
/// A screen holds no more: the newest checkpoints, undoable steps and values.
const LISTED: usize = 100;
/// How many statements are looked over for them.
const LOOKED_OVER: usize = 64;

/// Where the run stands. Costs as much as the run is deep, whatever its length.
pub fn view(plan: &Plan, state: &State) -> View {
    let mut view = View {
        run: state.started.run.clone(),
        operator: state.started.operator.clone(),
        trigger: state.started.trigger.clone(),
        title: plan.title.clone(),
        severity: state.severity.clone(),
        phase: phase(state),
        prompts: state
            .prompts()
            .map(|(id, prompt)| (id, prompt.clone()))
            .collect(),
        checkpoints: state
            .checkpoints
            .iter()
            .rev()
            .filter(|passed| passed.node != crate::flow::root::NO_NODE)
            .take(LISTED)
            .map(|passed| passed.path.clone())
            .collect(),
        undoable: state
            .undo
            .iter()
            .rev()
            .take(LISTED)
            .take_while(|(_, mark)| matches!(mark, UndoMark::Step(_)))
            .map(|(_, mark)| mark.path().to_owned())
            .collect(),
        ..View::default()
    };
    for (id, pending) in &state.pending {
        let (path, command, on, deadline) = match &pending.kind {
            PendingKind::Run(run) => {
                let on = run.on.as_ref().map(|on| on.name.clone());
                (&run.path, &run.shown, on, run.deadline.clone())
            }
            PendingKind::Request(request) => (&request.path, &request.shown, None, None),
            _ => continue,
        };
        view.running.push(RunningView {
            effect: *id,
            path: path.clone(),
            command: command.clone(),
            on,
            since: pending.since.wall,
            deadline,
        });
    }
    for timer in state.timers.values() {
        let what = match &timer.kind {
            TimerKind::Within { what, .. } => what.clone(),
            TimerKind::Severity(name) => format!("severity {name}"),
            TimerKind::Objective => "objective".to_owned(),
            _ => continue,
        };
        view.clocks.push(ClockView {
            what,
            deadline: timer.deadline.clone(),
            started: timer.started.wall,
        });
    }
    let Some(main) = state.fibers.keys().next().copied() else {
        return view;
    };
    let shown = Shown { plan, state };
    // The step shown is of the run's own fiber; where that waits for branches, of the first branch.
    let mut at = Some(main);
    while let Some(fiber) = at {
        shown.fiber(fiber, &mut view);
        at = state
            .fibers
            .get(&fiber)
            .and_then(|fiber| fiber.children.first().copied());
    }
    view.next.truncate(AHEAD);
    let names = &state.fibers[&main].env;
    for (var, value) in names.iter().skip(names.len().saturating_sub(LISTED)) {
        let shown = match value {
            Value::Secret(secret) => match plan.secrets.get(secret.0 as usize) {
                Some(secret) => format!("‹{}›", secret.name),
                None => "‹secret›".into(),
            },
            value => runbook_plan::show::value(value),
        };
        view.values
            .push((plan.vars[var.index()].name.clone(), shown));
    }
    view
}

fn phase(state: &State) -> Phase {
    match &state.phase {
        crate::state::Phase::New | crate::state::Phase::Preparing => Phase::Preparing,
        crate::state::Phase::Running => Phase::Running,
        crate::state::Phase::Undoing => Phase::Undoing,
        crate::state::Phase::Parked { why } => Phase::Parked { why: why.clone() },
        crate::state::Phase::Ended { outcome, text, why } => Phase::Ended {
            outcome: *outcome,
            text: text.clone(),
            why: *why,
        },
    }
}

struct Shown<'a> {
    plan: &'a Plan,
    state: &'a State,
}

impl Shown<'_> {
    fn text(&self, fiber: FiberId, template: &Template) -> String {
        let seen = Seen::new(self.plan, self.state, fiber);
        crate::fill::fill(template, &seen).unwrap_or_else(|_| template.source.clone())
    }

    fn fiber(&self, id: FiberId, view: &mut View) {
        let Some(fiber) = self.state.fibers.get(&id) else {
            return;
        };
        let mut next = Vec::new();
        for (depth, slot) in fiber.frames.iter().enumerate() {
            match &slot.frame {
                Frame::Scope(scope) => match scope.kind {
                    ScopeKind::Step(node) | ScopeKind::Checkpoint(node) => {
                        let title = match &self.plan.nodes[node.index()].kind {
                            NodeKind::Step { title, .. } | NodeKind::Checkpoint { title, .. } => {
                                self.text(id, title)
                            }
                            _ => String::new(),
                        };
                        let met = self.state.progress.met;
                        view.step = Some(StepView {
                            kind: match scope.kind {
                                ScopeKind::Checkpoint(_) => StepKind::Checkpoint,
                                _ => StepKind::Step,
                            },
                            path: self.path(id, depth + 1),
                            title,
                            number: met.max(1),
                            of: self.state.progress.expected.max(met).max(1),
                            attempt: scope.attempt,
                        });
                    }
                    ScopeKind::Section(node) => {
                        if let NodeKind::Section { title, .. } = &self.plan.nodes[node.index()].kind
                        {
                            view.within.push(self.text(id, title));
                        }
                    }
                    _ => {}
                },
                Frame::Attempt(attempt) => {
                    if let NodeKind::Attempt { title, .. } =
                        &self.plan.nodes[attempt.node.index()].kind
                    {
                        view.within.push(self.text(id, title));
                    }
                }
                Frame::Call(call) => {
                    if let NodeKind::Do { procedure, .. } = &self.plan.nodes[call.node.index()].kind
                    {
                        let title = &self.plan.procedures[procedure.index()].title;
                        view.within.push(self.text(id, title));
                    }
                }
                Frame::Sleep(sleep) => {
                    view.waiting = Some(WaitView {
                        what: sleep.what.clone(),
                        until: Some(sleep.until.clone()),
                    });
                }
                Frame::Until(until) => {
                    view.waiting = Some(WaitView {
                        what: until.what.clone(),
                        until: until.deadline.clone(),
                    });
                }
                Frame::Seq(seq) => {
                    let nodes = &self.plan.blocks[seq.block.index()].nodes;
                    let end = seq.end.min(nodes.len());
                    // One that is held has not begun what it stands at. Of a branch its `parallel` says so.
                    let held = fiber.waiting == Waiting::Held && depth + 1 == fiber.frames.len();
                    let from = match held && seq.end != seq.at + 1 {
                        true => seq.at,
                        false => seq.at + 1,
                    };
                    next.splice(0..0, self.ahead(id, &nodes[from.min(end)..end]));
                }
                Frame::Parallel(parallel) => {
                    let nodes = &self.plan.blocks[parallel.block.index()].nodes;
                    let held = fiber
                        .children
                        .iter()
                        .filter_map(|child| self.held_at(*child));
                    let mut waiting: Vec<NodeId> = held.collect();
                    waiting.extend(&nodes[parallel.at.min(nodes.len())..]);
                    next.splice(0..0, self.ahead(id, &waiting));
                }
                _ => {}
            }
        }
        // What is ahead of the innermost block comes first.
        next.append(&mut view.next);
        view.next = next;
    }

    /// The statement that a branch would begin with, were it not held.
    fn held_at(&self, branch: FiberId) -> Option<NodeId> {
        let fiber = self.state.fibers.get(&branch)?;
        match &fiber.frames.last()?.frame {
            Frame::Seq(seq) if fiber.waiting == Waiting::Held => {
                let nodes = &self.plan.blocks[seq.block.index()].nodes;
                nodes.get(seq.at).copied()
            }
            _ => None,
        }
    }

    /// Titles of the first of these statements that have one.
    fn ahead(&self, id: FiberId, nodes: &[NodeId]) -> Vec<String> {
        let titles = nodes.iter().take(LOOKED_OVER).filter_map(|node| {
            match &self.plan.nodes[node.index()].kind {
                NodeKind::Step { title, .. }
                | NodeKind::Section { title, .. }
                | NodeKind::Checkpoint { title, .. }
                | NodeKind::Attempt { title, .. } => Some(self.text(id, title)),
                NodeKind::Do { procedure, .. } => {
                    let title = &self.plan.procedures[procedure.index()].title;
                    Some(title.source.clone())
                }
                _ => None,
            }
        });
        titles.take(AHEAD).collect()
    }

    fn path(&self, id: FiberId, depth: usize) -> String {
        join_path(&segments(self.plan, self.state, id, depth))
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
