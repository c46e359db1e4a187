//! `--dry-run`: the plan walked in a made-up world. Commands are shown and none is started, waits are over at
//! once, prompts are answered from the answers file, else in the way that leads on. Nothing is written.

use std::collections::VecDeque;

use runbook_core::effect::{Effect, Notice};
use runbook_core::event::{Event, Fact, Started};
use runbook_core::state::{Over, State, due};
use runbook_core::step::step;
use runbook_core::view::view;
use runbook_plan::Plan;

use super::{Finish, exit_code};
use crate::answers::read;
use crate::config::AnswersFile;
use crate::operator::Operator;
use crate::scripted::world::{Unscripted, obvious};
use crate::scripted::{Script, World};

/// More facts than a plan has places for: it goes round in circles.
const ENOUGH: usize = 1_000_000;

/// Walks a plan and tells `operator` all that a run would.
pub(super) fn walk(
    plan: &Plan,
    started: Started,
    answers: Option<&AnswersFile>,
    operator: &mut dyn Operator,
) -> Finish {
    let severities: Vec<String> = plan.severities.iter().map(|s| s.name.clone()).collect();
    let mut left: Vec<(String, VecDeque<String>)> = answers
        .map(|file| file.answers.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|(key, texts)| (key.clone(), texts.iter().cloned().collect()))
        .collect();
    let mut world = World::new(Script::default());
    world.unscripted = Unscripted::Obvious;
    let mut now = crate::clock::now();
    let mut state = State::default();
    // Nothing takes time but waiting.
    let mut coming = VecDeque::from([Event::Started(started)]);
    let mut facts = 0;
    let over = loop {
        facts += 1;
        let over = state.is_over();
        if over != Over::No {
            break over;
        }
        let event = match (coming.pop_front(), due(&state)) {
            _ if facts > ENOUGH => break stuck("it goes round in circles"),
            (Some(event), _) => event,
            (None, Some(deadline)) => {
                let ahead = (deadline.at.boot - now.boot).max(0);
                now.boot += ahead;
                now.wall += ahead;
                Event::Ticked
            }
            (None, None) => break stuck("nothing runs that could end"),
        };
        let fact = Fact { at: now, event };
        let (after, effects) = step(plan, std::mem::take(&mut state), &fact);
        state = after;
        let seen = view(plan, &state);
        for effect in effects {
            if let Effect::Tell(notice) = &effect {
                operator.tell(notice, &seen);
                continue;
            }
            if let Effect::Ask { id, prompt } = &effect {
                let given = left
                    .iter_mut()
                    .find(|(key, texts)| prompt.keys.contains(key) && !texts.is_empty())
                    .and_then(|(_, texts)| texts.pop_front());
                let given = given.and_then(|text| read(prompt, &text, &severities).ok());
                let event = match given.or_else(|| obvious(prompt)) {
                    Some(answer) => Event::Answered {
                        effect: *id,
                        answer,
                        by: state.started().operator.clone(),
                    },
                    None => Event::Unanswerable { effect: *id },
                };
                coming.push_back(event);
                continue;
            }
            coming.extend(world.meets(&effect, 0).into_iter().map(|(_, event)| event));
        }
    };
    let seen = view(plan, &state);
    if let Over::Parked { why } = &over {
        let text = format!(
            "the dry run goes no further: {why}; give what it lacks with --param or --answers"
        );
        operator.tell(&Notice::Warning { text }, &seen);
    }
    operator.close(&seen);
    Finish {
        run: String::new(),
        dir: std::path::PathBuf::new(),
        code: exit_code(&over, None),
        over,
        head: String::new(),
    }
}

fn stuck(why: &str) -> Over {
    Over::Parked { why: why.into() }
}
