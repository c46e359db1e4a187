//! The processes of one engine.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use runbook_core::effect::{EffectId, Urgency};
use runbook_core::event::{Found, Identity};

use super::{Launch, Redactors, Report};

/// How processes are kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program that is the gate, and its arguments.
    pub gate: Vec<OsString>,
    /// The run's output segment file; made on first need, 0600.
    pub output: PathBuf,
    /// From TERM to KILL, milliseconds.
    pub grace_ms: u64,
    /// How long a pipe may stay open after its command ended, milliseconds.
    pub leak_ms: u64,
    /// Bytes kept of one stream on disk.
    pub cap: u64,
}

impl Settings {
    /// This very program with `__gate`, a grace of ten seconds, a leak grace of half a second, a GiB of output.
    pub fn of_this_program(output: PathBuf) -> Settings {
        Settings {
            gate: vec!["/proc/self/exe".into(), "__gate".into()],
            output,
            grace_ms: 10_000,
            leak_ms: 500,
            cap: 1 << 30,
        }
    }
}

/// Gates that wait, commands that run, orphans that are watched. One for each engine, used from one thread,
/// inside a tokio runtime.
pub struct Processes {
    settings: Settings,
}

impl Processes {
    pub fn begin(settings: Settings) -> io::Result<Processes> {
        Ok(Processes { settings })
    }

    /// Starts gates until `ready` of them wait. A failure is kept for [`Processes::admit`].
    pub fn prepare(&mut self, _ready: usize) {
        let _ = &self.settings;
    }

    /// Takes a waiting gate, or starts one, for an effect. The error is a plain sentence for `NotStarted`.
    pub fn admit(&mut self, _id: EffectId) -> Result<Identity, String> {
        Err("this version cannot start commands".to_owned())
    }

    /// Opens the gate of an admitted effect. Call it after its identity is durable. Whatever goes wrong from
    /// here on is a report.
    pub fn open(&mut self, _id: EffectId, _launch: Launch, _redactors: Redactors) {}

    /// Stops the tree of a running command or a watched orphan: TERM to all of it, grace, KILL; a second call
    /// with [`Urgency::Kill`] cuts the grace short. A command that has already exited keeps its exit.
    pub fn stop(&mut self, _id: EffectId, _urgency: Urgency) {}

    /// What became of a process of an earlier engine. Signals nobody.
    pub fn inspect(identity: &Identity) -> Found {
        let _ = identity;
        Found::Gone
    }

    /// Watches an orphan; `Found` with `Gone` is reported when nothing of its tree lives.
    pub fn adopt(&mut self, _id: EffectId, _identity: &Identity) {}

    /// How many commands and orphans are not over yet; gates that wait and background commands do not count.
    pub fn running(&self) -> usize {
        0
    }

    /// The next report. Pending for ever while nothing runs; safe to cancel.
    pub async fn next(&mut self) -> Report {
        std::future::pending().await
    }
}
