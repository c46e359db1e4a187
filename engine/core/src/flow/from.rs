//! `--from STEP`: the run begins in the middle, and says what it thereby lacks.

use runbook_plan::ids::{BlockId, NodeId, VarId};
use runbook_plan::plan::NodeKind;
use runbook_plan::value::Type;

use crate::effect::Notice;
use crate::eval::Scope as _;
use crate::flow::{attempt, scope, seq};
use crate::frame::*;
use crate::machine::Machine;
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

/// The way to the step of this name or path; its last hop holds the step itself.
fn way(m: &Machine<'_>, wanted: &str) -> Result<Vec<Hop>, String> {
    let plan = m.plan;
    let Some(root) = plan.root else {
        return Err("the runbook has no steps".into());
    };
    // Depth is bounded by the language's nesting and by procedures that never call themselves.
    let mut found: Vec<(String, Vec<Hop>)> = Vec::new();
    let mut names = Vec::new();
    let mut stack = vec![(root, Vec::new(), String::new(), None)];
    while let Some((block, hops, path, through)) = stack.pop() {
        for (at, node) in plan.blocks[block.index()].nodes.iter().enumerate() {
            let kind = &plan.nodes[node.index()].kind;
            let name = m.node_name(*node);
            let here = match &name {
                Some(name) if path.is_empty() => name.clone(),
                Some(name) => format!("{path}.{name}"),
                None => path.clone(),
            };
            let mut hops: Vec<Hop> = hops.clone();
            hops.push(Hop { block, at, through });
            if matches!(
                kind,
                NodeKind::Step { .. } | NodeKind::Checkpoint { .. } | NodeKind::Section { .. }
            ) {
                if here == wanted || here.ends_with(&format!(".{wanted}")) {
                    found.push((here.clone(), hops.clone()));
                }
                if matches!(kind, NodeKind::Step { .. }) {
                    names.push(here.clone());
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
    match found.len() {
        0 => {
            names.sort();
            Err(format!(
                "there is no step `{wanted}`; the steps are: {}",
                names.join(", ")
            ))
        }
        1 => {
            let (_, hops) = found.swap_remove(0);
            for hop in &hops {
                if let Some(node) = hop.through
                    && matches!(
                        plan.nodes[node.index()].kind,
                        NodeKind::For { .. } | NodeKind::Parallel { .. }
                    )
                {
                    return Err(format!(
                        "a run cannot start at `{wanted}`: it stands in a loop or a `parallel`"
                    ));
                }
            }
            Ok(hops)
        }
        _ => {
            let mut paths: Vec<String> = found.into_iter().map(|(path, _)| path).collect();
            paths.sort();
            Err(format!(
                "`{wanted}` is the name of several: {}",
                paths.join(", ")
            ))
        }
    }
}

/// The values and checkpoints that a start in the middle lacks, to be asked for.
pub(crate) fn lacks(m: &mut Machine<'_>, f: FiberId) -> Result<Vec<InputSource>, String> {
    let plan = m.plan;
    let wanted = m.s.started.from.clone().unwrap_or_default();
    let hops = way(m, &wanted)?;
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
    let hops = way(m, &wanted)?;
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
                    let surroundings = crate::flow::exec::surroundings(m, f, *settings)?;
                    m.fiber_mut(f).surroundings.clone_from(&surroundings);
                    frames.push(Frame::Call(Box::new(Call {
                        node,
                        entered: true,
                        surroundings,
                    })));
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
