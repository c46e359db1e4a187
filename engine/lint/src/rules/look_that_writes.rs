use runbook_grammar::ast::Mark;
use runbook_plan::command::Interpreter;
use runbook_plan::shell::{Call, EXPANSION};

use crate::finding::{Found, Severity};
use crate::programs::{self, verbs};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "look-that-writes",
    severity: Severity::Warning,
    title: "a `?` that plainly writes",
    why: "`?` promises that a command only looks. The engine takes it at its word: it runs such a command again after a crash, again and again in \
a `wait`, and really runs it under `--probe`. A `?` that writes breaks all three.\n\nPassed over: writing to `/dev/null` and below `/tmp`, \
rehearsals (`--dry-run`), `curl` without a method or data, `git fetch`.",
    way_out: "Mark it `$` and put it into a step, or take out the part that writes.",
    bad: r#"step restart "Restart the API" {
  ? systemctl restart api
  timeout 1m
}
"#,
    good: r#"step restart "Restart the API" {
  $ systemctl restart api
  repeatable
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        if command.ast.mark != Mark::Look {
            continue;
        }
        for script in &command.scripts {
            let by_call = script
                .calls
                .iter()
                .find_map(|call| Some((subject.call(script, call), writes(call)?)));
            let by_statement = || {
                let declared = matches!(script.interpreter, Interpreter::Declared(_));
                let what = declared.then(|| programs::sql_writes(&script.plain()));
                Some((script.text.span, what.flatten()?))
            };
            let Some((span, what)) = by_call.or_else(by_statement) else {
                continue;
            };
            found
                .add(
                    span,
                    format!("`{what}` writes, and is marked as a look"),
                    "changes something",
                )
                .help("mark it `$` and put it into a step, or leave out the part that writes");
        }
    }
}

fn writes(call: &Call) -> Option<String> {
    if programs::is_rehearsal(call) {
        return None;
    }
    for redirect in &call.redirects {
        let to = redirect.target.text.as_str();
        let harmless = to.is_empty()
            || to.starts_with("/dev/")
            || to.starts_with("/tmp/")
            || to.starts_with('&')
            || to.starts_with(EXPANSION)
            || to.chars().all(|c| c.is_ascii_digit() || c == '-');
        if matches!(redirect.operator.as_str(), ">" | ">>" | ">|" | "&>" | "&>>") && !harmless {
            return Some(format!("{} {to}", redirect.operator).replace('\u{2}', "…"));
        }
    }
    let name = call.name();
    let verbs = verbs(call);
    let first = verbs.first().copied().unwrap_or_default();
    let second = verbs.get(1).copied().unwrap_or_default();
    let plainly = matches!(
        name,
        "rm" | "rmdir" | "mv" | "cp" | "chmod" | "chown" | "chgrp" | "ln" | "truncate" | "shred" | "dropdb"
            | "createdb" | "pkill" | "killall" | "reboot" | "shutdown" | "useradd" | "userdel" | "usermod"
            | "mount" | "umount" | "mkfs"
    );
    if plainly {
        return Some(name.to_owned());
    }
    let two = |yes: bool| yes.then(|| format!("{name} {first}"));
    match name {
        "mkdir" | "touch" | "tee" => {
            let to: Vec<&str> = call.plain(&["-m", "-d", "-r", "-t"]);
            let writes = to.iter().any(|to| {
                !to.starts_with("/tmp/") && !to.starts_with("/dev/") && !to.starts_with(EXPANSION)
            });
            writes.then(|| name.to_owned())
        }
        "kill" => (!call.args().iter().any(|word| matches!(word.text.as_str(), "-0" | "-l")))
            .then(|| "kill".to_owned()),
        "sed" => call.has(&["-i", "--in-place"]).then(|| "sed -i".to_owned()),
        "systemctl" | "service" | "rc-service" | "supervisorctl" | "pm2" => {
            const VERBS: [&str; 12] = [
                "start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "kill", "delete",
                "scale", "isolate",
            ];
            let verb = verbs.iter().find(|verb| VERBS.contains(verb))?;
            Some(format!("{name} {verb}"))
        }
        "git" => two(match first {
            "checkout" | "reset" | "commit" | "push" | "pull" | "merge" | "rebase" | "clean" | "switch"
            | "restore" | "revert" | "cherry-pick" | "add" | "rm" | "mv" => true,
            "stash" => !matches!(second, "list" | "show"),
            _ => false,
        }),
        "curl" => {
            let method = method_of(call);
            let sends = call.has(&[
                "-d", "--data", "--data-binary", "--data-raw", "--data-urlencode", "--json", "-T",
                "--upload-file", "-F", "--form",
            ]) && !call.has(&["-G", "--get"]);
            match method {
                Some(method) if !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS" | "POST") => {
                    Some(format!("curl -X {method}"))
                }
                // A search is often a POST with a body: only one without a body surely acts.
                Some(method) if method == "POST" && !sends => Some("curl -X POST".to_owned()),
                _ => None,
            }
        }
        "npm" | "yarn" | "pnpm" => two(matches!(
            first,
            "install" | "ci" | "i" | "add" | "remove" | "publish" | "update" | "upgrade"
        )),
        "pip" | "pip3" | "gem" | "cargo" => two(matches!(first, "install" | "uninstall")),
        "apt" | "apt-get" | "dnf" | "yum" | "apk" | "brew" => two(matches!(
            first,
            "install" | "remove" | "upgrade" | "update" | "purge" | "add" | "del" | "dist-upgrade"
        )),
        "docker" | "podman" | "docker-compose" => {
            const VERBS: [&str; 14] = [
                "rm", "stop", "start", "restart", "kill", "up", "down", "prune", "rmi", "push", "pull", "build",
                "tag", "pause",
            ];
            let verb = verbs.iter().take(2).find(|verb| VERBS.contains(verb))?;
            Some(format!("{name} {verb}"))
        }
        "terraform" | "tofu" => two(matches!(first, "apply" | "destroy" | "import" | "taint")),
        "redis-cli" => {
            const VERBS: [&str; 12] = [
                "set", "del", "unlink", "flushall", "flushdb", "expire", "hset", "lpush", "rpush", "incr",
                "rename", "shutdown",
            ];
            two(VERBS.iter().any(|verb| first.eq_ignore_ascii_case(verb)))
        }
        name if programs::DATABASES.contains(&name) => call
            .args()
            .iter()
            .find_map(|word| programs::sql_writes(&word.text)),
        _ => programs::changes_cluster(call),
    }
}

fn method_of(call: &Call) -> Option<String> {
    let mut args = call.args().iter();
    while let Some(word) = args.next() {
        let text = word.text.as_str();
        let method = match text {
            "-X" | "--request" => args.next().map(|word| word.text.as_str()),
            _ => text
                .strip_prefix("--request=")
                .or_else(|| text.strip_prefix("-X")),
        };
        if let Some(method) = method {
            return Some(method.to_ascii_uppercase());
        }
    }
    None
}
