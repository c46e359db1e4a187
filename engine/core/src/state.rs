//! Where a run stands: plain data, made by folding facts, owned by whoever drives the core.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use runbook_plan::Plan;
use runbook_plan::ids::{BlockId, ContactId, GuardId, NodeId, VarId};
use runbook_plan::plan::{Looked, Outcome};
use runbook_plan::value::Value;

use crate::clock::Deadline;
use crate::coverage::Reached;
use crate::effect::{Effect, EffectId, EndWhy, Request, Run};
use crate::event::{Captured, Identity, Mode, Moment, Started};
use crate::frame::{Frame, Input, Surroundings};
use crate::prompt::Prompt;

/// The state of one run. [`State::default`] is a run before its first record.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) now: Moment,
    pub(crate) boot_id: String,
    /// How often the run was resumed.
    pub(crate) boots: u32,
    pub(crate) started: Box<Started>,
    pub(crate) started_at: Moment,
    pub(crate) operator: String,
    pub(crate) phase: Phase,
    pub(crate) next: Counters,
    pub(crate) fibers: BTreeMap<FiberId, Fiber>,
    pub(crate) ready: VecDeque<FiberId>,
    pub(crate) pending: BTreeMap<EffectId, Pending>,
    /// Asked of nobody so far; with [`State::busy`], what parking is decided by, without a walk.
    pub(crate) unanswerable: BTreeSet<EffectId>,
    /// Commands, requests and documents under way.
    pub(crate) busy: BTreeSet<EffectId>,
    /// By the boot time at which they are due.
    pub(crate) timers: BTreeMap<(i64, u64), Timer>,
    pub(crate) undo: Vec<(u64, UndoMark)>,
    /// A statement was begun again by the operator's word, and what it did before may still be on the undo stack.
    pub(crate) begun_again: bool,
    pub(crate) checkpoints: Vec<Passed>,
    pub(crate) snapshots: BTreeMap<(String, String), Vec<(String, String)>>,
    pub(crate) severity: Option<String>,
    /// Declared levels, in order.
    pub(crate) severities: Vec<String>,
    pub(crate) clocks: Vec<RunClock>,
    pub(crate) halt: Option<Halt>,
    /// What a second Ctrl-C stopped and nobody has decided about yet: each by its fiber, with those around it up to
    /// the one that its step stands in, outer first.
    pub(crate) stopped: Vec<Vec<FiberId>>,
    /// Wishes that wait until locks and secrets are there again after a resume.
    pub(crate) held: Vec<Effect>,
    pub(crate) renewing: BTreeSet<EffectId>,
    /// What failed in a probe, which goes on all the same.
    pub(crate) probe_failures: Vec<String>,
    pub(crate) progress: Progress,
    pub(crate) reached: Reached,
    /// Irreversible steps at which an undo stopped, or beyond which nothing went back.
    pub(crate) crossed: Vec<String>,
    pub(crate) ending: Ending,
    /// An undo after the end: the run ends again when it is over.
    pub(crate) was_ended: bool,
}

/// What brought a run to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    #[default]
    NotYet,
    /// A `finish` of the runbook.
    Finish,
    /// The last statement was over.
    RanOff,
    /// A failure that nothing of the runbook took on.
    Failure,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    pub effect: u64,
    pub fiber: u32,
    pub frame: u32,
    pub timer: u64,
    pub mark: u64,
}

/// How far a run is, counted in steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    pub met: usize,
    /// Steps that may still be met, and those that were.
    pub expected: usize,
    /// Steps within each block of the plan, calls included.
    pub in_block: Vec<u32>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Phase {
    #[default]
    New,
    Preparing,
    Running,
    Undoing,
    Parked {
        why: String,
    },
    Ended {
        outcome: Outcome,
        text: String,
        why: EndWhy,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FiberId(pub u32);

/// A line of execution: the run itself, a branch of a `parallel`, or an undo with the values of its time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fiber {
    pub frames: Vec<Slot>,
    pub parent: Option<FiberId>,
    /// From the run itself down to this one.
    pub lineage: Vec<FiberId>,
    pub children: BTreeSet<FiberId>,
    /// Names bound here; others are looked up in the parent.
    pub env: BTreeMap<VarId, Value>,
    pub inbox: VecDeque<Input>,
    pub waiting: Waiting,
    /// Depth and key of each timer its frames own, innermost last.
    pub timers: Vec<(usize, (i64, u64))>,
    /// Frames that are being left, above the innermost shield.
    pub unwind: Option<Unwind>,
    /// Each `always` and each undo under way, the outermost first.
    pub shields: Vec<Shield>,
    pub last: Option<Box<Last>>,
    /// Path and iteration of where it was forked.
    pub prefix: Vec<String>,
    pub iteration: Vec<usize>,
    /// Of the call it was forked in.
    pub surroundings: Option<Arc<Surroundings>>,
    /// The step it undoes, while it undoes one.
    pub undoing: Option<Box<UndoEntry>>,
}

/// What runs from this depth on is not stopped from below it; what stands within it may still stop what is its own.
#[derive(Clone, Debug)]
pub(crate) struct Shield {
    pub depth: usize,
    /// What leaves the frames below, when this is over.
    pub held: Option<Unwind>,
}

impl Fiber {
    pub fn raise_shield(&mut self, depth: usize) {
        let held = self.unwind.take();
        self.shields.push(Shield { depth, held });
    }

    /// The frame at this depth is over, and so is its shield if it has one.
    pub fn lower_shield(&mut self, depth: usize) {
        if let Some(shield) = self.shields.pop_if(|shield| shield.depth == depth) {
            self.unwind = shield.held;
        }
    }

    /// Whether an `always` or an undo is under way.
    pub fn is_shielded(&self) -> bool {
        !self.shields.is_empty()
    }

    /// Where what leaves the frames above `target` is kept, and whether it must wait for a shield.
    pub fn unwind_to(&mut self, target: Option<usize>) -> (&mut Option<Unwind>, Holds) {
        let below = |shield: &&mut Shield| target.is_none_or(|target| target <= shield.depth);
        match self.shields.iter_mut().find(below) {
            Some(shield) => (&mut shield.held, Holds::Yes),
            None => (&mut self.unwind, Holds::No),
        }
    }

    /// All that leaves frames of it, now or later.
    pub fn unwinds(&mut self) -> impl Iterator<Item = &mut Unwind> {
        let held = self.shields.iter_mut().map(|shield| &mut shield.held);
        held.chain([&mut self.unwind]).flatten()
    }
}

/// Whether a shield holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    No,
}

#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// The same for a frame wherever it is copied to, and never used again.
    pub uid: u32,
    pub frame: Frame,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Waiting {
    #[default]
    Nothing,
    Effect(EffectId),
    Time,
    Children,
    /// Until a question about all of the run is answered.
    Held,
    /// Until another branch's question is answered.
    Gate,
}

/// Frames above `target` are being left; `None` leaves them all.
#[derive(Clone, Debug)]
pub(crate) struct Unwind {
    pub target: Option<usize>,
    pub cause: Cause,
}

/// Why something is stopped from outside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    /// Milliseconds that were given.
    TimedOut(u64),
    /// The same, and what was stopped for it came to an end that nobody saw: not tried again unasked.
    Lost(String),
    OutOfTime(u64),
    /// A `done if` or the operator says that the step is done.
    StepDone(String),
    /// `confirm … or skip`, declined.
    Skipped,
    /// Back to a checkpoint, by index.
    Back {
        checkpoint: usize,
        reason: String,
    },
    /// `runbook undo`.
    UndoTo(String),
    Ended(String),
    /// Its parent is being stopped.
    WithParent,
}

#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub fiber: Option<FiberId>,
    pub kind: PendingKind,
    pub since: Moment,
    pub identity: Option<Identity>,
    pub stop: Option<StopWhy>,
    /// It was stopped for a park: what became of it is found out on resume.
    pub in_doubt: bool,
    /// Last lines it is known to have said.
    pub said: String,
}

#[derive(Clone, Debug)]
pub(crate) enum PendingKind {
    Run(Box<Run>),
    Request(Box<Request>),
    Ask(Box<Prompt>),
    /// Needs, locks, secrets, documents: asked for again as they are.
    Other(Box<Effect>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopWhy {
    TimedOut,
    Operator,
    Cancelled,
    Park,
    /// The end of a `live` command.
    Enough,
}

#[derive(Clone, Debug)]
pub(crate) struct Timer {
    pub fiber: Option<FiberId>,
    pub depth: usize,
    pub kind: TimerKind,
    pub deadline: Deadline,
    pub started: Moment,
}

#[derive(Clone, Debug)]
pub(crate) enum TimerKind {
    /// The innermost frame goes on.
    Wake,
    /// An attempt of a step is over; milliseconds given.
    Timeout(u64),
    /// A clock: shown, recorded and escalated when passed, and it stops an `attempt` that says what then.
    Within {
        what: String,
        ms: u64,
        stops: Stops,
    },
    Command(EffectId),
    Prompt,
    Severity(String),
    Objective,
    Escalation {
        to: ContactId,
        text: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stops {
    Yes,
    No,
}

/// A deadline of the run as a whole.
#[derive(Clone, Debug)]
pub(crate) struct RunClock {
    pub key: (i64, u64),
    pub severity: bool,
}

/// What the undo stack holds.
#[derive(Clone, Debug)]
pub(crate) enum UndoMark {
    Step(Box<UndoEntry>),
    /// Nothing is undone across it.
    Irreversible {
        path: String,
        owner: Vec<FiberId>,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct UndoEntry {
    pub path: String,
    pub title: String,
    pub block: BlockId,
    pub values: BTreeMap<VarId, Value>,
    /// Names the undo needs that had no value yet when the step began to act.
    pub wants: Vec<VarId>,
    pub guards: Vec<GuardId>,
    /// Of the call the step stands in.
    pub surroundings: Option<Arc<Surroundings>>,
    pub owner: Vec<FiberId>,
    pub segments: Vec<String>,
    pub iteration: Vec<usize>,
}

impl UndoMark {
    pub fn owner(&self) -> &[FiberId] {
        match self {
            UndoMark::Step(entry) => &entry.owner,
            UndoMark::Irreversible { owner, .. } => owner,
        }
    }
    pub fn path(&self) -> &str {
        match self {
            UndoMark::Step(entry) => &entry.path,
            UndoMark::Irreversible { path, .. } => path,
        }
    }
}

/// A checkpoint that was passed, and all that is needed to go on from it again.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub node: NodeId,
    pub path: String,
    pub at: Moment,
    /// Marks of the undo stack from this number on came later.
    pub undo: u64,
    /// Path of the call it stands in: `rewind to` stays within one.
    pub call: String,
    /// The run's own frames then; empty for one that a branch passed, to which nothing goes back.
    pub frames: Vec<Slot>,
    /// Steps met until then, and those that were expected.
    pub steps: (usize, usize),
}

/// Nothing new is begun.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Halt {
    /// Ctrl-C: once no step is under way, ask.
    AfterStep,
    /// The question is open.
    Asked(EffectId),
    /// Park as soon as nothing runs.
    Park(String),
}

/// What a command or request said: what an `expect` below may speak of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Last {
    pub exit: Option<i32>,
    pub output: String,
    pub stderr: String,
    pub elapsed_ms: u64,
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
    /// Skipped in a probe, or settled by a person: nothing can be expected of it.
    pub known: Known,
    pub flaw: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    #[default]
    Yes,
    No,
}

/// Something that was under way when the journal ends.
#[derive(Clone, Debug, PartialEq)]
pub struct InFlight {
    pub effect: EffectId,
    /// Missing for a request, and for a command whose gate never opened.
    pub identity: Option<Identity>,
    pub what: InFlightKind,
    /// As a person would read it.
    pub shown: String,
    pub path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlightKind {
    Command,
    Background,
    Request,
}

impl State {
    /// The statements that are under way, outermost first within each line of execution; none before the run and after it.
    pub fn under_way(&self, plan: &Plan) -> Vec<NodeId> {
        let slots = self.fibers.values().flat_map(|fiber| &fiber.frames);
        let nodes = slots.filter_map(|slot| match &slot.frame {
            Frame::Seq(seq) => plan.blocks[seq.block.index()].nodes.get(seq.at).copied(),
            _ => None,
        });
        nodes.collect()
    }

    /// Commands and requests that were under way: resume finds out about each of them and reports it by
    /// [`crate::event::Event::Found`], in this order.
    pub fn in_flight(&self) -> Vec<InFlight> {
        let mut found = Vec::new();
        for (id, pending) in &self.pending {
            if pending.in_doubt {
                continue;
            }
            match &pending.kind {
                PendingKind::Run(run) => found.push(InFlight {
                    effect: *id,
                    identity: pending.identity.clone(),
                    what: match run.manner {
                        crate::effect::Manner::Background => InFlightKind::Background,
                        _ => InFlightKind::Command,
                    },
                    shown: run.shown.clone(),
                    path: run.path.clone(),
                }),
                PendingKind::Request(request) => found.push(InFlight {
                    effect: *id,
                    identity: None,
                    what: InFlightKind::Request,
                    shown: request.shown.clone(),
                    path: request.path.clone(),
                }),
                PendingKind::Ask(_) | PendingKind::Other(_) => {}
            }
        }
        found
    }

    /// Open questions, oldest first.
    pub fn prompts(&self) -> impl Iterator<Item = (EffectId, &Prompt)> {
        self.pending
            .iter()
            .filter_map(|(id, pending)| match &pending.kind {
                PendingKind::Ask(prompt) => Some((*id, prompt.as_ref())),
                _ => None,
            })
    }

    pub fn is_over(&self) -> Over {
        match &self.phase {
            Phase::Ended { outcome, text, why } => Over::Ended {
                outcome: *outcome,
                text: text.clone(),
                why: *why,
            },
            Phase::Parked { why } => Over::Parked { why: why.clone() },
            _ => Over::No,
        }
    }

    /// What brought it to its end.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// Irreversible steps, by path, at which an undo stopped, or that a `rewind` would have had to cross.
    pub fn crossed(&self) -> &[String] {
        &self.crossed
    }

    /// A state whose wishes are numbered from here on, so that those of two states cannot be taken for each other.
    pub fn numbered_from(first: u64) -> State {
        let mut state = State::default();
        state.next.effect = first;
        state
    }

    /// The value of a name in the run itself, where it has one.
    pub fn value(&self, var: VarId) -> Option<&Value> {
        self.fibers.values().next()?.env.get(&var)
    }

    /// What a command or request under way is, in the plan.
    pub fn looked(&self, effect: EffectId) -> Option<Looked> {
        let fiber = self.pending.get(&effect)?.fiber?;
        let top = &self.fibers.get(&fiber)?.frames.last()?.frame;
        match top {
            Frame::Exec(exec) => Some(exec.what),
            _ => None,
        }
    }

    /// Whether a time will stop a command that does not end by itself.
    pub fn is_limited(&self, effect: EffectId) -> Limited {
        let Some(fiber) = self.pending.get(&effect).and_then(|pending| pending.fiber) else {
            return Limited::No;
        };
        let around = self
            .fibers
            .get(&fiber)
            .map_or(&[][..], |fiber| &fiber.lineage);
        let limits = self.timers.values().any(|timer| match &timer.kind {
            TimerKind::Command(id) => *id == effect,
            TimerKind::Timeout(_)
            | TimerKind::Within {
                stops: Stops::Yes, ..
            } => timer.fiber.is_some_and(|owner| around.contains(&owner)),
            _ => false,
        });
        match limits {
            true => Limited::Yes,
            false => Limited::No,
        }
    }

    pub fn started(&self) -> &Started {
        &self.started
    }

    /// When the record that began the run was made.
    pub fn started_at(&self) -> Moment {
        self.started_at
    }

    pub(crate) fn mode(&self) -> Mode {
        self.started.mode
    }

    pub(crate) fn deadline(&self, after_ms: u64) -> Deadline {
        self.deadline_from(self.now, after_ms)
    }

    pub(crate) fn deadline_from(&self, from: Moment, after_ms: u64) -> Deadline {
        let after = i64::try_from(after_ms).unwrap_or(i64::MAX / 4);
        Deadline {
            at: Moment {
                wall: from.wall.saturating_add(after),
                boot: from.boot.saturating_add(after),
            },
            boot_id: self.boot_id.clone(),
        }
    }
}

/// Whether a time stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    Yes,
    No,
}

/// Whether there is anything left to drive.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    No,
    Parked {
        why: String,
    },
    Ended {
        outcome: Outcome,
        text: String,
        why: EndWhy,
    },
}

/// What a timer is filed under that passed where it could not count: while a person was being asked.
pub(crate) const HELD: i64 = i64::MAX;

/// When the host must send [`crate::event::Event::Ticked`], if nothing else happens before.
pub fn due(state: &State) -> Option<Deadline> {
    if !matches!(
        state.phase,
        Phase::Preparing | Phase::Running | Phase::Undoing
    ) {
        return None;
    }
    let (key, timer) = state.timers.first_key_value()?;
    (key.0 != HELD).then(|| timer.deadline.clone())
}

impl Last {
    pub(crate) fn captured(output: Captured, stderr: Captured) -> Last {
        let flaw = output.flaw.clone();
        Last {
            output: trim_newlines(output.text),
            stderr: trim_newlines(stderr.text),
            flaw,
            ..Last::default()
        }
    }
}

pub(crate) fn trim_newlines(mut text: String) -> String {
    while text.ends_with('\n') || text.ends_with('\r') {
        text.pop();
    }
    text
}

#[cfg(test)]
#[path = "state_tests.rs"]
pub(crate) mod tests;
