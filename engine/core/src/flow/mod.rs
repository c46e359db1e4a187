//! What each construct does next, one file per family.

pub(crate) mod attempt;
pub(crate) mod branch;
pub(crate) mod call;
pub(crate) mod clocks;
pub(crate) mod exec;
pub(crate) mod failing;
pub(crate) mod fitting;
pub(crate) mod from;
pub(crate) mod input;
pub(crate) mod irreversible;
pub(crate) mod judge;
pub(crate) mod looping;
pub(crate) mod menu;
pub(crate) mod message;
pub(crate) mod operator;
pub(crate) mod parallel;
pub(crate) mod prompts;
pub(crate) mod remembering;
pub(crate) mod root;
pub(crate) mod scope;
pub(crate) mod seq;
pub(crate) mod settle;
pub(crate) mod starting;
pub(crate) mod undo;
pub(crate) mod waiting;

use crate::clock::Deadline;
use crate::frame::{Frame, Input, Next};
use crate::machine::Machine;
use crate::state::{FiberId, TimerKind};

/// Moves the innermost frame of a fiber, which is not on its stack meanwhile.
pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, frame: Frame, input: Input) -> Next {
    match frame {
        Frame::Root(root) => root::advance(m, f, root, input),
        Frame::Seq(seq) => seq::advance(m, f, seq, input),
        Frame::Scope(scope) => scope::advance(m, f, scope, input),
        Frame::Attempt(attempt) => attempt::advance(m, f, attempt, input),
        Frame::Exec(exec) => exec::advance(m, f, exec, input),
        Frame::Ask(ask) => prompts::ask(m, f, ask, input),
        Frame::Input(frame) => input::advance(m, f, frame, input),
        Frame::Inputs(sources) => input::several(sources, input),
        Frame::Menu(frame) => menu::advance(m, f, frame, input),
        Frame::Guards(guards) => judge::guards(m, f, guards, input),
        Frame::For(looped) => looping::advance(m, f, looped, input),
        Frame::Parallel(parallel) => parallel::advance(m, f, parallel, input),
        Frame::Call(frame) => call::advance(m, f, frame, input),
        Frame::Let(frame) => call::bind_ran(m, f, frame, input),
        Frame::Prompted(prompted) => prompts::statement(m, f, prompted, input),
        Frame::Choose(choose) => branch::choose(m, f, choose, input),
        Frame::Decide(decide) => branch::decide(m, f, decide, input),
        Frame::Check(check) => judge::check(m, f, check, input),
        Frame::Sleep(sleep) => waiting::sleep(m, f, sleep, input),
        Frame::Until(until) => waiting::until(m, f, until, input),
        Frame::Snapshot(snapshot) => judge::snapshot(m, f, snapshot, input),
        Frame::Message(message) => message::advance(m, f, message, input),
        Frame::Undo(frame) => undo::advance(m, f, frame, input),
        Frame::Back(back) => undo::back(m, f, back, input),
        Frame::Settle(frame) => settle::advance(m, f, frame, input),
    }
}

/// The clock of a frame that is put back in place.
pub(crate) fn clock_of(frame: &Frame) -> Option<(Deadline, TimerKind)> {
    match frame {
        Frame::Scope(scope) => scope.within.clone(),
        Frame::Attempt(attempt) => attempt.within.clone(),
        _ => None,
    }
}
