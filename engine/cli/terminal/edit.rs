//! The line that a person types: bytes of keys in, text and a cursor out. Pure, so that every key and every paste
//! is tested without a terminal.

use unicode_width::UnicodeWidthChar;

/// Characters that a line takes; what is typed beyond them is let go.
const LONGEST: usize = 4_000;

/// What the keys that have a meaning send, as the terminal is set.
#[derive(Clone, Copy, Debug)]
pub struct Controls {
    pub interrupt: u8,
    pub quit: u8,
    pub suspend: u8,
    pub end: u8,
    pub erase: u8,
}

/// What a person meant by the keys, beyond editing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// Enter.
    Line,
    /// Ctrl-C, and Ctrl-D where nothing is typed: neither is ever an answer.
    Interrupt,
    /// Ctrl-\
    Quit,
    /// Ctrl-Z
    Suspend,
}

pub struct Editor {
    controls: Controls,
    text: Vec<char>,
    /// Characters before the cursor.
    at: usize,
    input: Input,
    paste: Paste,
}

/// Where in a sequence of bytes the next one stands.
#[derive(Debug, PartialEq, Eq)]
enum Input {
    Plain,
    /// A character of several bytes, of which these came.
    Part(Vec<u8>),
    Escape,
    /// After `ESC [`: its parameters.
    Csi(Vec<u8>),
    /// After `ESC O`.
    Ss3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paste {
    No,
    /// Between the brackets that a terminal puts around what is pasted.
    Open,
}

/// A window of the line that fits a row, and the columns before the cursor in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    pub text: String,
    pub column: usize,
}

impl Editor {
    pub fn new(controls: Controls, initial: &str) -> Editor {
        let text: Vec<char> = initial.chars().filter(|c| !c.is_control()).collect();
        Editor {
            controls,
            at: text.len(),
            text,
            input: Input::Plain,
            paste: Paste::No,
        }
    }

    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Takes the keys of one read. An Enter with more behind it in the same breath is no Enter that a person
    /// pressed at what stands there: it is the line end of something pasted, and becomes a blank.
    pub fn press(&mut self, keys: &[u8]) -> Option<Meant> {
        for (i, &byte) in keys.iter().enumerate() {
            let meant = self.take(byte, keys.len() - i - 1);
            if meant.is_some() {
                return meant;
            }
        }
        // An Escape with nothing behind it is the key of that name.
        if self.input == Input::Escape {
            self.input = Input::Plain;
        }
        None
    }

    fn take(&mut self, byte: u8, behind: usize) -> Option<Meant> {
        match std::mem::replace(&mut self.input, Input::Plain) {
            Input::Plain => return self.plain(byte, behind),
            Input::Part(mut bytes) => {
                if byte & 0xc0 != 0x80 {
                    // Cut off: what came of it is dropped, and this byte begins something else.
                    return self.plain(byte, behind);
                }
                bytes.push(byte);
                match std::str::from_utf8(&bytes) {
                    Ok(text) => text.chars().for_each(|c| self.insert(c)),
                    Err(error) if error.error_len().is_none() => self.input = Input::Part(bytes),
                    Err(_) => {}
                }
            }
            Input::Escape => match byte {
                b'[' => self.input = Input::Csi(Vec::new()),
                b'O' => self.input = Input::Ss3,
                0x1b => self.input = Input::Escape,
                // Alt and a key.
                _ => {}
            },
            Input::Csi(mut parameters) => match byte {
                0x40..=0x7e => self.sequence(&parameters, byte),
                _ if parameters.len() < 32 => {
                    parameters.push(byte);
                    self.input = Input::Csi(parameters);
                }
                _ => {}
            },
            Input::Ss3 => self.sequence(&[], byte),
        }
        None
    }

    fn sequence(&mut self, parameters: &[u8], last: u8) {
        match (parameters, last) {
            (b"200", b'~') => self.paste = Paste::Open,
            (b"201", b'~') => self.paste = Paste::No,
            (_, b'D') => self.at = self.at.saturating_sub(1),
            (_, b'C') => self.at = (self.at + 1).min(self.text.len()),
            (_, b'H') | (b"1" | b"7", b'~') => self.at = 0,
            (_, b'F') | (b"4" | b"8", b'~') => self.at = self.text.len(),
            (b"3", b'~') => self.delete(),
            _ => {}
        }
    }

    fn plain(&mut self, byte: u8, behind: usize) -> Option<Meant> {
        let controls = self.controls;
        match byte {
            0x1b => self.input = Input::Escape,
            b'\r' | b'\n' if self.paste == Paste::Open || behind > 0 => self.insert(' '),
            b'\t' => self.insert(' '),
            0xc0.. => self.input = Input::Part(vec![byte]),
            0x20..=0x7e => self.insert(char::from(byte)),
            // Nothing that is pasted is a command.
            _ if self.paste == Paste::Open => {}
            b'\r' | b'\n' => return Some(Meant::Line),
            // A control that is 0 is switched off.
            0 => {}
            _ if byte == controls.interrupt => return Some(Meant::Interrupt),
            _ if byte == controls.quit => return Some(Meant::Quit),
            _ if byte == controls.suspend => return Some(Meant::Suspend),
            _ if byte == controls.end && self.text.is_empty() => return Some(Meant::Interrupt),
            _ if byte == controls.end => self.delete(),
            _ if byte == controls.erase => self.erase(),
            0x08 | 0x7f => self.erase(),
            // Ctrl-A, -B, -E, -F, -K, -U, -W, as shells have them.
            0x01 => self.at = 0,
            0x02 => self.at = self.at.saturating_sub(1),
            0x05 => self.at = self.text.len(),
            0x06 => self.at = (self.at + 1).min(self.text.len()),
            0x0b => self.text.truncate(self.at),
            0x15 => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            0x17 => {
                while self.at > 0 && self.text[self.at - 1] == ' ' {
                    self.erase();
                }
                while self.at > 0 && self.text[self.at - 1] != ' ' {
                    self.erase();
                }
            }
            _ => {}
        }
        None
    }

    fn insert(&mut self, c: char) {
        if self.text.len() < LONGEST && !c.is_control() {
            self.text.insert(self.at, c);
            self.at += 1;
        }
    }

    fn delete(&mut self) {
        if self.at < self.text.len() {
            self.text.remove(self.at);
        }
    }

    fn erase(&mut self) {
        if self.at > 0 {
            self.at -= 1;
            self.text.remove(self.at);
        }
    }

    /// What of the line is shown in so many columns: the cursor is always in it, with a column of its own.
    pub fn window(&self, columns: usize) -> Window {
        let room = columns.saturating_sub(1).max(1);
        let mut first = self.at;
        let mut column = 0;
        while first > 0 {
            let width = width(self.text[first - 1]);
            if column + width > room {
                break;
            }
            column += width;
            first -= 1;
        }
        let mut text = String::new();
        let mut used = 0;
        for &c in &self.text[first..] {
            if used + width(c) > room {
                break;
            }
            used += width(c);
            text.push(shown(c));
        }
        Window { text, column }
    }
}

/// Characters that turn the direction of a line, or take no room, are shown as a mark: a person sees that
/// something is there.
fn shown(c: char) -> char {
    match c.width() {
        Some(0) | None => '\u{fffd}',
        _ => c,
    }
}

fn width(c: char) -> usize {
    shown(c).width().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROLS: Controls = Controls {
        interrupt: 3,
        quit: 0x1c,
        suspend: 0x1a,
        end: 4,
        erase: 0x7f,
    };

    fn editor() -> Editor {
        Editor::new(CONTROLS, "")
    }

    fn typed(keys: &[u8]) -> String {
        let mut editor = editor();
        for &key in keys {
            assert_eq!(editor.press(&[key]), None, "{keys:?}");
        }
        editor.text()
    }

    #[test]
    fn keys_edit_the_line() {
        for (keys, text) in [
            (&b"yes"[..], "yes"),
            (b"yex\x7fs", "yes"),
            (b"es\x01y", "yes"),
            (b"no way\x17\x17yes", "yes"),
            (b"nonsense\x15yes", "yes"),
            (b"yesterday\x01\x06\x06\x06\x0b", "yes"),
            ("größe\x08\x08ße".as_bytes(), "größe"),
            (b"a\tb", "a b"),
            (b"\x00\x07\x10", ""),
        ] {
            assert_eq!(typed(keys), text, "{keys:?}");
        }
    }

    #[test]
    fn sequences_move_and_never_leave_text() {
        let mut editor = editor();
        editor.press(b"ys");
        editor.press(b"\x1b[D");
        editor.press(b"e");
        editor.press(b"\x1b[1;5C\x1b[H\x1b[3~\x1bOF!\x1b[15~\x1b[A\x1b[<0;1;1M");
        assert_eq!(editor.text(), "es!");
        // Escape alone is a key, and the next one is its own.
        editor.press(b"\x1b");
        editor.press(b"?");
        assert_eq!(editor.text(), "es!?");
    }

    #[test]
    fn what_is_pasted_is_text_and_never_an_answer() {
        let mut editor = editor();
        assert_eq!(
            editor.press(b"\x1b[200~yes\nrm -rf /\r\x03\x04\x1b[201~"),
            None
        );
        assert_eq!(editor.text(), "yes rm -rf / ");
        assert_eq!(editor.press(b"\r"), Some(Meant::Line));
    }

    #[test]
    fn lines_in_one_breath_are_a_paste_without_brackets() {
        let mut editor = editor();
        assert_eq!(editor.press(b"yes\nyes\n"), Some(Meant::Line));
        assert_eq!(editor.text(), "yes yes");
    }

    #[test]
    fn only_a_key_ends_the_line() {
        for (key, meant) in [
            (b'\r', Meant::Line),
            (b'\n', Meant::Line),
            (3, Meant::Interrupt),
            (4, Meant::Interrupt),
            (0x1c, Meant::Quit),
            (0x1a, Meant::Suspend),
        ] {
            assert_eq!(editor().press(&[key]), Some(meant), "{key}");
        }
        // Ctrl-D in a line takes a character away.
        let mut editor = editor();
        assert_eq!(editor.press(b"no\x01\x04"), None);
        assert_eq!(editor.text(), "o");
        // A control that is switched off means nothing, whatever byte comes.
        let off = Controls {
            interrupt: 0,
            ..CONTROLS
        };
        assert_eq!(Editor::new(off, "").press(&[0]), None);
    }

    #[test]
    fn broken_characters_are_dropped() {
        assert_eq!(typed(b"a\xffb\xe6\x97c\xe6\x97\xa5"), "abc日");
    }

    #[test]
    fn the_window_holds_the_cursor_at_any_width() {
        let mut editor = editor();
        editor.press("abc日本語def".as_bytes());
        for columns in 0..20 {
            for _ in 0..12 {
                let window = editor.window(columns);
                assert!(window.column < columns.max(3), "{columns} {window:?}");
                editor.press(b"\x1b[D");
            }
            editor.press(b"\x05");
        }
        assert_eq!(
            editor.window(5),
            Window {
                text: "def".to_owned(),
                column: 3
            }
        );
        assert_eq!(
            Editor::new(CONTROLS, "a\u{202e}b").window(9).text,
            "a\u{fffd}b"
        );
    }

    #[test]
    fn no_bytes_whatever_panic_or_leave_controls_in_the_line() {
        use proptest::prelude::*;
        proptest!(|(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 0..20))| {
            let mut editor = editor();
            for chunk in &chunks {
                editor.press(chunk);
                editor.window(chunk.len());
            }
            prop_assert!(!editor.text().chars().any(char::is_control));
        });
    }
}
