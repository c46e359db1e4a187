//! The processes of one engine: gates that wait, commands that run, orphans that are watched.
//!
//! One command goes through these phases; every arrow is an event of its descriptors or a moment that came.
//!
//! | phase | waits for | then |
//! |---|---|---|
//! | `Admitted` | [`Processes::open`] | `Running` |
//! | `Running` | its process to end | `Draining`; at once on where its pipes are closed |
//! | `Draining` | its pipes to close, at most the leak grace | `Sweeping` where something of its tree lives |
//! | `Sweeping` | the rest of its tree to end, by TERM and then KILL | reaped; or lost, where KILL does nothing |
//! | `Syncing` | a long output to be durable | its fact is reported |
//!
//! All descriptors of all commands are in one epoll, which tokio sees as one: no registration, no thread and no
//! timer of tokio's is spent on a command.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use runbook_core::effect::{EffectId, Manner, Urgency};
use runbook_core::event::{Event, Found, Identity};
use rustix::event::epoll;
use rustix::process::Signal;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use super::child::{peek, signal_all, signal_group};
use super::command::{Big, Command, ERR, EXIT, OUT, Phase, Pipe, Stopping, watch};
use super::ending::{ORPHAN_LOOK, Orphan, REST, SWEEP};
use super::gate::Spec;
use super::live::Live;
use super::output::{Sink, Store};
use super::printed::Printed;
use super::recorder::Log;
use super::start::{Gate, Heard, Keeper};
use super::{Keep, Launch, Redactors, Report, Stream, tree};
use crate::error::plainly;
use crate::weakened::{Weakness, has};

/// How processes are kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program that is the gate, and its arguments.
    pub gate: Vec<OsString>,
    /// The run's output file; made on first need, 0600. A background command's is this name and its effect.
    pub output: PathBuf,
    /// From TERM to KILL.
    pub grace: Duration,
    /// How long a pipe may stay open after its command ended.
    pub leak_grace: Duration,
    /// From KILL to the belief that it does nothing.
    pub kill_grace: Duration,
    /// Bytes of one stream kept on disk.
    pub cap: u64,
    /// Between two signs of life of a connection to another machine; whole seconds.
    pub beat: Duration,
    /// Below which folder commands get their cgroups; `None` is this program's own cgroup.
    pub cgroups: Option<PathBuf>,
}

impl Settings {
    /// This very program with `__gate`; ten seconds' grace, half a second for pipes, five seconds for KILL, a
    /// GiB of output.
    pub fn of_this_program(output: PathBuf) -> Settings {
        Settings {
            gate: vec!["/proc/self/exe".into(), "__gate".into()],
            output,
            grace: Duration::from_secs(10),
            leak_grace: Duration::from_millis(500),
            kill_grace: Duration::from_secs(5),
            cap: 1 << 30,
            beat: Duration::from_secs(5),
            cgroups: None,
        }
    }
}

/// One for each engine, used from one thread, inside a tokio runtime.
pub struct Processes {
    pub(super) settings: Settings,
    pub(super) boot_id: String,
    pub(super) epoll: AsyncFd<OwnedFd>,
    keeper: Option<Keeper>,
    /// Gates taken since the last were prepared.
    taken: usize,
    pub(super) gates: VecDeque<Gate>,
    pub(super) commands: BTreeMap<u64, Command>,
    keys: u64,
    pub(super) orphans: BTreeMap<EffectId, Orphan>,
    pub(super) store: Store,
    pub(super) printed: Printed,
    pub(super) reports: VecDeque<Report>,
    /// `/proc/self/task/TID/children` of the main thread: where everything whose parent died comes to.
    pub(super) children: Option<File>,
    /// Left behind by commands that succeeded: known, named in their outcome, and let be.
    pub(super) tolerated: BTreeSet<(u32, u64)>,
    pub(super) swept: Instant,
    buffer: Box<[u8]>,
    events: Vec<epoll::Event>,
    pub(super) synced: (mpsc::UnboundedSender<u64>, mpsc::UnboundedReceiver<u64>),
    flow: Flow,
}

/// What the last turn left in the pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Drained,
    /// As `Drained`, and a command that prints without end prints: its pipe is worth reading when it is full.
    Flood,
    /// More than one turn takes.
    More,
}

/// Gates that wait where many commands start at once.
const MOST_READY: usize = 16;
/// Bytes read at once.
const CHUNK: usize = 64 * 1024;
/// Chunks of one stream before another has its turn.
const TURN: usize = 16;
/// A command that has printed so many bytes floods.
const MUCH: u64 = 1 << 20;
/// How long the pipe of one that floods is let fill. A reader that is woken for every write of the command costs
/// both more than the reading, and a large pipe takes about three times this long to be full.
const FILLS: Duration = Duration::from_micros(250);

impl Processes {
    /// Makes this program the reaper of what its commands leave behind. Call it inside a tokio runtime.
    pub fn begin(settings: Settings) -> io::Result<Processes> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let mine = std::process::id();
        Ok(Processes {
            boot_id: crate::clock::boot_id().to_owned(),
            epoll: crate::os::readable(epoll::create(epoll::CreateFlags::CLOEXEC)?)?,
            keeper: None,
            taken: 0,
            gates: VecDeque::new(),
            commands: BTreeMap::new(),
            keys: 0,
            orphans: BTreeMap::new(),
            store: Store::new(&settings.output, settings.cap),
            printed: Printed::beside(&settings.output),
            reports: VecDeque::new(),
            children: File::open(format!("/proc/self/task/{mine}/children")).ok(),
            tolerated: BTreeSet::new(),
            swept: Instant::now(),
            buffer: vec![0; CHUNK].into_boxed_slice(),
            events: Vec::with_capacity(64),
            synced: mpsc::unbounded_channel(),
            flow: Flow::Drained,
            settings,
        })
    }

    /// Starts gates until `ready` of them wait, or more where more were taken at once before. Where one cannot
    /// be started, [`Processes::admit`] will say so.
    pub fn prepare(&mut self, ready: usize) {
        let taken = std::mem::take(&mut self.taken);
        let ready = ready.max(taken.min(MOST_READY));
        while self.gates.len() < ready {
            match self.gate() {
                Ok(gate) => self.gates.push_back(gate),
                Err(_) => break,
            }
        }
    }

    /// A copy of the keeper, which is started with the first; where it was killed, a gate by itself.
    fn gate(&mut self) -> Result<Gate, String> {
        let keeper = match &self.keeper {
            Some(keeper) => keeper,
            None => self.keeper.insert(Keeper::start(&self.settings)?),
        };
        match keeper.gate()? {
            Some(gate) => Ok(gate),
            None => {
                self.keeper = None;
                Gate::start(&self.settings, Heard::Alone)
            }
        }
    }

    /// Takes a waiting gate, or starts one, for an effect. The error is a plain sentence for `NotStarted`.
    pub fn admit(&mut self, id: EffectId, manner: &Manner) -> Result<Identity, String> {
        let interactive = *manner == Manner::Interactive;
        // A gate may have died while it waited, of a signal that was meant for the engine's group; and none comes
        // of those that were asked of a keeper which was killed. Only new ones count.
        let mut started = 0;
        while started < 3 {
            let waiting = match interactive {
                true => None,
                false => self.gates.pop_front(),
            };
            started += usize::from(waiting.is_none());
            let gate = match (waiting, interactive) {
                (Some(gate), _) => gate,
                (None, true) => Gate::start(&self.settings, Heard::AtTheTerminal)?,
                (None, false) => self.gate()?,
            };
            let Some(ready) = gate.hear()? else {
                continue;
            };
            let identity = Identity {
                pid: ready.pid,
                start_time: ready.start_time,
                boot_id: self.boot_id.clone(),
                cgroup: ready.cgroup,
            };
            self.keys += 1;
            self.taken += 1;
            let pipe = |fd| Pipe {
                fd,
                sink: None,
                big: None,
            };
            self.commands.insert(
                self.keys,
                Command {
                    id,
                    identity: identity.clone(),
                    origin: Some(ready.origin),
                    channel: ready.channel,
                    exit: Some(ready.exit),
                    out: pipe(ready.out),
                    err: pipe(ready.err),
                    manner: manner.clone(),
                    far: None,
                    keep: Keep::Tail,
                    phase: Phase::Admitted,
                    began: Instant::now(),
                    elapsed: Duration::ZERO,
                    stopping: None,
                    looks: 0,
                    never_ran: None,
                    leaked: Vec::new(),
                    live: Live::default(),
                    terminal: None,
                    wake: None,
                },
            );
            return Ok(identity);
        }
        Err("the processes that wait to become commands die before they can".to_owned())
    }

    /// Opens the gate of an admitted effect. Call it after its identity is durable. Whatever goes wrong from
    /// here on is a report.
    pub fn open(&mut self, id: EffectId, launch: Launch, redactors: Redactors) {
        let Some(key) = self.key(id) else {
            self.fact(Event::NotStarted {
                effect: id,
                why: "it was not admitted".to_owned(),
            });
            return;
        };
        let log = (launch.manner == Manner::Background).then(|| Log {
            path: self.log(id),
            cap: self.settings.cap,
            secrets: redactors.secrets,
        });
        let Some(command) = self.commands.get_mut(&key) else {
            return;
        };
        command.began = Instant::now();
        command.phase = Phase::Running;
        command.keep = launch.keep;
        if launch.manner != Manner::Interactive {
            command.far = launch.far.as_ref().map(|far| far.name.clone());
        }
        command.out.sink = Some(Sink::new(redactors.out, launch.keep));
        command.err.sink = Some(Sink::new(redactors.err, launch.keep));
        if launch.manner == Manner::Interactive {
            command.terminal = File::open("/dev/tty").ok().and_then(|tty| {
                let attributes = rustix::termios::tcgetattr(&tty).ok()?;
                Some((tty, attributes))
            });
            command.wake = Some(Instant::now() + ORPHAN_LOOK);
        }
        let spec = Spec {
            line: launch.line,
            dir: launch.dir,
            env: launch.env,
            log,
            far: launch.far,
        };
        let watched = watch(self.epoll.get_ref(), key, command);
        let sent = watched.and_then(|()| super::start::send(&command.channel, &spec.to_bytes()));
        if let Err(error) = sent {
            command.never_ran = Some(format!("it could not be started: {}", plainly(&error)));
            signal_group(command.identity.pid, Signal::KILL);
        }
    }

    /// Stops the tree of a running command or a watched orphan: TERM to all of it, grace, KILL; a second call
    /// with [`Urgency::Kill`] cuts the grace short. A command that has already ended keeps its exit.
    pub fn stop(&mut self, id: EffectId, urgency: Urgency) {
        let now = Instant::now();
        let kill_at = match urgency {
            Urgency::Grace => now + self.settings.grace,
            Urgency::Kill => now,
        };
        if let Some(orphan) = self.orphans.get_mut(&id) {
            if orphan.kill_at.is_none() {
                signal_all(
                    &tree::members(&orphan.identity, &BTreeSet::new()),
                    Signal::TERM,
                );
            }
            orphan.kill_at = Some(orphan.kill_at.map_or(kill_at, |before| before.min(kill_at)));
            orphan.look_at = now;
            return;
        }
        let Some(key) = self.key(id) else {
            return;
        };
        // The exit wins, if it came before anything was done about it.
        if self.phase(key) == Some(Phase::Running) && self.has_ended(key) {
            self.exited(key);
        }
        let Some(command) = self.commands.get_mut(&key) else {
            return;
        };
        match command.phase {
            Phase::Admitted => {
                signal_group(command.identity.pid, Signal::KILL);
                command.never_ran = Some("it was stopped before it began".to_owned());
                command.phase = Phase::Running;
                if let Err(error) = watch(self.epoll.get_ref(), key, command) {
                    command.never_ran = Some(plainly(&error));
                }
            }
            Phase::Running => {
                let signal = match urgency {
                    Urgency::Grace => Signal::TERM,
                    Urgency::Kill => Signal::KILL,
                };
                if command.far.is_some() {
                    // Its tree is elsewhere: its connection passes the word on.
                    super::ending::pass_on(command, signal);
                    let before = command.stopping.take();
                    let kill_at = before.map_or(kill_at, |before| before.kill_at.min(kill_at));
                    command.stopping = Some(Stopping {
                        signal,
                        kill_at,
                        told: BTreeSet::new(),
                    });
                    let end_at = kill_at + self.settings.kill_grace;
                    command.wake = Some(match urgency {
                        Urgency::Grace => kill_at,
                        Urgency::Kill => end_at,
                    });
                    return;
                }
                signal_group(command.identity.pid, signal);
                // A stopped process does nothing about TERM until it goes on.
                signal_group(command.identity.pid, Signal::CONT);
                let before = command.stopping.take();
                command.stopping = Some(Stopping {
                    signal,
                    kill_at: before.map_or(kill_at, |before| before.kill_at.min(kill_at)),
                    told: BTreeSet::new(),
                });
                command.wake = Some(now + REST);
            }
            Phase::Draining { .. } if urgency == Urgency::Kill => {
                command.phase = Phase::Draining { until: now };
                command.wake = Some(now);
            }
            Phase::Sweeping { kill_at: before } => {
                command.phase = Phase::Sweeping {
                    kill_at: before.min(kill_at),
                };
                command.wake = Some(now);
            }
            Phase::Draining { .. } | Phase::Syncing => {}
        }
    }

    /// What became of a process of an earlier engine. Signals nobody. A gate that is only just seeing that its
    /// engine is gone, and a command that is just ending, are waited for, up to a second.
    pub fn inspect(identity: &Identity) -> Found {
        if identity.boot_id != crate::clock::boot_id() || has(Weakness::OrphanIgnored) {
            return Found::Gone;
        }
        let until = Instant::now() + Duration::from_secs(1);
        loop {
            let living = tree::members(identity, &BTreeSet::new());
            let only_a_gate = living.iter().all(|process| {
                process.pid == identity.pid
                    && (tree::is_gate(process.pid) || tree::is_ending(process.pid))
            });
            if !tree::still_works(identity, &living) {
                return Found::Gone;
            }
            if !only_a_gate || Instant::now() > until {
                return Found::Alive {
                    processes: living.iter().map(tree::shown).collect(),
                };
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Watches an orphan; `Found` with `Gone` is reported when nobody of its tree works any more; once it is
    /// stopped, when nothing of it lives.
    pub fn adopt(&mut self, id: EffectId, identity: &Identity) {
        self.orphans.insert(
            id,
            Orphan {
                identity: identity.clone(),
                kill_at: None,
                look_at: Instant::now(),
            },
        );
    }

    /// Between two signs of life of a connection to another machine.
    pub fn beat(&self) -> Duration {
        self.settings.beat
    }

    /// How many commands and orphans are not over yet; gates that wait and background commands do not count.
    pub fn running(&self) -> usize {
        let commands = self
            .commands
            .values()
            .filter(|command| command.manner != Manner::Background);
        commands.count() + self.orphans.len()
    }

    /// The next report. Pending for ever while nothing runs; safe to cancel.
    pub async fn next(&mut self) -> Report {
        enum Woken {
            Descriptors,
            Synced(u64),
            Time,
        }
        loop {
            if let Some(report) = self.reports.pop_front() {
                return report;
            }
            self.due(Instant::now());
            if !self.reports.is_empty() {
                continue;
            }
            if self.flow != Flow::Drained {
                if self.flow == Flow::Flood {
                    // Not by tokio's clock: its shortest sleep is long enough for a pipe to be full and wait.
                    std::thread::sleep(FILLS);
                }
                self.turn();
                tokio::task::yield_now().await;
                continue;
            }
            let wake = self.nearest();
            let woken = tokio::select! {
                biased;
                ready = self.epoll.readable() => {
                    if let Ok(mut ready) = ready {
                        // Before the turn: what comes during it is then a readiness of its own.
                        ready.clear_ready();
                    }
                    Woken::Descriptors
                }
                Some(key) = self.synced.1.recv() => Woken::Synced(key),
                () = until(wake) => Woken::Time,
            };
            match woken {
                Woken::Descriptors => self.turn(),
                Woken::Synced(key) => self.report(key),
                Woken::Time => {}
            }
        }
    }

    /// Hears what has happened by now, whether or not the runtime has heard of it: an engine that was stopped and
    /// goes on sees the time first, and its commands may have ended long before.
    pub fn look(&mut self) {
        self.turn();
    }

    pub(super) fn fact(&mut self, event: Event) {
        self.reports.push_back(Report::Fact(event));
    }

    fn key(&self, id: EffectId) -> Option<u64> {
        let mut found = self.commands.iter().filter(|(_, command)| command.id == id);
        found.next_back().map(|(key, _)| *key)
    }

    fn phase(&self, key: u64) -> Option<Phase> {
        self.commands.get(&key).map(|command| command.phase)
    }

    pub(super) fn log(&self, id: EffectId) -> PathBuf {
        let mut name = self.settings.output.clone().into_os_string();
        name.push(format!(".{}", id.0));
        name.into()
    }

    fn has_ended(&self, key: u64) -> bool {
        self.commands
            .get(&key)
            .is_some_and(|command| peek(command.identity.pid).is_some())
    }

    /// Handles everything the descriptors have to say now.
    fn turn(&mut self) {
        self.flow = Flow::Drained;
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        let now = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let waited = epoll::wait(
            self.epoll.get_ref(),
            rustix::buffer::spare_capacity(&mut events),
            Some(&now),
        );
        if waited.is_err() || events.len() == events.capacity() {
            self.flow = Flow::More;
        }
        for event in &events {
            let data = event.data.u64();
            let (key, what) = (data >> 2, data & 3);
            match what {
                OUT => self.pump(key, Stream::Out, event.flags),
                ERR => self.pump(key, Stream::Err, event.flags),
                EXIT => self.exited(key),
                // CHANNEL, the last of the four.
                _ => self.heard(key),
            }
        }
        self.events = events;
    }

    pub(super) fn pump(&mut self, key: u64, stream: Stream, flags: epoll::EventFlags) {
        let Some(command) = self.commands.get_mut(&key) else {
            return;
        };
        let pipe = match stream {
            Stream::Out => &mut command.out,
            Stream::Err => &mut command.err,
        };
        let (Some(fd), Some(sink)) = (&pipe.fd, &mut pipe.sink) else {
            return;
        };
        let hung_up = flags.contains(epoll::EventFlags::HUP);
        let mut over = hung_up && !flags.contains(epoll::EventFlags::IN);
        let mut reads = 0;
        while !over {
            if reads == TURN {
                self.flow = Flow::More;
                break;
            }
            reads += 1;
            match rustix::io::read(fd, &mut self.buffer[..]) {
                Ok(0) => over = true,
                Ok(length) => {
                    let clean = sink.take(&self.buffer[..length], &mut self.store);
                    command.live.push(stream, clean);
                    self.printed.hears(command.id, clean);
                    if pipe.big.is_none() && sink.total() >= CHUNK as u64 {
                        let _ = rustix::pipe::fcntl_setpipe_size(fd, 1 << 20);
                        pipe.big = Some(Big);
                    }
                    if length < CHUNK {
                        // All there was; and where nobody can write any more, all there will be.
                        over = hung_up;
                        if sink.total() >= MUCH && self.flow == Flow::Drained {
                            self.flow = Flow::Flood;
                        }
                        break;
                    }
                }
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => over = true,
            }
        }
        if over {
            let rest = sink.end(&mut self.store);
            command.live.push(stream, rest);
            self.printed.hears(command.id, rest);
            pipe.fd = None;
            let both = command.out.fd.is_none() && command.err.fd.is_none();
            let ending = matches!(
                command.phase,
                Phase::Draining { .. } | Phase::Sweeping { .. }
            );
            if both && ending {
                self.settle(key);
            }
        }
        self.show(key, Instant::now());
    }

    /// Passes on what there is to see, where its time has come.
    pub(super) fn show(&mut self, key: u64, now: Instant) {
        if let Some(command) = self.commands.get_mut(&key) {
            let id = command.id;
            for piece in command.live.ready(now) {
                self.reports.push_back(Report::Output {
                    id,
                    stream: piece.stream,
                    bytes: piece.bytes,
                    skipped: piece.skipped,
                });
            }
        }
    }

    pub(super) fn wake(&mut self, key: u64, at: Instant) {
        if let Some(command) = self.commands.get_mut(&key) {
            command.wake = Some(at);
        }
    }

    fn nearest(&self) -> Option<Instant> {
        let commands = self.commands.values();
        let commands = commands.flat_map(|command| [command.wake, command.live.wake()]);
        let orphans = self.orphans.values().map(|orphan| Some(orphan.look_at));
        let sweep = (!self.commands.is_empty()).then(|| self.swept + SWEEP);
        commands.chain(orphans).chain([sweep]).flatten().min()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.gates.iter().for_each(Gate::leave);
        for command in self.commands.values() {
            tree::forget(command.identity.pid);
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
