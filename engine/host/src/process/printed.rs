//! What commands printed last, for the next engine if this one dies: who must say whether a command was done wants
//! to see how far it came.
//!
//! Beside the run's output are `printed.0`, `printed.1` and so on, as many as commands that print at once. Each begins with
//! a line that names an effect; the end of what it printed follows, both streams as they came. Nothing is synced: a
//! power cut may take it. What cannot be kept is left out, for the command goes on without it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use runbook_core::effect::EffectId;

use crate::files;

/// All that is read again.
const KEPT: usize = 4 * 1024;
/// The least that is kept of a longer text: one byte more, which says that something stood before.
const LEAST: usize = KEPT + 1;
/// How long a file grows before its beginning is dropped.
const LONGEST: u64 = 4 * KEPT as u64;

pub(super) struct Printed {
    output: PathBuf,
    slots: Vec<Slot>,
}

struct Slot {
    /// `None` where it could not be opened, and is not tried again.
    file: Option<File>,
    of: Option<EffectId>,
    head: u64,
    length: u64,
}

impl Printed {
    /// Beside the run's output file.
    pub fn beside(output: &Path) -> Printed {
        Printed {
            output: output.to_owned(),
            slots: Vec::new(),
        }
    }

    /// A command printed this; secrets are out of it.
    pub fn hears(&mut self, id: EffectId, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let slot = match self.slots.iter().position(|slot| slot.of == Some(id)) {
            Some(at) => &mut self.slots[at],
            None => self.slot_for(id),
        };
        if slot.add(bytes).is_err() {
            slot.file = None;
        }
    }

    /// Its end is known: the next command that prints may have its file.
    pub fn forget(&mut self, id: EffectId) {
        for slot in self.slots.iter_mut().filter(|slot| slot.of == Some(id)) {
            slot.of = None;
        }
    }

    fn slot_for(&mut self, id: EffectId) -> &mut Slot {
        let at = match self.slots.iter().position(|slot| slot.of.is_none()) {
            Some(at) => at,
            None => {
                let file = files::own(&place(&self.output, self.slots.len()));
                self.slots.push(Slot {
                    file: file.ok(),
                    of: None,
                    head: 0,
                    length: 0,
                });
                self.slots.len() - 1
            }
        };
        let slot = &mut self.slots[at];
        slot.of = Some(id);
        slot.head = 0;
        slot
    }
}

impl Slot {
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (Some(file), Some(id)) = (&self.file, self.of) else {
            return Ok(());
        };
        let fits = self.head > 0 && self.length + bytes.len() as u64 <= LONGEST;
        if fits {
            file.write_all_at(bytes, self.length)?;
            self.length += bytes.len() as u64;
            return Ok(());
        }
        let mut text = format!("{}\n", id.0).into_bytes();
        let head = text.len() as u64;
        let older = LEAST.saturating_sub(bytes.len()) as u64;
        if self.head > 0 && older > 0 {
            let from = (self.length - older.min(self.length)).max(self.head);
            let mut kept = vec![0; usize::try_from(self.length - from).unwrap_or(0)];
            file.read_exact_at(&mut kept, from)?;
            text.extend(kept);
        }
        text.extend(&bytes[bytes.len().saturating_sub(LEAST)..]);
        let length = text.len() as u64;
        file.write_all_at(&text, 0)?;
        // What floods writes as much each time, over what was there.
        if self.head == 0 || length < self.length {
            file.set_len(length)?;
        }
        (self.head, self.length) = (head, length);
        Ok(())
    }
}

fn place(output: &Path, number: usize) -> PathBuf {
    output.with_file_name(format!("printed.{number}"))
}

/// What the commands of the engine before printed last, by effect: at most 4 KiB of each, whole lines where there
/// are any.
pub fn last_printed(output: &Path) -> BTreeMap<EffectId, String> {
    let mut all = BTreeMap::new();
    for number in 0.. {
        let Ok(bytes) = std::fs::read(place(output, number)) else {
            break;
        };
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            continue;
        };
        let id = std::str::from_utf8(&bytes[..end]).ok();
        let Some(id) = id.and_then(|id| id.parse().ok()) else {
            continue;
        };
        let said = &bytes[end + 1..];
        let cut = said.len().saturating_sub(KEPT);
        let mut last = &said[cut..];
        let line = last.iter().position(|byte| *byte == b'\n');
        if let Some(line) = line
            && cut > 0
            && line + 1 < last.len()
        {
            last = &last[line + 1..];
        }
        all.insert(EffectId(id), String::from_utf8_lossy(last).into_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_last_is_found_by_its_effect() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        let mut printed = Printed::beside(&output);
        let (a, b, c) = (EffectId(7), EffectId(12), EffectId(13));
        printed.hears(a, b"one\n");
        printed.hears(b, b"other\n");
        printed.hears(a, b"two");
        let found = last_printed(&output);
        assert_eq!(found[&a], "one\ntwo");
        assert_eq!(found[&b], "other\n");

        // An end that is known makes room; the next who prints takes it.
        printed.forget(a);
        assert_eq!(last_printed(&output)[&a], "one\ntwo");
        printed.hears(c, b"3");
        let found = last_printed(&output);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [b, c]);
        assert_eq!(found[&c], "3");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn of_much_that_is_printed_the_end_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        let id = EffectId(1);
        for piece in [1, 100, 1000, 3000, 4095, 4096, 4097, 65_536] {
            let mut printed = Printed::beside(&output);
            let mut all = String::new();
            for number in 0..60 {
                let line = format!("{number}{}\n", "x".repeat(piece));
                printed.hears(id, line.as_bytes());
                all.push_str(&line);
                let length = std::fs::metadata(place(&output, 0)).unwrap().len();
                assert!(length <= LONGEST, "{length} after {piece}");
                let found = last_printed(&output).remove(&id).unwrap();
                assert!(all.ends_with(&found), "{piece}, {number}");
                // Whole lines, where there is more than one; all that fits, where there is not.
                let before = &all[..all.len() - found.len()];
                let whole = before.is_empty() || before.ends_with('\n');
                assert!(whole || line.len() >= KEPT, "{piece}, {number}");
                let least = if line.len() >= KEPT {
                    KEPT
                } else {
                    KEPT - line.len()
                };
                assert!(found.len() >= all.len().min(least), "{piece}, {number}");
            }
        }
    }

    #[test]
    fn what_is_no_such_file_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        assert_eq!(last_printed(&output), BTreeMap::new());
        std::fs::write(place(&output, 0), "").unwrap();
        std::fs::write(place(&output, 1), "seven\nx").unwrap();
        std::fs::write(place(&output, 2), b"3\n\xff\n").unwrap();
        assert_eq!(
            last_printed(&output),
            [(EffectId(3), "\u{fffd}\n".to_owned())].into()
        );

        // A place that is taken costs the words and nothing else.
        std::fs::remove_file(place(&output, 0)).unwrap();
        std::fs::create_dir(place(&output, 0)).unwrap();
        let mut printed = Printed::beside(&output);
        printed.hears(EffectId(1), b"lost");
        assert_eq!(printed.slots.len(), 1);
    }
}
