use std::collections::BTreeSet;

use runbook_grammar::ast::{LetValue, StmtKind};
use runbook_plan::ids::{BlockId, ProcedureId};
use runbook_plan::plan::NodeKind;
use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::programs;
use crate::rule::Rule;
use crate::subject::{SiteId, Subject};

pub const RULE: Rule = Rule {
    name: "cluster-without-guard",
    severity: Severity::Warning,
    title: "a change to a cluster that nobody made sure of",
    why: "`kubectl`, `helm` and their like act on whatever cluster the shell happens to point at. At night, with six contexts in one file, that is \
now and then the wrong one. A `guard` looks before anything acts, and again before each step that does.\n\nPassed over: a command that names its \
cluster (`--context`, `--kube-context`, `--kubeconfig`), rehearsals (`--dry-run`), and modules, whose callers have the guard.",
    way_out: "Put a `guard` at the top of the file, or into the section or step that acts: it holds for everything in it.",
    bad: r#"step restart "Restart the API" {
  $ kubectl rollout restart deployment/api
  repeatable
  timeout 1m
}
"#,
    good: r#"guard "The cluster is staging" {
  ? kubectl config current-context
  expect output == "staging"
}

step restart "Restart the API" {
  $ kubectl rollout restart deployment/api
  repeatable
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    if !subject.is_runbook() {
        return;
    }
    let guarded = guarded(subject);
    for command in subject.commands.iter().filter(|command| command.acts()) {
        // What takes back acts where its step acted.
        if subject.is_handler(command.site) || is_guarded(subject, &guarded, command.site) {
            continue;
        }
        for (script, call) in command.calls() {
            if let Some(what) = changes(call) {
                found
                    .add(
                        subject.call(script, call),
                        format!("`{what}` changes whatever cluster it is pointed at"),
                        "which one is it?",
                    )
                    .help("add a `guard` that looks at the cluster first, or name it with `--context`");
                break;
            }
        }
    }
    for (site, stmt) in subject.each() {
        let call = match &stmt.kind {
            StmtKind::Do(call) => call,
            StmtKind::Let {
                value: LetValue::Do(call),
                ..
            } => call,
            _ => continue,
        };
        // What this file says of its own procedures is found in them.
        if call.path.names.len() < 2 || is_guarded(subject, &guarded, site) {
            continue;
        }
        let Some((_, node)) = subject.node(site) else {
            continue;
        };
        if let NodeKind::Do { procedure, .. } = &node.kind
            && let Some(what) = changes_in(subject, *procedure, &mut BTreeSet::new())
        {
            found
                .add(
                    stmt.span,
                    format!("`{what}` in this procedure changes whatever cluster it is pointed at"),
                    "which one is it?",
                )
                .help("add a `guard` that looks at the cluster first");
        }
    }
}

fn changes(call: &Call) -> Option<String> {
    let named = call.args().iter().any(|word| {
        ["--context", "--kube-context", "--kubeconfig", "--cluster", "--server", "-s"]
            .iter()
            .any(|option| word.text == *option || word.text.starts_with(&format!("{option}=")))
    });
    if named {
        return None;
    }
    programs::changes_cluster(call)
}

/// The blocks that have a guard, as the statements they belong to; none is the file itself.
fn guarded(subject: &Subject<'_>) -> BTreeSet<Option<SiteId>> {
    let guards = subject
        .sites
        .iter()
        .filter(|site| matches!(site.stmt.kind, StmtKind::Guard { .. }));
    guards.map(|site| site.parent).collect()
}

fn is_guarded(
    subject: &Subject<'_>,
    guarded: &BTreeSet<Option<SiteId>>,
    site: SiteId,
) -> bool {
    guarded.contains(&None) || subject.around(site).any(|at| guarded.contains(&Some(at)))
}

/// What a procedure of a module changes in a cluster, with none of its own guards.
fn changes_in(
    subject: &Subject<'_>,
    procedure: ProcedureId,
    seen: &mut BTreeSet<ProcedureId>,
) -> Option<String> {
    if !seen.insert(procedure) {
        return None;
    }
    block_changes(subject, subject.plan.procedures[procedure.index()].block, seen)
}

fn block_changes(
    subject: &Subject<'_>,
    block: BlockId,
    seen: &mut BTreeSet<ProcedureId>,
) -> Option<String> {
    let block = &subject.plan.blocks[block.index()];
    if !block.guards.is_empty() {
        return None;
    }
    block.nodes.iter().find_map(|node| {
        let node = &subject.plan.nodes[node.index()];
        match &node.kind {
            NodeKind::Command { command, .. } => {
                let command = &subject.plan.commands[command.index()];
                let program = command.scripts.iter().find_map(|script| {
                    let first = script.text.source.split_whitespace().next()?;
                    matches!(first, "kubectl" | "helm" | "oc")
                        .then(|| script.text.source.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
                });
                let named = command
                    .scripts
                    .iter()
                    .any(|script| script.text.source.contains("--context"));
                program.filter(|_| {
                    command.mark == runbook_plan::command::Mark::Act && !named
                })
            }
            NodeKind::Do { procedure, .. } => changes_in(subject, *procedure, seen),
            other => runbook_plan::walk::blocks(other)
                .into_iter()
                .find_map(|inner| block_changes(subject, inner, seen)),
        }
    })
}
