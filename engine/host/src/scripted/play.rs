//! The loop over a made-up world: effects in, facts out, the clock jumps to whatever comes next.

use std::collections::BTreeMap;

use runbook_core::effect::Effect;
use runbook_core::event::{Event, Fact, Found, Moment, Started};
use runbook_core::state::{InFlight, Over};
use runbook_core::{State, due, step};
use runbook_plan::Plan;
use runbook_plan::read;
use runbook_plan::value::Value;

use super::transcript::Transcript;
use super::world::{BOOT, OPERATOR, World};

/// When every made-up run starts: 2026-01-05T09:00:00Z.
pub const START: i64 = 1_767_603_600_000;
/// More facts than any case needs: a run that goes on longer goes round in circles.
const ENOUGH: usize = 20_000;

/// A run in a made-up world.
pub struct Play<'p> {
    pub plan: &'p Plan,
    pub world: World,
    pub state: State,
    pub now: Moment,
    pub facts: Vec<Fact>,
    pub transcript: Transcript,
    /// Each effect as it was wished for.
    pub wished: Vec<Effect>,
    /// What is to come, by boot time and in order.
    coming: BTreeMap<(i64, u64), Event>,
    next: u64,
    chooser: Option<Chooser<'p>>,
}

/// Decides what becomes of an effect before the world does; the state is the one after the step that wished for it.
pub type Chooser<'p> = Box<dyn FnMut(&mut World, &Effect, &State, Moment) + 'p>;

/// How a play came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Played {
    Over(Over),
    /// Nothing runs that could end, and nothing is due.
    Stuck(String),
}

impl<'p> Play<'p> {
    pub fn new(plan: &'p Plan, world: World) -> Play<'p> {
        Play {
            plan,
            world,
            state: State::default(),
            now: Moment {
                wall: START,
                boot: 0,
            },
            facts: Vec::new(),
            transcript: Transcript::default(),
            wished: Vec::new(),
            coming: BTreeMap::new(),
            next: 0,
            chooser: None,
        }
    }

    /// Asks `chooser` what becomes of each effect, and tells no conversation.
    pub fn chosen_by(plan: &'p Plan, world: World, chooser: Chooser<'p>) -> Play<'p> {
        Play {
            chooser: Some(chooser),
            ..Play::new(plan, world)
        }
    }

    /// The record that begins the run.
    pub fn started(&self) -> Started {
        let script = &self.world.script;
        let severities: Vec<String> = self
            .plan
            .severities
            .iter()
            .map(|severity| severity.name.clone())
            .collect();
        let mut params = BTreeMap::new();
        for param in &self.plan.params {
            let declared = &self.plan.vars[param.var.index()];
            if let Some(text) = script.given.get(&declared.name) {
                let ty = match &declared.ty {
                    runbook_plan::value::Type::Optional(inner) => inner,
                    ty => ty,
                };
                // What does not read is given as it is: the core says what is wrong with it.
                let value =
                    read::read(text, ty, &severities).unwrap_or_else(|_| Value::Text(text.clone()));
                params.insert(declared.name.clone(), value);
            }
        }
        Started {
            run: "run-1".into(),
            operator: script.operator.clone().unwrap_or_else(|| OPERATOR.into()),
            boot_id: BOOT.into(),
            directory: "/work".into(),
            mode: script.mode,
            params,
            environment: script.env.clone(),
            from: script.from.clone(),
            confirms: script.confirms,
            trigger: None,
        }
    }

    fn comes(&mut self, after_ms: i64, event: Event) {
        self.next += 1;
        self.coming
            .insert((self.now.boot + after_ms.max(0), self.next), event);
    }

    /// One fact: told to the core, and its effects to the world.
    pub fn happens(&mut self, event: Event) {
        let fact = Fact {
            at: self.now,
            event,
        };
        if self.chooser.is_none() {
            self.transcript.fact(&fact, &self.state);
        }
        let (state, effects) = step(self.plan, std::mem::take(&mut self.state), &fact);
        self.state = state;
        self.facts.push(fact);
        for effect in effects {
            match &mut self.chooser {
                Some(chooser) => chooser(&mut self.world, &effect, &self.state, self.now),
                None => self.transcript.effect(&effect, self.now),
            }
            for (after, event) in self.world.meets(&effect, self.now.boot) {
                self.comes(after, event);
            }
            self.wished.push(effect);
        }
    }

    /// A whole run, watched after each fact.
    pub fn run_from(&mut self, started: Started, watch: &mut dyn FnMut(&Play<'p>)) -> Played {
        self.schedule();
        self.happens(Event::Started(started));
        self.run_watched(watch)
    }

    /// Until the run is over.
    pub fn run(&mut self) -> Played {
        self.run_watched(&mut |_| {})
    }

    fn run_watched(&mut self, watch: &mut dyn FnMut(&Play<'p>)) -> Played {
        loop {
            watch(self);
            match self.state.is_over() {
                Over::No => {}
                over => return Played::Over(over),
            }
            if self.facts.len() > ENOUGH {
                return Played::Stuck("it goes round in circles".into());
            }
            let coming = self.coming.first_key_value().map(|(key, _)| *key);
            let due = due(&self.state).map(|deadline| deadline.at.boot);
            match (coming, due) {
                (Some((at, _)), Some(due)) if due < at => self.tick(due),
                (Some(key), _) => {
                    self.jump(key.0);
                    if let Some(event) = self.coming.remove(&key) {
                        self.happens(event);
                    }
                }
                (None, Some(due)) => self.tick(due),
                (None, None) => {
                    return Played::Stuck("nothing runs that could end".into());
                }
            }
        }
    }

    fn tick(&mut self, due: i64) {
        self.jump(due);
        self.happens(Event::Ticked);
    }

    fn jump(&mut self, boot: i64) {
        let ahead = boot - self.now.boot;
        if ahead > 0 {
            self.now.boot += ahead;
            self.now.wall += ahead;
        }
    }

    /// Goes on after a crash: nothing is under way in the world any more, and what the journal says was in flight is
    /// found as `find` says.
    pub fn resume(&mut self, boot_id: &str, find: &mut dyn FnMut(&InFlight) -> Found) {
        self.coming.clear();
        self.schedule();
        self.happens(Event::Resumed {
            operator: OPERATOR.into(),
            boot_id: boot_id.into(),
        });
        for flight in self.state.in_flight() {
            let found = find(&flight);
            if found == Found::Gone {
                self.world.lose(flight.effect);
            }
            self.happens(Event::Found {
                effect: flight.effect,
                found,
                printed: String::new(),
            });
        }
    }

    /// What happens at its time whatever the run does, and has not yet.
    fn schedule(&mut self) {
        let happens = self.world.script.happens.clone();
        for (at, event) in happens {
            let done = self.facts.iter().filter(|fact| fact.event == event).count() > 0;
            if !done {
                self.next += 1;
                self.coming
                    .insert((at.max(self.now.boot), self.next), event);
            }
        }
    }
}

/// Plays a whole run.
pub fn play<'p>(plan: &'p Plan, world: World) -> (Play<'p>, Played) {
    let mut play = Play::new(plan, world);
    let started = play.started();
    let mut played = play.run_from(started, &mut |_| {});
    if let (Played::Over(_), Some((to, reason))) = (&played, play.world.script.undo.clone()) {
        play.happens(Event::UndoRequested {
            to,
            by: OPERATOR.into(),
            reason,
        });
        played = play.run();
    }
    (play, played)
}

/// The play after a journal: the state is its fold, and the world has seen what the run wished for.
pub fn fold<'p>(plan: &'p Plan, world: World, facts: &[Fact]) -> Play<'p> {
    let mut play = Play::new(plan, world);
    for fact in facts {
        play.now = fact.at;
        let (state, effects) = step(plan, std::mem::take(&mut play.state), fact);
        play.state = state;
        play.facts.push(fact.clone());
        for effect in effects {
            // Met, so that answers and ends are used up as they were; what came of it is in the journal, or lost.
            play.world.meets(&effect, play.now.boot);
            play.wished.push(effect);
        }
    }
    play
}
