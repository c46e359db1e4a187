//! A value never becomes code: thousands of hostile values through real shells, each place a hole may stand in,
//! and what arrives is byte for byte what was given.
//!
//! Each place is a script with the hole `{{v}}`. The engine itself turns it into text and variables; the part
//! with the hole is then repeated, with a variable each, so that one process takes thousands of values.
//!
//! The file is long because it is mostly the list of places, and a place is only complete beside its neighbours.

mod hostile;
mod places;
mod random;
mod shapes;

use std::fs;
use std::path::Path as FilePath;
use std::process::{Command, Stdio};

use runbook_core::effect::{EnvValue, Program};
use runbook_core::eval::Scope;
use runbook_core::event::Moment;
use runbook_core::fill::fill_command;
use runbook_grammar::ast::{Name, Path, Str, StrPart};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::command::{Interpreter, Script, ScriptForm, Strictness};
use runbook_plan::expr::{Expr, ExprKind, LastFact, RunFact, Template, TemplatePart};
use runbook_plan::ids::VarId;
use runbook_plan::shell;
use runbook_plan::value::{SecretId, Type, Value};

use hostile::values;
use places::Comes::*;
use places::In::*;
use places::{ALL, PLACES, Place};

/// A name no hostile value makes a file of, unless it is run.
const CANARY: &str = "PWNED";

struct Shell {
    name: &'static str,
    /// Before the script.
    argument: Option<&'static str>,
    interpreter: Interpreter,
}

impl Shell {
    fn command(&self) -> Command {
        let mut command = Command::new(self.name);
        command.args(self.argument);
        command
    }
}

const SHELLS: &[Shell] = &[
    Shell {
        name: "sh",
        argument: None,
        interpreter: Interpreter::Sh,
    },
    Shell {
        name: "dash",
        argument: None,
        interpreter: Interpreter::Sh,
    },
    Shell {
        name: "busybox",
        argument: Some("sh"),
        interpreter: Interpreter::Sh,
    },
    Shell {
        name: "bash",
        argument: None,
        interpreter: Interpreter::Bash,
    },
    Shell {
        name: "zsh",
        argument: None,
        interpreter: Interpreter::Zsh,
    },
];

/// The shells there are. A missing one is said aloud, and in CI it is an error.
fn shells() -> Vec<&'static Shell> {
    SHELLS
        .iter()
        .filter(|shell| {
            let there = shell
                .command()
                .args(["-c", ":"])
                .stdin(Stdio::null())
                .status()
                .is_ok_and(|status| status.success());
            assert!(
                there || std::env::var("CI").as_deref() != Ok("true"),
                "`{}` is missing, and quoting must be tested with it: install it",
                shell.name
            );
            if !there {
                let warning = format!(
                    "\n!! `{}` is missing: its quoting is NOT tested here\n\n",
                    shell.name
                );
                use std::io::Write as _;
                // Not through the test's captured output: a skip nobody sees is a test nobody has.
                let _ = std::io::stderr().write_all(warning.as_bytes());
            }
            there && !(shell.name == "dash" && sh_is_dash())
        })
        .collect()
}

/// Then it need not be tried twice.
fn sh_is_dash() -> bool {
    let of = |name: &str| fs::canonicalize(format!("/bin/{name}")).ok();
    of("sh").is_some() && of("sh") == of("dash")
}

fn stands_in(place: &Place, shell: &Shell) -> bool {
    match place.shells {
        Every => true,
        BashAndZsh => shell.interpreter != Interpreter::Sh,
        Bash => shell.interpreter == Interpreter::Bash,
        Zsh => shell.interpreter == Interpreter::Zsh,
        ShAndBash => shell.interpreter != Interpreter::Zsh,
    }
}

struct World;

impl Scope for World {
    fn var(&self, _: VarId) -> Option<&Value> {
        None
    }
    fn now(&self) -> Moment {
        Moment::default()
    }
    fn run(&self, _: RunFact) -> Value {
        Value::Missing
    }
    fn last(&self, _: LastFact) -> Option<Value> {
        None
    }
    fn env(&self, _: &str) -> Option<&str> {
        None
    }
    fn secret(&self, _: SecretId) -> &str {
        "secret"
    }
    fn severities(&self) -> &[String] {
        &[]
    }
}

/// What the engine makes of a script, if it is content with it.
fn content(interpreter: Interpreter, text: &str) -> Option<Made> {
    made(interpreter, text, &Value::Text("x".into())).ok()
}

/// What the engine makes of a script whose holes `{{v}}` all have one value: its text and its variables.
fn engine(interpreter: Interpreter, text: &str, value: &Value) -> Made {
    made(interpreter, text, value).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}

type Made = (String, Vec<(String, String)>);

fn made(interpreter: Interpreter, text: &str, value: &Value) -> Result<Made, Vec<Diagnostic>> {
    let ty = match value {
        Value::List(_) => Type::List(Box::new(Type::Text)),
        _ => Type::Text,
    };
    let hole = || Expr {
        kind: ExprKind::Literal(value.clone()),
        ty: ty.clone(),
        span: Span::default(),
    };
    let mut parts = Vec::new();
    let mut template = Template::plain("");
    template.parts.clear();
    for (n, plain) in text.split("{{v}}").enumerate() {
        if n > 0 {
            let name = Name {
                text: "v".into(),
                span: Span::default(),
            };
            parts.push(StrPart::Hole {
                path: Path {
                    names: vec![name].into(),
                    span: Span::default(),
                },
                span: Span::default(),
            });
            template.parts.push(TemplatePart::Hole(Box::new(hole())));
        }
        parts.push(StrPart::Text {
            text: plain.into(),
            span: Span::default(),
        });
        template.parts.push(TemplatePart::Text(plain.into()));
    }
    let holes: Vec<Expr> = (0..text.matches("{{v}}").count()).map(|_| hole()).collect();
    let (pieces, errors) = shell::pieces(
        interpreter,
        &Str {
            parts: parts.into(),
            span: Span::default(),
        },
        &holes,
    );
    if !errors.is_empty() {
        return Err(errors);
    }
    let script = Script {
        interpreter,
        form: ScriptForm::Script {
            pieces,
            strict: Strictness::AsTyped,
        },
        text: template,
    };
    let filled = fill_command(&Plan::default(), &script, &World).expect("a command");
    let Program::Script { text, .. } = filled.program else {
        panic!("a script");
    };
    let env = filled
        .env
        .into_iter()
        .map(|(name, value)| match value {
            EnvValue::Text(text) => (name, text),
            other => panic!("{other:?}"),
        })
        .collect();
    Ok((text, env))
}

/// Runs a script with nothing in its environment but the variables. Standard output, whatever the exit.
fn run(shell: &Shell, text: &str, env: &[(String, String)], folder: &FilePath) -> Vec<u8> {
    let file = folder.join("case.txt");
    fs::write(&file, text).expect("written");
    let output = shell
        .command()
        .arg(&file)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C.UTF-8")
        .envs(env.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("started");
    output.stdout
}

fn comes_out(comes: places::Comes, value: &str, each: &str) -> String {
    match comes {
        // `'a'{{v}}"b"'{{v}}'`: twice.
        Between("a", "") if each.contains("\"b\"") => format!("a{value}b{value}\0"),
        Between(before, after) => format!("{before}{value}{after}\0"),
        Marked(before, after) => format!("{before}{value}{after}\n@@@\n"),
        As(text) => format!("{text}\0"),
        No => String::new(),
    }
}

fn check(shell: &Shell, place: &Place, values: &[String], folder: &FilePath) -> Result<(), String> {
    let script = [place.before, place.each, place.after].concat();
    let (text, _) = engine(shell.interpreter, &script, &Value::Text("x".into()));
    let each = &text[place.before.len()..text.len() - place.after.len()];
    for values in values.chunks(5_000) {
        let mut script = place.before.to_owned();
        let mut env = Vec::new();
        for (n, value) in values.iter().enumerate() {
            script.push_str(&each.replace("RBK_v", &format!("RBK_v{n}_")));
            env.push((format!("RBK_v{n}_"), value.clone()));
        }
        script.push_str(place.after);
        let output = run(shell, &script, &env, folder);
        if matches!(place.comes, No) {
            continue;
        }
        let mut rest = output.as_slice();
        for value in values {
            let wanted = comes_out(place.comes, value, place.each);
            match rest.strip_prefix(wanted.as_bytes()) {
                Some(after) => rest = after,
                None => {
                    let got = String::from_utf8_lossy(&rest[..rest.len().min(wanted.len() + 20)]);
                    return Err(format!(
                        "{} {:?} as {each:?}\n  value  {value:?}\n  wanted {wanted:?}\n  got    {got:?}",
                        shell.name, place.each
                    ));
                }
            }
        }
        // A here-document's last newline is what is left at most.
        if !matches!(rest, b"" | b"\n") {
            return Err(format!(
                "{} {:?} printed more than was asked",
                shell.name, place.each
            ));
        }
    }
    Ok(())
}

#[test]
fn i06_i07_twenty_thousand_hostile_values_arrive_as_they_are_wherever_a_hole_may_stand() {
    let values = values(ALL);
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = Vec::new();
    for shell in shells() {
        for place in PLACES.iter().filter(|place| stands_in(place, shell)) {
            if let Err(why) = check(shell, place, &values[..place.values], folder.path()) {
                wrong.push(why);
            }
            if folder.path().join(CANARY).exists() {
                wrong.push(format!("{} RAN a value in {:?}", shell.name, place.each));
                fs::remove_file(folder.path().join(CANARY)).expect("removed");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn i06_i07_a_list_of_hostile_values_arrives_word_by_word() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in shells() {
        for values in values(4_000).chunks(400).chain([&[][..]]) {
            let list = Value::List(
                values
                    .iter()
                    .map(|value| Value::Text(value.clone()))
                    .collect(),
            );
            let (text, env) = engine(
                shell.interpreter,
                "set -- {{v}}\nfor x; do printf '%s\\0' \"$x\"; done\n",
                &list,
            );
            let output = run(shell, &text, &env, folder.path());
            let wanted: String = values.iter().map(|value| format!("{value}\0")).collect();
            assert_eq!(String::from_utf8_lossy(&output), wanted, "{}", shell.name);
        }
        assert!(
            !folder.path().join(CANARY).exists(),
            "{} ran a value",
            shell.name
        );
    }
}

#[test]
fn i06_i07_a_hundred_kilobytes_arrive_in_every_quoting() {
    let folder = tempfile::tempdir().expect("a folder");
    let value = values(8_000)
        .concat()
        .chars()
        .filter(|c| *c != '\0')
        .collect::<String>();
    let mut end = 100 * 1024;
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let value = &value[..end];
    for shell in shells() {
        for text in [
            "printf '%s\\0' {{v}}",
            "printf '%s\\0' \"{{v}}\"",
            "printf '%s\\0' '{{v}}'",
            "cat <<EOF\n{{v}}\nEOF\n",
        ] {
            let (text, env) = engine(shell.interpreter, text, &Value::Text(value.into()));
            let output = run(shell, &text, &env, folder.path());
            assert!(
                output.len() == end + 1 && output.starts_with(value.as_bytes()),
                "{} {text}",
                shell.name
            );
        }
        assert!(
            !folder.path().join(CANARY).exists(),
            "{} ran a value",
            shell.name
        );
    }
}
