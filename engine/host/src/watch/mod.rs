//! `runbook watch`: the triggers of a runbook are sampled until one fires.
//!
//! What a sample says and what a window comes to is the core's ([`runbook_core::watching`], [`runbook_core::window`]);
//! here is when it is looked, and by what.
//!
//! | file | what it holds |
//! |---|---|
//! | `look` | one look: its commands, requests and secrets |
//! | `kept` | what outlives a watch |

mod kept;
mod look;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use runbook_core::effect::Urgency;
use runbook_core::event::Event;
use runbook_core::state::{Over, State, due};
use runbook_core::watching;
use runbook_core::window::{Broken, Seen, Stamp, Verdict, Wanted};
use runbook_plan::Plan;
use runbook_plan::plan::{Need, NodeKind};
use runbook_plan::show;
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use crate::codes;
use crate::config::{AnswersFile, Config};
use crate::drive::{self, Refusal, Triggered};
use crate::error::HostError;
use crate::http::Requests;
use crate::load::load_with;
use crate::lock::{Holder, Lock, NotTaken};
use crate::process::{Processes, Report, Settings};
use crate::runs::list::{self, Standing, Unfinished};
use crate::runs::{RunDir, StateHome, home};
use crate::secrets::Vault;
use crate::signals::{Signal, Signals};

use kept::Kept;
pub use kept::Note;
use look::{Came, Look, Means, Secrets, There, effect_of};

/// `runbook watch`
#[derive(Clone, Debug, Default)]
pub struct WatchOrder {
    pub file: PathBuf,
    /// `name=value`, each.
    pub params: Vec<String>,
    pub answers: Option<PathBuf>,
    pub profile: Option<String>,
}

/// A trigger that is watched from now on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Watched {
    pub trigger: String,
    pub title: String,
    pub every_ms: u64,
    pub lasting_ms: u64,
    /// How long it has held already, where an earlier watch was ended a moment ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_ms: Option<u64>,
    /// What an earlier watch had seen, and what is worth nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// A trigger as it stands after a sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    pub trigger: String,
    /// When the sample began: milliseconds since 1970, UTC.
    pub at: i64,
    pub seen: Seen,
    /// Why nothing could be seen; empty where it could.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Names that were looked at, and what they are.
    pub values: BTreeMap<String, String>,
    /// How long it has held, and must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_ms: Option<u64>,
    pub lasting_ms: u64,
    /// A clock that began anew with this sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
    pub fires: Fires,
    /// Why no run is started although it fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_up: Option<String>,
    /// What went wrong beside it, and keeps nothing from being watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fires {
    Yes,
    No,
}

/// Who is told.
pub trait Watcher {
    fn begins(&mut self, triggers: &[Watched]);
    fn sampled(&mut self, sample: &Sample);
    /// Time went on, a second or so. Milliseconds since 1970, UTC.
    fn redraw(&mut self, now: i64);
}

/// How a watch came to its end.
pub enum Ended {
    /// The watch's own lock is held as long as this lives.
    Fired(Box<Triggered>, Lock),
    /// By a signal: the exit code that goes with it.
    BySignal(u8),
}

/// Bytes of what one command prints that are kept while it runs: more than a value may have.
const OUTPUT: u64 = 2 << 20;
/// How long commands that are killed may take to be gone.
const GONE: Duration = Duration::from_secs(6);

/// Samples until a trigger fires or a signal comes.
///
/// # Errors
/// The runbook has mistakes or no trigger; another process watches it; the state home cannot be used.
pub fn watch(order: &WatchOrder, watcher: &mut dyn Watcher) -> Result<Ended, Refusal> {
    let config = Config::find(&order.file)?;
    let answers = order
        .answers
        .as_deref()
        .map(AnswersFile::read)
        .transpose()?;
    let loaded = load_with(&order.file, &config.channels)?;
    let Some(plan) = &loaded.plan else {
        return Err(Refusal::Runbook(Box::new(loaded)));
    };
    drive::runnable(plan)?;
    if plan.triggers.is_empty() {
        let message = format!("{} has no trigger to watch", order.file.display());
        return Err(HostError::new(codes::NOTHING_TO_WATCH, message)
            .help("Declare one, or start the runbook with `runbook run`.")
            .into());
    }
    let mut started = crate::config::started("watch");
    started.params = drive::given(
        plan,
        &config,
        &order.params,
        answers.as_ref(),
        order.profile.as_deref(),
    )?;
    started.environment = drive::needs::environment(&loaded.sources);
    let home = StateHome::open(home::place(config.state.as_deref())?)?;
    let name = format!("watch {}", loaded.originals[0].path);
    let holder = Holder {
        pid: std::process::id(),
        since: crate::clock::now().wall,
        by: started.operator.clone(),
        run: String::new(),
    };
    let lock = home
        .take_lock(&name, &holder)
        .map_err(|error| match error {
            NotTaken::Held(holder) => {
                let message = format!("{} is watched by {holder}", order.file.display());
                HostError::new(codes::WATCHED, message).help("Let that one watch, or end it.")
            }
            NotTaken::Failed(error) => drive::system(&error),
        })?;
    let meaning = kept::meaning(&loaded.originals, &started.params);
    let note = Note::of(&home, &name, meaning)?;
    let mut vault = Vault::of(plan);
    drive::early_secrets(plan, &mut vault, &started)?;
    crate::os::begin_engine().map_err(|error| drive::system(&error))?;
    let runtime = drive::runtime()?;
    let _inside = runtime.enter();
    let mut watch = Watch::of(plan, home, note, started, vault)?;
    let ended = runtime.block_on(watch.go_on(watcher))?;
    Ok(match ended {
        Some(triggered) => Ended::Fired(Box::new(triggered), lock),
        None => Ended::BySignal(watch.signal),
    })
}

/// One trigger.
struct Target {
    plan: Plan,
    wanted: Wanted,
    next: Instant,
    look: Option<Look>,
}

struct Watch<'p> {
    plan: &'p Plan,
    home: StateHome,
    note: Note,
    kept: Kept,
    means: Means,
    targets: Vec<Target>,
    /// Looks that are over, by their target.
    over: VecDeque<(usize, Look, Came)>,
    signal: u8,
}

impl<'p> Watch<'p> {
    fn of(
        plan: &'p Plan,
        home: StateHome,
        note: Note,
        started: runbook_core::event::Started,
        vault: Vault,
    ) -> Result<Watch<'p>, HostError> {
        let kept = note.read();
        let settings = Settings {
            cap: OUTPUT,
            ..Settings::of_this_program(note.output())
        };
        let mut processes = Processes::begin(settings).map_err(|error| drive::system(&error))?;
        processes.prepare(1);
        let now = Instant::now();
        let targets = plan
            .triggers
            .iter()
            .map(|trigger| Target {
                plan: watching::look(plan, trigger, &started.params),
                wanted: Wanted {
                    every_ms: trigger.every.unwrap_or(1000).max(1),
                    lasting_ms: trigger.lasting.unwrap_or(0),
                },
                next: now,
                look: None,
            })
            .collect();
        let inherited = plan.needs.iter().filter_map(|need| match need {
            Need::Env(name) => Some(name.clone()),
            _ => None,
        });
        let means = Means {
            directory: PathBuf::from(&started.directory),
            inherited: inherited.collect(),
            started,
            vault,
            processes,
            requests: Requests::begin(),
            secrets: Secrets::none(),
            looks: 0,
            running: BTreeSet::new(),
        };
        Ok(Watch {
            plan,
            home,
            note,
            kept,
            means,
            targets,
            over: VecDeque::new(),
            signal: 0,
        })
    }

    /// Watches; gives the trigger that fired, or nothing where a signal ended it.
    async fn go_on(&mut self, watcher: &mut dyn Watcher) -> Result<Option<Triggered>, HostError> {
        let mut signals = Signals::begin().map_err(|error| drive::system(&error))?;
        let begun = self.begin();
        watcher.begins(&begun);
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let moment = sleep_until(self.moment());
            tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Signal::Continue | Signal::Resized => {}
                    // What is not sampled meanwhile is unknown: the windows see the gap by themselves.
                    Signal::Suspend => if crate::signals::may_stop() {
                        crate::signals::stop_self().map_err(|error| drive::system(&error))?;
                    },
                    signal => {
                        self.signal = signal.exit_code();
                        self.leave().await;
                        return Ok(None);
                    }
                },
                report = self.means.processes.next() => self.reported(report),
                event = self.means.requests.next() => self.hears(event),
                Some(fetched) = self.means.secrets.heard.recv() => {
                    for event in self.means.fetched(self.plan, fetched) {
                        self.hears(event);
                    }
                }
                () = moment => self.at_last(),
                _ = seconds.tick() => watcher.redraw(crate::clock::now().wall),
            }
            while let Some((at, look, came)) = self.over.pop_front() {
                let (sample, fired) = self.sampled(at, &look, came);
                watcher.sampled(&sample);
                self.drop_output();
                if fired.is_some() {
                    self.leave().await;
                    return Ok(fired);
                }
            }
        }
    }

    /// Takes up what an earlier watch left.
    fn begin(&mut self) -> Vec<Watched> {
        let now = stamp();
        let begun = Instant::now();
        let mut watched = Vec::new();
        for (trigger, target) in self.plan.triggers.iter().zip(&mut self.targets) {
            let window = self.kept.windows.entry(trigger.name.clone()).or_default();
            let again = window.again(target.wanted, &now);
            target.next = begun + Duration::from_millis(again.due_ms);
            let held_ms = window.since.as_ref().and_then(|since| now.since(since));
            watched.push(Watched {
                trigger: trigger.name.clone(),
                title: trigger.title.clone(),
                every_ms: target.wanted.every_ms,
                lasting_ms: target.wanted.lasting_ms,
                held_ms,
                broken: again.broken,
            });
        }
        watched
    }

    /// The next moment at which something is to be done.
    fn moment(&self) -> Instant {
        self.targets
            .iter()
            .map(|target| match &target.look {
                None => target.next,
                Some(look) => look.until.min(next_due(&look.state)),
            })
            .min()
            .unwrap_or_else(Instant::now)
    }

    /// A moment came: looks begin, are cut off, or hear that it is time.
    fn at_last(&mut self) {
        let now = Instant::now();
        for at in 0..self.targets.len() {
            let target = &mut self.targets[at];
            match target.look.take() {
                None if target.next <= now => {
                    let every = Duration::from_millis(target.wanted.every_ms);
                    target.next = now + every;
                    let look = Look::begin(&mut self.means, now + every);
                    self.go(at, look);
                }
                None => {}
                Some(look) if look.until <= now => {
                    look.leave(&mut self.means);
                    let every = show::duration(target.wanted.every_ms);
                    let why = format!("it took longer than its interval of {every}");
                    self.over.push_back((at, look, Err(why)));
                }
                Some(mut look) if next_due(&look.state) <= now => {
                    look.hears(Event::Ticked);
                    self.go(at, look);
                }
                look => target.look = look,
            }
        }
    }

    fn go(&mut self, at: usize, mut look: Look) {
        match look.go_on(&self.targets[at].plan, &mut self.means) {
            None => self.targets[at].look = Some(look),
            Some(came) => {
                look.leave(&mut self.means);
                self.over.push_back((at, look, came));
            }
        }
    }

    fn reported(&mut self, report: Report) {
        let Report::Fact(event) = report else {
            return;
        };
        if let Some(effect) = effect_of(&event)
            && !matches!(event, Event::LeftRunning { .. })
        {
            self.means.running.remove(&effect);
        }
        self.hears(event);
    }

    /// An event goes to the look it belongs to; nobody waits for those of a look that was left.
    fn hears(&mut self, event: Event) {
        let Some(effect) = effect_of(&event) else {
            return;
        };
        let of = |target: &Target| target.look.as_ref().is_some_and(|look| look.is_of(effect));
        if let Some(at) = self.targets.iter().position(of)
            && let Some(mut look) = self.targets[at].look.take()
        {
            look.hears(event);
            self.go(at, look);
        }
    }

    /// What a look says, and whether a run is to be started.
    fn sampled(&mut self, at: usize, look: &Look, came: Came) -> (Sample, Option<Triggered>) {
        let trigger = &self.plan.triggers[at];
        let wanted = self.targets[at].wanted;
        let (over, why) = match came {
            Ok(over) => {
                let why = match &over {
                    Over::Ended { text, .. } => text.clone(),
                    Over::Parked { why } => why.clone(),
                    Over::No => String::new(),
                };
                (over, why)
            }
            Err(why) => (Over::No, why),
        };
        let seen = watching::seen(trigger, &over);
        if !why.is_empty() {
            self.means.secrets.there = There::No;
        }
        let window = self.kept.windows.entry(trigger.name.clone()).or_default();
        let before = window.since.is_some();
        let taken = window.take(wanted, seen, &look.began);
        let holding = window.since.is_some();
        // A window in which nothing holds is as good as none: it is not written down each time. Where it cannot be
        // written, an older one stays there, which is worth nothing to a watch that finds it: watching goes on.
        let rearmed = seen == Seen::HoldsNot && self.kept.spent.as_ref() == Some(&trigger.name);
        if rearmed {
            self.kept.spent = None;
        }
        let warning = (before || holding || rearmed)
            .then(|| self.note.write(&self.kept))
            .and_then(Result::err)
            .map(|error| format!("its clock is not kept for another watch: {}", error.message));
        let mut sample = Sample {
            trigger: trigger.name.clone(),
            at: look.at,
            seen,
            why: self.means.vault.forms().clean(&why).into_owned(),
            values: self.values(at, &look.state),
            held_ms: None,
            lasting_ms: wanted.lasting_ms,
            broken: taken.broken,
            fires: Fires::No,
            held_up: None,
            warning,
        };
        match taken.verdict {
            Verdict::Quiet => return (sample, None),
            Verdict::Holding(ms) => {
                sample.held_ms = Some(ms);
                return (sample, None);
            }
            Verdict::Fires(ms) => {
                sample.held_ms = Some(ms);
                sample.fires = Fires::Yes;
            }
        }
        let given = &self.means.started.params;
        let params = watching::starts_with(self.plan, trigger, given, Some(&look.state));
        let mut all = given.clone();
        all.extend(params.clone());
        sample.held_up = self.held_up(&trigger.name, &watching::locks(self.plan, &all));
        let fired = sample.held_up.is_none().then(|| Triggered {
            name: trigger.name.clone(),
            params,
            note: self.note.clone(),
        });
        (sample, fired)
    }

    fn values(&self, at: usize, state: &State) -> BTreeMap<String, String> {
        let lets = &self.plan.blocks[self.plan.triggers[at].lets.index()].nodes;
        lets.iter()
            .filter_map(|node| match self.plan.nodes[node.index()].kind {
                NodeKind::Let { var, .. } => Some(var),
                _ => None,
            })
            .filter_map(|var| {
                let name = self.plan.vars[var.index()].name.clone();
                let text = show::value(state.value(var)?);
                Some((name, self.means.vault.forms().clean(&text).into_owned()))
            })
            .collect()
    }

    /// Why a run is not to be started now.
    fn held_up(&self, trigger: &str, locks: &[String]) -> Option<String> {
        if let Some(run) = &self.kept.run
            && let Ok(dir) = RunDir::open(&self.home, run)
        {
            let summary = list::summary(dir);
            if let Standing::Running(holder) = &summary.standing {
                return Some(format!(
                    "run {run}, which was started before, is held by {holder}"
                ));
            }
            if summary.unfinished() == Unfinished::Yes {
                return Some(format!("run {run}, which was started before, is not over"));
            }
        }
        if self.kept.spent.as_deref() == Some(trigger) {
            let run = self.kept.run.as_deref().unwrap_or_default();
            return Some(format!("it has not been quiet since it started run {run}"));
        }
        locks.iter().find_map(|name| {
            let holder = self.home.lock_holder(name)?;
            Some(format!("the lock `{name}` is held by {holder}"))
        })
    }

    /// What was printed has become values, or nothing: the room of it on the disk is given back.
    fn drop_output(&self) {
        if self.means.running.is_empty()
            && let Ok(file) = std::fs::OpenOptions::new()
                .write(true)
                .open(self.note.output())
        {
            let _ = file.set_len(0);
        }
    }

    /// Stops what still runs, and waits until it is gone.
    async fn leave(&mut self) {
        for target in &mut self.targets {
            target.look = None;
        }
        for effect in &self.means.running {
            self.means.processes.stop(*effect, Urgency::Kill);
        }
        // What is not gone by then does not end by being killed, and nobody can help it.
        let _ = timeout(GONE, async {
            while !self.means.running.is_empty() {
                let report = self.means.processes.next().await;
                self.reported(report);
            }
        })
        .await;
        self.note.tidy();
    }
}

/// When a look wants to hear that it is time.
fn next_due(state: &State) -> Instant {
    let far = Duration::from_secs(86_400);
    let left = due(state).map_or(far, |deadline| {
        let now = crate::clock::now();
        let ms = crate::clock::remaining(&deadline, now, crate::clock::boot_id());
        Duration::from_millis(ms.max(0).unsigned_abs())
    });
    Instant::now() + left
}

fn stamp() -> Stamp {
    Stamp {
        boot: crate::clock::now().boot,
        boot_id: crate::clock::boot_id().to_owned(),
    }
}
