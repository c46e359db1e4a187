//! What outlives a watch: how far each window is, and which run was started last. A file of the state home, written
//! whole or not at all.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use runbook_core::window::Window;
use runbook_plan::show;
use runbook_plan::value::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::drive;
use crate::error::HostError;
use crate::journal::record::hex;
use crate::load::Original;
use crate::runs::home::StateHome;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Of what the windows speak: [`meaning`].
    pub of: String,
    /// By the name of the trigger.
    pub windows: BTreeMap<String, Window>,
    /// The run that was started last.
    pub run: Option<String>,
    /// The trigger that started it, until it was seen not to hold: it starts no other for the same.
    #[serde(default)]
    pub spent: Option<String>,
}

/// Where it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    place: PathBuf,
    /// What it speaks of: [`meaning`].
    of: String,
}

/// What windows speak of: the files as they are, and the params. A window of another meaning is worth nothing.
pub(super) fn meaning(originals: &[Original], params: &BTreeMap<String, Value>) -> String {
    let mut digest = Sha256::new();
    let mut add = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    for original in originals {
        add(original.module.as_bytes());
        add(&original.bytes);
    }
    for (name, value) in params {
        add(name.as_bytes());
        add(show::value(value).as_bytes());
    }
    hex(&digest.finalize())
}

impl Note {
    /// In the state home, in a folder for what is watched under this name. Whoever holds the lock of the watch has it
    /// for itself.
    pub(super) fn of(home: &StateHome, name: &str, meaning: String) -> Result<Note, HostError> {
        let folder = crate::lock::file_name(name);
        let folder = home
            .path()
            .join("watches")
            .join(folder.trim_end_matches(".lock"));
        crate::files::make_folders(&folder, 0o700).map_err(|error| drive::system(&error))?;
        let note = Note {
            place: folder.join("kept.json"),
            of: meaning,
        };
        note.tidy();
        Ok(note)
    }

    /// Where commands of the watch may put what they print.
    pub(super) fn output(&self) -> PathBuf {
        self.place.with_file_name("output")
    }

    /// Takes away whatever else a watch, or one that was killed, has left in the folder.
    pub(super) fn tidy(&self) {
        let folder = self
            .place
            .parent()
            .and_then(|folder| std::fs::read_dir(folder).ok());
        for entry in folder.into_iter().flatten().flatten() {
            if entry.path() != self.place {
                // What cannot be taken away does no harm.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// What cannot be read is as if nothing had been seen: every window begins anew. So it is with what speaks of another
    /// runbook than this one is now; the run that was started counts all the same.
    pub(super) fn read(&self) -> Kept {
        let kept: Kept = std::fs::read(&self.place)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        match kept.of == self.of {
            true => kept,
            false => Kept {
                of: self.of.clone(),
                run: kept.run,
                ..Kept::default()
            },
        }
    }

    pub(super) fn write(&self, kept: &Kept) -> Result<(), HostError> {
        let text = serde_json::to_string(kept).unwrap_or_default();
        let mode = Permissions::from_mode(0o600);
        let folder = self.place.parent().unwrap_or(Path::new("/"));
        crate::files::put(&self.place, &text, Some(mode))
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|error| drive::system(&error))
    }

    /// A run is about to be made. It is written down first: a watch that is killed in between, and begins again, finds
    /// either no run of this name or the one that it must not start another beside.
    ///
    /// # Errors
    /// It cannot be written; then no run may be made.
    pub fn starts(&self, trigger: &str, run: &str) -> Result<(), HostError> {
        let mut kept = self.read();
        kept.windows.clear();
        kept.run = Some(run.to_owned());
        kept.spent = Some(trigger.to_owned());
        self.write(&kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_core::window::Stamp;

    fn note(folder: &Path) -> Note {
        Note {
            place: folder.join("a.json"),
            of: "this".into(),
        }
    }

    #[test]
    fn what_was_written_is_read_and_what_is_broken_is_as_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let note = note(folder.path());
        let nothing = Kept {
            of: "this".into(),
            ..Kept::default()
        };
        assert_eq!(note.read(), nothing);
        let stamp = Stamp {
            boot: 7,
            boot_id: "b".into(),
        };
        let window = Window {
            since: Some(stamp.clone()),
            last: Some(stamp),
        };
        let kept = Kept {
            of: "this".into(),
            windows: BTreeMap::from([("slow".to_owned(), window)]),
            run: None,
            spent: None,
        };
        note.write(&kept).unwrap();
        assert_eq!(note.read(), kept);
        note.starts("slow", "r1").unwrap();
        let started = Kept {
            run: Some("r1".into()),
            spent: Some("slow".into()),
            ..nothing.clone()
        };
        assert_eq!(note.read(), started);
        let of_another = Note {
            of: "that".into(),
            ..note.clone()
        };
        let only_the_run = Kept {
            of: "that".into(),
            run: Some("r1".into()),
            ..Kept::default()
        };
        assert_eq!(of_another.read(), only_the_run);
        std::fs::write(folder.path().join("a.json"), "{\"of\":").unwrap();
        assert_eq!(note.read(), nothing);
    }

    #[test]
    fn another_file_and_other_params_mean_something_else() {
        let original = |text: &str| Original {
            name: "a.rbk".into(),
            module: String::new(),
            path: "/a.rbk".into(),
            bytes: text.as_bytes().to_vec(),
        };
        let param = |text: &str| BTreeMap::from([("api".to_owned(), Value::Text(text.to_owned()))]);
        let one = meaning(&[original("x")], &param("1"));
        assert_eq!(one, meaning(&[original("x")], &param("1")));
        assert_ne!(one, meaning(&[original("y")], &param("1")));
        assert_ne!(one, meaning(&[original("x")], &param("2")));
    }
}
