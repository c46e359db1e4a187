//! Commands: started behind a gate, watched, stopped as a tree, and found again after a crash.
//!
//! The way of one command, with what the driver has to make durable between:
//!
//! 1. [`Processes::prepare`] starts gate processes ahead; each is the process that will become a command.
//! 2. [`Processes::admit`] takes one and gives its [`Identity`]: journal the intent and the identity.
//! 3. [`Processes::open`] sends what to run and opens the gate. Call `prepare` again after it, so that the
//!    next gate starts while this command runs.
//! 4. [`Processes::next`] brings [`Report`]s: live output, then one fact that ends the command.
//!
//! A gate is a copy of the one process that is started for this, the keeper, and the engine's own child: a copy
//! costs a quarter of what starting this program costs, and nothing on the way of a command.
//!
//! A gate whose engine ends before `open` sees the end of its channel and ends with 111: nothing ran.
//!
//! A command on another machine has a gate as well, which does not become it and stays with its connection: see
//! [`far`].
//!
//! ```ignore
//! let mut processes = Processes::begin(Settings::of_this_program(run_dir.join("output")))?;
//! processes.prepare(1);
//! let launch = Launch::of(&run, &directory, &needed_env, &mut resolve)?;
//! match processes.admit(run.id, &run.manner) {
//!     Ok(identity) => { /* journal intent + Spawned, sync */ }
//!     Err(why) => { /* Event::NotStarted */ }
//! }
//! processes.open(run.id, launch, redactors);
//! processes.prepare(1);
//! loop {
//!     tokio::select! {
//!         report = processes.next() => match report {
//!             Report::Output { id, bytes, .. } => operator.output(id, &bytes),
//!             Report::Fact(event) => journal(event),
//!         },
//!         // signals, answers, deadlines, responses
//!     }
//! }
//! ```

mod cgroup;
mod child;
mod command;
mod ending;
mod far;
mod gate;
mod launch;
mod live;
mod output;
mod printed;
mod recorder;
mod report;
mod running;

mod spared;
mod start;
pub(crate) mod tree;

pub use far::{Far, Inquiry, inquire, key};
pub use gate::{NEVER_RAN, gate_main, never_became};
pub use launch::{Door, INHERITED, Keep, Launch, Line, Script};
pub use output::{Redact, Redactors, Stream};
pub use printed::last_printed;
pub use report::Report;
pub use runbook_core::event::Identity;
pub use running::{Processes, Settings};
pub use spared::{forget, is_spared, spare};
