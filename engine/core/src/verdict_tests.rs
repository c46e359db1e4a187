use super::*;
use crate::state::tests::{pending, run_of};

fn itself(exit: Option<i32>, status: Option<u16>) -> Ran {
    Ran {
        last: Last {
            exit,
            status,
            ..Last::default()
        },
        end: RanEnd::Itself,
    }
}

#[test]
fn a_command_is_judged_by_its_code_and_a_request_by_its_status() {
    for (ran, wanted) in [
        (itself(Some(0), None), None),
        (itself(Some(3), None), Some("it exited with code 3")),
        (itself(None, Some(200)), None),
        (itself(None, Some(399)), None),
        (itself(None, Some(400)), Some("it answered 400")),
        (itself(None, Some(503)), Some("it answered 503")),
        (
            end(RanEnd::Signal("SIGKILL".into())),
            Some("it was killed by SIGKILL"),
        ),
        (end(RanEnd::TimedOut), Some("it timed out")),
        (end(RanEnd::Stopped), Some("it was stopped")),
        (end(RanEnd::Enough), None),
    ] {
        assert_eq!(fault(&ran, Judged::ByExit).as_deref(), wanted, "{ran:?}");
    }
    assert_eq!(fault(&itself(Some(3), None), Judged::ByExpect), None);
}

#[test]
fn what_was_stopped_ended_by_why_it_was() {
    let plain = Manner::Plain;
    let live = Manner::Live {
        until: crate::clock::Deadline {
            at: crate::event::Moment::default(),
            boot_id: String::new(),
        },
    };
    let exit = Exit::Stopped {
        signal: "SIGTERM".into(),
    };
    for (manner, why, wanted) in [
        (&plain, StopWhy::TimedOut, RanEnd::TimedOut),
        (&plain, StopWhy::Enough, RanEnd::Enough),
        (&plain, StopWhy::Operator, RanEnd::Stopped),
        (&plain, StopWhy::Cancelled, RanEnd::Stopped),
        (&plain, StopWhy::Park, RanEnd::Stopped),
        (&live, StopWhy::Operator, RanEnd::Enough),
        (&live, StopWhy::Cancelled, RanEnd::Stopped),
    ] {
        let run = run_of(1, manner.clone());
        let mut pending = pending(None, PendingKind::Run(Box::new(run)));
        pending.stop = Some(why);
        let none = Captured::default();
        let ran = exited(&pending, &exit, &none, &none, 5);
        assert_eq!(ran.end, wanted, "{manner:?} {why:?}");
        assert_eq!((ran.last.exit, ran.last.elapsed_ms), (None, 5));
    }
}

#[test]
fn what_is_shown_of_a_time_that_is_over_is_no_fault_of_the_command() {
    let shown = |ended| shown(&end(ended), Judged::ByExit);
    assert_eq!(shown(RanEnd::TimedOut), Verdict::TimedOut);
    assert_eq!(shown(RanEnd::Stopped), Verdict::Stopped);
    assert_eq!(shown(RanEnd::Enough), Verdict::Ok);
    let why = "it did not start: no".to_owned();
    assert_eq!(
        shown(RanEnd::NotStarted("no".into())),
        Verdict::Failed { why }
    );
}

#[test]
fn the_last_lines_are_told_and_the_error_output_after_the_output() {
    let said = |output: &str, stderr: &str| {
        let mut ran = itself(Some(0), None);
        ran.last.output = output.into();
        ran.last.stderr = stderr.into();
        tail(&ran)
    };
    assert_eq!(said("out", "err"), "out\nerr");
    assert_eq!(said("", "err"), "err");
    assert_eq!(said("out", ""), "out");
    let lines: Vec<String> = (1..=14).map(|line| line.to_string()).collect();
    assert_eq!(said(&lines.join("\n"), ""), lines[1..].join("\n"));
}
