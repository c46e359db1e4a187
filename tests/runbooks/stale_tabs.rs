//! Stale editor tabs, against real git.

use super::laid::{Laid, ends};

const ANSWERS: &str = r#"
[answers]
"Every mention of engine/ is meant, or has a change of its own" = ["the changelog", "the changelog"]
"Close every tab of a deleted or legacy path" = "yes"
"Reload the window" = "yes"
"Files are open from canonical paths only" = "yes"
"`git status --short` shows intended changes only" = "yes"
"No open tab points to a removed legacy path" = "yes"
"Discussions and reviews of the team name canonical paths only" = "yes"
"#;

#[test]
fn phantom_conflicts_are_gone() {
    let ground = Laid::lay("stale-tabs-cleanup");
    let before = ground.sh("git -C project rev-parse HEAD");
    let said = ends(&ground.rolls_back(ANSWERS, &[]), 0);
    assert!(said.contains("The editor shows what git has."), "{said}");
    // The new home of the sources is not mistaken for the old one.
    assert!(said.contains("CHANGELOG.md:1:"), "{said}");
    assert!(!said.contains("docs/engine.md:"), "{said}");
    assert_eq!(ground.sh("git -C project status --short"), "");
    assert_eq!(ground.sh("git -C project rev-parse HEAD"), before);
}

#[test]
fn a_real_conflict_stops_it() {
    let ground = Laid::lay("stale-tabs-cleanup");
    ground.does("conflict", &[]);
    let said = ends(&ground.rolls_back(ANSWERS, &[]), 4);
    assert!(
        said.contains("✘ failed: expected: No entry is unmerged"),
        "{said}"
    );
    assert!(said.contains("packages/engine/main.py"), "{said}");
    assert!(!said.contains("editor.close"), "{said}");
}

#[test]
fn a_folder_below_the_root_is_refused() {
    let ground = Laid::lay("stale-tabs-cleanup");
    ground.sh("sed -i \"s|^cd '.*/project|&/docs|\" runbook && grep -q project/docs runbook");
    let said = ends(&ground.rolls_back(ANSWERS, &[]), 4);
    assert!(
        said.contains("Run from the root of the repository"),
        "{said}"
    );
}
