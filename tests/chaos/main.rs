//! Chaos from outside: the program, whole and as it is released, is killed at any moment and at every call it
//! makes to the system, resumed, and killed again. Its steps write a ledger; the rules are held against that.
//!
//! | file | what it holds |
//! |---|---|
//! | this one | the rows of the fault matrix, by their ids |
//! | `controls` | builds that break the promise, and that the same tests must find |
//! | `ground`, `trace`, `power` | one run's folder; an engine started and killed there; what it said and did |
//! | `shapes` | the runbooks |
//! | `play` | one run through its kills, and the rules |
//! | `campaign`, `dice` | many of them, from a seed |
//!
//! From the environment: `CHAOS_RUNBOOK` is the program (the one beside the tests if it is not set), `CHAOS_KILLS` how many
//! engines die at random moments, `CHAOS_CUTS` how often the power goes, `CHAOS_SEED` what decides the moments, `CHAOS_WEAKENED` the
//! build for the controls. With `CHAOS_KEEP` the folder of a run that broke a rule stays.

mod campaign;
mod controls;
mod dice;
mod ground;
mod play;
mod power;
mod shapes;
mod trace;

use std::path::PathBuf;
use std::time::Duration;

use campaign::{at_random, each, number, power_cuts, say, seed};
use dice::Dice;
use ground::{Engine, Ground, Seen, Verb, Way};
use play::{Plan, drive_only, undisturbed};

/// The program whose promise is tested.
fn released() -> Engine {
    let program = std::env::var_os("CHAOS_RUNBOOK")
        .map_or_else(|| env!("CARGO_BIN_EXE_runbook").into(), PathBuf::from);
    let program = program.canonicalize().expect("the program under test");
    Engine {
        program,
        weakness: None,
    }
}

/// Of these, as many as there is time for: one in so many, from the seed.
fn some<T>(all: Vec<T>, one_in: usize, salt: u64) -> Vec<T> {
    let mut dice = Dice::new(seed(), salt);
    all.into_iter()
        .filter(|_| dice.below(one_in) == 0)
        .collect()
}

/// Where every point would take too long for every day.
fn one_in(usual: usize) -> usize {
    number("CHAOS_ONE_IN", usual)
}

#[test]
fn j01_a_ten_step_run_is_killed_at_every_call() {
    if !trace::is_there() {
        return;
    }
    let engine = released();
    let whole = undisturbed(&engine, shapes::SEQUENCE, Verb::Run);
    let points = trace::points(&trace::lines(&engine, whole.shape, Verb::Run), None);
    let points = some(points, one_in(8), 1);
    let plans: Vec<Vec<Way>> = points.into_iter().map(|way| vec![way]).collect();
    let tally = each(&engine, &whole, Verb::Run, &plans).expect_none("j01, at every call");
    // How often it waits differs from run to run, so the last few of such calls may not come.
    assert!(tally.kills * 10 >= plans.len() * 8, "{tally}");
}

#[test]
fn j02_engines_are_killed_at_random_moments() {
    let kills = number("CHAOS_KILLS", 120);
    let tally = at_random(&released(), kills, &shapes::ALL).expect_none("j02, at random moments");
    assert!(tally.kills >= kills);
}

#[test]
fn j03_j04_a_command_whose_gate_never_opened_is_run_and_not_asked_about() {
    if !trace::is_there() {
        return;
    }
    let engine = released();
    let whole = undisturbed(&engine, shapes::SEQUENCE, Verb::Run);
    // Its intent and identity are written, and not synced yet, or synced, and its gate is about to be opened.
    let plans: Vec<Vec<Way>> = trace::points(&trace::lines(&engine, whole.shape, Verb::Run), None)
        .into_iter()
        .filter(|way| matches!(way, Way::Call(name, _) if name == "fdatasync" || name == "sendto"))
        .map(|way| vec![way])
        .collect();
    let tally = each(&engine, &whole, Verb::Run, &plans).expect_none("j03, before the gate opens");
    assert!(tally.kills > 20, "{tally}");
    assert_eq!(tally.asked, 0, "{tally}");
}

#[test]
fn j05_a_command_had_its_effect_and_nobody_saw_its_end() {
    let engine = released();
    let shape = shapes::SUICIDE;
    let mut ground = Ground::new(&shape);
    std::fs::write(ground.path().join("1"), "").expect("written");
    for n in ["2", "3", "4"] {
        std::fs::write(ground.path().join(n), "").expect("written");
    }
    let answers = shape.answers();
    let round = ground.round(&engine, Verb::Run, &answers, Seen::ByPrograms, &Way::Never);
    let code = round.expect("it ends").status.code();
    let whole = play::Undisturbed {
        shape,
        ledger: ground.ledger(),
        shown: ground.shown(&engine),
        code,
        took: Duration::ZERO,
    };
    let mut ground = Ground::new(&shape);
    let plan = Plan {
        ways: vec![Way::ByItsStep; 20],
        seen: Seen::ByPrograms,
        verb: Verb::Run,
    };
    let tally = drive_only(&mut ground, &engine, &whole, &plan)
        .unwrap_or_else(|fault| panic!("{fault:?}\n{}", ground.account()));
    assert_eq!(tally.kills, 4, "each of the four ended its engine");
    let times = |name: &str| play::begins(&ground.ledger(), name);
    assert_eq!(times("asked"), 1, "a person said that it was done");
    assert_eq!(times("probed"), 1, "the system said that it was done");
    assert_eq!(times("repeated"), 2, "it may be run again, and was");
    assert_eq!((times("forth"), times("back")), (1, 1));
    assert_eq!(tally.asked, 2, "{}", ground.account());
    assert_eq!(ground.shown(&engine), whole.shown);
    assert_eq!(ground.left_running(), Vec::<String>::new());
    say(&format!("j05, after the effect: {tally}"));
}

#[test]
fn j06_nothing_is_shown_as_done_before_its_outcome_is_synced() {
    if !trace::is_there() {
        return;
    }
    let engine = released();
    for shape in [shapes::SEQUENCE, shapes::ATTEMPT, shapes::REWIND] {
        let (early, shown) = trace::shown_unsynced(&trace::lines(&engine, shape, Verb::Run));
        assert_eq!(early, Vec::<String>::new(), "{}", shape.name);
        assert!(shown >= 8, "{shown} ends of commands were shown");
    }
}

#[test]
#[ignore = "needs root and loop devices: just power-cuts"]
fn j06_the_power_goes() {
    let cuts = number("CHAOS_CUTS", 20);
    let tally = power_cuts(&released(), cuts).expect_none("j06, power cuts");
    assert!(tally.kills >= cuts);
}

#[test]
fn j07_recovery_is_killed_three_deep() {
    if !trace::is_there() {
        return;
    }
    let engine = released();
    let resume = trace::points(&trace::lines(&engine, shapes::PROBES, Verb::Resume), None);
    for shape in [shapes::PROBES, shapes::SEQUENCE] {
        let whole = undisturbed(&engine, shape, Verb::Run);
        let first = trace::points(&trace::lines(&engine, shape, Verb::Run), None);
        let mut dice = Dice::new(seed(), 7);
        let plans: Vec<Vec<Way>> = some(resume.clone(), one_in(12), 7)
            .into_iter()
            .map(|second| {
                // Half of the runs are well under way when they are first killed.
                let begun = first.len() / 2 * dice.below(2);
                let begin = first[begun + dice.below(first.len() - begun)].clone();
                vec![begin, second, dice.pick(&resume).clone()]
            })
            .collect();
        let what = format!("j07, three deep in {}", shape.name);
        let tally = each(&engine, &whole, Verb::Run, &plans).expect_none(&what);
        assert!(tally.kills >= plans.len(), "{tally}");
    }
}

#[test]
fn j23_the_engine_gets_no_more_memory() {
    let engine = released();
    let whole = undisturbed(&engine, shapes::HUNGRY, Verb::Run);
    let mut dice = Dice::new(seed(), 23);
    let plans: Vec<Vec<Way>> = (0..number("CHAOS_KILLS", 120) / 20)
        .map(|_| vec![Way::Starved(dice.within(whole.took))])
        .collect();
    let tally = each(&engine, &whole, Verb::Run, &plans).expect_none("j23, no memory");
    assert!(tally.kills > 0, "{tally}");
}

#[test]
fn j25_an_undo_is_killed_at_every_call() {
    if !trace::is_there() {
        return;
    }
    let engine = released();
    let mut kills = 0;
    for (shape, verb, from) in [
        (shapes::REWIND, Verb::Run, Some("undo_started")),
        (shapes::ATTEMPT, Verb::Run, Some("undo_started")),
        (shapes::UNDOABLE, Verb::Undo, None),
    ] {
        let whole = undisturbed(&engine, shape, verb);
        let points = trace::points(&trace::lines(&engine, shape, verb), from);
        let mut dice = Dice::new(seed(), 25);
        let plans: Vec<Vec<Way>> = some(points, one_in(8), 25)
            .into_iter()
            .map(|way| vec![way, Way::Engine(dice.within(Duration::from_millis(20)))])
            .collect();
        let what = format!("j25, undo of {}", shape.name);
        kills += each(&engine, &whole, verb, &plans).expect_none(&what).kills;
    }
    assert!(kills > 20, "{kills}");
}
