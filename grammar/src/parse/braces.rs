//! Braces: those that are missing, those that close nothing, and where each stands on its line.

use super::mend::{Edit, EditKind};
use super::words::first_word;
use super::{Ctx, Pair, Rule};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// Watches over the braces of any block: that it is closed, and that what it holds stands on lines of its own
/// or whole on one line with both braces.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    open: usize,
    close: usize,
    pub(super) inline: bool,
    first: bool,
}

impl Frame {
    pub(super) fn new(pair: &Pair<'_>) -> Frame {
        let span = pair.as_span();
        Frame {
            open: span.start(),
            close: span.end(),
            inline: !pair.as_str().contains('\n'),
            first: true,
        }
    }

    /// Whether this is something the block holds; its place is looked at.
    pub(super) fn sees<'s>(&mut self, ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> bool {
        if pair.as_rule() == Rule::unclosed {
            unclosed(ctx, self.open);
            return false;
        }
        let span = pair.as_span();
        let known = ctx.diagnostics.len();
        if self.first && !ctx.text[self.open..span.start()].contains('\n') {
            self.head_line(ctx, pair);
        }
        self.first = false;
        if !self.inline && ctx.diagnostics.len() == known {
            // The closing brace stands behind the last thing the block holds.
            let end = span.start() + pair.as_str().trim_end().len();
            let between = &ctx.text[end..self.close];
            if between.len() <= 64 && between.trim() == "}" && !between.contains('\n') {
                let place = ctx.span(self.close - 1, self.close);
                ctx.push(
                    Diagnostic::error(
                        codes::BRACE_PLACE,
                        "a closing brace stands behind a statement",
                        place,
                        "this brace",
                    )
                    .help("put it on a line of its own")
                    .fix(ctx.span(end, self.close), "\n}"),
                );
            }
        }
        true
    }

    /// The first thing stands on the line of the brace.
    fn head_line<'s>(&self, ctx: &mut Ctx<'s>, pair: &Pair<'s>) {
        let place = ctx.span(self.open, self.open + 1);
        let at = pair.as_span().start();
        let line = pair.as_str().split('\n').next().unwrap_or_default();
        let marked = ends_in_command(pair);
        if marked {
            // To the end of the line all is the command, also the brace that was to close the block.
            let place = ctx.span(at, at + line.trim_end().len());
            ctx.push(
                Diagnostic::error(
                    codes::SWALLOWED_BRACE,
                    "a command shares its line with a brace",
                    place,
                    "what follows the mark is verbatim, to the end of the line",
                )
                .help("put the command, and the closing brace, on lines of their own"),
            );
        } else if !self.inline {
            ctx.push(
                Diagnostic::error(
                    codes::BRACE_PLACE,
                    "a block begins on the line of its brace and ends on another",
                    place,
                    "what this opens begins on the next line",
                )
                .help(
                    "put what the block holds on lines of its own, or the whole block on one line",
                ),
            );
        }
    }
}

/// Whether a statement is verbatim to the end of its (first) line.
fn ends_in_command(pair: &Pair<'_>) -> bool {
    match pair.as_rule() {
        Rule::command | Rule::prose | Rule::warning | Rule::item => true,
        Rule::undo
        | Rule::done_if
        | Rule::from
        | Rule::suggest
        | Rule::secret
        | Rule::let_stmt
        | Rule::let_value
        | Rule::snapshot_entry => pair.clone().into_inner().any(|kid| {
            kid.as_rule() == Rule::command
                || kid.as_rule() == Rule::let_value && ends_in_command(&kid)
        }),
        _ => false,
    }
}

pub(super) fn stray_close<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) {
    let span = ctx.pair_span(pair);
    ctx.push(stray(span));
}

fn stray(brace: Span) -> Diagnostic {
    Diagnostic::error(
        codes::STRAY_CLOSE,
        "a closing brace closes nothing",
        brace,
        "this brace",
    )
    .help("take it away, or open the block it closes")
}

/// Reports a block that the file ends before.
pub(super) fn unclosed(ctx: &mut Ctx<'_>, open: usize) {
    let place = ctx.span(open, open + 1);
    ctx.push(
        Diagnostic::error(
            codes::BLOCK_NOT_CLOSED,
            "a block is not closed",
            place,
            "this brace has no closing one",
        )
        .help("close it with `}` on a line of its own"),
    );
}

/// What was wrong with a brace that was put right before the file was read.
pub(super) fn mended(
    text: &str,
    edit: &Edit,
    place: &impl Fn(usize, usize) -> Span,
) -> Option<Diagnostic> {
    let line = text[edit.at..].split('\n').next().unwrap_or_default();
    let words = line.trim_start();
    let at = edit.at + line.len() - words.len();
    let below = place(at, at + first_word(words).len());
    match edit.kind {
        EditKind::CloseBlock { open } => {
            if let Some(brace) = swallowed(text, open, edit.at) {
                let mistake = Diagnostic::error(
                    codes::SWALLOWED_BRACE,
                    "a closing brace became part of a command",
                    place(brace, brace + 1),
                    "everything to the end of this line is the command",
                );
                return Some(
                    mistake
                        .label(place(open, open + 1), "so this brace has no closing one")
                        .help("put the closing brace on a line of its own"),
                );
            }
            let open = place(open, open + 1);
            let mut mistake = Diagnostic::error(
                codes::BLOCK_NOT_CLOSED,
                "a block is not closed",
                open,
                "this brace has no closing one",
            );
            if !words.is_empty() {
                mistake = mistake.label(below, "the block seems to end before this");
            }
            Some(mistake.help("close it with `}` on a line of its own"))
        }
        EditKind::DropClose => Some(stray(place(edit.at, edit.at + 1))),
        EditKind::CloseFence { open, ticks } => {
            let open = place(open, open + ticks);
            let backticks = "`".repeat(ticks);
            Some(
                Diagnostic::error(
                    codes::FENCE_NOT_CLOSED,
                    "a fence is not closed",
                    open,
                    "this fence has no closing line",
                )
                .label(below, "the script seems to end before this")
                .help(format!("close it with a line that holds only {backticks}")),
            )
        }
        // The command itself is reported where it is read.
        EditKind::SplitCommand => None,
    }
}

/// The brace at the end of a command that was to close the block which ends at `end`.
fn swallowed(text: &str, open: usize, end: usize) -> Option<usize> {
    let inside = text.get(open + 1..end)?.trim_end();
    let line = inside.rsplit('\n').next()?;
    let words = line.trim_start();
    let command = words.starts_with(['$', '?']) || line.contains(" $ ") || line.contains(" ? ");
    (command && words.ends_with(" }")).then(|| open + inside.len())
}
