//! `# allow name: reason`: behind a statement for its line, on a line of its own for the next statement and all in it.

use runbook_grammar::ast::Comment;
use runbook_grammar::nearest;
use runbook_grammar::span::Span;

use crate::finding::{Finding, Found};
use crate::levels::Levels;
use crate::rules::{RULES, allow_without_reason, unused_allow};
use crate::subject::Subject;

/// One name of one comment.
struct Allow<'a> {
    name: &'a str,
    comment: &'a Comment,
    /// What it covers, in bytes of the file.
    covers: std::ops::Range<u32>,
    used: bool,
}

/// Takes out what is allowed with a reason, and adds what is wrong with the allows themselves.
pub(crate) fn apply(
    subject: &Subject<'_>,
    levels: &Levels,
    findings: Vec<Finding>,
) -> Vec<Finding> {
    let mut without = Found::new(
        allow_without_reason::RULE.name,
        allow_without_reason::RULE.severity,
    );
    let mut allows = Vec::new();
    for comment in &subject.file.comments {
        let Some(said) = comment.text.strip_prefix("allow ") else {
            continue;
        };
        let (names, reason) = match said.split_once(':') {
            Some((names, reason)) => (names, reason.trim()),
            None => (said, ""),
        };
        // A sentence that happens to begin so is no allow.
        let names: Vec<&str> = names.split(',').map(str::trim).collect();
        if !names.iter().all(|name| is_rule_name(name)) {
            continue;
        }
        if reason.is_empty() {
            without
                .add(
                    comment.span,
                    format!("`allow {}` gives no reason", names.join(", ")),
                    "allows nothing so",
                )
                .help(format!(
                    "write why: `# allow {}: the reason`",
                    names.join(", ")
                ));
            continue;
        }
        for name in names {
            allows.push(Allow {
                name,
                comment,
                covers: covered(subject, comment),
                used: false,
            });
        }
    }
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let at = finding.span().start;
        let covering = allows
            .iter_mut()
            .find(|allow| allow.name == finding.rule && allow.covers.contains(&at));
        match covering {
            Some(allow) => allow.used = true,
            None => kept.push(finding),
        }
    }
    if levels.of(&allow_without_reason::RULE).is_some() {
        kept.extend(without.into_findings());
    }
    if let Some(severity) = levels.of(&unused_allow::RULE) {
        let mut unused = Found::new(unused_allow::RULE.name, severity);
        for allow in allows.iter().filter(|allow| !allow.used) {
            // A rule that is off finds nothing, and so nothing can be said of what would allow it.
            match crate::rule(allow.name) {
                Some(rule) if levels.of(rule).is_none() => {}
                Some(_) => {
                    unused
                        .add(
                            allow.comment.span,
                            format!("`allow {}` covers nothing", allow.name),
                            "nothing of this name is found below",
                        )
                        .help("take the comment out, or put it right above what it is meant for");
                }
                None => {
                    let near = nearest(allow.name, RULES.iter().map(|rule| rule.name));
                    unused
                        .add(
                            allow.comment.span,
                            format!("no lint is called `{}`", allow.name),
                            "named here",
                        )
                        .help(match near {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => "see the list of lints in the book".to_owned(),
                        });
                }
            }
        }
        kept.extend(unused.into_findings());
    }
    kept
}

fn is_rule_name(name: &str) -> bool {
    name.contains('-')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn covered(subject: &Subject<'_>, comment: &Comment) -> std::ops::Range<u32> {
    let text = &subject.sources.get(subject.file.source).text;
    if comment.trailing {
        let at = (comment.span.start as usize).min(text.len());
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        return Span::new(comment.span.source, start, at).start..comment.span.start;
    }
    let header = subject.file.header.as_ref().map(|header| header.span);
    let next = subject
        .sites
        .iter()
        .map(|site| site.stmt.span)
        .chain(header)
        .filter(|span| span.start >= comment.span.end)
        .min_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    next.map_or(0..0, |span| span.start..span.end.max(span.start + 1))
}
