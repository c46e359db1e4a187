//! Any text is read to its end: every place that is named lies in it, and what could not be read is never passed
//! off as whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runbook_grammar::report::{Colour, render};
use runbook_grammar::source::Sources;

fuzz_target!(|text: &str| {
    let mut sources = Sources::default();
    let (id, mut told) = sources.read("a.rbk", text);
    let (file, more) = runbook_grammar::parse(sources.get(id));
    told.extend(more);
    for mistake in &told {
        assert_ne!(mistake.code.0, 1038, "too complex");
        for label in &mistake.labels {
            sources.text(label.span);
        }
    }
    if told.is_empty() {
        assert!(!format!("{file:?}").contains("kind: Bad"));
    } else {
        assert!(!render(&told[..1], &sources, 80, Colour::Never).is_empty());
    }
});
