//! What could be better in a runbook that has no mistakes.
//!
//! | file | what it holds |
//! |---|---|
//! | [`rule`] | what a rule is |
//! | [`rules`] | the rules, one file each, and the table of them |
//! | [`subject`] | a file as the rules look at it |
//! | [`finding`] | what a rule finds: where, how serious, the way out |
//! | [`allow`] | `# allow name: reason` |
//! | [`levels`] | how serious each rule is taken |
//! | [`fix`](mod@fix) | the changes that are safe to make |
//! | [`page`](mod@page) | the page of a rule in the book |
//! | [`programs`] | what is known of programs by their names |

pub mod allow;
pub mod finding;
pub mod fix;
pub mod levels;
pub mod page;
pub mod programs;
pub mod rule;
pub mod rules;
pub mod subject;

pub use finding::{Finding, Severity};
pub use levels::{Level, Levels};
pub use rule::Rule;
pub use subject::Subject;

/// Looks a file over with every rule that is not off. What an `allow` of the file covers is left out; an `allow` that
/// covers nothing is found itself. In order of place.
pub fn check(subject: &Subject<'_>, levels: &Levels) -> Vec<Finding> {
    let mut all = Vec::new();
    for rule in rules::RULES {
        let Some(severity) = levels.of(rule) else {
            continue;
        };
        let mut found = finding::Found::new(rule.name, severity);
        (rule.check)(subject, &mut found);
        all.extend(found.into_findings());
    }
    // A procedure of a module is looked over with its own file.
    all.retain(|finding| finding.span().source == subject.file.source);
    let mut all = allow::apply(subject, levels, all);
    all.sort_by(|a, b| (a.span(), a.rule).cmp(&(b.span(), b.rule)));
    all.dedup();
    all
}

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    rules::RULES.iter().copied().find(|rule| rule.name == name)
}
