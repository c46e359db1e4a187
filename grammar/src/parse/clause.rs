//! Clauses: the words behind a statement's parts, `within 5m`, `every 10s`, `only if ready`. The grammar takes any
//! of them in any order; here it shows which belong, and in which order.

use super::head::Head;
use super::words::{first_word, listed};
use super::{Ctx, Kids, Pair, Rule, expr, human, operand, text};
use crate::ast::{Expr, Name, Path, Within, WithinElse};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

impl<'s> Head<'_, 's> {
    /// The clauses, held against those that belong here, in their order.
    pub(super) fn clauses(&mut self, allowed: &[&'static str]) -> Clauses<'s> {
        let mut found: Vec<(&'static str, Pair<'s>)> = Vec::new();
        let mut furthest = 0;
        while matches!(
            self.peek(),
            Some(
                Rule::plain_clause
                    | Rule::within
                    | Rule::only_if_clause
                    | Rule::recommended
                    | Rule::or_skip
            )
        ) {
            let Some(pair) = self.next() else { break };
            let word = first_word(pair.as_str());
            let start = pair.as_span().start();
            let span = self.ctx.span(start, start + word.len());
            let Some(place) = allowed.iter().position(|known| *known == word) else {
                if self.silent() {
                    let human = human::name(self.rule);
                    let mut diagnostic = Diagnostic::error(
                        codes::CLAUSE,
                        format!("`{word}` does not belong to {human}"),
                        span,
                        "this clause has no meaning here",
                    );
                    if !allowed.is_empty() {
                        diagnostic = diagnostic.help(match allowed {
                            [one] => format!("use `{one}` here"),
                            _ => format!("use {} here, in this order", listed(allowed)),
                        });
                    }
                    self.ctx.push(diagnostic);
                }
                continue;
            };
            let known = allowed[place];
            if let Some((_, first)) = found.iter().find(|(other, _)| *other == known) {
                let first = text::trimmed(self.ctx, first);
                self.ctx.push(
                    Diagnostic::error(
                        codes::CLAUSE,
                        format!("`{known}` stands twice"),
                        span,
                        "the second one",
                    )
                    .label(first, "the first one")
                    .help(format!("keep one `{known}`")),
                );
                continue;
            }
            if place < furthest {
                self.ctx.push(
                    Diagnostic::error(
                        codes::CLAUSE,
                        format!("`{known}` stands too late"),
                        span,
                        "this clause comes earlier on the line",
                    )
                    .help(format!(
                        "write the clauses in this order: {}",
                        listed(allowed)
                    )),
                );
            }
            furthest = furthest.max(place);
            found.push((known, pair));
        }
        Clauses { found }
    }
}

/// The clauses of one statement.
pub(super) struct Clauses<'s> {
    found: Vec<(&'static str, Pair<'s>)>,
}

impl<'s> Clauses<'s> {
    pub(super) fn pair(&mut self, word: &str) -> Option<Pair<'s>> {
        let at = self.found.iter().position(|(found, _)| *found == word)?;
        Some(self.found.swap_remove(at).1)
    }

    /// `every 5s`: a word and a value.
    pub(super) fn value(&mut self, ctx: &mut Ctx<'s>, word: &str) -> Option<Expr> {
        let pair = self.pair(word)?;
        let whole = ctx.pair_span(&pair);
        let mut kids = Kids::of(pair);
        Some(match kids.next(ctx) {
            Some(value) => operand::primary(ctx, value),
            None => value_missing(ctx, word, whole),
        })
    }

    /// `as first`: a word and a name.
    pub(super) fn name(&mut self, ctx: &mut Ctx<'s>, word: &str) -> Option<Name> {
        let path = self.path(ctx, word)?;
        if path.names.len() > 1 {
            ctx.push(
                Diagnostic::error(
                    codes::NAME_FORM,
                    format!("`{word}` takes a plain name"),
                    path.span,
                    "this name has dots",
                )
                .help("write the name alone"),
            );
        }
        path.names.into_iter().next()
    }

    /// `to a.b`: a word and a dotted name.
    pub(super) fn path(&mut self, ctx: &mut Ctx<'s>, word: &str) -> Option<Path> {
        let pair = self.pair(word)?;
        let whole = ctx.pair_span(&pair);
        let mut kids = Kids::of(pair);
        match kids.next(ctx) {
            Some(value) if value.as_rule() == Rule::dotted => Some(text::path(ctx, &value)),
            Some(value) => {
                let span = ctx.pair_span(&value);
                ctx.push(
                    Diagnostic::error(
                        codes::MISSING_PART,
                        format!("`{word}` takes a name"),
                        span,
                        "this is no name",
                    )
                    .help(format!("write a name after `{word}`, without quotes")),
                );
                None
            }
            None => {
                value_missing(ctx, word, whole);
                None
            }
        }
    }

    /// `within 15m`, where nothing can be said after `else`.
    pub(super) fn limit(&mut self, ctx: &mut Ctx<'s>) -> Option<Expr> {
        let within = self.within(ctx)?;
        if within.otherwise.is_some() {
            ctx.push(
                Diagnostic::error(codes::CLAUSE, "this `within` has no `else`", within.span, "only a prompt can say what happens then")
                    .help("take `else` away; only `attempt … otherwise` and prompts say what happens when the time is over"),
            );
        }
        Some(within.limit)
    }

    /// `within 3m else …`
    pub(super) fn within(&mut self, ctx: &mut Ctx<'s>) -> Option<Within> {
        let pair = self.pair("within")?;
        let whole = text::trimmed(ctx, &pair);
        let mut kids = Kids::of(pair);
        let mut limit = None;
        let mut otherwise = None;
        while let Some(kid) = kids.next(ctx) {
            if kid.as_rule() != Rule::within_else {
                limit = Some(operand::primary(ctx, kid));
                continue;
            }
            let place = text::trimmed(ctx, &kid);
            let mut inner = Kids::of(kid);
            otherwise = match inner.next(ctx) {
                Some(answer) if answer.as_rule() == Rule::expr => {
                    Some(WithinElse::Answer(expr::expr(ctx, answer)))
                }
                Some(head) => {
                    let mut head = Head::new(ctx, head);
                    head.second_word("`to`");
                    let to = head.expect_path("the contact's name");
                    let text = head.opt_string();
                    to.map(|to| WithinElse::Escalate { to, text })
                }
                None => {
                    value_missing(ctx, "else", place);
                    None
                }
            };
        }
        let limit = match limit {
            Some(limit) => limit,
            None => value_missing(ctx, "within", whole),
        };
        Some(Within {
            limit,
            otherwise,
            span: whole,
        })
    }

    /// `only if e`
    pub(super) fn only_if(&mut self, ctx: &mut Ctx<'s>) -> Option<Expr> {
        let pair = self.pair("only")?;
        let mut head = Head::new(ctx, pair);
        head.second_word("`if`");
        Some(head.expr("a condition"))
    }

    /// A word that stands alone.
    pub(super) fn flag(&mut self, ctx: &mut Ctx<'s>, word: &str) -> bool {
        let Some(pair) = self.pair(word) else {
            return false;
        };
        let mut head = Head::new(ctx, pair);
        head.second_word("`skip`");
        true
    }
}

/// Reports that a clause has no value.
fn value_missing(ctx: &mut Ctx<'_>, word: &str, whole: Span) -> Expr {
    let at = whole.after();
    ctx.push(
        Diagnostic::error(
            codes::MISSING_PART,
            format!("`{word}` needs a value"),
            at,
            "expected a value here",
        )
        .help("write a literal, a name, or an expression in parentheses"),
    );
    expr::bad(at)
}
