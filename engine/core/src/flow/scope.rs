//! A block with its policies: steps, sections, checkpoints, procedures, undo blocks.
//!
//! `only if` → told → `after` → `done if` → guards → body → (retry: delay → guards → body) → `on failure` →
//! the menu → `always` → left.

use runbook_plan::ids::BlockId;
use runbook_plan::plan::{Manual, NodeKind};

use crate::effect::Notice;
use crate::flow::failing::{ask_or_leave, chosen, failed};
use crate::flow::{exec, judge, prompts, seq, undo};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Prompt, PromptKind};
use crate::state::{Cause, FiberId, Passed, Stops, TimerKind};
use crate::verdict;
use crate::walk::{self, Acts};

pub(crate) fn new(block: BlockId, kind: ScopeKind) -> Frame {
    starting_at(block, kind, 0)
}

pub(crate) fn starting_at(block: BlockId, kind: ScopeKind, first: usize) -> Frame {
    Frame::Scope(Box::new(Scope {
        block,
        kind,
        stage: Stage::Enter,
        attempt: 1,
        tries_left: None,
        delay_ms: 0,
        started: crate::event::Moment::default(),
        undo_pushed: false,
        confirmed: false,
        ended: None,
        answers: Vec::new(),
        edited: None,
        within: None,
        first,
    }))
}

/// A block that has no name, and so no policies: in a scope of its own where it has guards, else bare.
pub(crate) fn block(m: &Machine<'_>, id: BlockId) -> Frame {
    if m.plan.blocks[id.index()].guards.is_empty() {
        seq::new(id)
    } else {
        new(id, ScopeKind::Plain)
    }
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>, input: Input) -> Next {
    match (s.stage, input) {
        (Stage::Enter, _) => enter(m, f, s),
        (Stage::After, _) => done_if(m, f, s),
        (Stage::DoneIf, Input::Child(Signal::Ran(ran))) => done_if_ran(m, f, s, &ran),
        (Stage::Guards, Input::Child(Signal::Ok | Signal::Skipped)) => body(s),
        (Stage::Delay, _) => attempt(m, f, s),
        (Stage::Body, Input::Child(Signal::Ok | Signal::Skipped | Signal::Value(_))) => {
            body_done(m, f, s)
        }
        (Stage::Body, Input::Child(signal @ (Signal::Return(_) | Signal::Finish(..)))) => {
            s.ended = Some(signal);
            leave(m, f, s)
        }
        (Stage::Manual, Input::Child(Signal::Answered(answer, by))) => {
            manual_answered(m, f, s, answer, &by)
        }
        (Stage::OnFailure, Input::Child(signal)) => {
            match signal {
                signal @ Signal::Finish(..) => {
                    s.ended = Some(signal);
                    return leave(m, f, s);
                }
                Signal::Failed(second) => m.tell(Notice::Warning {
                    text: format!("on failure: {}", second.why),
                }),
                _ => {}
            }
            match s.ended.take() {
                Some(Signal::Failed(failure)) => ask_or_leave(m, f, s, *failure),
                other => {
                    s.ended = other;
                    leave(m, f, s)
                }
            }
        }
        (Stage::Menu, Input::Child(Signal::Choice(choice))) => chosen(m, f, s, choice),
        (Stage::Always, input) => {
            if let Input::Child(Signal::Failed(failure)) = input {
                match s.ended {
                    Some(Signal::Failed(_) | Signal::Unwound | Signal::Finish(..)) => {
                        m.tell(Notice::Warning {
                            text: format!("always: {}", failure.why),
                        });
                    }
                    _ => s.ended = Some(Signal::Failed(failure)),
                }
            }
            left(m, f, s)
        }
        (_, Input::Stopped(Cause::StepDone(how))) => {
            m.drop_timers(f, m.fiber(f).frames.len());
            m.tell(Notice::Settled {
                path: m.path_with(f, &s),
                command: String::new(),
                how,
            });
            s.ended = Some(Signal::Ok);
            leave(m, f, s)
        }
        (_, Input::Stopped(Cause::Skipped)) => {
            tell_skipped(m, f, &s, "skipped by the operator".into());
            s.ended = Some(Signal::Skipped);
            leave(m, f, s)
        }
        (_, Input::Stopped(cause)) => {
            let mut failure = Failure::new(why(&cause));
            if let Cause::Lost(_) = cause {
                failure.kind = FailureKind::Stopped;
            }
            failed(m, f, s, failure)
        }
        (_, Input::Child(Signal::Failed(failure))) => failed(m, f, s, *failure),
        (_, _) => Next::Wait(Frame::Scope(s)),
    }
}

/// Why something was stopped, as its failure says it.
pub(crate) fn why(cause: &Cause) -> String {
    match cause {
        Cause::TimedOut(ms) => format!("timed out after {}", verdict::after(*ms)),
        Cause::OutOfTime(ms) => format!("not done within {}", verdict::after(*ms)),
        Cause::Ended(reason) | Cause::Lost(reason) => reason.clone(),
        Cause::StepDone(how) => how.clone(),
        Cause::Skipped | Cause::Back { .. } | Cause::UndoTo(_) | Cause::WithParent => {
            "it was stopped".into()
        }
    }
}

fn enter(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>) -> Next {
    let plan = m.plan;
    s.started = m.s.now;
    let policies = m.block_policies(s.block);
    if matches!(s.kind, ScopeKind::Step(_)) {
        m.s.progress.met += 1;
    }
    if let Some(condition) = &policies.only_if {
        match m.holds(f, condition) {
            Ok(true) => {}
            Ok(false) => {
                return skipped(m, f, s, "its `only if` does not hold");
            }
            Err(why) => return failed(m, f, s, Failure::new(why)),
        }
    }
    let path = m.path_with(f, &s);
    match s.kind {
        ScopeKind::Section(node) => {
            if let NodeKind::Section { title, within, .. } = &plan.nodes[node.index()].kind {
                let title = m.text(f, title);
                m.tell(Notice::SectionEntered {
                    path,
                    title: title.clone(),
                });
                if let Some(clause) = within {
                    match m.ms(f, clause) {
                        Ok(ms) => {
                            let deadline = m.s.deadline(ms);
                            let kind = TimerKind::Within {
                                what: title,
                                ms,
                                stops: Stops::No,
                            };
                            s.within = Some((deadline.clone(), kind.clone()));
                            m.arm(f, deadline, kind);
                        }
                        Err(why) => return failed(m, f, s, Failure::new(why)),
                    }
                }
            }
        }
        ScopeKind::Step(_) => {
            m.s.reached.block(s.block);
            let title = m.title(f, s.kind);
            m.tell(Notice::StepStarted {
                path,
                title,
                attempt: s.attempt,
            });
        }
        ScopeKind::Checkpoint(node) => {
            let title = m.title(f, s.kind);
            m.tell(Notice::CheckpointReached { path, title });
            if let NodeKind::Checkpoint { after, since, .. } = &plan.nodes[node.index()].kind
                && let Some(clause) = after
                && !m.probing()
            {
                let ms = match m.ms(f, clause) {
                    Ok(ms) => ms,
                    Err(why) => return failed(m, f, s, Failure::new(why)),
                };
                let from = since
                    .and_then(|since| {
                        let passed = m.s.checkpoints.iter().rev();
                        passed.into_iter().find(|at| at.node == since)
                    })
                    .map_or(m.s.now, |passed| passed.at);
                let until = m.s.deadline_from(from, ms);
                s.stage = Stage::After;
                let what = format!("{} after {}", m.title(f, s.kind), verdict::after(ms));
                return Next::Push(
                    Frame::Scope(s),
                    crate::flow::waiting::sleep_until(m, what, until),
                );
            }
        }
        _ => {}
    }
    done_if(m, f, s)
}

fn done_if(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>) -> Next {
    match m.block_policies(s.block).done_if {
        Some(looked) => {
            s.stage = Stage::DoneIf;
            Next::Push(
                Frame::Scope(s),
                exec::look(looked, crate::effect::Role::DoneIf),
            )
        }
        None => attempt(m, f, s),
    }
}

fn done_if_ran(m: &mut Machine<'_>, f: FiberId, s: Box<Scope>, ran: &Ran) -> Next {
    match judge::answers(ran) {
        judge::Answers::Yes => skipped(m, f, s, "it is done already"),
        judge::Answers::No => attempt(m, f, s),
        judge::Answers::Unknown(why) => {
            let failure = Failure::new(format!("whether it is done already is not known: {why}"));
            failed(m, f, s, failure)
        }
    }
}

fn skipped(m: &mut Machine<'_>, f: FiberId, s: Box<Scope>, why: &str) -> Next {
    if s.kind.node().is_some() {
        tell_skipped(m, f, &s, why.into());
    }
    Next::Done(Signal::Skipped)
}

pub(super) fn tell_skipped(m: &mut Machine<'_>, f: FiberId, s: &Scope, why: String) {
    m.tell(Notice::StepSkipped {
        path: m.path_with(f, s),
        title: m.title(f, s.kind),
        why,
    });
}

/// Another attempt: its clock starts, its guards must hold.
pub(super) fn attempt(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>) -> Next {
    let plan = m.plan;
    let policies = m.block_policies(s.block);
    let timeout = match (s.kind, &policies.timeout) {
        (ScopeKind::Step(_) | ScopeKind::Undo, Some(clause)) => match m.ms(f, clause) {
            Ok(ms) => Some(ms),
            Err(why) => return failed(m, f, s, Failure::new(why)),
        },
        _ => None,
    };
    if let Some(ms) = timeout {
        let deadline = m.s.deadline(ms);
        m.arm(f, deadline, TimerKind::Timeout(ms));
    }
    let own = &plan.blocks[s.block.index()].guards;
    let guards = match s.kind {
        ScopeKind::Undo => match &m.fiber(f).undoing {
            Some(entry) => entry.guards.clone(),
            None => Vec::new(),
        },
        ScopeKind::Step(_) if walk::acts(plan, s.block) == Acts::Yes && !m.probing() => {
            let mut guards = m.guards(f);
            guards.extend(own);
            guards
        }
        _ => own.clone(),
    };
    if guards.is_empty() {
        return body(s);
    }
    s.stage = Stage::Guards;
    Next::Push(
        Frame::Scope(s),
        Frame::Guards(Guards {
            list: guards,
            at: 0,
        }),
    )
}

fn body(mut s: Box<Scope>) -> Next {
    s.stage = Stage::Body;
    let mode = match s.kind {
        ScopeKind::Checkpoint(_) => SeqMode::Collect,
        _ => SeqMode::Flow,
    };
    let seq = seq::at(s.block, s.first, mode);
    Next::Push(Frame::Scope(s), seq)
}

fn body_done(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>) -> Next {
    let plan = m.plan;
    if let ScopeKind::Step(node) = s.kind
        && let NodeKind::Step {
            manual: Manual::Yes,
            title,
            name,
            ..
        } = &plan.nodes[node.index()].kind
        && !m.probing()
    {
        let text = m.text(f, title);
        let details = prompts::details(m, f, &plan.blocks[s.block.index()].nodes);
        let prompt = Prompt {
            kind: PromptKind::Manual,
            keys: vec![name.clone(), text.clone(), title.source.clone()],
            text,
            detail: details,
            path: m.path_with(f, &s),
            deadline: None,
            otherwise: None,
        };
        s.stage = Stage::Manual;
        return Next::Push(Frame::Scope(s), prompts::plain(prompt));
    }
    s.ended = Some(Signal::Ok);
    leave(m, f, s)
}

fn manual_answered(
    m: &mut Machine<'_>,
    f: FiberId,
    mut s: Box<Scope>,
    answer: Answer,
    by: &str,
) -> Next {
    match answer {
        Answer::Skip { reason } => {
            let path = m.path_with(f, &s);
            m.tell(Notice::Deviation {
                path,
                what: "skipped".into(),
                reason,
                by: by.into(),
            });
            skipped(m, f, s, "skipped by the operator")
        }
        Answer::Failed { reason } | Answer::Fail { reason } => {
            failed(m, f, s, Failure::declined(reason))
        }
        Answer::No => failed(m, f, s, Failure::declined("the operator says it failed")),
        _ => {
            s.ended = Some(Signal::Ok);
            leave(m, f, s)
        }
    }
}

pub(super) fn leave(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>) -> Next {
    let depth = m.fiber(f).frames.len();
    m.drop_timers(f, depth);
    match always_on_leaving(m, &mut s) {
        Some(always) => {
            m.fiber_mut(f).raise_shield(depth);
            Next::Push(Frame::Scope(s), always)
        }
        None => left(m, f, s),
    }
}

/// What is still to be run when a block is left; it is run once.
pub(crate) fn always_on_leaving(m: &Machine<'_>, s: &mut Scope) -> Option<Frame> {
    let always = m.block_policies(s.block).always?;
    if matches!(
        s.stage,
        Stage::Enter | Stage::After | Stage::DoneIf | Stage::Always
    ) || m.probing()
    {
        return None;
    }
    s.stage = Stage::Always;
    if s.ended.is_none() {
        s.ended = Some(Signal::Unwound);
    }
    Some(block(m, always))
}

fn left(m: &mut Machine<'_>, f: FiberId, mut s: Box<Scope>) -> Next {
    undo::fill_wants(m, f, &s);
    let ended = s.ended.take().unwrap_or(Signal::Ok);
    if matches!(ended, Signal::Ok) {
        let elapsed_ms = u64::try_from(m.s.now.boot - s.started.boot).unwrap_or(0);
        match s.kind {
            ScopeKind::Step(_) => {
                let title = m.title(f, s.kind);
                m.tell(Notice::StepDone {
                    path: m.path_with(f, &s),
                    title,
                    elapsed_ms,
                });
            }
            ScopeKind::Checkpoint(node) => {
                let title = m.title(f, s.kind);
                let path = m.path_with(f, &s);
                m.tell(Notice::CheckpointPassed {
                    path: path.clone(),
                    title,
                });
                m.s.next.mark += 1;
                let fiber = m.fiber(f);
                let own = fiber.parent.is_none();
                let frames = if own {
                    fiber.frames.clone()
                } else {
                    Vec::new()
                };
                let passed = Passed {
                    node,
                    path,
                    at: m.s.now,
                    undo: m.s.next.mark,
                    call: m.call_path(f),
                    frames,
                    steps: (m.s.progress.met, m.s.progress.expected),
                };
                m.s.checkpoints.push(passed);
                crate::flow::clocks::checkpoint_passed(m, node);
            }
            _ => {}
        }
    }
    Next::Done(ended)
}
