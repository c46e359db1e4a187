//! An expression as text, as the formatter would write it: what an `expect` shows when it fails.

use runbook_grammar::ast::{Expr, ExprKind, Str, StrPart};

pub(super) fn write(expr: &Expr) -> String {
    let mut out = String::new();
    put(expr, &mut out);
    out
}

/// The text with its holes, without quotes.
pub(super) fn source(text: &Str) -> String {
    let mut out = String::new();
    for part in &text.parts {
        match part {
            StrPart::Text { text, .. } => out.push_str(text),
            StrPart::Hole { path, .. } => {
                out.push_str("{{");
                for (i, name) in path.names.iter().enumerate() {
                    if i > 0 {
                        out.push('.');
                    }
                    out.push_str(&name.text);
                }
                out.push_str("}}");
            }
        }
    }
    out
}

fn put(expr: &Expr, out: &mut String) {
    match &expr.kind {
        ExprKind::Text(text) => {
            out.push('"');
            out.push_str(&source(text).replace('\\', "\\\\").replace('"', "\\\""));
            out.push('"');
        }
        ExprKind::Number(n) => out.push_str(&n.to_string()),
        ExprKind::Percent(n) => out.push_str(&format!("{n}%")),
        ExprKind::Factor(n) => out.push_str(&format!("{n}x")),
        ExprKind::Duration(ms) => out.push_str(&crate::show::duration(*ms)),
        ExprKind::Bool(b) => out.push_str(if *b { "yes" } else { "no" }),
        ExprKind::Date { year, month, day } => {
            out.push_str(&format!("{year:04}-{month:02}-{day:02}"));
        }
        ExprKind::List(items) => {
            out.push('[');
            commas(items, out);
            out.push(']');
        }
        ExprKind::Name(name) => out.push_str(&name.text),
        ExprKind::Field(of, name) => {
            put(of, out);
            out.push('.');
            out.push_str(&name.text);
        }
        ExprKind::Index(of, at) => {
            put(of, out);
            out.push('[');
            put(at, out);
            out.push(']');
        }
        ExprKind::Call(name, args) => {
            out.push_str(&name.text);
            out.push('(');
            commas(args, out);
            out.push(')');
        }
        ExprKind::Binary(op, a, b) => {
            put(a, out);
            out.push(' ');
            out.push_str(op.symbol());
            out.push(' ');
            put(b, out);
        }
        ExprKind::Not(of) => {
            out.push_str("not ");
            put(of, out);
        }
        ExprKind::Negate(of) => {
            out.push('-');
            put(of, out);
        }
        ExprKind::IsEmpty(of) => {
            put(of, out);
            out.push_str(" is empty");
        }
        ExprKind::IsSet(of) => {
            put(of, out);
            out.push_str(" is set");
        }
        ExprKind::Matches(of, pattern) => {
            put(of, out);
            out.push_str(&format!(
                " matches \"{}\"",
                pattern.text.replace('"', "\\\"")
            ));
        }
        ExprKind::Range(a, b) => {
            put(a, out);
            out.push_str("..");
            put(b, out);
        }
        ExprKind::Paren(of) => {
            out.push('(');
            put(of, out);
            out.push(')');
        }
        ExprKind::Bad => out.push('…'),
    }
}

fn commas(items: &[Expr], out: &mut String) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        put(item, out);
    }
}
