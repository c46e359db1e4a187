use runbook_plan::expr::Pattern;
use runbook_plan::shell::{Call, HOLE};
use runbook_plan::value::{Type, Value};

use crate::finding::{Found, Severity};
use crate::programs::verbs;
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::values::{Known, What};

pub const RULE: Rule = Rule {
    name: "path-without-dashes",
    severity: Severity::Advice,
    title: "a value that may be taken for an option",
    why: "A file may be called `-r`, and a value typed in a hurry may begin with a dash. Where a word of a command begins with a value, the program takes such a value for an option: `rm {{file}}` becomes `rm -rf`. `--` says that only names follow.\n\nLooked at are programs that delete, move, copy, and change permissions. Passed over are values that cannot begin with a dash: numbers, addresses, choices, and what a `matches` begins otherwise.",
    way_out: "Write `--` before the value. `runbook lint --fix` puts it in. Or narrow the value: `matches \"^[A-Za-z0-9/]\"`.",
    bad: r#"param file: path "Which file?"

step remove "Remove {{file}}" {
  $ rm {{file}}
  irreversible "The file is gone."
}
"#,
    good: r#"param file: path "Which file?"

step remove "Remove {{file}}" {
  $ rm -- {{file}}
  irreversible "The file is gone."
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        for (script, call) in command.calls() {
            if !takes_names(call) {
                continue;
            }
            let mut args = call.args().iter().take_while(|word| word.text != "--");
            let word = args.find(|word| {
                word.text.starts_with(HOLE)
                    && word.holes.first().and_then(|hole| script.hole(*hole)).is_some_and(|value| {
                        !subject.all_values(value, What::Beginning, &|known| no_dash(known))
                    })
            });
            let Some(word) = word else { continue };
            let place = subject.place(script.text, &word.place);
            found
                .add(
                    place,
                    format!("`{}` takes a value that begins with a dash for an option", call.name()),
                    "may begin with `-`",
                )
                .help("write `--` before it")
                .fix(place.before(), "-- ");
        }
    }
}

fn takes_names(call: &Call) -> bool {
    match call.name() {
        "rm" | "rmdir" | "mv" | "cp" | "ln" | "chmod" | "chown" | "chgrp" | "shred" | "truncate" => true,
        "git" => matches!(verbs(call).first(), Some(&"rm" | &"mv")),
        _ => false,
    }
}

fn no_dash(known: &Known<'_>) -> bool {
    match known {
        Known::Value(Value::Text(text) | Value::Path(text) | Value::Url(text)) => !text.starts_with('-'),
        Known::Value(Value::Number(number)) => !number.is_sign_negative(),
        Known::Value(_) => true,
        Known::Type(Type::OneOf(values)) => values.iter().all(|value| !value.starts_with('-')),
        Known::Type(ty) => !matches!(ty, Type::Text | Type::Path | Type::Json | Type::Secret | Type::Number),
        Known::Pattern(pattern) => begins_otherwise(pattern),
    }
}

/// Whether what fits the pattern cannot begin with a dash.
fn begins_otherwise(pattern: &Pattern) -> bool {
    pattern.0.starts_with('^')
        && !pattern.0.contains('|')
        && ["-", "--", "-r", "-rf", "-a", "-0", "--x", "-/x", "-a.b", "-1.2", "-_"]
            .iter()
            .all(|text| !pattern.fits(text))
}
