use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::names::As;

pub const RULE: Rule = Rule {
    name: "unused-contact",
    severity: Severity::Advice,
    title: "a contact whom nothing names and nobody can reach",
    why: "A contact with a number or a channel is there for the reader. One that has neither, and to whom nothing escalates, notifies or belongs, tells nobody anything.",
    way_out: "Say how they are reached, `phone \"…\"` or `chat \"#…\"`, name them where they are needed, or take them out.",
    bad: r#"contact dba "Database administrator"

step look "Look" {
  ? date
}
"#,
    good: r#"contact dba "Database administrator" {
  phone "+1 555 0100"
}

step look "Look" {
  ? date
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (site, stmt) in subject.each() {
        let StmtKind::Contact { name, .. } = &stmt.kind else {
            continue;
        };
        let reached = subject
            .inside(site)
            .any(|(_, stmt)| matches!(stmt.kind, StmtKind::Fields(_) | StmtKind::EscalateAfter { .. }));
        if !reached && !subject.uses.has(As::Contact, &name.text) {
            found
                .add(
                    name.span,
                    format!("the contact `{}` is named nowhere, and cannot be reached", name.text),
                    "tells nobody anything",
                )
                .help("add `phone \"…\"` or `chat \"…\"`, name them where they are needed, or take them out");
        }
    }
}
