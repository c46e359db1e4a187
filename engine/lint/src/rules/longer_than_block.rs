use runbook_grammar::ast::{Expr, ExprKind, StmtKind};
use runbook_plan::show;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "longer-than-block",
    severity: Severity::Warning,
    title: "a wait that is longer than the block it stands in",
    why: "A `watch for 30m` inside `within 10m` can never be watched to its end: the deadline passes first, and in an `attempt` with an `otherwise` it is stopped every time. The same goes for a `wait`, a `live for` and a `timeout` in a shorter one.",
    way_out: "Shorten what is waited for, or lengthen the deadline around it.",
    bad: r#"attempt quick "Try a restart" within 5m {
  step restart "Restart" {
    $ systemctl restart api
    repeatable
    timeout 1m
  }
  watch for 30m every 30s {
    http GET http://localhost:3001/health
  }
} otherwise {
  finish failed
}
"#,
    good: r#"attempt quick "Try a restart" within 5m {
  step restart "Restart" {
    $ systemctl restart api
    repeatable
    timeout 1m
  }
  watch for 2m every 30s {
    http GET http://localhost:3001/health
  }
} otherwise {
  finish failed
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (site, stmt) in subject.each() {
        let lasting = match &stmt.kind {
            StmtKind::Watch { lasting, .. } => Some((&**lasting, "a watch")),
            StmtKind::Wait(lasting) => Some((lasting, "a wait")),
            StmtKind::WaitUpTo {
                stable: Some(stable),
                ..
            } => Some((&**stable, "a `stable`")),
            _ => None,
        };
        let Some((lasting, what)) = lasting else { continue };
        let Some(long) = duration(lasting) else { continue };
        for around in subject.around(site) {
            let (limit, word) = match &subject.sites[around].stmt.kind {
                StmtKind::Section {
                    within: Some(within),
                    ..
                }
                | StmtKind::Attempt {
                    within: Some(within),
                    ..
                } => (&**within, "within"),
                StmtKind::Step { .. } => {
                    let timeout = subject.inside(around).find_map(|(_, stmt)| match &stmt.kind {
                        StmtKind::Timeout(limit) => Some(limit),
                        _ => None,
                    });
                    match timeout {
                        Some(limit) => (limit, "timeout"),
                        None => continue,
                    }
                }
                StmtKind::Procedure { .. } => break,
                _ => continue,
            };
            if let Some(short) = duration(limit)
                && long > short
            {
                found
                    .add(
                        lasting.span,
                        format!(
                            "{what} of {} stands in a block that has {}",
                            show::duration(long),
                            show::duration(short)
                        ),
                        "never comes to its end",
                    )
                    .label(limit.span, format!("this `{word}` passes first"))
                    .help("shorten what is waited for, or lengthen the deadline around it");
                break;
            }
        }
    }
}

fn duration(expr: &Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Duration(ms) => Some(*ms),
        ExprKind::Paren(inner) => duration(inner),
        _ => None,
    }
}
