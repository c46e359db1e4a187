//! What must hold, whatever happens. It sees the world as it really is, and what the engine makes of it.
//!
//! | promise | where |
//! |---|---|
//! | what was shown is in the journal for ever | [`Watch::shows`], [`Watch::taken_up`] |
//! | nothing that acts is let go twice without a word from somebody | [`Watch::lets_go`] |
//! | what nobody knows is asked about | [`Watch::lets_go`], [`Watch::ends`] |
//! | undone newest first, once, and only what was begun | [`Watch::undoes`] |
//! | no wait ends early, nor late while somebody is awake | [`Watch::tells`] |

use std::collections::{BTreeMap, BTreeSet};

use runbook_core::effect::{Notice, Verdict};
use runbook_core::event::{Event, Found};

use super::machine::{Machine, Process};
use super::runbooks::{About, Made};
use runbook_plan::command::Mark;

/// How late a wait may end while the engine is awake, in milliseconds.
const LATE: i64 = 1_000 + A_TURN;
/// And when the machine has just been woken.
const LATE_AFTER_SLEEP: i64 = 30_000 + A_TURN;
/// What is longer than any command that does not hang, and no longer than what is left of its step's timeout
/// behind two other commands.
const TIMEOUT: i64 = 13_000;
/// Between a fact and its being told the clock goes on a little.
const A_TURN: i64 = 100;

/// A fact that a journal may or may not have kept, by its number there.
enum Known {
    /// How a process ended.
    Ended(usize),
    /// What a person said, by the text of the question, and the process it was about.
    Answered(String, Option<usize>),
}

/// What a person says of an undo instead of having it run.
const SKIPPED: &str = "its undo was skipped";
const BY_HAND: &str = "undone by hand";

struct Begun {
    key: String,
    /// A command of it was let go, not only got ready.
    let_go: bool,
    undo_started: bool,
    undone: bool,
}

struct Wait {
    since: i64,
    lasts: i64,
    wall_off: i64,
    boots: u32,
}

#[derive(Default)]
pub struct Watch {
    pub faults: Vec<String>,
    facts: Vec<(u64, Known)>,
    /// Records below this number were shown or acted on.
    acknowledged: u64,
    /// Records below this number are said to be durable.
    durable: u64,
    /// Let go by an engine that did not learn how they ended.
    lost: BTreeSet<usize>,
    /// A question about it was put.
    put: BTreeSet<usize>,
    begun: Vec<Begun>,
    waits: BTreeMap<String, Wait>,
    /// Since when the engine has been there, in true time.
    pub alive_since: i64,
    pub awake_since: i64,
    /// The wall clock when an engine first looked at it after the last boot, and at each engine since: the
    /// first of them whose word is in the journal counts.
    wall_off: Vec<i64>,
    boots: u32,
    /// Something was in doubt, so the end may differ from that of an undisturbed run.
    pub doubts: u32,
    pub questions: u32,
    pub waits_seen: u32,
    /// A clock passed, and what it stopped depends on when.
    pub passed: bool,
    /// A clock was looked at, or a command of an earlier engine is gone, and nothing has been told since.
    ticked: bool,
    gone: bool,
    /// Told to stop, and not to park.
    stopped: BTreeSet<usize>,
    /// Steps that somebody undid by hand, or left as they are, and how many processes there were by then.
    by_hand: Vec<(String, usize)>,
    /// Steps of which nobody knows whether a lost record began them.
    unsure: BTreeSet<String>,
    /// The moment of the last event, in true time and by the wall.
    last: (i64, i64),
    /// Each time a machine was up again with a clock behind that: since when, and for how long it was gone.
    untold: Vec<(i64, i64)>,
}

impl Watch {
    fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    /// A record of this number is about to be added for a process that ended.
    pub fn hears_end(&mut self, seq: u64, process: usize) {
        self.facts.push((seq, Known::Ended(process)));
    }

    pub fn hears_answer(&mut self, seq: u64, text: String, about: Option<usize>) {
        self.facts.push((seq, Known::Answered(text, about)));
    }

    /// How often this question has been answered, as far as the journal goes.
    pub fn answers(&self, text: &str) -> usize {
        let same = |known: &Known| matches!(known, Known::Answered(other, _) if other == text);
        self.facts.iter().filter(|(_, known)| same(known)).count()
    }

    fn settled(&self, process: usize) -> bool {
        self.facts.iter().any(|(_, known)| match known {
            Known::Ended(of) => *of == process,
            Known::Answered(_, about) => *about == Some(process),
        })
    }

    /// Something leaves the engine: it is shown, or it acts.
    pub fn shows(&mut self, seq: u64, pending: bool) {
        if !pending {
            self.durable = seq;
        }
        let believed = self.facts.last().map_or(0, |(seq, _)| seq + 1);
        if pending && believed > self.durable {
            self.fault("something was shown before what it rests on was durable".into());
        }
        self.acknowledged = self.acknowledged.max(self.durable);
    }

    /// The engine is gone.
    pub fn engine_gone(&mut self, machine: &Machine) {
        // What it had to tell of a clock, it may have taken with it.
        if std::mem::take(&mut self.ticked) {
            self.passed = true;
            self.waits
                .retain(|_, wait| machine.now < wait.since + wait.lasts);
        }
        let lost = self.unsettled(machine);
        self.lost.extend(lost);
        if std::mem::take(&mut self.gone) {
            self.put.extend(self.lost.intersection(&self.stopped));
        }
    }

    /// What acts, was let go, and of which the journal knows no end.
    fn unsettled(&self, machine: &Machine) -> Vec<usize> {
        let processes = machine.processes.iter().enumerate();
        processes
            .filter(|(_, process)| process.mark == Mark::Act && process.ever_let_go())
            .map(|(at, _)| at)
            .filter(|at| !self.settled(*at))
            .collect()
    }

    /// Somebody ends the run, whatever is under way.
    pub fn given_up(&mut self, machine: &Machine) {
        self.put.extend(self.unsettled(machine));
    }

    /// Held back for a lost record, and stopped before anybody said anything.
    pub fn may_have_begun(&mut self, key: String) {
        self.unsure.insert(key);
    }

    /// An engine begins to look at the clocks.
    pub fn wakes(&mut self, machine: &Machine) {
        if self.boots != machine.boots {
            self.boots = machine.boots;
            self.wall_off.clear();
            let (then, wall) = self.last;
            if machine.now + machine.wall_off < wall {
                self.untold.push((then, machine.now - then));
            }
        }
        self.wall_off.push(machine.wall_off);
        self.alive_since = machine.now;
    }

    /// A fact is about to be added.
    pub fn sees(&mut self, machine: &Machine, event: &Event) {
        self.last = (machine.now, machine.now + machine.wall_off);
        self.ticked |= *event == Event::Ticked;
        self.gone |= matches!(
            event,
            Event::Found {
                found: Found::Gone,
                ..
            }
        );
    }

    /// An engine takes the run up and finds so many records.
    pub fn taken_up(&mut self, records: u64, machine: &Machine) {
        if records < self.acknowledged {
            let text = format!(
                "the journal has {records} records, and {} were acknowledged",
                self.acknowledged
            );
            self.fault(text);
        }
        self.facts.retain(|(seq, _)| *seq < records);
        self.engine_gone(machine);
        let lost: Vec<usize> = self.lost.iter().copied().collect();
        self.lost = lost.into_iter().filter(|at| !self.settled(*at)).collect();
        self.doubts += u32::try_from(self.lost.len()).unwrap_or(0);
    }

    /// The process that a question about this command is about.
    pub fn in_doubt(&self, machine: &Machine, verb: &str, key: &str) -> Option<usize> {
        let about = |process: &Process| process.verb == verb && process.key == key;
        self.lost
            .iter()
            .rev()
            .copied()
            .find(|at| about(&machine.processes[*at]) && !self.settled(*at))
    }

    /// A question about a command of an earlier engine is put, and about which process it is.
    pub fn puts(&mut self, process: Option<usize>) {
        self.questions += 1;
        self.doubts += 1;
        self.put.extend(process);
    }

    /// A command that acts got its process.
    pub fn readies(&mut self, verb: &str, key: &str, about: &About) {
        let undo = acts_for_its_step(verb) && about.undo;
        if !undo {
            return;
        }
        // What an engine got ready and took to its grave began nothing.
        self.begun
            .retain(|begun| begun.key != key || begun.let_go || begun.undone || begun.undo_started);
        let open = |begun: &Begun| begun.key == key && !begun.undone && !begun.undo_started;
        if !self.begun.iter().any(open) {
            self.begun.push(Begun {
                key: key.to_owned(),
                let_go: false,
                undo_started: false,
                undone: false,
            });
        }
    }

    /// A command that acts is let go.
    pub fn lets_go(&mut self, machine: &Machine, at: usize, made: &Made) {
        let process = &machine.processes[at];
        let nothing = About::default();
        let of = |process: &Process| made.steps.get(&process.key).unwrap_or(&nothing);
        let about = of(process);
        for begun in self.begun.iter_mut().rev() {
            if begun.key == process.key && !begun.undone {
                begun.let_go |= acts_for_its_step(&process.verb);
                break;
            }
        }
        let name = format!("{} {}", process.verb, process.key);
        for (other, earlier) in machine.processes.iter().enumerate() {
            if other == at || earlier.mark != Mark::Act || !earlier.ever_let_go() {
                continue;
            }
            let same = earlier.verb == process.verb && earlier.key == process.key;
            let its = of(earlier);
            if !same && its.beside(about) {
                continue;
            }
            let its_name = format!("{} {}", earlier.verb, earlier.key);
            if earlier.lives() && !earlier.remote {
                self.faults.push(format!(
                    "`{name}` was let go while `{its_name}` was running"
                ));
            }
            if self.settled(other) {
                continue;
            }
            let repeatable =
                its.repeatable && !matches!(earlier.verb.as_str(), "undo" | "undo-more" | "always");
            let asked_the_system = its.done_if
                && machine.processes.iter().enumerate().any(|(look, process)| {
                    look > other && process.verb == "is-done" && process.key == earlier.key
                });
            // An attempt that ran out of time undoes what it began, whatever became of it.
            let by_hand = |(key, then): &(String, usize)| *key == earlier.key && other < *then;
            let undone = its.undo
                && ((!same && made.clocks)
                    || self.by_hand.iter().any(by_hand)
                    || machine
                        .processes
                        .iter()
                        .enumerate()
                        .any(|(later, process)| {
                            later > other
                                && process.verb == "undo"
                                && process.key == earlier.key
                                && process.ever_let_go()
                        }));
            // It outlived its timeout and was stopped: then its `retry` has the word.
            let overdue = its.timeout && earlier.lived_ms() >= TIMEOUT;
            let known = repeatable
                || overdue
                || asked_the_system
                || undone
                || (!same && self.put.contains(&other));
            if !known {
                let how = if same { "again" } else { "after it" };
                self.faults.push(format!(
                    "`{name}` was let go {how}, and nobody knows what became of `{its_name}`"
                ));
            }
        }
        if process.verb == "undo" {
            self.undoes(&process.key, about, made);
        }
    }

    fn undoes(&mut self, key: &str, about: &About, made: &Made) {
        let Some(at) = self.begun.iter().rposition(|begun| begun.key == key) else {
            if !about.request && !self.unsure.contains(key) {
                self.fault(format!("`{key}` was undone, and never begun"));
            }
            return;
        };
        if self.begun[at].undone {
            // What was to be sent, and may not have been, is undone as well.
            if !about.request {
                self.fault(format!("`{key}` was undone twice"));
            }
            return;
        }
        let above = self.begun[at + 1..].iter().find(|begun| {
            let beside = made
                .steps
                .get(&begun.key)
                .is_some_and(|it| it.beside(about));
            begun.let_go && !begun.undo_started && !beside
        });
        if let Some(above) = above {
            let text = format!(
                "`{key}` was undone before `{}`, which came later",
                above.key
            );
            self.fault(text);
        }
        self.begun[at].undo_started = true;
    }

    /// Somebody undid it by hand, or leaves it as it is.
    pub fn undone_by_hand(&mut self, machine: &Machine, path: &str) {
        let key = key_of_path(path);
        self.by_hand.push((key, machine.processes.len()));
        self.undo_is_over(path);
    }

    fn undo_is_over(&mut self, path: &str) {
        let key = key_of_path(path);
        if let Some(begun) = self.begun.iter_mut().rfind(|begun| begun.key == key) {
            begun.undo_started = true;
        }
    }

    /// A command was stopped: some time limit passed, told or not.
    pub fn stops(&mut self) {
        self.passed = true;
    }

    /// A command is told to stop, and not for the run to be parked.
    pub fn tells_to_stop(&mut self, process: usize) {
        self.stopped.insert(process);
    }

    pub fn tells(&mut self, machine: &Machine, notice: &Notice) {
        let nothing_yet = matches!(notice, Notice::Resumed { .. });
        self.ticked &= nothing_yet;
        self.gone &= nothing_yet;
        match notice {
            Notice::UndoDone { path, .. } => {
                let key = key_of_path(path);
                if let Some(begun) = self
                    .begun
                    .iter_mut()
                    .rfind(|begun| begun.key == key && !begun.undone)
                {
                    begun.undone = true;
                    begun.undo_started = true;
                }
            }
            // What could not be undone is done with as well.
            Notice::UndoFailed { path, .. } => self.undo_is_over(path),
            Notice::Deviation { path, what, .. } if [SKIPPED, BY_HAND].contains(&what.as_str()) => {
                self.undone_by_hand(machine, path);
            }
            Notice::Settled { command, .. } => {
                let (verb, key) = super::operator::read(command);
                self.put.extend(self.in_doubt(machine, &verb, &key));
            }
            Notice::DeadlinePassed { .. }
            | Notice::Ran {
                verdict: Verdict::TimedOut,
                ..
            } => self.passed = true,
            // Nothing ran when it passed.
            Notice::StepFailed { why, .. } if why.starts_with("timed out") => self.passed = true,
            Notice::AttemptFailed { why, .. } if why.starts_with("not done") => self.passed = true,
            Notice::WaitStarted { path, what, until } if !what.contains("up") => {
                let Some(until) = until else { return };
                self.waits.insert(
                    format!("{path} {what}"),
                    Wait {
                        since: machine.now,
                        lasts: until.at.boot - machine.moment().boot,
                        wall_off: machine.wall_off,
                        boots: machine.boots,
                    },
                );
            }
            Notice::WaitEnded { path, what, .. } => {
                if let Some(wait) = self.waits.remove(&format!("{path} {what}")) {
                    self.waits_seen += 1;
                    self.wait_ended(machine, what, &wait);
                }
            }
            _ => {}
        }
    }

    fn wait_ended(&mut self, machine: &Machine, what: &str, wait: &Wait) {
        // After a reboot the wall clock is all there is, and who set it between has moved the end.
        let seen = || self.wall_off.iter().map(|off| off - wait.wall_off);
        let (least, most) = match machine.boots == wait.boots {
            true => (0, 0),
            false => (seen().min().unwrap_or(0), seen().max().unwrap_or(0)),
        };
        let undisturbed = wait.since + wait.lasts;
        let early = undisturbed - most.max(0) - machine.now;
        if early > A_TURN {
            self.fault(format!("a wait of {what} ended {early} ms early"));
        }
        // Where its clock went back, nobody can say how long a machine was gone, and none of it counts.
        let since = |(then, _): &&(i64, i64)| *then >= wait.since;
        let untold: i64 = self.untold.iter().filter(since).map(|(_, gone)| gone).sum();
        let there = (undisturbed + untold - least.min(0)).max(self.alive_since) + LATE;
        let late = machine.now - there.max(self.awake_since + LATE_AFTER_SLEEP);
        if late > 0 {
            self.fault(format!("a wait of {what} ended {late} ms too late"));
        }
    }

    /// The run is over.
    pub fn ends(&mut self, machine: &Machine, made: &Made) {
        let nothing = About::default();
        for at in self.lost.clone() {
            let process = &machine.processes[at];
            let about = made.steps.get(&process.key).unwrap_or(&nothing);
            let asked = self.settled(at)
                || self.put.contains(&at)
                || (about.undo && made.clocks)
                || (about.timeout && process.lived_ms() >= TIMEOUT);
            if !asked && !about.repeatable && !about.done_if {
                self.faults.push(format!(
                    "the run ended, and nobody was asked about `{} {}`",
                    process.verb, process.key
                ));
            }
        }
    }
}

/// Whether it is what its `undo` undoes.
fn acts_for_its_step(verb: &str) -> bool {
    matches!(verb, "do" | "more" | "post")
}

/// `a5.k3[b]` is `k3 b`.
fn key_of_path(path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or_default();
    last.replace('[', " ").replace(']', "")
}
