//! Statements that decide what happens next.

use super::head::{Head, NAME, TITLE, Want};
use super::{Ctx, Kids, Pair, Rule, block, braces, operand, text};
use crate::ast::{Call, ChooseArm, DecideArm, StmtKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// `None` where the statement says nothing without the part that is missing.
pub(super) fn read(head: &mut Head<'_, '_>, rule: Rule) -> Option<StmtKind> {
    Some(match rule {
        Rule::section => {
            let name = head.opt_snake();
            let title = head.string(TITLE);
            let within = head.clauses(&["within"]).limit(head.ctx);
            StmtKind::Section {
                name,
                title,
                within: within.map(Box::new),
                block: head.must_block(),
            }
        }
        Rule::step => {
            let name = head.snake(NAME);
            let title = head.string(TITLE);
            StmtKind::Step {
                name,
                title,
                block: head.block(Want::May),
            }
        }
        Rule::checkpoint => {
            let name = head.snake(NAME);
            let title = head.string(TITLE);
            let mut clauses = head.clauses(&["after", "since"]);
            let after = clauses.value(head.ctx, "after");
            let since = clauses.name(head.ctx, "since");
            StmtKind::Checkpoint {
                name,
                title,
                after: after.map(Box::new),
                since: since.map(Box::new),
                block: head.block(Want::May),
            }
        }
        Rule::if_stmt => if_stmt(head),
        Rule::choose => choose(head),
        Rule::decide => decide(head)?,
        Rule::attempt => {
            let name = head.snake(NAME);
            let title = head.opt_string();
            let within = head.clauses(&["within"]).limit(head.ctx);
            let block = head.must_block();
            let otherwise = head.take(Rule::otherwise).map(|pair| {
                let mut head = Head::new(head.ctx, pair);
                head.must_block()
            });
            head.end();
            StmtKind::Attempt {
                name,
                title,
                within: within.map(Box::new),
                block,
                otherwise: otherwise.map(Box::new),
            }
        }
        Rule::parallel => {
            let title = head.opt_string();
            let max = head.clauses(&["max"]).value(head.ctx, "max");
            StmtKind::Parallel {
                title,
                max: max.map(Box::new),
                block: head.must_block(),
            }
        }
        Rule::for_stmt => {
            let name = head.snake("a name for each item");
            head.second_word("`in`");
            let items = head.expr("a list");
            let parallel = head.clauses(&["parallel"]).value(head.ctx, "parallel");
            StmtKind::For {
                name,
                items: Box::new(items),
                parallel: parallel.map(Box::new),
                block: head.must_block(),
            }
        }
        Rule::wait => wait(head),
        Rule::watch => {
            let mut clauses = head.clauses(&["for", "every", "allow"]);
            let lasting = clauses
                .value(head.ctx, "for")
                .unwrap_or_else(|| head.bad("`for` and a duration"));
            let every = clauses.value(head.ctx, "every");
            let allow = clauses.value(head.ctx, "allow");
            StmtKind::Watch {
                lasting: Box::new(lasting),
                every: every.map(Box::new),
                allow: allow.map(Box::new),
                block: head.must_block(),
            }
        }
        Rule::do_stmt => {
            let call = head
                .take(Rule::do_call)
                .and_then(|pair| do_call(head.ctx, pair))?;
            head.end();
            StmtKind::Do(Box::new(call))
        }
        Rule::notify => {
            let path = head.expect_path("a message's name")?;
            head.end();
            StmtKind::Notify(path)
        }
        Rule::escalate => {
            let pair = head.take(Rule::escalate_head)?;
            let mut inner = Head::new(head.ctx, pair);
            inner.second_word("`to`");
            let to = inner.expect_path("a contact's name");
            let text = inner.opt_string();
            head.end();
            StmtKind::Escalate { to: to?, text }
        }
        Rule::rewind => {
            head.second_word("`to`");
            let path = head.expect_path("a checkpoint's name")?;
            head.end();
            StmtKind::Rewind(path)
        }
        Rule::finish => {
            let outcome = head.expect_name("an outcome");
            let text = head.opt_string();
            head.end();
            StmtKind::Finish {
                outcome: outcome?,
                text,
            }
        }
        Rule::return_stmt => {
            let value = head.opt_expr();
            head.end();
            StmtKind::Return(value.map(Box::new))
        }
        _ => return None,
    })
}

fn if_stmt(head: &mut Head<'_, '_>) -> StmtKind {
    let condition = head.expr("a condition");
    let mut arms = vec![(condition, head.must_block())];
    while let Some(pair) = head.take(Rule::else_if) {
        let mut arm = Head::new(head.ctx, pair);
        let condition = arm.expr("a condition");
        arms.push((condition, arm.must_block()));
    }
    let otherwise = head.take(Rule::else_arm).map(|pair| {
        let mut arm = Head::new(head.ctx, pair);
        arm.must_block()
    });
    head.end();
    StmtKind::If {
        arms,
        otherwise: otherwise.map(Box::new),
    }
}

/// `else` or `otherwise` that belongs to nothing.
pub(super) fn stray_else<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> StmtKind {
    let start = pair.as_span().start();
    let word = if pair.as_str().starts_with("else") {
        "else"
    } else {
        "otherwise"
    };
    let owner = if word == "else" { "if" } else { "attempt" };
    let place = ctx.span(start, start + word.len());
    let mut head = Head::new(ctx, pair);
    head.ctx.push(
        Diagnostic::error(
            codes::UNKNOWN_STATEMENT,
            format!("`{word}` belongs to no `{owner}`"),
            place,
            "this word",
        )
        .help(format!(
            "put it behind the closing brace of `{owner}`, or on the very next line"
        )),
    );
    head.heard();
    head.quiet();
    head.block(Want::May);
    StmtKind::Bad
}

fn choose(head: &mut Head<'_, '_>) -> StmtKind {
    let question = head.string("a question in quotes");
    let mut clauses = head.clauses(&["as", "within"]);
    let binds = clauses.name(head.ctx, "as");
    let within = clauses.within(head.ctx);
    let mut arms = Vec::new();
    let mut span_arms = head.empty_place();
    if let Some(pair) = head.own_block(Rule::choose_block, Want::Must) {
        span_arms = head.ctx.pair_span(&pair);
        arms = own_lines(head.ctx, pair, |ctx, kid| {
            if kid.as_rule() == Rule::choose_arm {
                return Some(choose_arm(ctx, kid));
            }
            block::misplaced(
                ctx,
                kid,
                "`choose`",
                "begin an arm with its answer in quotes: `\"Yes\" { … }`",
            );
            None
        });
        head.heard();
    }
    head.end();
    StmtKind::Choose {
        question,
        binds,
        within: within.map(Box::new),
        arms,
        span_arms,
    }
}

fn choose_arm<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> ChooseArm {
    let span = text::trimmed(ctx, &pair);
    let mut head = Head::new(ctx, pair);
    let label = head.string("an answer in quotes");
    let mut clauses = head.clauses(&["recommended", "only"]);
    let recommended = clauses.flag(head.ctx, "recommended");
    let only_if = clauses.only_if(head.ctx);
    ChooseArm {
        label,
        recommended,
        only_if,
        block: head.must_block(),
        span,
    }
}

fn decide(head: &mut Head<'_, '_>) -> Option<StmtKind> {
    let matrix = head.expect_path("a matrix's name");
    let inputs = head
        .take(Rule::args)
        .map(|pair| operand::args(head.ctx, pair))
        .unwrap_or_default();
    let by = head.clauses(&["by"]).name(head.ctx, "by");
    let mut arms = Vec::new();
    let mut span_arms = head.empty_place();
    if let Some(pair) = head.own_block(Rule::decide_block, Want::Must) {
        span_arms = head.ctx.pair_span(&pair);
        arms = own_lines(head.ctx, pair, |ctx, kid| {
            if kid.as_rule() == Rule::decide_arm {
                return Some(decide_arm(ctx, kid));
            }
            if kid.as_rule() == Rule::bad_line && is_arm(kid.as_str()) {
                let place = text::trimmed(ctx, &kid).after();
                ctx.push(
                    Diagnostic::error(
                        codes::BLOCK_MISSING,
                        "an arm needs a block",
                        place,
                        "expected `{` here",
                    )
                    .help("write what happens then in a block, on one line or several"),
                );
                return None;
            }
            block::misplaced(
                ctx,
                kid,
                "`decide`",
                "begin an arm with values of the matrix's output: `roll_back { … }`",
            );
            None
        });
        head.heard();
    }
    head.end();
    Some(StmtKind::Decide {
        matrix: matrix?,
        inputs,
        by: by.map(Box::new),
        arms,
        span_arms,
    })
}

/// Values of an arm, and nothing else.
fn is_arm(line: &str) -> bool {
    line.split(',').all(|value| {
        let value = value.trim();
        !value.is_empty()
            && value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn decide_arm<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> DecideArm {
    let span = text::trimmed(ctx, &pair);
    let mut head = Head::new(ctx, pair);
    let mut values = Vec::new();
    while let Some(value) = head.opt_value() {
        values.push(value);
    }
    DecideArm {
        values,
        block: head.must_block(),
        span,
    }
}

/// What a block with lines of its own kind holds.
pub(super) fn own_lines<'s, T>(
    ctx: &mut Ctx<'s>,
    pair: Pair<'s>,
    mut read: impl FnMut(&mut Ctx<'s>, Pair<'s>) -> Option<T>,
) -> Vec<T> {
    let mut frame = braces::Frame::new(&pair);
    ctx.deeper(&pair.clone(), |ctx| {
        let mut found = Vec::new();
        let mut kids = Kids::of(pair);
        while let Some(kid) = kids.next(ctx) {
            if frame.sees(ctx, &kid) {
                found.extend(read(ctx, kid));
            }
        }
        found
    })
    .unwrap_or_default()
}

fn wait(head: &mut Head<'_, '_>) -> StmtKind {
    let up_to = head.take(Rule::up_to).map(|pair| {
        let mut words = Head::new(head.ctx, pair);
        words.second_word("`to`");
    });
    let limit = head.value("a duration");
    if up_to.is_none() {
        let clauses = head.clauses(&[]);
        drop(clauses);
        head.end();
        return StmtKind::Wait(limit);
    }
    let mut clauses = head.clauses(&["every", "stable"]);
    let every = clauses.value(head.ctx, "every");
    let stable = clauses.value(head.ctx, "stable");
    StmtKind::WaitUpTo {
        limit: Box::new(limit),
        every: every.map(Box::new),
        stable: stable.map(Box::new),
        block: head.must_block(),
    }
}

/// `do name(x, b: 2) as first`; `None` where there is no name.
pub(super) fn do_call<'s>(ctx: &mut Ctx<'s>, pair: Pair<'s>) -> Option<Call> {
    let span = text::trimmed(ctx, &pair);
    let mut head = Head::new(ctx, pair);
    let path = head.expect_path("a procedure's name");
    let args = match head.take(Rule::args) {
        Some(pair) => operand::args(head.ctx, pair),
        None => {
            if path.is_some() {
                let place = head.empty_place();
                no_parentheses(head.ctx, place);
            }
            Vec::new()
        }
    };
    let binds = head.clauses(&["as"]).name(head.ctx, "as");
    Some(Call {
        path: path?,
        args,
        binds,
        span,
    })
}

fn no_parentheses(ctx: &mut Ctx<'_>, place: Span) {
    ctx.push(
        Diagnostic::error(
            codes::MISSING_PART,
            "a call has no parentheses",
            place,
            "`(` and `)` belong here",
        )
        .help("write `do name()`, with the arguments in the parentheses")
        .fix(place, "()"),
    );
}
