//! The runs there are. Derived each time from locks and journals; no list is kept that could be wrong.

use std::time::{Duration, Instant};

use runbook_core::clock::Deadline;
use runbook_core::effect::EndWhy;
use runbook_plan::plan::Outcome;

use super::dir::RunDir;
use super::home::StateHome;
use crate::codes;
use crate::error::HostError;
use crate::journal::record::Head;
use crate::journal::{Body, HostRecord};
use crate::lock::{self, Holder};

/// One run, as far as its lock and its journal tell without its plan.
#[derive(Clone, Debug)]
pub struct RunSummary {
    pub dir: RunDir,
    /// Missing where the engine ended before its first record, or the journal cannot be read.
    pub head: Option<Head>,
    pub operator: String,
    /// Milliseconds since 1970, UTC; of the first and the last record.
    pub started: i64,
    pub last: i64,
    pub standing: Standing,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    Running(Holder),
    Parked {
        why: String,
        until: Option<Deadline>,
    },
    Ended {
        outcome: Outcome,
        text: String,
        why: EndWhy,
    },
    /// No engine has it, and none said why.
    Crashed,
    /// Nothing was begun.
    Empty,
    Unreadable(HostError),
}

impl RunSummary {
    pub fn unfinished(&self) -> Unfinished {
        match self.standing {
            // Of one that cannot be read nobody knows: resuming it says what is wrong.
            Standing::Parked { .. } | Standing::Crashed | Standing::Unreadable(_) => {
                Unfinished::Yes
            }
            Standing::Running(_) | Standing::Ended { .. } | Standing::Empty => Unfinished::No,
        }
    }
}

/// Whether `resume` has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    Yes,
    No,
}

/// All runs, newest first.
pub fn list(home: &StateHome) -> Result<Vec<RunSummary>, HostError> {
    Ok(ids(home)?
        .iter()
        .rev()
        .map(|id| {
            summary(RunDir {
                id: id.clone(),
                path: home.runs().join(id),
            })
        })
        .collect())
}

fn ids(home: &StateHome) -> Result<Vec<String>, HostError> {
    let entries = match std::fs::read_dir(home.runs()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(super::home::unusable(&home.runs(), "read", &error)),
    };
    let mut ids: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| uuid::Uuid::parse_str(name).is_ok())
        .collect();
    // Of version 7: in the order of their making.
    ids.sort();
    Ok(ids)
}

/// Where one run stands.
pub fn summary(dir: RunDir) -> RunSummary {
    let holder = dir.holder();
    read_summary(dir, holder)
}

pub(super) fn read_summary(dir: RunDir, holder: Option<Holder>) -> RunSummary {
    let mut summary = RunSummary {
        dir,
        head: None,
        operator: String::new(),
        started: 0,
        last: 0,
        standing: Standing::Empty,
    };
    let mut said = Standing::Empty;
    let dir = summary.dir.clone();
    let read = dir.read(|record| {
        summary.last = record.at.wall;
        if summary.started == 0 {
            summary.started = record.at.wall;
        }
        said = match record.body {
            Body::Host(HostRecord::Parked { why, until }) => Standing::Parked { why, until },
            Body::Host(HostRecord::Ended { outcome, text, why }) => {
                Standing::Ended { outcome, text, why }
            }
            Body::Host(HostRecord::Head(head)) => {
                summary.head = Some(head);
                Standing::Crashed
            }
            Body::Event(runbook_core::event::Event::Started(started)) => {
                summary.operator = started.operator;
                Standing::Crashed
            }
            _ => Standing::Crashed,
        };
        Ok(())
    });
    summary.standing = match (holder, read) {
        (Some(holder), _) => Standing::Running(holder),
        (None, Err(error)) => Standing::Unreadable(error),
        (None, Ok(reading)) => reading.says_nothing().map_or(said, Standing::Unreadable),
    };
    summary
}

/// The run whose identifier begins with `prefix`.
pub fn find(home: &StateHome, prefix: &str) -> Result<RunDir, HostError> {
    if prefix.is_empty() {
        let error = HostError::new(codes::RUN_UNKNOWN, "no run has an empty identifier");
        return Err(error.help("List the runs with `runbook runs`."));
    }
    let ids = ids(home)?;
    let mut found = ids.iter().filter(|id| id.starts_with(prefix));
    match (found.next(), found.next()) {
        (Some(id), None) => RunDir::open(home, id),
        (Some(a), Some(b)) => Err(HostError::new(
            codes::RUN_UNKNOWN,
            format!("several runs begin with {prefix}: {a}, {b}"),
        )
        .help("Give more of the identifier.")),
        (None, _) => Err(HostError::new(
            codes::RUN_UNKNOWN,
            format!("no run begins with {prefix}"),
        )
        .help("List the runs with `runbook runs`.")),
    }
}

/// The newest run that can be resumed. One whose engine has only just died may look held for a moment: passing
/// it over would take up an older run in its place.
pub fn newest_unfinished(home: &StateHome) -> Result<RunDir, HostError> {
    let start = Instant::now();
    for id in ids(home)?.iter().rev() {
        let mut summary = summary(RunDir::open(home, id)?);
        while let Standing::Running(holder) = &summary.standing
            && holder.has_ended()
            && start.elapsed() < lock::PATIENCE
        {
            std::thread::sleep(Duration::from_millis(5));
            summary = self::summary(summary.dir);
        }
        if summary.unfinished() == Unfinished::Yes {
            return Ok(summary.dir);
        }
    }
    Err(
        HostError::new(codes::RUN_UNKNOWN, "no run is waiting to be resumed")
            .help("List the runs with `runbook runs`."),
    )
}

/// The newest run, whatever became of it.
pub fn newest(home: &StateHome) -> Result<RunDir, HostError> {
    match ids(home)?.last() {
        Some(id) => RunDir::open(home, id),
        None => Err(HostError::new(codes::RUN_UNKNOWN, "there are no runs yet")
            .help("Start one with `runbook run FILE`.")),
    }
}
