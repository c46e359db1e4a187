//! Operands: what stands between the operators of an expression.

use super::brackets::Elements;
use super::expr::{bad, expr, missing};
use super::{Ctx, Kids, Pair, Rule, literal, text, too_deep};
use crate::ast::{Arg, Expr, ExprKind, MAX_DEPTH, Name};

pub(super) fn is_primary(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::literal | Rule::string | Rule::dotted | Rule::list | Rule::paren
    )
}

/// One operand.
pub(super) fn primary<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Expr {
    let span = ctx.pair_span(&pair);
    let kind = match pair.as_rule() {
        Rule::literal => literal::literal(ctx, &pair),
        Rule::string | Rule::cell_string => ExprKind::Text(text::string(ctx, &pair)),
        Rule::dotted => return dotted(ctx, &pair),
        Rule::list => {
            let mut elements = Elements::new(ctx, &pair, "`]`");
            let mut list = Vec::new();
            let mut kids = Kids::of(pair);
            while let Some(kid) = kids.next(ctx) {
                if elements.next(ctx, &kid) {
                    list.push(expr(ctx, kid));
                }
            }
            ExprKind::List(list)
        }
        Rule::paren => ExprKind::Paren(Box::new(bracketed(ctx, pair, "`)`"))),
        _ => ExprKind::Bad,
    };
    Expr { kind, span }
}

/// The one expression between brackets.
pub(super) fn bracketed<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, close: &'static str) -> Expr {
    let open = pair.as_span().start();
    let mut elements = Elements::new(ctx, &pair, close);
    let mut kids = Kids::of(pair);
    let mut inner = None;
    while let Some(kid) = kids.next(ctx) {
        if elements.next(ctx, &kid) {
            inner = Some(expr(ctx, kid));
        }
    }
    match inner {
        Some(inner) => inner,
        None if elements.ended => bad(ctx.span(open + 1, open + 1)),
        None => missing(ctx, open + 1),
    }
}

/// `a.b.c`, `yes`, `no`
fn dotted<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> Expr {
    let text = pair.as_str();
    let span = ctx.pair_span(pair);
    if text == "yes" || text == "no" {
        return Expr {
            kind: ExprKind::Bool(text == "yes"),
            span,
        };
    }
    let path = text::path(ctx, pair);
    let mut names = path.names.into_iter();
    let Some(first) = names.next() else {
        return bad(span);
    };
    text::no_reserved(ctx, &first);
    let start = first.span;
    let mut expr = Expr {
        span: start,
        kind: ExprKind::Name(first),
    };
    for (depth, name) in names.enumerate() {
        if depth + 2 > MAX_DEPTH {
            ctx.push(too_deep(name.span));
            return bad(span);
        }
        let span = start.to(name.span);
        expr = Expr {
            kind: ExprKind::Field(Box::new(expr), Box::new(name)),
            span,
        };
    }
    expr
}

/// `(x, b: 2)`
pub(super) fn args<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Vec<Arg> {
    let mut args = Vec::new();
    let mut elements = Elements::new(ctx, &pair, "`)`");
    let mut kids = Kids::of(pair);
    while let Some(kid) = kids.next(ctx) {
        if !elements.next(ctx, &kid) {
            continue;
        }
        let mut kids = Kids::of(kid);
        let name = kids.take(ctx, Rule::arg_name).map(|pair| Name {
            text: pair.as_str().to_owned(),
            span: ctx.pair_span(&pair),
        });
        if let Some(value) = kids.next(ctx) {
            args.push(Arg {
                name,
                value: expr(ctx, value),
            });
        }
    }
    args
}
