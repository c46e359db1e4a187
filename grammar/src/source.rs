//! The text of a file, as the parser sees it: UTF-8, LF line ends, no forbidden characters.

use std::sync::OnceLock;

use crate::codes;
use crate::diagnostic::{self, Diagnostic};
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
    /// Of each file where its lines begin, once somebody asks.
    lines: Vec<OnceLock<Vec<usize>>>,
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
        self.lines.push(OnceLock::new());
        id
    }

    /// Adds a file as it was read: see [`normalise`]. The text is there even where there are mistakes, so that
    /// the parser can find the others.
    pub fn read(&mut self, name: impl Into<String>, text: &str) -> (SourceId, Vec<Diagnostic>) {
        let id = self.add(name, String::new());
        let (text, mistakes) = normalise(id, text);
        self.files[id.0 as usize].text = text;
        (id, mistakes)
    }

    pub fn get(&self, id: SourceId) -> &Source {
        &self.files[id.0 as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// The line of a byte, from 1.
    pub fn line(&self, id: SourceId, byte: usize) -> usize {
        self.starts(id).partition_point(|start| *start <= byte)
    }

    /// A file's lines are counted once, so that the places of many things are no walk over the file each.
    fn starts(&self, id: SourceId) -> &[usize] {
        self.lines[id.0 as usize].get_or_init(|| line_starts(&self.get(id).text))
    }

    /// Line and column of a byte, from 1; the column in characters, as editors count.
    pub fn line_and_column(&self, id: SourceId, byte: usize) -> (usize, usize) {
        let text = &self.get(id).text;
        let byte = byte.min(text.len());
        let line = self.line(id, byte);
        let start = self.starts(id)[line - 1];
        (line, text[start..byte].chars().count() + 1)
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        &self.get(span.source).text[span.range()]
    }
}

/// The bytes where the lines of a text begin.
pub(crate) fn line_starts(text: &str) -> Vec<usize> {
    let behind = text.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(behind).collect()
}

/// A file's text to the text that is parsed: a byte order mark is dropped, CRLF becomes LF. Reported are control
/// characters but tab and newline, and characters that change the direction of text.
pub fn normalise(id: SourceId, text: &str) -> (String, Vec<Diagnostic>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text.to_owned()
    };
    let mut mistakes = Vec::new();
    // Nearly every file has none of these bytes, and the look at its characters is saved.
    if text.bytes().any(may_be_forbidden) {
        let mut last_end = usize::MAX;
        for (at, sign) in text.char_indices() {
            if (sign.is_control() && sign != '\n' && sign != '\t') || is_bidirectional(sign) {
                // A run of them is one mistake.
                if at != last_end {
                    let span = Span::new(id, at, at + sign.len_utf8());
                    diagnostic::add(&mut mistakes, forbidden(span, sign));
                }
                last_end = at + sign.len_utf8();
            }
        }
    }
    (text, mistakes)
}

/// Whether a character that begins with this byte may be forbidden: a control character of ASCII, one of
/// U+0080 to U+00BF, or one of U+2000 to U+2FFF.
fn may_be_forbidden(byte: u8) -> bool {
    (byte < b' ' && byte != b'\n' && byte != b'\t') || matches!(byte, 0x7f | 0xc2 | 0xe2)
}

fn forbidden(span: Span, sign: char) -> Diagnostic {
    let (message, help) = match sign {
        '\r' => (
            "a carriage return stands alone".to_owned(),
            "end lines with LF or CRLF",
        ),
        '\0' => (
            "a NUL stands in the file".to_owned(),
            "take it away; save the file as UTF-8 if it is UTF-16",
        ),
        _ if is_bidirectional(sign) => (
            format!(
                "U+{:04X} changes the direction of text, so that a reader sees another text than the engine",
                u32::from(sign)
            ),
            "take it away",
        ),
        _ => (
            format!(
                "the control character U+{:04X} stands in the file",
                u32::from(sign)
            ),
            "take it away; in a command, write it as an escape of the shell",
        ),
    };
    Diagnostic::error(codes::FORBIDDEN_CHARACTER, message, span, "this character").help(help)
}

/// Characters that embed, override or isolate a direction of text.
pub(crate) fn is_bidirectional(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> (String, Vec<u16>) {
        let (text, mistakes) = normalise(SourceId(0), text);
        (
            text,
            mistakes.iter().map(|mistake| mistake.code.0).collect(),
        )
    }

    #[test]
    fn a_byte_has_its_line_and_its_column() {
        let mut sources = Sources::default();
        let id = sources.add("a.rbk", "a\n\u{e4}b\n\n");
        let all: Vec<_> = [0, 1, 2, 4, 5, 6, 7, 99]
            .map(|byte| sources.line_and_column(id, byte))
            .into();
        let wanted = [
            (1, 1),
            (1, 2),
            (2, 1),
            (2, 2),
            (2, 3),
            (3, 1),
            (4, 1),
            (4, 1),
        ];
        assert_eq!(all, wanted);
        assert_eq!(sources.line(id, 5), 2);
        let empty = sources.add("b.rbk", "");
        assert_eq!(sources.line_and_column(empty, 0), (1, 1));
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_normalised() {
        assert_eq!(codes("\u{feff}a\r\nb\n"), ("a\nb\n".to_owned(), vec![]));
    }

    #[test]
    fn what_deceives_a_reader_is_reported() {
        assert_eq!(codes("a\rb").1, [1011]);
        assert_eq!(codes("a\0\0b\0").1, [1011, 1011]);
        assert_eq!(codes("a\u{202e}b").1, [1011]);
        assert_eq!(codes("a\x1b[2J").1, [1011]);
        assert_eq!(
            codes("tab\t, umlaut \u{e4}, dash \u{2014}, emoji \u{1f600}").1,
            Vec::<u16>::new()
        );
    }

    #[test]
    fn the_quick_look_overlooks_no_character() {
        for sign in '\0'..=char::MAX {
            let wrong =
                (sign.is_control() && sign != '\n' && sign != '\t') || is_bidirectional(sign);
            let first = sign.encode_utf8(&mut [0; 4]).as_bytes()[0];
            assert!(!wrong || may_be_forbidden(first), "{sign:?}");
        }
    }
}
