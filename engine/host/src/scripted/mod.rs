//! A world that is made up: nothing real runs in it. Golden conversations, scenarios and dry runs are played here.
//!
//! | file | what it holds |
//! |---|---|
//! | [`script`] | what the made-up world does, as directives |
//! | [`scenario`] | scenarios of a `name.test.rbk`, and what is not as they say |
//! | [`world`] | commands that exit as they are told, requests, answers, a clock that jumps |
//! | [`play`] | the loop: effects in, facts out, until the run parks or ends |
//! | [`story`] | what came of a run, as lines of a scenario; what makes no difference is left out |
//! | [`record`] | a real run as a story |
//! | [`explore`], [`options`] | every way a runbook may go, within a bound, and what is wrong with some |
//! | [`transcript`] | the whole conversation as text |

pub mod explore;
mod options;
pub mod play;
pub mod record;
pub mod scenario;
pub mod script;
pub mod story;
pub mod transcript;
pub mod world;

pub use play::{Play, Played, fold, play};
pub use script::Script;
pub use world::World;
