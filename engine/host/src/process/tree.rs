//! Which processes belong to a command: read from `/proc`, never guessed from a number alone.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::Identity;
use super::gate::MARK;

/// One line of `/proc/PID/stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    pub pid: u32,
    /// The program's name, up to 15 bytes.
    pub name: String,
    pub state: State,
    pub parent: u32,
    pub group: u32,
    pub session: u32,
    /// Clock ticks since boot.
    pub start: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Alive,
    /// Over, and not yet waited for.
    Zombie,
}

/// `None` where there is no such process.
pub fn stat(pid: u32) -> Option<Stat> {
    parse(&crate::os::first_page(&format!("/proc/{pid}/stat"))?)
}

fn parse(line: &str) -> Option<Stat> {
    // The name stands in parentheses and may hold anything, parentheses too.
    let (pid, rest) = line.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let small = |index: usize| u32::try_from(number(index)?).ok();
    Some(Stat {
        pid: pid.parse().ok()?,
        name: name.to_owned(),
        state: match *fields.first()? {
            "Z" | "X" => State::Zombie,
            _ => State::Alive,
        },
        parent: small(1)?,
        group: small(2)?,
        session: small(3)?,
        start: number(19)?,
    })
}

fn everybody() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .collect()
}

/// Everything of a command's tree that lives: its cgroup, its session and group, what descends from them, and
/// whatever carries its mark, wherever it was moved to. `also` are processes known to be of it by other means.
pub fn members(root: &Identity, also: &BTreeSet<u32>) -> Vec<Stat> {
    let everybody: Vec<Stat> = everybody()
        .into_iter()
        .filter(|process| process.start >= root.start_time && process.pid != std::process::id())
        .collect();
    // While anybody of its session or group lives, the kernel gives its number to nobody else; so if its
    // number is another's now, nobody of them lives.
    let reused = everybody
        .iter()
        .any(|process| process.pid == root.pid && process.start != root.start_time);
    let mark = mark_of(root);
    let cgroup = root.cgroup.as_deref().map(std::path::Path::new);
    let within = cgroup.map(super::cgroup::pids).unwrap_or_default();
    let mut inside: BTreeSet<u32> = BTreeSet::new();
    for process in &everybody {
        let of_it = !reused
            && (process.pid == root.pid
                || process.session == root.pid
                || process.group == root.pid);
        if of_it
            || within.contains(&process.pid)
            || also.contains(&process.pid)
            || carries(process.pid, &mark)
        {
            inside.insert(process.pid);
        }
    }
    loop {
        let before = inside.len();
        for process in &everybody {
            if inside.contains(&process.parent) {
                inside.insert(process.pid);
            }
        }
        if inside.len() == before {
            break;
        }
    }
    everybody
        .into_iter()
        .filter(|process| process.state == State::Alive && inside.contains(&process.pid))
        .collect()
}

/// Whether somebody of an orphan's tree still works on what the command was to do: its own process, or one that
/// writes where the command wrote. A service that it started and that writes elsewhere is what it left behind,
/// as it would have been had the engine lived.
pub fn still_works(root: &Identity, members: &[Stat]) -> bool {
    let writes_to_a_pipe = |pid: u32| {
        [1, 2].iter().any(|fd| {
            fs::read_link(format!("/proc/{pid}/fd/{fd}"))
                .is_ok_and(|link| link.to_string_lossy().starts_with("pipe:"))
        })
    };
    members.iter().any(|process| {
        (process.pid == root.pid && process.start == root.start_time)
            || writes_to_a_pipe(process.pid)
    })
}

/// What a process of this command has in its environment.
pub fn mark_of(root: &Identity) -> String {
    format!("{MARK}={}.{}", root.pid, root.start_time)
}

pub fn carries(pid: u32, mark: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == mark.as_bytes())
    })
}

/// Whether a process carries the mark of any command.
pub fn carries_any(pid: u32) -> bool {
    let beginning = format!("{MARK}=");
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry.starts_with(beginning.as_bytes()))
    })
}

/// Who has this pipe open, by what `/proc/PID/fd` links to: `pipe:[INODE]`.
pub fn holders(pipe: &std::path::Path, since: u64) -> BTreeSet<u32> {
    let holds = |pid: u32| {
        fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| fs::read_link(entry.path()).is_ok_and(|link| link == pipe))
            })
        })
    };
    everybody()
        .into_iter()
        .filter(|process| process.start >= since && process.pid != std::process::id())
        .filter(|process| process.state == State::Alive && holds(process.pid))
        .map(|process| process.pid)
        .collect()
}

/// Signals exactly this process, or nobody where its number has gone to another.
pub fn signal(process: &Stat, signal: Signal) {
    let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    // The descriptor pins the process; only then is it sure that the one looked at is the one signalled.
    if let Ok(pinned) = pidfd_open(pid, PidfdFlags::empty())
        && stat(process.pid).is_some_and(|now| now.start == process.start)
    {
        let _ = pidfd_send_signal(&pinned, signal);
    }
}

/// Whether this is a gate that waits, or has just seen that nobody will open it.
pub fn is_gate(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.split(|byte| *byte == 0).nth(1) == Some(b"__gate"))
}

/// Its memory is gone already, and with it its words: it has ended, and is about to be seen to have.
pub fn is_ending(pid: u32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.is_empty())
}

/// Stopped by a signal of job control.
pub fn is_stopped(pid: u32) -> bool {
    crate::os::first_page(&format!("/proc/{pid}/stat")).is_some_and(|line| {
        line.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('T'))
    })
}

/// Children that this program started and will reap itself, of all its engines. What else comes to it as a
/// child was left behind by one of them.
static KNOWN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

pub fn known() -> MutexGuard<'static, BTreeSet<u32>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn know(pid: u32) {
    known().insert(pid);
}

pub fn forget(pid: u32) {
    known().remove(&pid);
}

/// For people.
pub fn shown(process: &Stat) -> String {
    format!("`{}` (pid {})", process.name, process.pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    #[test]
    fn a_name_may_hold_anything() {
        let line = "12 (a) Z (b) S 1 12 13 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
        let stat = parse(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.state), ("a) Z (b", State::Alive));
        assert_eq!((stat.parent, stat.group, stat.session), (1, 12, 13));
        assert_eq!(stat.start, 4711);
    }

    #[test]
    fn a_number_that_went_to_another_is_not_ours() {
        let mine = stat(std::process::id()).unwrap();
        let ours = Identity {
            pid: mine.pid,
            start_time: mine.start - 1,
            boot_id: String::new(),
            cgroup: None,
        };
        assert_eq!(members(&ours, &BTreeSet::new()), Vec::<Stat>::new());
    }

    /// A process that ends with the test.
    struct Begun(std::process::Child);

    impl Begun {
        fn of(command: &mut Command) -> Begun {
            let null = || std::process::Stdio::null();
            Begun(command.stdin(null()).stderr(null()).spawn().unwrap())
        }

        fn sh(script: &str) -> Begun {
            let mut command = Command::new("sh");
            Begun::of(
                command
                    .args(["-c", script])
                    .stdout(std::process::Stdio::null()),
            )
        }

        fn stat(&self) -> Stat {
            stat(self.0.id()).unwrap()
        }

        fn signal(&self, sent: Signal) {
            signal(&self.stat(), sent);
        }

        fn identity(&self) -> Identity {
            Identity {
                pid: self.0.id(),
                start_time: self.stat().start,
                boot_id: String::new(),
                cgroup: None,
            }
        }
    }

    impl Drop for Begun {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn until(so: impl Fn() -> bool) {
        while !so() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn who_holds_a_pipe_is_found() {
        let (read, write) = std::io::pipe().unwrap();
        let name = fs::read_link(format!("/proc/self/fd/{}", read.as_raw_fd())).unwrap();
        let holder = Begun::of(Command::new("sleep").arg("600").stdout(write));
        let other = Begun::sh("exec sleep 600");
        let pid = holder.0.id();
        let since = holder.stat().start;
        assert_eq!(holders(&name, since), BTreeSet::from([pid]));
        assert_eq!(holders(&name, since + 1), BTreeSet::new());
        assert!(
            still_works(&other.identity(), &[holder.stat()]),
            "it writes to a pipe"
        );
        holder.signal(Signal::KILL);
        until(|| stat(pid).unwrap().state == State::Zombie);
        assert_eq!(holders(&name, since), BTreeSet::new());
    }

    #[test]
    fn who_still_works_is_the_command_itself_and_no_namesake() {
        let command = Begun::sh("exec sleep 600");
        let mut identity = command.identity();
        assert!(still_works(&identity, &[command.stat()]));
        assert!(!still_works(&identity, &[]));
        identity.start_time += 1;
        assert!(!still_works(&identity, &[command.stat()]));
        let other = Begun::sh("exec sleep 600");
        identity.start_time = other.stat().start;
        assert!(
            !still_works(&identity, &[other.stat()]),
            "begun at the same tick, and another"
        );
    }

    #[test]
    fn a_mark_is_looked_for_in_whole() {
        let mut command = Command::new("sleep");
        command
            .arg("600")
            .env(MARK, "12.34")
            .stdout(std::process::Stdio::null());
        let marked = Begun::of(&mut command);
        let mut command = Command::new("sleep");
        command
            .arg("600")
            .env_clear()
            .stdout(std::process::Stdio::null());
        let bare = Begun::of(&mut command);
        let (marked, bare) = (marked.0.id(), bare.0.id());
        until(|| carries_any(marked));
        assert!(carries(marked, &format!("{MARK}=12.34")));
        assert!(!carries(marked, &format!("{MARK}=12.3")));
        assert!(!carries(bare, &format!("{MARK}=12.34")));
        assert_eq!((carries_any(marked), carries_any(bare)), (true, false));
    }

    #[test]
    fn a_process_is_told_by_what_it_does() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("__gate"), "sleep 600; :").unwrap();
        let mut command = Command::new("sh");
        command
            .arg("__gate")
            .current_dir(folder.path())
            .process_group(0);
        let gate = Begun::of(command.stdout(std::process::Stdio::null()));
        let pid = gate.0.id();
        // Right after its start a process has no words yet.
        until(|| is_gate(pid));
        assert_eq!(
            (is_gate(pid), is_ending(pid), is_stopped(pid)),
            (true, false, false)
        );
        assert!(!is_gate(std::process::id()));
        gate.signal(Signal::STOP);
        until(|| is_stopped(pid));
        rustix::process::kill_process_group(Pid::from_child(&gate.0), Signal::KILL).unwrap();
        until(|| stat(pid).unwrap().state == State::Zombie);
        assert_eq!(
            (is_gate(pid), is_ending(pid), is_stopped(pid)),
            (false, true, false)
        );
    }

    /// Of a command, and of one that made itself independent of its parents: whether `members` finds it.
    fn finds_who_went_away(command: &mut Command) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let command = command.current_dir(folder.path());
        let command = Begun::of(command.stdout(std::process::Stdio::null()));
        let number = || {
            let text = fs::read_to_string(folder.path().join("away")).ok()?;
            text.trim().parse::<u32>().ok()
        };
        let sleeps =
            |pid| stat(pid).is_some_and(|of| of.name == "sleep" && of.parent != command.0.id());
        until(|| number().is_some_and(sleeps));
        let away = stat(number().unwrap()).unwrap();
        let me = BTreeSet::from([std::process::id()]);
        let found = members(&command.identity(), &me);
        signal(&away, Signal::KILL);
        assert!(found.iter().any(|member| member.pid == command.0.id()));
        assert!(
            !found.iter().any(|member| me.contains(&member.pid)),
            "never this program"
        );
        found.contains(&away)
    }

    #[test]
    fn group_or_session_is_enough_to_be_of_a_command() {
        const AWAY: &str = "(sh -c 'echo $$ > away; exec sleep 600' &); exec sleep 600";
        let mut grouped = Command::new("sh");
        grouped.args(["-c", AWAY]).process_group(0);
        assert!(finds_who_went_away(&mut grouped));
        // With job control each has a group of its own, and they share the session alone.
        let mut session = Command::new("setsid");
        session.args(["bash", "-c", &format!("set -m; {AWAY}")]);
        assert!(finds_who_went_away(&mut session));
        let mut neither = Command::new("sh");
        neither.args(["-c", AWAY]);
        assert!(!finds_who_went_away(&mut neither));
    }
}
