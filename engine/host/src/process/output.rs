//! Output on its way from a pipe to the journal, the run's output file and the screen.
//!
//! A stream is kept in memory up to a limit and then goes to the run's output file as it comes; memory stays
//! flat whatever the size, and no line is looked for on the way.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use runbook_core::event::{Captured, Segment};

use super::Keep;
use crate::error::plainly;
use crate::files;

/// Which of the two streams of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    Out,
    Err,
}

/// Takes secrets out of one stream where it enters.
pub trait Redact {
    /// Appends to `clean` what of the stream may be kept and shown so far. What could be the beginning of a
    /// secret is held back until more comes.
    fn redact(&mut self, bytes: &[u8], clean: &mut Vec<u8>);
    /// The stream is over: appends what was held back.
    fn finish(&mut self, clean: &mut Vec<u8>);
}

/// One for each stream of one command; `None` where the run has no secret, and bytes pass as they are.
#[derive(Default)]
pub struct Redactors {
    pub out: Option<Box<dyn Redact>>,
    pub err: Option<Box<dyn Redact>>,
    /// Names and texts, for the recorder of a background command, which looks for them itself.
    pub secrets: Vec<(String, String)>,
}

/// Bytes of the screen's part of a long output.
const TAIL: usize = 4 * 1024;
/// The longest output that becomes a value.
const VALUE: usize = 1024 * 1024;

impl Keep {
    /// Bytes kept in memory before a stream goes to the file.
    pub(crate) fn limit(self) -> usize {
        match self {
            Keep::Tail => TAIL,
            Keep::Whole => VALUE,
        }
    }
}

/// One stream of one command, from its first byte to its last.
pub(crate) struct Sink {
    redactor: Option<Box<dyn Redact>>,
    keep: Keep,
    /// Clean bytes so far.
    total: u64,
    /// All of it while it is within the limit; then empty.
    inline: Vec<u8>,
    /// Once beyond the limit, the last bytes.
    tail: Vec<u8>,
    region: Option<Region>,
    text: Text,
    flaw: Option<String>,
    clean: Vec<u8>,
}

/// A part of the run's output file that one stream is written to.
struct Region {
    file: Rc<File>,
    offset: u64,
    length: u64,
    ticket: u64,
}

impl Sink {
    pub(crate) fn new(redactor: Option<Box<dyn Redact>>, keep: Keep) -> Sink {
        Sink {
            redactor,
            keep,
            total: 0,
            inline: Vec::new(),
            tail: Vec::new(),
            region: None,
            text: Text::default(),
            flaw: None,
            clean: Vec::new(),
        }
    }

    /// Takes bytes as they were read and gives those that may be shown.
    pub(crate) fn take<'a>(&'a mut self, bytes: &'a [u8], store: &mut Store) -> &'a [u8] {
        let Some(redactor) = &mut self.redactor else {
            self.keep(bytes, store);
            return bytes;
        };
        let mut clean = std::mem::take(&mut self.clean);
        clean.clear();
        redactor.redact(bytes, &mut clean);
        self.keep(&clean, store);
        self.clean = clean;
        &self.clean
    }

    /// The stream is over; gives what the redactor held back.
    pub(crate) fn end(&mut self, store: &mut Store) -> &[u8] {
        self.clean.clear();
        if let Some(mut redactor) = self.redactor.take() {
            let mut clean = std::mem::take(&mut self.clean);
            redactor.finish(&mut clean);
            self.keep(&clean, store);
            self.clean = clean;
        }
        &self.clean
    }

    /// Clean bytes so far.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    fn keep(&mut self, bytes: &[u8], store: &mut Store) {
        self.total += bytes.len() as u64;
        self.text.look(bytes);
        let limit = self.keep.limit();
        if self.region.is_none() && self.tail.is_empty() {
            if self.inline.len() + bytes.len() <= limit {
                self.inline.extend_from_slice(bytes);
                return;
            }
            let begun = std::mem::take(&mut self.inline);
            match store.reserve() {
                Ok(region) => self.region = Some(region),
                Err(error) => self.no_room(&error),
            }
            self.write(&begun, store);
            self.remember(&begun);
        }
        self.write(bytes, store);
        self.remember(bytes);
    }

    fn remember(&mut self, bytes: &[u8]) {
        if bytes.len() >= TAIL {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - TAIL..]);
        } else {
            self.tail.extend_from_slice(bytes);
            if self.tail.len() > 4 * TAIL {
                self.tail.drain(..self.tail.len() - TAIL);
            }
        }
    }

    fn write(&mut self, bytes: &[u8], store: &Store) {
        let Some(region) = &mut self.region else {
            return;
        };
        if self.flaw.is_some() {
            return;
        }
        let room = usize::try_from(store.cap.saturating_sub(region.length)).unwrap_or(usize::MAX);
        let within = &bytes[..bytes.len().min(room)];
        match region
            .file
            .write_all_at(within, region.offset + region.length)
        {
            Ok(()) => {
                region.length += within.len() as u64;
                if within.len() < bytes.len() {
                    self.flaw = Some(format!("cut after {}", size(store.cap)));
                }
            }
            Err(error) => self.no_room(&error),
        }
    }

    fn no_room(&mut self, error: &io::Error) {
        self.flaw = Some(format!(
            "the run's output file could not take all of it: {}",
            plainly(error)
        ));
    }

    /// What the journal is told. The file is durable up to here after [`Store::sync`].
    pub(crate) fn captured(mut self, store: &mut Store) -> Captured {
        let segment = self.region.take().map(|region| {
            let segment = Segment {
                offset: region.offset,
                length: region.length,
            };
            store.release(region);
            segment
        });
        let spilled = segment.is_some() || !self.tail.is_empty();
        let bytes = if spilled {
            let from = self.tail.len().saturating_sub(TAIL);
            let tail = &self.tail[from..];
            // Whole lines, unless one line is all there is.
            match tail.iter().position(|byte| *byte == b'\n') {
                Some(end) if end + 1 < tail.len() => &tail[end + 1..],
                // The cut may have gone through a character.
                _ => {
                    let begin = tail.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80);
                    &tail[begin.count()..]
                }
            }
        } else {
            &self.inline
        };
        let flaw = match (self.flaw, self.text.verdict()) {
            (Some(flaw), _) => Some(flaw),
            (None, Verdict::NotText) => Some("not UTF-8".to_owned()),
            (None, Verdict::IsText) if spilled && self.keep == Keep::Whole => Some(format!(
                "longer than {}, the most a value may hold",
                size(VALUE as u64)
            )),
            (None, Verdict::IsText) => None,
        };
        Captured {
            text: String::from_utf8_lossy(bytes).into_owned(),
            bytes: self.total,
            segment,
            flaw,
        }
    }

    /// The last bytes, for a screen that was spared the middle.
    pub(crate) fn tail(&self) -> &[u8] {
        let bytes = if self.tail.is_empty() {
            &self.inline
        } else {
            &self.tail
        };
        &bytes[bytes.len().saturating_sub(TAIL)..]
    }

    pub(crate) fn is_long(&self) -> Long {
        match self.region {
            Some(_) => Long::Yes,
            None => Long::No,
        }
    }
}

/// Whether an output went to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Long {
    Yes,
    No,
}

pub(super) fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}

/// Whether a stream is UTF-8, looked at piece by piece: a character may be split over two.
#[derive(Default)]
struct Text {
    begun: Vec<u8>,
    broken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    IsText,
    NotText,
}

impl Text {
    fn look(&mut self, mut bytes: &[u8]) {
        while !self.broken && !self.begun.is_empty() && !bytes.is_empty() {
            self.begun.push(bytes[0]);
            bytes = &bytes[1..];
            match std::str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(error) => self.broken = error.error_len().is_some(),
            }
        }
        if self.broken {
            return;
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            match error.error_len() {
                Some(_) => self.broken = true,
                None => self.begun.extend_from_slice(&bytes[error.valid_up_to()..]),
            }
        }
    }

    fn verdict(&self) -> Verdict {
        match self.broken || !self.begun.is_empty() {
            true => Verdict::NotText,
            false => Verdict::IsText,
        }
    }
}

/// The run's output file: long outputs, each in one piece, one after the other.
///
/// Two that are written at once begin a whole cap apart, and the gap is a hole in the file.
pub(crate) struct Store {
    path: PathBuf,
    pub(crate) cap: u64,
    file: Option<Rc<File>>,
    end: u64,
    open: Vec<(u64, u64)>,
    tickets: u64,
}

impl Store {
    pub(crate) fn new(path: &Path, cap: u64) -> Store {
        Store {
            path: path.to_owned(),
            cap,
            file: None,
            end: 0,
            open: Vec::new(),
            tickets: 0,
        }
    }

    fn reserve(&mut self) -> io::Result<Region> {
        if self.file.is_none() {
            let file = files::own(&self.path)?;
            self.end = file.metadata()?.len();
            self.file = Some(Rc::new(file));
        }
        let Some(file) = &self.file else {
            return Err(io::Error::other("no output file"));
        };
        let after_open = self.open.iter().map(|(_, offset)| offset + self.cap).max();
        let offset = self.end.max(after_open.unwrap_or(0));
        self.tickets += 1;
        self.open.push((self.tickets, offset));
        Ok(Region {
            file: Rc::clone(file),
            offset,
            length: 0,
            ticket: self.tickets,
        })
    }

    fn release(&mut self, region: Region) {
        self.open.retain(|(ticket, _)| *ticket != region.ticket);
        self.end = self.end.max(region.offset + region.length);
    }

    /// A handle of the file that another thread may sync.
    pub(crate) fn handle(&self) -> Option<io::Result<File>> {
        self.file.as_ref().map(|file| file.try_clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(name: &str, cap: u64) -> (PathBuf, Store) {
        let folder = std::env::temp_dir().join(format!("runbook-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("output");
        let _ = std::fs::remove_file(&path);
        (path.clone(), Store::new(&path, cap))
    }

    #[test]
    fn a_short_output_stands_whole_and_touches_no_file() {
        let (path, mut store) = store("short", 1 << 30);
        let mut sink = Sink::new(None, Keep::Tail);
        sink.take(b"one\n", &mut store);
        sink.take(b"two", &mut store);
        let captured = sink.captured(&mut store);
        assert_eq!((captured.text.as_str(), captured.bytes), ("one\ntwo", 7));
        assert_eq!((captured.segment, captured.flaw), (None, None));
        assert!(!path.exists());
    }

    #[test]
    fn long_outputs_that_interleave_are_each_in_one_piece() {
        let (path, mut store) = store("long", 1 << 20);
        let (mut a, mut b) = (Sink::new(None, Keep::Tail), Sink::new(None, Keep::Tail));
        for _ in 0..1000 {
            a.take(b"aaaaaaa\n", &mut store);
            b.take(b"bbbbbbb\n", &mut store);
        }
        let (a, b) = (a.captured(&mut store), b.captured(&mut store));
        let bytes = std::fs::read(&path).unwrap();
        for (captured, letter) in [(a, b'a'), (b, b'b')] {
            let Segment { offset, length } = captured.segment.unwrap();
            let part = &bytes[offset as usize..(offset + length) as usize];
            assert_eq!(part.len(), 8000);
            assert!(part.iter().all(|byte| *byte == letter || *byte == b'\n'));
            assert_eq!(captured.text.len() % 8, 0, "whole lines only");
        }
    }

    #[test]
    fn beyond_the_cap_it_is_counted_and_said() {
        let (path, mut store) = store("cap", 1 << 20);
        let mut sink = Sink::new(None, Keep::Tail);
        for _ in 0..40 {
            sink.take(&[b'x'; 64 * 1024], &mut store);
        }
        let captured = sink.captured(&mut store);
        assert_eq!(captured.flaw.as_deref(), Some("cut after 1 MiB"));
        assert_eq!(captured.bytes, 40 * 64 * 1024);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 1 << 20);
    }

    #[test]
    fn p17_a_character_split_over_two_reads_is_whole() {
        let (_, mut store) = store("split", 1 << 20);
        let mut sink = Sink::new(None, Keep::Tail);
        for byte in "grün ✔".as_bytes() {
            sink.take(&[*byte], &mut store);
        }
        let captured = sink.captured(&mut store);
        assert_eq!((captured.text.as_str(), captured.flaw), ("grün ✔", None));
    }

    #[test]
    fn p16_bytes_that_are_no_text_are_flagged() {
        let (_, mut store) = store("bytes", 1 << 20);
        let mut sink = Sink::new(None, Keep::Whole);
        let all: Vec<u8> = (0..=255).collect();
        sink.take(&all, &mut store);
        let captured = sink.captured(&mut store);
        assert_eq!(captured.flaw.as_deref(), Some("not UTF-8"));
        assert_eq!(captured.bytes, 256);
    }

    #[test]
    fn a_value_longer_than_a_mebibyte_is_flagged() {
        let (_, mut store) = store("value", 1 << 30);
        let mut sink = Sink::new(None, Keep::Whole);
        sink.take(&vec![b'x'; VALUE + 1], &mut store);
        let captured = sink.captured(&mut store);
        assert!(captured.flaw.unwrap().contains("longer than 1 MiB"));
    }

    #[test]
    fn of_many_small_pieces_the_last_lines_are_kept() {
        let (_, mut store) = store("pieces", 1 << 30);
        let mut sink = Sink::new(None, Keep::Tail);
        let mut all = String::new();
        for number in 0..4000 {
            let line = format!("line {number}\n");
            sink.take(line.as_bytes(), &mut store);
            all.push_str(&line);
            assert!(sink.tail.len() <= 4 * TAIL);
        }
        let end = &all[all.len() - TAIL..];
        assert_eq!(String::from_utf8_lossy(sink.tail()), end);
        let whole = &end[end.find('\n').unwrap() + 1..];
        assert_eq!(sink.captured(&mut store).text, whole);
    }

    #[test]
    fn a_line_without_end_is_cut_between_two_characters() {
        let (_, mut store) = store("characters", 1 << 30);
        for after in 0..4 {
            let mut sink = Sink::new(None, Keep::Tail);
            let text = format!("{}{}", "\u{1f980}".repeat(3000), "x".repeat(after));
            sink.take(text.as_bytes(), &mut store);
            let kept = sink.captured(&mut store).text;
            assert!(text.ends_with(&kept), "{}", &kept[..8]);
            assert!(kept.len() > TAIL - 4);
        }
    }

    #[test]
    fn a_size_is_said_in_the_largest_unit_that_divides_it() {
        for (bytes, expected) in [
            (1 << 30, "1 GiB"),
            (3 << 30, "3 GiB"),
            (1 << 20, "1 MiB"),
            ((1 << 30) + (1 << 20), "1025 MiB"),
            (1000, "1000 bytes"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn long_outputs_one_after_the_other_leave_no_hole() {
        let (path, mut store) = store("no-hole", 1 << 20);
        let long = |store: &mut Store, letter: u8| {
            let mut sink = Sink::new(None, Keep::Tail);
            sink.take(&[letter; 5000], store);
            assert_eq!(sink.total(), 5000);
            sink.captured(store).segment.unwrap()
        };
        for (number, letter) in [(0, b'a'), (1, b'b'), (2, b'c')] {
            let expected = Segment {
                offset: number * 5000,
                length: 5000,
            };
            assert_eq!(long(&mut store, letter), expected);
        }
        // Beside one that is still open nothing begins within what that may come to.
        let mut open = Sink::new(None, Keep::Tail);
        open.take(&[b'd'; 5000], &mut store);
        assert_eq!(long(&mut store, b'e').offset, 15_000 + (1 << 20));
        assert_eq!(long(&mut store, b'f').offset, 20_000 + (1 << 20));
        open.take(&[b'd'; 5000], &mut store);
        assert_eq!(open.captured(&mut store).segment.unwrap().length, 10_000);
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes[15_000..25_000].iter().all(|byte| *byte == b'd'));
        assert!(store.handle().unwrap().is_ok());
    }

    #[test]
    fn one_line_is_kept_with_its_end_and_an_output_without_a_file_is_told_by_its_own() {
        let (_, mut store) = store("one-line", 1 << 20);
        let mut sink = Sink::new(None, Keep::Tail);
        sink.take(format!("{}\n", "x".repeat(5000)).as_bytes(), &mut store);
        let text = sink.captured(&mut store).text;
        assert_eq!(text, format!("{}\n", "x".repeat(TAIL - 1)));

        let mut nowhere = Store::new(Path::new("/nowhere/output"), 1 << 20);
        assert!(nowhere.handle().is_none());
        let mut sink = Sink::new(None, Keep::Tail);
        sink.take(&[b'x'; 5000], &mut nowhere);
        sink.take(b"\nand its end\n", &mut nowhere);
        let captured = sink.captured(&mut nowhere);
        assert_eq!(
            (captured.text.as_str(), captured.bytes),
            ("and its end\n", 5013)
        );
        assert_eq!(captured.segment, None);
        assert!(
            captured
                .flaw
                .unwrap()
                .starts_with("the run's output file could not take all of it")
        );
    }

    /// Holds the last byte back until it is sure.
    struct Late(Option<u8>);

    impl Redact for Late {
        fn redact(&mut self, bytes: &[u8], clean: &mut Vec<u8>) {
            for byte in bytes {
                clean.extend(self.0.replace(*byte));
            }
        }

        fn finish(&mut self, clean: &mut Vec<u8>) {
            clean.extend(self.0.take());
        }
    }

    #[test]
    fn what_was_held_back_comes_with_the_end() {
        let (_, mut store) = store("late", 1 << 20);
        let mut sink = Sink::new(Some(Box::new(Late(None))), Keep::Tail);
        assert_eq!(sink.take(b"abc", &mut store), b"ab");
        assert_eq!(sink.total(), 2);
        assert_eq!(sink.end(&mut store), b"c");
        assert_eq!(sink.end(&mut store), b"");
        assert_eq!(sink.captured(&mut store).text, "abc");
    }

    #[test]
    fn a_character_may_come_in_pieces_and_what_is_none_is_said() {
        let flaw = |pieces: &[&[u8]]| {
            let (_, mut store) = store("text", 1 << 20);
            let mut sink = Sink::new(None, Keep::Tail);
            for piece in pieces {
                sink.take(piece, &mut store);
            }
            sink.captured(&mut store).flaw
        };
        assert_eq!(flaw(&[b"\xf0\x9f", b"\xa6", b"\x80 and on"]), None);
        for broken in [
            &[&b"\xf0\x9f"[..], b"x"][..],
            &[b"\xf0\x9f"],
            &[b"\xff", b"and on"],
            &[b"on and \xf0", b"\x9f", b"\xff"],
        ] {
            assert_eq!(flaw(broken).as_deref(), Some("not UTF-8"), "{broken:?}");
        }
    }
}
