//! How a runbook should look: `fmt`.
//!
//! [`format`] prints the tree of a file anew. What a person chose to say stays (commands, strings, prose, the order of
//! statements, blank lines between them, blocks that stand on one line); what is mere layout becomes the same
//! everywhere. Formatting twice changes nothing, and the text keeps its tree and every comment.
//!
//! | what | how |
//! |---|---|
//! | indentation | two columns a block |
//! | blank lines | a run of them becomes one; none after `{` or before `}`; always one below the heading |
//! | `version` `owner` `tags` `review` `link` | neighbours start their values in one column |
//! | `severity`, `given` | neighbours put title, `within` and `=` in columns |
//! | comments behind statements | two columns off, neighbours in one column |
//! | tables | columns padded to what a terminal shows, the ruler redrawn |
//! | `else`, `otherwise` | behind the `}` before them |
//! | a list, call or parenthesis that breaks after its bracket | one item a line |
//! | a script in a fence | moved as a whole, two columns right of its mark |
//!
//! | file | what it holds |
//! |---|---|
//! | `lines` | printed lines: columns, trailing comments, the text in the end |
//! | `text` | the text of a statement while it is put together |
//! | `printer` | statements in order, with their comments and blank lines |
//! | `head` | the heads of statements |
//! | `expr` | expressions, types, literals |
//! | `command` | commands, fences, HTTP requests |
//! | `table` | matrices |

mod command;
mod expr;
mod head;
mod lines;
mod printer;
mod table;
mod text;

use printer::Printer;
use runbook_grammar::ast::{Expr, File, TypeExpr};
use runbook_grammar::source::Source;

/// The file as it should look, ended by a newline. `file` is what `source` parsed to; it has no syntax errors.
pub fn format(source: &Source, file: &File) -> String {
    let mut printer = Printer::new(source, file);
    printer.file(file);
    printer.finish()
}

/// An expression on one line, spaced as [`format`] spaces it.
pub fn expression(source: &Source, expr: &Expr) -> String {
    Printer::bare(source).expr(expr).into_line()
}

/// A type on one line, spaced as [`format`] spaces it.
pub fn type_expression(source: &Source, ty: &TypeExpr) -> String {
    Printer::bare(source).type_expr(ty).into_line()
}
