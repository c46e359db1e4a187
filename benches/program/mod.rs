//! The program as a whole, timed, on copies of the largest runbook.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

pub const ROUNDS: usize = 5;
const RUNBOOK: &str = "rollback-plan";

/// The largest runbook, or what stands beside it: the text of `rollback-plan` with this ending.
pub fn largest(ending: &str) -> String {
    let runbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    std::fs::read_to_string(runbooks.join(format!("{RUNBOOK}{ending}"))).expect("text")
}

/// Copies the modules that the largest runbook uses to where it looks for them from `folder`.
pub fn copy_modules(folder: &Path) {
    let runbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let to = folder.join(RUNBOOK);
    std::fs::create_dir_all(&to).expect("a folder");
    let modules = std::fs::read_dir(runbooks.join(RUNBOOK)).expect("its modules");
    for entry in modules.flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

/// Milliseconds of one call, which must succeed.
pub fn takes(arguments: &[&str], path: &Path) -> f64 {
    let begun = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_runbook"))
        .args(arguments)
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("runbook starts");
    let time = begun.elapsed();
    assert!(status.success(), "{arguments:?} of {}", path.display());
    time.as_secs_f64() * 1000.0
}

pub fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "a bench is for reading")]
pub fn say(line: &str) {
    println!("{line}");
}
