//! The loop: what comes in is gathered, and a [`turn`] is made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use runbook_core::effect::EffectId;
use runbook_core::event::Event;
use runbook_core::prompt::Prompt;
use runbook_core::state::Over;
use runbook_core::view::{View, view};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};

use super::turn::{Book, OURS, turn};
use super::{Finish, exit_code, perform, scrub};
use crate::clock;
use crate::error::HostError;
use crate::http::Requests;
use crate::lock::Lock;
use crate::operator::{Operator, Said};
use crate::process::{Identity, Processes};
use crate::runs::{Held, StateHome};
use crate::secrets::Vault;
use crate::signals::{Signal, Signals};

/// How often the operator may redraw.
const FRAME: Duration = Duration::from_millis(100);

/// What one engine holds of one run.
pub(super) struct Driver<'p> {
    pub book: Book<'p>,
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
    /// Facts that came of performing, for the next turn.
    pub inbox: Vec<Event>,
    pub fetching: Option<perform::Fetching>,
    pub fetched: UnboundedReceiver<perform::Fetched>,
    pub fetcher: UnboundedSender<perform::Fetched>,
    /// What other machines say of commands there.
    pub learned: UnboundedReceiver<Event>,
    pub learner: UnboundedSender<Event>,
    /// Processes of an earlier engine that live and that nobody watches yet.
    pub orphans: BTreeMap<EffectId, Identity>,
    /// Commands that were started and are not over.
    pub(super) running: BTreeSet<EffectId>,
    /// Of these the terminal was lent to.
    pub(super) interactive: BTreeSet<EffectId>,
    /// The host's own question whether to go on, at its prompt for a secret.
    pub(super) interrupted: Option<EffectId>,
    pub(super) interrupts: u32,
    pub(super) detached: Detached,
    pub(super) signal: Option<Signal>,
    pub(super) view: Option<View>,
}

/// Whether the terminal went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detached {
    Yes,
    No,
}

impl<'p> Driver<'p> {
    pub fn new(
        book: Book<'p>,
        held: Held,
        home: StateHome,
        operator: Box<dyn Operator>,
        said: UnboundedReceiver<Said>,
        vault: Vault,
        processes: Processes,
    ) -> Result<Driver<'p>, HostError> {
        let signals = Signals::begin().map_err(|error| super::system(&error))?;
        let (fetcher, fetched) = unbounded_channel();
        let (learner, learned) = unbounded_channel();
        let inherited = book.plan.needs.iter().filter_map(|need| match need {
            runbook_plan::plan::Need::Env(name) => Some(name.clone()),
            _ => None,
        });
        Ok(Driver {
            inherited: inherited.collect(),
            book,
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
            inbox: Vec::new(),
            fetching: None,
            fetched,
            fetcher,
            learned,
            learner,
            orphans: BTreeMap::new(),
            running: BTreeSet::new(),
            interactive: BTreeSet::new(),
            interrupted: None,
            interrupts: 0,
            detached: Detached::No,
            signal: None,
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
        let view = view(self.book.plan, &self.book.state);
        self.operator.close(&view);
        driven?;
        let over = self.book.over.take().unwrap_or(Over::No);
        Ok(Finish {
            run: self.held.dir.id.clone(),
            dir: self.held.dir.path.clone(),
            code: exit_code(&over, self.signal),
            over,
            head: self.book.journal.head().to_string(),
        })
    }

    async fn drive_on(&mut self, first: Vec<Event>) -> Result<(), HostError> {
        turn(self, first)?;
        for text in std::mem::take(&mut self.warnings) {
            let notice = runbook_core::effect::Notice::Warning { text };
            self.tell(&notice);
        }
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.book.over.is_none() {
            let mut events = std::mem::take(&mut self.inbox);
            if events.is_empty() {
                let sleep = tokio::time::sleep(self.book.until_due(clock::now(), clock::boot_id()));
                tokio::select! {
                    biased;
                    report = self.processes.next() => self.heard(report, &mut events),
                    event = self.requests.next() => events.push(event),
                    Some(fetched) = self.fetched.recv() => self.secret_fetched(fetched),
                    Some(event) = self.learned.recv() => events.push(event),
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
            if self.book.is_due(clock::now(), clock::boot_id()) {
                self.processes.look();
            }
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
            if !events.is_empty() || self.book.is_due(clock::now(), clock::boot_id()) {
                turn(self, events)?;
            }
            self.rest();
        }
        self.book.journal.commit()
    }

    /// A run that is over and that has nothing left under way needs nobody to drive it, whether or not the
    /// core said so again: an undo may have ended where it stood.
    fn rest(&mut self) {
        let quiet = self.running.is_empty() && self.inbox.is_empty() && self.fetching.is_none();
        if self.book.over.is_none() && quiet {
            match self.book.state.is_over() {
                Over::No => {}
                over => self.book.over = Some(over),
            }
        }
    }

    /// Watches a process of an earlier engine, from when the core wants to know of its end.
    pub(super) fn adopt(&mut self, id: EffectId) {
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
                self.inbox.push(super::hear::unanswered(id, &prompt.kind));
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
            None => view(self.book.plan, &self.book.state),
        }
    }
}

/// What a future has right now; it is dropped where it has nothing.
async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        value = future => Some(value),
        () = std::future::ready(()) => None,
    }
}
