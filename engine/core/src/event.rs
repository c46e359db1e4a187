//! Facts, in the past tense. The journal is a list of these, and a state is a fold of them.

use std::collections::BTreeMap;

use runbook_plan::value::Value;
use serde::{Deserialize, Serialize};

use crate::effect::EffectId;
use crate::prompt::Answer;

/// When a fact was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since 1970, UTC.
    pub wall: i64,
    /// Milliseconds since the machine was booted, suspended time included.
    pub boot: i64,
}

/// An event and its moment: what `core::step` takes and the journal keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    pub at: Moment,
    pub event: Event,
}

/// Serialised as `{"exited":{…}}`: the name stands outside, so that a journal is read in one pass without
/// buffering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The first record of every run.
    Started(Started),
    /// An engine took the run up again; everything in flight is then reported by [`Event::Found`].
    Resumed {
        operator: String,
        boot_id: String,
    },
    /// What became of an effect that was in flight when the last engine ended.
    Found {
        effect: EffectId,
        found: Found,
        /// The end of what it printed under that engine, as far as it is known.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        printed: String,
    },

    NeedsChecked {
        effect: EffectId,
        missing: Vec<MissingNeed>,
    },
    LocksTaken {
        effect: EffectId,
    },
    LockBusy {
        effect: EffectId,
        lock: String,
        holder: String,
    },
    SecretsReady {
        effect: EffectId,
    },
    SecretFailed {
        effect: EffectId,
        name: String,
        why: String,
    },

    /// The process that will become the command exists and waits at its gate.
    Spawned {
        effect: EffectId,
        identity: Identity,
    },
    /// The command is over and nothing of its tree lives, or `leaked` says what does.
    Exited {
        effect: EffectId,
        exit: Exit,
        output: Captured,
        stderr: Captured,
        elapsed_ms: u64,
        leaked: Vec<String>,
    },
    /// It provably never ran: it may be tried again without asking.
    NotStarted {
        effect: EffectId,
        why: String,
    },
    /// Nobody can say whether it ran to its end (an unkillable process, a lost orphan).
    Lost {
        effect: EffectId,
        why: String,
    },
    /// What another machine says of a command there whose end nobody saw.
    Learned {
        effect: EffectId,
        learned: Learned,
    },
    /// A `background` command is up; it goes on running.
    LeftRunning {
        effect: EffectId,
    },

    Responded {
        effect: EffectId,
        status: u16,
        headers: Vec<(String, String)>,
        body: Captured,
        elapsed_ms: u64,
    },
    /// No response. `sent` says whether the other side may have acted.
    RequestFailed {
        effect: EffectId,
        why: String,
        sent: Sent,
        elapsed_ms: u64,
    },

    Answered {
        effect: EffectId,
        answer: Answer,
        by: String,
    },
    /// There is nobody to put this prompt to. A failed step then fails the run; anything else parks it once
    /// nothing else can go on.
    Unanswerable {
        effect: EffectId,
    },
    DocumentWritten {
        effect: EffectId,
        path: String,
        /// Where the older document of that name is now, if there was another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    DocumentFailed {
        effect: EffectId,
        why: String,
    },

    /// Time went on to this fact's moment and something is due.
    Ticked,
    /// Job control stopped the engine for so long (Ctrl-Z) while its commands went on.
    Suspended {
        ms: i64,
    },
    Noted {
        text: String,
        by: String,
    },
    /// The operator pressed Ctrl-C; how often since the last statement began.
    Interrupted {
        times: u32,
    },
    /// SIGTERM, SIGHUP or a park from the menu: stop what runs (SIGTERM) or let it end, then park.
    ParkRequested {
        why: String,
        running: Running,
    },
    /// `runbook undo`: back to a checkpoint of the run, by path.
    UndoRequested {
        to: String,
        by: String,
        reason: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Started {
    pub run: String,
    pub operator: String,
    pub boot_id: String,
    /// Where commands run.
    pub directory: String,
    pub mode: Mode,
    /// Values given on the command line, in the answers file or by a profile, already of their types.
    pub params: BTreeMap<String, Value>,
    /// What `env("NAME")` reads, for every name the plan asks for.
    pub environment: BTreeMap<String, String>,
    /// `--from STEP`
    pub from: Option<String>,
    /// `--yes`
    pub confirms: Confirms,
    pub trigger: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Real,
    /// Nothing real happens; the host answers every effect itself.
    DryRun,
    /// What looks is really run; what acts is skipped.
    Probe,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirms {
    #[default]
    Ask,
    /// `confirm` is answered yes; never `irreversible`, never `approve`.
    Yes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingNeed {
    Command(String),
    Env(String),
}

/// What resume learned of a command in flight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// No identity was journaled, so its gate never opened.
    NeverStarted,
    /// Its process, or one of its tree, still lives.
    Alive { processes: Vec<String> },
    /// Nothing of it lives, and nobody saw how it ended.
    Gone,
}

/// What is known of a command on another machine, after its connection broke or its engine ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learned {
    /// It ended by itself; nobody has all of what it said.
    Ended { code: i32 },
    /// It was ended half-way, since nobody was there any more; nothing of it lives.
    Cut,
    /// Nothing of it lives, and nobody there saw its end either.
    Gone,
    /// The machine cannot be asked, or knows nothing of it.
    Unknown { why: String },
}

/// Enough to know a process again, whatever number was given to whom since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// Field 22 of `/proc/PID/stat`: clock ticks since boot.
    pub start_time: u64,
    pub boot_id: String,
    /// The folder of the cgroup that was made for it, where one could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    Code(i32),
    /// By name, `SIGTERM`.
    Signal(String),
    /// The engine stopped it because the core asked for it ([`crate::effect::Effect::Stop`]).
    Stopped {
        signal: String,
    },
}

/// Output, redacted. Small ones stand in the journal, larger ones in the run's output segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// All of it up to 4 KiB, and up to 1 MiB for a look and a response, whose text is a value of the runbook;
    /// beyond that the last part, whole lines, for the screen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Bytes in all; `text` is whole where this is its length.
    pub bytes: u64,
    /// Where in the run's output segment all of it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// Set where the output was not UTF-8, or the disk had no room for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub offset: u64,
    pub length: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// The connection was refused or never made.
    No,
    Maybe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Running {
    LetEnd,
    Stop,
}
