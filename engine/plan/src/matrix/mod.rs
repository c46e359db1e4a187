//! Decision tables: proven before a run, asked during one.
//!
//! [`prove`] shows that exactly one row matches every input; [`pick`] finds it.
//!
//! Each column is cut into *atoms*: sets of values that no test of the column tells apart (a member of a closed
//! set; a number that some cell names, and the open interval between two such). A row is then a box of atoms,
//! and the proof is about boxes in a finite space. Rows that do not overlap fill the space exactly when their
//! volumes add up to its volume, so tables without overlaps are proven in about linear time, whatever their
//! size. Only a `first` matrix whose rows do overlap needs a search, and the search has a budget.
//!
//! | file | what it holds |
//! |---|---|
//! | [`atoms`] | columns cut into atoms, tests as sets of them, a human value for each |
//! | [`space`] | boxes: overlaps, gaps, what lies under other boxes |
//! | [`differ`] | two versions of a table, and inputs on which they decide differently |

use std::fmt;

use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

use crate::codes;
use crate::plan::{Matrix, Test};
use crate::read;
use crate::show;
use crate::value::{Type, Value};

mod atoms;
pub mod differ;
mod space;

use atoms::{Atoms, Misfit};
use space::{Boxed, TooEntangled};

/// How many gaps, and how many overlapping pairs, are reported at once.
const AT_MOST: usize = 10;

/// Why no row could be picked, in a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickError {
    /// No row matches; only possible for values outside what the proof covers, such as a negative percent.
    NoRow,
    /// More than one row matches; indexes into [`Matrix::rows`]. The proof makes this impossible.
    Several(Vec<usize>),
    /// An input has no value, or one that the column cannot test; its name, and why.
    Unfit(String, String),
}

impl fmt::Display for PickError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PickError::NoRow => write!(f, "no row of the matrix matches"),
            PickError::Several(rows) => {
                write!(f, "more than one row of the matrix matches: ")?;
                for (n, row) in rows.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", row + 1)?;
                }
                Ok(())
            }
            PickError::Unfit(column, why) => write!(f, "`{column}` {why}"),
        }
    }
}

/// Proves that exactly one row matches every input, or, for a `first` matrix, that at least one does and
/// that every row is taken by some input. `severities` are the declared levels, in order: the set behind a
/// `severity` column. `head` is where the matrix is named. Every mistake comes with a concrete input.
///
/// Tests must already fit the types of their columns; what does not is reported as well, never a panic. A
/// percent begins at 0% unless a cell of its column names a negative one; a duration begins at 0.
pub fn prove(matrix: &Matrix, severities: &[String], head: Span) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let columns: Vec<Atoms> = matrix
        .inputs
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let tests = matrix.rows.iter().filter_map(|row| row.tests.get(at));
            Atoms::cut(column, tests, severities)
        })
        .collect();
    let mut rows: Vec<Boxed> = Vec::new();
    for (n, row) in matrix.rows.iter().enumerate() {
        let mut sides = Vec::new();
        for ((column, atoms), test) in matrix.inputs.iter().zip(&columns).zip(&row.tests) {
            match atoms.those(test) {
                Ok(side) if side.is_empty() => {
                    errors.push(empty_test(n, &column.name, test, row.span))
                }
                Ok(side) => sides.push(side),
                Err(misfit) => {
                    errors.push(unfit_test(n, &column.name, &column.ty, &misfit, row.span))
                }
            }
        }
        rows.push(sides);
    }
    if !errors.is_empty() || rows.iter().any(|row| row.len() != columns.len()) {
        return errors;
    }
    let sizes: Vec<usize> = columns.iter().map(Atoms::count).collect();
    let overlaps = space::overlaps(&rows, &sizes, if matrix.first { 1 } else { AT_MOST + 1 });
    let disjoint = overlaps.is_empty();
    if !matrix.first {
        report_overlaps(matrix, &columns, &rows, &overlaps, &mut errors);
    }
    // Gaps are added as boxes of their own, so that the next one found is another.
    let mut known = rows.clone();
    for found in 0.. {
        let gap = if disjoint {
            Ok(space::gap_beside_disjoint(&known, &sizes))
        } else {
            space::uncovered(&space::all(&sizes), &known, &sizes)
        };
        match gap {
            Ok(None) => break,
            Ok(Some(_)) if found == AT_MOST => {
                if let Some(last) = errors.last_mut() {
                    last.help = last
                        .help
                        .take()
                        .map(|help| format!("{help}; there are more gaps"));
                }
                break;
            }
            Ok(Some(point)) => {
                let gap =
                    space::widened(&point, &known, &sizes, |column| columns[column].in_line());
                errors.push(report_gap(matrix, &columns, &gap, head));
                known.push(gap);
            }
            Err(TooEntangled) => {
                // Where rows must not overlap, those overlaps are the report, and mending them makes the rest
                // provable.
                if matrix.first {
                    errors.push(too_entangled(matrix, head));
                }
                return errors;
            }
        }
    }
    if matrix.first && !disjoint {
        report_dead_rows(matrix, &columns, &rows, &sizes, head, &mut errors);
    }
    errors
}

fn row_name(n: usize) -> String {
    format!("row {}", n + 1)
}

fn empty_test(row: usize, column: &str, test: &Test, span: Span) -> Diagnostic {
    let row = row_name(row);
    let error = Diagnostic::error(
        codes::MATRIX_EMPTY_TEST,
        format!("no value of `{column}` passes the test of {row}"),
        span,
        format!("`{}` is true of nothing", atoms::shown_test(test)),
    );
    match test {
        Test::Between(low, high) => error.help(format!(
            "write the lower end first: `{}..{}`",
            show::literal(high),
            show::literal(low)
        )),
        _ => error.help("test for a value that can occur, or delete the row"),
    }
}

fn unfit_test(row: usize, column: &str, ty: &Type, misfit: &Misfit, span: Span) -> Diagnostic {
    let row = row_name(row);
    let (here, help) = match misfit {
        Misfit::NoOrder => (
            format!("values of type `{}` have no order", show::ty(ty)),
            "name the values, or give the column the type `number`, `percent`, `duration` or `time`".to_owned(),
        ),
        Misfit::NoMember(value, near) => (
            format!("`{value}` is no value of the column"),
            match near {
                Some(near) => format!("write `{near}`, or add `{value}` to the set"),
                None => format!("write one of the values of `{}`", show::ty(ty)),
            },
        ),
        Misfit::OtherType(value) => (
            format!("`{value}` is no `{}`", show::ty(ty)),
            format!("write a value of type `{}`", show::ty(ty)),
        ),
    };
    Diagnostic::error(
        codes::MATRIX_UNFIT_TEST,
        format!("the test of `{column}` in {row} does not fit its column"),
        span,
        here,
    )
    .help(help)
}

/// `up = yes, error_rate = 10%`
fn input(matrix: &Matrix, columns: &[Atoms], point: &[usize]) -> String {
    let parts: Vec<String> = matrix
        .inputs
        .iter()
        .zip(columns)
        .zip(point)
        .map(|((column, atoms), atom)| format!("{} = {}", column.name, atoms.example(*atom)))
        .collect();
    if parts.is_empty() {
        "no input at all".to_owned()
    } else {
        format!("`{}`", parts.join(", "))
    }
}

fn report_overlaps(
    matrix: &Matrix,
    columns: &[Atoms],
    rows: &[Boxed],
    overlaps: &[(usize, usize)],
    errors: &mut Vec<Diagnostic>,
) {
    for (above, below) in overlaps.iter().take(AT_MOST) {
        let point: Vec<usize> = rows[*above]
            .iter()
            .zip(&rows[*below])
            .zip(columns)
            .map(|((a, b), atoms)| atoms.telling(&space::meet(a, b)))
            .collect();
        let (a, b) = (above + 1, below + 1);
        let error = Diagnostic::error(
            codes::MATRIX_OVERLAP,
            format!("{} matches rows {a} and {b}", input(matrix, columns, &point)),
            matrix.rows[*below].span,
            format!("row {b} matches it"),
        )
        .label(matrix.rows[*above].span, format!("so does row {a}"))
        .help("narrow one of the two, or write `first` after the signature if the upper row is meant to win");
        errors.push(error);
    }
    if overlaps.len() > AT_MOST
        && let Some(last) = errors.last_mut()
    {
        last.help = last
            .help
            .take()
            .map(|help| format!("{help}; more rows overlap"));
    }
}

fn report_gap(matrix: &Matrix, columns: &[Atoms], gap: &Boxed, head: Span) -> Diagnostic {
    let point: Vec<usize> = gap
        .iter()
        .zip(columns)
        .map(|(side, atoms)| atoms.telling(side))
        .collect();
    let mut cells: Vec<String> = gap
        .iter()
        .zip(columns)
        .map(|(side, atoms)| atoms.cell(side))
        .collect();
    cells.extend(matrix.outputs.iter().map(|_| "…".to_owned()));
    Diagnostic::error(
        codes::MATRIX_GAP,
        format!("no row matches {}", input(matrix, columns, &point)),
        head,
        format!("`{}` has no answer to it", matrix.name),
    )
    .help(format!("add a row: `| {} |`", cells.join(" | ")))
}

fn too_entangled(matrix: &Matrix, head: Span) -> Diagnostic {
    Diagnostic::error(
        codes::MATRIX_TOO_ENTANGLED,
        format!(
            "the rows of `{}` overlap in too many ways to be proven",
            matrix.name
        ),
        head,
        "whether every input has a row, and every row an input, cannot be said",
    )
    .help("split it into two matrices, or drop `first` and let the rows exclude each other")
}

fn report_dead_rows(
    matrix: &Matrix,
    columns: &[Atoms],
    rows: &[Boxed],
    sizes: &[usize],
    head: Span,
    errors: &mut Vec<Diagnostic>,
) {
    let Ok(above) = space::overlapping_above(rows, sizes) else {
        errors.push(too_entangled(matrix, head));
        return;
    };
    for (n, row) in rows.iter().enumerate() {
        let above: Vec<Boxed> = above[n].iter().map(|other| rows[*other].clone()).collect();
        match space::uncovered(row, &above, sizes) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let point: Vec<usize> = row
                    .iter()
                    .zip(columns)
                    .map(|(side, atoms)| atoms.telling(side))
                    .collect();
                let taken = rows[..n]
                    .iter()
                    .position(|other| {
                        other
                            .iter()
                            .zip(&point)
                            .all(|(side, atom)| space::holds(side, *atom))
                    })
                    .unwrap_or(0);
                errors.push(
                    Diagnostic::error(
                        codes::MATRIX_DEAD_ROW,
                        format!(
                            "row {} is never taken: {} goes to row {}",
                            n + 1,
                            input(matrix, columns, &point),
                            taken + 1
                        ),
                        matrix.rows[n].span,
                        "rows above match everything that this one matches",
                    )
                    .label(matrix.rows[taken].span, "this row is taken instead")
                    .help("move it above the rows that hide it, or delete it"),
                );
            }
            Err(TooEntangled) => {
                errors.push(too_entangled(matrix, head));
                return;
            }
        }
    }
}

/// A test as it is written in a cell.
pub fn cell(test: &Test) -> String {
    atoms::shown_test(test)
}

/// The row for these inputs, one for each input column: an index into [`Matrix::rows`].
pub fn pick(matrix: &Matrix, inputs: &[Value]) -> Result<usize, PickError> {
    let mut found = Vec::new();
    for (n, row) in matrix.rows.iter().enumerate() {
        let mut all = true;
        for (at, test) in row.tests.iter().enumerate() {
            let value = inputs.get(at).unwrap_or(&Value::Missing);
            let unfit = |why| {
                let name = matrix
                    .inputs
                    .get(at)
                    .map_or_else(String::new, |column| column.name.clone());
                PickError::Unfit(name, why)
            };
            if !passes(test, value).map_err(unfit)? {
                all = false;
                break;
            }
        }
        if all && matrix.first {
            return Ok(n);
        }
        if all {
            found.push(n);
        }
    }
    match found.as_slice() {
        [] => Err(PickError::NoRow),
        [one] => Ok(*one),
        _ => Err(PickError::Several(found)),
    }
}

/// Whether a value passes a test; why it cannot be tested.
fn passes(test: &Test, value: &Value) -> Result<bool, String> {
    use std::cmp::Ordering::*;
    if matches!(value, Value::Missing | Value::Json(serde_json::Value::Null)) {
        return Err("has no value".to_owned());
    }
    Ok(match test {
        Test::Any => true,
        Test::Is(wanted) => same(value, wanted)?,
        Test::NotEqual(wanted) => !same(value, wanted)?,
        Test::Less(limit) => order(value, limit)? == Less,
        Test::LessEqual(limit) => order(value, limit)? != Greater,
        Test::Greater(limit) => order(value, limit)? == Greater,
        Test::GreaterEqual(limit) => order(value, limit)? != Less,
        Test::Between(low, high) => order(value, low)? != Less && order(value, high)? != Greater,
        Test::OneOf(tests) => {
            for test in tests {
                if passes(test, value)? {
                    return Ok(true);
                }
            }
            false
        }
    })
}

fn same(value: &Value, wanted: &Value) -> Result<bool, String> {
    let read = as_type_of(value, wanted)?;
    match (text(&read), text(wanted)) {
        (Some(a), Some(b)) => Ok(a == b),
        _ if std::mem::discriminant(&read) == std::mem::discriminant(wanted) => Ok(read == *wanted),
        _ => Err(misfit(value, wanted)),
    }
}

fn order(value: &Value, limit: &Value) -> Result<std::cmp::Ordering, String> {
    let read = as_type_of(value, limit)?;
    match (&read, limit) {
        (Value::Number(a), Value::Number(b)) | (Value::Percent(a), Value::Percent(b)) => {
            Ok(a.cmp(b))
        }
        (Value::Duration(a), Value::Duration(b)) => Ok(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Ok(a.cmp(b)),
        _ => Err(misfit(value, limit)),
    }
}

fn misfit(value: &Value, wanted: &Value) -> String {
    format!(
        "is `{}`, which cannot be compared with `{}`",
        show::literal(value),
        show::literal(wanted)
    )
}

/// `json` read as the type of the value it is compared with.
fn as_type_of(value: &Value, wanted: &Value) -> Result<Value, String> {
    let Value::Json(json) = value else {
        return Ok(value.clone());
    };
    let ty = match wanted {
        Value::Json(_) => return Ok(value.clone()),
        Value::Number(_) => Type::Number,
        Value::Bool(_) => Type::Bool,
        Value::Percent(_) => Type::Percent,
        Value::Duration(_) => Type::Duration,
        Value::Time(_) => Type::Time,
        _ => Type::Text,
    };
    read::from_json(json, &ty, &[]).map_err(|why| format!("cannot be compared: {why}"))
}

/// The text of a value that is nothing but text: members of closed sets, severities, urls, paths.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Url(text) | Value::Path(text) | Value::Severity(text) => {
            Some(text)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
