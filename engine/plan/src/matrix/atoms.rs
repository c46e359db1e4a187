//! A column cut into atoms: sets of values that none of its tests tells apart.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::plan::{Column, Test};
use crate::show;
use crate::value::{Type, Value};
use runbook_grammar::nearest;

use super::space::Side;

/// What is wrong with a test.
pub(super) enum Misfit {
    /// A comparison where there is no order.
    NoOrder,
    /// A value outside the closed set, and the member that was probably meant.
    NoMember(String, Option<String>),
    OtherType(String),
}

pub(super) struct Atoms {
    kind: Kind,
}

enum Kind {
    /// A closed set, or all the values that are named and, last, whatever else there is.
    Members {
        members: Vec<Value>,
        ty: Type,
        others: Others,
    },
    /// Points and the open intervals between them, in order.
    Line {
        atoms: Vec<OnLine>,
        points: BTreeMap<Decimal, usize>,
        scale: Scale,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    /// The members are all there is.
    None,
    /// There is always another value.
    Some,
}

#[derive(Clone, Copy, Debug)]
enum OnLine {
    Point(Decimal),
    /// Both ends out; a missing end is infinite.
    Open(Option<Decimal>, Option<Decimal>),
}

/// What a number on the line stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    Number,
    Percent,
    /// Whole milliseconds.
    Duration,
    Time,
}

/// Whether a side's atoms lie in an order, so that only neighbours make a range.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum InLine {
    Yes,
    No,
}

impl Atoms {
    pub fn cut<'a>(
        column: &Column,
        tests: impl Iterator<Item = &'a Test>,
        severities: &[String],
    ) -> Atoms {
        let mut named = Vec::new();
        for test in tests {
            values(test, &mut named);
        }
        let ty = match &column.ty {
            Type::Optional(inner) => (**inner).clone(),
            other => other.clone(),
        };
        let kind = match &ty {
            Type::Number => line(&named, Scale::Number),
            Type::Percent => line(&named, Scale::Percent),
            Type::Duration => line(&named, Scale::Duration),
            Type::Time => line(&named, Scale::Time),
            Type::Bool => Kind::Members {
                members: vec![Value::Bool(true), Value::Bool(false)],
                ty,
                others: Others::None,
            },
            Type::OneOf(names) => Kind::Members {
                members: names.iter().map(|name| Value::Text(name.clone())).collect(),
                ty,
                others: Others::None,
            },
            Type::Severity => Kind::Members {
                members: severities
                    .iter()
                    .map(|name| Value::Severity(name.clone()))
                    .collect(),
                ty,
                others: Others::None,
            },
            _ => {
                let mut seen = BTreeSet::new();
                let members = named
                    .into_iter()
                    .filter(|value| seen.insert(show::literal(value)));
                Kind::Members {
                    members: members.cloned().collect(),
                    ty,
                    others: Others::Some,
                }
            }
        };
        Atoms { kind }
    }

    pub fn count(&self) -> usize {
        match &self.kind {
            Kind::Members {
                members, others, ..
            } => members.len() + usize::from(*others == Others::Some),
            Kind::Line { atoms, .. } => atoms.len(),
        }
    }

    pub fn in_line(&self) -> InLine {
        match &self.kind {
            Kind::Members { .. } => InLine::No,
            Kind::Line { .. } => InLine::Yes,
        }
    }

    /// The atoms whose values pass a test.
    pub fn those(&self, test: &Test) -> Result<Side, Misfit> {
        let all = self.count();
        Ok(match test {
            Test::Any => Side::from_ranges(vec![(0, all)]),
            Test::Is(value) => {
                let at = self.find(value)?;
                Side::from_ranges(vec![(at, at + 1)])
            }
            Test::NotEqual(value) => {
                let at = self.find(value)?;
                Side::from_ranges(vec![(0, at), (at + 1, all)])
            }
            Test::Less(value) => Side::from_ranges(vec![(0, self.point(value)?)]),
            Test::LessEqual(value) => Side::from_ranges(vec![(0, self.point(value)? + 1)]),
            Test::Greater(value) => Side::from_ranges(vec![(self.point(value)? + 1, all)]),
            Test::GreaterEqual(value) => Side::from_ranges(vec![(self.point(value)?, all)]),
            Test::Between(low, high) => {
                Side::from_ranges(vec![(self.point(low)?, self.point(high)? + 1)])
            }
            Test::OneOf(tests) => {
                let mut ranges = Vec::new();
                for test in tests {
                    ranges.extend(self.those(test)?.ranges());
                }
                Side::from_ranges(ranges)
            }
        })
    }

    fn find(&self, value: &Value) -> Result<usize, Misfit> {
        let Kind::Members { members, ty, .. } = &self.kind else {
            return self.point(value);
        };
        let kind = |value: &Value| match value {
            // The members of a closed set are text, and so are a severity's levels.
            Value::Severity(_) | Value::Url(_) | Value::Path(_) => {
                std::mem::discriminant(&Value::Text(String::new()))
            }
            other => std::mem::discriminant(other),
        };
        if let Some(first) = members.first()
            && kind(first) != kind(value)
        {
            return Err(Misfit::OtherType(show::literal(value)));
        }
        let text = show::literal(value);
        let at = members
            .iter()
            .position(|member| show::value(member) == show::value(value));
        at.ok_or_else(|| {
            let names: Vec<String> = members.iter().map(show::value).collect();
            let near =
                nearest(&show::value(value), names.iter().map(String::as_str)).map(str::to_owned);
            match ty {
                Type::Bool => Misfit::OtherType(text),
                _ => Misfit::NoMember(show::value(value), near),
            }
        })
    }

    fn point(&self, value: &Value) -> Result<usize, Misfit> {
        let Kind::Line { points, scale, .. } = &self.kind else {
            return Err(Misfit::NoOrder);
        };
        on_scale(value, *scale)
            .and_then(|key| points.get(&key).copied())
            .ok_or_else(|| Misfit::OtherType(show::literal(value)))
    }

    /// The atom of a side that tells most: a boundary where there is one.
    pub fn telling(&self, side: &Side) -> usize {
        let first = side.first().unwrap_or(0);
        match &self.kind {
            Kind::Members { .. } => first,
            Kind::Line { atoms, .. } => side
                .ranges()
                .flat_map(|(from, to)| from..to)
                .find(|at| matches!(atoms.get(*at), Some(OnLine::Point(_))))
                .unwrap_or(first),
        }
    }

    /// A value of an atom, as a person would write it.
    pub fn example(&self, atom: usize) -> String {
        match &self.kind {
            Kind::Members { members, ty, .. } => match members.get(atom) {
                Some(member) => show_member(member, ty),
                None if members.is_empty() => format!("any {}", show::ty(ty)),
                None => format!("any other {}", show::ty(ty)),
            },
            Kind::Line { atoms, scale, .. } => match atoms.get(atom) {
                Some(OnLine::Point(at)) => on_line(*at, *scale),
                Some(OnLine::Open(low, high)) => on_line(between(*low, *high, *scale), *scale),
                None => "(nothing)".to_owned(),
            },
        }
    }

    /// A value of an atom; nothing where it stands for whatever else there is.
    #[cfg(test)]
    pub fn value(&self, atom: usize) -> Option<Value> {
        match &self.kind {
            Kind::Members { members, .. } => members.get(atom).cloned(),
            Kind::Line { atoms, scale, .. } => {
                let number = match atoms[atom] {
                    OnLine::Point(at) => at,
                    OnLine::Open(low, high) => between(low, high, *scale),
                };
                Some(match scale {
                    Scale::Number => Value::Number(number),
                    Scale::Percent => Value::Percent(number),
                    Scale::Duration => Value::Duration(number.try_into().ok()?),
                    Scale::Time => Value::Time(number.try_into().ok()?),
                })
            }
        }
    }

    /// A cell that tests for exactly these atoms.
    pub fn cell(&self, side: &Side) -> String {
        if side.count() == self.count() {
            return "any".to_owned();
        }
        let parts: Vec<String> = match &self.kind {
            Kind::Members { members, ty, .. } => {
                if side.ranges().any(|(_, to)| to > members.len()) {
                    // There is no cell for "any other": only `any` closes such a column.
                    return "any".to_owned();
                }
                side.ranges()
                    .flat_map(|(from, to)| from..to)
                    .map(|at| show_member(&members[at], ty))
                    .collect()
            }
            Kind::Line { atoms, scale, .. } => side
                .ranges()
                .map(|(from, to)| interval(&atoms[from..to], *scale))
                .collect(),
        };
        parts.join(", ")
    }
}

/// The values that a test names.
fn values<'a>(test: &'a Test, into: &mut Vec<&'a Value>) {
    match test {
        Test::Any => {}
        Test::Is(value)
        | Test::NotEqual(value)
        | Test::Less(value)
        | Test::LessEqual(value)
        | Test::Greater(value)
        | Test::GreaterEqual(value) => into.push(value),
        Test::Between(low, high) => into.extend([low, high]),
        Test::OneOf(tests) => tests.iter().for_each(|test| values(test, into)),
    }
}

/// A test as it is written in a cell.
pub(super) fn shown_test(test: &Test) -> String {
    let one = |value: &Value| match value {
        Value::Text(text) => show::choice(text),
        other => show::value(other),
    };
    match test {
        Test::Any => "any".to_owned(),
        Test::Is(value) => one(value),
        Test::NotEqual(value) => format!("!= {}", one(value)),
        Test::Less(value) => format!("< {}", one(value)),
        Test::LessEqual(value) => format!("<= {}", one(value)),
        Test::Greater(value) => format!("> {}", one(value)),
        Test::GreaterEqual(value) => format!(">= {}", one(value)),
        Test::Between(low, high) => format!("{}..{}", one(low), one(high)),
        Test::OneOf(tests) => tests.iter().map(shown_test).collect::<Vec<_>>().join(", "),
    }
}

fn show_member(member: &Value, ty: &Type) -> String {
    match (member, ty) {
        (Value::Text(name), Type::OneOf(_)) => show::choice(name),
        (member, _) => show::literal(member),
    }
}

fn on_scale(value: &Value, scale: Scale) -> Option<Decimal> {
    match (value, scale) {
        (Value::Number(n), Scale::Number) | (Value::Percent(n), Scale::Percent) => Some(*n),
        (Value::Duration(ms), Scale::Duration) => Some(Decimal::from(*ms)),
        (Value::Time(ms), Scale::Time) => Some(Decimal::from(*ms)),
        _ => None,
    }
}

fn on_line(at: Decimal, scale: Scale) -> String {
    match scale {
        Scale::Number => show::value(&Value::Number(at)),
        Scale::Percent => show::value(&Value::Percent(at)),
        Scale::Duration => show::duration(at.try_into().unwrap_or(u64::MAX)),
        Scale::Time => show::time(at.try_into().unwrap_or(i64::MAX)),
    }
}

fn line(named: &[&Value], scale: Scale) -> Kind {
    let mut ends: BTreeSet<Decimal> = named
        .iter()
        .filter_map(|value| on_scale(value, scale))
        .collect();
    let whole = matches!(scale, Scale::Duration | Scale::Time);
    let negative = ends.first().is_some_and(|first| *first < Decimal::ZERO);
    let from_zero = match scale {
        Scale::Duration => true,
        Scale::Percent => !negative,
        Scale::Number | Scale::Time => false,
    };
    if from_zero {
        ends.insert(Decimal::ZERO);
    }
    let mut atoms = Vec::new();
    let mut points = BTreeMap::new();
    let mut before: Option<Decimal> = None;
    for end in ends {
        let room = match before {
            None => !from_zero,
            // Between two neighbouring milliseconds there is no time.
            Some(before) => !whole || end - before > Decimal::ONE,
        };
        if room {
            atoms.push(OnLine::Open(before, Some(end)));
        }
        points.insert(end, atoms.len());
        atoms.push(OnLine::Point(end));
        before = Some(end);
    }
    atoms.push(OnLine::Open(before, None));
    Kind::Line {
        atoms,
        points,
        scale,
    }
}

/// A number strictly between two, with as few digits as will do.
fn between(low: Option<Decimal>, high: Option<Decimal>, scale: Scale) -> Decimal {
    let (low, high) = match (low, high) {
        (None, None) => return Decimal::ZERO,
        (None, Some(high)) => return high.checked_sub(unit(high, scale)).unwrap_or(Decimal::MIN),
        (Some(low), None) => return low.checked_add(unit(low, scale)).unwrap_or(Decimal::MAX),
        (Some(low), Some(high)) => (low, high),
    };
    let steps: Vec<Decimal> = match scale {
        Scale::Duration | Scale::Time => UNITS.iter().map(|unit| Decimal::from(*unit)).collect(),
        Scale::Number | Scale::Percent => (0..28).map(|digits| Decimal::new(1, digits)).collect(),
    };
    steps
        .into_iter()
        .filter_map(|step| {
            (low / step)
                .floor()
                .checked_add(Decimal::ONE)?
                .checked_mul(step)
        })
        .find(|number| *number > low && *number < high)
        .unwrap_or_else(|| low / Decimal::TWO + high / Decimal::TWO)
}

/// A day, an hour, a minute, a second, a millisecond.
const UNITS: [u64; 5] = [86_400_000, 3_600_000, 60_000, 1000, 1];

/// The step that a person would take beyond a number.
fn unit(from: Decimal, scale: Scale) -> Decimal {
    match scale {
        Scale::Number | Scale::Percent => Decimal::ONE,
        Scale::Duration => UNITS
            .iter()
            .map(|unit| Decimal::from(*unit))
            .find(|unit| *unit <= from)
            .unwrap_or(Decimal::from(1000)),
        Scale::Time => Decimal::from(UNITS[0]),
    }
}

/// A cell for neighbouring atoms.
fn interval(atoms: &[OnLine], scale: Scale) -> String {
    let (Some(first), Some(last)) = (atoms.first(), atoms.last()) else {
        return "any".to_owned();
    };
    let show = |at: Decimal| on_line(at, scale);
    match (first, last) {
        (OnLine::Point(a), OnLine::Point(b)) if a == b => show(*a),
        (OnLine::Point(a), OnLine::Point(b)) => format!("{}..{}", show(*a), show(*b)),
        (OnLine::Point(a), OnLine::Open(_, None)) => format!(">= {}", show(*a)),
        (OnLine::Open(Some(a), _), OnLine::Open(_, None)) => format!("> {}", show(*a)),
        (OnLine::Open(None, _), OnLine::Open(_, Some(b))) => format!("< {}", show(*b)),
        (OnLine::Open(None, _), OnLine::Point(b)) => format!("<= {}", show(*b)),
        // From the least value there is: nothing lies below, so it need not be said.
        (OnLine::Point(a), OnLine::Open(_, Some(b))) if a.is_zero() && scale != Scale::Number => {
            format!("< {}", show(*b))
        }
        // An end that is out has no form of its own in a cell: the nearest there is, a value inside.
        (OnLine::Point(a), OnLine::Open(low, high)) => {
            format!("{}..{}", show(*a), show(between(*low, *high, scale)))
        }
        (OnLine::Open(low, high), OnLine::Point(b)) => {
            format!("{}..{}", show(between(*low, *high, scale)), show(*b))
        }
        (OnLine::Open(low, _), OnLine::Open(_, high)) => show(between(*low, *high, scale)),
    }
}
