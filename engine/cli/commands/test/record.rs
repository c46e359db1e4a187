//! `runbook test --record RUN`: a real run as a scenario, on standard output or in a file.

use std::path::{Path, PathBuf};

use runbook_grammar::ast::FileKind;
use runbook_host::codes;
use runbook_host::error::{HostError, plainly};
use runbook_host::runs::list;
use runbook_host::scripted::record::{self, Recorded};
use runbook_host::scripted::scenario::outcome_name;

use runbook_core::state::Over;
use runbook_plan::show;

use crate::commands::fmt::formatted;
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, print, state_home};

pub fn record(run: &str, output: Option<&Path>) -> Exit {
    let recorded = state_home()
        .and_then(|home| list::find(&home, run))
        .and_then(|dir| Ok((record::record(&dir)?, dir)));
    let (recorded, dir) = match recorded {
        Ok(recorded) => recorded,
        Err(error) => return complain_host(&error),
    };
    let runbook = PathBuf::from(
        recorded
            .loaded
            .originals
            .first()
            .map_or("", |original| &original.path),
    );
    let text = match written(&recorded, &dir.id, &runbook, output) {
        Ok(text) => text,
        Err(error) => return complain_host(&error),
    };
    for what in &recorded.left_out {
        complain_line(&format!("the scenario does not tell {what}"));
    }
    if !recorded.faults.is_empty() {
        complain_line("played, it does not come to what the run came to:");
        for fault in &recorded.faults {
            complain_line(&format!("  {fault}"));
        }
    }
    // It was made by us: where it does not parse, that is said, and nothing is written.
    let Some((_, text)) = formatted("the scenario", text.as_bytes()) else {
        return Exit::Bug;
    };
    match output {
        None => print(&text),
        Some(path) => {
            let written = match path.exists() {
                true => runbook_host::files::replace(path, &text),
                false => std::fs::write(path, &text),
            };
            if let Err(error) = written {
                complain_line(&format!("cannot write {}: {error}", path.display()));
                return Exit::Usage;
            }
        }
    }
    let holds = recorded.faults.is_empty() && output.is_none_or(|path| still_holds(path, &dir.id));
    match holds {
        true => Exit::Done,
        false => Exit::Found,
    }
}

/// Held against the runbook as it is now, which may have changed since the run.
fn still_holds(path: &Path, run: &str) -> bool {
    let faults = match super::play(path) {
        Ok((played, ..)) => played
            .verdicts
            .into_iter()
            .filter(|verdict| verdict.title.contains(run))
            .flat_map(|verdict| verdict.faults)
            .collect(),
        Err(super::Refused::Host(error)) => vec![error.to_string()],
        Err(super::Refused::Text(loaded)) => loaded
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.message.clone())
            .collect(),
    };
    for fault in &faults {
        complain_line(&format!("the runbook as it is now: {fault}"));
    }
    faults.is_empty()
}

/// The text of the file with the scenario in it.
fn written(
    recorded: &Recorded,
    run: &str,
    runbook: &Path,
    output: Option<&Path>,
) -> Result<String, HostError> {
    let how = match &recorded.over {
        Over::Ended { outcome, .. } => outcome_name(*outcome),
        Over::Parked { .. } => "parked",
        Over::No => "unfinished",
    };
    let when = show::time(recorded.began);
    let scenario = format!(
        "# Recorded from a run that began {when}; what made no difference is left out.\n{}",
        recorded.story.text(&format!("as run {run} went: {how}"))
    );
    let name = named(runbook, output);
    let header = format!("rbk 1\nscenarios for {}\n", show::quoted(&name));
    let Some(path) = output.filter(|path| path.exists()) else {
        return Ok(format!("{header}\n{scenario}"));
    };
    let there = |why: &str| {
        let message = format!("{} is there already, and {why}", path.display());
        HostError::new(codes::FILE_THERE, message).help("Name another file.")
    };
    let loaded = runbook_host::load::load(path)?;
    let head = loaded.files.root.header.as_ref();
    if head.is_none_or(|head| head.kind != FileKind::Scenarios) {
        return Err(there("is no scenario file"));
    }
    let tests = loaded.tests.as_ref();
    let same = tests.and_then(|tests| tests.originals.first());
    if same.is_none_or(|original| Path::new(&original.path) != runbook) {
        return Err(there("is for another runbook"));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| HostError::new(codes::FILE_UNREADABLE, plainly(&error)))?;
    if text.contains(run) {
        return Err(there("holds this run"));
    }
    Ok(format!("{}\n\n{scenario}", text.trim_end()))
}

/// The runbook as a scenario file at `output` names it: by its way from there.
fn named(runbook: &Path, output: Option<&Path>) -> String {
    let file = || {
        let name = runbook.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let Some(output) = output.and_then(|path| std::path::absolute(path).ok()) else {
        return file();
    };
    let from: Vec<_> = output
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .collect();
    let to: Vec<_> = runbook.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| PathBuf::from(".."));
    let down = to[shared..].iter().map(PathBuf::from);
    let way: PathBuf = up.chain(down).collect();
    way.to_string_lossy().into_owned()
}
