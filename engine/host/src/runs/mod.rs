//! Runs on the disk: the state home, the folder of a run, the list of them.

pub mod dir;
pub mod home;
pub mod list;
pub mod prune;
pub mod verify;

pub use dir::{Access, Held, RunDir};
pub use home::StateHome;
pub use list::{RunSummary, Standing, find, list, newest, newest_unfinished};

#[cfg(test)]
mod tests;
