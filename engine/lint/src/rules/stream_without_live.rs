use runbook_plan::command::Manner;
use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::programs::verbs;
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "stream-without-live",
    severity: Severity::Warning,
    title: "a command that never ends by itself",
    why: "`tail -f`, `kubectl logs -f`, `watch`, `ping` without a count and their like go on until somebody stops them. As a plain command such a \
stream holds the run up until its timeout, and then the step has failed.\n\nPassed over: a stream behind `timeout`, and one whose reader ends it, \
`| head` or `| grep -m 1`.",
    way_out: "Write `live for 5m`: the operator sees the stream and ends it, or the time does, and neither is a failure. A server that is to stay \
is `background until { … }`.",
    bad: r#"step follow "Follow the log" {
  ? tail -f /var/log/app.log
}
"#,
    good: r#"step follow "Follow the log" {
  ? tail -f /var/log/app.log
  live for 5m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        let plain = command
            .plan
            .is_none_or(|plan| matches!(plan.manner, Manner::Plain));
        if !plain {
            continue;
        }
        for script in &command.scripts {
            for (at, call) in script.calls.iter().enumerate() {
                let Some(what) = streams(call) else { continue };
                let ended = script.calls[at + 1..]
                    .iter()
                    .any(|reader| reader.pipeline == call.pipeline && ends_its_input(reader));
                let bounded = call
                    .wrappers()
                    .iter()
                    .any(|word| word.text.ends_with("timeout"));
                if ended || bounded {
                    continue;
                }
                let (message, help) = match what.as_str() {
                    "kubectl port-forward" | "kubectl proxy" => (
                        format!("`{what}` serves, and never ends by itself"),
                        "add `background until { … }` to the step",
                    ),
                    _ => (
                        format!("`{what}` never ends by itself"),
                        "add `live for 5m` to the step, or ask for so many lines only",
                    ),
                };
                found
                    .add(subject.call(script, call), message, "goes on and on")
                    .help(help);
            }
        }
    }
}

fn streams(call: &Call) -> Option<String> {
    let name = call.name();
    let verbs = verbs(call);
    let first = verbs.first().copied().unwrap_or_default();
    let one = |yes: bool, form: &str| yes.then(|| form.to_owned());
    match name {
        "tail" => one(call.has(&["-f", "-F", "--follow"]), "tail -f"),
        "journalctl" => one(call.has(&["-f", "--follow"]), "journalctl -f"),
        "dmesg" => one(call.has(&["-w", "--follow", "-W"]), "dmesg -w"),
        "watch" => one(!call.has(&["-g", "--chgexit"]), "watch"),
        "ping" | "ping6" => one(!call.has(&["-c", "-w"]), "ping"),
        "tcpdump" => one(!call.has(&["-c"]) && !call.has(&["-r"]), "tcpdump"),
        "stern" | "fswatch" | "inotifywait" if name != "inotifywait" || call.has(&["-m"]) => {
            Some(name.to_owned())
        }
        "vmstat" | "iostat" | "mpstat" => {
            let numbers = verbs.iter().filter(|word| word.parse::<f64>().is_ok());
            one(numbers.count() == 1, name)
        }
        "kubectl" | "oc" => match first {
            "logs" => one(call.has(&["-f", "--follow"]), "kubectl logs -f"),
            "get" | "events" => one(call.has(&["-w", "--watch", "--watch-only"]), "kubectl get -w"),
            "port-forward" => one(true, "kubectl port-forward"),
            "proxy" => one(true, "kubectl proxy"),
            _ => None,
        },
        "docker" | "podman" | "docker-compose" | "nerdctl" => {
            let logs = verbs.iter().take(2).any(|verb| *verb == "logs");
            // `-f` before the verb is the file of compose.
            let follows = call
                .args()
                .iter()
                .skip_while(|word| word.text != "logs")
                .any(|word| {
                    word.text == "--follow"
                        || word.text.starts_with('-')
                            && !word.text.starts_with("--")
                            && word.text.contains('f')
                });
            match first {
                "stats" => one(!call.has(&["--no-stream"]), "docker stats"),
                "events" => one(!call.has(&["--until"]), "docker events"),
                _ => one(logs && follows, "docker logs -f"),
            }
        }
        "redis-cli" => one(
            first.eq_ignore_ascii_case("monitor")
                || first.eq_ignore_ascii_case("subscribe")
                || call.has(&["--stat", "--latency"]),
            "redis-cli MONITOR",
        ),
        _ => None,
    }
}

fn ends_its_input(call: &Call) -> bool {
    match call.name() {
        "head" => true,
        "grep" | "egrep" | "fgrep" | "rg" => call.has(&["-m", "-q", "--max-count", "--quiet"]),
        "sed" => call.args().iter().any(|word| word.text.contains('q')),
        _ => false,
    }
}
