//! Expressions, text and commands as the language writes them, in one layout: two that mean the same by the same names
//! are the same text.

use runbook_plan::command::{Command, Interpreter, Manner, Mark, Request, Script, ScriptForm};
use runbook_plan::command::{Settings, Strictness};
use runbook_plan::expr::{Expr, ExprKind, Function, LastFact, Op, RunFact, Template, TemplatePart};
use runbook_plan::ids::{CommandId, RequestId, VarId};
use runbook_plan::plan::{Looked, Within, WithinElse};
use runbook_plan::value::{Type, Value};
use runbook_plan::{Plan, show};

use crate::tree::{Fact, fact};

/// How tightly an expression holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Or,
    And,
    Not,
    Compare,
    Else,
    Add,
    Multiply,
    Negate,
    Whole,
}

pub fn expr(plan: &Plan, e: &Expr) -> String {
    written(plan, e).0
}

fn at_least(plan: &Plan, e: &Expr, tie: Tie) -> String {
    match written(plan, e) {
        (text, own) if own >= tie => text,
        (text, _) => format!("({text})"),
    }
}

fn written(plan: &Plan, e: &Expr) -> (String, Tie) {
    use ExprKind as E;
    let whole = |e: &Expr| at_least(plan, e, Tie::Whole);
    let beside = |e: &Expr| at_least(plan, e, Tie::Else);
    match &e.kind {
        E::Literal(value) => (literal(plan, value, &e.ty), Tie::Whole),
        E::Var(var) => (name(plan, *var).to_owned(), Tie::Whole),
        E::Run(fact) => (format!("run.{}", run_fact(*fact)), Tie::Whole),
        E::Last(fact) => (last_fact(*fact).to_owned(), Tie::Whole),
        E::Text(text) => (show::quoted(&template(plan, text)), Tie::Whole),
        E::List(items) => {
            let items: Vec<String> = items.iter().map(|item| expr(plan, item)).collect();
            (format!("[{}]", items.join(", ")), Tie::Whole)
        }
        E::Field(of, field) => (format!("{}.{field}", whole(of)), Tie::Whole),
        E::Index(of, at) => (format!("{}[{}]", whole(of), expr(plan, at)), Tie::Whole),
        E::Call(function, args) => {
            let args: Vec<String> = args.iter().map(|arg| expr(plan, arg)).collect();
            (
                format!("{}({})", called(*function), args.join(", ")),
                Tie::Whole,
            )
        }
        E::Binary(op, a, b) => {
            let (word, tie, right) = operator(*op);
            let text = format!(
                "{} {word} {}",
                at_least(plan, a, if tie == Tie::Compare { Tie::Else } else { tie }),
                at_least(plan, b, right)
            );
            (text, tie)
        }
        E::Not(of) => (format!("not {}", at_least(plan, of, Tie::Not)), Tie::Not),
        E::Negate(of) => (format!("-{}", at_least(plan, of, Tie::Negate)), Tie::Negate),
        E::IsEmpty(of) => (format!("{} is empty", beside(of)), Tie::Compare),
        E::IsSet(of) => (format!("{} is set", beside(of)), Tie::Compare),
        E::Matches(of, pattern) => (
            format!("{} matches \"{}\"", beside(of), pattern.0),
            Tie::Compare,
        ),
        E::Between(of, low, high) => (
            format!(
                "{} in {}..{}",
                beside(of),
                at_least(plan, low, Tie::Add),
                at_least(plan, high, Tie::Add)
            ),
            Tie::Compare,
        ),
        E::Else(a, b) => (
            format!(
                "{} else {}",
                at_least(plan, a, Tie::Else),
                at_least(plan, b, Tie::Add)
            ),
            Tie::Else,
        ),
        // What the language reads without being told is not written.
        E::Read(of, _) => written(plan, of),
    }
}

/// The word, how tightly it ties, and how tightly what stands to the right must.
fn operator(op: Op) -> (&'static str, Tie, Tie) {
    match op {
        Op::Or => ("or", Tie::Or, Tie::And),
        Op::And => ("and", Tie::And, Tie::Not),
        Op::Equal => ("==", Tie::Compare, Tie::Else),
        Op::NotEqual => ("!=", Tie::Compare, Tie::Else),
        Op::Less => ("<", Tie::Compare, Tie::Else),
        Op::LessEqual => ("<=", Tie::Compare, Tie::Else),
        Op::Greater => (">", Tie::Compare, Tie::Else),
        Op::GreaterEqual => (">=", Tie::Compare, Tie::Else),
        Op::In => ("in", Tie::Compare, Tie::Else),
        Op::NotIn => ("not in", Tie::Compare, Tie::Else),
        Op::Contains => ("contains", Tie::Compare, Tie::Else),
        Op::Add => ("+", Tie::Add, Tie::Multiply),
        Op::Subtract => ("-", Tie::Add, Tie::Multiply),
        Op::Multiply => ("*", Tie::Multiply, Tie::Negate),
        Op::Divide => ("/", Tie::Multiply, Tie::Negate),
    }
}

fn run_fact(fact: RunFact) -> &'static str {
    match fact {
        RunFact::Id => "id",
        RunFact::Started => "started",
        RunFact::Severity => "severity",
        RunFact::Operator => "operator",
        RunFact::Trigger => "trigger",
    }
}

fn last_fact(fact: LastFact) -> &'static str {
    match fact {
        LastFact::Exit => "exit",
        LastFact::Output => "output",
        LastFact::Stderr => "stderr",
        LastFact::Elapsed => "elapsed",
        LastFact::Status => "status",
        LastFact::Body => "body",
        LastFact::Header => "header",
    }
}

fn called(function: Function) -> &'static str {
    match function {
        Function::Len => "len",
        Function::Lines => "lines",
        Function::Trim => "trim",
        Function::Join => "join",
        Function::Number => "number",
        Function::Json => "json",
        Function::Basename => "basename",
        Function::Now => "now",
        Function::Env => "env",
    }
}

fn literal(plan: &Plan, value: &Value, ty: &Type) -> String {
    match (value, ty) {
        (Value::Secret(id), _) => plan.secrets[id.0 as usize].name.clone(),
        (Value::Text(text), Type::OneOf(_)) => show::choice(text),
        (value, _) => show::literal(value),
    }
}

pub fn name(plan: &Plan, var: VarId) -> &str {
    &plan.vars[var.index()].name
}

/// With its type: `up: bool`.
pub fn typed(plan: &Plan, var: VarId) -> String {
    let var = &plan.vars[var.index()];
    format!("{}: {}", var.name, show::ty(&var.ty))
}

/// As it is, holes in braces.
pub fn template(plan: &Plan, text: &Template) -> String {
    let mut out = String::new();
    for part in &text.parts {
        match part {
            TemplatePart::Text(text) => out += text,
            TemplatePart::Hole(hole) => out += &format!("{{{{{}}}}}", expr(plan, hole)),
        }
    }
    out
}

/// Prose, in one line: how it is wrapped is no part of what it says.
pub fn prose(plan: &Plan, text: &Template) -> String {
    let text = template(plan, text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text in quotes.
pub fn quoted(plan: &Plan, text: &Template) -> String {
    show::quoted(&template(plan, text))
}

pub fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Act => "$",
        Mark::Look => "?",
    }
}

/// `? curl …`, or a fence for each platform.
pub fn command(plan: &Plan, id: CommandId) -> String {
    let command = &plan.commands[id.index()];
    let mark = mark(command.mark);
    let scripts: Vec<String> = command
        .scripts
        .iter()
        .map(|one| script(plan, one))
        .collect();
    format!("{mark} {}", scripts.join("\n"))
}

fn script(plan: &Plan, script: &Script) -> String {
    let text = template(plan, &script.text);
    let text = text.trim_end_matches('\n');
    let strict = match &script.form {
        ScriptForm::Script { strict, .. } => *strict,
        ScriptForm::Direct(_) => Strictness::AsTyped,
    };
    let word = interpreter(plan, script.interpreter);
    match strict {
        Strictness::StopAtFirstFailure => format!("```{word}\n{text}\n```"),
        Strictness::AsTyped => text.to_owned(),
    }
}

fn interpreter(plan: &Plan, interpreter: Interpreter) -> &str {
    match interpreter {
        Interpreter::Sh => "sh",
        Interpreter::Bash => "bash",
        Interpreter::Zsh => "zsh",
        Interpreter::PowerShell => "powershell",
        Interpreter::Python => "python",
        Interpreter::Declared(id) => &plan.interpreters[id.index()].name,
    }
}

/// Where and as what a command runs.
pub fn around(plan: &Plan, command: &Command) -> Vec<Fact> {
    let mut facts = settings(plan, &plan.settings[command.settings.index()]);
    if let Some(Script {
        interpreter:
            word @ (Interpreter::Bash
            | Interpreter::Zsh
            | Interpreter::PowerShell
            | Interpreter::Python
            | Interpreter::Declared(_)),
        ..
    }) = command.scripts.first()
    {
        facts.push(fact("with", interpreter(plan, *word)));
    }
    match &command.manner {
        Manner::Plain | Manner::Background(_) => {}
        Manner::Interactive => facts.push(fact("interactive", "yes")),
        Manner::Live(lasting) => facts.push(fact("live for", expr(plan, lasting))),
    }
    facts
}

pub fn settings(plan: &Plan, settings: &Settings) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(host) = settings.host {
        facts.push(fact("on", plan.hosts[host.index()].name.clone()));
    }
    if let Some(dir) = &settings.dir {
        facts.push(fact("in", expr(plan, dir)));
    }
    for (at, (name, value)) in settings.env.iter().enumerate() {
        // A later one of the same name wins.
        if settings.env[at + 1..]
            .iter()
            .all(|(later, _)| later != name)
        {
            facts.push(fact(format!("env {name}"), expr(plan, value)));
        }
    }
    facts
}

/// `http GET {{api}}/health`, its headers, query and body below it.
pub fn request(plan: &Plan, id: RequestId) -> String {
    let request: &Request = &plan.requests[id.index()];
    let mut text = format!("http {} {}", request.method, template(plan, &request.url));
    for (word, named) in [("header", &request.headers), ("query", &request.query)] {
        for (name, value) in named {
            text += &format!("\n{word} {name}: {}", template(plan, value));
        }
    }
    if let Some(body) = &request.body {
        text += &format!("\nbody\n{}", template(plan, body));
    }
    text
}

pub fn looked(plan: &Plan, looked: Looked) -> String {
    match looked {
        Looked::Command(id) => command(plan, id),
        Looked::Request(id) => request(plan, id),
    }
}

/// `within 3m else "No"`. `arm` names an arm of the `choose` that it belongs to.
pub fn within(plan: &Plan, within: &Within, arm: impl Fn(usize) -> String) -> String {
    let mut text = expr(plan, &within.limit);
    match &within.otherwise {
        None => {}
        Some(WithinElse::Answer(answer)) => text += &format!(" else {}", expr(plan, answer)),
        Some(WithinElse::Arm(at)) => text += &format!(" else {}", arm(*at)),
        Some(WithinElse::Escalate { to, text: why }) => {
            let to = &plan.contacts[to.index()].name;
            text += &format!(" else escalate to {to}");
            if let Some(why) = why {
                text += &format!(" {}", quoted(plan, why));
            }
        }
    }
    text
}
