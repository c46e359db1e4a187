use super::disk::{Disk, Standing};
use super::record::{HEADER, Head, Intent};
use super::*;
use crate::codes;
use runbook_core::effect::{EffectId, Role};
use runbook_core::event::{Captured, Event, Exit, Identity, Moment, Started};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// A file in memory that can fail, and that can lose what was not synced.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) now: Vec<u8>,
    pub(super) synced: Vec<u8>,
    pub(super) writes: usize,
    pub(super) fail_write: Option<(usize, usize)>,
    pub(super) fail_sync: Option<usize>,
    pub(super) syncs: usize,
    pub(super) gone: bool,
}

#[derive(Clone, Default)]
pub(super) struct MemoryDisk(pub(super) Rc<RefCell<Memory>>);

impl Disk for MemoryDisk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut memory = self.0.borrow_mut();
        memory.writes += 1;
        let mut bytes = bytes;
        let mut result = Ok(());
        if let Some((when, short)) = memory.fail_write
            && when == memory.writes
        {
            bytes = &bytes[..short.min(bytes.len())];
            result = Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let offset = usize::try_from(offset).unwrap();
        if memory.now.len() < offset + bytes.len() {
            memory.now.resize(offset + bytes.len(), 0);
        }
        memory.now[offset..offset + bytes.len()].copy_from_slice(bytes);
        result
    }
    fn sync(&mut self) -> io::Result<()> {
        let mut memory = self.0.borrow_mut();
        memory.syncs += 1;
        if memory.fail_sync == Some(memory.syncs) {
            return Err(io::Error::other("input/output error"));
        }
        memory.synced = memory.now.clone();
        Ok(())
    }
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0
            .borrow_mut()
            .now
            .truncate(usize::try_from(len).unwrap());
        Ok(())
    }
    fn standing(&mut self) -> io::Result<Standing> {
        Ok(if self.0.borrow().gone {
            Standing::Gone
        } else {
            Standing::InPlace
        })
    }
}

pub(super) fn at(wall: i64) -> Moment {
    Moment { wall, boot: wall }
}

pub(super) fn head() -> HostRecord {
    HostRecord::Head(Head {
        format: "1.0".into(),
        engine: "0.1.0".into(),
        run: "r".into(),
        ..Head::default()
    })
}

pub(super) fn exited(effect: u64, text: &str) -> Event {
    Event::Exited {
        effect: EffectId(effect),
        exit: Exit::Code(0),
        output: Captured {
            text: text.into(),
            bytes: text.len() as u64,
            ..Captured::default()
        },
        stderr: Captured::default(),
        elapsed_ms: 3,
        leaked: Vec::new(),
    }
}

fn intent(effect: u64) -> HostRecord {
    HostRecord::Intent(Intent {
        effect: EffectId(effect),
        path: "a/b".into(),
        attempt: 1,
        role: Role::Statement,
        command: "true".into(),
        on: None,
        env: Vec::new(),
    })
}

fn spawned(effect: u64) -> Event {
    Event::Spawned {
        effect: EffectId(effect),
        identity: Identity {
            pid: 7,
            start_time: 9,
            boot_id: "b".into(),
            cgroup: None,
        },
    }
}

/// A run of two steps: what is in each of its writes.
pub(super) fn writes() -> Vec<Vec<Body>> {
    vec![
        vec![
            Body::Host(head()),
            Body::Event(Event::Started(Started::default())),
        ],
        vec![Body::Host(intent(1)), Body::Event(spawned(1))],
        vec![
            Body::Event(exited(1, "one\ntwo ✔\n")),
            Body::Host(intent(2)),
            Body::Event(spawned(2)),
        ],
        vec![Body::Event(exited(2, ""))],
    ]
}

pub(super) fn append(journal: &mut Journal, body: &Body, wall: i64) {
    match body {
        Body::Event(event) => journal.append(at(wall), Entry::Event(event)),
        Body::Host(record) => journal.append(at(wall), Entry::Host(record)),
        Body::Unknown(_) => unreachable!(),
    }
}

/// The journal of [`writes`], the offset after each record, and how many records each write acknowledged.
pub(super) fn sample() -> (Vec<u8>, Vec<usize>, Vec<usize>) {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    let mut acknowledged = Vec::new();
    let mut count = 0;
    for (n, write) in writes().iter().enumerate() {
        for body in write {
            append(&mut journal, body, n as i64);
            count += 1;
        }
        journal.commit().unwrap();
        acknowledged.push(count);
    }
    let bytes = disk.0.borrow().synced.clone();
    let used = bytes.iter().rposition(|b| *b != 0).unwrap() + 1;
    let ends: Vec<usize> = bytes[..used]
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    assert_eq!(ends.len(), count);
    (bytes, ends, acknowledged)
}

pub(super) fn bodies(bytes: &[u8]) -> Result<(Vec<Body>, Reading), crate::error::HostError> {
    let mut seen = Vec::new();
    let reading = read(bytes, |record| {
        assert_eq!(record.seq, seen.len() as u64);
        seen.push(record.body);
        Ok(())
    })?;
    Ok((seen, reading))
}

#[test]
fn what_is_written_is_read_again() {
    let (bytes, ends, _) = sample();
    let (seen, reading) = bodies(&bytes).unwrap();
    assert_eq!(seen, writes().concat());
    assert_eq!(reading.tail, Tail::Clean);
    assert_eq!(reading.end.offset, *ends.last().unwrap() as u64);
    assert_eq!(reading.end.length, bytes.len() as u64);
    assert_eq!(reading.look_only, None);
}

/// Other programs check a journal too: these are the numbers that the standards give.
#[test]
fn a_record_s_sums_are_those_of_the_standards() {
    use super::record::{Link, checksum, eight_hex, hex};
    let link = Link::of(b"abc");
    assert_eq!(link.to_string(), "ba7816bf8f01cfea414140de5dae2223");
    assert_eq!(Link::parse("BA7816bf8f01cfea414140de5dae2223"), Some(link));
    for text in [
        "",
        "ba7816bf",
        "ga7816bf8f01cfea414140de5dae2223",
        "ba7816bf8f01cfea414140de5dae22230",
    ] {
        assert_eq!(Link::parse(text), None, "{text}");
    }
    // The check value of CRC-32C.
    assert_eq!(checksum(b"12345678", b"9"), 0xe306_9283);
    assert_eq!(eight_hex(b"019abcdf and on"), Some(0x019a_bcdf));
    assert_eq!(eight_hex(b"019abcdF"), None);
    assert_eq!(eight_hex(b"019abcd"), None);
    assert_eq!(hex(&[0x00, 0x7f, 0xf0, 0x0a]), "007ff00a");
}

#[test]
fn a_line_reads_alone() {
    let (bytes, ends, _) = sample();
    let line = std::str::from_utf8(&bytes[ends[3]..ends[4]]).unwrap();
    assert_eq!(
        &line[17..],
        "{\"v\":1,\"seq\":4,\"epoch\":1,\"t_wall\":2,\"t_boot\":2,\"prev\":\"".to_owned()
            + &line[72..104]
            + "\",\"event\":{\"exited\":{\"effect\":1,\"exit\":{\"code\":0},\"output\":{\"text\":\"one\\ntwo ✔\\n\",\"bytes\":12},\"stderr\":{\"bytes\":0},\"elapsed_ms\":3,\"leaked\":[]}}}\n"
    );
}

#[test]
fn appending_goes_on_after_the_end_of_a_reading() {
    let (bytes, _, _) = sample();
    let (_, reading) = bodies(&bytes).unwrap();
    let disk = MemoryDisk::default();
    disk.0.borrow_mut().now = bytes;
    let mut end = reading.end;
    end.epoch += 1;
    let mut journal = Journal::new(Box::new(disk.clone()), end);
    append(&mut journal, &Body::Event(Event::Ticked), 9);
    journal.commit().unwrap();
    let (seen, reading) = bodies(&disk.0.borrow().synced).unwrap();
    assert_eq!(seen.last(), Some(&Body::Event(Event::Ticked)));
    assert_eq!(reading.end.epoch, 2);
}

#[test]
fn j08_cut_at_every_byte_a_journal_gives_exactly_its_whole_records() {
    let (bytes, ends, _) = sample();
    let all = writes().concat();
    for cut in 0..=*ends.last().unwrap() {
        let whole = ends.iter().filter(|end| **end <= cut).count();
        for zeros in [0, 1, 4096] {
            let mut bytes = bytes[..cut].to_vec();
            bytes.resize(cut + zeros, 0);
            let (seen, reading) = bodies(&bytes).unwrap_or_else(|e| panic!("cut {cut}: {e}"));
            assert_eq!(seen, all[..whole], "cut {cut}");
            let clean = cut == 0 || ends.contains(&cut);
            match reading.tail {
                Tail::Clean => assert!(clean, "cut {cut}"),
                Tail::Torn { bytes } => {
                    assert!(!clean, "cut {cut}");
                    assert_eq!(
                        bytes.len(),
                        cut - ends[..whole].last().copied().unwrap_or(0)
                    );
                }
                Tail::Ambiguous { .. } => panic!("cut {cut}"),
            }
        }
    }
}

#[test]
fn j09_j10_no_flipped_bit_passes_in_silence() {
    let (mut bytes, ends, acknowledged) = sample();
    let all = writes().concat();
    let last_write = acknowledged[acknowledged.len() - 2];
    let used = *ends.last().unwrap();
    // Of the zeros kept ahead these are enough: it is read some ten thousand times.
    bytes.truncate(used + 64);
    for at in 0..used + 64 {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            let hit = ends.iter().filter(|end| **end <= at).count();
            match bodies(&bytes) {
                Err(error) => {
                    assert_eq!(error.code, codes::JOURNAL_CORRUPT, "{at}.{bit}: {error}");
                    assert!(hit < last_write, "{at}.{bit}");
                }
                Ok((seen, reading)) => {
                    assert_eq!(seen, all[..hit.min(all.len())], "{at}.{bit}");
                    match reading.tail {
                        // Zeros that were kept ahead hold nothing that was acknowledged.
                        Tail::Torn { .. } => assert!(at >= used, "{at}.{bit}"),
                        Tail::Ambiguous { .. } => {
                            assert!(at < used && hit >= last_write, "{at}.{bit}");
                        }
                        Tail::Clean => panic!("{at}.{bit} passed in silence"),
                    }
                }
            }
            bytes[at] ^= 1 << bit;
        }
    }
}

#[test]
fn damage_inside_a_write_that_was_never_acknowledged_is_not_called_corrupt() {
    let (bytes, ends, _) = sample();
    // The third write holds records 4 to 6. Its last page reached the disk and its first did not.
    let mut torn = bytes[..ends[6]].to_vec();
    torn[ends[3]..ends[3] + 40].fill(0);
    let (seen, reading) = bodies(&torn).unwrap();
    assert_eq!(seen, writes().concat()[..4]);
    assert!(matches!(reading.tail, Tail::Ambiguous { .. }));
}

#[test]
fn j12_a_record_that_is_gone_doubled_or_moved_is_named() {
    let (bytes, ends, _) = sample();
    let lines: Vec<&[u8]> = std::iter::once(0)
        .chain(ends.iter().copied())
        .zip(ends.iter().copied())
        .map(|(from, to)| &bytes[from..to])
        .collect();
    let refused = |lines: &[&[u8]], says: &str| {
        let error = bodies(&lines.concat()).unwrap_err();
        assert_eq!(error.code, codes::JOURNAL_CORRUPT);
        assert!(error.message.contains(says), "{error}");
    };
    let mut gone = lines.clone();
    gone.remove(3);
    refused(&gone, "record 4 stands where record 3 belongs");
    let mut twice = lines.clone();
    twice.insert(3, lines[3]);
    refused(&twice, "record 3 stands where record 4 belongs");
    let mut moved = lines.clone();
    moved.swap(3, 4);
    refused(&moved, "record 4 stands where record 3 belongs");

    // With its number and checksum mended, the chain still tells.
    let text = String::from_utf8(lines[3].to_vec()).unwrap();
    let json = text[17..].trim_end().replace("\"pid\":7", "\"pid\":8");
    let length = format!("{:08x}", json.len());
    let sum = super::record::checksum(length.as_bytes(), json.as_bytes());
    let forged = format!("{length}{sum:08x} {json}\n");
    let mut edited = lines.clone();
    edited[3] = forged.as_bytes();
    refused(&edited, "record 4 does not follow from the one before it");
}

/// A line as another engine might write it.
pub(super) fn foreign(json: &str) -> Vec<u8> {
    let length = format!("{:08x}", json.len());
    let sum = super::record::checksum(length.as_bytes(), json.as_bytes());
    format!("{length}{sum:08x} {json}\n").into_bytes()
}

#[test]
fn j18_a_newer_major_is_refused_and_its_engine_named() {
    let line = foreign(
        r#"{"v":2,"seq":0,"epoch":1,"t_wall":0,"t_boot":0,"prev":"x","host":{"head":{"engine":"3.1.4","shape":"other"}}}"#,
    );
    let error = bodies(&line).unwrap_err();
    assert_eq!(error.code, codes::JOURNAL_NEWER);
    assert!(error.help.unwrap().contains("runbook 3.1.4"));
}

#[test]
fn j19_an_unknown_kind_may_be_looked_at_and_no_more() {
    let line = foreign(&format!(
        r#"{{"v":1,"seq":0,"epoch":1,"t_wall":0,"t_boot":0,"prev":"{}","event":{{"levitated":{{"by":3}}}}}}"#,
        "0".repeat(32)
    ));
    let (seen, reading) = bodies(&line).unwrap();
    assert!(matches!(&seen[..], [Body::Unknown(what)] if what.contains("`levitated`")));
    assert!(reading.look_only.unwrap().contains("`levitated`"));
}

#[test]
fn j14_after_a_failed_sync_nothing_is_written_again() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    append(&mut journal, &Body::Host(head()), 0);
    journal.commit().unwrap();
    let good = disk.0.borrow().now.clone();
    let used = good.iter().rposition(|b| *b != 0).unwrap() + 1;
    disk.0.borrow_mut().fail_sync = Some(2);
    append(&mut journal, &Body::Event(Event::Ticked), 1);
    let error = journal.commit().unwrap_err();
    assert_eq!(error.code, codes::JOURNAL_WRITE);
    assert_eq!(error.exit_code(), 74);
    let writes = disk.0.borrow().writes;
    append(&mut journal, &Body::Event(Event::Ticked), 2);
    assert_eq!(journal.commit().unwrap_err(), error);
    assert_eq!(disk.0.borrow().writes, writes);
    assert_eq!(disk.0.borrow().syncs, 2, "the sync was not tried again");
    assert_eq!(
        disk.0.borrow().now,
        good[..used],
        "cut back to what was acknowledged"
    );
}

#[test]
fn j15_a_short_write_is_cut_back() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    append(&mut journal, &Body::Host(head()), 0);
    journal.commit().unwrap();
    disk.0.borrow_mut().fail_write = Some((2, 20));
    append(&mut journal, &Body::Event(Event::Ticked), 1);
    assert!(
        journal
            .commit()
            .unwrap_err()
            .message
            .contains("no storage space")
    );
    let (seen, reading) = bodies(&disk.0.borrow().now).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(reading.tail, Tail::Clean);
}

#[test]
fn j17_a_journal_that_was_taken_away_stops_the_run() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    append(&mut journal, &Body::Host(head()), 0);
    journal.commit().unwrap();
    disk.0.borrow_mut().gone = true;
    append(&mut journal, &Body::Event(Event::Ticked), 1);
    assert_eq!(journal.commit().unwrap_err().code, codes::JOURNAL_GONE);
    disk.0.borrow_mut().gone = false;
    assert_eq!(journal.commit().unwrap_err().code, codes::JOURNAL_GONE);
}

#[test]
fn one_commit_is_one_write_and_one_sync() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    for write in writes() {
        for body in &write {
            append(&mut journal, body, 0);
        }
        journal.commit().unwrap();
    }
    journal.commit().unwrap();
    assert_eq!(disk.0.borrow().writes, 4);
    assert_eq!(disk.0.borrow().syncs, 4);
}

#[test]
fn j11_zeros_behind_the_last_record_are_no_damage() {
    let (bytes, ends, _) = sample();
    let end = *ends.last().unwrap();
    let all = writes().concat();
    for zeros in 0..=4096 {
        let mut bytes = bytes[..end].to_vec();
        bytes.resize(end + zeros, 0);
        let (seen, reading) = bodies(&bytes).unwrap();
        assert_eq!(
            (seen.len(), reading.tail),
            (all.len(), Tail::Clean),
            "{zeros}"
        );
        assert_eq!(reading.end.length, (end + zeros) as u64);
    }
    // A torn piece with zeros behind it, as a power cut leaves it where zeros were written ahead.
    for torn in [1, HEADER, 40] {
        let mut bytes = bytes[..ends[3] + torn].to_vec();
        bytes.resize(ends[3] + torn + 4096, 0);
        let (seen, reading) = bodies(&bytes).unwrap();
        assert_eq!(seen, all[..4]);
        assert!(matches!(reading.tail, Tail::Torn { bytes } if bytes.len() == torn));
    }
}

/// Records without end, made as they are read; it keeps count of what is asked of it.
struct Endless {
    left: usize,
    next: End,
    line: Vec<u8>,
    at: usize,
    given: u64,
    largest: usize,
}

impl io::Read for &mut Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.largest = self.largest.max(out.len());
        if self.at == self.line.len() {
            if self.left == 0 {
                return Ok(0);
            }
            let disk = MemoryDisk::default();
            let start = End {
                offset: 0,
                length: 0,
                ..self.next
            };
            let mut journal = Journal::new(Box::new(disk.clone()), start);
            for _ in 0..self.left.min(1000) {
                self.left -= 1;
                let body = match journal.seq() {
                    0 => Body::Host(head()),
                    seq => Body::Event(exited(seq, "deployment \"app\" successfully rolled out\n")),
                };
                append(&mut journal, &body, 1);
            }
            journal.commit().unwrap();
            self.line = disk.0.borrow().now.clone();
            let used = self.line.iter().rposition(|byte| *byte != 0).unwrap() + 1;
            self.line.truncate(used);
            self.at = 0;
            self.next.seq = journal.seq();
            self.next.prev = journal.head();
        }
        let count = out.len().min(self.line.len() - self.at);
        out[..count].copy_from_slice(&self.line[self.at..self.at + count]);
        self.at += count;
        self.given += count as u64;
        Ok(count)
    }
}

#[test]
fn j21_a_long_journal_is_read_once_through_one_small_window() {
    let mut windows = Vec::new();
    for records in [2_000, 20_000] {
        let mut endless = Endless {
            left: records,
            next: End::START,
            line: Vec::new(),
            at: 0,
            given: 0,
            largest: 0,
        };
        let mut seen = 0;
        let reading = read(&mut endless, |_| {
            seen += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, records);
        // Each byte once, and never more than a window of them at a time.
        assert_eq!(reading.end.offset, endless.given);
        windows.push(endless.largest);
    }
    assert_eq!(
        windows[0], windows[1],
        "ten times the records, and no larger window"
    );
    assert!(windows[0] <= 256 << 10, "{windows:?}");
}

#[test]
fn what_is_left_of_a_damaged_journal_is_got_out() {
    let (bytes, ends, _) = sample();
    let pieces = |bytes: &[u8]| {
        let mut pieces = Vec::new();
        salvage(bytes, |piece| {
            pieces.push(piece);
            Ok(())
        })
        .unwrap();
        pieces
    };
    let whole = pieces(&bytes);
    assert_eq!(whole.len(), ends.len(), "zeros at the end are no damage");
    let used = *ends.last().unwrap();
    for at in (0..used).step_by(7) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        let hit = ends.iter().filter(|end| **end <= at).count();
        let mut wanted = whole.clone();
        let start = if hit == 0 { 0 } else { ends[hit - 1] };
        wanted[hit] = Piece::Damaged {
            offset: start as u64,
            bytes: (ends[hit] - start) as u64,
        };
        assert_eq!(pieces(&bytes), wanted, "byte {at}");
    }
}

#[test]
fn what_a_failed_sync_leaves_open_can_be_said() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::new(Box::new(disk.clone()), End::START);
    append(&mut journal, &Body::Host(head()), 0);
    journal.commit().unwrap();
    assert!(journal.unsure().is_empty());
    disk.0.borrow_mut().fail_sync = Some(2);
    let write = &writes()[2];
    for body in write {
        append(&mut journal, body, 1);
    }
    journal.commit().unwrap_err();
    assert_eq!(&journal.unsure(), write);
}
