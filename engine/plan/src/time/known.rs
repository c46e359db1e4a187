//! What is known of durations, numbers and rows before the run.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive;

use crate::expr::{Clause, Expr, ExprKind, RunFact};
use crate::ids::VarId;
use crate::plan::*;
use crate::value::{Type, Value};

/// Whether a run of this severity may come to some row that gives one of these values.
pub(super) fn gives(
    matrix: &Matrix,
    inputs: &[DecideInput],
    by: usize,
    values: &[Value],
    severity: Option<&str>,
) -> bool {
    matrix.rows.iter().any(|row| {
        row.gives
            .get(by)
            .is_some_and(|value| values.contains(value))
            && severity.is_none_or(|level| fits(matrix, inputs, row, level))
    })
}

/// Whether a row gives this level, where the matrix gives one, and is for it, where it goes by that of the run.
fn fits(matrix: &Matrix, inputs: &[DecideInput], row: &MatrixRow, level: &str) -> bool {
    let same = |value: &Value| matches!(value, Value::Severity(other) if other == level);
    let given = given(matrix, row).is_none_or(|given| given == level);
    let asked = inputs.iter().zip(&row.tests).all(|(input, test)| {
        let value = match input {
            DecideInput::Value(value) | DecideInput::ValueOrAsk(value, _) => Some(&value.kind),
            DecideInput::Ask { .. } => None,
        };
        let of_run = value == Some(&ExprKind::Run(RunFact::Severity));
        !of_run
            || match test {
                Test::Is(value) => same(value),
                Test::OneOf(tests) => tests
                    .iter()
                    .any(|test| !matches!(test, Test::Is(value) if !same(value))),
                _ => true,
            }
    });
    given && asked
}

/// The level that a row gives.
pub fn given<'a>(matrix: &Matrix, row: &'a MatrixRow) -> Option<&'a str> {
    let at = matrix
        .outputs
        .iter()
        .position(|output| output.ty == Type::Severity)?;
    match row.gives.get(at)? {
        Value::Severity(level) => Some(level),
        _ => None,
    }
}

pub(super) fn number(clause: &Clause) -> Option<u64> {
    match &clause.kind {
        ExprKind::Literal(Value::Number(number)) => number.to_u64(),
        _ => None,
    }
}

pub(super) fn known(expr: &Expr, values: &BTreeMap<VarId, (u64, u64)>) -> Option<(u64, u64)> {
    match &expr.kind {
        ExprKind::Literal(Value::Duration(ms)) => Some((*ms, *ms)),
        ExprKind::Var(var) => values.get(var).copied(),
        _ => None,
    }
}

/// Durations that names have before the run: the defaults of params, and what procedures are called with.
pub(super) fn values(plan: &Plan) -> BTreeMap<VarId, (u64, u64)> {
    let mut values: BTreeMap<VarId, (u64, u64)> = BTreeMap::new();
    for param in &plan.params {
        if let Some(value) = param.default.as_ref().and_then(|d| known(d, &values)) {
            values.insert(param.var, value);
        }
    }
    let calls: Vec<&Vec<(VarId, Expr)>> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.kind {
            NodeKind::Do { args, .. } => Some(args),
            _ => None,
        })
        .collect();
    // A value passed on through calls arrives one call deeper each time.
    for _ in 0..8 {
        let before = values.len();
        let mut found: BTreeMap<VarId, Option<(u64, u64)>> = BTreeMap::new();
        for (var, value) in calls.iter().flat_map(|args| args.iter()) {
            let value = known(value, &values);
            let all = found.entry(*var).or_insert(value);
            *all = match (*all, value) {
                (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                _ => None,
            };
        }
        values.extend(found.into_iter().filter_map(|(var, v)| Some((var, v?))));
        if values.len() == before {
            break;
        }
    }
    for (var, default) in plan.procedures.iter().flat_map(|p| &p.params) {
        if let Some(default) = default.as_ref().and_then(|d| known(d, &values)) {
            let (least, most) = values.get(var).copied().unwrap_or(default);
            values.insert(*var, (least.min(default.0), most.max(default.1)));
        }
    }
    values
}
