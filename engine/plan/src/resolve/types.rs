//! Types as written to types as meant, and how a value of one fits where another is wanted.

use super::Resolver;
use crate::codes;
use crate::expr::{Expr, ExprKind};
use crate::show::ty as words;
use crate::value::{Type, Value};
use runbook_grammar::ast::{self, TypeKind};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// The type without `optional`.
pub(super) fn inner(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) => inner,
        ty => ty,
    }
}

/// The type, and missing as well.
pub(super) fn optional(ty: Type) -> Type {
    match ty {
        Type::Optional(_) => ty,
        ty => Type::Optional(Box::new(ty)),
    }
}

const WORDS: &[&str] = &[
    "text", "number", "bool", "percent", "duration", "time", "url", "path", "severity", "json",
    "one", "list", "optional",
];

impl<'a> Resolver<'a> {
    pub(super) fn type_of(&mut self, ty: &'a ast::TypeExpr) -> Option<Type> {
        Some(match &ty.kind {
            TypeKind::Text => Type::Text,
            TypeKind::Number => Type::Number,
            TypeKind::Bool => Type::Bool,
            TypeKind::Percent => Type::Percent,
            TypeKind::Duration => Type::Duration,
            TypeKind::Time => Type::Time,
            TypeKind::Url => Type::Url,
            TypeKind::Path => Type::Path,
            TypeKind::Severity => Type::Severity,
            TypeKind::Json => Type::Json,
            TypeKind::Choice => {
                self.error(
                    codes::UNKNOWN_TYPE,
                    "`choice` stands outside a matrix",
                    ty.span,
                    "only the columns of a matrix can be a `choice`",
                    "write `one of [\"…\", \"…\"]`, or `matrix.column` for the values of a column",
                );
                return None;
            }
            TypeKind::OneOf(values) => {
                let mut texts: Vec<String> = Vec::new();
                let mut seen = super::scope::Names::default();
                for value in values {
                    let Some(text) = value.plain() else {
                        self.error(
                            codes::UNKNOWN_TYPE,
                            "a value of `one of` has a hole in it",
                            value.span,
                            "not known before the run",
                            "write the value out",
                        );
                        return None;
                    };
                    let key: &'a str = match value.parts.first() {
                        Some(ast::StrPart::Text { text, .. }) => text,
                        _ => "",
                    };
                    if let Err(first) = seen.insert(key, (), value.span) {
                        self.taken("value", &text, value.span, first);
                        return None;
                    }
                    texts.push(text);
                }
                Type::OneOf(texts)
            }
            TypeKind::List(item) => Type::List(Box::new(self.type_of(item)?)),
            TypeKind::Optional(inner) => optional(self.type_of(inner)?),
            TypeKind::Column(path) => return self.column_type(path),
            TypeKind::Unknown(name) => {
                let help = match self.near(&name.text, WORDS.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write text, number, bool, percent, duration, time, url, path, severity, json, one of […], list of …, optional …, or matrix.column".to_owned(),
                };
                self.error(
                    codes::UNKNOWN_TYPE,
                    format!("no type is called `{}`", name.text),
                    name.span,
                    "stands where a type belongs",
                    help,
                );
                return None;
            }
        })
    }

    /// `matrix.column`, or `module.matrix.column`.
    fn column_type(&mut self, path: &'a ast::Path) -> Option<Type> {
        let (column, matrix) = path.names.split_last()?;
        let id = self.find_words("matrix", matrix, path.span, |unit| &unit.matrices)?;
        let Some(columns) = self.matrices[id.index()].columns.clone() else {
            self.broken();
            return None;
        };
        if let Some((_, ty)) = columns.iter().find(|(name, _)| *name == column.text) {
            if ty.is_none() {
                self.column_without_type(id, column);
            }
            return ty.clone();
        }
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let help = match self.near(&column.text, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("name one of its columns: {}", names.join(", ")),
        };
        self.error(
            codes::UNKNOWN_TYPE,
            format!(
                "the matrix has no column `{}` in its signature",
                column.text
            ),
            column.span,
            "named here as a column",
            help,
        );
        None
    }

    /// The column is wrong, and that is reported; or it has its own type from another column in turn.
    fn column_without_type(&mut self, id: crate::ids::MatrixId, column: &ast::Name) {
        self.broken();
        if self.matrices[id.index()].borrows(&column.text) {
            self.error(
                codes::UNKNOWN_TYPE,
                format!(
                    "the column `{}` has its own type from a column",
                    column.text
                ),
                column.span,
                "named here as a type",
                "name the column that has a type of its own",
            );
        }
    }

    /// Makes a value fit where `want` belongs, or reports that it does not. A literal takes the type of its
    /// place, `json` is read as it; nothing else is converted.
    pub(super) fn fit(&mut self, mut expr: Expr, want: &Type) -> Option<Expr> {
        if expr.ty == *want {
            return Some(expr);
        }
        if let Type::Optional(wanted) = want
            && !matches!(expr.ty, Type::Optional(_))
        {
            if expr.ty == Type::Json {
                return Some(read_as(expr, want.clone()));
            }
            return self.fit(expr, wanted);
        }
        match (&expr.ty, want) {
            (Type::Secret, _) => {
                self.secret_shown(expr.span);
                return None;
            }
            (Type::Json, _) => return Some(read_as(expr, want.clone())),
            (Type::OneOf(has), Type::OneOf(may)) if has.iter().all(|v| may.contains(v)) => {
                expr.ty = want.clone();
                return Some(expr);
            }
            (Type::OneOf(_), Type::Text) => {
                expr.ty = Type::Text;
                return Some(expr);
            }
            (Type::Optional(has), Type::Optional(may)) => {
                let one_of = match (has.as_ref(), may.as_ref()) {
                    (Type::OneOf(has), Type::OneOf(may)) => has.iter().all(|v| may.contains(v)),
                    (Type::OneOf(_), Type::Text) => true,
                    _ => false,
                };
                if one_of {
                    expr.ty = want.clone();
                    return Some(expr);
                }
            }
            _ => {}
        }
        match &mut expr.kind {
            ExprKind::Literal(Value::Text(text)) => {
                if matches!(
                    want,
                    Type::Url | Type::Path | Type::OneOf(_) | Type::Severity | Type::Time
                ) {
                    let text = std::mem::take(text);
                    return self.literal(&text, want, expr.span);
                }
            }
            ExprKind::Text(_) if matches!(want, Type::Url | Type::Path) => {
                expr.ty = want.clone();
                return Some(expr);
            }
            ExprKind::List(items) => {
                if let Type::List(item) = want {
                    let mut fitted = Vec::with_capacity(items.len());
                    for value in std::mem::take(items) {
                        fitted.push(self.fit(value, item)?);
                    }
                    expr.kind = ExprKind::List(fitted);
                    expr.ty = want.clone();
                    return Some(expr);
                }
            }
            _ => {}
        }
        self.mismatch(&expr, want);
        None
    }

    /// A text in the file, as the type of its place.
    pub(super) fn literal(&mut self, text: &str, want: &Type, span: Span) -> Option<Expr> {
        let value = match want {
            Type::Text => Some(Value::Text(text.to_owned())),
            Type::Path if !text.is_empty() => Some(Value::Path(text.to_owned())),
            Type::OneOf(values) if values.iter().any(|v| v == text) => {
                Some(Value::Text(text.to_owned()))
            }
            Type::Severity if self.is_severity(text) => Some(Value::Severity(text.to_owned())),
            Type::OneOf(_) | Type::Severity => None,
            _ => crate::read::read(text, want, &[]).ok(),
        };
        if let Some(value) = value {
            return Some(Expr {
                kind: ExprKind::Literal(value),
                ty: want.clone(),
                span,
            });
        }
        let (near, help) = match want {
            Type::OneOf(values) => (
                self.near(text, values.iter().map(String::as_str)),
                format!("write one of: {}", values.join(", ")),
            ),
            Type::Severity => {
                let names: Vec<&str> = self.units[0].severities.keys().collect();
                (
                    self.near(text, names),
                    "write a severity that the runbook declares".to_owned(),
                )
            }
            Type::Url => (
                None,
                "write an address such as \"https://example.com/path\"".to_owned(),
            ),
            Type::Time => (
                None,
                "write a time such as \"2025-11-07T14:30:00Z\"".to_owned(),
            ),
            _ => (None, "write a path that is not empty".to_owned()),
        };
        let help = near.map_or(help, |near| format!("did you mean \"{near}\"?"));
        self.error(
            codes::NOT_A_VALUE,
            format!("\"{text}\" is no value of `{}`", words(want)),
            span,
            format!("read as `{}`", words(want)),
            help,
        );
        None
    }

    /// A module knows the severities of the runbook that uses it; alone, it may name any.
    pub(super) fn is_severity(&self, name: &str) -> bool {
        let root = &self.units[0];
        root.severities.get(name).is_some()
            || (root.severities.is_empty()
                && (root.is_module() || root.file.header.is_none())
                && !name.is_empty())
    }

    fn mismatch(&mut self, expr: &Expr, want: &Type) {
        let span = expr.span;
        if let Type::Optional(has) = &expr.ty
            && !matches!(want, Type::Optional(_))
        {
            self.missing(has, span);
            return;
        }
        if let ExprKind::Literal(Value::Number(n)) = &expr.kind {
            let written = match want {
                Type::Percent => Some(format!("{n}%")),
                Type::Duration => Some(format!("{n}s")),
                _ => None,
            };
            if let Some(written) = written {
                self.report(
                    Diagnostic::error(
                        codes::UNIT,
                        format!(
                            "a number without a unit stands where a {} belongs",
                            words(want)
                        ),
                        span,
                        "has no unit",
                    )
                    .help(format!("write `{written}`"))
                    .fix(span, written),
                );
                return;
            }
        }
        let help = match (&expr.kind, &expr.ty, want) {
            (ExprKind::Literal(Value::Text(text)), _, Type::Number | Type::Bool)
            | (ExprKind::Literal(Value::Text(text)), _, Type::Percent | Type::Duration)
                if crate::read::read(text, want, &[]).is_ok() =>
            {
                format!("write `{}` without quotes", text.trim())
            }
            (ExprKind::Literal(Value::Text(text)), _, Type::Duration)
                if crate::read::read(text, &Type::Number, &[]).is_ok() =>
            {
                format!("write `{}s`, or another unit", text.trim())
            }
            (ExprKind::Literal(value), _, Type::Text) => {
                format!("write \"{}\"", crate::show::value(value))
            }
            (ExprKind::Literal(_), _, Type::Number) => "write a number".to_owned(),
            (ExprKind::Literal(_), _, Type::Bool) => "write yes or no".to_owned(),
            (_, Type::Text, Type::Number) => "write `number(…)` around it".to_owned(),
            (_, Type::Text, Type::Json) => "write `json(…)` around it".to_owned(),
            (_, Type::Text, Type::List(_)) => "write `lines(…)` around it".to_owned(),
            (_, _, Type::Text) => "write it as a hole in a text: \"{{name}}\"".to_owned(),
            (_, _, Type::Bool) => "compare it with something, as in `== …`".to_owned(),
            (_, _, Type::Percent) => "write a percentage such as `10%`".to_owned(),
            (_, _, Type::Duration) => "write a duration such as `30s` or `5m`".to_owned(),
            (_, _, want) => format!("give a value of type `{}`", words(want)),
        };
        self.error(
            codes::TYPE,
            format!(
                "a value of type `{}` stands where `{}` belongs",
                words(&expr.ty),
                words(want)
            ),
            span,
            format!("this is `{}`", words(&expr.ty)),
            help,
        );
    }

    /// A value that may be missing stands where it is needed.
    pub(super) fn missing(&mut self, has: &Type, span: Span) {
        let example = match has {
            Type::Number => "0",
            Type::Percent => "0%",
            Type::Duration => "0s",
            Type::Bool => "no",
            _ => "\"…\"",
        };
        self.error(
            codes::MISSING,
            "a value that may be missing stands where one is needed",
            span,
            "is optional: its step may be skipped, or it may not be given",
            format!("say what counts then, as in `let x = … else {example}`, or stand in an `if … is set`"),
        );
    }

    pub(super) fn secret_shown(&mut self, span: Span) {
        self.error(
            codes::SECRET,
            "a secret stands where it would be seen or looked into",
            span,
            "is a secret",
            "pass it on with `env NAME = …`, in a hole of a command, or in a header, query or body",
        );
    }
}

fn read_as(expr: Expr, ty: Type) -> Expr {
    Expr {
        span: expr.span,
        ty: ty.clone(),
        kind: ExprKind::Read(Box::new(expr), ty),
    }
}
