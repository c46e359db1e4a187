//! A run's folder held against what its journal says of it.

use runbook_core::event::{Captured, Event};

use super::dir::{Access, RunDir};
use crate::codes;
use crate::error::HostError;
use crate::journal::record::{Head, Link};
use crate::journal::{Body, HostRecord, Piece, Reader, Tail, salvage};
use crate::lock::Holder;

/// What was found. The counts hold up to the `problem`, where there is one.
#[derive(Clone, Debug)]
pub struct Verified {
    pub head: Option<Head>,
    pub records: u64,
    /// Of the records: what is kept ahead and a torn tail are not counted.
    pub bytes: u64,
    /// How often an engine took the run up.
    pub epochs: u32,
    /// Of the last record.
    pub link: Link,
    /// The record whose link the anchor is.
    pub anchor: Option<u64>,
    pub sources: usize,
    pub outputs: u64,
    /// Bytes of a record that was never acknowledged.
    pub torn: u64,
    /// An engine has the run: its journal was read as far as it stood.
    pub holder: Option<Holder>,
    pub problem: Option<HostError>,
}

/// Checks every record and the chain of them, the sources and the outputs, and that `anchor` is a link of the chain.
///
/// # Errors
/// The journal cannot be read at all.
pub fn verify(dir: &RunDir, anchor: Option<Link>) -> Result<Verified, HostError> {
    let holder = dir.holder();
    let mut found = Verified {
        head: None,
        records: 0,
        bytes: 0,
        epochs: 0,
        link: Link::START,
        anchor: None,
        sources: 0,
        outputs: 0,
        torn: 0,
        holder,
        problem: None,
    };
    let mut reader = Reader::new(dir.open_journal(Access::Read)?);
    // Where the longest output ends.
    let mut reaches = 0;
    let mut problem = None;
    let mut sources = Vec::new();
    loop {
        let record = match reader.record() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(error) if error.code == codes::JOURNAL_READ => return Err(error),
            Err(error) => {
                problem = Some(error);
                break;
            }
        };
        if anchor == Some(reader.reading.end.prev) {
            found.anchor = Some(record.seq);
        }
        match record.body {
            Body::Host(HostRecord::Head(head)) => {
                sources.extend(head.sources.iter().cloned());
                found.head = Some(head);
            }
            Body::Host(HostRecord::Adopted(adopted)) => sources.extend(adopted.sources),
            Body::Event(Event::Exited { output, stderr, .. }) => {
                for captured in [&output, &stderr] {
                    found.outputs += reach(captured, &mut reaches);
                }
            }
            Body::Event(Event::Responded { body, .. }) => {
                found.outputs += reach(&body, &mut reaches);
            }
            _ => {}
        }
    }
    let reading = reader.reading;
    found.records = reading.end.seq;
    found.bytes = reading.end.offset;
    found.epochs = reading.end.epoch;
    found.link = reading.end.prev;
    found.problem = problem.or_else(|| {
        match reading.tail {
            // An engine that has the run may be writing right now.
            Tail::Torn { .. } | Tail::Ambiguous { .. } if found.holder.is_some() => {}
            Tail::Torn { bytes } => found.torn = bytes.len() as u64,
            Tail::Ambiguous { why, .. } => {
                return Some(HostError::new(
                    codes::JOURNAL_TAIL,
                    format!("the journal cannot be trusted to its end: {why}"),
                )
                .help("Resume the run in a terminal and say what is to be done."));
            }
            Tail::Clean => {}
        }
        match dir.originals(&sources) {
            Ok(originals) => found.sources = originals.len(),
            Err(error) => return Some(error),
        }
        let kept = std::fs::metadata(dir.output_path()).map_or(0, |about| about.len());
        if kept < reaches {
            return Some(HostError::new(
                codes::OUTPUT_SHORT,
                format!("{kept} bytes of output are kept, and the journal says {reaches}"),
            )
            .help("Restore the file `output` of the run from a backup."));
        }
        if let (Some(anchor), None) = (anchor, found.anchor) {
            return Some(HostError::new(
                codes::JOURNAL_SHORT,
                format!("no record of the journal has the link {anchor}"),
            )
            .help("Look for the run's folder in a backup: records were taken off its end, or all were written anew."));
        }
        None
    });
    Ok(found)
}

/// One where the output stands in the run's segment; `end` is then moved behind it.
fn reach(captured: &Captured, end: &mut u64) -> u64 {
    match &captured.segment {
        Some(segment) => {
            *end = (*end).max(segment.offset + segment.length);
            1
        }
        None => 0,
    }
}

/// Hands over every record that can be read, damaged or not what stands around it.
pub fn export(
    dir: &RunDir,
    visit: impl FnMut(Piece) -> Result<(), HostError>,
) -> Result<(), HostError> {
    salvage(dir.open_journal(Access::Read)?, visit)
}
