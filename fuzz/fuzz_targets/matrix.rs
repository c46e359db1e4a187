//! The proof of a matrix against trying every input: numbers below and above every bound, on it, and between two.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use runbook_grammar::span::{SourceId, Span};
use runbook_plan::matrix::{pick, prove};
use runbook_plan::plan::{Column, Matrix, MatrixRow, Test};
use runbook_plan::value::{Type, Value};

#[derive(Arbitrary, Debug)]
enum Kind {
    Bool,
    Number,
    Percent,
}

#[derive(Arbitrary, Debug)]
enum Cell {
    Any,
    Is(u8),
    Less(u8),
    LessEqual(u8),
    Greater(u8),
    GreaterEqual(u8),
    Between(u8, u8),
}

#[derive(Arbitrary, Debug)]
struct Case {
    columns: Vec<Kind>,
    rows: Vec<Vec<Cell>>,
    first: bool,
}

/// Bounds stand at 1 to 5.
fn bound(n: u8) -> i64 {
    i64::from(n % 5) + 1
}

fn value(kind: &Kind, half: i64) -> Value {
    let number = (half * 5).to_string();
    // Halves, as decimals with one place.
    let number = match number.len() {
        1 => format!("0.{number}"),
        n => format!("{}.{}", &number[..n - 1], &number[n - 1..]),
    };
    let number = number.parse().expect("a decimal");
    match kind {
        Kind::Bool => Value::Bool(half > 0),
        Kind::Number => Value::Number(number),
        Kind::Percent => Value::Percent(number),
    }
}

fn test(kind: &Kind, cell: &Cell) -> Test {
    let whole = |n: u8| value(kind, bound(n) * 2);
    match (kind, cell) {
        (_, Cell::Any) => Test::Any,
        (
            Kind::Bool,
            Cell::Is(n)
            | Cell::Less(n)
            | Cell::LessEqual(n)
            | Cell::Greater(n)
            | Cell::GreaterEqual(n)
            | Cell::Between(n, _),
        ) => Test::Is(Value::Bool(n % 2 == 0)),
        (_, Cell::Is(n)) => Test::Is(whole(*n)),
        (_, Cell::Less(n)) => Test::Less(whole(*n)),
        (_, Cell::LessEqual(n)) => Test::LessEqual(whole(*n)),
        (_, Cell::Greater(n)) => Test::Greater(whole(*n)),
        (_, Cell::GreaterEqual(n)) => Test::GreaterEqual(whole(*n)),
        (_, Cell::Between(a, b)) => {
            let (a, b) = (bound(*a).min(bound(*b)), bound(*a).max(bound(*b)));
            Test::Between(value(kind, a * 2), value(kind, b * 2))
        }
    }
}

fuzz_target!(|case: Case| {
    let columns = &case.columns[..case.columns.len().min(3)];
    if columns.is_empty() || case.rows.is_empty() || case.rows.len() > 6 {
        return;
    }
    let matrix = Matrix {
        name: "m".into(),
        inputs: columns
            .iter()
            .enumerate()
            .map(|(n, kind)| Column {
                name: format!("c{n}"),
                ty: match kind {
                    Kind::Bool => Type::Bool,
                    Kind::Number => Type::Number,
                    Kind::Percent => Type::Percent,
                },
            })
            .collect(),
        outputs: vec![Column {
            name: "out".into(),
            ty: Type::Text,
        }],
        first: case.first,
        rows: case
            .rows
            .iter()
            .enumerate()
            .map(|(n, cells)| MatrixRow {
                tests: columns
                    .iter()
                    .enumerate()
                    .map(|(at, kind)| cells.get(at).map_or(Test::Any, |cell| test(kind, cell)))
                    .collect(),
                gives: vec![],
                notes: vec![],
                span: Span::new(SourceId(0), n * 10, n * 10 + 9),
            })
            .collect(),
    };
    let told: Vec<u16> = prove(&matrix, &[], Span::default())
        .iter()
        .map(|d| d.code.0)
        .collect();
    if told.contains(&2205) || told.contains(&2204) || told.contains(&2203) {
        return;
    }
    // What each input matches. Percentages are none below 0.
    let mut inputs = vec![Vec::new()];
    for kind in columns {
        let halves = match kind {
            Kind::Bool => 0..=1,
            Kind::Number | Kind::Percent => 0..=12,
        };
        inputs = inputs
            .into_iter()
            .flat_map(|input: Vec<i64>| {
                halves
                    .clone()
                    .map(move |half| input.iter().copied().chain([half]).collect())
            })
            .collect();
    }
    let holds = |test: &Test, half: i64| {
        let of = |value: &Value| match value {
            Value::Bool(yes) => i64::from(*yes),
            Value::Number(n) | Value::Percent(n) => {
                let whole: f64 = n.to_string().parse().expect("a number");
                (whole * 2.0) as i64
            }
            other => panic!("{other:?}"),
        };
        match test {
            Test::Any => true,
            Test::Is(v) => half == of(v),
            Test::Less(v) => half < of(v),
            Test::LessEqual(v) => half <= of(v),
            Test::Greater(v) => half > of(v),
            Test::GreaterEqual(v) => half >= of(v),
            Test::Between(a, b) => half >= of(a) && half <= of(b),
            other => panic!("{other:?}"),
        }
    };
    let (mut gap, mut overlap) = (false, false);
    let mut reached = vec![false; matrix.rows.len()];
    for input in &inputs {
        let matching: Vec<usize> = (0..matrix.rows.len())
            .filter(|row| {
                let tests = matrix.rows[*row].tests.iter().zip(input);
                tests.clone().all(|(test, half)| holds(test, *half))
            })
            .collect();
        gap |= matching.is_empty();
        overlap |= matching.len() > 1;
        if let Some(row) = matching.first() {
            reached[*row] = true;
            let values: Vec<Value> = columns
                .iter()
                .zip(input)
                .map(|(kind, half)| value(kind, *half))
                .collect();
            if case.first || matching.len() == 1 {
                assert_eq!(pick(&matrix, &values), Ok(*row), "{case:?} {input:?}");
            }
        }
    }
    assert_eq!(told.contains(&2200), gap, "a gap: {case:?} {told:?}");
    if case.first {
        assert_eq!(
            told.contains(&2202),
            reached.contains(&false),
            "a dead row: {case:?} {told:?}"
        );
    } else {
        assert_eq!(
            told.contains(&2201) || told.contains(&2202),
            overlap,
            "an overlap: {case:?} {told:?}"
        );
    }
});
