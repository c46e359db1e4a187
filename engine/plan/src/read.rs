//! Text that a command printed or a person typed, read as a value.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::show;
use crate::value::{Type, Value};
use runbook_grammar::nearest;

/// The longest duration: ten years, in milliseconds.
pub const LONGEST: u64 = 3_652 * 86_400_000;

/// Reads `text` as a value of type `ty`. `severities` are the declared levels, for `severity`. The error is a
/// sentence that says what would be right: "`abc` is no percent: write it like `10%`".
///
/// Blanks around a value do not count, but in `text` and `path`. A `list` is one item a non-empty line. An
/// `optional` is missing where there is nothing but blanks. A NUL is never part of a value: no process could
/// be given it.
pub fn read(text: &str, ty: &Type, severities: &[String]) -> Result<Value, String> {
    if text.contains('\0') {
        return Err(format!(
            "{} holds a NUL character, which no command can be given",
            said(text)
        ));
    }
    let trimmed = text.trim();
    match ty {
        Type::Text => Ok(Value::Text(text.to_owned())),
        Type::Path if trimmed.is_empty() => Err("nothing was given: write a path".to_owned()),
        Type::Path => Ok(Value::Path(text.to_owned())),
        Type::Number => decimal(trimmed)
            .map(Value::Number)
            .ok_or_else(|| no(trimmed, "number", "write it like `42` or `0.5`")),
        Type::Percent => trimmed
            .strip_suffix('%')
            .and_then(decimal)
            .map(Value::Percent)
            .ok_or_else(|| no(trimmed, "percent", "write it like `10%`")),
        Type::Bool => match trimmed {
            "yes" => Ok(Value::Bool(true)),
            "no" => Ok(Value::Bool(false)),
            _ => Err(no(trimmed, "bool", "write `yes` or `no`")),
        },
        Type::Duration => match duration(trimmed) {
            Some(ms) if ms <= LONGEST => Ok(Value::Duration(ms)),
            Some(_) => Err(format!("{} is longer than ten years", said(trimmed))),
            None => Err(no(
                trimmed,
                "duration",
                "write it like `90s`, `5m` or `1h30m`",
            )),
        },
        Type::Time => time(trimmed)
            .map(Value::Time)
            .ok_or_else(|| no(trimmed, "time", "write it like `2025-11-07T10:00:00Z`")),
        Type::Url if is_url(trimmed) => Ok(Value::Url(trimmed.to_owned())),
        Type::Url => Err(no(
            trimmed,
            "url",
            "write it with its scheme, like `https://example.org/path`",
        )),
        Type::Severity => member(trimmed, severities, "severity").map(Value::Severity),
        Type::OneOf(names) => member(trimmed, names, "choice here").map(Value::Text),
        Type::Json => match serde_json::from_str(trimmed) {
            Ok(json) => Ok(Value::Json(json)),
            Err(error) => Err(format!("{} is no json: {error}", said(trimmed))),
        },
        Type::List(item) => {
            let mut items = Vec::new();
            for (n, line) in text.lines().enumerate() {
                if line.trim().is_empty() {
                    continue;
                }
                let value =
                    read(line, item, severities).map_err(|why| format!("line {}: {why}", n + 1))?;
                items.push(value);
            }
            Ok(Value::List(items))
        }
        Type::Optional(_) if trimmed.is_empty() => Ok(Value::Missing),
        Type::Optional(inner) => read(text, inner, severities),
        Type::Secret => Err("a secret is not read from text: the host fetches it".to_owned()),
    }
}

/// `json` read as the type it is compared with. A string reads as text would; a number is a number, and is no
/// percent and no duration, since nobody can say whether 0.1 is ten percent; `true` and `false` are a bool.
pub fn from_json(
    json: &serde_json::Value,
    ty: &Type,
    severities: &[String],
) -> Result<Value, String> {
    use serde_json::Value as Json;
    match (json, ty) {
        (json, Type::Json) => Ok(Value::Json(json.clone())),
        (Json::Null, _) => Ok(Value::Missing),
        (json, Type::Optional(inner)) => from_json(json, inner, severities),
        (Json::Bool(yes), Type::Bool) => Ok(Value::Bool(*yes)),
        (Json::Number(number), Type::Number) => read(&number.to_string(), ty, severities),
        (Json::String(text), Type::List(_)) => Err(format!(
            "the json text {} is no list: a json list is written `[…]`",
            said(text)
        )),
        (Json::String(text), _) => read(text, ty, severities),
        (Json::Array(items), Type::List(item)) => items
            .iter()
            .map(|json| from_json(json, item, severities))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (json, ty) => Err(format!(
            "the json {} is no {}: {}",
            said(&json.to_string()),
            show::ty(ty),
            match ty {
                Type::Text | Type::OneOf(_) | Type::Severity | Type::Url | Type::Path =>
                    "it would be text in quotes",
                Type::Percent => "it would be text such as \"10%\"",
                Type::Duration => "it would be text such as \"90s\"",
                Type::Time => "it would be text such as \"2025-11-07T10:00:00Z\"",
                Type::Bool => "it would be `true` or `false`",
                Type::Number => "it would be a number",
                Type::List(_) => "it would be written `[…]`",
                Type::Json | Type::Optional(_) | Type::Secret => "it has another shape",
            }
        )),
    }
}

/// A decimal number as commands print it: `-1`, `.5`, `1.50`, `1e-5`. Nothing where it is too large.
pub fn decimal(text: &str) -> Option<Decimal> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    if !digits(whole)
        || !digits(part)
        || part.is_empty()
        || (whole.is_empty() && !mantissa.starts_with('.'))
    {
        return None;
    }
    match exponent {
        None => text.parse().ok(),
        Some(power) => {
            let unsigned = power.strip_prefix(['-', '+']).unwrap_or(power);
            if unsigned.is_empty() || unsigned.len() > 3 || !digits(unsigned) {
                return None;
            }
            Decimal::from_scientific(text).ok()
        }
    }
}

/// Milliseconds of `1h30m`: units in falling order, each once, the last number with a decimal part at most.
pub fn duration(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 5] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ];
    let mut rest = text;
    let mut next = 0;
    let mut sum: u64 = 0;
    if text.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|at| *at > 0)?;
        let (digits, after) = rest.split_at(number);
        let word = after
            .find(|c: char| !c.is_ascii_lowercase())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(word);
        let at = next + UNITS[next..].iter().position(|(name, _)| *name == unit)?;
        let part = match digits.parse::<u64>() {
            Ok(whole) => whole.checked_mul(UNITS[at].1)?,
            Err(_) if after.is_empty() => {
                let exact = decimal(digits)?.checked_mul(UNITS[at].1.into())?;
                u64::try_from(exact.trunc()).ok()?
            }
            Err(_) => return None,
        };
        sum = sum.checked_add(part)?;
        next = at + 1;
        rest = after;
    }
    Some(sum)
}

/// Milliseconds since 1970 of an RFC 3339 time, or of the first moment of a date, UTC.
fn time(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    let date: Date = (text.len() == 10).then(|| text.parse().ok())??;
    date.to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp().as_millisecond())
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn member(text: &str, names: &[String], what: &str) -> Result<String, String> {
    if names.iter().any(|name| name == text) {
        return Ok(text.to_owned());
    }
    if let Some(near) = nearest(text, names.iter().map(String::as_str)) {
        return Err(format!(
            "{} is no {what}; did you mean `{near}`?",
            said(text)
        ));
    }
    let mut listed: Vec<String> = names
        .iter()
        .take(12)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.len() > listed.len() {
        listed.push(format!("{} more", names.len() - listed.len()));
    }
    let listed = match listed.as_slice() {
        [] => return Err(format!("{} is no {what}: none is declared", said(text))),
        [only] => only.clone(),
        [first @ .., last] => format!("one of {} or {last}", first.join(", ")),
    };
    Err(format!("{} is no {what}: write {listed}", said(text)))
}

fn no(text: &str, what: &str, write: &str) -> String {
    if text.is_empty() {
        format!("nothing was given where a {what} is due: {write}")
    } else {
        format!("{} is no {what}: {write}", said(text))
    }
}

/// Text in a sentence: its first line, shortened, control characters made visible.
fn said(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    let short: String = line.chars().take(60).flat_map(visible).collect();
    let more = line.chars().count() > 60 || text.lines().nth(1).is_some();
    format!("`{short}{}`", if more { "…" } else { "" })
}

/// The character itself, or its escape where it would not be seen.
fn visible(c: char) -> Vec<char> {
    if c.is_control() {
        c.escape_default().collect()
    } else {
        vec![c]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str, ty: Type) -> Value {
        read(text, &ty, &["P0".into(), "P1".into()]).unwrap()
    }

    fn err(text: &str, ty: Type) -> String {
        read(text, &ty, &["P0".into(), "P1".into()]).unwrap_err()
    }

    #[test]
    fn every_type_reads_what_it_shows() {
        let samples = [
            ("10.5%", Type::Percent),
            ("-3%", Type::Percent),
            ("1h30m", Type::Duration),
            ("250ms", Type::Duration),
            ("2025-11-07T10:00:00.5Z", Type::Time),
            ("42", Type::Number),
            ("yes", Type::Bool),
            ("http://localhost:3001", Type::Url),
            ("P1", Type::Severity),
            ("a b", Type::OneOf(vec!["a b".into()])),
            (r#"{"a":[1,"x"]}"#, Type::Json),
            (" kept as it is ", Type::Text),
        ];
        for (text, ty) in samples {
            assert_eq!(show::value(&ok(text, ty)), text);
        }
    }

    #[test]
    fn numbers_are_read_as_commands_print_them() {
        let number = |text: &str| show::value(&ok(text, Type::Number));
        assert_eq!(number(" 12\n"), "12");
        assert_eq!(number(".5"), "0.5");
        assert_eq!(number("-1.50"), "-1.5");
        assert_eq!(number("1e-5"), "0.00001");
        assert_eq!(number("2E3"), "2000");
        for bad in [
            "",
            "1,000",
            "0x10",
            "1_000",
            "1.",
            "e5",
            "--1",
            "1e9999",
            "9999999999999999999999999999999999",
        ] {
            assert!(read(bad, &Type::Number, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_have_units_in_falling_order() {
        assert_eq!(ok("0.532s", Type::Duration), Value::Duration(532));
        assert_eq!(
            ok("1d1h1m1s1ms", Type::Duration),
            Value::Duration(90_061_001)
        );
        for bad in [
            "90", "1m1h", "1s1s", "s", "1x", "1.5h30m", "-5m", "1 h", "11w", "4000d",
        ] {
            assert!(read(bad, &Type::Duration, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        assert_eq!(
            err("abc", Type::Percent),
            "`abc` is no percent: write it like `10%`"
        );
        assert_eq!(
            err("5", Type::Percent),
            "`5` is no percent: write it like `10%`"
        );
        assert_eq!(
            err("", Type::Number),
            "nothing was given where a number is due: write it like `42` or `0.5`"
        );
        assert_eq!(
            err("p1", Type::Severity),
            "`p1` is no severity; did you mean `P1`?"
        );
        assert_eq!(
            err("blue", Type::OneOf(vec!["red".into(), "green".into()])),
            "`blue` is no choice here: write one of `red` or `green`"
        );
        assert_eq!(
            err("localhost:3001", Type::Url),
            "`localhost:3001` is no url: write it with its scheme, like `https://example.org/path`"
        );
        assert_eq!(
            err("true", Type::Bool),
            "`true` is no bool: write `yes` or `no`"
        );
        assert!(err("a\0b", Type::Text).contains("NUL"));
    }

    #[test]
    fn a_list_is_an_item_a_line_and_names_the_line_that_is_wrong() {
        let list = |ty| Type::List(Box::new(ty));
        assert_eq!(
            ok("1\n\n  2 \n", list(Type::Number)),
            Value::List(vec![Value::Number(1.into()), Value::Number(2.into())])
        );
        assert_eq!(ok("", list(Type::Text)), Value::List(vec![]));
        assert_eq!(
            err("1\n\nx", list(Type::Number)),
            "line 3: `x` is no number: write it like `42` or `0.5`"
        );
    }

    #[test]
    fn an_optional_may_be_missing() {
        let optional = || Type::Optional(Box::new(Type::Number));
        assert_eq!(ok(" ", optional()), Value::Missing);
        assert_eq!(ok("1", optional()), Value::Number(1.into()));
    }

    #[test]
    fn json_reads_as_what_it_is_compared_with_and_never_guesses() {
        let read = |json: serde_json::Value, ty: Type| from_json(&json, &ty, &[]);
        assert_eq!(read(true.into(), Type::Bool), Ok(Value::Bool(true)));
        assert_eq!(
            read(0.1.into(), Type::Number),
            Ok(Value::Number("0.1".parse().unwrap()))
        );
        assert_eq!(
            read("10%".into(), Type::Percent),
            Ok(Value::Percent(10.into()))
        );
        assert!(
            read(0.1.into(), Type::Percent)
                .unwrap_err()
                .contains("\"10%\"")
        );
        assert!(read(5.into(), Type::Text).is_err());
        assert_eq!(
            read(serde_json::Value::Null, Type::Text),
            Ok(Value::Missing)
        );
    }
}
