//! Policies: how a block is carried out.

use super::head::{Head, Want};
use super::{Rule, command};
use crate::ast::{Look, StmtKind, Undo};

/// `None` where the statement says nothing without the part that is missing.
pub(super) fn read(head: &mut Head<'_, '_>, rule: Rule) -> Option<StmtKind> {
    Some(match rule {
        Rule::timeout => {
            let limit = head.value("a duration");
            head.end();
            StmtKind::Timeout(limit)
        }
        Rule::retry => {
            let times = head.value("a number of attempts");
            let mut clauses = head.clauses(&["every", "backoff"]);
            let every = clauses.value(head.ctx, "every");
            let backoff = clauses.value(head.ctx, "backoff");
            head.end();
            StmtKind::Retry {
                times,
                every: every.map(Box::new),
                backoff: backoff.map(Box::new),
            }
        }
        Rule::only_if => {
            head.second_word("`if`");
            let condition = head.expr("a condition");
            head.end();
            StmtKind::OnlyIf(condition)
        }
        Rule::done_if => {
            head.second_word("`if`");
            let look = command::expect_look(head);
            head.end();
            StmtKind::DoneIf(look?)
        }
        Rule::undo => {
            let undo = match command::opt_look(head) {
                Some(Look::Command(command)) => Some(Undo::Command(command)),
                Some(Look::Http(http)) => Some(Undo::Http(http)),
                None => None,
            };
            if let Some(undo) = undo {
                head.end();
                return Some(StmtKind::Undo(undo));
            }
            let block = head.block(Want::May);
            let block = head.expect(block, "a command or a block");
            StmtKind::Undo(Undo::Block(block?))
        }
        Rule::irreversible => {
            let why = head.string("a reason in quotes");
            head.end();
            StmtKind::Irreversible(why)
        }
        Rule::repeatable => {
            head.end();
            StmtKind::Repeatable
        }
        Rule::takes => {
            let from = head.value("a duration");
            let to = match head.take(Rule::no_expr) {
                Some(pair) => Some(super::expr::expr(head.ctx, pair)),
                None => head.opt_value(),
            };
            head.end();
            StmtKind::Takes {
                from,
                to: to.map(Box::new),
            }
        }
        Rule::in_stmt => {
            let dir = head.value("a directory in quotes");
            head.end();
            StmtKind::In(dir)
        }
        Rule::env => {
            let name = head.expect_name("a variable's name");
            let value = head.default("`=` and a value");
            head.end();
            StmtKind::Env { name: name?, value }
        }
        Rule::on => {
            let host = head.expect_name("a host's name or `failure`");
            head.end();
            StmtKind::On(host?)
        }
        Rule::with => {
            let interpreter = head.expect_name("an interpreter's name");
            head.end();
            StmtKind::With(interpreter?)
        }
        Rule::interactive => {
            head.end();
            StmtKind::Interactive
        }
        Rule::live_for => {
            let limit = head
                .clauses(&["for"])
                .value(head.ctx, "for")
                .unwrap_or_else(|| head.bad("`for` and a duration"));
            head.end();
            StmtKind::LiveFor(limit)
        }
        Rule::background => {
            head.second_word("`until`");
            StmtKind::Background(head.must_block())
        }
        Rule::on_failure => StmtKind::OnFailure(head.must_block()),
        Rule::always => StmtKind::Always(head.must_block()),
        _ => return None,
    })
}
