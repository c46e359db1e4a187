//! What is done to a child by its number, which is its own until it is reaped.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use super::tree::{self, Stat};

pub(super) fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}

/// Only for a child that has not been reaped: until then its number, and its group's, is its own.
pub(super) fn signal_group(leader: u32, signal: Signal) {
    if let Some(pid) = pid(leader) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

/// TERM is followed by CONT, since a stopped process does nothing about it until it goes on.
pub(super) fn signal_all(processes: &[Stat], signal: Signal) {
    for process in processes {
        tree::signal(process, signal);
        if signal == Signal::TERM {
            tree::signal(process, Signal::CONT);
        }
    }
}

/// The exit code of a child that is over, without reaping it; 128 and the signal where one ended it.
pub(super) fn peek(child: u32) -> Option<i32> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = rustix::process::waitid(WaitId::Pid(pid(child)?), options).ok()??;
    status
        .exit_status()
        .or_else(|| Some(128 + status.terminating_signal()?))
}

/// Takes the status of a child that is over; `None` where it is not, or somebody else did.
pub(super) fn reap(child: u32) -> Option<ExitStatus> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let status = rustix::process::waitid(WaitId::Pid(pid(child)?), options).ok()??;
    // As wait(2) would have put it.
    let raw = match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => code << 8,
        (None, signal) => signal?,
    };
    Some(ExitStatus::from_raw(raw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// What is seen of a child that is over, twice, and then taken of it, twice.
    fn ends(script: &str) -> ([Option<i32>; 2], [Option<ExitStatus>; 2]) {
        let mut child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        let pid = child.id();
        while peek(pid).is_none() {
            std::thread::yield_now();
        }
        let ends = ([peek(pid), peek(pid)], [reap(pid), reap(pid)]);
        child.wait().expect_err("nothing is left to wait for");
        ends
    }

    #[test]
    fn an_end_is_seen_before_it_is_taken_and_is_taken_once() {
        for (script, seen, status) in [
            ("exit 0", 0, 0),
            ("exit 3", 3, 3 << 8),
            ("kill -KILL $$", 137, 9),
        ] {
            let status = Some(ExitStatus::from_raw(status));
            assert_eq!(ends(script), ([Some(seen); 2], [status, None]), "{script}");
        }
    }

    #[test]
    fn what_lives_is_not_over() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        assert_eq!((peek(child.id()), reap(child.id())), (None, None));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
