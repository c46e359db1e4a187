//! What a wish is in the world: commands let go, and those that end at once or go a way of their own: locks,
//! secrets, documents, requests.

use std::collections::VecDeque;

use runbook_core::effect::{Effect, EffectId, Manner, Remote, Request, Run};
use runbook_core::event::{Event, Identity, Learned, Moment, Sent};
use runbook_core::prompt::{Answer, Closed, Prompt, PromptKind};
use runbook_plan::plan::SecretFrom;
use runbook_plan::value::{SecretId, Type, Value};

use super::driver::Driver;
use super::turn::{Book, Hands};
use super::{document, needs, scrub};
use crate::error::plainly;
use crate::http::Call;
use crate::journal::{Entry, HostRecord};
use crate::lock::{Holder, NotTaken};
use crate::process::{Inquiry, Launch, Redactors};
use crate::secrets::{fetch_from_command, fetch_still};

/// A wish for secrets under way.
pub(super) struct Fetching {
    effect: EffectId,
    left: VecDeque<SecretId>,
    /// The prompt that asks for one right now.
    asked: Option<(EffectId, SecretId)>,
}

/// A secret that a command gave, or why it gave none.
pub(super) struct Fetched {
    id: SecretId,
    text: Result<String, String>,
}

impl<'p> Hands<'p> for Driver<'p> {
    type Launch = Launch;

    fn book(&mut self) -> &mut Book<'p> {
        &mut self.book
    }

    fn now(&self) -> Moment {
        crate::clock::now()
    }

    fn boot_id(&self) -> &str {
        crate::clock::boot_id()
    }

    fn take_in(&mut self, event: &mut Event) {
        scrub::event(self.vault.forms(), event);
        self.ended(event);
        self.view = None;
    }

    fn clean(&self, command: &str) -> String {
        self.vault.forms().clean(command).into_owned()
    }

    fn admit(&mut self, run: &Run) -> Result<(Launch, Identity), String> {
        let vault = &self.vault;
        let mut resolve = |value: &_| vault.resolve(value);
        let launch = match &run.on {
            None => Launch::of(run, &self.directory, &self.inherited, &mut resolve)?,
            Some(on) => {
                let key = crate::process::key(&self.held.dir.id, run.id.0);
                let beat = self.processes.beat();
                Launch::over_there(run, on, &key, beat, &self.directory, &mut resolve)?
            }
        };
        let identity = self.processes.admit(run.id, &run.manner)?;
        Ok((launch, identity))
    }

    fn open(&mut self, run: Run, launch: Launch) {
        if run.manner == Manner::Interactive {
            self.operator.lend_terminal();
            self.interactive.insert(run.id);
        }
        self.running.insert(run.id);
        let redactors = self.redactors(&run.manner);
        self.processes.open(run.id, launch, redactors);
        self.processes.prepare(1);
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
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
            Effect::Inquire { id, about, on } => self.inquire(id, about, on),
            Effect::CheckNeeds { id, commands, env } => self.inbox.push(Event::NeedsChecked {
                effect: id,
                missing: needs::missing(&commands, &env),
            }),
            Effect::TakeLocks { id, locks } => self.take_locks(id, &locks),
            Effect::FetchSecrets { id } => self.fetch_secrets(id),
            Effect::WriteDocument { id, path, text } => self.write_document(id, &path, &text),
            // A turn does these itself.
            Effect::Run(_) | Effect::Park { .. } | Effect::End { .. } => {}
        }
    }
}

impl Driver<'_> {
    pub(super) fn redactors(&self, manner: &Manner) -> Redactors {
        Redactors {
            out: self.vault.redactor().map(|redactor| redactor as Box<_>),
            err: self.vault.redactor().map(|redactor| redactor as Box<_>),
            secrets: match manner {
                Manner::Background => self.vault.texts(),
                _ => Vec::new(),
            },
        }
    }

    /// Asks another machine what became of a command, beside everything else.
    fn inquire(&mut self, id: EffectId, about: EffectId, on: Remote) {
        let inquiry = Inquiry {
            key: crate::process::key(&self.held.dir.id, about.0),
            beat: self.processes.beat().as_secs().max(1),
            name: on.name,
            address: on.address,
        };
        let log = self.held.dir.path.join(format!("ssh.inquiry.{}", id.0));
        let tell = self.learner.clone();
        let ask = move || {
            let learned = crate::process::inquire(&inquiry, &log);
            // Nobody waits for it where the run is over.
            let _ = tell.send(Event::Learned {
                effect: id,
                learned,
            });
        };
        if let Err(error) = std::thread::Builder::new().spawn(ask) {
            let why = format!("no thread can be started: {}", plainly(&error));
            self.inbox.push(Event::Learned {
                effect: id,
                learned: Learned::Unknown { why },
            });
        }
    }

    pub(super) fn take_locks(&mut self, id: EffectId, names: &[String]) {
        let holder = Holder {
            pid: std::process::id(),
            since: crate::clock::now().wall,
            by: self.operator_name.clone(),
            run: self.held.dir.id.clone(),
        };
        self.locks.clear();
        for name in names {
            match self.home.take_lock(name, &holder) {
                Ok(lock) => self.locks.push(lock),
                Err(error) => {
                    self.locks.clear();
                    let holder = match error {
                        NotTaken::Held(holder) => holder.to_string(),
                        NotTaken::Failed(error) => {
                            format!("nobody, but it cannot be taken: {}", plainly(&error))
                        }
                    };
                    self.inbox.push(Event::LockBusy {
                        effect: id,
                        lock: name.clone(),
                        holder,
                    });
                    return;
                }
            }
        }
        self.inbox.push(Event::LocksTaken { effect: id });
    }

    pub(super) fn fetch_secrets(&mut self, effect: EffectId) {
        let all = 0..u32::try_from(self.book.plan.secrets.len()).unwrap_or(u32::MAX);
        self.fetching = Some(Fetching {
            effect,
            left: all.map(SecretId).collect(),
            asked: None,
        });
        self.fetch_next();
    }

    fn fetch_next(&mut self) {
        while let Some(fetching) = &mut self.fetching {
            let Some(id) = fetching.left.pop_front() else {
                let effect = fetching.effect;
                self.fetching = None;
                self.secrets_ready(effect);
                return;
            };
            let secret = &self.book.plan.secrets[id.0 as usize];
            match &secret.from {
                SecretFrom::Env(_) | SecretFrom::File(_) => {
                    let text = fetch_still(&secret.from, &self.directory);
                    let text = text.unwrap_or_else(|| Err("it has no place".into()));
                    if !self.take_secret(id, text) {
                        return;
                    }
                }
                SecretFrom::Command(_) => {
                    let run =
                        runbook_core::secret::secret_run(self.book.plan, &self.book.state, id);
                    let vault = &self.vault;
                    let launch = run.and_then(|run| {
                        Launch::of(&run, &self.directory, &self.inherited, &mut |value| {
                            vault.resolve(value)
                        })
                    });
                    let send = self.fetcher.clone();
                    match launch {
                        Ok(launch) => {
                            let fetch = move || {
                                let text = fetch_from_command(&launch);
                                // Nobody waits for it where the run is over.
                                let _ = send.send(Fetched { id, text });
                            };
                            let started = std::thread::Builder::new().spawn(fetch);
                            if let Err(error) = started {
                                let why = format!("no thread can be started: {}", plainly(&error));
                                self.take_secret(id, Err(why));
                            }
                            return;
                        }
                        Err(why) => {
                            self.take_secret(id, Err(why));
                            return;
                        }
                    }
                }
                SecretFrom::Prompt => {
                    let name = secret.name.clone();
                    let prompt = Prompt {
                        kind: PromptKind::Input {
                            ty: Type::Secret,
                            default: None,
                            suggestions: Vec::new(),
                            closed: Closed::No,
                            matches: None,
                        },
                        text: format!("The secret `{name}`"),
                        keys: vec![name],
                        detail: Vec::new(),
                        path: String::new(),
                        deadline: None,
                        otherwise: None,
                    };
                    let asked = self.book.own_prompt();
                    if let Some(fetching) = &mut self.fetching {
                        fetching.asked = Some((asked, id));
                    }
                    self.ask(asked, prompt);
                    return;
                }
            }
        }
    }

    /// Whether there is more to fetch.
    fn take_secret(&mut self, id: SecretId, text: Result<String, String>) -> bool {
        let name = self.book.plan.secrets[id.0 as usize].name.clone();
        let taken = match text {
            Ok(text) => self.vault.put(id, text).map_err(|failed| failed.why),
            Err(why) => Err(why),
        };
        let taken = taken.and_then(|()| match self.given_as_a_param() {
            Some(param) => Err(format!(
                "the parameter `{param}` holds it, so it stands in this run's folder as it is: remove {}, and change the secret",
                self.held.dir.path.display()
            )),
            None => Ok(()),
        });
        match (
            taken,
            self.fetching.as_ref().map(|fetching| fetching.effect),
        ) {
            (Ok(()), Some(_)) => true,
            (Err(why), Some(effect)) => {
                self.fetching = None;
                self.inbox.push(Event::SecretFailed { effect, name, why });
                false
            }
            (_, None) => false,
        }
    }

    /// A param of this run that holds a secret. What can be known before there is a journal is refused then; a
    /// secret that comes from a person or a command is known only now.
    fn given_as_a_param(&self) -> Option<String> {
        let params = &self.book.state.started().params;
        let holds = |value| {
            let text = runbook_plan::show::value(value);
            matches!(self.vault.forms().clean(&text), std::borrow::Cow::Owned(_))
        };
        let found = params.iter().find(|(_, value)| holds(value));
        found.map(|(name, _)| name.clone())
    }

    fn secrets_ready(&mut self, effect: EffectId) {
        let now = self.vault.fingerprints(&self.salt);
        for (name, print) in &now {
            let before = self.fingerprints.iter().find(|(other, _)| other == name);
            if before.is_some_and(|(_, other)| other != print) {
                self.warnings_now(format!(
                    "the secret `{name}` is not what it was when the run last fetched it"
                ));
            }
        }
        if !now.is_empty() && now != self.fingerprints {
            let record = HostRecord::Secrets {
                fingerprints: now.clone(),
            };
            self.book
                .journal
                .append(crate::clock::now(), Entry::Host(&record));
        }
        self.fingerprints = now;
        self.inbox.push(Event::SecretsReady { effect });
    }

    fn warnings_now(&mut self, text: String) {
        self.tell(&runbook_core::effect::Notice::Warning { text });
    }

    pub(super) fn secret_fetched(&mut self, fetched: Fetched) {
        if self.take_secret(fetched.id, fetched.text) {
            self.fetch_next();
        }
    }

    /// An answer to the prompt for a secret: it goes into the vault and nowhere else.
    pub(super) fn secret_told(&mut self, prompt: EffectId, answer: Answer) {
        let Some(Fetching {
            asked: Some((asked, id)),
            ..
        }) = &self.fetching
        else {
            return;
        };
        if *asked != prompt {
            return;
        }
        let id = *id;
        if let Some(fetching) = &mut self.fetching {
            fetching.asked = None;
        }
        let text = match answer {
            Answer::Value {
                value: Value::Text(text),
            } => Ok(text),
            _ => Err("nobody gave it".to_owned()),
        };
        if self.take_secret(id, text) {
            self.fetch_next();
        }
    }

    /// The prompt for a secret that is open.
    pub(super) fn asked_for_secret(&self) -> Option<EffectId> {
        let asked = self.fetching.as_ref()?.asked.as_ref()?;
        Some(asked.0)
    }

    pub(super) fn asks_for_secret(&self) -> bool {
        self.asked_for_secret().is_some()
    }

    /// The operator will not give the secret that is asked for.
    pub(super) fn secret_refused(&mut self, why: String) {
        let asked = self.fetching.as_ref().and_then(|fetching| fetching.asked);
        if let Some((prompt, id)) = asked {
            self.operator.withdraw(prompt);
            self.take_secret(id, Err(why));
        }
    }

    pub(super) fn send(&mut self, request: Request) {
        let vault = &self.vault;
        let resolved = vault.resolve(&request.url).and_then(|url| {
            let headers = request
                .headers
                .iter()
                .map(|(name, value)| Ok((name.clone(), vault.resolve(value)?)))
                .collect::<Result<Vec<_>, String>>()?;
            let body = request
                .body
                .as_ref()
                .map(|body| vault.resolve(body))
                .transpose()?;
            Ok((url, headers, body))
        });
        match resolved {
            Ok((url, headers, body)) => {
                let call = Call {
                    method: request.method,
                    url,
                    headers,
                    body,
                    timeout_ms: request.timeout_ms,
                    redactor: vault.redactor().map(|redactor| redactor as Box<_>),
                };
                self.requests.send(request.id, call);
            }
            Err(why) => self.inbox.push(Event::RequestFailed {
                effect: request.id,
                why,
                sent: Sent::No,
                elapsed_ms: 0,
            }),
        }
    }

    pub(super) fn write_document(&mut self, id: EffectId, path: &str, text: &str) {
        let text = self.vault.forms().clean(text);
        let event = match document::write(&self.directory, path, &text) {
            Ok(written) => Event::DocumentWritten {
                effect: id,
                path: written.path,
                kept: written.kept,
            },
            Err(why) => Event::DocumentFailed { effect: id, why },
        };
        self.inbox.push(event);
    }
}
