//! The command that gives a secret, for the host to run when it fetches secrets. What it prints is never a fact.

use runbook_plan::Plan;
use runbook_plan::plan::SecretFrom;
use runbook_plan::value::SecretId;

use crate::effect::{EffectId, Manner, Role, Run};
use crate::flow::starting::{self, Filled};
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
    // It means what it meant where it was declared, whatever call is under way when it is fetched anew.
    let env = starting::env(&m, main, command.settings, None)?;
    let Filled {
        programs,
        env,
        shown,
    } = starting::filled(&m, main, command, env)?;
    let dir = starting::dir(&m, main, command.settings, None)?;
    Ok(Run {
        id: EffectId::default(),
        mark: command.mark,
        role: Role::Look,
        path: String::new(),
        shown,
        programs,
        // Fetched where the engine is, whatever the file says of its commands.
        on: None,
        dir,
        env,
        manner: Manner::Plain,
        deadline: None,
        attempt: 1,
    })
}
