use runbook_grammar::ast::{StmtKind, Str, StrPart};
use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::programs::verbs;
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "hard-coded-host",
    severity: Severity::Advice,
    title: "a host or a context that stands in a command",
    why: "`--context production`, `psql -h db1.internal` and `http://10.0.3.7` tie the runbook to one environment. It cannot be rehearsed on another, and a copy of it acts on the first.\n\nPassed over: `localhost`, names of public services, and a name that a `guard` of the file speaks of.",
    way_out: "Make it a `param` with a default, so that a rehearsal can say another, or hold it against the world with a `guard`.",
    bad: r#"step restart "Restart the API" {
  $ kubectl --context production rollout restart deployment/api
  repeatable
  timeout 1m
}
"#,
    good: r#"param context: text "Which cluster?" = "production"

step restart "Restart the API" {
  $ kubectl --context {{context}} rollout restart deployment/api
  repeatable
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    let guards: String = subject
        .each()
        .filter(|(_, stmt)| matches!(stmt.kind, StmtKind::Guard { .. }))
        .map(|(_, stmt)| subject.sources.text(stmt.span))
        .collect();
    let guarded = |name: &str| guards.contains(name);
    for command in &subject.commands {
        for (script, call) in command.calls() {
            if let Some((word, host)) = names_host(call)
                && !guarded(&host)
            {
                tell(found, subject.place(script.text, &word.place), &host);
            }
            for word in call.args() {
                if let Some(host) = address(&word.text)
                    && !guarded(host)
                {
                    tell(found, subject.place(script.text, &word.place), host);
                }
            }
        }
    }
    for request in &subject.requests {
        if let Some(host) = first_text(&request.ast.url).and_then(address)
            && !guarded(host)
        {
            tell(found, request.ast.url.span, host);
        }
    }
}

fn tell(found: &mut Found, span: runbook_grammar::span::Span, host: &str) {
    found
        .add(
            span,
            format!("`{host}` stands in the command"),
            "cannot be rehearsed elsewhere",
        )
        .help("make it a `param` with this as its default, or check it in a `guard`");
}

fn first_text(text: &Str) -> Option<&str> {
    match text.parts.first() {
        Some(StrPart::Text { text, .. }) => Some(text),
        _ => None,
    }
}

/// The word in which a call names where it acts, and the name.
fn names_host(call: &Call) -> Option<(&runbook_plan::shell::Word, String)> {
    let options: &[&str] = match call.name() {
        "kubectl" | "oc" => &["--context", "--cluster"],
        "helm" => &["--kube-context"],
        "psql" | "pg_dump" | "mysql" | "mariadb" | "mysqldump" | "redis-cli" => &["-h", "--host"],
        "docker" => &["--context"],
        "ssh" | "scp" | "rsync" => return far_host(call),
        _ => return None,
    };
    let mut args = call.args().iter();
    while let Some(word) = args.next() {
        let text = word.text.as_str();
        let (word, value) = match text.split_once('=') {
            Some((option, value)) if options.contains(&option) => (word, value),
            None if options.contains(&text) => {
                let word = args.next()?;
                (word, word.text.as_str())
            }
            _ => continue,
        };
        if is_fixed(value) && !is_local(value) {
            return Some((word, value.to_owned()));
        }
    }
    None
}

/// `ssh user@host`, `scp host:path`
fn far_host(call: &Call) -> Option<(&runbook_plan::shell::Word, String)> {
    let words = verbs(call);
    call.args().iter().find_map(|word| {
        if !words.contains(&word.text.as_str()) || !is_fixed(&word.text) {
            return None;
        }
        let host = match call.name() {
            "ssh" => word.text.rsplit('@').next()?,
            _ => word.text.split_once(':').filter(|(host, _)| !host.contains('/'))?.0.rsplit('@').next()?,
        };
        (host.contains('.') && !host.contains('/') && !is_local(host)).then(|| (word, host.to_owned()))
    })
}

/// The host of an address that is somebody's own: a private number, or a name that only a network of one's own knows.
fn address(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') {
        return None;
    }
    let end = rest.find(|c: char| "/?#:'\"".contains(c) || c.is_whitespace()).unwrap_or(rest.len());
    let host = rest[..end].rsplit('@').next()?;
    if !is_fixed(host) || is_local(host) {
        return None;
    }
    let number = host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok());
    let own = [".internal", ".local", ".lan", ".corp", ".intra", ".svc", ".cluster.local"]
        .iter()
        .any(|end| host.ends_with(end));
    (number || own).then_some(host)
}

fn is_fixed(text: &str) -> bool {
    !text.is_empty() && !text.contains(['\u{1}', '\u{2}', '$'])
}

fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1" | "0.0.0.0" | "host.docker.internal" | "[")
        || host.starts_with("127.")
        || host.starts_with('/')
        || host.ends_with(".localhost")
        || host == "169.254.169.254"
        || host.starts_with("metadata.google")
}
