//! The line a statement begins with. Every statement is read the same way: its parts in order, its clauses,
//! its block, and whatever is left over. What a line lacks and what is left over on it are one mistake, so a
//! head speaks once.

use super::words::{example, first_word, is_reserved, left_over};
use super::{Ctx, Kids, Pair, Rule, block, expr, human, operand, text};
use crate::ast::{Block, Expr, Name, Path, StmtKind, Str};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// Whether a statement has a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Must,
    May,
    Never,
}

/// What every statement that declares something says it lacks.
pub(super) const NAME: &str = "a name in snake_case";
pub(super) const TITLE: &str = "a title in quotes";

/// A statement, read by the family it belongs to; where that gives `None`, it says nothing without the part that is
/// missing.
pub(super) fn stmt<'s>(
    ctx: &mut Ctx<'s>,
    pair: Pair<'s>,
    read: impl FnOnce(&mut Head<'_, 's>, Rule) -> Option<StmtKind>,
) -> StmtKind {
    let rule = pair.as_rule();
    let mut head = Head::new(ctx, pair);
    read(&mut head, rule).unwrap_or_else(|| {
        head.block(Want::May);
        StmtKind::Bad
    })
}

pub(super) struct Head<'c, 's> {
    pub(super) ctx: &'c mut Ctx<'s>,
    kids: Kids<'s>,
    pub(super) rule: Rule,
    span: pest::Span<'s>,
    /// How many mistakes were known when this head began.
    known: usize,
}

impl<'c, 's> Head<'c, 's> {
    pub(super) fn new(ctx: &'c mut Ctx<'s>, pair: Pair<'s>) -> Head<'c, 's> {
        // A line that was reported as a whole says nothing more.
        let muted = ctx.muted == Some(pair.as_span().start());
        let known = if muted {
            usize::MAX
        } else {
            ctx.diagnostics.len()
        };
        Head {
            ctx,
            rule: pair.as_rule(),
            span: pair.as_span(),
            kids: Kids::of(pair),
            known,
        }
    }

    pub(super) fn peek(&mut self) -> Option<Rule> {
        self.kids.peek(self.ctx)
    }

    pub(super) fn next(&mut self) -> Option<Pair<'s>> {
        self.kids.next(self.ctx)
    }

    pub(super) fn take(&mut self, rule: Rule) -> Option<Pair<'s>> {
        self.kids.take(self.ctx, rule)
    }

    /// Nothing was wrong with this line so far.
    pub(super) fn silent(&self) -> bool {
        self.ctx.diagnostics.len() == self.known
    }

    /// From here on the line may speak again: a block stood between.
    pub(super) fn heard(&mut self) {
        if self.known != usize::MAX {
            self.known = self.ctx.diagnostics.len();
        }
    }

    /// The empty place just behind what was read, in front of what comes next.
    pub(super) fn empty_place(&mut self) -> Span {
        self.kids.peek(self.ctx);
        let limit = self
            .kids
            .pairs
            .peek()
            .map_or(self.span.end(), |next| next.as_span().start());
        let start = self.span.start();
        let at = start + self.ctx.text[start..limit].trim_end().len();
        self.ctx.span(at, at)
    }

    /// What is there, where a part is missing: what is left over, or the empty place.
    fn here(&mut self) -> (Span, Option<&'s str>) {
        if self.peek() == Some(Rule::junk)
            && let Some(junk) = self.kids.pairs.peek()
        {
            let word = first_word(junk.as_str());
            let start = junk.as_span().start();
            return (self.ctx.span(start, start + word.len()), Some(word));
        }
        (self.empty_place(), None)
    }

    /// Reports that `what` is not there, unless this line already said something.
    pub(super) fn missing(&mut self, what: &str) -> Span {
        let (span, found) = self.here();
        if self.silent() {
            let human = human::name(self.rule);
            let label = match found {
                Some(found) => format!("expected {what}, found `{found}`"),
                None => format!("expected {what} here"),
            };
            let mut diagnostic = Diagnostic::error(
                codes::MISSING_PART,
                format!("{human} needs {what}"),
                span,
                label,
            );
            if let Some(example) = example(self.rule) {
                diagnostic = diagnostic.help(format!("write it like `{example}`"));
            }
            if let Some(word) = found.filter(|word| is_reserved(word)) {
                diagnostic = Diagnostic::error(
                    codes::RESERVED_NAME,
                    format!("`{word}` is a word of the language and never a name"),
                    span,
                    format!("expected {what} here"),
                )
                .help("choose another name");
            }
            self.ctx.push(diagnostic);
        }
        span
    }

    /// A name that is there only so that the tree is whole; no two are equal.
    fn made_up(&mut self, span: Span) -> Name {
        Name {
            text: format!("_{}", span.start),
            span,
        }
    }

    /// The second word of a statement, which is missing where the grammar says so.
    pub(super) fn second_word(&mut self, word: &str) {
        if self.take(Rule::no_word).is_some() {
            self.missing(word);
        }
    }

    /// A part that was read; reports that `what` is not there where it was not.
    pub(super) fn expect<T>(&mut self, part: Option<T>, what: &str) -> Option<T> {
        if part.is_none() {
            self.missing(what);
        }
        part
    }

    pub(super) fn opt_name(&mut self) -> Option<Name> {
        let pair = self.take(Rule::name)?;
        Some(text::name(self.ctx, &pair))
    }

    /// `None` where it is missing, which is reported.
    pub(super) fn expect_name(&mut self, what: &str) -> Option<Name> {
        let name = self.opt_name();
        self.expect(name, what)
    }

    pub(super) fn name(&mut self, what: &str) -> Name {
        if let Some(pair) = self.take(Rule::reserved_name) {
            let name = Name {
                text: pair.as_str().to_owned(),
                span: self.ctx.pair_span(&pair),
            };
            text::no_reserved(self.ctx, &name);
            return self.made_up(name.span);
        }
        match self.opt_name() {
            Some(name) => name,
            None => {
                let span = self.missing(what);
                self.made_up(span)
            }
        }
    }

    /// A name that is declared here, in lower case.
    pub(super) fn opt_snake(&mut self) -> Option<Name> {
        let name = self.opt_name()?;
        text::snake(self.ctx, &name);
        Some(name)
    }

    pub(super) fn snake(&mut self, what: &str) -> Name {
        let name = self.name(what);
        text::snake(self.ctx, &name);
        name
    }

    /// Reports that `what` is not there; an expression that stands for it.
    pub(super) fn bad(&mut self, what: &str) -> Expr {
        expr::bad(self.missing(what))
    }

    pub(super) fn opt_path(&mut self) -> Option<Path> {
        let pair = self.take(Rule::path)?;
        Some(text::path(self.ctx, &pair))
    }

    /// `None` where it is missing, which is reported.
    pub(super) fn expect_path(&mut self, what: &str) -> Option<Path> {
        let path = self.opt_path();
        self.expect(path, what)
    }

    pub(super) fn opt_string(&mut self) -> Option<Str> {
        let pair = self.take(Rule::string)?;
        Some(text::string(self.ctx, &pair))
    }

    /// `None` where it is missing, which is reported.
    pub(super) fn expect_string(&mut self, what: &str) -> Option<Str> {
        let string = self.opt_string();
        self.expect(string, what)
    }

    pub(super) fn string(&mut self, what: &str) -> Str {
        match self.opt_string() {
            Some(string) => string,
            None => text::no_text(self.missing(what)),
        }
    }

    pub(super) fn opt_expr(&mut self) -> Option<Expr> {
        let pair = self.take(Rule::expr)?;
        Some(expr::expr(self.ctx, pair))
    }

    pub(super) fn expr(&mut self, what: &str) -> Expr {
        match self.opt_expr() {
            Some(value) => value,
            None => self.bad(what),
        }
    }

    /// A literal, a name, or an expression in parentheses.
    pub(super) fn opt_value(&mut self) -> Option<Expr> {
        let rule = self.peek()?;
        if !operand::is_primary(rule) {
            return None;
        }
        let pair = self.next()?;
        Some(operand::primary(self.ctx, pair))
    }

    pub(super) fn value(&mut self, what: &str) -> Expr {
        match self.opt_value() {
            Some(value) => value,
            None => self.bad(what),
        }
    }

    /// `= e`
    pub(super) fn opt_default(&mut self) -> Option<Expr> {
        let pair = self.take(Rule::default)?;
        Some(expr::after_sign(self.ctx, pair))
    }

    pub(super) fn default(&mut self, what: &str) -> Expr {
        match self.opt_default() {
            Some(value) => value,
            None => self.bad(what),
        }
    }

    /// The block a statement must have. Missing, it is an empty one.
    pub(super) fn must_block(&mut self) -> Block {
        match self.block(Want::Must) {
            Some(block) => block,
            None => Block {
                body: Box::default(),
                span: self.empty_place(),
                inline: false,
            },
        }
    }

    /// The end of a statement: what is left over, its block, what is left over behind it.
    pub(super) fn block(&mut self, want: Want) -> Option<Block> {
        let mut found: Option<Block> = None;
        while let Some(rule) = self.peek() {
            match rule {
                Rule::junk => {
                    let Some(junk) = self.next() else { break };
                    if self.silent() {
                        left_over(self.ctx, self.rule, &junk);
                    }
                }
                Rule::block => {
                    let Some(pair) = self.next() else { break };
                    let at = pair.as_span().start();
                    if want == Want::Never || found.is_some() {
                        if self.silent() {
                            let human = human::name(self.rule);
                            let place = self.ctx.span(at, at + 1);
                            let message = if found.is_some() {
                                format!("{human} has two blocks")
                            } else {
                                format!("{human} takes no block")
                            };
                            self.ctx.push(
                                Diagnostic::error(codes::BLOCK_UNWANTED, message, place, "this block belongs to nothing")
                                    .help("take the block away, or begin a statement for it on a line of its own"),
                            );
                        }
                        block::block(self.ctx, pair);
                    } else {
                        found = Some(block::block(self.ctx, pair));
                    }
                    self.heard();
                }
                _ => break,
            }
        }
        if want == Want::Must && found.is_none() && self.silent() {
            self.no_block();
        }
        found
    }

    fn no_block(&mut self) {
        let human = human::name(self.rule);
        let place = self.empty_place();
        self.ctx.push(
            Diagnostic::error(codes::BLOCK_MISSING, format!("{human} needs a block"), place, "expected `{` here")
                .help("open the block with `{` at the end of this line, and close it with `}` on a line of its own"),
        );
    }

    /// Only what is left over in front of a block that has a rule of its own (arms, rows, entries).
    pub(super) fn junk(&mut self) {
        while let Some(junk) = self.take(Rule::junk) {
            if self.silent() {
                left_over(self.ctx, self.rule, &junk);
            }
        }
    }

    /// A block with a rule of its own; reports where it is missing. The caller reads it, then calls [`Head::end`].
    pub(super) fn own_block(&mut self, rule: Rule, want: Want) -> Option<Pair<'s>> {
        self.junk();
        let pair = self.take(rule);
        if pair.is_none() && want == Want::Must && self.silent() {
            self.no_block();
        }
        pair
    }

    /// The end of a statement without a block of the common kind.
    pub(super) fn end(&mut self) {
        self.block(Want::Never);
    }

    /// Nothing more is said about this line: it is wrong as a whole.
    pub(super) fn quiet(&mut self) {
        self.known = usize::MAX;
    }
}
