//! Old runs taken away. Only one that is over goes, and only while nobody has it: its lock is held until its folder
//! has left the list of runs, so that whoever resumes it meanwhile has it first or finds nothing.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::home::{StateHome, sync_folder, unusable};
use super::list::{RunSummary, Standing, list, summary};
use crate::error::HostError;
use crate::lock::{self, Holder, NotTaken};

/// Behind the name of a run that is being taken away: it is in no list any more.
const GOING: &str = ".pruned";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Real,
    /// Nothing is changed.
    DryRun,
}

/// What became of the runs that are old enough.
#[derive(Clone, Debug, Default)]
pub struct Pruned {
    /// With what their folders took, in bytes.
    pub removed: Vec<(RunSummary, u64)>,
    /// Unfinished, or held by an engine.
    pub kept: Vec<RunSummary>,
    /// Could not be taken away.
    pub failed: Vec<(RunSummary, HostError)>,
}

/// Takes away every run that is over and whose last record is older than `before`, in milliseconds since 1970.
///
/// # Errors
/// The runs cannot be listed.
pub fn prune(home: &StateHome, before: i64, doing: Doing, by: &str) -> Result<Pruned, HostError> {
    let mut pruned = Pruned::default();
    if doing == Doing::Real {
        finish_others(&home.runs());
    }
    for run in list(home)? {
        if last(&run) >= before {
            continue;
        }
        if !is_over(&run) {
            pruned.kept.push(run);
            continue;
        }
        let bytes = size(&run.dir.path);
        if doing == Doing::DryRun {
            pruned.removed.push((run, bytes));
            continue;
        }
        match remove(home, &run, by) {
            Ok(Gone::Yes) => pruned.removed.push((run, bytes)),
            Ok(Gone::TakenUp(now)) => pruned.kept.push(*now),
            Err(error) => pruned.failed.push((run, error)),
        }
    }
    Ok(pruned)
}

fn is_over(run: &RunSummary) -> bool {
    matches!(run.standing, Standing::Ended { .. } | Standing::Empty)
}

/// Of the last record; where there is none, when the run was made, which its identifier says.
fn last(run: &RunSummary) -> i64 {
    if run.last != 0 {
        return run.last;
    }
    uuid::Uuid::parse_str(&run.dir.id)
        .ok()
        .and_then(|id| id.get_timestamp())
        .and_then(|made| i64::try_from(made.to_unix().0).ok())
        .map_or(i64::MAX, |seconds| seconds.saturating_mul(1000))
}

enum Gone {
    Yes,
    /// Somebody was faster.
    TakenUp(Box<RunSummary>),
}

fn remove(home: &StateHome, run: &RunSummary, by: &str) -> Result<Gone, HostError> {
    let path = &run.dir.path;
    let removed = |error: io::Error| unusable(path, "removed", &error);
    let me = Holder {
        pid: std::process::id(),
        since: crate::clock::now().wall,
        by: by.to_owned(),
        run: String::new(),
    };
    let held = match lock::take(&path.join("lock"), &me, Duration::ZERO) {
        Ok(held) => held,
        Err(NotTaken::Held(_)) => return Ok(Gone::TakenUp(Box::new(summary(run.dir.clone())))),
        Err(NotTaken::Failed(error)) => return Err(removed(error)),
    };
    // Under the lock: an undo may have begun and parked since the list was made.
    let now = summary_of_ours(run);
    if !is_over(&now) {
        return Ok(Gone::TakenUp(Box::new(now)));
    }
    let going = path.with_extension(&GOING[1..]);
    std::fs::rename(path, &going).map_err(removed)?;
    sync_folder(&home.runs())?;
    drop(held);
    std::fs::remove_dir_all(&going).map_err(removed)?;
    Ok(Gone::Yes)
}

/// Where a run stands whose lock is ours.
fn summary_of_ours(run: &RunSummary) -> RunSummary {
    super::list::read_summary(run.dir.clone(), None)
}

/// What a prune left half done goes now; a run that has left the list cannot come back.
fn finish_others(runs: &Path) {
    let Ok(entries) = std::fs::read_dir(runs) else {
        return;
    };
    for entry in entries.flatten() {
        if entry
            .file_name()
            .as_encoded_bytes()
            .ends_with(GOING.as_bytes())
        {
            // The next one tries again.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Bytes of the files of a run.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => size(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}
