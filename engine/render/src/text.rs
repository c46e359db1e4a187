//! Text as Markdown takes it: what an author wrote as plain text must not turn into markup, and what is code must
//! stay code whatever it holds.

use runbook_grammar::ast::{Str, StrPart};

/// A string as a reader sees it: values that are filled in later stand in angle brackets, `⟨name⟩`.
pub(crate) fn plain(string: &Str) -> String {
    filled(string, |path| format!("⟨{path}⟩"))
}

/// The same, with holes as in the source. For commands.
pub(crate) fn source_text(string: &Str) -> String {
    filled(string, |path| format!("{{{{{path}}}}}"))
}

/// The text, each hole, known by its dotted name, replaced.
pub(crate) fn filled(string: &Str, hole: impl Fn(String) -> String) -> String {
    let parts = string.parts.iter().map(|part| match part {
        StrPart::Text { text, .. } => text.clone(),
        StrPart::Hole { path, .. } => {
            let names: Vec<_> = path.names.iter().map(|name| name.text.as_str()).collect();
            hole(names.join("."))
        }
    });
    parts.collect()
}

/// A title or another string, on one line. Code between backticks is the only markup it may hold.
pub(crate) fn inline(string: &Str) -> String {
    escape(&plain(string))
}

/// Plain text as one line of Markdown that reads the same. A stretch between backticks stays code. The line does not begin with it.
pub(crate) fn escape(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find('`') {
        let Some(length) = rest[start + 1..].find('`').filter(|length| *length > 0) else {
            break;
        };
        let end = start + 1 + length + 1;
        out.push_str(&escape_words(&rest[..start]));
        out.push_str(&rest[start..end]);
        rest = &rest[end..];
    }
    out.push_str(&escape_words(rest));
    out
}

fn escape_words(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        let special = match char {
            '\\' => after.is_ascii_punctuation(),
            '*' | '`' | '[' | ']' | '<' | '~' | '$' => true,
            // Inside a word an underscore is no emphasis.
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            '&' => after == '#' || after.is_alphabetic(),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(char);
        before = char;
    }
    out
}

/// Prose is Markdown already. Only what a wiki would swallow as an HTML tag is escaped, outside of code; headings are the
/// document's, so one in prose becomes a bold line.
pub(crate) fn prose(string: &Str) -> String {
    let lines = template(string);
    let mut fenced = false;
    let lines = lines.split('\n').map(|line| {
        fenced ^= is_fence(line);
        if fenced {
            line.to_owned()
        } else {
            without_heading(line)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text of a message: as prose, but its headings are its own.
pub(crate) fn template(string: &Str) -> String {
    let text = plain(string);
    let mut fenced = false;
    let lines = text.split('\n').map(|line| {
        let line = line.trim_end();
        fenced ^= is_fence(line);
        if fenced {
            line.to_owned()
        } else {
            prose_line(line)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~")
}

fn without_heading(line: &str) -> String {
    let level = line.chars().take_while(|char| *char == '#').count();
    match line[level..].strip_prefix(' ') {
        Some(words) if (1..=6).contains(&level) => format!("**{}**", words.trim()),
        _ => line.to_owned(),
    }
}

fn prose_line(line: &str) -> String {
    let mut out = String::new();
    let mut in_code = false;
    for (at, char) in line.char_indices() {
        in_code ^= char == '`';
        if char == '<' && !in_code && !out.ends_with('\\') && opens_tag(&line[at + 1..]) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

/// Whether `<` before this text would begin a tag; `<https://…>` is a link and `a < b` a comparison.
fn opens_tag(after: &str) -> bool {
    let link = ["http://", "https://", "mailto:"];
    after.starts_with(|char: char| char.is_ascii_alphabetic() || matches!(char, '/' | '!' | '?'))
        && !link.iter().any(|scheme| after.starts_with(scheme))
}

/// With what would turn the direction of text or steer a terminal written out, as `\u{202e}`: a reader sees what is there.
pub(crate) fn visible(text: &str) -> String {
    let plain = |char: char| matches!(char, '\n' | '\t') || !crate::graph::steers(char);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    let chars = text.chars().map(|char| match plain(char) {
        true => char.to_string(),
        false => format!("\\u{{{:x}}}", char as u32),
    });
    chars.collect()
}

/// Code within a line. A bar is escaped for tables by [`cell`], not here.
pub(crate) fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A script between fences longer than any it holds.
pub(crate) fn fence(language: &str, script: &str) -> String {
    let ticks = "`".repeat((longest_run(script, '`') + 1).max(3));
    format!(
        "{ticks}{language}\n{}\n{ticks}",
        script.trim_end_matches('\n')
    )
}

/// Markdown as a cell of a table.
pub(crate) fn cell(markdown: &str) -> String {
    markdown.trim().replace('|', "\\|").replace('\n', "<br>")
}

/// Rows of Markdown, the head first.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut lines = vec![
        line(head.iter().map(|&cell| cell.to_owned())),
        line(head.iter().map(|_| "---".to_owned())),
    ];
    lines.extend(
        rows.iter()
            .map(|row| line(row.iter().map(|text| cell(text)))),
    );
    lines.join("\n")
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for char in text.chars() {
        run = if char == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// `a`, `a and b`, `a, b and c`
pub(crate) fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
