//! `resume --adopt`: a run goes on with the runbook as it is now.
//!
//! Both texts are folded side by side over all that happened. Under each the run must have wished for the very same
//! things at every fact, down to the last argument of a command, and must stand at the same place at the end; and no
//! step that was begun may be another in the text, its undo included. Then what is different is all still to come.

use std::collections::BTreeSet;
use std::path::Path;

use runbook_core::alike::alike;
use runbook_core::effect::{Effect, Notice};
use runbook_core::event::Fact;
use runbook_core::state::State;
use runbook_core::step::step;
use runbook_plan::Plan;

use super::changed::{self, Steps};
use crate::codes;
use crate::config::Config;
use crate::error::HostError;
use crate::journal::Body;
use crate::load::{Loaded, load_with};
use crate::runs::RunDir;

/// A runbook that fits, and the run as it stands under it.
pub struct Adopted {
    pub loaded: Loaded,
    pub state: State,
    /// Sentences for the operator and the journal.
    pub differences: Vec<String>,
}

/// Why there is none.
pub enum NotAdopted {
    /// Every file is as it was.
    Same,
    /// The runbook has errors now.
    Runbook(Box<Loaded>),
    Refused(HostError),
}

impl From<HostError> for NotAdopted {
    fn from(error: HostError) -> NotAdopted {
        NotAdopted::Refused(error)
    }
}

/// Reads the runbook where it was read at first, and holds it against the run.
pub fn adopt(dir: &RunDir, loaded: &Loaded, plan: &Plan) -> Result<Adopted, NotAdopted> {
    let refused = |why: String| {
        HostError::new(
            codes::ADOPT_REFUSED,
            format!("the run cannot go on with the runbook as it is now: {why}"),
        )
        .help("Resume without `--adopt`, or take that change back.")
    };
    let root = loaded.originals.first();
    let Some(root) = root.filter(|root| !root.path.is_empty()) else {
        return Err(refused("nobody knows where it was read".into()).into());
    };
    let path = Path::new(&root.path);
    let config = Config::find(path)?;
    let mut now = load_with(path, &config.channels)?;
    for original in &mut now.originals {
        // As it was named to a person at first.
        if let Some(then) = loaded
            .originals
            .iter()
            .find(|then| then.module == original.module)
        {
            original.name.clone_from(&then.name);
        }
    }
    let key = |loaded: &Loaded| -> BTreeSet<(String, Vec<u8>)> {
        let originals = loaded.originals.iter();
        originals
            .map(|original| (original.module.clone(), original.bytes.clone()))
            .collect()
    };
    if key(loaded) == key(&now) {
        return Err(NotAdopted::Same);
    }
    let Some(other) = &now.plan else {
        return Err(NotAdopted::Runbook(Box::new(now)));
    };
    super::runnable(other)?;
    let (state, begun) = side_by_side(dir, plan, other).map_err(|stop| match stop {
        Stop::Host(error) => error,
        Stop::Differs(why) => refused(why),
    })?;
    let (then, after) = (steps(loaded)?, steps(&now)?);
    for name in &begun {
        if changed::called(&then, name) != changed::called(&after, name) {
            return Err(refused(format!("step {name} was begun, and is different")).into());
        }
    }
    let differences = changed::differences(&then, &after);
    Ok(Adopted {
        loaded: now,
        state,
        differences,
    })
}

fn steps(loaded: &Loaded) -> Result<Steps, HostError> {
    let mut all = Steps::new();
    for original in &loaded.originals {
        let found = changed::steps_of(&original.bytes).ok_or_else(|| {
            HostError::new(codes::NOT_UTF8, format!("{} is not UTF-8", original.name))
        })?;
        all.extend(found);
    }
    Ok(all)
}

enum Stop {
    Host(HostError),
    Differs(String),
}

/// Folds the journal under both plans. Gives the state under the second, and the names of all steps that were begun.
fn side_by_side(
    dir: &RunDir,
    plan: &Plan,
    other: &Plan,
) -> Result<(State, BTreeSet<String>), Stop> {
    let (mut a, mut b) = (State::default(), State::default());
    let mut begun = BTreeSet::new();
    let mut differs = None;
    let read = dir.read(|record| {
        let Body::Event(event) = record.body else {
            return Ok(());
        };
        let fact = Fact {
            at: record.at,
            event,
        };
        let (next, wished) = step(plan, std::mem::take(&mut a), &fact);
        a = next;
        let (next, others) = step(other, std::mem::take(&mut b), &fact);
        b = next;
        begun.extend(wished.iter().filter_map(|wish| match wish {
            Effect::Tell(Notice::StepStarted { path, .. }) => {
                Some(path.rsplit('.').next().unwrap_or(path).to_owned())
            }
            _ => None,
        }));
        let acts = |wishes: Vec<Effect>| -> Vec<Effect> {
            let told = |wish: &Effect| !matches!(wish, Effect::Tell(_));
            wishes.into_iter().filter(told).collect()
        };
        let (wished, others) = (acts(wished), acts(others));
        if differs.is_none() && wished != others {
            let at = wished.iter().zip(&others).position(|(a, b)| a != b);
            let at = at.unwrap_or(wished.len().min(others.len()));
            differs = Some(said(wished.get(at), others.get(at)));
        }
        Ok(())
    });
    read.map_err(Stop::Host)?;
    if let Some(why) = differs {
        return Err(Stop::Differs(why));
    }
    alike((plan, &a), (other, &b)).map_err(Stop::Differs)?;
    Ok((b, begun))
}

fn said(then: Option<&Effect>, now: Option<&Effect>) -> String {
    let name = |effect: &Effect| match effect {
        Effect::Run(run) => format!("`{}` in {}", run.shown, run.path),
        Effect::Request(request) => format!("`{}` in {}", request.shown, request.path),
        Effect::Ask { prompt, .. } => format!("the question \"{}\"", prompt.text),
        Effect::WriteDocument { path, .. } => format!("the document {path}"),
        Effect::CheckNeeds { .. } => "what it needs".into(),
        Effect::TakeLocks { .. } => "its locks".into(),
        Effect::FetchSecrets { .. } => "its secrets".into(),
        Effect::Park { .. } | Effect::End { .. } => "its end".into(),
        Effect::Stop { .. }
        | Effect::AwaitOrphan { .. }
        | Effect::Inquire { .. }
        | Effect::Withdraw { .. }
        | Effect::Tell(_) => "something that was under way".into(),
    };
    match (then.map(name), now.map(name)) {
        (Some(then), Some(now)) if then == now => {
            format!("{then} is done, and would be done in another way")
        }
        (Some(then), Some(now)) => format!("{then} is done, and would have been {now}"),
        (Some(then), None) => format!("{then} is done, and is not in it"),
        (None, Some(now)) => format!("{now} would have come before what is done"),
        (None, None) => "it would have come another way".into(),
    }
}
