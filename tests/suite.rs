//! The one integration binary. Each module walks the cases of its own folder, or holds a law of the house.

mod book;
mod cli;
mod corpus;
mod counting;
mod diff;
mod explore;
mod faults;
mod fmt;
mod golden;
mod graph;
mod hosts;
mod house;
mod inputs;
mod journal;
mod laws;
mod lint;
mod new;
mod order;
mod page;
mod parse;
mod plan;
mod practice;
mod processes;
mod quoting;
mod real;
mod record;
mod render;
mod resume;
mod run;
mod runbooks;
mod stdlib;
mod terminal;
mod time;
mod watch;
mod world;

/// Where a program says which of its lines ran, if that is asked for (`just coverage`); for those who start one
/// with an environment of its own.
fn counted() -> Option<(&'static str, std::ffi::OsString)> {
    const NAME: &str = "LLVM_PROFILE_FILE";
    std::env::var_os(NAME).map(|place| (NAME, place))
}
