//! Places in source text.

/// Which of the files of one load a place belongs to. Index into [`crate::source::Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A half-open range of bytes, `start..end`, in one source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub source: SourceId,
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset after the last byte.
    pub end: u32,
}

impl Span {
    pub fn new(source: SourceId, start: usize, end: usize) -> Span {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span {
            source,
            start: narrow(start),
            end: narrow(end),
        }
    }

    /// The smallest span that holds both; they must be of one file.
    pub fn to(self, end: Span) -> Span {
        Span {
            source: self.source,
            start: self.start.min(end.start),
            end: self.end.max(end.end),
        }
    }

    /// The first bytes of this place, at most all of them.
    pub fn first(self, bytes: usize) -> Span {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Span {
            end: self.start.saturating_add(bytes).min(self.end),
            ..self
        }
    }

    /// The empty place just after this one.
    pub fn after(self) -> Span {
        Span {
            start: self.end,
            ..self
        }
    }

    /// The empty place just before this one.
    pub fn before(self) -> Span {
        Span {
            end: self.start,
            ..self
        }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}
