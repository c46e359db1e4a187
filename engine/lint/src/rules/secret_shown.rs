use runbook_grammar::ast::{Formal, Name, StmtKind, TypeExpr, TypeKind};
use runbook_plan::expr::ExprKind;
use runbook_plan::shell::Call;
use runbook_plan::value::{Type, Value};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::commands::Script;

pub const RULE: Rule = Rule {
    name: "secret-shown",
    severity: Severity::Warning,
    title: "a secret where it is seen",
    why: "The engine takes each declared secret out of whatever it prints and keeps. It cannot do that for a password that is asked for as plain text or written down as evidence, and it can do it only badly where a command prints secrets in another form. Secrets in messages, titles and questions are errors, [RB2008](../errors/RB2008.md).\n\nFound are inputs and evidence whose names say that they are secrets, a command that prints a secret, `env` and `printenv` alone, and `set -x`, `bash -x` and `curl -v` beside a secret.",
    way_out: "Declare it: `secret password from prompt`. Leave the printing out.",
    bad: r#"ask password: text "The password of the database?"

step look "Look" {
  env PGPASSWORD = password
  ? psql -X -w -c "SELECT 1;"
  timeout 1m
}
"#,
    good: r#"secret password from prompt

step look "Look" {
  env PGPASSWORD = password
  ? psql -X -w -c "SELECT 1;"
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (_, stmt) in subject.each() {
        match &stmt.kind {
            StmtKind::Param { name, ty, .. } | StmtKind::Ask { name, ty, .. } => {
                named(name, ty, "is asked for as plain text", found);
            }
            StmtKind::Item {
                evidence: Some(evidence),
                ..
            } => {
                let Formal { name, ty, .. } = &**evidence;
                named(name, ty, "is kept in the journal as evidence", found);
            }
            _ => {}
        }
    }
    let secrets = !subject.plan.secrets.is_empty();
    for command in &subject.commands {
        for (script, call) in command.calls() {
            let Some(what) = shows(subject, script, call, secrets) else {
                continue;
            };
            found
                .add(subject.call(script, call), what, "ends in the output")
                .help("leave it out: the run shows and keeps what a command prints");
        }
    }
}

fn named(name: &Name, ty: &TypeExpr, what: &str, found: &mut Found) {
    let word = name.text.to_ascii_lowercase();
    let secret = ["password", "passwd", "passphrase", "secret", "api_key", "apikey", "private_key", "access_token"]
        .iter()
        .any(|end| word == *end || word.ends_with(&format!("_{end}")))
        || word == "token"
        || word.ends_with("_token");
    if secret && matches!(ty.kind, TypeKind::Text) {
        found
            .add(
                name.span,
                format!("`{}` sounds like a secret, and {what}", name.text),
                "will be seen",
            )
            .help(format!("declare it: `secret {} from prompt`, or `from env …`", name.text));
    }
}

fn shows(subject: &Subject<'_>, script: &Script<'_>, call: &Call, secrets: bool) -> Option<String> {
    let out = call.depth == 0
        && call.stages == 1
        && !call
            .redirects
            .iter()
            .any(|redirect| redirect.operator.starts_with('>'));
    match call.name() {
        "echo" | "printf" | "cat" | "print" if out => {
            let holes = call.args().iter().flat_map(|word| &word.holes);
            let secret = holes
                .filter_map(|hole| script.hole(*hole))
                .any(|value| value.ty == Type::Secret);
            let variable = call
                .args()
                .iter()
                .any(|word| secret_variable(subject, script, word));
            (secret || variable).then(|| format!("`{}` prints a secret", call.name()))
        }
        "printenv" if out && secrets && call.args().is_empty() => {
            Some("`printenv` prints every secret of the environment".to_owned())
        }
        // `env` alone: with words behind it, another program is run.
        "env" if out && secrets && call.args().is_empty() => {
            Some("`env` prints every secret of the environment".to_owned())
        }
        "set" if secrets && call.has(&["-x"]) => {
            Some("`set -x` prints every command with its values".to_owned())
        }
        "curl" if secrets && call.has(&["-v", "--verbose", "--trace", "--trace-ascii"]) => {
            let holes = call.args().iter().flat_map(|word| &word.holes);
            let secret = holes
                .filter_map(|hole| script.hole(*hole))
                .any(|value| value.ty == Type::Secret);
            secret.then(|| "`curl -v` prints the headers it sends, the secret among them".to_owned())
        }
        _ => None,
    }
}

/// Whether a word is `$NAME` of an environment variable that holds a secret.
fn secret_variable(
    subject: &Subject<'_>,
    script: &Script<'_>,
    word: &runbook_plan::shell::Word,
) -> bool {
    if !word.text.contains(runbook_plan::shell::EXPANSION) {
        return false;
    }
    let written: String = script
        .plain()
        .chars()
        .skip(word.place.start)
        .take(word.place.len())
        .collect();
    subject.plan.settings.iter().flat_map(|settings| &settings.env).any(|(name, value)| {
        let secret = value.ty == Type::Secret
            || matches!(value.kind, ExprKind::Literal(Value::Secret(_)));
        secret && (written.contains(&format!("${name}")) || written.contains(&format!("${{{name}}}")))
    })
}
