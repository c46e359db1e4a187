//! What a block does when it is left, how it is undone, and how its commands hold the terminal.

use super::Resolver;
use super::blocks::{Around, Course, Kind};
use super::places::{self, Place};
use super::policies::Head;
use crate::codes;
use crate::command::Manner;
use crate::ids::*;
use crate::plan::{Judged, NodeKind};
use runbook_grammar::ast::{StmtKind, Undo};
use runbook_grammar::span::Span;

impl<'a> Resolver<'a> {
    /// What happens when the block is left, and how its commands hold the terminal.
    pub(super) fn tail(
        &mut self,
        kind: Kind,
        head: &mut Head<'a>,
        inner: &Around,
        course: &Course<'a>,
        first_command: usize,
        acts: Option<Span>,
    ) {
        if let Some((manner, span)) = head.manner {
            self.manner(manner, span, head.own_timeout, inner, course, first_command);
        }
        let by_hand = course.nodes.iter().all(|node| {
            matches!(
                self.plan.nodes[node.index()].kind,
                NodeKind::Prose(_) | NodeKind::Warning(_)
            )
        });
        if kind == Kind::Step && !head.own_timeout && (by_hand || head.manner.is_some()) {
            // What a person does, or ends, is not cut short by what was meant for commands.
            head.policies.timeout = None;
        }
        let acted = self.deeds;
        let place = match kind {
            Kind::Step => Place::Step,
            _ => Place::Flow,
        };
        if let Some(block) = head.on_failure {
            let mut around = inner.at(place);
            around.in_step = false;
            let done = self.block(Kind::OnFailure, &block.body, block.span, &around);
            head.policies.on_failure = Some(done.id);
        }
        if let Some(block) = head.always {
            let mut around = inner.at(place);
            around.in_step = false;
            around.no_end = Some("`always` runs on the way out, and the way stays as it was");
            let done = self.block(Kind::Always, &block.body, block.span, &around);
            head.policies.always = Some(done.id);
        }
        if let Some((undo, span)) = head.undo {
            head.policies.undo = self.undo(undo, inner);
            if acts.is_none() {
                self.error(
                    codes::UNDO_NOTHING,
                    "a step has an `undo`, and nothing in it acts",
                    match undo {
                        Undo::Block(block) => Span {
                            end: block.span.start,
                            ..span
                        },
                        _ => span,
                    },
                    "nothing to undo",
                    "mark the command that changes something with `$`, or take the `undo` out",
                );
            }
        }
        // What a handler does is not what the block does; but it may still end the run.
        self.deeds = super::blocks::Deeds {
            finishes: self.deeds.finishes,
            busy: self.deeds.busy,
            ..acted
        };
    }

    fn undo(&mut self, undo: &'a Undo, inner: &Around) -> Option<BlockId> {
        let mut around = inner.at(Place::Undo);
        around.in_step = false;
        around.no_end = Some("an `undo` only takes back");
        match undo {
            Undo::Block(block) => Some(self.block(Kind::Undo, &block.body, block.span, &around).id),
            Undo::Command(command) => {
                let id = self.new_block(command.span);
                self.head_of_undo(id, &mut around);
                let node = self.reserve(command.span);
                let command = self.command(command, &around)?;
                self.fill(
                    node,
                    NodeKind::Command {
                        command,
                        judged: Judged::ByExit,
                    },
                );
                self.plan.blocks[id.index()].nodes.push(node);
                Some(id)
            }
            Undo::Http(http) => {
                let id = self.new_block(http.span);
                self.head_of_undo(id, &mut around);
                let node = self.reserve(http.span);
                let request = self.request(http, &around)?;
                self.fill(
                    node,
                    NodeKind::Request {
                        request,
                        judged: Judged::ByExit,
                    },
                );
                self.plan.blocks[id.index()].nodes.push(node);
                Some(id)
            }
        }
    }

    fn head_of_undo(&mut self, id: BlockId, around: &mut Around) {
        let head = self.head(Kind::Undo, &[], around);
        self.plan.blocks[id.index()].policies = head.policies;
    }

    /// `interactive`, `live for`, `background until`: of the commands that stand in the step.
    fn manner(
        &mut self,
        manner: &'a StmtKind,
        span: Span,
        own_timeout: bool,
        inner: &Around,
        course: &Course<'a>,
        first_command: usize,
    ) {
        let last_command = self.plan.commands.len();
        let commands: Vec<CommandId> = course
            .nodes
            .iter()
            .filter_map(|node| match self.plan.nodes[node.index()].kind {
                NodeKind::Command { command, .. } if command.index() >= first_command => {
                    Some(command)
                }
                _ => None,
            })
            .filter(|command| command.index() < last_command)
            .collect();
        let word = places::word(manner);
        let one = !matches!(manner, StmtKind::Interactive);
        if commands.is_empty() || (one && commands.len() > 1) {
            self.error(
                codes::MANNER,
                format!("{word} stands in a step with {} commands", commands.len()),
                span,
                if one {
                    "speaks of one command"
                } else {
                    "speaks of a command"
                },
                "keep one command in this step, and put others into steps of their own",
            );
            return;
        }
        let manner = match manner {
            StmtKind::LiveFor(expr) => self
                .lasting(expr, "`live for`")
                .map(|lasting| Manner::Live(Box::new(lasting))),
            StmtKind::Background(block) => {
                self.stays_here("`background`", "is left running by the engine", span, inner);
                let around = inner.at(Place::Look);
                Some(Manner::Background(self.looks(
                    block,
                    "`background until`",
                    &around,
                )))
            }
            _ => Some(Manner::Interactive),
        };
        let Some(manner) = manner else {
            self.broken();
            return;
        };
        for command in commands {
            let command = &mut self.plan.commands[command.index()];
            command.manner = manner.clone();
            if !own_timeout {
                command.timeout = None;
            }
        }
    }
}
