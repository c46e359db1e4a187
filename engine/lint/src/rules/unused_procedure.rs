use runbook_grammar::ast::StmtKind;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::names::As;

pub const RULE: Rule = Rule {
    name: "unused-procedure",
    severity: Severity::Warning,
    title: "a procedure that nothing calls",
    why: "It stands in the document as if it could happen. Most often its call was lost in an edit, and with it the steps. Procedures of modules are there for others, and are passed over.",
    way_out: "Call it with `do`, or take it out.",
    bad: r#"step look "Look" {
  ? date
}

procedure flush() "Flush the cache" {
  step flush "Flush the cache" {
    $ cache flush
    repeatable
  }
}
"#,
    good: r#"do flush()

procedure flush() "Flush the cache" {
  step flush "Flush the cache" {
    $ cache flush
    repeatable
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    if !subject.is_runbook() {
        return;
    }
    for (_, stmt) in subject.each() {
        if let StmtKind::Procedure { name, .. } = &stmt.kind
            && !subject.uses.has(As::Procedure, &name.text)
        {
            found
                .add(
                    name.span,
                    format!("the procedure `{}` is never called", name.text),
                    "nothing of it is ever run",
                )
                .help(format!("call it with `do {}(…)`, or take it out", name.text));
        }
    }
}
