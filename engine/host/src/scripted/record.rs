//! A real run as a story: `runbook test --record`.
//!
//! The journal is folded through the core again, and each command, request and question keeps what became of it.
//! What a crash added is left out: a command that nobody saw end is told as it was settled, and what was run again
//! is told once. Secrets stand in no journal, and so in no story.

use std::collections::{BTreeMap, BTreeSet};

use runbook_core::effect::{Effect, EffectId, Manner, Notice};
use runbook_core::event::{Captured, Event, Exit, Fact, Found, Mode, Moment};
use runbook_core::prompt::{Answer, Prompt, PromptKind};
use runbook_core::state::{Over, State};
use runbook_core::step;
use runbook_plan::Plan;
use runbook_plan::plan::SecretFrom;

use super::script::{Does, DoesEnd};
use super::story::{Claims, Ran, Story, reply};
use crate::codes;
use crate::drive::replay::{Replay, Wanted};
use crate::error::HostError;
use crate::journal::Body;
use crate::load::Loaded;
use crate::runs::{Access, RunDir};

/// A run that was read from its journal.
pub struct Recorded {
    /// Its own sources.
    pub loaded: Loaded,
    pub story: Story,
    /// When it began, in milliseconds since 1970.
    pub began: i64,
    pub over: Over,
    /// What the scenario does not tell, a sentence each.
    pub left_out: Vec<String>,
    /// What is not as it was when the story is played, a sentence each.
    pub faults: Vec<String>,
}

/// Reads the journal of a run and tells it; nothing is changed.
///
/// # Errors
/// The journal cannot be read, holds no run, or one that no scenario can tell.
pub fn record(dir: &RunDir) -> Result<Recorded, HostError> {
    let empty = || {
        HostError::new(
            codes::JOURNAL_EMPTY,
            format!("the journal of run {} holds no run", dir.id),
        )
        .help("Name a run of `runbook runs`.")
    };
    // Which sources hold, and whether it can be folded at all.
    let mut replay = Replay::of(dir, Wanted::State)?;
    let loaded = replay.loaded.take().ok_or_else(empty)?;
    let mut facts = Vec::new();
    crate::journal::read(dir.open_journal(Access::Read)?, |record| {
        if let Body::Event(event) = record.body {
            facts.push(Fact {
                at: record.at,
                event,
            });
        }
        Ok(())
    })?;
    let plan = loaded.plan.as_ref().ok_or_else(empty)?;
    let mut teller = Teller::new(plan);
    let mut left_out = Vec::new();
    for fact in &facts {
        match &fact.event {
            Event::Started(started) => tellable(dir, started)?,
            Event::UndoRequested { .. } => {
                left_out.push("what `runbook undo` took back".to_owned());
                break;
            }
            _ => {}
        }
        teller.hear(fact);
    }
    left_out.append(&mut teller.left_out);
    let over = teller.state.is_over();
    let began = facts.first().map_or(0, |fact| fact.at.wall);
    let claimed = std::mem::take(&mut teller.told);
    let mut story = teller.finish();
    story.claims = Claims::of(&claimed, &over);
    let mut faults = settle(&mut story, plan);
    if faults.is_empty() {
        story.shorten(plan);
        faults = story.faults(plan);
    }
    if matches!(over, Over::No) {
        left_out.push("how it ends: it has not ended yet".to_owned());
    }
    Ok(Recorded {
        loaded,
        story,
        began,
        over,
        left_out,
        faults,
    })
}

/// Names commands so that the made-up world knows them; gives what is still not as it was.
fn settle(story: &mut Story, plan: &Plan) -> Vec<String> {
    let faults = story.faults(plan);
    if faults.is_empty() {
        return faults;
    }
    story.loosen(plan);
    let faults = story.faults(plan);
    if faults.is_empty() {
        return faults;
    }
    // Times of this machine may be what stands in the way.
    let mut timeless = story.clone();
    for ran in &mut timeless.ran {
        ran.does.takes_ms = 0;
    }
    if timeless.faults(plan).is_empty() {
        *story = timeless;
        return Vec::new();
    }
    faults
}

fn tellable(dir: &RunDir, started: &runbook_core::event::Started) -> Result<(), HostError> {
    let refuse = |what: &str| {
        HostError::new(
            codes::NO_SCENARIO,
            format!("run {} cannot be told as a scenario: {what}", dir.id),
        )
    };
    if started.mode == Mode::Probe {
        return Err(
            refuse("it was a probe, in which nothing acts").help("Record a run without `--probe`.")
        );
    }
    if started.from.is_some() {
        return Err(
            refuse("it began at a step, and a scenario begins at the start")
                .help("Record a run without `--from`."),
        );
    }
    Ok(())
}

/// What a fold remembers on its way.
struct Teller<'p> {
    plan: &'p Plan,
    state: State,
    story: Story,
    /// Where in the story an effect stands.
    ran: BTreeMap<EffectId, usize>,
    manners: BTreeMap<EffectId, Manner>,
    /// Whose stop was wished for because a time passed, and whose by a person.
    stopped: BTreeMap<EffectId, Why>,
    asked: BTreeMap<EffectId, (Prompt, Moment)>,
    /// Nobody saw how it ended, and it is not settled yet.
    unsettled: Vec<EffectId>,
    /// Run again later, or never begun: not told.
    dropped: BTreeSet<usize>,
    /// The last word at a question, where the run was left there.
    paused: Option<(Prompt, Answer)>,
    left_out: Vec<String>,
    told: Vec<Effect>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Time,
    Person,
    Park,
}

impl<'p> Teller<'p> {
    fn new(plan: &'p Plan) -> Teller<'p> {
        Teller {
            plan,
            state: State::default(),
            story: Story::default(),
            ran: BTreeMap::new(),
            manners: BTreeMap::new(),
            stopped: BTreeMap::new(),
            asked: BTreeMap::new(),
            unsettled: Vec::new(),
            dropped: BTreeSet::new(),
            paused: None,
            left_out: Vec::new(),
            told: Vec::new(),
        }
    }

    fn hear(&mut self, fact: &Fact) {
        self.fact(fact);
        let (state, effects) = step(self.plan, std::mem::take(&mut self.state), fact);
        self.state = state;
        for effect in effects {
            self.effect(effect, fact);
        }
    }

    fn effect(&mut self, effect: Effect, fact: &Fact) {
        if let Effect::Tell(_) = &effect {
            self.told.push(effect.clone());
        }
        match effect {
            Effect::Run(run) => {
                self.manners.insert(run.id, run.manner);
                self.began(run.id, run.shown, run.path);
            }
            Effect::Request(request) => {
                let what = format!("http {}", request.shown);
                self.began(request.id, what, request.path);
            }
            Effect::Stop { id, .. } => {
                let why = match &fact.event {
                    Event::Interrupted { .. } | Event::Answered { .. } => Why::Person,
                    Event::ParkRequested { .. } => Why::Park,
                    _ => Why::Time,
                };
                self.stopped.entry(id).or_insert(why);
            }
            Effect::Ask { id, prompt } => {
                self.asked.entry(id).or_insert((prompt, fact.at));
            }
            Effect::Tell(Notice::StepDone { path, .. }) => {
                let story = &self.story;
                let ran = &self.ran;
                self.unsettled
                    .retain(|id| ran.get(id).is_none_or(|at| story.ran[*at].path != path));
            }
            _ => {}
        }
    }

    fn began(&mut self, id: EffectId, what: String, path: String) {
        // The same that nobody saw end is run again.
        if let Some(at) = self.unsettled.iter().position(|other| {
            let ran = self.ran.get(other).map(|at| &self.story.ran[*at]);
            ran.is_some_and(|ran| ran.what == what && ran.path == path)
        }) {
            let other = self.unsettled.remove(at);
            self.dropped.extend(self.ran.get(&other));
        }
        if self.ran.contains_key(&id) {
            return;
        }
        self.ran.insert(id, self.story.ran.len());
        self.story.ran.push(Ran {
            what,
            path,
            does: Does::default(),
            name: None,
        });
    }

    fn ends(&mut self, id: EffectId, does: Does) {
        if let Some(at) = self.ran.get(&id) {
            self.story.ran[*at].does = does;
        }
    }

    fn fact(&mut self, fact: &Fact) {
        match &fact.event {
            Event::Started(started) => {
                self.story.given = started.params.clone();
                self.story.env = started.environment.clone();
                for secret in &self.plan.secrets {
                    if let SecretFrom::Env(name) = &secret.from {
                        self.story.env.remove(name);
                    }
                }
            }
            Event::Exited {
                effect,
                exit,
                output,
                stderr,
                elapsed_ms,
                ..
            } => self.exited(*effect, exit, output, stderr, *elapsed_ms),
            Event::NotStarted { effect, .. } => self.ends(*effect, end(DoesEnd::NotStarted)),
            Event::Lost { effect, .. } => self.ends(*effect, end(DoesEnd::Dies("SIGKILL".into()))),
            Event::Responded {
                effect,
                status,
                body,
                elapsed_ms,
                ..
            } => {
                let does = Does {
                    end: match status {
                        200 => DoesEnd::Well,
                        status => DoesEnd::Answers(*status),
                    },
                    says: body.text.clone(),
                    stderr: String::new(),
                    takes_ms: ms(*elapsed_ms),
                };
                self.ends(*effect, does);
            }
            Event::RequestFailed {
                effect,
                sent,
                elapsed_ms,
                ..
            } => {
                use runbook_core::event::Sent;
                if self.stopped.get(effect) == Some(&Why::Park) {
                    self.unsettled.push(*effect);
                    return;
                }
                let does = match sent {
                    Sent::Maybe => end(DoesEnd::TimesOut),
                    Sent::No => Does {
                        takes_ms: ms(*elapsed_ms),
                        ..end(DoesEnd::NotStarted)
                    },
                };
                self.ends(*effect, does);
            }
            Event::Found {
                effect,
                found: Found::Gone,
                ..
            } => {
                // A server that was left running is not waited for.
                let background = self.manners.get(effect) == Some(&Manner::Background);
                if !background && !self.unsettled.contains(effect) {
                    self.unsettled.push(*effect);
                }
            }
            Event::Resumed { .. } => self.paused = None,
            Event::Answered { effect, answer, .. } => self.answered(*effect, answer, fact.at),
            Event::SecretFailed { name, why, .. } => self
                .left_out
                .push(format!("that the secret `{name}` could not be read: {why}")),
            Event::LockBusy { lock, holder, .. } => self
                .left_out
                .push(format!("that the lock `{lock}` was held by {holder}")),
            Event::NeedsChecked { missing, .. } if !missing.is_empty() => self
                .left_out
                .push("that something was missing before it began".to_owned()),
            _ => {}
        }
    }

    fn exited(
        &mut self,
        id: EffectId,
        exit: &Exit,
        output: &Captured,
        stderr: &Captured,
        elapsed_ms: u64,
    ) {
        let live = matches!(self.manners.get(&id), Some(Manner::Live { .. }));
        let end = match exit {
            Exit::Code(0) => DoesEnd::Well,
            Exit::Code(code) => DoesEnd::Exits(*code),
            Exit::Signal(name) => DoesEnd::Dies(name.clone()),
            Exit::Stopped { signal } => match self.stopped.get(&id) {
                Some(Why::Park) => {
                    self.unsettled.push(id);
                    return;
                }
                _ if live => DoesEnd::Well,
                Some(Why::Person) => DoesEnd::Dies(signal.clone()),
                _ => DoesEnd::TimesOut,
            },
        };
        let takes_ms = match end {
            DoesEnd::TimesOut => 0,
            _ => ms(elapsed_ms),
        };
        let does = Does {
            end,
            says: output.text.clone(),
            stderr: stderr.text.clone(),
            takes_ms,
        };
        self.ends(id, does);
    }

    fn answered(&mut self, id: EffectId, answer: &Answer, at: Moment) {
        let Some((prompt, asked_at)) = self.asked.get(&id).cloned() else {
            return;
        };
        match (&prompt.kind, answer) {
            (_, Answer::Pause { .. }) => {
                self.paused = Some((prompt, answer.clone()));
                return;
            }
            (PromptKind::Interrupted, Answer::Fail { .. } | Answer::Failed { .. }) => {
                self.left_out
                    .push("that it was ended at a Ctrl-C".to_owned());
                return;
            }
            (PromptKind::Interrupted | PromptKind::Orphan { .. }, _) => return,
            (PromptKind::InDoubt { command, .. }, _) => {
                let command = command.clone();
                self.settled(&prompt, &command, answer);
                return;
            }
            _ => {}
        }
        // Only the boot clock knows how long a person took, and only within one boot.
        let after_ms = (at.boot - asked_at.boot).max(0);
        match reply(&prompt, answer, after_ms) {
            Some(reply) => self.story.said.push(reply),
            None => self
                .left_out
                .push(format!("what was answered to “{}”", prompt.text)),
        }
    }

    /// A person said what became of a command that nobody saw end.
    fn settled(&mut self, prompt: &Prompt, command: &str, answer: &Answer) {
        let named = |what: &str| what == command || what == format!("http {command}");
        let at = self.unsettled.iter().position(|id| {
            let ran = self.ran.get(id).map(|at| &self.story.ran[*at]);
            ran.is_some_and(|ran| named(&ran.what) && ran.path == prompt.path)
        });
        let Some(at) = at else { return };
        match answer {
            Answer::Done { .. } | Answer::Yes => {
                self.unsettled.remove(at);
            }
            Answer::Fail { .. } | Answer::Failed { .. } => {
                let id = self.unsettled.remove(at);
                self.ends(id, end(DoesEnd::Dies("SIGKILL".into())));
            }
            Answer::Undo { .. } => {
                let id = self.unsettled.remove(at);
                self.ends(id, end(DoesEnd::Dies("SIGKILL".into())));
                // Without a crash the same is said at the step that failed.
                let failed = Prompt {
                    keys: vec![prompt.path.clone()],
                    ..prompt.clone()
                };
                self.story.said.extend(reply(&failed, answer, 0));
            }
            // It is run again, and that one is told.
            _ => {}
        }
    }

    fn finish(mut self) -> Story {
        if let Some((prompt, answer)) = self.paused.take() {
            self.story.said.extend(reply(&prompt, &answer, 0));
        }
        let mut at = 0;
        let dropped = &self.dropped;
        self.story.ran.retain(|_| {
            at += 1;
            !dropped.contains(&(at - 1))
        });
        self.story
    }
}

fn end(end: DoesEnd) -> Does {
    Does {
        end,
        ..Does::default()
    }
}

fn ms(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX / 4)
}
