//! Commands, fences, requests: what is copied from a terminal and means itself.

use super::head::Head;
use super::text::{self, Escapes, Writer};
use super::words::first_word;
use super::{Ctx, Kids, Pair, Rule};
use crate::ast::{Command, CommandBody, Fence, Http, HttpOption, Look, Mark, Name, Str};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// `$ command`, `? command`, or a mark and fences.
pub(super) fn command<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Command {
    let span = text::trimmed(ctx, &pair);
    let start = pair.as_span().start();
    let mark = if pair.as_str().starts_with('?') {
        Mark::Look
    } else {
        Mark::Act
    };
    let mut kids = Kids::of(pair);
    let mut fences = Vec::new();
    let mut line = None;
    while let Some(kid) = kids.next(ctx) {
        match kid.as_rule() {
            Rule::fence => fences.push(fence(ctx, kid)),
            Rule::glued => {
                if !kid.as_str().trim().is_empty() {
                    text::glued(ctx, start);
                }
                line = Some(command_line(ctx, &kid, start));
            }
            _ => line = Some(command_line(ctx, &kid, start)),
        }
    }
    let body = match line {
        Some(line) => CommandBody::Line(line),
        None => CommandBody::Fences(fences),
    };
    Command { mark, body, span }
}

fn command_line<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>, mark: usize) -> Str {
    let start = pair.as_span().start();
    let words = pair.as_str().trim_end_matches([' ', '\t']);
    if words.starts_with("```") {
        let ticks = words.bytes().take_while(|byte| *byte == b'`').count();
        ctx.push(
            Diagnostic::error(
                codes::FENCE_HEAD,
                "a fence is on one line",
                ctx.span(start, start + ticks),
                "the script begins on the next line",
            )
            .help("write a one-line command without backticks, or put the script and the closing line on lines of their own"),
        );
    }
    if words.is_empty() {
        let place = ctx.span(mark, mark + 1);
        ctx.push(
            Diagnostic::error(codes::COMMAND_EMPTY, "a mark has no command", place, "this mark")
                .help("write the command behind the mark on the same line, or begin a fence with three backticks and the interpreter's name"),
        );
    }
    if words.ends_with('\\') && (words.len() - words.trim_end_matches('\\').len()) % 2 == 1 {
        let next = ctx.text[start + words.len()..]
            .strip_prefix('\n')
            .unwrap_or_default();
        if next.trim_start_matches([' ', '\t']).starts_with('}') {
            let end = start + words.len();
            let place = ctx.span(end - 1, end);
            ctx.push(
                Diagnostic::error(
                    codes::SWALLOWED_BRACE,
                    "a command goes on into a closing brace",
                    place,
                    "this backslash takes the next line into the command",
                )
                .help("take the backslash away, or write the script in a fence"),
            );
        }
    }
    Str {
        parts: text::parts(ctx, words, start, Escapes::Verbatim).into(),
        span: ctx.span(start, start + words.len()),
    }
}

/// A fence and its script.
pub(super) fn fence<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Fence {
    let span = text::trimmed(ctx, &pair);
    let start = pair.as_span().start();
    let ticks = pair
        .as_str()
        .bytes()
        .take_while(|byte| *byte == b'`')
        .count();
    let mut kids = Kids::of(pair);
    let mut fence = Fence {
        word: None,
        verbatim: false,
        lenient: false,
        text: Str {
            parts: Box::default(),
            span: span.after(),
        },
        ticks,
        span,
    };
    if let Some(info) = kids.take(ctx, Rule::fence_info) {
        fence_info(ctx, &info, &mut fence);
    }
    let open = ctx.span(start, start + ticks);
    if let Some(body) = kids.take(ctx, Rule::fence_body) {
        fence.text = fence_text(ctx, &body, fence.verbatim);
    }
    if let Some(end) = kids.take(ctx, Rule::unclosed) {
        let at = end.as_span().start();
        let at = at + usize::from(ctx.text[at..].starts_with('\n'));
        let next = &ctx.text[at..];
        let lead = next.len() - next.trim_start_matches([' ', '\t']).len();
        let mark = next[lead..].starts_with(['$', '?']);
        let mut diagnostic = Diagnostic::error(
            codes::FENCE_NOT_CLOSED,
            "a fence is not closed",
            open,
            "this fence has no closing line",
        );
        let backticks = "`".repeat(ticks);
        if mark {
            let place = ctx.span(at + lead, at + lead + 1);
            diagnostic = diagnostic.label(place, "here another one begins with as many backticks").help(format!(
                "close it with {backticks} on a line of its own, or use a longer fence if this line belongs to the script"
            ));
        } else {
            diagnostic =
                diagnostic.help(format!("close it with a line that holds only {backticks}"));
        }
        ctx.push(diagnostic);
    }
    fence
}

fn fence_info<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>, fence: &mut Fence) {
    let start = pair.as_span().start();
    let line = pair.as_str();
    let known = ctx.diagnostics.len();
    let mut at = 0;
    for word in line.split([' ', '\t']) {
        let span = ctx.span(start + at, start + at + word.len());
        at += word.len() + 1;
        if word.is_empty() {
            continue;
        }
        if fence.word.is_none() {
            fence.word = Some(Name {
                text: word.to_owned(),
                span,
            });
            continue;
        }
        match word {
            "verbatim" => fence.verbatim = true,
            "lenient" => fence.lenient = true,
            _ if ctx.diagnostics.len() == known => ctx.push(
                Diagnostic::error(codes::FENCE_HEAD, format!("`{word}` means nothing on a fence's first line"), span, "this word")
                    .help("after the interpreter's name may stand `verbatim` and `lenient`; the script begins on the next line"),
            ),
            _ => {}
        }
    }
    if fence.word.is_none() {
        let place = ctx.span(start, start);
        ctx.push(
            Diagnostic::error(codes::FENCE_HEAD, "a fence does not say what runs it", place, "the interpreter's name belongs here")
                .help("write the interpreter behind the backticks: `sh`, `bash`, `zsh`, `powershell`, `python`, or one this file declares"),
        );
    }
}

/// The script, without the indentation that all its lines share.
fn fence_text<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>, verbatim: bool) -> Str {
    // The grammar's lines have their line end before them, a script's behind them: the text is one byte off.
    let Some(body) = pair.as_str().strip_prefix('\n') else {
        return Str {
            parts: Box::default(),
            span: ctx.pair_span(pair),
        };
    };
    let start = pair.as_span().start() + 1;
    let common = common_indent(ctx, body, start);
    let mut writer = Writer::new();
    let mut at = start;
    for words in body.split('\n') {
        let off = common.min(words.len() - words.trim_start_matches([' ', '\t']).len());
        let text = &words[off..];
        if verbatim {
            writer.add(text, at + off, at + words.len());
        } else {
            text::scan(ctx, text, at + off, Escapes::Verbatim, &mut writer);
        }
        let end = at + words.len();
        writer.add("\n", end, (end + 1).min(ctx.text.len()));
        at += words.len() + 1;
    }
    Str {
        parts: writer.finish(ctx).into(),
        span: ctx.span(start, (start + body.len() + 1).min(ctx.text.len())),
    }
}

/// How many bytes of indentation all lines share that are not blank.
fn common_indent(ctx: &mut Ctx<'_>, body: &str, start: usize) -> usize {
    let mut shared: Option<&str> = None;
    let mut mixed = None;
    let mut at = start;
    let mut least = usize::MAX;
    for line in body.split_inclusive('\n') {
        let words = line.trim_end();
        let indent = &words[..words.len() - words.trim_start_matches([' ', '\t']).len()];
        if !words.is_empty() {
            least = least.min(indent.len());
            match shared {
                None => shared = Some(indent),
                Some(known) => {
                    let same = known
                        .bytes()
                        .zip(indent.bytes())
                        .take_while(|(left, right)| left == right)
                        .count();
                    if same < known.len().min(indent.len()) && mixed.is_none() {
                        mixed = Some((at + same, same));
                    }
                    if same < known.len() {
                        shared = Some(&known[..same]);
                    }
                }
            }
        }
        at += line.len();
    }
    let shared = shared.map_or(0, str::len);
    if let Some((place, same)) = mixed
        && least > same
    {
        let span = ctx.span(place, place + 1);
        ctx.push(
            Diagnostic::error(
                codes::FENCE_INDENT,
                "tabs and blanks are mixed in the indentation of a script",
                span,
                "this line is indented otherwise than the one above",
            )
            .help("indent all lines of the script with the same characters"),
        );
    }
    shared
}

/// A fence that no mark stands before.
pub(super) fn stray_fence<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) {
    let start = pair.as_span().start();
    let known = ctx.diagnostics.len();
    let mut kids = Kids::of(pair);
    if let Some(pair) = kids.next(ctx) {
        let ticks = pair
            .as_str()
            .bytes()
            .take_while(|byte| *byte == b'`')
            .count();
        fence(ctx, pair);
        ctx.diagnostics.truncate(known);
        let place = ctx.span(start, start + ticks);
        ctx.push(
            Diagnostic::error(codes::FENCE_WITHOUT_MARK, "a fence has no mark", place, "a script begins here, or a fence above ended too early")
                .help("put `$` (acts) or `?` (only looks) before it; use a longer fence above if that script holds backticks")
                .fix(place.before(), "$ "),
        );
    }
}

/// `http GET address { … }`
pub(super) fn http<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Http {
    let span = text::trimmed(ctx, &pair);
    let mut head = Head::new(ctx, pair);
    let method = match head.take(Rule::http_method) {
        Some(pair) => http_method(head.ctx, &pair),
        None => {
            let span = head.missing("a method and an address");
            Name {
                text: "GET".to_owned(),
                span,
            }
        }
    };
    let url = match head.take(Rule::http_address) {
        Some(pair) => {
            let start = pair.as_span().start();
            let address = pair.as_str();
            Str {
                parts: text::parts(head.ctx, address, start, Escapes::Verbatim).into(),
                span: head.ctx.pair_span(&pair),
            }
        }
        None => Str {
            parts: Box::default(),
            span: head.missing("an address"),
        },
    };
    let mut options = Vec::new();
    let mut block = None;
    if let Some(pair) = head.take(Rule::http_block) {
        block = Some(head.ctx.pair_span(&pair));
        options = http_options(head.ctx, pair);
    }
    Http {
        method,
        url,
        options,
        block,
        span,
    }
}

fn http_method<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> Name {
    const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let span = ctx.pair_span(pair);
    let word = pair.as_str();
    let upper = word.to_ascii_uppercase();
    if !METHODS.contains(&word) {
        let mut diagnostic = Diagnostic::error(
            codes::HTTP_METHOD,
            format!("`{word}` is no method"),
            span,
            "a method belongs here",
        );
        diagnostic = if let Some(meant) = crate::near::nearest(&upper, METHODS.iter().copied())
            .or(METHODS.contains(&upper.as_str()).then_some(&upper))
        {
            diagnostic.help(format!("write `{meant}`")).fix(span, meant)
        } else {
            diagnostic.help("write one of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS")
        };
        ctx.push(diagnostic);
    }
    Name { text: upper, span }
}

fn http_options<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Vec<HttpOption> {
    let open = pair.as_span().start();
    let mut options = Vec::new();
    let mut body: Option<crate::span::Span> = None;
    let line = pair
        .as_str()
        .split('\n')
        .next()
        .unwrap_or_default()
        .trim_end();
    let shared = line.len() > 1 && !line.ends_with('}') && !line[1..].trim_start().starts_with('#');
    let inline = !pair.as_str().contains('\n');
    let mut kids = Kids::of(pair);
    if shared || inline && kids.peek(ctx).is_some_and(|rule| rule != Rule::unclosed) {
        let place = ctx.span(open, open + 1);
        ctx.push(
            Diagnostic::error(
                codes::SWALLOWED_BRACE,
                "options of a request stand on the line of their brace",
                place,
                "their lines are verbatim, to the end of the line",
            )
            .help("put each option, and the closing brace, on a line of its own"),
        );
    }
    while let Some(kid) = kids.next(ctx) {
        let span = text::trimmed(ctx, &kid);
        match kid.as_rule() {
            Rule::http_pair => options.extend(http_pair(ctx, kid)),
            Rule::http_body => {
                if let Some(first) = body {
                    let place = span.first(4);
                    ctx.push(
                        Diagnostic::error(
                            codes::HTTP_OPTION,
                            "a request has two bodies",
                            place,
                            "the second one",
                        )
                        .label(first, "the first one")
                        .help("keep one `body`"),
                    );
                }
                body = Some(span.first(4));
                let mut inner = Kids::of(kid);
                match inner.take(ctx, Rule::fence) {
                    Some(pair) => {
                        let fence = fence(ctx, pair);
                        options.push(HttpOption::Body { fence, span });
                    }
                    None => {
                        let place = span.first(4);
                        ctx.push(
                            Diagnostic::error(codes::HTTP_OPTION, "`body` has no fence", place, "a fence belongs behind this word")
                                .help("write ```json behind `body`, the text on the next lines, and close it with ``` on a line of its own"),
                        );
                    }
                }
            }
            Rule::unclosed => super::braces::unclosed(ctx, open),
            _ => {
                let word = first_word(kid.as_str());
                let place = span.first(word.len());
                let mut diagnostic = Diagnostic::error(
                    codes::HTTP_OPTION,
                    format!("`{word}` is no option of a request"),
                    place,
                    "an option belongs here",
                );
                diagnostic = match crate::near::nearest(word, ["header", "query", "body"]) {
                    Some(meant) => diagnostic
                        .help(format!("write `{meant}`"))
                        .fix(place, meant),
                    None => diagnostic.help(
                        "write `header Name: text`, `query name: text`, or `body` and a fence",
                    ),
                };
                ctx.push(diagnostic);
            }
        }
    }
    options
}

fn http_pair<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Option<HttpOption> {
    let span = text::trimmed(ctx, &pair);
    let header = pair.as_str().starts_with("header");
    let mut kids = Kids::of(pair);
    let name = kids.take(ctx, Rule::http_name);
    let value = kids.take(ctx, Rule::http_text);
    let (Some(name), Some(value)) = (name, value) else {
        let word = if header { "header" } else { "query" };
        ctx.push(
            Diagnostic::error(
                codes::HTTP_OPTION,
                format!("`{word}` needs a name, a colon and a text"),
                span,
                "this line",
            )
            .help(format!("write `{word} Name: text`")),
        );
        return None;
    };
    let name = Name {
        text: name.as_str().to_owned(),
        span: ctx.pair_span(&name),
    };
    let start = value.as_span().start();
    let words = value.as_str().trim_end();
    let lead = words.len() - words[1..].trim_start().len();
    let text = &words[lead..];
    let value = Str {
        parts: text::parts(ctx, text, start + lead, Escapes::Verbatim).into(),
        span: ctx.span(start + lead, start + words.len()),
    };
    Some(if header {
        HttpOption::Header { name, value, span }
    } else {
        HttpOption::Query { name, value, span }
    })
}

/// What looks; `None` where it is missing, which is reported.
pub(super) fn expect_look(head: &mut Head<'_, '_>) -> Option<Look> {
    let look = opt_look(head);
    head.expect(look, "a command that looks")
}

/// A command or a request, where something that looks may stand.
pub(super) fn opt_look<'s>(head: &mut Head<'_, 's>) -> Option<Look> {
    if let Some(pair) = head.take(Rule::command) {
        return Some(Look::Command(command(head.ctx, pair)));
    }
    let pair = head.take(Rule::http)?;
    Some(Look::Http(Box::new(http(head.ctx, pair))))
}
