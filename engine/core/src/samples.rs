//! What commands may print and people may say, so that a branch goes this way or that: values on both sides of
//! every comparison that a plan makes. Whoever walks a plan without a real world takes them as answers.

use std::collections::BTreeMap;

use runbook_plan::Plan;
use runbook_plan::expr::{Expr, ExprKind, LastFact, Op, Pattern};
use runbook_plan::ids::{BlockId, CommandId, RequestId, VarId};
use runbook_plan::plan::{DecideInput, LetValue, Looked, NodeKind, Test};
use runbook_plan::show;
use runbook_plan::value::{Type, Value};
use rust_decimal::Decimal;

/// An end of a command or request that a plan tells from others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub exit: Option<i32>,
    pub status: Option<u16>,
    /// What it prints, or the body of the response.
    pub text: String,
}

/// The samples of a plan.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    commands: BTreeMap<CommandId, Vec<Sample>>,
    requests: BTreeMap<RequestId, Vec<Sample>>,
    names: BTreeMap<String, Vec<Value>>,
}

/// More of one command would be walked for a long time and tell little.
const MOST: usize = 12;

impl Samples {
    pub fn of(plan: &Plan) -> Samples {
        let mut gathered = Gathered::default();
        for at in 0..plan.blocks.len() {
            gathered.block(plan, BlockId(at as u32));
        }
        gathered.samples(plan)
    }

    /// The one that holds what is expected of it first.
    pub fn of_looked(&self, looked: Looked) -> &[Sample] {
        match looked {
            Looked::Command(id) => self.commands.get(&id),
            Looked::Request(id) => self.requests.get(&id),
        }
        .map_or(&[], Vec::as_slice)
    }

    /// Values of a param, a question or a column, by its name.
    pub fn of_name(&self, name: &str) -> &[Value] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A text that fits a pattern; `None` where none of the usual ones does.
pub fn fitting(pattern: &Pattern) -> Option<String> {
    const USUAL: [&str; 18] = [
        "v1.2.3",
        "1.2.3",
        "v1",
        "1",
        "a",
        "abc1234",
        "web-1",
        "main",
        "release-1",
        "production",
        "2026-01-05",
        "2026-01-05T09:00:00Z",
        "https://example.com",
        "ops@example.com",
        "0123456789abcdef0123456789abcdef01234567",
        "INC-1",
        "/srv/app",
        "ab12",
    ];
    let of_itself = pattern
        .0
        .split(['|', '(', ')', '^', '$'])
        .map(|part| part.trim_start_matches("?:").replace('\\', ""));
    let usual = USUAL.iter().map(|text| (*text).to_owned());
    of_itself
        .filter(|text| !text.is_empty())
        .chain(usual)
        .chain([made(&mut pattern.0.chars().peekable())])
        .find(|text| pattern.fits(text))
}

/// A text made along a pattern: of each choice the first, of each repetition the fewest, at least one. What is too
/// clever for it comes out wrong, and the caller tries it anyway.
fn made(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        let piece = match c {
            '^' | '$' => continue,
            ')' => break,
            '|' => {
                // The first choice is made; the others are passed over.
                let mut depth = 0;
                for c in chars.by_ref() {
                    match c {
                        '(' => depth += 1,
                        ')' if depth == 0 => return text,
                        ')' => depth -= 1,
                        _ => {}
                    }
                }
                return text;
            }
            '(' => {
                while chars.next_if(|c| matches!(c, '?' | ':')).is_some() {}
                made(chars)
            }
            '.' => "a".into(),
            '[' => class(chars),
            '\\' => match chars.next() {
                Some('d') => "1".into(),
                Some('w') => "a".into(),
                Some('s') => " ".into(),
                Some('b') | None => String::new(),
                Some(c) => c.to_string(),
            },
            c => c.to_string(),
        };
        let times = match chars.peek() {
            Some('{') => {
                chars.next();
                let digits: String =
                    std::iter::from_fn(|| chars.next_if(char::is_ascii_digit)).collect();
                for c in chars.by_ref() {
                    if c == '}' {
                        break;
                    }
                }
                digits.parse().unwrap_or(1).min(1000)
            }
            Some('+' | '*' | '?') => {
                chars.next();
                1
            }
            _ => 1,
        };
        text.push_str(&piece.repeat(times));
    }
    text
}

/// The first letter or digit of a class, else its first character.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut inside = String::new();
    while let Some(c) = chars.next() {
        match c {
            ']' if !inside.is_empty() => break,
            '\\' => inside.extend(chars.next()),
            c => inside.push(c),
        }
    }
    let one = inside
        .chars()
        .find(char::is_ascii_alphanumeric)
        .or_else(|| inside.chars().next());
    match (negated, one) {
        (false, Some(c)) => c.to_string(),
        _ => ['a', '1', 'A', '_', '-']
            .into_iter()
            .find(|c| !inside.contains(*c))
            .unwrap_or('x')
            .to_string(),
    }
}

/// What a comparison speaks of: a name or the last command, and the way into its JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    root: Root,
    way: Vec<Seg>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    Var(VarId),
    Exit,
    Status,
    Printed,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seg {
    Field(String),
    Index(usize),
}

/// Values that make a comparison hold, the first of them, and that make it fail.
#[derive(Clone, Debug, Default)]
struct Sides {
    holds: Vec<Value>,
    fails: Vec<Value>,
}

#[derive(Default)]
struct Gathered {
    of_vars: BTreeMap<VarId, Vec<(Vec<Seg>, Sides)>>,
    of_commands: BTreeMap<CommandId, Vec<(Subject, Sides)>>,
    of_requests: BTreeMap<RequestId, Vec<(Subject, Sides)>>,
    /// The value of the first is that of the second.
    copies: Vec<(VarId, VarId)>,
    lets: Vec<(VarId, Looked)>,
    columns: BTreeMap<String, Vec<Value>>,
}

impl Gathered {
    fn block(&mut self, plan: &Plan, id: BlockId) {
        let block = &plan.blocks[id.index()];
        if let Some(only_if) = &block.policies.only_if {
            self.expr(only_if, None, true);
        }
        let mut last = None;
        for node in &block.nodes {
            match &plan.nodes[node.index()].kind {
                NodeKind::Command { command, .. } => last = Some(Looked::Command(*command)),
                NodeKind::Request { request, .. } => last = Some(Looked::Request(*request)),
                NodeKind::Let { var, value } => match value {
                    LetValue::Command(command) => {
                        last = Some(Looked::Command(*command));
                        self.lets.push((*var, Looked::Command(*command)));
                    }
                    LetValue::Request(request) => {
                        last = Some(Looked::Request(*request));
                        self.lets.push((*var, Looked::Request(*request)));
                    }
                    LetValue::Expr(value) => self.copy(*var, value),
                },
                NodeKind::Expect { condition, .. } => self.expr(condition, last, true),
                NodeKind::If { arms, .. } => {
                    for (condition, _) in arms {
                        self.expr(condition, last, true);
                    }
                }
                NodeKind::Choose { arms, .. } => {
                    for only_if in arms.iter().filter_map(|arm| arm.only_if.as_ref()) {
                        self.expr(only_if, None, true);
                    }
                }
                NodeKind::Do {
                    procedure,
                    args,
                    result,
                    ..
                } => {
                    for (param, value) in args {
                        self.copy(*param, value);
                    }
                    if let Some(result) = result {
                        let body = plan.procedures[procedure.index()].block;
                        for node in &plan.blocks[body.index()].nodes {
                            if let NodeKind::Return(Some(value)) = &plan.nodes[node.index()].kind {
                                self.copy(*result, value);
                            }
                        }
                    }
                }
                NodeKind::Decide { matrix, inputs, .. } => {
                    let matrix = &plan.matrices[matrix.index()];
                    for (at, input) in inputs.iter().enumerate() {
                        let mut values = Vec::new();
                        for row in &matrix.rows {
                            values.extend(row.tests.get(at).and_then(met_by));
                        }
                        let name = &matrix.inputs[at].name;
                        let known = self.columns.entry(name.clone()).or_default();
                        known.extend(values.iter().cloned());
                        let sides = Sides {
                            holds: values,
                            fails: Vec::new(),
                        };
                        let (value, binds) = match input {
                            DecideInput::Value(value) => (Some(value), None),
                            DecideInput::ValueOrAsk(value, binds) => (Some(value), Some(*binds)),
                            DecideInput::Ask { binds, .. } => (None, *binds),
                        };
                        if let Some(var) = binds {
                            let all = self.of_vars.entry(var).or_default();
                            all.push((Vec::new(), sides.clone()));
                        }
                        if let Some(Subject {
                            root: Root::Var(var),
                            way,
                        }) = value.and_then(subject)
                        {
                            self.of_vars.entry(var).or_default().push((way, sides));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn copy(&mut self, to: VarId, value: &Expr) {
        if let Some(Subject {
            root: Root::Var(from),
            way,
        }) = subject(value)
            && way.is_empty()
        {
            self.copies.push((to, from));
        }
    }

    /// Takes in every comparison of a condition; `wanted` is whether it is to hold for the condition to.
    fn expr(&mut self, expr: &Expr, last: Option<Looked>, wanted: bool) {
        match &expr.kind {
            ExprKind::Binary(Op::And | Op::Or, a, b) => {
                self.expr(a, last, wanted);
                self.expr(b, last, wanted);
            }
            ExprKind::Not(of) => self.expr(of, last, !wanted),
            ExprKind::Binary(op, a, b) => {
                let (of, op, literal) = match (literal(a), literal(b)) {
                    (_, Some(value)) => (a, *op, value),
                    (Some(value), _) => (b, turned(*op), value),
                    _ => return,
                };
                self.about(of, sides(op, &literal), last, wanted);
            }
            ExprKind::Between(of, low, high) => {
                if let (Some(low), Some(high)) = (literal(low), literal(high)) {
                    let fails = [below(&low), above(&high)];
                    let sides = Sides {
                        holds: vec![low, high],
                        fails: fails.into_iter().flatten().collect(),
                    };
                    self.about(of, sides, last, wanted);
                }
            }
            ExprKind::Matches(of, pattern) => {
                let sides = Sides {
                    holds: fitting(pattern).map(Value::Text).into_iter().collect(),
                    fails: vec![Value::Text(String::new())],
                };
                self.about(of, sides, last, wanted);
            }
            ExprKind::IsEmpty(of) => {
                let sides = Sides {
                    holds: vec![Value::Text(String::new())],
                    fails: vec![Value::Text("something".into())],
                };
                self.about(of, sides, last, wanted);
            }
            // A name that is yes or no.
            ExprKind::Var(_) | ExprKind::Field(..) | ExprKind::Read(_, Type::Bool) => {
                let sides = Sides {
                    holds: vec![Value::Bool(true)],
                    fails: vec![Value::Bool(false)],
                };
                self.about(expr, sides, last, wanted);
            }
            _ => {}
        }
    }

    fn about(&mut self, of: &Expr, sides: Sides, last: Option<Looked>, wanted: bool) {
        let sides = match wanted {
            true => sides,
            false => Sides {
                holds: sides.fails,
                fails: sides.holds,
            },
        };
        let Some(subject) = subject(of) else { return };
        match (subject.root, last) {
            (Root::Var(var), _) => self
                .of_vars
                .entry(var)
                .or_default()
                .push((subject.way, sides)),
            (_, Some(Looked::Command(id))) => {
                self.of_commands
                    .entry(id)
                    .or_default()
                    .push((subject, sides));
            }
            (_, Some(Looked::Request(id))) => {
                self.of_requests
                    .entry(id)
                    .or_default()
                    .push((subject, sides));
            }
            (_, None) => {}
        }
    }

    fn samples(mut self, plan: &Plan) -> Samples {
        // What is said of a copy is said of what it was copied from; a chain is as long as calls are deep.
        for _ in 0..8 {
            let before: usize = self.of_vars.values().map(Vec::len).sum();
            for (to, from) in &self.copies {
                let of_copy = self.of_vars.get(to).cloned().unwrap_or_default();
                let of_first = self.of_vars.entry(*from).or_default();
                for (way, sides) in of_copy {
                    let known = |(other, had): &(Vec<Seg>, Sides)| {
                        *other == way && had.holds == sides.holds && had.fails == sides.fails
                    };
                    if !of_first.iter().any(known) {
                        of_first.push((way, sides));
                    }
                }
            }
            if self.of_vars.values().map(Vec::len).sum::<usize>() == before {
                break;
            }
        }
        let mut samples = Samples::default();
        for (name, values) in std::mem::take(&mut self.columns) {
            add_values(samples.names.entry(name).or_default(), values);
        }
        for (var, all) in &self.of_vars {
            let name = plan.vars[var.index()].name.clone();
            let plain = all.iter().filter(|(way, _)| way.is_empty());
            let values = plain.flat_map(|(_, sides)| sides.holds.iter().chain(&sides.fails));
            add_values(
                samples.names.entry(name).or_default(),
                values.cloned().collect(),
            );
        }
        for (id, all) in &self.of_commands {
            samples.commands.insert(*id, of_printed(all));
        }
        for (id, all) in &self.of_requests {
            samples.requests.insert(*id, of_printed(all));
        }
        // What a question offers.
        let params = plan.params.iter().map(|param| (param.var, &param.rules));
        let asked = plan.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Ask(ask) => Some((ask.var, &ask.rules)),
            _ => None,
        });
        for (var, rules) in params.chain(asked) {
            let ty = &plan.vars[var.index()].ty;
            let fits = rules.matches.as_ref().and_then(fitting);
            let line = fits.or_else(|| usual(ty)).unwrap_or_default();
            for looked in [rules.from, rules.suggest].into_iter().flatten() {
                let known = match looked {
                    Looked::Command(id) => samples.commands.entry(id).or_default(),
                    Looked::Request(id) => samples.requests.entry(id).or_default(),
                };
                known.push(Sample {
                    text: line.clone(),
                    ..Sample::default()
                });
            }
        }
        for (var, looked) in &self.lets {
            let about = self.of_vars.get(var).map_or(&[][..], Vec::as_slice);
            let made = of_let(&plan.vars[var.index()].ty, about);
            let known = match looked {
                Looked::Command(id) => samples.commands.entry(*id).or_default(),
                Looked::Request(id) => samples.requests.entry(*id).or_default(),
            };
            for sample in made {
                if !known.contains(&sample) && known.len() < MOST {
                    known.push(sample);
                }
            }
        }
        samples
    }
}

fn add_values(known: &mut Vec<Value>, values: Vec<Value>) {
    for value in values {
        if !known.contains(&value) && known.len() < MOST {
            known.push(value);
        }
    }
}

/// Samples of a command whose value is bound to a name of a type.
fn of_let(ty: &Type, about: &[(Vec<Seg>, Sides)]) -> Vec<Sample> {
    let text = |text: String| Sample {
        text,
        ..Sample::default()
    };
    let inner = match ty {
        Type::Optional(inner) => inner,
        ty => ty,
    };
    let mut samples = Vec::new();
    match inner {
        Type::Bool => {
            let exits = |code| Sample {
                exit: Some(code),
                ..Sample::default()
            };
            return vec![exits(0), exits(1)];
        }
        Type::Json => {
            let subjects: Vec<(Subject, Sides)> = about
                .iter()
                .map(|(way, sides)| {
                    let subject = Subject {
                        root: Root::Printed,
                        way: way.clone(),
                    };
                    (subject, sides.clone())
                })
                .collect();
            samples.extend(of_printed(&subjects));
            samples.push(text("{}".into()));
        }
        Type::OneOf(names) => samples.extend(names.iter().cloned().map(text)),
        _ => {
            for (way, sides) in about {
                if way.is_empty() {
                    let values = sides.holds.iter().chain(&sides.fails);
                    samples.extend(values.map(|value| text(show::value(value))));
                }
            }
            samples.extend(usual(inner).map(text));
        }
    }
    samples
}

/// Some text that reads as a type.
pub fn usual(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Number => "1".into(),
        Type::Percent => "1%".into(),
        Type::Duration => "1m".into(),
        Type::Time => "2026-01-05T09:00:00Z".into(),
        Type::Url => "https://example.com".into(),
        Type::Path => "/srv/app".into(),
        Type::Text | Type::Secret => "something".into(),
        Type::Json => "{}".into(),
        Type::List(item) => usual(item)?,
        Type::OneOf(names) => names.first()?.clone(),
        Type::Optional(inner) => usual(inner)?,
        Type::Bool => "yes".into(),
        Type::Severity => return None,
    })
}

/// First the one of which everything holds, then each thing once as it does not.
fn of_printed(all: &[(Subject, Sides)]) -> Vec<Sample> {
    let held: Vec<(&Subject, &Value)> = all
        .iter()
        .filter_map(|(subject, sides)| Some((subject, sides.holds.first()?)))
        .collect();
    let mut samples = vec![sample(&held)];
    for (subject, sides) in all {
        for value in sides.holds.iter().skip(1).chain(&sides.fails) {
            let mut other = held.clone();
            other.retain(|(known, _)| *known != subject);
            other.push((subject, value));
            let other = sample(&other);
            if !samples.contains(&other) && samples.len() < MOST {
                samples.push(other);
            }
        }
    }
    samples
}

fn sample(of: &[(&Subject, &Value)]) -> Sample {
    use rust_decimal::prelude::ToPrimitive;
    let mut sample = Sample::default();
    let mut json = serde_json::Value::Null;
    let mut lines: Vec<String> = Vec::new();
    for (subject, value) in of {
        match (subject.root, value) {
            (Root::Exit, Value::Number(code)) => sample.exit = code.to_i32(),
            (Root::Status, Value::Number(status)) => sample.status = status.to_u16(),
            (Root::Printed, value) if subject.way.is_empty() => {
                let line = show::value(value);
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
            (Root::Printed, value) => put(&mut json, &subject.way, as_json(value)),
            _ => {}
        }
    }
    sample.text = match json {
        serde_json::Value::Null => lines.join("\n"),
        json => json.to_string(),
    };
    sample
}

fn put(json: &mut serde_json::Value, way: &[Seg], value: serde_json::Value) {
    use serde_json::Value as Json;
    match way.split_first() {
        None => *json = value,
        Some((Seg::Field(name), rest)) => {
            if !json.is_object() {
                *json = Json::Object(serde_json::Map::new());
            }
            if let Json::Object(fields) = json {
                let inner = fields.entry(name.clone()).or_insert(Json::Null);
                put(inner, rest, value);
            }
        }
        Some((Seg::Index(at), rest)) => {
            if !json.is_array() {
                *json = Json::Array(Vec::new());
            }
            if let Json::Array(items) = json {
                if items.len() <= *at {
                    items.resize((*at + 1).min(100), Json::Null);
                }
                if let Some(item) = items.get_mut(*at) {
                    put(item, rest, value);
                }
            }
        }
    }
}

fn as_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(yes) => serde_json::Value::Bool(*yes),
        Value::Number(number) => number
            .normalize()
            .to_string()
            .parse::<serde_json::Number>()
            .map_or(serde_json::Value::Null, serde_json::Value::Number),
        Value::Json(json) => json.clone(),
        value => serde_json::Value::String(show::value(value)),
    }
}

fn subject(expr: &Expr) -> Option<Subject> {
    let root = |root| {
        Some(Subject {
            root,
            way: Vec::new(),
        })
    };
    match &expr.kind {
        ExprKind::Var(var) => root(Root::Var(*var)),
        ExprKind::Last(LastFact::Exit) => root(Root::Exit),
        ExprKind::Last(LastFact::Status) => root(Root::Status),
        ExprKind::Last(LastFact::Output | LastFact::Body) => root(Root::Printed),
        ExprKind::Read(of, _) | ExprKind::Else(of, _) => subject(of),
        ExprKind::Field(of, name) => {
            let mut subject = subject(of)?;
            subject.way.push(Seg::Field(name.clone()));
            Some(subject)
        }
        ExprKind::Index(of, at) => {
            use rust_decimal::prelude::ToPrimitive;
            let mut subject = subject(of)?;
            match literal(at)? {
                Value::Number(at) => subject.way.push(Seg::Index(at.to_usize()?)),
                _ => return None,
            }
            Some(subject)
        }
        ExprKind::Call(_, args) => match args.as_slice() {
            [of] => subject(of),
            _ => None,
        },
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        ExprKind::Negate(of) => match literal(of)? {
            Value::Number(number) => Some(Value::Number(-number)),
            _ => None,
        },
        ExprKind::List(items) => {
            let items: Option<Vec<Value>> = items.iter().map(literal).collect();
            Some(Value::List(items?))
        }
        _ => None,
    }
}

/// The same comparison seen from its other side.
fn turned(op: Op) -> Op {
    match op {
        Op::Less => Op::Greater,
        Op::LessEqual => Op::GreaterEqual,
        Op::Greater => Op::Less,
        Op::GreaterEqual => Op::LessEqual,
        op => op,
    }
}

fn sides(op: Op, of: &Value) -> Sides {
    let one = |value: Option<Value>| value.into_iter().collect::<Vec<_>>();
    let itself = || vec![of.clone()];
    let (holds, fails) = match (op, of) {
        (Op::Equal, _) => (itself(), one(other(of))),
        (Op::NotEqual, _) => (one(other(of)), itself()),
        (Op::Less, _) => (one(below(of)), itself()),
        (Op::LessEqual, _) => (itself(), one(above(of))),
        (Op::Greater, _) => (one(above(of)), itself()),
        (Op::GreaterEqual, _) => (itself(), one(below(of))),
        (Op::In, Value::List(items)) => (items.clone(), one(items.first().and_then(other))),
        (Op::NotIn, Value::List(items)) => (one(items.first().and_then(other)), items.clone()),
        (Op::Contains, _) => (itself(), vec![Value::Text(String::new())]),
        _ => (Vec::new(), Vec::new()),
    };
    Sides { holds, fails }
}

/// A value that is not this one.
fn other(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(yes) => Some(Value::Bool(!yes)),
        Value::Text(_) | Value::Path(_) => Some(Value::Text("something else".into())),
        value => above(value),
    }
}

fn above(value: &Value) -> Option<Value> {
    moved(value, Decimal::ONE)
}

fn below(value: &Value) -> Option<Value> {
    moved(value, Decimal::NEGATIVE_ONE)
}

fn moved(value: &Value, by: Decimal) -> Option<Value> {
    Some(match value {
        Value::Number(number) => Value::Number(number.checked_add(by)?),
        Value::Percent(number) => Value::Percent(number.checked_add(by)?),
        Value::Duration(ms) if by.is_sign_positive() => Value::Duration(ms.checked_add(1000)?),
        Value::Duration(ms) => Value::Duration(ms.saturating_sub(1000)),
        _ => return None,
    })
}

/// A value that a cell of a matrix means.
fn met_by(test: &Test) -> Option<Value> {
    match test {
        Test::Any => None,
        Test::Is(value) | Test::LessEqual(value) | Test::GreaterEqual(value) => Some(value.clone()),
        Test::Less(value) => below(value),
        Test::Greater(value) => above(value),
        Test::NotEqual(value) => other(value),
        Test::Between(low, _) => Some(low.clone()),
        Test::OneOf(tests) => tests.first().and_then(met_by),
    }
}

#[cfg(test)]
#[path = "samples_tests.rs"]
mod tests;
