use runbook_grammar::ast::{BinaryOp, Expr, ExprKind, Name, StmtKind, TypeKind};
use runbook_grammar::span::Span;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::{Subject, children};

pub const RULE: Rule = Rule {
    name: "shadowed-name",
    severity: Severity::Warning,
    title: "a name that hides another",
    why: "Most double names are errors. One is not, and misleads: a value that has the name of a choice or of a level. There, `response == restart` compares with the value, and says something else than it reads.\n\nFound where such a comparison stands in the file.",
    way_out: "Write the choice in quotes, `\"restart\"`, or give the value another name.",
    bad: r#"param restart: text = "api"

matrix triage(down: bool) -> (response: choice) {
  | down | response |
  |------|----------|
  | yes  | restart  |
  | no   | wait     |
}

decide triage {
  restart, wait {
    if response == restart {
      step restart "Restart {{restart}}"
    }
  }
}
"#,
    good: r#"param service: text = "api"

matrix triage(down: bool) -> (response: choice) {
  | down | response |
  |------|----------|
  | yes  | restart  |
  | no   | wait     |
}

decide triage {
  restart, wait {
    if response == "restart" {
      step restart "Restart {{service}}"
    }
  }
}
"#,
    check,
};

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
    let mut compared: BTreeSet<&str> = BTreeSet::new();
    for (_, stmt) in subject.each() {
        for expr in children::exprs(stmt) {
            compares(expr, &mut compared);
        }
    }
    let mut look = |name: &Name| {
        if let Some((span, what)) = meant.get(&name.text)
            && compared.contains(name.text.as_str())
        {
            found
                .add(
                    name.span,
                    format!("the value `{}` hides {what} of this name", name.text),
                    "a comparison takes this one",
                )
                .label(*span, format!("{what}, hidden by it"))
                .help("write the choice in quotes, or give the value another name");
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

/// Names that stand on the right of a comparison.
fn compares<'a>(expr: &'a Expr, found: &mut BTreeSet<&'a str>) {
    if let ExprKind::Binary(
        BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::In | BinaryOp::NotIn,
        _,
        right,
    ) = &expr.kind
    {
        let words = match &right.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![&**right],
        };
        for word in words {
            if let ExprKind::Name(name) = &word.kind {
                found.insert(&name.text);
            }
        }
    }
    for part in children::parts(expr) {
        compares(part, found);
    }
}
