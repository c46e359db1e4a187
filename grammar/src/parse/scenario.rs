//! Scenarios: tests for runbooks.

use super::head::{Head, TITLE};
use super::{Ctx, Kids, Pair, Rule, operand, text};
use crate::ast::{Expr, ExprKind, Reply, StmtKind, Str, WhenDoes, WhenWhat};
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
                head.missing("`exits`, `says`, `answers`, `takes`, `times out`, `dies by` or `does not start`");
            }
            head.end();
            StmtKind::When { what: what?, does }
        }
        Rule::answer => {
            let prompt = head.string("a prompt's text in quotes");
            let reply = match head.take(Rule::reply) {
                Some(pair) => reply(head.ctx, pair),
                None => Reply::Value(head.expr("an answer")),
            };
            let after = head.take(Rule::reply_after).map(|pair| {
                let mut after = Head::new(head.ctx, pair);
                after.value("a duration")
            });
            head.end();
            StmtKind::Answer {
                prompt,
                reply,
                after,
            }
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

/// The words of a reply that is no value, as they are kept.
const REPLIES: [&str; 9] = [
    "retry",
    "run again",
    "skip",
    "done",
    "failed",
    "fail",
    "pause",
    "undo",
    "edit",
];

fn reply<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Reply {
    let span = text::trimmed(ctx, &pair);
    let first = super::words::first_word(pair.as_str());
    let word = REPLIES
        .into_iter()
        .find(|word| word.split(' ').next() == Some(first))
        .unwrap_or(REPLIES[0]);
    let mut head = Head::new(ctx, pair);
    let to = match word {
        "undo" => head.expect_path("a checkpoint's name"),
        _ => None,
    };
    let mut texts = Vec::new();
    if word == "edit" {
        texts.extend(head.expect_string("a command in quotes"));
    }
    texts.extend(head.opt_string());
    Reply::Does {
        word,
        to,
        texts,
        span,
    }
}

/// A text that a command prints.
fn printed(ctx: &mut Ctx<'_>, word: &str, value: Expr) -> Option<Str> {
    match value.kind {
        ExprKind::Text(text) => Some(text),
        _ => {
            ctx.push(
                Diagnostic::error(
                    codes::MISSING_PART,
                    format!("`{word}` needs a text"),
                    value.span,
                    "a text in quotes belongs here",
                )
                .help("write what the command prints in quotes"),
            );
            None
        }
    }
}

fn when_does<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Option<WhenDoes> {
    let span = text::trimmed(ctx, &pair);
    let word = super::words::first_word(pair.as_str());
    let mut kids = Kids::of(pair);
    let no_word = kids.take(ctx, Rule::no_word).is_some();
    let value = kids.next(ctx);
    let second = match word {
        "times" => Some("out"),
        "does" => Some("not start"),
        "dies" => Some("by"),
        _ => None,
    };
    if let (Some(second), true) = (second, no_word) {
        ctx.push(
            Diagnostic::error(
                codes::MISSING_PART,
                format!("`{word}` needs `{second}`"),
                span.after(),
                format!("`{second}` belongs here"),
            )
            .help(match word {
                "dies" => "write `dies by SIGKILL`".to_owned(),
                _ => format!("write `{word} {second}`"),
            }),
        );
    }
    match word {
        "times" => return Some(WhenDoes::TimesOut),
        "does" => return Some(WhenDoes::NotStarted),
        "dies" if no_word && value.is_none() => return None,
        _ => {}
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
    let value: Expr = operand::primary(ctx, value);
    Some(match word {
        "says" => WhenDoes::Says(printed(ctx, word, value)?),
        "stderr" => WhenDoes::Stderr(printed(ctx, word, value)?),
        "exits" => WhenDoes::Exits(value),
        "takes" => WhenDoes::Takes(value),
        "dies" => WhenDoes::Dies(value),
        _ => WhenDoes::Answers(value),
    })
}
