//! Text to a typed tree. Never fails: what cannot be read is reported, and the rest is read all the same.
//!
//! | file | what it reads |
//! |---|---|
//! | `head` | the one line every statement begins with: its parts, its clauses, what is left over |
//! | `block` | files, blocks, and which statement is which |
//! | `text` | strings, prose, holes, checklist items |
//! | `command` | commands, fences, requests |
//! | `expr`, `literal`, `types` | values |
//! | `declare`, `flow`, `does`, `policy`, `scenario` | the statements, by family |
//! | `table` | the rows of a matrix |
//! | `human` | how a rule of the grammar is called when one speaks to a person |

use pest::Parser as _;

use crate::ast::{Comment, File, Header, MAX_DEPTH};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::span::{SourceId, Span};

mod block;
mod command;
mod declare;
mod does;
mod expr;
mod flow;
mod head;
mod human;
mod literal;
mod policy;
mod scenario;
mod table;
mod text;
mod types;

/// The grammar, as pest compiled it.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../runbook.pest"]
    pub(super) struct Grammar;
}

use grammar::{Grammar, Rule};

type Pair<'s> = pest::iterators::Pair<'s, Rule>;
type Pairs<'s> = pest::iterators::Pairs<'s, Rule>;

/// Reads a whole file. The diagnostics are in order of place; where there are none, the tree holds all that
/// the text says, and no [`crate::ast::StmtKind::Bad`] and no [`crate::ast::ExprKind::Bad`].
pub fn parse(source: &Source) -> (File, Vec<Diagnostic>) {
    let mut ctx = Ctx::new(source.id, &source.text);
    let file = match Grammar::parse(Rule::file, &source.text) {
        Ok(mut pairs) => match pairs.next() {
            Some(pair) => block::file(&mut ctx, pair),
            None => ctx.empty_file(),
        },
        Err(_) => {
            let place = ctx.span(0, 0);
            ctx.push(Diagnostic::error(
                codes::TOO_DEEP,
                "the file is nested too deeply to be read",
                place,
                "somewhere in this file",
            ));
            ctx.empty_file()
        }
    };
    ctx.diagnostics
        .sort_by_key(|diagnostic| (diagnostic.span().start, diagnostic.span().end));
    (file, ctx.diagnostics)
}

/// What is known while one file is read.
pub(crate) struct Ctx<'s> {
    id: SourceId,
    text: &'s str,
    diagnostics: Vec<Diagnostic>,
    comments: Vec<Comment>,
    header: Option<Header>,
    /// How many blocks and brackets are open.
    depth: usize,
    /// The depth of the deepest expression that was read since this was last put to 0.
    deepest: usize,
}

impl<'s> Ctx<'s> {
    fn new(id: SourceId, text: &'s str) -> Ctx<'s> {
        Ctx {
            id,
            text,
            diagnostics: Vec::new(),
            comments: Vec::new(),
            header: None,
            depth: 0,
            deepest: 0,
        }
    }

    fn empty_file(&mut self) -> File {
        File {
            source: self.id,
            header: None,
            body: Vec::new(),
            comments: Vec::new(),
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, start, end)
    }

    fn pair_span(&self, pair: &Pair<'s>) -> Span {
        let span = pair.as_span();
        self.span(span.start(), span.end())
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn comment(&mut self, pair: &Pair<'s>) {
        let at = pair.as_span().start();
        let before = &self.text[..at];
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        let trailing = !before[line..].trim_start().is_empty();
        if trailing && !before.ends_with([' ', '\t']) {
            let place = self.span(at, at + 1);
            self.push(
                Diagnostic::error(
                    codes::COMMENT_GLUED,
                    "a comment begins without a blank before it",
                    place,
                    "the comment begins here",
                )
                .help("put a blank before `#`")
                .fix(place.before(), " "),
            );
        }
        let text = &pair.as_str()[1..];
        let text = text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned();
        let span = self.pair_span(pair);
        self.comments.push(Comment {
            text,
            span,
            trailing,
        });
    }

    /// Goes one level deeper; `None` where that is too deep, which is reported.
    fn deeper<T>(&mut self, pair: &Pair<'s>, read: impl FnOnce(&mut Ctx<'s>) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            let start = pair.as_span().start();
            let place = self.span(start, start + 1);
            self.push(too_deep(place));
            return None;
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        Some(value)
    }
}

fn too_deep(place: Span) -> Diagnostic {
    Diagnostic::error(
        codes::TOO_DEEP,
        format!("this is nested deeper than {MAX_DEPTH}"),
        place,
        "this opens one level too many",
    )
    .help("move what is inside into a `procedure`, or split the expression with `let`")
}

/// The children of a pair. Comments among them are put aside on the way.
pub(crate) struct Kids<'s> {
    pairs: Pairs<'s>,
}

impl<'s> Kids<'s> {
    fn of(pair: Pair<'s>) -> Kids<'s> {
        Kids {
            pairs: pair.into_inner(),
        }
    }

    fn peek(&mut self, ctx: &mut Ctx<'s>) -> Option<Rule> {
        loop {
            let pair = self.pairs.peek()?;
            if pair.as_rule() != Rule::comment {
                return Some(pair.as_rule());
            }
            ctx.comment(&pair);
            self.pairs.next();
        }
    }

    fn next(&mut self, ctx: &mut Ctx<'s>) -> Option<Pair<'s>> {
        loop {
            let pair = self.pairs.next()?;
            if pair.as_rule() != Rule::comment {
                return Some(pair);
            }
            ctx.comment(&pair);
        }
    }

    fn take(&mut self, ctx: &mut Ctx<'s>, rule: Rule) -> Option<Pair<'s>> {
        if self.peek(ctx) == Some(rule) {
            self.next(ctx)
        } else {
            None
        }
    }
}
