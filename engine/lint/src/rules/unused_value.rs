use runbook_grammar::ast::{LetValue, StmtKind};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::names::As;

pub const RULE: Rule = Rule {
    name: "unused-value",
    severity: Severity::Advice,
    title: "a value that is taken and never read",
    why: "`let` takes what a command says so that something later goes by it. Where nothing does, a check was forgotten, or a plain `?` would do. Answers of people (`ask`, evidence) are kept for the report, and are passed over.",
    way_out: "Use it, in an `expect` perhaps, or leave the `let` out.",
    bad: r#"step look "Look at the queue" {
  let waiting: number = ? queue length
}
"#,
    good: r#"step look "Look at the queue" {
  let waiting: number = ? queue length
  expect waiting < 100
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (_, stmt) in subject.each() {
        if let StmtKind::Let { name, value, .. } = &stmt.kind
            && !matches!(value, LetValue::Do(_))
            && !subject.uses.has(As::Value, &name.text)
        {
            found
                .add(
                    name.span,
                    format!("`{}` is taken and never read", name.text),
                    "nothing goes by it",
                )
                .help("use it, in an `expect` perhaps, or leave the `let` out");
        }
    }
}
