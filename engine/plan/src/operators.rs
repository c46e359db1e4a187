//! What the operators mean for which types. The checker and the evaluation both read it here, so that what
//! is accepted is what can be computed.

use crate::expr::Op;
use crate::value::Type;

/// The type of `left op right` for `+ - * /`, or nothing where it means nothing. Neither side is `optional`.
///
/// | left | op | right | gives |
/// |---|---|---|---|
/// | number | `+ - * /` | number | number |
/// | percent | `+ -` | percent | percent |
/// | percent | `* /` | number | percent (and `number * percent`) |
/// | percent | `/` | percent | number |
/// | duration | `+ -` | duration | duration |
/// | duration | `* /` | number | duration (and `number * duration`) |
/// | duration | `/` | duration | number |
/// | time | `+ -` | duration | time (and `duration + time`) |
/// | time | `-` | time | duration |
/// | text, path, url, one of, severity | `+` | any of these | text |
/// | list of T | `+` | list of T | list of T |
pub fn arithmetic(op: Op, left: &Type, right: &Type) -> Option<Type> {
    let texts = |ty: &Type| {
        matches!(
            ty,
            Type::Text | Type::Path | Type::Url | Type::OneOf(_) | Type::Severity
        )
    };
    Some(match (left, op, right) {
        (Type::Number, Op::Add | Op::Subtract | Op::Multiply | Op::Divide, Type::Number) => {
            Type::Number
        }
        (Type::Percent, Op::Add | Op::Subtract, Type::Percent) => Type::Percent,
        (Type::Percent, Op::Multiply | Op::Divide, Type::Number) => Type::Percent,
        (Type::Number, Op::Multiply, Type::Percent) => Type::Percent,
        (Type::Percent, Op::Divide, Type::Percent) => Type::Number,
        (Type::Duration, Op::Add | Op::Subtract, Type::Duration) => Type::Duration,
        (Type::Duration, Op::Multiply | Op::Divide, Type::Number) => Type::Duration,
        (Type::Number, Op::Multiply, Type::Duration) => Type::Duration,
        (Type::Duration, Op::Divide, Type::Duration) => Type::Number,
        (Type::Time, Op::Add | Op::Subtract, Type::Duration) => Type::Time,
        (Type::Duration, Op::Add, Type::Time) => Type::Time,
        (Type::Time, Op::Subtract, Type::Time) => Type::Duration,
        (Type::List(a), Op::Add, Type::List(b)) if a == b => Type::List(a.clone()),
        (a, Op::Add, b) if texts(a) && texts(b) => Type::Text,
        _ => return None,
    })
}

/// Whether values of a type have an order, for `< <= > >=` and ranges: number, percent, duration, time.
pub fn ordered(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Number | Type::Percent | Type::Duration | Type::Time
    )
}
