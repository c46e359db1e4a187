//! The file as a whole: its two header lines, and the body below them.

use super::block::Body;
use super::head::{Head, TITLE};
use super::{Ctx, Pair, Rule, Stopped, braces, text};
use crate::ast::{File, FileKind, Header};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// The whole file.
pub(super) fn file(ctx: &mut Ctx<'_>) -> Result<File, Stopped> {
    let mut version = None;
    let mut first = true;
    let mut body = Body::default();
    while let Some(mut kids) = ctx.next_piece()? {
        while let Some(pair) = kids.next(ctx) {
            match pair.as_rule() {
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
                Rule::stray_close => braces::stray_close(ctx, &pair),
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
        ctx.leave_piece();
    }
    if ctx.header.is_none() && body.stmts.is_empty() && ctx.diagnostics.is_empty() {
        let end = ctx.whole.trim_end().len();
        let place = ctx.place(end, end);
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
    comments.shrink_to_fit();
    body.stmts.shrink_to_fit();
    Ok(File {
        source: ctx.id,
        header: ctx.header.take(),
        body: body.stmts,
        comments,
    })
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
        TITLE
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
