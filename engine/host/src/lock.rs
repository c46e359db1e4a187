//! Locks that the kernel releases when their holder ends, however it ends. Nothing is ever stale, so nothing
//! is ever stolen, and the file is never removed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::files;

/// Held as long as this lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Who holds a lock: for people alone, nothing is decided by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// Milliseconds since 1970, UTC.
    pub since: i64,
    pub by: String,
    #[serde(default)]
    pub run: String,
}

impl Holder {
    /// Whether that process has ended. A lock that still looks held is then in the hands of a child of it that
    /// is between its fork and its exec, and lets go in a moment.
    pub fn has_ended(&self) -> bool {
        let pid = i32::try_from(self.pid).ok();
        pid.and_then(rustix::process::Pid::from_raw)
            .is_some_and(|pid| {
                rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
            })
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pid == 0 {
            return f.write_str("another process");
        }
        write!(f, "process {}", self.pid)?;
        if !self.by.is_empty() {
            write!(f, " of {}", self.by)?;
        }
        if let Ok(since) = jiff::Timestamp::from_millisecond(self.since) {
            let since = since.to_zoned(jiff::tz::TimeZone::system());
            write!(f, " since {}", since.strftime("%Y-%m-%d %H:%M:%S"))?;
        }
        if !self.run.is_empty() {
            write!(f, ", run {}", self.run)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
pub enum NotTaken {
    Held(Holder),
    Failed(io::Error),
}

/// How long to try: between the fork and the exec of a child a lock can look held for a moment.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Takes a lock and writes down who has it.
pub fn take(path: &Path, holder: &Holder, patience: Duration) -> Result<Lock, NotTaken> {
    let mut file = files::own(path).map_err(NotTaken::Failed)?;
    let start = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(NotTaken::Held(said(&mut file))),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(NotTaken::Failed(error.into())),
        }
    }
    let line = serde_json::to_string(holder).unwrap_or_default();
    // The content is for people; a disk that is full must not keep a run from being resumed.
    let _ = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(format!("{line}\n").as_bytes()));
    Ok(Lock { _file: file })
}

/// Who holds a lock right now, if anyone does.
pub fn holder(path: &Path) -> Option<Holder> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(files::no_link())
        .open(path)
        .ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(rustix::io::Errno::WOULDBLOCK) => Some(said(&mut file)),
        _ => None,
    }
}

fn said(file: &mut File) -> Holder {
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.take(4096).read_to_string(&mut text);
    serde_json::from_str(&text).unwrap_or_default()
}

/// The file name of a named lock: readable where the name allows it, and never that of another name.
pub fn file_name(name: &str) -> String {
    use std::fmt::Write;
    let mut file = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') && !file.is_empty() {
            file.push(char::from(byte));
        } else {
            let _ = write!(file, "%{byte:02x}");
        }
    }
    if file.len() > 200 {
        use sha2::Digest;
        file = crate::journal::record::hex(&sha2::Sha256::digest(name.as_bytes()));
    }
    file + ".lock"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Holder {
        Holder {
            pid: 4711,
            since: 0,
            by: "ada".into(),
            run: "r1".into(),
        }
    }

    #[test]
    fn c01_one_takes_it_and_the_other_is_told_who() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = take(&path, &me(), Duration::ZERO).unwrap();
        match take(&path, &Holder::default(), Duration::ZERO) {
            Err(NotTaken::Held(holder)) => assert_eq!(holder, me()),
            other => panic!("{other:?}"),
        }
        assert_eq!(holder(&path), Some(me()));
        drop(held);
        assert_eq!(holder(&path), None);
        take(&path, &me(), Duration::ZERO).unwrap();
    }

    #[test]
    fn c03_a_lock_that_is_held_for_a_moment_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = take(&path, &me(), Duration::ZERO).unwrap();
        let freer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            drop(held);
        });
        take(&path, &me(), Duration::from_secs(60)).unwrap();
        freer.join().unwrap();
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        assert!(matches!(
            take(&path, &me(), Duration::ZERO),
            Err(NotTaken::Failed(_))
        ));
    }

    #[test]
    fn names_of_locks_stay_apart() {
        assert_eq!(file_name("db/orders"), "db%2forders.lock");
        assert_eq!(file_name("db%2forders"), "db%252forders.lock");
        assert_eq!(file_name(".."), "%2e..lock");
        assert_ne!(file_name("Ä"), file_name("ä"));
        assert_eq!(file_name(&"x/".repeat(200)).len(), 64 + 5);
    }
}
