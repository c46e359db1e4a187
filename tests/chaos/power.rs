//! Power cuts: the state home is on a disk of its own, an image mounted through a loop device. Everything is stopped,
//! the image is copied as it stands, and the run goes on from the copy. What was not synced is not in it. Needs root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An ext4 file system in a file.
pub struct Disk {
    folder: tempfile::TempDir,
    copies: usize,
}

impl Disk {
    /// # Errors
    /// What is missing: root, or loop devices.
    pub fn new() -> Result<Disk, String> {
        let folder = tempfile::Builder::new()
            .prefix("chaos-disk-")
            .tempdir()
            .map_err(|error| error.to_string())?;
        let disk = Disk { folder, copies: 0 };
        std::fs::create_dir(disk.mounted()).map_err(|error| error.to_string())?;
        let image = disk.image();
        let file = std::fs::File::create(&image).map_err(|error| error.to_string())?;
        file.set_len(16 << 20).map_err(|error| error.to_string())?;
        command("mkfs.ext4", &["-q", "-F"], &[&image])?;
        disk.mount()?;
        Ok(disk)
    }

    pub fn mounted(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join(format!("image.{}", self.copies))
    }

    fn mount(&self) -> Result<(), String> {
        command("mount", &["-o", "loop"], &[&self.image(), &self.mounted()])
    }

    /// Keeps what is on the disk right now. Nothing may write to it meanwhile.
    pub fn copy(&mut self) -> Result<(), String> {
        let from = self.image();
        self.copies += 1;
        command("cp", &["--sparse=always"], &[&from, &self.image()])
    }

    /// Goes on with the copy; nothing may have a file of the old one open.
    pub fn swap(&self) -> Result<(), String> {
        command("umount", &[], &[&self.mounted()])?;
        self.mount()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = command("umount", &[], &[&self.mounted()]);
    }
}

fn command(name: &str, flags: &[&str], paths: &[&Path]) -> Result<(), String> {
    let out = Command::new(name)
        .args(flags)
        .args(paths)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    let said = String::from_utf8_lossy(&out.stderr);
    match out.status.success() {
        true => Ok(()),
        false => Err(format!("{name}: {}", said.trim())),
    }
}
