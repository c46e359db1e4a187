use runbook_grammar::ast::StmtKind;
use runbook_plan::expr::{Expr, ExprKind, Op};
use runbook_plan::ids::{BlockId, VarId};
use runbook_plan::plan::{DecideArm, DecideInput, Matrix, MatrixRow, NodeKind, Test};
use runbook_plan::show;
use runbook_plan::value::Value;
use std::collections::BTreeMap;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "unreached-by-matrix",
    severity: Severity::Warning,
    title: "a step that no row of the matrix leads to",
    why: "An arm asks again for what the matrix gave, and for the rows that lead into it the answer is always no: `if severity == P0` in an arm that only P1 rows choose. Or a decision is given a fixed input, and no row for it chooses this arm. The steps in there look as if they could happen.",
    way_out: "Mend the condition or the row. If the table is right, take the steps out.",
    bad: r#"severity P0 "Down" within 1h
severity P1 "Slow" within 4h

matrix triage(down: bool) -> (severity: severity, response: choice) {
  | down | severity | response  |
  |------|----------|-----------|
  | yes  | P0       | fail_over |
  | no   | P1       | restart   |
}

decide triage {
  fail_over {
    step promote "Promote the replica"
  }
  restart {
    if severity == P0 {
      step page "Page the manager"
    }
    step restart "Restart the workers"
  }
}
"#,
    good: r#"severity P0 "Down" within 1h
severity P1 "Slow" within 4h

matrix triage(down: bool) -> (severity: severity, response: choice) {
  | down | severity | response  |
  |------|----------|-----------|
  | yes  | P0       | fail_over |
  | no   | P1       | restart   |
}

decide triage {
  fail_over {
    if severity == P0 {
      step page "Page the manager"
    }
    step promote "Promote the replica"
  }
  restart {
    step restart "Restart the workers"
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (site, stmt) in subject.each() {
        if !matches!(stmt.kind, StmtKind::Decide { .. }) {
            continue;
        }
        let Some((_, node)) = subject.node(site) else { continue };
        let NodeKind::Decide {
            matrix,
            inputs,
            by,
            outputs,
            arms,
        } = &node.kind
        else {
            continue;
        };
        let matrix = &subject.plan.matrices[matrix.index()];
        let rows: Vec<&MatrixRow> = matrix
            .rows
            .iter()
            .filter(|row| may_match(row, inputs))
            .collect();
        for arm in arms {
            in_arm(subject, matrix, *by, outputs, &rows, arm, found);
        }
    }
}

fn in_arm(
    subject: &Subject<'_>,
    matrix: &Matrix,
    by: usize,
    outputs: &[VarId],
    rows: &[&MatrixRow],
    arm: &DecideArm,
    found: &mut Found,
) {
    let rows: Vec<&&MatrixRow> = rows
        .iter()
        .filter(|row| row.gives.get(by).is_some_and(|given| arm.values.contains(given)))
        .collect();
    let block = &subject.plan.blocks[arm.block.index()];
    if rows.is_empty() {
        let names: Vec<String> = arm.values.iter().map(show::value).collect();
        found
            .add(
                block.span.first(1),
                format!("no row for these inputs gives `{}`", names.join("`, `")),
                "is never come to",
            )
            .help("mend the inputs or the table, or take the arm's steps out");
        return;
    }
    // What each output may be in this arm.
    let mut may: BTreeMap<VarId, Vec<&Value>> = BTreeMap::new();
    for (at, var) in outputs.iter().enumerate().take(matrix.outputs.len()) {
        let values = rows.iter().filter_map(|row| row.gives.get(at)).collect();
        may.insert(*var, values);
    }
    conditions(subject, arm.block, &mut |condition| {
        if never(condition, &may) {
            found
                .add(
                    condition.span,
                    "no row of the matrix that leads here makes this true",
                    "is never true in this arm",
                )
                .help("mend the condition or the table, or take the steps out");
        }
    });
}

/// The conditions in a block, at any depth; not those of procedures it calls.
fn conditions(subject: &Subject<'_>, block: BlockId, meet: &mut dyn FnMut(&Expr)) {
    let block = &subject.plan.blocks[block.index()];
    if let Some(condition) = &block.policies.only_if {
        meet(condition);
    }
    for node in &block.nodes {
        let kind = &subject.plan.nodes[node.index()].kind;
        if let NodeKind::If { arms, .. } = kind {
            for (condition, _) in arms {
                meet(condition);
            }
        }
        for inner in runbook_plan::walk::blocks(kind) {
            conditions(subject, inner, meet);
        }
    }
}

fn may_match(row: &MatrixRow, inputs: &[DecideInput]) -> bool {
    row.tests.iter().zip(inputs).all(|(test, input)| match input {
        DecideInput::Value(Expr {
            kind: ExprKind::Literal(value),
            ..
        }) => may_be(test, value),
        _ => true,
    })
}

fn may_be(test: &Test, value: &Value) -> bool {
    match test {
        Test::Is(wanted) => wanted == value,
        Test::NotEqual(other) => other != value,
        Test::OneOf(tests) => tests.iter().any(|test| may_be(test, value)),
        _ => true,
    }
}

fn never(condition: &Expr, may: &BTreeMap<VarId, Vec<&Value>>) -> bool {
    match &condition.kind {
        ExprKind::Binary(Op::And, a, b) => never(a, may) || never(b, may),
        ExprKind::Binary(Op::Or, a, b) => never(a, may) && never(b, may),
        ExprKind::Binary(op @ (Op::Equal | Op::NotEqual), a, b) => {
            let (var, value) = match (&a.kind, &b.kind) {
                (ExprKind::Var(var), ExprKind::Literal(value))
                | (ExprKind::Literal(value), ExprKind::Var(var)) => (var, value),
                _ => return false,
            };
            may.get(var).is_some_and(|values| match op {
                Op::Equal => !values.contains(&value),
                _ => values.iter().all(|given| *given == value),
            })
        }
        _ => false,
    }
}
