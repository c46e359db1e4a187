//! One file a command.

pub mod analyze;
pub mod diff;
pub mod explain;
pub mod fmt;
pub mod graph;
pub mod journal;
pub mod library;
pub mod lint;
pub mod new;
pub mod render;
pub mod report;
pub mod run;
pub mod runs;
pub mod show;
pub mod test;
pub mod watch;
