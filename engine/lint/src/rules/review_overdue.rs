use runbook_grammar::ast::{Expr, ExprKind, StmtKind};
use runbook_plan::show;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "review-overdue",
    severity: Severity::Warning,
    title: "a review that is overdue",
    why: "`review every 90d since 2026-11-07` is a promise to look at the runbook again. What it says of hosts, commands and people is right on the day of the review, and a little less each day after.",
    way_out: "Read it through, try it in a rehearsal, and write the day: `since 2027-02-05`.",
    bad: r#"review every 90d since 2025-01-31

step look "Look" {
  ? date
}
"#,
    good: r#"review every 90d since 2026-11-01

step look "Look" {
  ? date
}
"#,
    check,
};

const DAY: u64 = 24 * 60 * 60 * 1000;

fn check(subject: &Subject<'_>, found: &mut Found) {
    let Some(today) = subject.today else { return };
    for (_, stmt) in subject.each() {
        let StmtKind::Review { every, since } = &stmt.kind else {
            continue;
        };
        let (Some(every), Some(since)) = (duration(every), date(since)) else {
            continue;
        };
        let days = i64::try_from(every / DAY).unwrap_or(i64::MAX).min(4000);
        let Ok(due) = since.checked_add(jiff::Span::new().days(days)) else {
            continue;
        };
        if due < today {
            let late = due.until(today).map_or(0, |span| span.get_days());
            found
                .add(
                    stmt.span,
                    format!("the review was due on {due}"),
                    format!("{} ago", show::duration(u64::from(late.unsigned_abs()) * DAY)),
                )
                .help("read it through, rehearse it, and write the day of it behind `since`");
        }
    }
}

fn duration(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Duration(ms) => Some(*ms),
        _ => None,
    }
}

fn date(expr: &Expr) -> Option<jiff::civil::Date> {
    match &expr.kind {
        ExprKind::Date { year, month, day } => {
            let (month, day) = (i8::try_from(*month).ok()?, i8::try_from(*day).ok()?);
            jiff::civil::Date::new(*year, month, day).ok()
        }
        _ => None,
    }
}
