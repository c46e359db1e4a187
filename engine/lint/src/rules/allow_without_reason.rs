//! Found by [`crate::allow`], which reads the comments.

use crate::finding::Severity;
use crate::rule::Rule;

pub const RULE: Rule = Rule {
    name: "allow-without-reason",
    severity: Severity::Warning,
    title: "an `allow` that does not say why",
    why: "`# allow name: reason` covers what a lint found. The reason is for whoever reads the runbook next: without it, nobody can say \
whether it still holds. An `allow` without one covers nothing.",
    way_out: "Say why it is right as it stands.",
    bad: r#"# allow todo-left
todo "Find out who owns the cache"
"#,
    good: r#"# allow todo-left: the owner is being found, see OPS-12
todo "Find out who owns the cache"
"#,
    check: |_, _| {},
};
