//! Numbers, and what is glued to them.

use rust_decimal::Decimal;

use super::{Ctx, Pair};
use crate::ast::ExprKind;
use crate::codes;
use crate::diagnostic::Diagnostic;

/// Ten years, with the three leap days they may hold, in milliseconds.
const TEN_YEARS: u64 = 3653 * DAY;
const DAY: u64 = 24 * 60 * 60 * 1000;

/// Milliseconds of each unit, from the longest.
const UNITS: &[(&str, u64)] = &[
    ("d", DAY),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

pub(super) fn literal<'s>(ctx: &mut Ctx<'s>, pair: &Pair<'s>) -> ExprKind {
    let text = pair.as_str();
    let span = ctx.pair_span(pair);
    let number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if number && text.matches('.').count() < 2 {
        return match decimal(text) {
            Some(number) => ExprKind::Number(number),
            None => {
                ctx.push(
                    Diagnostic::error(
                        codes::NUMBER_TOO_LARGE,
                        "a number is too large",
                        span,
                        "this number has too many digits",
                    )
                    .help("use at most 28 digits"),
                );
                ExprKind::Bad
            }
        };
    }
    if let Some(date) = date(text) {
        let (year, month, day) = date;
        if month == 0 || month > 12 || day == 0 || day > days(year, month) {
            ctx.push(
                Diagnostic::error(
                    codes::NO_SUCH_DATE,
                    format!("there is no day {text}"),
                    span,
                    "this date",
                )
                .help("write year, month and day, as in 2025-11-07"),
            );
            return ExprKind::Bad;
        }
        return ExprKind::Date { year, month, day };
    }
    let units = text
        .find(|sign: char| !(sign.is_ascii_digit() || sign == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(units);
    match unit {
        "%" => decimal(number).map(ExprKind::Percent),
        "x" => decimal(number).map(ExprKind::Factor),
        _ => match duration(text) {
            Some(length) if length <= TEN_YEARS => Some(ExprKind::Duration(length)),
            Some(_) => {
                ctx.push(
                    Diagnostic::error(
                        codes::DURATION_TOO_LONG,
                        "a duration is longer than ten years",
                        span,
                        "this duration",
                    )
                    .help("use at most ten years, 3653d"),
                );
                return ExprKind::Bad;
            }
            None => None,
        },
    }
    .unwrap_or_else(|| {
        ctx.push(
            Diagnostic::error(
                codes::LITERAL,
                format!(
                    "`{}` is no number, duration, percentage or date",
                    super::words::shown(text)
                ),
                span,
                "this cannot be read",
            )
            .help(meant(number, unit)),
        );
        ExprKind::Bad
    })
}

fn decimal(text: &str) -> Option<Decimal> {
    if text.matches('.').count() > 1 {
        return None;
    }
    // `from_str_exact` refuses what does not fit; `from_str` would round it.
    Decimal::from_str_exact(text).ok()
}

/// `1h30m`: each unit at most once, the longest first.
fn duration(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut next = 0;
    while !rest.is_empty() {
        let digits = rest.find(|sign: char| !sign.is_ascii_digit())?;
        let number: u64 = if digits == 0 {
            return None;
        } else {
            rest[..digits].parse().unwrap_or(u64::MAX)
        };
        rest = &rest[digits..];
        let letters = rest
            .find(|sign: char| sign.is_ascii_digit())
            .unwrap_or(rest.len());
        let place = UNITS
            .iter()
            .position(|(unit, _)| *unit == &rest[..letters])?;
        if place < next {
            return None;
        }
        next = place + 1;
        total = total.saturating_add(number.saturating_mul(UNITS[place].1));
        rest = &rest[letters..];
    }
    Some(total)
}

fn meant(number: &str, unit: &str) -> String {
    let whole = number.split('.').next().unwrap_or(number);
    match unit {
        "w" | "W" => match whole.parse::<u64>() {
            Ok(weeks) if !number.contains('.') => format!("count in days, as in {}d", weeks.saturating_mul(7)),
            _ => "count in days".to_owned(),
        },
        "sec" | "secs" | "S" | "second" | "seconds" => format!("write `{number}s`"),
        "min" | "mins" | "M" | "minute" | "minutes" => format!("write `{number}m`"),
        "hour" | "hours" | "H" => format!("write `{number}h`"),
        "day" | "days" | "D" => format!("write `{number}d`"),
        "s" | "m" | "h" | "d" | "ms" if number.contains('.') => "write whole numbers of a smaller unit, as in 1h30m".to_owned(),
        _ => "write a number (5, 0.5), a duration (90s, 5m, 1h30m, 2d), a percentage (10%), a factor (2x) or a date (2025-11-07)".to_owned(),
    }
}

fn date(text: &str) -> Option<(i16, u8, u8)> {
    let mut parts = text.split('-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    Some((year, month, day))
}

fn days(year: i16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, duration};

    #[test]
    fn units_go_from_long_to_short_and_stand_once() {
        assert_eq!(duration("90s"), Some(90_000));
        assert_eq!(duration("1h30m"), Some(5_400_000));
        assert_eq!(duration("2d"), Some(2 * DAY));
        assert_eq!(duration("1s500ms"), Some(1500));
        assert_eq!(duration("30m1h"), None);
        assert_eq!(duration("5m5m"), None);
        assert_eq!(duration("1e9h"), None);
        assert_eq!(duration("5"), None);
        assert_eq!(duration("99999999999999999999d"), Some(u64::MAX));
    }
}
