//! The text of a file, as the parser sees it: UTF-8, LF line ends, no forbidden characters.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::{SourceId, Span};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;

/// How many forbidden characters of one file are reported.
const MAX_REPORTED: usize = 100;

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

    /// Adds a file as it was read from the disk: see [`normalise`]. The text is there even where there are
    /// mistakes, so that the parser can find the others.
    pub fn read(&mut self, name: impl Into<String>, bytes: &[u8]) -> (SourceId, Vec<Diagnostic>) {
        let id = self.add(name, String::new());
        let (text, mistakes) = normalise(id, bytes);
        self.files[id.0 as usize].text = text;
        (id, mistakes)
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

/// Bytes to the text that is parsed: a byte order mark is dropped, CRLF becomes LF. Reported are what is not
/// UTF-8 (and replaced), control characters but tab and newline, characters that change the direction of
/// text, and a file larger than [`MAX_BYTES`], of which nothing is read.
pub fn normalise(id: SourceId, bytes: &[u8]) -> (String, Vec<Diagnostic>) {
    if bytes.len() > MAX_BYTES {
        let mistake = Diagnostic::error(
            codes::FILE_TOO_LARGE,
            format!("a file is larger than {} MiB", MAX_BYTES >> 20),
            Span::new(id, 0, 0),
            "this file",
        )
        .help("split it into modules");
        return (String::new(), vec![mistake]);
    }
    let mut mistakes = Vec::new();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let broken = std::str::from_utf8(bytes).is_err();
    let text = if text.contains('\r') {
        text.replace("\r\n", "\n")
    } else {
        text.into_owned()
    };
    if broken && let Some(at) = text.find('\u{fffd}') {
        mistakes.push(
            Diagnostic::error(
                codes::NOT_UTF8,
                "the file is not UTF-8",
                Span::new(id, at, at + 3),
                "the first byte that is not",
            )
            .help("save the file as UTF-8"),
        );
    }
    let mut last_end = usize::MAX;
    for (at, sign) in text.char_indices() {
        if (sign.is_control() && sign != '\n' && sign != '\t') || is_bidirectional(sign) {
            // A run of them is one mistake.
            if at != last_end && mistakes.len() < MAX_REPORTED {
                mistakes.push(forbidden(Span::new(id, at, at + sign.len_utf8()), sign));
            }
            last_end = at + sign.len_utf8();
        }
    }
    (text, mistakes)
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

    fn codes(bytes: &[u8]) -> (String, Vec<u16>) {
        let (text, mistakes) = normalise(SourceId(0), bytes);
        (
            text,
            mistakes.iter().map(|mistake| mistake.code.0).collect(),
        )
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_normalised() {
        assert_eq!(
            codes(b"\xef\xbb\xbfa\r\nb\n"),
            ("a\nb\n".to_owned(), vec![])
        );
    }

    #[test]
    fn what_deceives_a_reader_is_reported() {
        assert_eq!(codes(b"a\rb").1, [1011]);
        assert_eq!(codes(b"a\0\0b\0").1, [1011, 1011]);
        assert_eq!(codes("a\u{202e}b".as_bytes()).1, [1011]);
        assert_eq!(codes(b"a\x1b[2J").1, [1011]);
        assert_eq!(
            codes("tab\t, umlaut \u{e4}, emoji \u{1f600}".as_bytes()).1,
            Vec::<u16>::new()
        );
    }

    #[test]
    fn what_is_not_utf8_is_reported_once_and_read_all_the_same() {
        assert_eq!(
            codes(b"a\xffb\xff"),
            ("a\u{fffd}b\u{fffd}".to_owned(), vec![1010])
        );
    }
}
