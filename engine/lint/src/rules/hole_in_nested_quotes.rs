use runbook_grammar::ast::{HttpOption, StrPart};
use runbook_plan::command::Interpreter;
use runbook_plan::expr::Pattern;
use runbook_plan::shell::HOLE;
use runbook_plan::value::{Type, Value};

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::Subject;
use crate::subject::values::{Known, What};

pub const RULE: Rule = Rule {
    name: "hole-in-nested-quotes",
    severity: Severity::Warning,
    title: "a value inside quotes inside quotes",
    why: "In `curl -d '{\"id\": \"{{x}}\"}'` the value is safe for the shell: it never becomes code there. But it lands inside the quotes of another format, and a quote or a backslash in it ends them: the JSON is broken, or says something else.\n\nPassed over are values that hold no such sign: numbers, durations, yes and no, levels, choices, what a `matches` narrows down to plain characters, and parameters of a procedure by what it is called with.",
    way_out: "Narrow the value with `matches \"^[a-z0-9-]+$\"`, or let a tool do the quoting: `jq -n --arg id {{x}} '{id: $id}'`.",
    bad: r#"param user: text "Whose sessions?"

step close "Close the sessions" {
  $ curl -fsS --max-time 10 --json '{"user": "{{user}}"}' http://localhost:3001/sessions/close
  repeatable
}
"#,
    good: r#"param user: text "Whose sessions?" {
  matches "^[a-z0-9-]+$"
}

step close "Close the sessions" {
  $ curl -fsS --max-time 10 --json '{"user": "{{user}}"}' http://localhost:3001/sessions/close
  repeatable
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for command in &subject.commands {
        for (script, call) in command.calls() {
            if !matches!(
                script.interpreter,
                Interpreter::Sh | Interpreter::Bash | Interpreter::Zsh
            ) {
                continue;
            }
            for word in call.words.iter().filter(|word| !word.holes.is_empty()) {
                let nested = nested(&word.text);
                for (hole, quote) in word.holes.iter().zip(nested) {
                    let harmless = script.hole(*hole).is_none_or(|value| {
                        subject.all_values(value, What::All, &|known| is_plain(known, quote))
                    });
                    if quote.is_some() && !harmless {
                        tell(found, place_of(script.text, *hole).unwrap_or(script.text.span));
                    }
                }
            }
        }
    }
    for request in &subject.requests {
        let plan = subject.plan.requests.iter().find(|plan| plan.span == request.ast.span);
        let Some(body) = plan.and_then(|plan| plan.body.as_ref()) else {
            continue;
        };
        let text = request.ast.options.iter().find_map(|option| match option {
            HttpOption::Body { fence, .. } if !fence.verbatim => Some(&fence.text),
            _ => None,
        });
        let Some(text) = text else { continue };
        let plain: String = text
            .parts
            .iter()
            .map(|part| match part {
                StrPart::Text { text, .. } => text.clone(),
                StrPart::Hole { .. } => HOLE.to_string(),
            })
            .collect();
        let values = crate::subject::commands::holes(body);
        for (at, (value, quote)) in values.into_iter().zip(nested(&plain)).enumerate() {
            if quote.is_some() && !subject.all_values(value, What::All, &|known| is_plain(known, quote)) {
                tell(found, place_of(text, at).unwrap_or(text.span));
            }
        }
    }
}

fn tell(found: &mut Found, span: runbook_grammar::span::Span) {
    found
        .add(
            span,
            "a value stands inside quotes of another format",
            "a quote in it breaks what is around it",
        )
        .help("narrow it with `matches \"^[a-z0-9-]+$\"`, or let a tool quote it, such as `jq -n --arg`");
}

fn place_of(text: &runbook_grammar::ast::Str, hole: usize) -> Option<runbook_grammar::span::Span> {
    let mut holes = text.parts.iter().filter_map(|part| match part {
        StrPart::Hole { span, .. } => Some(*span),
        StrPart::Text { .. } => None,
    });
    holes.nth(hole)
}

/// For each hole the quote that is open around it.
fn nested(text: &str) -> Vec<Option<char>> {
    let mut open: Option<char> = None;
    let mut found = Vec::new();
    let mut escaped = false;
    for c in text.chars() {
        if c == HOLE {
            found.push(open);
        } else if escaped {
            escaped = false;
            continue;
        } else if c == '\\' {
            escaped = true;
        } else if open == Some(c) {
            open = None;
        } else if open.is_none() && (c == '"' || c == '\'') {
            open = Some(c);
        }
    }
    // An apostrophe that nothing closes is one.
    if open.is_some() {
        for quote in &mut found {
            if *quote == open {
                *quote = None;
            }
        }
    }
    found
}

fn is_plain(known: &Known<'_>, quote: Option<char>) -> bool {
    match known {
        Known::Value(Value::Text(text) | Value::Url(text) | Value::Path(text)) => {
            !text.contains(['\\', '\n']) && quote.is_none_or(|quote| !text.contains(quote))
        }
        Known::Value(_) => true,
        Known::Type(Type::OneOf(values)) => values
            .iter()
            .all(|value| !value.contains('\\') && quote.is_none_or(|quote| !value.contains(quote))),
        Known::Type(ty) => !matches!(
            ty,
            Type::Text | Type::Path | Type::Json | Type::Secret | Type::Url
        ),
        Known::Pattern(pattern) => narrows(pattern),
    }
}

/// Whether a pattern holds for the whole value, and lets no quote and no backslash through.
fn narrows(pattern: &Pattern) -> bool {
    let text = pattern.0.as_str();
    if !text.starts_with('^') || !text.ends_with('$') {
        return false;
    }
    let mut in_class = false;
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some('S' | 'W' | 'D' | '\\' | '"' | '\'' | 'x' | 'u' | 'p' | 'P') | None => return false,
                Some(_) => {}
            },
            '[' if !in_class => {
                in_class = true;
                if signs.peek() == Some(&'^') {
                    return false;
                }
            }
            ']' => in_class = false,
            '.' if !in_class => return false,
            '"' | '\'' => return false,
            _ => {}
        }
    }
    // `a|.*` is refused above; `^a|b$` holds only for parts.
    !text.contains('|') || text.contains('(')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_narrows_where_it_lets_no_quote_through() {
        for (pattern, yes) in [
            ("^[a-z0-9_.-]+$", true),
            ("^v\\d+\\.\\d+$", true),
            ("^(a|b)$", true),
            ("[a-z]+", false),
            ("^.*$", false),
            ("^[^ ]+$", false),
            ("^\\S+$", false),
            ("^a|b$", false),
        ] {
            assert_eq!(narrows(&Pattern(pattern.to_owned())), yes, "{pattern}");
        }
    }

    #[test]
    fn the_quote_around_a_hole_is_known() {
        assert_eq!(nested("{\"id\": \"\u{2}\", n: \u{2}}"), [Some('"'), None]);
        assert_eq!(nested("it's \u{2}"), [None]);
        assert_eq!(nested("a = '\u{2}'"), [Some('\'')]);
    }
}
