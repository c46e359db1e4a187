use runbook_plan::Plan;

use super::*;
use crate::clock::Deadline;
use crate::event::Moment;
use crate::state::tests::{asking, timer};
use crate::step;

/// What is told of a clock after a run's first record, when so many milliseconds are over on each.
fn jumped(boot: i64, wall: i64) -> Option<i64> {
    let plan = Plan::default();
    let mut at = Moment {
        wall: 1_000_000,
        boot: 70_000,
    };
    let started = Event::Started(crate::event::Started::default());
    let (state, _) = step(&plan, State::default(), &Fact { at, event: started });
    at.boot += boot;
    at.wall += wall;
    let event = Event::Noted {
        text: "a note".into(),
        by: "ada".into(),
    };
    let (_, effects) = step(&plan, state, &Fact { at, event });
    effects.iter().find_map(|effect| match effect {
        Effect::Tell(Notice::ClockJumped { by_ms }) => Some(*by_ms),
        _ => None,
    })
}

#[test]
fn a_clock_that_was_set_is_told_and_one_that_drifts_is_not() {
    for (boot, wall, told) in [
        (0, 0, None),
        (60_000, 60_000, None),
        (0, 5_000, None),
        (0, 5_001, Some(5_001)),
        (0, -5_000, None),
        (0, -5_001, Some(-5_001)),
        (60_000, 65_001, Some(5_001)),
        // A hundredth of a long time.
        (1_000_000, 1_010_000, None),
        (1_000_000, 1_010_001, Some(10_001)),
        (1_000_000, 989_999, Some(-10_001)),
    ] {
        assert_eq!(jumped(boot, wall), told, "{boot} {wall}");
    }
}

const MAIN: FiberId = FiberId(0);
/// The last record before the reboot.
const BEFORE: Moment = Moment {
    wall: 1_000_000,
    boot: 90_000,
};
/// Due 30 s later, of the run; 50 s, of the run, too; 60 s, of a fiber; passed where it could not count.
const KEYS: [(i64, u64); 4] = [(120_000, 1), (140_000, 2), (150_000, 3), (HELD, 4)];

/// A run with time limits, taken up at a moment.
fn taken_up(now: Moment, boot_id: &str) -> (State, Vec<Effect>) {
    let plan = Plan::default();
    let limit = |key: (i64, u64)| {
        let boot = key.0.min(95_000 + 60_000);
        let wall = BEFORE.wall + boot - BEFORE.boot;
        Timer {
            deadline: Deadline {
                at: Moment { wall, boot },
                boot_id: "first".into(),
            },
            ..timer(None, TimerKind::Objective, boot)
        }
    };
    let clock = |key, severity| RunClock { key, severity };
    let main = Fiber {
        timers: vec![(1, KEYS[2]), (2, KEYS[3])],
        ..Fiber::default()
    };
    let asked = Pending {
        since: Moment {
            wall: BEFORE.wall - 20_000,
            boot: BEFORE.boot - 20_000,
        },
        ..asking(Some(MAIN))
    };
    let state = State {
        now: BEFORE,
        boot_id: "first".into(),
        fibers: [(MAIN, main)].into(),
        pending: [(EffectId(1), asked)].into(),
        timers: KEYS.map(|key| (key, limit(key))).into(),
        clocks: vec![clock(KEYS[0], true), clock(KEYS[1], false)],
        ..State::default()
    };
    let mut m = Machine {
        plan: &plan,
        s: state,
        out: Vec::new(),
    };
    let event = Event::Resumed {
        operator: "ada".into(),
        boot_id: boot_id.into(),
    };
    take_time(&mut m, &Fact { at: now, event });
    (m.s, m.out)
}

fn clocks(state: &State) -> Vec<(i64, u64)> {
    state.clocks.iter().map(|clock| clock.key).collect()
}

#[test]
fn after_a_reboot_every_limit_keeps_its_moment_of_the_day() {
    // 40 s later, by the wall; the new boot is 7 s old.
    let now = Moment {
        wall: 1_040_000,
        boot: 7_000,
    };
    let (state, told) = taken_up(now, "second");
    let moved = [(-3_000, 1), (17_000, 2), (27_000, 3), (HELD, 4)];
    assert_eq!(state.timers.keys().copied().collect::<Vec<_>>(), moved);
    assert_eq!(clocks(&state), moved[..2]);
    assert_eq!(state.fibers[&MAIN].timers, [(1, moved[2]), (2, moved[3])]);
    for key in &moved[..3] {
        let deadline = &state.timers[key].deadline;
        assert_eq!((deadline.at.boot, &*deadline.boot_id), (key.0, "second"));
    }
    assert_eq!(state.pending[&EffectId(1)].since.boot, 7_000 - 60_000);
    assert_eq!((state.now, &*state.boot_id), (now, "second"));
    assert_eq!(told, []);
}

#[test]
fn a_clock_that_stands_before_the_last_record_leaves_what_was_left() {
    let now = Moment {
        wall: 400_000,
        boot: 7_000,
    };
    let (state, told) = taken_up(now, "second");
    let moved = [(37_000, 1), (57_000, 2), (67_000, 3), (HELD, 4)];
    assert_eq!(state.timers.keys().copied().collect::<Vec<_>>(), moved);
    assert_eq!(clocks(&state), moved[..2]);
    assert_eq!(state.pending[&EffectId(1)].since.boot, 7_000);
    let set = Effect::Tell(Notice::ClockJumped { by_ms: -600_000 });
    assert_eq!(told, [set]);
}

#[test]
fn within_one_boot_nothing_moves_and_a_clock_that_stood_still_was_not_set() {
    let later = Moment {
        wall: 400_000,
        boot: 95_000,
    };
    let (state, told) = taken_up(later, "first");
    assert_eq!(state.timers.keys().copied().collect::<Vec<_>>(), KEYS);
    assert_eq!((clocks(&state), told), (KEYS[..2].to_vec(), Vec::new()));
    let (_, told) = taken_up(BEFORE, "second");
    assert_eq!(told, []);
}
