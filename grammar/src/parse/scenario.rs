//! Scenarios: tests for runbooks.

use super::head::{Head, Want};
use super::{Ctx, Kids, Pair, Rule, expr, text};
use crate::ast::{Expr, ExprKind, StmtKind, WhenDoes, WhenWhat};
use crate::codes;
use crate::diagnostic::Diagnostic;

pub(super) fn stmt<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> StmtKind {
    let rule = pair.as_rule();
    let mut head = Head::new(ctx, pair);
    read(&mut head, rule).unwrap_or_else(|| {
        head.block(Want::May);
        StmtKind::Bad
    })
}

/// `None` where the statement says nothing without the part that is missing.
fn read(head: &mut Head<'_, '_>, rule: Rule) -> Option<StmtKind> {
    Some(match rule {
        Rule::scenario => {
            let title = head.string("a title in quotes");
            StmtKind::Scenario {
                title,
                block: head.must_block(),
            }
        }
        Rule::given => {
            let name = head.opt_name();
            if name.is_none() {
                head.missing("the name of a param or a secret");
            }
            let value = head.default("`=` and a value");
            head.end();
            StmtKind::Given { name: name?, value }
        }
        Rule::when => {
            let what = match head.take(Rule::when_step) {
                Some(pair) => {
                    let mut step = Head::new(head.ctx, pair);
                    step.path("a step's name").map(WhenWhat::Step)
                }
                None => match head.opt_string() {
                    Some(glob) => Some(WhenWhat::Glob(glob)),
                    None => {
                        head.missing("a command in quotes, or `step` and its name");
                        None
                    }
                },
            };
            let mut does = Vec::new();
            while let Some(pair) = head.take(Rule::when_does) {
                does.extend(when_does(head.ctx, pair));
            }
            if does.is_empty() {
                head.missing("`exits`, `says`, `answers` or `times out`");
            }
            head.end();
            StmtKind::When { what: what?, does }
        }
        Rule::answer => {
            let prompt = head.string("a prompt's text in quotes");
            let value = head.expr("an answer");
            head.end();
            StmtKind::Answer { prompt, value }
        }
        Rule::after => {
            let limit = head.value("a duration");
            head.end();
            StmtKind::After(limit)
        }
        Rule::reaches => {
            let path = head.path("a step's name")?;
            head.end();
            StmtKind::Reaches(path)
        }
        Rule::never_reaches => {
            head.second_word("`reaches`");
            let path = head.path("a step's name")?;
            head.end();
            StmtKind::NeverReaches(path)
        }
        Rule::ends => {
            let outcome = head.opt_name();
            if outcome.is_none() {
                head.missing("an outcome");
            }
            head.end();
            StmtKind::Ends(outcome?)
        }
        _ => return None,
    })
}

fn when_does<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Option<WhenDoes> {
    let span = text::trimmed(ctx, &pair);
    let word = super::words::first_word(pair.as_str());
    let mut kids = Kids::of(pair);
    let value = kids.next(ctx);
    if word == "times" {
        if value.is_some() {
            ctx.push(
                Diagnostic::error(
                    codes::MISSING_PART,
                    "`times` needs `out`",
                    span.after(),
                    "`out` belongs here",
                )
                .help("write `times out`"),
            );
        }
        return Some(WhenDoes::TimesOut);
    }
    let Some(value) = value else {
        ctx.push(
            Diagnostic::error(
                codes::MISSING_PART,
                format!("`{word}` needs a value"),
                span.after(),
                "expected a value here",
            )
            .help("write it like `exits 22 says \"boom\"` or `answers 503`"),
        );
        return None;
    };
    let place = ctx.pair_span(&value);
    let value: Expr = expr::primary(ctx, value);
    Some(match (word, value.kind) {
        ("says", ExprKind::Text(text)) => WhenDoes::Says(text),
        ("says", _) => {
            ctx.push(
                Diagnostic::error(
                    codes::MISSING_PART,
                    "`says` needs a text",
                    place,
                    "a text in quotes belongs here",
                )
                .help("write what the command prints in quotes"),
            );
            return None;
        }
        ("exits", kind) => WhenDoes::Exits(Expr {
            kind,
            span: value.span,
        }),
        (_, kind) => WhenDoes::Answers(Expr {
            kind,
            span: value.span,
        }),
    })
}
