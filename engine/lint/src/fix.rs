//! The changes that findings offer, made.

use runbook_grammar::span::SourceId;

use crate::finding::Finding;

/// The text of a file with every fix of it made that touches no other. How many there were stands beside it.
pub fn fix(text: &str, source: SourceId, findings: &[Finding]) -> (String, usize) {
    let mut fixes: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding.fix.as_ref())
        .filter(|fix| fix.span.source == source)
        .collect();
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    fixes.dedup();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut made) = (0, 0);
    for fix in fixes {
        let range = fix.span.range();
        let sound = range.start >= at && text.get(range.clone()).is_some();
        if !sound {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(&fix.replacement);
        at = range.end;
        made += 1;
    }
    out.push_str(&text[at..]);
    (out, made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Found, Severity};
    use runbook_grammar::span::Span;

    #[test]
    fn fixes_that_touch_are_made_one_at_a_time() {
        let mut found = Found::new("r", Severity::Advice);
        for (start, end, text) in [(0, 1, "A"), (2, 4, "CD"), (3, 5, "never"), (5, 5, "!")] {
            let span = Span::new(SourceId(0), start, end);
            found.add(span, "m", "h").fix(span, text);
        }
        let (text, made) = fix("abcdef", SourceId(0), &found.into_findings());
        assert_eq!((text.as_str(), made), ("AbCDe!f", 3));
    }
}
