use runbook_grammar::ast::{Str, StmtKind};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;

pub const RULE: Rule = Rule {
    name: "placeholder-contact",
    severity: Severity::Warning,
    title: "a contact that is still to be filled in",
    why: "\"TBD\" in a list of contacts is found by the person who needs the number. Found are `TBD`, `TODO`, `TBA`, `???`, `xxx`, `n/a` and empty texts in owners, contacts and their fields.",
    way_out: "Write who it is, and how they are reached. If nobody is, say so where it matters: `escalate to` somebody who is.",
    bad: r#"contact dba "Database administrator" {
  phone "TBD"
}
"#,
    good: r#"contact dba "Database administrator" {
  phone "+1 555 0101"
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    let mut look = |text: &Str, what: &str| {
        if text.plain().is_some_and(|text| is_placeholder(&text)) {
            found
                .add(text.span, format!("{what} is still to be filled in"), "tells nobody anything")
                .help("write who it is, and how they are reached");
        }
    };
    for (_, stmt) in subject.each() {
        match &stmt.kind {
            StmtKind::Owner(text) => look(text, "the owner"),
            StmtKind::Contact { name, title, .. } => {
                look(title, &format!("the contact `{}`", name.text));
            }
            StmtKind::Fields(fields) => {
                for (name, text) in fields {
                    look(text, &format!("`{}` of a contact", name.text));
                }
            }
            _ => {}
        }
    }
}

fn is_placeholder(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '/').collect();
    let all_alike = |sign: char| !text.is_empty() && text.chars().all(|c| c == sign || " -+()".contains(c)) && text.contains(sign);
    text.is_empty()
        || words.iter().any(|word| matches!(*word, "tbd" | "tba" | "todo" | "fixme" | "n/a"))
        || all_alike('?')
        || all_alike('x')
        || text.contains("to be defined")
        || text.contains("to be determined")
        || text.contains("to be announced")
}
