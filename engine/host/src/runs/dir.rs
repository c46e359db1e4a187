//! The folder of one run:
//!
//! ```text
//! lock        held by the engine that has the run; its text says who
//! journal     facts, one a line
//! source/     the exact bytes of the runbook and its modules
//! output      what commands printed, where it is longer than 4 KiB
//! tail-N.bin  bytes that recovery cut off the journal
//! unstarted.* left by gates whose engine died before it opened them: process, start time, boot
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::home::{StateHome, make, make_file, private, sync_folder, unusable};
use crate::codes;
use crate::error::{HostError, plainly};
use crate::journal::disk::FileDisk;
use crate::journal::go_on::unwritable;
use crate::journal::record::{SourceDigest, hex};
use crate::journal::{Cut, End, Journal, Reading, Record};
use crate::load::Original;
use crate::lock::{self, Holder, Lock, NotTaken};
use crate::weakened::{Weakness, has};

/// The folder of a run. Who has the [`Lock`] may write to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir {
    pub id: String,
    pub path: PathBuf,
}

/// A run that is ours.
pub struct Held {
    pub dir: RunDir,
    pub lock: Lock,
}

impl RunDir {
    /// The place of a new run; nothing is there yet.
    pub fn fresh(home: &StateHome) -> RunDir {
        let id = uuid::Uuid::now_v7().to_string();
        let path = home.runs().join(&id);
        RunDir { id, path }
    }

    /// Makes a new run: its folder, its lock, and its copies of the sources, all durable.
    pub fn create(
        self,
        home: &StateHome,
        by: &str,
        originals: &[Original],
    ) -> Result<(Held, Vec<SourceDigest>, Journal), HostError> {
        let made = |path: &Path, error: io::Error| unusable(path, "made", &error);
        let dir = self;
        make(&dir.path).map_err(|error| made(&dir.path, error))?;
        let lock = dir.lock(by)?;
        let sources = dir.path.join("source");
        make(&sources).map_err(|error| made(&sources, error))?;
        let (digests, written) = write_sources(&sources, "", originals)?;
        let journal = dir.journal_path();
        let file = make_file(&journal).map_err(|error| made(&journal, error))?;
        let disk = FileDisk::new(file, journal.clone()).map_err(|error| made(&journal, error))?;
        let output = dir.output_path();
        make_file(&output).map_err(|error| made(&output, error))?;
        // All names are there before the first sync, which then has everything to do and leaves little for the rest.
        sync_sources(written)?;
        sync_folder(&sources)?;
        sync_folder(&dir.path)?;
        sync_folder(&home.runs())?;
        let journal = Journal::new(Box::new(disk), End::START);
        Ok((Held { dir, lock }, digests, journal))
    }

    /// Keeps the sources that a run takes on, beside those it had; durable.
    pub fn keep_sources(&self, originals: &[Original]) -> Result<Vec<SourceDigest>, HostError> {
        let sources = self.path.join("source");
        // What a crash left of an earlier try stays.
        let taken = |prefix: &str| {
            let named = |original| sources.join(format!("{prefix}{}", copy_name(0, original)));
            originals
                .first()
                .is_some_and(|original| named(original).exists())
        };
        let mut tries = (1..).map(|n| format!("{n}-"));
        let prefix = tries.find(|prefix| !taken(prefix)).unwrap_or_default();
        let (digests, written) = write_sources(&sources, &prefix, originals)?;
        sync_sources(written)?;
        sync_folder(&sources)?;
        Ok(digests)
    }

    /// A run that is there.
    pub fn open(home: &StateHome, id: &str) -> Result<RunDir, HostError> {
        let path = home.runs().join(id);
        private(&path)?;
        Ok(RunDir {
            id: id.to_owned(),
            path,
        })
    }

    /// Takes the run, unless another engine has it.
    pub fn lock(&self, by: &str) -> Result<Lock, HostError> {
        let holder = Holder {
            pid: std::process::id(),
            since: crate::clock::now().wall,
            by: by.to_owned(),
            run: String::new(),
        };
        lock::take(&self.lock_path(), &holder, lock::PATIENCE).map_err(|error| match error {
            NotTaken::Held(holder) => HostError::new(
                codes::RUN_HELD,
                format!("run {} is held by {holder}", self.id),
            )
            .help("Go to the terminal of that process, or end it, then resume."),
            NotTaken::Failed(error) => unusable(&self.lock_path(), "locked", &error),
        })
    }

    /// Who has the run right now.
    pub fn holder(&self) -> Option<Holder> {
        lock::holder(&self.lock_path())
    }

    /// Hands every record over, in order. The file is only looked at.
    pub fn read(
        &self,
        visit: impl FnMut(Record) -> Result<(), HostError>,
    ) -> Result<Reading, HostError> {
        crate::journal::read(self.open_journal(Access::Read)?, visit)
    }

    /// Goes on with the journal where a reading ended. A torn tail is kept aside and cut off; an ambiguous
    /// one only when `cut` says that a person agreed.
    pub fn append(&self, reading: &Reading, cut: Cut) -> Result<Journal, HostError> {
        let file = self.open_journal(Access::Write)?;
        let disk = FileDisk::new(file, self.journal_path()).map_err(|error| unwritable(&error))?;
        Journal::go_on(Box::new(disk), reading, cut, &mut |bytes| {
            self.keep_aside(bytes)
        })
    }

    fn keep_aside(&self, bytes: &[u8]) -> Result<(), HostError> {
        for n in 1.. {
            let path = self.path.join(format!("tail-{n}.bin"));
            match make_file(&path) {
                Ok(mut file) => {
                    file.write_all(bytes)
                        .and_then(|()| file.sync_all())
                        .map_err(|error| unusable(&path, "written", &error))?;
                    return sync_folder(&self.path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unusable(&path, "made", &error)),
            }
        }
        Ok(())
    }

    pub fn open_journal(&self, access: Access) -> Result<File, HostError> {
        let path = self.journal_path();
        OpenOptions::new()
            .read(true)
            .write(access == Access::Write)
            .custom_flags(crate::files::no_link())
            .open(&path)
            .map_err(|error| {
                HostError::new(
                    codes::JOURNAL_READ,
                    format!("{} cannot be read: {}", path.display(), plainly(&error)),
                )
            })
    }

    /// To be called before the journal is read by who will write on. What an engine left unsynced is made durable,
    /// and what the system could not write then, and shows all the same as if it had, is forgotten: so what is read
    /// next is what a power cut would leave.
    pub fn face_the_disk(&self) -> Result<(), HostError> {
        let file = self.open_journal(Access::Write)?;
        if has(Weakness::NoSync) {
            return Ok(());
        }
        file.sync_data().map_err(|error| unwritable(&error))?;
        // Where a file system takes no advice, what it shows is believed.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        Ok(())
    }

    /// The run's own copies of its sources, held against what the journal says of them.
    pub fn originals(&self, digests: &[SourceDigest]) -> Result<Vec<Original>, HostError> {
        let mut originals = Vec::new();
        for digest in digests {
            let path = self.path.join("source").join(&digest.file);
            let bytes = crate::files::read(&path)?;
            if hex(&Sha256::digest(&bytes)) != digest.sha256 {
                return Err(HostError::new(
                    codes::SNAPSHOT_DIFFERS,
                    format!("{} is not what the journal says it was", path.display()),
                )
                .help("Restore it from a backup; the journal's first record has its SHA-256."));
            }
            originals.push(Original {
                name: digest.name.clone(),
                module: digest.module.clone(),
                path: digest.path.clone(),
                bytes,
            });
        }
        Ok(originals)
    }

    pub fn journal_path(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Which file the journal is: another one where the folder was copied, or restored.
    pub fn journal_inode(&self) -> u64 {
        std::fs::metadata(self.journal_path()).map_or(0, |about| about.ino())
    }

    pub fn output_path(&self) -> PathBuf {
        self.path.join("output")
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join("lock")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

type Written = Vec<(PathBuf, File)>;

/// Writes the exact bytes of sources, each as a new file that is not synced yet.
fn write_sources(
    folder: &Path,
    prefix: &str,
    originals: &[Original],
) -> Result<(Vec<SourceDigest>, Written), HostError> {
    let mut digests = Vec::new();
    let mut written = Vec::new();
    for (n, original) in originals.iter().enumerate() {
        let name = format!("{prefix}{}", copy_name(n, original));
        let path = folder.join(&name);
        let file = make_file(&path)
            .and_then(|mut file| {
                file.write_all(&original.bytes)?;
                Ok(file)
            })
            .map_err(|error| unusable(&path, "written", &error))?;
        written.push((path, file));
        digests.push(SourceDigest {
            name: original.name.clone(),
            module: original.module.clone(),
            path: original.path.clone(),
            file: name,
            bytes: original.bytes.len() as u64,
            sha256: hex(&Sha256::digest(&original.bytes)),
        });
    }
    Ok((digests, written))
}

fn sync_sources(written: Written) -> Result<(), HostError> {
    for (path, file) in written {
        file.sync_data()
            .map_err(|error| unusable(&path, "written", &error))?;
    }
    Ok(())
}

/// `00-rollback.rbk`, `01-queues.rbk`, `02-std.git.rbk`
fn copy_name(n: usize, original: &Original) -> String {
    let last = match original.module.as_str() {
        "" => original.name.rsplit('/').next().unwrap_or_default(),
        module => module.rsplit('/').next().unwrap_or_default(),
    };
    let stem = last.strip_suffix(".rbk").unwrap_or(last);
    let stem: String = stem
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .take(80)
        .collect();
    format!("{n:02}-{stem}.rbk")
}
