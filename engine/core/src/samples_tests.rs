use super::*;
use crate::case::plan;

/// A sample in a word: `exit 3`, `status 204`, and what is printed.
fn word(sample: &Sample) -> String {
    let exit = sample.exit.map(|code| format!("exit {code}"));
    let status = sample.status.map(|status| format!("status {status}"));
    let text = (!sample.text.is_empty()).then(|| sample.text.clone());
    let parts: Vec<String> = [exit, status, text].into_iter().flatten().collect();
    parts.join(" ")
}

/// The samples of the first command, or of the first request where there is no command.
fn samples(body: &str) -> Vec<String> {
    let plan = plan(body);
    let looked = match plan.commands.is_empty() {
        true => Looked::Request(RequestId(0)),
        false => Looked::Command(CommandId(0)),
    };
    let samples = Samples::of(&plan);
    samples.of_looked(looked).iter().map(word).collect()
}

/// The values of a name.
fn values(body: &str, name: &str) -> Vec<String> {
    let samples = Samples::of(&plan(body));
    samples.of_name(name).iter().map(show::literal).collect()
}

/// The samples of a command whose value, of this type, a condition speaks of as `x`.
fn about(ty: &str, condition: &str) -> String {
    samples(&format!(
        "let x: {ty} = ? ./x\nif {condition} {{\n  > Yes.\n}}"
    ))
    .join(" | ")
}

#[test]
fn a_text_is_made_for_usual_patterns() {
    for pattern in [
        r"^v[0-9]+$",
        r"^[A-Za-z0-9_.-]+\.sql\.gz$",
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$",
        r"^(blue|green)$",
        r"^(?:stag|prod)-[a-z]{2,8}\d+$",
        r"\S+@\S+",
        r"^[^/]+/[^/]+$",
    ] {
        let pattern = Pattern(pattern.to_owned());
        assert!(fitting(&pattern).is_some(), "{pattern:?}");
    }
    assert_eq!(fitting(&Pattern("^[^\\x00-\\u{10ffff}]$".into())), None);
    // A part of the pattern itself.
    assert_eq!(
        fitting(&Pattern("^(?i)abc$".into())).as_deref(),
        Some("abc")
    );
}

#[test]
fn a_pattern_is_followed_from_its_begin_to_its_end() {
    for (pattern, text) in [
        (r"^(blue|green)x$", "bluex"),
        ("(a|b(c|d)e)f", "af"),
        ("(?:a(b|c))d", "abd"),
        ("[a-z]{3}-", "aaa-"),
        ("x{2,8}y", "xxy"),
        ("a+b?c*", "abc"),
        (r"\d\w\s\bx\.", "1a x."),
        (".", "a"),
        ("[_-]x", "_x"),
        ("[]]x", "]x"),
        (r"[\]]", "]"),
        ("[^/]x", "ax"),
        ("[^a1]", "A"),
    ] {
        assert_eq!(made(&mut pattern.chars().peekable()), text, "{pattern}");
    }
}

#[test]
fn a_comparison_has_two_sides() {
    for (condition, wanted) in [
        ("x == 5", "5 | 6 | 1"),
        ("x != 5", "6 | 5 | 1"),
        ("x < 5", "4 | 5 | 1"),
        ("x <= 5", "5 | 6 | 1"),
        ("x > 5", "6 | 5 | 1"),
        ("x >= 5", "5 | 4 | 1"),
        ("5 < x", "6 | 5 | 1"),
        ("5 <= x", "5 | 4 | 1"),
        ("5 > x", "4 | 5 | 1"),
        ("5 >= x", "5 | 6 | 1"),
        ("x in 3..8", "3 | 8 | 2 | 9 | 1"),
        ("x in [3, 7]", "3 | 7 | 4 | 1"),
        ("x not in [3, 7]", "4 | 3 | 7 | 1"),
        ("not x == 5", "6 | 5 | 1"),
        ("x == -5", "-5 | -4 | 1"),
        ("x < 2", "1 | 2"),
        ("x == 5 and x < 9", "5 | 6 | 8 | 9 | 1"),
        ("x > 8 or x < 3", "9 | 8 | 2 | 3 | 1"),
    ] {
        assert_eq!(about("number", condition), wanted, "{condition}");
    }
    for (ty, condition, wanted) in [
        ("text", "x == \"up\"", "up | something else | something"),
        ("text", "x matches \"^(up)$\"", "up |  | something"),
        ("text", "x is empty", " | something"),
        ("text", "x contains \"ok\"", "ok |  | something"),
        (
            "text",
            "trim(x) == \"up\"",
            "up | something else | something",
        ),
        ("duration", "x < 10s", "9s | 10s | 1m"),
        ("duration", "x > 10s", "11s | 10s | 1m"),
        ("percent", "x < 5%", "4% | 5% | 1%"),
        ("bool", "x", "exit 0 | exit 1"),
        ("one of [a, b]", "x == \"b\"", "a | b"),
    ] {
        assert_eq!(about(ty, condition), wanted, "{condition}");
    }
}

#[test]
fn what_is_said_of_json_is_put_where_it_stands() {
    for (condition, wanted) in [
        ("x.ready == yes", r#"{"ready":true} | {"ready":false} | {}"#),
        ("x.ready", r#"{"ready":true} | {"ready":false} | {}"#),
        (
            "x.items[2].id == 7",
            r#"{"items":[null,null,{"id":7}]} | {"items":[null,null,{"id":8}]} | {}"#,
        ),
        (
            "x.items[0] == 1 and x.items[1] == 2",
            r#"{"items":[1,2]} | {"items":[2,2]} | {"items":[1,3]} | {}"#,
        ),
        (
            "x.a.b == \"up\" and x.a.c > 0.5",
            r#"{"a":{"b":"up","c":1.5}} | {"a":{"c":1.5,"b":"something else"}} | {"a":{"b":"up","c":0.5}} | {}"#,
        ),
    ] {
        assert_eq!(about("json", condition), wanted, "{condition}");
    }
}

#[test]
fn what_is_expected_of_a_command_holds_in_the_first_of_its_samples() {
    let step = |expects: &str| {
        samples(&format!(
            "step one \"One\" {{\n  $ ./one\n{expects}\n  repeatable\n}}"
        ))
    };
    assert_eq!(step("  expect exit == 3"), ["exit 3", "exit 4"]);
    assert_eq!(
        step("  expect exit == 0 and output contains \"a\" and output contains \"b\""),
        ["exit 0 a\nb", "exit 1 a\nb", "exit 0"]
    );
    assert_eq!(
        samples("http GET http://h/\nexpect status == 204 and body.state == \"green\""),
        [
            r#"status 204 {"state":"green"}"#,
            r#"status 205 {"state":"green"}"#,
            r#"status 204 {"state":"something else"}"#,
        ]
    );
}

#[test]
fn what_a_question_offers_is_a_line_that_fits_it() {
    let asks = |rules: &str| samples(&format!("ask tag: text \"Which?\" {{\n{rules}\n}}"));
    assert_eq!(asks("  from ? ./tags"), ["something"]);
    assert_eq!(
        asks("  suggest from ? ./tags\n  matches \"^(blue)$\""),
        ["blue"]
    );
    assert_eq!(
        samples("param count: number {\n  from ? ./counts\n}"),
        ["1"]
    );
}

#[test]
fn what_is_said_of_a_copy_is_said_of_what_it_was_copied_from() {
    assert_eq!(
        values(
            "param a: number = 1\nlet b = a\nlet c = b\nif c == 5 {\n  > Five.\n}",
            "a"
        ),
        ["5", "6"]
    );
    // One limit, seen from two sides; and the same with another value on one of them.
    let both = "param a: number = 1\nlet b = a\nif b < 5 or b > 5 {\n  > Not five.\n}";
    assert_eq!(values(both, "a"), ["4", "5", "6"]);
    let both = "param a: number = 1\nlet b = a\nif b == 5 or b >= 5 {\n  > Five.\n}";
    assert_eq!(values(both, "a"), ["5", "6", "4"]);
    let called = "procedure p(x: text) -> text \"P\" {\n  if x == \"up\" {\n    > Up.\n  }\n  return x\n}\nparam a: text = \"b\"\nlet r = do p(a)\nif r == \"down\" {\n  > Down.\n}";
    assert_eq!(
        values(called, "a"),
        ["\"up\"", "\"something else\"", "\"down\""]
    );
    // The way into a copy is the way into the first.
    let json = "let a: json = ? ./a\nlet b = a\nif b.x == 1 and b.y == 1 {\n  > Both.\n}";
    assert_eq!(
        samples(json),
        [
            r#"{"x":1,"y":1}"#,
            r#"{"x":2,"y":1}"#,
            r#"{"x":1,"y":2}"#,
            "{}"
        ]
        .map(str::to_owned)
        .map(|text| text.replace(r#"{"x":2,"y":1}"#, r#"{"y":1,"x":2}"#))
    );
}

#[test]
fn a_decision_s_cells_and_an_arm_s_condition_are_values_of_their_names() {
    let decides = "param rate: percent = 1%\nparam load: number = 1\nparam up: bool = yes\nmatrix how(rate: percent, load: number, up: bool) -> (act: choice) first {\n  | rate   | load | up  | act   |\n  |--------|------|-----|-------|\n  | > 10%  | <= 3 | any | stop  |\n  | < 5%   | != 7 | yes | go_on |\n  | 2%..8% | >= 2 | no  | look  |\n  | any    | any  | any | look  |\n}\ndecide how by act {\n  stop {\n    > Stop.\n  }\n  go_on {\n    > Go on.\n  }\n  look {\n    > Look.\n  }\n}";
    assert_eq!(values(decides, "rate"), ["11%", "4%", "2%"]);
    assert_eq!(values(decides, "load"), ["3", "8", "2"]);
    assert_eq!(values(decides, "up"), ["yes", "no"]);
    let chooses = "param a: number = 1\nchoose \"Which?\" {\n  \"One\" only if a > 3 {\n    > One.\n  }\n  \"Two\" {\n    > Two.\n  }\n}";
    assert_eq!(values(chooses, "a"), ["4", "3"]);
    let only = "param a: bool = yes\nstep one \"One\" {\n  only if a\n  $ ./one\n  repeatable\n}";
    assert_eq!(values(only, "a"), ["yes", "no"]);
}

#[test]
fn no_more_are_tried_than_can_be_walked() {
    let many: Vec<String> = (10..40).map(|n| n.to_string()).collect();
    let list = many.join(", ");
    let body = format!("param a: number = 1\nif a in [{list}] {{\n  > One of many.\n}}");
    assert_eq!(values(&body, "a"), many[..MOST]);
    let step =
        format!("step one \"One\" {{\n  $ ./one\n  expect exit in [{list}]\n  repeatable\n}}");
    assert_eq!(samples(&step).len(), MOST);
    assert_eq!(
        about("number", &format!("x in [{list}]"))
            .split(" | ")
            .count(),
        MOST
    );
}

#[test]
fn some_text_reads_as_each_type() {
    let names = || Type::OneOf(vec!["a".into(), "b".into()]);
    for (ty, wanted) in [
        (Type::Number, Some("1")),
        (Type::Percent, Some("1%")),
        (Type::Bool, Some("yes")),
        (Type::Text, Some("something")),
        (names(), Some("a")),
        (Type::List(Box::new(names())), Some("a")),
        (Type::Optional(Box::new(Type::Duration)), Some("1m")),
        (Type::Severity, None),
    ] {
        assert_eq!(usual(&ty).as_deref(), wanted, "{ty:?}");
    }
}
