//! Values and types as text: for people, for prose, and as what a command receives.

use jiff::Timestamp;

use crate::plan::Outcome;
use crate::value::{Type, Value};

/// What stands for a value that is missing.
pub const UNKNOWN: &str = "(unknown)";

/// A value as the language writes it: `10%`, `1h30m`, `yes`, text as it is, a list's items joined by `, `,
/// `(unknown)` for what is missing. A secret shows nothing but that it is one; who knows its name shows that.
pub fn value(value: &Value) -> String {
    match value {
        Value::Missing => UNKNOWN.to_owned(),
        Value::Text(text) | Value::Url(text) | Value::Path(text) | Value::Severity(text) => {
            text.clone()
        }
        Value::Number(number) => number.normalize().to_string(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Percent(number) => format!("{}%", number.normalize()),
        Value::Duration(ms) => duration(*ms),
        Value::Time(ms) => time(*ms),
        Value::Json(json) => json_text(json),
        Value::List(items) => items.iter().map(self::value).collect::<Vec<_>>().join(", "),
        Value::Secret(_) => "‹secret›".to_owned(),
    }
}

/// `json` as text: a string is its text, null is missing, anything else is compact JSON.
pub fn json_text(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::Null => UNKNOWN.to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value as the language writes it in an expression: text in quotes.
pub fn literal(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Url(text) | Value::Path(text) => quoted(text),
        Value::Json(json) => json.to_string(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(literal).collect();
            format!("[{}]", items.join(", "))
        }
        other => self::value(other),
    }
}

/// A string literal of the language.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A type as the language writes it: `one of [a, b]`.
pub fn ty(ty: &Type) -> String {
    match ty {
        Type::Text => "text".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Percent => "percent".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Time => "time".to_owned(),
        Type::Url => "url".to_owned(),
        Type::Path => "path".to_owned(),
        Type::Severity => "severity".to_owned(),
        Type::Json => "json".to_owned(),
        Type::OneOf(names) => {
            let names: Vec<String> = names.iter().map(|name| choice(name)).collect();
            format!("one of [{}]", names.join(", "))
        }
        Type::List(item) => format!("list of {}", self::ty(item)),
        Type::Optional(inner) => format!("optional {}", self::ty(inner)),
        Type::Secret => "secret".to_owned(),
    }
}

/// A member of a closed set as it is written: bare where it is a name, else in quotes.
pub fn choice(name: &str) -> String {
    let starts = name
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    let bare = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if starts && bare {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Milliseconds as `1h30m`; below a second as `250ms`.
pub fn duration(milliseconds: u64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let mut rest = milliseconds;
    let mut out = String::new();
    for (unit, size) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ] {
        if rest >= size {
            out += &format!("{}{unit}", rest / size);
            rest %= size;
        }
    }
    out
}

/// The lines of `was` that are not in `is`, and those of `is` that are not in `was`; each as often as it is missing.
pub fn lines_apart<'t>(was: &'t str, is: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
    fn missing<'t>(here: &'t str, there: &str) -> Vec<&'t str> {
        let mut there: Vec<&str> = there.lines().map(str::trim_end).collect();
        there.sort_unstable();
        let mut found = vec![0_usize; there.len()];
        let is_gone = |line: &&str| {
            let first = there.partition_point(|other| other < line);
            let last = there.partition_point(|other| other <= line);
            if first == last {
                return true;
            }
            found[first] += 1;
            found[first] > last - first
        };
        here.lines().map(str::trim_end).filter(is_gone).collect()
    }
    (missing(was, is), missing(is, was))
}

/// How a run ended, in words.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Resolved => "resolved",
        Outcome::RolledBack => "rolled back",
        Outcome::Mitigated => "mitigated",
        Outcome::NoAction => "no action",
        Outcome::Escalated => "escalated",
        Outcome::Failed => "failed",
    }
}

/// How long something took, in milliseconds, as precise as a person needs at that length: `0.4s`, `12s`, `3m 05s`,
/// `2h 10m`, `1d 4h`.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..10 => format!("{}.{}s", seconds, ms % 1000 / 100),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// Milliseconds since 1970, UTC, as `2025-11-07T10:00:00Z`.
pub fn time(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.to_string(),
        // Beyond the years 9999: there is no calendar for it, and a number is still the truth.
        Err(_) => format!("{milliseconds}ms since 1970"),
    }
}

/// Text as one word of a POSIX shell: as it is where that is safe, else in single quotes.
pub fn shell_quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,@%+=".contains(c);
    // `=` is harmless in an argument, but at its start zsh looks for a command.
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('=') {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_shows_as_it_is_written() {
        let shown: Vec<String> = [0, 250, 1500, 90_000, 5_400_000, 86_400_000, 90_061_001]
            .into_iter()
            .map(duration)
            .collect();
        assert_eq!(
            shown,
            [
                "0s",
                "250ms",
                "1s500ms",
                "1m30s",
                "1h30m",
                "1d",
                "1d1h1m1s1ms"
            ]
        );
    }

    #[test]
    fn spans_are_as_precise_as_a_person_needs() {
        let cases = [
            (400, "0.4s"),
            (9_999, "9.9s"),
            (12_000, "12s"),
            (185_000, "3m 05s"),
            (7_800_000, "2h 10m"),
            (100_800_000, "1d 4h"),
        ];
        for (ms, expected) in cases {
            assert_eq!(span(ms), expected);
        }
    }

    #[test]
    fn values_show_as_the_language_writes_them() {
        let shown = |v: Value| value(&v);
        assert_eq!(shown(Value::Percent("10.50".parse().unwrap())), "10.5%");
        assert_eq!(shown(Value::Number("100".parse().unwrap())), "100");
        assert_eq!(shown(Value::Missing), "(unknown)");
        assert_eq!(
            shown(Value::Time(1_762_509_600_000)),
            "2025-11-07T10:00:00Z"
        );
        let list = Value::List(vec![Value::Text("a b".into()), Value::Bool(true)]);
        assert_eq!(value(&list), "a b, yes");
        assert_eq!(literal(&list), r#"["a b", yes]"#);
        assert_eq!(
            shown(Value::Json(serde_json::json!({"a": [1, null]}))),
            r#"{"a":[1,null]}"#
        );
        assert_eq!(
            ty(&Type::OneOf(vec!["roll_back".into(), "API down".into()])),
            r#"one of [roll_back, "API down"]"#
        );
        assert_eq!(time(i64::MAX), "9223372036854775807ms since 1970");
    }

    #[test]
    fn lines_that_only_one_has_are_told_apart() {
        assert_eq!(
            lines_apart("a\nb\nb \nc", "b\nd\na"),
            (vec!["b", "c"], vec!["d"])
        );
        assert_eq!(lines_apart("a", "a"), (vec![], vec![]));
    }

    #[test]
    fn a_word_is_quoted_only_where_it_must_be() {
        assert_eq!(
            shell_quoted("http://localhost:3001/a_b"),
            "http://localhost:3001/a_b"
        );
        assert_eq!(shell_quoted(""), "''");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
        assert_eq!(shell_quoted("=ls"), "'=ls'");
        assert_eq!(shell_quoted("a b"), "'a b'");
    }
}
