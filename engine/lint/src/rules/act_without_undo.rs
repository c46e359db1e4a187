use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "act-without-undo",
    severity: Severity::Warning,
    title: "a step that acts and does not say how it is taken back",
    why: "Every step that acts says one of three things: how it is taken back (`undo`), that it cannot be (`irreversible \"why\"`), or that \
running it again does no harm (`repeatable`). Without any of them a rewind passes over the step in silence, and after a crash in the middle of it \
only the operator can say what is so.",
    way_out: "Write `undo $ …` where it can be taken back, `irreversible \"what is lost\"` where it cannot, `repeatable` where doing it twice is \
the same as doing it once.",
    bad: r#"step replicas "Scale the API to zero" {
  $ deploy scale api 0
  timeout 1m
}
"#,
    good: r#"step replicas "Scale the API to zero" {
  $ deploy scale api 0
  undo $ deploy scale api 3
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (site, stmt) in subject.each() {
        let StmtKind::Step { name, .. } = &stmt.kind else {
            continue;
        };
        let acts = subject.acts(site);
        let says = subject.says(site, |policy| {
            matches!(
                policy,
                StmtKind::Undo(_) | StmtKind::Irreversible(_) | StmtKind::Repeatable
            )
        });
        if let (Some(first), false) = (acts.first(), says) {
            found
                .add(
                    *first,
                    format!(
                        "the step `{}` acts, and does not say how it is taken back",
                        name.text
                    ),
                    "changes something",
                )
                .label(name.span, "in this step")
                .help(
                    "add `undo $ …`, `irreversible \"what is lost\"`, or `repeatable` where doing it twice is harmless",
                );
        }
    }
}
