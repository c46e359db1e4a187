//! From a node to the blocks inside it, for those who look a plan over.

use crate::ids::BlockId;
use crate::plan::NodeKind;

/// The blocks that stand in a node itself, in the order of the text; not those of a procedure it calls.
pub fn blocks(kind: &NodeKind) -> Vec<BlockId> {
    match kind {
        NodeKind::Section { block, .. }
        | NodeKind::Step { block, .. }
        | NodeKind::Checkpoint { block, .. }
        | NodeKind::Parallel { block, .. }
        | NodeKind::For { block, .. }
        | NodeKind::WaitUpTo { block, .. }
        | NodeKind::Watch { block, .. }
        | NodeKind::Check { block, .. } => vec![*block],
        NodeKind::Attempt {
            block, otherwise, ..
        } => std::iter::once(*block).chain(*otherwise).collect(),
        NodeKind::If { arms, otherwise } => arms
            .iter()
            .map(|(_, block)| *block)
            .chain(*otherwise)
            .collect(),
        NodeKind::Choose { arms, .. } => arms.iter().map(|arm| arm.block).collect(),
        NodeKind::Decide { arms, .. } => arms.iter().map(|arm| arm.block).collect(),
        _ => Vec::new(),
    }
}
