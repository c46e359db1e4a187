//! What a fiber can see and where it is: names and their values, text filled in, paths, guards.

use runbook_plan::Plan;
use runbook_plan::expr::{Clause, Expr, LastFact, RunFact, Template};
use runbook_plan::ids::{BlockId, ContactId, GuardId, NodeId, VarId};
use runbook_plan::plan::NodeKind;
use runbook_plan::value::{SecretId, Value};

use crate::effect::Notice;
use crate::event::{Mode, Moment};
use crate::frame::*;
use crate::machine::Machine;
use crate::state::*;
use crate::{eval, fill};

/// The names that are seen from one fiber.
pub(crate) struct Seen<'m> {
    plan: &'m Plan,
    state: &'m State,
    fiber: FiberId,
}

impl<'m> Seen<'m> {
    pub fn new(plan: &'m Plan, state: &'m State, fiber: FiberId) -> Seen<'m> {
        Seen { plan, state, fiber }
    }
}

impl eval::Scope for Seen<'_> {
    fn var(&self, var: VarId) -> Option<&Value> {
        let mut at = Some(self.fiber);
        while let Some(fiber) = at.and_then(|id| self.state.fibers.get(&id)) {
            if let Some(value) = fiber.env.get(&var) {
                return Some(value);
            }
            at = fiber.parent;
        }
        None
    }
    fn now(&self) -> Moment {
        self.state.now
    }
    fn run(&self, fact: RunFact) -> Value {
        let optional = |text: &Option<String>| match text {
            Some(text) => Value::Text(text.clone()),
            None => Value::Missing,
        };
        match fact {
            // A dry run is none that could be found again: it has no id, and makes one up like any other value.
            RunFact::Id if self.state.started.run.is_empty() => Value::Text("‹run.id›".to_owned()),
            RunFact::Id => Value::Text(self.state.started.run.clone()),
            RunFact::Started => Value::Time(self.state.started_at.wall),
            RunFact::Severity => match &self.state.severity {
                Some(severity) => Value::Severity(severity.clone()),
                None => Value::Missing,
            },
            RunFact::Operator => Value::Text(self.state.operator.clone()),
            RunFact::Trigger => optional(&self.state.started.trigger),
        }
    }
    fn last(&self, fact: LastFact) -> Option<Value> {
        let last = self.state.fibers.get(&self.fiber)?.last.as_deref()?;
        match fact {
            LastFact::Exit => last.exit.map(|code| Value::Number(code.into())),
            LastFact::Output => Some(Value::Text(last.output.clone())),
            LastFact::Stderr => Some(Value::Text(last.stderr.clone())),
            LastFact::Elapsed => Some(Value::Duration(last.elapsed_ms)),
            LastFact::Status => last.status.map(|status| Value::Number(status.into())),
            LastFact::Body => {
                last.status?;
                Some(match serde_json::from_str(&last.output) {
                    Ok(json) => Value::Json(json),
                    Err(_) => Value::Text(last.output.clone()),
                })
            }
            LastFact::Header => {
                last.status?;
                let mut headers = serde_json::Map::new();
                for (name, value) in &last.headers {
                    headers.insert(name.to_ascii_lowercase(), value.clone().into());
                }
                Some(Value::Json(headers.into()))
            }
        }
    }
    fn env(&self, name: &str) -> Option<&str> {
        self.state.started.environment.get(name).map(String::as_str)
    }
    fn secret(&self, secret: SecretId) -> &str {
        self.plan
            .secrets
            .get(secret.0 as usize)
            .map_or("secret", |secret| secret.name.as_str())
    }
    fn severities(&self) -> &[String] {
        &self.state.severities
    }
}

impl<'p> Machine<'p> {
    // Values.

    pub fn seen(&self, f: FiberId) -> Seen<'_> {
        Seen {
            plan: self.plan,
            state: &self.s,
            fiber: f,
        }
    }

    pub fn eval(&self, f: FiberId, expr: &Expr) -> Result<Value, String> {
        eval::eval(expr, &self.seen(f)).map_err(|error| error.message)
    }

    pub fn holds(&self, f: FiberId, expr: &Expr) -> Result<bool, String> {
        eval::holds(expr, &self.seen(f)).map_err(|error| error.message)
    }

    pub fn ms(&self, f: FiberId, clause: &Clause) -> Result<u64, String> {
        eval::milliseconds(clause, &self.seen(f)).map_err(|error| error.message)
    }

    pub fn count(&self, f: FiberId, clause: &Clause) -> Result<u64, String> {
        eval::count(clause, &self.seen(f))
            .map(u64::from)
            .map_err(|error| error.message)
    }

    /// Text for people. What cannot be filled in stands as it was written: a message that is hard to read is
    /// better than none.
    pub fn text(&self, f: FiberId, template: &Template) -> String {
        fill::fill(template, &self.seen(f)).unwrap_or_else(|_| template.source.clone())
    }

    pub fn bind(&mut self, f: FiberId, var: VarId, value: Value) {
        self.fiber_mut(f).env.insert(var, value);
    }

    pub fn bind_told(&mut self, f: FiberId, var: VarId, value: Value) {
        // What a wait looks at changes with every look: it is not told each time.
        let waits = self
            .fiber(f)
            .frames
            .iter()
            .any(|slot| matches!(slot.frame, Frame::Until(_)));
        if !waits {
            self.tell(Notice::Bound {
                name: self.plan.vars[var.index()].name.clone(),
                value: self.shown(&value),
            });
        }
        self.bind(f, var, value);
    }

    /// A value for people: of a secret, its name.
    pub fn shown(&self, value: &Value) -> String {
        match value {
            Value::Secret(secret) => match self.plan.secrets.get(secret.0 as usize) {
                Some(secret) => format!("‹{}›", secret.name),
                None => "‹secret›".into(),
            },
            value => runbook_plan::show::value(value),
        }
    }

    // Progress.

    pub fn steps_in(&self, block: BlockId) -> usize {
        self.s
            .progress
            .in_block
            .get(block.index())
            .map_or(0, |steps| *steps as usize)
    }

    /// Its steps will not be met: another way was taken.
    pub fn not_met(&mut self, block: BlockId) {
        let steps = self.steps_in(block);
        self.s.progress.expected = self.s.progress.expected.saturating_sub(steps);
    }

    // Places.

    /// Names of the steps, sections, calls and attempts around a fiber's innermost frame, outermost first.
    pub fn segments(&self, f: FiberId) -> Vec<String> {
        self.segments_within(f, usize::MAX)
    }

    /// The same for the frames up to a depth.
    pub fn segments_within(&self, f: FiberId, depth: usize) -> Vec<String> {
        segments(self.plan, &self.s, f, depth)
    }

    pub fn path(&self, f: FiberId) -> String {
        join_path(&self.segments(f))
    }

    /// The path of a scope that is being advanced, and so is not on the stack.
    pub fn path_with(&self, f: FiberId, s: &Scope) -> String {
        let mut segments = self.segments(f);
        if let Some(name) = s.kind.node().and_then(|node| self.node_name(node)) {
            // A loop's label stands behind the name it belongs to.
            match segments.pop_if(|last| last.starts_with('[')) {
                Some(label) => segments.push(format!("{name}{label}")),
                None => segments.push(name),
            }
        }
        join_path(&segments)
    }

    /// The calls around a fiber's innermost frame: what keeps `rewind to` within one.
    pub fn call_path(&self, f: FiberId) -> String {
        let mut calls = Vec::new();
        for slot in &self.fiber(f).frames {
            if let Frame::Call(call) = &slot.frame
                && let Some(name) = self.node_name(call.node)
            {
                calls.push(name);
            }
        }
        calls.join(".")
    }

    /// Empty where a block is no step, section or checkpoint.
    pub fn title(&self, f: FiberId, kind: ScopeKind) -> String {
        match kind.node().map(|node| &self.plan.nodes[node.index()].kind) {
            Some(
                NodeKind::Step { title, .. }
                | NodeKind::Section { title, .. }
                | NodeKind::Checkpoint { title, .. },
            ) => self.text(f, title),
            _ => String::new(),
        }
    }

    pub fn node_name(&self, node: NodeId) -> Option<String> {
        node_name(self.plan, node)
    }

    /// How often each loop around a fiber's innermost frame has gone round.
    pub fn iteration(&self, f: FiberId) -> Vec<usize> {
        let fiber = self.fiber(f);
        let mut iteration = fiber.iteration.clone();
        for slot in &fiber.frames {
            if let Frame::For(looped) = &slot.frame
                && looped.parallel.is_none()
            {
                iteration.push(looped.at);
            }
        }
        iteration
    }

    /// Guards of every block around a fiber's innermost frame, outermost first.
    pub fn guards(&self, f: FiberId) -> Vec<GuardId> {
        let mut guards = Vec::new();
        for id in &self.fiber(f).lineage {
            let Some(fiber) = self.s.fibers.get(id) else {
                continue;
            };
            for slot in &fiber.frames {
                let block = match &slot.frame {
                    Frame::Scope(scope) => scope.block,
                    Frame::Parallel(parallel) => parallel.block,
                    _ => continue,
                };
                for guard in &self.plan.blocks[block.index()].guards {
                    if !guards.contains(guard) {
                        guards.push(*guard);
                    }
                }
            }
        }
        guards
    }

    pub fn block_policies(&self, block: BlockId) -> &'p runbook_plan::plan::Policies {
        &self.plan.blocks[block.index()].policies
    }

    pub fn probing(&self) -> bool {
        self.s.mode() == Mode::Probe
    }

    /// Says it to a contact, and further up its path until something is done about it.
    pub fn escalate(
        &mut self,
        fiber: Option<FiberId>,
        to: ContactId,
        text: String,
    ) -> Option<(i64, u64)> {
        let contact = self.plan.contacts.get(to.index())?;
        self.tell(Notice::Escalated {
            to,
            contact: contact.title.clone(),
            text: text.clone(),
        });
        let (after, next) = contact.escalate?;
        let deadline = self.s.deadline(after);
        let kind = TimerKind::Escalation { to: next, text };
        match fiber {
            Some(f) => Some(self.arm(f, deadline, kind)),
            None => Some(self.arm_free(None, 0, deadline, kind)),
        }
    }

    /// Whom a passed deadline is said to: the first contact with a path upward, else the first of all.
    pub fn on_duty(&self) -> Option<ContactId> {
        let contacts = &self.plan.contacts;
        let index = contacts
            .iter()
            .position(|contact| contact.escalate.is_some())
            .or(if contacts.is_empty() { None } else { Some(0) })?;
        Some(ContactId(index as u32))
    }
}

/// Names of the steps, sections, calls and attempts around a frame, outermost first.
pub(crate) fn segments(plan: &Plan, state: &State, f: FiberId, depth: usize) -> Vec<String> {
    let Some(fiber) = state.fibers.get(&f) else {
        return Vec::new();
    };
    let mut segments = fiber.prefix.clone();
    // A loop's label stands behind the next name.
    let mut label = segments
        .pop_if(|last| last.starts_with('['))
        .unwrap_or_default();
    for slot in fiber.frames.iter().take(depth) {
        let name = match &slot.frame {
            Frame::Scope(scope) => scope.kind.node().and_then(|node| node_name(plan, node)),
            Frame::Attempt(attempt) if attempt.stage == AttemptStage::Body => {
                node_name(plan, attempt.node)
            }
            Frame::Call(call) => node_name(plan, call.node),
            Frame::For(looped) if looped.parallel.is_none() => {
                if let Some(now) = looped.labels.get(looped.at) {
                    label.push_str(&format!("[{now}]"));
                }
                None
            }
            _ => None,
        };
        if let Some(name) = name {
            segments.push(format!("{name}{label}"));
            label.clear();
        }
    }
    if !label.is_empty() {
        segments.push(label);
    }
    segments
}

pub(crate) fn node_name(plan: &Plan, node: NodeId) -> Option<String> {
    match &plan.nodes[node.index()].kind {
        NodeKind::Section { name, .. } => name.clone(),
        NodeKind::Step { name, .. }
        | NodeKind::Checkpoint { name, .. }
        | NodeKind::Attempt { name, .. }
        | NodeKind::Do { name, .. } => Some(name.clone()),
        _ => None,
    }
}

pub(crate) fn join_path(segments: &[String]) -> String {
    let mut path = String::new();
    for segment in segments {
        if !path.is_empty() && !segment.starts_with('[') {
            path.push('.');
        }
        path.push_str(segment);
    }
    path
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
