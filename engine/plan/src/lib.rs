//! What a runbook means.
//!
//! | file | what it holds |
//! |---|---|
//! | [`files`] | the runbook and the modules it uses |
//! | [`resolve`] | trees to a plan: names, scope, types, flow |
//! | [`plan`] | the step graph and everything it refers to |
//! | [`expr`], [`value`], [`command`] | its leaves: expressions, values and types, commands and requests |
//! | [`matrix`] | proves decision tables, and picks a row |
//! | [`shell`] | where a value stands in a command, and the form that is safe there |
//! | [`read`], [`show`] | text to values, values to text |
//! | [`operators`] | what `+ - * /` and comparisons mean for which types |
//! | [`time`] | how long it may take, from its text alone |
//! | [`analysis`] | all that is known before a run: times against deadlines, undo, people, programs |
//! | [`told`] | a mistake is told once |
//! | [`codes`] | the numbers of this room's errors |
//! | [`walk`] | from a node to the blocks inside it |
//! | [`ids`] | indexes into its arenas |

pub mod analysis;
pub mod codes;
pub mod command;
pub mod expr;
pub mod files;
pub mod ids;
pub mod matrix;
pub mod operators;
pub mod plan;
pub mod read;
pub mod resolve;
pub mod shell;
pub mod show;
pub mod time;
pub mod told;
pub mod value;
pub mod walk;

pub use files::{Files, Import, Loaded, ModuleName, gather, imports};
pub use plan::Plan;
pub use resolve::{check_scenarios, resolve};
