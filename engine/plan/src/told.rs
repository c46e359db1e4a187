//! A mistake is told once: a line that could not be read as it was written is not judged for what it means.
//!
//! Names are told all the same. They are mistakes of their own, and mending the line does not mend them.

use runbook_grammar::codes as syntax;
use runbook_grammar::diagnostic::{Code, Diagnostic};
use runbook_grammar::source::Sources;
use runbook_grammar::span::Span;

use crate::codes;

/// Mistakes that are there whatever else is wrong with their line.
const OF_THEIR_OWN: &[Code] = &[
    codes::UNKNOWN_NAME,
    codes::UNKNOWN_HOLE,
    codes::ALREADY_BOUND,
    codes::UNKNOWN_TYPE,
    codes::NAME_TAKEN,
    codes::UNKNOWN_DECLARATION,
    codes::UNREACHABLE,
    codes::OUTCOME,
    codes::STEP_TAKEN,
    codes::NO_SUCH_MODULE,
    codes::MODULE_PATH,
    codes::MODULE_CYCLE,
    codes::NOT_IN_MODULE,
    codes::NO_CHECKPOINT,
    codes::NO_SNAPSHOT,
    codes::ARM_UNKNOWN,
    codes::UNKNOWN_INTERPRETER,
];

/// A line that opens a block can be read, wherever the block ends.
const SOUND: &[Code] = &[syntax::BLOCK_NOT_CLOSED, syntax::STRAY_CLOSE];

/// A line in which something could not be read, and what of it: each start with the furthest end up to there.
struct Unread {
    line: Span,
    what: Vec<(u32, u32)>,
}

impl Unread {
    fn touches(&self, span: Span) -> bool {
        let before = self.what.partition_point(|(start, _)| *start < span.end);
        before > 0 && self.what[before - 1].1 > span.start
    }
}

/// Leaves out of `meant` (RB2xxx) what only follows from `read` (RB1xxx).
pub fn once(read: &[Diagnostic], meant: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
    if read.is_empty() {
        return meant;
    }
    let lines = unread(read, sources);
    let mut told = meant;
    told.retain(|mistake| {
        let span = mistake.span();
        let at = (span.source, span.start);
        let after = lines.partition_point(|unread| (unread.line.source, unread.line.start) <= at);
        match after.checked_sub(1).map(|before| &lines[before]) {
            Some(unread) if unread.line.source == span.source && span.start <= unread.line.end => {
                OF_THEIR_OWN.contains(&mistake.code) && !unread.touches(span)
            }
            _ => true,
        }
    });
    told
}

/// Lines with mistakes of reading, in order of place.
fn unread(read: &[Diagnostic], sources: &Sources) -> Vec<Unread> {
    let mut places: Vec<Span> = read
        .iter()
        .filter(|mistake| !SOUND.contains(&mistake.code))
        .map(Diagnostic::span)
        .collect();
    places.sort_by_key(|span| (span.source, span.start));
    let mut lines: Vec<Unread> = Vec::new();
    for place in places {
        if let Some(last) = lines.last_mut()
            && last.line.source == place.source
            && place.start <= last.line.end
        {
            let furthest = last.what.last().map_or(0, |(_, end)| *end);
            last.what.push((place.start, place.end.max(furthest)));
            continue;
        }
        let text = &sources.get(place.source).text;
        let at = text.floor_char_boundary(place.start as usize);
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        lines.push(Unread {
            line: Span::new(place.source, start, end),
            what: vec![(place.start, place.end)],
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(code: u16, start: usize, end: usize) -> Diagnostic {
        let span = Span::new(runbook_grammar::span::SourceId(0), start, end);
        Diagnostic::error(Code(code), "wrong", span, "here")
    }

    fn told(read: &[Diagnostic], meant: Vec<Diagnostic>) -> Vec<u16> {
        let mut sources = Sources::default();
        sources.add("a.rbk", "0123456789\n1123456789\n2123456789");
        let told = once(read, meant, &sources);
        told.iter().map(|mistake| mistake.code.0).collect()
    }

    #[test]
    fn what_an_unread_line_means_is_not_judged() {
        let read = [mistake(1075, 13, 14)];
        let meant = |at| vec![mistake(2023, at, at + 1)];
        assert_eq!(told(&read, meant(10)), [2023]);
        assert_eq!(told(&read, meant(11)), Vec::<u16>::new());
        assert_eq!(told(&read, meant(20)), Vec::<u16>::new());
        assert_eq!(told(&read, meant(22)), [2023]);
        assert_eq!(told(&[], meant(11)), [2023]);
    }

    #[test]
    fn a_name_is_told_all_the_same_but_not_where_it_could_not_be_read() {
        let read = [mistake(1062, 15, 20), mistake(1062, 16, 17)];
        let name = |at| vec![mistake(2000, at, at + 1)];
        assert_eq!(told(&read, name(11)), [2000]);
        assert_eq!(told(&read, name(15)), Vec::<u16>::new());
        assert_eq!(told(&read, name(19)), Vec::<u16>::new());
        assert_eq!(told(&read, name(20)), [2000]);
    }
}
