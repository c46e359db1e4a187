//! What is different in meaning between two versions of a runbook.
//!
//! Both are plans, so comments, formatting, the order of policies and the wrapping of prose are gone before anything is
//! compared. Each plan becomes a tree of units (steps, sections, arms, params, …) with facts and lines; units
//! of the two trees are paired by their names, then by what is in them; and of each pair it is said what differs.
//!
//! | file | what it holds |
//! |---|---|
//! | [`difference`] | what is different, as data |
//! | `tree` | units, facts, lines |
//! | `flow`, `declared` | a plan to a tree: what runs, what is declared |
//! | `written` | expressions, text and commands as the language writes them, in one layout |
//! | `pairs` | which unit is which |
//! | `compare`, `sequence` | what differs between the two of a pair, and what is in another order |
//! | `outline` | all of what is new or gone |
//! | `markdown` | for a comment in a review |

mod compare;
mod declared;
pub mod difference;
mod flow;
mod markdown;
mod outline;
mod pairs;
mod sequence;
mod tree;
mod written;

use runbook_grammar::source::Sources;
use runbook_plan::Plan;

pub use difference::{Change, Difference, Place};
pub use markdown::markdown;

/// One version: its plan and the texts that the plan was made of.
#[derive(Clone, Copy)]
pub struct Version<'v> {
    pub plan: &'v Plan,
    pub sources: &'v Sources,
}

/// All differences in meaning, in the order of the new version; empty where there are none.
pub fn diff(old: Version<'_>, new: Version<'_>) -> Vec<Difference> {
    let (olds, news) = (tree::Tree::of(old.plan), tree::Tree::of(new.plan));
    let pairs = pairs::Pairs::of(&olds, &news);
    compare::compare(
        &compare::Side::new(old, &olds),
        &compare::Side::new(new, &news),
        &pairs,
    )
}
