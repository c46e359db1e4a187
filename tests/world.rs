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
//! A seed that finds something says how it is played again: `WORLD=seed just world-again`.

mod chance;
mod disk;
mod engine;
mod fault;
mod machine;
mod operator;
mod runbooks;
mod watch;

use std::cell::RefCell;
use std::fmt::Write as _;
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
use disk::{Platter, SimulatedDisk};
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
    seed % 3 == 0
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
        machine: Machine::new(seed),
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
    let mut undone_later = world.calm || made.checkpoints.is_empty() || !world.chance.one_in(3);
    loop {
        told.lives += 1;
        if told.lives > LIVES {
            world.watch.faults.push("the run does not come to an end".into());
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
        let there = if somebody { There::Somebody } else { There::Nobody };
        let went = catch_unwind(AssertUnwindSafe(|| life(&mut world, made, there, Wish::GoOn)));
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
                if undone_later {
                    break;
                }
                undone_later = true;
            }
            Ok(Ok(Went::Over(_) | Went::NotTakenUp)) => {
                crashes_left = crashes_left.saturating_sub(1);
            }
            Ok(Ok(Went::NothingThere)) => break,
            // The journal could not be written: what runs is let end, and nobody hears of it.
            Ok(Err(_)) => crashes_left = crashes_left.saturating_sub(1),
            Err(payload) if payload.is::<Crashed>() => crashes_left = crashes_left.saturating_sub(1),
            Err(payload) => std::panic::resume_unwind(payload),
        }
        if !world.watch.faults.is_empty() {
            break;
        }
        meanwhile(&mut world);
    }
    told.story = world.story.take().unwrap_or_default();
    let World { machine, platter, faults, watch, .. } = world;
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
    let World { machine, platter, watch, chance, calm, .. } = world;
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

/// What an engine is started for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    GoOn,
}

/// One engine, from its start to its end.
fn life(world: &mut World, made: &Made, there: There, _wish: Wish) -> Result<Went, HostError> {
    let text = world.platter.borrow_mut().text(&mut world.chance);
    let disk = || SimulatedDisk {
        platter: world.platter.clone(),
        faults: world.faults.clone(),
    };
    if text.is_empty() && world.machine.processes.is_empty() && world.machine.now == 0 {
        return begin(world, made, there);
    }
    let replay = Replay::read(&text[..], "run-1", Wanted::State, |_| Ok(loaded(made)));
    let mut replay = match replay {
        Ok(replay) => replay,
        Err(error) => {
            world.watch.faults.push(format!("the journal cannot be read: {error}"));
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
    if let over @ Over::Ended { .. } = replay.state.is_over() {
        return Ok(Went::Over(over));
    }
    let mut journal = Journal::go_on(Box::new(disk()), &replay.reading, cut, &mut |_| Ok(()))?;
    let boot_id = world.machine.boot_id();
    let by = TakenUp {
        boot_id: boot_id.clone(),
        operator: operator::NAME.into(),
        ..TakenUp::default()
    };
    taken_up::record(&mut journal, world.machine.moment(), by, &replay.reading, cut);
    let mut orphans = std::collections::BTreeMap::new();
    let weakening = world.faults.borrow().weakening;
    let machine = &world.machine;
    let facts = taken_up::facts(
        &replay.state,
        &replay.intents,
        operator::NAME,
        &boot_id,
        |flight| {
            let at = machine.processes.iter().rposition(|process| {
                process.identity == *flight.identity && !process.remote
            });
            let lives = at.filter(|at| machine.processes[*at].lives());
            match (lives, weakening) {
                (_, Weakening::OutcomeOnly) => Found::NeverStarted,
                (_, Weakening::NoOrphanWait) | (None, _) => Found::Gone,
                (Some(at), _) => {
                    orphans.insert(flight.effect, at);
                    Found::Alive { processes: vec![machine.processes[at].verb.clone()] }
                }
            }
        },
    );
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
    }
}

/// A seed on the real protocol, held against the same run undisturbed where that says something.
fn check(seed: u64, made: &Made) -> Told {
    let mut told = play(seed, made, Weakening::None, Weather::Stormy);
    if told.faults.is_empty() && is_calm(seed) && told.doubts == 0 && !told.passed && !made.parallel {
        let still = play(seed, made, Weakening::None, Weather::Still);
        if !still.passed && (still.ledger != told.ledger || still.outcome != told.outcome) && !told.outcome.is_empty() {
            told.faults.push(format!(
                "undisturbed it comes to {} with {:?},\nand with crashes to {} with {:?}",
                still.outcome, still.ledger, told.outcome, told.ledger
            ));
        }
    }
    told
}

fn shape(seed: u64) -> u64 {
    seed / SEEDS_A_RUNBOOK
}

fn complain(seed: u64, told: &Told, made: &Made) -> String {
    format!(
        "seed {seed}: {}\n{}\n{}\nPlay it again: WORLD={seed} cargo test --test suite world::again -- --nocapture",
        told.faults.join("\n"),
        told.story,
        made.text,
    )
}

/// Plays seeds and adds up what became of them.
fn sweep(seeds: std::ops::Range<u64>) -> Told {
    let mut sum = Told::default();
    let mut made: Option<(u64, Made)> = None;
    let mut faults = 0;
    for seed in seeds {
        if made.as_ref().is_none_or(|(of, _)| *of != shape(seed)) {
            made = Some((shape(seed), runbooks::make(shape(seed))));
        }
        let Some((_, made)) = &made else { continue };
        let told = check(seed, made);
        if !told.faults.is_empty() {
            faults += 1;
            if faults <= 3 { sum.faults.push(complain(seed, &told, made)); }
        }
        sum.lives += told.lives;
        sum.crashes += told.crashes;
        sum.cuts += told.cuts;
        sum.failed_syncs += told.failed_syncs;
        sum.doubts += told.doubts;
        sum.questions += told.questions;
        sum.waits += told.waits;
    }
    println!("{} lives {} crashes {} cuts {} failed syncs {} doubts {} questions {} waits; {faults} seeds at fault", sum.lives, sum.crashes, sum.cuts, sum.failed_syncs, sum.doubts, sum.questions, sum.waits);
    assert!(sum.faults.is_empty(), "{}", sum.faults.join("\n\n"));
    sum
}

#[test]
fn a_thousand_seeds() {
    let to = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    sweep(0..to);
}

/// One seed again, with all that happened.
#[test]
fn again() {
    let Ok(seed) = std::env::var("WORLD") else { return };
    let seed = seed.parse().expect("a number");
    let made = runbooks::make(shape(seed));
    TRACED.set(true);
    let told = check(seed, &made);
    println!("{}", complain(seed, &told, &made));
}
