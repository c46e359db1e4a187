//! The objective and the severity's deadline, held against what happened.

use runbook_core::effect::Notice;
use runbook_core::event::Moment;
use runbook_core::view::Phase;
use runbook_plan::Plan;
use runbook_plan::plan::NodeKind;

use super::gather::Story;
use super::{Deadline, Kept, Level};

pub(super) fn deadlines(story: &Story<'_>, severity: Option<&Level>) -> Vec<Deadline> {
    let (end, until) = reached(story, goal(story.plan));
    let deadline = |what: String, within_ms: u64, began: Moment| {
        let last = end.unwrap_or(story.last);
        // The clock that a wrong time of day does not move, unless a reboot lies between.
        let took = if last.boot >= began.boot {
            last.boot - began.boot
        } else {
            last.wall - began.wall
        };
        let took = u64::try_from(took).unwrap_or(0);
        Deadline {
            what,
            within_ms,
            until: until.clone(),
            took_ms: end.map(|_| took),
            kept: match end {
                _ if took > within_ms => Kept::Missed,
                Some(_) => Kept::Met,
                None => Kept::Open,
            },
        }
    };
    let mut deadlines = Vec::new();
    if let Some(objective) = &story.plan.objective {
        deadlines.push(deadline("objective".into(), objective.within, story.began));
    }
    if let Some(level) = severity
        && let Some(declared) = story.plan.severities.iter().find(|s| s.name == level.name)
        && let Some(within) = declared.within
        && let Some(set) = set_at(story, level)
    {
        deadlines.push(deadline(format!("severity {}", level.name), within, set));
    }
    deadlines
}

/// The name of the checkpoint where the clocks of the run stop.
fn goal(plan: &Plan) -> Option<&str> {
    let node = plan.objective.as_ref()?.until?;
    match &plan.nodes[node.index()].kind {
        NodeKind::Checkpoint { name, .. } => Some(name),
        _ => None,
    }
}

/// When the clocks of the run stopped, and at which checkpoint; without one, at its end.
fn reached(story: &Story<'_>, goal: Option<&str>) -> (Option<Moment>, Option<String>) {
    let passed = story.told.iter().find_map(|(at, notice)| match notice {
        Notice::CheckpointPassed { path, title } if path.rsplit('.').next() == goal => {
            Some((*at, title.clone()))
        }
        _ => None,
    });
    match passed {
        Some((at, title)) => (Some(at), Some(title)),
        None => {
            let ended = matches!(story.view.phase, Phase::Ended { .. });
            (ended.then_some(story.last), goal.map(str::to_owned))
        }
    }
}

fn set_at(story: &Story<'_>, level: &Level) -> Option<Moment> {
    story.told.iter().find_map(|(at, notice)| match notice {
        Notice::SeveritySet { severity, .. } if *severity == level.name => Some(*at),
        _ => None,
    })
}
