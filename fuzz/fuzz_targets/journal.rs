//! A journal with bytes changed, cut and added is refused or is a beginning of what it was; any other bytes are read
//! without a panic.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use runbook_host::journal::{Tail, read, salvage};

const JOURNAL: &[u8] = include_bytes!("../journal");

#[derive(Arbitrary, Debug)]
enum Edit {
    Set(u16, u8),
    Insert(u16, Vec<u8>),
    Remove(u16, u8),
    /// A stretch of the journal once more.
    Copy(u16, u16, u8),
    Cut(u16),
}

#[derive(Arbitrary, Debug)]
enum Case {
    Bytes(Vec<u8>),
    Edits(Vec<Edit>),
}

fn records(bytes: &[u8]) -> (Vec<String>, Option<Tail>) {
    let mut records = Vec::new();
    let reading = read(bytes, |record| {
        records.push(format!("{record:?}"));
        Ok(())
    });
    (records, reading.ok().map(|reading| reading.tail))
}

fuzz_target!(|case: Case| {
    let bytes = match case {
        Case::Bytes(bytes) => bytes,
        Case::Edits(edits) => {
            let mut bytes = JOURNAL.to_vec();
            for edit in edits {
                let place = |at: u16| usize::from(at) % (bytes.len() + 1);
                match edit {
                    Edit::Set(at, byte) => {
                        let at = place(at);
                        if let Some(old) = bytes.get_mut(at) {
                            *old = byte;
                        }
                    }
                    Edit::Insert(at, more) => {
                        let at = place(at);
                        drop(bytes.splice(at..at, more));
                    }
                    Edit::Remove(at, length) => {
                        let at = place(at);
                        let end = (at + usize::from(length)).min(bytes.len());
                        bytes.drain(at..end);
                    }
                    Edit::Copy(from, to, length) => {
                        let (from, to) = (place(from), place(to));
                        let end = (from + 8 * usize::from(length)).min(bytes.len());
                        let piece = bytes[from..end].to_vec();
                        drop(bytes.splice(to..to, piece));
                    }
                    Edit::Cut(at) => {
                        let at = place(at);
                        bytes.truncate(at);
                    }
                }
            }
            bytes
        }
    };
    let (found, tail) = records(&bytes);
    let (whole, _) = records(JOURNAL);
    assert!(whole.starts_with(&found), "a record that never was");
    if bytes.starts_with(JOURNAL) {
        assert_eq!(found, whole, "a record was lost");
    }
    // Fewer records and nothing said of it is a cut at the end of one, and no change.
    if tail == Some(Tail::Clean) {
        let kept = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |at| at + 1);
        assert!(
            JOURNAL.starts_with(&bytes[..kept]),
            "a change that nobody noticed"
        );
    }
    let _ = salvage(&bytes[..], |_| Ok(()));
});
