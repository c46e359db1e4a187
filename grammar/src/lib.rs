//! What a runbook says: text to a typed tree, and the mistakes in it.
//!
//! | file | what it holds |
//! |---|---|
//! | `runbook.pest` | the language, a doc comment on every rule |
//! | [`source`] | the bytes of a file, checked and normalised once |
//! | [`span`] | places in those bytes |
//! | [`ast`] | the typed tree; every node knows its place |
//! | [`diagnostic`] | a mistake: code, message, places, help |
//! | [`report`] | mistakes with the lines they stand on |
//! | [`mod@parse`] | `&Source` to `ast::File` and diagnostics; never fails |

pub mod ast;
pub mod codes;
pub mod diagnostic;
mod near;
pub mod parse;
pub mod report;
pub mod source;
pub mod span;

pub use near::nearest;
pub use parse::parse;
