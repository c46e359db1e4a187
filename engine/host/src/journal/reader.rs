//! Reading: one pass from the first byte, every checksum and every link checked, and a verdict on the tail.
//!
//! | what stands after the last good record | verdict |
//! |---|---|
//! | nothing, or zeros | [`Tail::Clean`]: the writer keeps zeros ahead |
//! | a piece of a line without its end | [`Tail::Torn`]: it was never acknowledged |
//! | a whole line that is damaged, or damage inside the last write | [`Tail::Ambiguous`]: torn by a power cut or rotten since; a person decides |
//! | damage with acknowledged records behind it, a gap, a broken chain | an error, never mended |

use std::io::Read;

use runbook_core::event::Moment;

use super::record::{
    Body, Envelope, HEADER, HostRecord, LONGEST, Line, Link, MAJOR, MINOR, Record, checksum,
    eight_hex,
};
use super::writer::End;
use crate::codes;
use crate::error::{HostError, plainly};

/// How much is read at a time, in bytes.
const PIECE: usize = 256 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tail {
    Clean,
    Torn { bytes: Vec<u8> },
    Ambiguous { bytes: Vec<u8>, why: String },
}

/// What a pass over a journal learned beside its records.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Where appending goes on; with a tail that is not clean, after the tail is cut off there.
    pub end: End,
    pub tail: Tail,
    /// Why the run cannot go on with this engine: the journal holds something newer.
    pub look_only: Option<String>,
}

impl Reading {
    /// Where there are bytes and no record: whether anything was begun, nobody can say.
    pub fn says_nothing(&self) -> Option<HostError> {
        let nothing = self.end.seq == 0 && self.tail != Tail::Clean;
        nothing.then(|| corrupt(0, "it does not begin with a record"))
    }
}

/// Reads a journal from its start and hands every record over, in order.
///
/// # Errors
/// Damage in the middle, a newer major version, a file that cannot be read, and what `visit` refuses.
pub fn read(
    file: impl Read,
    mut visit: impl FnMut(Record) -> Result<(), HostError>,
) -> Result<Reading, HostError> {
    let mut reader = Reader::new(file);
    while let Some(record) = reader.record()? {
        visit(record)?;
    }
    Ok(reader.reading)
}

/// A journal that is being read. What it has learned so far holds for the records before the one that is refused.
pub struct Reader<R> {
    file: R,
    window: Window,
    pub reading: Reading,
}

impl<R: Read> Reader<R> {
    pub fn new(file: R) -> Reader<R> {
        let end = End {
            epoch: 0,
            ..End::START
        };
        Reader {
            file,
            window: Window::default(),
            reading: Reading {
                end,
                tail: Tail::Clean,
                look_only: None,
            },
        }
    }

    /// The next record, or nothing where the records end and the tail is judged.
    ///
    /// # Errors
    /// Damage in the middle, a newer major version, a file that cannot be read.
    pub fn record(&mut self) -> Result<Option<Record>, HostError> {
        let reading = &mut self.reading;
        match self.window.frame(&mut self.file)? {
            Some(line) => {
                let record = record(line, reading)?;
                reading.end.offset += line.len() as u64;
                reading.end.seq = record.seq + 1;
                reading.end.epoch = record.epoch;
                reading.end.prev = Link::of(line);
                let taken = line.len();
                self.window.take(taken);
                Ok(Some(record))
            }
            None => {
                let rest = self.window.rest(&mut self.file)?;
                reading.end.length = reading.end.offset + rest.len() as u64;
                reading.tail = classify(rest, reading.end.seq, reading.end.offset)?;
                Ok(None)
            }
        }
    }
}

/// What a journal holds, whether or not it holds together: for a person who has to see what is left of a damaged one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The JSON of a record whose length and checksum are right.
    Record(Vec<u8>),
    /// Bytes that are no record.
    Damaged { offset: u64, bytes: u64 },
}

/// Hands over every record there is, and how much stands between them that is none. Nothing is held against what
/// stands before it.
pub fn salvage(
    mut file: impl Read,
    mut visit: impl FnMut(Piece) -> Result<(), HostError>,
) -> Result<(), HostError> {
    let mut window = Window::default();
    let mut offset = 0;
    let mut damaged = 0;
    // Zeros at the end are kept ahead: damage is only what something stands in or behind.
    let mut seen = 0;
    loop {
        let taken = match window.frame(&mut file)? {
            Some(line) => {
                if damaged > 0 {
                    let offset = offset - damaged;
                    let bytes = std::mem::take(&mut damaged);
                    seen = 0;
                    visit(Piece::Damaged { offset, bytes })?;
                }
                visit(Piece::Record(json_of(line).to_vec()))?;
                line.len()
            }
            None => {
                window.want(1, &mut file)?;
                let Some(byte) = window.bytes[window.start..window.end].first() else {
                    break;
                };
                damaged += 1;
                if *byte != 0 {
                    seen = damaged;
                }
                1
            }
        };
        window.take(taken);
        offset += taken as u64;
    }
    if seen > 0 {
        let offset = offset - damaged;
        visit(Piece::Damaged {
            offset,
            bytes: seen,
        })?;
    }
    Ok(())
}

/// A stretch of the file, read ahead.
#[derive(Default)]
struct Window {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Window {
    /// The next line that is whole and whose checksum holds, or nothing where the next bytes are no such line.
    fn frame(&mut self, file: &mut impl Read) -> Result<Option<&[u8]>, HostError> {
        self.want(HEADER, file)?;
        let Some(length) = eight_hex(&self.bytes[self.start..self.end]) else {
            return Ok(None);
        };
        let length = length as usize;
        if length > LONGEST {
            return Ok(None);
        }
        self.want(HEADER + length + 1, file)?;
        Ok(frame_at(&self.bytes[self.start..self.end]))
    }

    /// Tries to have `count` bytes from `start` on.
    fn want(&mut self, count: usize, file: &mut impl Read) -> Result<(), HostError> {
        if self.end - self.start >= count {
            return Ok(());
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < count {
            if self.end == self.bytes.len() {
                // A length that is damage may be of any size: room is made for what is there, not for what it says.
                let more = self.bytes.len().max(PIECE);
                self.bytes.resize(self.bytes.len() + more, 0);
            }
            let got = match file.read(&mut self.bytes[self.end..]) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(&error)),
            };
            self.end += got;
        }
        Ok(())
    }

    fn take(&mut self, count: usize) {
        self.start += count;
    }

    /// Everything from here to the end of the file.
    fn rest(&mut self, file: &mut impl Read) -> Result<&[u8], HostError> {
        self.bytes.truncate(self.end);
        file.read_to_end(&mut self.bytes)
            .map_err(|error| unreadable(&error))?;
        self.end = self.bytes.len();
        Ok(&self.bytes[self.start..])
    }
}

fn unreadable(error: &std::io::Error) -> HostError {
    HostError::new(
        codes::JOURNAL_READ,
        format!("the journal cannot be read: {}", plainly(error)),
    )
}

/// The whole line at the start of `bytes`, newline included, where its header, checksum and end are right.
fn frame_at(bytes: &[u8]) -> Option<&[u8]> {
    let (line, end) = line_at(bytes)?;
    (end == Some(b'\n')).then_some(line)
}

/// The line at the start of `bytes` with the byte that stands where its newline should, where the checksum
/// holds.
fn line_at(bytes: &[u8]) -> Option<(&[u8], Option<u8>)> {
    let length = eight_hex(bytes)? as usize;
    let sum = eight_hex(bytes.get(8..)?)?;
    if bytes.get(HEADER - 1) != Some(&b' ') {
        return None;
    }
    let json = bytes.get(HEADER..HEADER.checked_add(length)?)?;
    if checksum(&bytes[..8], json) != sum {
        return None;
    }
    let end = HEADER + length;
    Some((
        &bytes[..(end + 1).min(bytes.len())],
        bytes.get(end).copied(),
    ))
}

/// What stands between a whole line's header and its newline.
fn json_of(line: &[u8]) -> &[u8] {
    &line[HEADER..line.len() - 1]
}

/// What whole lines hold, held against nothing.
pub(super) fn bodies(mut lines: &[u8]) -> Vec<Body> {
    let mut found = Vec::new();
    while let Some(line) = frame_at(lines) {
        found.extend(canonical(json_of(line)).map(|(_, body)| body));
        lines = &lines[line.len()..];
    }
    found
}

fn record(line: &[u8], reading: &mut Reading) -> Result<Record, HostError> {
    let offset = reading.end.offset;
    let json = json_of(line);
    let (envelope, body) = match canonical(json) {
        Some(found) => found,
        None => lenient(json, offset)?,
    };
    if envelope.seq != reading.end.seq {
        return Err(corrupt(
            offset,
            &format!(
                "record {} stands where record {} belongs",
                envelope.seq, reading.end.seq
            ),
        ));
    }
    if envelope.prev != reading.end.prev.as_str() {
        return Err(corrupt(
            offset,
            &format!(
                "record {} does not follow from the one before it",
                envelope.seq
            ),
        ));
    }
    if envelope.epoch < reading.end.epoch {
        return Err(corrupt(
            offset,
            &format!(
                "record {} was written by an engine that had lost the run",
                envelope.seq
            ),
        ));
    }
    match &body {
        Body::Unknown(what) => {
            reading.look_only.get_or_insert_with(|| what.clone());
        }
        Body::Host(HostRecord::Head(head)) => {
            let minor = head
                .format
                .split_once('.')
                .and_then(|(_, m)| m.parse().ok());
            if minor.is_none_or(|minor: u32| minor > MINOR) {
                reading.look_only.get_or_insert_with(|| {
                    format!("format {}, written by runbook {}", head.format, head.engine)
                });
            }
        }
        _ => {}
    }
    Ok(Record {
        seq: envelope.seq,
        epoch: envelope.epoch,
        at: Moment {
            wall: envelope.t_wall,
            boot: envelope.t_boot,
        },
        body,
    })
}

/// A record in the very form that the writer gives it: the envelope by hand, what it holds by its type.
/// Nothing where it has any other form.
fn canonical(json: &[u8]) -> Option<(Envelope<'_>, Body)> {
    let mut rest = json;
    if number(&mut rest, b"{\"v\":")? != u64::from(MAJOR) {
        return None;
    }
    let seq = number(&mut rest, b",\"seq\":")?;
    let epoch = u32::try_from(number(&mut rest, b",\"epoch\":")?).ok()?;
    let t_wall = i64::try_from(number(&mut rest, b",\"t_wall\":")?).ok()?;
    let t_boot = i64::try_from(number(&mut rest, b",\"t_boot\":")?).ok()?;
    rest = rest.strip_prefix(b",\"prev\":\"")?;
    let (prev, mut rest) = rest.split_at_checked(Link::DIGITS)?;
    let prev = std::str::from_utf8(prev).ok()?;
    if !prev.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    rest = rest.strip_prefix(b"\"")?;
    if rest.starts_with(b",\"first\":") {
        number(&mut rest, b",\"first\":")?;
    }
    let rest = rest.strip_suffix(b"}")?;
    let body = if let Some(event) = rest.strip_prefix(b",\"event\":") {
        Body::Event(serde_json::from_slice(event).ok()?)
    } else {
        Body::Host(serde_json::from_slice(rest.strip_prefix(b",\"host\":")?).ok()?)
    };
    let envelope = Envelope {
        seq,
        epoch,
        t_wall,
        t_boot,
        prev,
        event: None,
        host: None,
    };
    Some((envelope, body))
}

/// The number behind `key`, as the writer writes it; both are taken off `rest`.
fn number(rest: &mut &[u8], key: &[u8]) -> Option<u64> {
    let text = rest.strip_prefix(key)?;
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 1 && text[0] == b'0' {
        return None;
    }
    let (number, after) = text.split_at(digits);
    *rest = after;
    number.iter().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// A record in another order or with more in it, as a newer engine may write it.
fn lenient(json: &[u8], offset: u64) -> Result<(Envelope<'_>, Body), HostError> {
    let line = match serde_json::from_slice::<Line<'_>>(json) {
        Ok(line) if line.v == MAJOR => line,
        _ => return strange(json, offset),
    };
    let body = match (line.event, line.host) {
        (Some(event), None) => Body::Event(event),
        (None, Some(host)) => Body::Host(host),
        _ => Body::Unknown("a record that is neither event nor host record".into()),
    };
    let envelope = Envelope {
        seq: line.seq,
        epoch: line.epoch,
        t_wall: line.t_wall,
        t_boot: line.t_boot,
        prev: line.prev,
        event: None,
        host: None,
    };
    Ok((envelope, body))
}

/// A record whose checksum holds and whose content this engine does not know.
fn strange(json: &[u8], offset: u64) -> Result<(Envelope<'_>, Body), HostError> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
        host: Option<serde_json::Value>,
    }
    let version: Version = serde_json::from_slice(json)
        .map_err(|error| corrupt(offset, &format!("its text is no record: {error}")))?;
    if version.v != MAJOR {
        let engine = version
            .host
            .as_ref()
            .and_then(|host| host.pointer("/head/engine"))
            .and_then(|engine| engine.as_str());
        let by = match engine {
            Some(engine) => format!("runbook {engine}"),
            None => format!("a runbook whose journals are of format {}", version.v),
        };
        return Err(HostError::new(
            codes::JOURNAL_NEWER,
            format!(
                "the journal is of format {}, and this engine reads format {MAJOR}",
                version.v
            ),
        )
        .help(format!("Use {by}; the journal was left as it is.")));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(json)
        .map_err(|error| corrupt(offset, &format!("its text is no record: {error}")))?;
    let held = envelope.event.or(envelope.host).map_or("", |raw| raw.get());
    let kind = held
        .trim_start_matches(['{', '"'])
        .split('"')
        .next()
        .unwrap_or_default();
    let what = format!("a record of the kind `{kind}`, which this engine does not know");
    Ok((envelope, Body::Unknown(what)))
}

fn corrupt(offset: u64, why: &str) -> HostError {
    HostError::new(
        codes::JOURNAL_CORRUPT,
        format!("the journal is damaged at byte {offset}: {why}"),
    )
    .help("Restore the file from a backup, or get what is left with `runbook journal export`.")
}

/// What the bytes after the last good record are. `seq` is the number of the record that is missing.
fn classify(rest: &[u8], seq: u64, offset: u64) -> Result<Tail, HostError> {
    let used = rest
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    let rest = &rest[..used];
    if rest.is_empty() {
        return Ok(Tail::Clean);
    }
    let ambiguous = |why: &str| Tail::Ambiguous {
        bytes: rest.to_vec(),
        why: why.to_owned(),
    };
    if let Some((at, first)) = later(rest) {
        return if first > seq {
            Err(corrupt(
                offset,
                &format!(
                    "a good record stands {at} bytes behind it, so it was written and acknowledged once"
                ),
            ))
        } else {
            Ok(ambiguous("the last write to it is damaged"))
        };
    }
    let unended = line_at(rest).is_some_and(|(_, end)| end.is_some());
    if unended || rest.contains(&b'\n') {
        return Ok(ambiguous("its last record is damaged"));
    }
    Ok(Tail::Torn {
        bytes: rest.to_vec(),
    })
}

/// A good record behind the start of `rest`, of the latest write there is: where, and the number its write began with.
fn later(rest: &[u8]) -> Option<(usize, u64)> {
    #[derive(serde::Deserialize)]
    struct Write {
        seq: u64,
        first: Option<u64>,
    }
    // Where a newline itself is damaged, the next record begins where the damaged line would have ended.
    let unended = line_at(rest).map(|(line, _)| line.len());
    (1..rest.len())
        .filter(|at| matches!(rest[at - 1], 0 | b'\n') || Some(*at) == unended)
        .filter_map(|at| {
            let line = frame_at(&rest[at..])?;
            let write: Write = serde_json::from_slice(json_of(line)).ok()?;
            Some((at, write.first.unwrap_or(write.seq)))
        })
        .max_by_key(|(_, first)| *first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of the writer, and the same said in another order.
    const LINE: &str = r#"{"v":1,"seq":4,"epoch":2,"t_wall":1767603600000,"t_boot":7,"prev":"00000000000000000000000000000000","first":3,"event":"ticked"}"#;

    fn both(json: &str) -> (Option<String>, Option<String>) {
        let said = |(envelope, body): (Envelope<'_>, Body)| {
            let Envelope {
                seq,
                epoch,
                t_wall,
                t_boot,
                prev,
                ..
            } = envelope;
            format!("{seq} {epoch} {t_wall} {t_boot} {prev} {body:?}")
        };
        let json = json.as_bytes();
        (canonical(json).map(said), lenient(json, 0).ok().map(said))
    }

    #[test]
    fn what_is_read_by_hand_is_read_as_serde_reads_it() {
        let (hand, serde) = both(LINE);
        assert!(hand.is_some());
        assert_eq!(hand, serde);
        // Whatever the hand takes serde takes, and alike: a byte is changed at each place.
        let mut taken = 0;
        for at in 0..LINE.len() {
            for byte in [b'0', b'9', b'-', b' ', b'"', b',', b'}', b'x', 0xc3] {
                let mut json = LINE.as_bytes().to_vec();
                json[at] = byte;
                let Ok(json) = String::from_utf8(json) else {
                    continue;
                };
                if let (Some(hand), serde) = both(&json) {
                    taken += 1;
                    assert_eq!(Some(hand), serde, "{json}");
                }
            }
        }
        assert!(taken > 20, "{taken}");
    }

    #[test]
    fn another_order_and_more_in_it_are_read_too() {
        let other = r#"{"seq":4,"v":1,"epoch":2,"t_wall":-1,"t_boot":7,"prev":"0","event":"ticked","more":[1]}"#;
        let (hand, serde) = both(other);
        assert_eq!(hand, None);
        assert_eq!(serde.as_deref(), Some("4 2 -1 7 0 Event(Ticked)"));
    }

    #[test]
    fn a_number_is_read_as_it_is_written_and_in_no_other_way() {
        let read = |text: &str| {
            let mut rest = text.as_bytes();
            number(&mut rest, b"=").map(|number| (number, rest.len()))
        };
        for (text, wanted) in [
            ("=0,", Some((0, 1))),
            ("=10", Some((10, 0))),
            ("=18446744073709551615", Some((u64::MAX, 0))),
            ("=18446744073709551616", None),
            ("=99999999999999999999", None),
            ("=00", None),
            ("=01", None),
            ("=", None),
            ("=-1", None),
            ("5", None),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_host_record_is_read_in_another_order_too() {
        let other = r#"{"seq":4,"v":1,"epoch":2,"t_wall":-1,"t_boot":7,"prev":"0","host":{"tail_cut":{"offset":3,"bytes":2,"by":"ada"}}}"#;
        let (_, body) = lenient(other.as_bytes(), 0).expect("read");
        assert!(matches!(
            body,
            Body::Host(HostRecord::TailCut { offset: 3, .. })
        ));
        let both = other.replace("\"host\"", "\"event\":\"ticked\",\"host\"");
        let (_, body) = lenient(both.as_bytes(), 0).expect("read");
        assert!(matches!(body, Body::Unknown(_)));
    }
}
