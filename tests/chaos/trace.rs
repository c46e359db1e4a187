//! What an engine asks of the system, in order, as `strace` sees it.

use std::collections::BTreeMap;
use std::fs;

use super::ground::{Engine, Ground, Seen, Verb, Way};
use super::shapes::Shape;

/// Calls that change nothing outside the process: to die at one of them is to die at the next other one.
const INWARD: &[&str] = &[
    "access",
    "arch_prctl",
    "brk",
    "clock_gettime",
    "execve",
    "exit_group",
    "fcntl",
    "futex",
    "getcwd",
    "geteuid",
    "getpid",
    "getrandom",
    "gettid",
    "getuid",
    "lseek",
    "mmap",
    "mprotect",
    "munmap",
    "prctl",
    "pread64",
    "prlimit64",
    "readlink",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "sched_getaffinity",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "statfs",
    "uname",
];

/// Whether `strace` is there. In CI it must be.
pub fn is_there() -> bool {
    let version = std::process::Command::new("strace").arg("-V").output();
    let there = version.is_ok_and(|out| out.status.success());
    assert!(
        there || std::env::var_os("CI").is_none(),
        "in CI this test must run, and strace is not installed"
    );
    if !there {
        super::campaign::say("passed over: strace is not installed");
    }
    there
}

/// One line of a trace: what a thread of the engine called, or that a call of it has come back.
pub struct Line {
    thread: u32,
    text: String,
}

impl Line {
    /// The call's name, where the line begins one.
    fn call(&self) -> Option<&str> {
        let (name, _) = self.text.split_once('(')?;
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
            .then_some(name)
    }
}

/// Every way to die at a call that the first thread of an undisturbed engine makes, it being the one that keeps the
/// journal and lets commands go; with `from`, only once that stood in its output.
pub fn points(lines: &[Line], from: Option<&str>) -> Vec<Way> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut points = Vec::new();
    let mut reached = from.is_none();
    let first = lines.first().map(|line| line.thread);
    for line in lines {
        let Some(name) = line.call() else {
            continue;
        };
        reached |= from.is_some_and(|word| name == "write" && line.text.contains(word));
        if Some(line.thread) != first {
            continue;
        }
        let count = counts.entry(name).or_default();
        *count += 1;
        if reached && !INWARD.contains(&name) {
            points.push(Way::Call(name.to_owned(), *count));
        }
    }
    assert!(reached, "nothing in the trace says {from:?}");
    points
}

/// The lines of a trace of one engine; what its steps do is not in it. A resume is that of a run whose first engine
/// died in the middle.
pub fn lines(engine: &Engine, shape: Shape, verb: Verb) -> Vec<Line> {
    let mut ground = Ground::new(&shape);
    let mut round = |verb, way: &Way| {
        ground
            .round(engine, verb, &shape.answers(), Seen::ByPrograms, way)
            .expect("it ends")
    };
    match verb {
        Verb::Run => {}
        Verb::Undo => assert!(round(Verb::Run, &Way::Never).status.success()),
        Verb::Resume => assert!(round(Verb::Run, &Way::Call("pwrite64".to_owned(), 4)).killed),
    }
    round(verb, &Way::Traced);
    let trace = fs::read(ground.path().join("trace")).expect("strace wrote its trace");
    ground.left_running();
    assert!(ground.journal().is_over(), "{}", ground.account());
    of_its_threads(&String::from_utf8_lossy(&trace))
}

/// What its commands did is in the trace as well, and is left out.
fn of_its_threads(trace: &str) -> Vec<Line> {
    let mut threads: Vec<u32> = Vec::new();
    let mut lines = Vec::new();
    for line in trace.lines() {
        let Some((thread, text)) = line.split_once(' ') else {
            continue;
        };
        let thread = thread.parse().expect("the number of a thread");
        if threads.is_empty() {
            threads.push(thread);
        }
        if !threads.contains(&thread) {
            continue;
        }
        // Only a thread has its number written for its parent.
        let begun = text.split_once("parent_tid=[");
        let begun: Option<u32> = begun.and_then(|(_, rest)| rest.split(']').next()?.parse().ok());
        threads.extend(begun);
        lines.push(Line {
            thread,
            text: text.trim_start().to_owned(),
        });
    }
    lines
}

/// Ends of commands that were shown before they were synced, and how many were shown in all.
pub fn shown_unsynced(lines: &[Line]) -> (Vec<String>, usize) {
    // Outcomes that were written, and those that a sync has followed.
    let (mut written, mut synced): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut early, mut shown) = (Vec::new(), 0);
    for line in lines {
        let text = line.text.replace("\\\"", "\"");
        let on_journal = text.contains("/journal>");
        let synced_now = text.starts_with("fdatasync(") && on_journal
            || text.starts_with("<... fdatasync resumed>");
        if text.starts_with("pwrite64(") && on_journal {
            written.extend(numbers_after(&text, "\"exited\":{\"effect\":"));
        } else if synced_now && text.ends_with("= 0") {
            synced.append(&mut written);
        } else if text.starts_with("write(1<") {
            for effect in numbers_after(&text, "\"notice\":\"ran\",\"effect\":") {
                shown += 1;
                if !synced.contains(&effect) {
                    early.push(effect);
                }
            }
        }
    }
    (early, shown)
}

fn numbers_after(text: &str, word: &str) -> Vec<String> {
    text.split(word)
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect())
        .collect()
}
