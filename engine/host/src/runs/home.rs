//! The state home: where runs and named locks are kept. Private, on a local disk, and the operator's own.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::codes;
use crate::error::{HostError, plainly};
use crate::files;
use crate::lock::{self, Holder, Lock, NotTaken};

/// File systems whose locks or syncs may not mean what they say, by the magic number of statfs.
const REMOTE: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x4750_4653, "GPFS"),
    (0x7375_7245, "Coda"),
    (0x564c, "NCP"),
    (0x786f_4256, "a VirtualBox share"),
];

/// `…/runbook` of the state home.
#[derive(Clone, Debug)]
pub struct StateHome {
    path: PathBuf,
}

/// Where the state home is: `state` of `runbook.toml`, else `$XDG_STATE_HOME/runbook`, else
/// `~/.local/state/runbook`.
pub fn place(configured: Option<&Path>) -> Result<PathBuf, HostError> {
    if let Some(path) = configured {
        return Ok(path.to_owned());
    }
    let variable = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if let Some(path) = variable("XDG_STATE_HOME") {
        return Ok(path.join("runbook"));
    }
    match variable("HOME") {
        Some(home) => Ok(home.join(".local/state/runbook")),
        None => Err(HostError::new(
            codes::STATE_UNUSABLE,
            "there is no place to keep runs: neither XDG_STATE_HOME nor HOME is set",
        )
        .help("Set XDG_STATE_HOME, or `state` in runbook.toml.")),
    }
}

impl StateHome {
    /// Opens the state home for a run, and makes what is missing of it.
    ///
    /// # Errors
    /// It cannot be made or written, is a link, belongs to someone else, or lies on a network file system.
    pub fn open(path: PathBuf) -> Result<StateHome, HostError> {
        files::make_folders(&path, 0o700).map_err(|error| unusable(&path, "made", &error))?;
        let home = StateHome { path };
        private(&home.path)?;
        local(&home.path)?;
        for folder in [home.runs(), home.locks()] {
            match make(&folder) {
                Ok(()) => sync_folder(&home.path)?,
                // It was there before, or another engine is faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unusable(&folder, "made", &error)),
            }
            private(&folder)?;
        }
        Ok(home)
    }

    /// The state home to look at; nothing is made.
    pub fn peek(path: PathBuf) -> StateHome {
        StateHome { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn runs(&self) -> PathBuf {
        self.path.join("runs")
    }

    fn locks(&self) -> PathBuf {
        self.path.join("locks")
    }

    /// Takes a lock of a runbook (`lock "db/orders"`).
    pub fn take_lock(&self, name: &str, holder: &Holder) -> Result<Lock, NotTaken> {
        let path = self.locks().join(lock::file_name(name));
        lock::take(&path, holder, Duration::from_millis(200))
    }

    /// Who holds a lock of a runbook right now, if anyone does.
    pub fn lock_holder(&self, name: &str) -> Option<Holder> {
        lock::holder(&self.locks().join(lock::file_name(name)))
    }
}

/// A new folder with mode 0700, whatever the umask.
pub(super) fn make(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// A new file with mode 0600, whatever the umask.
pub(super) fn make_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(files::no_link())
        .open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

pub(super) fn sync_folder(path: &Path) -> Result<(), HostError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| unusable(path, "synced", &error))
}

pub(super) fn unusable(path: &Path, what: &str, error: &io::Error) -> HostError {
    HostError::new(
        codes::STATE_UNUSABLE,
        format!("{} cannot be {what}: {}", path.display(), plainly(error)),
    )
    .help(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Make room there (`runbook runs prune` removes old runs), or set `state` in runbook.toml to another folder."
        }
        _ => {
            "Give yourself the right to write there, or set `state` in runbook.toml to another folder."
        }
    })
}

/// A real folder of ours, closed to others. One of ours that is open is closed.
pub(super) fn private(path: &Path) -> Result<(), HostError> {
    let about = std::fs::symlink_metadata(path).map_err(|error| unusable(path, "read", &error))?;
    let refused = |what: String| {
        HostError::new(
            codes::STATE_NOT_PRIVATE,
            format!("{} {what}", path.display()),
        )
        .help("Take it away, or set `state` in runbook.toml to a folder of your own.")
    };
    if about.is_symlink() {
        return Err(refused("is a symbolic link".into()));
    }
    if !about.is_dir() {
        return Err(refused("is not a folder".into()));
    }
    let us = rustix::process::geteuid().as_raw();
    if about.uid() != us {
        return Err(refused(format!(
            "belongs to user {}, and you are user {us}",
            about.uid()
        )));
    }
    if about.mode() & 0o077 != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
            .map_err(|error| unusable(path, "made private", &error))?;
    }
    Ok(())
}

fn local(path: &Path) -> Result<(), HostError> {
    let about = rustix::fs::statfs(path).map_err(|error| unusable(path, "read", &error.into()))?;
    match remote(about.f_type as u64) {
        Some(name) => Err(HostError::new(
            codes::STATE_REMOTE,
            format!(
                "{} is on {name}, where locks and syncs may not hold",
                path.display()
            ),
        )
        .help("Set XDG_STATE_HOME, or `state` in runbook.toml, to a local disk.")),
        None => Ok(()),
    }
}

fn remote(magic: u64) -> Option<&'static str> {
    // The number is signed on some machines.
    let magic = magic & 0xffff_ffff;
    REMOTE
        .iter()
        .find(|(number, _)| *number == magic)
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_made_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/runbook");
        let home = StateHome::open(path.clone()).unwrap();
        for folder in [path.clone(), home.runs(), home.locks()] {
            let mode = std::fs::metadata(folder).unwrap().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        StateHome::open(path).unwrap();
    }

    #[test]
    fn an_open_folder_of_ours_is_closed_and_a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("open");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        StateHome::open(path.clone()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let error = StateHome::open(link).unwrap_err();
        assert_eq!(error.code, codes::STATE_NOT_PRIVATE);
    }

    #[test]
    fn a_folder_of_someone_else_is_refused() {
        let owner = std::fs::metadata("/proc/1")
            .map(|about| about.uid())
            .unwrap_or(0);
        if owner == rustix::process::geteuid().as_raw() {
            // Only another user's folder could be looked at, and here is none.
            return;
        }
        assert_eq!(
            private(Path::new("/")).unwrap_err().code,
            codes::STATE_NOT_PRIVATE
        );
    }

    #[test]
    fn a_folder_that_is_closed_even_to_us_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runbook");
        let home = StateHome::open(path.clone()).unwrap();
        for closed in [home.runs(), path.clone()] {
            std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
            StateHome::open(path.clone()).unwrap();
            let mode = std::fs::metadata(&closed).unwrap().mode();
            assert_eq!(mode & 0o777, 0o500, "{}", closed.display());
            std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        let error = StateHome::open("/proc/runbook".into()).unwrap_err();
        assert_eq!(error.code, codes::STATE_UNUSABLE);
        assert_eq!(error.exit_code(), 74);
    }

    #[test]
    fn c07_network_file_systems_are_known_by_their_number() {
        assert_eq!(remote(0x6969), Some("NFS"));
        assert_eq!(remote(0xffff_ffff_ff53_4d42), Some("CIFS"));
        assert_eq!(remote(0xef53), None);
    }
}
