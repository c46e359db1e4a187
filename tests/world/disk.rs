//! The disk under a journal. It keeps each write apart until it is synced; when the power goes, each is written,
//! lost, or filled with garbage, sector by sector. What a write does not touch stays as it is: sectors are
//! taken to be safe against a write beside them, as SQLite takes them to be.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use runbook_host::journal::disk::{Disk, Standing};

use super::chance::Chance;
use super::fault::Faults;

const SECTOR: usize = 512;
const PAGE: usize = 4096;

enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// One file: what every process sees, and what would be left if the power went now.
#[derive(Default)]
pub struct Platter {
    seen: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    /// Written, and then its sync failed: the system took it for clean, and no later sync writes it again
    /// unless its page is written to anew.
    forsaken: Vec<(usize, usize)>,
    pub syncs: u64,
    pub failed_syncs: u64,
    pub cuts: u64,
}

impl Platter {
    /// What a reader finds. The zeros that the writer keeps ahead are shortened: they say nothing.
    pub fn text(&mut self, chance: &mut Chance) -> Vec<u8> {
        let used = self
            .seen
            .chunks(PAGE)
            .rposition(|page| page != &[0; PAGE][..page.len()])
            .map_or(0, |page| (page + 1) * PAGE)
            .min(self.seen.len());
        let ahead = usize::try_from(chance.below(64)).unwrap_or(0);
        let length = (used + ahead).min(self.seen.len());
        self.seen.truncate(length);
        self.durable.truncate(length.max(used));
        self.seen.clone()
    }

    fn apply(&mut self, change: &Change) {
        write(&mut self.seen, change);
    }

    fn synced(&mut self) {
        let kept: Vec<(usize, Vec<u8>)> = self
            .forsaken
            .iter()
            .filter(|(from, to)| !self.rewritten(*from, *to))
            .map(|(from, to)| {
                let mut old = vec![0; to - from];
                for (n, byte) in old.iter_mut().enumerate() {
                    *byte = self.durable.get(from + n).copied().unwrap_or(0);
                }
                (*from, old)
            })
            .collect();
        self.durable.clone_from(&self.seen);
        for (at, bytes) in kept {
            let end = (at + bytes.len()).min(self.durable.len());
            if at < end {
                self.durable[at..end].copy_from_slice(&bytes[..end - at]);
            }
        }
        self.unsynced.clear();
    }

    fn rewritten(&self, from: usize, to: usize) -> bool {
        let pages = from / PAGE..to.div_ceil(PAGE);
        self.unsynced.iter().any(|change| match change {
            Change::Write { at, bytes } => {
                at / PAGE <= pages.start && (at + bytes.len()).div_ceil(PAGE) >= pages.end
            }
            Change::Length(length) => *length <= from,
        })
    }

    fn forsake(&mut self) {
        for change in self.unsynced.drain(..) {
            if let Change::Write { at, bytes } = change {
                let used = bytes
                    .iter()
                    .rposition(|byte| *byte != 0)
                    .map_or(0, |n| n + 1);
                self.forsaken.push((at, at + used));
            }
        }
    }

    /// The power goes.
    pub fn cut(&mut self, chance: &mut Chance) {
        self.cuts += 1;
        let mut left = std::mem::take(&mut self.durable);
        for change in self.unsynced.drain(..) {
            match change {
                Change::Length(length) => {
                    if chance.one_in(2) {
                        left.truncate(length);
                    }
                }
                Change::Write { at, bytes } => torn(&mut left, at, &bytes, chance),
            }
        }
        self.forsaken.clear();
        self.durable = left;
        self.seen.clone_from(&self.durable);
    }
}

fn write(file: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => file.truncate(*length),
        Change::Write { at, bytes } => {
            if file.len() < at + bytes.len() {
                file.resize(at + bytes.len(), 0);
            }
            file[*at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
}

/// A write of which each sector has a fate of its own, or all of it the same.
fn torn(file: &mut Vec<u8>, at: usize, bytes: &[u8], chance: &mut Chance) {
    // Zeros kept ahead are of no weight; their fate is that of the file's length.
    let used = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |n| n + 1);
    let whole = chance.below(4);
    let mut from = 0;
    while from < used {
        let to = ((at + from) / SECTOR * SECTOR + SECTOR - at).min(used);
        let fate = if whole < 3 { whole } else { chance.below(3) };
        let mut sector = bytes[from..to].to_vec();
        match fate {
            0 => {}
            1 => {
                from = to;
                continue;
            }
            _ => {
                let kind = chance.below(3);
                for byte in &mut sector {
                    *byte = match kind {
                        0 => 0,
                        1 => u8::try_from(chance.below(256)).unwrap_or(0),
                        _ => *chance.pick(b"0123456789abcdef \n{}\"\0"),
                    };
                }
            }
        }
        write(
            file,
            &Change::Write {
                at: at + from,
                bytes: sector,
            },
        );
        from = to;
    }
}

impl SimulatedDisk {
    /// Synced, and then read from the platter: as `RunDir::face_the_disk`.
    pub fn faced(&mut self) -> io::Result<()> {
        self.sync()?;
        let mut platter = self.platter.borrow_mut();
        if !self.faults.borrow().weakening.no_sync() {
            platter.seen = platter.durable.clone();
            platter.forsaken.clear();
        }
        Ok(())
    }
}

/// What stands between a journal and its platter.
pub struct SimulatedDisk {
    pub platter: Rc<RefCell<Platter>>,
    pub faults: Rc<RefCell<Faults>>,
}

impl Disk for SimulatedDisk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut faults = self.faults.borrow_mut();
        let full = faults.write_fails();
        let crash = faults.crashes_now();
        let mut bytes = bytes;
        if full || crash {
            let short = faults.chance.below(bytes.len() as u64 + 1);
            bytes = &bytes[..usize::try_from(short).unwrap_or(0)];
        }
        drop(faults);
        let change = Change::Write {
            at,
            bytes: bytes.to_vec(),
        };
        let mut platter = self.platter.borrow_mut();
        platter.apply(&change);
        platter.unsynced.push(change);
        drop(platter);
        if crash {
            super::fault::crash();
        }
        if full {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.faults.borrow_mut().passes();
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.faults.borrow_mut().passes();
        let mut platter = self.platter.borrow_mut();
        platter.syncs += 1;
        if self.faults.borrow_mut().sync_fails() {
            platter.failed_syncs += 1;
            platter.forsake();
            return Err(io::Error::other("input/output error"));
        }
        if !self.faults.borrow().weakening.no_sync() {
            platter.synced();
        }
        drop(platter);
        self.faults.borrow_mut().passes();
        Ok(())
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        // Not to be killed here after a failed sync is all that is asked of luck: what was not synced is cut
        // off at once, and a system that took it for clean would else show it until the next reboot.
        if self.platter.borrow().forsaken.is_empty() {
            self.faults.borrow_mut().passes();
        }
        let change = Change::Length(usize::try_from(len).unwrap_or(usize::MAX));
        let mut platter = self.platter.borrow_mut();
        platter.apply(&change);
        platter.unsynced.push(change);
        Ok(())
    }

    fn standing(&mut self) -> io::Result<Standing> {
        Ok(Standing::InPlace)
    }
}
