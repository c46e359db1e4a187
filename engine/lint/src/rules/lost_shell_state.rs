use runbook_grammar::ast::StmtKind;
use runbook_plan::command::Interpreter;
use runbook_plan::shell::Call;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::commands::Script;

pub const RULE: Rule = Rule {
    name: "lost-shell-state",
    severity: Severity::Warning,
    title: "a `cd`, an `export` or an assignment that is lost",
    why: "Each command is a process of its own. A `cd`, an `export`, a variable or `source venv/bin/activate` ends with it, and the next command \
begins where the run was started, as if nothing had been said. In a page copied from a wiki this is the most common trap: the second command then \
works in the wrong folder.\n\nFound is a command that ends by setting what nothing in it uses, and a shell variable that only an earlier command of \
the same block has set.",
    way_out: "Write `in \"dir\"` or `env NAME = …` in the step, take a value with `let`, or put what belongs together into one script.",
    bad: r#"step build "Build the site" {
  $ cd site
  $ make build
  repeatable
  timeout 5m
}
"#,
    good: r#"step build "Build the site" {
  in "site"
  $ make build
  repeatable
  timeout 5m
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    // What earlier commands of a block have set: block, name.
    let mut set: Vec<(Option<usize>, String, runbook_grammar::span::Span)> = Vec::new();
    for command in &subject.commands {
        let parent = subject.sites[command.site].parent;
        for script in &command.scripts {
            if !matches!(
                script.interpreter,
                Interpreter::Sh | Interpreter::Bash | Interpreter::Zsh
            ) {
                continue;
            }
            let text = script.plain();
            for (_, name, place) in set.iter().filter(|(block, ..)| *block == parent) {
                if mentions(&text, name) && !sets(script, name) && !is_given(subject, name) {
                    found
                        .add(
                            script.text.span,
                            format!("`${name}` is empty here: each command is a process of its own"),
                            format!("uses `${name}`"),
                        )
                        .label(*place, "set here, and gone with this command")
                        .help(format!(
                            "write `env {name} = …` in the step, take the value with `let`, or put both into one script"
                        ));
                }
            }
            let last = script
                .calls
                .iter()
                .filter(|call| call.depth == 0 && ends_script(&text, call))
                .find_map(|call| Some((call, lost(call)?)));
            if let Some((call, (what, help))) = last {
                let span = subject.call(script, call);
                found
                    .add(
                        span,
                        format!("`{what}` is lost: each command is a process of its own"),
                        "ends with this command",
                    )
                    .help(help);
            }
            for call in script.calls.iter().filter(|call| call.depth == 0) {
                for name in names(call) {
                    set.push((parent, name, subject.call(script, call)));
                }
            }
        }
    }
}

/// Whether nothing but comments stands behind a call.
fn ends_script(text: &str, call: &Call) -> bool {
    let words = call.sets.iter().chain(&call.words);
    let end = words.map(|word| word.place.end).max().unwrap_or(0);
    let rest: String = text.chars().skip(end).collect();
    rest.lines()
        .map(|line| line.trim_matches([' ', '\t', ';']))
        .all(|line| line.is_empty() || line.starts_with('#'))
}

/// What a call that ends a script sets in vain.
fn lost(call: &Call) -> Option<(String, &'static str)> {
    if call.stages > 1 {
        return None;
    }
    if call.words.is_empty() {
        let name = call.sets.first()?.text.split('=').next()?.to_owned();
        return Some((format!("{name}="), "take the value with `let`, or write `env` in the step"));
    }
    let name = call.name();
    match name {
        "cd" | "pushd" | "popd" => Some((name.to_owned(), "write `in \"dir\"` in the step")),
        "export" | "declare" | "typeset" => {
            Some((name.to_owned(), "write `env NAME = …` in the step"))
        }
        "source" | "." => Some((
            name.to_owned(),
            "put it and what needs it into one script",
        )),
        "alias" | "umask" | "ulimit" | "set" | "shopt" | "setopt" | "unset" | "nvm" | "conda"
            if name != "nvm" && name != "conda"
                || call.args().first().is_some_and(|word| matches!(word.text.as_str(), "use" | "activate")) =>
        {
            Some((name.to_owned(), "put it and what needs it into one script"))
        }
        _ => None,
    }
}

/// The variables that a call sets for what follows it.
fn names(call: &Call) -> Vec<String> {
    let words = match call.name() {
        "" => &call.sets[..],
        "export" | "declare" | "typeset" => call.args(),
        _ => &[],
    };
    words
        .iter()
        .filter_map(|word| word.text.split_once('='))
        .map(|(name, _)| name.trim_end_matches('+').to_owned())
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .filter(|name| !name.is_empty())
        .collect()
}

fn mentions(text: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(&format!("${name}"))
        .any(|(at, found)| ends(&text[at + found.len()..]))
        || text
            .match_indices(&format!("${{{name}"))
            .any(|(at, found)| ends(&text[at + found.len()..]))
}

fn sets(script: &Script<'_>, name: &str) -> bool {
    let own = script.calls.iter().any(|call| {
        names(call).iter().any(|set| set == name)
            || matches!(call.name(), "read" | "for" | "local" | "readonly" | "mapfile" | "getopts")
                && call.args().iter().any(|word| {
                    word.text == name || word.text.starts_with(&format!("{name}="))
                })
    });
    own || script.plain().contains(&format!("for {name} in"))
}

/// Whether the runbook itself gives the variable.
fn is_given(subject: &Subject<'_>, name: &str) -> bool {
    subject.each().any(|(_, stmt)| match &stmt.kind {
        StmtKind::Env { name: env, .. } => env.text == name,
        StmtKind::Needs(runbook_grammar::ast::Need::Env(env)) => env.text == name,
        _ => false,
    })
}
