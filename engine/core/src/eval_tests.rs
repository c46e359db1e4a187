use std::collections::BTreeMap;

use runbook_grammar::span::Span;
use runbook_plan::expr::{
    Expr, ExprKind, Function, LastFact, Op, Pattern, RunFact, Template, TemplatePart,
};
use runbook_plan::ids::VarId;
use runbook_plan::show;
use runbook_plan::value::{SecretId, Type, Value};
use rust_decimal::Decimal;
use serde_json::json;

use super::*;
use crate::event::Moment;

#[derive(Default)]
pub struct World {
    pub vars: BTreeMap<VarId, Value>,
    pub last: BTreeMap<u8, Value>,
    pub levels: Vec<String>,
}

impl Scope for World {
    fn var(&self, var: VarId) -> Option<&Value> {
        self.vars.get(&var)
    }
    fn now(&self) -> Moment {
        Moment {
            wall: 1_762_509_600_000,
            boot: 0,
        }
    }
    fn run(&self, fact: RunFact) -> Value {
        match fact {
            RunFact::Started => Value::Time(1_762_509_600_000),
            _ => Value::Text(format!("{fact:?}")),
        }
    }
    fn last(&self, fact: LastFact) -> Option<Value> {
        self.last.get(&(fact as u8)).cloned()
    }
    fn env(&self, name: &str) -> Option<&str> {
        (name == "HOME").then_some("/srv/home")
    }
    fn secret(&self, _: SecretId) -> &str {
        "database_url"
    }
    fn severities(&self) -> &[String] {
        &self.levels
    }
}

pub fn expr(kind: ExprKind) -> Expr {
    Expr {
        kind,
        ty: Type::Text,
        span: Span::default(),
    }
}
pub fn lit(value: Value) -> Expr {
    expr(ExprKind::Literal(value))
}
pub fn text(text: &str) -> Expr {
    lit(Value::Text(text.into()))
}
fn num(n: &str) -> Expr {
    lit(Value::Number(n.parse().unwrap()))
}
fn percent(n: &str) -> Expr {
    lit(Value::Percent(n.parse().unwrap()))
}
fn dur(ms: u64) -> Expr {
    lit(Value::Duration(ms))
}
fn js(value: serde_json::Value) -> Expr {
    lit(Value::Json(value))
}
fn list(items: Vec<Expr>) -> Expr {
    expr(ExprKind::List(items))
}
fn bin(op: Op, a: Expr, b: Expr) -> Expr {
    expr(ExprKind::Binary(op, Box::new(a), Box::new(b)))
}
fn call(function: Function, args: Vec<Expr>) -> Expr {
    expr(ExprKind::Call(function, args))
}
fn missing() -> Expr {
    expr(ExprKind::Var(VarId(99)))
}
fn field(of: Expr, name: &str) -> Expr {
    expr(ExprKind::Field(Box::new(of), name.into()))
}

fn is(e: Expr) -> String {
    show::literal(&eval(&e, &World::default()).unwrap())
}
fn fails(e: Expr) -> String {
    eval(&e, &World::default()).unwrap_err().message
}

#[test]
fn arithmetic_is_exact() {
    assert_eq!(is(bin(Op::Add, num("0.1"), num("0.2"))), "0.3");
    assert_eq!(is(bin(Op::Multiply, percent("10"), num("1.5"))), "15%");
    assert_eq!(is(bin(Op::Divide, percent("10"), percent("4"))), "2.5");
    assert_eq!(is(bin(Op::Add, dur(60_000), dur(30_000))), "1m30s");
    assert_eq!(is(bin(Op::Multiply, num("1.5"), dur(60_000))), "1m30s");
    assert_eq!(is(bin(Op::Divide, dur(60_000), dur(1_000))), "60");
    assert_eq!(
        is(bin(Op::Add, lit(Value::Time(0)), dur(1_000))),
        "1970-01-01T00:00:01Z"
    );
    assert_eq!(
        is(bin(
            Op::Subtract,
            lit(Value::Time(9_000)),
            lit(Value::Time(1_000))
        )),
        "8s"
    );
    assert_eq!(is(bin(Op::Add, text("a"), text("b"))), "\"ab\"");
    assert_eq!(
        is(bin(Op::Add, list(vec![num("1")]), list(vec![num("2")]))),
        "[1, 2]"
    );
    let minus = |of| is(expr(ExprKind::Negate(Box::new(of))));
    assert_eq!(
        (minus(percent("3")), minus(num("-2"))),
        ("-3%".into(), "2".into())
    );
}

#[test]
fn what_cannot_be_computed_says_so_plainly() {
    let max = || lit(Value::Number(Decimal::MAX));
    assert_eq!(
        fails(bin(Op::Divide, num("1"), num("0"))),
        "1 is divided by zero"
    );
    assert_eq!(
        fails(bin(Op::Subtract, dur(1000), dur(2000))),
        "`1s` is shorter than `2s`, and a duration is never negative"
    );
    assert!(fails(bin(Op::Multiply, max(), max())).ends_with("is too large to compute"));
    assert!(fails(bin(Op::Add, dur(u64::MAX), dur(1))).ends_with("is too large to compute"));
    assert!(
        fails(bin(Op::Add, lit(Value::Time(i64::MAX)), dur(u64::MAX)))
            .ends_with("is too large to compute")
    );
    assert_eq!(
        fails(bin(Op::Multiply, dur(1), num("-1"))),
        "a duration is never negative"
    );
    assert_eq!(
        fails(bin(Op::Add, num("1"), text("a"))),
        "`+` has no meaning between `1` and `\"a\"`"
    );
    assert_eq!(
        fails(bin(Op::Less, text("a"), text("b"))),
        "`\"a\"` and `\"b\"` have no order"
    );
}

#[test]
fn what_is_missing_is_caught_by_else_and_by_nothing_else() {
    let or = |a, b| expr(ExprKind::Else(Box::new(a), Box::new(b)));
    assert_eq!(is(or(missing(), num("1"))), "1");
    assert_eq!(is(or(js(json!(null)), num("1"))), "1");
    assert_eq!(is(or(field(js(json!({"a": {}})), "b"), num("1"))), "1");
    assert_eq!(
        is(or(
            num("2"),
            expr(ExprKind::Binary(
                Op::Divide,
                Box::new(num("1")),
                Box::new(num("0"))
            ))
        )),
        "2"
    );
    assert_eq!(is(expr(ExprKind::IsSet(Box::new(missing())))), "no");
    assert_eq!(is(expr(ExprKind::IsEmpty(Box::new(missing())))), "yes");
    assert_eq!(
        fails(bin(Op::Equal, missing(), num("1"))),
        "this has no value"
    );
    assert_eq!(
        fails(bin(Op::NotEqual, field(js(json!({})), "ready"), num("1"))),
        "there is no field `ready`"
    );
}

#[test]
fn what_is_missing_is_said_by_what_it_would_be() {
    let at = |of, n| expr(ExprKind::Index(Box::new(of), Box::new(num(n))));
    for (what, why) in [
        (missing(), "this has no value"),
        (field(js(json!({})), "ready"), "there is no field `ready`"),
        (at(js(json!([1])), "5"), "the list is not that long"),
        (
            expr(ExprKind::Last(LastFact::Exit)),
            "nothing stands above that this could speak of",
        ),
        (
            call(Function::Env, vec![text("NONE")]),
            "the environment variable is not set",
        ),
    ] {
        assert_eq!(fails(bin(Op::Less, what, num("1"))), why);
    }
    let or = ExprKind::Else(Box::new(at(js(json!([1])), "1")), Box::new(num("7")));
    assert_eq!(is(expr(or)), "7");
}

#[test]
fn empty_is_what_holds_nothing() {
    let empty = |of| is(expr(ExprKind::IsEmpty(Box::new(of))));
    for of in [
        missing(),
        text(""),
        list(vec![]),
        js(json!(null)),
        js(json!("")),
        js(json!([])),
        js(json!({})),
    ] {
        assert_eq!(empty(of.clone()), "yes", "{of:?}");
    }
    for of in [
        text(" "),
        list(vec![missing()]),
        js(json!("a")),
        js(json!([null])),
        js(json!({"a": null})),
        js(json!(0)),
        num("0"),
    ] {
        assert_eq!(empty(of.clone()), "no", "{of:?}");
    }
}

#[test]
fn a_long_value_is_shortened_in_a_sentence() {
    // The quotes count.
    let whole = Value::Text("ä".repeat(58));
    assert_eq!(said(&whole), format!("`\"{}\"`", "ä".repeat(58)));
    let long = Value::Text("ä".repeat(59));
    assert_eq!(said(&long), format!("`\"{}…`", "ä".repeat(59)));
}

#[test]
fn conditions_stop_as_soon_as_they_are_known() {
    let (yes, no) = (lit(Value::Bool(true)), lit(Value::Bool(false)));
    assert_eq!(is(bin(Op::And, no, missing())), "no");
    assert_eq!(is(bin(Op::Or, yes, missing())), "yes");
    assert_eq!(
        fails(bin(Op::And, num("1"), missing())),
        "`1` is neither yes nor no"
    );
}

#[test]
fn json_is_read_as_what_it_is_compared_with() {
    let read = |json, ty| expr(ExprKind::Read(Box::new(js(json)), ty));
    assert_eq!(
        is(bin(
            Op::Equal,
            read(json!(true), Type::Bool),
            lit(Value::Bool(true))
        )),
        "yes"
    );
    assert_eq!(
        is(bin(
            Op::Less,
            read(json!("3.5%"), Type::Percent),
            percent("5")
        )),
        "yes"
    );
    assert_eq!(is(bin(Op::Equal, js(json!(200)), num("200.0"))), "yes");
    assert_eq!(is(bin(Op::Equal, js(json!("ok")), text("ok"))), "yes");
    assert_eq!(
        is(bin(Op::Equal, js(json!([1, "a"])), js(json!([1.0, "a"])))),
        "no"
    );
    assert_eq!(
        fails(bin(Op::Less, read(json!(0.1), Type::Percent), percent("5"))),
        "the json `0.1` is no percent: it would be text such as \"10%\""
    );
}

#[test]
fn fields_and_places_of_json_are_found_or_missing() {
    let body = || js(json!({"items": [{"id": 7}], "up": true}));
    let at = |of, n| expr(ExprKind::Index(Box::new(of), Box::new(n)));
    assert_eq!(is(field(at(field(body(), "items"), num("0")), "id")), "7");
    assert_eq!(
        show::value(&eval(&at(field(body(), "items"), num("5")), &World::default()).unwrap()),
        "(unknown)"
    );
    assert_eq!(
        fails(at(field(body(), "items"), num("-1"))),
        "-1 is no place in a list: places count from 0"
    );
    assert_eq!(
        fails(at(field(body(), "items"), num("0.5"))),
        "0.5 is no place in a list: places count from 0"
    );
    assert!(fails(field(field(body(), "up"), "x")).contains("has no field `x`"));
    for of in [list(vec![num("7"), num("8")]), js(json!([7, 8]))] {
        let place = |n| eval(&at(of.clone(), num(n)), &World::default()).unwrap();
        let seen: Vec<String> = ["0", "1", "2", "3"].map(|n| show::value(&place(n))).into();
        assert_eq!(seen, ["7", "8", "(unknown)", "(unknown)"]);
    }
    assert_eq!(fails(at(num("7"), num("0"))), "`7` is no list");
    let mut world = World::default();
    world.last.insert(
        LastFact::Header as u8,
        Value::Json(json!({"Content-Type": "text/html"})),
    );
    let header = field(expr(ExprKind::Last(LastFact::Header)), "content_type");
    assert_eq!(show::value(&eval(&header, &world).unwrap()), "text/html");
}

#[test]
fn membership_and_patterns() {
    let m = |t: &str, p: &str| {
        is(expr(ExprKind::Matches(
            Box::new(text(t)),
            Pattern(p.into()),
        )))
    };
    assert_eq!(m("v1.2", r"^v\d"), "yes");
    assert_eq!(m("x", r"^v\d"), "no");
    assert_eq!(
        is(bin(Op::In, num("2.0"), list(vec![num("1"), num("2")]))),
        "yes"
    );
    assert_eq!(is(bin(Op::NotIn, text("a"), list(vec![text("b")]))), "yes");
    assert_eq!(is(bin(Op::Contains, text("hello"), text("ell"))), "yes");
    assert_eq!(is(bin(Op::Contains, js(json!(["a", 1])), num("1"))), "yes");
    assert_eq!(is(bin(Op::Contains, js(json!({"a": 1})), text("a"))), "yes");
    let between = |x, a, b| expr(ExprKind::Between(Box::new(x), Box::new(a), Box::new(b)));
    assert_eq!(
        is(between(percent("10"), percent("5"), percent("10"))),
        "yes"
    );
    assert_eq!(
        is(between(percent("10.1"), percent("5"), percent("10"))),
        "no"
    );
}

#[test]
fn the_functions_do_what_their_names_say() {
    assert_eq!(is(call(Function::Len, vec![text("äö")])), "2");
    assert_eq!(is(call(Function::Len, vec![js(json!([1, 2, 3]))])), "3");
    assert_eq!(
        is(call(Function::Lines, vec![text("a\n\n b\n")])),
        r#"["a", " b"]"#
    );
    assert_eq!(is(call(Function::Trim, vec![text(" a ")])), "\"a\"");
    assert_eq!(
        is(call(
            Function::Join,
            vec![list(vec![text("a"), num("1")]), text("-")]
        )),
        "\"a-1\""
    );
    assert_eq!(is(call(Function::Number, vec![text(" 12 ")])), "12");
    assert_eq!(is(call(Function::Number, vec![js(json!("1e3"))])), "1000");
    assert_eq!(
        is(field(call(Function::Json, vec![text(r#"{"a":"b"}"#)]), "a")),
        "\"b\""
    );
    assert_eq!(
        is(call(Function::Basename, vec![text("/var/log/app.log/")])),
        "\"app.log\""
    );
    assert_eq!(is(call(Function::Basename, vec![text("/")])), "\"/\"");
    assert_eq!(is(call(Function::Basename, vec![text("")])), "\"\"");
    assert_eq!(is(call(Function::Now, vec![])), "2025-11-07T10:00:00Z");
    assert_eq!(is(call(Function::Env, vec![text("HOME")])), "\"/srv/home\"");
    assert_eq!(
        is(expr(ExprKind::IsSet(Box::new(call(
            Function::Env,
            vec![text("NONE")]
        ))))),
        "no"
    );
    assert_eq!(
        fails(call(Function::Number, vec![text("x")])),
        "`x` is no number: write it like `42` or `0.5`"
    );
    assert_eq!(
        fails(call(Function::Len, vec![])),
        "this function needs a value"
    );
}

#[test]
fn a_secret_is_never_looked_into() {
    let secret = || lit(Value::Secret(SecretId(0)));
    let inside = Template {
        parts: vec![TemplatePart::Hole(Box::new(secret()))],
        source: String::new(),
    };
    assert_eq!(
        fails(expr(ExprKind::Text(Box::new(inside)))),
        "a secret can be passed on, not made part of a text"
    );
    assert_eq!(
        fails(call(Function::Len, vec![secret()])),
        "a secret can be passed on, not looked into"
    );
    assert_eq!(
        fails(bin(Op::Contains, secret(), text("a"))),
        "a secret holds nothing: it is neither text nor a list"
    );
}

#[test]
fn clauses_are_durations_and_whole_numbers() {
    let world = World::default();
    assert_eq!(milliseconds(&dur(5), &world), Ok(5));
    assert_eq!(count(&num("3.0"), &world), Ok(3));
    assert_eq!(
        count(&num("-1"), &world).unwrap_err().message,
        "`-1` is no whole number from 0 up"
    );
    assert_eq!(
        count(&num("1.5"), &world).unwrap_err().message,
        "`1.5` is no whole number from 0 up"
    );
    assert!(milliseconds(&num("5"), &world).is_err());
}

#[test]
fn no_operator_panics_on_any_two_values() {
    let values = || {
        vec![
            Value::Missing,
            Value::Text("a".into()),
            Value::Number(Decimal::MAX),
            Value::Number(Decimal::MIN),
            Value::Number(Decimal::new(1, 28)),
            Value::Number(0.into()),
            Value::Bool(true),
            Value::Percent(Decimal::MIN),
            Value::Duration(u64::MAX),
            Value::Duration(0),
            Value::Time(i64::MIN),
            Value::Time(i64::MAX),
            Value::Severity("P0".into()),
            Value::Json(json!(1e300)),
            Value::Json(json!({"a": [null]})),
            Value::Json(json!(null)),
            Value::List(vec![Value::Missing, Value::Secret(SecretId(0))]),
            Value::Secret(SecretId(0)),
        ]
    };
    use Op::*;
    let world = World::default();
    for a in values() {
        for b in values() {
            for op in [
                Or,
                And,
                Equal,
                NotEqual,
                Less,
                LessEqual,
                Greater,
                GreaterEqual,
                In,
                NotIn,
                Contains,
                Add,
                Subtract,
                Multiply,
                Divide,
            ] {
                let _ = eval(&bin(op, lit(a.clone()), lit(b.clone())), &world);
            }
            let index = ExprKind::Index(Box::new(lit(a.clone())), Box::new(lit(b.clone())));
            let _ = eval(&expr(index), &world);
            for function in [
                Function::Len,
                Function::Lines,
                Function::Trim,
                Function::Join,
                Function::Number,
                Function::Json,
                Function::Basename,
                Function::Now,
                Function::Env,
            ] {
                let _ = eval(
                    &call(function, vec![lit(a.clone()), lit(b.clone())]),
                    &world,
                );
            }
        }
    }
}
