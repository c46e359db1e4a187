//! What a person said, kept for the retries of its step.

use runbook_plan::ids::{MessageId, NodeId};

use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::Answer;
use crate::state::FiberId;

impl Machine<'_> {
    /// An answer is not asked for again when its step is tried again.
    pub(crate) fn remember(
        &mut self,
        f: FiberId,
        node: NodeId,
        part: usize,
        answer: &Answer,
        by: &str,
    ) {
        let iteration = self.iteration(f);
        for id in self.fiber(f).lineage.clone() {
            let Some(fiber) = self.s.fibers.get_mut(&id) else {
                continue;
            };
            for slot in &mut fiber.frames {
                if let Frame::Scope(scope) = &mut slot.frame
                    && scope.kind.is_one_deed()
                {
                    scope.answers.push(Remembered {
                        node,
                        part,
                        iteration: iteration.clone(),
                        answer: answer.clone(),
                        by: by.into(),
                    });
                }
            }
        }
    }

    pub(crate) fn remembered(
        &self,
        f: FiberId,
        node: NodeId,
        part: usize,
    ) -> Option<(Answer, String)> {
        let iteration = self.iteration(f);
        for id in self.fiber(f).lineage.iter().rev() {
            let Some(fiber) = self.s.fibers.get(id) else {
                continue;
            };
            for slot in fiber.frames.iter().rev() {
                if let Frame::Scope(scope) = &slot.frame
                    && let Some(found) = scope.answers.iter().find(|found| {
                        found.node == node && found.part == part && found.iteration == iteration
                    })
                {
                    return Some((found.answer.clone(), found.by.clone()));
                }
            }
        }
        None
    }

    fn message_node(&self, f: FiberId) -> NodeId {
        match self.fiber(f).frames.last().map(|slot| &slot.frame) {
            Some(Frame::Seq(seq)) => self.plan.blocks[seq.block.index()]
                .nodes
                .get(seq.at)
                .copied()
                .unwrap_or(NodeId(u32::MAX)),
            _ => NodeId(u32::MAX),
        }
    }

    pub(crate) fn remember_message(&mut self, f: FiberId, message: MessageId) {
        let node = self.message_node(f);
        self.remember(f, node, message.index(), &Answer::Yes, "");
    }

    pub(crate) fn remembered_message(
        &self,
        f: FiberId,
        message: MessageId,
    ) -> Option<(Answer, String)> {
        self.remembered(f, self.message_node(f), message.index())
    }
}
