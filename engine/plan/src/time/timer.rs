//! The walk over the plan that adds times up.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive;

use super::known::{gives, known, number, values};
use super::sum::{BEST, EXPECTED, Kept, Sum, WORST};
use super::{From, Keep, Piece, Question, Took, Until, What};
use crate::command::Manner;
use crate::expr::{Clause, Expr, ExprKind};
use crate::ids::{BlockId, CommandId, MatrixId, MessageId, NodeId, ProcedureId, RequestId, VarId};
use crate::plan::*;
use crate::value::Value;

pub(super) fn time(plan: &Plan, question: &Question<'_>) -> Option<Took> {
    let root = plan.root?;
    let mut timer = Timer {
        plan,
        question,
        known: BTreeMap::new(),
        values: values(plan),
        kept: Kept::new(question.keep),
        elapsed: None,
    };
    let ways = timer.block(root);
    let end = match question.until {
        Until::End => timer.either(ways.on, ways.there),
        Until::Node(_) => ways.there,
    };
    let sum = match question.through {
        Some(_) => end.filter(|_| ways.met)?,
        None => end?,
    };
    let [best, expected, slow, worst] = sum.lanes.map(|lane| lane.time);
    Some(Took {
        best,
        expected,
        slow,
        worst,
        parts: timer.kept.list(sum.parts),
    })
}

/// The ways out of a block, from its beginning or from where the clock began.
#[derive(Clone, Copy, Debug, Default)]
struct Ways {
    /// On to what follows.
    on: Option<Sum>,
    /// To where the clock stops.
    there: Option<Sum>,
    /// To an end of the run that the clock does not go by: what fails may have come as far.
    over: Option<Sum>,
    /// Back to the caller.
    back: Option<Sum>,
    /// They go through the node that is asked about.
    met: bool,
}

impl Ways {
    fn just(sum: Sum) -> Ways {
        Ways {
            on: Some(sum),
            ..Ways::default()
        }
    }

    fn nothing() -> Ways {
        Ways::just(Sum::default())
    }
}

struct Timer<'a> {
    plan: &'a Plan,
    question: &'a Question<'a>,
    known: BTreeMap<BlockId, Ways>,
    values: BTreeMap<VarId, (u64, u64)>,
    kept: Kept,
    /// Between the checkpoint that comes next and the node that its `after … since` names, on each lane.
    elapsed: Option<[u64; 4]>,
}

impl Timer<'_> {
    fn either(&self, one: Option<Sum>, other: Option<Sum>) -> Option<Sum> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.or(&other, self.question.keep)),
            (one, other) => one.or(other),
        }
    }

    fn or(&self, one: Ways, other: Ways) -> Ways {
        // A way past the node is not asked about.
        match (one.met, other.met) {
            (true, false) => return one,
            (false, true) => return other,
            _ => {}
        }
        Ways {
            on: self.either(one.on, other.on),
            there: self.either(one.there, other.there),
            over: self.either(one.over, other.over),
            back: self.either(one.back, other.back),
            met: one.met,
        }
    }

    fn behind(&mut self, ways: Ways, before: &Sum) -> Ways {
        if ways.met && self.question.from == From::There {
            return ways;
        }
        let mut after = |sum: Option<Sum>| sum.map(|sum| self.kept.then(before, &sum));
        Ways {
            on: after(ways.on),
            there: after(ways.there),
            over: after(ways.over),
            back: after(ways.back),
            met: ways.met,
        }
    }

    /// The same change to each way out.
    fn each(&mut self, ways: Ways, mut change: impl FnMut(&mut Kept, Sum) -> Sum) -> Ways {
        let mut one = |sum: Option<Sum>| sum.map(|sum| change(&mut self.kept, sum));
        Ways {
            on: one(ways.on),
            there: one(ways.there),
            over: one(ways.over),
            back: one(ways.back),
            met: ways.met,
        }
    }

    fn block(&mut self, id: BlockId) -> Ways {
        if let Some(ways) = self.known.get(&id) {
            return *ways;
        }
        let block = &self.plan.blocks[id.index()];
        let mut ways = Ways::nothing();
        let mut passed: Vec<(NodeId, [u64; 4])> = Vec::new();
        for node in &block.nodes {
            let Some(now) = ways.on.take() else { break };
            let times = now.lanes.map(|lane| lane.time.ms);
            self.elapsed = match &self.plan.nodes[node.index()].kind {
                NodeKind::Checkpoint {
                    since: Some(since), ..
                } => passed
                    .iter()
                    .find(|(node, _)| node == since)
                    .map(|(_, then)| std::array::from_fn(|at| times[at].saturating_sub(then[at]))),
                _ => None,
            };
            let next = self.node(*node);
            let next = self.behind(next, &now);
            let before = |sum: Option<Sum>| sum.filter(|_| !next.met);
            ways = Ways {
                on: next.on,
                there: self.either(before(ways.there), next.there),
                over: self.either(before(ways.over), next.over),
                back: self.either(before(ways.back), next.back),
                met: ways.met || next.met,
            };
            if let (NodeKind::Checkpoint { .. }, Some(on)) =
                (&self.plan.nodes[node.index()].kind, ways.on)
            {
                passed.push((*node, on.lanes.map(|lane| lane.time.ms)));
            }
        }
        if let Some(always) = block.policies.always {
            let last = self.block(always).on.unwrap_or_default();
            ways = self.each(ways, |kept, sum| kept.then(&sum, &last));
        }
        if block.policies.only_if.is_some() || block.policies.done_if.is_some() {
            // It may be skipped.
            ways = self.or(ways, Ways::nothing());
        }
        self.known.insert(id, ways);
        ways
    }

    fn node(&mut self, id: NodeId) -> Ways {
        let plan = self.plan;
        let elapsed = self.elapsed.take();
        let mut ways = self.kind(id, &plan.nodes[id.index()].kind, elapsed);
        if self.question.until == Until::Node(id) {
            ways.there = self.either(ways.there, ways.on);
        }
        if self.question.through == Some(id) {
            // What stands inside it comes after it: the arms of a decision.
            ways.met = true;
        }
        ways
    }

    /// The arm that is asked about, where this node is.
    fn asked(&self, id: NodeId) -> Option<usize> {
        self.question
            .arm
            .filter(|_| self.question.through == Some(id))
    }

    /// An arm each: what a way goes through on the stack must stay small.
    fn kind(&mut self, id: NodeId, kind: &NodeKind, elapsed: Option<[u64; 4]>) -> Ways {
        match kind {
            NodeKind::Section { block, .. } => self.section(id, *block),
            NodeKind::Step { block, manual, .. } => self.step(id, *block, *manual),
            NodeKind::Checkpoint { after, block, .. } => {
                self.checkpoint(id, after.as_deref(), *block, elapsed)
            }
            NodeKind::If { arms, otherwise } => self.branch(arms, *otherwise),
            NodeKind::Choose { within, arms, .. } => self.choose(id, within.as_deref(), arms),
            NodeKind::Decide {
                matrix,
                by,
                arms,
                inputs,
                ..
            } => self.decide(id, *matrix, *by, arms, inputs),
            NodeKind::Attempt {
                within,
                block,
                otherwise,
                ..
            } => self.attempt(id, within.as_deref(), *block, *otherwise),
            NodeKind::Parallel { max, block, .. } => self.parallel(max.as_deref(), *block),
            NodeKind::For {
                items,
                parallel,
                block,
                ..
            } => self.each_of(items, parallel.as_deref(), *block),
            NodeKind::Do { procedure, .. } => self.call(id, *procedure),
            NodeKind::Check { block, .. } => self.block(*block),
            NodeKind::Notify(message) => self.notify(id, *message),
            NodeKind::Wait(clause) => self.part(self.lasting(clause), id),
            NodeKind::WaitUpTo { limit, stable, .. } => {
                let sum = self.wait_up_to(limit, stable.as_deref());
                self.part(sum, id)
            }
            NodeKind::Watch { lasting, .. } => self.part(self.lasting(lasting), id),
            NodeKind::Let { value, .. } => match value {
                LetValue::Expr(_) => Ways::nothing(),
                LetValue::Command(command) => self.part(self.command(*command), id),
                LetValue::Request(request) => self.part(self.request(*request), id),
            },
            NodeKind::Command { command, .. } => self.part(self.command(*command), id),
            NodeKind::Request { request, .. } => self.part(self.request(*request), id),
            NodeKind::Ask(ask) => self.part(self.prompt(ask.within.as_ref()), id),
            NodeKind::Confirm { within, .. } | NodeKind::Approve { within, .. } => {
                self.part(self.prompt(within.as_deref()), id)
            }
            NodeKind::Item { .. } | NodeKind::Todo(_) => self.part(self.prompt(None), id),
            NodeKind::Snapshot { entries, .. } => self.snapshot(id, entries),
            NodeKind::Finish { .. } => match self.question.until {
                Until::End => Ways {
                    there: Some(Sum::default()),
                    ..Ways::default()
                },
                Until::Node(_) => Ways {
                    over: Some(Sum::default()),
                    ..Ways::default()
                },
            },
            NodeKind::Return(_) => Ways {
                back: Some(Sum::default()),
                ..Ways::default()
            },
            NodeKind::Prose(_)
            | NodeKind::Warning(_)
            | NodeKind::Escalate { .. }
            | NodeKind::Rewind(_)
            | NodeKind::FollowUp(_)
            | NodeKind::Expect { .. }
            | NodeKind::Compare { .. } => Ways::nothing(),
        }
    }

    fn section(&mut self, id: NodeId, block: BlockId) -> Ways {
        let ways = self.said(id, block);
        self.each(ways, |kept, sum| kept.inside(sum, id))
    }

    fn call(&mut self, id: NodeId, procedure: ProcedureId) -> Ways {
        let block = self.plan.procedures[procedure.index()].block;
        let mut ways = self.said(id, block);
        ways.on = self.either(ways.on, ways.back.take());
        self.each(ways, |kept, sum| kept.inside(sum, id))
    }

    fn checkpoint(
        &mut self,
        id: NodeId,
        after: Option<&Clause>,
        block: BlockId,
        elapsed: Option<[u64; 4]>,
    ) -> Ways {
        let mut before = Sum::default();
        if let Some((_, most)) = after.and_then(|after| self.duration(after)) {
            // Where it is not known how much of it has passed, the best way has waited it all out already.
            let passed = elapsed.unwrap_or([most, 0, 0, 0]);
            for (lane, passed) in before.lanes.iter_mut().zip(passed) {
                lane.time.ms = most.saturating_sub(passed);
            }
        }
        let ways = self.said(id, block);
        let ways = self.behind(ways, &before);
        self.each(ways, |kept, sum| kept.part(sum, id, Piece::default()))
    }

    fn branch(&mut self, arms: &[(Expr, BlockId)], otherwise: Option<BlockId>) -> Ways {
        let mut ways = match otherwise {
            Some(block) => self.block(block),
            None => Ways::nothing(),
        };
        for (_, block) in arms {
            let arm = self.block(*block);
            ways = self.or(ways, arm);
        }
        ways
    }

    fn choose(&mut self, id: NodeId, within: Option<&Within>, arms: &[ChooseArm]) -> Ways {
        let thought = self.prompt(within);
        let thought = self.kept.part(thought, id, Piece::default());
        let asked = self.asked(id);
        let mut ways: Option<Ways> = None;
        for (at, arm) in arms.iter().enumerate() {
            if asked.is_none_or(|asked| asked == at) {
                let arm = self.block(arm.block);
                ways = Some(ways.map_or(arm, |ways| self.or(ways, arm)));
            }
        }
        self.behind(ways.unwrap_or_else(Ways::nothing), &thought)
    }

    fn decide(
        &mut self,
        id: NodeId,
        matrix: MatrixId,
        by: usize,
        arms: &[DecideArm],
        inputs: &[DecideInput],
    ) -> Ways {
        let matrix = &self.plan.matrices[matrix.index()];
        let asked = self.asked(id);
        let mut ways: Option<Ways> = None;
        for (at, arm) in arms.iter().enumerate() {
            let counts = match asked {
                Some(asked) => asked == at,
                None => gives(matrix, inputs, by, &arm.values, self.question.severity),
            };
            if counts {
                let arm = self.block(arm.block);
                ways = Some(ways.map_or(arm, |ways| self.or(ways, arm)));
            }
        }
        let questions = inputs.iter();
        let questions = questions.filter(|input| !matches!(input, DecideInput::Value(_)));
        let mut thought = Sum::default();
        for _ in questions {
            thought = self.kept.then(&thought, &self.prompt(None));
        }
        if thought.lanes[WORST].time.open() > 0 {
            thought = self.kept.part(thought, id, Piece::default());
        }
        // Where no row gives that level nobody comes here with it.
        self.behind(ways.unwrap_or_default(), &thought)
    }

    fn parallel(&mut self, max: Option<&Clause>, block: BlockId) -> Ways {
        let branches = &self.plan.blocks[block.index()].nodes;
        let mut longest = Sum::default();
        for branch in branches {
            let sum = self.node(*branch).on.unwrap_or_default();
            longest = longest.beside(&sum, self.question.keep);
        }
        let count = branches.len() as u64;
        let rounds = match max.and_then(number) {
            Some(max) if max > 0 => count.div_ceil(max).max(1),
            _ => 1,
        };
        let best = longest.lanes[BEST];
        longest = longest.times(rounds);
        longest.lanes[BEST] = best;
        Ways::just(longest)
    }

    fn each_of(&mut self, items: &Expr, parallel: Option<&Clause>, block: BlockId) -> Ways {
        let ways = self.block(block);
        let count = match &items.kind {
            ExprKind::List(items) => Some(items.len() as u64),
            ExprKind::Literal(Value::List(items)) => Some(items.len() as u64),
            _ => None,
        };
        let at_once = parallel.and_then(number).unwrap_or(1).max(1);
        match count {
            Some(count) => Ways {
                on: ways.on.map(|sum| sum.times(count.div_ceil(at_once))),
                ..ways
            },
            // As long as nobody knows how many, once; and perhaps not at all.
            None => {
                let once = self.each(ways, |_, mut sum| {
                    sum.change(|time| time.lists = time.lists.saturating_add(1));
                    sum
                });
                self.or(once, Ways::nothing())
            }
        }
    }

    fn wait_up_to(&self, limit: &Clause, stable: Option<&Clause>) -> Sum {
        let stable = stable.and_then(|stable| self.duration(stable));
        let stable = stable.map_or(0, |(least, _)| least);
        let mut sum = match self.duration(limit) {
            Some((_, most)) => Sum::up_to(most),
            None => Sum::default(),
        };
        let most = sum.lanes[WORST].time.ms;
        for lane in &mut sum.lanes[..=EXPECTED] {
            lane.time.ms = stable.min(most);
        }
        sum
    }

    fn notify(&mut self, id: NodeId, message: MessageId) -> Ways {
        let channel = match &self.plan.messages[message.index()].to {
            MessageTo::Channel(channel) => self.plan.channels[channel.index()].block,
            MessageTo::File(_) => return Ways::nothing(),
        };
        let sum = match channel {
            Some(block) => self.block(block).on.unwrap_or_default(),
            // It is shown to copy, and somebody says that it is sent.
            None => self.prompt(None),
        };
        self.part(sum, id)
    }

    fn snapshot(&mut self, id: NodeId, entries: &[(String, Looked)]) -> Ways {
        let mut all = Sum::default();
        for (_, look) in entries {
            all = self.kept.then(&all, &self.looked(*look));
        }
        self.part(all, id)
    }

    /// Goes on after a part of the way, where it is one.
    fn part(&mut self, sum: Sum, id: NodeId) -> Ways {
        let time = sum.lanes[WORST].time;
        if time.ms == 0 && time.open() == 0 {
            return Ways::just(sum);
        }
        Ways::just(self.kept.part(sum, id, Piece::default()))
    }

    /// A block, and what `takes` says of it.
    fn said(&mut self, id: NodeId, block: BlockId) -> Ways {
        let mut ways = self.block(block);
        // Where the clock stops or begins inside, its parts count and not the whole.
        let takes = self.plan.blocks[block.index()].policies.takes.as_deref();
        if let Some((from, to)) = takes
            && ways.there.is_none()
            && !ways.met
        {
            let (from, to) = (self.duration(from), self.duration(to));
            let keep = self.question.keep;
            let mut change = |inner: Sum| {
                let mut sum = taking(inner, from, to);
                for lane in &mut sum.lanes {
                    lane.time.said = lane.time.steps;
                }
                // Its own parts tell more, where they are as long.
                let told = sum.lanes[WORST].time.ms == inner.lanes[WORST].time.ms;
                match keep {
                    Keep::Worst if told => sum,
                    _ => self.kept.part(sum, id, Piece::default()),
                }
            };
            ways.on = ways.on.map(&mut change);
            ways.back = ways.back.map(&mut change);
        }
        ways
    }

    fn step(&mut self, id: NodeId, block: BlockId, manual: Manual) -> Ways {
        let policies = &self.plan.blocks[block.index()].policies;
        let timeout = policies.timeout.as_deref().and_then(|t| self.duration(t));
        let limit = timeout.map(|(_, limit)| limit);
        let (tries, pauses) = self.tries(policies);
        let skippable = policies.only_if.is_some() || policies.done_if.is_some();
        let undo = policies.undo.map_or(0, |undo| self.undo(undo));
        let takes = policies.takes.as_deref();
        let takes = takes.map(|(from, to)| (self.duration(from), self.duration(to)));
        let mut ways = self.block(block);
        if let Some(on) = ways.on.as_mut() {
            if manual == Manual::Yes || policies.irreversible.is_some() {
                // Somebody does it and says so; or says yes to it.
                on.change(|time| time.questions += 1);
            }
            let mut each = 0;
            for (at, lane) in on.lanes.iter_mut().enumerate() {
                let (tries, pauses) = if at > EXPECTED {
                    (tries, pauses)
                } else {
                    (1, 0)
                };
                each = lane.tried(limit, 1, 0).time.ms;
                *lane = lane.tried(limit, tries, pauses);
            }
            on.lanes[WORST].undo = on.lanes[WORST].undo.saturating_add(undo);
            on.change(|time| {
                time.steps += 1;
                time.said += u32::from(takes.is_some());
            });
            if let Some((from, to)) = takes {
                *on = taking(*on, from.filter(|_| !skippable), to);
            }
            let piece = Piece {
                tries: if tries > 1 { tries } else { 0 },
                each,
                pauses,
                ..Piece::default()
            };
            *on = self.kept.part(*on, id, piece);
        }
        ways
    }

    /// How often it may be begun, and the pauses between in milliseconds.
    fn tries(&self, policies: &Policies) -> (u64, u64) {
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
        (times.saturating_add(1), pauses as u64)
    }

    /// The most that an undo may take.
    fn undo(&mut self, id: BlockId) -> u64 {
        let policies = &self.plan.blocks[id.index()].policies;
        let limit = policies.timeout.as_deref().and_then(|t| self.duration(t));
        let (tries, pauses) = self.tries(policies);
        let sum = self.block(id).on.unwrap_or_default();
        let mut lane = sum.lanes[WORST];
        if let Some((_, limit)) = limit
            && lane.time.commands > 0
        {
            // What has no limit of its own is stopped by that of the whole.
            lane.time.ms = limit;
        }
        lane.tried(limit.map(|(_, limit)| limit), tries, pauses)
            .time
            .ms
    }

    fn attempt(
        &mut self,
        id: NodeId,
        within: Option<&Clause>,
        block: BlockId,
        otherwise: Option<BlockId>,
    ) -> Ways {
        let limit = within.and_then(|within| self.duration(within));
        let limit = limit.map(|(_, limit)| limit);
        let tried = self.said(id, block);
        let tried = self.each(tried, |kept, sum| kept.inside(sum, id));
        let Some(otherwise) = otherwise else {
            return tried;
        };
        // It may fail at once, at its end, or be stopped at its deadline; then it takes back what it did.
        let ways = [tried.there, tried.over, tried.back].into_iter();
        let whole = ways.fold(tried.on, |one, other| self.either(one, other));
        let whole = whole.unwrap_or_default();
        let mut failed = whole;
        failed.lanes[BEST] = Default::default();
        failed.lanes[EXPECTED].time.failed += 1;
        let undo = std::mem::take(&mut failed.lanes[WORST].undo);
        if let Some(limit) = limit {
            // What has no limit of its own is stopped by this one.
            for lane in &mut failed.lanes[EXPECTED..] {
                *lane = lane.stopped_at(limit);
            }
            for lane in &mut failed.lanes[EXPECTED + 1..] {
                lane.time.ms = limit;
            }
            let piece = Piece {
                what: What::Failed,
                ..Piece::default()
            };
            failed = self.kept.part(failed, id, piece);
        }
        if undo > 0 {
            let mut back = Sum::default();
            back.lanes[WORST].time.ms = undo;
            let piece = Piece {
                what: What::TakenBack,
                ..Piece::default()
            };
            let back = self.kept.part(back, id, piece);
            failed = self.kept.then(&failed, &back);
        }
        let other = self.block(otherwise);
        let other = self.behind(other, &failed);
        let held = match limit {
            Some(limit) => self.each(tried, |_, sum| sum.stopped_at(limit)),
            None => tried,
        };
        match self.asked(id) {
            Some(0) => return held,
            Some(_) => return other,
            None => {}
        }
        self.or(held, other)
    }

    fn command(&self, id: CommandId) -> Sum {
        let command = &self.plan.commands[id.index()];
        match &command.manner {
            Manner::Live(lasting) => match self.duration(lasting) {
                Some((_, most)) => Sum::up_to(most),
                None => self.limited(None),
            },
            // The operator has the terminal, and says how it went.
            Manner::Interactive => self.prompt(None),
            Manner::Plain | Manner::Background(_) => self.limited(command.timeout.as_deref()),
        }
    }

    fn request(&self, id: RequestId) -> Sum {
        self.limited(self.plan.requests[id.index()].timeout.as_deref())
    }

    fn looked(&self, look: Looked) -> Sum {
        match look {
            Looked::Command(command) => self.command(command),
            Looked::Request(request) => self.request(request),
        }
    }

    fn limited(&self, timeout: Option<&Clause>) -> Sum {
        match timeout.and_then(|timeout| self.duration(timeout)) {
            Some((_, most)) => Sum::up_to(most),
            None => {
                let mut sum = Sum::default();
                sum.change(|time| time.commands = 1);
                sum
            }
        }
    }

    fn prompt(&self, within: Option<&Within>) -> Sum {
        let limit = within.and_then(|within| self.duration(&within.limit));
        // A deadline that only escalates, or says nothing, ends no question.
        let answers = matches!(
            within.and_then(|within| within.otherwise.as_ref()),
            Some(WithinElse::Answer(_) | WithinElse::Arm(_))
        );
        let mut sum = match limit {
            Some((_, most)) => Sum::up_to(most),
            None => Sum::default(),
        };
        for lane in &mut sum.lanes[EXPECTED..] {
            lane.thought = lane.time.ms;
            lane.time.questions = u32::from(!answers);
        }
        sum
    }

    fn lasting(&self, clause: &Clause) -> Sum {
        match self.duration(clause) {
            Some((least, most)) if least == most => Sum::exactly(most),
            Some((least, most)) => Sum::between(least, most),
            None => Sum::default(),
        }
    }

    /// The least and the most it may be, where that is known before the run.
    fn duration(&self, clause: &Clause) -> Option<(u64, u64)> {
        known(clause, &self.values)
    }
}

/// What `takes` says of all of it.
fn taking(mut sum: Sum, from: Option<(u64, u64)>, to: Option<(u64, u64)>) -> Sum {
    if let Some((least, _)) = from {
        let best = &mut sum.lanes[BEST].time.ms;
        *best = least.max(*best);
    }
    if let Some((_, most)) = to {
        let most = most.max(sum.lanes[BEST].time.ms);
        for lane in &mut sum.lanes[EXPECTED..WORST] {
            lane.time.ms = most;
        }
        let worst = &mut sum.lanes[WORST].time.ms;
        *worst = most.max(*worst);
    }
    sum
}
