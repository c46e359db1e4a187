//! Found by [`crate::allow`], which reads the comments.

use crate::finding::Severity;
use crate::rule::Rule;

pub const RULE: Rule = Rule {
    name: "unused-allow",
    severity: Severity::Warning,
    title: "an `allow` that covers nothing",
    why: "What it was meant for is mended or gone, it stands in the wrong place, or its name is misspelt. Left where it is, it would cover the \
next one that comes. An `allow` for a lint that `runbook.toml` turns off is passed over.",
    way_out: "Take it out. If it is still needed, put it right above the statement it is meant for, or behind it on its line.",
    bad: r#"# allow todo-left: the owner is being found
step look "Look at the cache" {
  ? redis-cli INFO memory
}
"#,
    good: r#"# allow todo-left: the owner is being found
todo "Find out who owns the cache"
"#,
    check: |_, _| {},
};
