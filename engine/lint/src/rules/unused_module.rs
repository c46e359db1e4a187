use runbook_grammar::ast::{Module, StmtKind};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::names::As;

pub const RULE: Rule = Rule {
    name: "unused-module",
    severity: Severity::Warning,
    title: "a module that nothing uses",
    why: "Everything of a module is read, checked and kept with each run. One that is not used is left over from an edit, and a reader looks for what it is there for.",
    way_out: "Take the `use` out, or call what it was meant for.",
    bad: r#"use std.git

step look "Look" {
  ? date
}
"#,
    good: r#"use std.git

let commit = do git.head()

step look "Look at {{commit}}" {
  ? date
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (_, stmt) in subject.each() {
        let StmtKind::Use { module, alias } = &stmt.kind else {
            continue;
        };
        let name = match (alias, module) {
            (Some(alias), _) => alias.text.as_str(),
            (None, Module::Std(path)) => path.names.last().map_or("", |name| name.text.as_str()),
            (None, Module::File(_)) => continue,
        };
        if !subject.uses.has(As::Module, name) {
            found
                .add(
                    stmt.span,
                    format!("the module `{name}` is not used"),
                    "nothing of it is called",
                )
                .help("take it out, or call what it was meant for");
        }
    }
}
