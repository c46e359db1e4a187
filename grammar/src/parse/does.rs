//! Statements that do something in a step.

use super::head::{Head, Want};
use super::{Ctx, Pair, Rule, block, command, expr, flow, text, types};
use crate::ast::{LetValue, SnapshotEntry, StmtKind};

/// `None` where the statement says nothing without the part that is missing.
pub(super) fn read(head: &mut Head<'_, '_>, rule: Rule) -> Option<StmtKind> {
    Some(match rule {
        Rule::let_stmt => {
            let name = head.snake("a name");
            if head.take(Rule::no_word).is_some() {
                head.missing("a type");
            }
            let ty = head
                .take(Rule::r#type)
                .map(|pair| types::ty(head.ctx, pair));
            let value = match head.take(Rule::let_value) {
                Some(pair) => let_value(head.ctx, pair),
                None => LetValue::Expr(head.bad("`=` and a value")),
            };
            head.end();
            StmtKind::Let {
                name,
                ty: ty.map(Box::new),
                value,
            }
        }
        Rule::http_stmt => {
            let pair = head.take(Rule::http)?;
            let http = command::http(head.ctx, pair);
            head.end();
            StmtKind::Http(Box::new(http))
        }
        Rule::ask => {
            let name = head.snake("a name");
            let ty = types::head_type(head);
            let question = head.string("a question in quotes");
            let default = head.opt_default();
            let within = head.clauses(&["within"]).within(head.ctx);
            StmtKind::Ask {
                name,
                ty: Box::new(ty),
                question,
                default: default.map(Box::new),
                within: within.map(Box::new),
                block: head.block(Want::May),
            }
        }
        Rule::confirm => {
            let question = head.string("a question in quotes");
            let mut clauses = head.clauses(&["or", "within"]);
            let or_skip = clauses.flag(head.ctx, "or");
            let within = clauses.within(head.ctx);
            head.end();
            StmtKind::Confirm {
                question,
                or_skip,
                within: within.map(Box::new),
            }
        }
        Rule::approve => {
            let text = head.string("what is approved, in quotes");
            let mut clauses = head.clauses(&["by", "within"]);
            let by = clauses.path(head.ctx, "by");
            let within = clauses.within(head.ctx);
            head.end();
            StmtKind::Approve {
                text,
                by,
                within: within.map(Box::new),
            }
        }
        Rule::expect => {
            let condition = head.expr("a condition");
            let why = head.opt_string();
            head.end();
            StmtKind::Expect { condition, why }
        }
        Rule::check => {
            let title = head.opt_string();
            StmtKind::Check {
                title,
                block: head.must_block(),
            }
        }
        Rule::snapshot => {
            let name = head.snake("a name");
            let mut entries = Vec::new();
            let mut span_entries = head.empty_place();
            if let Some(pair) = head.own_block(Rule::snapshot_block, Want::Must) {
                span_entries = head.ctx.pair_span(&pair);
                entries = flow::own_lines(head.ctx, pair, |ctx, kid| {
                    if kid.as_rule() == Rule::snapshot_entry {
                        return snapshot_entry(ctx, kid);
                    }
                    block::misplaced(
                        ctx,
                        kid,
                        "a snapshot",
                        "write a label and what looks: `commit: ? git rev-parse HEAD`",
                    );
                    None
                });
                head.heard();
            }
            head.end();
            StmtKind::Snapshot {
                name,
                entries,
                span_entries,
            }
        }
        Rule::compare => {
            let before = head.opt_name();
            let after = head.expect_name("the names of two snapshots");
            head.end();
            StmtKind::Compare {
                before: before?,
                after: after?,
            }
        }
        Rule::todo => {
            let text = head.string("what is to be written, in quotes");
            head.end();
            StmtKind::Todo(text)
        }
        _ => return None,
    })
}

fn let_value<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> LetValue {
    let place = text::trimmed(ctx, &pair).after();
    let mut head = Head::new(ctx, pair);
    let Some(kid) = head.next() else {
        return LetValue::Expr(head.bad("a value"));
    };
    match kid.as_rule() {
        Rule::command => LetValue::Command(command::command(head.ctx, kid)),
        Rule::http => LetValue::Http(Box::new(command::http(head.ctx, kid))),
        Rule::do_call => match flow::do_call(head.ctx, kid) {
            Some(call) => LetValue::Do(Box::new(call)),
            None => LetValue::Expr(expr::bad(place)),
        },
        _ => LetValue::Expr(expr::expr(head.ctx, kid)),
    }
}

fn snapshot_entry<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Option<SnapshotEntry> {
    let span = text::trimmed(ctx, &pair);
    let mut head = Head::new(ctx, pair);
    let label = head.take(Rule::label)?;
    let label = text::name(head.ctx, &label);
    text::snake(head.ctx, &label);
    let look = command::expect_look(&mut head);
    head.end();
    Some(SnapshotEntry {
        label,
        look: look?,
        span,
    })
}
