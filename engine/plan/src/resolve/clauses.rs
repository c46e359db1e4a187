//! Values of clauses: durations, counts, retries.

use super::Resolver;
use crate::codes;
use crate::expr::{Clause, ExprKind, Factor};
use crate::plan::Retry;
use crate::value::{Type, Value};
use runbook_grammar::ast::{self, ExprKind as A};
use rust_decimal::Decimal;

impl<'a> Resolver<'a> {
    /// A duration of any length.
    pub(super) fn duration(&mut self, expr: &'a ast::Expr) -> Option<Clause> {
        self.typed(expr, &Type::Duration)
    }

    /// A duration that must not be nothing.
    pub(super) fn lasting(&mut self, expr: &'a ast::Expr, what: &str) -> Option<Clause> {
        let value = self.duration(expr)?;
        if matches!(value.kind, ExprKind::Literal(Value::Duration(0))) {
            self.error(
                codes::AMOUNT,
                format!("{what} is no time at all"),
                value.span,
                "nothing",
                "write a duration longer than `0s`",
            );
            return None;
        }
        Some(value)
    }

    /// A whole number, from `least` up.
    pub(super) fn count(&mut self, expr: &'a ast::Expr, what: &str, least: u32) -> Option<Clause> {
        let value = self.typed(expr, &Type::Number)?;
        if let ExprKind::Literal(Value::Number(n)) = &value.kind
            && (!n.fract().is_zero() || *n < Decimal::from(least) || *n > Decimal::from(u32::MAX))
        {
            self.error(
                codes::AMOUNT,
                format!("{what} is {n}"),
                value.span,
                "no number that can be counted to",
                format!("write a whole number, {least} or more"),
            );
            return None;
        }
        Some(value)
    }

    pub(super) fn retry(
        &mut self,
        times: &'a ast::Expr,
        every: Option<&'a ast::Expr>,
        backoff: Option<&'a ast::Expr>,
    ) -> Option<Retry> {
        let times = self.count(times, "`retry`", 0);
        let every = match every {
            Some(every) => Some(self.duration(every)?),
            None => None,
        };
        let backoff = match backoff {
            Some(expr) => match &expr.kind {
                A::Factor(n) if *n >= Decimal::ONE => Some(Factor(*n)),
                A::Bad => {
                    self.broken();
                    return None;
                }
                _ => {
                    let message = match &expr.kind {
                        A::Factor(n) => format!("`backoff` makes each wait shorter: {n}x"),
                        _ => "`backoff` has no factor".to_owned(),
                    };
                    let help = match &expr.kind {
                        A::Number(n) if *n >= Decimal::ONE => format!("write `{n}x`"),
                        _ => "write a factor of 1x or more, such as `2x`".to_owned(),
                    };
                    self.error(codes::UNIT, message, expr.span, "no factor", help);
                    return None;
                }
            },
            None => None,
        };
        Some(Retry {
            times: times?,
            every,
            backoff,
        })
    }
}
