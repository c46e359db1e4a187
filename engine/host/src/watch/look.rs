//! One look at what a trigger watches: a run in memory whose commands and requests are real. It keeps no journal,
//! takes no lock and asks nobody.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;

use runbook_core::effect::{Effect, EffectId, Request, Run};
use runbook_core::event::{Event, Fact, Sent, Started};
use runbook_core::prompt::PromptKind;
use runbook_core::secret::secret_run;
use runbook_core::state::{Over, State};
use runbook_core::step::step;
use runbook_core::window::Stamp;
use runbook_plan::Plan;
use runbook_plan::plan::SecretFrom;
use runbook_plan::value::SecretId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::http::{Call, Requests};
use crate::process::{Launch, Processes, Redactors};
use crate::secrets::{Vault, fetch_from_command, fetch_still};

/// Wishes of one look are numbered within this many, so that each tells which look it belongs to.
const ROOM: u64 = 1 << 20;

/// A look under way.
pub(super) struct Look {
    number: u64,
    pub state: State,
    pub began: Stamp,
    /// Milliseconds since 1970, UTC.
    pub at: i64,
    /// When its interval is over.
    pub until: Instant,
    inbox: VecDeque<Event>,
    /// Commands and requests that are out.
    out: BTreeSet<EffectId>,
}

/// What a look came to; the error says why it came to nothing.
pub(super) type Came = Result<Over, String>;

/// With what is looked.
pub(super) struct Means {
    pub started: Started,
    pub directory: PathBuf,
    /// Variables of the environment that pass to commands: `needs env`.
    pub inherited: Vec<String>,
    pub vault: Vault,
    pub processes: Processes,
    pub requests: Requests,
    pub secrets: Secrets,
    /// How many looks have begun.
    pub looks: u64,
    /// Commands that are not over, of looks that are not waited for any more, too.
    pub running: BTreeSet<EffectId>,
}

/// Secrets that commands give. They are fetched by the first look that is made, and again after one that failed: a token
/// may have run out.
pub(super) struct Secrets {
    pub there: There,
    fetching: Option<Fetching>,
    waiting: Vec<EffectId>,
    send: UnboundedSender<Fetched>,
    pub heard: UnboundedReceiver<Fetched>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    Yes,
    No,
}

struct Fetching {
    left: VecDeque<SecretId>,
    state: State,
}

pub(super) struct Fetched {
    id: SecretId,
    text: Result<String, String>,
}

impl Secrets {
    pub fn none() -> Secrets {
        let (send, heard) = unbounded_channel();
        Secrets {
            there: There::No,
            fetching: None,
            waiting: Vec::new(),
            send,
            heard,
        }
    }
}

impl Look {
    pub fn begin(means: &mut Means, until: Instant) -> Look {
        means.looks += 1;
        let now = crate::clock::now();
        Look {
            number: means.looks,
            state: State::numbered_from(means.looks * ROOM),
            began: Stamp {
                boot: now.boot,
                boot_id: crate::clock::boot_id().to_owned(),
            },
            at: now.wall,
            until,
            inbox: VecDeque::from([Event::Started(means.started.clone())]),
            out: BTreeSet::new(),
        }
    }

    pub fn is_of(&self, effect: EffectId) -> bool {
        effect.0 / ROOM == self.number
    }

    /// Takes an event in.
    pub fn hears(&mut self, event: Event) {
        if let Some(effect) = effect_of(&event) {
            self.out.remove(&effect);
        }
        self.inbox.push_back(event);
    }

    /// Goes on as far as it can; gives what it came to, once it is over.
    pub fn go_on(&mut self, plan: &Plan, means: &mut Means) -> Option<Came> {
        while let Some(event) = self.inbox.pop_front() {
            let at = crate::clock::now();
            let fact = Fact { at, event };
            let (state, effects) = step(plan, std::mem::take(&mut self.state), &fact);
            self.state = state;
            for effect in effects {
                if let Err(why) = self.perform(effect, plan, means) {
                    return Some(Err(why));
                }
            }
            match self.state.is_over() {
                Over::No => {}
                over => return Some(Ok(over)),
            }
        }
        None
    }

    /// Lets go of it: what is still out is stopped, and nobody waits for it.
    pub fn leave(&self, means: &mut Means) {
        use runbook_core::effect::Urgency;
        for effect in &self.out {
            means.requests.abandon(*effect);
            means.processes.stop(*effect, Urgency::Kill);
        }
    }

    fn perform(&mut self, effect: Effect, plan: &Plan, means: &mut Means) -> Result<(), String> {
        match effect {
            Effect::Run(run) => match means.open(&run) {
                Ok(()) => {
                    self.out.insert(run.id);
                }
                Err(why) => self.inbox.push_back(Event::NotStarted {
                    effect: run.id,
                    why,
                }),
            },
            Effect::Request(request) => {
                let left = self.until.saturating_duration_since(Instant::now());
                let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
                let effect = request.id;
                match means.call(request, left) {
                    Ok(call) => {
                        self.out.insert(effect);
                        means.requests.send(effect, call);
                    }
                    Err(why) => self.inbox.push_back(Event::RequestFailed {
                        effect,
                        why,
                        sent: Sent::No,
                        elapsed_ms: 0,
                    }),
                }
            }
            Effect::Stop { id, urgency } => {
                means.requests.abandon(id);
                means.processes.stop(id, urgency);
            }
            Effect::FetchSecrets { id } => {
                means.secrets.waiting.push(id);
                // Whoever else waits does so for a command, and then there is nothing yet.
                self.inbox.extend(means.fetch(plan, &self.state));
            }
            Effect::Ask { id, prompt } => match prompt.kind {
                PromptKind::Failed { .. } => {
                    self.inbox.push_back(Event::Unanswerable { effect: id });
                }
                _ => return Err(format!("“{}” would have to be answered", prompt.text)),
            },
            _ => {}
        }
        Ok(())
    }
}

/// The effect that an event of a look speaks of.
pub(super) fn effect_of(event: &Event) -> Option<EffectId> {
    match event {
        Event::Exited { effect, .. }
        | Event::NotStarted { effect, .. }
        | Event::Lost { effect, .. }
        | Event::LeftRunning { effect, .. }
        | Event::Responded { effect, .. }
        | Event::RequestFailed { effect, .. }
        | Event::SecretsReady { effect, .. }
        | Event::SecretFailed { effect, .. } => Some(*effect),
        _ => None,
    }
}

impl Means {
    /// Lets a command go.
    fn open(&mut self, run: &Run) -> Result<(), String> {
        let vault = &self.vault;
        let mut resolve = |value: &_| vault.resolve(value);
        let launch = match &run.on {
            None => Launch::of(run, &self.directory, &self.inherited, &mut resolve)?,
            Some(on) => {
                let watch = format!("watch-{}", std::process::id());
                let key = crate::process::key(&watch, run.id.0);
                let beat = self.processes.beat();
                Launch::over_there(run, on, &key, beat, &self.directory, &mut resolve)?
            }
        };
        self.processes.admit(run.id, &run.manner)?;
        let redactors = Redactors {
            out: self.vault.redactor().map(|redactor| redactor as Box<_>),
            err: self.vault.redactor().map(|redactor| redactor as Box<_>),
            secrets: Vec::new(),
        };
        self.running.insert(run.id);
        self.processes.open(run.id, launch, redactors);
        self.processes.prepare(1);
        Ok(())
    }

    /// A request with its values in their places, that takes at most `left` milliseconds.
    fn call(&self, request: Request, left: u64) -> Result<Call, String> {
        let vault = &self.vault;
        Ok(Call {
            url: vault.resolve(&request.url)?,
            headers: request
                .headers
                .iter()
                .map(|(name, value)| Ok((name.clone(), vault.resolve(value)?)))
                .collect::<Result<_, String>>()?,
            body: request
                .body
                .as_ref()
                .map(|body| vault.resolve(body))
                .transpose()?,
            method: request.method,
            timeout_ms: request.timeout_ms.min(left.max(1)),
            redactor: vault.redactor().map(|redactor| redactor as Box<_>),
        })
    }

    /// Fetches secrets as far as it can at once; gives what those who wait are to be told.
    fn fetch(&mut self, plan: &Plan, state: &State) -> Vec<Event> {
        if self.secrets.there == There::Yes {
            return self.fetched_all(Ok(()));
        }
        if self.secrets.fetching.is_some() {
            return Vec::new();
        }
        let all = 0..u32::try_from(plan.secrets.len()).unwrap_or(u32::MAX);
        self.secrets.fetching = Some(Fetching {
            left: all.map(SecretId).collect(),
            state: state.clone(),
        });
        self.fetch_next(plan)
    }

    fn fetch_next(&mut self, plan: &Plan) -> Vec<Event> {
        loop {
            let Some(fetching) = &mut self.secrets.fetching else {
                return Vec::new();
            };
            let Some(id) = fetching.left.pop_front() else {
                self.secrets.there = There::Yes;
                return self.fetched_all(Ok(()));
            };
            let secret = &plan.secrets[id.0 as usize];
            let text = match &secret.from {
                SecretFrom::Env(_) | SecretFrom::File(_) => {
                    fetch_still(&secret.from, &self.directory)
                        .unwrap_or_else(|| Err("it has no place".into()))
                }
                // Nobody sits at a watch to type it; what needs it will say that it is missing.
                SecretFrom::Prompt => continue,
                SecretFrom::Command(_) => {
                    let vault = &self.vault;
                    let launch = secret_run(plan, &fetching.state, id).and_then(|run| {
                        Launch::of(&run, &self.directory, &self.inherited, &mut |value| {
                            vault.resolve(value)
                        })
                    });
                    let send = self.secrets.send.clone();
                    let fetch = |launch: Launch| {
                        std::thread::Builder::new().spawn(move || {
                            let text = fetch_from_command(&launch);
                            // Nobody waits for it where the watch is over.
                            let _ = send.send(Fetched { id, text });
                        })
                    };
                    match launch.map(fetch) {
                        Ok(Ok(_)) => return Vec::new(),
                        Ok(Err(error)) => Err(crate::error::plainly(&error)),
                        Err(why) => Err(why),
                    }
                }
            };
            let taken = text.and_then(|text| self.vault.put(id, text).map_err(|failed| failed.why));
            if let Err(why) = taken {
                return self.fetched_all(Err((secret.name.clone(), why)));
            }
        }
    }

    /// A command gave a secret, or none; gives what those who wait are to be told.
    pub fn fetched(&mut self, plan: &Plan, fetched: Fetched) -> Vec<Event> {
        let put = fetched.text.and_then(|text| {
            self.vault
                .put(fetched.id, text)
                .map_err(|failed| failed.why)
        });
        match put {
            Ok(()) => self.fetch_next(plan),
            Err(why) => {
                let name = plan.secrets[fetched.id.0 as usize].name.clone();
                self.fetched_all(Err((name, why)))
            }
        }
    }

    fn fetched_all(&mut self, came: Result<(), (String, String)>) -> Vec<Event> {
        self.secrets.fetching = None;
        std::mem::take(&mut self.secrets.waiting)
            .into_iter()
            .map(|effect| match &came {
                Ok(()) => Event::SecretsReady { effect },
                Err((name, why)) => Event::SecretFailed {
                    effect,
                    name: name.clone(),
                    why: why.clone(),
                },
            })
            .collect()
    }
}
