//! Many runs at once, each killed in its own way, until as many engines have died as were asked for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::dice::Dice;
use super::ground::{Engine, Ground, Seen, Verb, Way};
use super::play::{Fault, Plan, Tally, Undisturbed, play, play_on, undisturbed};
use super::power::Disk;
use super::shapes::{Order, SEQUENCE, Shape};

/// What came of a campaign: the first fault stops it.
pub struct Outcome {
    pub tally: Tally,
    pub fault: Option<(Fault, String)>,
}

impl Outcome {
    /// For an engine that is to hold: says what was counted, or what broke.
    pub fn expect_none(self, what: &str) -> Tally {
        if let Some((fault, account)) = self.fault {
            panic!("{what}: {fault:?} after {}\n{account}", self.tally);
        }
        say(&format!("{what}: {}", self.tally));
        self.tally
    }
}

/// A line for whoever reads the figures.
pub fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "chaos: {line}");
}

/// A number from the environment.
pub fn number(name: &str, usual: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => usual,
    }
}

/// The seed of this run of the tests: the one that was given, or a new one.
pub fn seed() -> u64 {
    static SEED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *SEED.get_or_init(|| {
        let seed = match std::env::var("CHAOS_SEED") {
            Ok(text) => text.parse().expect("a number"),
            Err(_) => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(1, |since| since.as_secs()),
        };
        say(&format!("CHAOS_SEED={seed}"));
        seed
    })
}

/// Plays what `next` hands out, a few at a time, until it hands out nothing, a rule is broken, or `kills`
/// engines have died.
pub fn campaign<'u>(
    engine: &Engine,
    kills: usize,
    next: &(dyn Fn(usize) -> Option<(&'u Undisturbed, Plan)> + Sync),
) -> Outcome {
    let workers = std::thread::available_parallelism().map_or(2, usize::from) + 1;
    let nth = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let outcome = Mutex::new(Outcome {
        tally: Tally::default(),
        fault: None,
    });
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    let Some((whole, plan)) = next(nth.fetch_add(1, Relaxed)) else {
                        return;
                    };
                    let played = play(engine, whole, &plan);
                    let mut outcome = outcome.lock().expect("no worker panics with it");
                    match played {
                        Ok(tally) => outcome.tally.add(tally),
                        Err(fault) => outcome.fault = outcome.fault.take().or(Some(fault)),
                    }
                    if outcome.fault.is_some() || outcome.tally.kills >= kills {
                        stop.store(true, Relaxed);
                    }
                }
            });
        }
    });
    outcome.into_inner().expect("no worker panics with it")
}

/// Random shapes, moments, ways and depths, from the seed.
pub fn at_random(engine: &Engine, kills: usize, shapes: &[Shape]) -> Outcome {
    let seed = seed();
    let whole: Vec<Undisturbed> = shapes
        .iter()
        .map(|shape| undisturbed(engine, *shape, Verb::Run))
        .collect();
    campaign(engine, kills, &|nth| {
        let mut dice = Dice::new(seed, nth as u64);
        let whole = &whole[nth % whole.len()];
        let depth = 1 + dice.below(3);
        let ways = (0..depth)
            .map(|level| {
                // A resume is short, and what is new about it happens early.
                let span = match level {
                    0 => whole.took,
                    _ => whole.took.min(Duration::from_millis(25)),
                };
                let after = dice.within(span);
                match dice.below(8) {
                    0 => Way::Everything(after),
                    1 => Way::Group(after),
                    2 if level == 0 => Way::Keeper(after),
                    _ => Way::Engine(after),
                }
            })
            .collect();
        let seen = match (dice.below(3), whole.shape.order) {
            // Of branches side by side the view for people does not say which one is done.
            (0, Order::Kept) => Seen::ByPeople,
            _ => Seen::ByPrograms,
        };
        let verb = Verb::Run;
        Some((whole, Plan { ways, seen, verb }))
    })
}

/// One run for each of these: a way for its first engine, for its second, and so on.
pub fn each(engine: &Engine, whole: &Undisturbed, verb: Verb, plans: &[Vec<Way>]) -> Outcome {
    campaign(engine, usize::MAX, &|nth| {
        let ways = plans.get(nth)?.clone();
        let seen = Seen::ByPrograms;
        Some((whole, Plan { ways, seen, verb }))
    })
}

/// The power goes at a random moment, and often once more while the run is taken up again.
pub fn power_cuts(engine: &Engine, cuts: usize) -> Outcome {
    let seed = seed();
    let whole = undisturbed(engine, SEQUENCE, Verb::Run);
    let mut outcome = Outcome {
        tally: Tally::default(),
        fault: None,
    };
    for nth in 0.. {
        if outcome.tally.kills >= cuts || outcome.fault.is_some() {
            break;
        }
        let mut dice = Dice::new(seed, nth);
        let ways = (0..=dice.below(2))
            .map(|_| Way::PowerCut(dice.within(whole.took)))
            .collect();
        let plan = Plan {
            ways,
            seen: Seen::ByPrograms,
            verb: Verb::Run,
        };
        let disk = Disk::new().unwrap_or_else(|why| panic!("no disk of its own: {why}"));
        let mut ground = Ground::on(disk, &whole.shape);
        match play_on(&mut ground, engine, &whole, &plan) {
            Ok(tally) => outcome.tally.add(tally),
            Err(fault) => {
                ground.left_running();
                outcome.fault = Some((fault, ground.account()));
            }
        }
    }
    outcome
}
