//! Appending: one writer, one write and one sync for all that one turn of the run has to say.

use runbook_core::event::{Event, Moment};

use super::disk::{Disk, Standing};
use super::record::{Body, HEADER, HostRecord, LONGEST, Link, MAJOR, checksum};
use crate::codes;
use crate::error::{HostError, plainly};

/// Zeros are written ahead in pieces of this many bytes, growing with the journal: then a sync need not
/// change the file's size, which is half its cost.
const AHEAD_FIRST: u64 = 64 << 10;
const AHEAD_MOST: u64 = 1 << 20;

/// What an append may hold.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    Event(&'a Event),
    Host(&'a HostRecord),
}

/// The one writer of a journal.
pub struct Journal {
    disk: Box<dyn Disk>,
    /// Where the next write goes: everything before it is durable.
    offset: u64,
    /// Up to where zeros are on the disk.
    ahead: u64,
    seq: u64,
    epoch: u32,
    prev: Link,
    /// Lines that are not written yet.
    pending: Vec<u8>,
    /// `seq` of the first of them.
    first: u64,
    /// Set by the first failed write or sync, and never taken back: after a failed sync nobody knows what
    /// the disk holds, and a second sync that succeeds would not say so.
    poisoned: Option<HostError>,
    syncs: u64,
}

/// Where appending goes on.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub offset: u64,
    /// Length of the file: all zeros from `offset`.
    pub length: u64,
    /// Of the next record.
    pub seq: u64,
    pub epoch: u32,
    pub prev: Link,
}

impl End {
    /// Of a journal that holds nothing yet.
    pub const START: End = End {
        offset: 0,
        length: 0,
        seq: 0,
        epoch: 1,
        prev: Link::START,
    };
}

impl Journal {
    pub fn new(disk: Box<dyn Disk>, end: End) -> Journal {
        Journal {
            disk,
            offset: end.offset,
            ahead: end.length,
            seq: end.seq,
            epoch: end.epoch,
            prev: end.prev,
            pending: Vec::with_capacity(4096),
            first: end.seq,
            poisoned: None,
            syncs: 0,
        }
    }

    /// Adds a record to the next write. Nothing is durable before [`Journal::commit`] returns.
    pub fn append(&mut self, at: Moment, entry: Entry<'_>) {
        use std::io::Write;
        if self.pending.is_empty() {
            self.first = self.seq;
        }
        let start = self.pending.len();
        let out = &mut self.pending;
        out.extend_from_slice(b"0000000000000000 ");
        // Writing to memory does not fail, and no record holds a map with a key that is not text.
        let _ = write!(
            out,
            r#"{{"v":{MAJOR},"seq":{},"epoch":{},"t_wall":{},"t_boot":{},"prev":"{}","#,
            self.seq, self.epoch, at.wall, at.boot, self.prev
        );
        if self.first != self.seq {
            let _ = write!(out, r#""first":{},"#, self.first);
        }
        let written = match entry {
            Entry::Event(event) => {
                out.extend_from_slice(br#""event":"#);
                serde_json::to_writer(&mut *out, event)
            }
            Entry::Host(record) => {
                out.extend_from_slice(br#""host":"#);
                serde_json::to_writer(&mut *out, record)
            }
        };
        out.push(b'}');
        let length = out.len() - start - HEADER;
        if written.is_err() || length > LONGEST {
            self.poison(format!(
                "a record of {length} bytes does not fit the journal"
            ));
            return;
        }
        let mut header = [0; 8];
        let _ = write!(&mut header[..], "{length:08x}");
        let sum = checksum(&header, &out[start + HEADER..]);
        out[start..start + 8].copy_from_slice(&header);
        let _ = write!(&mut out[start + 8..start + 16], "{sum:08x}");
        out.push(b'\n');
        self.prev = Link::of(&out[start..]);
        self.seq += 1;
    }

    /// Makes everything appended durable: one write, one sync. After an error nothing is ever written again,
    /// and every later call gives the same error.
    pub fn commit(&mut self) -> Result<(), HostError> {
        if let Some(error) = &self.poisoned {
            return Err(error.clone());
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        match self.disk.standing() {
            Ok(Standing::InPlace) => {}
            Ok(Standing::Gone) => {
                let error = HostError::new(
                    codes::JOURNAL_GONE,
                    "the journal of this run was removed or replaced while it ran",
                )
                .help("Look at what the last step did before anything is started again.");
                self.poisoned = Some(error.clone());
                return Err(error);
            }
            Err(error) => return Err(self.fail(&error)),
        }
        if let Err(error) = self.write() {
            return Err(self.fail(&error));
        }
        self.offset += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    fn write(&mut self) -> std::io::Result<()> {
        let end = self.offset + self.pending.len() as u64;
        if end > self.ahead {
            let more = (end / 2).clamp(AHEAD_FIRST, AHEAD_MOST);
            let ahead = (end + more).next_multiple_of(4096);
            self.pending.resize(
                usize::try_from(ahead - self.offset).unwrap_or(usize::MAX),
                0,
            );
            let written = self.disk.write_at(&self.pending, self.offset);
            self.pending
                .truncate(usize::try_from(end - self.offset).unwrap_or(usize::MAX));
            written?;
            self.ahead = ahead;
        } else {
            self.disk.write_at(&self.pending, self.offset)?;
        }
        self.syncs += 1;
        self.disk.sync()
    }

    /// Cuts back to the last good offset, so that a reader finds what was acknowledged and nothing else.
    fn fail(&mut self, error: &std::io::Error) -> HostError {
        let _ = self.disk.set_len(self.offset);
        self.poison(plainly(error))
    }

    fn poison(&mut self, why: String) -> HostError {
        let error = HostError::new(
            codes::JOURNAL_WRITE,
            format!("the journal cannot be written: {why}"),
        )
        .help("Make room or mend the disk, then resume the run.");
        self.poisoned.get_or_insert(error).clone()
    }

    /// What was appended and is not known to be durable: after a failed write or sync, all that nobody can be sure of.
    pub fn unsure(&self) -> Vec<Body> {
        super::reader::bodies(&self.pending)
    }

    /// The link of the newest record, for whoever keeps it elsewhere as an anchor.
    pub fn head(&self) -> Link {
        self.prev
    }

    /// `seq` of the next record.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    pub fn has_pending(&self) -> Pending {
        if self.pending.is_empty() {
            Pending::Nothing
        } else {
            Pending::Records
        }
    }

    /// How often it was synced.
    pub fn syncs(&self) -> u64 {
        self.syncs
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    Nothing,
    Records,
}
