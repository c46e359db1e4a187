//! `--from STEP`: the run begins in the middle, and says what it thereby lacks.

use runbook_grammar::nearest;
use runbook_plan::Plan;
use runbook_plan::ids::{BlockId, NodeId, VarId};
use runbook_plan::plan::NodeKind;
use runbook_plan::value::Type;

use crate::effect::Notice;
use crate::eval::Scope as _;
use crate::flow::{attempt, scope, seq};
use crate::frame::*;
use crate::machine::Machine;
use crate::names::node_name;
use crate::state::FiberId;
use crate::walk::{self, Calls, Met};
use std::collections::BTreeSet;

/// A block on the way to the step, and the statement in it that leads on.
#[derive(Clone, Copy)]
struct Hop {
    block: BlockId,
    at: usize,
    /// The statement that the block stands in.
    through: Option<NodeId>,
}

/// Why a run cannot start at the step that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoStart {
    /// Nothing has this name. `steps` are the paths of all steps, sorted; `near` is the place that was
    /// probably meant, among those that a run can start at.
    Unknown {
        wanted: String,
        steps: Vec<String>,
        near: Option<String>,
    },
    /// The paths of all that have it, sorted.
    Several { wanted: String, paths: Vec<String> },
    /// It stands in a `for` or a `parallel`, which is entered whole. `holder` is the path of the innermost
    /// section, checkpoint or step that holds the construct.
    Inside {
        wanted: String,
        construct: &'static str,
        holder: Option<String>,
    },
    /// A module, or scenarios.
    NoFlow,
}

/// So many steps of a runbook are listed to somebody who named none of them.
const FEW: usize = 12;

impl NoStart {
    /// The way out, one imperative sentence.
    pub fn help(&self) -> String {
        match self {
            NoStart::Unknown {
                near: Some(near), ..
            } => format!("Write `--from {near}`."),
            NoStart::Unknown { .. } => "Name a step as `runbook render` shows it.".into(),
            NoStart::Several { .. } => "Name one of them by its path.".into(),
            NoStart::Inside {
                holder: Some(holder),
                construct,
                ..
            } => format!("Start at `{holder}`, which holds the `{construct}`."),
            NoStart::Inside { construct, .. } => format!(
                "Put a `section` around the `{construct}` and start there; `done if` passes over what is already done."
            ),
            NoStart::NoFlow => "Start a runbook that has steps.".into(),
        }
    }
}

fn last_name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

impl std::fmt::Display for NoStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoStart::Unknown { wanted, steps, .. } if steps.is_empty() => {
                write!(f, "there is no step `{wanted}`, for the runbook has none")
            }
            NoStart::Unknown { wanted, steps, .. } if steps.len() <= FEW => write!(
                f,
                "there is no step `{wanted}`; the steps are: {}",
                steps.join(", ")
            ),
            NoStart::Unknown { wanted, steps, .. } => write!(
                f,
                "there is no step `{wanted}` among the {} of the runbook",
                steps.len()
            ),
            NoStart::Several { wanted, paths } => {
                write!(f, "`{wanted}` is the name of several: {}", paths.join(", "))
            }
            NoStart::Inside {
                wanted, construct, ..
            } => write!(
                f,
                "a run cannot start at `{wanted}`: it stands in a `{construct}`, which is entered whole"
            ),
            NoStart::NoFlow => write!(f, "the runbook has no steps"),
        }
    }
}

impl From<NoStart> for String {
    fn from(why: NoStart) -> String {
        why.to_string()
    }
}

/// Whether a run can start at the step of this name or path; asked before there is a run.
///
/// # Errors
/// Why it cannot.
pub fn can_start_at(plan: &Plan, wanted: &str) -> Result<(), NoStart> {
    way(plan, wanted).map(drop)
}

/// The way to the step of this name or path; its last hop holds the step itself.
fn way(plan: &Plan, wanted: &str) -> Result<Vec<Hop>, NoStart> {
    let root = plan.root.ok_or(NoStart::NoFlow)?;
    // Depth is bounded by the language's nesting and by procedures that never call themselves.
    let mut found: Vec<(String, Vec<Hop>)> = Vec::new();
    let mut steps = Vec::new();
    let mut places = Vec::new();
    let mut stack = vec![(root, Vec::new(), String::new(), None)];
    while let Some((block, hops, path, through)) = stack.pop() {
        for (at, node) in plan.blocks[block.index()].nodes.iter().enumerate() {
            let kind = &plan.nodes[node.index()].kind;
            let here = longer(plan, &path, *node);
            let mut hops: Vec<Hop> = hops.clone();
            hops.push(Hop { block, at, through });
            if is_place(kind) {
                if here == wanted || here.ends_with(&format!(".{wanted}")) {
                    found.push((here.clone(), hops.clone()));
                }
                if matches!(kind, NodeKind::Step { .. }) {
                    steps.push(here.clone());
                }
                if entered_whole(plan, &hops).is_none() {
                    places.push(here.clone());
                }
            }
            for inner in walk::inner_blocks(plan, kind) {
                stack.push((inner, hops.clone(), here.clone(), Some(*node)));
            }
        }
    }
    if let Some(exact) = found.iter().position(|(path, _)| path == wanted) {
        found = vec![found.swap_remove(exact)];
    }
    let wanted = wanted.to_owned();
    match found.len() {
        0 => {
            steps.sort();
            let paths = places.iter().map(String::as_str);
            let near = nearest(&wanted, paths.clone().chain(paths.map(last_name)));
            Err(NoStart::Unknown {
                near: near.map(str::to_owned),
                wanted,
                steps,
            })
        }
        1 => {
            let (_, hops) = found.swap_remove(0);
            match entered_whole(plan, &hops) {
                Some((construct, holder)) => Err(NoStart::Inside {
                    wanted,
                    construct,
                    holder,
                }),
                None => Ok(hops),
            }
        }
        _ => {
            let mut paths: Vec<String> = found.into_iter().map(|(path, _)| path).collect();
            paths.sort();
            Err(NoStart::Several { wanted, paths })
        }
    }
}

/// Where `--from` can begin.
fn is_place(kind: &NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Step { .. } | NodeKind::Checkpoint { .. } | NodeKind::Section { .. }
    )
}

fn longer(plan: &Plan, path: &str, node: NodeId) -> String {
    match node_name(plan, node) {
        Some(name) if path.is_empty() => name,
        Some(name) => format!("{path}.{name}"),
        None => path.to_owned(),
    }
}

/// The first `for` or `parallel` on the way, and the innermost named place around it.
fn entered_whole(plan: &Plan, hops: &[Hop]) -> Option<(&'static str, Option<String>)> {
    let mut path = String::new();
    let mut holder = None;
    for hop in hops {
        let Some(node) = hop.through else { continue };
        let kind = &plan.nodes[node.index()].kind;
        path = longer(plan, &path, node);
        match kind {
            NodeKind::For { .. } => return Some(("for", holder)),
            NodeKind::Parallel { .. } => return Some(("parallel", holder)),
            kind if is_place(kind) && node_name(plan, node).is_some() => {
                holder = Some(path.clone());
            }
            _ => {}
        }
    }
    None
}

/// The values and checkpoints that a start in the middle lacks, to be asked for.
pub(crate) fn lacks(m: &mut Machine<'_>, f: FiberId) -> Result<Vec<InputSource>, String> {
    let plan = m.plan;
    let wanted = m.s.started.from.clone().unwrap_or_default();
    let hops = way(plan, &wanted)?;
    m.tell(Notice::Deviation {
        path: wanted.clone(),
        what: format!("started at {wanted}"),
        reason: "--from".into(),
        by: m.s.operator.clone(),
    });
    let mut sources = Vec::new();
    for hop in &hops {
        for node in &plan.blocks[hop.block.index()].nodes[..hop.at] {
            if matches!(plan.nodes[node.index()].kind, NodeKind::Checkpoint { .. }) {
                sources.push(InputSource::Checkpoint(*node));
            }
        }
    }
    let mut bound: BTreeSet<VarId> = BTreeSet::new();
    let mut lacking: Vec<VarId> = Vec::new();
    let mut read = |m: &Machine<'_>, bound: &BTreeSet<VarId>, var: VarId| {
        let optional = matches!(plan.vars[var.index()].ty, Type::Optional(_));
        if !optional
            && !bound.contains(&var)
            && m.seen(f).var(var).is_none()
            && !lacking.contains(&var)
        {
            lacking.push(var);
        }
    };
    for hop in &hops {
        let Some(node) = hop.through else { continue };
        if let NodeKind::Do {
            procedure, args, ..
        } = &plan.nodes[node.index()].kind
        {
            // The call gets its values from what its arguments read.
            for (var, value) in args {
                walk::expr(plan, value, &mut |met| {
                    if let Met::Reads(var) = met {
                        read(m, &bound, var);
                    }
                });
                bound.insert(*var);
            }
            for (var, _) in &plan.procedures[procedure.index()].params {
                bound.insert(*var);
            }
        }
    }
    // The innermost block goes on at the step, each outer one behind the statement that leads inwards.
    for (level, hop) in hops.iter().enumerate().rev() {
        let innermost = level + 1 == hops.len();
        let from = if innermost { hop.at } else { hop.at + 1 };
        for node in &plan.blocks[hop.block.index()].nodes[from..] {
            walk::node(plan, *node, Calls::Follow, &mut |met| match met {
                Met::Reads(var) => read(m, &bound, var),
                Met::Binds(var) => {
                    bound.insert(var);
                }
                _ => {}
            });
        }
    }
    sources.extend(lacking.into_iter().map(InputSource::Name));
    Ok(sources)
}

/// The frames of a run that stands at the step.
pub(crate) fn frames(m: &mut Machine<'_>, f: FiberId) -> Result<Vec<Frame>, String> {
    let plan = m.plan;
    let wanted = m.s.started.from.clone().unwrap_or_default();
    let hops = way(plan, &wanted)?;
    let mut frames = Vec::new();
    let mut skipped = 0;
    for hop in &hops {
        let mut kind = ScopeKind::Plain;
        if let Some(node) = hop.through {
            match &plan.nodes[node.index()].kind {
                NodeKind::Section { .. } => kind = ScopeKind::Section(node),
                NodeKind::Attempt {
                    block, otherwise, ..
                } if *block == hop.block => {
                    frames.push(attempt::new(m, node, *block, *otherwise));
                    kind = ScopeKind::Attempt;
                }
                NodeKind::Do {
                    settings,
                    procedure,
                    args,
                    ..
                } => {
                    for (var, value) in args {
                        if m.seen(f).var(*var).is_none()
                            && let Ok(value) = m.eval(f, value)
                        {
                            m.bind(f, *var, value);
                        }
                    }
                    for (var, default) in &plan.procedures[procedure.index()].params {
                        if m.seen(f).var(*var).is_none()
                            && let Some(default) = default
                            && let Ok(value) = m.eval(f, default)
                        {
                            m.bind(f, *var, value);
                        }
                    }
                    // The frames are not in place yet, so a call inside this one finds its surroundings here.
                    let surroundings = crate::flow::starting::surroundings(m, f, *settings)?;
                    m.fiber_mut(f).surroundings.clone_from(&surroundings);
                    frames.push(Frame::Call(Box::new(Call { node, surroundings })));
                    kind = ScopeKind::Procedure;
                }
                _ => {}
            }
        }
        if let Frame::Scope(mut around) = scope::new(hop.block, kind) {
            around.stage = Stage::Body;
            around.started = m.s.now;
            frames.push(Frame::Scope(around));
        }
        for node in &plan.blocks[hop.block.index()].nodes[..hop.at] {
            skipped += walk::inner_blocks(plan, &plan.nodes[node.index()].kind)
                .into_iter()
                .map(|block| m.steps_in(block))
                .sum::<usize>();
            skipped += usize::from(matches!(
                plan.nodes[node.index()].kind,
                NodeKind::Step { .. }
            ));
        }
        frames.push(seq::at(hop.block, hop.at, SeqMode::Flow));
    }
    m.fiber_mut(f).surroundings = None;
    m.s.progress.expected = m.s.progress.expected.saturating_sub(skipped);
    Ok(frames)
}
