//! How long a plan may take, from its text alone: waits, timeouts, retries, deadlines, and what `takes` says.
//!
//! What nobody can know counts as nothing: a person who thinks without a deadline, a command without a timeout, a
//! list whose length only the run knows. So the best time is a lower bound, and the others are what the runbook itself
//! accounts for. Undoing is not counted.
//!
//! Each block is timed once, relative to its beginning, however often it is called.

use std::collections::BTreeMap;
use std::rc::Rc;

use rust_decimal::prelude::ToPrimitive;

use crate::command::Manner;
use crate::expr::{Clause, Expr, ExprKind};
use crate::ids::{BlockId, CommandId, NodeId, RequestId, VarId};
use crate::plan::*;
use crate::value::{Type, Value};

/// Milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Took {
    /// No way is shorter.
    pub best: u64,
    /// The longest way, where what `takes` says counts, and timeouts where it says nothing.
    pub slow: u64,
    /// The longest way, timeouts and retries to the full.
    pub worst: u64,
    /// What the slow way is made of.
    parts: Rc<Parts>,
}

#[derive(Debug, Default)]
enum Parts {
    #[default]
    Nothing,
    One(NodeId, u64),
    Both(Rc<Parts>, Rc<Parts>),
}

/// As many parts of a way as anybody will read.
const MOST_PARTS: usize = 1000;

impl Took {
    fn exactly(ms: u64) -> Took {
        Took {
            best: ms,
            slow: ms,
            worst: ms,
            parts: Rc::default(),
        }
    }

    fn up_to(ms: u64) -> Took {
        Took {
            best: 0,
            ..Took::exactly(ms)
        }
    }

    /// All of it is one part of the way.
    fn part(mut self, node: NodeId) -> Took {
        self.parts = match self.slow {
            0 => Rc::default(),
            slow => Rc::new(Parts::One(node, slow)),
        };
        self
    }

    fn then(&self, next: &Took) -> Took {
        let parts = match (&*self.parts, &*next.parts) {
            (Parts::Nothing, _) => Rc::clone(&next.parts),
            (_, Parts::Nothing) => Rc::clone(&self.parts),
            _ => Rc::new(Parts::Both(Rc::clone(&self.parts), Rc::clone(&next.parts))),
        };
        Took {
            best: self.best.saturating_add(next.best),
            slow: self.slow.saturating_add(next.slow),
            worst: self.worst.saturating_add(next.worst),
            parts,
        }
    }

    fn or(&self, other: &Took) -> Took {
        Took {
            best: self.best.min(other.best),
            slow: self.slow.max(other.slow),
            worst: self.worst.max(other.worst),
            parts: Rc::clone(if self.slow >= other.slow {
                &self.parts
            } else {
                &other.parts
            }),
        }
    }

    fn at_most(mut self, limit: u64) -> Took {
        self.best = self.best.min(limit);
        self.slow = self.slow.min(limit);
        self.worst = self.worst.min(limit);
        self
    }

    fn times(&self, count: u64) -> Took {
        Took {
            best: self.best.saturating_mul(count),
            slow: self.slow.saturating_mul(count),
            worst: self.worst.saturating_mul(count),
            parts: Rc::clone(&self.parts),
        }
    }

    /// What the slow way is made of, in order: a node and its milliseconds each.
    pub fn parts(&self) -> Vec<(NodeId, u64)> {
        let mut found = Vec::new();
        let mut open: Vec<&Parts> = vec![&self.parts];
        while let Some(parts) = open.pop() {
            match parts {
                Parts::Nothing => {}
                Parts::One(node, ms) => found.push((*node, *ms)),
                Parts::Both(first, second) => open.extend([&**second, &**first]),
            }
            if found.len() >= MOST_PARTS {
                break;
            }
        }
        found
    }
}

/// How far the clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// A checkpoint, with what it checks.
    Node(NodeId),
    /// Wherever the run ends.
    End,
}

/// What is timed.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The clock begins when this node is left; at the start of the run without it.
    pub since: Option<NodeId>,
    pub until: Until,
    /// Only rows of matrices that give this level count.
    pub severity: Option<&'a str>,
}

/// How long the run may take to get there; nothing where no way leads there.
pub fn took(plan: &Plan, question: &Question<'_>) -> Option<Took> {
    let root = plan.root?;
    let mut clock = Timer {
        plan,
        question,
        known: BTreeMap::new(),
        values: values(plan),
    };
    let ways = clock.block(root);
    let end = match question.until {
        Until::End => either(ways.on, ways.there),
        Until::Node(_) => ways.there,
    };
    match question.since {
        Some(_) => end.filter(|_| ways.begun),
        None => end,
    }
}

/// The ways out of a block, from its beginning or from where the clock began.
#[derive(Clone, Debug, Default)]
struct Ways {
    /// On to what follows.
    on: Option<Took>,
    /// To where the clock stops.
    there: Option<Took>,
    /// Back to the caller.
    back: Option<Took>,
    /// The clock began in it: what came before does not count.
    begun: bool,
}

fn either(one: Option<Took>, other: Option<Took>) -> Option<Took> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.or(&other)),
        (one, other) => one.or(other),
    }
}

impl Ways {
    fn just(took: Took) -> Ways {
        Ways {
            on: Some(took),
            ..Ways::default()
        }
    }

    fn nothing() -> Ways {
        Ways::just(Took::default())
    }

    fn or(self, other: Ways) -> Ways {
        // A way on which the clock never begins is not asked about.
        match (self.begun, other.begun) {
            (true, false) => return self,
            (false, true) => return other,
            _ => {}
        }
        Ways {
            on: either(self.on, other.on),
            there: either(self.there, other.there),
            back: either(self.back, other.back),
            begun: self.begun,
        }
    }

    fn behind(self, before: &Took) -> Ways {
        if self.begun {
            return self;
        }
        let after = |took: Option<Took>| took.map(|took| before.then(&took));
        Ways {
            on: after(self.on),
            there: after(self.there),
            back: after(self.back),
            begun: false,
        }
    }

    fn map_on(mut self, change: impl FnOnce(Took) -> Took) -> Ways {
        self.on = self.on.map(change);
        self
    }
}

struct Timer<'a> {
    plan: &'a Plan,
    question: &'a Question<'a>,
    known: BTreeMap<BlockId, Ways>,
    values: BTreeMap<VarId, (u64, u64)>,
}

impl Timer<'_> {
    fn block(&mut self, id: BlockId) -> Ways {
        if let Some(ways) = self.known.get(&id) {
            return ways.clone();
        }
        let block = &self.plan.blocks[id.index()];
        let mut ways = Ways::nothing();
        for node in &block.nodes {
            let Some(now) = ways.on.take() else { break };
            let next = self.node(*node).behind(&now);
            ways = Ways {
                on: next.on,
                there: either(ways.there.filter(|_| !next.begun), next.there),
                back: either(ways.back.filter(|_| !next.begun), next.back),
                begun: ways.begun || next.begun,
            };
        }
        if let Some(always) = block.policies.always {
            let last = self.block(always).on.unwrap_or_default();
            ways = ways.map_on(|on| on.then(&last));
        }
        if block.policies.only_if.is_some() || block.policies.done_if.is_some() {
            // It may be skipped.
            ways = ways.or(Ways::nothing());
        }
        self.known.insert(id, ways.clone());
        ways
    }

    fn node(&mut self, id: NodeId) -> Ways {
        let plan = self.plan;
        let node = &plan.nodes[id.index()];
        let mut ways = self.kind(id, &node.kind);
        if self.question.until == Until::Node(id) {
            ways.there = either(ways.there, ways.on.clone());
        }
        if self.question.since == Some(id) {
            // What stands inside it comes after it: the arms of a decision.
            ways.begun = true;
        }
        ways
    }

    fn kind(&mut self, id: NodeId, kind: &NodeKind) -> Ways {
        match kind {
            NodeKind::Section { block, .. } => self.said(id, *block),
            NodeKind::Step { block, .. } => self.step(id, *block),
            NodeKind::Checkpoint { after, block, .. } => {
                let wait = after.as_deref().and_then(|after| self.duration(after));
                let wait = wait.map_or_else(Took::default, |(_, most)| Took::up_to(most));
                self.said(id, *block)
                    .behind(&wait)
                    .map_on(|took| took.part(id))
            }
            NodeKind::If { arms, otherwise } => {
                let mut ways = match otherwise {
                    Some(block) => self.block(*block),
                    None => Ways::nothing(),
                };
                for (_, block) in arms {
                    ways = ways.or(self.block(*block));
                }
                ways
            }
            NodeKind::Choose { within, arms, .. } => {
                let thought = self.prompt(within.as_deref()).part(id);
                let mut ways: Option<Ways> = None;
                for arm in arms {
                    let arm = self.block(arm.block);
                    ways = Some(match ways {
                        Some(ways) => ways.or(arm),
                        None => arm,
                    });
                }
                ways.unwrap_or_else(Ways::nothing).behind(&thought)
            }
            NodeKind::Decide {
                matrix, by, arms, ..
            } => {
                let matrix = &self.plan.matrices[matrix.index()];
                let mut ways: Option<Ways> = None;
                for arm in arms {
                    if !gives(matrix, *by, &arm.values, self.question.severity) {
                        continue;
                    }
                    let arm = self.block(arm.block);
                    ways = Some(match ways {
                        Some(ways) => ways.or(arm),
                        None => arm,
                    });
                }
                // No row gives that level: nobody comes here with it.
                ways.unwrap_or_default()
            }
            NodeKind::Attempt {
                within,
                block,
                otherwise,
                ..
            } => self.attempt(id, within.as_deref(), *block, *otherwise),
            NodeKind::Parallel { max, block, .. } => {
                let branches = self.plan.blocks[block.index()].nodes.clone();
                let count = branches.len() as u64;
                let mut longest = Took::default();
                for branch in branches {
                    let took = self.node(branch).on.unwrap_or_default();
                    let best = longest.best.max(took.best);
                    longest = longest.or(&took);
                    longest.best = best;
                }
                let rounds = match max.as_deref().and_then(number) {
                    Some(max) if max > 0 => count.div_ceil(max).max(1),
                    _ => 1,
                };
                longest.slow = longest.slow.saturating_mul(rounds);
                longest.worst = longest.worst.saturating_mul(rounds);
                Ways::just(longest)
            }
            NodeKind::For {
                items,
                parallel,
                block,
                ..
            } => {
                let ways = self.block(*block);
                let count = match &items.kind {
                    ExprKind::List(items) => Some(items.len() as u64),
                    ExprKind::Literal(Value::List(items)) => Some(items.len() as u64),
                    _ => None,
                };
                let at_once = parallel.as_deref().and_then(number).unwrap_or(1).max(1);
                match count {
                    Some(count) => ways.map_on(|took| took.times(count.div_ceil(at_once))),
                    // As long as nobody knows how many, once; and perhaps not at all.
                    None => ways.or(Ways::nothing()),
                }
            }
            NodeKind::Wait(clause) => Ways::just(self.lasting(clause).part(id)),
            NodeKind::WaitUpTo { limit, stable, .. } => {
                let stable = stable.as_deref().and_then(|stable| self.duration(stable));
                let mut took = match self.duration(limit) {
                    Some((_, most)) => Took::up_to(most),
                    None => Took::default(),
                };
                took.best = stable.map_or(0, |(least, _)| least).min(took.slow);
                Ways::just(took.part(id))
            }
            NodeKind::Watch { lasting, .. } => Ways::just(self.lasting(lasting).part(id)),
            NodeKind::Do { procedure, .. } => {
                let block = self.plan.procedures[procedure.index()].block;
                let mut ways = self.said(id, block);
                ways.on = either(ways.on, ways.back.take());
                ways
            }
            NodeKind::Let { value, .. } => Ways::just(match value {
                LetValue::Expr(_) => Took::default(),
                LetValue::Command(command) => self.command(*command),
                LetValue::Request(request) => self.request(*request),
            }),
            NodeKind::Command { command, .. } => Ways::just(self.command(*command)),
            NodeKind::Request { request, .. } => Ways::just(self.request(*request)),
            NodeKind::Notify(message) => {
                let channel = match &self.plan.messages[message.index()].to {
                    MessageTo::Channel(channel) => self.plan.channels[channel.index()].block,
                    MessageTo::File(_) => None,
                };
                match channel {
                    Some(block) => Ways::just(self.block(block).on.unwrap_or_default()),
                    None => Ways::nothing(),
                }
            }
            NodeKind::Ask(ask) => Ways::just(self.prompt(ask.within.as_ref()).part(id)),
            NodeKind::Confirm { within, .. } | NodeKind::Approve { within, .. } => {
                Ways::just(self.prompt(within.as_deref()).part(id))
            }
            NodeKind::Check { block, .. } => self.block(*block),
            NodeKind::Snapshot { entries, .. } => {
                let mut all = Took::default();
                for (_, look) in entries {
                    let took = match look {
                        Looked::Command(command) => self.command(*command),
                        Looked::Request(request) => self.request(*request),
                    };
                    all = all.then(&took);
                }
                Ways::just(all)
            }
            NodeKind::Finish { .. } => Ways {
                there: (self.question.until == Until::End).then(Took::default),
                ..Ways::default()
            },
            NodeKind::Return(_) => Ways {
                back: Some(Took::default()),
                ..Ways::default()
            },
            NodeKind::Prose(_)
            | NodeKind::Warning(_)
            | NodeKind::Escalate { .. }
            | NodeKind::Rewind(_)
            | NodeKind::FollowUp(_)
            | NodeKind::Item { .. }
            | NodeKind::Expect { .. }
            | NodeKind::Compare { .. }
            | NodeKind::Todo(_) => Ways::nothing(),
        }
    }

    /// A block, and what `takes` says of it.
    fn said(&mut self, id: NodeId, block: BlockId) -> Ways {
        let mut ways = self.block(block);
        let takes = self.plan.blocks[block.index()].policies.takes.as_deref();
        // Where the clock stops or begins inside, its parts count and not the whole.
        if let Some((from, to)) = takes
            && ways.there.is_none()
            && !ways.begun
        {
            let (from, to) = (self.duration(from), self.duration(to));
            let change = |mut took: Took| {
                if let Some((least, _)) = from {
                    took.best = took.best.max(least);
                }
                if let Some((_, most)) = to {
                    took.slow = most.max(took.best);
                    took.worst = took.worst.max(most);
                    took = took.part(id);
                }
                took
            };
            ways.on = ways.on.map(change);
            ways.back = ways.back.map(change);
        }
        ways
    }

    fn step(&mut self, id: NodeId, block: BlockId) -> Ways {
        let policies = &self.plan.blocks[block.index()].policies;
        let timeout = policies.timeout.as_deref().and_then(|t| self.duration(t));
        let retry = policies.retry.as_deref();
        let times = retry.and_then(|retry| number(&retry.times)).unwrap_or(0);
        let every = retry.and_then(|retry| retry.every.as_ref());
        let pause = every.and_then(|every| self.duration(every));
        let pause = pause.map_or(0, |(_, most)| most);
        let factor = retry
            .and_then(|retry| retry.backoff.as_ref())
            .and_then(|factor| factor.0.to_f64())
            .unwrap_or(1.0);
        let mut pauses = 0.0;
        for n in 0..times.min(100) {
            pauses += pause as f64 * factor.powi(i32::try_from(n).unwrap_or(i32::MAX));
        }
        // Saturates.
        let pauses = pauses as u64;
        let skippable = policies.only_if.is_some() || policies.done_if.is_some();
        let mut ways = self.block(block).map_on(|mut took| {
            if let Some((_, limit)) = timeout {
                took = took.at_most(limit);
            }
            let tries = times.saturating_add(1);
            took.worst = took.worst.saturating_mul(tries).saturating_add(pauses);
            took.slow = took.slow.saturating_mul(tries).saturating_add(pauses);
            took.part(id)
        });
        let takes = policies.takes.as_deref();
        if let Some((from, to)) = takes {
            let (from, to) = (self.duration(from), self.duration(to));
            ways = ways.map_on(|mut took| {
                if let Some((least, _)) = from.filter(|_| !skippable) {
                    took.best = took.best.max(least);
                }
                if let Some((_, most)) = to {
                    took.slow = most.max(took.best);
                    took.worst = took.worst.max(most);
                }
                took.part(id)
            });
        }
        ways
    }

    fn attempt(
        &mut self,
        id: NodeId,
        within: Option<&Clause>,
        block: BlockId,
        otherwise: Option<BlockId>,
    ) -> Ways {
        let limit = within.and_then(|within| self.duration(within));
        let tried = self.said(id, block);
        let Some(otherwise) = otherwise else {
            return tried;
        };
        // It may fail at once, at its end, or be stopped at its deadline.
        let whole = either(tried.on.clone(), tried.there.clone()).unwrap_or_default();
        let mut failed = Took { best: 0, ..whole };
        if let Some((_, limit)) = limit {
            failed = failed.at_most(limit);
            // What has no limit of its own is stopped by this one.
            failed.slow = limit;
            failed.worst = limit;
            failed = failed.part(id);
        }
        let other = self.block(otherwise).behind(&failed);
        let cut = |took: Took| match limit {
            Some((_, limit)) => took.at_most(limit),
            None => took,
        };
        Ways {
            on: tried.on.map(cut),
            ..tried
        }
        .or(other)
    }

    fn command(&self, id: CommandId) -> Took {
        let command = &self.plan.commands[id.index()];
        match &command.manner {
            Manner::Live(lasting) => match self.duration(lasting) {
                Some((_, most)) => Took::up_to(most),
                None => Took::default(),
            },
            _ => self.limited(command.timeout.as_deref()),
        }
    }

    fn request(&self, id: RequestId) -> Took {
        self.limited(self.plan.requests[id.index()].timeout.as_deref())
    }

    fn limited(&self, timeout: Option<&Clause>) -> Took {
        match timeout.and_then(|timeout| self.duration(timeout)) {
            Some((_, most)) => Took::up_to(most),
            None => Took::default(),
        }
    }

    fn prompt(&self, within: Option<&Within>) -> Took {
        self.limited(within.map(|within| &within.limit))
    }

    fn lasting(&self, clause: &Clause) -> Took {
        match self.duration(clause) {
            Some((least, most)) => Took {
                best: least,
                ..Took::exactly(most)
            },
            None => Took::default(),
        }
    }

    /// The least and the most it may be, where that is known before the run.
    fn duration(&self, clause: &Clause) -> Option<(u64, u64)> {
        known(clause, &self.values)
    }
}

/// Whether some row gives one of these values, and the severity that is asked about.
fn gives(matrix: &Matrix, by: usize, values: &[Value], severity: Option<&str>) -> bool {
    let level = matrix
        .outputs
        .iter()
        .position(|output| output.ty == Type::Severity);
    matrix.rows.iter().any(|row| {
        let arm = row
            .gives
            .get(by)
            .is_some_and(|value| values.contains(value));
        let severe = match (level, severity) {
            (Some(level), Some(wanted)) => {
                matches!(row.gives.get(level), Some(Value::Severity(given)) if given == wanted)
            }
            _ => true,
        };
        arm && severe
    })
}

fn number(clause: &Clause) -> Option<u64> {
    match &clause.kind {
        ExprKind::Literal(Value::Number(number)) => number.to_u64(),
        _ => None,
    }
}

fn known(expr: &Expr, values: &BTreeMap<VarId, (u64, u64)>) -> Option<(u64, u64)> {
    match &expr.kind {
        ExprKind::Literal(Value::Duration(ms)) => Some((*ms, *ms)),
        ExprKind::Var(var) => values.get(var).copied(),
        _ => None,
    }
}

/// Durations that names have before the run: the defaults of params, and what procedures are called with.
fn values(plan: &Plan) -> BTreeMap<VarId, (u64, u64)> {
    let mut values: BTreeMap<VarId, (u64, u64)> = BTreeMap::new();
    for param in &plan.params {
        if let Some(value) = param.default.as_ref().and_then(|d| known(d, &values)) {
            values.insert(param.var, value);
        }
    }
    let calls: Vec<&Vec<(VarId, Expr)>> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.kind {
            NodeKind::Do { args, .. } => Some(args),
            _ => None,
        })
        .collect();
    // A value passed on through calls arrives one call deeper each time.
    for _ in 0..8 {
        let before = values.len();
        let mut found: BTreeMap<VarId, Option<(u64, u64)>> = BTreeMap::new();
        for (var, value) in calls.iter().flat_map(|args| args.iter()) {
            let value = known(value, &values);
            let all = found.entry(*var).or_insert(value);
            *all = match (*all, value) {
                (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                _ => None,
            };
        }
        values.extend(found.into_iter().filter_map(|(var, v)| Some((var, v?))));
        if values.len() == before {
            break;
        }
    }
    for (var, default) in plan.procedures.iter().flat_map(|p| &p.params) {
        if let Some(default) = default.as_ref().and_then(|d| known(d, &values)) {
            let (least, most) = values.get(var).copied().unwrap_or(default);
            values.insert(*var, (least.min(default.0), most.max(default.1)));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_grammar::source::Sources;

    fn plan(text: &str) -> Plan {
        let mut sources = Sources::default();
        let id = sources.add("a.rbk", format!("rbk 1\nrunbook \"A\"\n\n{text}"));
        let (root, told) = runbook_grammar::parse(sources.get(id));
        assert!(told.is_empty(), "{told:?}");
        let (plan, told) = crate::resolve(&crate::gather(root, |_| Err(String::new())));
        plan.unwrap_or_else(|| panic!("{told:?}"))
    }

    /// Best, slow and worst in seconds, to the objective.
    fn times(text: &str, severity: Option<&str>) -> Option<(u64, u64, u64)> {
        let plan = plan(text);
        let until = match plan.objective.as_ref().and_then(|o| o.until) {
            Some(node) => Until::Node(node),
            None => Until::End,
        };
        let decide = plan
            .nodes
            .iter()
            .position(|node| matches!(node.kind, NodeKind::Decide { .. }));
        let since = severity.and(decide).map(|at| NodeId(at as u32));
        let question = Question {
            since,
            until,
            severity,
        };
        let took = took(&plan, &question)?;
        Some((took.best / 1000, took.slow / 1000, took.worst / 1000))
    }

    #[test]
    fn waits_timeouts_and_retries_add_up() {
        let text = "wait 10s\nstep a \"A\" {\n  $ x\n  $ y\n  repeatable\n  timeout 1m\n  retry 2 every 5s backoff 2x\n}\n\
                    wait up to 30s every 1s {\n  ? z\n}\n";
        assert_eq!(times(text, None), Some((10, 10 + 195 + 30, 10 + 195 + 30)));
    }

    #[test]
    fn what_takes_says_counts_before_timeouts() {
        let text = "step a \"A\" {\n  $ x\n  repeatable\n  timeout 1h\n  takes 5m..10m\n}\n";
        assert_eq!(times(text, None), Some((300, 600, 3600)));
    }

    #[test]
    fn an_attempt_may_fail_at_its_deadline() {
        let text = "attempt a \"A\" within 5m {\n  wait up to 10m every 5s {\n    ? x\n  }\n} otherwise {\n  wait 1m\n}\n";
        assert_eq!(times(text, None), Some((0, 360, 360)));
    }

    #[test]
    fn only_ways_that_come_there_count() {
        let text = "objective 1h until done\nchoose \"Which?\" {\n  \"Long\" {\n    wait 2h\n    finish failed\n  }\n  \"Short\" {\n    do p(1m)\n  }\n}\n\
                    checkpoint done \"Done\" {\n  - [ ] Done\n}\nwait 3h\n\nprocedure p(d: duration) {\n  wait d\n}\n";
        assert_eq!(times(text, None), Some((60, 60, 60)));
    }

    #[test]
    fn a_severity_begins_at_its_decision_and_takes_its_rows() {
        let text = "severity P0 \"A\" within 1h\nseverity P1 \"B\" within 2h\n\
                    matrix m(x: choice) -> (severity: severity, response: choice) {\n  | x | severity | response |\n  |---|----------|----------|\n  | a | P0       | quick    |\n  | b | P1       | slow     |\n}\n\
                    ask x: m.x \"Which?\"\nwait 5h\ndecide m {\n  quick {\n    wait 1m\n  }\n  slow {\n    wait 90m\n  }\n}\nwait 1s\n";
        assert_eq!(times(text, Some("P0")), Some((61, 61, 61)));
        assert_eq!(times(text, Some("P1")), Some((5401, 5401, 5401)));
    }

    #[test]
    fn a_chain_of_doubled_calls_is_timed_once_each() {
        let mut text = String::from("do p0()\n");
        for n in 0..60 {
            let m = n + 1;
            text += &format!("procedure p{n}() {{\n  do p{m}() as a\n  do p{m}() as b\n}}\n");
        }
        text += "procedure p60() {\n  wait 1s\n}\n";
        let took = times(&text, None).expect("a way");
        assert!(took.0 > 1 << 50);
    }
}
