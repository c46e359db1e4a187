//! `--dry-run`: the run as it would go, each command shown, nothing real. Whoever is there is told, and asked nothing:
//! answers come from the answers file, else are the ones that lead on.

use runbook_core::effect::{Effect, Notice};
use runbook_core::event::Started;
use runbook_core::state::Over;
use runbook_core::view::view;
use runbook_plan::Plan;

use super::play::{Play, Played};
use super::script::{Saying, Script};
use super::world::{Unscripted, World};
use crate::operator::Operator;

/// Rehearses a run; `answers` are keys and texts, in order.
pub fn rehearse(
    plan: &Plan,
    started: Started,
    answers: &[(String, Vec<String>)],
    operator: &mut dyn Operator,
) -> Over {
    let mut script = Script::default();
    for (key, texts) in answers {
        for text in texts {
            script
                .answers
                .push((key.clone(), Saying::Text(text.clone())));
        }
    }
    let mut world = World::new(script);
    world.unscripted = Unscripted::Obvious;
    let mut play = Play::new(plan, world);
    play.now = crate::clock::now();
    let shown = view(plan, &play.state);
    operator.tell(
        &Notice::Warning {
            text: "a dry run: nothing is really done, and what would be found is made up".into(),
        },
        &shown,
    );
    let mut told = 0;
    let played = play.run_from(started, &mut |play| {
        let shown = view(plan, &play.state);
        for effect in &play.wished[told..] {
            match effect {
                // What nothing ran for has no outcome to speak of.
                Effect::Tell(Notice::Ran { .. } | Notice::Compared { .. }) => {}
                Effect::Tell(notice) => operator.tell(notice, &shown),
                _ => {}
            }
        }
        told = play.wished.len();
    });
    operator.close(&view(plan, &play.state));
    match played {
        Played::Over(over) => over,
        Played::Stuck(why) => Over::Parked { why },
    }
}
