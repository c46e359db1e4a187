use runbook_grammar::ast::{BinaryOp, Expr, ExprKind, StmtKind};
use runbook_grammar::span::Span;

use crate::finding::{Found, Severity};
use crate::rule::Rule;
use crate::subject::{SiteId, Subject};
use crate::subject::children::Slot;

pub const RULE: Rule = Rule {
    name: "unreachable-step",
    severity: Severity::Warning,
    title: "a step that nothing comes to",
    why: "A condition that is never true, or one that an arm above has taken already, leaves its block standing in the document as if it could \
happen. Somebody will rely on it. A statement behind `finish` is an error of its own, [RB2022](../errors/RB2022.md).",
    way_out: "Take the block out, or mend the condition.",
    bad: r#"param region: text = "eu"

if region == "eu" {
  step eu "Fail over to Frankfurt"
} else if region == "eu" {
  step us "Fail over to Virginia"
}
"#,
    good: r#"param region: text = "eu"

if region == "eu" {
  step eu "Fail over to Frankfurt"
} else if region == "us" {
  step us "Fail over to Virginia"
}
"#,
    check,
};

fn check(subject: &Subject<'_>, found: &mut Found) {
    for (site, stmt) in subject.each() {
        match &stmt.kind {
            StmtKind::If { arms, otherwise } => {
                let mut always: Option<Span> = None;
                for (at, (condition, block)) in arms.iter().enumerate() {
                    let same = arms[..at]
                        .iter()
                        .find(|(earlier, _)| text(subject, earlier) == text(subject, condition));
                    if let Some(always) = always {
                        dead(subject, found, block_of(subject, site, at), block.span, always, "is always true, and taken first");
                    } else if let Some((earlier, _)) = same {
                        dead(subject, found, block_of(subject, site, at), condition.span, earlier.span, "takes all of it already");
                    } else if truth(condition) == Some(false) {
                        never(subject, found, block_of(subject, site, at), condition.span);
                    }
                    if truth(condition) == Some(true) {
                        always = always.or(Some(condition.span));
                    }
                }
                if let (Some(always), Some(block)) = (always, otherwise) {
                    let at = block_of(subject, site, arms.len());
                    dead(subject, found, at, block.span, always, "is always true, and taken first");
                }
            }
            StmtKind::OnlyIf(condition) if truth(condition) == Some(false) => {
                never(subject, found, subject.sites[site].parent, condition.span);
            }
            StmtKind::Choose { arms, .. } => {
                for arm in arms {
                    if let Some(condition) = &arm.only_if
                        && truth(condition) == Some(false)
                    {
                        never(subject, found, None, condition.span);
                    }
                }
            }
            StmtKind::For { items, .. } => {
                if let ExprKind::List(items) = &items.kind
                    && items.is_empty()
                {
                    never(subject, found, Some(site), stmt.span.first(3));
                }
            }
            _ => {}
        }
    }
}

/// The first step in an arm.
fn block_of(subject: &Subject<'_>, site: SiteId, arm: usize) -> Option<SiteId> {
    subject
        .below(site)
        .find(|(at, _)| {
            let own = subject.sites[*at];
            own.parent == Some(site) && own.slot == Slot::Arm(arm)
        })
        .map(|(at, _)| at)
}

fn what(subject: &Subject<'_>, site: Option<SiteId>) -> String {
    match site.map(|site| (&subject.sites[site].stmt.kind, subject.name_of(site))) {
        Some((StmtKind::Step { .. }, name)) => format!("nothing ever comes to the step `{name}`"),
        Some((StmtKind::Checkpoint { .. }, name)) => {
            format!("nothing ever comes to the checkpoint `{name}`")
        }
        _ => "nothing ever comes to this block".to_owned(),
    }
}

fn never(subject: &Subject<'_>, found: &mut Found, site: Option<SiteId>, condition: Span) {
    found
        .add(condition, what(subject, site), "is never true")
        .help("take it out, or mend the condition");
}

fn dead(
    subject: &Subject<'_>,
    found: &mut Found,
    site: Option<SiteId>,
    here: Span,
    taken: Span,
    why: &str,
) {
    found
        .add(here.first(here_length(subject, here)), what(subject, site), "is never come to")
        .label(taken, why)
        .help("take it out, or mend the condition");
}

/// Of a block only its first line is shown.
fn here_length(subject: &Subject<'_>, span: Span) -> usize {
    subject.sources.text(span).lines().next().map_or(1, str::len)
}

fn text<'s>(subject: &'s Subject<'_>, expr: &Expr) -> &'s str {
    subject.sources.text(expr.span).trim()
}

/// What a condition comes to, where it says so itself.
fn truth(expr: &Expr) -> Option<bool> {
    match &expr.kind {
        ExprKind::Bool(value) => Some(*value),
        ExprKind::Paren(inner) => truth(inner),
        ExprKind::Not(inner) => truth(inner).map(|value| !value),
        ExprKind::Binary(BinaryOp::And, a, b) => match (truth(a), truth(b)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => contradict(a, b).then_some(false),
        },
        ExprKind::Binary(BinaryOp::Or, a, b) => match (truth(a), truth(b)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        ExprKind::Binary(op, a, b) => {
            let (a, b) = (literal(a)?, literal(b)?);
            match op {
                BinaryOp::Equal => Some(a == b),
                BinaryOp::NotEqual => Some(a != b),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `x == 1 and x == 2`
fn contradict(a: &Expr, b: &Expr) -> bool {
    let equals = |expr: &Expr| match &expr.kind {
        ExprKind::Binary(BinaryOp::Equal, left, right) => match (&left.kind, literal(right)) {
            (ExprKind::Name(name), Some(value)) => Some((name.text.clone(), value)),
            _ => None,
        },
        _ => None,
    };
    match (equals(a), equals(b)) {
        (Some((a, one)), Some((b, other))) => a == b && one != other,
        _ => false,
    }
}

fn literal(expr: &Expr) -> Option<String> {
    Some(match &expr.kind {
        ExprKind::Text(text) => format!("t{}", text.plain()?),
        ExprKind::Number(number) => format!("n{}", number.normalize()),
        ExprKind::Percent(number) => format!("p{}", number.normalize()),
        ExprKind::Duration(ms) => format!("d{ms}"),
        ExprKind::Bool(value) => format!("b{value}"),
        _ => return None,
    })
}
