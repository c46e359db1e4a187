//! How a command or request went, in a sentence.

use runbook_plan::plan::Judged;

use crate::effect::{Manner, Verdict};
use crate::event::{Captured, Exit};
use crate::frame::{Ran, RanEnd};
use crate::state::{Known, Last, Pending, PendingKind, StopWhy};
use runbook_plan::show;

/// Lines of an output that stand in a notice: one more than the screen shows, which so can say that there is more.
const TAIL_LINES: usize = 13;

pub(crate) fn end(end: RanEnd) -> Ran {
    Ran {
        last: Last {
            known: Known::No,
            ..Last::default()
        },
        end,
    }
}

pub(crate) fn exited(
    pending: &Pending,
    exit: &Exit,
    output: &Captured,
    stderr: &Captured,
    elapsed_ms: u64,
) -> Ran {
    let mut last = Last::captured(output.clone(), stderr.clone());
    last.elapsed_ms = elapsed_ms;
    let live = matches!(
        &pending.kind,
        PendingKind::Run(run) if matches!(run.manner, Manner::Live { .. })
    );
    let end = match exit {
        Exit::Code(code) => {
            last.exit = Some(*code);
            RanEnd::Itself
        }
        Exit::Signal(name) => RanEnd::Signal(name.clone()),
        Exit::Stopped { .. } => match pending.stop {
            Some(StopWhy::TimedOut) => RanEnd::TimedOut,
            Some(StopWhy::Enough) => RanEnd::Enough,
            Some(StopWhy::Operator) if live => RanEnd::Enough,
            _ => RanEnd::Stopped,
        },
    };
    Ran { last, end }
}

pub(crate) fn responded(
    status: u16,
    headers: &[(String, String)],
    body: &Captured,
    elapsed_ms: u64,
) -> Ran {
    let mut last = Last::captured(body.clone(), Captured::default());
    last.elapsed_ms = elapsed_ms;
    last.status = Some(status);
    last.headers = headers.to_vec();
    Ran {
        last,
        end: RanEnd::Itself,
    }
}

pub(crate) fn request_failed(pending: &Pending, why: &str, elapsed_ms: u64) -> Ran {
    let end = match pending.stop {
        None => RanEnd::NoResponse(why.to_owned()),
        Some(StopWhy::TimedOut) => RanEnd::TimedOut,
        Some(_) => RanEnd::Stopped,
    };
    Ran {
        last: Last {
            elapsed_ms,
            known: Known::No,
            ..Last::default()
        },
        end,
    }
}

/// Why it did not go well; nothing where it did, or where an `expect` is to say.
pub(crate) fn fault(ran: &Ran, judged: Judged) -> Option<String> {
    match &ran.end {
        RanEnd::Itself => match (judged, ran.last.exit, ran.last.status) {
            (Judged::ByExpect, _, _) => None,
            (Judged::ByExit, Some(0), _) => None,
            (Judged::ByExit, Some(code), _) => Some(format!("it exited with code {code}")),
            (Judged::ByExit, None, Some(status)) if status < 400 => None,
            (Judged::ByExit, None, Some(status)) => Some(format!("it answered {status}")),
            (Judged::ByExit, None, None) => None,
        },
        RanEnd::Signal(name) => Some(format!("it was killed by {name}")),
        RanEnd::NotStarted(why) => Some(format!("it did not start: {why}")),
        RanEnd::NoResponse(why) => Some(format!("there was no response: {why}")),
        RanEnd::TimedOut => Some("it timed out".into()),
        RanEnd::Stopped => Some("it was stopped".into()),
        RanEnd::Lost(why) => Some(format!("nobody can say how it ended: {why}")),
        RanEnd::LetFail(why) => Some(why.clone()),
        RanEnd::Enough | RanEnd::Skipped | RanEnd::Settled(_) => None,
    }
}

pub(crate) fn shown(ran: &Ran, judged: Judged) -> Verdict {
    match &ran.end {
        RanEnd::TimedOut => Verdict::TimedOut,
        RanEnd::Stopped => Verdict::Stopped,
        _ => crate::step::verdict_of(fault(ran, judged)),
    }
}

/// The last lines of what it said; of its error output where it said nothing else.
pub(crate) fn tail(ran: &Ran) -> String {
    let text = match (ran.last.output.is_empty(), ran.last.stderr.is_empty()) {
        (_, true) => ran.last.output.clone(),
        (true, false) => ran.last.stderr.clone(),
        (false, false) => format!("{}\n{}", ran.last.output, ran.last.stderr),
    };
    last_lines(&text)
}

pub(crate) fn last_lines(text: &str) -> String {
    let skip = text.lines().count().saturating_sub(TAIL_LINES);
    let lines: Vec<&str> = text.lines().skip(skip).collect();
    lines.join("\n")
}

pub(crate) fn after(ms: u64) -> String {
    show::duration(ms)
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
