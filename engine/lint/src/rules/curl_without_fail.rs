use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::commands::Script;

pub const RULE: Rule = Rule {
    name: "curl-without-fail",
    severity: Severity::Warning,
    title: "a `curl` that takes an error page for success",
    why: "Without `--fail`, `curl` exits 0 whatever the server answers: a 500, a login page, a proxy's \"try again later\". The step is done, and \
nothing was.\n\nPassed over: `--fail-with-body`, `-w` (the status is looked at), `-I`, and what a `grep` or `jq -e` judges.",
    way_out: "Write `curl --fail` (`-f`), or use `http GET …`, which fails at 400 and above. `runbook lint --fix` puts `--fail` in.",
    bad: r#"step pause "Pause the queues" {
  $ curl -sS -X POST http://localhost:3001/queues/pause
  undo $ curl -fsS -X POST http://localhost:3001/queues/resume
  timeout 30s
}
"#,
    good: r#"step pause "Pause the queues" {
  $ curl -fsS -X POST http://localhost:3001/queues/pause
  undo $ curl -fsS -X POST http://localhost:3001/queues/resume
  timeout 30s
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        for (script, call) in command.calls() {
            if call.name() != "curl" || told(call) || is_judged(script, call) {
                continue;
            }
            let Some(program) = call.words.get(call.program) else {
                continue;
            };
            let place = subject.place(script.text, &program.place);
            found
                .add(
                    subject.call(script, call),
                    "this `curl` succeeds whatever the server answers",
                    "exits 0 on a 500, too",
                )
                .help("write `curl --fail`, or `http GET …`")
                .fix(place.after(), " --fail");
        }
    }
}

fn told(call: &Call) -> bool {
    call.has(&[
        "-f", "--fail", "--fail-with-body", "--fail-early", "-w", "--write-out", "-I", "--head", "--version", "-V",
        "--help", "-K", "--config",
    ]) || call.args().is_empty()
        || call
            .args()
            .iter()
            .any(|word| word.text.starts_with("telnet:") || word.text.starts_with("file:"))
}

fn is_judged(script: &Script<'_>, call: &Call) -> bool {
    script.calls.iter().any(|reader| {
        reader.pipeline == call.pipeline
            && reader.stage > call.stage
            && reader.depth == call.depth
            && match reader.name() {
                "grep" | "egrep" | "rg" => true,
                "jq" | "yq" => reader.has(&["-e", "--exit-status"]),
                _ => false,
            }
    })
}
