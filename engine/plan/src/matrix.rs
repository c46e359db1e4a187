//! Decision tables: proven before a run, asked during one.
//!
//! [`prove`] shows that exactly one row matches every input; [`pick`] finds it.

use std::fmt;

use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

use crate::plan::{Matrix, Test};
use crate::value::Value;

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
/// Tests must already fit the types of their columns; what does not is reported as well, never a panic.
pub fn prove(matrix: &Matrix, severities: &[String], head: Span) -> Vec<Diagnostic> {
    let _ = (matrix, severities, head);
    Vec::new()
}

/// The row for these inputs, one for each input column: an index into [`Matrix::rows`].
pub fn pick(matrix: &Matrix, inputs: &[Value]) -> Result<usize, PickError> {
    let _ = (matrix, inputs, Test::Any);
    Err(PickError::NoRow)
}
