//! `do`, `let` of what was looked up.

use runbook_plan::ids::VarId;
use runbook_plan::plan::{Judged, LetValue, Looked, NodeKind};
use runbook_plan::read;
use runbook_plan::value::{Type, Value};

use crate::effect::Notice;
use crate::event::Mode;
use crate::flow::{exec, judge, scope, starting};
use crate::frame::*;
use crate::machine::Machine;
use crate::state::{FiberId, Known};
use crate::verdict;
use crate::walk;

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut c: Box<Call>, input: Input) -> Next {
    let plan = m.plan;
    let NodeKind::Do {
        settings,
        procedure,
        args,
        result,
        ..
    } = &plan.nodes[c.node.index()].kind
    else {
        return Next::Done(Signal::Ok);
    };
    match input {
        Input::Enter => {
            let called = &plan.procedures[procedure.index()];
            let mut values = Vec::new();
            for (var, value) in args {
                match m.eval(f, value) {
                    Ok(value) => values.push((*var, value)),
                    Err(why) => return Next::Done(fail(why)),
                }
            }
            // A second call must not see what the first one bound.
            for var in walk::binds(plan, called.block) {
                m.fiber_mut(f).env.remove(&var);
            }
            for (var, value) in values {
                m.bind(f, var, value);
            }
            for (var, default) in &called.params {
                if !args.iter().any(|(given, _)| given == var)
                    && let Some(default) = default
                {
                    match m.eval(f, default) {
                        Ok(value) => m.bind(f, *var, value),
                        Err(why) => return Next::Done(fail(why)),
                    }
                }
            }
            c.surroundings = match starting::surroundings(m, f, *settings) {
                Ok(surroundings) => surroundings,
                Err(why) => return Next::Done(fail(why)),
            };
            // Some procedures only look something up: they are no place of their own for a person.
            if plan.blocks[called.block.index()]
                .nodes
                .iter()
                .any(|node| matches!(plan.nodes[node.index()].kind, NodeKind::Step { .. }))
            {
                let title = m.text(f, &called.title);
                let mut path = m.path(f);
                if let Some(name) = m.node_name(c.node) {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&name);
                }
                m.tell(Notice::SectionEntered { path, title });
            }
            let block = scope::new(called.block, ScopeKind::Procedure);
            Next::Push(Frame::Call(c), block)
        }
        Input::Child(Signal::Return(value)) => {
            if let Some(var) = result {
                let value = value.unwrap_or(Value::Missing);
                let value = or_made_up(m, *var, Ok(value)).unwrap_or(Value::Missing);
                m.bind_told(f, *var, value);
            }
            Next::Done(Signal::Ok)
        }
        Input::Child(signal) => Next::Done(signal),
        _ => Next::Wait(Frame::Call(c)),
    }
}

pub(crate) fn bind_ran(m: &mut Machine<'_>, f: FiberId, l: Let, input: Input) -> Next {
    let plan = m.plan;
    let NodeKind::Let { var, value } = &plan.nodes[l.node.index()].kind else {
        return Next::Done(Signal::Ok);
    };
    let (looked, mark) = match value {
        LetValue::Command(id) => (Looked::Command(*id), plan.commands[id.index()].mark),
        LetValue::Request(id) => (Looked::Request(*id), plan.requests[id.index()].mark),
        LetValue::Expr(_) => return Next::Done(Signal::Ok),
    };
    match input {
        Input::Enter => {
            let exec = exec::new(looked, mark, Want::Raw);
            Next::Push(Frame::Let(l), exec)
        }
        Input::Child(Signal::Ran(ran)) => {
            m.fiber_mut(f).last = Some(Box::new(ran.last.clone()));
            let declared = &plan.vars[var.index()];
            let mut captured = capture(m, &ran, &declared.ty);
            let bare = ran.last.output.is_empty() && declared.ty != Type::Bool;
            if m.s.mode() == Mode::DryRun && (captured.is_err() || bare) {
                captured = Ok(Some(made_up(&declared.ty, &declared.name)));
            }
            match captured {
                Ok(Some(value)) => {
                    m.bind_told(f, *var, value);
                    Next::Done(Signal::Ok)
                }
                Ok(None) => Next::Done(Signal::Ok),
                Err(why) => {
                    let mut failure = Failure::new(format!("`{}`: {why}", declared.name));
                    if ran.end == RanEnd::Stopped {
                        failure.kind = FailureKind::Stopped;
                    }
                    failure.command = exec::command_of(m, f, looked);
                    Next::Done(failure.signal())
                }
            }
        }
        Input::Child(signal) => Next::Done(signal),
        _ => Next::Wait(Frame::Let(l)),
    }
}

/// What was captured, read as its type. Nothing: it was not run (a probe).
fn capture(m: &Machine<'_>, ran: &Ran, ty: &Type) -> Result<Option<Value>, String> {
    if ran.end == RanEnd::Skipped {
        return Ok(None);
    }
    let plain = match ty {
        Type::Optional(inner) => inner.as_ref(),
        ty => ty,
    };
    if *plain == Type::Bool && ran.last.status.is_none() {
        return match judge::exits(ran) {
            Ok(yes) => Ok(Some(Value::Bool(yes))),
            Err(why) => Err(why),
        };
    }
    if let Some(why) = verdict::fault(ran, Judged::ByExit) {
        let said = verdict::tail(ran);
        return Err(if said.is_empty() {
            why
        } else {
            format!("{why}: {}", said.lines().last().unwrap_or_default())
        });
    }
    if ran.last.known == Known::No {
        return Err("its output is not known".into());
    }
    if let Some(flaw) = &ran.last.flaw {
        return Err(flaw.clone());
    }
    if plain != ty && ran.last.output.is_empty() {
        return Ok(Some(Value::Missing));
    }
    read::read(&ran.last.output, plain, &m.s.severities).map(Some)
}

/// Whether a `let` takes a command's exit for its answer.
pub(crate) fn is_bool(m: &Machine<'_>, bound: &Let) -> bool {
    match &m.plan.nodes[bound.node.index()].kind {
        NodeKind::Let { var, .. } => match &m.plan.vars[var.index()].ty {
            Type::Bool => true,
            Type::Optional(inner) => **inner == Type::Bool,
            _ => false,
        },
        _ => false,
    }
}

/// In a dry run, what stands for a value that cannot be had from values that were made up themselves.
pub(crate) fn or_made_up(
    m: &Machine<'_>,
    var: VarId,
    found: Result<Value, String>,
) -> Result<Value, String> {
    let declared = &m.plan.vars[var.index()];
    let lacks = matches!(found, Err(_) | Ok(Value::Missing));
    if m.s.mode() == Mode::DryRun && lacks && !matches!(declared.ty, Type::Optional(_)) {
        return Ok(made_up(&declared.ty, &declared.name));
    }
    found
}

/// What stands for a value that only a real run would find.
fn made_up(ty: &Type, name: &str) -> Value {
    match ty {
        Type::Text | Type::Secret => Value::Text(format!("‹{name}›")),
        Type::Number => Value::Number(0.into()),
        Type::Bool => Value::Bool(true),
        Type::Percent => Value::Percent(0.into()),
        Type::Duration => Value::Duration(0),
        Type::Time => Value::Time(0),
        Type::Url => Value::Url(format!("‹{name}›")),
        Type::Path => Value::Path(format!("‹{name}›")),
        Type::Severity => Value::Severity(format!("‹{name}›")),
        Type::Json => Value::Json(serde_json::Value::Null),
        Type::OneOf(values) => Value::Text(values.first().cloned().unwrap_or_default()),
        Type::List(item) => Value::List(vec![made_up(item, name)]),
        Type::Optional(_) => Value::Missing,
    }
}
