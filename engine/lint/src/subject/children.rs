//! What a statement holds: blocks, commands, requests, texts, expressions.

use runbook_grammar::ast::*;

/// Which of a statement's blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The top level of the file.
    Root,
    Body,
    /// Of an `if`, a `choose`, a `decide`: of these only one is run.
    Arm(usize),
    Otherwise,
}

/// The blocks of a statement, in the order of the text.
pub fn blocks(stmt: &Stmt) -> Vec<(Slot, &Block)> {
    use StmtKind as S;
    match &stmt.kind {
        S::Contact { block, .. }
        | S::Param { block, .. }
        | S::Host { block, .. }
        | S::Channel { block, .. }
        | S::FollowUp { block, .. }
        | S::Step { block, .. }
        | S::Checkpoint { block, .. }
        | S::Ask { block, .. } => block.iter().map(|block| (Slot::Body, block)).collect(),
        S::Interpreter { block, .. }
        | S::Procedure { block, .. }
        | S::Message { block, .. }
        | S::Guard { block, .. }
        | S::Trigger { block, .. }
        | S::Section { block, .. }
        | S::Parallel { block, .. }
        | S::For { block, .. }
        | S::WaitUpTo { block, .. }
        | S::Watch { block, .. }
        | S::Check { block, .. }
        | S::Background(block)
        | S::OnFailure(block)
        | S::Always(block)
        | S::Undo(Undo::Block(block))
        | S::Scenario { block, .. } => vec![(Slot::Body, block)],
        S::Attempt {
            block, otherwise, ..
        } => std::iter::once((Slot::Body, block))
            .chain(otherwise.iter().map(|block| (Slot::Otherwise, &**block)))
            .collect(),
        S::If { arms, otherwise } => arms
            .iter()
            .map(|(_, block)| block)
            .chain(otherwise.iter().map(|block| &**block))
            .enumerate()
            .map(|(at, block)| (Slot::Arm(at), block))
            .collect(),
        S::Choose { arms, .. } => arms
            .iter()
            .enumerate()
            .map(|(at, arm)| (Slot::Arm(at), &arm.block))
            .collect(),
        S::Decide { arms, .. } => arms
            .iter()
            .enumerate()
            .map(|(at, arm)| (Slot::Arm(at), &arm.block))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a command is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Stands by itself: it is done, and must succeed.
    Done,
    /// `let x = ? …`
    Captured,
    Undo,
    DoneIf,
    /// `suggest from`, `from`
    Offers,
    Snapshot,
    Secret,
    /// The command of a declared interpreter.
    Interpreter,
}

/// The commands that stand in a statement itself.
pub fn commands(stmt: &Stmt) -> Vec<(Purpose, &Command)> {
    use StmtKind as S;
    match &stmt.kind {
        S::Command(command) => vec![(Purpose::Done, command)],
        S::Let {
            value: LetValue::Command(command),
            ..
        } => vec![(Purpose::Captured, command)],
        S::Undo(Undo::Command(command)) => vec![(Purpose::Undo, command)],
        S::DoneIf(Look::Command(command)) => vec![(Purpose::DoneIf, command)],
        S::SuggestFrom(Look::Command(command)) | S::From(Look::Command(command)) => {
            vec![(Purpose::Offers, command)]
        }
        S::Secret {
            from: SecretFrom::Command(command),
            ..
        } => vec![(Purpose::Secret, command)],
        S::Snapshot { entries, .. } => entries
            .iter()
            .filter_map(|entry| match &entry.look {
                Look::Command(command) => Some((Purpose::Snapshot, command)),
                Look::Http(_) => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The requests that stand in a statement itself.
pub fn requests(stmt: &Stmt) -> Vec<(Purpose, &Http)> {
    use StmtKind as S;
    match &stmt.kind {
        S::Http(http) => vec![(Purpose::Done, http)],
        S::Let {
            value: LetValue::Http(http),
            ..
        } => vec![(Purpose::Captured, http)],
        S::Undo(Undo::Http(http)) => vec![(Purpose::Undo, http)],
        S::DoneIf(Look::Http(http)) => vec![(Purpose::DoneIf, http)],
        S::SuggestFrom(Look::Http(http)) | S::From(Look::Http(http)) => {
            vec![(Purpose::Offers, http)]
        }
        S::Snapshot { entries, .. } => entries
            .iter()
            .filter_map(|entry| match &entry.look {
                Look::Http(http) => Some((Purpose::Snapshot, &**http)),
                Look::Command(_) => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The texts of a command, a fence each.
pub fn scripts(command: &Command) -> Vec<&Str> {
    match &command.body {
        CommandBody::Line(text) => vec![text],
        CommandBody::Fences(fences) => fences.iter().map(|fence| &fence.text).collect(),
    }
}

/// The texts of a request.
pub fn request_texts(http: &Http) -> Vec<&Str> {
    let mut texts = vec![&http.url];
    for option in &http.options {
        texts.push(match option {
            HttpOption::Header { value, .. } | HttpOption::Query { value, .. } => value,
            HttpOption::Body { fence, .. } => &fence.text,
        });
    }
    texts
}

/// Every text with holes that stands in a statement itself, commands and requests included; those in its
/// expressions are left to [`exprs`].
pub fn texts(stmt: &Stmt) -> Vec<&Str> {
    use StmtKind as S;
    let mut texts: Vec<&Str> = Vec::new();
    for (_, command) in commands(stmt) {
        texts.extend(scripts(command));
    }
    for (_, http) in requests(stmt) {
        texts.extend(request_texts(http));
    }
    match &stmt.kind {
        S::Prose(text)
        | S::Warning(text)
        | S::Owner(text)
        | S::Version(text)
        | S::Lock(text)
        | S::Todo(text)
        | S::Irreversible(text)
        | S::Needs(Need::Person(text))
        | S::Severity { title: text, .. }
        | S::Contact { title: text, .. }
        | S::Host { address: text, .. }
        | S::Channel { title: text, .. }
        | S::Guard { title: text, .. }
        | S::Trigger { title: text, .. }
        | S::FollowUp { title: text, .. }
        | S::Section { title: text, .. }
        | S::Step { title: text, .. }
        | S::Checkpoint { title: text, .. }
        | S::Ask { question: text, .. }
        | S::Confirm { question: text, .. }
        | S::Item { text, .. }
        | S::Approve { text, .. } => texts.push(text),
        S::Link { title, url } => texts.extend([title, url]),
        S::Fields(fields) => texts.extend(fields.iter().map(|(_, text)| text)),
        S::Param { prompt, .. } => texts.extend(prompt),
        S::Procedure { title, .. }
        | S::Attempt { title, .. }
        | S::Parallel { title, .. }
        | S::Check { title, .. } => texts.extend(title),
        S::Message {
            to: MessageTo::File(text),
            ..
        } => texts.push(text),
        S::Choose { question, arms, .. } => {
            texts.push(question);
            texts.extend(arms.iter().map(|arm| &arm.label));
        }
        S::Escalate { text, .. } | S::Finish { text, .. } => texts.extend(text),
        S::Expect { why, .. } => texts.extend(why),
        _ => {}
    }
    if let Some(Within {
        otherwise: Some(WithinElse::Escalate {
            text: Some(text), ..
        }),
        ..
    }) = within(stmt)
    {
        texts.push(text);
    }
    texts
}

/// The deadline of a prompt, with what answers it.
pub fn within(stmt: &Stmt) -> Option<&Within> {
    match &stmt.kind {
        StmtKind::Choose { within, .. }
        | StmtKind::Ask { within, .. }
        | StmtKind::Confirm { within, .. }
        | StmtKind::Approve { within, .. } => within.as_deref(),
        _ => None,
    }
}

/// Every expression that stands in a statement itself.
pub fn exprs(stmt: &Stmt) -> Vec<&Expr> {
    use StmtKind as S;
    let mut found: Vec<&Expr> = Vec::new();
    match &stmt.kind {
        S::Review { every, since } => found.extend([every, since]),
        S::Objective { within, .. } => found.push(within),
        S::Severity { within, .. }
        | S::FollowUp { within, .. }
        | S::Section { within, .. }
        | S::Attempt { within, .. } => found.extend(within.as_deref()),
        S::EscalateAfter { after, .. } => found.push(after),
        S::Param { default, .. } | S::Ask { default, .. } => found.extend(default.as_deref()),
        S::Procedure { params, .. } => {
            found.extend(params.iter().filter_map(|param| param.default.as_ref()));
        }
        S::Every(expr)
        | S::Wait(expr)
        | S::Timeout(expr)
        | S::OnlyIf(expr)
        | S::In(expr)
        | S::Env { value: expr, .. }
        | S::LiveFor(expr)
        | S::After(expr)
        | S::TakesAtMost(expr)
        | S::Expect {
            condition: expr, ..
        }
        | S::Let {
            value: LetValue::Expr(expr),
            ..
        } => found.push(expr),
        S::Let {
            value: LetValue::Do(call),
            ..
        }
        | S::Do(call) => found.extend(call.args.iter().map(|arg| &arg.value)),
        S::FiresWhen { when, lasting } => {
            if let FiresWhen::Condition(condition) = when {
                found.push(condition);
            }
            found.extend(lasting.as_deref());
        }
        S::StartWith(values) => found.extend(values.iter().map(|(_, value)| value)),
        S::Checkpoint { after, .. } => found.extend(after.as_deref()),
        S::If { arms, .. } => found.extend(arms.iter().map(|(condition, _)| condition)),
        S::Choose { arms, .. } => {
            found.extend(arms.iter().filter_map(|arm| arm.only_if.as_ref()));
        }
        S::Decide { inputs, .. } => found.extend(inputs.iter().map(|arg| &arg.value)),
        S::Parallel { max, .. } => found.extend(max.as_deref()),
        S::For {
            items, parallel, ..
        } => {
            found.push(items);
            found.extend(parallel.as_deref());
        }
        S::WaitUpTo {
            limit,
            every,
            stable,
            ..
        } => {
            found.push(limit);
            found.extend(every.as_deref());
            found.extend(stable.as_deref());
        }
        S::Watch {
            lasting,
            every,
            allow,
            ..
        } => {
            found.push(lasting);
            found.extend(every.as_deref());
            found.extend(allow.as_deref());
        }
        S::Return(value) => found.extend(value.as_deref()),
        S::Retry {
            times,
            every,
            backoff,
        } => {
            found.push(times);
            found.extend(every.as_deref());
            found.extend(backoff.as_deref());
        }
        S::Takes { from, to } => {
            found.push(from);
            found.extend(to.as_deref());
        }
        _ => {}
    }
    if let Some(within) = within(stmt) {
        found.push(&within.limit);
        if let Some(WithinElse::Answer(answer)) = &within.otherwise {
            found.push(answer);
        }
    }
    found
}

/// The expressions right inside another.
pub fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::List(items) | ExprKind::Call(_, items) => items.iter().collect(),
        ExprKind::Field(of, _)
        | ExprKind::Not(of)
        | ExprKind::Negate(of)
        | ExprKind::IsEmpty(of)
        | ExprKind::IsSet(of)
        | ExprKind::Matches(of, _)
        | ExprKind::Paren(of) => vec![of],
        ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) | ExprKind::Range(a, b) => vec![a, b],
        _ => Vec::new(),
    }
}
