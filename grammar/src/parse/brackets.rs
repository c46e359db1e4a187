//! What stands between brackets: the commas between elements, and the bracket that closes.

use super::words::first_word;
use super::{Ctx, Pair, Rule};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// Watches over what stands between brackets: the commas, and the bracket that closes.
pub(super) struct Elements {
    open: Span,
    close: &'static str,
    last: Option<usize>,
    spoken: bool,
    /// The bracket is not closed.
    pub(super) ended: bool,
}

impl Elements {
    pub(super) fn new<'s>(ctx: &Ctx<'s>, pair: &Pair<'s>, close: &'static str) -> Elements {
        let start = pair.as_span().start();
        Elements {
            open: ctx.span(start, start + 1),
            close,
            last: None,
            spoken: false,
            ended: false,
        }
    }

    /// Whether this is an element; reports a missing comma before it, or that nothing closes.
    pub(super) fn next<'s>(&mut self, ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> bool {
        let start = pair.as_span().start();
        if pair.as_rule() == Rule::unclosed {
            self.ended = true;
            if !self.spoken {
                let end = ctx.text[..start].trim_end().len();
                let found = first_word(&ctx.text[start..]).len();
                let place = if ctx.text[end..start].contains('\n') || found == 0 {
                    ctx.span(end, end)
                } else {
                    ctx.span(start, start + found)
                };
                // Brackets inside this one that end at the same place were reported.
                let known = ctx.diagnostics.iter().rev().take(1).any(|mistake| {
                    mistake.code == codes::BRACKET_NOT_CLOSED
                        && mistake
                            .labels
                            .last()
                            .is_some_and(|label| label.span == place)
                });
                if known {
                    return false;
                }
                ctx.push(
                    Diagnostic::error(
                        codes::BRACKET_NOT_CLOSED,
                        "a bracket is not closed",
                        self.open,
                        "this bracket",
                    )
                    .label(place, format!("expected {} here", self.close))
                    .help(format!("close it with {}", self.close)),
                );
            }
            return false;
        }
        if let Some(last) = self.last
            && !ctx.text[last..start].contains(',')
            && !self.spoken
        {
            self.spoken = true;
            let place = ctx.span(last, last);
            ctx.push(
                Diagnostic::error(
                    codes::COMMA_MISSING,
                    "a comma is missing",
                    place,
                    "expected `,` here",
                )
                .help("put a comma between two values")
                .fix(place, ","),
            );
        }
        self.last = Some(start + pair.as_str().trim_end().len());
        true
    }
}
