//! One life of an engine: the turns, the journal and the core are the real ones, the hands are made up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use runbook_core::effect::{Effect, EffectId, Request, Run};
use runbook_core::event::{Captured, Event, Exit, Found, Identity, Moment, Running, Sent};
use runbook_core::prompt::{Answer, Detail, Prompt, PromptKind};
use runbook_core::state::Over;
use runbook_core::view::view;
use runbook_host::drive::doubt;
use runbook_host::drive::turn::{Book, Hands, OURS, turn};
use runbook_host::error::HostError;
use runbook_plan::command::Mark;

use super::chance::Chance;
use super::disk::Platter;
use super::fault::{Faults, Weakening};
use super::machine::{Gate, Machine};
use super::operator;
use super::runbooks::{About, Made};
use super::watch::Watch;

/// A turn more than any run needs.
const ENOUGH: u32 = 20_000;

/// All there is outside of the engine.
pub struct World {
    pub seed: u64,
    pub machine: Machine,
    pub platter: Rc<RefCell<Platter>>,
    pub faults: Rc<RefCell<Faults>>,
    pub watch: Watch,
    pub chance: Chance,
    /// Nothing goes wrong but crashes: the end must be that of an undisturbed run.
    pub calm: bool,
    /// What happened, line by line, where somebody wants to read it.
    pub story: Option<String>,
}

impl World {
    pub fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push_str(&format!("{:>9} {}\n", self.machine.now, what()));
        }
    }
}

/// Whether there is somebody to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    Somebody,
    Nobody,
}

/// Something that comes at its time.
enum Coming {
    Answer(EffectId, Answer, Option<usize>),
    Nobody(EffectId),
    Event(Event),
    Interrupt,
}

pub struct Life<'w> {
    pub world: &'w mut World,
    pub made: &'w Made,
    pub book: Book<'w>,
    pub there: There,
    inbox: Vec<Event>,
    /// Of our own, and of an earlier engine.
    running: BTreeMap<EffectId, usize>,
    /// At their gates.
    ready: BTreeMap<EffectId, usize>,
    pub orphans: BTreeMap<EffectId, usize>,
    adopted: BTreeMap<EffectId, usize>,
    /// Orphans that the core had stopped: that they ended is all there is to know of them.
    stopping: BTreeMap<EffectId, usize>,
    coming: Vec<(i64, Coming)>,
    texts: BTreeMap<EffectId, String>,
    about: BTreeMap<EffectId, usize>,
    interrupts: u32,
    /// It was told to end: what it stops now is in doubt until the run goes on.
    parking: bool,
    boot_id: String,
}

impl<'w> Life<'w> {
    pub fn new(world: &'w mut World, made: &'w Made, book: Book<'w>, there: There) -> Life<'w> {
        let boot_id = world.machine.boot_id();
        world.watch.wakes(&world.machine);
        Life {
            world,
            made,
            book,
            there,
            inbox: Vec::new(),
            running: BTreeMap::new(),
            ready: BTreeMap::new(),
            orphans: BTreeMap::new(),
            adopted: BTreeMap::new(),
            stopping: BTreeMap::new(),
            coming: Vec::new(),
            texts: BTreeMap::new(),
            about: BTreeMap::new(),
            interrupts: 0,
            parking: false,
            boot_id,
        }
    }

    /// Until the run parks or ends, the disk fails, or the engine dies.
    pub fn live(&mut self, first: Vec<Event>) -> Result<Over, HostError> {
        self.mischief();
        turn(self, first)?;
        for _ in 0..ENOUGH {
            if let Some(over) = self.book.over.take() {
                self.book.journal.commit()?;
                return Ok(over);
            }
            let mut events = std::mem::take(&mut self.inbox);
            if events.is_empty() {
                self.sleep();
            }
            self.gather(&mut events)?;
            events.append(&mut self.inbox);
            if !events.is_empty() || self.book.is_due(self.now(), &self.boot_id) {
                turn(self, events)?;
            }
            self.rest();
        }
        self.world
            .watch
            .faults
            .push("the run goes round in circles".into());
        Ok(Over::No)
    }

    fn rest(&mut self) {
        if self.book.over.is_none() && self.running.is_empty() && self.inbox.is_empty() {
            match self.book.state.is_over() {
                Over::No => {}
                over => self.book.over = Some(over),
            }
        }
    }

    /// What a person or the system does unasked in this life.
    fn mischief(&mut self) {
        let World {
            chance,
            machine,
            calm,
            ..
        } = &mut *self.world;
        if *calm || !chance.one_in(5) {
            return;
        }
        let at = machine.now + chance.between(0, 60_000);
        let why = "the engine was told to end (SIGTERM)".to_owned();
        let running = if chance.one_in(2) {
            Running::Stop
        } else {
            Running::LetEnd
        };
        match chance.below(5) {
            0 => self
                .coming
                .push((at, Coming::Event(Event::ParkRequested { why, running }))),
            1 => self.coming.push((
                at,
                Coming::Event(Event::Noted {
                    text: "so far".into(),
                    by: operator::NAME.into(),
                }),
            )),
            times => {
                for n in 1..times {
                    let at = at + i64::try_from(n).unwrap_or(0) * chance.between(1, 2_000);
                    self.coming.push((at, Coming::Interrupt));
                }
            }
        }
    }

    /// Sleeps as long as the real engine would, or until something comes.
    fn sleep(&mut self) {
        let left = self.book.until_due(self.now(), &self.boot_id);
        let mut until = self.world.machine.now + i64::try_from(left.as_millis()).unwrap_or(0);
        let World {
            chance,
            machine,
            calm,
            watch,
            ..
        } = &mut *self.world;
        if !*calm && chance.one_in(150) {
            match chance.below(3) {
                0 => machine.wall_off += chance.between(-3 * 3_600_000, 10 * 86_400_000),
                1 => machine.wall_off -= chance.between(1, 86_400_000),
                _ => {
                    let ms = chance.between(1_000, 8 * 3_600_000);
                    machine.suspend(ms);
                    // The clock that sleeps are measured by stood still meanwhile.
                    until += ms;
                    watch.awake_since = machine.now;
                }
            }
        }
        let watched = self.running.values().chain(self.adopted.values()).copied();
        if let Some(end) = machine.next_end(watched) {
            until = until.min(end);
        }
        if let Some(at) = self.coming.iter().map(|(at, _)| *at).min() {
            until = until.min(at);
        }
        let now = machine.now;
        machine.go_to(until.max(now));
    }

    /// What has come by now.
    fn gather(&mut self, events: &mut Vec<Event>) -> Result<(), HostError> {
        self.world.faults.borrow_mut().passes();
        let machine = &self.world.machine;
        let over = |at: &usize| machine.processes[*at].ended;
        for (id, at) in self.running.iter().filter(|(_, at)| over(at)) {
            events.push(ended(*id, machine, *at));
        }
        for id in self
            .adopted
            .iter()
            .filter(|(_, at)| over(at))
            .map(|(id, _)| *id)
        {
            let found = Found::Gone;
            events.push(Event::Found {
                effect: id,
                found,
                printed: String::new(),
            });
        }
        self.adopted.retain(|_, at| !over(at));
        let now = machine.now;
        let mut due = Vec::new();
        let mut at = 0;
        while at < self.coming.len() {
            if self.coming[at].0 <= now {
                due.push(self.coming.remove(at).1);
            } else {
                at += 1;
            }
        }
        for coming in due {
            match coming {
                Coming::Event(event) => events.push(event),
                Coming::Interrupt => {
                    self.interrupts += 1;
                    let times = self.interrupts;
                    events.push(Event::Interrupted { times });
                }
                Coming::Nobody(id) if id.0 > OURS => {
                    doubt::refused(self, id);
                }
                Coming::Nobody(effect) => events.push(Event::Unanswerable { effect }),
                Coming::Answer(id, answer, _) if id.0 > OURS => {
                    doubt::answered(self, id, &answer, operator::NAME.into())?;
                }
                Coming::Answer(effect, answer, about) => {
                    if let Some(about) = about {
                        self.about.insert(effect, about);
                    }
                    let by = operator::NAME.into();
                    events.push(Event::Answered { effect, answer, by });
                }
            }
        }
        Ok(())
    }

    fn asked(&mut self, id: EffectId, prompt: &Prompt) {
        self.interrupts = 0;
        self.texts.insert(id, prompt.text.clone());
        let world = &mut *self.world;
        match &prompt.kind {
            PromptKind::InDoubt { command, .. } | PromptKind::Orphan { command, .. } => {
                let (verb, key) = operator::read(command);
                let at = world.watch.in_doubt(&world.machine, &verb, &key);
                world.watch.puts(at);
            }
            _ => {}
        }
        for detail in &prompt.detail {
            // Held back until somebody has said so; for its step it has begun.
            if let (Detail::Command(shown), true) = (detail, id.0 > OURS) {
                let (verb, key) = operator::read(shown);
                let about = self.made.steps.get(&key).cloned().unwrap_or_default();
                world.watch.readies(&verb, &key, &about);
            }
        }
        let now = world.machine.now;
        if self.there == There::Nobody {
            self.coming.push((now, Coming::Nobody(id)));
            return;
        }
        let (answer, about) = operator::answer(
            world.seed,
            id,
            prompt,
            &world.machine,
            &world.watch,
            self.made,
        );
        let mut at = now + world.chance.between(500, 40_000);
        // What was sent elsewhere goes on there, and whoever looks waits until it has come to rest.
        if let Some(process) = about.map(|about| &world.machine.processes[about])
            && process.remote
            && process.lives()
            && let Some(end) = process.ends_at
        {
            at = at.max(end + 1);
        }
        self.coming.push((at, Coming::Answer(id, answer, about)));
    }

    fn visible(&mut self) {
        use runbook_host::journal::writer::Pending;
        let pending = self.book.journal.has_pending() == Pending::Records;
        self.world.watch.shows(self.book.journal.seq(), pending);
    }

    fn passes(&mut self) {
        let ms = self.world.chance.between(0, 2);
        let now = self.world.machine.now;
        self.world.machine.go_to(now + ms);
        self.world.faults.borrow_mut().passes();
    }

    fn let_go(&mut self, id: EffectId, at: usize) {
        self.world.note(|| format!("    let go {at} for {id:?}"));
        self.world.machine.open(at, self.made);
        if self.world.machine.processes[at].mark == Mark::Act {
            self.world.watch.lets_go(&self.world.machine, at, self.made);
        }
        self.running.insert(id, at);
    }

    fn about(&self, key: &str) -> About {
        self.made.steps.get(key).cloned().unwrap_or_default()
    }

    fn send(&mut self, request: &Request) {
        let (verb, key) = operator::read(&request.shown);
        let machine = &mut self.world.machine;
        let at = machine.fork(&verb, &key, request.mark, true);
        let about = self.about(&key);
        if request.mark == Mark::Act {
            self.world.watch.readies(&verb, &key, &about);
        }
        self.let_go(request.id, at);
    }
}

fn ended(id: EffectId, machine: &Machine, at: usize) -> Event {
    let process = &machine.processes[at];
    if process.remote {
        return Event::Responded {
            effect: id,
            status: if process.exit == 0 { 200 } else { 500 },
            headers: Vec::new(),
            body: Captured::default(),
            elapsed_ms: 1,
        };
    }
    let signal = "SIGTERM".to_owned();
    Event::Exited {
        effect: id,
        exit: if process.stopped {
            Exit::Stopped { signal }
        } else {
            Exit::Code(process.exit)
        },
        output: Captured::default(),
        stderr: Captured::default(),
        elapsed_ms: 1,
        leaked: Vec::new(),
    }
}

impl<'w> Hands<'w> for Life<'w> {
    type Launch = usize;

    fn book(&mut self) -> &mut Book<'w> {
        &mut self.book
    }

    fn now(&self) -> Moment {
        self.world.machine.moment()
    }

    fn boot_id(&self) -> &str {
        &self.boot_id
    }

    fn take_in(&mut self, event: &mut Event) {
        self.world.note(|| format!("  {event:?}"));
        let seq = self.book.journal.seq();
        self.world.watch.sees(&self.world.machine, event);
        self.parking |= matches!(event, Event::ParkRequested { .. });
        if let Event::Found {
            found: Found::Gone | Found::Alive { .. },
            ..
        } = event
        {
            self.world.watch.doubts += 1;
        }
        if let Event::Exited {
            exit: Exit::Stopped { .. },
            ..
        } = event
        {
            self.world.watch.stops();
        }
        match event {
            Event::Exited { effect, .. }
            | Event::NotStarted { effect, .. }
            | Event::Responded { effect, .. }
            | Event::RequestFailed { effect, .. } => {
                if let Some(at) = self.running.remove(effect) {
                    self.world.watch.hears_end(seq, at);
                }
            }
            Event::Found {
                effect,
                found: Found::Gone,
                ..
            } => {
                if let Some(at) = self.stopping.remove(effect) {
                    self.world.watch.hears_end(seq, at);
                }
            }
            // Nothing but what was held back for a lost record, and stopped before anybody said anything.
            Event::Lost { effect, .. } => {
                let running = view(&self.made.plan, &self.book.state).running;
                if let Some(run) = running.iter().find(|run| run.effect == *effect) {
                    let (_, key) = operator::read(&run.command);
                    self.world.watch.may_have_begun(key);
                }
            }
            Event::Answered { effect, answer, .. } => {
                let text = self.texts.get(effect).cloned().unwrap_or_default();
                if let (Some(path), Answer::Skip { .. } | Answer::Done { .. }) = (
                    text.strip_prefix("the undo of ")
                        .and_then(|rest| rest.strip_suffix(" failed")),
                    &*answer,
                ) {
                    self.world.watch.undone_by_hand(&self.world.machine, path);
                }
                if text.starts_with("interrupted") && matches!(answer, Answer::Fail { .. }) {
                    self.world.watch.given_up(&self.world.machine);
                }
                let about = self.about.get(effect).copied();
                self.world.watch.hears_answer(seq, text, about);
            }
            _ => {}
        }
    }

    fn clean(&self, command: &str) -> String {
        command.to_owned()
    }

    fn admit(&mut self, run: &Run) -> Result<(usize, Identity), String> {
        self.passes();
        let (verb, key) = operator::read(&run.shown);
        let about = self.about(&key);
        if run.mark == Mark::Act {
            self.world.watch.readies(&verb, &key, &about);
        }
        if !self.world.calm && self.world.chance.one_in(60) {
            return Err("there are too many processes".into());
        }
        let machine = &mut self.world.machine;
        let at = machine.fork(&verb, &key, run.mark, false);
        let identity = machine.processes[at].identity.clone();
        if self.world.faults.borrow().weakening == Weakening::NoGate {
            self.let_go(run.id, at);
        }
        self.ready.insert(run.id, at);
        self.world
            .note(|| format!("    ready {at} for {:?}: {verb} {key}", run.id));
        self.passes();
        Ok((at, identity))
    }

    fn open(&mut self, run: Run, at: usize) {
        self.passes();
        self.ready.remove(&run.id);
        if run.mark == Mark::Act {
            self.interrupts = 0;
            self.visible();
        }
        if self.world.machine.processes[at].gate == Gate::Waiting {
            self.let_go(run.id, at);
        }
        self.passes();
    }

    fn perform(&mut self, effect: Effect) {
        self.passes();
        self.world.note(|| format!("    {effect:?}"));
        match effect {
            Effect::Tell(notice) => {
                self.visible();
                let world = &mut *self.world;
                world.watch.tells(&world.machine, &notice);
            }
            Effect::Ask { id, prompt } => {
                self.visible();
                if id.0 > OURS {
                    // Whether to start what a lost record may have started: who says yes may have it twice.
                    self.world.watch.doubts += 1;
                }
                self.asked(id, &prompt);
            }
            Effect::Withdraw { id } => self.coming.retain(|(_, coming)| match coming {
                Coming::Answer(other, ..) | Coming::Nobody(other) => *other != id,
                _ => true,
            }),
            // Nothing runs on another machine in it.
            Effect::Inquire { .. } => {}
            Effect::AwaitOrphan { id } => {
                if let Some(at) = self.orphans.remove(&id) {
                    self.adopted.insert(id, at);
                }
            }
            Effect::Stop { id, .. } => {
                if let Some(at) = self.orphans.remove(&id) {
                    self.adopted.insert(id, at);
                }
                if let Some(at) = self.adopted.get(&id) {
                    self.stopping.insert(id, *at);
                }
                if let Some(at) = self.ready.remove(&id) {
                    self.running.insert(id, at);
                }
                let ours = self.running.get(&id).or(self.adopted.get(&id)).copied();
                if let (Some(at), false) = (ours, self.parking) {
                    self.world.watch.tells_to_stop(at);
                }
                match ours {
                    Some(at) if self.world.machine.processes[at].remote => {
                        // The connection is dropped; what was sent goes on.
                        self.inbox.push(Event::RequestFailed {
                            effect: id,
                            why: "stopped".into(),
                            sent: Sent::Maybe,
                            elapsed_ms: 1,
                        });
                    }
                    Some(at) => self.world.machine.stop(at),
                    None => {}
                }
            }
            Effect::Request(request) => {
                self.visible();
                self.send(&request);
            }
            Effect::CheckNeeds { id, .. } => self.inbox.push(Event::NeedsChecked {
                effect: id,
                missing: Vec::new(),
            }),
            Effect::TakeLocks { id, .. } => self.inbox.push(Event::LocksTaken { effect: id }),
            Effect::FetchSecrets { id } => self.inbox.push(Event::SecretsReady { effect: id }),
            Effect::WriteDocument { id, path, .. } => {
                self.inbox.push(Event::DocumentWritten {
                    effect: id,
                    path,
                    kept: None,
                });
            }
            Effect::Run(_) | Effect::Park { .. } | Effect::End { .. } => {}
        }
        self.passes();
    }
}
