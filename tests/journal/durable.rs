//! What a power cut takes is what was not synced. Every call that changes the state home is watched here, and wherever
//! something is about to rest on what was written before, all of that must be on the disk by then.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

const WATCH: &str = "strace -f -qq -y -o trace -e trace=openat,mkdir,mkdirat,rename,renameat,renameat2,linkat,write,pwrite64,ftruncate,fsync,fdatasync,unlink,unlinkat,rmdir";

/// What was at risk over a run, by its path in the ground.
#[derive(Default)]
struct Watched {
    /// Names and texts that were not on the disk at some time.
    ever: BTreeSet<String>,
    /// Each call that rests on what came before it, and what a power cut would have taken then.
    resting: Vec<(String, BTreeSet<String>)>,
}

/// The calls of a trace that were carried out, each whole, in the order of their return.
fn calls(trace: &str) -> Vec<String> {
    let mut begun = BTreeMap::new();
    let mut whole = Vec::new();
    for line in trace.lines() {
        let (pid, call) = line.split_once(' ').expect("a process and its call");
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(pid, start);
            continue;
        }
        let call = match call.split_once(" resumed>") {
            Some((_, rest)) => format!("{}{rest}", begun.remove(pid).expect("it began")),
            None => call.to_owned(),
        };
        if !call.contains(" = -1 ") && !call.starts_with(['+', '-']) {
            whole.push(call);
        }
    }
    whole
}

/// The `n`th part of a call between these marks.
fn part(call: &str, marks: (char, char), n: usize) -> &str {
    let mut parts = call
        .split(marks.0)
        .skip(1)
        .step_by(if marks.0 == marks.1 { 2 } else { 1 });
    let part = parts.nth(n).unwrap_or_default();
    part.split(marks.1).next().unwrap_or(part)
}

/// Watches a command; what lies below `folder` counts. Who holds a lock, and what a command printed that is not over, is
/// written for people alone, and may be lost.
fn watch(ground: &Ground, folder: &str, line: &str, code: i32) -> Watched {
    let before = ground.sh("find . -printf '%P\\n'").stdout;
    let before = String::from_utf8_lossy(&before);
    let out = ground.sh(&format!("{WATCH} {line}"));
    assert_eq!(out.status.code(), Some(code), "{}", text(&out));
    let trace = fs::read_to_string(ground.path("trace")).expect("a trace");
    let root = format!("{}/", ground.folder.path().display());
    let counts = |path: &str| -> Option<String> {
        let path = path.strip_prefix(&root)?;
        let may_go =
            path.ends_with("/lock") || path.ends_with(".lock") || path.contains("/printed.");
        (path.starts_with(folder) && !may_go).then(|| path.to_owned())
    };
    let mut watched = Watched::default();
    let mut names = BTreeSet::new();
    let mut texts = BTreeSet::new();
    for call in calls(&trace) {
        let name = call.split('(').next().unwrap_or_default().to_owned();
        let of_file = |call: &str| counts(part(call, ('<', '>'), 0));
        let rests = match name.as_str() {
            "pwrite64" | "ftruncate" => of_file(&call).filter(|path| path.ends_with("/journal")),
            "unlinkat" => of_file(&call).filter(|path| path.contains(".pruned")),
            _ => None,
        };
        if let Some(path) = rests {
            let lost = names.union(&texts).cloned().collect();
            watched.resting.push((format!("{name} {path}"), lost));
        }
        match name.as_str() {
            "openat" if call.contains("O_CREAT") => {
                let opened = call.rsplit_once(" = ").expect("a file").1;
                let is_new = |path: &String| {
                    !before.lines().any(|line| line == path) && !watched.ever.contains(path)
                };
                names.extend(counts(part(opened, ('<', '>'), 0)).filter(is_new));
            }
            "mkdir" => names.extend(counts(part(&call, ('"', '"'), 0))),
            "rename" | "linkat" => {
                let gone = part(&call, ('"', '"'), 0);
                if name == "rename" {
                    names.retain(|name| counts(gone).as_ref() != Some(name));
                }
                names.extend(counts(part(&call, ('"', '"'), 1)));
            }
            "write" | "pwrite64" | "ftruncate" => texts.extend(of_file(&call)),
            "fsync" | "fdatasync" => {
                let synced = part(&call, ('<', '>'), 0);
                texts.retain(|text| counts(synced).as_ref() != Some(text));
                names.retain(|name| {
                    let path = format!("{root}{name}");
                    Path::new(&path).parent() != Some(Path::new(synced))
                });
            }
            _ => {}
        }
        watched.ever.extend(names.union(&texts).cloned());
    }
    watched
}

impl Watched {
    /// Holds that nothing was at risk when something rested on it, and that each of these was before.
    fn holds(&self, rests: &str, at_least: usize, ever: &[&str]) {
        let resting = self.resting.iter().filter(|(call, _)| call.contains(rests));
        assert!(resting.count() >= at_least, "{:?}", self.resting);
        for (call, lost) in &self.resting {
            assert!(lost.is_empty(), "at {call} a power cut takes {lost:?}");
        }
        for what in ever {
            let was = self.ever.iter().any(|path| path.ends_with(what));
            assert!(was, "{what} was never at risk: {:?}", self.ever);
        }
    }
}

#[test]
fn whatever_a_record_rests_on_is_on_the_disk_before_it() {
    if !there_is("strace") {
        return;
    }
    let ground = Ground::with(
        "a.rbk",
        "rbk 1\nrunbook \"A\"\nuse \"./lib/said.rbk\" as said\nmessage report to file \"far/reports/a.md\" {\n  > All is well.\n}\nstep one \"One\" {\n  $ sh -c 'head -c 9000 /dev/zero | tr \"\\\\0\" x'\n}\ndo said.so()\nnotify report\nstep two \"Two\" {\n  $ true\n}\n",
    );
    fs::create_dir(ground.path("lib")).expect("a folder");
    fs::write(
        ground.path("lib/said.rbk"),
        "rbk 1\nmodule \"Said\"\nprocedure so() {\n  step said \"Said\" {\n    $ true\n  }\n}\n",
    )
    .expect("written");
    let watched = watch(
        &ground,
        "far",
        "env XDG_STATE_HOME=$PWD/far/away/state \"$RUNBOOK\" run a.rbk",
        0,
    );
    watched.holds(
        "pwrite64 far/away/state/runbook/runs/",
        4,
        &[
            "far",
            "far/away",
            "far/away/state",
            "far/away/state/runbook",
            "runbook/runs",
            "runbook/locks",
            "/source",
            "/source/00-a.rbk",
            "/source/01-said.rbk",
            "/journal",
            "/output",
            "far/reports",
            "far/reports/a.md",
        ],
    );
}

#[test]
fn a_torn_end_is_kept_aside_for_good_before_it_is_cut_off() {
    if !there_is("strace") {
        return;
    }
    let ground = Ground::with("none.toml", "[answers]\n");
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let journal = ground.journal();
    let whole = lines(&journal).concat();
    fs::write(ground.run_dir().join("journal"), &whole[..whole.len() - 9]).expect("torn");
    let watched = watch(&ground, "state", RESUME, 0);
    watched.holds("ftruncate", 1, &["/tail-1.bin"]);
    assert_eq!(ground.ledger(), DONE);
}

#[test]
fn a_changed_runbook_is_kept_for_good_before_the_run_goes_on_with_it() {
    if !there_is("strace") {
        return;
    }
    let ground = Ground::with("none.toml", "[answers]\n");
    ground.sh("\"$RUNBOOK\" run steps.rbk --answers none.toml");
    let now = fs::read_to_string(ground.path("steps.rbk")).expect("a runbook");
    let now = now.replace("\"Five\"", "\"The last\"");
    fs::write(ground.path("steps.rbk"), now).expect("written");
    let watched = watch(&ground, "state", &format!("{RESUME} --adopt"), 0);
    watched.holds("pwrite64", 2, &["/source/1-00-steps.rbk"]);
    assert_eq!(ground.ledger(), DONE);
}

#[test]
fn a_run_has_left_the_list_for_good_before_anything_of_it_is_removed() {
    if !there_is("strace") {
        return;
    }
    let ground = Ground::new();
    assert!(ground.sh(RUN).status.success());
    let watched = watch(
        &ground,
        "state",
        "\"$RUNBOOK\" runs prune --older-than 0s",
        0,
    );
    watched.holds("unlinkat", 4, &[".pruned"]);
}
