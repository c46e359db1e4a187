use runbook_plan::command::Mark;
use runbook_plan::ids::CommandId;

use super::*;
use crate::effect::{Manner, Role};
use crate::event::Segment;
use crate::frame::{Exec, ExecStage, Told, Want};

pub(crate) fn run_of(id: u64, manner: Manner) -> Run {
    Run {
        id: EffectId(id),
        mark: Mark::Act,
        role: Role::Statement,
        path: "one".into(),
        shown: "./one".into(),
        programs: Vec::new(),
        on: None,
        dir: None,
        env: Vec::new(),
        manner,
        deadline: None,
        attempt: 1,
    }
}

pub(crate) fn pending(fiber: Option<FiberId>, kind: PendingKind) -> Pending {
    Pending {
        fiber,
        kind,
        since: Moment::default(),
        identity: None,
        stop: None,
        in_doubt: false,
        said: String::new(),
    }
}

pub(crate) fn running(fiber: Option<FiberId>, id: u64) -> Pending {
    let run = run_of(id, Manner::Plain);
    pending(fiber, PendingKind::Run(Box::new(run)))
}

pub(crate) fn asking(fiber: Option<FiberId>) -> Pending {
    let prompt = Box::new(Prompt::interrupted());
    pending(fiber, PendingKind::Ask(prompt))
}

pub(crate) fn timer(fiber: Option<FiberId>, kind: TimerKind, boot: i64) -> Timer {
    let at = Moment { wall: boot, boot };
    Timer {
        fiber,
        depth: 1,
        kind,
        deadline: Deadline {
            at,
            boot_id: "this".into(),
        },
        started: Moment::default(),
    }
}

const MAIN: FiberId = FiberId(0);
const BRANCH: FiberId = FiberId(1);

/// The run's own fiber and a branch of it; the branch runs command 7.
fn branched() -> State {
    let exec = Exec {
        what: Looked::Command(CommandId(3)),
        mark: Mark::Act,
        role: Role::Statement,
        want: Want::Raw,
        stage: ExecStage::Running,
        attempt: 1,
        told: Told::Yes,
        id: EffectId(7),
        until: None,
        ran: None,
    };
    let branch = Fiber {
        frames: vec![Slot {
            uid: 2,
            frame: Frame::Exec(Box::new(exec)),
        }],
        lineage: vec![MAIN, BRANCH],
        ..Fiber::default()
    };
    let main = Fiber {
        lineage: vec![MAIN],
        ..Fiber::default()
    };
    State {
        fibers: [(MAIN, main), (BRANCH, branch)].into(),
        pending: [(EffectId(7), running(Some(BRANCH), 7))].into(),
        boot_id: "this".into(),
        ..State::default()
    }
}

#[test]
fn what_ends_a_text_is_cut_off_it() {
    for (text, trimmed) in [
        ("a\n", "a"),
        ("a\r\n\r\n", "a"),
        ("a\r", "a"),
        (" a \n b \n", " a \n b "),
        ("\n", ""),
        ("", ""),
    ] {
        assert_eq!(trim_newlines(text.into()), trimmed, "{text:?}");
    }
}

#[test]
fn a_deadline_that_is_never_due_is_one_all_the_same() {
    let state = State {
        now: Moment { wall: 50, boot: 7 },
        boot_id: "this".into(),
        ..State::default()
    };
    let deadline = |after| state.deadline(after).at;
    assert_eq!(deadline(10), Moment { wall: 60, boot: 17 });
    let never = i64::MAX / 4;
    let wanted = Moment {
        wall: 50 + never,
        boot: 7 + never,
    };
    assert_eq!(deadline(u64::MAX), wanted);
}

#[test]
fn what_is_in_flight_is_told_by_what_it_is() {
    let request = Request {
        id: EffectId(3),
        mark: Mark::Look,
        role: Role::Look,
        path: "asks".into(),
        shown: "GET http://h/".into(),
        method: "GET".into(),
        url: crate::effect::EnvValue::Text("http://h/".into()),
        headers: Vec::new(),
        body: None,
        timeout_ms: 1,
        attempt: 1,
    };
    let server = PendingKind::Run(Box::new(run_of(2, Manner::Background)));
    let doubted = Pending {
        in_doubt: true,
        ..running(Some(MAIN), 4)
    };
    let state = State {
        pending: [
            (EffectId(1), running(Some(MAIN), 1)),
            (EffectId(2), pending(None, server)),
            (
                EffectId(3),
                pending(Some(MAIN), PendingKind::Request(Box::new(request))),
            ),
            (EffectId(4), doubted),
            (EffectId(5), asking(Some(MAIN))),
        ]
        .into(),
        ..State::default()
    };
    let flights = state.in_flight();
    let told: Vec<_> = flights.iter().map(|one| (one.effect.0, one.what)).collect();
    assert_eq!(
        told,
        [
            (1, InFlightKind::Command),
            (2, InFlightKind::Background),
            (3, InFlightKind::Request)
        ]
    );
}

#[test]
fn a_command_is_limited_by_its_own_time_and_by_those_around_it() {
    let within = |stops| TimerKind::Within {
        what: "quick".into(),
        ms: 1,
        stops,
    };
    for (fiber, kind, wanted) in [
        (None, TimerKind::Command(EffectId(7)), Limited::Yes),
        (None, TimerKind::Command(EffectId(8)), Limited::No),
        (Some(BRANCH), TimerKind::Timeout(1), Limited::Yes),
        (Some(MAIN), TimerKind::Timeout(1), Limited::Yes),
        (Some(FiberId(2)), TimerKind::Timeout(1), Limited::No),
        (Some(MAIN), within(Stops::Yes), Limited::Yes),
        (Some(MAIN), within(Stops::No), Limited::No),
        (None, TimerKind::Objective, Limited::No),
    ] {
        let mut state = branched();
        let shown = format!("{fiber:?} {kind:?}");
        state.timers.insert((5, 1), timer(fiber, kind, 5));
        assert_eq!(state.is_limited(EffectId(7)), wanted, "{shown}");
    }
    assert_eq!(branched().is_limited(EffectId(7)), Limited::No);
}

#[test]
fn what_runs_is_known_by_the_plan_and_a_question_is_not() {
    let mut state = branched();
    state.pending.insert(EffectId(8), asking(Some(MAIN)));
    assert_eq!(
        state.looked(EffectId(7)),
        Some(Looked::Command(CommandId(3)))
    );
    assert_eq!(state.looked(EffectId(8)), None);
    assert_eq!(state.looked(EffectId(9)), None);
}

#[test]
fn wishes_are_numbered_from_where_it_is_said() {
    assert_eq!(State::numbered_from(40).next.effect, 40);
}

#[test]
fn a_segment_that_holds_less_than_was_printed_is_a_flaw() {
    let captured = |bytes, length| Captured {
        text: "ab".into(),
        bytes,
        segment: Some(Segment { offset: 0, length }),
        flaw: Some("the disk is full".into()),
    };
    let last = Last::captured(captured(9, 4), Captured::default());
    assert_eq!(last.flaw.as_deref(), Some("the disk is full"));
    assert_eq!(last.output, "ab");
}
