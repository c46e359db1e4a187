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
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use runbook_core::effect::{EffectId, Manner, Urgency};
use runbook_core::event::{Captured, Event, Exit, Found, Identity};
use rustix::event::epoll;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use rustix::termios::Termios;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use super::gate::{NEVER_RAN, Spec};
use super::live::Live;
use super::output::{Long, Sink, Store};
use super::start::{Gate, Heard};
use super::tree::{self, Stat, State};
use super::{Keep, Launch, Redactors, Report, Stream};
use crate::error::plainly;
use crate::os::signal_name;

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
        }
    }
}

/// One for each engine, used from one thread, inside a tokio runtime.
pub struct Processes {
    settings: Settings,
    boot_id: String,
    epoll: AsyncFd<OwnedFd>,
    gates: VecDeque<Gate>,
    commands: BTreeMap<u64, Command>,
    keys: u64,
    orphans: BTreeMap<EffectId, Orphan>,
    store: Store,
    reports: VecDeque<Report>,
    /// `/proc/self/task/TID/children` of the main thread: where everything whose parent died comes to.
    children: Option<File>,
    /// Left behind by commands that succeeded: known, named in their outcome, and let be.
    tolerated: BTreeSet<(u32, u64)>,
    swept: Instant,
    buffer: Box<[u8]>,
    events: Vec<epoll::Event>,
    synced: (mpsc::UnboundedSender<u64>, mpsc::UnboundedReceiver<u64>),
    flow: Flow,
}

/// Whether descriptors were left with more to read than one turn takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Drained,
    More,
}

struct Command {
    id: EffectId,
    identity: Identity,
    /// duct's; taken when it is reaped.
    handle: Option<duct::Handle>,
    channel: OwnedFd,
    exit: Option<OwnedFd>,
    out: Pipe,
    err: Pipe,
    manner: Manner,
    keep: Keep,
    phase: Phase,
    began: Instant,
    elapsed: Duration,
    stopping: Option<Stopping>,
    /// The spec could not be given, so nothing ran.
    never_ran: Option<String>,
    leaked: Vec<String>,
    live: Live,
    terminal: Option<(File, Termios)>,
    /// When [`Processes::due`] has to look at it, whatever its descriptors say.
    wake: Option<Instant>,
}

struct Pipe {
    fd: Option<OwnedFd>,
    sink: Option<Sink>,
    big: Option<Big>,
}

/// The pipe was made as large as it may be.
struct Big;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Admitted,
    Running,
    Draining { until: Instant },
    Sweeping { kill_at: Instant },
    Syncing,
}

/// Asked for by the core.
#[derive(Clone, Copy, Debug)]
struct Stopping {
    signal: Signal,
    kill_at: Instant,
    rest: Rest,
}

/// Whether TERM went to those outside of the command's group, too; looking for them takes longer than most
/// commands live after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    ToBeTold { at: Instant },
    Told,
}

struct Orphan {
    identity: Identity,
    kill_at: Option<Instant>,
    look_at: Instant,
}

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;
/// Chunks of one stream before another has its turn.
const TURN: usize = 16;
/// How often a tree that was told to end is looked at.
const LOOK: Duration = Duration::from_millis(10);
const ORPHAN_LOOK: Duration = Duration::from_millis(100);
/// Before TERM goes to those outside of the group.
const REST: Duration = Duration::from_millis(5);
/// How often dead children of dead parents are reaped while something runs.
const SWEEP: Duration = Duration::from_secs(5);

/// What a descriptor in the epoll is of its command: the two low bits of its data.
const OUT: u64 = 0;
const ERR: u64 = 1;
const EXIT: u64 = 2;
const CHANNEL: u64 = 3;

impl Processes {
    /// Makes this program the reaper of what its commands leave behind. Call it inside a tokio runtime.
    pub fn begin(settings: Settings) -> io::Result<Processes> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let mine = std::process::id();
        Ok(Processes {
            boot_id: crate::clock::boot_id().to_owned(),
            epoll: crate::os::readable(epoll::create(epoll::CreateFlags::CLOEXEC)?)?,
            gates: VecDeque::new(),
            commands: BTreeMap::new(),
            keys: 0,
            orphans: BTreeMap::new(),
            store: Store::new(&settings.output, settings.cap),
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

    /// Starts gates until `ready` of them wait. Where one cannot be started, [`Processes::admit`] will say so.
    pub fn prepare(&mut self, ready: usize) {
        while self.gates.len() < ready {
            match Gate::start(&self.settings.gate, Heard::Alone) {
                Ok(gate) => self.gates.push_back(gate),
                Err(_) => break,
            }
        }
    }

    /// Takes a waiting gate, or starts one, for an effect. The error is a plain sentence for `NotStarted`.
    pub fn admit(&mut self, id: EffectId, manner: &Manner) -> Result<Identity, String> {
        let interactive = *manner == Manner::Interactive;
        // A gate may have died while it waited, of a signal that was meant for the engine's group.
        for _ in 0..3 {
            let waiting = match interactive {
                true => None,
                false => self.gates.pop_front(),
            };
            let gate = match (waiting, interactive) {
                (Some(gate), _) => gate,
                (None, true) => Gate::start(&self.settings.gate, Heard::AtTheTerminal)?,
                (None, false) => Gate::start(&self.settings.gate, Heard::Alone)?,
            };
            let Some(ready) = gate.hear()? else {
                continue;
            };
            let identity = Identity {
                pid: ready.pid,
                start_time: ready.start_time,
                boot_id: self.boot_id.clone(),
            };
            self.keys += 1;
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
                    handle: Some(ready.handle),
                    channel: ready.channel,
                    exit: Some(ready.exit),
                    out: pipe(ready.out),
                    err: pipe(ready.err),
                    manner: manner.clone(),
                    keep: Keep::Tail,
                    phase: Phase::Admitted,
                    began: Instant::now(),
                    elapsed: Duration::ZERO,
                    stopping: None,
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
        let log = (launch.manner == Manner::Background).then(|| self.log(id));
        let Some(command) = self.commands.get_mut(&key) else {
            return;
        };
        command.began = Instant::now();
        command.phase = Phase::Running;
        command.keep = launch.keep;
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
                signal_group(command.identity.pid, signal);
                // A stopped process does nothing about TERM until it goes on.
                signal_group(command.identity.pid, Signal::CONT);
                command.stopping = Some(Stopping {
                    signal,
                    kill_at,
                    rest: Rest::ToBeTold { at: now + REST },
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
    /// engine is gone is waited for, up to a second.
    pub fn inspect(identity: &Identity) -> Found {
        if identity.boot_id != crate::clock::boot_id() {
            return Found::Gone;
        }
        let until = Instant::now() + Duration::from_secs(1);
        loop {
            let living = tree::members(identity, &BTreeSet::new());
            let only_a_gate = living
                .iter()
                .all(|process| process.pid == identity.pid && tree::is_gate(process.pid));
            if living.is_empty() {
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

    /// Watches an orphan; `Found` with `Gone` is reported when nothing of its tree lives.
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
            if self.flow == Flow::More {
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

    fn fact(&mut self, event: Event) {
        self.reports.push_back(Report::Fact(event));
    }

    fn key(&self, id: EffectId) -> Option<u64> {
        let mut found = self.commands.iter().filter(|(_, command)| command.id == id);
        found.next_back().map(|(key, _)| *key)
    }

    fn phase(&self, key: u64) -> Option<Phase> {
        self.commands.get(&key).map(|command| command.phase)
    }

    fn log(&self, id: EffectId) -> PathBuf {
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
                _ => self.heard(key),
            }
        }
        self.events = events;
    }

    fn pump(&mut self, key: u64, stream: Stream, flags: epoll::EventFlags) {
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
                    if length < CHUNK {
                        // All there was; and where nobody can write any more, all there will be.
                        over = hung_up;
                        break;
                    }
                    if pipe.big.is_none() {
                        let _ = rustix::pipe::fcntl_setpipe_size(fd, 1 << 20);
                        pipe.big = Some(Big);
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
            pipe.fd = None;
            let both = command.out.fd.is_none() && command.err.fd.is_none();
            if both && matches!(command.phase, Phase::Draining { .. }) {
                self.settle(key);
            }
        }
        self.show(key, Instant::now());
    }

    /// Passes on what there is to see, where its time has come.
    fn show(&mut self, key: u64, now: Instant) {
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

    /// Its process is over; what it started may not be.
    fn exited(&mut self, key: u64) {
        let Some(command) = self.commands.get_mut(&key) else {
            return;
        };
        if command.phase != Phase::Running {
            return;
        }
        command.elapsed = command.began.elapsed();
        command.exit = None;
        command.wake = None;
        let now = Instant::now();
        command.phase = match command.stopping {
            Some(stopping) => Phase::Sweeping {
                kill_at: stopping.kill_at,
            },
            None => Phase::Draining {
                until: now + self.settings.leak_grace,
            },
        };
        let both = epoll::EventFlags::IN;
        self.pump(key, Stream::Out, both);
        self.pump(key, Stream::Err, both);
        self.settle(key);
    }

    /// Goes on with a command whose process is over, as far as it can be gone now.
    fn settle(&mut self, key: u64) {
        let now = Instant::now();
        let Some(command) = self.commands.get(&key) else {
            return;
        };
        let closed = command.out.fd.is_none() && command.err.fd.is_none();
        match command.phase {
            Phase::Draining { until } if !closed && now < until => {
                self.wake(key, until);
            }
            Phase::Draining { .. } => {
                let unknown = self.unknown_children();
                if closed && unknown.is_empty() {
                    return self.conclude(key);
                }
                let (rest, pipes) = self.strays(key, &unknown);
                let Some(command) = self.commands.get_mut(&key) else {
                    return;
                };
                let well = peek(command.identity.pid) == Some(0);
                let mut told = Vec::new();
                for process in rest {
                    if well && !pipes.contains(&process.pid) {
                        command
                            .leaked
                            .push(format!("{} goes on running", tree::shown(&process)));
                        self.tolerated.insert((process.pid, process.start));
                    } else {
                        let why = match pipes.contains(&process.pid) {
                            true => "held its output open and was stopped",
                            false => "was left behind and stopped",
                        };
                        command
                            .leaked
                            .push(format!("{} {why}", tree::shown(&process)));
                        told.push(process);
                    }
                }
                if told.is_empty() {
                    return self.conclude(key);
                }
                signal_all(&told, Signal::TERM);
                command.phase = Phase::Sweeping {
                    kill_at: now + self.settings.leak_grace,
                };
                self.wake(key, now + LOOK);
            }
            Phase::Sweeping { kill_at } => {
                let unknown = self.unknown_children();
                if closed && unknown.is_empty() {
                    return self.conclude(key);
                }
                let (rest, _) = self.strays(key, &unknown);
                if rest.is_empty() {
                    return self.conclude(key);
                }
                if let Some(stopping) = self
                    .commands
                    .get_mut(&key)
                    .and_then(|command| command.stopping.as_mut())
                    && stopping.rest != Rest::Told
                {
                    stopping.rest = Rest::Told;
                    signal_all(&rest, stopping.signal);
                }
                if now >= kill_at + self.settings.kill_grace {
                    return self.lose(key, &rest);
                }
                if now >= kill_at {
                    signal_all(&rest, Signal::KILL);
                    if let Some(stopping) = self
                        .commands
                        .get_mut(&key)
                        .and_then(|command| command.stopping.as_mut())
                    {
                        stopping.signal = Signal::KILL;
                    }
                }
                self.wake(key, now + LOOK);
            }
            Phase::Admitted | Phase::Running | Phase::Syncing => {}
        }
    }

    fn wake(&mut self, key: u64, at: Instant) {
        if let Some(command) = self.commands.get_mut(&key) {
            command.wake = Some(at);
        }
    }

    /// What lives of a command whose own process is over, and who of them, or else, holds its pipes. Processes
    /// that an earlier command was allowed to leave are not among them.
    fn strays(&self, key: u64, unknown: &[Stat]) -> (Vec<Stat>, BTreeSet<u32>) {
        let Some(command) = self.commands.get(&key) else {
            return (Vec::new(), BTreeSet::new());
        };
        let since = command.identity.start_time;
        let mut pipes = BTreeSet::new();
        for fd in [&command.out.fd, &command.err.fd].into_iter().flatten() {
            if let Ok(name) = std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())) {
                pipes.extend(tree::holders(&name, since));
            }
        }
        let mut also = pipes.clone();
        // A process that threw away its mark, its session and its parents can still only be of the command
        // that ran, where only one did.
        if tree::known().len() <= 1 + self.gates.len() {
            let nobodys = unknown
                .iter()
                .filter(|process| process.start >= since && !tree::carries_any(process.pid));
            also.extend(nobodys.map(|process| process.pid));
        }
        let mut rest = tree::members(&command.identity, &also);
        rest.retain(|process| !self.tolerated.contains(&(process.pid, process.start)));
        (rest, pipes)
    }

    /// Children that came to us because their parents died, and that nobody accounted for yet. The dead among
    /// them are reaped.
    fn unknown_children(&mut self) -> Vec<Stat> {
        self.swept = Instant::now();
        let mut list = vec![0; 4096];
        let mut length = 0;
        if let Some(children) = &self.children {
            while let Ok(read) = children.read_at(&mut list[length..], length as u64) {
                length += read;
                if read == 0 || length < list.len() {
                    break;
                }
                list.resize(2 * length, 0);
            }
        }
        let known = tree::known();
        String::from_utf8_lossy(&list[..length])
            .split_ascii_whitespace()
            .filter_map(|pid| pid.parse::<u32>().ok())
            .filter(|pid| !known.contains(pid) && !super::is_spared(*pid))
            .filter_map(tree::stat)
            .filter(|process| {
                if process.state == State::Zombie {
                    reap(process.pid);
                }
                process.state == State::Alive
                    && !self.tolerated.contains(&(process.pid, process.start))
            })
            .collect()
    }

    /// Nothing of it is left that should not be: reaps it and reports.
    fn conclude(&mut self, key: u64) {
        let mut long = Long::No;
        let Some(command) = self.commands.get_mut(&key) else {
            return;
        };
        for pipe in [&mut command.out, &mut command.err] {
            pipe.fd = None;
            if pipe.sink.as_ref().map(Sink::is_long) == Some(Long::Yes) {
                long = Long::Yes;
            }
        }
        command.wake = None;
        command.phase = Phase::Syncing;
        match (long, self.store.handle()) {
            (Long::Yes, Some(Ok(file))) => {
                let told = self.synced.0.clone();
                tokio::task::spawn_blocking(move || {
                    // What a disk did not take is seen by who reads; the journal's own sync decides.
                    let _ = file.sync_data();
                    let _ = told.send(key);
                });
            }
            _ => self.report(key),
        }
    }

    fn report(&mut self, key: u64) {
        let Some(mut command) = self.commands.remove(&key) else {
            return;
        };
        give_back(command.terminal.take());
        let status = command
            .handle
            .take()
            .and_then(|handle| Some(handle.try_wait().ok()??.status));
        tree::forget(command.identity.pid);
        let id = command.id;
        for piece in command.live.all(&command.out.sink, &command.err.sink) {
            self.reports.push_back(Report::Output {
                id,
                stream: piece.stream,
                bytes: piece.bytes,
                skipped: piece.skipped,
            });
        }
        let mut captured = |pipe: Pipe| {
            pipe.sink
                .map(|sink| sink.captured(&mut self.store))
                .unwrap_or_default()
        };
        let (mut output, stderr) = (captured(command.out), captured(command.err));
        if command.manner == Manner::Background {
            output = background_output(&self.log(id));
        }
        let why = command.never_ran.or_else(|| {
            let code = status.and_then(|status| status.code());
            (code == Some(NEVER_RAN))
                .then(|| super::start::sentence(&command.channel))
                .flatten()
        });
        let event = match (why, status) {
            (Some(why), _) => Event::NotStarted { effect: id, why },
            (None, None) => Event::Lost {
                effect: id,
                why: "its exit status went to somebody else".to_owned(),
            },
            (None, Some(status)) => Event::Exited {
                effect: id,
                exit: match (command.stopping, status.code(), status.signal()) {
                    (Some(stopping), _, _) => Exit::Stopped {
                        signal: signal_name(stopping.signal.as_raw()),
                    },
                    (None, Some(code), _) => Exit::Code(code),
                    (None, None, signal) => Exit::Signal(signal_name(signal.unwrap_or(0))),
                },
                output,
                stderr,
                elapsed_ms: u64::try_from(command.elapsed.as_millis()).unwrap_or(u64::MAX),
                leaked: command.leaked,
            },
        };
        self.fact(event);
    }

    /// KILL did nothing. Nobody knows what it still does.
    fn lose(&mut self, key: u64, living: &[Stat]) {
        if let Some(mut command) = self.commands.remove(&key) {
            give_back(command.terminal.take());
            self.fact(lost(command.id, living));
        }
    }

    /// The channel of a background or interactive command: its end means that the command runs.
    fn heard(&mut self, key: u64) {
        let Some(command) = self.commands.get_mut(&key) else {
            return;
        };
        let _ = epoll::delete(self.epoll.get_ref(), &command.channel);
        // A sentence says that it could not be executed: it is read when the gate has ended.
        let gone = super::start::is_at_its_end(&command.channel);
        if gone && command.manner == Manner::Background && command.phase == Phase::Running {
            let effect = command.id;
            self.fact(Event::LeftRunning { effect });
        }
    }

    /// Does what the time has come for.
    fn due(&mut self, now: Instant) {
        let keys: Vec<u64> = self
            .commands
            .iter()
            .filter(|(_, command)| {
                command.wake.is_some_and(|at| at <= now)
                    || command.live.wake().is_some_and(|at| at <= now)
            })
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            self.show(key, now);
            let Some(command) = self.commands.get_mut(&key) else {
                continue;
            };
            if command.wake.is_none_or(|at| at > now) {
                continue;
            }
            command.wake = None;
            match command.phase {
                Phase::Running => self.look_at_running(key, now),
                _ => self.settle(key),
            }
        }
        let orphans: Vec<EffectId> = self
            .orphans
            .iter()
            .filter(|(_, orphan)| orphan.look_at <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in orphans {
            self.look_at_orphan(id, now);
        }
        if !self.commands.is_empty() && now >= self.swept + SWEEP {
            self.unknown_children();
        }
    }

    fn look_at_running(&mut self, key: u64, now: Instant) {
        let kill_grace = self.settings.kill_grace;
        let Some(command) = self.commands.get_mut(&key) else {
            return;
        };
        let Some(stopping) = &mut command.stopping else {
            if let Some((tty, _)) = &command.terminal {
                keep_in_front(&command.identity, tty);
                command.wake = Some(now + ORPHAN_LOOK);
            }
            return;
        };
        let in_group = command.identity.pid;
        let rest = || {
            let mut rest = tree::members(&command.identity, &BTreeSet::new());
            rest.retain(|process| process.group != in_group);
            rest
        };
        if let Rest::ToBeTold { at } = stopping.rest
            && at <= now
        {
            signal_all(&rest(), stopping.signal);
            stopping.rest = Rest::Told;
        }
        if now >= stopping.kill_at + kill_grace {
            let living = tree::members(&command.identity, &BTreeSet::new());
            return self.lose(key, &living);
        }
        if now >= stopping.kill_at {
            stopping.signal = Signal::KILL;
            signal_group(in_group, Signal::KILL);
            signal_all(&rest(), Signal::KILL);
            command.wake = Some(now + LOOK);
        } else {
            command.wake = Some(stopping.kill_at);
        }
    }

    fn look_at_orphan(&mut self, id: EffectId, now: Instant) {
        let Some(orphan) = self.orphans.get_mut(&id) else {
            return;
        };
        let living = match orphan.identity.boot_id == self.boot_id {
            true => tree::members(&orphan.identity, &BTreeSet::new()),
            false => Vec::new(),
        };
        if living.is_empty() {
            self.orphans.remove(&id);
            self.fact(Event::Found {
                effect: id,
                found: Found::Gone,
            });
            return;
        }
        orphan.look_at = now + ORPHAN_LOOK;
        let Some(kill_at) = orphan.kill_at else {
            return;
        };
        orphan.look_at = now + LOOK;
        if now >= kill_at {
            signal_all(&living, Signal::KILL);
        }
        if now >= kill_at + self.settings.kill_grace {
            self.orphans.remove(&id);
            self.fact(lost(id, &living));
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

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Puts a command's descriptors into the epoll; they leave it when they are closed.
fn watch(epoll: &OwnedFd, key: u64, command: &Command) -> io::Result<()> {
    let add = |fd: &OwnedFd, what: u64| {
        epoll::add(
            epoll,
            fd,
            epoll::EventData::new_u64(key << 2 | what),
            epoll::EventFlags::IN,
        )
    };
    if let Some(fd) = &command.out.fd {
        add(fd, OUT)?;
    }
    if let Some(fd) = &command.err.fd {
        add(fd, ERR)?;
    }
    if let Some(fd) = &command.exit {
        add(fd, EXIT)?;
    }
    if command.manner == Manner::Background {
        add(&command.channel, CHANNEL)?;
    }
    Ok(())
}

fn lost(effect: EffectId, living: &[Stat]) -> Event {
    let names: Vec<String> = living.iter().map(tree::shown).collect();
    Event::Lost {
        effect,
        why: format!("{} cannot be killed", names.join(", ")),
    }
}

fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}

/// Only for a child that has not been reaped: until then its number, and its group's, is its own.
fn signal_group(leader: u32, signal: Signal) {
    if let Some(pid) = pid(leader) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

/// TERM is followed by CONT, since a stopped process does nothing about it until it goes on.
fn signal_all(processes: &[Stat], signal: Signal) {
    for process in processes {
        tree::signal(process, signal);
        if signal == Signal::TERM {
            tree::signal(process, Signal::CONT);
        }
    }
}

/// The exit code of a child that is over, without reaping it; 128 and the signal where one ended it.
fn peek(child: u32) -> Option<i32> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = rustix::process::waitid(WaitId::Pid(pid(child)?), options).ok()??;
    status
        .exit_status()
        .or_else(|| Some(128 + status.terminating_signal()?))
}

fn reap(child: u32) {
    if let Some(pid) = pid(child) {
        let _ = rustix::process::waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
        );
    }
}

/// The terminal is the engine's again, as it was.
fn give_back(terminal: Option<(File, Termios)>) {
    if let Some((tty, attributes)) = terminal {
        let _ = rustix::termios::tcsetpgrp(tty.as_fd(), rustix::process::getpgrp());
        let _ = rustix::termios::tcsetattr(
            tty.as_fd(),
            rustix::termios::OptionalActions::Drain,
            &attributes,
        );
    }
}

/// There is no job control here: an interactive command that was suspended goes on, in the foreground.
fn keep_in_front(identity: &Identity, tty: &File) {
    if tree::is_stopped(identity.pid)
        && let Some(pid) = pid(identity.pid)
    {
        let _ = rustix::termios::tcsetpgrp(tty.as_fd(), pid);
        signal_group(identity.pid, Signal::CONT);
    }
}

/// The end of what a background command printed.
fn background_output(log: &Path) -> Captured {
    let Ok(file) = File::open(log) else {
        return Captured::default();
    };
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut tail = vec![0; usize::try_from(length.min(4096)).unwrap_or(0)];
    let begin = length - tail.len() as u64;
    let read = file.read_exact_at(&mut tail, begin);
    Captured {
        text: String::from_utf8_lossy(&tail).into_owned(),
        bytes: length,
        segment: None,
        flaw: read.err().map(|error| plainly(&error)),
    }
}
