//! At the edges: what is just long enough, what is read in the smallest pieces, what stands in its place no more.

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};

use runbook_core::event::Event;

use super::disk::{Disk, FileDisk, Standing};
use super::record::{HEADER, Head, LONGEST};
use super::tests::{Memory, MemoryDisk, append, at, bodies, exited, foreign, head, sample, writes};
use super::writer::Pending;
use super::*;
use crate::codes;

/// Gives a byte at a time, and a signal comes in between; after its bytes the disk fails, where it is to.
struct Drops<'a> {
    bytes: &'a [u8],
    interrupted: bool,
    fails: Option<io::ErrorKind>,
}

impl Read for Drops<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        match (self.bytes.split_first(), self.fails) {
            (Some((first, rest)), _) => {
                out[0] = *first;
                self.bytes = rest;
                Ok(1)
            }
            (None, Some(kind)) => Err(io::Error::from(kind)),
            (None, None) => Ok(0),
        }
    }
}

#[test]
fn a_journal_that_comes_in_drops_is_read_alike() {
    let (bytes, ends, _) = sample();
    let mut seen = Vec::new();
    let drops = Drops {
        bytes: &bytes,
        interrupted: false,
        fails: None,
    };
    let reading = read(drops, |record| {
        seen.push(record.body);
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, writes().concat());
    assert_eq!(reading.tail, Tail::Clean);
    assert_eq!(reading.end.offset, *ends.last().unwrap() as u64);
}

#[test]
fn a_disk_that_fails_anywhere_is_not_the_end_of_the_journal() {
    let (bytes, ends, _) = sample();
    let used = *ends.last().unwrap();
    for cut in [0, 5, HEADER, ends[0], ends[0] + HEADER + 3, used] {
        let drops = Drops {
            bytes: &bytes[..cut],
            interrupted: false,
            fails: Some(io::ErrorKind::PermissionDenied),
        };
        let mut seen = 0;
        let error = read(drops, |_| {
            seen += 1;
            Ok(())
        })
        .unwrap_err();
        assert_eq!(error.code, codes::JOURNAL_READ, "{cut}: {error}");
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(seen, whole, "{cut}: what could be read is told");
        assert!(error.message.ends_with("permission denied"), "{error}");
    }
}

/// What the largest read asks for.
struct Counted<'a>(&'a [u8], &'a mut usize);

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        *self.1 = out.len().max(*self.1);
        self.0.read(out)
    }
}

#[test]
fn a_record_asks_for_its_own_length_and_no_more() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    append(&mut journal, &Body::Host(head()), 0);
    for n in 0..8 {
        append(
            &mut journal,
            &Body::Event(exited(n, &"x".repeat(100 << 10))),
            1,
        );
    }
    journal.commit().unwrap();
    let mut largest = 0;
    let bytes = disk.0.borrow().synced.clone();
    read(Counted(&bytes, &mut largest), |_| Ok(())).unwrap();
    assert!(largest <= 256 << 10, "{largest}");
}

#[test]
fn a_newer_minor_may_be_looked_at_and_no_more() {
    for (format, look_only) in [("1.0", false), ("1.1", true), ("1", true), ("1.x", true)] {
        let disk = MemoryDisk::default();
        let mut journal = Journal::new(Box::new(disk.clone()), End::START);
        let head = HostRecord::Head(Head {
            format: format.into(),
            engine: "9.9.9".into(),
            ..Head::default()
        });
        append(&mut journal, &Body::Host(head), 0);
        journal.commit().unwrap();
        let (_, reading) = bodies(&disk.0.borrow().synced).unwrap();
        assert_eq!(reading.look_only.is_some(), look_only, "{format}");
        if let Some(why) = &reading.look_only {
            assert_eq!(why, &format!("format {format}, written by runbook 9.9.9"));
        }
        let went_on = Journal::go_on(Box::new(disk), &reading, Cut::Agreed, &mut |_| Ok(()));
        assert_eq!(
            went_on.err().map(|error| error.code),
            look_only.then_some(codes::JOURNAL_NEWER)
        );
    }
}

#[test]
fn another_major_is_refused_even_where_all_of_it_could_be_read() {
    let line = |v: u32| {
        foreign(&format!(
            r#"{{"v":{v},"seq":0,"epoch":1,"t_wall":0,"t_boot":0,"prev":"{}","event":"ticked"}}"#,
            "0".repeat(32)
        ))
    };
    assert!(bodies(&line(1)).is_ok());
    let error = bodies(&line(2)).unwrap_err();
    assert_eq!(error.code, codes::JOURNAL_NEWER);
    assert!(error.help.unwrap().contains("of format 2"));
}

#[test]
fn of_an_engine_that_lost_the_run_nothing_is_believed() {
    let line = |seq: u64, epoch: u32, prev: &str| {
        foreign(&format!(
            r#"{{"v":1,"seq":{seq},"epoch":{epoch},"t_wall":0,"t_boot":0,"prev":"{prev}","event":"ticked"}}"#
        ))
    };
    let first = line(0, 2, &"0".repeat(32));
    let next = |epoch| {
        let prev = super::record::Link::of(&first);
        bodies(&[first.clone(), line(1, epoch, prev.as_str())].concat())
    };
    assert_eq!(next(2).unwrap().1.end.epoch, 2);
    assert_eq!(next(3).unwrap().1.end.epoch, 3);
    let error = next(1).unwrap_err();
    assert_eq!(error.code, codes::JOURNAL_CORRUPT);
    assert!(error.message.contains("had lost the run"), "{error}");
}

#[test]
fn damage_says_where_it_stands() {
    let (bytes, ends, _) = sample();
    let mut damaged = bytes.clone();
    damaged[ends[1] + HEADER] ^= 1;
    let error = bodies(&damaged).unwrap_err();
    let behind = ends[6] - ends[1];
    assert!(
        error
            .message
            .contains(&format!("damaged at byte {}", ends[1])),
        "{error}"
    );
    assert!(
        error
            .message
            .contains(&format!("a good record stands {behind} bytes behind")),
        "{error}"
    );
}

#[test]
fn going_on_cuts_what_may_be_cut() {
    let (bytes, ends, _) = sample();
    let used = *ends.last().unwrap();
    let torn = bytes[..used - 3].to_vec();
    let mut rotten = bytes.clone();
    rotten[used - 5] ^= 1;
    let last = ends[ends.len() - 2];
    for (bytes, cut, aside) in [
        (&bytes, Cut::TornOnly, Some(0)),
        (&torn, Cut::TornOnly, Some(used - 3 - last)),
        (&rotten, Cut::TornOnly, None),
        (&rotten, Cut::Agreed, Some(used - last)),
    ] {
        let (_, reading) = bodies(bytes).unwrap();
        let disk = MemoryDisk::default();
        disk.0.borrow_mut().now = bytes.clone();
        let mut kept = Vec::new();
        let went_on = Journal::go_on(Box::new(disk.clone()), &reading, cut, &mut |bytes| {
            kept.extend_from_slice(bytes);
            Ok(())
        });
        let Some(aside) = aside else {
            assert_eq!(went_on.err().unwrap().code, codes::JOURNAL_TAIL);
            assert_eq!((kept.len(), &disk.0.borrow().now), (0, bytes));
            continue;
        };
        let mut journal = went_on.unwrap();
        assert_eq!(kept.len(), aside);
        assert_eq!(kept, bytes[last..][..aside]);
        // What was read is durable before anything is written behind it.
        assert_eq!(disk.0.borrow().syncs, 1);
        append(&mut journal, &Body::Event(Event::Ticked), 9);
        journal.commit().unwrap();
        let (seen, reading) = bodies(&disk.0.borrow().synced).unwrap();
        assert_eq!(seen.last(), Some(&Body::Event(Event::Ticked)));
        assert_eq!(reading.end.epoch, 2);
        assert_eq!(reading.tail, Tail::Clean);
    }
}

#[test]
fn where_it_cannot_be_kept_aside_or_made_durable_nothing_goes_on() {
    let (bytes, ends, _) = sample();
    let torn = bytes[..ends[6] + 20].to_vec();
    let (_, reading) = bodies(&torn).unwrap();
    let disk = |memory: Memory| MemoryDisk(std::rc::Rc::new(memory.into()));
    let full = disk(Memory {
        now: torn.clone(),
        ..Memory::default()
    });
    let refused = Journal::go_on(Box::new(full.clone()), &reading, Cut::TornOnly, &mut |_| {
        Err(crate::error::HostError::new(
            codes::JOURNAL_WRITE,
            "no room",
        ))
    });
    assert_eq!(refused.err().unwrap().message, "no room");
    assert_eq!(full.0.borrow().now, torn, "nothing was cut off");
    let broken = disk(Memory {
        now: torn,
        fail_sync: Some(1),
        ..Memory::default()
    });
    let refused = Journal::go_on(Box::new(broken), &reading, Cut::TornOnly, &mut |_| Ok(()));
    assert_eq!(refused.err().unwrap().code, codes::JOURNAL_WRITE);
}

/// Appends ticks and one record more, so that the journal comes to have `end` bytes.
fn fill(journal: &mut Journal, disk: &MemoryDisk, end: usize) {
    let used = || {
        let now = disk.0.borrow().now.clone();
        now.iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |at| at + 1)
    };
    let before = used();
    journal.append(at(1), Entry::Event(&exited(1, &"x".repeat(1000))));
    journal.commit().unwrap();
    let around = used() - before - 1000;
    // The length of the text stands in the record, and so does the record's number.
    let text = end - used() - around - 1;
    journal.append(at(1), Entry::Event(&exited(1, &"x".repeat(text))));
    journal.commit().unwrap();
    assert_eq!(used(), end);
}

#[test]
fn zeros_are_written_ahead_and_more_of_them_to_a_longer_journal() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    append(&mut journal, &Body::Host(head()), 0);
    journal.commit().unwrap();
    let length = || disk.0.borrow().now.len();
    assert_eq!(length(), 69_632, "64 KiB ahead, to a whole page");
    fill(&mut journal, &disk, 69_632);
    assert_eq!(length(), 69_632, "full to the last byte");
    append(&mut journal, &Body::Event(Event::Ticked), 2);
    journal.commit().unwrap();
    assert_eq!(length(), (69_632 + 65_536 + 4096), "the least ahead again");
    let some = exited(1, &"x".repeat(400_000));
    append(&mut journal, &Body::Event(some), 2);
    journal.commit().unwrap();
    let (_, reading) = bodies(&disk.0.borrow().synced).unwrap();
    let end = reading.end.offset;
    assert_eq!(reading.end.length, (end + end / 2).next_multiple_of(4096));
    let much = exited(1, &"x".repeat(3_000_000));
    append(&mut journal, &Body::Event(much), 2);
    journal.commit().unwrap();
    let (_, reading) = bodies(&disk.0.borrow().synced).unwrap();
    let end = reading.end.offset;
    assert_eq!(reading.end.length, (end + (1 << 20)).next_multiple_of(4096));
}

#[test]
fn the_longest_record_is_written_and_read_and_a_longer_one_is_neither() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    journal.append(at(1), Entry::Event(&exited(1, "")));
    journal.commit().unwrap();
    let used = |disk: &MemoryDisk| {
        let now = &disk.0.borrow().now;
        now.iter().rposition(|byte| *byte != 0).unwrap() + 1
    };
    // With a text it is longer by the text, its key and the digits of its length.
    let around = used(&disk) - HEADER - 1 + r#""text":"","#.len() + "67108000".len() - 1;
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    journal.append(
        at(1),
        Entry::Event(&exited(1, &"x".repeat(LONGEST - around))),
    );
    journal.commit().unwrap();
    assert_eq!(used(&disk), HEADER + LONGEST + 1);
    let (seen, reading) = bodies(&disk.0.borrow().synced).unwrap();
    assert_eq!((seen.len(), reading.tail), (1, Tail::Clean));

    let text = "x".repeat(LONGEST - around + 1);
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    journal.append(at(1), Entry::Event(&exited(1, &text)));
    let error = journal.commit().unwrap_err();
    assert_eq!(error.code, codes::JOURNAL_WRITE);
    assert!(error.message.contains("does not fit"), "{error}");
    assert_eq!(disk.0.borrow().writes, 0);
}

/// How much was read.
struct Given<'a>(&'a [u8], &'a Cell<usize>);

impl Read for Given<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.0.read(out)?;
        self.1.set(self.1.get() + got);
        Ok(got)
    }
}

#[test]
fn a_length_that_no_record_has_is_not_believed() {
    let (bytes, ends, _) = sample();
    let mut file = format!("{:08x}-", LONGEST + 1).into_bytes();
    file.extend(&bytes);
    file.resize(1 << 20, 0);
    let given = Cell::new(0);
    let mut found = Vec::new();
    salvage(Given(&file, &given), |piece| {
        found.push((piece, given.get()));
        Ok(())
    })
    .unwrap();
    let damage = Piece::Damaged {
        offset: 0,
        bytes: 9,
    };
    assert_eq!(found[0], (damage, 256 << 10), "and no more was read for it");
    assert_eq!(found.len(), 1 + ends.len());
}

#[test]
fn a_journal_knows_what_it_has_not_written_yet() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk), End::START);
    assert_eq!(
        (journal.has_pending(), journal.seq()),
        (Pending::Nothing, 0)
    );
    append(&mut journal, &Body::Host(head()), 0);
    assert_eq!(
        (journal.has_pending(), journal.seq()),
        (Pending::Records, 1)
    );
    journal.commit().unwrap();
    assert_eq!(
        (journal.has_pending(), journal.syncs()),
        (Pending::Nothing, 1)
    );
    append(&mut journal, &Body::Event(Event::Ticked), 0);
    journal.commit().unwrap();
    assert_eq!((journal.seq(), journal.syncs()), (2, 2));
}

#[test]
fn a_file_is_in_its_place_only_while_its_name_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("run");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("journal");
    let file = OpenOptions::new()
        .create_new(true)
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let mut disk = FileDisk::new(file, path.clone()).unwrap();
    disk.write_at(b"one two", 0).unwrap();
    disk.write_at(b"2", 4).unwrap();
    disk.sync().unwrap();
    disk.set_len(5).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one 2");
    assert_eq!(disk.standing().unwrap(), Standing::InPlace);
    let aside = inner.join("aside");
    fs::rename(&path, &aside).unwrap();
    assert_eq!(disk.standing().unwrap(), Standing::Gone);
    fs::copy(&aside, &path).unwrap();
    assert_eq!(disk.standing().unwrap(), Standing::Gone, "a copy");
    fs::rename(&aside, &path).unwrap();
    assert_eq!(disk.standing().unwrap(), Standing::InPlace);
    // What cannot be looked at is neither.
    fs::rename(&inner, folder.path().join("moved")).unwrap();
    fs::write(&inner, "").unwrap();
    disk.standing().unwrap_err();
}
