use runbook_grammar::ast::{StmtKind, TypeKind};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::names::As;

pub const RULE: Rule = Rule {
    name: "unused-param",
    severity: Severity::Warning,
    title: "a param that nothing reads",
    why: "Whoever starts the runbook is asked for it, thinks about it, and it changes nothing. Often a command below was meant to hold it and holds a fixed value instead.\n\nA parameter of a procedure is looked at in the same way. A param of type `severity` sets the level of the run, and one that has the name of a column of a matrix is an input of it: both are used.",
    way_out: "Use it where it was meant to stand, or take it out.",
    bad: r#"param region: text = "eu"

step look "Look at the API" {
  ? curl -fsS --max-time 5 https://eu.example.com/health
}
"#,
    good: r#"param region: text = "eu"

step look "Look at the API" {
  ? curl -fsS --max-time 5 https://{{region}}.example.com/health
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (_, stmt) in subject.each() {
        match &stmt.kind {
            StmtKind::Param { name, ty, .. } => {
                let level = matches!(ty.kind, TypeKind::Severity);
                if !level && !subject.uses.has(As::Value, &name.text) {
                    found
                        .add(
                            name.span,
                            format!("the param `{}` is never read", name.text),
                            "is asked for, and changes nothing",
                        )
                        .help("use it where it was meant to stand, or take it out");
                }
            }
            StmtKind::Procedure { params, .. } => {
                for param in params {
                    if !subject.uses.has(As::Value, &param.name.text) {
                        found
                            .add(
                                param.name.span,
                                format!("the parameter `{}` is never read", param.name.text),
                                "is given, and changes nothing",
                            )
                            .help("use it where it was meant to stand, or take it out");
                    }
                }
            }
            _ => {}
        }
    }
}
