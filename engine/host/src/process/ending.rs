//! How a command ends: its exit, what it leaves behind, what is reported.

use std::collections::BTreeSet;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runbook_core::effect::{EffectId, Manner};
use runbook_core::event::{Event, Exit, Found, Identity};
use rustix::event::epoll;
use rustix::process::Signal;

use super::cgroup;
use super::child::{peek, reap, signal_all, signal_group};
use super::command::{Command, Phase, Pipe, background_output, give_back, keep_in_front};
use super::far::{self, End, Kept};
use super::gate::NEVER_RAN;
use super::output::{Long, Sink};
use super::running::Processes;
use super::start::{Gate, Origin};
use super::tree::{self, Stat, State};
use super::{Report, Stream};
use crate::os::signal_name;

pub(super) struct Orphan {
    pub identity: Identity,
    pub kill_at: Option<Instant>,
    pub look_at: Instant,
}

/// How often a tree that was told to end is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(10);
pub(super) const ORPHAN_LOOK: Duration = Duration::from_millis(100);
/// Looks at a tree that is over before its recorder is given up on.
const PATIENT: u32 = 20;
/// Before TERM goes to those outside of the group.
pub(super) const REST: Duration = Duration::from_millis(5);
/// How often dead children of dead parents are reaped while something runs.
pub(super) const SWEEP: Duration = Duration::from_secs(5);

impl Processes {
    /// Its process is over; what it started may not be.
    pub(super) fn exited(&mut self, key: u64) {
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
        command.phase = match &command.stopping {
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
    pub(super) fn settle(&mut self, key: u64) {
        let now = Instant::now();
        let Some(command) = self.commands.get(&key) else {
            return;
        };
        let closed = command.out.fd.is_none() && command.err.fd.is_none();
        match command.phase {
            Phase::Draining { until } if !closed && now < until => {
                self.wake(key, until);
            }
            Phase::Draining { .. } if !closed && command.manner == Manner::Background => {
                // Somebody it left writes on, to the recorder, which stays as long as they do.
                self.close(key);
                self.settle(key);
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
                    // What made itself a group or a session of its own was meant to stay, as a service is that
                    // a command restarts; what did not is only let be where the command says all is well.
                    let apart = process.group != command.identity.pid;
                    if (well || apart) && !pipes.contains(&process.pid) {
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
                self.look_again(key, now);
            }
            Phase::Sweeping { kill_at } => {
                let unknown = self.unknown_children();
                let left = unknown.iter().any(|process| self.is_of(key, process));
                if closed && !left {
                    return self.conclude(key);
                }
                let looks = self.look_again(key, now);
                // Those that were told to end need a moment for it, and looking for them all takes longer.
                if closed && now < kill_at && !looks.is_power_of_two() {
                    return;
                }
                let (rest, _) = self.strays(key, &unknown);
                if rest.is_empty() {
                    // The recorder needs a moment to see the end.
                    if self.is_recorded(key) && looks < PATIENT {
                        return;
                    }
                    return self.conclude(key);
                }
                if now >= kill_at + self.settings.kill_grace {
                    return self.lose(key, &rest);
                }
                let Some(command) = self.commands.get_mut(&key) else {
                    return;
                };
                if now >= kill_at {
                    if self.tolerated.is_empty() {
                        kill_cgroup(&command.identity);
                    }
                    signal_all(&rest, Signal::KILL);
                    if let Some(stopping) = &mut command.stopping {
                        stopping.signal = Signal::KILL;
                    }
                } else if let Some(stopping) = &mut command.stopping {
                    stopping.tell(command.identity.pid, &rest);
                }
            }
            Phase::Admitted | Phase::Running | Phase::Syncing => {}
        }
    }

    /// Nothing more is expected from its pipes.
    fn close(&mut self, key: u64) {
        if let Some(command) = self.commands.get_mut(&key) {
            command.out.fd = None;
            command.err.fd = None;
        }
    }

    /// Whether a recorder still writes down what it printed.
    fn is_recorded(&self, key: u64) -> bool {
        self.commands
            .get(&key)
            .is_some_and(|command| command.manner == Manner::Background && command.err.fd.is_some())
    }

    /// Looks at a tree that was told to end after one millisecond, then two, at last every ten.
    fn look_again(&mut self, key: u64, now: Instant) -> u32 {
        let Some(command) = self.commands.get_mut(&key) else {
            return 0;
        };
        let wait = LOOK.min(Duration::from_millis(1 << command.looks.min(8)));
        command.wake = Some(now + wait);
        let looks = command.looks;
        command.looks += 1;
        looks
    }

    /// Whether a child that came to us when its parents died was started by this command. One that threw away
    /// its mark, its session and its parents can still only be of the command that ran, where only one did.
    fn is_of(&self, key: u64, process: &Stat) -> bool {
        self.commands.get(&key).is_some_and(|command| {
            let root = &command.identity;
            let cgroup = root.cgroup.as_deref();
            process.start >= root.start_time
                && (process.session == root.pid
                    || process.group == root.pid
                    || tree::carries(process.pid, &tree::mark_of(root))
                    || cgroup.is_some_and(|cgroup| cgroup::holds(cgroup, process.pid))
                    || (tree::known().len()
                        <= 1 + self.gates.iter().map(Gate::counts).sum::<usize>()
                        && !tree::carries_any(process.pid)))
        })
    }

    /// What lives of a command whose own process is over, and who of them, or else, holds its pipes. Processes
    /// that an earlier command was allowed to leave are not among them.
    fn strays(&self, key: u64, unknown: &[Stat]) -> (Vec<Stat>, BTreeSet<u32>) {
        let Some(command) = self.commands.get(&key) else {
            return (Vec::new(), BTreeSet::new());
        };
        let since = command.identity.start_time;
        let mut pipes = BTreeSet::new();
        // Those of a background command are the recorder's.
        let fds = [&command.out.fd, &command.err.fd].into_iter().flatten();
        for fd in fds.filter(|_| command.manner != Manner::Background) {
            if let Ok(name) = std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())) {
                pipes.extend(tree::holders(&name, since));
            }
        }
        let mut also = pipes.clone();
        let came = unknown.iter().filter(|process| self.is_of(key, process));
        also.extend(came.map(|process| process.pid));
        let mut rest = tree::members(&command.identity, &also);
        rest.retain(|process| !self.tolerated.contains(&(process.pid, process.start)));
        (rest, pipes)
    }

    /// Children that came to us because their parents died, and that nobody accounted for yet. The dead among
    /// them are reaped.
    pub(super) fn unknown_children(&mut self) -> Vec<Stat> {
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
        for gate in &mut self.gates {
            gate.listen();
        }
        let known = tree::known();
        let mine = rustix::process::getpgrp()
            .as_raw_nonzero()
            .get()
            .unsigned_abs();
        String::from_utf8_lossy(&list[..length])
            .split_ascii_whitespace()
            .filter_map(|pid| pid.parse::<u32>().ok())
            .filter(|pid| !known.contains(pid) && !super::is_spared(*pid))
            .filter_map(tree::stat)
            // A command has a session of its own, and nobody comes back from it into this group: a child that is in
            // it was started by this program, and whoever started it waits for it.
            .filter(|process| process.group != mine)
            // A gate that has not been heard yet is no leftover.
            .filter(|process| !tree::is_gate(process.pid))
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
                // What a disk did not take is seen by who reads; the journal's own sync decides.
                let (kept, told) = (Arc::new(file), self.synced.0.clone());
                let file = Arc::clone(&kept);
                let syncing = std::thread::Builder::new().spawn(move || {
                    let _ = file.sync_data();
                    let _ = told.send(key);
                });
                if syncing.is_err() {
                    let _ = kept.sync_data();
                    self.report(key);
                }
            }
            _ => self.report(key),
        }
    }

    pub(super) fn report(&mut self, key: u64) {
        let Some(mut command) = self.commands.remove(&key) else {
            return;
        };
        give_back(command.terminal.take());
        let status = match command.origin.take() {
            Some(Origin::Started(handle)) => {
                handle.try_wait().ok().flatten().map(|output| output.status)
            }
            Some(Origin::Copied) => reap(command.identity.pid),
            None => None,
        };
        tree::forget(command.identity.pid);
        let id = command.id;
        self.printed.forget(id);
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
            output = background_output(&self.log(id), self.settings.cap);
        }
        let elapsed_ms = u64::try_from(command.elapsed.as_millis()).unwrap_or(u64::MAX);
        if let (Some(name), None) = (&command.far, &command.never_ran) {
            let said = super::start::sentence(&command.channel);
            let kept = said.as_deref().and_then(Kept::of_text);
            let otherwise = match &command.stopping {
                Some(_) => format!("it was told to end, and `{name}` did not say that it did"),
                None => format!("the connection to `{name}` was ended from outside"),
            };
            let end = End {
                output,
                stderr,
                elapsed_ms,
                // What is of this machine is `ssh` and its like.
                leaked: Vec::new(),
                otherwise,
            };
            self.fact(far::event(id, kept, end));
            return;
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
                elapsed_ms,
                leaked: command.leaked,
            },
        };
        self.fact(event);
    }

    /// KILL did nothing. Nobody knows what it still does.
    fn lose(&mut self, key: u64, living: &[Stat]) {
        if let Some(mut command) = self.commands.remove(&key) {
            give_back(command.terminal.take());
            tree::forget(command.identity.pid);
            let left = living.iter().map(|process| (process.pid, process.start));
            self.tolerated.extend(left);
            self.fact(lost(command.id, living));
        }
    }

    /// The channel of a background or interactive command: its end means that the command runs.
    pub(super) fn heard(&mut self, key: u64) {
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
    pub(super) fn due(&mut self, now: Instant) {
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
        if let (Some(stopping), Some(_)) = (&command.stopping, &command.far) {
            let (kill_at, told) = (stopping.kill_at, stopping.signal);
            if now >= kill_at + kill_grace {
                // Over there nobody hears it, or nobody obeys: only the connection can be ended.
                signal_group(command.identity.pid, Signal::KILL);
                kill_cgroup(&command.identity);
            } else if now >= kill_at && told != Signal::KILL {
                pass_on(command, Signal::KILL);
                if let Some(stopping) = &mut command.stopping {
                    stopping.signal = Signal::KILL;
                }
            }
            command.wake = Some(kill_at + kill_grace);
            return;
        }
        let Some(stopping) = &mut command.stopping else {
            if let Some((tty, _)) = &command.terminal {
                keep_in_front(&command.identity, tty);
                command.wake = Some(now + ORPHAN_LOOK);
            }
            return;
        };
        let in_group = command.identity.pid;
        let living = tree::members(&command.identity, &BTreeSet::new());
        if now >= stopping.kill_at + kill_grace {
            return self.lose(key, &living);
        }
        if now >= stopping.kill_at {
            stopping.signal = Signal::KILL;
            signal_group(in_group, Signal::KILL);
            kill_cgroup(&command.identity);
            signal_all(&living, Signal::KILL);
            command.wake = Some(now + LOOK);
        } else {
            stopping.tell(in_group, &living);
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
        let over = match orphan.kill_at {
            None => !tree::still_works(&orphan.identity, &living),
            Some(_) => living.is_empty(),
        };
        if over {
            self.orphans.remove(&id);
            self.fact(Event::Found {
                effect: id,
                found: Found::Gone,
                printed: String::new(),
            });
            return;
        }
        orphan.look_at = now + ORPHAN_LOOK;
        let Some(kill_at) = orphan.kill_at else {
            return;
        };
        orphan.look_at = now + LOOK;
        if now >= kill_at {
            kill_cgroup(&orphan.identity);
            signal_all(&living, Signal::KILL);
        }
        if now >= kill_at + self.settings.kill_grace {
            self.orphans.remove(&id);
            self.fact(lost(id, &living));
        }
    }
}

/// Has the connection of a command on another machine tell it to end.
pub(super) fn pass_on(command: &Command, signal: Signal) {
    let word: &[u8] = match signal {
        Signal::KILL => b"k",
        _ => b"s",
    };
    // Where nobody takes it, the connection has ended.
    let _ = super::start::send(&command.channel, word);
}

/// At once to all of it, where it has one. Nobody else is in it.
fn kill_cgroup(identity: &Identity) {
    if let Some(cgroup) = &identity.cgroup {
        cgroup::kill(cgroup);
    }
}

fn lost(effect: EffectId, living: &[Stat]) -> Event {
    let names: Vec<String> = living.iter().map(tree::shown).collect();
    Event::Lost {
        effect,
        why: format!("{} cannot be killed", names.join(", ")),
    }
}
