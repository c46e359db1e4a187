//! What really happens: files, processes, clock, signals, the journal, the person.
//!
//! | file | what it holds |
//! |---|---|
//! | [`drive`] | the loop that ties the core to the world |
//! | [`load`], [`files`] | the runbook and its modules, read once |
//! | [`runs`], [`lock`] | the state home, the folder of a run, who has it |
//! | [`journal`] | facts, durable before they are believed |
//! | [`clock`] | wall and boot time |
//! | [`process`] | commands: gate, output, stop, orphans |
//! | [`http`] | requests |
//! | [`answers`], [`config`] | what a run is given beforehand: `--answers`, `runbook.toml` |
//! | [`secrets`], [`redact`] | values that are passed on and never shown |
//! | [`signals`], [`os`] | what the system says to us, and what we ask of it at the start |
//! | [`scripted`] | a world that is made up, for tests, scenarios and dry runs |
//! | [`watch`] | triggers sampled, until one starts a run |
//! | [`operator`] | the person, as a trait |
//! | [`codes`], [`error`] | what is refused, and in which words |
//! | `weakened` | faults that the chaos tests must find, in a build of their own |

pub mod answers;
pub mod clock;
pub mod codes;
pub mod config;
pub mod drive;
pub mod error;
pub mod files;
pub mod http;
pub mod journal;
pub mod load;
pub mod lock;
pub mod operator;
pub mod os;
pub mod process;
pub mod redact;
pub mod runs;
pub mod scripted;
pub mod secrets;
pub mod signals;
pub mod watch;
mod weakened;
