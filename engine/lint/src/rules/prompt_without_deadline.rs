use runbook_grammar::ast::{Expr, ExprKind, StmtKind};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::children;

pub const RULE: Rule = Rule {
    name: "prompt-without-deadline",
    severity: Severity::Advice,
    title: "a question without a deadline inside a deadline",
    why: "A section that has to be done `within 10m` waits at a question for as long as nobody answers it: its deadline is shown and recorded, and stops nothing. Who sets a clock over a block has an idea of how long an answer may take, too.\n\nPassed over: an `attempt` with an `otherwise`, whose deadline closes an open question, and blocks of more than half an hour, which are people's own work.",
    way_out: "Give the question a deadline of its own, and say what then: `within 3m else \"No\"`, or `within 3m else escalate to …`.",
    bad: r#"section failover "Fail over" within 10m {
  confirm "Is the replica up to date?"
  step promote "Promote the replica"
}
"#,
    good: r#"contact manager "Engineering manager" {
  phone "+1 555 0100"
}

section failover "Fail over" within 10m {
  confirm "Is the replica up to date?" within 3m else escalate to manager "Nobody answers."
  step promote "Promote the replica"
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (site, stmt) in subject.each() {
        let asks = matches!(
            stmt.kind,
            StmtKind::Choose { .. } | StmtKind::Ask { .. } | StmtKind::Confirm { .. } | StmtKind::Approve { .. }
        );
        if !asks || children::within(stmt).is_some() {
            continue;
        }
        let clock = subject.around(site).find_map(|at| match &subject.sites[at].stmt.kind {
            StmtKind::Section {
                within: Some(within),
                ..
            } => Some(is_short(within).then_some(within.span)),
            StmtKind::Attempt {
                within: Some(within),
                otherwise,
                ..
            } => Some((otherwise.is_none() && is_short(within)).then_some(within.span)),
            StmtKind::Procedure { .. } => Some(None),
            _ => None,
        });
        if let Some(Some(clock)) = clock {
            found
                .add(
                    subject.head(site),
                    "a question waits for ever inside a deadline",
                    "has no deadline of its own",
                )
                .label(clock, "this clock goes on meanwhile")
                .help("add `within 3m else …`: an answer, or `escalate to …`");
        }
    }
}

/// Half an hour at most, in milliseconds.
fn is_short(within: &Expr) -> bool {
    !matches!(within.kind, ExprKind::Duration(ms) if ms > 30 * 60 * 1000)
}
