//! The machine that a run is on: its clocks, its processes, and the ledger that commands write to.

use std::collections::BTreeMap;

use runbook_core::event::{Identity, Moment};
use runbook_plan::command::Mark;

use super::chance::{Chance, hash};
use super::runbooks::Made;

/// 2026-01-05T09:00:00Z
const START: i64 = 1_767_603_600_000;

/// How a command goes.
#[derive(Clone, Copy, Debug)]
pub struct Going {
    /// Milliseconds after its gate opens.
    pub acts_after: Option<i64>,
    /// Nothing: it hangs.
    pub ends_after: Option<i64>,
    pub exit: i32,
    /// From a stop to its end.
    pub dies_after: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Waiting,
    Open,
    /// Its engine went away: it ended without having run.
    Shut,
}

#[derive(Clone, Debug)]
pub struct Process {
    pub identity: Identity,
    pub verb: String,
    /// The step and its turn: `k3`, `k3 a`.
    pub key: String,
    pub mark: Mark,
    pub gate: Gate,
    opened_at: i64,
    pub acts_at: Option<i64>,
    pub ends_at: Option<i64>,
    pub acted: bool,
    pub ended: bool,
    pub exit: i32,
    pub stopped: bool,
    pub dies_after: i64,
    /// A request: nothing of it is on this machine.
    pub remote: bool,
}

impl Process {
    pub fn lives(&self) -> bool {
        self.gate == Gate::Open && !self.ended
    }
}

/// Something that was done to the world outside, and cannot be seen not to have been.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Done {
    pub verb: String,
    pub key: String,
}

pub struct Machine {
    pub seed: u64,
    /// A `done if` always knows.
    pub calm: bool,
    pub chance: Chance,
    /// Milliseconds since the world began: the one time that is true.
    pub now: i64,
    /// How far the wall clock is off.
    pub wall_off: i64,
    booted_at: i64,
    pub boots: u32,
    pub processes: Vec<Process>,
    pub ledger: Vec<Done>,
    /// How often something of this text was let go.
    let_go: BTreeMap<String, u64>,
}

impl Machine {
    pub fn new(seed: u64, calm: bool) -> Machine {
        Machine {
            seed,
            calm,
            chance: Chance::new(seed, "machine"),
            now: 0,
            wall_off: 0,
            booted_at: -3_600_000,
            boots: 1,
            processes: Vec::new(),
            ledger: Vec::new(),
            let_go: BTreeMap::new(),
        }
    }

    pub fn moment(&self) -> Moment {
        Moment {
            wall: START + self.now + self.wall_off,
            boot: self.now - self.booted_at,
        }
    }

    pub fn boot_id(&self) -> String {
        format!("boot-{}", self.boots)
    }

    /// Time goes on, and with it what runs.
    pub fn go_to(&mut self, now: i64) {
        while let Some(at) = self.next_act().filter(|at| *at <= now) {
            self.now = at.max(self.now);
            for process in &mut self.processes {
                if process.gate == Gate::Open
                    && !process.acted
                    && process.acts_at == Some(at)
                    && process.ends_at.is_none_or(|end| end >= at)
                    && !process.ended
                {
                    process.acted = true;
                    if process.mark == Mark::Act {
                        self.ledger.push(Done {
                            verb: process.verb.clone(),
                            key: process.key.clone(),
                        });
                    }
                }
                if process.acts_at == Some(at) {
                    process.acts_at = None;
                }
            }
        }
        self.now = self.now.max(now);
        for process in &mut self.processes {
            if process.lives() && process.ends_at.is_some_and(|end| end <= now) {
                process.ended = true;
            }
        }
    }

    fn next_act(&self) -> Option<i64> {
        let waiting = self.processes.iter().filter(|process| process.lives());
        waiting.filter_map(|process| process.acts_at).min()
    }

    /// When the next process ends, of those in `among`.
    pub fn next_end(&self, among: impl Iterator<Item = usize>) -> Option<i64> {
        among.filter_map(|at| self.processes[at].ends_at).min()
    }

    /// A process that waits at its gate. Numbers are given out again and again.
    pub fn fork(&mut self, verb: &str, key: &str, mark: Mark, remote: bool) -> usize {
        let n = self.processes.len();
        let identity = Identity {
            pid: 100 + u32::try_from(n % 5).unwrap_or(0),
            start_time: u64::try_from(n).unwrap_or(0),
            boot_id: self.boot_id(),
            cgroup: None,
        };
        self.processes.push(Process {
            identity,
            verb: verb.to_owned(),
            key: key.to_owned(),
            mark,
            gate: Gate::Waiting,
            opened_at: 0,
            acts_at: None,
            ends_at: None,
            acted: false,
            ended: false,
            exit: 0,
            stopped: false,
            dies_after: 0,
            remote,
        });
        n
    }

    pub fn open(&mut self, at: usize, made: &Made) {
        let (verb, key) = (
            self.processes[at].verb.clone(),
            self.processes[at].key.clone(),
        );
        let text = format!("{verb} {key}");
        let before = self.let_go.entry(text.clone()).or_default();
        let times = *before;
        *before += 1;
        let going = self.going(&verb, &key, times, made);
        let now = self.now;
        let process = &mut self.processes[at];
        process.gate = Gate::Open;
        process.opened_at = now;
        process.acts_at = going.acts_after.map(|after| now + after);
        process.ends_at = going.ends_after.map(|after| now + after);
        process.exit = going.exit;
        process.dies_after = going.dies_after;
    }

    /// Decided by the seed, the text, and how often it was let go before.
    fn going(&self, verb: &str, key: &str, times: u64, made: &Made) -> Going {
        let dice = hash(self.seed, &format!("{verb} {key} {times}"));
        let about = made.steps.get(key);
        let takes = 1 + i64::try_from(dice >> 32).unwrap_or(0) % 8_000;
        let mut going = Going {
            acts_after: Some(takes * i64::try_from(dice % 100).unwrap_or(0) / 100),
            ends_after: Some(takes),
            exit: 0,
            dies_after: if dice.is_multiple_of(3) { 10_000 } else { 5 },
        };
        match verb {
            "look" => {}
            "up" => going.exit = i32::from(times < dice % 4),
            "is-done" => {
                let done = self
                    .ledger
                    .iter()
                    .any(|done| done.verb != "is-done" && done.key == key);
                going.exit = match (hash(self.seed, &format!("asked {key} {times}")) % 8, done) {
                    (0, _) if times > 0 && !self.calm => 2,
                    (_, true) => 0,
                    (_, false) => 1,
                };
            }
            // What was tried often enough goes well.
            _ if times >= 3 => {}
            "undo" | "undo-more" | "always" => {
                if dice.is_multiple_of(11) {
                    going.exit = 1;
                }
            }
            _ => match dice % 9 {
                0 => going.exit = 1,
                1 => {
                    going.exit = 1;
                    going.acts_after = None;
                }
                2 if about.is_some_and(|about| about.timeout) && verb != "post" => {
                    going.ends_after = None;
                    if dice.is_multiple_of(2) {
                        going.acts_after = None;
                    }
                }
                _ => {}
            },
        }
        if verb == "is-done" || verb == "look" || verb == "up" {
            going.acts_after = None;
        }
        going
    }

    pub fn stop(&mut self, at: usize) {
        let now = self.now;
        let process = &mut self.processes[at];
        if process.gate == Gate::Waiting {
            process.gate = Gate::Shut;
            process.ended = true;
            process.stopped = true;
            process.ends_at = Some(now);
        } else if process.lives() && !process.stopped {
            let dies = now + process.dies_after;
            if process.ends_at.is_none_or(|end| end > dies) {
                process.ends_at = Some(dies);
                process.stopped = true;
            }
        }
    }

    /// The engine is gone: what waits at a gate never runs.
    pub fn engine_gone(&mut self) {
        let now = self.now;
        for process in &mut self.processes {
            if process.gate == Gate::Waiting {
                process.gate = Gate::Shut;
                process.ended = true;
                process.ends_at = Some(now);
            }
        }
    }

    /// Everything on the machine is gone; what was sent elsewhere goes on there.
    pub fn reboot(&mut self, down_ms: i64) {
        let now = self.now;
        for process in &mut self.processes {
            if process.lives() && !process.remote {
                process.ended = true;
                process.ends_at = Some(now);
                process.acts_at = None;
            }
        }
        self.go_to(self.now + down_ms);
        self.boots += 1;
        self.booted_at = self.now;
        self.go_to(self.now + self.chance.clone().between(1_000, 60_000));
    }

    /// The machine sleeps: its processes do not go on, and boot time does.
    pub fn suspend(&mut self, ms: i64) {
        for process in &mut self.processes {
            if process.lives() && !process.remote {
                process.acts_at = process.acts_at.map(|at| at + ms);
                process.ends_at = process.ends_at.map(|at| at + ms);
            }
        }
        self.go_to(self.now + ms);
    }
}

impl Process {
    /// Whether it ever ran.
    pub fn ever_let_go(&self) -> bool {
        self.gate == Gate::Open
    }

    /// How long it ran, in milliseconds, or would.
    pub fn lived_ms(&self) -> i64 {
        self.ends_at.map_or(i64::MAX, |end| end - self.opened_at)
    }
}
