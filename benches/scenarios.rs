//! What playing scenarios costs: those of the largest runbook, over and over in one file. The floor is `runbook lint` of
//! the same file, which reads and checks what `runbook test` plays.
//!
//! `cargo bench --bench scenarios`; in turn, medians of several rounds. Times are only for the machine they were taken
//! on; ten times the scenarios should take ten times as long.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 5;
const RUNBOOK: &str = "rollback-plan";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let folder = std::env::temp_dir().join(format!("runbook-bench-{}", std::process::id()));
    copy(&root.join(format!("{RUNBOOK}.rbk")), &folder);
    for entry in std::fs::read_dir(root.join(RUNBOOK))
        .expect("its modules")
        .flatten()
    {
        copy(&entry.path(), &folder.join(RUNBOOK));
    }
    let text =
        std::fs::read_to_string(root.join(format!("{RUNBOOK}.test.rbk"))).expect("scenarios");
    say("| scenarios | check | test | test / check | of one, without the check |");
    say("|---|---|---|---|---|");
    for count in [100, 1000] {
        let file = folder.join(format!("many-{count}.test.rbk"));
        std::fs::write(&file, repeated(&text, count)).expect("written");
        let (mut checks, mut tests) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            checks.push(takes(&["lint", "--deny", "error"], &file));
            tests.push(takes(&["test"], &file));
        }
        let (check, test) = (median(checks), median(tests));
        say(&format!(
            "| {count} | {check:.0} ms | {test:.0} ms | {:.2} | {:.2} ms |",
            test / check,
            (test - check) / f64::from(count),
        ));
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// The scenarios of a file, numbered, until there are so many.
fn repeated(text: &str, count: u32) -> String {
    let mut parts = text.split("\nscenario \"");
    let mut all = parts.next().unwrap_or_default().to_owned();
    let scenarios: Vec<&str> = parts.collect();
    for (n, scenario) in (0..count).zip(scenarios.iter().cycle()) {
        all += &format!("\nscenario \"{n} {scenario}");
    }
    all
}

/// Milliseconds of one call, which must succeed.
fn takes(arguments: &[&str], file: &Path) -> f64 {
    let begun = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_runbook"))
        .args(arguments)
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("runbook starts");
    let time = begun.elapsed();
    assert!(status.success(), "{arguments:?} of {}", file.display());
    time.as_secs_f64() * 1000.0
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn copy(from: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    let to: PathBuf = folder.join(from.file_name().expect("a name"));
    std::fs::copy(from, to).expect("copied");
}

#[expect(clippy::print_stdout, reason = "a bench is for reading")]
fn say(line: &str) {
    println!("{line}");
}
