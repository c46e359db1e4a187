//! The page of a rule, in the book and in `runbook explain`.

use crate::rule::Rule;

/// What stands over an example that is no whole file.
pub const HEADING: &str = "rbk 1\nrunbook \"Example\"\n\nowner \"On-call engineer\"\n\n";

/// An example as a whole file.
pub fn whole(example: &str) -> String {
    if example.starts_with("rbk 1\n") {
        example.to_owned()
    } else {
        format!("{HEADING}{example}")
    }
}

/// Markdown.
pub fn page(rule: &Rule) -> String {
    let fence = |example: &str| {
        let ticks = example
            .split(|c| c != '`')
            .map(str::len)
            .max()
            .unwrap_or(0)
            .max(2)
            + 1;
        "`".repeat(ticks)
    };
    let (bad, good) = (fence(rule.bad), fence(rule.good));
    format!(
        "# {name}: {title}\n\n*{severity}*\n\n{why}\n\n{bad}rbk,finds\n{bad_example}{bad}\n\n**The way out.** {way_out}\n\n\
         {good}rbk,spares\n{good_example}{good}\n",
        name = rule.name,
        title = rule.title,
        severity = rule.severity.word(),
        why = rule.why.trim(),
        bad_example = rule.bad,
        way_out = rule.way_out.trim(),
        good_example = rule.good,
    )
}
