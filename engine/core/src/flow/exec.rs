//! A command or a request: confirmed where it is irreversible, marked for undo, started, judged.

use std::sync::Arc;

use runbook_plan::command::{Command, Interpreter, Manner, Mark};
use runbook_plan::ids::{BlockId, CommandId, SettingsId};
use runbook_plan::plan::{Judged, Looked};

use crate::effect::Notice;
use crate::effect::{
    self, Effect, EffectId, EnvValue, NoticeMark, Program, Role, RunInterpreter, Urgency,
};
use crate::fill;
use crate::flow::{prompts, scope, settle, undo};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Prompt, PromptKind};
use crate::state::{FiberId, Known, Pending, PendingKind, Slot, StopWhy, TimerKind, Waiting};
use crate::verdict;

/// A request that does not say how long it may take.
const REQUEST_TIMEOUT_MS: u64 = 30_000;

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
        (ExecStage::Confirm, Input::Child(Signal::Answered(answer, by))) => {
            let confirmed = matches!(answer, Answer::Typed { .. });
            undo::confirmed(m, f, confirmed);
            let _ = by;
            if confirmed {
                begin(m, f, e)
            } else {
                Next::Done(Failure::declined("the operator did not confirm it").signal())
            }
        }
        (ExecStage::Running, Input::Ran(ran)) => ran_to_end(m, f, e, ran),
        (ExecStage::Running, Input::Found(found, said)) => {
            e.stage = ExecStage::Settle;
            let settle = settle::new(m, f, &e, found, said);
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
        (ExecStage::Settle, Input::Child(Signal::Choice(choice))) => match choice {
            Choice::Done(how) | Choice::Skip(how) => {
                let ran = Box::new(verdict::end(RanEnd::Settled(how)));
                over(m, f, &e, ran)
            }
            Choice::Retry | Choice::RetryEdited(..) => {
                e.attempt += 1;
                begin(m, f, e)
            }
            Choice::Fail(failure) => Next::Done(Signal::Failed(failure)),
        },
        (_, Input::Stopped(cause)) => Next::Done(fail(scope::why(&cause))),
        (_, Input::Child(Signal::Failed(failure))) => Next::Done(Signal::Failed(failure)),
        (_, _) => {
            m.fiber_mut(f).waiting = Waiting::Effect(e.id);
            Next::Wait(Frame::Exec(e))
        }
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
    if acts && matches!(e.role, Role::Statement | Role::Look) {
        match undo::to_confirm(m, f) {
            undo::ToConfirm::Nothing => {}
            undo::ToConfirm::Ask(prompt) => {
                e.stage = ExecStage::Confirm;
                return Next::Push(Frame::Exec(e), prompts::plain(*prompt));
            }
            undo::ToConfirm::Wait => {
                e.stage = ExecStage::Gate;
                m.fiber_mut(f).waiting = Waiting::Gate;
                return Next::Wait(Frame::Exec(e));
            }
            undo::ToConfirm::Declined => {
                return Next::Done(Failure::declined("the operator did not confirm it").signal());
            }
        }
        undo::acting(m, f);
    }
    let started = match e.what {
        Looked::Command(id) => start_command(m, f, &mut e, id),
        Looked::Request(_) => start_request(m, f, &mut e),
    };
    match started {
        Ok(()) => {
            e.stage = ExecStage::Running;
            Next::Wait(Frame::Exec(e))
        }
        Err(why) => Next::Done(fail(why)),
    }
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
            | Frame::Let(_)
                if e.mark == Mark::Look =>
            {
                e.role = Role::Look;
            }
            Frame::Scope(scope) if scope.kind == ScopeKind::Undo && e.mark == Mark::Act => {
                e.role = Role::Undo;
                return;
            }
            Frame::Scope(scope) if matches!(scope.kind, ScopeKind::Step(_)) => return,
            _ => {}
        }
    }
}

fn start_command(
    m: &mut Machine<'_>,
    f: FiberId,
    e: &mut Exec,
    id: CommandId,
) -> Result<(), String> {
    let plan = m.plan;
    let command = &plan.commands[id.index()];
    let settings = &plan.settings[command.settings.index()];
    if let Some(host) = &settings.host {
        return Err(format!(
            "it is to run on `{host}`, and this version runs nothing on other hosts"
        ));
    }
    let mut env = own_env(m, f, command)?;
    let edited = edited(m, f, id);
    let mut programs = Vec::new();
    let mut shown = String::new();
    match edited {
        Some(text) => {
            // What a person typed over a command is taken as typed, in the same interpreter.
            let interpreter = match command.scripts.first().map(|script| script.interpreter) {
                Some(Interpreter::Bash) => RunInterpreter::Bash,
                Some(Interpreter::Zsh) => RunInterpreter::Zsh,
                Some(Interpreter::PowerShell) => RunInterpreter::PowerShell,
                Some(Interpreter::Python) => RunInterpreter::Python,
                Some(Interpreter::Declared(id)) => declared(m, f, id)?,
                Some(Interpreter::Sh) | None => RunInterpreter::Sh,
            };
            shown.clone_from(&text);
            programs.push(Program::Script {
                interpreter,
                text,
                strict: runbook_plan::command::Strictness::AsTyped,
            });
        }
        None => {
            for script in &command.scripts {
                let filled =
                    fill::fill_command(plan, script, &m.seen(f)).map_err(|error| error.message)?;
                if programs.is_empty() {
                    shown = filled.shown;
                }
                programs.push(filled.program);
                for (name, value) in filled.env {
                    env.retain(|(other, _)| *other != name);
                    env.push((name, value));
                }
            }
        }
    }
    let dir = dir(m, f, command.settings)?;
    let deadline = match (&command.timeout, &command.manner) {
        (Some(clause), Manner::Plain | Manner::Interactive) => {
            let ms = m.ms(f, clause)?;
            Some(m.s.deadline(ms))
        }
        _ => None,
    };
    let manner = match &command.manner {
        Manner::Plain => effect::Manner::Plain,
        Manner::Interactive => effect::Manner::Interactive,
        Manner::Live(clause) => {
            let ms = m.ms(f, clause)?;
            effect::Manner::Live {
                until: m.s.deadline(ms),
            }
        }
        Manner::Background(block) => {
            e.until = Some(*block);
            effect::Manner::Background
        }
    };
    let id = m.next_effect();
    e.id = id;
    let path = m.path(f);
    if e.told == Told::Yes {
        m.tell(Notice::Running {
            effect: id,
            path: path.clone(),
            command: shown.clone(),
            mark: notice_mark(e.mark),
        });
    }
    let ends = match &manner {
        effect::Manner::Live { until } => Some(until.clone()),
        _ => deadline.clone(),
    };
    let run = effect::Run {
        id,
        mark: e.mark,
        role: e.role,
        path,
        shown,
        programs,
        dir,
        env,
        manner,
        deadline,
        attempt: e.attempt.max(scope_attempt(m, f)),
    };
    m.pend(Some(f), id, PendingKind::Run(Box::new(run.clone())));
    if let Some(deadline) = ends {
        m.arm(f, deadline, TimerKind::Command(id));
    }
    m.wish(Effect::Run(run));
    Ok(())
}

fn declared(
    m: &Machine<'_>,
    f: FiberId,
    id: runbook_plan::ids::InterpreterId,
) -> Result<RunInterpreter, String> {
    let plan = m.plan;
    let command = &plan.commands[plan.interpreters[id.index()].command.index()];
    let Some(script) = command.scripts.first() else {
        return Err("its interpreter has no command".into());
    };
    let filled = fill::fill_command(plan, script, &m.seen(f)).map_err(|error| error.message)?;
    Ok(RunInterpreter::Declared(id, Box::new(filled.program)))
}

/// `in` of a command or a call, or of the call around it.
fn dir(m: &Machine<'_>, f: FiberId, settings: SettingsId) -> Result<Option<String>, String> {
    match &m.plan.settings[settings.index()].dir {
        Some(dir) => Ok(Some(m.shown(&m.eval(f, dir)?))),
        None => Ok(m.surroundings(f).and_then(|around| around.dir.clone())),
    }
}

/// `env` of a command or a call, over that of the call around it.
fn env(
    m: &Machine<'_>,
    f: FiberId,
    settings: SettingsId,
) -> Result<Vec<(String, EnvValue)>, String> {
    let around = m.surroundings(f);
    let mut env = around.map_or_else(Vec::new, |around| around.env.clone());
    for (name, value) in &m.plan.settings[settings.index()].env {
        let value = fill::fill_env(value, &m.seen(f)).map_err(|error| error.message)?;
        env.retain(|(other, _)| other != name);
        env.push((name.clone(), value));
    }
    Ok(env)
}

/// What a call gives to the procedure it calls.
pub(crate) fn surroundings(
    m: &Machine<'_>,
    f: FiberId,
    settings: SettingsId,
) -> Result<Option<Arc<Surroundings>>, String> {
    let given = Surroundings {
        dir: dir(m, f, settings)?,
        env: env(m, f, settings)?,
    };
    let nothing = given.dir.is_none() && given.env.is_empty();
    Ok((!nothing).then(|| Arc::new(given)))
}

pub(crate) fn own_env(
    m: &Machine<'_>,
    f: FiberId,
    command: &Command,
) -> Result<Vec<(String, EnvValue)>, String> {
    let mut env = env(m, f, command.settings)?;
    for slot in m.fiber(f).frames.iter().rev() {
        if let Frame::Message(message) = &slot.frame {
            env.retain(|(other, _)| other != "MESSAGE");
            env.push(("MESSAGE".into(), EnvValue::Text(message.text.clone())));
            break;
        }
    }
    Ok(env)
}

fn start_request(m: &mut Machine<'_>, f: FiberId, e: &mut Exec) -> Result<(), String> {
    let plan = m.plan;
    let Looked::Request(id) = e.what else {
        return Ok(());
    };
    let request = &plan.requests[id.index()];
    if let Some(host) = &plan.settings[request.settings.index()].host {
        return Err(format!(
            "it is to run on `{host}`, and this version runs nothing on other hosts"
        ));
    }
    let filled = fill::fill_request(request, &m.seen(f)).map_err(|error| error.message)?;
    let timeout_ms = match &request.timeout {
        Some(clause) => m.ms(f, clause)?,
        None => REQUEST_TIMEOUT_MS,
    };
    let id = m.next_effect();
    e.id = id;
    let path = m.path(f);
    if e.told == Told::Yes {
        m.tell(Notice::Running {
            effect: id,
            path: path.clone(),
            command: filled.shown.clone(),
            mark: notice_mark(e.mark),
        });
    }
    let request = effect::Request {
        id,
        mark: e.mark,
        role: e.role,
        path,
        shown: filled.shown,
        method: request.method.clone(),
        url: filled.url,
        headers: filled.headers,
        body: filled.body,
        timeout_ms,
        attempt: e.attempt.max(scope_attempt(m, f)),
    };
    m.pend(Some(f), id, PendingKind::Request(Box::new(request.clone())));
    m.wish(Effect::Request(request));
    Ok(())
}

fn notice_mark(mark: Mark) -> NoticeMark {
    match mark {
        Mark::Look => NoticeMark::Look,
        Mark::Act => NoticeMark::Act,
    }
}

/// The attempt of the step around it.
fn scope_attempt(m: &Machine<'_>, f: FiberId) -> u32 {
    let frames = m.fiber(f).frames.iter().rev();
    for slot in frames {
        if let Frame::Scope(scope) = &slot.frame
            && matches!(scope.kind, ScopeKind::Step(_) | ScopeKind::Undo)
        {
            return scope.attempt;
        }
    }
    1
}

fn edited(m: &Machine<'_>, f: FiberId, id: CommandId) -> Option<String> {
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
            RanEnd::NotStarted(_) | RanEnd::TimedOut | RanEnd::Stopped
        )
    {
        let exit = match (&ran.end, ran.last.exit) {
            (RanEnd::Signal(name), _) => format!("killed by {name}"),
            (_, Some(code)) => format!("code {code}"),
            _ => String::new(),
        };
        let shown = shown(m, f, e.what);
        let text = format!("`{shown}` has ended; how did it go?");
        let prompt = Prompt {
            kind: PromptKind::HowDidItGo { exit },
            keys: vec![text.clone(), shown],
            text,
            detail: Vec::new(),
            path: m.path(f),
            deadline: None,
            otherwise: None,
        };
        e.ran = Some(ran);
        e.stage = ExecStage::HowDidItGo;
        return Next::Push(Frame::Exec(e), prompts::plain(prompt));
    }
    over(m, f, &e, ran)
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
                    let mut failure = Failure::new(format!("`{shown}`: {why}"));
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
        kind: PendingKind::Run(run),
        ..
    }) = m.s.pending.get(&id)
    else {
        return;
    };
    let (f, path) = (*f, run.path.clone());
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
    m.s.background.push(id);
    let uid = m.next_uid();
    let frame = crate::flow::waiting::until_up(m, block, path, id);
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
