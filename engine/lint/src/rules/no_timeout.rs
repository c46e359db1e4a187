use runbook_grammar::ast::StmtKind;
use runbook_plan::command::Manner;
use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::programs::verbs;
use crate::rule::Rule;
use crate::subject::children::Purpose;
use crate::subject::{SiteId, Subject};

pub const RULE: Rule = Rule {
    name: "no-timeout",
    severity: Severity::Warning,
    title: "a command that can hang, and no timeout",
    why: "What speaks to another machine, a database or a registry can wait for an answer that never comes, above all on the day the runbook is \
needed. Without a `timeout` the run waits with it, and a retry never comes to its turn.\n\nLooked at are the commands of steps. Passed over: a \
command with a limit of its own (`curl --max-time`, `timeout 30`, `--timeout`), what stands in an `attempt` or a `wait up to` that ends it, and an \
`undo`, which has five minutes unless it says otherwise.",
    way_out: "Write `timeout 2m` in the step, or once in the section or at the top of the file for all steps below it.",
    bad: r#"step fetch "Fetch the tags" {
  $ git fetch --tags
  repeatable
}
"#,
    good: r#"step fetch "Fetch the tags" {
  $ git fetch --tags
  repeatable
  timeout 2m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        let Some(plan) = command.plan else { continue };
        let bounded = plan.timeout.is_some() || !matches!(plan.manner, Manner::Plain);
        let alone = !matches!(command.purpose, Purpose::Done | Purpose::Captured);
        if bounded || alone || subject.step_of(command.site).is_none() {
            continue;
        }
        if is_ended(subject, command.site) {
            continue;
        }
        let Some((script, call)) = command.calls().find(|(_, call)| hangs(call)) else {
            continue;
        };
        found
            .add(
                subject.call(script, call),
                format!("`{}` can hang, and has no timeout", call.name()),
                "may wait for ever",
            )
            .help("add `timeout 2m` to the step");
    }
}

/// Whether something around it stops it in time.
fn is_ended(subject: &Subject<'_>, site: SiteId) -> bool {
    subject
        .around(site)
        .any(|at| match &subject.sites[at].stmt.kind {
            StmtKind::Attempt {
                within, otherwise, ..
            } => within.is_some() && otherwise.is_some(),
            StmtKind::WaitUpTo { .. } => true,
            _ => false,
        })
}

fn hangs(call: &Call) -> bool {
    let limited = call.args().iter().any(|word| {
        let text = word.text.as_str();
        ["--timeout", "--max-time", "--connect-timeout", "--request-timeout", "--wait-timeout"]
            .iter()
            .any(|option| text.starts_with(option))
            || text == "-m" && call.name() == "curl"
            || text.starts_with("ConnectTimeout=")
    });
    let wrapped = call
        .wrappers()
        .iter()
        .any(|word| word.text.ends_with("timeout"));
    if limited || wrapped || call.has(&["--version", "--help"]) {
        return false;
    }
    let verbs = verbs(call);
    let first = verbs.first().copied().unwrap_or_default();
    match call.name() {
        "curl" | "wget" | "ssh" | "scp" | "sftp" | "rsync" | "nc" | "telnet" | "psql" | "mysql" | "mariadb"
        | "mongosh" | "mongo" | "mongodump" | "mongorestore" | "pg_dump" | "pg_restore" | "mysqldump"
        | "redis-cli" | "terraform" | "tofu" | "pulumi" | "ansible" | "ansible-playbook" | "aws" | "gcloud"
        | "az" | "argocd" | "flux" | "vault" | "consul" | "nomad" | "etcdctl" | "rabbitmqctl"
        | "kafka-topics.sh" | "smbclient" | "mount" => true,
        "kubectl" | "oc" => !matches!(first, "config" | "version" | "explain"),
        "helm" => !matches!(first, "template" | "lint" | "version" | "env"),
        "git" => matches!(first, "fetch" | "pull" | "push" | "clone" | "ls-remote" | "submodule"),
        "npm" | "yarn" | "pnpm" | "npx" => true,
        "pip" | "pip3" | "poetry" | "bundle" | "gem" => matches!(first, "install" | "update" | "add" | "download"),
        "apt" | "apt-get" | "dnf" | "yum" | "apk" => matches!(first, "install" | "update" | "upgrade" | "add"),
        "docker" | "podman" | "docker-compose" | "nerdctl" => verbs
            .iter()
            .take(2)
            .any(|verb| matches!(*verb, "pull" | "push" | "build" | "login" | "exec" | "run" | "up")),
        _ => false,
    }
}
