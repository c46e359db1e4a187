//! Scenarios: tests for runbooks.

use super::head::{Head, TITLE};
use super::{Ctx, Kids, Pair, Rule, operand, text};
use crate::ast::{Expr, ExprKind, StmtKind, WhenDoes, WhenWhat};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// `None` where the statement says nothing without the part that is missing.
pub(super) fn read(head: &mut Head<'_, '_>, rule: Rule) -> Option<StmtKind> {
    Some(match rule {
        Rule::scenario => {
            let title = head.string(TITLE);
            StmtKind::Scenario {
                title,
                block: head.must_block(),
            }
        }
        Rule::given => {
            let name = head.expect_name("the name of a param or a secret");
            let value = head.default("`=` and a value");
            head.end();
            StmtKind::Given { name: name?, value }
        }
        Rule::when => {
            let what = match head.take(Rule::when_step) {
                Some(pair) => {
                    let mut step = Head::new(head.ctx, pair);
                    step.expect_path("a step's name").map(WhenWhat::Step)
                }
                None => head
                    .expect_string("a command in quotes, or `step` and its name")
                    .map(WhenWhat::Glob),
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
            let path = head.expect_path("a step's name")?;
            head.end();
            StmtKind::Reaches(path)
        }
        Rule::never_reaches => {
            head.second_word("`reaches`");
            let path = head.expect_path("a step's name")?;
            head.end();
            StmtKind::NeverReaches(path)
        }
        Rule::undoes => {
            let path = head.expect_path("a step's name")?;
            head.end();
            StmtKind::Undoes(path)
        }
        Rule::asks => {
            let prompt = head.expect_string("a prompt's text in quotes");
            head.end();
            StmtKind::Asks(prompt?)
        }
        Rule::notifies => {
            let what = head.expect_string("a message's or a channel's name in quotes");
            head.end();
            StmtKind::Notifies(what?)
        }
        Rule::takes_at_most => {
            head.second_word("`most`");
            let limit = head.value("a duration");
            head.end();
            StmtKind::TakesAtMost(limit)
        }
        Rule::ends => {
            let outcome = head.expect_name("an outcome");
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
    let value: Expr = operand::primary(ctx, value);
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
