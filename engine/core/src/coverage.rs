//! What of a plan runs have come to: statements, steps, arms of branches, rows of matrices, undo blocks.

use std::collections::BTreeSet;

use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::ids::{BlockId, MatrixId, NodeId};
use runbook_plan::plan::{NodeKind, Policies};
use runbook_plan::show;

use crate::state::State;
use crate::walk::{self, Calls, Met};

/// What one run has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reached {
    blocks: Bits,
    nodes: Bits,
    passed: Bits,
    /// A row by its index.
    rows: BTreeSet<(MatrixId, usize)>,
}

impl Reached {
    pub(crate) fn block(&mut self, id: BlockId) {
        self.blocks.set(id.index());
    }

    pub(crate) fn node(&mut self, id: NodeId) {
        self.nodes.set(id.index());
    }

    pub(crate) fn passed(&mut self, id: NodeId) {
        self.passed.set(id.index());
    }

    pub(crate) fn row(&mut self, matrix: MatrixId, row: usize) {
        self.rows.insert((matrix, row));
    }

    /// Whether the run came there.
    pub fn has(&self, place: Place) -> bool {
        match place {
            Place::Block(id) => self.blocks.has(id.index()),
            Place::Node(id) => self.nodes.has(id.index()),
            Place::Past(id) => self.passed.has(id.index()),
            Place::Row(matrix, row) => self.rows.contains(&(matrix, row)),
        }
    }

    /// Takes in what another run has come to.
    pub fn add(&mut self, other: &Reached) {
        self.blocks.add(&other.blocks);
        self.nodes.add(&other.nodes);
        self.passed.add(&other.passed);
        self.rows.extend(&other.rows);
    }
}

/// A set of indexes, a bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, index: usize) {
        let (word, bit) = (index / 64, index % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    fn has(&self, index: usize) -> bool {
        let word = self.0.get(index / 64);
        word.is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn add(&mut self, other: &Bits) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
}

impl State {
    pub fn reached(&self) -> &Reached {
        &self.reached
    }
}

/// Where a run may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It was entered.
    Block(BlockId),
    /// It was begun, whatever came of it.
    Node(NodeId),
    /// It was gone on from, to what comes next.
    Past(NodeId),
    /// A row by its index.
    Row(MatrixId, usize),
}

/// What a place is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Step,
    Arm,
    Row,
    Undo,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Step, Kind::Arm, Kind::Row, Kind::Undo];

    /// Several of them, as a report says it.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Step => "steps",
            Kind::Arm => "arms",
            Kind::Row => "matrix rows",
            Kind::Undo => "undo blocks",
        }
    }
}

/// A place that scenarios should come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    pub kind: Kind,
    pub place: Place,
    /// What it is, for a person: `step quick_fix`, `row 3 of triage`.
    pub title: String,
    pub span: Span,
}

/// Every place of the flow and of what it calls, in order of the text, each once. A module's procedure that nothing
/// calls does not count.
pub fn goals(plan: &Plan) -> Vec<Goal> {
    let mut goals = Vec::new();
    let Some(root) = plan.root else {
        return goals;
    };
    let mut blocks = vec![root];
    let mut matrices = BTreeSet::new();
    walk::block(plan, root, Calls::Follow, &mut |met| {
        let Met::Node(id) = met else {
            return;
        };
        let kind = &plan.nodes[id.index()].kind;
        let mut arm = |title: String, block: BlockId| {
            goals.push(Goal {
                kind: Kind::Arm,
                place: Place::Block(block),
                title,
                span: plan.blocks[block.index()].span,
            });
        };
        match kind {
            NodeKind::If { arms, otherwise } => {
                for (at, (_, block)) in arms.iter().enumerate() {
                    let word = if at == 0 { "if" } else { "else if" };
                    arm(format!("`{word}`"), *block);
                }
                if let Some(block) = otherwise {
                    arm("`else`".into(), *block);
                }
            }
            NodeKind::Choose { question, arms, .. } => {
                for one in arms {
                    let title = format!("“{}” of “{}”", one.label.source, question.source);
                    arm(title, one.block);
                }
            }
            NodeKind::Decide { matrix, arms, .. } => {
                for one in arms {
                    let values: Vec<String> = one.values.iter().map(show::value).collect();
                    let name = &plan.matrices[matrix.index()].name;
                    arm(format!("{} of {name}", values.join(", ")), one.block);
                }
                matrices.insert(*matrix);
            }
            NodeKind::Attempt {
                name,
                otherwise: Some(block),
                ..
            } => arm(format!("`otherwise` of {name}"), *block),
            NodeKind::Step { name, block, .. } => goals.push(Goal {
                kind: Kind::Step,
                place: Place::Block(*block),
                title: format!("step {name}"),
                span: plan.nodes[id.index()].span,
            }),
            _ => {}
        }
        blocks.extend(walk::inner_blocks(plan, kind));
    });
    for block in blocks {
        let Policies {
            undo, on_failure, ..
        } = &plan.blocks[block.index()].policies;
        let handlers = [
            (Kind::Undo, "`undo`", undo),
            (Kind::Arm, "`on failure`", on_failure),
        ];
        for (kind, title, handler) in handlers {
            if let Some(handler) = handler {
                goals.push(Goal {
                    kind,
                    place: Place::Block(*handler),
                    title: title.into(),
                    span: plan.blocks[handler.index()].span,
                });
            }
        }
    }
    for id in matrices {
        let matrix = &plan.matrices[id.index()];
        for (at, row) in matrix.rows.iter().enumerate() {
            goals.push(Goal {
                kind: Kind::Row,
                place: Place::Row(id, at),
                title: format!("row {} of {}", at + 1, matrix.name),
                span: row.span,
            });
        }
    }
    goals.sort_by_key(|goal| (goal.span, goal.kind, goal.place));
    goals.dedup_by_key(|goal| (goal.kind, goal.place));
    goals
}

#[cfg(test)]
#[path = "coverage_tests.rs"]
mod tests;
