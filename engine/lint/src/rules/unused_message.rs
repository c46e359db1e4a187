use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::names::As;

pub const RULE: Rule = Rule {
    name: "unused-message",
    severity: Severity::Warning,
    title: "a message that is never sent",
    why: "It was written so that people learn of something. Its `notify` was forgotten, or lost in an edit. Messages of modules are there for others, and are passed over.",
    way_out: "Send it with `notify` where it belongs, or take it out.",
    bad: r##"channel team "#team"

message begun to team {
  > The rollback has begun.
}

step look "Look" {
  ? date
}
"##,
    good: r##"channel team "#team"

message begun to team {
  > The rollback has begun.
}

notify begun
"##,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    if !subject.is_runbook() {
        return;
    }
    for (_, stmt) in subject.each() {
        if let StmtKind::Message { name, .. } = &stmt.kind
            && !subject.uses.has(As::Message, &name.text)
        {
            found
                .add(
                    name.span,
                    format!("the message `{}` is never sent", name.text),
                    "nobody gets this",
                )
                .help(format!("write `notify {}` where it belongs, or take it out", name.text));
        }
    }
}
