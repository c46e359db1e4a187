//! Operators with two sides, and what they ask of both.

use super::Resolver;
use super::scope::{Binding, Entry, Origin};
use super::types::{inner, optional};
use crate::codes;
use crate::expr::{Expr, ExprKind, Op};
use crate::operators::{arithmetic, ordered};
use crate::show::ty as words;
use crate::value::{Type, Value};
use runbook_grammar::ast::{self, BinaryOp, ExprKind as A};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

fn op_of(op: BinaryOp) -> Op {
    match op {
        BinaryOp::Or | BinaryOp::Else => Op::Or,
        BinaryOp::And => Op::And,
        BinaryOp::Equal => Op::Equal,
        BinaryOp::NotEqual => Op::NotEqual,
        BinaryOp::Less => Op::Less,
        BinaryOp::LessEqual => Op::LessEqual,
        BinaryOp::Greater => Op::Greater,
        BinaryOp::GreaterEqual => Op::GreaterEqual,
        BinaryOp::In => Op::In,
        BinaryOp::NotIn => Op::NotIn,
        BinaryOp::Contains => Op::Contains,
        BinaryOp::Add => Op::Add,
        BinaryOp::Subtract => Op::Subtract,
        BinaryOp::Multiply => Op::Multiply,
        BinaryOp::Divide => Op::Divide,
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        a: &'a ast::Expr,
        b: &'a ast::Expr,
        hint: Option<&Type>,
        span: Span,
    ) -> Option<Expr> {
        let (ty, left, right) = match op {
            BinaryOp::And | BinaryOp::Or => {
                let left = self.typed(a, &Type::Bool);
                // After `x is set and`, x is there.
                self.scope.open();
                if op == BinaryOp::And {
                    self.narrow(a);
                }
                let right = self.typed(b, &Type::Bool);
                self.scope.close();
                (Type::Bool, left?, right?)
            }
            BinaryOp::Else => return self.or_else(a, b, hint, span),
            BinaryOp::In | BinaryOp::NotIn => return self.within(op, a, b, span),
            BinaryOp::Contains => {
                let left = self.expr(a, None);
                let right = self.expr(b, None);
                self.contains(left?, right?)?
            }
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual => {
                let (left, right) = self.pair(a, b)?;
                let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
                if !equality && !ordered(&left.ty) {
                    self.error(
                        codes::TYPE,
                        format!("values of type `{}` have no order", words(&left.ty)),
                        span,
                        "compared here",
                        "compare with `==` or `!=`, or compare numbers, percentages, durations or times",
                    );
                    return None;
                }
                (Type::Bool, left, right)
            }
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
                self.arithmetic(op, a, b, span)?
            }
        };
        Some(Expr {
            kind: ExprKind::Binary(op_of(op), Box::new(left), Box::new(right)),
            ty,
            span,
        })
    }

    /// Rebinds each name that a condition says `is set`, as one that is there, in the innermost scope.
    pub(super) fn narrow(&mut self, condition: &'a ast::Expr) {
        match &condition.kind {
            A::Binary(BinaryOp::And, a, b) => {
                self.narrow(a);
                self.narrow(b);
            }
            A::Paren(of) => self.narrow(of),
            A::IsSet(of) => {
                let A::Name(name) = &of.kind else {
                    return;
                };
                if let Some(Binding::Var(var, Type::Optional(ty))) =
                    self.lookup(&name.text).cloned()
                {
                    let entry = Entry {
                        binding: Binding::Var(var, *ty),
                        span: name.span,
                        origin: Origin::Implied,
                    };
                    self.scope.bind(&name.text, entry);
                }
            }
            _ => {}
        }
    }

    /// Reports a side of a comparison that nothing is held against: a secret, or what may be missing.
    fn comparable(&mut self, side: &Expr) -> Option<()> {
        match &side.ty {
            Type::Secret => {
                self.secret_shown(side.span);
                None
            }
            Type::Optional(has) => {
                self.missing(has, side.span);
                None
            }
            _ => Some(()),
        }
    }

    /// Both sides of a comparison, as one type.
    fn pair(&mut self, a: &'a ast::Expr, b: &'a ast::Expr) -> Option<(Expr, Expr)> {
        let left = self.expr(a, None);
        let hint = left.as_ref().map(|left| left.ty.clone());
        let right = self.expr(b, hint.as_ref());
        let (left, right) = (left?, right?);
        self.alike(left, right)
    }

    /// Makes two values comparable: a literal and `json` take the type of the other side.
    fn alike(&mut self, left: Expr, right: Expr) -> Option<(Expr, Expr)> {
        for side in [&left, &right] {
            self.comparable(side)?;
        }
        if left.ty == right.ty {
            return Some((left, right));
        }
        let text_like =
            |ty: &Type| matches!(ty, Type::Text | Type::OneOf(_) | Type::Url | Type::Path);
        let literal = |expr: &Expr| {
            matches!(
                expr.kind,
                ExprKind::Literal(Value::Text(_) | Value::Number(_)) | ExprKind::List(_)
            )
        };
        if left.ty == Type::Json || (literal(&left) && !literal(&right)) {
            let want = right.ty.clone();
            return Some((self.fit(left, &want)?, right));
        }
        if right.ty == Type::Json || literal(&right) {
            let want = left.ty.clone();
            let right = self.fit(right, &want)?;
            return Some((left, right));
        }
        if text_like(&left.ty) && text_like(&right.ty) {
            return Some((left, right));
        }
        self.report(
            Diagnostic::error(
                codes::TYPE,
                format!(
                    "`{}` is compared with `{}`",
                    words(&left.ty),
                    words(&right.ty)
                ),
                left.span,
                format!("this is `{}`", words(&left.ty)),
            )
            .label(right.span, format!("this is `{}`", words(&right.ty)))
            .help(compare_help(&left.ty, &right.ty)),
        );
        None
    }

    fn or_else(
        &mut self,
        a: &'a ast::Expr,
        b: &'a ast::Expr,
        hint: Option<&Type>,
        span: Span,
    ) -> Option<Expr> {
        let left = self.expr(a, hint);
        let wanted = left.as_ref().map(|left| inner(&left.ty).clone());
        let wanted = match wanted {
            Some(Type::Json) | None => hint.map(|hint| inner(hint).clone()),
            wanted => wanted,
        };
        let right = self.expr(b, wanted.as_ref());
        let (mut left, mut right) = (left?, right?);
        match left.ty.clone() {
            Type::Json => {
                if inner(&right.ty) != &Type::Json {
                    let want = optional(right.ty.clone());
                    left = self.fit(left, &want)?;
                }
            }
            Type::Optional(has) => {
                let want = match right.ty {
                    Type::Optional(_) => optional(*has),
                    _ => *has,
                };
                right = match (&right.ty, &want) {
                    // A text beside a closed set: the whole is a text.
                    (Type::Text, Type::OneOf(values)) if !matches!(&right.kind, ExprKind::Literal(Value::Text(t)) if values.contains(t)) => {
                        right
                    }
                    _ => self.fit(right, &want)?,
                };
            }
            Type::Secret => {
                self.secret_shown(left.span);
                return None;
            }
            ty => {
                self.error(
                    codes::MISSING,
                    "the value before `else` is never missing",
                    left.span,
                    format!("always has a value of type `{}`", words(&ty)),
                    "leave the `else` out; whether a text is empty is asked by `is empty`",
                );
                return None;
            }
        }
        Some(Expr {
            ty: right.ty.clone(),
            kind: ExprKind::Else(Box::new(left), Box::new(right)),
            span,
        })
    }

    /// `x in list`, `x in a..b`, and their negations.
    fn within(
        &mut self,
        op: BinaryOp,
        a: &'a ast::Expr,
        b: &'a ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let left = self.expr(a, None);
        let mut right_side = b;
        while let A::Paren(inside) = &right_side.kind {
            right_side = inside;
        }
        if let A::Range(from, to) = &right_side.kind {
            let hint = left.as_ref().map(|left| left.ty.clone());
            let from = self.expr(from, hint.as_ref());
            let to = self.expr(to, hint.as_ref());
            let (left, from) = self.alike(left?, from?)?;
            let (left, to) = self.alike(left, to?)?;
            if !ordered(&left.ty) {
                self.error(
                    codes::RANGE,
                    format!("values of type `{}` have no range", words(&left.ty)),
                    b.span,
                    "a range",
                    "write a list: `in [a, b]`",
                );
                return None;
            }
            let between = Expr {
                kind: ExprKind::Between(Box::new(left), Box::new(from), Box::new(to)),
                ty: Type::Bool,
                span,
            };
            return Some(match op {
                BinaryOp::NotIn => Expr {
                    kind: ExprKind::Not(Box::new(between)),
                    ty: Type::Bool,
                    span,
                },
                _ => between,
            });
        }
        let hint = left
            .as_ref()
            .map(|left| Type::List(Box::new(inner(&left.ty).clone())));
        let right = self.expr(b, hint.as_ref().filter(|_| !matches!(b.kind, A::List(_))));
        let (left, right) = (left?, right?);
        let (_, right, left) = self.contains(right, left)?;
        Some(Expr {
            kind: ExprKind::Binary(op_of(op), Box::new(left), Box::new(right)),
            ty: Type::Bool,
            span,
        })
    }

    /// A whole and a part of it: a text in a text, an item in a list, either in `json`.
    fn contains(&mut self, whole: Expr, part: Expr) -> Option<(Type, Expr, Expr)> {
        for side in [&whole, &part] {
            self.comparable(side)?;
        }
        match whole.ty.clone() {
            Type::Json => Some((Type::Bool, whole, part)),
            Type::List(item) => {
                let literal = matches!(whole.kind, ExprKind::List(_));
                if literal && part.ty != *item && part.ty != Type::Json {
                    // `x in ["a", "b"]`: the list is written out, so its items take the type of x.
                    let want = Type::List(Box::new(part.ty.clone()));
                    let whole = self.fit(whole, &want)?;
                    return Some((Type::Bool, whole, part));
                }
                let part = self.fit(part, &item)?;
                Some((Type::Bool, whole, part))
            }
            Type::Text | Type::Url | Type::Path | Type::OneOf(_) => {
                let part = self.fit(part, &Type::Text)?;
                Some((Type::Bool, whole, part))
            }
            ty => {
                self.error(
                    codes::TYPE,
                    format!("a value of type `{}` holds no others", words(&ty)),
                    whole.span,
                    format!("this is `{}`", words(&ty)),
                    "look into a text, a list, or a value of type `json`",
                );
                None
            }
        }
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        a: &'a ast::Expr,
        b: &'a ast::Expr,
        span: Span,
    ) -> Option<(Type, Expr, Expr)> {
        let left = self.expr(a, None);
        let right = self.expr(b, None);
        let (mut left, mut right) = (left?, right?);
        for side in [&left, &right] {
            self.comparable(side)?;
        }
        match (left.ty == Type::Json, right.ty == Type::Json) {
            (true, true) => {
                left = self.fit(left, &Type::Number)?;
                right = self.fit(right, &Type::Number)?;
            }
            (true, false) => {
                let want = right.ty.clone();
                left = self.fit(left, &want)?;
            }
            (false, true) => {
                let want = left.ty.clone();
                right = self.fit(right, &want)?;
            }
            (false, false) => {}
        }
        if let Some(ty) = arithmetic(op_of(op), &left.ty, &right.ty) {
            return Some((ty, left, right));
        }
        // The same unit on both sides is what was meant most often.
        if matches!(op, BinaryOp::Add | BinaryOp::Subtract) {
            let number = |e: &Expr| matches!(e.kind, ExprKind::Literal(Value::Number(_)));
            if number(&right) && matches!(left.ty, Type::Percent | Type::Duration) {
                let want = left.ty.clone();
                self.fit(right, &want);
                return None;
            }
            if number(&left) && matches!(right.ty, Type::Percent | Type::Duration) {
                let want = right.ty.clone();
                self.fit(left, &want);
                return None;
            }
        }
        let sign = match op {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            _ => "/",
        };
        self.report(
            Diagnostic::error(
                codes::TYPE,
                format!(
                    "`{}` {sign} `{}` means nothing",
                    words(&left.ty),
                    words(&right.ty)
                ),
                span,
                "computed here",
            )
            .help("compute with two values of one unit, or scale one by a number"),
        );
        None
    }

    pub(super) fn negate(&mut self, of: &'a ast::Expr, span: Span) -> Option<Expr> {
        let mut of = self.expr(of, None)?;
        if of.ty == Type::Json {
            of = self.fit(of, &Type::Number)?;
        }
        if !matches!(of.ty, Type::Number | Type::Percent) {
            self.error(
                codes::TYPE,
                format!("a value of type `{}` has no negative", words(&of.ty)),
                of.span,
                format!("this is `{}`", words(&of.ty)),
                "negate a number or a percentage",
            );
            return None;
        }
        Some(Expr {
            ty: of.ty.clone(),
            kind: ExprKind::Negate(Box::new(of)),
            span,
        })
    }

    pub(super) fn is_empty(&mut self, of: &'a ast::Expr, span: Span) -> Option<Expr> {
        let of = self.expr(of, None)?;
        if !matches!(
            inner(&of.ty),
            Type::Text | Type::List(_) | Type::Json | Type::Path | Type::Url
        ) {
            if of.ty == Type::Secret {
                self.secret_shown(of.span);
            } else {
                self.error(
                    codes::TYPE,
                    format!("a value of type `{}` is never empty", words(&of.ty)),
                    of.span,
                    format!("this is `{}`", words(&of.ty)),
                    "ask a text, a list, or a value of type `json`; `is set` asks whether there is one",
                );
            }
            return None;
        }
        Some(Expr {
            kind: ExprKind::IsEmpty(Box::new(of)),
            ty: Type::Bool,
            span,
        })
    }

    pub(super) fn is_set(&mut self, of: &'a ast::Expr, span: Span) -> Option<Expr> {
        let of = self.expr(of, None)?;
        if !matches!(of.ty, Type::Optional(_) | Type::Json) {
            if of.ty == Type::Secret {
                self.secret_shown(of.span);
            } else {
                self.error(
                    codes::MISSING,
                    "this value is always set",
                    of.span,
                    format!("has a value of type `{}`", words(&of.ty)),
                    "leave the question out; whether a text is empty is asked by `is empty`",
                );
            }
            return None;
        }
        Some(Expr {
            kind: ExprKind::IsSet(Box::new(of)),
            ty: Type::Bool,
            span,
        })
    }
}

fn compare_help(left: &Type, right: &Type) -> String {
    match (left, right) {
        (Type::Text, Type::Number) | (Type::Number, Type::Text) => {
            "write `number(…)` around the text, or capture it as `number`".to_owned()
        }
        (Type::Number, Type::Percent) | (Type::Percent, Type::Number) => {
            "capture both as `percent`, or both as `number`".to_owned()
        }
        (Type::Number, Type::Duration) | (Type::Duration, Type::Number) => {
            "divide the duration by its unit, as in `elapsed / 1s`, or capture both as `duration`"
                .to_owned()
        }
        (Type::Text | Type::OneOf(_), other) | (other, Type::Text | Type::OneOf(_)) => {
            format!(
                "write the `{}` as a hole in a text: \"{{{{name}}}}\"",
                words(other)
            )
        }
        _ => "compare values of one type".to_owned(),
    }
}
