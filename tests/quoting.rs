//! A value never becomes code: thousands of hostile values through real shells, each place a hole may stand in,
//! and what arrives is byte for byte what was given.
//!
//! Each place is a script with the hole `{{v}}`. The engine itself turns it into text and variables; the part
//! with the hole is then repeated, with a variable each, so that one process takes thousands of values.
//!
//! The file is long because it is mostly the list of places, and a place is only complete beside its neighbours.

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

/// A name no hostile value makes a file of, unless it is run.
const CANARY: &str = "PWNED";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Every,
    /// What `sh` need not know.
    BashAndZsh,
    Bash,
    Zsh,
    /// What zsh reads as arithmetic.
    ShAndBash,
}

/// How a value comes out again.
#[derive(Clone, Copy)]
enum Comes {
    /// With this before and after it, and a NUL.
    Between(&'static str, &'static str),
    /// The same, and a newline with a mark instead of the NUL, which some places cannot carry.
    Marked(&'static str, &'static str),
    /// Whatever the value is, this.
    As(&'static str),
    /// Not at all: the shell may refuse it, but must not run it.
    No,
}

struct Place {
    shells: In,
    before: &'static str,
    each: &'static str,
    after: &'static str,
    comes: Comes,
    /// How many values: all, or fewer where each costs a process.
    values: usize,
}

const ALL: usize = 20_000;
const FEW: usize = 250;

const fn place(shells: In, each: &'static str, comes: Comes) -> Place {
    around(shells, "", each, "", comes, ALL)
}

const fn few(shells: In, each: &'static str, comes: Comes) -> Place {
    around(shells, "", each, "", comes, FEW)
}

const fn around(
    shells: In,
    before: &'static str,
    each: &'static str,
    after: &'static str,
    comes: Comes,
    values: usize,
) -> Place {
    Place {
        shells,
        before,
        each,
        after,
        comes,
        values,
    }
}

use Comes::*;
use In::*;

const PLAIN: Comes = Between("", "");

const PLACES: &[Place] = &[
    place(Every, "printf '%s\\0' {{v}}\n", PLAIN),
    place(Every, "printf '%s\\0' a{{v}}b\n", Between("a", "b")),
    place(Every, "printf '%s\\0' --x={{v}}\n", Between("--x=", "")),
    place(
        Every,
        "printf '%s\\0' {{v}}^{commit}\n",
        Between("", "^{commit}"),
    ),
    place(Every, "printf '%s\\0' {{v}}:h\n", Between("", ":h")),
    place(Every, "printf '%s\\0' it\\'s{{v}}\n", Between("it's", "")),
    place(Every, "printf '%s\\0' \\\\{{v}}\n", Between("\\", "")),
    place(Every, "printf '%s\\0' \\${{v}}\n", Between("$", "")),
    place(Every, "printf '%s\\0' \"{{v}}\"\n", PLAIN),
    place(Every, "printf '%s\\0' \"a {{v}} b\"\n", Between("a ", " b")),
    place(Every, "printf '%s\\0' \"{{v}}[1]\"\n", Between("", "[1]")),
    place(Every, "printf '%s\\0' \"{{v}}:h\"\n", Between("", ":h")),
    place(Every, "printf '%s\\0' \"\\${{v}}\"\n", Between("$", "")),
    place(
        Every,
        "printf '%s\\0' \"{{v}}$((1+1))\"\n",
        Between("", "2"),
    ),
    place(Every, "printf '%s\\0' '{{v}}'\n", PLAIN),
    place(
        Every,
        "printf '%s\\0' 'a \"{{v}}\" $b'\n",
        Between("a \"", "\" $b"),
    ),
    place(
        Every,
        "printf '%s\\0' 'a'{{v}}\"b\"'{{v}}'\n",
        Comes::Between("a", ""),
    ),
    place(
        BashAndZsh,
        "printf '%s\\0' $'a\\t{{v}}\\t'\n",
        Between("a\t", "\t"),
    ),
    place(Bash, "printf '%s\\0' $\"a {{v}}\"\n", Between("a ", "")),
    place(Zsh, "printf '%s\\0' '='{{v}}\n", Between("=", "")),
    place(Every, "X={{v}}; printf '%s\\0' \"$X\"\n", PLAIN),
    place(
        Every,
        "X=a{{v}}'b'; printf '%s\\0' \"$X\"\n",
        Between("a", "b"),
    ),
    place(Every, "export X={{v}}; printf '%s\\0' \"$X\"\n", PLAIN),
    place(
        Every,
        "set -- {{v}} b; printf '%s|%s\\0' \"$1\" \"$#\"\n",
        Between("", "|2"),
    ),
    place(
        Every,
        "for x in {{v}}; do printf '%s\\0' \"$x\"; done\n",
        PLAIN,
    ),
    place(Every, "f() { printf '%s\\0' \"$1\"; }; f {{v}}\n", PLAIN),
    place(Every, "# {{v}}\nprintf '%s\\0' x # {{v}}\n", As("x")),
    place(
        Every,
        "case {{v}} in '') printf 'y\\0';; {{v}}) printf 'y\\0';; *) printf 'n\\0';; esac\n",
        As("y"),
    ),
    place(
        Every,
        "case {{v}}z in {{v}}?) printf 'y\\0';; *) printf 'n\\0';; esac\n",
        As("y"),
    ),
    place(
        Every,
        "if [ {{v}} = {{v}} ]; then printf 'y\\0'; else printf 'n\\0'; fi\n",
        As("y"),
    ),
    place(
        BashAndZsh,
        "if [[ {{v}} == {{v}} ]]; then printf 'y\\0'; else printf 'n\\0'; fi\n",
        As("y"),
    ),
    place(
        BashAndZsh,
        "a=({{v}} {{v}}); printf '%s\\0' \"${#a[@]}\"\n",
        As("2"),
    ),
    place(Every, "printf '%s\\0' ${none:-{{v}}}\n", PLAIN),
    place(
        Every,
        "printf '%s\\0' \"${none:-a {{v}} b}\"\n",
        Between("a ", " b"),
    ),
    place(
        Every,
        "X=a{{v}}z; printf '%s\\0' \"${X#a{{v}}}\"\n",
        As("z"),
    ),
    place(
        Every,
        "X=a{{v}}z; Y=${X%{{v}}z}; printf '%s\\0' \"$Y\"\n",
        As("a"),
    ),
    place(
        BashAndZsh,
        "X=a{{v}}z; Y=${X/a{{v}}/b}; printf '%s\\0' \"$Y\"\n",
        As("bz"),
    ),
    place(
        BashAndZsh,
        "X=az; Y=${X/a/{{v}}}; printf '%s\\0' \"$Y\"\n",
        Between("", "z"),
    ),
    around(
        Every,
        "cat <<EOF\n",
        "a {{v}} b\n@@@\n",
        "EOF\n",
        Marked("a ", " b"),
        ALL,
    ),
    around(
        Every,
        "cat <<-EOF\n",
        "\t'{{v}}'\n@@@\n",
        "\tEOF\n",
        Marked("'", "'"),
        2_000,
    ),
    around(
        Every,
        "cat <<EOF\n",
        "${none:-{{v}}}\n@@@\n",
        "EOF\n",
        Marked("", ""),
        ALL,
    ),
    around(
        Every,
        "cat <<EOF\n$(\n",
        "printf '%s\\n@@@\\n' {{v}}\n",
        ":\n)\nEOF\n",
        Marked("", ""),
        ALL,
    ),
    around(
        Every,
        "x=$(\n",
        "printf '%s\\n@@@\\n' {{v}}\n",
        ")\nprintf '%s\\n' \"$x\"\n",
        Marked("", ""),
        ALL,
    ),
    around(
        Every,
        "printf '%s\\n' \"$(\n",
        "printf '%s\\n@@@\\n' \"a {{v}}\"\n",
        ")\"\n",
        Marked("a ", ""),
        ALL,
    ),
    around(
        Every,
        "x=`\n",
        "printf %s {{v}}; echo; echo @@@\n",
        "`\nprintf '%s\\n' \"$x\"\n",
        Marked("", ""),
        ALL,
    ),
    around(
        BashAndZsh,
        "cat <(\n",
        "printf '%s\\n@@@\\n' {{v}}\n",
        ")\n",
        Marked("", ""),
        ALL,
    ),
    few(
        BashAndZsh,
        "cat <<< {{v}}\nprintf '@@@\\n'\n",
        Marked("", ""),
    ),
    few(Every, "sh -c 'printf \"%s\\0\" \"$1\"' sh {{v}}\n", PLAIN),
    few(
        Every,
        "env X={{v}} sh -c 'printf \"%s\\0\" \"$X\"'\n",
        PLAIN,
    ),
    few(
        Every,
        "awk 'BEGIN { printf \"%s\", ENVIRON[\"X\"] }' < /dev/null; printf '%s\\0' {{v}}\n",
        PLAIN,
    ),
    // What takes numbers must refuse the rest, and run none of it.
    few(Every, "([ {{v}} -eq 1 ]) 2>/dev/null\n", No),
    few(Every, "(test 1 -lt {{v}}) 2>/dev/null\n", No),
    few(ShAndBash, "(printf '%d' {{v}}) >/dev/null 2>&1\n", No),
    few(Bash, "(exit {{v}}) 2>/dev/null\n", No),
    few(Bash, "(shift {{v}}) 2>/dev/null\n", No),
    few(Every, "(command {{v}}) >/dev/null 2>&1\n", No),
];

/// What shells trip over.
const HOSTILE: &[&str] = &[
    "'",
    "\"",
    "\\",
    "\\\\",
    "$",
    "$$",
    "$(touch PWNED)",
    "`touch PWNED`",
    "${IFS}",
    "$RBK_v",
    "${RBK_v}",
    "; touch PWNED;",
    "& touch PWNED &",
    "| touch PWNED",
    "&& touch PWNED",
    "\ntouch PWNED\n",
    "a[$(touch PWNED)]",
    "a[`touch PWNED`]=1",
    "$((1+1))",
    "$[1+1]",
    "-rf",
    "-n",
    "-e",
    "--",
    "-",
    "*",
    "?",
    "[a-z]",
    "**/",
    "{a,b}",
    "{1..9}",
    "~",
    "~user",
    "!!",
    "!$",
    "^a^b",
    "#",
    "# x",
    "=ls",
    "=(touch PWNED)",
    "<(touch PWNED)",
    ">PWNED",
    "<<EOF",
    "EOF",
    "\nEOF\n",
    "@@",
    "(",
    ")",
    "()",
    "{",
    "}",
    "[",
    "]",
    "[[",
    "]]",
    "((",
    "))",
    ";;",
    "esac",
    "in",
    "do",
    "%s",
    "%n",
    "%d",
    "\\n",
    "\\0",
    "\\c",
    "\\x41",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    " ",
    "  ",
    "\u{b}",
    "\u{c}",
    "\u{7}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{1}",
    "\u{2}",
    "\u{3}",
    "é",
    "ß",
    "日本",
    "🦀",
    "\u{202e}",
    "\u{feff}",
    "\u{83}",
    "\u{a0}",
    "\u{2028}",
    "‘",
    "“",
    "a",
    "b c",
    "0",
    "1",
    "-1",
    "true",
    "",
    "x=1",
    "(e:touch PWNED:)",
    "*(e:touch PWNED:)",
    "\u{ff}",
    "&",
    "/",
    "//",
    ".",
    "..",
    ":",
    ",",
    "+",
    "|",
    "<",
    ">",
    "@",
    "@(a|b)",
];

/// Values without a NUL and without the mark, the same at every run.
fn values(count: usize) -> Vec<String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut values: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    while values.len() < count {
        let parts = 1 + next(5);
        let mut value = String::new();
        for _ in 0..parts {
            match next(8) {
                0 => value.push(char::from(1 + next(127) as u8)),
                1 => value.extend(char::from_u32(0x80 + next(0x2000) as u32)),
                _ => value.push_str(HOSTILE[next(HOSTILE.len())]),
            }
        }
        if !value.contains("@@@") {
            values.push(value);
        }
    }
    values.truncate(count);
    values
}

struct Shell {
    name: &'static str,
    interpreter: Interpreter,
}

const SHELLS: &[Shell] = &[
    Shell {
        name: "sh",
        interpreter: Interpreter::Sh,
    },
    Shell {
        name: "dash",
        interpreter: Interpreter::Sh,
    },
    Shell {
        name: "bash",
        interpreter: Interpreter::Bash,
    },
    Shell {
        name: "zsh",
        interpreter: Interpreter::Zsh,
    },
];

/// The shells there are. A missing one is said aloud, and in CI it is an error.
fn shells() -> Vec<&'static Shell> {
    SHELLS
        .iter()
        .filter(|shell| {
            let there = Command::new(shell.name)
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
                    names: vec![name],
                    span: Span::default(),
                },
                span: Span::default(),
            });
            template.parts.push(TemplatePart::Hole(hole()));
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
            parts,
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
    let output = Command::new(shell.name)
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

fn comes_out(comes: Comes, value: &str, each: &str) -> String {
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
        if matches!(place.comes, Comes::No) {
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
fn twenty_thousand_hostile_values_arrive_as_they_are_wherever_a_hole_may_stand() {
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
fn a_list_of_hostile_values_arrives_word_by_word() {
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
fn a_hundred_kilobytes_arrive_in_every_quoting() {
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

/// What random scripts are made of. Nothing here does harm by itself.
const FRAGMENTS: &[&str] = &[
    "{{v}}",
    "{{v}}",
    "{{v}}",
    " ",
    " ",
    "\n",
    "'",
    "\"",
    "\\",
    "$",
    "`",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "[[ ",
    " ]]",
    "<<E\n",
    "<<'E'\n",
    "\nE\n",
    "|",
    "&&",
    ";",
    ";;",
    " # ",
    "=",
    "a",
    "case x in ",
    " in ",
    "\nesac\n",
    " do ",
    "\ndone\n",
    " -eq ",
    "~",
    "!",
    "@",
    "*",
    ": ",
    "printf %s ",
    "echo ",
    "${a:-",
    "${a#",
    "${a/",
    "}",
    "$(",
    "$((",
    "))",
    "((",
    "if :; then ",
    "\nfi\n",
    "for i in ",
    "f() { ",
    "; }",
    "a=(",
    "a[",
    "]=",
    "$'",
    "$\"",
    "<<<",
    "<(",
    ")",
    "\t",
    "x",
    "1",
    ":",
    "-",
    "/",
    "^",
    "%",
    "?",
    "[ ",
    " ]",
    "let ",
    "export ",
    "X=",
    "test ",
    "set -- ",
    "$a",
    "\"$a",
    "${",
    "?(",
    "+(",
    "==",
    "=~",
    "<<-E\n",
    "\n\tE\n",
    "while false; do ",
    "\\\n",
    "\\`",
    "\\$",
    "\\\"",
    "''",
    "\"\"",
    "function g { ",
    "select ",
    "coproc ",
    "! ",
    "$[",
    "$1",
    "$#",
];

/// Shapes of scripts; each `·` grows into another.
const SHAPES: &[&str] = &[
    "\"·\"",
    "'·'",
    "$(·)",
    "\"$(·)\"",
    "${a:-·}",
    "\"${a:-·}\"",
    "${a#·}",
    "\"${a%·}\"",
    "${a/·/·}",
    "$((·))",
    "`·`",
    "\"`·`\"",
    "cat <<E\n·\nE\n",
    "cat <<'E'\n·\nE\n",
    "cat <<-E\n\t·\n\tE\n",
    "cat <<E; ·\n·\nE\n",
    "case · in ·) ·;; (·) ·;; esac",
    "[[ · == · ]]",
    "[[ · -eq · ]]",
    "[[ · =~ · ]]",
    "[ · = · ]",
    "(·)",
    "{ ·; }",
    "· ·",
    "··",
    "·\n·",
    "a=·",
    "a=(· ·)",
    "a[·]=·",
    "· | ·",
    "· && ·",
    "\\·",
    "# ·\n·",
    "printf %s ·",
    "printf %s ·",
    "echo ·",
    "set -- ·",
    "export a=·",
    "if ·; then ·; fi",
    "for i in ·; do ·; done",
    "f() { ·; }; f ·",
    "$'·'",
    "$\"·\"",
    "cat <<< ·",
    "cat <(·)",
    "((·))",
    "((·)); (·)",
    "{·,·}",
    "·[·]",
    "?(·)",
    "~·",
    "$·",
    "·#·",
    "! ·",
    "test ·",
    "let ·",
    "eval ·",
    "trap · EXIT",
    "sh -c ·",
    "sh -c : · ·",
    "while ·; do break; done",
    "time ·",
    "command ·",
    ": ·",
    "'·'\"·\"",
    "\\\n·",
    "cat <<E | ·\n·\nE\n",
    "cat <<E $(·)\n·\nE\n",
    "x=$(cat <<E\n·\nE\n)\n·",
    "echo · > /dev/null",
    "$a[·]",
    "function g { ·; }",
    "[[ · && ( · || · ) ]]",
    "${a:·}",
    "${a[·]}",
    "select i in ·; do break; done",
    "coproc ·",
    "$[·]",
    "awk · /dev/null",
];

fn grown(next: &mut impl FnMut(usize) -> usize, depth: usize) -> String {
    match next(10) {
        0 | 1 => return "{{v}}".to_owned(),
        2 | 3 => return ["a", "1", "", " ", "x y", ":", "*"][next(7)].to_owned(),
        4 => return FRAGMENTS[next(FRAGMENTS.len())].to_owned(),
        _ if depth == 0 => return "{{v}}".to_owned(),
        _ => {}
    }
    let shape = SHAPES[next(SHAPES.len())];
    let mut parts = shape.split('·');
    let mut script = parts.next().unwrap_or("").to_owned();
    for part in parts {
        script += &grown(next, depth - 1);
        script += part;
    }
    script
}

/// Whatever a script looks like: if the engine is content with it, no value in it is ever run.
#[test]
fn no_script_the_engine_is_content_with_runs_a_value() {
    let mut state = 42_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    // One value that is code wherever it is read as such.
    let value = "x$(touch PWNED)`touch PWNED`;touch PWNED;'$(touch PWNED)'\"$(touch PWNED)\n)}touch PWNED\nE\ntouch PWNED\n";
    let index = "a[$(touch PWNED)]";
    let rounds = std::env::var("QUOTING_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(400);
    let folder = tempfile::tempdir().expect("a folder");
    let mut tried = 0;
    for shell in shells() {
        for _ in 0..rounds {
            let mut script = String::new();
            for _ in 0..1 + next(3) {
                script += &grown(&mut next, 3);
                script.push(if next(2) == 0 { '\n' } else { ' ' });
            }
            if !script.contains("{{v}}") || script.contains("{{{") {
                continue;
            }
            let Some((text, env)) = content(shell.interpreter, &script) else {
                continue;
            };
            tried += 1;
            for value in [value, index] {
                let env: Vec<(String, String)> = env
                    .iter()
                    .map(|(name, _)| (name.clone(), value.to_owned()))
                    .collect();
                let file = folder.path().join("case.txt");
                fs::write(&file, &text).expect("written");
                // A random script may wait for itself; a second is enough for any that does not.
                let _ = Command::new("timeout")
                    .args(["1", shell.name])
                    .arg(&file)
                    .env_clear()
                    .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                    .envs(env)
                    .current_dir(folder.path())
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status();
                assert!(
                    !folder.path().join(CANARY).exists(),
                    "{} ran {value:?} in\n{script}\nwhich became\n{text}",
                    shell.name
                );
            }
        }
    }
    assert!(tried > rounds / 2, "only {tried} scripts were tried");
}
