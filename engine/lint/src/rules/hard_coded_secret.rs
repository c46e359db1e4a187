use runbook_grammar::ast::{Str, StrPart};
use runbook_grammar::span::Span;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::{Subject, children};

pub const RULE: Rule = Rule {
    name: "hard-coded-secret",
    severity: Severity::Warning,
    title: "a credential that stands in the file",
    why: "Whoever can read the repository has it, its history keeps it for ever, and the engine cannot hide it: only what is declared as a `secret` \
is kept out of journals and reports.\n\nKnown are the shapes of common tokens and keys, a password in an address (`https://user:password@…`) and one \
behind an option. Placeholders, `$NAME` and `{{name}}` are passed over.",
    way_out: "Declare `secret token from env TOKEN` (or `from file`, `from ? command`, `from prompt`) and write `{{token}}`. Then change the \
credential: it is known.",
    bad: r#"step deploy "Tell the deployment" {
  http POST https://deploy.example.com/hook {
    header Authorization: Bearer 9f3b7c1d2e4a5968b7c6d5e4f3a2b1c0
  }
  repeatable
}
"#,
    good: r#"secret token from env DEPLOY_TOKEN

step deploy "Tell the deployment" {
  http POST https://deploy.example.com/hook {
    header Authorization: Bearer {{token}}
  }
  repeatable
}
"#,
    check,
};

/// The beginning of a token, and how many of its letters follow at least.
const TOKENS: &[(&str, usize, &str)] = &[
    ("AKIA", 16, "a key of AWS"),
    ("ASIA", 16, "a key of AWS"),
    ("ghp_", 30, "a token of GitHub"),
    ("gho_", 30, "a token of GitHub"),
    ("ghs_", 30, "a token of GitHub"),
    ("github_pat_", 22, "a token of GitHub"),
    ("glpat-", 18, "a token of GitLab"),
    ("xoxb-", 10, "a token of Slack"),
    ("xoxp-", 10, "a token of Slack"),
    ("sk_live_", 16, "a key of Stripe"),
    ("rk_live_", 16, "a key of Stripe"),
    ("AIza", 30, "a key of Google"),
    ("npm_", 30, "a token of npm"),
    ("dckr_pat_", 20, "a token of Docker"),
    ("hvs.", 20, "a token of Vault"),
    ("eyJ", 40, "a signed token"),
    ("hooks.slack.com/services/T", 20, "an address that posts to Slack"),
];

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (_, stmt) in subject.each() {
        for text in children::texts(stmt) {
            look(subject, text, found);
        }
        for expr in children::exprs(stmt) {
            in_expr(subject, expr, found);
        }
    }
}

fn in_expr(subject: &Subject<'_>, expr: &runbook_grammar::ast::Expr, found: &mut Found) {
    if let runbook_grammar::ast::ExprKind::Text(text) = &expr.kind {
        look(subject, text, found);
    }
    for part in children::parts(expr) {
        in_expr(subject, part, found);
    }
}

fn look(subject: &Subject<'_>, text: &Str, found: &mut Found) {
    for part in &text.parts {
        let StrPart::Text { span, .. } = part else {
            continue;
        };
        // As it was written, so that places are those of the file.
        let written = subject.sources.text(*span);
        for (start, end, what) in secrets(written) {
            let at = span.start as usize;
            found
                .add(
                    Span::new(span.source, at + start, at + end),
                    format!("{what} stands in the file"),
                    "whoever reads this has it",
                )
                .help("declare `secret name from env NAME`, write `{{name}}` here, and change the credential");
        }
    }
}

/// Start, end and kind of each.
fn secrets(text: &str) -> Vec<(usize, usize, &'static str)> {
    let mut found = Vec::new();
    for (start, least, what) in TOKENS {
        for (at, _) in text.match_indices(start) {
            let begins = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            let rest = &text[at + start.len()..];
            let length = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || "_-./+".contains(c)))
                .unwrap_or(rest.len());
            let end = at + start.len() + length;
            if begins && length >= *least && !is_placeholder(&text[at..end]) {
                found.push((at, end, *what));
            }
        }
    }
    if let Some(at) = text.find("-----BEGIN ")
        && text[at..].lines().next().is_some_and(|line| line.contains("PRIVATE KEY"))
    {
        let line = text[at..].lines().next().map_or(0, str::len);
        found.push((at, at + line, "a private key"));
    }
    // `scheme://user:password@host`
    for (at, _) in text.match_indices("://") {
        let rest = &text[at + 3..];
        let end = rest
            .find(|c: char| c.is_whitespace() || "/\"'`?#".contains(c))
            .unwrap_or(rest.len());
        if let Some((user, _)) = rest[..end].rsplit_once('@')
            && let Some((_, password)) = user.split_once(':')
            && is_real(password)
        {
            found.push((at + 3, at + 3 + user.len(), "a password in an address"));
        }
    }
    for mark in [
        "Bearer ", "bearer ", "--password=", "--password ", "PGPASSWORD=", "MYSQL_PWD=", "REDISCLI_AUTH=", "--token=",
        "--token ", "PASSWORD=", "_TOKEN=", "_SECRET=", "API_KEY=",
    ] {
        for (at, _) in text.match_indices(mark) {
            let begin = at + mark.len();
            let rest = text[begin..].trim_start_matches(['"', '\'']);
            let skipped = text.len() - begin - rest.len();
            let length = rest
                .find(|c: char| c.is_whitespace() || "\"'`;&|)".contains(c))
                .unwrap_or(rest.len());
            let value = &rest[..length];
            let enough = if mark.to_ascii_lowercase().starts_with("bearer") { 16 } else { 6 };
            let known = found.iter().any(|(start, end, _)| *start <= begin + skipped && begin < *end);
            if value.len() >= enough && is_real(value) && !known {
                let what = match mark {
                    "--password=" | "--password " | "PGPASSWORD=" | "MYSQL_PWD=" | "PASSWORD=" | "REDISCLI_AUTH=" => "a password",
                    _ => "a token",
                };
                found.push((begin + skipped, begin + skipped + length, what));
            }
        }
    }
    found.sort_unstable();
    // A token in an address is found twice, and told once.
    let mut last = 0;
    found.retain(|(start, end, _)| {
        let new = *start >= last;
        last = last.max(*end);
        new
    });
    found
}

/// Whether a value is one, and no name of one.
fn is_real(value: &str) -> bool {
    !value.is_empty()
        && !value.starts_with(['$', '{', '<', '%', '(', '[', '@', '/', '-'])
        && !value.contains("$(")
        && !value.contains("${")
        && !is_placeholder(value)
}

fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let mut letters = value.chars().filter(|c| c.is_ascii_alphanumeric());
    let first = letters.next();
    let all_alike = letters.all(|c| Some(c) == first);
    all_alike
        || value.contains("...")
        || value.contains('…')
        || value.contains('*')
        || [
            "example", "changeme", "placeholder", "xxxx", "your", "dummy", "redacted", "secret", "password", "token",
        ]
        .iter()
        .any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_credential_is_told_from_what_stands_for_one() {
        for (text, found) in [
            ("psql postgres://app:s3cr3tpw@db/shop", 1),
            ("psql postgres://app:$PW@db/shop", 0),
            ("psql postgres://app@db/shop", 0),
            ("git clone https://oauth2:ghp_0123456789abcdefABCDEF0123456789abcd@github.com/a/b", 1),
            ("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", 0),
            ("export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7QWERTYU", 1),
            ("mysql --password=hunter22 -e x", 1),
            ("mysql --password=\"$PW\" -e x", 0),
            ("redis-cli -a {{password}}", 0),
            ("curl -H 'Authorization: Bearer $TOKEN'", 0),
            ("--token xxxxxxxxxxxx", 0),
        ] {
            assert_eq!(secrets(text).len(), found, "{text}: {:?}", secrets(text));
        }
    }
}
