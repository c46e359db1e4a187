//! All that a run may come to, in the order of the text, calls followed.

use std::collections::BTreeSet;

use crate::command::Manner;
use crate::ids::{BlockId, CommandId, NodeId, ProcedureId, RequestId};
use crate::plan::*;
use crate::walk::blocks;

/// What is come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    Node(NodeId),
    Command(CommandId),
    Request(RequestId),
}

/// How often a procedure is gone into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// Once, at the first call.
    Once,
    /// Once for each call that stands in the text.
    Each,
}

struct Walk<'a, 'm> {
    plan: &'a Plan,
    calls: Calls,
    procedures: BTreeSet<ProcedureId>,
    nodes: BTreeSet<NodeId>,
    path: Vec<&'a str>,
    meet: &'m mut dyn FnMut(Met, &str),
}

/// Tells of each node with its path, of each command and request with that of what it stands in.
pub(super) fn walk(plan: &Plan, calls: Calls, meet: &mut dyn FnMut(Met, &str)) {
    let mut walk = Walk {
        plan,
        calls,
        procedures: BTreeSet::new(),
        nodes: BTreeSet::new(),
        path: Vec::new(),
        meet,
    };
    for secret in &plan.secrets {
        if let SecretFrom::Command(command) = &secret.from {
            walk.command(*command);
        }
    }
    for param in &plan.params {
        walk.rules(&param.rules);
    }
    for guard in &plan.guards {
        walk.block(guard.block);
    }
    if let Some(root) = plan.root {
        walk.block(root);
    }
    for interpreter in &plan.interpreters {
        walk.command(interpreter.command);
    }
}

/// The name of a node in the paths of what stands in it.
pub(super) fn name(plan: &Plan, id: NodeId) -> Option<&str> {
    match &plan.nodes[id.index()].kind {
        NodeKind::Section { name, .. } => name.as_deref(),
        NodeKind::Step { name, .. }
        | NodeKind::Checkpoint { name, .. }
        | NodeKind::Attempt { name, .. }
        | NodeKind::Do { name, .. } => Some(name),
        _ => None,
    }
}

impl Walk<'_, '_> {
    fn tell(&mut self, met: Met) {
        let path = self.path.join(".");
        (self.meet)(met, &path);
    }

    fn command(&mut self, id: CommandId) {
        self.tell(Met::Command(id));
        if let Manner::Background(block) = &self.plan.commands[id.index()].manner {
            self.block(*block);
        }
    }

    fn looked(&mut self, look: Looked) {
        match look {
            Looked::Command(command) => self.command(command),
            Looked::Request(request) => self.tell(Met::Request(request)),
        }
    }

    fn rules(&mut self, rules: &InputRules) {
        for look in [rules.suggest, rules.from].into_iter().flatten() {
            self.looked(look);
        }
        for check in &rules.checks {
            self.block(*check);
        }
    }

    fn block(&mut self, id: BlockId) {
        let plan = self.plan;
        let block = &plan.blocks[id.index()];
        if let Some(look) = block.policies.done_if {
            self.looked(look);
        }
        for node in &block.nodes {
            self.node(*node);
        }
        let policies = &block.policies;
        let handlers = [policies.on_failure, policies.always, policies.undo];
        for handler in handlers.into_iter().flatten() {
            self.block(handler);
        }
    }

    fn node(&mut self, id: NodeId) {
        let plan = self.plan;
        let kind = &plan.nodes[id.index()].kind;
        let named = name(plan, id);
        self.path.extend(named);
        self.tell(Met::Node(id));
        match kind {
            NodeKind::Do { procedure, .. } => {
                let first = match self.calls {
                    Calls::Once => self.procedures.insert(*procedure),
                    Calls::Each => self.nodes.insert(id),
                };
                if first {
                    self.block(plan.procedures[procedure.index()].block);
                }
            }
            NodeKind::Notify(message) => {
                if let MessageTo::Channel(channel) = &plan.messages[message.index()].to
                    && let Some(block) = plan.channels[channel.index()].block
                    && self.nodes.insert(id)
                {
                    self.block(block);
                }
            }
            NodeKind::Let { value, .. } => match value {
                LetValue::Command(command) => self.command(*command),
                LetValue::Request(request) => self.tell(Met::Request(*request)),
                LetValue::Expr(_) => {}
            },
            NodeKind::Command { command, .. } => self.command(*command),
            NodeKind::Request { request, .. } => self.tell(Met::Request(*request)),
            NodeKind::Snapshot { entries, .. } => {
                for (_, look) in entries {
                    self.looked(*look);
                }
            }
            NodeKind::Ask(ask) => self.rules(&ask.rules),
            NodeKind::Attempt {
                block, otherwise, ..
            } => {
                self.block(*block);
                // What comes instead of it does not stand in it.
                let around = self.path.pop();
                if let Some(otherwise) = otherwise {
                    self.block(*otherwise);
                }
                self.path.extend(around);
            }
            _ => {
                for block in blocks(kind) {
                    self.block(block);
                }
            }
        }
        if named.is_some() {
            self.path.pop();
        }
    }
}
