use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "retry-not-repeatable",
    severity: Severity::Warning,
    title: "a retry of what is not safe to repeat",
    why: "A retry runs the whole step again, from its top, after an attempt that failed somewhere in the middle. A step that acts, and neither says \
that it is `repeatable` nor can tell that it is done already (`done if`), may do the same thing twice.",
    way_out: "Add `repeatable` if a second time does no harm, or `done if ? …` so that what is done is not done again. Otherwise take the `retry` \
out: the operator is asked.",
    bad: r#"step charge "Send the invoices" {
  $ billing send --all
  irreversible "Mail cannot be called back."
  timeout 5m
  retry 2 every 10s
}
"#,
    good: r#"step charge "Send the invoices" {
  $ billing send --all
  irreversible "Mail cannot be called back."
  done if ? billing sent --today
  timeout 5m
  retry 2 every 10s
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (site, stmt) in subject.each() {
        let StmtKind::Step { name, .. } = &stmt.kind else {
            continue;
        };
        let retry = subject
            .inside(site)
            .find(|(_, stmt)| matches!(stmt.kind, StmtKind::Retry { .. }));
        let Some((_, retry)) = retry else { continue };
        let safe = subject.says(site, |policy| {
            matches!(policy, StmtKind::Repeatable | StmtKind::DoneIf(_))
        });
        let acts = subject.acts(site);
        if let (Some(first), false) = (acts.first(), safe) {
            found
                .add(
                    retry.span,
                    format!("the step `{}` is retried, and not said to be safe to repeat", name.text),
                    "runs the step again from its top",
                )
                .label(*first, "may have been done already")
                .help("add `repeatable`, or `done if ? …`, or take the `retry` out");
        }
    }
}
