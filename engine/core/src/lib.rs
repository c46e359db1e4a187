//! What happens next: `(&Plan, State, &Fact) -> (State, Vec<Effect>)`.
//!
//! | file | what it holds |
//! |---|---|
//! | [`step`] | the transition table, and what each event does |
//! | [`state`] | where a run stands; [`due`], [`state::State::in_flight`], [`state::State::prompts`] |
//! | [`view`] | the same for a person |
//! | [`coverage`] | what of a plan runs have come to |
//! | [`samples`] | values on both sides of what a plan compares |
//! | [`event`], [`effect`], [`prompt`], [`clock`] | what goes in and comes out |
//! | [`eval`], `operators`, [`fill`] | expressions get values, values get their places |
//! | [`window`], [`watching`] | triggers: the sustained clock, one look at what a trigger watches |
//! | `machine`, `frame` | the loop that moves fibers, and what they are in the middle of |
//! | `names` | what a fiber can see, and where it is |
//! | `flow/` | each construct, one file per family |
//! | [`alike`] | one run under two plans |
//! | `resume`, `verdict`, `walk` | after a crash; how a command went; looks over the plan |

pub mod alike;
#[cfg(test)]
mod case;
pub mod clock;
pub mod coverage;
pub mod effect;
pub mod eval;
pub mod event;
pub mod fill;
mod flow;
mod frame;
#[cfg(test)]
mod long_tests;
mod machine;
mod names;
mod operators;
pub mod prompt;
mod resume;
pub mod samples;
pub mod secret;
pub mod state;
pub mod step;
mod verdict;
pub mod view;
mod walk;
pub mod watching;
pub mod window;

pub use flow::from::{NoStart, can_start_at};
pub use state::{State, due};
pub use step::step;
