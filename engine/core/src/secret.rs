//! The command that gives a secret, for the host to run when it fetches secrets. What it prints is never a fact.

use runbook_plan::Plan;
use runbook_plan::plan::SecretFrom;
use runbook_plan::value::SecretId;

use crate::effect::{EffectId, Manner, Role, Run};
use crate::fill;
use crate::flow::exec;
use crate::machine::Machine;
use crate::state::State;

/// The command of a secret, values of the run in their places. The error is a plain sentence.
pub fn secret_run(plan: &Plan, state: &State, id: SecretId) -> Result<Run, String> {
    let secret = plan.secrets.get(id.0 as usize);
    let Some(SecretFrom::Command(command)) = secret.map(|secret| &secret.from) else {
        return Err("no command gives it".into());
    };
    let command = &plan.commands[command.index()];
    let Some(main) = state.fibers.keys().next().copied() else {
        return Err("the run has not begun".into());
    };
    let m = Machine {
        plan,
        s: state.clone(),
        out: Vec::new(),
    };
    let mut env = exec::own_env(&m, main, command)?;
    let mut programs = Vec::new();
    let mut shown = String::new();
    for script in &command.scripts {
        let filled =
            fill::fill_command(plan, script, &m.seen(main)).map_err(|error| error.message)?;
        if programs.is_empty() {
            shown = filled.shown;
        }
        programs.push(filled.program);
        for (name, value) in filled.env {
            env.retain(|(other, _)| *other != name);
            env.push((name, value));
        }
    }
    let settings = &plan.settings[command.settings.index()];
    let dir = match &settings.dir {
        Some(dir) => Some(m.shown(&m.eval(main, dir)?)),
        None => None,
    };
    Ok(Run {
        id: EffectId::default(),
        mark: command.mark,
        role: Role::Look,
        path: String::new(),
        shown,
        programs,
        dir,
        env,
        manner: Manner::Plain,
        deadline: None,
        attempt: 1,
    })
}
