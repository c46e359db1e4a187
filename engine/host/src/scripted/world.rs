//! A world that does as it is told. What it does to an effect it decides once, by the effect's id, so that a run that
//! is cut and resumed meets the same world.

use std::collections::{BTreeMap, BTreeSet};

use runbook_core::effect::{Effect, EffectId, Manner, Request, Run};
use runbook_core::event::{Captured, Event, Exit, Identity, Learned, MissingNeed, Mode, Sent};
use runbook_core::prompt::{Answer, Prompt, PromptKind};
use runbook_plan::value::{Type, Value};

use super::script::{Does, DoesEnd, Saying, Script, What, glob, is_path};

/// Who presses the keys.
pub const OPERATOR: &str = "ada";
/// The one boot of this world, unless a test reboots it.
pub const BOOT: &str = "boot-1";
/// How often the last answer to a question is given again; then nobody answers it.
const PATIENCE: u32 = 20;

#[derive(Clone, Debug)]
pub struct World {
    pub script: Script,
    /// What nobody scripted an answer to.
    pub unscripted: Unscripted,
    decided: BTreeMap<EffectId, Decided>,
    when_used: Vec<u32>,
    answer_used: Vec<u32>,
    /// Stopped because the core wished it: how they would have ended does not count.
    stopped: BTreeSet<EffectId>,
    /// Ends that nobody saw, by what was run: it ends the same when it is run again.
    unseen: Vec<(String, Does)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unscripted {
    /// Nobody is there: the run parks, or fails at a failed step.
    Nobody,
    /// A dry run: the answer that leads on.
    Obvious,
}

#[derive(Clone, Debug)]
enum Decided {
    Does(String, Does),
    /// And how many milliseconds after the question.
    Answer(Option<Answer>, i64),
}

/// When something happens, in milliseconds from now, and what. A command that hangs has only its start.
pub type Then = Vec<(i64, Event)>;

impl World {
    pub fn new(script: Script) -> World {
        let unscripted = match script.mode {
            Mode::DryRun => Unscripted::Obvious,
            _ => Unscripted::Nobody,
        };
        World {
            when_used: vec![0; script.whens.len()],
            answer_used: vec![0; script.answers.len()],
            script,
            unscripted,
            decided: BTreeMap::new(),
            stopped: BTreeSet::new(),
            unseen: Vec::new(),
        }
    }

    /// What comes of an effect. `now` is in milliseconds after the start.
    pub fn meets(&mut self, effect: &Effect, now: i64) -> Then {
        match effect {
            Effect::CheckNeeds { id, commands, env } => {
                let missing = self.script.missing.iter().filter(|need| match need {
                    MissingNeed::Command(name) => commands.contains(name),
                    MissingNeed::Env(name) => env.contains(name),
                });
                vec![(
                    0,
                    Event::NeedsChecked {
                        effect: *id,
                        missing: missing.cloned().collect(),
                    },
                )]
            }
            Effect::TakeLocks { id, locks } => {
                let busy = self.script.busy.clone();
                vec![(
                    0,
                    match busy {
                        Some((lock, holder)) if locks.contains(&lock) => Event::LockBusy {
                            effect: *id,
                            lock,
                            holder,
                        },
                        _ => Event::LocksTaken { effect: *id },
                    },
                )]
            }
            Effect::FetchSecrets { id } => vec![(
                0,
                match self.script.secret_fails.clone() {
                    Some((name, why)) => Event::SecretFailed {
                        effect: *id,
                        name,
                        why,
                    },
                    None => Event::SecretsReady { effect: *id },
                },
            )],
            Effect::Run(run) => self.runs(run, now),
            Effect::Request(request) => self.requests(request, now),
            Effect::Stop { id, .. } => self.stops(*id),
            Effect::AwaitOrphan { id } => vec![(
                1_000,
                Event::Found {
                    effect: *id,
                    found: runbook_core::event::Found::Gone,
                    printed: String::new(),
                },
            )],
            // Nobody keeps records here.
            Effect::Inquire { id, .. } => vec![(
                0,
                Event::Learned {
                    effect: *id,
                    learned: Learned::Gone,
                },
            )],
            Effect::Ask { id, prompt } => self.is_asked(*id, prompt),
            Effect::WriteDocument { id, path, .. } => vec![(
                0,
                Event::DocumentWritten {
                    effect: *id,
                    path: path.clone(),
                    kept: None,
                },
            )],
            Effect::Withdraw { .. }
            | Effect::Tell(_)
            | Effect::Park { .. }
            | Effect::End { .. } => Vec::new(),
        }
    }

    /// The engine is gone, and so is the command that nobody saw end.
    pub fn lose(&mut self, id: EffectId) {
        if let Some(Decided::Does(what, does)) = self.decided.get(&id)
            && !self.stopped.contains(&id)
        {
            self.unseen.push((what.clone(), does.clone()));
        }
    }

    fn decide(&mut self, id: EffectId, what: String, path: &str, now: i64) -> Does {
        if let Some(Decided::Does(_, does)) = self.decided.get(&id) {
            return does.clone();
        }
        let does = match self.unseen.iter().position(|(other, _)| *other == what) {
            Some(at) => self.unseen.remove(at).1,
            None => self.by_script(&what, path, now),
        };
        self.decided.insert(id, Decided::Does(what, does.clone()));
        does
    }

    /// Those of the last `after` that has come count, one after the other; the last one stays.
    fn by_script(&mut self, what: &str, path: &str, now: i64) -> Does {
        let matching: Vec<usize> = (0..self.script.whens.len())
            .filter(|at| {
                let when = &self.script.whens[*at];
                when.from <= now
                    && match &when.what {
                        What::Glob(pattern) => glob(pattern, what),
                        What::Step(wanted) => is_path(wanted, path),
                    }
            })
            .collect();
        let Some(latest) = matching.iter().map(|at| self.script.whens[*at].from).max() else {
            return Does::default();
        };
        let group: Vec<usize> = matching
            .into_iter()
            .filter(|at| self.script.whens[*at].from == latest)
            .collect();
        let next = group
            .iter()
            .copied()
            .find(|at| self.when_used[*at] == 0)
            .or(group.last().copied());
        match next {
            Some(at) => {
                self.when_used[at] += 1;
                self.script.whens[at].does.clone()
            }
            None => Does::default(),
        }
    }

    fn runs(&mut self, run: &Run, now: i64) -> Then {
        let mut does = self.decide(run.id, run.shown.clone(), &run.path, now);
        if self.unscripted == Unscripted::Obvious
            && run.role == runbook_core::effect::Role::DoneIf
            && does.end == DoesEnd::Well
        {
            // A dry run shows what would be done.
            does.end = DoesEnd::Exits(1);
        }
        if does.end == DoesEnd::NotStarted {
            return vec![(
                0,
                Event::NotStarted {
                    effect: run.id,
                    why: "there is no such command".into(),
                },
            )];
        }
        let mut then = vec![(
            0,
            Event::Spawned {
                effect: run.id,
                identity: Identity {
                    pid: u32::try_from(run.id.0).unwrap_or(0) + 1000,
                    start_time: run.id.0,
                    boot_id: BOOT.into(),
                    cgroup: None,
                },
            },
        )];
        if run.manner == Manner::Background && does.end == DoesEnd::Well {
            then.push((0, Event::LeftRunning { effect: run.id }));
            return then;
        }
        if matches!(run.manner, Manner::Live { .. }) && does.end == DoesEnd::Well {
            return then;
        }
        let exit = match does.end {
            DoesEnd::TimesOut | DoesEnd::Silent => return then,
            DoesEnd::Lost => {
                then.push((does.takes_ms, lost(run.id)));
                return then;
            }
            DoesEnd::Exits(code) => Exit::Code(code),
            DoesEnd::Dies(signal) => Exit::Signal(signal),
            DoesEnd::Well | DoesEnd::Answers(_) | DoesEnd::NotStarted => Exit::Code(0),
        };
        then.push((
            does.takes_ms,
            Event::Exited {
                effect: run.id,
                exit,
                output: captured(&does.says),
                stderr: captured(&does.stderr),
                elapsed_ms: u64::try_from(does.takes_ms).unwrap_or(0),
                leaked: Vec::new(),
            },
        ));
        then
    }

    fn requests(&mut self, request: &Request, now: i64) -> Then {
        let what = format!("http {}", request.shown);
        let does = self.decide(request.id, what, &request.path, now);
        let effect = request.id;
        match does.end {
            DoesEnd::TimesOut => vec![(
                i64::try_from(request.timeout_ms).unwrap_or(i64::MAX / 4),
                Event::RequestFailed {
                    effect,
                    why: format!(
                        "timed out after {}",
                        runbook_plan::show::duration(request.timeout_ms)
                    ),
                    sent: Sent::Maybe,
                    elapsed_ms: request.timeout_ms,
                },
            )],
            DoesEnd::NotStarted
            | DoesEnd::Dies(_)
            | DoesEnd::Exits(_)
            | DoesEnd::Lost
            | DoesEnd::Silent => vec![(
                does.takes_ms,
                Event::RequestFailed {
                    effect,
                    why: "connection refused".into(),
                    sent: Sent::No,
                    elapsed_ms: 0,
                },
            )],
            end @ (DoesEnd::Well | DoesEnd::Answers(_)) => vec![(
                does.takes_ms,
                Event::Responded {
                    effect,
                    status: match end {
                        DoesEnd::Answers(status) => status,
                        _ => 200,
                    },
                    headers: vec![("Server".into(), "made-up".into())],
                    body: captured(&does.says),
                    elapsed_ms: u64::try_from(does.takes_ms).unwrap_or(0),
                },
            )],
        }
    }

    fn stops(&mut self, id: EffectId) -> Then {
        self.stopped.insert(id);
        match self.decided.get(&id) {
            Some(Decided::Does(what, _)) if what.starts_with("http ") => vec![(
                0,
                Event::RequestFailed {
                    effect: id,
                    why: "stopped".into(),
                    sent: Sent::Maybe,
                    elapsed_ms: 0,
                },
            )],
            Some(Decided::Does(_, does)) if does.end == DoesEnd::Silent => vec![(0, lost(id))],
            Some(Decided::Does(_, does)) => vec![(
                0,
                Event::Exited {
                    effect: id,
                    exit: Exit::Stopped {
                        signal: "SIGTERM".into(),
                    },
                    output: captured(&does.says),
                    stderr: captured(&does.stderr),
                    elapsed_ms: 0,
                    leaked: Vec::new(),
                },
            )],
            _ => Vec::new(),
        }
    }

    fn is_asked(&mut self, id: EffectId, prompt: &Prompt) -> Then {
        let (answer, after_ms) = match self.decided.get(&id) {
            Some(Decided::Answer(answer, after_ms)) => (answer.clone(), *after_ms),
            _ => {
                let (answer, after_ms) = match (self.answer(prompt), self.unscripted) {
                    (Some((answer, after_ms)), _) => (Some(answer), after_ms),
                    (None, Unscripted::Nobody) => (None, 0),
                    (None, Unscripted::Obvious) => (obvious(prompt), 0),
                };
                self.answer_with(id, answer.clone(), after_ms);
                (answer, after_ms)
            }
        };
        vec![(
            after_ms,
            match answer {
                Some(answer) => Event::Answered {
                    effect: id,
                    answer,
                    by: match self.unscripted {
                        Unscripted::Nobody => OPERATOR.into(),
                        Unscripted::Obvious => "the dry run".into(),
                    },
                },
                None => Event::Unanswerable { effect: id },
            },
        )]
    }

    /// Decides beforehand what is said to a question, and how many milliseconds after it is asked.
    pub fn answer_with(&mut self, id: EffectId, answer: Option<Answer>, after_ms: i64) {
        self.decided.insert(id, Decided::Answer(answer, after_ms));
    }

    /// Decides beforehand what becomes of a command or request.
    pub fn end_with(&mut self, id: EffectId, what: String, does: Does) {
        self.decided.insert(id, Decided::Does(what, does));
    }

    /// The next scripted answer to a question, with its delay: in order, and the last one again and again.
    fn answer(&mut self, prompt: &Prompt) -> Option<(Answer, i64)> {
        let matching: Vec<usize> = (0..self.script.answers.len())
            .filter(|at| prompt.keys.contains(&self.script.answers[*at].prompt))
            .collect();
        let at = matching
            .iter()
            .copied()
            .find(|at| self.answer_used[*at] == 0)
            .or(matching.last().copied())?;
        self.answer_used[at] += 1;
        if self.answer_used[at] > PATIENCE {
            return None;
        }
        let reply = &self.script.answers[at];
        let answer = match &reply.saying {
            Saying::Exactly(answer) => answer.clone(),
            Saying::Text(text) => said(prompt, text),
        };
        Some((answer, reply.after_ms))
    }
}

/// What a text means as an answer to a question.
pub fn said(prompt: &Prompt, text: &str) -> Answer {
    match &prompt.kind {
        PromptKind::Irreversible { .. } => Answer::Typed {
            text: text.to_owned(),
        },
        PromptKind::Choose { options } => match options.iter().position(|o| o.label == text) {
            Some(option) => Answer::Chose { option },
            None => Answer::Value {
                value: Value::Text(text.to_owned()),
            },
        },
        // A text may well be `yes`.
        PromptKind::Input { ty, .. } | PromptKind::Item { evidence: Some(ty) }
            if !matches!(ty, Type::Bool) =>
        {
            Answer::Value {
                value: Value::Text(text.to_owned()),
            }
        }
        _ => match text {
            "yes" => Answer::Yes,
            "no" => Answer::No,
            text => Answer::Value {
                value: Value::Text(text.to_owned()),
            },
        },
    }
}

/// The answer that leads on, where nothing is real: what a dry run gives.
pub fn obvious(prompt: &Prompt) -> Option<Answer> {
    fn placeholder(ty: &Type, name: &str) -> Value {
        match ty {
            Type::Number => Value::Number(1.into()),
            Type::Bool => Value::Bool(true),
            Type::Percent => Value::Percent(1.into()),
            Type::Duration => Value::Duration(60_000),
            Type::Time => Value::Time(0),
            Type::Json => Value::Json(serde_json::Value::Null),
            Type::OneOf(values) => Value::Text(values.first().cloned().unwrap_or_default()),
            Type::List(item) => Value::List(vec![placeholder(item, name)]),
            Type::Optional(_) => Value::Missing,
            Type::Url => Value::Url("http://example.com".into()),
            Type::Path => Value::Path(name.to_owned()),
            Type::Text | Type::Severity | Type::Secret => Value::Text(format!("‹{name}›")),
        }
    }
    let name = prompt.keys.first().cloned().unwrap_or_default();
    Some(match &prompt.kind {
        PromptKind::Input {
            ty,
            default,
            suggestions,
            ..
        } => Answer::Value {
            value: match (default, suggestions.first()) {
                (Some(default), _) => default.clone(),
                (None, Some(first)) => Value::Text(first.clone()),
                // The runbook declares none.
                (None, None) if *ty == Type::Severity => return None,
                (None, None) => placeholder(ty, &name),
            },
        },
        PromptKind::Item { evidence: Some(ty) } => Answer::Value {
            value: placeholder(ty, "evidence"),
        },
        PromptKind::Irreversible { phrase } => Answer::Typed {
            text: phrase.clone(),
        },
        PromptKind::Choose { options } => Answer::Chose {
            option: options
                .iter()
                .position(|option| option.recommended && option.unavailable.is_none())
                .or(options
                    .iter()
                    .position(|option| option.unavailable.is_none()))?,
        },
        PromptKind::Confirm { .. }
        | PromptKind::Item { evidence: None }
        | PromptKind::Approve { .. }
        | PromptKind::Manual
        | PromptKind::Copy { .. }
        | PromptKind::HowDidItGo { .. } => Answer::Yes,
        PromptKind::Interrupted => Answer::GoOn,
        PromptKind::Failed { .. } | PromptKind::InDoubt { .. } | PromptKind::Orphan { .. } => {
            return None;
        }
    })
}

fn lost(effect: EffectId) -> Event {
    Event::Lost {
        effect,
        why: "the connection broke".into(),
    }
}

fn captured(text: &str) -> Captured {
    Captured {
        text: text.to_owned(),
        bytes: text.len() as u64,
        segment: None,
        flaw: None,
    }
}
