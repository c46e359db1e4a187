//! What can be known of a runbook before it is run: how long each way takes, what can be taken back, who is asked
//! what, and what it touches.
//!
//! | file | what it holds |
//! |---|---|
//! | [`ways`] | each way's times against the deadlines |
//! | [`undo`] | what can be taken back, and from where nothing can |
//! | [`people`] | who is asked what, and who may approve |
//! | [`touches`] | programs, machines, secrets |
//! | `walk` | all that a run may come to |

pub mod people;
pub mod touches;
pub mod undo;
mod walk;
pub mod ways;

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::plan::Plan;

/// Times are milliseconds; a path is the names of what stands around, parted by dots.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    pub title: String,
    pub time: ways::Ways,
    pub undo: undo::Undo,
    pub asked: Vec<people::Asked>,
    pub approvals: people::Approvals,
    pub touches: touches::Touches,
}

pub fn analyze(plan: &Plan) -> Analysis {
    Analysis {
        title: plan.title.clone(),
        time: ways::ways(plan),
        undo: undo::undo(plan),
        asked: people::asked(plan),
        approvals: people::approvals(plan),
        touches: touches::touches(plan),
    }
}
