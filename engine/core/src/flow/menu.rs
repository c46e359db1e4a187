//! The failed step: what a person may do about it.

use crate::effect::{EffectId, EndWhy, Notice};
use crate::flow::fitting::fitting;
use crate::flow::root;
use crate::flow::seq::any_frame;
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Detail, FailedChoice, Prompt, PromptKind};
use crate::state::{Cause, FiberId, UndoMark, Waiting};
use crate::walk;

/// Whether a failure is put to a person here: nothing around it handles it, and nobody has seen it.
pub(crate) fn is_asked(m: &Machine<'_>, f: FiberId, failure: &Failure) -> bool {
    if failure.seen || failure.kind == FailureKind::Fatal || m.probing() {
        return false;
    }
    let fiber = m.fiber(f);
    if fiber.undoing.is_some() || fiber.is_shielded() {
        return false;
    }
    let stopped = failure.kind == FailureKind::Stopped;
    !any_frame(m, f, |frame| match frame {
        Frame::Attempt(attempt) => {
            !stopped && attempt.stage == AttemptStage::Body && attempt.otherwise.is_some()
        }
        Frame::Scope(scope) => {
            !stopped
                && scope.stage == Stage::Body
                && m.block_policies(scope.block)
                    .on_failure
                    .is_some_and(|handler| walk::may_finish(m.plan, handler))
        }
        Frame::Until(_) | Frame::Check(_) | Frame::Guards(_) | Frame::Input(_) => true,
        _ => false,
    })
}

pub(crate) fn new(m: &Machine<'_>, f: FiberId, failure: Failure, of: MenuOf) -> Frame {
    let path = m.path(f);
    at(failure, of, path)
}

pub(crate) fn at(failure: Failure, of: MenuOf, path: String) -> Frame {
    Frame::Menu(Box::new(Menu {
        failure,
        path,
        of,
        id: EffectId(0),
        why: None,
    }))
}

/// Checkpoints that can still be gone back to, newest first, by path.
pub(crate) fn reachable(m: &Machine<'_>) -> Vec<String> {
    let line =
        m.s.undo
            .iter()
            .rev()
            .find(|(_, mark)| matches!(mark, UndoMark::Irreversible { .. }))
            .map_or(0, |(number, _)| *number);
    let mut paths: Vec<String> = Vec::new();
    for passed in m.s.checkpoints.iter().rev() {
        // Back to the begin is something to choose only where something was done since.
        let idle = passed.node == root::NO_NODE
            && !m.s.undo.iter().any(|(number, _)| *number >= passed.undo);
        if passed.undo > line && !idle && !passed.frames.is_empty() && !paths.contains(&passed.path)
        {
            paths.push(passed.path.clone());
        }
    }
    paths
}

fn choices(m: &Machine<'_>, f: FiberId, menu: &Menu) -> Vec<FailedChoice> {
    let mut choices = vec![FailedChoice::Retry];
    if menu.failure.command.is_some() && menu.of == MenuOf::Step {
        choices.push(FailedChoice::RetryEdited);
    }
    choices.extend([FailedChoice::Skip, FailedChoice::Done]);
    let checkpoints = reachable(m);
    if menu.of == MenuOf::Step && m.fiber(f).parent.is_none() && !checkpoints.is_empty() {
        choices.push(FailedChoice::Undo { checkpoints });
    }
    choices.extend([FailedChoice::Pause, FailedChoice::Fail]);
    choices
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut menu: Box<Menu>, input: Input) -> Next {
    match input {
        Input::Enter => {
            let choices = choices(m, f, &menu);
            let mut detail = Vec::new();
            if !menu.failure.said.is_empty() {
                detail.push(Detail::Output(menu.failure.said.clone()));
            }
            if let Some(why) = &menu.why {
                detail.push(Detail::Warning(why.clone()));
            }
            let text = match menu.of {
                MenuOf::Step if menu.path.is_empty() => menu.failure.why.clone(),
                MenuOf::Step => format!("{} failed", menu.path),
                MenuOf::Undo => format!("the undo of {} failed", menu.path),
            };
            let prompt = Prompt {
                kind: PromptKind::Failed {
                    why: menu.failure.why.clone(),
                    command: menu.failure.command.as_ref().map(|(_, text)| text.clone()),
                    choices,
                },
                keys: vec![menu.path.clone(), last_name(&menu.path), text.clone()],
                text,
                detail,
                path: menu.path.clone(),
                deadline: None,
                otherwise: None,
            };
            menu.id = m.ask(Some(f), prompt);
            Next::Wait(Frame::Menu(menu))
        }
        // Nobody is there: the run fails, as it would have without asking.
        Input::Nobody => {
            menu.failure.seen = true;
            Next::Done(Signal::Choice(Choice::Fail(Box::new(menu.failure))))
        }
        Input::Answered(answer, by) => match answered(m, f, &mut menu, answer, &by) {
            Ok(Some(choice)) => Next::Done(Signal::Choice(choice)),
            Ok(None) => Next::Wait(Frame::Menu(menu)),
            Err(why) => {
                menu.why = Some(why);
                Next::Become(Frame::Menu(menu))
            }
        },
        _ => {
            m.fiber_mut(f).waiting = Waiting::Effect(menu.id);
            Next::Wait(Frame::Menu(menu))
        }
    }
}

/// What the operator chose; nothing where the run goes back and this place is left.
fn answered(
    m: &mut Machine<'_>,
    f: FiberId,
    menu: &mut Menu,
    answer: Answer,
    by: &str,
) -> Result<Option<Choice>, String> {
    let prompt = PromptKind::Failed {
        why: String::new(),
        command: None,
        choices: Vec::new(),
    };
    let answer = fitting(m, &prompt, answer)?;
    let mut deviation = |what: &str, reason: &str| {
        m.tell(Notice::Deviation {
            path: menu.path.clone(),
            what: what.into(),
            reason: reason.into(),
            by: by.into(),
        });
    };
    Ok(Some(match answer {
        Answer::Retry | Answer::RunAgain { .. } => Choice::Retry,
        Answer::RetryEdited { command, reason } => match &menu.failure.command {
            Some((id, _)) if menu.of == MenuOf::Step => {
                deviation(
                    &format!("retried with an edited command: {command}"),
                    &reason,
                );
                Choice::RetryEdited(*id, command)
            }
            _ => return Err("there is no command here to edit".into()),
        },
        Answer::Skip { reason } => {
            let what = match menu.of {
                MenuOf::Step => "skipped",
                MenuOf::Undo => "its undo was skipped",
            };
            deviation(what, &reason);
            Choice::Skip(reason)
        }
        Answer::Done { reason } => {
            if reason.trim().is_empty() {
                return Err("say why".into());
            }
            let what = match menu.of {
                MenuOf::Step => "marked as done by hand",
                MenuOf::Undo => "undone by hand",
            };
            deviation(what, &reason);
            Choice::Done(reason)
        }
        Answer::Undo { checkpoint, reason } => {
            let reachable = reachable(m);
            if m.fiber(f).parent.is_some() || menu.of == MenuOf::Undo {
                return Err("from here nothing goes back to a checkpoint".into());
            }
            let Some(path) = reachable.iter().find(|path| **path == checkpoint) else {
                return Err(format!(
                    "`{checkpoint}` cannot be gone back to; these can: {}",
                    reachable.join(", ")
                ));
            };
            let index =
                m.s.checkpoints
                    .iter()
                    .rposition(|passed| passed.path == *path);
            m.tell(Notice::Deviation {
                path: menu.path.clone(),
                what: format!("undone back to {path}"),
                reason: reason.clone(),
                by: by.into(),
            });
            if let Some(index) = index {
                go_back(m, f, index, reason);
            }
            return Ok(None);
        }
        Answer::Fail { reason } | Answer::Failed { reason } => {
            deviation("let fail", &reason);
            menu.failure.seen = true;
            if menu.failure.kind == FailureKind::Stopped {
                menu.failure.why_ended = EndWhy::Declined;
            }
            Choice::Fail(Box::new(menu.failure.clone()))
        }
        _ => return Err("choose what to do about it".into()),
    }))
}

/// Leaves what does not belong to the checkpoint, then goes back to it.
pub(crate) fn go_back(m: &mut Machine<'_>, f: FiberId, checkpoint: usize, reason: String) {
    let Some(passed) = m.s.checkpoints.get(checkpoint) else {
        return;
    };
    let shared = m
        .fiber(f)
        .frames
        .iter()
        .zip(&passed.frames)
        .take_while(|(now, then)| now.uid == then.uid)
        .count();
    let target = shared.saturating_sub(1);
    m.stop(f, Some(target), Cause::Back { checkpoint, reason });
}

/// The step's own name at the end of its path, without the turn of its loop.
pub(crate) fn last_name(path: &str) -> String {
    let name = path.split('[').next().unwrap_or_default();
    name.rsplit('.').next().unwrap_or_default().to_owned()
}
