//! What playing scenarios costs: those of the largest runbook, over and over in one file. The floor is `runbook lint` of
//! the same file, which reads and checks what `runbook test` plays.
//!
//! `cargo bench --bench scenarios`; in turn, medians of several rounds. Times are only for the machine they were taken
//! on; ten times the scenarios should take ten times as long.

mod program;

use program::{ROUNDS, copy_modules, largest, median, say, takes};

fn main() {
    let folder = std::env::temp_dir().join(format!("runbook-bench-{}", std::process::id()));
    copy_modules(&folder);
    std::fs::write(folder.join("rollback-plan.rbk"), largest(".rbk")).expect("written");
    let text = largest(".test.rbk");
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
