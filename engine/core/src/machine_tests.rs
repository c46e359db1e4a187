use super::*;
use crate::event::Moment;
use crate::state::tests::running;

const MAIN: FiberId = FiberId(0);

/// A machine with the run's own fiber and the commands 1 and 2 under way.
fn machine(plan: &Plan) -> Machine<'_> {
    let main = Fiber {
        lineage: vec![MAIN],
        ..Fiber::default()
    };
    Machine {
        plan,
        s: State {
            fibers: [(MAIN, main)].into(),
            pending: [1, 2]
                .map(|id| (EffectId(id), running(Some(MAIN), id)))
                .into(),
            ..State::default()
        },
        out: Vec::new(),
    }
}

/// What a command that is stopped for these reasons, one after the other, was stopped for, and how often and how
/// hard that was asked for.
fn stopped(whys: &[(StopWhy, Urgency)]) -> (Option<StopWhy>, Vec<Urgency>) {
    let plan = Plan::default();
    let mut m = machine(&plan);
    for (why, urgency) in whys {
        m.stop_effect(EffectId(1), *why, *urgency);
    }
    assert_eq!(m.s.pending[&EffectId(2)].stop, None);
    let asked = m.out.iter().map(|effect| match effect {
        Effect::Stop { id, urgency } if *id == EffectId(1) => *urgency,
        other => panic!("{other:?}"),
    });
    (m.s.pending[&EffectId(1)].stop, asked.collect())
}

#[test]
fn what_is_stopped_twice_was_stopped_for_the_first_reason_and_a_park_is_none() {
    use StopWhy::{Cancelled, Operator, Park, TimedOut};
    use Urgency::{Grace, Kill};
    for (whys, wanted, asked) in [
        (&[(TimedOut, Grace)][..], TimedOut, &[Grace][..]),
        (&[(TimedOut, Grace), (Cancelled, Grace)], TimedOut, &[Grace]),
        (&[(TimedOut, Grace), (Park, Grace)], TimedOut, &[Grace]),
        (&[(Park, Grace), (TimedOut, Grace)], TimedOut, &[Grace]),
        (&[(Park, Grace), (Park, Grace)], Park, &[Grace]),
        (
            &[(Operator, Grace), (Cancelled, Kill)],
            Operator,
            &[Grace, Kill],
        ),
        (&[(Park, Grace), (Park, Kill)], Park, &[Grace, Kill]),
    ] {
        assert_eq!(stopped(whys), (Some(wanted), asked.to_vec()), "{whys:?}");
    }
}

fn deadline(boot: i64) -> Deadline {
    Deadline {
        at: Moment { wall: boot, boot },
        boot_id: String::new(),
    }
}

/// Arms a timer at each depth, in this order.
fn armed(m: &mut Machine<'_>, depths: &[usize]) -> Vec<(i64, u64)> {
    let arm = |depth: &usize| {
        let key = m.arm_free(Some(MAIN), *depth, deadline(9), TimerKind::Wake);
        m.own_timer(MAIN, *depth, key);
        key
    };
    depths.iter().map(arm).collect()
}

#[test]
fn a_frame_that_is_left_takes_its_timers_and_those_above_it() {
    let plan = Plan::default();
    let mut m = machine(&plan);
    let keys = armed(&mut m, &[2, 0, 1, 2]);
    let held = |m: &Machine<'_>| -> Vec<_> { m.fiber(MAIN).timers.clone() };
    assert_eq!(
        held(&m),
        [(0, keys[1]), (1, keys[2]), (2, keys[0]), (2, keys[3])]
    );
    m.drop_timers(MAIN, 2);
    assert_eq!(held(&m), [(0, keys[1]), (1, keys[2])]);
    m.drop_timers(MAIN, 1);
    assert_eq!(held(&m), [(0, keys[1])]);
    assert_eq!(m.s.timers.keys().copied().collect::<Vec<_>>(), [keys[1]]);
}

#[test]
fn timers_that_are_due_at_once_are_two_and_one_is_disarmed_alone() {
    let plan = Plan::default();
    let mut m = machine(&plan);
    let keys = armed(&mut m, &[1, 1, 1]);
    assert_eq!(m.s.timers.len(), 3);
    m.disarm(MAIN, keys[1]);
    assert_eq!(m.fiber(MAIN).timers, [(1, keys[0]), (1, keys[2])]);
    assert_eq!(
        m.s.timers.keys().copied().collect::<Vec<_>>(),
        [keys[0], keys[2]]
    );
}

#[test]
fn a_deadline_of_another_boot_is_due_by_the_time_of_day() {
    let state = State {
        now: Moment {
            wall: 1_000,
            boot: 70,
        },
        boot_id: "this".into(),
        ..State::default()
    };
    let due = |boot_id: &str| {
        state.due_boot(&Deadline {
            at: Moment {
                wall: 1_500,
                boot: 90_000,
            },
            boot_id: boot_id.into(),
        })
    };
    assert_eq!((due("this"), due("another")), (90_000, 570));
}

#[test]
fn what_is_left_twice_is_left_as_far_out_as_either_says_and_for_the_first_of_equal_reasons() {
    let (late, skipped) = (Cause::TimedOut(5), Cause::Skipped);
    for (first, second, wanted) in [
        (Some(2), Some(2), (Some(2), &late)),
        (Some(2), Some(1), (Some(1), &skipped)),
        (Some(1), Some(2), (Some(1), &late)),
        (Some(1), None, (None, &skipped)),
        (None, Some(0), (None, &late)),
        (None, None, (None, &late)),
    ] {
        let plan = Plan::default();
        let mut m = machine(&plan);
        m.stop(MAIN, first, late.clone());
        m.stop(MAIN, second, skipped.clone());
        let unwind = m.fiber(MAIN).unwind.as_ref().unwrap();
        assert_eq!(
            (unwind.target, &unwind.cause),
            wanted,
            "{first:?} {second:?}"
        );
    }
}
