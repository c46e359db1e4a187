//! A command or a request as it is wished for: values in their places, where and as what it runs, its clock.

use std::sync::Arc;

use runbook_plan::Plan;
use runbook_plan::command::{Command, Interpreter, Manner, Mark, Strictness};
use runbook_plan::ids::{CommandId, HostId, InterpreterId, RequestId, SettingsId};
use runbook_plan::plan::Looked;

use crate::effect::{
    self, Effect, EffectId, EnvValue, Notice, NoticeMark, Program, Remote, RunInterpreter,
};
use crate::fill;
use crate::flow::exec;
use crate::frame::*;
use crate::machine::Machine;
use crate::state::{FiberId, PendingKind, TimerKind};

/// A request that does not say how long it may take.
const REQUEST_TIMEOUT_MS: u64 = 30_000;

/// Wishes for a command.
pub(super) fn command(
    m: &mut Machine<'_>,
    f: FiberId,
    e: &mut Exec,
    id: CommandId,
) -> Result<(), String> {
    let plan = m.plan;
    let command = &plan.commands[id.index()];
    let around = m.surroundings(f);
    let on = host(plan, command.settings, around.as_deref()).map(|host| remote(plan, host));
    if let (Some(on), Manner::Background(_)) = (&on, &command.manner) {
        return Err(format!(
            "nothing is left running in the background on `{}`",
            on.name
        ));
    }
    let env = own_env(m, f, command.settings, around.as_deref())?;
    let Filled {
        programs,
        env,
        shown,
    } = match exec::edited(m, f, id) {
        // What a person typed over a command is taken as typed, in the same interpreter.
        Some(text) => Filled {
            programs: vec![Program::Script {
                interpreter: interpreter(m, f, command)?,
                text: text.clone(),
                strict: Strictness::AsTyped,
            }],
            env,
            shown: text,
        },
        None => filled(m, f, command, env)?,
    };
    let dir = dir(m, f, command.settings, around.as_deref())?;
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
    let name = on.as_ref().map(|on| on.name.clone());
    let (id, path) = begun(m, f, e, &shown, name);
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
        on,
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

/// The machine of a command or a call, or of the call around it.
fn host(plan: &Plan, settings: SettingsId, around: Option<&Surroundings>) -> Option<HostId> {
    let own = plan.settings[settings.index()].host;
    own.or(around.and_then(|around| around.host))
}

fn remote(plan: &Plan, host: HostId) -> Remote {
    let host = &plan.hosts[host.index()];
    Remote {
        name: host.name.clone(),
        address: host.address.clone(),
    }
}

/// The machine that a command or a request runs on, where it is another one.
pub(super) fn where_it_runs(m: &Machine<'_>, f: FiberId, what: Looked) -> Option<Remote> {
    let Looked::Command(id) = what else {
        return None;
    };
    let settings = m.plan.commands[id.index()].settings;
    let around = m.surroundings(f);
    host(m.plan, settings, around.as_deref()).map(|host| remote(m.plan, host))
}

/// The number and the path of what is about to start, which is told.
fn begun(
    m: &mut Machine<'_>,
    f: FiberId,
    e: &mut Exec,
    shown: &str,
    on: Option<String>,
) -> (EffectId, String) {
    e.id = m.next_effect();
    let path = m.path(f);
    if e.told == Told::Yes {
        m.tell(Notice::Running {
            effect: e.id,
            path: path.clone(),
            command: shown.to_owned(),
            mark: match e.mark {
                Mark::Look => NoticeMark::Look,
                Mark::Act => NoticeMark::Act,
            },
            on,
        });
    }
    (e.id, path)
}

/// A command, every value in its place.
pub(crate) struct Filled {
    /// Its variants, one for each platform.
    pub programs: Vec<Program>,
    pub env: Vec<(String, EnvValue)>,
    /// The first variant, for people.
    pub shown: String,
}

/// Fills in all variants of a command; the variables of its holes come over `env`.
pub(crate) fn filled(
    m: &Machine<'_>,
    f: FiberId,
    command: &Command,
    mut env: Vec<(String, EnvValue)>,
) -> Result<Filled, String> {
    let mut programs = Vec::new();
    let mut shown = String::new();
    for script in &command.scripts {
        let filled =
            fill::fill_command(m.plan, script, &m.seen(f)).map_err(|error| error.message)?;
        if programs.is_empty() {
            shown = filled.shown;
        }
        programs.push(filled.program);
        for (name, value) in filled.env {
            env.retain(|(other, _)| *other != name);
            env.push((name, value));
        }
    }
    Ok(Filled {
        programs,
        env,
        shown,
    })
}

/// The interpreter of a command's first variant.
fn interpreter(m: &Machine<'_>, f: FiberId, command: &Command) -> Result<RunInterpreter, String> {
    Ok(
        match command.scripts.first().map(|script| script.interpreter) {
            Some(Interpreter::Bash) => RunInterpreter::Bash,
            Some(Interpreter::Zsh) => RunInterpreter::Zsh,
            Some(Interpreter::PowerShell) => RunInterpreter::PowerShell,
            Some(Interpreter::Python) => RunInterpreter::Python,
            Some(Interpreter::Declared(id)) => declared(m, f, id)?,
            Some(Interpreter::Sh) | None => RunInterpreter::Sh,
        },
    )
}

fn declared(m: &Machine<'_>, f: FiberId, id: InterpreterId) -> Result<RunInterpreter, String> {
    let plan = m.plan;
    let command = &plan.commands[plan.interpreters[id.index()].command.index()];
    let Some(script) = command.scripts.first() else {
        return Err("its interpreter has no command".into());
    };
    let filled = fill::fill_command(plan, script, &m.seen(f)).map_err(|error| error.message)?;
    Ok(RunInterpreter::Declared(id, Box::new(filled.program)))
}

/// `in` of a command or a call, or of the call around it.
pub(crate) fn dir(
    m: &Machine<'_>,
    f: FiberId,
    settings: SettingsId,
    around: Option<&Surroundings>,
) -> Result<Option<String>, String> {
    match &m.plan.settings[settings.index()].dir {
        Some(dir) => Ok(Some(m.shown(&m.eval(f, dir)?))),
        None => Ok(around.and_then(|around| around.dir.clone())),
    }
}

/// `env` of a command or a call, over that of the call around it.
pub(crate) fn env(
    m: &Machine<'_>,
    f: FiberId,
    settings: SettingsId,
    around: Option<&Surroundings>,
) -> Result<Vec<(String, EnvValue)>, String> {
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
    let around = m.surroundings(f);
    let given = Surroundings {
        host: host(m.plan, settings, around.as_deref()),
        dir: dir(m, f, settings, around.as_deref())?,
        env: env(m, f, settings, around.as_deref())?,
    };
    let nothing = given.host.is_none() && given.dir.is_none() && given.env.is_empty();
    Ok((!nothing).then(|| Arc::new(given)))
}

/// `env` of a command, and the message that a channel sends.
fn own_env(
    m: &Machine<'_>,
    f: FiberId,
    settings: SettingsId,
    around: Option<&Surroundings>,
) -> Result<Vec<(String, EnvValue)>, String> {
    let mut env = env(m, f, settings, around)?;
    for slot in m.fiber(f).frames.iter().rev() {
        if let Frame::Message(message) = &slot.frame {
            env.retain(|(other, _)| other != "MESSAGE");
            env.push(("MESSAGE".into(), EnvValue::Text(message.text.clone())));
            break;
        }
    }
    Ok(env)
}

/// Wishes for a request.
pub(super) fn request(
    m: &mut Machine<'_>,
    f: FiberId,
    e: &mut Exec,
    id: RequestId,
) -> Result<(), String> {
    let plan = m.plan;
    let request = &plan.requests[id.index()];
    let around = m.surroundings(f);
    if let Some(host) = host(plan, request.settings, around.as_deref()) {
        let name = &plan.hosts[host.index()].name;
        return Err(format!(
            "the engine sends it itself, and cannot send it from `{name}`"
        ));
    }
    let filled = fill::fill_request(request, &m.seen(f)).map_err(|error| error.message)?;
    let timeout_ms = match &request.timeout {
        Some(clause) => m.ms(f, clause)?,
        None => REQUEST_TIMEOUT_MS,
    };
    let (id, path) = begun(m, f, e, &filled.shown, None);
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
