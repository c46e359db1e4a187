//! The loop that moves fibers, and what every construct needs: names, values, effects, timers, notices.

use std::sync::Arc;

use runbook_plan::Plan;

use crate::clock::Deadline;
use crate::effect::{Effect, EffectId, Notice, Urgency};
use crate::flow;
use crate::frame::*;
use crate::prompt::{Prompt, PromptKind};
use crate::state::*;

pub(crate) struct Machine<'p> {
    pub plan: &'p Plan,
    pub s: State,
    pub out: Vec<Effect>,
}

impl<'p> Machine<'p> {
    // Effects.

    pub fn next_effect(&mut self) -> EffectId {
        self.s.next.effect += 1;
        EffectId(self.s.next.effect)
    }

    /// Everything but notices waits while locks and secrets are fetched anew.
    pub fn wish(&mut self, effect: Effect) {
        if self.s.renewing.is_empty() {
            self.out.push(effect);
        } else {
            self.s.held.push(effect);
        }
    }

    pub fn tell(&mut self, notice: Notice) {
        self.out.push(Effect::Tell(notice));
    }

    pub fn pend(&mut self, fiber: Option<FiberId>, id: EffectId, kind: PendingKind) {
        if !matches!(kind, PendingKind::Ask(_)) {
            self.s.busy.insert(id);
        }
        self.s.pending.insert(
            id,
            Pending {
                fiber,
                kind,
                since: self.s.now,
                identity: None,
                stop: None,
                in_doubt: false,
                said: String::new(),
            },
        );
        if let Some(fiber) = fiber {
            self.fiber_mut(fiber).waiting = Waiting::Effect(id);
        }
    }

    /// Wishes for needs, locks, secrets and documents: safe to ask for again after a crash.
    pub fn wish_other(&mut self, f: FiberId, make: impl FnOnce(EffectId) -> Effect) {
        let id = self.next_effect();
        let effect = make(id);
        self.pend(Some(f), id, PendingKind::Other(Box::new(effect.clone())));
        self.wish(effect);
    }

    pub fn ask(&mut self, f: Option<FiberId>, prompt: Prompt) -> EffectId {
        let id = self.next_effect();
        self.pend(f, id, PendingKind::Ask(Box::new(prompt.clone())));
        self.wish(Effect::Ask { id, prompt });
        id
    }

    pub fn forget(&mut self, id: EffectId) -> Option<Pending> {
        self.s.busy.remove(&id);
        self.s.unanswerable.remove(&id);
        let pending = self.s.pending.remove(&id)?;
        if let PendingKind::Ask(prompt) = &pending.kind
            && !matches!(prompt.kind, PromptKind::Orphan { .. })
            && pending.fiber.is_none_or(|f| self.s.fibers.contains_key(&f))
        {
            let thought = self.s.now.boot.saturating_sub(pending.since.boot);
            self.lend_time(pending.fiber, thought);
        }
        Some(pending)
    }

    pub fn stop_effect(&mut self, id: EffectId, why: StopWhy, urgency: Urgency) {
        if let Some(pending) = self.s.pending.get_mut(&id) {
            let first = pending.stop.is_none();
            if first || (pending.stop == Some(StopWhy::Park) && why != StopWhy::Park) {
                pending.stop = Some(why);
            }
            if first || urgency == Urgency::Kill {
                self.wish(Effect::Stop { id, urgency });
            }
        }
    }

    // Fibers.

    pub fn fiber(&self, f: FiberId) -> &Fiber {
        match self.s.fibers.get(&f) {
            Some(fiber) => fiber,
            None => presume_fiber(f),
        }
    }

    pub fn fiber_mut(&mut self, f: FiberId) -> &mut Fiber {
        match self.s.fibers.get_mut(&f) {
            Some(fiber) => fiber,
            None => presume_fiber(f),
        }
    }

    pub fn fork(&mut self, parent: Option<FiberId>, frame: Frame) -> FiberId {
        let id = FiberId(self.s.next.fiber);
        self.s.next.fiber += 1;
        let mut lineage = Vec::new();
        let mut prefix = Vec::new();
        let mut iteration = Vec::new();
        let surroundings = parent.and_then(|parent| self.surroundings(parent));
        if let Some(parent) = parent {
            lineage = self.fiber(parent).lineage.clone();
            prefix = self.segments(parent);
            iteration = self.iteration(parent);
            self.fiber_mut(parent).children.insert(id);
        }
        lineage.push(id);
        let uid = self.next_uid();
        self.s.fibers.insert(
            id,
            Fiber {
                frames: vec![Slot { uid, frame }],
                parent,
                lineage,
                prefix,
                iteration,
                surroundings,
                inbox: [Input::Enter].into(),
                ..Fiber::default()
            },
        );
        self.s.ready.push_back(id);
        id
    }

    /// What the innermost call gives to commands that do not say it themselves. A guard and a channel stand
    /// outside every call: they mean what they meant where they were declared.
    pub fn surroundings(&self, f: FiberId) -> Option<Arc<Surroundings>> {
        let fiber = self.fiber(f);
        for slot in fiber.frames.iter().rev() {
            match &slot.frame {
                Frame::Call(call) => return call.surroundings.clone(),
                Frame::Guards(_) | Frame::Message(_) => return None,
                _ => {}
            }
        }
        fiber.surroundings.clone()
    }

    pub fn next_uid(&mut self) -> u32 {
        self.s.next.frame += 1;
        self.s.next.frame
    }

    pub fn wake(&mut self, f: FiberId, input: Input) {
        if let Some(fiber) = self.s.fibers.get_mut(&f) {
            fiber.inbox.push_back(input);
            fiber.waiting = Waiting::Nothing;
            self.s.ready.push_back(f);
        }
    }

    /// Moves every fiber that can move.
    pub fn run(&mut self) {
        while let Some(f) = self.s.ready.pop_front() {
            if matches!(self.s.phase, Phase::Ended { .. } | Phase::Parked { .. }) {
                // What is left is as it was: the run is over, or goes on from here when it is resumed.
                self.s.ready.push_front(f);
                return;
            }
            self.run_fiber(f);
        }
    }

    fn run_fiber(&mut self, f: FiberId) {
        let Some(fiber) = self.s.fibers.get_mut(&f) else {
            return;
        };
        if fiber.waiting != Waiting::Nothing {
            return;
        }
        let Some(mut input) = fiber.inbox.pop_front() else {
            return;
        };
        loop {
            match self.unwind_one(f, &mut input) {
                Unwinding::No => {}
                Unwinding::Again => continue,
                Unwinding::Over => return,
            }
            let fiber = self.fiber_mut(f);
            let Some(slot) = fiber.frames.pop() else {
                return;
            };
            let depth = fiber.frames.len();
            match flow::advance(self, f, slot.frame, input) {
                Next::Push(frame, child) => {
                    let uid = self.next_uid();
                    let fiber = self.fiber_mut(f);
                    fiber.frames.push(Slot {
                        uid: slot.uid,
                        frame,
                    });
                    fiber.frames.push(Slot { uid, frame: child });
                    input = Input::Enter;
                }
                Next::Descend(frame, frames) => {
                    let mut slots = vec![Slot {
                        uid: slot.uid,
                        frame,
                    }];
                    for frame in frames {
                        let uid = self.next_uid();
                        slots.push(Slot { uid, frame });
                    }
                    self.fiber_mut(f).frames.append(&mut slots);
                    input = Input::Enter;
                }
                Next::Become(frame) => {
                    self.drop_timers(f, depth);
                    let uid = self.next_uid();
                    self.fiber_mut(f).frames.push(Slot { uid, frame });
                    input = Input::Enter;
                }
                Next::Restore(frames) => {
                    self.restore(f, frames);
                    input = Input::Child(Signal::Ok);
                    if matches!(self.s.phase, Phase::Ended { .. } | Phase::Parked { .. }) {
                        self.wake(f, input);
                        return;
                    }
                }
                Next::Done(signal) => {
                    self.drop_timers(f, depth);
                    let fiber = self.fiber_mut(f);
                    fiber.lower_shield(depth);
                    if fiber.frames.is_empty() {
                        self.fiber_over(f, signal);
                        return;
                    }
                    input = Input::Child(signal);
                }
                Next::Wait(frame) => {
                    let Some(fiber) = self.s.fibers.get_mut(&f) else {
                        return;
                    };
                    fiber.frames.push(Slot {
                        uid: slot.uid,
                        frame,
                    });
                    // Branches may have ended at the same moment.
                    match fiber.inbox.pop_front() {
                        Some(next) => {
                            fiber.waiting = Waiting::Nothing;
                            input = next;
                        }
                        None => return,
                    }
                }
            }
        }
    }

    /// Frames as they were at a checkpoint; what was left of their clocks runs on.
    fn restore(&mut self, f: FiberId, frames: Vec<Slot>) {
        self.drop_timers(f, 0);
        let clocks: Vec<(usize, Deadline, TimerKind)> = frames
            .iter()
            .enumerate()
            .filter_map(|(depth, slot)| {
                let (deadline, kind) = flow::clock_of(&slot.frame)?;
                Some((depth, deadline, kind))
            })
            .collect();
        let fiber = self.fiber_mut(f);
        fiber.frames = frames;
        fiber.shields.clear();
        fiber.last = None;
        for (depth, deadline, kind) in clocks {
            let key = self.arm_free(Some(f), depth, deadline, kind);
            self.own_timer(f, depth, key);
        }
    }

    fn fiber_over(&mut self, f: FiberId, signal: Signal) {
        let Some(fiber) = self.s.fibers.remove(&f) else {
            return;
        };
        let Some(parent) = fiber.parent else {
            unreachable!("the bottom frame of the run's own fiber is never left")
        };
        let Some(over) = self.s.fibers.get_mut(&parent) else {
            return;
        };
        over.children.remove(&f);
        if over.unwind.is_some() {
            if over.children.is_empty() {
                self.wake(parent, Input::Enter);
            }
        } else {
            self.wake(parent, Input::Branch(signal));
        }
    }

    // Stopping.

    /// Leaves every frame above `target` (all of them for `None`): what runs is stopped, prompts are closed,
    /// `always` runs on the way, and then `target` learns the cause.
    pub fn stop(&mut self, f: FiberId, target: Option<usize>, cause: Cause) {
        let Some(fiber) = self.s.fibers.get_mut(&f) else {
            return;
        };
        let (leaves, holds) = fiber.unwind_to(target);
        let outer = match (&leaves, target) {
            (None, _) => true,
            (Some(unwind), Some(target)) => unwind.target.is_some_and(|other| target < other),
            (Some(unwind), None) => unwind.target.is_some(),
        };
        if !outer {
            return;
        }
        *leaves = Some(Unwind { target, cause });
        if holds == Holds::Yes {
            return;
        }
        // The question is about an orphan: it is the orphan that must end before anything is undone.
        if let Some(Slot {
            frame: Frame::Settle(settle),
            ..
        }) = fiber.frames.last_mut()
            && settle.stage == SettleStage::Orphan
        {
            settle.stage = SettleStage::Waiting;
            let (prompt, orphan) = (settle.prompt, settle.effect);
            fiber.waiting = Waiting::Effect(orphan);
            self.s.busy.insert(orphan);
            self.forget(prompt);
            self.wish(Effect::Withdraw { id: prompt });
        }
        let Some(fiber) = self.s.fibers.get(&f) else {
            return;
        };
        match fiber.waiting {
            Waiting::Nothing | Waiting::Time | Waiting::Held | Waiting::Gate => {
                self.wake(f, Input::Enter)
            }
            Waiting::Children => {
                let children: Vec<FiberId> = fiber.children.iter().copied().collect();
                if children.is_empty() {
                    self.wake(f, Input::Enter);
                }
                for child in children {
                    self.stop(child, None, Cause::WithParent);
                }
            }
            Waiting::Effect(id) => {
                let kind = self.s.pending.get(&id).map(|pending| {
                    (
                        matches!(pending.kind, PendingKind::Ask(_)),
                        pending.in_doubt,
                    )
                });
                match kind {
                    Some((true, _)) => {
                        self.forget(id);
                        self.wish(Effect::Withdraw { id });
                        self.wake(f, Input::Enter);
                    }
                    Some((false, true)) | None => {
                        self.forget(id);
                        self.wake(f, Input::Enter);
                    }
                    Some((false, false)) => {
                        if matches!(
                            self.s.pending.get(&id).map(|pending| &pending.kind),
                            Some(PendingKind::Other(_))
                        ) {
                            return;
                        }
                        let why = match self.fiber(f).unwind.as_ref().map(|unwind| &unwind.cause) {
                            Some(Cause::TimedOut(_)) => StopWhy::TimedOut,
                            _ => StopWhy::Cancelled,
                        };
                        self.stop_effect(id, why, Urgency::Grace);
                    }
                }
            }
        }
    }

    /// One frame less, where frames are being left.
    fn unwind_one(&mut self, f: FiberId, input: &mut Input) -> Unwinding {
        let fiber = self.fiber_mut(f);
        if fiber.unwind.is_none() {
            return Unwinding::No;
        }
        // What was on its way to the frames that are left is nobody's any more.
        fiber.inbox.clear();
        let top = fiber.frames.len().wrapping_sub(1);
        let target = fiber.unwind.as_ref().and_then(|unwind| unwind.target);
        if fiber.frames.is_empty() {
            self.fiber_over(f, Signal::Unwound);
            return Unwinding::Over;
        }
        if target == Some(top) {
            if let Some(unwind) = self.fiber_mut(f).unwind.take() {
                match unwind.cause {
                    Cause::Back { checkpoint, .. } => {
                        self.push_back(f, checkpoint, BackThen::Ask);
                        *input = Input::Enter;
                    }
                    Cause::UndoTo(path) => {
                        let index = self.s.checkpoints.iter().rposition(|at| at.path == path);
                        if let Some(index) = index {
                            self.push_back(f, index, BackThen::Park);
                        }
                        *input = Input::Enter;
                    }
                    cause => *input = Input::Stopped(cause),
                }
            }
            return Unwinding::No;
        }
        let Some(slot) = fiber.frames.pop() else {
            return Unwinding::Over;
        };
        self.drop_timers(f, top);
        if let Frame::Scope(mut scope) = slot.frame
            && let Some(always) = flow::scope::always_on_leaving(self, &mut scope)
        {
            let uid = self.next_uid();
            let fiber = self.fiber_mut(f);
            fiber.raise_shield(top);
            fiber.frames.push(Slot {
                uid: slot.uid,
                frame: Frame::Scope(scope),
            });
            fiber.frames.push(Slot { uid, frame: always });
            *input = Input::Enter;
        }
        Unwinding::Again
    }

    fn push_back(&mut self, f: FiberId, checkpoint: usize, then: BackThen) {
        let uid = self.next_uid();
        self.fiber_mut(f).frames.push(Slot {
            uid,
            frame: Frame::Back(Box::new(Back {
                checkpoint,
                stage: BackStage::Undo,
                then,
            })),
        });
    }

    // Timers.

    /// A timer of the frame that is being advanced; it goes when the frame does.
    pub fn arm(&mut self, f: FiberId, deadline: Deadline, kind: TimerKind) -> (i64, u64) {
        let depth = self.fiber(f).frames.len();
        let key = self.arm_free(Some(f), depth, deadline, kind);
        self.own_timer(f, depth, key);
        key
    }

    pub fn arm_free(
        &mut self,
        fiber: Option<FiberId>,
        depth: usize,
        deadline: Deadline,
        kind: TimerKind,
    ) -> (i64, u64) {
        self.s.next.timer += 1;
        let key = (self.s.due_boot(&deadline), self.s.next.timer);
        let started = self.s.now;
        self.s.timers.insert(
            key,
            Timer {
                fiber,
                depth,
                kind,
                deadline,
                started,
            },
        );
        key
    }

    /// Kept in order of depth, so that leaving a frame takes its own and no other.
    pub fn own_timer(&mut self, f: FiberId, depth: usize, key: (i64, u64)) {
        let timers = &mut self.fiber_mut(f).timers;
        let at = timers.partition_point(|(other, _)| *other <= depth);
        timers.insert(at, (depth, key));
    }

    pub fn wait_until(&mut self, f: FiberId, deadline: Deadline) {
        self.arm(f, deadline, TimerKind::Wake);
        self.fiber_mut(f).waiting = Waiting::Time;
    }

    pub fn drop_timers(&mut self, f: FiberId, depth: usize) {
        loop {
            let Some(fiber) = self.s.fibers.get_mut(&f) else {
                return;
            };
            match fiber.timers.last() {
                Some((at, key)) if *at >= depth => {
                    let key = *key;
                    fiber.timers.pop();
                    self.s.timers.remove(&key);
                }
                _ => return,
            }
        }
    }

    pub fn disarm(&mut self, f: FiberId, key: (i64, u64)) {
        self.s.timers.remove(&key);
        if let Some(fiber) = self.s.fibers.get_mut(&f)
            && let Some(at) = fiber.timers.iter().rposition(|(_, other)| *other == key)
        {
            fiber.timers.remove(at);
        }
    }
}

enum Unwinding {
    No,
    Again,
    Over,
}

impl State {
    /// When a deadline is due on the boot clock of now.
    pub(crate) fn due_boot(&self, deadline: &Deadline) -> i64 {
        if deadline.boot_id == self.boot_id {
            deadline.at.boot
        } else {
            self.now
                .boot
                .saturating_add(deadline.at.wall.saturating_sub(self.now.wall))
        }
    }
}

fn presume_fiber(f: FiberId) -> ! {
    unreachable!("fiber {} is alive while it is advanced", f.0)
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
