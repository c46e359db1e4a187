//! A command on another machine, over the system's own `ssh`.
//!
//! | file | what it holds |
//! |---|---|
//! | [`ssh`] | how `ssh` is called, and what its words mean |
//! | [`script`], `over_there.sh` | what runs over there, and how values come there |
//! | [`frames`] | what is said to the engine, told apart from what the command prints |
//! | [`link`] | this side of the connection: a gate that does not become the command and stays with it |
//! | [`inquiry`] | what became of a command whose connection, or whose engine, is gone |
//!
//! 1. The gate starts `ssh` and sends it one line. Until that is answered, nothing of the command has left this machine:
//!    where no answer comes, it never started, and may be tried again.
//! 2. It sends the command. Over there a record is made of it, it is started in a session of its own, and its output
//!    comes back between two marks that nobody can guess, with its exit code in the second. An exit code of `ssh`
//!    itself means nothing.
//! 3. Both sides say every few seconds that they are there. Where the engine's side ends or falls silent, the other one
//!    ends the command, with all of its tree, and writes that down. Where the other side does, nobody can say how the
//!    command ended: it is asked about, and never run again by itself.

mod frames;
mod inquiry;
mod link;
mod script;
mod ssh;

use std::ffi::OsString;
use std::path::Path;

use runbook_core::effect::Manner;

use super::launch::Line;

pub use inquiry::{Inquiry, inquire};
pub(super) use link::{Call, End, Kept, event, hold};
pub use script::{Record, key};

/// What the gate of a command on another machine is told besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Far {
    /// As the runbook calls the machine.
    pub name: String,
    pub address: String,
    pub nonce: String,
    pub hello: String,
    /// Sent once `hello` is answered.
    pub order: String,
    /// For sentences: the folder and the program over there.
    pub dir: String,
    pub program: String,
    /// Seconds between two signs of life.
    pub beat: u64,
    /// What has the terminal, after the order was laid down.
    pub then: Option<Vec<OsString>>,
}

/// A command as it is to run over there.
pub(super) struct Wanted<'a> {
    pub name: &'a str,
    pub address: &'a str,
    pub key: &'a str,
    pub record: Record,
    pub dir: &'a str,
    pub line: &'a Line,
    pub env: &'a [(String, String)],
    pub manner: &'a Manner,
    pub beat: u64,
}

/// Gets a command ready for its way.
///
/// # Errors
/// A plain sentence: it cannot be sent.
pub(super) fn far(wanted: &Wanted<'_>) -> Result<Far, String> {
    let name = wanted.name;
    if *wanted.manner == Manner::Background {
        return Err(format!(
            "nothing is left running in the background on `{name}`"
        ));
    }
    let is_name = |text: &str| {
        !text.starts_with(|c: char| c.is_ascii_digit())
            && !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if let Some((variable, _)) = wanted.env.iter().find(|(name, _)| !is_name(name)) {
        return Err(format!("`{variable}` is no name of a variable on `{name}`"));
    }
    let nonce = uuid::Uuid::now_v7().simple().to_string();
    let order = script::Order {
        nonce: &nonce,
        key: wanted.key,
        record: wanted.record,
        tick: wanted.beat,
        dir: wanted.dir,
        line: wanted.line,
        env: wanted.env,
    };
    let interactive = *wanted.manner == Manner::Interactive;
    Ok(Far {
        name: name.to_owned(),
        address: wanted.address.to_owned(),
        hello: script::hello(&nonce),
        order: match interactive {
            false => script::order(&order),
            true => script::deposit(&order),
        },
        dir: wanted.dir.to_owned(),
        program: match wanted.line.words.first() {
            Some(word) => word.to_string_lossy().into_owned(),
            None => String::new(),
        },
        beat: wanted.beat,
        then: interactive.then(|| {
            let deposited = script::deposited(wanted.key);
            ssh::call_with_terminal(wanted.address, wanted.beat, &deposited)
        }),
        nonce,
    })
}

/// The words that call `ssh` for a command.
pub(super) fn words(far: &Far, log: &Path) -> Vec<OsString> {
    ssh::call(&far.address, far.beat, log)
}
