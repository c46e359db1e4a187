//! Values and types as text: for people, for prose, and as what a command receives.

use crate::value::{Type, Value};

/// A value as the language writes it: `10%`, `1h30m`, `yes`, text as it is, a list's items joined by `, `,
/// `(unknown)` for what is missing. A secret shows nothing but that it is one; who knows its name shows that.
pub fn value(value: &Value) -> String {
    let _ = value;
    String::new()
}

/// A type as the language writes it: `one of [a, b]`.
pub fn ty(ty: &Type) -> String {
    let _ = ty;
    String::new()
}

/// Milliseconds as `1h30m`; below a second as `250ms`.
pub fn duration(milliseconds: u64) -> String {
    let _ = milliseconds;
    String::new()
}

/// Milliseconds since 1970, UTC, as `2025-11-07T10:00:00Z`.
pub fn time(milliseconds: i64) -> String {
    let _ = milliseconds;
    String::new()
}

/// Text as one word of a POSIX shell: as it is where that is safe, else in single quotes.
pub fn shell_quoted(text: &str) -> String {
    let _ = text;
    String::new()
}
