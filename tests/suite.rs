//! The one integration binary. Each module walks the cases of its own folder, or holds a law of the house.

mod book;
mod cli;
mod corpus;
mod faults;
mod fmt;
mod golden;
mod house;
mod inputs;
mod journal;
mod laws;
mod lint;
mod order;
mod parse;
mod plan;
mod practice;
mod processes;
mod quoting;
mod record;
mod render;
mod resume;
mod run;
mod runbooks;
mod stdlib;
mod terminal;
mod time;
mod world;
