//! Looks over parts of a plan without running them: which names a block reads and binds, whether it acts, how
//! many steps it has. Nesting is bounded by the language, and procedures do not call themselves.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use runbook_plan::Plan;
use runbook_plan::command::{Interpreter, Manner, Mark, Piece, ScriptForm, WordPart};
use runbook_plan::expr::{Expr, ExprKind, Template, TemplatePart};
use runbook_plan::ids::{BlockId, CommandId, NodeId, ProcedureId, RequestId, SettingsId, VarId};
use runbook_plan::plan::*;

/// What a walk meets.
pub(crate) enum Met {
    Reads(VarId),
    Binds(VarId),
    Node(NodeId),
    Command(CommandId),
    Request(RequestId),
}

/// Whether a walk goes into the procedures that are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    Follow,
    Leave,
}

struct Walk<'a> {
    plan: &'a Plan,
    calls: Calls,
    seen: BTreeSet<ProcedureId>,
    meet: &'a mut dyn FnMut(Met),
}

pub(crate) fn block(plan: &Plan, id: BlockId, calls: Calls, meet: &mut dyn FnMut(Met)) {
    Walk {
        plan,
        calls,
        seen: BTreeSet::new(),
        meet,
    }
    .block(id);
}

pub(crate) fn node(plan: &Plan, id: NodeId, calls: Calls, meet: &mut dyn FnMut(Met)) {
    Walk {
        plan,
        calls,
        seen: BTreeSet::new(),
        meet,
    }
    .node(id);
}

pub(crate) fn expr(plan: &Plan, value: &Expr, meet: &mut dyn FnMut(Met)) {
    Walk {
        plan,
        calls: Calls::Leave,
        seen: BTreeSet::new(),
        meet,
    }
    .expr(value);
}

/// Names that a block needs from outside.
pub(crate) fn needs(plan: &Plan, id: BlockId) -> Vec<VarId> {
    let mut bound = BTreeSet::new();
    let mut read = Vec::new();
    block(plan, id, Calls::Follow, &mut |met| match met {
        Met::Reads(var) if !bound.contains(&var) && !read.contains(&var) => read.push(var),
        Met::Binds(var) => {
            bound.insert(var);
        }
        _ => {}
    });
    read
}

/// Names that a block binds, loops and branches included.
pub(crate) fn binds(plan: &Plan, id: BlockId) -> Vec<VarId> {
    let mut bound = Vec::new();
    block(plan, id, Calls::Leave, &mut |met| {
        if let Met::Binds(var) = met {
            bound.push(var);
        }
    });
    bound
}

/// Whether anything in the block, or in what it calls, may change something.
pub(crate) fn acts(plan: &Plan, id: BlockId) -> Acts {
    let mut acts = Acts::No;
    block(plan, id, Calls::Follow, &mut |met| match met {
        Met::Command(command) if plan.commands[command.index()].mark == Mark::Act => {
            acts = Acts::Yes;
        }
        Met::Request(request) if plan.requests[request.index()].mark == Mark::Act => {
            acts = Acts::Yes;
        }
        _ => {}
    });
    acts
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acts {
    Yes,
    No,
}

/// Whether a `finish` stands in the block: it may end what failed.
pub(crate) fn may_finish(plan: &Plan, id: BlockId) -> bool {
    let mut finishes = false;
    block(plan, id, Calls::Follow, &mut |met| {
        if let Met::Node(node) = met {
            finishes |= matches!(plan.nodes[node.index()].kind, NodeKind::Finish { .. });
        }
    });
    finishes
}

/// Steps, checkpoints not counted, within each block, those of called procedures included.
pub(crate) fn steps_in_blocks(plan: &Plan) -> Vec<u32> {
    // Inner blocks are not always after outer ones, so what is not known yet is put off on a stack of its own:
    // a chain of blocks costs no recursion.
    let mut counts: Vec<Option<u32>> = vec![None; plan.blocks.len()];
    let mut stack: Vec<BlockId> = Vec::new();
    for start in 0..plan.blocks.len() {
        stack.push(BlockId(start as u32));
        while let Some(id) = stack.last().copied() {
            if counts[id.index()].is_some() {
                stack.pop();
                continue;
            }
            let mut total = 0u32;
            let mut waits = false;
            for node in &plan.blocks[id.index()].nodes {
                let kind = &plan.nodes[node.index()].kind;
                if matches!(kind, NodeKind::Step { .. }) {
                    total = total.saturating_add(1);
                }
                for inner in inner_blocks(plan, kind) {
                    match counts[inner.index()] {
                        Some(count) => total = total.saturating_add(count),
                        None => {
                            stack.push(inner);
                            waits = true;
                        }
                    }
                }
            }
            if !waits {
                counts[id.index()] = Some(total);
            }
        }
    }
    counts.into_iter().map(|count| count.unwrap_or(0)).collect()
}

/// Blocks of the flow that stand in a node: not its handlers.
pub(crate) fn inner_blocks(plan: &Plan, kind: &NodeKind) -> Vec<BlockId> {
    match kind {
        NodeKind::Section { block, .. }
        | NodeKind::Step { block, .. }
        | NodeKind::Checkpoint { block, .. }
        | NodeKind::Parallel { block, .. }
        | NodeKind::For { block, .. } => vec![*block],
        NodeKind::If { arms, otherwise } => {
            let mut blocks: Vec<_> = arms.iter().map(|(_, block)| *block).collect();
            blocks.extend(otherwise);
            blocks
        }
        NodeKind::Choose { arms, .. } => arms.iter().map(|arm| arm.block).collect(),
        NodeKind::Decide { arms, .. } => arms.iter().map(|arm| arm.block).collect(),
        NodeKind::Attempt {
            block, otherwise, ..
        } => {
            let mut blocks = vec![*block];
            blocks.extend(otherwise);
            blocks
        }
        NodeKind::Do { procedure, .. } => vec![plan.procedures[procedure.index()].block],
        _ => Vec::new(),
    }
}

impl Walk<'_> {
    fn block(&mut self, id: BlockId) {
        let plan = self.plan;
        let block = &plan.blocks[id.index()];
        let policies = &block.policies;
        if let Some(only_if) = &policies.only_if {
            self.expr(only_if);
        }
        if let Some(done_if) = &policies.done_if {
            self.looked(*done_if);
        }
        self.exprs(policies.timeout.iter());
        if let Some(retry) = &policies.retry {
            self.expr(&retry.times);
            self.exprs(retry.every.iter());
        }
        if let Some(takes) = &policies.takes {
            self.expr(&takes.0);
            self.expr(&takes.1);
        }
        if let Some(why) = &policies.irreversible {
            self.template(why);
        }
        for node in &block.nodes {
            self.node(*node);
        }
        for handler in [policies.undo, policies.on_failure, policies.always]
            .into_iter()
            .flatten()
        {
            self.block(handler);
        }
    }

    fn node(&mut self, id: NodeId) {
        (self.meet)(Met::Node(id));
        let plan = self.plan;
        match &plan.nodes[id.index()].kind {
            NodeKind::Prose(text) | NodeKind::Warning(text) | NodeKind::Todo(text) => {
                self.template(text);
            }
            NodeKind::Section {
                title,
                within,
                block,
                ..
            } => {
                self.template(title);
                self.exprs(within.iter());
                self.block(*block);
            }
            NodeKind::Step { title, block, .. } => {
                self.template(title);
                self.block(*block);
            }
            NodeKind::Checkpoint {
                title,
                after,
                block,
                ..
            } => {
                self.template(title);
                self.exprs(after.iter());
                self.block(*block);
            }
            NodeKind::If { arms, otherwise } => {
                for (condition, block) in arms {
                    self.expr(condition);
                    self.block(*block);
                }
                if let Some(block) = otherwise {
                    self.block(*block);
                }
            }
            NodeKind::Choose {
                question,
                binds,
                within,
                arms,
            } => {
                self.template(question);
                self.within(within.as_deref());
                if let Some(var) = binds {
                    (self.meet)(Met::Binds(*var));
                }
                for arm in arms {
                    self.template(&arm.label);
                    self.exprs(arm.only_if.iter());
                    self.block(arm.block);
                }
            }
            NodeKind::Decide {
                inputs,
                outputs,
                arms,
                ..
            } => {
                for input in inputs {
                    match input {
                        DecideInput::Value(value) => self.expr(value),
                        DecideInput::Ask { binds, .. } => {
                            if let Some(var) = binds {
                                (self.meet)(Met::Binds(*var));
                            }
                        }
                        DecideInput::ValueOrAsk(value, var) => {
                            self.expr(value);
                            (self.meet)(Met::Binds(*var));
                        }
                    }
                }
                for var in outputs {
                    (self.meet)(Met::Binds(*var));
                }
                for arm in arms {
                    self.block(arm.block);
                }
            }
            NodeKind::Attempt {
                title,
                within,
                block,
                otherwise,
                ..
            } => {
                self.template(title);
                self.exprs(within.iter());
                self.block(*block);
                if let Some(block) = otherwise {
                    self.block(*block);
                }
            }
            NodeKind::Parallel { title, max, block } => {
                if let Some(title) = title {
                    self.template(title);
                }
                self.exprs(max.iter());
                self.block(*block);
            }
            NodeKind::For {
                var,
                items,
                parallel,
                block,
            } => {
                self.expr(items);
                self.exprs(parallel.iter());
                (self.meet)(Met::Binds(*var));
                self.block(*block);
            }
            NodeKind::Wait(clause) => self.expr(clause),
            NodeKind::WaitUpTo {
                limit,
                every,
                stable,
                block,
            } => {
                self.expr(limit);
                self.exprs(every.iter().chain(stable.iter()));
                self.block(*block);
            }
            NodeKind::Watch {
                lasting,
                every,
                allow,
                block,
            } => {
                self.expr(lasting);
                self.exprs(every.iter().chain(allow.iter()));
                self.block(*block);
            }
            NodeKind::Do {
                procedure,
                args,
                result,
                ..
            } => {
                for (_, value) in args {
                    self.expr(value);
                }
                if self.calls == Calls::Follow && self.seen.insert(*procedure) {
                    let called = &plan.procedures[procedure.index()];
                    for (var, default) in &called.params {
                        self.exprs(default.iter());
                        (self.meet)(Met::Binds(*var));
                    }
                    self.block(called.block);
                }
                if let Some(var) = result {
                    (self.meet)(Met::Binds(*var));
                }
            }
            NodeKind::Let { var, value } => {
                match value {
                    LetValue::Expr(value) => self.expr(value),
                    LetValue::Command(command) => self.looked(Looked::Command(*command)),
                    LetValue::Request(request) => self.looked(Looked::Request(*request)),
                }
                (self.meet)(Met::Binds(*var));
            }
            NodeKind::Notify(message) => {
                let message = &plan.messages[message.index()];
                self.template(&message.text);
                match &message.to {
                    MessageTo::File(path) => self.template(path),
                    MessageTo::Channel(channel) => {
                        if let Some(block) = plan.channels[channel.index()].block {
                            self.block(block);
                        }
                    }
                }
            }
            NodeKind::Escalate { text, .. } | NodeKind::Finish { text, .. } => {
                if let Some(text) = text {
                    self.template(text);
                }
            }
            NodeKind::Rewind(_) | NodeKind::Compare { .. } => {}
            NodeKind::Return(value) => self.exprs(value.iter()),
            NodeKind::FollowUp(follow_up) => {
                self.template(&follow_up.title);
                for item in &follow_up.items {
                    self.template(item);
                }
            }
            NodeKind::Command { command, .. } => self.looked(Looked::Command(*command)),
            NodeKind::Request { request, .. } => self.looked(Looked::Request(*request)),
            NodeKind::Ask(ask) => {
                self.template(&ask.question);
                self.exprs(ask.default.iter());
                self.within(ask.within.as_ref());
                for text in &ask.rules.explanation {
                    self.template(text);
                }
                for looked in ask.rules.suggest.iter().chain(ask.rules.from.iter()) {
                    self.looked(*looked);
                }
                (self.meet)(Met::Binds(ask.var));
                for check in &ask.rules.checks {
                    self.block(*check);
                }
            }
            NodeKind::Confirm {
                question, within, ..
            } => {
                self.template(question);
                self.within(within.as_deref());
            }
            NodeKind::Item { text, evidence } => {
                self.template(text);
                if let Some(var) = evidence {
                    (self.meet)(Met::Binds(*var));
                }
            }
            NodeKind::Approve { text, within, .. } => {
                self.template(text);
                self.within(within.as_deref());
            }
            NodeKind::Expect { condition, why, .. } => {
                self.expr(condition);
                if let Some(why) = why {
                    self.template(why);
                }
            }
            NodeKind::Check { title, block } => {
                if let Some(title) = title {
                    self.template(title);
                }
                self.block(*block);
            }
            NodeKind::Snapshot { entries, .. } => {
                for (_, looked) in entries {
                    self.looked(*looked);
                }
            }
        }
    }

    fn looked(&mut self, looked: Looked) {
        let plan = self.plan;
        match looked {
            Looked::Command(id) => {
                (self.meet)(Met::Command(id));
                let command = &plan.commands[id.index()];
                for script in &command.scripts {
                    match &script.form {
                        ScriptForm::Direct(words) => {
                            for part in words.iter().flatten() {
                                if let WordPart::Hole(value) = part {
                                    self.expr(value);
                                }
                            }
                        }
                        ScriptForm::Script { pieces, .. } => {
                            for piece in pieces {
                                if let Piece::Hole { value, .. } = piece {
                                    self.expr(value);
                                }
                            }
                        }
                    }
                    self.template(&script.text);
                    if let Interpreter::Declared(id) = script.interpreter {
                        let command = plan.interpreters[id.index()].command;
                        self.looked(Looked::Command(command));
                    }
                }
                self.settings(command.settings);
                self.exprs(command.timeout.iter());
                match &command.manner {
                    Manner::Live(clause) => self.expr(clause),
                    Manner::Background(block) => self.block(*block),
                    Manner::Plain | Manner::Interactive => {}
                }
            }
            Looked::Request(id) => {
                (self.meet)(Met::Request(id));
                let request = &plan.requests[id.index()];
                self.template(&request.url);
                for (_, value) in request.headers.iter().chain(&request.query) {
                    self.template(value);
                }
                if let Some(body) = &request.body {
                    self.template(body);
                }
                self.settings(request.settings);
                self.exprs(request.timeout.iter());
            }
        }
    }

    fn settings(&mut self, id: SettingsId) {
        let plan = self.plan;
        let settings = &plan.settings[id.index()];
        self.exprs(settings.dir.iter());
        for (_, value) in &settings.env {
            self.expr(value);
        }
    }

    fn within(&mut self, within: Option<&Within>) {
        let Some(within) = within else { return };
        self.expr(&within.limit);
        match &within.otherwise {
            Some(WithinElse::Answer(value)) => self.expr(value),
            Some(WithinElse::Escalate {
                text: Some(text), ..
            }) => self.template(text),
            _ => {}
        }
    }

    fn template(&mut self, template: &Template) {
        for part in &template.parts {
            if let TemplatePart::Hole(value) = part {
                self.expr(value);
            }
        }
    }

    fn exprs<'e, E: Borrow<Expr> + 'e>(&mut self, exprs: impl Iterator<Item = &'e E>) {
        for expr in exprs {
            self.expr(expr.borrow());
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Run(_) | ExprKind::Last(_) => {}
            ExprKind::Var(var) => (self.meet)(Met::Reads(*var)),
            ExprKind::Text(template) => self.template(template),
            ExprKind::List(items) | ExprKind::Call(_, items) => self.exprs(items.iter()),
            ExprKind::Field(of, _)
            | ExprKind::Not(of)
            | ExprKind::Negate(of)
            | ExprKind::IsEmpty(of)
            | ExprKind::IsSet(of)
            | ExprKind::Matches(of, _)
            | ExprKind::Read(of, _) => self.expr(of),
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) | ExprKind::Else(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Between(a, b, c) => {
                self.expr(a);
                self.expr(b);
                self.expr(c);
            }
        }
    }
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
