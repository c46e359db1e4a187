//! Text with holes: strings, prose, warnings, checklist items, names.

use super::words::{first_word, is_reserved};
use super::{Ctx, Kids, Pair, Rule, types};
use crate::ast::{Formal, Name, Path, Pattern, StmtKind, Str, StrPart};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// A span without the blanks at its end.
pub(super) fn trimmed<'s>(ctx: &Ctx<'s>, pair: &Pair<'s>) -> Span {
    let start = pair.as_span().start();
    ctx.span(start, start + pair.as_str().trim_end().len())
}

/// A name where one is declared or meant; its form is checked here.
pub(super) fn name<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> Name {
    let start = pair.as_span().start();
    name_at(ctx, pair.as_str(), start)
}

fn name_at(ctx: &mut Ctx<'_>, text: &str, start: usize) -> Name {
    let span = ctx.span(start, start + text.len());
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain || text.starts_with(|sign: char| sign.is_ascii_digit()) {
        let mut diagnostic = Diagnostic::error(
            codes::NAME_FORM,
            format!("`{}` is no name", super::words::shown(text)),
            span,
            "this name has other characters",
        );
        let mended: String = text
            .chars()
            .map(|sign| {
                if sign.is_ascii_alphanumeric() {
                    sign.to_ascii_lowercase()
                } else {
                    '_'
                }
            })
            .collect();
        if text.is_ascii() && !mended.starts_with(|sign: char| sign.is_ascii_digit()) {
            diagnostic = diagnostic
                .help(format!("write `{mended}`"))
                .fix(span, mended);
        } else {
            diagnostic =
                diagnostic.help("use letters from a to z, digits and `_`, and begin with a letter");
        }
        ctx.push(diagnostic);
    }
    Name {
        text: text.to_owned(),
        span,
    }
}

/// A name that must be lower case; severities and variables of the environment may be capitals.
pub(super) fn snake(ctx: &mut Ctx<'_>, name: &Name) {
    if !name.text.bytes().any(|byte| byte.is_ascii_uppercase()) || !name.text.is_ascii() {
        return;
    }
    let mut mended = String::new();
    let mut before_low = false;
    for sign in name.text.chars() {
        if sign.is_ascii_uppercase() && before_low {
            mended.push('_');
        }
        before_low = sign.is_ascii_lowercase() || sign.is_ascii_digit();
        mended.push(if sign == '-' {
            '_'
        } else {
            sign.to_ascii_lowercase()
        });
    }
    if ctx
        .diagnostics
        .last()
        .is_some_and(|last| last.code == codes::NAME_FORM && last.span() == name.span)
    {
        return;
    }
    ctx.push(
        Diagnostic::error(
            codes::NAME_FORM,
            format!("`{}` is not in snake_case", name.text),
            name.span,
            "this name has capitals",
        )
        .help(format!("write `{mended}`"))
        .fix(name.span, mended),
    );
}

/// A dotted name.
pub(super) fn path<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> Path {
    let start = pair.as_span().start();
    let mut at = start;
    let mut names = Vec::new();
    for part in pair.as_str().split('.') {
        names.push(name_at(ctx, part, at));
        at += part.len() + 1;
    }
    Path {
        names: names.into(),
        span: ctx.pair_span(pair),
    }
}

/// A string in quotes.
pub(super) fn string<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> Str {
    let span = ctx.pair_span(pair);
    let text = pair.as_str();
    let start = pair.as_span().start();
    let Some(inner) = closed(text) else {
        ctx.push(
            Diagnostic::error(
                codes::STRING_NOT_CLOSED,
                "a string is not closed",
                span,
                "this begins a string that has no second quote",
            )
            .help("close it with `\"` on the same line, and write a quote inside it as `\\\"`"),
        );
        return Str {
            parts: plain_part(ctx, text[1..].trim_end(), start + 1).into(),
            span,
        };
    };
    Str {
        parts: parts(ctx, inner, start + 1, Escapes::Resolved).into(),
        span,
    }
}

/// What stands between the quotes, where both are there.
fn closed(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return Some(&text[1..at]),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

fn plain_part(ctx: &Ctx<'_>, text: &str, start: usize) -> Vec<StrPart> {
    if text.is_empty() {
        return Vec::new();
    }
    vec![StrPart::Text {
        text: text.to_owned(),
        span: ctx.span(start, start + text.len()),
    }]
}

/// A pattern: raw but for `\"`.
pub(super) fn pattern<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> Pattern {
    let span = ctx.pair_span(pair);
    let text = pair.as_str();
    let inner = match closed(text) {
        Some(inner) => inner,
        None => {
            ctx.push(
                Diagnostic::error(
                    codes::STRING_NOT_CLOSED,
                    "a pattern is not closed",
                    span,
                    "this begins a pattern that has no second quote",
                )
                .help("close it with `\"` on the same line, and write a quote inside it as `\\\"`"),
            );
            text[1..].trim_end()
        }
    };
    Pattern {
        text: inner.replace("\\\"", "\""),
        span,
    }
}

/// Whether a backslash means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// As in strings.
    Resolved,
    /// As in strings, and `\|` is a bar: a string in a table.
    InCell,
    /// As in commands and prose.
    Verbatim,
}

/// Splits text into what means itself and the holes. `start` is the place of the text in the file.
pub(super) fn parts(ctx: &mut Ctx<'_>, text: &str, start: usize, escapes: Escapes) -> Vec<StrPart> {
    let mut writer = Writer::new();
    scan(ctx, text, start, escapes, &mut writer);
    writer.finish(ctx)
}

/// Collects the parts of a text that may be scattered over several places of the file.
pub(super) struct Writer {
    parts: Vec<StrPart>,
    text: String,
    /// Where the text that is not yet a part begins and ends.
    from: usize,
    to: usize,
}

impl Writer {
    pub(super) fn new() -> Writer {
        Writer {
            parts: Vec::new(),
            text: String::new(),
            from: 0,
            to: 0,
        }
    }

    pub(super) fn add(&mut self, text: &str, start: usize, end: usize) {
        if self.text.is_empty() {
            self.from = start;
        }
        self.text.push_str(text);
        self.to = end;
    }

    fn flush(&mut self, ctx: &Ctx<'_>) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.parts.push(StrPart::Text {
                text,
                span: ctx.span(self.from, self.to),
            });
        }
    }

    pub(super) fn finish(mut self, ctx: &Ctx<'_>) -> Vec<StrPart> {
        self.flush(ctx);
        self.parts
    }
}

/// Adds one stretch of text to a writer.
pub(super) fn scan(
    ctx: &mut Ctx<'_>,
    text: &str,
    start: usize,
    escapes: Escapes,
    writer: &mut Writer,
) {
    let bytes = text.as_bytes();
    let mut plain = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' if bytes.get(at + 1) == Some(&b'{') => {
                if let Some(length) = hole_length(&text[at..]) {
                    if plain < at {
                        writer.add(&text[plain..at], start + plain, start + at);
                    }
                    writer.flush(ctx);
                    let path = hole_path(ctx, &text[at + 2..at + length - 2], start + at + 2);
                    let span = ctx.span(start + at, start + at + length);
                    writer.parts.push(StrPart::Hole { path, span });
                    at += length;
                    plain = at;
                } else {
                    // `{{{x}}`: the hole may begin one brace later.
                    at += 1;
                }
            }
            b'\\' if escapes != Escapes::Verbatim => {
                if plain < at {
                    writer.add(&text[plain..at], start + plain, start + at);
                }
                let length = escape(ctx, &text[at..], start + at, escapes, writer);
                at += length;
                plain = at;
            }
            _ => at += 1,
        }
    }
    if plain < bytes.len() {
        writer.add(&text[plain..], start + plain, start + bytes.len());
    }
}

/// The length of `{{path}}` at the start of the text. Only a plain dotted name is a hole, and none of the
/// words that templates of other languages begin with.
fn hole_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 2;
    loop {
        let first = *bytes.get(at)?;
        if !(first.is_ascii_alphabetic() || first == b'_') {
            return None;
        }
        while bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        {
            at += 1;
        }
        match bytes.get(at)? {
            b'.' => at += 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => break,
            _ => return None,
        }
    }
    if matches!(&text[2..at], "end" | "else" | "break" | "continue") {
        return None;
    }
    Some(at + 2)
}

fn hole_path(ctx: &Ctx<'_>, text: &str, start: usize) -> Path {
    let mut at = start;
    let mut names = Vec::new();
    for part in text.split('.') {
        names.push(Name {
            text: part.to_owned(),
            span: ctx.span(at, at + part.len()),
        });
        at += part.len() + 1;
    }
    Path {
        names: names.into(),
        span: ctx.span(start, start + text.len()),
    }
}

/// Resolves one escape; gives its length.
fn escape(
    ctx: &mut Ctx<'_>,
    text: &str,
    start: usize,
    escapes: Escapes,
    writer: &mut Writer,
) -> usize {
    let Some(sign) = text[1..].chars().next() else {
        writer.add("\\", start, start + 1);
        return 1;
    };
    let simple = match sign {
        '"' => Some("\""),
        '\\' => Some("\\"),
        'n' => Some("\n"),
        't' => Some("\t"),
        '|' if escapes == Escapes::InCell => Some("|"),
        _ => None,
    };
    if let Some(simple) = simple {
        writer.add(simple, start, start + 2);
        return 2;
    }
    if sign == 'u'
        && let Some(close) = text.find('}')
        && let Some(digits) = text[2..close].strip_prefix('{')
        && digits.len() <= 6
        && let Some(character) = u32::from_str_radix(digits, 16)
            .ok()
            .and_then(char::from_u32)
    {
        writer.add(character.encode_utf8(&mut [0; 4]), start, start + close + 1);
        return close + 1;
    }
    let length = 1 + sign.len_utf8();
    let span = ctx.span(start, start + length);
    ctx.push(
        Diagnostic::error(codes::ESCAPE, format!("`\\{sign}` is no escape of a string"), span, "this backslash")
            .help("write `\\\\` for a backslash; the escapes are `\\\"`, `\\\\`, `\\n`, `\\t` and `\\u{…}`")
            .fix(ctx.span(start, start + 1), "\\\\"),
    );
    writer.add(&text[..length], start, start + length);
    length
}

/// `> text` or `! text` on consecutive lines.
pub(super) fn marked<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> StmtKind {
    let rule = pair.as_rule();
    let start = pair.as_span().start();
    let mut writer = Writer::new();
    let mut at = start;
    let mut first = true;
    for line in pair.as_str().split('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let mark = at + indent;
        let text = &line[indent + 1..];
        if !first {
            writer.add("\n", at - 1, at);
        }
        first = false;
        let blank = usize::from(text.starts_with([' ', '\t']));
        if blank == 0 && !text.is_empty() {
            glued(ctx, mark);
        }
        scan(
            ctx,
            text[blank..].trim_end(),
            mark + 1 + blank,
            Escapes::Verbatim,
            &mut writer,
        );
        at += line.len() + 1;
    }
    let text = Str {
        parts: writer.finish(ctx).into(),
        span: ctx.pair_span(pair),
    };
    if rule == Rule::prose {
        StmtKind::Prose(text)
    } else {
        StmtKind::Warning(text)
    }
}

/// A mark without a blank behind it.
pub(super) fn glued(ctx: &mut Ctx<'_>, mark: usize) {
    let place = ctx.span(mark, mark + 1);
    let sign = &ctx.text[mark..mark + 1];
    ctx.push(
        Diagnostic::error(
            codes::MARK_GLUED,
            format!("the mark `{sign}` has no blank behind it"),
            place,
            "this mark",
        )
        .help("put a blank behind the mark")
        .fix(place.after(), " "),
    );
}

/// `- [ ] text -> name: type`
pub(super) fn item<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> StmtKind {
    let start = pair.as_span().start();
    let end = pair.as_span().end();
    let mut kids = Kids::of(pair);
    let found = kids.take(ctx, Rule::item_box);
    item_box(ctx, found, start);
    let mut text = Str {
        parts: Box::default(),
        span: ctx.span(end, end),
    };
    if let Some(body) = kids.take(ctx, Rule::item_text) {
        let mut writer = Writer::new();
        let begin = body.as_span().start();
        let mut at = begin;
        for (line, words) in body.as_str().split('\n').enumerate() {
            let lead = words.len() - words.trim_start().len();
            if line > 0 {
                writer.add("\n", at - 1, at);
            }
            scan(ctx, words.trim(), at + lead, Escapes::Verbatim, &mut writer);
            at += words.len() + 1;
        }
        text = Str {
            parts: writer.finish(ctx).into(),
            span: trimmed(ctx, &body),
        };
        if text.parts.is_empty() {
            ctx.push(
                Diagnostic::error(
                    codes::ITEM_BOX,
                    "a checklist item has no text",
                    text.span,
                    "the text belongs here",
                )
                .help("say behind the box what is to be confirmed"),
            );
        }
    }
    let evidence = kids.take(ctx, Rule::evidence).map(|pair| {
        let span = trimmed(ctx, &pair);
        let mut kids = Kids::of(pair);
        let name = match kids.take(ctx, Rule::name) {
            Some(pair) => name(ctx, &pair),
            None => Name {
                text: format!("_{start}"),
                span: span.before(),
            },
        };
        snake(ctx, &name);
        let ty = kids.take(ctx, Rule::r#type);
        let ty = types::expect_type(ctx, ty, span.after());
        Formal {
            name,
            ty,
            default: None,
            span,
        }
    });
    item_goes_on(ctx, start, end);
    StmtKind::Item {
        text,
        evidence: evidence.map(Box::new),
    }
}

fn item_box<'s>(ctx: &mut Ctx<'s>, found: Option<Pair<'s>>, start: usize) {
    match found {
        Some(found) if found.as_str() == "[ ]" => {}
        Some(found) => {
            let span = ctx.pair_span(&found);
            ctx.push(
                Diagnostic::error(
                    codes::ITEM_BOX,
                    "the box of a checklist item is not empty",
                    span,
                    "this box",
                )
                .help("write `[ ]`; the run records who ticked it")
                .fix(span, "[ ]"),
            );
        }
        None => {
            let place = ctx.span(start, start + 1);
            ctx.push(
                Diagnostic::error(codes::ITEM_BOX, "a list item has no box", place, "a line that begins with `-` is a checklist item")
                    .help("write `- [ ] text` for something to confirm, or `> - text` for a list in prose")
                    .fix(place.after(), " [ ]"),
            );
        }
    }
}

/// A line under an item that is as deep as if it went on with it, but begins like something else.
fn item_goes_on(ctx: &mut Ctx<'_>, start: usize, end: usize) {
    let line = ctx.text[..start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let column = start - line;
    let Some(next) = ctx.text[end..].strip_prefix('\n') else {
        return;
    };
    let next_line = next.split('\n').next().unwrap_or_default();
    let words = next_line.trim_start_matches([' ', '\t']);
    let indent = next_line.len() - words.len();
    let deeper = indent >= column + 2 || (next_line.starts_with('\t') && indent > column);
    if !deeper || words.is_empty() || words.starts_with('#') {
        return;
    }
    let at = end + 1 + indent;
    let word = first_word(words);
    let place = ctx.span(at, at + word.len());
    let owner = ctx.span(start, start + 1);
    ctx.muted = Some(at);
    ctx.push(
        Diagnostic::error(codes::ITEM_CONTINUED, format!("`{word}` stands where the item above would go on"), place, "this begins a statement of its own")
            .label(owner, "the item above")
            .help("indent this line like the item if it is a statement, or put other words first if it is text"),
    );
}

/// The words of `tags` and `one of`: in quotes or not.
pub(super) fn word<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> Str {
    if pair.as_rule() == Rule::string {
        return string(ctx, pair);
    }
    let span = ctx.pair_span(pair);
    Str {
        parts: vec![StrPart::Text {
            text: pair.as_str().to_owned(),
            span,
        }]
        .into(),
        span,
    }
}

/// A name in an expression that no name can be.
pub(super) fn no_reserved(ctx: &mut Ctx<'_>, name: &Name) {
    if is_reserved(&name.text) {
        ctx.push(
            Diagnostic::error(
                codes::RESERVED_NAME,
                format!("`{}` is a word of the language and never a name", name.text),
                name.span,
                "this word",
            )
            .help("choose another name"),
        );
    }
}

/// A text that is not there, so that the tree is whole.
pub(super) fn no_text(place: Span) -> Str {
    Str {
        parts: Box::default(),
        span: place,
    }
}
