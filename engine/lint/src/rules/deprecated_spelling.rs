use runbook_grammar::ast::StmtKind;
use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "deprecated-spelling",
    severity: Severity::Advice,
    title: "a command in a spelling that is going away",
    why: "`docker-compose`, `egrep`, `fgrep`, `apt-key`, `service` where there is systemd, `kubectl … --dry-run` without a value and their like still work on this machine, and not on the next one. The day of an incident is a bad day to learn that.",
    way_out: "Write it as it is written now. `runbook lint --fix` does it where the words say the same.",
    bad: r#"step restart "Restart the containers" {
  $ docker-compose restart
  repeatable
  timeout 5m
}
"#,
    good: r#"step restart "Restart the containers" {
  $ docker compose restart
  repeatable
  timeout 5m
}
"#,
    check,
};

/// What is going away, what to write, and whether it says the very same.
const SPELLINGS: &[(&str, &str, Same)] = &[
    ("docker-compose", "docker compose", Same::Yes),
    ("egrep", "grep -E", Same::Yes),
    ("fgrep", "grep -F", Same::Yes),
    ("apt-key", "a keyring in `/etc/apt/keyrings` and `signed-by`", Same::No),
    ("ifconfig", "`ip address`", Same::No),
    ("netstat", "`ss`", Same::No),
    ("nslookup", "`dig`", Same::No),
    ("mongo", "`mongosh`", Same::No),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    Yes,
    No,
}

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        for (script, call) in command.calls() {
            let Some(program) = call.words.get(call.program) else {
                continue;
            };
            let place = subject.place(script.text, &program.place);
            let known = SPELLINGS.iter().find(|(old, ..)| program.text == *old);
            if let Some((old, new, same)) = known {
                let finding = found.add(place, format!("`{old}` is going away"), "an old spelling");
                match same {
                    Same::Yes => finding.help(format!("write `{new}`")).fix(place, *new),
                    Same::No => finding.help(format!("write {new}")),
                };
            } else if let Some(word) = bare_dry_run(call) {
                let place = subject.place(script.text, &word);
                found
                    .add(place, "`--dry-run` of kubectl needs a value", "an old spelling")
                    .help("write `--dry-run=client`, or `--dry-run=server`")
                    .fix(place, "--dry-run=client");
            }
        }
    }
    for (_, stmt) in subject.each() {
        if let StmtKind::Needs(runbook_grammar::ast::Need::Command(name)) = &stmt.kind
            && name.text == "docker-compose"
        {
            found
                .add(name.span, "`docker-compose` is going away", "an old spelling")
                .help("write `docker`, and `docker compose` in the commands");
        }
    }
}

fn bare_dry_run(call: &Call) -> Option<std::ops::Range<usize>> {
    let word = call.args().iter().find(|word| word.text == "--dry-run")?;
    matches!(call.name(), "kubectl" | "oc").then(|| word.place.clone())
}
