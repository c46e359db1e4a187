//! The text of one statement while it is put together.

/// Lines that belong to one statement. The first stands at the statement's indentation.
pub(crate) struct Text {
    lines: Vec<Piece>,
}

pub(crate) struct Piece {
    pub place: Place,
    pub text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// So many columns right of the statement.
    Indented(usize),
    /// At the left edge of the file: the line is the author's, down to its blanks.
    Verbatim,
}

impl Text {
    pub fn new(text: impl Into<String>) -> Text {
        Text {
            lines: vec![Piece {
                place: Place::Indented(0),
                text: text.into(),
            }],
        }
    }

    /// Goes on behind the last line.
    pub fn add(&mut self, text: &str) -> &mut Text {
        if let Some(last) = self.lines.last_mut() {
            last.text.push_str(text);
        }
        self
    }

    /// Goes on behind the last line with text whose further lines, if any, must not move.
    pub fn add_verbatim(&mut self, text: &str) -> &mut Text {
        let mut lines = text.split('\n');
        if let Some(first) = lines.next() {
            self.add(first);
        }
        for line in lines {
            self.lines.push(Piece {
                place: Place::Verbatim,
                text: line.to_owned(),
            });
        }
        self
    }

    /// Goes on behind the last line with a text that may have lines of its own.
    pub fn join(&mut self, text: Text) -> &mut Text {
        let mut lines = text.lines.into_iter();
        if let Some(first) = lines.next() {
            self.add(&first.text);
        }
        self.lines.extend(lines);
        self
    }

    /// A line below, `columns` to the right of the statement.
    pub fn line(&mut self, columns: usize, text: &str) -> &mut Text {
        self.lines.push(Piece {
            place: Place::Indented(columns),
            text: text.to_owned(),
        });
        self
    }

    /// A line below, as the author has it.
    pub fn verbatim_line(&mut self, text: &str) -> &mut Text {
        self.lines.push(Piece {
            place: Place::Verbatim,
            text: text.to_owned(),
        });
        self
    }

    /// Lines below, each `columns` further to the right than it says itself.
    pub fn nest(&mut self, columns: usize, text: Text) -> &mut Text {
        for piece in text.lines {
            let place = match piece.place {
                Place::Indented(own) => Place::Indented(own + columns),
                Place::Verbatim => Place::Verbatim,
            };
            self.lines.push(Piece {
                place,
                text: piece.text,
            });
        }
        self
    }

    pub fn is_one_line(&self) -> bool {
        self.lines.len() == 1
    }

    pub fn into_lines(self) -> Vec<Piece> {
        self.lines
    }

    /// All of it on one line, a blank for every break.
    pub fn into_line(self) -> String {
        let lines: Vec<_> = self.lines.iter().map(|piece| piece.text.trim()).collect();
        lines.join(" ")
    }
}
