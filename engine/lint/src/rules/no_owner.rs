use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "no-owner",
    severity: Severity::Warning,
    title: "a runbook that nobody owns",
    why: "What nobody owns nobody reviews, and in the night nobody knows whom to ask. Modules belong to the runbooks that use them, and are passed \
over.",
    way_out: "Write `owner \"…\"`: a team or a role lasts longer than a name.",
    bad: r#"rbk 1
runbook "Restart the API"

step restart "Restart the API" {
  $ systemctl restart api
  repeatable
  timeout 1m
}
"#,
    good: r#"rbk 1
runbook "Restart the API"

owner "Platform team"

step restart "Restart the API" {
  $ systemctl restart api
  repeatable
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    let owned = subject.each().any(|(_, stmt)| match &stmt.kind {
        StmtKind::Owner(text) => !text.parts.is_empty(),
        _ => false,
    });
    if subject.is_runbook() && !owned {
        found
            .add(
                subject.header(),
                "the runbook has no owner",
                "whose is it?",
            )
            .help("write `owner \"…\"` below the heading");
    }
}
