use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "todo-left",
    severity: Severity::Warning,
    title: "a place that is still held by a `todo`",
    why: "`todo` lets a runbook be written in pieces. In a run it stops there and asks the operator, who at that hour knows least of all what was \
meant to stand in its place.",
    way_out: "Write the step. If nobody knows it yet, say whom to ask: `escalate to …`.",
    bad: r#"todo "Find out how to warm the cache"
"#,
    good: r#"step warm "Warm the cache" {
  http POST http://localhost:3001/cache/warm
  repeatable
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (_, stmt) in subject.each() {
        if let StmtKind::Todo(_) = &stmt.kind {
            found
                .add(stmt.span, "a `todo` is left", "the run stops here and asks")
                .help("write what belongs here");
        }
    }
}
