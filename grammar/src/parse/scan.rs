//! A look at the brackets of a file without the grammar, line by line and without recursion.
//!
//! It serves two ends. Before the grammar runs, what is nested too deeply is taken out, so that nothing recurses
//! into it. And where the grammar found a block that is not closed, or a brace that closes nothing, the
//! indentation says where the mistake is: the missing brace is put in, the stray one taken out, and the file is
//! read again, so that one brace hides no other mistake.
//!
//! It agrees with the grammar on files that are right; on others it may be mistaken, and then only the place
//! of a report suffers.

use super::mend::{Edit, EditKind};
use crate::ast::MAX_DEPTH;

/// One bracket that is open.
#[derive(Clone, Debug)]
struct Open {
    at: usize,
    sign: u8,
    /// The indentation of its line, in bytes.
    indent: usize,
    /// Where its line begins.
    line: usize,
    /// It opens the options of a request.
    http: bool,
}

/// What the brackets of a file say.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Stretches that are nested too deeply, from the bracket that is one too many to the one that closes it.
    pub(super) deep: Vec<std::ops::Range<usize>>,
    pub(super) edits: Vec<Edit>,
}

/// What is done with braces that do not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Braces {
    /// They are taken as they are.
    Trusted,
    /// Indentation says where they belong, as far as their number is wrong.
    Mended,
    /// Indentation alone says where they belong: for a file that lacks some and has others too many.
    Indented,
}

pub(super) fn survey(text: &str, braces: Braces) -> Survey {
    let mut scan = Scan::new(text, braces);
    if braces != Braces::Trusted {
        // A fence without an end hides all braces below it, so where fences end comes first; then, how many
        // braces are missing or stray in all, which bounds what is mended.
        for _ in 0..MAX_FENCES {
            let mut count = Scan::new(text, Braces::Trusted);
            count.ends = std::mem::take(&mut scan.ends);
            (scan.missing, scan.stray) = count.run();
            let edit = count
                .fence
                .as_ref()
                .and_then(|fence| fence_end(text, fence));
            scan.ends = count.ends;
            let Some(edit) = edit else { break };
            scan.ends.push(edit.at);
            scan.survey.edits.push(edit);
        }
        if braces == Braces::Indented {
            (scan.missing, scan.stray) = (text.len(), text.len());
        }
    }
    scan.run();
    scan.survey
}

/// How many fences without an end are mended.
const MAX_FENCES: usize = 16;

struct Fence {
    open: usize,
    ticks: usize,
    indent: usize,
    /// The indentation of the first line of its script.
    body: Option<usize>,
}

struct Scan<'s> {
    text: &'s str,
    braces: Braces,
    open: Vec<Open>,
    fence: Option<Fence>,
    /// Lines before which a fence ends that has no closing line.
    ends: Vec<usize>,
    /// The column of the checklist item that may go on.
    item: Option<usize>,
    /// The line before was a command that goes on.
    goes_on: bool,
    deep_from: Option<usize>,
    /// How many braces are still to be put in, and taken out.
    missing: usize,
    stray: usize,
    survey: Survey,
}

impl<'s> Scan<'s> {
    fn new(text: &'s str, braces: Braces) -> Scan<'s> {
        Scan {
            text,
            braces,
            open: Vec::new(),
            fence: None,
            ends: Vec::new(),
            item: None,
            goes_on: false,
            deep_from: None,
            missing: 0,
            stray: 0,
            survey: Survey::default(),
        }
    }

    /// Gives how many braces stay open and how many close nothing.
    fn run(&mut self) -> (usize, usize) {
        let mut stray = 0;
        let mut at = 0;
        let text = self.text;
        for line in text.split_inclusive('\n') {
            stray += self.line(line.strip_suffix('\n').unwrap_or(line), at);
            at += line.len();
        }
        if let Some(from) = self.deep_from.take() {
            self.survey.deep.push(from..text.len());
        }
        self.open.retain(|open| open.sign == b'{');
        let left = self.open.len();
        if self.braces != Braces::Trusted {
            while let Some(open) = self.open.pop() {
                if self.missing > 0 {
                    self.missing -= 1;
                    self.survey.edits.push(Edit {
                        at: text.len(),
                        kind: EditKind::CloseBlock { open: open.at },
                    });
                }
            }
        }
        (left, stray)
    }

    /// Reads one line; gives how many of its braces close nothing.
    fn line(&mut self, line: &str, start: usize) -> usize {
        let words = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - words.len();
        let words = words.trim_end();
        if self.fence.is_some() && self.ends.contains(&start) {
            self.fence = None;
        }
        if let Some(fence) = &mut self.fence {
            let ticks = fence.ticks;
            if is_fence_line(words, ticks) {
                self.fence = None;
                return 0;
            }
            if !words.is_empty() && fence.body.is_none() {
                fence.body = Some(indent);
            }
            if !opens_equal_fence(words, ticks) {
                return 0;
            }
            self.fence = None;
        }
        if self.goes_on && words != "}" {
            self.goes_on = goes_on(line);
            return 0;
        }
        self.goes_on = false;
        if let Some(column) = self.item {
            let deeper = indent >= column + 2 || line.starts_with('\t') && indent > column;
            if deeper && !words.is_empty() && !begins_anew(words) {
                return 0;
            }
            self.item = None;
        }
        let bytes = words.as_bytes();
        let first = bytes.first().copied().unwrap_or(b'\n');
        let blank_next = matches!(bytes.get(1), None | Some(b' ' | b'\t'));
        let in_brackets = self.open.last().is_some_and(|open| open.sign != b'{');
        if in_brackets
            && (first == b'}'
                || (matches!(first, b'$' | b'?') && blank_next)
                || begins_statement(words))
        {
            // Brackets end with their statement, closed or not.
            self.drop_brackets(start);
        }
        if self.braces != Braces::Trusted && !words.is_empty() && first != b'#' {
            self.dedent(first == b'}', indent, start);
        }
        if self.open.last().is_none_or(|open| open.sign == b'{') {
            match first {
                b'>' | b'!' if blank_next => return 0,
                b'|' | b'#' => return 0,
                b'-' if matches!(bytes.get(1), Some(b' ' | b'\t' | b'[')) => {
                    self.item = Some(indent);
                    return 0;
                }
                _ => {}
            }
            let option = words.starts_with("header ") || words.starts_with("query ");
            if option && self.open.last().is_some_and(|open| open.http) {
                return 0;
            }
        }
        self.signs(line, indent, start)
    }

    /// Reads the signs of a statement's line.
    fn signs(&mut self, line: &str, indent: usize, start: usize) -> usize {
        let bytes = line.as_bytes();
        let mut stray = 0;
        let mut at = indent;
        let opened_before = self.open.len();
        let mut http = false;
        let mut holes = true;
        while at < bytes.len() {
            let before = if at == 0 { b' ' } else { bytes[at - 1] };
            let blank_before = matches!(before, b' ' | b'\t' | b'{');
            match bytes[at] {
                b'"' => {
                    at = string_end(line, at);
                    continue;
                }
                b'#' if at == indent || matches!(before, b' ' | b'\t') => break,
                b'$' | b'?'
                    if blank_before && matches!(bytes.get(at + 1), None | Some(b' ' | b'\t')) =>
                {
                    self.command(line, at, start, indent, opened_before);
                    break;
                }
                b'>' | b'!' | b'-'
                    if before == b'{' || blank_before && line[..at].trim_end().ends_with('{') =>
                {
                    self.swallowed(line, start, opened_before);
                    break;
                }
                b'`' if line[at..].starts_with("```") => {
                    self.open_fence(line, at, start, indent);
                    break;
                }
                b'{' if holes && bytes.get(at + 1) == Some(&b'{') => {
                    if let Some(end) = line[at..].find("}}") {
                        at += end + 2;
                        continue;
                    }
                    holes = false;
                    self.push(start + at, b'{', indent, start, http);
                }
                sign @ (b'{' | b'(' | b'[') => {
                    self.push(start + at, sign, indent, start, http);
                    let rest = line[at + 1..].trim_start();
                    let option = rest.starts_with("header ") || rest.starts_with("query ");
                    if sign == b'{' && http && option {
                        self.swallowed(line, start, opened_before);
                        break;
                    }
                }
                b'}' => {
                    stray += self.close_brace(start + at, at == indent, indent);
                }
                b')' => self.close(start + at, b'('),
                b']' => self.close(start + at, b'['),
                b'h' if (at == indent || blank_before || before == b'=')
                    && line[at..].starts_with("http ") =>
                {
                    http = true;
                    at = address_end(line, at);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        stray
    }

    fn push(&mut self, at: usize, sign: u8, indent: usize, line: usize, http: bool) {
        self.open.push(Open {
            at,
            sign,
            indent,
            line,
            http,
        });
        if self.open.len() > MAX_DEPTH && self.deep_from.is_none() {
            self.deep_from = Some(at);
        }
    }

    fn pop(&mut self, at: usize) {
        self.open.pop();
        if self.open.len() <= MAX_DEPTH
            && let Some(from) = self.deep_from.take()
        {
            self.survey.deep.push(from..at);
        }
    }

    fn drop_brackets(&mut self, at: usize) {
        while self.open.last().is_some_and(|open| open.sign != b'{') {
            self.pop(at);
        }
    }

    /// The brackets that are open, the innermost first; not all, so that a file of brackets is read in linear time.
    fn innermost(&self) -> impl Iterator<Item = &Open> {
        self.open.iter().rev().take(2 * MAX_DEPTH)
    }

    /// `)` or `]`: closes its bracket, and those inside that were never closed.
    fn close(&mut self, at: usize, sign: u8) {
        let Some(inside) = self
            .innermost()
            .position(|open| open.sign == sign || open.sign == b'{')
        else {
            return;
        };
        let place = self.open.len() - 1 - inside;
        if self.open[place].sign != sign {
            return;
        }
        while self.open.len() > place {
            self.pop(at + 1);
        }
    }

    /// `}`; gives 1 where it closes nothing.
    fn close_brace(&mut self, at: usize, leads: bool, indent: usize) -> usize {
        self.drop_brackets(at);
        let Some(top) = self.open.last() else {
            if self.braces != Braces::Trusted {
                self.survey.edits.push(Edit {
                    at,
                    kind: EditKind::DropClose,
                });
            }
            return 1;
        };
        let misfit =
            leads && top.indent != indent && !self.innermost().any(|open| open.indent == indent);
        if self.braces != Braces::Trusted && self.stray > 0 && misfit {
            self.stray -= 1;
            self.survey.edits.push(Edit {
                at,
                kind: EditKind::DropClose,
            });
            return 0;
        }
        self.pop(at + 1);
        0
    }

    /// A line that is not deeper than the head of an open block shows that the block was never closed.
    fn dedent(&mut self, closes: bool, indent: usize, start: usize) {
        while self.missing > 0
            && let Some(top) = self.open.last()
            && top.sign == b'{'
            && top.line < start
        {
            let ended = if closes {
                top.indent > indent && self.innermost().any(|open| open.indent == indent)
            } else {
                top.indent >= indent
            };
            if !ended {
                break;
            }
            self.missing -= 1;
            self.survey.edits.push(Edit {
                at: start,
                kind: EditKind::CloseBlock { open: top.at },
            });
            self.pop(start);
        }
    }

    /// A mark and what follows, to the end of the line or of its fence.
    fn command(
        &mut self,
        line: &str,
        at: usize,
        start: usize,
        indent: usize,
        opened_before: usize,
    ) {
        let rest = line[at + 1..].trim_start_matches([' ', '\t']);
        if rest.starts_with("```") {
            self.open_fence(line, line.len() - rest.len(), start, indent);
            return;
        }
        self.goes_on = goes_on(line);
        self.swallowed(line, start, opened_before);
    }

    /// What is verbatim to the end of its line took the brace that closes a block of this line.
    fn swallowed(&mut self, line: &str, start: usize, opened_before: usize) {
        let words = line.trim_end();
        if self.open.len() > opened_before && words.ends_with('}') {
            let at = start + words.len() - 1;
            if self.braces != Braces::Trusted {
                self.survey.edits.push(Edit {
                    at,
                    kind: EditKind::SplitCommand,
                });
                // It is no longer missing.
                self.missing = self.missing.saturating_sub(1);
                self.pop(at);
            }
        }
    }

    fn open_fence(&mut self, line: &str, at: usize, start: usize, indent: usize) {
        if line[at..].trim_start_matches('`').contains('`') {
            return;
        }
        let ticks = line[at..].bytes().take_while(|byte| *byte == b'`').count();
        self.fence = Some(Fence {
            open: start + at,
            ticks,
            indent,
            body: None,
        });
    }
}

/// Where a fence that is never closed seems to end: before the first line that is less deep than its script.
fn fence_end(text: &str, fence: &Fence) -> Option<Edit> {
    let mut at = fence.open + text[fence.open..].find('\n')? + 1;
    for line in text[at..].split_inclusive('\n') {
        let words = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - words.len();
        let shallow = indent < fence.indent
            || indent == fence.indent && fence.body.is_some_and(|body| body > indent);
        if shallow && !words.trim_end().is_empty() {
            return Some(Edit {
                at,
                kind: EditKind::CloseFence {
                    open: fence.open,
                    ticks: fence.ticks,
                },
            });
        }
        at += line.len();
    }
    None
}

fn is_fence_line(words: &str, ticks: usize) -> bool {
    words.len() == ticks && words.bytes().all(|byte| byte == b'`')
}

/// A mark and a fence of as many backticks.
fn opens_equal_fence(words: &str, ticks: usize) -> bool {
    let Some(rest) = words.strip_prefix(['$', '?']) else {
        return false;
    };
    rest.starts_with([' ', '\t'])
        && rest
            .trim_start()
            .bytes()
            .take_while(|byte| *byte == b'`')
            .count()
            == ticks
}

/// The command goes on in the next line.
fn goes_on(line: &str) -> bool {
    let slashes = line.len() - line.trim_end_matches('\\').len();
    slashes % 2 == 1 || line.ends_with(" `")
}

/// A line that cannot go on with a checklist item.
fn begins_anew(words: &str) -> bool {
    let bytes = words.as_bytes();
    let marked = matches!(bytes[0], b'>' | b'!' | b'$' | b'?')
        && matches!(bytes.get(1), None | Some(b' ' | b'\t'));
    marked
        || matches!(bytes[0], b'}' | b'|' | b'#')
        || words.starts_with("- [")
        || words.starts_with("```")
        || statement_word(words)
}

fn statement_word(words: &str) -> bool {
    let word = super::words::first_word(words);
    super::human::STATEMENT_WORDS
        .iter()
        .any(|known| known.split(' ').next() == Some(word))
}

/// A line that looks like a statement, and not like the rest of an expression in brackets.
fn begins_statement(words: &str) -> bool {
    let word = super::words::first_word(words);
    let rest = words[word.len()..].trim_start();
    let operator = [
        "in", "not", "is", "and", "or", "else", "contains", "matches",
    ];
    statement_word(words)
        && !matches!(word, "in" | "matches")
        && !operator.contains(&super::words::first_word(rest))
        && rest.starts_with(|sign: char| {
            sign.is_alphanumeric() || matches!(sign, '"' | '{' | '$' | '?')
        })
}

/// The place behind a string; one that is not closed ends before a brace at the end of its line.
fn string_end(line: &str, start: usize) -> usize {
    let bytes = line.as_bytes();
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    let words = line.trim_end();
    if words.ends_with(" {") || words.ends_with("\t{") {
        (words.len() - 1).max(start + 1)
    } else {
        line.len()
    }
}

/// The place behind the address of a request.
fn address_end(line: &str, start: usize) -> usize {
    let blank = [' ', '\t'];
    let skip = |at: usize| at + (line[at..].len() - line[at..].trim_start_matches(blank).len());
    let word = |at: usize| at + line[at..].find(blank).unwrap_or(line.len() - at);
    let method = skip(start + 4);
    let address = skip(word(method));
    if line[address..].starts_with('{') && !line[address..].starts_with("{{")
        || line[address..].starts_with('}')
    {
        return address;
    }
    word(address)
}
