//! Types, and the parameters that have them.

use super::brackets::Elements;
use super::head::Head;
use super::{Ctx, Kids, Pair, Rule, expr, text};
use crate::ast::{Formal, TypeExpr, TypeKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// How many `list of` and `optional` a type may have.
const MAX_PREFIXES: usize = 8;

/// A type after a name. Missing, it is reported here and reads as `text`.
pub(super) fn expect_type<'s>(ctx: &mut Ctx<'s>, found: Option<Pair<'s>>, place: Span) -> TypeExpr {
    match found {
        Some(pair) => ty(ctx, pair),
        None => {
            ctx.push(
                Diagnostic::error(
                    codes::MISSING_PART,
                    "a type is missing",
                    place,
                    "expected a type here",
                )
                .help("write a type behind a colon, as in `name: text`"),
            );
            TypeExpr {
                kind: TypeKind::Text,
                span: place,
            }
        }
    }
}

/// The type of the name that a head just read; missing, the head says so.
pub(super) fn head_type(head: &mut Head<'_, '_>) -> TypeExpr {
    match head.take(Rule::r#type) {
        Some(pair) => ty(head.ctx, pair),
        None => TypeExpr {
            kind: TypeKind::Text,
            span: head.missing("a type behind a colon"),
        },
    }
}

pub(super) fn ty<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> TypeExpr {
    let span = text::trimmed(ctx, &pair);
    let mut kids = Kids::of(pair);
    let mut prefixes = Vec::new();
    while let Some(prefix) = kids.take(ctx, Rule::type_prefix) {
        prefixes.push((
            prefix.as_str().starts_with("list"),
            prefix.as_span().start(),
        ));
    }
    let mut ty = match kids.next(ctx) {
        Some(pair) if pair.as_rule() == Rule::one_of => one_of(ctx, pair),
        Some(pair) => named(ctx, &pair),
        None => {
            let place = span.after();
            ctx.push(
                Diagnostic::error(
                    codes::MISSING_PART,
                    "a type is not complete",
                    place,
                    "a type belongs here",
                )
                .help("say of what, as in `list of text`"),
            );
            TypeExpr {
                kind: TypeKind::Text,
                span: place,
            }
        }
    };
    if prefixes.len() > MAX_PREFIXES {
        let start = prefixes[MAX_PREFIXES].1;
        let place = ctx.span(start, start + 1);
        ctx.push(
            Diagnostic::error(
                codes::TOO_DEEP,
                format!("a type is nested deeper than {MAX_PREFIXES}"),
                place,
                "this opens one level too many",
            )
            .help("use `json` for data of this shape"),
        );
        prefixes.truncate(MAX_PREFIXES);
    }
    for (list, start) in prefixes.into_iter().rev() {
        let whole = Span {
            start: ctx.span(start, start).start,
            ..span
        };
        let inner = Box::new(ty);
        ty = TypeExpr {
            kind: if list {
                TypeKind::List(inner)
            } else {
                TypeKind::Optional(inner)
            },
            span: whole,
        };
    }
    ty
}

fn named<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> TypeExpr {
    let span = ctx.pair_span(pair);
    let kind = match pair.as_str() {
        "text" => TypeKind::Text,
        "number" => TypeKind::Number,
        "bool" => TypeKind::Bool,
        "percent" => TypeKind::Percent,
        "duration" => TypeKind::Duration,
        "time" => TypeKind::Time,
        "url" => TypeKind::Url,
        "path" => TypeKind::Path,
        "severity" => TypeKind::Severity,
        "json" => TypeKind::Json,
        "choice" => TypeKind::Choice,
        other => {
            let path = text::path(ctx, pair);
            match path.names.len() {
                1 => TypeKind::Unknown(Box::new(crate::ast::Name {
                    text: other.to_owned(),
                    span,
                })),
                _ => TypeKind::Column(path),
            }
        }
    };
    TypeExpr { kind, span }
}

fn one_of<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> TypeExpr {
    let span = text::trimmed(ctx, &pair);
    let mut kids = Kids::of(pair);
    let mut values = Vec::new();
    let Some(list) = kids.next(ctx) else {
        let place = span.after();
        ctx.push(
            Diagnostic::error(
                codes::MISSING_PART,
                "`one of` has no values",
                place,
                "`[` and the values belong here",
            )
            .help("write the values in brackets, as in `one of [a, b, \"c d\"]`"),
        );
        return TypeExpr {
            kind: TypeKind::OneOf(values),
            span,
        };
    };
    let mut elements = Elements::new(ctx, &list, "`]`");
    let mut kids = Kids::of(list);
    while let Some(kid) = kids.next(ctx) {
        if elements.next(ctx, &kid) {
            values.push(text::word(ctx, &kid));
        }
    }
    if values.is_empty() {
        ctx.push(
            Diagnostic::error(
                codes::MISSING_PART,
                "`one of` has no values",
                span,
                "a value belongs between the brackets",
            )
            .help("write the values in brackets, as in `one of [a, b, \"c d\"]`"),
        );
    }
    TypeExpr {
        kind: TypeKind::OneOf(values),
        span,
    }
}

/// `(a: text, b: number = 3)`
pub(super) fn formals<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Vec<Formal> {
    let mut formals = Vec::new();
    let mut elements = Elements::new(ctx, &pair, "`)`");
    let mut kids = Kids::of(pair);
    while let Some(kid) = kids.next(ctx) {
        if elements.next(ctx, &kid) {
            formals.extend(formal(ctx, kid));
        }
    }
    formals
}

fn formal<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Option<Formal> {
    let span = text::trimmed(ctx, &pair);
    let start = pair.as_span().start();
    let mut kids = Kids::of(pair);
    let name = kids.take(ctx, Rule::name)?;
    let name = text::name(ctx, &name);
    text::snake(ctx, &name);
    let ty = kids.take(ctx, Rule::r#type);
    if let Some(ty) = &ty
        && !ctx.text[start..ty.as_span().start()].contains(':')
    {
        let place = name.span.after();
        ctx.push(
            Diagnostic::error(
                codes::MISSING_PART,
                "a colon is missing",
                place,
                "expected `:` here",
            )
            .help("write the type behind a colon, as in `name: text`")
            .fix(place, ":"),
        );
    }
    let ty = expect_type(ctx, ty, name.span.after());
    let default = kids.next(ctx).map(|pair| expr::expr(ctx, pair));
    Some(Formal {
        name,
        ty,
        default,
        span,
    })
}
