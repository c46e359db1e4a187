//! Statements in order, each with the comments and the blank line before it.

use crate::lines::{Columns, Lines};
use crate::text::Text;
use runbook_grammar::ast::{
    Block, ChooseArm, Comment, DecideArm, File, FileKind, Header, Matrix, SnapshotEntry, Stmt,
    StmtKind,
};
use runbook_grammar::source::Source;
use runbook_grammar::span::Span;

/// Columns a block stands to the right of its head.
pub(crate) const INDENT: usize = 2;

pub(crate) struct Printer<'a> {
    pub(crate) source: &'a Source,
    /// Those not printed yet, in order of place.
    comments: &'a [Comment],
    lines: Lines,
    indent: usize,
}

impl<'a> Printer<'a> {
    pub fn new(source: &'a Source, file: &'a File) -> Printer<'a> {
        Printer {
            source,
            comments: &file.comments,
            lines: Lines::default(),
            indent: 0,
        }
    }

    /// For a part of a file, without comments.
    pub fn bare(source: &'a Source) -> Printer<'a> {
        Printer {
            source,
            comments: &[],
            lines: Lines::default(),
            indent: 0,
        }
    }

    pub fn finish(self) -> String {
        self.lines.finish()
    }

    pub fn file(&mut self, file: &File) {
        if let Some(header) = &file.header {
            self.header(header, file.body.is_empty());
        }
        self.statements(&file.body, self.source.text.len());
    }

    fn header(&mut self, header: &Header, alone: bool) {
        self.comments_before(header.span.range().start, Gap::Keep);
        if !self.lines.is_empty() && self.has_blank_line_above(header.span.range().start) {
            self.lines.blank();
        }
        let kind = match header.kind {
            FileKind::Runbook => "runbook",
            FileKind::Module => "module",
            FileKind::Scenarios => "scenarios for",
        };
        self.push(Text::new(format!("rbk {}", header.version)));
        self.comments_before(header.title.span.range().start, Gap::None);
        self.push(Text::new(format!(
            "{kind} {}",
            self.slice(header.title.span)
        )));
        let heading_end = header.title.span.range().end;
        let line_end = self.source.text[heading_end..]
            .find('\n')
            .map_or(self.source.text.len(), |at| heading_end + at);
        self.comments_before(line_end, Gap::None);
        if !alone || !self.comments.is_empty() {
            self.lines.blank();
        }
    }

    /// The statements of a block that ends at `end`, and the comments after the last of them.
    pub fn statements(&mut self, body: &[Stmt], end: usize) {
        let mut gap = Gap::None;
        for stmt in body {
            self.item(stmt.span, &mut gap);
            self.stmt(stmt);
        }
        self.comments_before(end, gap);
    }

    /// Comments and at most one blank line before something that starts a line of its own.
    fn item(&mut self, span: Span, gap: &mut Gap) {
        let start = span.range().start;
        *gap = self.comments_before(start, *gap);
        self.gap(start, *gap);
        *gap = Gap::Keep;
    }

    fn gap(&mut self, start: usize, gap: Gap) {
        if gap == Gap::Keep && self.has_blank_line_above(start) {
            self.lines.blank();
        }
    }

    /// Prints the comments that stand before `end`. `gap` says whether a blank line may come before the first; the answer is
    /// the same for what comes next.
    fn comments_before(&mut self, end: usize, mut gap: Gap) -> Gap {
        while let Some((comment, rest)) = self.comments.split_first() {
            let start = comment.span.range().start;
            if start >= end {
                break;
            }
            self.comments = rest;
            let text = comment_text(comment);
            if comment.trailing && self.lines.trail(&text).is_ok() {
                continue;
            }
            if !comment.trailing {
                self.gap(start, gap);
            }
            self.lines.comment(self.indent, &text);
            gap = Gap::Keep;
        }
        gap
    }

    /// Takes the comments inside a bracket that stand before `end`.
    pub fn take_comments_before(&mut self, end: usize) -> Vec<&'a Comment> {
        let count = self
            .comments
            .iter()
            .take_while(|comment| comment.span.range().start < end)
            .count();
        let (taken, rest) = self.comments.split_at(count);
        self.comments = rest;
        taken.iter().collect()
    }

    fn has_comment_in(&self, span: Span) -> bool {
        let start = |comment: &Comment| comment.span.range().start;
        let first = self
            .comments
            .partition_point(|comment| start(comment) < span.range().start);
        self.comments
            .get(first)
            .is_some_and(|comment| span.range().contains(&start(comment)))
    }

    /// Whether the line above the one that holds `place` is blank.
    fn has_blank_line_above(&self, place: usize) -> bool {
        let above = &self.source.text[..place];
        let Some(end) = above.rfind('\n') else {
            return false;
        };
        let line = above[..end].rsplit('\n').next().unwrap_or_default();
        line.trim().is_empty()
    }

    pub fn slice(&self, span: Span) -> &'a str {
        &self.source.text[span.range()]
    }

    pub fn push(&mut self, text: Text) {
        self.lines.code(self.indent, text);
    }

    /// A statement whose last line belongs to a command or a mark.
    pub fn push_closed(&mut self, text: Text) {
        self.lines.closed(self.indent, text);
    }

    pub fn push_columns(&mut self, columns: Columns, cells: Vec<String>) {
        self.lines.columns(columns, self.indent, cells);
    }

    pub fn push_plain(&mut self, text: impl Into<String>) {
        self.push(Text::new(text));
    }

    /// `head { … }`. What comes back is the last line, not yet pushed, since `else` may follow it.
    #[must_use]
    pub fn block(&mut self, mut head: Text, block: &Block) -> Text {
        if let Some(inside) = self.on_one_line(block) {
            head.add(&if inside.is_empty() {
                " {}".to_owned()
            } else {
                format!(" {{ {inside} }}")
            });
            return head;
        }
        self.open(head);
        self.statements(&block.body, block.span.range().end.saturating_sub(1));
        self.close()
    }

    /// What stands between the braces of a block that its author put on one line, where it may stay there.
    fn on_one_line(&mut self, block: &Block) -> Option<String> {
        if !block.inline || block.body.len() > 1 || self.has_comment_in(block.span) {
            return None;
        }
        let Some(stmt) = block.body.first() else {
            return Some(String::new());
        };
        let outer = std::mem::take(&mut self.lines);
        self.stmt(stmt);
        std::mem::replace(&mut self.lines, outer).into_single()
    }

    pub fn open(&mut self, mut head: Text) {
        head.add(" {");
        self.push(head);
        self.indent += INDENT;
    }

    pub fn close(&mut self) -> Text {
        self.indent -= INDENT;
        Text::new("}")
    }

    /// A block with nothing behind it.
    pub fn push_block(&mut self, head: Text, block: &Block) {
        let tail = self.block(head, block);
        self.push(tail);
    }

    pub fn push_head(&mut self, head: Text, block: Option<&Block>) {
        match block {
            Some(block) => self.push_block(head, block),
            None => self.push(head),
        }
    }

    /// Braces around things that are no statements.
    pub fn braces<T>(
        &mut self,
        head: Text,
        items: &[T],
        span: Span,
        place: fn(&T) -> Span,
        print: fn(&mut Self, &T),
    ) {
        self.open(head);
        let mut gap = Gap::None;
        for item in items {
            self.item(place(item), &mut gap);
            print(self, item);
        }
        self.comments_before(span.range().end.saturating_sub(1), gap);
        let tail = self.close();
        self.push(tail);
    }

    pub fn choose_arm(&mut self, arm: &ChooseArm) {
        let mut head = Text::new(self.slice(arm.label.span));
        if arm.recommended {
            head.add(" recommended");
        }
        if let Some(condition) = &arm.only_if {
            head.add(" only if ").join(self.expr(condition));
        }
        self.push_block(head, &arm.block);
    }

    pub fn decide_arm(&mut self, arm: &DecideArm) {
        let mut head = Text::new("");
        for (index, value) in arm.values.iter().enumerate() {
            head.add(if index == 0 { "" } else { ", " })
                .join(self.expr(value));
        }
        self.push_block(head, &arm.block);
    }

    pub fn snapshot_entry(&mut self, entry: &SnapshotEntry) {
        let head = Text::new(format!("{}: ", entry.label.text));
        self.look(head, &entry.look);
    }

    /// The table of a matrix between its braces.
    pub fn table_lines(&mut self, matrix: &Matrix) {
        let mut gap = Gap::None;
        let mut printed = self.table(matrix).into_iter();
        let start = matrix.table.head.first().map(|cell| cell.span);
        let starts = start
            .into_iter()
            .chain(matrix.table.rows.iter().map(|row| row.span));
        for (index, start) in starts.enumerate() {
            self.item(start, &mut gap);
            // The ruler comes with the head.
            for line in printed.by_ref().take(if index == 0 { 2 } else { 1 }) {
                self.push_closed(Text::new(line));
            }
        }
        self.comments_before(matrix.table.span.range().end.saturating_sub(1), gap);
    }

    /// A statement that could not be understood, as it stands.
    pub fn bad(&mut self, stmt: &Stmt) {
        debug_assert!(matches!(stmt.kind, StmtKind::Bad));
        let mut text = Text::new("");
        text.add_verbatim(self.slice(stmt.span).trim_end());
        self.push_closed(text);
    }
}

/// Whether a blank line the author left may stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Right behind a `{` or at the start of the file.
    None,
    Keep,
}

pub(crate) fn comment_text(comment: &Comment) -> String {
    if comment.text.is_empty() {
        "#".to_owned()
    } else {
        format!("# {}", comment.text)
    }
}
