//! Many files, looked over at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::source::Sources;
use runbook_host::error::HostError;
use runbook_lint::{Finding, Subject};

use super::settings::Settings;

/// One file.
pub struct Looked {
    pub path: PathBuf,
    pub found: Result<Seen, HostError>,
}

pub struct Seen {
    pub sources: Sources,
    pub mistakes: Vec<Diagnostic>,
    /// None where there are mistakes.
    pub findings: Vec<Finding>,
    /// How many findings are waived.
    pub waived: usize,
}

/// In the order of the files, whoever is done first.
pub fn over(files: &[PathBuf], settings: &Settings) -> Vec<Looked> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Looked)>> = Mutex::new(Vec::with_capacity(files.len()));
    let work = || {
        while let Some((at, path)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            files.get(at).map(|path| (at, path))
        } {
            let looked = Looked {
                path: path.clone(),
                found: see(path, settings),
            };
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((at, looked));
        }
    };
    std::thread::scope(|scope| {
        // Where no thread can be made, this one does it all.
        for _ in 1..processors.min(files.len()) {
            let thread = std::thread::Builder::new().stack_size(STACK);
            if thread.spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, looked)| looked).collect()
}

/// As much as the first thread has: the loader goes by that.
const STACK: usize = 8 << 20;

fn see(path: &Path, settings: &Settings) -> Result<Seen, HostError> {
    let loaded = runbook_host::load::load(path)?;
    let mut findings = Vec::new();
    let mut waived = 0;
    if let Some(plan) = &loaded.plan {
        let subject = Subject::new(
            &loaded.sources,
            &loaded.files.root,
            plan,
            Some(settings.today),
        );
        findings = runbook_lint::check(&subject, &settings.levels(path));
        waived = settings.waive(path, &mut findings);
    }
    Ok(Seen {
        sources: loaded.sources,
        mistakes: loaded.diagnostics,
        findings,
        waived,
    })
}
