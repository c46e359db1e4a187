use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "follow-up-without-owner",
    severity: Severity::Advice,
    title: "a follow-up that is nobody's",
    why: "What everybody should do after the incident, nobody does. The report lists follow-ups with their owners and days. Modules, which do not know the people, are passed over.",
    way_out: "Say whose it is: `follow_up \"…\" within 24h to on_call`.",
    bad: r#"contact on_call "On-call engineer" {
  phone "+1 555 0100"
}

follow_up "Post-mortem" within 24h
"#,
    good: r#"contact on_call "On-call engineer" {
  phone "+1 555 0100"
}

follow_up "Post-mortem" within 24h to on_call
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    // A module does not know the people of the runbooks that use it.
    if !subject.is_runbook() {
        return;
    }
    for (_, stmt) in subject.each() {
        if let StmtKind::FollowUp { title, to: None, .. } = &stmt.kind {
            found
                .add(title.span, "a follow-up has no owner", "whose is it?")
                .help("add `to` and a contact");
        }
    }
}
