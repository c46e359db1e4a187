use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::names::As;

pub const RULE: Rule = Rule {
    name: "checkpoint-without-check",
    severity: Severity::Warning,
    title: "a checkpoint that checks nothing",
    why: "A checkpoint is a gate: the reader takes it that something was made sure of there, and the objective may end at it. With nothing to \
check, to confirm or to approve, the run goes through it without looking.\n\nPassed over: a checkpoint that is there to `rewind to`.",
    way_out: "Write what has to hold: a `check \"…\" { … }`, an item for the operator, an `approve`.",
    bad: r#"checkpoint restored "The service is back" {
  > Everything should work again.
}
"#,
    good: r#"checkpoint restored "The service is back" {
  check "The health endpoint answers" {
    http GET http://localhost:3001/health
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (site, stmt) in subject.each() {
        let StmtKind::Checkpoint { name, .. } = &stmt.kind else {
            continue;
        };
        let checks = subject.inside(site).any(|(_, stmt)| {
            matches!(
                stmt.kind,
                StmtKind::Item { .. }
                    | StmtKind::Check { .. }
                    | StmtKind::Approve { .. }
                    | StmtKind::Command(_)
                    | StmtKind::Http(_)
                    | StmtKind::Expect { .. }
                    | StmtKind::Confirm { .. }
                    | StmtKind::Ask { .. }
                    | StmtKind::Do(_)
                    | StmtKind::Let { .. }
                    | StmtKind::If { .. }
                    | StmtKind::For { .. }
                    | StmtKind::WaitUpTo { .. }
                    | StmtKind::Watch { .. }
                    | StmtKind::Compare { .. }
                    | StmtKind::Todo(_)
            )
        });
        let rewound = subject.each().any(|(_, other)| {
            matches!(&other.kind, StmtKind::Rewind(path)
                if path.names.last().is_some_and(|last| last.text == name.text))
        });
        if checks || rewound {
            continue;
        }
        let ends = subject.uses.has(As::Checkpoint, &name.text);
        found
            .add(
                subject.head(site),
                format!("the checkpoint `{}` checks nothing", name.text),
                if ends {
                    "a clock of the run goes by it, and it is passed without looking"
                } else {
                    "is passed without looking"
                },
            )
            .help("write what has to hold: a `check \"…\" { … }`, a `- [ ]` item, an `approve`");
    }
}
