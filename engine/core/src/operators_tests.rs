use serde_json::json;

use super::*;

fn num(n: &str) -> Value {
    Value::Number(n.parse().unwrap())
}
fn percent(n: &str) -> Value {
    Value::Percent(n.parse().unwrap())
}
fn text(t: &str) -> Value {
    Value::Text(t.into())
}
fn list(items: &[Value]) -> Value {
    Value::List(items.to_vec())
}
fn js(value: serde_json::Value) -> Value {
    Value::Json(value)
}

/// A value as the language writes it, or why there is none.
fn comes_to(op: Op, a: &Value, b: &Value) -> String {
    match binary(op, a.clone(), b.clone(), Span::default()) {
        Ok(value) => show::literal(&value),
        Err(why) => why.message,
    }
}

#[test]
fn json_is_equal_to_the_value_that_it_reads_as() {
    for (json, value, wanted) in [
        (json!(true), Value::Bool(true), true),
        (json!(false), Value::Bool(false), true),
        (json!(true), Value::Bool(false), false),
        (json!(5), num("5.0"), true),
        (json!(5), num("6"), false),
        (json!("ok"), text("ok"), true),
        (json!("ok"), text("no"), false),
        (json!("5%"), percent("5"), true),
        (json!("6%"), percent("5"), false),
        (json!("P0"), Value::Severity("P0".into()), true),
        (json!([1, "a"]), list(&[num("1"), text("a")]), true),
        (json!([1, "b"]), list(&[num("1"), text("a")]), false),
        (json!([2, "a"]), list(&[num("1"), text("a")]), false),
        (json!([1]), list(&[num("1"), num("2")]), false),
        (json!([1, 2]), list(&[num("1")]), false),
        (json!([]), list(&[]), true),
        (json!(1), text("1"), false),
        (json!(true), text("true"), false),
        (json!({"a": 1}), text("a"), false),
    ] {
        assert_eq!(equal(&js(json.clone()), &value), wanted, "{json} {value:?}");
        assert_eq!(equal(&value, &js(json.clone())), wanted, "{value:?} {json}");
    }
}

#[test]
fn json_is_equal_to_json_where_it_says_the_same() {
    for (a, b, wanted) in [
        (json!({"a": [1]}), json!({"a": [1]}), true),
        (json!({"a": [1]}), json!({"a": [2]}), false),
        (json!(1), json!(1.0), true),
        (json!(1), json!(2), false),
        // Neither is a number that can be computed with, and they are two.
        (json!(1e300), json!(2e300), false),
        (json!(1e300), json!(1e300), true),
        (json!("5"), json!(5), true),
        (json!("a"), json!("b"), false),
    ] {
        assert_eq!(equal(&js(a.clone()), &js(b.clone())), wanted, "{a} {b}");
        assert_eq!(equal(&js(b.clone()), &js(a.clone())), wanted, "{b} {a}");
    }
}

#[test]
fn lists_are_equal_by_their_items_and_texts_by_what_they_say() {
    let two = list(&[num("1"), text("a")]);
    assert!(equal(&two, &list(&[num("1.0"), text("a")])));
    assert!(!equal(&two, &list(&[num("1"), text("b")])));
    assert!(!equal(&two, &list(&[num("1")])));
    assert!(!equal(&list(&[]), &two));
    let path = Value::Path("a".into());
    assert!(equal(&two, &list(&[num("1"), path])));
    assert!(equal(&text("a"), &Value::Path("a".into())));
    assert!(!equal(&text("a"), &Value::Url("b".into())));
    assert!(equal(&Value::Duration(1), &Value::Duration(1)));
    assert!(!equal(&Value::Duration(1), &Value::Duration(2)));
    assert!(!equal(&text("1"), &num("1")));
}

#[test]
fn an_order_holds_at_its_border_and_on_both_sides_of_it() {
    use Op::{Greater, GreaterEqual, Less, LessEqual};
    let (small, large) = (num("1"), js(json!(2)));
    for (op, below, at, above) in [
        (Less, "yes", "no", "no"),
        (LessEqual, "yes", "yes", "no"),
        (Greater, "no", "no", "yes"),
        (GreaterEqual, "no", "yes", "yes"),
    ] {
        assert_eq!(comes_to(op, &small, &large), below, "{op:?}");
        assert_eq!(comes_to(op, &large, &num("2")), at, "{op:?}");
        assert_eq!(comes_to(op, &large, &small), above, "{op:?}");
    }
    assert_eq!(
        comes_to(Less, &js(json!(1e300)), &small),
        "1e+300 is too large a number"
    );
}

#[test]
fn a_text_of_json_holds_its_parts_and_an_object_its_keys() {
    let body = js(json!("all good"));
    assert_eq!(comes_to(Op::Contains, &body, &text("good")), "yes");
    assert_eq!(comes_to(Op::Contains, &body, &text("bad")), "no");
    assert_eq!(comes_to(Op::In, &text("all"), &body), "yes");
    let fields = js(json!({"a": 1}));
    assert_eq!(comes_to(Op::NotIn, &text("a"), &fields), "no");
    assert_eq!(comes_to(Op::NotIn, &text("b"), &fields), "yes");
    let items = js(json!(["a", 1]));
    assert_eq!(comes_to(Op::In, &num("1.0"), &items), "yes");
    assert_eq!(comes_to(Op::In, &num("2"), &items), "no");
    assert_eq!(
        comes_to(Op::Contains, &num("2"), &text("2")),
        "`2` holds nothing: it is neither text nor a list"
    );
}

#[test]
fn percents_times_and_texts_are_computed_with_their_own() {
    use Op::{Add, Divide, Multiply, Subtract};
    let (at, minute) = (Value::Time(60_000), Value::Duration(60_000));
    for (op, a, b, wanted) in [
        (Add, &percent("10"), &percent("2.5"), "12.5%"),
        (Subtract, &percent("10"), &percent("2.5"), "7.5%"),
        (Multiply, &num("2"), &percent("10"), "20%"),
        (Divide, &percent("10"), &num("4"), "2.5%"),
        (Subtract, &num("2"), &num("3"), "-1"),
        (Add, &js(json!(2)), &num("3"), "5"),
        (Add, &at, &minute, "1970-01-01T00:02:00Z"),
        (Add, &minute, &at, "1970-01-01T00:02:00Z"),
        (Subtract, &at, &minute, "1970-01-01T00:00:00Z"),
        (Subtract, &at, &at, "0s"),
        (
            Subtract,
            &Value::Time(0),
            &at,
            "`1970-01-01T00:00:00Z` is before `1970-01-01T00:01:00Z`, and a duration is never negative",
        ),
        (Subtract, &minute, &minute, "0s"),
        (Multiply, &minute, &num("0"), "0s"),
        (Multiply, &Value::Duration(0), &num("-1"), "0s"),
        (Divide, &minute, &num("-1"), "a duration is never negative"),
        (
            Add,
            &Value::Path("/srv".into()),
            &js(json!("/app")),
            "\"/srv/app\"",
        ),
        (
            Add,
            &percent("1"),
            &num("1"),
            "`+` has no meaning between `1%` and `1`",
        ),
    ] {
        assert_eq!(comes_to(op, a, b), wanted, "{a:?} {op:?} {b:?}");
    }
    for (op, sign) in [(Subtract, '-'), (Multiply, '*'), (Divide, '/')] {
        assert_eq!(
            comes_to(op, &text("a"), &text("b")),
            format!("`{sign}` has no meaning between `\"a\"` and `\"b\"`")
        );
    }
}
