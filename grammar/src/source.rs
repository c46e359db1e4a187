//! The text of a file, as the parser sees it: UTF-8, LF line ends, no forbidden characters.

use crate::span::{SourceId, Span};

/// One file of a load. `text` is what was parsed, hashed and journaled: the same bytes everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub id: SourceId,
    /// How the file is named to a person: as given on the command line, or `std.git`.
    pub name: String,
    /// CRLF already turned into LF, a byte order mark already dropped.
    pub text: String,
}

/// All files of one load; [`SourceId`] is the index.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a file and gives it its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source {
            id,
            name: name.into(),
            text: text.into(),
        });
        id
    }

    pub fn get(&self, id: SourceId) -> &Source {
        &self.files[id.0 as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        &self.get(span.source).text[span.range()]
    }
}
