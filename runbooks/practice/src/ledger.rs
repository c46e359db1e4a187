//! The witness: a line for everything that was really done to the service, written by whoever did it: the
//! service for its requests, git's own hook for a checkout, the build for each part.

use crate::ground::Ground;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// Appends one line in one write, so that lines of two writers never mix.
pub fn write(ground: &Ground, what: &str) -> Result<(), String> {
    let line = format!("{} {what}\n", clock());
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(ground.ledger())
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .map_err(|error| format!("cannot write the ledger: {error}"))
}

pub fn read(ground: &Ground) -> Result<String, String> {
    fs::read_to_string(ground.ledger()).map_err(|error| {
        format!(
            "there is no ledger at {}: {error}",
            ground.ledger().display()
        )
    })
}

/// `HH:MM:SS` in UTC, as `date -u +%T` says it.
pub fn clock() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
        % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}
