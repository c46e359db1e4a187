//! What is read without a mistake is formatted to a text that is read without a mistake, too, and formats to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runbook_grammar::source::Sources;

fn formatted(text: &str) -> Option<String> {
    let mut sources = Sources::default();
    let (id, told) = sources.read("a.rbk", text);
    let (file, more) = runbook_grammar::parse(sources.get(id));
    let sound = told.is_empty() && more.is_empty();
    sound.then(|| runbook_fmt::format(sources.get(id), &file))
}

fuzz_target!(|text: &str| {
    if let Some(once) = formatted(text) {
        let Some(twice) = formatted(&once) else {
            panic!("formatting broke it:\n{text}\n---\n{once}");
        };
        assert_eq!(once, twice, "{text}");
    }
});
