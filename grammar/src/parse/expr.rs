//! Expressions. The grammar gives flat lists; here they get their precedence, without recursion but for brackets.
//!
//! From the loosest to the tightest: `or`, `and`, `not`, the comparisons (with `in`, `contains`, `matches`, `is`),
//! `else`, `..`, `+ -`, `* /`, unary `-`. Comparisons and ranges do not chain; `else` binds to the right.

use super::{Ctx, Kids, Pair, Rule, operand, text, too_deep};
use crate::ast::{BinaryOp, Expr, ExprKind, MAX_DEPTH, Name, Pattern};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const ELSE: u8 = 5;
const RANGE: u8 = 6;
const NEGATE: u8 = 9;
const TIGHT: u8 = 10;

/// An operand whose operators are not yet known.
struct Operand {
    expr: Expr,
    /// How tightly its outermost operator binds.
    binds: u8,
    depth: usize,
}

#[derive(Clone, Copy)]
enum Op {
    Binary(BinaryOp),
    Range,
    Not,
    Negate,
}

struct Pending {
    op: Op,
    binds: u8,
    span: Span,
}

/// What stands where an expression is missing or cannot be read, so that the tree is whole.
pub(super) fn bad(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Bad,
        span,
    }
}

/// `= e`, of a default or a `let`.
pub(super) fn after_sign<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Expr {
    let place = text::trimmed(ctx, &pair).after();
    let mut kids = Kids::of(pair);
    match kids.next(ctx) {
        Some(pair) => expr(ctx, pair),
        None => bad(place),
    }
}

/// One flat list, or the empty place where one is due.
pub(super) fn expr<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Expr {
    let span = ctx.pair_span(&pair);
    match pair.as_rule() {
        Rule::no_expr => return missing(ctx, pair.as_span().start()),
        Rule::expr | Rule::expr_in => {}
        _ => return operand::primary(ctx, pair),
    }
    // The outermost list of an expression is in no bracket.
    let outermost = ctx.brackets == 0;
    ctx.brackets += 1;
    let found = if outermost {
        Some(flat(ctx, pair))
    } else {
        ctx.deeper(&pair.clone(), |ctx| flat(ctx, pair))
    };
    ctx.brackets -= 1;
    found.unwrap_or_else(|| bad(span))
}

pub(super) fn missing(ctx: &mut Ctx<'_>, at: usize) -> Expr {
    // The place right behind the sign that wants a value, not behind the blanks after it.
    let at = ctx.text[..at].trim_end_matches([' ', '\t', '\n']).len();
    let span = ctx.span(at, at);
    let known =
        ctx.diagnostics.iter().rev().take(4).any(|diagnostic| {
            diagnostic.code == codes::OPERAND_MISSING && diagnostic.span() == span
        });
    if !known {
        let hole = ctx.text[at..]
            .trim_start_matches([' ', '\t'])
            .starts_with("{{");
        let help = if hole {
            "write the name without braces; `{{ }}` belongs into text"
        } else {
            "write a value behind this sign, or take the sign away"
        };
        ctx.push(
            Diagnostic::error(
                codes::OPERAND_MISSING,
                "a value is missing",
                span,
                "expected a value here",
            )
            .help(help),
        );
    }
    bad(span)
}

fn flat<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Expr {
    let span = ctx.pair_span(&pair);
    let mut kids = Kids::of(pair);
    let mut operands: Vec<Operand> = Vec::new();
    let mut pending: Vec<Pending> = Vec::new();
    while let Some(kid) = kids.next(ctx) {
        let at = ctx.pair_span(&kid);
        match kid.as_rule() {
            Rule::prefix => {
                let op = prefix(ctx, &kid, at);
                let binds = if matches!(op, Op::Negate) {
                    NEGATE
                } else {
                    NOT
                };
                pending.push(Pending {
                    op,
                    binds,
                    span: at,
                });
            }
            Rule::infix => {
                let (op, binds) = infix(ctx, kid.as_str(), at);
                // `else` binds to the right, everything else to the left.
                let least = if binds == ELSE { binds + 1 } else { binds };
                reduce(ctx, &mut operands, &mut pending, least);
                pending.push(Pending {
                    op,
                    binds,
                    span: at,
                });
            }
            Rule::test => {
                reduce(ctx, &mut operands, &mut pending, COMPARISON);
                if let Some(operand) = operands.pop() {
                    let operand = test(ctx, kid, operand);
                    operands.push(operand);
                }
            }
            Rule::args => {
                if let Some(operand) = operands.pop() {
                    let operand = call(ctx, kid, operand);
                    operands.push(operand);
                }
            }
            Rule::index | Rule::field => {
                if let Some(operand) = operands.pop() {
                    let operand = postfix(ctx, kid, operand);
                    operands.push(operand);
                }
            }
            Rule::no_expr => {
                let expr = missing(ctx, kid.as_span().start());
                operands.push(Operand {
                    expr,
                    binds: TIGHT,
                    depth: 1,
                });
            }
            _ => {
                let outer = std::mem::take(&mut ctx.deepest);
                let expr = operand::primary(ctx, kid);
                let depth = fields(&expr) + std::mem::replace(&mut ctx.deepest, outer);
                operands.push(bounded(
                    ctx,
                    Operand {
                        expr,
                        binds: TIGHT,
                        depth,
                    },
                    at,
                ));
            }
        }
    }
    reduce(ctx, &mut operands, &mut pending, 0);
    let Some(operand) = operands.pop() else {
        return bad(span);
    };
    ctx.deepest = ctx.deepest.max(operand.depth);
    operand.expr
}

/// The depth of an operand, but for what stands between its brackets.
fn fields(expr: &Expr) -> usize {
    match &expr.kind {
        ExprKind::Field(inner, _) => 1 + fields(inner),
        _ => 1,
    }
}

/// Applies what is pending and binds at least as tightly.
fn reduce(ctx: &mut Ctx<'_>, operands: &mut Vec<Operand>, pending: &mut Vec<Pending>, least: u8) {
    while let Some(top) = pending.pop_if(|top| top.binds >= least) {
        let Some(right) = operands.pop() else { return };
        let operand = match top.op {
            Op::Not => Operand {
                depth: right.depth + 1,
                binds: NOT,
                expr: unary(top.span, right.expr, ExprKind::Not),
            },
            Op::Negate => Operand {
                depth: right.depth + 1,
                binds: NEGATE,
                expr: unary(top.span, right.expr, ExprKind::Negate),
            },
            Op::Binary(_) | Op::Range => {
                let Some(left) = operands.pop() else {
                    operands.push(right);
                    return;
                };
                if (top.binds == COMPARISON || top.binds == RANGE)
                    && (left.binds == top.binds || right.binds == top.binds)
                {
                    chained(
                        ctx,
                        top.span,
                        if top.binds == RANGE {
                            "ranges"
                        } else {
                            "comparisons"
                        },
                    );
                }
                let span = left.expr.span.to(right.expr.span);
                let depth = left.depth.max(right.depth) + 1;
                let (left, right) = (Box::new(left.expr), Box::new(right.expr));
                let kind = match top.op {
                    Op::Binary(op) => ExprKind::Binary(op, left, right),
                    _ => ExprKind::Range(left, right),
                };
                Operand {
                    expr: Expr { kind, span },
                    binds: top.binds,
                    depth,
                }
            }
        };
        operands.push(bounded(ctx, operand, top.span));
    }
}

/// An operand that is not too deep; what is, is reported once and put away.
fn bounded(ctx: &mut Ctx<'_>, operand: Operand, place: Span) -> Operand {
    if operand.depth <= MAX_DEPTH {
        return operand;
    }
    // One expression is too deep once, however long it is.
    if !std::mem::replace(&mut ctx.deep_spoken, true) {
        ctx.push(too_deep(place));
    }
    Operand {
        expr: bad(operand.expr.span),
        binds: TIGHT,
        depth: 1,
    }
}

fn unary(sign: Span, expr: Expr, kind: impl FnOnce(Box<Expr>) -> ExprKind) -> Expr {
    let span = sign.to(expr.span);
    Expr {
        kind: kind(Box::new(expr)),
        span,
    }
}

fn chained(ctx: &mut Ctx<'_>, place: Span, what: &str) {
    ctx.push(
        Diagnostic::error(
            codes::CHAINED_COMPARISON,
            format!("{what} do not chain"),
            place,
            "the second one",
        )
        .help("join two of them with `and`, or put one in parentheses"),
    );
}

fn prefix<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>, span: Span) -> Op {
    match pair.as_str() {
        "-" => Op::Negate,
        "!" => {
            foreign(ctx, span, "!", "not ");
            Op::Not
        }
        _ => Op::Not,
    }
}

fn infix(ctx: &mut Ctx<'_>, sign: &str, span: Span) -> (Op, u8) {
    let op = match sign {
        "or" => BinaryOp::Or,
        "and" => BinaryOp::And,
        "else" => BinaryOp::Else,
        "==" => BinaryOp::Equal,
        "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterEqual,
        "in" => BinaryOp::In,
        "contains" => BinaryOp::Contains,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Subtract,
        "*" => BinaryOp::Multiply,
        "/" => BinaryOp::Divide,
        ".." => return (Op::Range, RANGE),
        "&&" => {
            foreign(ctx, span, "&&", "and");
            BinaryOp::And
        }
        "||" => {
            foreign(ctx, span, "||", "or");
            BinaryOp::Or
        }
        "=" => {
            foreign(ctx, span, "=", "==");
            BinaryOp::Equal
        }
        _ => BinaryOp::NotIn,
    };
    let binds = match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Else => ELSE,
        BinaryOp::Add | BinaryOp::Subtract => 7,
        BinaryOp::Multiply | BinaryOp::Divide => 8,
        _ => COMPARISON,
    };
    (Op::Binary(op), binds)
}

fn foreign(ctx: &mut Ctx<'_>, span: Span, sign: &str, ours: &str) {
    ctx.push(
        Diagnostic::error(
            codes::OPERATOR,
            format!("`{sign}` is no operator"),
            span,
            "this sign",
        )
        .help(format!("write `{}`", ours.trim()))
        .fix(span, ours),
    );
}

/// `is empty`, `is set`, `matches "re"`
fn test<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, operand: Operand) -> Operand {
    let span = text::trimmed(ctx, &pair);
    let is = pair.as_str().starts_with("is");
    let mut kids = Kids::of(pair);
    let place = span.first(if is { 2 } else { 7 });
    if operand.binds == COMPARISON {
        chained(ctx, place, "comparisons");
    }
    let whole = operand.expr.span.to(span);
    let inner = Box::new(operand.expr);
    let kind = match (is, kids.next(ctx)) {
        (true, Some(word)) => match word.as_str() {
            "empty" => ExprKind::IsEmpty(inner),
            "set" => ExprKind::IsSet(inner),
            other => {
                let span = ctx.pair_span(&word);
                let mut diagnostic = Diagnostic::error(
                    codes::OPERATOR,
                    format!("`is {other}` is no test"),
                    span,
                    "`empty` or `set` belongs here",
                );
                diagnostic = match other.strip_prefix("not").map(str::trim_start) {
                    Some(tested @ ("empty" | "set")) => diagnostic
                        .help(format!("write `not` before the value: `not x is {tested}`")),
                    _ => diagnostic.help("write `is empty` or `is set`, or compare with `==`"),
                };
                ctx.push(diagnostic);
                ExprKind::Bad
            }
        },
        (false, Some(pattern)) => {
            let pattern: Pattern = text::pattern(ctx, &pattern);
            ExprKind::Matches(inner, Box::new(pattern))
        }
        (_, None) => {
            let what = if is {
                "`empty` or `set`"
            } else {
                "a pattern in quotes"
            };
            ctx.push(
                Diagnostic::error(
                    codes::OPERAND_MISSING,
                    "a test is not complete",
                    span.after(),
                    format!("{what} belongs here"),
                )
                .help("write `is empty`, `is set` or `matches \"pattern\"`"),
            );
            ExprKind::Bad
        }
    };
    let operand = Operand {
        expr: Expr { kind, span: whole },
        binds: COMPARISON,
        depth: operand.depth + 1,
    };
    bounded(ctx, operand, place)
}

/// `len(x)`: the arguments of the name before them.
fn call<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, operand: Operand) -> Operand {
    let span = ctx.pair_span(&pair);
    let whole = operand.expr.span.to(span);
    let outer = std::mem::take(&mut ctx.deepest);
    let args = operand::args(ctx, pair);
    let depth = 1 + std::mem::replace(&mut ctx.deepest, outer);
    let mut values = Vec::new();
    for arg in args {
        if let Some(name) = arg.name {
            ctx.push(
                Diagnostic::error(
                    codes::LEFT_OVER,
                    "a function takes no named arguments",
                    name.span,
                    "this name",
                )
                .help("write the value alone; only `do` takes arguments by name"),
            );
        }
        values.push(arg.value);
    }
    let kind = match operand.expr.kind {
        ExprKind::Name(name) => ExprKind::Call(Box::new(name), values),
        ExprKind::Bad => ExprKind::Bad,
        _ => {
            ctx.push(
                Diagnostic::error(
                    codes::OPERATOR,
                    "this is no function",
                    operand.expr.span,
                    "arguments follow this",
                )
                .help("functions have plain names, as in `len(x)`; call a procedure with `do`"),
            );
            ExprKind::Bad
        }
    };
    let operand = Operand {
        expr: Expr { kind, span: whole },
        binds: TIGHT,
        depth,
    };
    bounded(ctx, operand, span)
}

/// `[0]`, `.name`
fn postfix<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, operand: Operand) -> Operand {
    let span = ctx.pair_span(&pair);
    let start = pair.as_span().start();
    let whole = operand.expr.span.to(span);
    let mut depth = operand.depth + 1;
    let inner = Box::new(operand.expr);
    let kind = if pair.as_rule() == Rule::field {
        let name = Name {
            text: pair.as_str()[1..].to_owned(),
            span: ctx.span(start + 1, start + pair.as_str().len()),
        };
        ExprKind::Field(inner, Box::new(name))
    } else {
        let outer = std::mem::take(&mut ctx.deepest);
        let index = operand::bracketed(ctx, pair, "`]`");
        depth = depth.max(1 + std::mem::replace(&mut ctx.deepest, outer));
        ExprKind::Index(inner, Box::new(index))
    };
    let operand = Operand {
        expr: Expr { kind, span: whole },
        binds: TIGHT,
        depth,
    };
    bounded(ctx, operand, span)
}
