use runbook_grammar::ast::{Str, StmtKind};
use std::collections::BTreeMap;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::children::Slot;
use crate::subject::{SiteId};

pub const RULE: Rule = Rule {
    name: "duplicate-title",
    severity: Severity::Advice,
    title: "two steps with one title",
    why: "In a run, in the report and when a colleague asks \"where are you?\", the title is the name. Two steps of one title on one way cannot be told apart. Steps in different arms, of which only one is run, may share theirs.",
    way_out: "Say what is different: \"Restart the API again, with the old version\".",
    bad: r#"step first "Restart the API" {
  $ systemctl restart api
  repeatable
  timeout 1m
}

step second "Restart the API" {
  $ systemctl restart api
  repeatable
  timeout 1m
}
"#,
    good: r#"step first "Restart the API" {
  $ systemctl restart api
  repeatable
  timeout 1m
}

step second "Restart the API again, with a clean cache" {
  $ systemctl restart api
  repeatable
  timeout 1m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    let mut seen: BTreeMap<String, Vec<(SiteId, &Str)>> = BTreeMap::new();
    for (site, stmt) in subject.each() {
        let (StmtKind::Step { title, .. } | StmtKind::Checkpoint { title, .. }) = &stmt.kind else {
            continue;
        };
        let words = subject.sources.text(title.span).to_lowercase();
        let known = seen.entry(words).or_default();
        let other = known
            .iter()
            .find(|(other, _)| both_are_run(subject, *other, site));
        if let Some((_, other)) = other {
            found
                .add(title.span, "two steps of one way have the same title", "again")
                .label(other.span, "first")
                .help("say what is different");
        }
        known.push((site, title));
    }
}

/// Whether two statements may come one after the other: they stand in one procedure, and in no two arms.
fn both_are_run(subject: &Subject<'_>, one: SiteId, other: SiteId) -> bool {
    let path = |site: SiteId| {
        let mut path: Vec<SiteId> = std::iter::once(site).chain(subject.around(site)).collect();
        path.reverse();
        path
    };
    let (one, other) = (path(one), path(other));
    let procedure = |path: &[SiteId]| {
        path.first()
            .copied()
            .filter(|at| matches!(subject.sites[*at].stmt.kind, StmtKind::Procedure { .. }))
    };
    if procedure(&one) != procedure(&other) {
        return false;
    }
    let parting = one.iter().zip(&other).find(|(a, b)| a != b);
    match parting {
        Some((a, b)) => {
            let (a, b) = (subject.sites[*a].slot, subject.sites[*b].slot);
            let arm = |slot: Slot| matches!(slot, Slot::Arm(_) | Slot::Otherwise);
            a == b || !(arm(a) || arm(b))
        }
        None => true,
    }
}
