//! Text for a screen: wrapped, harmless, and times as people say them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthChar;

pub use runbook_plan::show::span;

/// Wraps to `width` columns with `first` before the first line and `rest` before the others. Words longer
/// than a line are broken; a width too small for anything still makes progress.
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let options = textwrap::Options::new(width.max(8))
        .initial_indent(first)
        .subsequent_indent(rest);
    textwrap::wrap(text, options)
        .into_iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// A line of output of a command as it may stand on a screen: colours and cursor movements are gone, and so is
/// what a carriage return overwrote; the rest is [`harmless`].
pub fn printed(line: &str) -> String {
    let plain = console::strip_ansi_codes(line);
    let visible = plain
        .trim_end_matches('\r')
        .rsplit('\r')
        .next()
        .unwrap_or_default();
    harmless(visible)
}

/// Text of ours that may hold a value, as it may stand on a screen: colours are gone, and every other control or
/// direction-changing character is shown as a picture. Nothing else goes: what a value holds must not take away
/// the words that stand around it.
pub fn harmless(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        match colour(rest) {
            Some(after) => rest = after,
            None => {
                shown.extend(harmless_char(c));
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    shown
}

/// What follows a sequence that sets a colour, where the text begins with one.
fn colour(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    let after =
        parameters.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ';' | ':'));
    after.strip_prefix('m')
}

fn harmless_char(c: char) -> impl Iterator<Item = char> {
    let shown = match c {
        '\t' => "    ".to_owned(),
        // The Unicode pictures of the control characters stand in the same order as the characters.
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32)
            .unwrap_or('\u{fffd}')
            .to_string(),
        '\x7f' => '\u{2421}'.to_string(),
        '\u{80}'..='\u{9f}' => '\u{fffd}'.to_string(),
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' => {
            format!("<U+{:04X}>", c as u32)
        }
        _ => c.to_string(),
    };
    shown.chars().collect::<Vec<_>>().into_iter()
}

/// Cuts to `width` columns, saying so with an ellipsis.
pub fn cut(text: &str, width: usize, ellipsis: &str) -> String {
    if console::measure_text_width(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(console::measure_text_width(ellipsis));
    let mut used = 0;
    let mut kept = String::new();
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns > room {
            break;
        }
        used += columns;
        kept.push(c);
    }
    kept + ellipsis
}

/// A countdown in whole seconds: `4m 12s`, `9s`; `3m 05s late` once it has passed.
pub fn left(deadline: i64, now: i64) -> String {
    let ms = deadline.saturating_sub(now);
    let whole = |ms: u64| {
        if ms < 10_000 {
            format!("{}s", ms / 1000)
        } else {
            span(ms)
        }
    };
    if ms >= 0 {
        format!("{} left", whole(ms.unsigned_abs()))
    } else {
        format!("{} late", whole(ms.unsigned_abs()))
    }
}

/// `04:12:31` in the zone of the machine.
pub fn time_of_day(wall: i64) -> String {
    format(wall, "%H:%M:%S")
}

/// `2026-11-21 04:12:31`
pub fn date_time(wall: i64) -> String {
    format(wall, "%Y-%m-%d %H:%M:%S")
}

fn format(wall: i64, how: &str) -> String {
    match Timestamp::from_millisecond(wall) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime(how).to_string(),
        Err(_) => "an unknown time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_says_what_is_left() {
        assert_eq!(left(10_000, 1_000), "9s left");
        assert_eq!(left(1_000, 61_500), "1m 00s late");
    }

    #[test]
    fn output_cannot_move_the_cursor_or_forge_a_line() {
        assert_eq!(printed("\x1b[2Jhello\x1b[31m red\x1b[0m"), "hello red");
        assert_eq!(printed("10%\r50%\r100%"), "100%");
        assert_eq!(printed("a\x07b\u{202e}c"), "a\u{2407}b<U+202E>c");
        assert!(!printed("\x1b]0;title\x07\x1b]52;c;aGk=\x07x").contains('\x1b'));
        assert_eq!(printed("a\u{9b}2Jb\u{85}"), "ab\u{fffd}");
    }

    #[test]
    fn a_value_takes_nothing_away_from_the_words_around_it() {
        assert_eq!(harmless("drop x\rnothing?"), "drop x\u{240d}nothing?");
        assert_eq!(harmless("\x1b[31mred\x1b[0m"), "red");
        assert_eq!(harmless("a \x1b]0;no end b"), "a \u{241b}]0;no end b");
        assert_eq!(harmless("a\x1b[2Kb"), "a\u{241b}[2Kb");
        assert_eq!(harmless("a\u{2028}b"), "a<U+2028>b");
    }

    #[test]
    fn cutting_counts_columns_and_not_characters() {
        assert_eq!(cut("日本語", 5, "…"), "日本…");
        assert_eq!(cut("abc", 3, "…"), "abc");
    }
}
