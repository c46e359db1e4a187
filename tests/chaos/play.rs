//! One run that is killed, resumed, killed again, and brought to its end by an operator who tells the truth; and
//! the rules that hold then.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ground::{Engine, Ground, Journal, Mark, Round, Seen, Told, Verb, Way};
use super::shapes::{Order, Settling, Shape, name_of};

/// More engines than any run here needs.
const ENGINES: usize = 80;

/// What the operator knows from the ledger about a command in doubt; the journal keeps it as the reason.
const HAS_ENDED: &str = "has ended";
const HAS_FAILED: &str = "has failed";
const DIED: &str = "died in the middle";
const NEVER_BEGAN: &str = "never began";

/// What an undisturbed run does.
#[derive(Clone, Debug)]
pub struct Undisturbed {
    pub shape: Shape,
    pub ledger: Vec<Mark>,
    pub shown: Value,
    pub code: Option<i32>,
    pub took: std::time::Duration,
}

/// How a run is treated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of the first engine, the second, and so on; after these nobody is killed.
    pub ways: Vec<Way>,
    /// Who reads what the first engine says.
    pub seen: Seen,
    /// What is killed: the run, or the undo of a run that is over.
    pub verb: Verb,
}

/// What came of it, where every rule held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Engines that died by our signal.
    pub kills: usize,
    /// Keepers of gates that were killed under an engine that went on.
    pub keepers: usize,
    /// Questions about commands in doubt that were answered.
    pub asked: usize,
    /// Of these, about a command that had never begun.
    pub never_began: usize,
    /// Commands that were shown as done before a kill.
    pub shown_done: usize,
}

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Shown as done, and not in the journal, or asked about, or run again.
    Lost(String),
    /// Run twice, or twice at once, and nobody said so.
    Doubled(String),
    /// The end differs from that of an undisturbed run.
    Differs(String),
    /// Something else: a hang, a process left behind, an exit code that fits nothing.
    Wrong(String),
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.kills += other.kills;
        self.keepers += other.keepers;
        self.asked += other.asked;
        self.never_began += other.never_began;
        self.shown_done += other.shown_done;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} kills and {} of keepers, 0 of {} shown as done lost, 0 doubled, {} asked ({} of them about a command that had not begun)",
            self.kills, self.keepers, self.shown_done, self.asked, self.never_began
        )
    }
}

/// Runs a shape to its end, unharmed; takes it back where `verb` says so.
pub fn undisturbed(engine: &Engine, shape: Shape, verb: Verb) -> Undisturbed {
    let mut ground = Ground::new(&shape);
    let mut verbs = vec![Verb::Run];
    verbs.extend((verb == Verb::Undo).then_some(Verb::Undo));
    let mut code = None;
    let start = std::time::Instant::now();
    for verb in verbs {
        let answers = shape.answers();
        let round = ground
            .round(engine, verb, &answers, Seen::ByPrograms, &Way::Never)
            .expect("it ends");
        code = round.status.code();
    }
    let took = start.elapsed();
    assert!(
        ground.journal().is_over(),
        "{shape:?} comes to its end\n{}",
        ground.account()
    );
    assert_eq!(ground.left_running(), Vec::<String>::new());
    Undisturbed {
        shape,
        ledger: ground.ledger(),
        shown: ground.shown(engine),
        code,
        took,
    }
}

/// Plays a plan; the account of what happened comes with the fault.
pub fn play(engine: &Engine, whole: &Undisturbed, plan: &Plan) -> Result<Tally, (Fault, String)> {
    let mut ground = Ground::new(&whole.shape);
    play_on(&mut ground, engine, whole, plan).map_err(|fault| {
        let mut account = format!("{plan:?}\n{}", ground.account());
        ground.left_running();
        if std::env::var_os("CHAOS_KEEP").is_some() {
            account += &format!("kept in {}", ground.keep().display());
        }
        (fault, account)
    })
}

struct Player<'a> {
    ground: &'a mut Ground,
    engine: &'a Engine,
    whole: &'a Undisturbed,
    tally: Tally,
    /// How often each command that was shown as done had begun by then.
    done: BTreeMap<String, usize>,
    /// Commands that a person had run again.
    again: BTreeMap<String, usize>,
}

/// Plays a plan and holds the rules against what came of it.
pub fn play_on(
    ground: &mut Ground,
    engine: &Engine,
    whole: &Undisturbed,
    plan: &Plan,
) -> Result<Tally, Fault> {
    let mut player = drive(ground, engine, whole, plan)?;
    player.judge()?;
    Ok(player.tally)
}

/// Plays a plan without the rules about what ran how often: some shapes have rules of their own.
pub fn drive_only(
    ground: &mut Ground,
    engine: &Engine,
    whole: &Undisturbed,
    plan: &Plan,
) -> Result<Tally, Fault> {
    let mut player = drive(ground, engine, whole, plan)?;
    player.count_questions();
    Ok(player.tally)
}

fn drive<'a>(
    ground: &'a mut Ground,
    engine: &'a Engine,
    whole: &'a Undisturbed,
    plan: &Plan,
) -> Result<Player<'a>, Fault> {
    if plan.verb == Verb::Undo {
        let all = whole.shape.answers();
        ground
            .round(engine, Verb::Run, &all, Seen::ByPrograms, &Way::Never)
            .map_err(Fault::Wrong)?;
    }
    let mut player = Player {
        ground,
        engine,
        whole,
        tally: Tally::default(),
        done: BTreeMap::new(),
        again: BTreeMap::new(),
    };
    player.drive(plan)?;
    Ok(player)
}

impl Player<'_> {
    fn drive(&mut self, plan: &Plan) -> Result<(), Fault> {
        let mut ways = plan.ways.iter();
        let mut doubts: Vec<(String, String)> = Vec::new();
        let mut seen = plan.seen;
        let mut verb = plan.verb;
        for _ in 0..ENGINES {
            let way = ways.next().unwrap_or(&Way::Never);
            let answers = self.answers(&doubts)?;
            let round = self
                .ground
                .round(self.engine, verb, &answers, seen, way)
                .map_err(Fault::Wrong)?;
            self.tally.kills += usize::from(round.killed);
            seen = Seen::ByPrograms;
            let journal = self.ground.journal();
            self.believe(&round.told, &journal)?;
            let begun = match plan.verb {
                Verb::Undo => journal.events("undo_requested").next().is_some(),
                _ => journal.begun(),
            };
            if begun && journal.is_over() {
                return self.ended(&round);
            }
            if begun {
                verb = Verb::Resume;
            } else if plan.verb == Verb::Run && !self.ground.ledger().is_empty() {
                return Err(Fault::Lost("a command ran of which nobody knows".into()));
            }
            if !round.killed && round.status.code() != Some(75) {
                let said = round.status;
                return Err(Fault::Wrong(format!("an engine ended early: {said}")));
            }
            doubts = round.told.doubts;
        }
        Err(Fault::Wrong("the run does not come to its end".to_owned()))
    }

    /// What was shown holds from now on.
    fn believe(&mut self, told: &Told, journal: &Journal) -> Result<(), Fault> {
        let durable: Vec<u64> = ["exited", "not_started", "lost"]
            .into_iter()
            .flat_map(|kind| journal.events(kind))
            .filter_map(|event| event["effect"].as_u64())
            .collect();
        if let Some(effect) = told.over.iter().find(|effect| !durable.contains(effect)) {
            return Err(Fault::Lost(format!(
                "the end of command {effect} was shown and is not in the journal"
            )));
        }
        let ledger = self.ground.ledger();
        for command in &told.done {
            let name = name_of(command).to_owned();
            let begins = begins(&ledger, &name);
            self.tally.shown_done += usize::from(self.done.insert(name, begins).is_none());
        }
        for (command, _) in &told.doubts {
            if self.done.contains_key(name_of(command)) {
                return Err(Fault::Lost(format!(
                    "`{command}` was shown as done, and then asked about"
                )));
            }
        }
        Ok(())
    }

    /// What an operator says who has looked at the ledger.
    fn answers(&mut self, doubts: &[(String, String)]) -> Result<String, Fault> {
        let mut answers = self.whole.shape.answers();
        if doubts.is_empty() {
            return Ok(answers);
        }
        let ledger = self.ground.ledger();
        for (command, text) in doubts {
            let name = name_of(command);
            let last = ledger.iter().rev().find(|mark| mark.name == name);
            let (answer, word) = match last {
                Some(mark) => match mark.exit {
                    Some(0) => ("done", HAS_ENDED),
                    Some(_) => ("fail", HAS_FAILED),
                    None if self.ground.lives(mark.pid) => {
                        return Err(Fault::Doubled(format!(
                            "`{command}` was said to be gone, and it lives"
                        )));
                    }
                    None => ("again", DIED),
                },
                None => ("again", NEVER_BEGAN),
            };
            let answer = format!("{answer}: {name} {word}");
            // JSON's strings are TOML's.
            answers.push_str(&format!("{} = \"{answer}\"\n", Value::from(text.as_str())));
        }
        Ok(answers)
    }

    fn ended(&self, round: &Round) -> Result<(), Fault> {
        // An engine that was killed after its last record has no code.
        let code = round.status.code();
        match self.whole.code {
            expected if expected == code || round.killed => Ok(()),
            expected => Err(Fault::Differs(format!(
                "it ended with {code:?} and not with {expected:?}"
            ))),
        }
    }

    /// The rules.
    fn judge(&mut self) -> Result<(), Fault> {
        let left = self.ground.left_running();
        if !left.is_empty() {
            return Err(Fault::Wrong(format!("left running: {}", left.join(", "))));
        }
        self.count_questions();
        let ledger = self.ground.ledger();
        let whole = &self.whole.ledger;
        let mut names: Vec<&str> = ledger.iter().map(|mark| mark.name.as_str()).collect();
        names.extend(whole.iter().map(|mark| mark.name.as_str()));
        names.sort_unstable();
        names.dedup();
        for name in names {
            self.judge_one(name, &ledger, whole)?;
        }
        if self.whole.shape.order == Order::Kept && first_begins(&ledger) != first_begins(whole) {
            return Err(Fault::Differs("commands began in another order".into()));
        }
        let shown = self.ground.shown(self.engine);
        if shown != self.whole.shown {
            return Err(Fault::Differs(format!(
                "it ended as {shown} and not as {}",
                self.whole.shown
            )));
        }
        Ok(())
    }

    fn judge_one(&self, name: &str, ledger: &[Mark], whole: &[Mark]) -> Result<(), Fault> {
        let of = |ledger: &[Mark]| (begins(ledger, name), ends(ledger, name));
        let ((began, ended), (expected, expected_ends)) = (of(ledger), of(whole));
        if overlaps(ledger, name) {
            return Err(Fault::Doubled(format!("{name} ran twice at once")));
        }
        if self.done.get(name).is_some_and(|then| began > *then) {
            return Err(Fault::Lost(format!(
                "{name} was shown as done and ran again"
            )));
        }
        if ended < expected_ends {
            return Err(Fault::Lost(format!("{name} never came to its end")));
        }
        let more = began.saturating_sub(expected);
        let allowed = match self.whole.shape.settling {
            Settling::Asked => self.again.get(name).copied().unwrap_or_default(),
            // The ledger said that it was not done: it had begun and not ended.
            Settling::Probed => began - ended,
            Settling::Repeatable => self.tally.kills,
        };
        if more > allowed {
            return Err(Fault::Doubled(format!(
                "{name} began {began} times, {expected} were due and {allowed} more were wished for"
            )));
        }
        Ok(())
    }

    /// Questions of the whole run, from its journal: what a person said about commands in doubt.
    fn count_questions(&mut self) {
        self.tally.keepers = self.ground.keepers;
        let journal = self.ground.journal();
        for answered in journal.events("answered") {
            let reason = answered["answer"]["reason"].as_str().unwrap_or_default();
            let Some((name, word)) = reason.split_once(' ') else {
                continue;
            };
            match word {
                HAS_ENDED | HAS_FAILED => {}
                DIED | NEVER_BEGAN => *self.again.entry(name.to_owned()).or_default() += 1,
                _ => continue,
            }
            self.tally.asked += 1;
            self.tally.never_began += usize::from(word == NEVER_BEGAN);
        }
    }
}

pub fn begins(ledger: &[Mark], name: &str) -> usize {
    ledger
        .iter()
        .filter(|mark| mark.name == name && mark.exit.is_none())
        .count()
}

fn ends(ledger: &[Mark], name: &str) -> usize {
    ledger
        .iter()
        .filter(|mark| mark.name == name && mark.exit.is_some())
        .count()
}

/// Whether a command began while an earlier one of its name had yet to end, and later did.
fn overlaps(ledger: &[Mark], name: &str) -> bool {
    let mut open: Vec<u32> = Vec::new();
    let mut overlapped = Vec::new();
    for mark in ledger.iter().filter(|mark| mark.name == name) {
        match mark.exit {
            None => {
                overlapped.append(&mut open);
                open.push(mark.pid);
            }
            Some(_) if overlapped.contains(&mark.pid) => return true,
            Some(_) => open.retain(|pid| *pid != mark.pid),
        }
    }
    false
}

fn first_begins(ledger: &[Mark]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for mark in ledger {
        if mark.exit.is_none() && !names.contains(&mark.name.as_str()) {
            names.push(&mark.name);
        }
    }
    names
}
