//! A cgroup for each command, where this program may make one below its own (cgroup v2, "delegated").
//!
//! Nothing leaves a cgroup by itself: not by a session of its own, nor by a second fork, nor by an environment that
//! was emptied. So where a command has one, all of its tree is known, KILL reaches everybody at once, however fast
//! they multiply, and after a crash they are found by the cgroup's name, which the journal has. Where none can be
//! made, session, group, mark and descent say who belongs to a command.
//!
//! The keeper makes them and copies itself into them: moving a process costs the kernel milliseconds, beginning in
//! the right place next to nothing.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::tree;

/// What all of them begin with.
const NAME: &str = "runbook-";
/// Processes and threads in one command's cgroup, where the system counts them.
const MOST: &str = "4096";
/// How many spent ones are looked at for each new one.
const AT_ONCE: usize = 4;

/// Those that one keeper made.
pub(super) struct Cgroups {
    /// The keeper's own; `None` once none could be made below it.
    home: Option<PathBuf>,
    /// The keeper's number and start time, which nobody else has until the next boot.
    mine: String,
    next: u64,
    made: VecDeque<PathBuf>,
}

/// One that waits for its process.
pub(super) struct Cgroup {
    pub path: PathBuf,
    pub folder: File,
}

impl Cgroups {
    /// Below a folder, or below this process's own cgroup.
    pub(super) fn begin(home: Option<PathBuf>) -> Cgroups {
        let home = home.or_else(own);
        if let Some(home) = &home {
            clear(home);
        }
        let me = tree::stat(std::process::id());
        Cgroups {
            home,
            mine: me.map_or_else(String::new, |me| format!("{}.{}", me.pid, me.start)),
            next: 0,
            made: VecDeque::new(),
        }
    }

    /// A fresh one; `None` where there can be none.
    pub(super) fn make(&mut self) -> Option<Cgroup> {
        self.tidy(AT_ONCE);
        let home = self.home.as_ref()?;
        self.next += 1;
        let path = home.join(format!("{NAME}{}.{}", self.mine, self.next));
        if fs::create_dir(&path).is_err() {
            self.home = None;
            return None;
        }
        self.made.push_back(path.clone());
        // Only there where processes are counted.
        let limit = path.join("pids.max");
        if limit.exists() {
            let _ = fs::write(limit, MOST);
        }
        let folder = File::open(&path).ok()?;
        Some(Cgroup { path, folder })
    }

    /// Removes what is empty, of the oldest.
    fn tidy(&mut self, at_once: usize) {
        for _ in 0..at_once.min(self.made.len()) {
            if let Some(path) = self.made.pop_front()
                && remove(&path) == Removed::No
            {
                self.made.push_back(path);
            }
        }
    }

    /// The engine is gone, and the gates that waited are about to see it. What still holds a process stays, and
    /// goes when a later keeper finds it empty.
    pub(super) fn end(mut self) {
        for _ in 0..20 {
            self.tidy(usize::MAX);
            if self.made.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removed {
    Yes,
    No,
}

fn remove(path: &Path) -> Removed {
    for inner in below(path) {
        remove(&inner);
    }
    match fs::remove_dir(path) {
        Ok(()) => Removed::Yes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Removed::Yes,
        Err(_) => Removed::No,
    }
}

/// Empty ones that keepers before left, whose commands had left a service running. One of a keeper that lives is
/// empty only until its command is in it.
fn clear(home: &Path) {
    for path in below(home) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.strip_prefix(NAME).is_some_and(|of| !lives(of)) {
            remove(&path);
        }
    }
}

/// Whether the keeper lives that a name, without what all begin with, says it is of.
fn lives(name: &str) -> bool {
    let mut numbers = name
        .split('.')
        .map_while(|number| number.parse::<u64>().ok());
    let (Some(pid), Some(start)) = (numbers.next(), numbers.next()) else {
        return false;
    };
    let keeper = u32::try_from(pid).ok().and_then(tree::stat);
    keeper.is_some_and(|keeper| keeper.start == start)
}

fn below(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

/// The folder of the cgroup that this process is in, of the second version.
fn own() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mount = mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let at = place.split(' ').nth(4)?;
        kind.starts_with("cgroup2 ").then_some(at)
    })?;
    let path = name_of(std::process::id())?;
    Some(Path::new(mount).join(path.trim_start_matches('/')))
}

/// The cgroup of a process, from the root of its hierarchy.
fn name_of(pid: u32) -> Option<String> {
    let lines = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let name = lines.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(name.to_owned())
}

/// Whether a process is in it, or in one below it.
pub(super) fn holds(cgroup: &str, pid: u32) -> bool {
    let name = Path::new(cgroup).file_name();
    name_of(pid).is_some_and(|of| Path::new(&of).iter().any(|part| Some(part) == name))
}

/// Everybody in it and below it. Empty where it is gone.
pub(super) fn pids(cgroup: &Path) -> BTreeSet<u32> {
    let list = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    let mut all: BTreeSet<u32> = list.lines().filter_map(|line| line.parse().ok()).collect();
    for inner in below(cgroup) {
        all.extend(pids(&inner));
    }
    all
}

/// KILL to everybody in it, and to whoever they start meanwhile.
pub(super) fn kill(cgroup: &str) {
    // Where the kernel is older than this file, KILL goes to one after the other.
    let _ = fs::write(Path::new(cgroup).join("cgroup.kill"), "1");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(home: &Path) -> Cgroups {
        Cgroups {
            home: Some(home.to_owned()),
            mine: "12.34".into(),
            next: 0,
            made: VecDeque::new(),
        }
    }

    #[test]
    fn each_has_a_name_of_its_own_and_the_empty_ones_go() {
        let home = tempfile::tempdir().unwrap();
        let mut cgroups = at(home.path());
        let paths: Vec<PathBuf> = (0..3).map(|_| cgroups.make().unwrap().path).collect();
        assert!(paths[2].ends_with("runbook-12.34.3"));
        // A mocked one is an ordinary folder: the ones before were empty.
        assert_eq!(below(home.path()), [paths[2].clone()]);
        cgroups.end();
        assert_eq!(below(home.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn one_that_holds_somebody_stays_until_it_is_empty() {
        let home = tempfile::tempdir().unwrap();
        let mut cgroups = at(home.path());
        let first = cgroups.make().unwrap().path;
        std::fs::write(first.join("cgroup.procs"), "12\n13\n").unwrap();
        std::fs::create_dir(first.join("inner")).unwrap();
        std::fs::write(first.join("inner/cgroup.procs"), "14\n").unwrap();
        assert_eq!(pids(&first), BTreeSet::from([12, 13, 14]));
        cgroups.make().unwrap();
        assert!(first.exists());
        std::fs::remove_file(first.join("cgroup.procs")).unwrap();
        std::fs::remove_file(first.join("inner/cgroup.procs")).unwrap();
        clear(home.path());
        assert!(!first.exists());
    }

    #[test]
    fn those_of_another_keeper_that_lives_are_let_be() {
        let home = tempfile::tempdir().unwrap();
        let me = tree::stat(std::process::id()).unwrap();
        let kept = format!("{NAME}{}.{}.1", me.pid, me.start);
        for name in [
            &kept,
            &format!("{NAME}{}.{}.1", me.pid, me.start + 1),
            &format!("{NAME}{}.{}.1", u32::MAX, me.start),
            &format!("{NAME}nobody"),
        ] {
            fs::create_dir(home.path().join(name)).unwrap();
        }
        fs::create_dir(home.path().join("theirs")).unwrap();
        clear(home.path());
        let left: BTreeSet<PathBuf> = below(home.path()).into_iter().collect();
        assert_eq!(
            left,
            ["theirs", &kept].map(|name| home.path().join(name)).into()
        );
    }

    #[test]
    fn where_none_can_be_made_there_is_none() {
        let home = tempfile::tempdir().unwrap();
        let mut cgroups = at(&home.path().join("missing"));
        assert!(cgroups.make().is_none());
        assert!(cgroups.home.is_none(), "and it is not tried again");
    }

    #[test]
    fn where_this_process_is_the_kernel_says() {
        let mine = std::process::id();
        let kernel = fs::read_to_string("/proc/self/cgroup").unwrap();
        let of_the_second_version = kernel.lines().find(|line| line.starts_with("0::"));
        let name = name_of(mine);
        assert_eq!(
            name.as_ref().map(|name| format!("0::{name}")).as_deref(),
            of_the_second_version
        );
        if let Some(home) = own() {
            assert!(pids(&home).contains(&mine), "{}", home.display());
        }
        let Some(name) = name else { return };
        let parts = Path::new(&name).iter().filter_map(|part| part.to_str());
        for part in parts.filter(|part| *part != "/") {
            assert!(holds(&format!("/elsewhere/{part}"), mine));
        }
        assert!(!holds("/elsewhere/runbook-0.0.0", mine));
    }

    #[test]
    fn one_that_is_gone_already_is_no_trouble() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(remove(&home.path().join("gone")), Removed::Yes);
        fs::write(home.path().join("file"), "").unwrap();
        assert_eq!(remove(home.path()), Removed::No);
    }

    #[test]
    fn an_end_for_everybody_in_it_is_asked_of_the_kernel() {
        let home = tempfile::tempdir().unwrap();
        kill(home.path().to_str().unwrap());
        assert_eq!(
            fs::read_to_string(home.path().join("cgroup.kill")).unwrap(),
            "1"
        );
    }
}
