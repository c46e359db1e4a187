use runbook_grammar::ast::{Str, StmtKind};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "vague-title",
    severity: Severity::Advice,
    title: "a title that says nothing",
    why: "In a run the title is what the operator sees, in the report it is what is left. \"Step 3\", \"Run the script\" or \"Fix it\" tells neither what happens nor to what.",
    way_out: "Say what is done, and to what: \"Restart the queue workers\".",
    bad: r#"step three "Step 3" {
  $ systemctl restart queue-worker
  repeatable
  timeout 1m
}
"#,
    good: r#"step restart "Restart the queue workers" {
  $ systemctl restart queue-worker
  repeatable
  timeout 1m
}
"#,
    check,
};

/// Words that name no deed and no thing.
const EMPTY: &[&str] = &[
    "a", "an", "all", "action", "actions", "cmd", "command", "commands", "do", "done", "execute", "fix", "following", "go", "it",
    "misc", "next", "one", "part", "perform", "phase", "please", "procedure", "process", "run", "script", "scripts", "section",
    "something", "stage", "step", "steps", "stuff", "task", "tasks", "that", "the", "these", "thing", "things", "this", "untitled", "work",
];

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (_, stmt) in subject.each() {
        let title = match &stmt.kind {
            StmtKind::Step { title, .. }
            | StmtKind::Section { title, .. }
            | StmtKind::Checkpoint { title, .. } => title,
            _ => continue,
        };
        if says_nothing(title) {
            found
                .add(title.span, "a title says nothing", "what is done, and to what?")
                .help("say what is done, and to what");
        }
    }
}

fn says_nothing(title: &Str) -> bool {
    let Some(text) = title.plain() else { return false };
    let text = text.to_ascii_lowercase();
    // Other writing is not judged.
    if !text.is_ascii() {
        return false;
    }
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| EMPTY.contains(&word) || word.chars().all(|c| c.is_ascii_digit()))
}
