use proptest::prelude::*;
use runbook_grammar::span::{SourceId, Span};
use rust_decimal::Decimal;

use super::*;
use crate::plan::{Column, MatrixRow};

fn matrix(inputs: Vec<(&str, Type)>, first: bool, rows: Vec<Vec<Test>>) -> Matrix {
    Matrix {
        name: "triage".into(),
        inputs: inputs
            .into_iter()
            .map(|(name, ty)| Column {
                name: name.into(),
                ty,
            })
            .collect(),
        outputs: vec![Column {
            name: "response".into(),
            ty: Type::Text,
        }],
        first,
        rows: rows
            .into_iter()
            .enumerate()
            .map(|(n, tests)| MatrixRow {
                tests,
                gives: vec![],
                notes: vec![],
                span: Span::new(SourceId(0), n * 10, n * 10 + 9),
            })
            .collect(),
    }
}

fn levels() -> Vec<String> {
    ["P0", "P1", "P2"].map(String::from).to_vec()
}

/// Every error: number, message, help.
fn proven(matrix: &Matrix) -> Vec<String> {
    prove(matrix, &levels(), Span::default())
        .into_iter()
        .map(|error| {
            format!(
                "{}: {}; {}",
                error.code,
                error.message,
                error.help.unwrap_or_default()
            )
        })
        .collect()
}

fn percent(n: i64) -> Value {
    Value::Percent(n.into())
}
fn is(value: Value) -> Test {
    Test::Is(value)
}
fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn up_and_rate(rows: Vec<Vec<Test>>) -> Matrix {
    matrix(
        vec![("up", Type::Bool), ("error_rate", Type::Percent)],
        false,
        rows,
    )
}

#[test]
fn a_matrix_that_answers_everything_once_is_proven() {
    let good = up_and_rate(vec![
        vec![is(Value::Bool(false)), Test::Any],
        vec![is(Value::Bool(true)), Test::Greater(percent(10))],
        vec![
            is(Value::Bool(true)),
            Test::Between(percent(5), percent(10)),
        ],
        vec![is(Value::Bool(true)), Test::Less(percent(5))],
    ]);
    assert_eq!(proven(&good), Vec::<String>::new());
    assert_eq!(pick(&good, &[Value::Bool(true), percent(10)]), Ok(2));
    assert_eq!(pick(&good, &[Value::Bool(false), percent(99)]), Ok(0));
    let json = |n: serde_json::Value| Value::Json(n);
    assert_eq!(
        pick(&good, &[json(true.into()), json("4.9%".into())]),
        Ok(3)
    );
    assert_eq!(
        pick(&good, &[Value::Bool(true), Value::Missing])
            .unwrap_err()
            .to_string(),
        "`error_rate` has no value"
    );
    assert!(
        pick(&good, &[Value::Bool(true), text("x")])
            .unwrap_err()
            .to_string()
            .contains("cannot be compared")
    );
}

#[test]
fn an_overlap_names_the_boundary_that_both_rows_match() {
    let rows = vec![
        vec![is(Value::Bool(false)), Test::Any],
        vec![is(Value::Bool(true)), Test::GreaterEqual(percent(10))],
        vec![
            is(Value::Bool(true)),
            Test::Between(percent(5), percent(10)),
        ],
        vec![is(Value::Bool(true)), Test::Less(percent(5))],
    ];
    assert_eq!(
        proven(&up_and_rate(rows)),
        [
            "RB2201: `up = yes, error_rate = 10%` matches rows 2 and 3; narrow one of the two, or write `first` after \
          the signature if the upper row is meant to win"
        ]
    );
}

#[test]
fn a_gap_names_its_boundary_and_the_row_that_would_fill_it() {
    let rows = vec![
        vec![is(Value::Bool(false)), Test::Any],
        vec![is(Value::Bool(true)), Test::Greater(percent(10))],
        vec![is(Value::Bool(true)), Test::Less(percent(10))],
    ];
    assert_eq!(
        proven(&up_and_rate(rows)),
        ["RB2200: no row matches `up = yes, error_rate = 10%`; add a row: `| yes | 10% | … |`"]
    );
    let rows = vec![vec![Test::Any, Test::Less(percent(5))]];
    assert_eq!(
        proven(&up_and_rate(rows)),
        ["RB2200: no row matches `up = yes, error_rate = 5%`; add a row: `| any | >= 5% | … |`"]
    );
    let rows = vec![vec![is(Value::Bool(true)), Test::LessEqual(percent(5))]];
    assert_eq!(
        proven(&up_and_rate(rows)),
        [
            "RB2200: no row matches `up = yes, error_rate = 6%`; add a row: `| any | > 5% | … |`",
            "RB2200: no row matches `up = no, error_rate = 0%`; add a row: `| no | 0%..5% | … |`",
        ]
    );
    assert_eq!(
        proven(&up_and_rate(vec![])),
        ["RB2200: no row matches `up = yes, error_rate = 0%`; add a row: `| any | any | … |`"]
    );
}

#[test]
fn open_text_is_closed_by_any_alone() {
    let rows = vec![vec![is(text("eu"))], vec![is(text("us"))]];
    assert_eq!(
        proven(&matrix(vec![("region", Type::Text)], false, rows)),
        ["RB2200: no row matches `region = any other text`; add a row: `| any | … |`"]
    );
    let rows = vec![vec![is(text("eu"))], vec![Test::NotEqual(text("eu"))]];
    assert_eq!(
        proven(&matrix(vec![("region", Type::Text)], false, rows)),
        Vec::<String>::new()
    );
    let rows = vec![vec![Test::Greater(text("eu"))], vec![Test::Any]];
    assert!(proven(&matrix(vec![("region", Type::Text)], true, rows))[0].starts_with("RB2204"));
}

#[test]
fn closed_sets_know_their_members() {
    let of = Type::OneOf(vec!["API down".into(), "slow".into()]);
    let rows = vec![vec![is(text("API down"))]];
    assert_eq!(
        proven(&matrix(vec![("symptom", of.clone())], false, rows)),
        ["RB2200: no row matches `symptom = slow`; add a row: `| slow | … |`"]
    );
    let rows = vec![vec![is(text("API dwn"))]];
    assert_eq!(
        proven(&matrix(vec![("symptom", of)], false, rows)),
        [
            "RB2204: the test of `symptom` in row 1 does not fit its column; write `API down`, or add `API dwn` to the set"
        ]
    );
    let rows = vec![
        vec![is(Value::Severity("P1".into()))],
        vec![Test::NotEqual(Value::Severity("P0".into()))],
    ];
    assert_eq!(
        proven(&matrix(vec![("level", Type::Severity)], false, rows)),
        [
            "RB2201: `level = P1` matches rows 1 and 2; narrow one of the two, or write `first` after the signature if \
             the upper row is meant to win",
            "RB2200: no row matches `level = P0`; add a row: `| P0 | … |`",
        ]
    );
}

#[test]
fn a_row_that_rows_above_hide_is_dead_in_a_first_matrix() {
    let rows = vec![
        vec![Test::Greater(percent(5))],
        vec![Test::Greater(percent(10))],
        vec![Test::Any],
    ];
    assert_eq!(
        proven(&matrix(vec![("rate", Type::Percent)], true, rows)),
        [
            "RB2202: row 2 is never taken: `rate = 11%` goes to row 1; move it above the rows that hide it, or delete it"
        ]
    );
    // Two rows hide it together, though neither does alone.
    let rows = vec![
        vec![Test::Greater(percent(5))],
        vec![Test::LessEqual(percent(5))],
        vec![Test::Any],
    ];
    assert_eq!(
        proven(&matrix(vec![("rate", Type::Percent)], true, rows)).len(),
        1
    );
}

#[test]
fn a_test_that_nothing_passes_is_said() {
    let one = |test| {
        proven(&matrix(
            vec![("rate", Type::Percent)],
            false,
            vec![vec![test], vec![Test::Any]],
        ))
    };
    assert_eq!(
        one(Test::Between(percent(10), percent(5))),
        [
            "RB2203: no value of `rate` passes the test of row 1; write the lower end first: `5%..10%`"
        ]
    );
    assert!(one(Test::Less(percent(0)))[0].starts_with("RB2203"));
    // Once a cell names a negative percent, the column has them.
    assert!(one(Test::Less(percent(-1)))[0].starts_with("RB2201"));
}

#[test]
fn durations_are_whole_milliseconds() {
    let ms = Value::Duration;
    let rows = vec![
        vec![Test::Less(ms(60_000))],
        vec![Test::Greater(ms(59_999))],
    ];
    assert_eq!(
        proven(&matrix(vec![("age", Type::Duration)], false, rows)),
        Vec::<String>::new()
    );
    let rows = vec![
        vec![Test::Less(ms(300_000))],
        vec![Test::Greater(ms(600_000))],
    ];
    assert_eq!(
        proven(&matrix(vec![("age", Type::Duration)], false, rows)),
        ["RB2200: no row matches `age = 5m`; add a row: `| 5m..10m | … |`"]
    );
    let rows = vec![
        vec![Test::LessEqual(ms(300_000))],
        vec![Test::GreaterEqual(ms(600_000))],
    ];
    assert_eq!(
        proven(&matrix(vec![("age", Type::Duration)], false, rows))[0]
            .split(';')
            .next(),
        Some("RB2200: no row matches `age = 6m`")
    );
}

#[test]
fn many_mistakes_are_reported_up_to_a_limit() {
    let rows = (0..40).map(|_| vec![Test::Any]).collect();
    let errors = proven(&matrix(vec![("up", Type::Bool)], false, rows));
    assert_eq!(errors.len(), AT_MOST);
    assert!(errors[AT_MOST - 1].ends_with("; more rows overlap"));
}

#[test]
fn ten_thousand_rows_are_proven() {
    let number = |n: usize| Value::Number(Decimal::from(n));
    let inputs = || {
        vec![
            ("a", Type::Number),
            ("b", Type::Bool),
            ("c", Type::Percent),
            ("d", Type::Text),
        ]
    };
    let cell = |n: usize| match n {
        0 => Test::Less(number(1)),
        4_999 => Test::GreaterEqual(number(4_999)),
        n => Test::OneOf(vec![
            Test::Is(number(n)),
            Test::Between(number(n), number(n)),
        ]),
    };
    let mut rows: Vec<Vec<Test>> = Vec::new();
    for n in 0..5_000 {
        rows.push(vec![
            cell(n),
            Test::Is(Value::Bool(true)),
            Test::Any,
            Test::Any,
        ]);
        rows.push(vec![
            cell(n),
            Test::Is(Value::Bool(false)),
            Test::Any,
            Test::Any,
        ]);
    }
    // Between the whole numbers there are others: gaps, of which the first are said.
    let errors = proven(&matrix(inputs(), false, rows.clone()));
    assert_eq!(errors.len(), AT_MOST);
    assert!(
        errors[0].contains("`a = 1.1, b = yes, c = 0%, d = any text`"),
        "{}",
        errors[0]
    );
    let first = |mut rows: Vec<Vec<Test>>| {
        rows.push(vec![Test::Any; 4]);
        proven(&matrix(inputs(), true, rows))
    };
    assert_eq!(first(rows), Vec::<String>::new());
}

#[test]
fn what_is_too_entangled_is_said_and_not_waited_for() {
    // Random clauses over 40 switches: to prove that some switch is left out is as hard as it gets.
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let columns: Vec<String> = (0..40).map(|n| format!("c{n}")).collect();
    let rows = (0..168)
        .map(|_| {
            let mut row = vec![Test::Any; 40];
            for _ in 0..3 {
                row[next(40) as usize] = Test::Is(Value::Bool(next(2) == 0));
            }
            row
        })
        .collect();
    let inputs = columns
        .iter()
        .map(|name| (name.as_str(), Type::Bool))
        .collect();
    let errors = proven(&matrix(inputs, true, rows));
    assert!(
        errors
            .iter()
            .any(|error| error.starts_with("RB2205") || error.starts_with("RB2200"))
    );
}

#[test]
fn whatever_a_person_would_write_is_within_the_budget() {
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..30 {
        let kinds = [
            Type::Percent,
            Type::Bool,
            Type::Number,
            Type::Severity,
            Type::Duration,
            Type::Bool,
            Type::Text,
            Type::Percent,
        ];
        let names: Vec<String> = (0..8).map(|n| format!("c{n}")).collect();
        let mut rows: Vec<Vec<Test>> = (0..20)
            .map(|_| {
                kinds
                    .iter()
                    .map(|ty| {
                        let number = next(30) as i64;
                        match (ty, next(3)) {
                            (_, 0) => Test::Any,
                            (Type::Percent, 1) => Test::Greater(percent(number)),
                            (Type::Percent, _) => {
                                Test::Between(percent(number), percent(number + 20))
                            }
                            (Type::Number, _) => Test::LessEqual(Value::Number(number.into())),
                            (Type::Duration, _) => {
                                Test::GreaterEqual(Value::Duration(number as u64 * 60_000))
                            }
                            (Type::Severity, n) => Test::NotEqual(Value::Severity(format!("P{n}"))),
                            (Type::Text, n) => Test::NotEqual(text(&format!("t{n}"))),
                            (_, n) => Test::Is(Value::Bool(n == 1)),
                        }
                    })
                    .collect()
            })
            .collect();
        rows.push(vec![Test::Any; 8]);
        let inputs: Vec<(&str, Type)> = names.iter().map(String::as_str).zip(kinds).collect();
        let errors = proven(&matrix(inputs, true, rows));
        assert!(
            !errors.iter().any(|error| error.starts_with("RB2205")),
            "{errors:?}"
        );
    }
}

/// Tests over a small column.
fn any_test(column: usize) -> BoxedStrategy<Test> {
    let value = move || -> BoxedStrategy<Value> {
        match column {
            0 => any::<bool>().prop_map(Value::Bool).boxed(),
            1 => (0_i64..4).prop_map(percent).boxed(),
            2 => prop::sample::select(vec!["a", "b", "c"])
                .prop_map(text)
                .boxed(),
            _ => (0_u64..4).prop_map(Value::Duration).boxed(),
        }
    };
    let simple = prop_oneof![
        3 => Just(Test::Any),
        3 => value().prop_map(Test::Is),
        1 => value().prop_map(Test::NotEqual),
    ];
    if column == 1 || column == 3 {
        prop_oneof![
            2 => simple,
            1 => value().prop_map(Test::Less),
            1 => value().prop_map(Test::LessEqual),
            1 => value().prop_map(Test::Greater),
            1 => value().prop_map(Test::GreaterEqual),
            1 => (value(), value()).prop_map(|(a, b)| Test::Between(a, b)),
            1 => (value(), value()).prop_map(|(a, b)| Test::OneOf(vec![Test::Is(a), Test::Greater(b)])),
        ]
        .boxed()
    } else {
        simple.boxed()
    }
}

fn any_row() -> impl Strategy<Value = Vec<Test>> {
    (any_test(0), any_test(1), any_test(2), any_test(3)).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Every atom of every column has a value; asking [`passes`] about all of them, row by row, tells what is
    /// true of the matrix. It is what [`prove`] must have said.
    #[test]
    fn the_proof_agrees_with_trying_everything(rows in prop::collection::vec(any_row(), 0..7), first: bool) {
        let kinds = vec![
            ("up", Type::Bool),
            ("rate", Type::Percent),
            ("kind", Type::OneOf(vec!["a".into(), "b".into(), "c".into()])),
            ("age", Type::Duration),
        ];
        let m = matrix(kinds, first, rows);
        let columns: Vec<Atoms> = (0..4)
            .map(|at| Atoms::cut(&m.inputs[at], m.rows.iter().map(|row| &row.tests[at]), &levels()))
            .collect();
        let mut gaps = 0;
        let mut pairs = std::collections::BTreeSet::new();
        let mut taken = std::collections::BTreeSet::<usize>::new();
        for a in 0..columns[0].count() {
            for b in 0..columns[1].count() {
                for c in 0..columns[2].count() {
                    for d in 0..columns[3].count() {
                        let values: Vec<Value> =
                            [a, b, c, d].iter().zip(&columns).map(|(n, atoms)| atoms.value(*n).unwrap()).collect();
                        let matching: Vec<usize> = (0..m.rows.len())
                            .filter(|n| m.rows[*n].tests.iter().zip(&values).all(|(t, v)| passes(t, v).unwrap()))
                            .collect();
                        gaps += usize::from(matching.is_empty());
                        taken.extend(matching.first());
                        for (i, x) in matching.iter().enumerate() {
                            for y in &matching[i + 1..] {
                                pairs.insert((*x, *y));
                            }
                        }
                        let picked = pick(&m, &values);
                        match (first, matching.as_slice()) {
                            (_, []) => prop_assert_eq!(picked, Err(PickError::NoRow)),
                            (true, [one, ..]) | (false, [one]) => prop_assert_eq!(picked, Ok(*one)),
                            (false, _) => prop_assert_eq!(picked, Err(PickError::Several(matching.clone()))),
                        }
                    }
                }
            }
        }
        let errors = prove(&m, &levels(), Span::default());
        let count = |code| errors.iter().filter(|error| error.code == code).count();
        let empty: usize = m.rows.iter().map(|row| {
            row.tests.iter().zip(&columns).filter(|(test, atoms)| atoms.those(test).is_ok_and(|side| side.is_empty())).count()
        }).sum();
        prop_assert_eq!(count(codes::MATRIX_EMPTY_TEST), empty);
        prop_assert_eq!(count(codes::MATRIX_UNFIT_TEST), 0);
        prop_assert_eq!(count(codes::MATRIX_TOO_ENTANGLED), 0);
        if empty == 0 {
            prop_assert_eq!(count(codes::MATRIX_GAP) > 0, gaps > 0);
            prop_assert_eq!(count(codes::MATRIX_OVERLAP), if first { 0 } else { pairs.len().min(AT_MOST) });
            let dead = if first { m.rows.len() - taken.len() } else { 0 };
            prop_assert_eq!(count(codes::MATRIX_DEAD_ROW), dead);
        }
    }
}
