use runbook_plan::Plan;
use runbook_plan::command::{
    Command, Interpreter, Manner, Mark, Piece, Quoting, Request, Script, ScriptForm, Strictness,
    WordPart,
};
use runbook_plan::ids::{CommandId, InterpreterId, SettingsId, VarId};
use runbook_plan::plan::DeclaredInterpreter;
use runbook_plan::value::{SecretId, Type};

use super::*;
use crate::effect::{Program, RunInterpreter};
use crate::eval::tests::{World, expr, lit, text};

fn hole(value: Value) -> TemplatePart {
    TemplatePart::Hole(Box::new(lit(value)))
}
fn word(t: &str) -> TemplatePart {
    TemplatePart::Text(t.into())
}
fn template(parts: Vec<TemplatePart>) -> Template {
    Template {
        parts,
        source: String::new(),
    }
}
fn url(parts: Vec<TemplatePart>) -> Result<FilledRequest, EvalError> {
    let request = Request {
        method: "GET".into(),
        url: template(parts),
        headers: vec![],
        query: vec![(
            "q a".into(),
            template(vec![word("x y"), hole(Value::Text("&".into()))]),
        )],
        body: None,
        mark: Mark::Look,
        settings: SettingsId(0),
        timeout: None,
        span: Span::default(),
    };
    fill_request(&request, &World::default())
}

#[test]
fn prose_shows_what_is_unknown_and_hides_what_is_secret() {
    let t = template(vec![
        word("to "),
        TemplatePart::Hole(Box::new(expr(ExprKind::Var(VarId(7))))),
        word(" with "),
        hole(Value::Secret(SecretId(0))),
    ]);
    assert_eq!(
        fill(&t, &World::default()).unwrap(),
        "to (unknown) with ‹database_url›"
    );
}

#[test]
fn an_address_keeps_the_url_that_opens_it_and_encodes_the_rest() {
    let base = || {
        TemplatePart::Hole(Box::new(Expr {
            ty: Type::Url,
            ..lit(Value::Url("http://h:1/a".into()))
        }))
    };
    let filled = url(vec![
        base(),
        word("/u/"),
        hole(Value::Text("a/b?c ä".into())),
    ])
    .unwrap();
    assert_eq!(
        filled.url,
        EnvValue::Text("http://h:1/a/u/a%2Fb%3Fc%20%C3%A4?q%20a=x%20y%26".into())
    );
    assert_eq!(
        filled.shown,
        "GET http://h:1/a/u/a%2Fb%3Fc%20%C3%A4?q%20a=x%20y%26"
    );
    let filled = url(vec![base(), word("/x?to="), base()]).unwrap();
    assert_eq!(
        filled.shown,
        "GET http://h:1/a/x?to=http%3A%2F%2Fh%3A1%2Fa&q%20a=x%20y%26"
    );
    assert!(url(vec![base(), word("/"), hole(Value::Text("..".into()))]).is_err());
    assert!(url(vec![base(), hole(Value::Missing)]).is_err());
}

#[test]
fn only_an_address_opens_an_address() {
    let shown = |parts| url(parts).unwrap().shown;
    let typed = |ty, value| TemplatePart::Hole(Box::new(Expr { ty, ..lit(value) }));
    let host = || Value::Text("http://h/".into());
    assert_eq!(
        shown(vec![typed(Type::Url, host()), word("x")]),
        "GET http://h/x?q%20a=x%20y%26"
    );
    assert_eq!(
        shown(vec![typed(Type::Text, host()), word("x")]),
        "GET http%3A%2F%2Fh%2Fx?q%20a=x%20y%26"
    );
    assert_eq!(
        shown(vec![word(""), hole(Value::Url("http://h/?a=1".into()))]),
        "GET http://h/?a=1&q%20a=x%20y%26"
    );
    // Behind the `?` no text leads elsewhere.
    assert_eq!(
        shown(vec![word("http://h/?a="), hole(Value::Text("..".into()))]),
        "GET http://h/?a=..&q%20a=x%20y%26"
    );
}

#[test]
fn a_secret_in_an_address_stays_the_hosts() {
    let secret = || hole(Value::Secret(SecretId(0)));
    let filled = url(vec![secret(), word("/x/"), secret()]).unwrap();
    assert_eq!(
        filled.shown,
        "GET ‹database_url›/x/‹database_url›?q%20a=x%20y%26"
    );
    assert_eq!(
        filled.url,
        EnvValue::Mixed(vec![
            EnvValue::Secret(SecretId(0)),
            EnvValue::Text("/x/".into()),
            EnvValue::SecretEncoded(SecretId(0)),
            EnvValue::Text("?q%20a=x%20y%26".into()),
        ])
    );
}

#[test]
fn a_header_takes_no_line_break() {
    let header = |value: &str| Request {
        method: "POST".into(),
        url: Template::plain("http://h/"),
        headers: vec![(
            "X-A".into(),
            template(vec![hole(Value::Text(value.into()))]),
        )],
        query: vec![],
        body: Some(template(vec![word("{}"), hole(Value::Secret(SecretId(0)))])),
        mark: Mark::Act,
        settings: SettingsId(0),
        timeout: None,
        span: Span::default(),
    };
    assert!(fill_request(&header("a\r\nEvil: 1"), &World::default()).is_err());
    let filled = fill_request(&header("a"), &World::default()).unwrap();
    assert_eq!(
        filled.headers,
        [("X-A".to_owned(), EnvValue::Text("a".into()))]
    );
    let body = EnvValue::Mixed(vec![
        EnvValue::Text("{}".into()),
        EnvValue::Secret(SecretId(0)),
    ]);
    assert_eq!(filled.body, Some(body));
}

fn script(pieces: Vec<Piece>, parts: Vec<TemplatePart>) -> Script {
    Script {
        interpreter: Interpreter::Sh,
        form: ScriptForm::Script {
            pieces,
            strict: Strictness::AsTyped,
        },
        text: template(parts),
    }
}
fn piece(value: Value, variable: &str, quoting: Quoting) -> Piece {
    Piece::Hole {
        value: Box::new(lit(value)),
        variable: variable.into(),
        quoting,
    }
}

#[test]
fn a_script_refers_to_its_values_and_shows_them_quoted() {
    let it = || Value::Text("it's".into());
    let files = || Value::List(vec![Value::Path("a b".into()), Value::Path("c".into())]);
    let pieces = vec![
        Piece::Text("rm ".into()),
        piece(files(), "RBK_files", Quoting::Bare),
        Piece::Text(" \"".into()),
        piece(it(), "RBK_it", Quoting::Double),
        Piece::Text("\" '".into()),
        piece(it(), "RBK_it", Quoting::Single),
        Piece::Text("'".into()),
    ];
    let parts = vec![
        word("rm "),
        hole(files()),
        word(" \""),
        hole(it()),
        word("\" '"),
        hole(it()),
        word("'"),
    ];
    let filled = fill_command(&Plan::default(), &script(pieces, parts), &World::default()).unwrap();
    let Program::Script { text, .. } = filled.program else {
        panic!()
    };
    assert_eq!(
        text,
        r#"rm "$RBK_files_1" "$RBK_files_2" "${RBK_it}" ''"$RBK_it"''"#
    );
    assert_eq!(filled.shown, r#"rm 'a b' c "it's" 'it'\''s'"#);
    let names: Vec<&str> = filled.env.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["RBK_files_1", "RBK_files_2", "RBK_it"]);
}

#[test]
fn a_script_of_powershell_refers_to_its_values_in_its_own_way() {
    let it = || Value::Text("it's $5".into());
    let files = || Value::List(vec![Value::Path("a b".into()), Value::Path("c".into())]);
    let none = || Value::List(vec![]);
    let pieces = vec![
        piece(files(), "RBK_files", Quoting::Bare),
        Piece::Text(" ".into()),
        piece(none(), "RBK_none", Quoting::Bare),
        Piece::Text(" ".into()),
        piece(it(), "RBK_it", Quoting::Bare),
        Piece::Text(" \"".into()),
        piece(it(), "RBK_it", Quoting::Double),
        Piece::Text("\"".into()),
    ];
    let parts = vec![
        hole(files()),
        word(" "),
        hole(none()),
        word(" "),
        hole(it()),
        word(" \""),
        hole(it()),
        word("\""),
    ];
    let script = Script {
        interpreter: Interpreter::PowerShell,
        ..script(pieces, parts)
    };
    let filled = fill_command(&Plan::default(), &script, &World::default()).unwrap();
    let Program::Script { text, .. } = filled.program else {
        panic!()
    };
    assert_eq!(
        text,
        r#""${env:RBK_files_1}","${env:RBK_files_2}" @() "${env:RBK_it}" "${env:RBK_it}""#
    );
    assert_eq!(filled.shown, r#"'a b' c  'it''s $5' "it's `$5""#);
    let names: Vec<&str> = filled.env.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["RBK_files_1", "RBK_files_2", "RBK_it"]);
}

#[test]
fn an_interpreter_s_own_command_needs_no_other_declared_one() {
    let declared = |own: u32| DeclaredInterpreter {
        name: "jq".into(),
        command: CommandId(own),
    };
    let command = |script: Script| Command {
        mark: Mark::Act,
        scripts: vec![script],
        settings: SettingsId(0),
        manner: Manner::Plain,
        timeout: None,
        span: Span::default(),
    };
    let by = |interpreter: u32| Script {
        interpreter: Interpreter::Declared(InterpreterId(interpreter)),
        ..script(vec![Piece::Text(".".into())], vec![word(".")])
    };
    let sh = script(vec![Piece::Text("jq".into())], vec![word("jq")]);
    let plan = Plan {
        commands: vec![command(sh), command(by(1))],
        interpreters: vec![declared(0), declared(1)],
        ..Plan::default()
    };
    let fills = |interpreter| fill_command(&plan, &by(interpreter), &World::default());
    assert_eq!(
        fills(1).unwrap_err().message,
        "the interpreter has no command of its own"
    );
    let filled = fills(0).unwrap();
    let Program::Script {
        interpreter: RunInterpreter::Declared(id, own),
        ..
    } = filled.program
    else {
        panic!()
    };
    assert_eq!(id, InterpreterId(0));
    assert!(matches!(*own, Program::Script { text, .. } if text == "jq"));
}

#[test]
fn a_value_may_be_as_long_as_the_system_takes_it() {
    const MOST: usize = 128 * 1024;
    let takes = |value: Value| {
        let words = Script {
            form: ScriptForm::Direct(vec![
                vec![WordPart::Text("x".into())],
                vec![WordPart::Hole(Box::new(lit(value)))],
            ]),
            ..script(vec![], vec![])
        };
        fill_command(&Plan::default(), &words, &World::default()).is_ok()
    };
    let long = |bytes: usize| Value::Text("a".repeat(bytes));
    // The NUL at its end.
    assert!(takes(long(MOST - 1)));
    assert!(!takes(long(MOST)));
    let carries = |value: Value| {
        let s = script(
            vec![piece(value.clone(), "RBK_x", Quoting::Bare)],
            vec![hole(value)],
        );
        fill_command(&Plan::default(), &s, &World::default()).is_ok()
    };
    let named = "RBK_x=".len() + 1;
    assert!(carries(long(MOST - named)));
    assert!(!carries(long(MOST - named + 1)));
}

#[test]
fn nothing_runs_with_a_hole_or_a_value_too_long_for_it() {
    let run = |value: Value| {
        let s = script(
            vec![piece(value.clone(), "RBK_x", Quoting::Bare)],
            vec![hole(value)],
        );
        fill_command(&Plan::default(), &s, &World::default())
    };
    assert_eq!(
        run(Value::Missing).unwrap_err().message,
        "this has no value"
    );
    assert!(run(Value::Text("a".repeat(100 * 1024))).is_ok());
    assert!(
        run(Value::Text("a".repeat(128 * 1024)))
            .unwrap_err()
            .message
            .contains("write it to a file")
    );
    assert!(
        run(Value::Text("a\0b".into()))
            .unwrap_err()
            .message
            .contains("NUL")
    );
    let filled = run(Value::Secret(SecretId(0))).unwrap();
    assert_eq!(filled.shown, "‹database_url›");
    assert_eq!(
        filled.env,
        [("RBK_x".to_owned(), EnvValue::Secret(SecretId(0)))]
    );
}

#[test]
fn a_direct_command_is_words_and_never_a_secret() {
    let direct = |value: Value| Script {
        interpreter: Interpreter::Sh,
        form: ScriptForm::Direct(vec![
            vec![WordPart::Text("git".into())],
            vec![WordPart::Hole(Box::new(lit(value.clone())))],
            vec![
                WordPart::Text("--to=".into()),
                WordPart::Hole(Box::new(text("a b"))),
            ],
        ]),
        text: template(vec![
            word("git "),
            hole(value),
            word(" \"--to="),
            TemplatePart::Hole(Box::new(text("a b"))),
            word("\""),
        ]),
    };
    let list = Value::List(vec![Value::Text("$(id)".into()), Value::Text("-rf".into())]);
    let filled = fill_command(&Plan::default(), &direct(list), &World::default()).unwrap();
    let words = ["git", "$(id)", "-rf", "--to=a b"]
        .map(String::from)
        .to_vec();
    assert_eq!(filled.program, Program::Direct(words));
    assert_eq!(filled.shown, "git '$(id)' -rf \"--to=a b\"");
    assert!(
        fill_command(
            &Plan::default(),
            &direct(Value::Secret(SecretId(0))),
            &World::default()
        )
        .is_err()
    );
}

#[test]
fn the_environment_may_hold_text_with_a_secret_in_it() {
    let t = template(vec![word("postgres://"), hole(Value::Secret(SecretId(1)))]);
    assert_eq!(
        fill_env(&expr(ExprKind::Text(Box::new(t))), &World::default()).unwrap(),
        EnvValue::Mixed(vec![
            EnvValue::Text("postgres://".into()),
            EnvValue::Secret(SecretId(1))
        ])
    );
    assert!(fill_env(&expr(ExprKind::Var(VarId(3))), &World::default()).is_err());
    let empty = expr(ExprKind::Text(Box::new(template(vec![]))));
    assert_eq!(
        fill_env(&empty, &World::default()).unwrap(),
        EnvValue::Text(String::new())
    );
}
