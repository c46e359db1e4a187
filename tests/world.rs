//! A simulated world: the real core, the real turns of a run and the real journal, on a machine of which the clock,
//! the disk, the processes and the person come from one seed.
//!
//! | file | what it holds |
//! |---|---|
//! | [`runbooks`] | runbooks made up from a number |
//! | [`machine`] | clocks, processes, the ledger that commands write to |
//! | [`disk`] | writes that are lost, torn or garbled when the power goes |
//! | [`fault`] | when the engine dies, and what else fails |
//! | [`operator`] | the person |
//! | [`engine`] | one life of an engine |
//! | [`watch`] | what must hold |
//!
//! A seed that finds something says how it is played again.

mod chance;
mod disk;
mod engine;
mod fault;
mod machine;
mod operator;
mod runbooks;
mod watch;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use runbook_core::event::{Event, Found, Started};
use runbook_core::state::Over;
use runbook_host::drive::replay::{Doubted, Replay, Wanted};
use runbook_host::drive::taken_up;
use runbook_host::drive::turn::Book;
use runbook_host::error::HostError;
use runbook_host::journal::record::{Head, MAJOR, MINOR, TakenUp};
use runbook_host::journal::{Cut, End, Entry, HostRecord, Journal, Tail};
use runbook_host::load::Loaded;

use chance::Chance;
use disk::SimulatedDisk;
use engine::{Life, There, World};
use fault::{Crashed, Faults, Weakening};
use machine::{Done, Machine};
use runbooks::Made;
use watch::Watch;

/// Seeds that have the same runbook.
const SEEDS_A_RUNBOOK: u64 = 16;
/// Lives of engines that a run may take.
const LIVES: u32 = 40;

thread_local! {
    /// Whether the story of a seed is written down.
    static TRACED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// What became of a seed.
#[derive(Default)]
struct Told {
    faults: Vec<String>,
    ledger: Vec<Done>,
    outcome: String,
    lives: u32,
    crashes: u64,
    cuts: u64,
    failed_syncs: u64,
    doubts: u32,
    questions: u32,
    waits: u32,
    undone_later: u32,
    /// Held against the same run undisturbed, after at least one crash.
    compared: u32,
    passed: bool,
    story: String,
}

/// How much is to go wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weather {
    /// Nothing at all: what the run comes to by itself.
    Still,
    /// As the seed says.
    Stormy,
}

fn is_calm(seed: u64) -> bool {
    seed.is_multiple_of(3)
}

/// Plays a seed from its begin to its end.
fn play(seed: u64, made: &Made, weakening: Weakening, weather: Weather) -> Told {
    let faults = Rc::new(RefCell::new(Faults {
        chance: Chance::new(seed, "faults"),
        weakening,
        crash_in: None,
        fail_sync_in: None,
        fail_write_in: None,
        crashes: 0,
    }));
    let mut world = World {
        seed,
        machine: Machine::new(seed, is_calm(seed)),
        platter: Rc::default(),
        faults,
        watch: Watch::default(),
        chance: Chance::new(seed, "world"),
        calm: is_calm(seed) || weather == Weather::Still,
        story: TRACED.get().then(String::new),
    };
    let mut told = Told::default();
    let mut crashes_left = match weather {
        Weather::Still => 0,
        Weather::Stormy => 1 + world.chance.below(4),
    };
    // Days after it has ended, somebody may want a part of it back.
    let mut later = match made.checkpoints.first() {
        Some(checkpoint) if !world.calm && world.chance.one_in(2) => Some(checkpoint.as_str()),
        _ => None,
    };
    let mut undo = None;
    loop {
        told.lives += 1;
        if told.lives > LIVES {
            world
                .watch
                .faults
                .push("the run does not come to an end".into());
            break;
        }
        if crashes_left > 0 {
            let most = if told.lives == 1 { 120 } else { 50 };
            let at = world.chance.below(most);
            world.faults.borrow_mut().crash_in = Some(at);
            if !world.calm && world.chance.one_in(12) {
                world.faults.borrow_mut().fail_sync_in = Some(world.chance.below(12));
            } else if !world.calm && world.chance.one_in(12) {
                world.faults.borrow_mut().fail_write_in = Some(world.chance.below(12));
            }
        }
        let somebody = world.calm || told.lives > 8 || !world.chance.one_in(4);
        let there = if somebody {
            There::Somebody
        } else {
            There::Nobody
        };
        let went = catch_unwind(AssertUnwindSafe(|| life(&mut world, made, there, undo)));
        let lives = told.lives;
        world.note(|| format!("life {lives}: {}", said(&went)));
        let World { faults, .. } = &mut world;
        faults.borrow_mut().crash_in = None;
        faults.borrow_mut().fail_sync_in = None;
        faults.borrow_mut().fail_write_in = None;
        match went {
            Ok(Ok(Went::Over(Over::Ended { outcome, text, .. }))) => {
                told.outcome = format!("{outcome:?} {text}");
                world.watch.ends(&world.machine, made);
                undo = later.take();
                if undo.is_none() {
                    break;
                }
                told.undone_later += 1;
                let days = world.chance.between(1, 9);
                let now = world.machine.now;
                world.machine.go_to(now + days * 86_400_000);
            }
            Ok(Ok(Went::Over(_) | Went::NotTakenUp)) => {
                crashes_left = crashes_left.saturating_sub(1);
            }
            Ok(Ok(Went::NothingThere)) => break,
            // The journal could not be written: what runs is let end, and nobody hears of it.
            Ok(Err(_)) => crashes_left = crashes_left.saturating_sub(1),
            Err(payload) if payload.is::<Crashed>() => {
                crashes_left = crashes_left.saturating_sub(1)
            }
            Err(payload) => std::panic::resume_unwind(payload),
        }
        if !world.watch.faults.is_empty() {
            break;
        }
        meanwhile(&mut world);
    }
    told.story = world.story.take().unwrap_or_default();
    let World {
        machine,
        platter,
        faults,
        watch,
        ..
    } = world;
    told.faults = watch.faults;
    told.ledger = machine.ledger;
    told.crashes = faults.borrow().crashes;
    told.cuts = platter.borrow().cuts;
    told.failed_syncs = platter.borrow().failed_syncs;
    told.doubts = watch.doubts;
    told.questions = watch.questions;
    told.waits = watch.waits_seen;
    told.passed = watch.passed;
    told
}

fn said(went: &std::thread::Result<Result<Went, HostError>>) -> String {
    match went {
        Ok(Ok(Went::Over(over))) => format!("{over:?}"),
        Ok(Ok(Went::NotTakenUp)) => "not taken up".into(),
        Ok(Ok(Went::NothingThere)) => "there is no run".into(),
        Ok(Err(error)) => format!("the journal: {error}"),
        Err(payload) if payload.is::<Crashed>() => "crashed".into(),
        Err(_) => "panicked".into(),
    }
}

/// Between two lives.
fn meanwhile(world: &mut World) {
    let World {
        machine,
        platter,
        watch,
        chance,
        calm,
        ..
    } = world;
    machine.engine_gone();
    watch.engine_gone(machine);
    let down = match (chance.below(4), *calm) {
        (_, true) | (0, _) => chance.between(0, 200),
        (1, _) => chance.between(0, 20_000),
        (2, _) => chance.between(0, 3_600_000),
        _ => chance.between(0, 5 * 86_400_000),
    };
    if chance.one_in(3) {
        // The power goes, or the system falls.
        platter.borrow_mut().cut(chance);
        if !*calm && chance.one_in(6) {
            machine.wall_off += chance.between(-86_400_000, 86_400_000);
        }
        machine.reboot(down);
    } else {
        machine.go_to(machine.now + down);
    }
    if !*calm && chance.one_in(10) {
        machine.wall_off += chance.between(-86_400_000, 86_400_000);
    }
}

enum Went {
    Over(Over),
    /// Nobody agreed to it.
    NotTakenUp,
    /// The engine died before there was a run.
    NothingThere,
}

/// One engine, from its start to its end.
fn life(
    world: &mut World,
    made: &Made,
    there: There,
    undo: Option<&str>,
) -> Result<Went, HostError> {
    let disk = || SimulatedDisk {
        platter: world.platter.clone(),
        faults: world.faults.clone(),
    };
    let faced = disk().faced();
    let text = world.platter.borrow_mut().text(&mut world.chance);
    if text.is_empty() && world.machine.processes.is_empty() && world.machine.now == 0 {
        return begin(world, made, there);
    }
    faced.map_err(|error| {
        let why = format!("the journal cannot be written: {error}");
        HostError::new(runbook_host::codes::JOURNAL_WRITE, why)
    })?;
    let replay = Replay::read(&text[..], "run-1", Wanted::State, |_| Ok(loaded(made)));
    let mut replay = match replay {
        Ok(replay) => replay,
        Err(error) => {
            world
                .watch
                .faults
                .push(format!("the journal cannot be read: {error}"));
            return Ok(Went::NotTakenUp);
        }
    };
    world.watch.taken_up(replay.reading.end.seq, &world.machine);
    let (cut, doubted) = match &replay.reading.tail {
        Tail::Ambiguous { .. } if there == There::Nobody => return Ok(Went::NotTakenUp),
        Tail::Ambiguous { .. } => (Cut::Agreed, Doubted::Yes),
        _ => (Cut::TornOnly, replay.doubted),
    };
    if replay.head.is_none() || replay.state.started().run.is_empty() {
        return Ok(Went::NothingThere);
    }
    if let (over @ Over::Ended { .. }, None) = (replay.state.is_over(), undo) {
        return Ok(Went::Over(over));
    }
    let mut journal = Journal::go_on(Box::new(disk()), &replay.reading, cut, &mut |_| Ok(()))?;
    let boot_id = world.machine.boot_id();
    let by = TakenUp {
        boot_id: boot_id.clone(),
        operator: operator::NAME.into(),
        ..TakenUp::default()
    };
    taken_up::record(
        &mut journal,
        world.machine.moment(),
        by,
        &replay.reading,
        cut,
    );
    let mut orphans = BTreeMap::new();
    let weakening = world.faults.borrow().weakening;
    let machine = &world.machine;
    let mut facts = taken_up::facts(
        &replay.state,
        &replay.intents,
        operator::NAME,
        &boot_id,
        BTreeMap::new(),
        |flight| {
            let at = machine
                .processes
                .iter()
                .rposition(|process| process.identity == *flight.identity && !process.remote);
            let lives = at.filter(|at| machine.processes[*at].lives());
            match (lives, weakening) {
                (_, Weakening::OutcomeOnly) => Found::NeverStarted,
                (_, Weakening::NoOrphanWait) | (None, _) => Found::Gone,
                (Some(at), _) => {
                    orphans.insert(flight.effect, at);
                    Found::Alive {
                        processes: vec![machine.processes[at].verb.clone()],
                    }
                }
            }
        },
    );
    // Asked for once more where it was begun and its engine died, by whoever does not trust a resume.
    let ended = matches!(replay.state.is_over(), Over::Ended { .. });
    if let Some(to) = undo.filter(|_| ended || world.chance.one_in(8)) {
        facts.push(Event::UndoRequested {
            to: to.to_owned(),
            by: operator::NAME.into(),
            reason: "it was no good".into(),
        });
    }
    let mut book = Book::new(&made.plan, journal);
    book.doubt_next = doubted;
    book.state = std::mem::take(&mut replay.state);
    let mut life = Life::new(world, made, book, there);
    life.orphans = orphans;
    life.live(facts).map(Went::Over)
}

/// The first engine of a run.
fn begin(world: &mut World, made: &Made, there: There) -> Result<Went, HostError> {
    let disk = SimulatedDisk {
        platter: world.platter.clone(),
        faults: world.faults.clone(),
    };
    let mut journal = Journal::new(Box::new(disk), End::START);
    let boot_id = world.machine.boot_id();
    let head = Head {
        format: format!("{MAJOR}.{MINOR}"),
        run: "run-1".into(),
        boot_id: boot_id.clone(),
        ..Head::default()
    };
    journal.append(world.machine.moment(), Entry::Host(&HostRecord::Head(head)));
    let book = Book::new(&made.plan, journal);
    let started = Started {
        run: "run-1".into(),
        operator: operator::NAME.into(),
        boot_id,
        directory: "/work".into(),
        ..Started::default()
    };
    Life::new(world, made, book, there)
        .live(vec![Event::Started(started)])
        .map(Went::Over)
}

fn loaded(made: &Made) -> Loaded {
    Loaded {
        sources: made.sources.clone(),
        files: made.files.clone(),
        diagnostics: Vec::new(),
        plan: Some(made.plan.clone()),
        originals: Vec::new(),
        tests: None,
    }
}

/// A seed on the real protocol, held against the same run undisturbed where that says something.
fn check(seed: u64, made: &Made) -> Told {
    let mut told = play(seed, made, Weakening::None, Weather::Stormy);
    if told.faults.is_empty() && is_calm(seed) && told.doubts == 0 && !told.passed && !made.parallel
    {
        let still = play(seed, made, Weakening::None, Weather::Still);
        if !still.passed && !told.outcome.is_empty() {
            told.compared = u32::from(told.crashes > 0);
            if still.ledger != told.ledger || still.outcome != told.outcome {
                told.faults.push(format!(
                    "undisturbed it comes to {} with {:?},\nand with crashes to {} with {:?}",
                    still.outcome, still.ledger, told.outcome, told.ledger
                ));
            }
        }
    }
    told
}

fn shape(seed: u64) -> u64 {
    seed / SEEDS_A_RUNBOOK
}

fn complain(seed: u64, told: &Told, made: &Made) -> String {
    format!(
        "seed {seed}: {}\n{}\n{}\nPlay it again: just world-again {seed}",
        told.faults.join("\n"),
        told.story,
        made.text,
    )
}

/// Plays seeds and adds up what became of them.
fn sweep(seeds: std::ops::Range<u64>) -> Told {
    let mut sum = Told::default();
    let mut made: Option<(u64, Made)> = None;
    for seed in seeds {
        if made.as_ref().is_none_or(|(of, _)| *of != shape(seed)) {
            made = Some((shape(seed), runbooks::make(shape(seed))));
        }
        let Some((_, made)) = &made else { continue };
        let told = check(seed, made);
        if !told.faults.is_empty() {
            sum.faults.push(complain(seed, &told, made));
        }
        sum.add(&told);
    }
    sum
}

impl Told {
    fn add(&mut self, other: &Told) {
        self.lives += other.lives;
        self.crashes += other.crashes;
        self.cuts += other.cuts;
        self.failed_syncs += other.failed_syncs;
        self.doubts += other.doubts;
        self.questions += other.questions;
        self.waits += other.waits;
        self.undone_later += other.undone_later;
        self.compared += other.compared;
    }

    fn sum(&self) -> String {
        format!(
            "{} engines, {} crashes, {} power cuts, {} failed syncs, {} in doubt, {} asked, {} waits, {} undone days later, {} held against the same run undisturbed",
            self.lives,
            self.crashes,
            self.cuts,
            self.failed_syncs,
            self.doubts,
            self.questions,
            self.waits,
            self.undone_later,
            self.compared
        )
    }
}

/// What goes wrong did go wrong, and nothing came of it.
fn hold(seeds: std::ops::Range<u64>) {
    let sum = sweep(seeds);
    let worst: Vec<&str> = sum.faults.iter().take(3).map(String::as_str).collect();
    assert!(
        worst.is_empty(),
        "{} seeds\n\n{}",
        sum.faults.len(),
        worst.join("\n\n")
    );
    for happened in [sum.crashes, sum.cuts, sum.failed_syncs] {
        assert!(happened > 0, "{}", sum.sum());
    }
    for happened in [sum.doubts, sum.questions, sum.waits, sum.undone_later] {
        assert!(happened > 0, "{}", sum.sum());
    }
    // What is no fault must not come to leave nothing to compare.
    assert!(sum.compared > 50, "{}", sum.sum());
}

#[test]
fn seeds_up_to_2500_hold() {
    hold(0..2_500);
}

#[test]
fn seeds_up_to_5000_hold() {
    hold(2_500..5_000);
}

#[test]
fn seeds_up_to_7500_hold() {
    hold(5_000..7_500);
}

#[test]
fn seeds_up_to_10000_hold() {
    hold(7_500..10_000);
}

/// How many seeds it takes to find a protocol out that is too weak.
fn found_out_after(weakening: Weakening) -> Option<u64> {
    (0..1_000).find(|seed| {
        let made = runbooks::make(shape(*seed));
        let told = play(*seed, &made, weakening, Weather::Stormy);
        !told.faults.is_empty()
    })
}

#[test]
fn each_protocol_that_is_too_weak_is_found_out() {
    for weakening in [
        Weakening::OutcomeOnly,
        Weakening::NoOrphanWait,
        Weakening::NoGate,
        Weakening::NoSync,
    ] {
        assert!(
            found_out_after(weakening).is_some(),
            "{weakening:?} passed a thousand seeds"
        );
    }
}

#[test]
fn a_seed_is_the_same_whenever_it_is_played() {
    for seed in [3, 77, 1_368] {
        let made = runbooks::make(shape(seed));
        TRACED.set(true);
        let once = play(seed, &made, Weakening::None, Weather::Stormy);
        let again = play(seed, &made, Weakening::None, Weather::Stormy);
        TRACED.set(false);
        assert!(once.lives > 1 && !once.story.is_empty());
        assert_eq!(once.story, again.story);
    }
}

/// For the eyes of whoever asked for these seeds.
fn say(text: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "{text}").expect("standard error");
}

/// One seed again, with all that happened: `just world-again SEED`.
#[test]
#[ignore = "needs a seed"]
fn again() {
    let seed = std::env::var("WORLD").expect("WORLD=seed");
    let seed = seed.parse().expect("a number");
    let made = runbooks::make(shape(seed));
    TRACED.set(true);
    let told = check(seed, &made);
    say(&complain(seed, &told, &made));
    assert!(told.faults.is_empty());
}

/// As many seeds as somebody has time for: `just world 1000000`.
#[test]
#[ignore = "takes long"]
fn many() {
    let many: u64 = std::env::var("WORLDS")
        .expect("WORLDS=count")
        .parse()
        .expect("a number");
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let each = many.div_ceil(threads).next_multiple_of(SEEDS_A_RUNBOOK);
    let sum = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|n| scope.spawn(move || sweep(n * each..((n + 1) * each).min(many))))
            .collect();
        let mut sum = Told::default();
        for part in parts {
            let told = part.join().expect("a sweep");
            sum.add(&told);
            sum.faults.extend(told.faults);
        }
        sum
    });
    say(&format!(
        "{many} seeds: {}, {} at fault",
        sum.sum(),
        sum.faults.len()
    ));
    assert!(sum.faults.is_empty(), "{}", sum.faults.join("\n\n"));
}
