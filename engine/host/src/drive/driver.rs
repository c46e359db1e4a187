//! The loop: facts in, one write and one sync, wishes out.
//!
//! A turn takes every fact that is there, folds each through the core, and collects what the core wishes. A
//! command that acts gets its process, which waits at its gate, and its intent and that process's identity join
//! the turn's records. Then all of it is written and synced at once, and only then are gates opened, notices
//! shown and prompts put. So n steps cost n + 1 syncs, and nothing is believed or shown that is not durable.
//!
//! A turn that holds nothing but looks and their outcomes need not be synced: after a crash they are looked at
//! again. Their records are on the disk before anything acts on what they said.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use runbook_core::effect::{Effect, EffectId, Request, Role, Run};
use runbook_core::event::{Event, Fact, Moment};
use runbook_core::prompt::Prompt;
use runbook_core::state::{Over, State, due};
use runbook_core::step::step;
use runbook_core::view::{View, view};
use runbook_plan::Plan;
use runbook_plan::command::Mark;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};

use super::replay::Doubted;
use super::{Finish, exit_code, perform, scrub};
use crate::clock;
use crate::error::HostError;
use crate::http::Requests;
use crate::journal::record::Intent;
use crate::journal::{Entry, HostRecord, Journal};
use crate::lock::Lock;
use crate::operator::{Operator, Said};
use crate::process::{Identity, Launch, Processes};
use crate::runs::{Held, StateHome};
use crate::secrets::Vault;
use crate::signals::{Signal, Signals};

/// No sleep is longer, so that a clock that was set, or a machine that slept, is noticed.
const SLICE: Duration = Duration::from_secs(30);

/// How often the operator may redraw.
const FRAME: Duration = Duration::from_millis(100);

/// Prompts of the host itself count down from the end of the numbers.
pub(super) const OURS: u64 = u64::MAX - (1 << 32);

/// What one engine holds of one run.
pub(super) struct Driver<'p> {
    pub plan: &'p Plan,
    pub state: State,
    pub journal: Journal,
    pub held: Held,
    pub home: StateHome,
    pub operator: Box<dyn Operator>,
    pub said: UnboundedReceiver<Said>,
    pub processes: Processes,
    pub requests: Requests,
    pub signals: Signals,
    pub vault: Vault,
    pub locks: Vec<Lock>,
    pub salt: String,
    /// Of the secrets, as the journal has them.
    pub fingerprints: Vec<(String, String)>,
    /// Where commands run.
    pub directory: PathBuf,
    pub operator_name: String,
    /// Variables that `needs env` names.
    pub inherited: Vec<String>,
    /// To be told once the run goes on.
    pub warnings: Vec<String>,
    /// Of the next thing that acts.
    pub doubt_next: Doubted,
    /// Facts that came of performing, for the next turn.
    pub inbox: Vec<Event>,
    pub fetching: Option<perform::Fetching>,
    pub fetched: UnboundedReceiver<perform::Fetched>,
    pub fetcher: UnboundedSender<perform::Fetched>,
    /// Processes of an earlier engine that live and that nobody watches yet.
    pub orphans: BTreeMap<EffectId, Identity>,
    /// Commands that were started and are not over.
    pub(super) running: BTreeSet<EffectId>,
    /// Of these the terminal was lent to.
    pub(super) interactive: BTreeSet<EffectId>,
    /// Looks: their outcome may wait for the next sync.
    pub(super) looks: BTreeSet<EffectId>,
    /// Wishes held back until a person says that they may be carried out, by the prompt that asks.
    pub(super) doubted: BTreeMap<EffectId, Effect>,
    pub(super) next_prompt: u64,
    pub(super) interrupts: u32,
    pub(super) detached: Detached,
    pub(super) signal: Option<Signal>,
    pub(super) over: Option<Over>,
    pub(super) view: Option<View>,
}

/// Whether the terminal went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detached {
    Yes,
    No,
}

/// A wish that is ready to be carried out.
enum Act {
    Open(Box<Run>, Launch),
    Other(Effect),
}

impl<'p> Driver<'p> {
    #[expect(
        clippy::too_many_arguments,
        reason = "an engine of a run has that many parts"
    )]
    pub fn new(
        plan: &'p Plan,
        held: Held,
        home: StateHome,
        journal: Journal,
        operator: Box<dyn Operator>,
        said: UnboundedReceiver<Said>,
        vault: Vault,
        processes: Processes,
    ) -> Result<Driver<'p>, HostError> {
        let signals = Signals::begin().map_err(|error| super::system(&error))?;
        let (fetcher, fetched) = unbounded_channel();
        let inherited = plan.needs.iter().filter_map(|need| match need {
            runbook_plan::plan::Need::Env(name) => Some(name.clone()),
            _ => None,
        });
        Ok(Driver {
            inherited: inherited.collect(),
            plan,
            state: State::default(),
            journal,
            held,
            home,
            operator,
            said,
            processes,
            requests: Requests::begin(),
            signals,
            vault,
            locks: Vec::new(),
            salt: String::new(),
            fingerprints: Vec::new(),
            directory: PathBuf::new(),
            operator_name: String::new(),
            warnings: Vec::new(),
            doubt_next: Doubted::No,
            inbox: Vec::new(),
            fetching: None,
            fetched,
            fetcher,
            orphans: BTreeMap::new(),
            running: BTreeSet::new(),
            interactive: BTreeSet::new(),
            looks: BTreeSet::new(),
            doubted: BTreeMap::new(),
            next_prompt: OURS,
            interrupts: 0,
            detached: Detached::No,
            signal: None,
            over: None,
            view: None,
        })
    }

    /// Drives the run until it parks or ends.
    ///
    /// # Errors
    /// The journal could not be written: nothing was started after that.
    pub async fn drive(mut self, first: Vec<Event>) -> Result<Finish, HostError> {
        let driven = self.drive_on(first).await;
        if let Err(error) = &driven {
            self.wind_down(error).await;
        }
        let view = view(self.plan, &self.state);
        self.operator.close(&view);
        driven?;
        let over = self.over.take().unwrap_or(Over::No);
        Ok(Finish {
            run: self.held.dir.id.clone(),
            dir: self.held.dir.path.clone(),
            code: exit_code(&over, self.signal),
            over,
            head: self.journal.head().to_string(),
        })
    }

    async fn drive_on(&mut self, first: Vec<Event>) -> Result<(), HostError> {
        self.turn(first)?;
        for text in std::mem::take(&mut self.warnings) {
            let notice = runbook_core::effect::Notice::Warning { text };
            self.tell(&notice);
        }
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.over.is_none() {
            let mut events = std::mem::take(&mut self.inbox);
            if events.is_empty() {
                let sleep = tokio::time::sleep(self.until_due());
                tokio::select! {
                    biased;
                    report = self.processes.next() => self.heard(report, &mut events),
                    event = self.requests.next() => events.push(event),
                    Some(fetched) = self.fetched.recv() => self.secret_fetched(fetched),
                    signal = self.signals.next() => self.signalled(signal, &mut events),
                    Some(said) = self.said.recv() => self.hear(said, &mut events)?,
                    () = sleep => {}
                    _ = frames.tick() => {
                        let view = self.current_view();
                        self.operator.redraw(&view, clock::now());
                        self.view = Some(view);
                    }
                }
            }
            // What came meanwhile joins the turn, so that it shares the sync. An exit is heard before a timer.
            while let Some(report) = at_once(self.processes.next()).await {
                self.heard(report, &mut events);
            }
            while let Some(event) = at_once(self.requests.next()).await {
                events.push(event);
            }
            while let Ok(said) = self.said.try_recv() {
                self.hear(said, &mut events)?;
            }
            events.append(&mut self.inbox);
            if !events.is_empty() || self.is_due(clock::now()) {
                self.turn(events)?;
            }
            self.rest();
        }
        self.journal.commit()
    }

    /// A run that is over and that has nothing left under way needs nobody to drive it, whether or not the
    /// core said so again: an undo may have ended where it stood.
    fn rest(&mut self) {
        let quiet = self.running.is_empty() && self.inbox.is_empty() && self.fetching.is_none();
        if self.over.is_none() && quiet {
            match self.state.is_over() {
                Over::No => {}
                over => self.over = Some(over),
            }
        }
    }

    /// One turn: every fact folded, one sync, every wish carried out.
    fn turn(&mut self, events: Vec<Event>) -> Result<(), HostError> {
        let at = clock::now();
        let mut facts: VecDeque<Event> = events.into();
        let mut acts = Vec::new();
        let mut ticked = Ticked::No;
        let mut durable = Durable::Later;
        loop {
            let Some(mut event) = facts.pop_front() else {
                // Only now: what ended in time has been heard by now.
                if ticked == Ticked::No && self.over.is_none() && self.is_due(at) {
                    ticked = Ticked::Yes;
                    facts.push_back(Event::Ticked);
                    continue;
                }
                break;
            };
            scrub::event(self.vault.forms(), &mut event);
            self.ended(&event);
            if self.weighs(&event) {
                durable = Durable::Now;
            }
            let fact = Fact { at, event };
            self.journal.append(at, Entry::Event(&fact.event));
            let (state, effects) = step(self.plan, std::mem::take(&mut self.state), &fact);
            self.state = state;
            for effect in effects {
                self.admit(at, effect, &mut acts, &mut facts);
            }
        }
        self.view = None;
        if acts.iter().any(|act| self.shows(act)) {
            durable = Durable::Now;
        }
        if durable == Durable::Now {
            self.journal.commit()?;
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
                act => self.perform(at, act)?,
            }
        }
        Ok(())
    }

    /// Gets a wish ready; what it needs to be durable joins the turn.
    fn admit(
        &mut self,
        at: Moment,
        effect: Effect,
        acts: &mut Vec<Act>,
        facts: &mut VecDeque<Event>,
    ) {
        match self.doubt(effect) {
            Effect::Run(run) => {
                let vault = &self.vault;
                let launch = Launch::of(&run, &self.directory, &self.inherited, &mut |value| {
                    vault.resolve(value)
                });
                let admitted = launch.and_then(|launch| {
                    let identity = self.processes.admit(run.id, &run.manner)?;
                    Ok((launch, identity))
                });
                match admitted {
                    Ok((launch, identity)) => {
                        if run.mark == Mark::Act {
                            self.intend(
                                at,
                                run.id,
                                &run.path,
                                run.attempt,
                                run.role,
                                &run.shown,
                                names(&run.env),
                            );
                            facts.push_back(Event::Spawned {
                                effect: run.id,
                                identity,
                            });
                        } else {
                            self.looks.insert(run.id);
                        }
                        acts.push(Act::Open(Box::new(run), launch));
                    }
                    Err(why) => facts.push_back(Event::NotStarted {
                        effect: run.id,
                        why,
                    }),
                }
            }
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
                    self.intend(at, *id, path, *attempt, *role, shown, names(headers));
                } else {
                    self.looks.insert(request.id);
                }
                acts.push(Act::Other(Effect::Request(request)));
            }
            Effect::Park { why, until } => {
                let record = HostRecord::Parked {
                    why: why.clone(),
                    until: until.clone(),
                };
                self.journal.append(at, Entry::Host(&record));
                acts.push(Act::Other(Effect::Park { why, until }));
            }
            Effect::End { outcome, text, why } => {
                let record = HostRecord::Ended {
                    outcome,
                    text: text.clone(),
                    why,
                };
                self.journal.append(at, Entry::Host(&record));
                acts.push(Act::Other(Effect::End { outcome, text, why }));
            }
            other => acts.push(Act::Other(other)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "an intent has that many parts")]
    fn intend(
        &mut self,
        at: Moment,
        effect: EffectId,
        path: &str,
        attempt: u32,
        role: Role,
        command: &str,
        env: Vec<String>,
    ) {
        let intent = Intent {
            effect,
            path: path.to_owned(),
            attempt,
            role,
            command: self.vault.forms().clean(command).into_owned(),
            env,
        };
        self.journal
            .append(at, Entry::Host(&HostRecord::Intent(intent)));
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
            | Event::Interrupted { .. } => false,
        }
    }

    /// Whether carrying this out shows or changes something, so that what it rests on must be durable.
    fn shows(&self, act: &Act) -> bool {
        match act {
            Act::Open(run, _) => run.mark == Mark::Act,
            Act::Other(effect) => match effect {
                Effect::Run(_) => true,
                Effect::Request(request) => request.mark == Mark::Act,
                Effect::CheckNeeds { .. }
                | Effect::TakeLocks { .. }
                | Effect::FetchSecrets { .. }
                | Effect::Stop { .. }
                | Effect::AwaitOrphan { .. }
                | Effect::Withdraw { .. } => false,
                Effect::Ask { .. }
                | Effect::WriteDocument { .. }
                | Effect::Tell(_)
                | Effect::Park { .. }
                | Effect::End { .. } => true,
            },
        }
    }

    fn perform(&mut self, at: Moment, act: Act) -> Result<(), HostError> {
        match act {
            Act::Open(run, launch) => {
                if run.manner == runbook_core::effect::Manner::Interactive {
                    self.operator.lend_terminal();
                    self.interactive.insert(run.id);
                }
                if run.mark == Mark::Act {
                    self.interrupts = 0;
                }
                self.running.insert(run.id);
                let redactors = self.redactors();
                self.processes.open(run.id, launch, redactors);
                self.processes.prepare(1);
            }
            Act::Other(effect) => match effect {
                Effect::Tell(notice) => {
                    let notice = scrub::notice(self.vault.forms(), notice);
                    self.tell(&notice);
                }
                Effect::Ask { id, prompt } => {
                    self.interrupts = 0;
                    self.ask(id, prompt);
                }
                Effect::Withdraw { id } => self.operator.withdraw(id),
                Effect::AwaitOrphan { id } => self.adopt(id),
                Effect::Stop { id, urgency } => {
                    self.adopt(id);
                    self.requests.abandon(id);
                    self.processes.stop(id, urgency);
                }
                Effect::Request(request) => self.send(request),
                Effect::CheckNeeds { id, commands, env } => self.inbox.push(Event::NeedsChecked {
                    effect: id,
                    missing: super::needs::missing(&commands, &env),
                }),
                Effect::TakeLocks { id, locks } => self.take_locks(id, &locks),
                Effect::FetchSecrets { id } => self.fetch_secrets(id),
                Effect::WriteDocument { id, path, text } => self.write_document(id, &path, &text),
                Effect::Park { why, .. } => self.over = Some(Over::Parked { why }),
                Effect::End { outcome, text, why } => {
                    self.over = Some(Over::Ended { outcome, text, why });
                }
                // Got ready in `admit`; here only what was held back and is let go after all.
                Effect::Run(run) => self.let_go(at, run)?,
            },
        }
        Ok(())
    }

    /// Starts what a person said may be started, in a turn of its own.
    fn let_go(&mut self, at: Moment, run: Run) -> Result<(), HostError> {
        self.set_free(at, Effect::Run(run))
    }

    pub(super) fn set_free(&mut self, at: Moment, effect: Effect) -> Result<(), HostError> {
        let mut acts = Vec::new();
        let mut facts = VecDeque::new();
        self.admit(at, effect, &mut acts, &mut facts);
        for event in facts {
            let fact = Fact { at, event };
            self.journal.append(at, Entry::Event(&fact.event));
            let (state, effects) = step(self.plan, std::mem::take(&mut self.state), &fact);
            self.state = state;
            acts.extend(effects.into_iter().map(Act::Other));
        }
        self.journal.commit()?;
        for act in acts {
            self.perform(at, act)?;
        }
        Ok(())
    }

    /// Watches a process of an earlier engine, from when the core wants to know of its end.
    fn adopt(&mut self, id: EffectId) {
        if let Some(identity) = self.orphans.remove(&id) {
            self.processes.adopt(id, &identity);
        }
    }

    pub fn tell(&mut self, notice: &runbook_core::effect::Notice) {
        let view = self.current_view();
        self.operator.tell(notice, &view);
        self.view = Some(view);
    }

    pub fn ask(&mut self, id: EffectId, prompt: Prompt) {
        if self.detached == Detached::Yes {
            if id.0 > OURS {
                self.refused(id);
            } else {
                self.inbox.push(Event::Unanswerable { effect: id });
            }
            return;
        }
        let prompt = scrub::prompt(self.vault.forms(), prompt);
        let view = self.current_view();
        self.operator.ask(id, &prompt, &view);
        self.view = Some(view);
    }

    /// Made once a turn.
    pub(super) fn current_view(&mut self) -> View {
        match self.view.take() {
            Some(view) => view,
            None => view(self.plan, &self.state),
        }
    }

    fn is_due(&self, now: Moment) -> bool {
        due(&self.state)
            .is_some_and(|deadline| clock::remaining(&deadline, now, clock::boot_id()) <= 0)
    }

    fn until_due(&self) -> Duration {
        match due(&self.state) {
            Some(deadline) => {
                let left = clock::remaining(&deadline, clock::now(), clock::boot_id());
                // At least one: a deadline that the core would not take as passed must not spin.
                SLICE.min(Duration::from_millis(
                    u64::try_from(left).unwrap_or(0).max(1),
                ))
            }
            None => SLICE,
        }
    }
}

fn names<T>(pairs: &[(String, T)]) -> Vec<String> {
    pairs.iter().map(|(name, _)| name.clone()).collect()
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

/// What a future has right now; it is dropped where it has nothing.
async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        value = future => Some(value),
        () = std::future::ready(()) => None,
    }
}
