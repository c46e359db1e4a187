//! What a run did, or what scenarios come to, laid over a graph.

use super::{Chart, Edge, Graph, Kind, Mark, Node, Shows, Taken};
use runbook_core::coverage::{Place, Reached};
use runbook_core::effect::{EndWhy, Notice};
use runbook_core::view::Phase;
use runbook_plan::Plan;
use runbook_plan::ids::{BlockId, NodeId};
use runbook_plan::plan::NodeKind;
use runbook_plan::walk::blocks;
use std::collections::{BTreeMap, BTreeSet};

/// What a journal tells of the way of a run.
pub struct Walk<'a> {
    pub plan: &'a Plan,
    pub run: &'a str,
    pub phase: &'a Phase,
    pub told: &'a mut dyn Iterator<Item = &'a Notice>,
    pub reached: &'a Reached,
    /// The statements that are under way.
    pub under_way: &'a [NodeId],
}

/// Marks the way of a run; `graph` is of its plan. Of a step that was met more than once the last time counts.
pub fn walk(graph: &mut Graph, walk: Walk<'_>) {
    let mut said: BTreeMap<NodeId, Mark> = BTreeMap::new();
    let mut known: BTreeMap<String, Option<NodeId>> = BTreeMap::new();
    for notice in walk.told {
        let (path, mark) = match notice {
            Notice::StepDone { path, .. } | Notice::CheckpointPassed { path, .. } => {
                (path, Mark::Done)
            }
            Notice::StepSkipped { path, .. } => (path, Mark::Skipped),
            Notice::StepFailed { path, .. } | Notice::AttemptFailed { path, .. } => {
                (path, Mark::Failed)
            }
            Notice::UndoDone { path, .. } => (path, Mark::Undone),
            Notice::UndoFailed { path, .. } => (path, Mark::Failed),
            _ => continue,
        };
        let node = known
            .entry(path.clone())
            .or_insert_with(|| node_at(walk.plan, path));
        if let Some(node) = node {
            said.insert(*node, mark);
        }
    }
    let now: BTreeSet<NodeId> = match walk.phase {
        Phase::Ended { .. } => BTreeSet::new(),
        _ => walk.under_way.iter().copied().collect(),
    };
    let finished = matches!(
        walk.phase,
        Phase::Ended {
            why: EndWhy::Finished,
            ..
        }
    );
    let reached = walk.reached;
    for chart in &mut graph.charts {
        let mut ended = false;
        for node in &mut chart.nodes {
            let Some(of) = node.of else { continue };
            node.mark = if now.contains(&of) {
                Some(Mark::Current)
            } else if let Some(mark) = said.get(&of) {
                Some(*mark)
            } else if !reached.has(Place::Node(of)) {
                None
            } else if came_through(node, of, reached, finished) {
                Some(Mark::Done)
            } else {
                Some(Mark::Failed)
            };
            ended |= node.kind == Kind::End && node.mark.is_some();
        }
        let begun = begun(chart, reached);
        let own = chart.procedure.is_none();
        for node in &mut chart.nodes {
            match (node.kind, node.of) {
                (Kind::Start, _) if begun => node.mark = Some(Mark::Done),
                (Kind::End, None) if own && finished && !ended => node.mark = Some(Mark::Done),
                _ => {}
            }
        }
        ways(chart, reached);
    }
    graph.shows = Some(Shows::Run {
        run: walk.run.to_owned(),
    });
}

/// Whether what was begun and is no more went well, where no notice says so.
fn came_through(node: &Node, of: NodeId, reached: &Reached, finished: bool) -> bool {
    match node.kind {
        // What comes of these is said by what they lead to.
        Kind::Decision | Kind::Attempt | Kind::Fork | Kind::Loop | Kind::End => true,
        // A run may end well in the middle of it.
        Kind::Call => finished || reached.has(Place::Past(of)),
        _ => reached.has(Place::Past(of)),
    }
}

/// Marks what the scenarios of a runbook come to.
pub fn cover(graph: &mut Graph, reached: &Reached) {
    for chart in &mut graph.charts {
        for node in &mut chart.nodes {
            let Some(of) = node.of else { continue };
            let place = node.block.map_or(Place::Node(of), Place::Block);
            node.mark = Some(match reached.has(place) {
                true => Mark::Reached,
                false => Mark::Missed,
            });
        }
        ways(chart, reached);
    }
    graph.shows = Some(Shows::Coverage);
}

fn begun(chart: &Chart, reached: &Reached) -> bool {
    let statements = chart.nodes.iter().filter_map(|node| node.of);
    statements
        .into_iter()
        .any(|of| reached.has(Place::Node(of)))
}

/// A way into blocks was taken where one of them was entered. One that leads on was where what it comes from was gone on from;
/// beside other ways nobody knows, unless those were never taken.
fn ways(chart: &mut Chart, reached: &Reached) {
    let of: BTreeMap<usize, (Option<NodeId>, Kind)> = chart
        .nodes
        .iter()
        .map(|node| (node.id, (node.of, node.kind)))
        .collect();
    let entered = |edge: &Edge| {
        let blocks = edge.into.iter();
        blocks
            .into_iter()
            .any(|block| reached.has(Place::Block(*block)))
    };
    let others: BTreeSet<usize> = chart
        .edges
        .iter()
        .filter(|edge| entered(edge))
        .map(|edge| edge.from)
        .collect();
    let begun = begun(chart, reached);
    for edge in &mut chart.edges {
        let from = of.get(&edge.from).copied();
        edge.taken = match from {
            _ if !edge.into.is_empty() => Some(match entered(edge) {
                true => Taken::Yes,
                false => Taken::No,
            }),
            Some((None, Kind::Start)) if begun => Some(Taken::Yes),
            Some((Some(node), kind)) if reached.has(Place::Past(node)) => match kind {
                Kind::Decision if others.contains(&edge.from) => None,
                _ => Some(Taken::Yes),
            },
            // A condition after another has no statement of its own.
            Some((None, Kind::Decision | Kind::Failure)) => None,
            _ => Some(Taken::No),
        };
    }
}

/// The statement that a path of a run leads to: names from the outermost down, a turn of a loop in brackets behind one.
fn node_at(plan: &Plan, path: &str) -> Option<NodeId> {
    below(plan, plan.root?, &without_turns(path))
}

/// What stands in brackets may itself hold brackets and dots.
fn without_turns(path: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::new();
    for char in path.chars() {
        match char {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            char if depth == 0 => out.push(char),
            _ => {}
        }
    }
    out
}

/// Nesting is bounded by the language, and procedures do not call themselves.
fn below(plan: &Plan, block: BlockId, path: &str) -> Option<NodeId> {
    let block = &plan.blocks[block.index()];
    for id in &block.nodes {
        let kind = &plan.nodes[id.index()].kind;
        let name = match kind {
            NodeKind::Section { name, .. } => name.as_deref(),
            NodeKind::Step { name, .. }
            | NodeKind::Checkpoint { name, .. }
            | NodeKind::Attempt { name, .. }
            | NodeKind::Do { name, .. } => Some(name.as_str()),
            _ => None,
        };
        let rest = match name {
            None => Some(path),
            Some(name) if name == path => return Some(*id),
            Some(name) => path
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('.')),
        };
        let mut inner = blocks(kind);
        if let NodeKind::Do { procedure, .. } = kind {
            inner.push(plan.procedures[procedure.index()].block);
        }
        for (rest, inner) in rest
            .iter()
            .flat_map(|rest| inner.iter().map(move |block| (rest, block)))
        {
            if let Some(found) = below(plan, *inner, rest) {
                return Some(found);
            }
        }
        // An attempt's name stands in front of what it tries, and of what it does otherwise as well or not.
        if let NodeKind::Attempt {
            otherwise: Some(otherwise),
            ..
        } = kind
            && let Some(found) = below(plan, *otherwise, path)
        {
            return Some(found);
        }
    }
    let handlers = [block.policies.on_failure, block.policies.always];
    handlers
        .into_iter()
        .flatten()
        .find_map(|block| below(plan, block, path))
}
