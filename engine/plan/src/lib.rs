//! What a runbook means.
//!
//! | file | what it holds |
//! |---|---|
//! | [`plan`] | the step graph and everything it refers to |
//! | [`expr`], [`value`], [`command`] | its leaves: expressions, values and types, commands and requests |
//! | [`ids`] | indexes into its arenas |

pub mod command;
pub mod expr;
pub mod ids;
pub mod plan;
pub mod value;

pub use plan::Plan;
