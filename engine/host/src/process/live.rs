//! What of an output reaches the screen: all of it while a person could read it, a sample under a flood.

use std::time::{Duration, Instant};

use super::Stream;
use super::output::Sink;

/// How often the screen is told.
const EVERY: Duration = Duration::from_millis(50);
/// Bytes it is told at once.
const AT_ONCE: usize = 64 * 1024;

#[derive(Default)]
pub(crate) struct Live {
    pieces: Vec<Piece>,
    bytes: usize,
    skipped: u64,
    told: Option<Instant>,
}

pub(crate) struct Piece {
    pub stream: Stream,
    pub bytes: Vec<u8>,
    /// Bytes left out before this piece.
    pub skipped: u64,
}

impl Live {
    pub(crate) fn push(&mut self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.bytes >= AT_ONCE {
            self.skipped += bytes.len() as u64;
            return;
        }
        self.bytes += bytes.len();
        // Only the first piece after one that was shown can have something left out before it.
        let skipped = std::mem::take(&mut self.skipped);
        match self.pieces.last_mut() {
            Some(last) if last.stream == stream => {
                last.bytes.extend_from_slice(bytes);
            }
            _ => self.pieces.push(Piece {
                stream,
                bytes: bytes.to_vec(),
                skipped,
            }),
        }
    }

    /// When [`Live::ready`] will have something, where it has not now.
    pub(crate) fn wake(&self) -> Option<Instant> {
        match (self.pieces.is_empty(), self.told) {
            (true, _) => None,
            (false, Some(told)) => Some(told + EVERY),
            (false, None) => Some(Instant::now()),
        }
    }

    pub(crate) fn ready(&mut self, now: Instant) -> Vec<Piece> {
        if self.pieces.is_empty() || self.told.is_some_and(|told| now < told + EVERY) {
            return Vec::new();
        }
        self.told = Some(now);
        self.bytes = 0;
        std::mem::take(&mut self.pieces)
    }

    /// The command is over: everything that is left, and where the last of it was left out, its end.
    pub(crate) fn all(&mut self, out: &Option<Sink>, err: &Option<Sink>) -> Vec<Piece> {
        self.bytes = 0;
        let mut pieces = std::mem::take(&mut self.pieces);
        if self.skipped > 0 {
            for (stream, sink) in [(Stream::Out, out), (Stream::Err, err)] {
                let tail = sink.as_ref().map_or(&[][..], Sink::tail);
                if !tail.is_empty() {
                    pieces.push(Piece {
                        stream,
                        bytes: tail.to_vec(),
                        skipped: std::mem::take(&mut self.skipped),
                    });
                }
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::super::Keep;
    use super::super::output::Store;
    use super::*;

    #[test]
    fn a_flood_is_sampled_and_memory_stays_flat() {
        let mut live = Live::default();
        let start = Instant::now();
        live.push(Stream::Out, b"first");
        assert_eq!(live.ready(start).len(), 1);
        for _ in 0..1000 {
            live.push(Stream::Out, &[b'x'; AT_ONCE]);
        }
        assert!(live.ready(start).is_empty(), "not twice within {EVERY:?}");
        let shown = live.ready(start + EVERY);
        assert_eq!(
            shown.iter().map(|piece| piece.bytes.len()).sum::<usize>(),
            AT_ONCE
        );
        live.push(Stream::Err, b"after");
        let after = live.ready(start + EVERY * 2);
        assert_eq!(after[0].skipped, 999 * AT_ONCE as u64);
        assert_eq!(
            (after[0].stream, after[0].bytes.as_slice()),
            (Stream::Err, &b"after"[..])
        );
    }

    #[test]
    fn at_the_end_what_was_left_out_is_shown_by_its_last_lines() {
        let mut store = Store::new(std::path::Path::new("/nowhere"), 1 << 20);
        let mut sink = Sink::new(None, Keep::Tail);
        sink.take(b"the last line\n", &mut store);
        let silent = Sink::new(None, Keep::Tail);
        let (out, err) = (Some(silent), Some(sink));
        let mut live = Live::default();
        assert!(live.all(&out, &err).is_empty());
        live.push(Stream::Err, &[b'x'; AT_ONCE]);
        live.push(Stream::Err, b"the last line\n");
        let pieces = live.all(&out, &err);
        let last = pieces.last().unwrap();
        assert_eq!(
            (last.stream, last.bytes.as_slice(), last.skipped),
            (Stream::Err, &b"the last line\n"[..], 14)
        );
        assert_eq!(pieces.len(), 2);
    }

    #[test]
    fn what_one_stream_says_is_one_piece_until_the_other_speaks() {
        let mut live = Live::default();
        for (stream, text) in [
            (Stream::Out, "one "),
            (Stream::Out, "two"),
            (Stream::Err, ""),
            (Stream::Err, "three"),
            (Stream::Out, "four"),
        ] {
            live.push(stream, text.as_bytes());
        }
        let start = Instant::now();
        let pieces = live.ready(start);
        let told: Vec<_> = pieces
            .iter()
            .map(|piece| (piece.stream, piece.bytes.as_slice()))
            .collect();
        assert_eq!(
            told,
            [
                (Stream::Out, &b"one two"[..]),
                (Stream::Err, b"three"),
                (Stream::Out, b"four"),
            ]
        );
        assert_eq!(live.wake(), None);
        live.push(Stream::Out, b"five");
        assert_eq!(live.wake(), Some(start + EVERY));
    }
}
