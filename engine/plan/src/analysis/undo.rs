//! What can be taken back, and from where nothing can.

use std::collections::BTreeSet;

use serde::Serialize;

use super::walk::{self, Calls, Met};
use crate::command::Mark;
use crate::ids::{BlockId, CommandId};
use crate::plan::*;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Undo {
    /// The start of the run and each checkpoint, in the order of the text.
    pub gates: Vec<Gate>,
    pub no_return: Vec<NoReturn>,
}

/// A place that a run can go back to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// Missing: the start of the run.
    pub path: Option<String>,
    pub title: String,
    /// Paths of the steps that act after it and before the next one, by what becomes of them when the run goes back.
    pub undone: Vec<String>,
    /// They stay, and are safe to run again.
    pub repeatable: Vec<String>,
    pub irreversible: Vec<String>,
    /// They say nothing.
    pub unsaid: Vec<String>,
}

impl Gate {
    /// How many steps act after it.
    pub fn acts(&self) -> usize {
        self.undone.len() + self.repeatable.len() + self.irreversible.len() + self.unsaid.len()
    }
}

/// A step that nothing goes back across.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoReturn {
    pub path: String,
    pub title: String,
    pub why: String,
    /// The checkpoint before it in the text, and so the last one that is out of reach after it.
    pub after: Option<String>,
}

pub fn undo(plan: &Plan) -> Undo {
    let mut undo = Undo {
        gates: vec![Gate {
            title: "the start".to_owned(),
            ..Gate::default()
        }],
        no_return: Vec::new(),
    };
    walk::walk(plan, Calls::Each, &mut |met, path| {
        let Met::Node(id) = met else { return };
        match &plan.nodes[id.index()].kind {
            NodeKind::Checkpoint { title, .. } => undo.gates.push(Gate {
                path: Some(path.to_owned()),
                title: title.source.clone(),
                ..Gate::default()
            }),
            NodeKind::Step { title, block, .. } => {
                let policies = &plan.blocks[block.index()].policies;
                let Some(gate) = undo.gates.last_mut() else {
                    return;
                };
                let kept = match policies {
                    Policies {
                        irreversible: Some(why),
                        ..
                    } => {
                        if undo.no_return.iter().all(|point| point.path != path) {
                            undo.no_return.push(NoReturn {
                                path: path.to_owned(),
                                title: title.source.clone(),
                                why: why.source.clone(),
                                after: gate.path.clone(),
                            });
                        }
                        &mut gate.irreversible
                    }
                    _ if !acts(plan, *block) => return,
                    Policies { undo: Some(_), .. } => &mut gate.undone,
                    Policies {
                        repeatable: Some(_),
                        ..
                    } => &mut gate.repeatable,
                    _ => &mut gate.unsaid,
                };
                // Calls of one name in two arms are one and the same to whoever reads this.
                if !kept.iter().any(|known| known == path) {
                    kept.push(path.to_owned());
                }
            }
            _ => {}
        }
    });
    undo
}

/// Whether something in a block acts, its handlers aside.
fn acts(plan: &Plan, block: BlockId) -> bool {
    let acting = |command: CommandId| plan.commands[command.index()].mark == Mark::Act;
    let mut open = vec![block];
    let mut seen = BTreeSet::new();
    while let Some(block) = open.pop() {
        if !seen.insert(block) {
            continue;
        }
        for node in &plan.blocks[block.index()].nodes {
            let kind = &plan.nodes[node.index()].kind;
            let acts = match kind {
                NodeKind::Command { command, .. }
                | NodeKind::Let {
                    value: LetValue::Command(command),
                    ..
                } => acting(*command),
                NodeKind::Request { request, .. }
                | NodeKind::Let {
                    value: LetValue::Request(request),
                    ..
                } => plan.requests[request.index()].mark == Mark::Act,
                _ => false,
            };
            if acts {
                return true;
            }
            if let NodeKind::Do { procedure, .. } = kind {
                open.push(plan.procedures[procedure.index()].block);
            }
            open.extend(crate::walk::blocks(kind));
        }
    }
    false
}
