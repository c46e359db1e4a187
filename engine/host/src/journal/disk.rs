//! The few things the writer asks of a file, so that tests can stand between it and the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use crate::weakened::{Weakness, has};

/// Whether the file is still the one the run's folder shows under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    InPlace,
    /// Removed, moved away or replaced.
    Gone,
}

pub trait Disk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    fn standing(&mut self) -> io::Result<Standing>;
}

/// A file and the path it must stay under.
pub struct FileDisk {
    file: File,
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl FileDisk {
    pub fn new(file: File, path: PathBuf) -> io::Result<FileDisk> {
        let about = file.metadata()?;
        Ok(FileDisk {
            device: about.dev(),
            inode: about.ino(),
            file,
            path,
        })
    }
}

impl Disk for FileDisk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        if has(Weakness::NoSync) {
            return Ok(());
        }
        self.file.sync_data()
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn standing(&mut self) -> io::Result<Standing> {
        match std::fs::symlink_metadata(&self.path) {
            Ok(about) if about.dev() == self.device && about.ino() == self.inode => {
                Ok(Standing::InPlace)
            }
            Ok(_) => Ok(Standing::Gone),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Standing::Gone),
            Err(error) => Err(error),
        }
    }
}
