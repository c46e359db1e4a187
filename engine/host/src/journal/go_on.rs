//! Going on with a journal where a reading ended.

use super::disk::Disk;
use super::reader::{Reading, Tail};
use super::writer::Journal;
use crate::codes;
use crate::error::{HostError, plainly};

/// How much of a damaged tail may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    TornOnly,
    /// A person said yes to losing a record that may have been acknowledged.
    Agreed,
}

impl Journal {
    /// A torn tail is kept aside and cut off; an ambiguous one only when `cut` says that a person agreed.
    ///
    /// # Errors
    /// The journal holds something newer, nobody agreed, or the disk does not do it.
    pub fn go_on(
        mut disk: Box<dyn Disk>,
        reading: &Reading,
        cut: Cut,
        keep_aside: &mut dyn FnMut(&[u8]) -> Result<(), HostError>,
    ) -> Result<Journal, HostError> {
        if let Some(newer) = &reading.look_only {
            return Err(HostError::new(
                codes::JOURNAL_NEWER,
                format!("the journal of this run holds {newer}"),
            )
            .help("Resume the run with the engine that wrote it; `runbook show` can look at it."));
        }
        let mut end = reading.end;
        match (&reading.tail, cut) {
            (Tail::Clean, _) => {}
            (Tail::Torn { bytes }, _) | (Tail::Ambiguous { bytes, .. }, Cut::Agreed) => {
                keep_aside(bytes)?;
                disk.set_len(end.offset)
                    .map_err(|error| unwritable(&error))?;
                end.length = end.offset;
            }
            (Tail::Ambiguous { why, .. }, Cut::TornOnly) => {
                return Err(HostError::new(
                    codes::JOURNAL_TAIL,
                    format!("the journal of this run cannot be trusted to its end: {why}"),
                )
                .help("Resume it in a terminal and say what is to be done."));
            }
        }
        // The last engine may have been killed between a write and its sync. What was read is believed from here
        // on, and a write behind it says that it is durable, so it is made so first.
        disk.sync().map_err(|error| unwritable(&error))?;
        end.epoch += 1;
        Ok(Journal::new(disk, end))
    }
}

pub(crate) fn unwritable(error: &std::io::Error) -> HostError {
    HostError::new(
        codes::JOURNAL_WRITE,
        format!("the journal cannot be written: {}", plainly(error)),
    )
}
