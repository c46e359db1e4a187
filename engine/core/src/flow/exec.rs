//! A command or a request: confirmed where it is irreversible, marked for undo, started, judged.

use runbook_plan::command::{Manner, Mark};
use runbook_plan::ids::{BlockId, CommandId};
use runbook_plan::plan::{Judged, Looked};

use crate::effect::{EffectId, Notice, Role, Urgency};
use crate::fill;
use crate::flow::{irreversible, prompts, settle, starting, undo};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Detail, Prompt, PromptKind};
use crate::state::{FiberId, Known, Pending, PendingKind, Slot, StopWhy, Waiting};
use crate::verdict;

pub(crate) fn new(what: Looked, mark: Mark, want: Want) -> Frame {
    with_role(what, mark, want, Role::Statement)
}

fn with_role(what: Looked, mark: Mark, want: Want, role: Role) -> Frame {
    Frame::Exec(Box::new(Exec {
        what,
        mark,
        role,
        want,
        stage: ExecStage::Enter,
        attempt: 1,
        told: Told::Yes,
        id: EffectId(0),
        until: None,
        ran: None,
    }))
}

/// A look whose result the one who asked for it judges.
pub(crate) fn look(what: Looked, role: Role) -> Frame {
    with_role(what, Mark::Look, Want::Raw, role)
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut e: Box<Exec>, input: Input) -> Next {
    match (e.stage, input) {
        (ExecStage::Enter | ExecStage::Gate, _) => begin(m, f, e),
        (ExecStage::Confirm, Input::Child(Signal::Answered(Answer::Typed { .. }, _))) => {
            irreversible::confirmed(m, f);
            begin(m, f, e)
        }
        (ExecStage::Confirm, Input::Child(Signal::Answered(..))) => {
            irreversible::declined(m, f);
            Next::Done(not_confirmed())
        }
        (ExecStage::Running, Input::Ran(ran)) => ran_to_end(m, f, e, ran),
        (ExecStage::Running, Input::Found(found, said)) => {
            e.stage = ExecStage::Settle;
            let settle = settle::found(m, f, &e, found, said);
            Next::Push(Frame::Exec(e), settle)
        }
        (ExecStage::HowDidItGo, Input::Child(Signal::Answered(answer, _))) => {
            let mut ran = e
                .ran
                .take()
                .unwrap_or_else(|| Box::new(verdict::end(RanEnd::Stopped)));
            match answer {
                Answer::Failed { reason } | Answer::Fail { reason } => {
                    ran.end = RanEnd::LetFail(reason);
                }
                Answer::No => ran.end = RanEnd::LetFail("the operator says it failed".into()),
                _ => ran.end = RanEnd::Settled("the operator says it went well".into()),
            }
            over(m, f, &e, ran)
        }
        (ExecStage::Until, Input::Child(signal)) => match signal {
            Signal::Failed(failure) => {
                let id = e.id;
                m.stop_effect(id, StopWhy::Cancelled, Urgency::Grace);
                Next::Done(Signal::Failed(failure))
            }
            Signal::Ok => {
                let ran = Box::new(verdict::end(RanEnd::Settled("it is up".into())));
                over(m, f, &e, ran)
            }
            other => Next::Done(other),
        },
        (ExecStage::Settle, Input::Child(Signal::Choice(choice))) => {
            m.renew_timeouts(f);
            settled(m, f, e, choice)
        }
        (_, Input::Child(Signal::Failed(failure))) => Next::Done(Signal::Failed(failure)),
        (_, _) => {
            m.fiber_mut(f).waiting = Waiting::Effect(e.id);
            Next::Wait(Frame::Exec(e))
        }
    }
}

fn settled(m: &mut Machine<'_>, f: FiberId, mut e: Box<Exec>, choice: Choice) -> Next {
    match choice {
        Choice::Done(how) | Choice::Skip(how) => {
            let ran = Box::new(verdict::end(RanEnd::Settled(how)));
            over(m, f, &e, ran)
        }
        Choice::Retry | Choice::RetryEdited(..) => {
            e.attempt += 1;
            begin(m, f, e)
        }
        Choice::Fail(failure) => Next::Done(Signal::Failed(failure)),
    }
}

fn begin(m: &mut Machine<'_>, f: FiberId, mut e: Box<Exec>) -> Next {
    let acts = e.mark == Mark::Act;
    place(m, f, &mut e);
    if acts && m.probing() {
        m.tell(Notice::StepSkipped {
            path: m.path(f),
            title: shown(m, f, e.what),
            why: "a probe does not act".into(),
        });
        let ran = Box::new(verdict::end(RanEnd::Skipped));
        return over(m, f, &e, ran);
    }
    if acts && e.role == Role::Statement {
        match irreversible::to_confirm(m, f) {
            irreversible::ToConfirm::Nothing => {}
            irreversible::ToConfirm::Ask(prompt) => {
                e.stage = ExecStage::Confirm;
                return Next::Push(Frame::Exec(e), prompts::plain(*prompt));
            }
            irreversible::ToConfirm::Wait => {
                e.stage = ExecStage::Gate;
                m.fiber_mut(f).waiting = Waiting::Gate;
                return Next::Wait(Frame::Exec(e));
            }
            irreversible::ToConfirm::Declined => {
                return Next::Done(not_confirmed());
            }
        }
        undo::acting(m, f);
    }
    let started = match e.what {
        Looked::Command(id) => starting::command(m, f, &mut e, id),
        Looked::Request(id) => starting::request(m, f, &mut e, id),
    };
    match started {
        Ok(()) => {
            e.stage = ExecStage::Running;
            Next::Wait(Frame::Exec(e))
        }
        Err(why) => Next::Done(fail(why)),
    }
}

fn not_confirmed() -> Signal {
    Failure::declined("the operator did not confirm it").signal()
}

/// What it is for, by where it stands.
fn place(m: &Machine<'_>, f: FiberId, e: &mut Exec) {
    let fiber = m.fiber(f);
    for slot in fiber.frames.iter().rev() {
        match &slot.frame {
            Frame::Until(_) => {
                e.role = Role::Look;
                e.told = Told::No;
                return;
            }
            Frame::Message(_) => {
                e.role = Role::Channel;
                return;
            }
            Frame::Check(_)
            | Frame::Guards(_)
            | Frame::Input(_)
            | Frame::Snapshot(_)
            | Frame::Let(_) => e.role = Role::Look,
            Frame::Scope(scope) if scope.kind == ScopeKind::Undo && e.mark == Mark::Act => {
                e.role = Role::Undo;
                return;
            }
            _ => {}
        }
    }
}

/// What the operator typed over a command.
pub(super) fn edited(m: &Machine<'_>, f: FiberId, id: CommandId) -> Option<String> {
    for slot in m.fiber(f).frames.iter().rev() {
        if let Frame::Scope(scope) = &slot.frame
            && let Some((command, text)) = &scope.edited
            && *command == id
        {
            return Some(text.clone());
        }
    }
    None
}

fn ran_to_end(m: &mut Machine<'_>, f: FiberId, mut e: Box<Exec>, ran: Box<Ran>) -> Next {
    m.drop_timers(f, m.fiber(f).frames.len());
    if let Looked::Command(id) = e.what
        && m.plan.commands[id.index()].manner == Manner::Interactive
        && !matches!(
            ran.end,
            RanEnd::NotStarted(_) | RanEnd::TimedOut | RanEnd::Stopped | RanEnd::Lost(_)
        )
    {
        let exit = match (&ran.end, ran.last.exit) {
            (RanEnd::Signal(name), _) => format!("killed by {name}"),
            (_, Some(code)) => format!("code {code}"),
            _ => String::new(),
        };
        let shown = shown(m, f, e.what);
        let text = format!("`{}` has ended; how did it go?", in_a_sentence(&shown));
        let prompt = Prompt {
            kind: PromptKind::HowDidItGo { exit },
            keys: vec![text.clone(), shown],
            text,
            detail: cut_off(m, f, e.what, ran.last.exit),
            path: m.path(f),
            deadline: None,
            otherwise: None,
        };
        e.ran = Some(ran);
        e.stage = ExecStage::HowDidItGo;
        return Next::Push(Frame::Exec(e), prompts::plain(prompt));
    }
    if let (RanEnd::Lost(why), Mark::Act) = (&ran.end, e.mark) {
        e.stage = ExecStage::Settle;
        let settle = settle::lost(m, f, &e, why.clone(), verdict::tail(&ran));
        return Next::Push(Frame::Exec(e), settle);
    }
    over(m, f, &e, ran)
}

/// What a person should know who is asked how it went: `ssh` ends with the code of the command, or with its own.
fn cut_off(m: &Machine<'_>, f: FiberId, what: Looked, exit: Option<i32>) -> Vec<Detail> {
    match starting::where_it_runs(m, f, what) {
        Some(on) if exit == Some(255) => vec![Detail::Prose(format!(
            "255 is also how `ssh` ends when its connection breaks: what ran on `{}` may have been cut off, or go on there",
            on.name
        ))],
        _ => Vec::new(),
    }
}

fn over(m: &mut Machine<'_>, f: FiberId, e: &Exec, ran: Box<Ran>) -> Next {
    match e.want {
        Want::Raw => Next::Done(Signal::Ran(ran)),
        Want::Verdict(judged) => {
            let fault = verdict::fault(&ran, judged);
            let stopped = ran.end == RanEnd::Stopped;
            let said = verdict::tail(&ran);
            m.fiber_mut(f).last = Some(Box::new(ran.last));
            match fault {
                None => Next::Done(Signal::Ok),
                Some(why) => {
                    let shown = shown(m, f, e.what);
                    let mut failure = Failure::new(format!("`{}`: {why}", in_a_sentence(&shown)));
                    failure.command = command_of(m, f, e.what);
                    failure.said = said;
                    if stopped {
                        failure.kind = FailureKind::Stopped;
                    }
                    Next::Done(failure.signal())
                }
            }
        }
    }
}

/// A command inside a sentence: a script by its first line.
pub(crate) fn in_a_sentence(shown: &str) -> String {
    let mut lines = shown.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default().trim();
    match lines.next() {
        None => first.to_owned(),
        Some(_) => format!("{first} …"),
    }
}

/// The command of a failure, for the menu to edit.
pub(crate) fn command_of(m: &Machine<'_>, f: FiberId, what: Looked) -> Option<(CommandId, String)> {
    match what {
        Looked::Command(id) => Some((id, shown(m, f, what))),
        Looked::Request(_) => None,
    }
}

/// As a person would read it, at once: its first variant.
pub(crate) fn shown(m: &Machine<'_>, f: FiberId, what: Looked) -> String {
    let plan = m.plan;
    match what {
        Looked::Command(id) => {
            if let Some(text) = edited(m, f, id) {
                return text;
            }
            match plan.commands[id.index()].scripts.first() {
                Some(script) => match fill::fill_command(plan, script, &m.seen(f)) {
                    Ok(filled) => filled.shown,
                    Err(_) => script.text.source.clone(),
                },
                None => String::new(),
            }
        }
        Looked::Request(id) => {
            let request = &plan.requests[id.index()];
            match fill::fill_request(request, &m.seen(f)) {
                Ok(filled) => filled.shown,
                Err(_) => format!("{} {}", request.method, request.url.source),
            }
        }
    }
}

/// The block that a background command, now up, must make true; it then goes on running.
pub(crate) fn left_running(m: &mut Machine<'_>, id: EffectId) {
    let Some(Pending {
        fiber: Some(f),
        kind: PendingKind::Run(_),
        ..
    }) = m.s.pending.get(&id)
    else {
        return;
    };
    let f = *f;
    let mut until: Option<BlockId> = None;
    if let Some(slot) = m.fiber_mut(f).frames.last_mut()
        && let Frame::Exec(exec) = &mut slot.frame
        && exec.id == id
        && exec.stage == ExecStage::Running
    {
        exec.stage = ExecStage::Until;
        until = exec.until;
    }
    let Some(block) = until else { return };
    // Nobody waits for its end any more.
    if let Some(pending) = m.s.pending.get_mut(&id) {
        pending.fiber = None;
    }
    m.s.busy.remove(&id);
    let uid = m.next_uid();
    let frame = crate::flow::waiting::until_up(m, block, id);
    m.fiber_mut(f).frames.push(Slot { uid, frame });
    m.wake(f, Input::Enter);
}

/// Whether what a fiber runs is told.
pub(crate) fn told(m: &Machine<'_>, f: FiberId) -> Told {
    match exec_of(m, f) {
        Some(exec) => exec.told,
        None => Told::Yes,
    }
}

/// Whether a fiber looks whether something is done already.
pub(crate) fn is_done_if(m: &Machine<'_>, f: FiberId) -> bool {
    exec_of(m, f).is_some_and(|exec| exec.role == Role::DoneIf)
}

/// Who judges what a fiber runs: an `expect`, or whoever asked for it.
pub(crate) fn judged(m: &Machine<'_>, f: FiberId) -> Judged {
    match exec_of(m, f).map(|exec| (exec.want, exec.role)) {
        Some((Want::Verdict(judged), _)) => judged,
        // A `bool` answers by its exit code: 1 is a no and no fault.
        _ => match m
            .s
            .fibers
            .get(&f)
            .and_then(|fiber| fiber.frames.iter().nth_back(1))
        {
            Some(Slot {
                frame: Frame::Let(bound),
                ..
            }) if super::call::is_bool(m, bound) => Judged::ByExpect,
            _ => Judged::ByExit,
        },
    }
}

fn exec_of<'m>(m: &'m Machine<'_>, f: FiberId) -> Option<&'m Exec> {
    let fiber = m.s.fibers.get(&f)?;
    match &fiber.frames.last()?.frame {
        Frame::Exec(exec) => Some(exec),
        _ => None,
    }
}

/// An `expect` below can say nothing of what was not run, or not seen to its end.
pub(crate) fn is_unknown(m: &Machine<'_>, f: FiberId) -> bool {
    m.fiber(f)
        .last
        .as_ref()
        .is_some_and(|last| last.known == Known::No)
}
