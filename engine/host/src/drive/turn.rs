//! One turn of a run: facts in, one write and one sync, wishes out.
//!
//! A turn folds every fact that is there through the core and collects what the core wishes. A command that acts
//! gets its process, which waits at its gate, and its intent and that process's identity join the turn's records.
//! Then all of it is written and synced at once, and only then are gates opened, notices shown and prompts put.
//! So n steps cost n + 1 syncs, and nothing is believed or shown that is not durable.
//!
//! A turn that holds nothing but looks and their outcomes need not be synced: after a crash they are looked at
//! again. Their records are on the disk before anything acts on what they said.
//!
//! What a turn needs of the world is the trait [`Hands`]. The engine has real ones; a simulated world has others,
//! and what keeps the promise of the journal is the same code in both.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use runbook_core::effect::{Effect, EffectId, Request, Role, Run};
use runbook_core::event::{Event, Fact, Identity, Moment};
use runbook_core::state::{Over, State, due};
use runbook_core::step::step;
use runbook_plan::Plan;
use runbook_plan::command::Mark;
use runbook_plan::plan::SecretFrom;

use super::doubt;
use super::replay::Doubted;
use crate::clock;
use crate::error::HostError;
use crate::journal::record::Intent;
use crate::journal::{Entry, HostRecord, Journal};
use crate::weakened::{Weakness, has};

/// No sleep is longer, so that a clock that was set, or a machine that slept, is noticed.
const SLICE: Duration = Duration::from_secs(30);

/// Prompts of the host itself count from here to the end of the numbers.
pub const OURS: u64 = u64::MAX - (1 << 32);

/// Where one engine is with one run.
pub struct Book<'p> {
    pub plan: &'p Plan,
    pub state: State,
    pub journal: Journal,
    /// Of the next thing that acts.
    pub doubt_next: Doubted,
    /// Said once the run parked or ended.
    pub over: Option<Over>,
    /// Looks: their outcome may wait for the next sync.
    looks: BTreeSet<EffectId>,
    /// Wishes held back until a person says that they may be carried out, by the prompt that asks.
    pub doubted: BTreeMap<EffectId, Effect>,
    next_prompt: u64,
}

impl<'p> Book<'p> {
    pub fn new(plan: &'p Plan, journal: Journal) -> Book<'p> {
        Book {
            plan,
            state: State::default(),
            journal,
            doubt_next: Doubted::No,
            over: None,
            looks: BTreeSet::new(),
            doubted: BTreeMap::new(),
            next_prompt: OURS,
        }
    }

    /// A number for a prompt of the host's own.
    pub fn own_prompt(&mut self) -> EffectId {
        self.next_prompt += 1;
        EffectId(self.next_prompt)
    }

    pub fn is_due(&self, now: Moment, boot_id: &str) -> bool {
        due(&self.state).is_some_and(|deadline| clock::remaining(&deadline, now, boot_id) <= 0)
    }

    /// How long to sleep at most before the clocks are looked at again.
    pub fn until_due(&self, now: Moment, boot_id: &str) -> Duration {
        match due(&self.state) {
            Some(deadline) => {
                let left = clock::remaining(&deadline, now, boot_id);
                // At least one: a deadline that the core would not take as passed must not spin.
                SLICE.min(Duration::from_millis(
                    u64::try_from(left).unwrap_or(0).max(1),
                ))
            }
            None => SLICE,
        }
    }

    fn fold(&mut self, at: Moment, event: Event) -> Vec<Effect> {
        let fact = Fact { at, event };
        let is_identity = matches!(fact.event, Event::Spawned { .. });
        if !(is_identity && has(Weakness::OutcomeOnly)) {
            self.journal.append(at, Entry::Event(&fact.event));
        }
        let (state, effects) = step(self.plan, std::mem::take(&mut self.state), &fact);
        self.state = state;
        effects
    }

    /// Whether a fact must be on the disk even if nothing is shown of it.
    fn weighs(&self, event: &Event) -> bool {
        match event {
            Event::Exited { effect, .. }
            | Event::NotStarted { effect, .. }
            | Event::Lost { effect, .. }
            | Event::Responded { effect, .. }
            | Event::RequestFailed { effect, .. } => !self.looks.contains(effect),
            Event::Answered { .. }
            | Event::Resumed { .. }
            | Event::Found { .. }
            | Event::LeftRunning { .. }
            | Event::Learned { .. }
            | Event::ParkRequested { .. }
            | Event::UndoRequested { .. }
            | Event::Noted { .. }
            | Event::DocumentWritten { .. } => true,
            Event::Started(_)
            | Event::NeedsChecked { .. }
            | Event::LocksTaken { .. }
            | Event::LockBusy { .. }
            | Event::SecretsReady { .. }
            | Event::SecretFailed { .. }
            | Event::Spawned { .. }
            | Event::Unanswerable { .. }
            | Event::DocumentFailed { .. }
            | Event::Ticked
            | Event::Suspended { .. }
            | Event::Interrupted { .. } => false,
        }
    }
}

/// What a turn asks of the world.
pub trait Hands<'p> {
    /// What it takes to let a command go.
    type Launch;

    fn book(&mut self) -> &mut Book<'p>;
    fn now(&self) -> Moment;
    fn boot_id(&self) -> &str;
    /// A fact is about to be folded: secrets are taken out of it.
    fn take_in(&mut self, event: &mut Event);
    /// A command as it may stand in the journal.
    fn clean(&self, command: &str) -> String;
    /// Gets a process ready for a command; it waits at its gate.
    ///
    /// # Errors
    /// Why there is none: the command provably never ran.
    fn admit(&mut self, run: &Run) -> Result<(Self::Launch, Identity), String>;
    /// Lets a command go. What it rests on is durable.
    fn open(&mut self, run: Run, launch: Self::Launch);
    /// Carries out any other wish; what it rests on is durable.
    fn perform(&mut self, effect: Effect);
}

/// A wish that is ready to be carried out.
enum Act<L> {
    Open(Run, L),
    Other(Effect),
}

/// One turn: every fact folded, one sync, every wish carried out.
///
/// # Errors
/// The journal could not be written; nothing was let go or shown.
pub fn turn<'p, H: Hands<'p>>(hands: &mut H, events: Vec<Event>) -> Result<(), HostError> {
    let at = hands.now();
    let mut facts: VecDeque<Event> = events.into();
    let mut acts = Vec::new();
    let mut ticked = Ticked::No;
    let mut durable = Durable::Later;
    loop {
        let Some(mut event) = facts.pop_front() else {
            // Only now: what ended in time has been heard by now.
            if ticked == Ticked::No && is_due(hands, at) {
                ticked = Ticked::Yes;
                facts.push_back(Event::Ticked);
                continue;
            }
            break;
        };
        hands.take_in(&mut event);
        if hands.book().weighs(&event) {
            durable = Durable::Now;
        }
        for effect in hands.book().fold(at, event) {
            admit(hands, at, effect, &mut acts, &mut facts);
        }
    }
    let plan = hands.book().plan;
    if acts.iter().any(|act| shows(plan, act)) {
        durable = Durable::Now;
    }
    if durable == Durable::Now {
        hands.book().journal.commit()?;
    }
    // What is stopped in the turn that would start it is never let go.
    let stopped: BTreeSet<EffectId> = acts
        .iter()
        .filter_map(|act| match act {
            Act::Other(Effect::Stop { id, .. }) => Some(*id),
            _ => None,
        })
        .collect();
    for act in acts {
        match act {
            Act::Open(run, _) if stopped.contains(&run.id) => {}
            act => carry_out(hands, at, act)?,
        }
    }
    Ok(())
}

/// Starts what a person said may be started after all, in a write of its own.
///
/// # Errors
/// The journal could not be written.
pub fn set_free<'p, H: Hands<'p>>(
    hands: &mut H,
    at: Moment,
    effect: Effect,
) -> Result<(), HostError> {
    let mut acts = Vec::new();
    let mut facts = VecDeque::new();
    admit(hands, at, effect, &mut acts, &mut facts);
    for event in facts {
        let effects = hands.book().fold(at, event);
        acts.extend(effects.into_iter().map(Act::Other));
    }
    hands.book().journal.commit()?;
    for act in acts {
        carry_out(hands, at, act)?;
    }
    Ok(())
}

fn is_due<'p, H: Hands<'p>>(hands: &mut H, at: Moment) -> bool {
    if hands.book().over.is_some() {
        return false;
    }
    let boot_id = hands.boot_id().to_owned();
    hands.book().is_due(at, &boot_id)
}

/// Gets a wish ready; what it needs to be durable joins the turn.
fn admit<'p, H: Hands<'p>>(
    hands: &mut H,
    at: Moment,
    effect: Effect,
    acts: &mut Vec<Act<H::Launch>>,
    facts: &mut VecDeque<Event>,
) {
    match doubt::held_back(hands.book(), effect) {
        Effect::Run(run) => match hands.admit(&run) {
            Ok((launch, identity)) => {
                if run.mark == Mark::Act {
                    intend(
                        hands,
                        at,
                        run.id,
                        &run.path,
                        run.attempt,
                        run.role,
                        &run.shown,
                        run.on.as_ref().map(|on| on.name.clone()),
                        names(&run.env),
                    );
                    facts.push_back(Event::Spawned {
                        effect: run.id,
                        identity,
                    });
                } else {
                    hands.book().looks.insert(run.id);
                }
                if has(Weakness::NoGate) {
                    hands.open(run, launch);
                } else {
                    acts.push(Act::Open(run, launch));
                }
            }
            Err(why) => facts.push_back(Event::NotStarted {
                effect: run.id,
                why,
            }),
        },
        Effect::Request(request) => {
            if request.mark == Mark::Act {
                let Request {
                    id,
                    path,
                    attempt,
                    role,
                    shown,
                    headers,
                    ..
                } = &request;
                let sent = names(headers);
                intend(hands, at, *id, path, *attempt, *role, shown, None, sent);
            } else {
                hands.book().looks.insert(request.id);
            }
            acts.push(Act::Other(Effect::Request(request)));
        }
        // Stopped before anybody said that it may start, which it may have done already.
        Effect::Stop { id, .. } if doubt::holds_back(hands.book(), id).is_some() => {
            if let Some(prompt) = doubt::holds_back(hands.book(), id) {
                hands.book().doubted.remove(&prompt);
                acts.push(Act::Other(Effect::Withdraw { id: prompt }));
            }
            facts.push_back(Event::Lost {
                effect: id,
                why: "the journal lost its last record, and it may have been started then".into(),
            });
        }
        Effect::Park { why, until } => {
            let record = HostRecord::Parked {
                why: why.clone(),
                until: until.clone(),
            };
            hands.book().journal.append(at, Entry::Host(&record));
            acts.push(Act::Other(Effect::Park { why, until }));
        }
        Effect::End { outcome, text, why } => {
            let record = HostRecord::Ended {
                outcome,
                text: text.clone(),
                why,
            };
            hands.book().journal.append(at, Entry::Host(&record));
            acts.push(Act::Other(Effect::End { outcome, text, why }));
        }
        other => acts.push(Act::Other(other)),
    }
}

#[expect(clippy::too_many_arguments, reason = "an intent has that many parts")]
fn intend<'p, H: Hands<'p>>(
    hands: &mut H,
    at: Moment,
    effect: EffectId,
    path: &str,
    attempt: u32,
    role: Role,
    command: &str,
    on: Option<String>,
    env: Vec<String>,
) {
    if has(Weakness::OutcomeOnly) {
        return;
    }
    let intent = Intent {
        effect,
        path: path.to_owned(),
        attempt,
        role,
        command: hands.clean(command),
        on,
        env,
    };
    hands
        .book()
        .journal
        .append(at, Entry::Host(&HostRecord::Intent(intent)));
}

fn names<T>(pairs: &[(String, T)]) -> Vec<String> {
    pairs.iter().map(|(name, _)| name.clone()).collect()
}

/// Whether carrying this out shows or changes something, so that what it rests on must be durable.
fn shows<L>(plan: &Plan, act: &Act<L>) -> bool {
    match act {
        Act::Open(run, _) => run.mark == Mark::Act,
        Act::Other(effect) => match effect {
            Effect::Run(_) => true,
            Effect::Request(request) => request.mark == Mark::Act,
            Effect::CheckNeeds { .. }
            | Effect::TakeLocks { .. }
            | Effect::Stop { .. }
            | Effect::AwaitOrphan { .. }
            | Effect::Inquire { .. }
            | Effect::Withdraw { .. } => false,
            // Some are asked for, at a prompt.
            Effect::FetchSecrets { .. } => plan
                .secrets
                .iter()
                .any(|secret| matches!(secret.from, SecretFrom::Prompt)),
            Effect::Ask { .. }
            | Effect::WriteDocument { .. }
            | Effect::Tell(_)
            | Effect::Park { .. }
            | Effect::End { .. } => true,
        },
    }
}

fn carry_out<'p, H: Hands<'p>>(
    hands: &mut H,
    at: Moment,
    act: Act<H::Launch>,
) -> Result<(), HostError> {
    match act {
        Act::Open(run, launch) => hands.open(run, launch),
        // Got ready in `admit`; here only what was held back and is let go after all.
        Act::Other(Effect::Run(run)) => return set_free(hands, at, Effect::Run(run)),
        Act::Other(Effect::Park { why, .. }) => hands.book().over = Some(Over::Parked { why }),
        Act::Other(Effect::End { outcome, text, why }) => {
            hands.book().over = Some(Over::Ended { outcome, text, why });
        }
        Act::Other(effect) => hands.perform(effect),
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ticked {
    Yes,
    No,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Durable {
    Now,
    /// With the next sync.
    Later,
}
