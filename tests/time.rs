//! Limits on two clocks: set forward, set back, asleep, booted anew. The rows T of the fault matrix that need no
//! real clock; each says that what it injects did happen.

use std::path::Path;

use runbook_core::effect::{Effect, Notice};
use runbook_core::event::{Event, Found, Moment};
use runbook_core::state::Over;
use runbook_host::clock::remaining;
use runbook_host::scripted::world::BOOT;
use runbook_host::scripted::{Play, Played, Script, World, fold, play};
use runbook_plan::Plan;

use crate::plan::plan_of_text;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn plan(body: &str) -> Plan {
    let text = format!("rbk 1\nrunbook \"A case\"\n\n{body}\n");
    let (_, plan, told) = plan_of_text(Path::new("."), "case.rbk", &text);
    plan.unwrap_or_else(|| panic!("{told:?}"))
}

fn world() -> World {
    World::new(Script::of_case("").expect("a script"))
}

/// A run that has just begun to wait for a day.
fn waiting(plan: &Plan) -> Play<'_> {
    let (whole, _) = play(plan, world());
    fold(plan, world(), &whole.facts[..1])
}

fn a_day() -> Plan {
    plan("wait 24h\nfinish no_action \"later\"")
}

/// What is left of the wait, as the engine reckons it, in milliseconds.
fn left(run: &Play<'_>, boot: &str) -> i64 {
    let due = runbook_core::due(&run.state).expect("the wait's end");
    remaining(&due, run.now, boot)
}

fn goes(run: &mut Play<'_>, wall: i64, boot: i64) {
    run.now.wall += wall;
    run.now.boot += boot;
}

/// The engine wakes and looks at the clocks.
fn looks(run: &mut Play<'_>, boot: &str) {
    if left(run, boot) <= 0 {
        run.happens(Event::Ticked);
    } else {
        run.happens(Event::Noted {
            text: "still there".into(),
            by: "ada".into(),
        });
    }
}

fn jumped(run: &Play<'_>) -> Option<i64> {
    run.wished.iter().rev().find_map(|effect| match effect {
        Effect::Tell(Notice::ClockJumped { by_ms }) => Some(*by_ms),
        _ => None,
    })
}

fn is_over(run: &Play<'_>) -> bool {
    matches!(run.state.is_over(), Over::Ended { .. })
}

#[test]
fn t01_a_wait_goes_on_where_it_was_after_a_crash() {
    let plan = a_day();
    let mut run = waiting(&plan);
    goes(&mut run, 2 * HOUR, 2 * HOUR);
    run.resume(BOOT, &mut |_| Found::Gone);
    assert_eq!(left(&run, BOOT), 22 * HOUR);
}

#[test]
fn t02_a_wait_that_ended_meanwhile_says_how_late_it_is() {
    let plan = a_day();
    let mut run = waiting(&plan);
    goes(&mut run, 30 * HOUR, 30 * HOUR);
    run.resume(BOOT, &mut |_| Found::Gone);
    looks(&mut run, BOOT);
    assert!(is_over(&run));
    let late = run.wished.iter().find_map(|effect| match effect {
        Effect::Tell(Notice::DeadlinePassed { late_ms, .. }) => Some(*late_ms),
        _ => None,
    });
    assert_eq!(late, Some(6 * 3_600_000));
}

#[test]
fn t03_a_clock_that_is_set_back_makes_no_wait_longer() {
    let plan = a_day();
    let mut run = waiting(&plan);
    goes(&mut run, -3 * HOUR + HOUR, HOUR);
    looks(&mut run, BOOT);
    assert_eq!(jumped(&run), Some(-3 * HOUR));
    assert_eq!(left(&run, BOOT), 23 * HOUR);
    goes(&mut run, 23 * HOUR, 23 * HOUR);
    looks(&mut run, BOOT);
    assert!(is_over(&run));
}

#[test]
fn t04_a_clock_that_is_set_forward_ends_no_wait_early() {
    let plan = a_day();
    let mut run = waiting(&plan);
    goes(&mut run, 10 * DAY + HOUR, HOUR);
    looks(&mut run, BOOT);
    assert_eq!(jumped(&run), Some(10 * DAY));
    assert!(!is_over(&run));
    assert_eq!(left(&run, BOOT), 23 * HOUR);
    // Nor does a resume within the boot believe it.
    run.resume(BOOT, &mut |_| Found::Gone);
    assert_eq!(left(&run, BOOT), 23 * HOUR);
}

#[test]
fn t05_sleep_counts() {
    let plan = plan("wait 4h\nfinish no_action");
    let mut run = waiting(&plan);
    // Boot time goes on while the machine sleeps, and nothing else of the engine does.
    goes(&mut run, 8 * HOUR, 8 * HOUR);
    assert_eq!(left(&run, BOOT), -4 * HOUR);
    looks(&mut run, BOOT);
    assert!(is_over(&run));
    assert_eq!(jumped(&run), None);
}

#[test]
fn t06_a_clock_that_is_years_wrong_after_a_reboot_ends_nothing() {
    let plan = a_day();
    let mut run = waiting(&plan);
    goes(&mut run, HOUR, HOUR);
    looks(&mut run, BOOT);
    let begun = run.facts[0].at;
    // The machine comes up in 1970.
    run.now = Moment {
        wall: 60_000,
        boot: 5_000,
    };
    run.resume("boot-2", &mut |_| Found::Gone);
    assert!(jumped(&run).is_some_and(|by| by < -365 * DAY));
    assert_eq!(left(&run, "boot-2"), 23 * HOUR);
    // It is set right in the same boot, and that changes nothing.
    run.now = Moment {
        wall: begun.wall + 2 * HOUR,
        boot: 5_000 + HOUR,
    };
    looks(&mut run, "boot-2");
    assert_eq!(left(&run, "boot-2"), 22 * HOUR);
    // In the next boot the clock is right from its start: the wait ends when it was to end.
    run.now = Moment {
        wall: begun.wall + 3 * HOUR,
        boot: 5_000,
    };
    run.resume("boot-3", &mut |_| Found::Gone);
    assert_eq!(left(&run, "boot-3"), 21 * HOUR);
    assert!(!is_over(&run));
}

#[test]
fn t08_no_duration_is_too_long_and_2038_is_a_year() {
    let plan = plan("wait 3650d\nfinish no_action");
    for wall in [i64::from(i32::MAX) * 1_000 - HOUR, i64::MAX - DAY] {
        let mut run = Play::new(&plan, world());
        run.now = Moment { wall, boot: 5_000 };
        let started = run.started();
        run.happens(Event::Started(started));
        let due = runbook_core::due(&run.state).expect("the wait's end");
        assert_eq!(due.at.wall, wall.saturating_add(3_650 * DAY));
        assert!(left(&run, BOOT) > 0);
    }
}

#[test]
fn t09_a_clock_that_runs_backwards_is_survived() {
    let plan = plan(
        "attempt quick \"Quick\" within 5m {\n  step one \"One\" {\n    $ ./one\n    undo $ ./undo-one\n  }\n} otherwise {\n  finish failed\n}",
    );
    let (whole, came) = play(&plan, world());
    for at in 1..whole.facts.len() {
        let mut facts = whole.facts.clone();
        for fact in &mut facts[at..] {
            fact.at.wall -= 4 * HOUR;
        }
        let run = fold(&plan, world(), &facts);
        assert_eq!(Played::Over(run.state.is_over()), came, "{at}");
        assert_eq!(jumped(&run), Some(-4 * HOUR), "{at}");
    }
}
