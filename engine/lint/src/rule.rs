//! What a rule is.

use crate::finding::{Found, Severity};
use crate::subject::Subject;

/// One thing that could be better. A file of its own in `rules/`, a line in the table [`crate::rules::RULES`], a page
/// in the book, and two case folders.
pub struct Rule {
    /// Reads after "allow": `unreachable-step`.
    pub name: &'static str,
    /// Where nothing else is said in `runbook.toml`.
    pub severity: Severity,
    /// After the name on its page, as a noun: `a step that nothing comes to`.
    pub title: &'static str,
    /// Markdown: why it matters, and what the rule passes over.
    pub why: &'static str,
    /// Markdown: what to write instead.
    pub way_out: &'static str,
    /// What the rule finds: a whole file, or what stands under the heading of one.
    pub bad: &'static str,
    /// The same, mended.
    pub good: &'static str,
    pub check: fn(&Subject<'_>, &mut Found),
}
