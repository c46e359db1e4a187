use std::collections::{BTreeMap, BTreeSet};

use runbook_grammar::ast::StmtKind;
use runbook_plan::command::Interpreter;
use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::programs::{self, verbs};
use crate::rule::Rule;
use crate::subject::children::{Purpose, Slot};
use crate::subject::{SiteId, Subject};

pub const RULE: Rule = Rule {
    name: "destructive-unconfirmed",
    severity: Severity::Warning,
    title: "a command that destroys and asks nobody",
    why: "`rm -r`, `git push --force`, `kubectl delete`, `terraform destroy`, `FLUSHALL`, `DROP`, `dropdb` and their like take away what no \
second command brings back. At 3 a.m. one question is cheap.\n\nPassed over: a step with an `undo`, or with a question before the command \
(`confirm`, `approve`, a checklist item), what an `undo` itself removes, deleting single pods, and rehearsals (`--dry-run`).",
    way_out: "Write `irreversible \"what is lost\"`, which asks for the step's name, or `confirm \"…\"` above the command.",
    bad: r#"step clear "Clear the cache" {
  $ redis-cli FLUSHALL
  repeatable
  timeout 1m
}
"#,
    good: r#"step clear "Clear the cache" {
  irreversible "Every session in the cache is gone."
  $ redis-cli FLUSHALL
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    let questions = Questions::of(subject);
    for command in subject.commands.iter().filter(|command| command.acts()) {
        if command.purpose != Purpose::Done || questions.confirm(subject, command.site) {
            continue;
        }
        for script in &command.scripts {
            let text = script.plain();
            let statements = matches!(script.interpreter, Interpreter::Declared(_))
                || script
                    .calls
                    .iter()
                    .any(|call| programs::DATABASES.contains(&call.name()));
            let hit = script
                .calls
                .iter()
                .find_map(|call| Some((subject.call(script, call), destroys(call)?)));
            let hit = hit.or_else(|| {
                let what = statements.then(|| programs::sql_destroys(&text)).flatten()?;
                Some((script.text.span, what))
            });
            let Some((span, what)) = hit else { continue };
            found
                .add(
                    span,
                    format!("`{what}` destroys, and nobody is asked before"),
                    "no second command brings this back",
                )
                .help("add `irreversible \"what is lost\"` to the step, or `confirm \"…\"` above the command");
        }
    }
}

/// Where somebody is asked, gathered once for all commands of a file.
#[derive(Default)]
struct Questions {
    /// Steps that say themselves what is lost, or how it is taken back.
    settled: BTreeSet<SiteId>,
    /// Of each block its first `confirm` or `approve`, and its first item to tick.
    asked: BTreeMap<(Option<SiteId>, Slot), SiteId>,
    ticked: BTreeMap<(Option<SiteId>, Slot), SiteId>,
}

impl Questions {
    fn of(subject: &Subject<'_>) -> Questions {
        let mut questions = Questions::default();
        for (at, site) in subject.sites.iter().enumerate() {
            let block = (site.parent, site.slot);
            match site.stmt.kind {
                StmtKind::Irreversible(_) | StmtKind::Undo(_) => {
                    questions.settled.extend(site.parent);
                }
                StmtKind::Confirm { .. } | StmtKind::Approve { .. } => {
                    questions.asked.entry(block).or_insert(at);
                }
                StmtKind::Item { .. } => {
                    questions.ticked.entry(block).or_insert(at);
                }
                _ => {}
            }
        }
        questions
    }

    /// Whether a command needs no other question than there is.
    fn confirm(&self, subject: &Subject<'_>, site: SiteId) -> bool {
        let step = subject.step_of(site);
        if subject.is_handler(site) || step.is_some_and(|step| self.settled.contains(&step)) {
            return true;
        }
        std::iter::once(site).chain(subject.around(site)).any(|at| {
            let own = subject.sites[at];
            let before = |first: &BTreeMap<_, SiteId>| {
                let found = first.get(&(own.parent, own.slot));
                found.is_some_and(|found| *found < at)
            };
            let in_step = subject.step_of(at) == step && Some(at) != step;
            before(&self.asked) || (in_step && before(&self.ticked))
        })
    }
}

/// What a call destroys, as its first words.
fn destroys(call: &Call) -> Option<String> {
    if programs::is_rehearsal(call) {
        return None;
    }
    let name = call.name();
    let verbs = verbs(call);
    let first = verbs.first().copied().unwrap_or_default();
    let second = verbs.get(1).copied().unwrap_or_default();
    let two = || Some(format!("{name} {first}"));
    let three = || Some(format!("{name} {first} {second}"));
    match (name, first) {
        ("rm", _) if call.has(&["-r", "-R", "--recursive"]) => Some("rm -r".to_owned()),
        ("dropdb" | "dropuser" | "wipefs" | "shred" | "lvremove" | "vgremove" | "pvremove", _) => {
            Some(name.to_owned())
        }
        (name, _) if name == "mkfs" || name.starts_with("mkfs.") => Some(name.to_owned()),
        ("dd", _) => {
            let target = call.args().iter().find_map(|w| w.text.strip_prefix("of="))?;
            (!target.starts_with("/dev/null")).then(|| "dd of=".to_owned())
        }
        ("find", _) => call
            .args()
            .iter()
            .any(|word| word.text == "-delete")
            .then(|| "find -delete".to_owned()),
        ("rsync", _) => call
            .args()
            .iter()
            .find(|word| word.text.starts_with("--delete"))
            .map(|word| format!("rsync {}", word.text)),
        ("git", "push") if call.has(&["-f", "--force"]) => Some("git push --force".to_owned()),
        ("git", "reset") if call.has(&["--hard"]) => Some("git reset --hard".to_owned()),
        ("git", "clean") if call.has(&["-f", "--force"]) => Some("git clean -f".to_owned()),
        ("kubectl" | "oc", "delete") => {
            let single = matches!(second, "pod" | "pods" | "po")
                || second.starts_with("pod/")
                || second.starts_with("po/");
            (!single || call.has(&["--all"])).then(|| format!("{name} delete"))
        }
        ("kubectl" | "oc", "replace") if call.has(&["--force"]) => {
            Some(format!("{name} replace --force"))
        }
        ("helm", "uninstall" | "delete") => two(),
        ("terraform" | "tofu" | "terragrunt", "destroy" | "apply") => two(),
        ("pulumi", "destroy" | "up") => two(),
        ("docker" | "podman", "system" | "volume" | "image" | "network")
            if matches!(second, "prune" | "rm") =>
        {
            three()
        }
        ("docker" | "docker-compose", _) if verbs.contains(&"down") => call
            .has(&["-v", "--volumes"])
            .then(|| format!("{name} … down --volumes")),
        ("redis-cli", _) => verbs
            .iter()
            .find(|verb| {
                verb.eq_ignore_ascii_case("flushall") || verb.eq_ignore_ascii_case("flushdb")
            })
            .map(|verb| format!("redis-cli {verb}")),
        ("zfs" | "zpool", "destroy") => two(),
        ("aws", "s3") => match second {
            "rb" if call.has(&["--force"]) => three(),
            "rm" if call.has(&["--recursive"]) => three(),
            _ => None,
        },
        ("aws", _) if second.starts_with("delete-") || second.starts_with("terminate-") => three(),
        ("gcloud" | "az", _) if verbs.contains(&"delete") => Some(format!("{name} … delete")),
        ("etcdctl" | "consul" | "vault", "del" | "delete" | "destroy") => two(),
        (name, _) if programs::DATABASES.contains(&name) => call
            .args()
            .iter()
            .find_map(|word| programs::sql_destroys(&word.text)),
        _ => None,
    }
}
