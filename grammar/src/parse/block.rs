//! Blocks: which statement is which, and where it stands.

use super::braces::Frame;
use super::head::{self, Head, Want};
use super::words::first_word;
use super::{
    Ctx, Kids, Pair, Rule, command, declare, does, flow, human, policy, scenario, table, text,
};
use crate::ast::{Block, Stmt, StmtKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::near::nearest;

/// What a file or a block holds.
#[derive(Default)]
pub(super) struct Body {
    pub(super) stmts: Vec<Stmt>,
    /// Where the last statement stands in all of the text.
    last: std::ops::Range<usize>,
}

impl Body {
    /// Reads a statement, and looks whether it is indented as if it belonged to the one before.
    pub(super) fn add<'s>(&mut self, ctx: &mut Ctx<'s>, pair: Pair<'s>) {
        let start = ctx.base + pair.as_span().start();
        let at = start..start + pair.as_str().trim_end().len();
        if let Some(last) = self.stmts.last()
            && let Some(name) = wants_block(&last.kind)
        {
            under(ctx, name, &self.last, start);
        }
        if let Some(stmt) = stmt(ctx, pair) {
            self.stmts.push(stmt);
            self.last = at;
        }
    }
}

/// Reports a line that is indented deeper than the statement above, which has no block; by places in all of the text.
fn under(ctx: &mut Ctx<'_>, name: &str, above: &std::ops::Range<usize>, below: usize) {
    let text = ctx.whole;
    let column = |place: usize| place - text[..place].rfind('\n').map_or(0, |end| end + 1);
    if column(below) <= column(above.start) || !text[above.start..below].contains('\n') {
        return;
    }
    let line = text[above.clone()]
        .find('\n')
        .map_or(above.end, |end| above.start + end);
    let head = ctx.place(above.start, line);
    let place = ctx.place(below, below + first_word(&text[below..]).len());
    let message = format!("a line is indented below {name}, which has no block");
    let label = "this looks as if it belonged to it";
    ctx.push(
        Diagnostic::error(codes::DEEPER_LINE, message, place, label)
            .label(head, "no block is opened here")
            .help("open a block with `{` at the end of the line above and close it with `}`, or indent this line like that one"),
    );
}

/// What a statement is called that may have a block and has none.
fn wants_block(kind: &StmtKind) -> Option<&'static str> {
    Some(match kind {
        StmtKind::Step { block: None, .. } => "a step",
        StmtKind::Checkpoint { block: None, .. } => "a checkpoint",
        StmtKind::Contact { block: None, .. } => "a contact",
        StmtKind::Channel { block: None, .. } => "a channel",
        StmtKind::FollowUp { block: None, .. } => "a follow_up",
        StmtKind::Param { block: None, .. } => "a param",
        StmtKind::Ask { block: None, .. } => "`ask`",
        StmtKind::Host { block: None, .. } => "a host",
        _ => return None,
    })
}

/// `{ … }`
pub(super) fn block<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Block {
    let span = ctx.pair_span(&pair);
    let frame = Frame::new(&pair);
    let body = ctx
        .deeper(&pair.clone(), |ctx| {
            let mut kids = Kids::of(pair);
            let mut body = Body::default();
            let mut frame = frame;
            while let Some(kid) = kids.next(ctx) {
                if frame.sees(ctx, &kid) {
                    body.add(ctx, kid);
                }
            }
            body.stmts.shrink_to_fit();
            body.stmts
        })
        .unwrap_or_default();
    Block {
        body: body.into(),
        span,
        inline: frame.inline,
    }
}

/// One statement; `None` where it says nothing to the tree.
pub(super) fn stmt<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Option<Stmt> {
    let start = pair.as_span().start();
    let span = ctx.span(start, start + pair.as_str().trim_end().len());
    ctx.deep_spoken = false;
    let kind = match pair.as_rule() {
        Rule::command => StmtKind::Command(command::command(ctx, pair)),
        Rule::prose | Rule::warning => text::marked(ctx, &pair),
        Rule::item => text::item(ctx, pair),
        Rule::bad_line => bad_line(ctx, pair),
        Rule::stray_row => {
            table::stray_row(ctx, &pair);
            StmtKind::Bad
        }
        Rule::stray_fence => {
            command::stray_fence(ctx, pair);
            StmtKind::Bad
        }
        Rule::stray_else => flow::stray_else(ctx, pair),
        Rule::version_line | Rule::kind_line => {
            let place = ctx.span(start, start + first_word(pair.as_str()).len());
            let mut head = Head::new(ctx, pair);
            while matches!(head.peek(), Some(Rule::number | Rule::kind | Rule::string)) {
                head.next();
            }
            head.ctx.push(
                Diagnostic::error(
                    codes::HEADER_PLACE,
                    "a header line stands below the top of the file",
                    place,
                    "this line",
                )
                .help("write `rbk 1` and the title once, in the first two lines"),
            );
            head.block(Want::May);
            StmtKind::Bad
        }
        Rule::matrix => table::matrix(ctx, pair),
        rule => head::stmt(ctx, pair, family(rule)),
    };
    Some(Stmt { kind, span })
}

/// Who reads a statement.
fn family(rule: Rule) -> fn(&mut Head<'_, '_>, Rule) -> Option<StmtKind> {
    match rule {
        Rule::section
        | Rule::step
        | Rule::checkpoint
        | Rule::if_stmt
        | Rule::choose
        | Rule::decide
        | Rule::attempt
        | Rule::parallel
        | Rule::for_stmt
        | Rule::wait
        | Rule::watch
        | Rule::do_stmt
        | Rule::notify
        | Rule::escalate
        | Rule::rewind
        | Rule::finish
        | Rule::return_stmt => flow::read,
        Rule::let_stmt
        | Rule::http_stmt
        | Rule::ask
        | Rule::confirm
        | Rule::approve
        | Rule::expect
        | Rule::check
        | Rule::snapshot
        | Rule::compare
        | Rule::todo => does::read,
        Rule::timeout
        | Rule::retry
        | Rule::only_if
        | Rule::done_if
        | Rule::undo
        | Rule::irreversible
        | Rule::repeatable
        | Rule::takes
        | Rule::in_stmt
        | Rule::env
        | Rule::on
        | Rule::with
        | Rule::interactive
        | Rule::live_for
        | Rule::background
        | Rule::on_failure
        | Rule::always => policy::read,
        Rule::scenario
        | Rule::given
        | Rule::when
        | Rule::answer
        | Rule::after
        | Rule::reaches
        | Rule::never_reaches
        | Rule::undoes
        | Rule::asks
        | Rule::notifies
        | Rule::takes_at_most
        | Rule::ends => scenario::read,
        _ => declare::read,
    }
}

/// A line that begins like nothing in the language.
fn bad_line<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> StmtKind {
    let start = pair.as_span().start();
    let line = pair.as_str();
    let word = first_word(line);
    let mut head = Head::new(ctx, pair);
    let junk = head.take(Rule::junk);
    let place = head.ctx.span(start, start + word.len());
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_STATEMENT,
        format!("no statement begins with `{word}`"),
        place,
        "a statement belongs here",
    );
    let words = line.trim_start_matches(word);
    let diagnostic = if junk.is_none() {
        Diagnostic::error(
            codes::BRACE_PLACE,
            "a block opens without a statement",
            place,
            "this brace",
        )
        .help("put the brace at the end of the line of the statement it belongs to")
    } else if let Some(meant) = meant(word) {
        diagnostic
            .help(format!("write `{meant}`"))
            .fix(place, meant)
    } else if words.trim_start().starts_with('=') && !words.trim_start().starts_with("==") {
        diagnostic
            .help(format!("bind a name with `let {word} = …`"))
            .fix(place.before(), "let ")
    } else if word.starts_with(['*', '•', '+']) {
        diagnostic
            .help("write `- [ ] text` for something to confirm, or `> * text` for a list in prose")
    } else if line.starts_with("//") || line.starts_with("--") {
        diagnostic.help("begin a comment with `#`")
    } else {
        diagnostic.help("begin with a word of the language; write `> ` before prose, `$ ` before a command that acts, `? ` before one that only looks")
    };
    if head.ctx.muted != Some(start) {
        head.ctx.push(diagnostic);
    }
    head.heard();
    head.quiet();
    head.block(Want::May);
    StmtKind::Bad
}

/// The word somebody probably meant.
fn meant(word: &str) -> Option<&'static str> {
    Some(match word {
        "task" | "phase" => "step",
        "stage" | "group" | "chapter" => "section",
        "gate" => "checkpoint",
        "func" | "function" | "def" | "proc" => "procedure",
        "import" | "include" | "require" => "use",
        "var" | "const" | "set" => "let",
        "while" | "until" => "wait up to",
        "foreach" => "for",
        "elif" | "elseif" => "else if",
        "assert" => "expect",
        "call" => "do",
        "switch" | "case" => "decide",
        "sleep" => "wait",
        "rollback" => "undo",
        "variable" | "parameter" | "input" => "param",
        _ => return nearest(word, human::STATEMENT_WORDS.iter().copied()),
    })
}

/// What is a statement in the wrong kind of block: read, and reported.
pub(super) fn misplaced<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, place_is: &str, help: &str) {
    let rule = pair.as_rule();
    let start = pair.as_span().start();
    let word = first_word(pair.as_str());
    let span = ctx.span(start, start + word.len());
    if rule == Rule::bad_line {
        let mut head = Head::new(ctx, pair);
        let junk = head.take(Rule::junk).is_some();
        head.ctx.push(
            Diagnostic::error(
                codes::UNKNOWN_STATEMENT,
                format!(
                    "`{}` does not belong in {place_is}",
                    if junk { word } else { "{" }
                ),
                span,
                "this line",
            )
            .help(help),
        );
        head.heard();
        head.quiet();
        head.block(Want::May);
        return;
    }
    ctx.push(
        Diagnostic::error(
            codes::UNKNOWN_STATEMENT,
            format!("{} does not belong in {place_is}", human::name(rule)),
            span,
            "this line",
        )
        .help(help),
    );
    stmt(ctx, pair);
}
