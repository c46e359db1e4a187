use runbook_grammar::ast::{Mark, StmtKind};
use runbook_plan::command::{Interpreter, Strictness};
use runbook_plan::plan::{Judged, NodeKind};
use runbook_plan::shell::{Call, Joined};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::children::Purpose;
use crate::subject::commands::{Command, Script};
use crate::subject::{SiteId, Subject};

pub const RULE: Rule = Rule {
    name: "pipe-hides-failure",
    severity: Severity::Warning,
    title: "a pipe that hides a failure",
    why: "In a one-line command, an `sh` script and a `lenient` one, only the last part of a pipe is asked whether it went well. `pg_dump db | gzip > \
backup.gz` succeeds when the dump fails, and leaves a backup of nothing. Scripts in `bash` and `zsh` fences stop at any part that fails.\n\nLooked \
at are commands that act, and looks that a check hangs on. Passed over: parts that do not fail (`echo`, `printf`), a last part that judges what it \
is given (`grep`, `jq -e`, `test`), and `|| …`, which says that failing is expected.",
    way_out: "Put it into a `bash` fence, which stops where any part of a pipe fails.",
    bad: r#"step backup "Back the database up" {
  $ pg_dump shop | gzip > backup.sql.gz
  repeatable
  timeout 30m
}
"#,
    good: r#"step backup "Back the database up" {
  $ ```bash
    pg_dump shop | gzip > backup.sql.gz
  ```
  repeatable
  timeout 30m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        if !counts(subject, command) {
            continue;
        }
        for script in &command.scripts {
            let pipefail = script.strict == Strictness::StopAtFirstFailure
                && matches!(script.interpreter, Interpreter::Bash | Interpreter::Zsh)
                || script.plain().contains("pipefail");
            if pipefail {
                continue;
            }
            let last = script.calls.iter().rfind(|call| call.depth == 0);
            for call in script.calls.iter().filter(|call| call.depth == 0) {
                if call.is_last_stage() || call.stages < 2 || !may_fail(call) {
                    continue;
                }
                let Some(end) = end_of(script, call) else { continue };
                let decides = last.is_some_and(|last| last.pipeline == call.pipeline)
                    || call.joined == Joined::And
                    || script.strict == Strictness::StopAtFirstFailure;
                if call.joined == Joined::Or || judges(end) || !decides {
                    continue;
                }
                found
                    .add(
                        subject.call(script, call),
                        format!(
                            "when `{}` fails, nobody learns of it: only `{}` is asked",
                            call.name(),
                            end.name()
                        ),
                        "its failure is lost in the pipe",
                    )
                    .help("put the command into a ```bash fence, which stops where any part of a pipe fails");
                break;
            }
        }
    }
}

/// Whether anything hangs on how the command went.
fn counts(subject: &Subject<'_>, command: &Command<'_>) -> bool {
    if command.purpose != Purpose::Done {
        return command.purpose == Purpose::Undo;
    }
    if command.ast.mark == Mark::Act {
        return true;
    }
    // A look is there for its output, unless something is decided by whether it went well.
    is_asked(subject, command.site)
        && matches!(
            subject.node(command.site).map(|(_, node)| &node.kind),
            Some(NodeKind::Command {
                judged: Judged::ByExit,
                ..
            })
        )
        && !next_is_expect(subject, command.site)
}

fn is_asked(subject: &Subject<'_>, site: SiteId) -> bool {
    subject.around(site).any(|at| {
        matches!(
            subject.sites[at].stmt.kind,
            StmtKind::Check { .. }
                | StmtKind::Checkpoint { .. }
                | StmtKind::Guard { .. }
                | StmtKind::WaitUpTo { .. }
                | StmtKind::Watch { .. }
                | StmtKind::Background(_)
        )
    })
}

fn next_is_expect(subject: &Subject<'_>, site: SiteId) -> bool {
    subject
        .sites
        .get(site + 1)
        .is_some_and(|next| matches!(next.stmt.kind, StmtKind::Expect { .. }))
}

fn end_of<'s>(script: &'s Script<'_>, call: &Call) -> Option<&'s Call> {
    script
        .calls
        .iter()
        .find(|end| end.pipeline == call.pipeline && end.is_last_stage())
}

fn may_fail(call: &Call) -> bool {
    !matches!(
        call.name(),
        "" | "echo" | "printf" | "yes" | "true" | "seq" | "date" | "print" | "tee" | "sort" | "tr" | "cut" | "head"
            | "tail" | "uniq" | "wc" | "sed" | "awk" | "ls" | "set" | "env" | "grep"
    )
}

/// Whether the end of a pipe fails where what it is given is not as it should be.
fn judges(call: &Call) -> bool {
    match call.name() {
        "grep" | "egrep" | "fgrep" | "rg" | "test" | "[" | "xargs" | "diff" | "cmp" | "while" | "" => true,
        "jq" | "yq" => call.has(&["-e", "--exit-status"]),
        // They fail on an input that is cut short or empty.
        "tar" | "sha256sum" | "gpg" | "python" | "python3" | "psql" | "mysql" | "sh" | "bash" | "ssh" | "kubectl"
        | "docker" | "pg_restore" | "awk" => {
            !matches!(call.name(), "psql" | "mysql" | "sh" | "bash" | "ssh" | "kubectl" | "docker")
        }
        // Behind a wrapper: `xargs rm`.
        _ => call.wrappers().iter().any(|word| word.text == "xargs"),
    }
}
