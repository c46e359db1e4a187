//! Reading and replacing files: bounded, regular files only, and confined below a folder where a runbook
//! names them.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags};

use crate::codes;
use crate::error::{HostError, plainly};

/// No file of a load is longer, in bytes.
pub const LARGEST: u64 = 256 << 20;

/// Reads a file whole.
///
/// # Errors
/// It is missing, may not be read, is no regular file, or is larger than [`LARGEST`].
pub fn read(path: &Path) -> Result<Vec<u8>, HostError> {
    let name = path.display().to_string();
    // Without waiting: a pipe that nobody writes to would otherwise hold up the open itself.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => take(File::from(file)).map_err(|refusal| refusal.of(&name)),
        Err(error) => {
            let error = io::Error::from(error);
            let refused = Refusal::Unreadable(plainly(&error)).of(&name);
            Err(match near(path, &error) {
                Some(other) => refused.help(format!("Did you mean {}?", other.display())),
                None => refused,
            })
        }
    }
}

/// Opens a file of the engine's own to be read and written, for its owner alone; makes it where it is not there, and
/// never goes through a link.
pub(crate) fn own(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_link())
        .open(path)
}

/// For [`std::fs::OpenOptions`]: what stands there is opened only where it is no link.
pub(crate) fn no_link() -> i32 {
    i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// How standard input is named to a person.
pub const INPUT: &str = "standard input";

/// Reads standard input to its end.
///
/// # Errors
/// It cannot be read, or is larger than [`LARGEST`].
pub fn read_input() -> Result<Vec<u8>, HostError> {
    bounded(&mut io::stdin().lock(), 0).map_err(|refusal| refusal.of(INPUT))
}

/// Reads what comes through a pipe that has a path, to its end.
///
/// # Errors
/// It cannot be opened or read, or is larger than [`LARGEST`].
pub fn read_pipe(path: &Path) -> Result<Vec<u8>, HostError> {
    let name = path.display().to_string();
    let opened = File::open(path).map_err(|error| Refusal::Unreadable(plainly(&error)));
    opened
        .and_then(|mut pipe| bounded(&mut pipe, 0))
        .map_err(|refusal| refusal.of(&name))
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Unreadable(String),
    /// What it is instead of a file.
    NotAFile(&'static str),
    TooLarge,
    /// A link on the way leads out of the folder.
    Outside,
}

impl Refusal {
    fn of(&self, name: &str) -> HostError {
        match self {
            Refusal::Unreadable(why) => HostError::new(
                codes::FILE_UNREADABLE,
                format!("{name} cannot be read: {why}"),
            ),
            Refusal::NotAFile(what) => {
                HostError::new(codes::NOT_A_FILE, format!("{name} is {what}, not a file"))
                    .help("Name the file itself.")
            }
            Refusal::TooLarge => HostError::new(
                codes::FILE_TOO_LARGE,
                format!("{name} is larger than {} MiB", LARGEST >> 20),
            )
            .help("Name the file you meant, or split it into modules."),
            Refusal::Outside => HostError::new(
                codes::FILE_UNREADABLE,
                format!("{name} leads out of the runbook's folder"),
            ),
        }
    }

    /// Reads after "because": `there is no such file`.
    pub fn because(&self) -> String {
        match self {
            Refusal::Unreadable(why) if why.contains("no such file") => {
                "there is no such file".to_owned()
            }
            Refusal::Unreadable(why) => format!("it cannot be read: {why}"),
            Refusal::NotAFile(what) => format!("it is {what}, not a file"),
            Refusal::TooLarge => format!("it is larger than {} MiB", LARGEST >> 20),
            Refusal::Outside => "a symbolic link leads out of the runbook's folder".to_owned(),
        }
    }
}

/// A folder below which files are read, whatever links are made meanwhile.
pub struct Folder(OwnedFd);

impl Folder {
    pub fn open(path: &Path) -> Result<Folder, Refusal> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty())
            .map(Folder)
            .map_err(|error| Refusal::Unreadable(plainly(&error.into())))
    }

    /// Reads a file below this folder; `path` is relative and has no `..`.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match rustix::fs::openat2(
            self.0.as_fd(),
            path,
            flags,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
        ) {
            Ok(file) => file,
            Err(rustix::io::Errno::XDEV) => return Err(Refusal::Outside),
            // Kernels before 5.6 and some sandboxes have no openat2: go down part by part, and follow nothing.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => self.walk(path, flags)?,
            Err(error) => return Err(Refusal::Unreadable(plainly(&error.into()))),
        };
        take(File::from(file))
    }

    fn walk(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Refusal> {
        let mut parts = path.split('/').filter(|part| !part.is_empty()).peekable();
        let mut folder: Option<OwnedFd> = None;
        while let Some(part) = parts.next() {
            let here = folder.as_ref().map_or(self.0.as_fd(), AsFd::as_fd);
            let more = if parts.peek().is_some() {
                OFlags::DIRECTORY
            } else {
                OFlags::empty()
            };
            let next =
                rustix::fs::openat(here, part, flags | more | OFlags::NOFOLLOW, Mode::empty())
                    .map_err(|error| match error {
                        rustix::io::Errno::LOOP => Refusal::Outside,
                        error => Refusal::Unreadable(plainly(&error.into())),
                    })?;
            folder = Some(next);
        }
        folder.ok_or(Refusal::NotAFile("a folder"))
    }
}

fn take(mut file: File) -> Result<Vec<u8>, Refusal> {
    use std::os::unix::fs::FileTypeExt;
    let unreadable = |error: io::Error| Refusal::Unreadable(plainly(&error));
    let about = file.metadata().map_err(unreadable)?;
    let kind = about.file_type();
    if !kind.is_file() {
        return Err(Refusal::NotAFile(if kind.is_dir() {
            "a folder"
        } else if kind.is_fifo() {
            "a pipe"
        } else if kind.is_socket() {
            "a socket"
        } else {
            "a device"
        }));
    }
    if about.len() > LARGEST {
        return Err(Refusal::TooLarge);
    }
    // Its size may grow meanwhile, and files of /proc say they have none.
    bounded(&mut file, about.len())
}

/// All there is to read, about `expected` bytes, and never more than [`LARGEST`].
fn bounded(from: &mut dyn Read, expected: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0) + 1);
    from.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Refusal::Unreadable(plainly(&error)))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Refusal::TooLarge);
    }
    Ok(bytes)
}

/// A file of nearly this name in the same folder.
fn near(path: &Path, error: &io::Error) -> Option<std::path::PathBuf> {
    if error.kind() != io::ErrorKind::NotFound {
        return None;
    }
    let wanted = path.file_name()?.to_str()?.to_owned();
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let names: Vec<String> = std::fs::read_dir(parent.unwrap_or(Path::new(".")))
        .ok()?
        .take(1000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let name = runbook_grammar::nearest(&wanted, names.iter().map(String::as_str))?;
    Some(match parent {
        Some(parent) => parent.join(name),
        None => name.into(),
    })
}

/// Replaces a file's text in one go: whoever reads it meanwhile finds the old text or the new one, whole.
/// Mode and, where it is a link, the link are kept.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let target = std::fs::canonicalize(path)?;
    let mode = std::fs::metadata(&target)?.permissions();
    put(&target, text, Some(mode))
}

/// Writes a file in one go, over whatever has its name, and durably. Without a mode it gets that of a new file.
pub fn put(target: &Path, text: &str, mode: Option<Permissions>) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("/"));
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    // What an engine of the same number left when it died.
    let _ = std::fs::remove_file(&beside);
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            if let Some(mode) = mode {
                file.set_permissions(mode)?;
            }
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, target));
    match &written {
        Ok(()) => sync_names(folder),
        Err(_) => drop(std::fs::remove_file(&beside)),
    }
    written
}

/// Makes a folder, and what is missing above it. Its names are not lost in a power cut.
pub fn make_folders(path: &Path, mode: u32) -> io::Result<()> {
    let missing = |folder: &&Path| std::fs::symlink_metadata(folder).is_err();
    let made: Vec<&Path> = path.ancestors().take_while(missing).collect();
    if made.is_empty() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)?;
    for parent in made.iter().filter_map(|folder| folder.parent()) {
        sync_names(parent);
    }
    Ok(())
}

/// Where a folder may not be read, or its file system syncs none, its names become durable when the system likes.
fn sync_names(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_is_no_file_is_named_for_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let code = |path: &Path| read(path).unwrap_err().code;
        assert_eq!(code(folder.path()), codes::NOT_A_FILE);
        assert_eq!(code(Path::new("/dev/zero")), codes::NOT_A_FILE);
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        assert_eq!(code(&at("pipe")), codes::NOT_A_FILE);
        assert_eq!(code(&at("absent")), codes::FILE_UNREADABLE);
        std::fs::File::create(at("large"))
            .unwrap()
            .set_len(LARGEST + 1)
            .unwrap();
        assert_eq!(code(&at("large")), codes::FILE_TOO_LARGE);
    }

    #[test]
    fn a_slip_in_the_name_is_offered_its_cure() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rollback.rbk"), "x").unwrap();
        let error = read(&folder.path().join("rolback.rbk")).unwrap_err();
        assert!(error.help.unwrap().ends_with("rollback.rbk?"));
    }

    #[test]
    fn i10_nothing_is_read_outside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir_all(inner.join("lib")).unwrap();
        std::fs::write(folder.path().join("secret"), "s").unwrap();
        std::fs::write(inner.join("lib/a.rbk"), "a").unwrap();
        symlink("../secret", inner.join("out.rbk")).unwrap();
        symlink(folder.path().join("secret"), inner.join("absolute.rbk")).unwrap();
        symlink("..", inner.join("up")).unwrap();
        symlink("lib/a.rbk", inner.join("within.rbk")).unwrap();
        symlink("loop.rbk", inner.join("loop.rbk")).unwrap();
        let below = Folder::open(&inner).unwrap();
        assert_eq!(below.read("lib/a.rbk").unwrap(), b"a");
        assert_eq!(below.read("within.rbk").unwrap(), b"a");
        assert_eq!(below.read("out.rbk"), Err(Refusal::Outside));
        assert_eq!(below.read("absolute.rbk"), Err(Refusal::Outside));
        assert_eq!(below.read("up/secret"), Err(Refusal::Outside));
        assert_eq!(below.read("lib"), Err(Refusal::NotAFile("a folder")));
        assert!(matches!(
            below.read("loop.rbk"),
            Err(Refusal::Unreadable(_))
        ));
        assert_eq!(below.walk("lib/a.rbk", OFlags::RDONLY).map(|_| ()), Ok(()));
        assert!(below.walk("up/secret", OFlags::RDONLY).is_err());
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_its_link() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rbk");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link.rbk");
        symlink("a.rbk", &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
