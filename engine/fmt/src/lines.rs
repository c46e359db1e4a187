//! Printed lines. Columns are found here, once all lines are there, since a line cannot know its neighbours.

use crate::text::{Place, Text};
use unicode_width::UnicodeWidthStr;

/// Columns between a statement and the comment behind it.
const COMMENT_GAP: usize = 2;

/// Neighbours of one kind share their columns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    About,
    Severity,
    Given,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Comment,
    /// Text that a comment may follow.
    Code(Option<Columns>),
    /// Text whose line belongs to it to the end: a command, a mark, a part of a script.
    Closed,
}

struct Line {
    kind: Kind,
    indent: usize,
    /// All but the last are padded to the width they have among the neighbours.
    cells: Vec<String>,
    comment: Option<String>,
}

#[derive(Default)]
pub(crate) struct Lines {
    lines: Vec<Line>,
}

impl Lines {
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn blank(&mut self) {
        self.push(Kind::Blank, 0, Vec::new());
    }

    pub fn comment(&mut self, indent: usize, text: &str) {
        self.push(Kind::Comment, indent, vec![text.to_owned()]);
    }

    pub fn code(&mut self, indent: usize, text: Text) {
        self.text(Kind::Code(None), indent, text);
    }

    /// Lines that no comment may follow.
    pub fn closed(&mut self, indent: usize, text: Text) {
        self.text(Kind::Closed, indent, text);
    }

    pub fn columns(&mut self, columns: Columns, indent: usize, cells: Vec<String>) {
        self.push(Kind::Code(Some(columns)), indent, cells);
    }

    /// Puts a comment behind the last line; refused where that line cannot carry it.
    pub fn trail(&mut self, comment: &str) -> Result<(), Refused> {
        match self.lines.last_mut() {
            Some(Line {
                kind: Kind::Code(_),
                comment: slot @ None,
                ..
            }) => {
                *slot = Some(comment.to_owned());
                Ok(())
            }
            _ => Err(Refused),
        }
    }

    /// The only line, if there is one line, it stands alone, and a brace may follow it.
    pub fn into_single(mut self) -> Option<String> {
        match (self.lines.pop(), self.lines.is_empty()) {
            (
                Some(Line {
                    kind: Kind::Code(_),
                    cells,
                    comment: None,
                    ..
                }),
                true,
            ) => Some(cells.join(" ")),
            _ => None,
        }
    }

    pub fn finish(mut self) -> String {
        self.align_cells();
        let comment_columns = self.comment_columns();
        let mut out = String::new();
        for (line, column) in self.lines.iter().zip(comment_columns) {
            let start = out.len();
            out.extend(std::iter::repeat_n(' ', line.indent));
            out.push_str(&line.cells.join(" "));
            if let Some(comment) = &line.comment {
                let width = out[start..].width();
                out.extend(std::iter::repeat_n(' ', column.saturating_sub(width)));
                out.push_str(comment);
            }
            out.push('\n');
        }
        out
    }

    fn push(&mut self, kind: Kind, indent: usize, cells: Vec<String>) {
        self.lines.push(Line {
            kind,
            indent,
            cells,
            comment: None,
        });
    }

    fn text(&mut self, kind: Kind, indent: usize, text: Text) {
        for piece in text.into_lines() {
            match piece.place {
                Place::Indented(_) if piece.text.is_empty() => {
                    self.push(Kind::Closed, 0, Vec::new())
                }
                Place::Indented(columns) => self.push(kind, indent + columns, vec![piece.text]),
                Place::Verbatim => self.push(kind, 0, vec![piece.text]),
            }
        }
    }

    /// Pads the cells of each run of neighbours. A comment between two lines does not part them, a blank line does.
    fn align_cells(&mut self) {
        let mut start = 0;
        while start < self.lines.len() {
            let Kind::Code(Some(columns)) = self.lines[start].kind else {
                start += 1;
                continue;
            };
            let indent = self.lines[start].indent;
            let len = self.lines[start..]
                .iter()
                .take_while(|line| {
                    line.indent == indent
                        && matches!(line.kind, Kind::Comment | Kind::Code(Some(_)))
                        && (line.kind == Kind::Comment || line.kind == Kind::Code(Some(columns)))
                })
                .count();
            pad(&mut self.lines[start..start + len]);
            start += len;
        }
    }

    /// For each line, the column where the comment behind it starts.
    fn comment_columns(&self) -> Vec<usize> {
        let mut columns = vec![0; self.lines.len()];
        let mut start = 0;
        while start < self.lines.len() {
            let indent = self.lines[start].indent;
            let run = self.lines[start..]
                .iter()
                .take_while(|line| line.comment.is_some() && line.indent == indent);
            let widths: Vec<_> = run
                .map(|line| line.indent + line.cells.join(" ").width())
                .collect();
            let column = widths.iter().max().map_or(0, |widest| widest + COMMENT_GAP);
            columns[start..start + widths.len()].fill(column);
            start += widths.len().max(1);
        }
        columns
    }
}

/// The last line has no room for a comment.
pub(crate) struct Refused;

fn pad(lines: &mut [Line]) {
    let mut lines: Vec<_> = lines
        .iter_mut()
        .filter(|line| line.kind != Kind::Comment)
        .collect();
    let columns = lines.iter().map(|line| line.cells.len()).max().unwrap_or(0);
    for column in 0..columns {
        let padded = |line: &&mut &mut Line| line.cells.len() > column + 1;
        let Some(width) = lines
            .iter_mut()
            .filter(padded)
            .map(|line| line.cells[column].width())
            .max()
        else {
            return;
        };
        for line in lines.iter_mut().filter(padded) {
            let cell = &mut line.cells[column];
            let missing = width - cell.width();
            cell.extend(std::iter::repeat_n(' ', missing));
        }
    }
}
