//! Files and blocks: which statement is which, and where it stands.

use super::head::{Head, Want};
use super::mend::{Edit, EditKind};
use super::words::first_word;
use super::{
    Ctx, Kids, Pair, Rule, command, declare, does, flow, human, policy, scenario, table, text,
};
use crate::ast::{Block, File, FileKind, Header, Stmt, StmtKind, Str};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::near::nearest;
use crate::span::Span;

/// The whole file.
pub(super) fn file<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> File {
    let mut kids = Kids::of(pair);
    let mut version = None;
    let mut first = true;
    let mut body = Body::default();
    while let Some(rule) = kids.peek(ctx) {
        let Some(pair) = kids.next(ctx) else { break };
        match rule {
            Rule::EOI => break,
            Rule::version_line if first => version = Some(version_line(ctx, pair)),
            Rule::kind_line
                if body.stmts.is_empty()
                    && ctx.header.is_none()
                    && (first || version.is_some()) =>
            {
                let header = kind_line(ctx, pair, version);
                if version.is_none() {
                    no_version(ctx, header.span.before());
                }
                ctx.header = Some(header);
            }
            Rule::stray_close => stray_close(ctx, &pair),
            _ => {
                if ctx.header.is_none() && body.stmts.is_empty() {
                    let place = ctx.pair_span(&pair);
                    no_header(ctx, place, version.is_some());
                }
                body.add(ctx, pair);
            }
        }
        first = false;
    }
    if ctx.header.is_none() && body.stmts.is_empty() && ctx.diagnostics.is_empty() {
        let end = ctx.text.trim_end().len();
        let place = ctx.span(end, end);
        if first {
            ctx.push(
                Diagnostic::error(
                    codes::EMPTY_FILE,
                    "the file is empty",
                    place,
                    "nothing stands here",
                )
                .help("begin with `rbk 1` and `runbook \"Title\"`"),
            );
        } else {
            no_header(ctx, place, true);
        }
    }
    let mut comments = std::mem::take(&mut ctx.comments);
    comments.sort_by_key(|comment| comment.span.start);
    File {
        source: ctx.id,
        header: ctx.header.take(),
        body: body.stmts,
        comments,
    }
}

fn no_header(ctx: &mut Ctx<'_>, place: Span, version: bool) {
    let already = ctx
        .diagnostics
        .iter()
        .any(|diagnostic| matches!(diagnostic.code, codes::HEADER | codes::EMPTY_FILE));
    if already {
        return;
    }
    let place = place.before();
    let (message, label, help) = if version {
        (
            "the file has no title",
            "the title belongs before this",
            "write `runbook \"Title\"` below `rbk 1`; or `module \"Title\"`, or `scenarios for \"name.rbk\"`",
        )
    } else {
        (
            "the file does not begin with `rbk 1` and a title",
            "the header belongs before this",
            "begin the file with `rbk 1`, and `runbook \"Title\"` on the next line",
        )
    };
    ctx.push(Diagnostic::error(codes::HEADER, message, place, label).help(help));
}

fn no_version(ctx: &mut Ctx<'_>, place: Span) {
    ctx.push(
        Diagnostic::error(
            codes::HEADER,
            "the file does not say which version of the language it is written in",
            place,
            "`rbk 1` belongs before this",
        )
        .help("begin the file with a line `rbk 1`")
        .fix(place, "rbk 1\n"),
    );
}

/// `rbk 1`; gives its version and place.
fn version_line<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> (u32, Span) {
    let span = text::trimmed(ctx, &pair);
    let mut head = Head::new(ctx, pair);
    let mut version = 1;
    match head.take(Rule::number) {
        Some(number) if number.as_str() == "1" => {}
        Some(number) => {
            let place = head.ctx.pair_span(&number);
            version = number.as_str().parse().unwrap_or(u32::MAX);
            head.ctx.push(
                Diagnostic::error(
                    codes::LANGUAGE_VERSION,
                    format!("version {} of the language is not known", number.as_str()),
                    place,
                    "this version",
                )
                .help("write `rbk 1`, or use a newer `runbook`"),
            );
        }
        None => {
            head.missing("the version of the language, 1");
        }
    }
    head.end();
    (version, span)
}

fn kind_line<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>, version: Option<(u32, Span)>) -> Header {
    let span = text::trimmed(ctx, &pair);
    let mut head = Head::new(ctx, pair);
    let word = head.take(Rule::kind).map_or("", |pair| pair.as_str());
    let kind = match word.as_bytes().first() {
        Some(b'm') => FileKind::Module,
        Some(b's') => FileKind::Scenarios,
        _ => FileKind::Runbook,
    };
    let title = head.string(if kind == FileKind::Scenarios {
        "the path of a runbook in quotes"
    } else {
        "a title in quotes"
    });
    head.end();
    let span = version.map_or(span, |(_, line)| line.to(span));
    Header {
        version: version.map_or(1, |(version, _)| version),
        kind,
        title,
        span,
    }
}

fn stray_close<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) {
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

/// What a file or a block holds.
#[derive(Default)]
struct Body {
    stmts: Vec<Stmt>,
    /// Where the last statement stands in the text.
    last: std::ops::Range<usize>,
}

impl Body {
    /// Reads a statement, and looks whether it is indented as if it belonged to the one before.
    fn add<'s>(&mut self, ctx: &mut Ctx<'s>, pair: Pair<'s>) {
        let start = pair.as_span().start();
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

/// Reports a line that is indented deeper than the statement above, which has no block.
fn under(ctx: &mut Ctx<'_>, name: &str, above: &std::ops::Range<usize>, below: usize) {
    let column = |place: usize| place - ctx.text[..place].rfind('\n').map_or(0, |end| end + 1);
    if column(below) <= column(above.start) || !ctx.text[above.start..below].contains('\n') {
        return;
    }
    let line = ctx.text[above.clone()]
        .find('\n')
        .map_or(above.end, |end| above.start + end);
    let head = ctx.span(above.start, line);
    let place = ctx.span(below, below + first_word(&ctx.text[below..]).len());
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
    let frame = Frame::new(ctx, &pair);
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
            body.stmts
        })
        .unwrap_or_default();
    Block {
        body,
        span,
        inline: frame.inline,
    }
}

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
    pub(super) fn new<'s>(_: &Ctx<'s>, pair: &Pair<'s>) -> Frame {
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
        let marked = ends_in_command(ctx, pair);
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
fn ends_in_command<'s>(ctx: &Ctx<'s>, pair: &Pair<'s>) -> bool {
    let _ = ctx;
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
                || kid.as_rule() == Rule::let_value && ends_in_command(ctx, &kid)
        }),
        _ => false,
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
        _ => family(ctx, pair),
    };
    Some(Stmt { kind, span })
}

fn family<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> StmtKind {
    let rule = pair.as_rule();
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
        | Rule::return_stmt => flow::stmt(ctx, pair),
        Rule::let_stmt
        | Rule::http_stmt
        | Rule::ask
        | Rule::confirm
        | Rule::approve
        | Rule::expect
        | Rule::check
        | Rule::snapshot
        | Rule::compare
        | Rule::todo => does::stmt(ctx, pair),
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
        | Rule::always => policy::stmt(ctx, pair),
        Rule::scenario
        | Rule::given
        | Rule::when
        | Rule::answer
        | Rule::after
        | Rule::reaches
        | Rule::never_reaches
        | Rule::ends => scenario::stmt(ctx, pair),
        _ => declare::stmt(ctx, pair),
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

/// A text that is not there, so that the tree is whole.
pub(super) fn no_text(place: Span) -> Str {
    Str {
        parts: Vec::new(),
        span: place,
    }
}
