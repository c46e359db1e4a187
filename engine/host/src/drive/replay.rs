//! A journal folded through the core again: the state it leads to, and what was told on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use runbook_core::effect::{Effect, EffectId, Notice};
use runbook_core::event::{Captured, Event, Fact, Moment};
use runbook_core::prompt::{Answered, Asked};
use runbook_core::state::State;
use runbook_core::step::step;
use runbook_core::view::{View, view};

use crate::codes;
use crate::error::HostError;
use crate::journal::record::{Head, SourceDigest};
use crate::journal::{Body, HostRecord, Reading};
use crate::load::{Loaded, load_snapshot};
use crate::runs::{Access, RunDir};

/// How much of the way is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    State,
    /// What was told and printed as well.
    Timeline,
}

/// What a journal leads to.
pub struct Replay {
    pub head: Option<Head>,
    /// The run's own sources; missing where the journal holds no run.
    pub loaded: Option<Loaded>,
    pub state: State,
    pub reading: Reading,
    /// Effects whose intent is on the disk.
    pub intents: BTreeSet<EffectId>,
    /// Of the secrets, as they were last fetched.
    pub fingerprints: Vec<(String, String)>,
    /// What a person was told, and when.
    pub notices: Vec<(Moment, Notice)>,
    pub outputs: Vec<Outputs>,
    /// What people were asked, and said.
    pub asked: BTreeMap<EffectId, Asked>,
    /// From when to when no engine had the run.
    pub absences: Vec<(Moment, Moment)>,
    /// Of the newest command that acted.
    pub kept: Option<Kept>,
    /// Of the last record.
    pub last: Moment,
    pub closing: Closing,
    /// Why the host parked it, where that is the last word on it; the core knows nothing of it.
    pub parked: Option<String>,
    /// Which file the journal was when an engine last took the run; 0 where nobody looked.
    pub inode: u64,
    /// The sources that the run took on since.
    pub adopted: Option<Vec<SourceDigest>>,
    /// A record was cut off, and nobody has said yet that what came next may be started.
    pub doubted: Doubted,
}

/// Whether a lost record may have been the intent of what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubted {
    Yes,
    No,
}

/// Whether the journal closes with a word on how the run parked or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    Said,
    Unsaid,
}

/// What keeps a command's tree together, so that a stop takes all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nobody can leave it.
    Cgroup,
    /// Its session, its group, its mark and its descent.
    Session,
}

/// What a command printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    pub effect: EffectId,
    pub output: Captured,
    pub stderr: Captured,
}

impl Replay {
    /// Reads the journal of a run; nothing is changed, and the run may be held by another engine.
    pub fn of(dir: &RunDir, wanted: Wanted) -> Result<Replay, HostError> {
        let mut adopted: Option<Vec<SourceDigest>> = None;
        loop {
            let journal = dir.open_journal(Access::Read)?;
            let replay = Replay::read(journal, &dir.id, wanted, |head| {
                load_snapshot(dir.originals(adopted.as_ref().unwrap_or(&head.sources))?)
            })?;
            // Where a changed runbook was taken on, all that was before it is folded under that one: it led to the
            // same wishes then.
            if replay.adopted == adopted {
                return Ok(replay);
            }
            adopted = replay.adopted;
        }
    }

    /// Folds a journal; `load` gives the run's own sources.
    pub fn read(
        journal: impl Read,
        run: &str,
        wanted: Wanted,
        mut load: impl FnMut(&Head) -> Result<Loaded, HostError>,
    ) -> Result<Replay, HostError> {
        let mut head: Option<Head> = None;
        let mut loaded: Option<Loaded> = None;
        let mut state = State::default();
        let mut intents = BTreeSet::new();
        let mut fingerprints = Vec::new();
        let mut notices = Vec::new();
        let mut outputs = Vec::new();
        let mut asked: BTreeMap<EffectId, Asked> = BTreeMap::new();
        let mut absences = Vec::new();
        let mut kept = None;
        let mut last = Moment::default();
        let mut closing = Closing::Unsaid;
        let mut parked = None;
        let mut doubted = Doubted::No;
        let mut adopted = None;
        let mut inode = 0;
        let reading = crate::journal::read(journal, |record| {
            let before = std::mem::replace(&mut last, record.at);
            let closed = closing;
            parked = match &record.body {
                Body::Host(HostRecord::Parked { why, .. }) => Some(why.clone()),
                _ => None,
            };
            closing = match record.body {
                Body::Host(HostRecord::Parked { .. } | HostRecord::Ended { .. }) => Closing::Said,
                _ => Closing::Unsaid,
            };
            match record.body {
                Body::Host(HostRecord::Head(said)) => {
                    loaded = Some(load(&said)?);
                    inode = said.inode;
                    head = Some(said);
                }
                Body::Host(HostRecord::Intent(intent)) => {
                    intents.insert(intent.effect);
                }
                Body::Host(HostRecord::TakenUp(taken_up)) => {
                    absences.push((before, record.at));
                    if closed == Closing::Unsaid && wanted == Wanted::Timeline {
                        let text =
                            "here the engine that had the run ended without a word".to_owned();
                        notices.push((before, Notice::Warning { text }));
                    }
                    inode = taken_up.inode;
                }
                Body::Host(HostRecord::Secrets { fingerprints: said }) => fingerprints = said,
                Body::Host(HostRecord::TailCut { .. }) => doubted = Doubted::Yes,
                Body::Host(HostRecord::AskedAgain { .. }) => doubted = Doubted::No,
                Body::Host(HostRecord::Adopted(said)) => {
                    let text = format!(
                        "the run goes on with the changed runbook, by {}: {}",
                        said.by,
                        said.differences.join("; ")
                    );
                    if wanted == Wanted::Timeline {
                        notices.push((record.at, Notice::Warning { text }));
                    }
                    adopted = Some(said.sources);
                }
                Body::Host(_) | Body::Unknown(_) => {}
                Body::Event(event) => {
                    let plan = loaded.as_ref().and_then(|loaded| loaded.plan.as_ref());
                    let plan = plan.ok_or_else(|| {
                        HostError::new(
                            codes::SNAPSHOT_DIFFERS,
                            format!(
                                "this engine cannot read the runbook that run {run} was begun with"
                            ),
                        )
                        .help("Resume it with the engine that the journal's first record names.")
                    })?;
                    if wanted == Wanted::Timeline {
                        outputs.extend(printed(&event));
                    }
                    if let Event::Spawned { identity, .. } = &event {
                        kept = Some(match identity.cgroup {
                            Some(_) => Kept::Cgroup,
                            None => Kept::Session,
                        });
                    }
                    if let Event::Answered { effect, answer, by } = &event
                        && let Some(asked) = asked.get_mut(effect)
                    {
                        asked.answered = Some(Answered {
                            at: record.at,
                            by: by.clone(),
                            answer: answer.clone(),
                        });
                    }
                    let fact = Fact {
                        at: record.at,
                        event,
                    };
                    let (next, effects) = step(plan, std::mem::take(&mut state), &fact);
                    state = next;
                    if wanted == Wanted::Timeline {
                        for effect in effects {
                            match effect {
                                Effect::Tell(notice) => notices.push((record.at, notice)),
                                // Asked again after a refusal or a crash, it is the same question.
                                Effect::Ask { id, prompt } => {
                                    asked.entry(id).or_insert(Asked {
                                        prompt,
                                        at: record.at,
                                        answered: None,
                                    });
                                }
                                _ => {}
                            }
                        }
                    }
                }
            }
            Ok(())
        })?;
        Ok(Replay {
            head,
            loaded,
            state,
            reading,
            intents,
            fingerprints,
            notices,
            outputs,
            asked,
            absences,
            kept,
            last,
            closing,
            parked,
            inode,
            adopted,
            doubted,
        })
    }

    /// Where the run stands, where there is a run.
    pub fn view(&self) -> Option<View> {
        let plan = self.loaded.as_ref()?.plan.as_ref()?;
        Some(view(plan, &self.state))
    }
}

fn printed(event: &Event) -> Option<Outputs> {
    let (effect, output, stderr) = match event {
        Event::Exited {
            effect,
            output,
            stderr,
            ..
        } => (effect, output.clone(), stderr.clone()),
        Event::Responded { effect, body, .. } => (effect, body.clone(), Captured::default()),
        _ => return None,
    };
    Some(Outputs {
        effect: *effect,
        output,
        stderr,
    })
}
