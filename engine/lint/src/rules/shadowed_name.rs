use runbook_grammar::ast::{ExprKind, Name, StmtKind, TypeKind};
use runbook_grammar::span::Span;
use std::collections::BTreeMap;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "shadowed-name",
    severity: Severity::Warning,
    title: "a name that hides another",
    why: "Most double names are errors. Two are not, and still mislead: a value that has the name of a choice or a level, so that `severity == P0` compares with the value; and a value that has the name of a function, `lines` or `number`.",
    way_out: "Give the value another name.",
    bad: r#"severity P0 "Down" within 15m
severity P1 "Slow" within 1h

param level: severity = P1
ask P0: text "What is down?"

if level == P1 {
  finish no_action "{{P0}} is only slow."
}
"#,
    good: r#"severity P0 "Down" within 15m
severity P1 "Slow" within 1h

param level: severity = P1
ask part: text "What is down?"

if level == P1 {
  finish no_action "{{part}} is only slow."
}
"#,
    check,
};

const FUNCTIONS: &[&str] = &[
    "len", "lines", "trim", "join", "number", "json", "basename", "now", "env",
];

fn check(subject: &Subject<'_>, found: &mut Found) {
    let mut meant: BTreeMap<String, (Span, &str)> = BTreeMap::new();
    for (_, stmt) in subject.each() {
        match &stmt.kind {
            StmtKind::Severity { name, .. } => {
                meant.insert(name.text.clone(), (name.span, "a level"));
            }
            StmtKind::Matrix(matrix) => {
                let choices = matrix
                    .inputs
                    .iter()
                    .chain(&matrix.outputs)
                    .filter(|formal| matches!(formal.ty.kind, TypeKind::Choice));
                for choice in choices {
                    let column = matrix
                        .table
                        .head
                        .iter()
                        .position(|cell| cell.text == choice.name.text);
                    let Some(column) = column else { continue };
                    for cell in matrix.table.rows.iter().filter_map(|row| row.cells.get(column)) {
                        let word = matches!(
                            &cell.test,
                            Some(runbook_grammar::ast::CellTest::Value(value)) if matches!(value.kind, ExprKind::Name(_))
                        );
                        if word {
                            meant.entry(cell.text.clone()).or_insert((cell.span, "a choice"));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let mut look = |name: &Name| {
        if let Some((span, what)) = meant.get(&name.text) {
            found
                .add(
                    name.span,
                    format!("the value `{}` hides {what} of this name", name.text),
                    "from here on, this is meant",
                )
                .label(*span, format!("{what}, hidden by it"))
                .help("give the value another name");
        } else if FUNCTIONS.contains(&name.text.as_str()) {
            found
                .add(
                    name.span,
                    format!("the value `{0}` has the name of the function `{0}(…)`", name.text),
                    "reads like the function",
                )
                .help("give the value another name");
        }
    };
    for (_, stmt) in subject.each() {
        match &stmt.kind {
            StmtKind::Param { name, .. }
            | StmtKind::Let { name, .. }
            | StmtKind::Ask { name, .. }
            | StmtKind::For { name, .. } => look(name),
            StmtKind::Choose {
                binds: Some(name), ..
            } => look(name),
            StmtKind::Item {
                evidence: Some(evidence),
                ..
            } => look(&evidence.name),
            StmtKind::Procedure { params, .. } => {
                for param in params {
                    look(&param.name);
                }
            }
            _ => {}
        }
    }
}
