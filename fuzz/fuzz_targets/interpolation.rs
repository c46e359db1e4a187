//! Scripts grown from the fuzzer's choices: where the engine is content with one, no real shell runs a value of it.
#![no_main]

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use runbook_core::effect::{EnvValue, Program};
use runbook_core::eval::Scope;
use runbook_core::event::Moment;
use runbook_core::fill::fill_command;
use runbook_grammar::ast::{Name, Path, Str, StrPart};
use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::command::{Interpreter, Script, ScriptForm, Strictness};
use runbook_plan::expr::{Expr, ExprKind, LastFact, RunFact, Template, TemplatePart};
use runbook_plan::ids::VarId;
use runbook_plan::shell;
use runbook_plan::value::{SecretId, Type, Value};

#[path = "../../tests/quoting/shapes.rs"]
mod shapes;

const SHELLS: [(&str, Interpreter); 3] = [
    ("sh", Interpreter::Sh),
    ("bash", Interpreter::Bash),
    ("zsh", Interpreter::Zsh),
];

/// Code wherever it is read as such.
const VALUES: [&str; 2] = [
    "x$(touch PWNED)`touch PWNED`;touch PWNED;'$(touch PWNED)'\"$(touch PWNED)\n)}touch PWNED\nE\ntouch PWNED\n",
    "a[$(touch PWNED)]",
];

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

/// The script as the shell gets it, and the names of its variables; nothing where the engine refuses it.
fn content(interpreter: Interpreter, text: &str) -> Option<(String, Vec<String>)> {
    let span = Span::default();
    let hole = || Expr {
        kind: ExprKind::Literal(Value::Text("x".into())),
        ty: Type::Text,
        span,
    };
    let mut parts = Vec::new();
    let mut template = Template::plain("");
    template.parts.clear();
    let mut holes = Vec::new();
    for (n, plain) in text.split("{{v}}").enumerate() {
        if n > 0 {
            let names = vec![Name {
                text: "v".into(),
                span,
            }]
            .into();
            parts.push(StrPart::Hole {
                path: Path { names, span },
                span,
            });
            template.parts.push(TemplatePart::Hole(Box::new(hole())));
            holes.push(hole());
        }
        parts.push(StrPart::Text {
            text: plain.into(),
            span,
        });
        template.parts.push(TemplatePart::Text(plain.into()));
    }
    let (pieces, errors) = shell::pieces(
        interpreter,
        &Str {
            parts: parts.into(),
            span,
        },
        &holes,
    );
    if !errors.is_empty() {
        return None;
    }
    let form = ScriptForm::Script {
        pieces,
        strict: Strictness::AsTyped,
    };
    let filled = fill_command(
        &Plan::default(),
        &Script {
            interpreter,
            form,
            text: template,
        },
        &World,
    )
    .ok()?;
    let Program::Script { text, .. } = filled.program else {
        return None;
    };
    let names = filled.env.into_iter().map(|(name, value)| match value {
        EnvValue::Text(_) => name,
        other => panic!("{other:?}"),
    });
    Some((text, names.collect()))
}

fuzz_target!(|choices: &[u8]| {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER
        .get_or_init(|| tempfile::tempdir().expect("a folder"))
        .path();
    let mut choices = choices.iter();
    let mut next = |below: usize| usize::from(choices.next().copied().unwrap_or(0)) % below;
    let (shell, interpreter) = SHELLS[next(SHELLS.len())];
    let value = VALUES[next(VALUES.len())];
    let mut script = String::new();
    for _ in 0..1 + next(3) {
        script += &shapes::grown(&mut next, 3);
        script.push(if next(2) == 0 { '\n' } else { ' ' });
    }
    if !script.contains("{{v}}") || script.contains("{{{") {
        return;
    }
    let Some((text, names)) = content(interpreter, &script) else {
        return;
    };
    let file = folder.join("case.txt");
    std::fs::write(&file, &text).expect("written");
    // A script may wait for itself; a second is enough for any that does not.
    let _ = Command::new("timeout")
        .args(["1", shell])
        .arg(&file)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(names.iter().map(|name| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(
        !folder.join("PWNED").exists(),
        "{shell} ran {value:?} in\n{script}\nwhich became\n{text}"
    );
});
