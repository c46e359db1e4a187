//! Values in commands: where each hole of a command line or a script stands in the shell's grammar, and so
//! how its value can be referred to there without ever becoming code.
//!
//! A value reaches the shell in an environment variable; what is put into the text is a reference to it in
//! the form that is right at that place ([`Quoting`](crate::command::Quoting)). Where none is right, that is
//! an error which names the way out.

use runbook_grammar::ast::Str;
use runbook_grammar::diagnostic::Diagnostic;

use crate::command::{Interpreter, Piece, WordPart};
use crate::expr::Expr;

/// The pieces of a command line or a script for an interpreter. `holes` are the resolved expressions of the
/// holes of `text`, in order; for one that could not be resolved any expression of type `text` will do.
/// Holes that have no safe form are reported, and then the pieces must not be run.
pub fn pieces(
    interpreter: Interpreter,
    text: &Str,
    holes: &[Expr],
) -> (Vec<Piece>, Vec<Diagnostic>) {
    let _ = (interpreter, text, holes);
    (Vec::new(), Vec::new())
}

/// The words of a one-line command for `sh` that needs no shell: no metacharacter, builtin, reserved word,
/// assignment, glob, tilde, and no secret among its values. `None` where a shell might read it otherwise.
pub fn direct(text: &Str, holes: &[Expr]) -> Option<Vec<Vec<WordPart>>> {
    let _ = (text, holes);
    None
}
