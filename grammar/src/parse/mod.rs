//! Text to a typed tree. Never fails: what cannot be read is reported, and the rest is read all the same.
//!
//! | file | what it reads |
//! |---|---|
//! | `head` | the one line every statement begins with: its parts, its clauses, what is left over |
//! | `clause` | what follows a statement's parts: `within 5m`, `only if ready` |
//! | `file` | the header and the body |
//! | `block` | blocks, and which statement is which |
//! | `braces` | where the braces of a block stand, and those that are missing |
//! | `text` | strings, prose, holes, checklist items |
//! | `command` | commands, fences, requests |
//! | `expr`, `operand`, `brackets`, `literal`, `types` | values |
//! | `declare`, `flow`, `does`, `policy`, `scenario` | the statements, by family |
//! | `table` | the rows of a matrix |
//! | `scan` | brackets without the grammar: nesting, and braces that do not match |
//! | `mend` | text with its braces put right, and the way back to the file's places |
//! | `human`, `words` | how a rule of the grammar is called when one speaks to a person |

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use pest::Parser as _;
use pest::error::InputLocation;

use crate::ast::{Comment, File, Header, MAX_DEPTH};
use crate::codes;
use crate::diagnostic::{self, Code, Diagnostic};
use crate::source::Source;
use crate::span::{SourceId, Span};

mod block;
mod braces;
mod brackets;
mod clause;
mod command;
mod declare;
mod does;
mod expr;
mod file;
mod flow;
mod head;
mod human;
mod literal;
mod mend;
mod operand;
mod policy;
mod scan;
mod scenario;
mod table;
mod text;
mod types;
mod words;

/// The grammar, as pest compiled it.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../runbook.pest"]
    pub(super) struct Grammar;
}

use grammar::{Grammar, Rule};
use mend::Shifts;
use scan::Braces;

type Pair<'s> = pest::iterators::Pair<'s, Rule>;
type Pairs<'s> = pest::iterators::Pairs<'s, Rule>;

/// Reads a whole file. The diagnostics are in order of place; where there are none, the tree holds all that
/// the text says, and no [`crate::ast::StmtKind::Bad`] and no [`crate::ast::ExprKind::Bad`].
pub fn parse(source: &Source) -> (File, Vec<Diagnostic>) {
    let deep = scan::survey(&source.text, Braces::Trusted).deep;
    let shortened;
    let mut shifts = Shifts::default();
    let mut text = source.text.as_str();
    if !deep.is_empty() {
        (shortened, shifts) = mend::cut(&source.text, &deep);
        text = &shortened;
    }
    let (mut file, mut diagnostics) = read(source.id, text, shifts.clone());
    if diagnostics
        .iter()
        .any(|mistake| BRACES.contains(&mistake.code) || mistake.code == codes::SWALLOWED_BRACE)
        && let Some(mended) = mended(source.id, text, &shifts)
    {
        (file, diagnostics) = mended;
    }
    if deep
        .last()
        .is_some_and(|stretch| stretch.end == source.text.len())
    {
        // What closes the outer levels may stand in what was not read.
        diagnostics.retain(|mistake| {
            !BRACES.contains(&mistake.code) && mistake.code != codes::BRACKET_NOT_CLOSED
        });
    }
    for stretch in deep {
        // What stands for the stretch may itself be one level too deep.
        diagnostics.retain(|mistake| {
            mistake.code != codes::TOO_DEEP || mistake.span().start as usize != stretch.start
        });
        diagnostics.push(too_deep(Span::new(
            source.id,
            stretch.start,
            stretch.start + 1,
        )));
    }
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span().start, diagnostic.span().end));
    (file, diagnostics)
}

/// Mistakes that make the rest of a file look wrong.
const BRACES: [Code; 3] = [
    codes::BLOCK_NOT_CLOSED,
    codes::STRAY_CLOSE,
    codes::FENCE_NOT_CLOSED,
];

/// The file as it reads with its braces put right, where indentation says how.
fn mended(id: SourceId, text: &str, earlier: &Shifts) -> Option<(File, Vec<Diagnostic>)> {
    [Braces::Mended, Braces::Indented]
        .into_iter()
        .find_map(|braces| mended_by(id, text, earlier, braces))
}

fn mended_by(
    id: SourceId,
    text: &str,
    earlier: &Shifts,
    braces: Braces,
) -> Option<(File, Vec<Diagnostic>)> {
    let edits = scan::survey(text, braces).edits;
    if edits.is_empty() || edits.len() > MAX_EDITS {
        return None;
    }
    let (mended, shifts) = mend::mend(text, &edits);
    let (file, mut diagnostics) = read(id, &mended, shifts.after(earlier.clone()));
    if diagnostics
        .iter()
        .any(|mistake| BRACES.contains(&mistake.code))
    {
        return None;
    }
    let place = |start: usize, end: usize| Span::new(id, earlier.back(start), earlier.back(end));
    diagnostics.extend(
        edits
            .iter()
            .filter_map(|edit| braces::mended(text, edit, &place)),
    );
    Some((file, diagnostics))
}

/// How many braces are put right; in a file with more, what they say is taken as it is.
const MAX_EDITS: usize = 64;

/// Reads a text with the grammar; what `shifts` says was put in has no place of its own in the file.
fn read(id: SourceId, text: &str, shifts: Shifts) -> (File, Vec<Diagnostic>) {
    let mut ctx = Ctx::new(id, text, shifts);
    limit_calls(text.len());
    let file = file::file(&mut ctx).unwrap_or_else(|stopped| {
        let place = ctx.place(stopped.at, stopped.at);
        ctx.diagnostics = vec![
            Diagnostic::error(
                codes::TOO_COMPLEX,
                "the file is too complex to be read",
                place,
                "reading stopped about here",
            )
            .help("split the file into modules, or this part into `procedure`s"),
        ];
        ctx.empty_file()
    });
    (file, ctx.diagnostics)
}

/// The grammar takes in any text; what stops it is its own bound on time or stack.
pub(crate) struct Stopped {
    at: usize,
}

/// Bounds the work of the grammar by the length of the text, so that no text takes for ever. The bound is of
/// the whole process, so it only grows.
fn limit_calls(bytes: usize) {
    static LARGEST: AtomicUsize = AtomicUsize::new(0);
    let limit = CALLS.saturating_add(CALLS_PER_BYTE.saturating_mul(bytes));
    if LARGEST.fetch_max(limit, Ordering::Relaxed) < limit {
        pest::set_call_limit(NonZeroUsize::new(LARGEST.load(Ordering::Relaxed)));
    }
}

/// Calls of rules for any file, and for each byte of it; a file of mistakes needs about a third of them.
const CALLS: usize = 100_000;
const CALLS_PER_BYTE: usize = 200;

/// What is known while one file is read.
pub(crate) struct Ctx<'s> {
    id: SourceId,
    /// All that is read.
    whole: &'s str,
    /// Where the statement at the top level begins that is being read: places of pairs are counted from it.
    base: usize,
    /// What stands from there on.
    text: &'s str,
    shifts: Shifts,
    diagnostics: Vec<Diagnostic>,
    comments: Vec<Comment>,
    header: Option<Header>,
    /// How many blocks and brackets are open.
    depth: usize,
    /// How many lists of operands are being read, one inside the other.
    brackets: usize,
    /// The depth of the deepest expression that was read since this was last put to 0.
    deepest: usize,
    /// That an expression of this statement is too deep was said.
    deep_spoken: bool,
    /// Where a line begins that was already reported as a whole.
    muted: Option<usize>,
    /// How long the piece is that is being read.
    ahead: usize,
}

impl<'s> Ctx<'s> {
    fn new(id: SourceId, text: &'s str, shifts: Shifts) -> Ctx<'s> {
        Ctx {
            id,
            whole: text,
            base: 0,
            text,
            shifts,
            diagnostics: Vec::new(),
            comments: Vec::new(),
            header: None,
            depth: 0,
            brackets: 0,
            deepest: 0,
            deep_spoken: false,
            muted: None,
            ahead: 0,
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

    /// A place in the file, from places in the text that is read. There is no way back: what stands at a span is
    /// not `self.text` at the same numbers.
    fn span(&self, start: usize, end: usize) -> Span {
        self.place(self.base + start, self.base + end)
    }

    /// As [`Ctx::span`], from places in `self.whole`.
    fn place(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, self.shifts.back(start), self.shifts.back(end))
    }

    /// What stands at the top level up to the end of the next line that ends a statement; nothing at the end.
    ///
    /// The file is not given to the grammar as a whole, because what pest keeps of a text is many times as large
    /// as the tree.
    fn next_piece(&mut self) -> Result<Option<Kids<'s>>, Stopped> {
        if self.text.is_empty() {
            return Ok(None);
        }
        let stopped = |at| Stopped { at };
        let mut pairs = Grammar::parse(Rule::piece, self.text).map_err(|error| {
            let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
            stopped(self.base + at)
        })?;
        let piece = pairs.next().ok_or(stopped(self.base))?;
        self.ahead = piece.as_span().end();
        if self.ahead == 0 {
            return Err(stopped(self.base));
        }
        Ok(Some(Kids::of(piece)))
    }

    /// Leaves what [`Ctx::next_piece`] gave behind.
    fn leave_piece(&mut self) {
        let ahead = std::mem::take(&mut self.ahead);
        self.base += ahead;
        self.text = &self.whole[self.base..];
        self.muted = self.muted.and_then(|at| at.checked_sub(ahead));
    }

    fn pair_span(&self, pair: &Pair<'s>) -> Span {
        let span = pair.as_span();
        self.span(span.start(), span.end())
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        diagnostic::add(&mut self.diagnostics, diagnostic);
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
            if !std::mem::replace(&mut self.deep_spoken, true) {
                self.push(too_deep(place));
            }
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
