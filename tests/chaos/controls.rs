//! The controls: a protocol that looks as if it would do, in a build that no release is, and the tests of the promise,
//! which must find it wanting.
//!
//! `CHAOS_WEAKENED` names the build; `tests/chaos/run` makes it. Where it is not set these tests pass over.

use std::path::PathBuf;

use super::campaign::{Outcome, at_random, each, number, power_cuts, say};
use super::ground::{Engine, Verb};
use super::play::{Fault, undisturbed};
use super::{released, shapes, trace};

/// Engines that may die before a fault must have been found.
const BUDGET: usize = 500;

fn weakened(weakness: &'static str) -> Option<Engine> {
    let Some(program) = std::env::var_os("CHAOS_WEAKENED") else {
        say(&format!(
            "{weakness}: passed over, CHAOS_WEAKENED names no build"
        ));
        return None;
    };
    let program = PathBuf::from(program);
    Some(Engine {
        program: program.canonicalize().expect("a weakened build"),
        weakness: Some(weakness),
    })
}

fn found(weakness: &str, outcome: Outcome) {
    let Some((fault, account)) = outcome.fault else {
        panic!("{weakness}: not found in {}", outcome.tally);
    };
    assert!(
        matches!(fault, Fault::Doubled(_) | Fault::Lost(_)),
        "{weakness}: {fault:?}\n{account}"
    );
    let kills = outcome.tally.kills;
    say(&format!(
        "control `{weakness}`: found after {kills} kills: {fault:?}"
    ));
}

#[test]
fn the_released_program_has_no_deliberate_fault() {
    let program = std::fs::read(released().program).expect("the program");
    let word = b"RUNBOOK_WEAKENED";
    let has = |bytes: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    assert!(!has(&program), "it heeds RUNBOOK_WEAKENED");
    if let Some(engine) = weakened("none of them") {
        let program = std::fs::read(engine.program).expect("the program");
        assert!(has(&program), "CHAOS_WEAKENED is no build with the feature");
    }
}

#[test]
fn a_journal_of_outcomes_alone_is_found_out() {
    if let Some(engine) = weakened("outcome only") {
        found("outcome only", at_random(&engine, BUDGET, &shapes::ALL));
    }
}

#[test]
fn an_engine_that_ignores_orphans_is_found_out() {
    if let Some(engine) = weakened("orphan ignored") {
        found(
            "orphan ignored",
            at_random(&engine, BUDGET, &[shapes::SLOW]),
        );
    }
}

#[test]
fn an_engine_without_a_gate_is_found_out() {
    if let Some(engine) = weakened("no gate")
        && trace::is_there()
    {
        let whole = undisturbed(&engine, shapes::SEQUENCE, Verb::Run);
        let lines = trace::lines(&engine, whole.shape, Verb::Run);
        let points = trace::points(&lines, Some("step_started"));
        let plans: Vec<_> = points.into_iter().map(|way| vec![way]).collect();
        found("no gate", each(&engine, &whole, Verb::Run, &plans));
    }
}

#[test]
fn an_engine_that_does_not_sync_is_found_out() {
    if let Some(engine) = weakened("no sync")
        && trace::is_there()
    {
        let lines = trace::lines(&engine, shapes::SEQUENCE, Verb::Run);
        let (early, shown) = trace::shown_unsynced(&lines);
        assert!(shown >= 8, "{shown} ends of commands were shown");
        assert_eq!(early.len(), shown, "all were shown before they were synced");
        say(&format!(
            "control `no sync`: found, {shown} of {shown} shown before a sync"
        ));
    }
}

#[test]
#[ignore = "needs root and loop devices: just power-cuts"]
fn an_engine_that_does_not_sync_is_found_out_when_the_power_goes() {
    if let Some(engine) = weakened("no sync") {
        found("no sync", power_cuts(&engine, number("CHAOS_CUTS", 20)));
    }
}
