//! A value asked for and checked: `param`, `ask`, what a decision lacks, what `--from` lacks.

use runbook_plan::ids::{NodeId, VarId};
use runbook_plan::plan::{Ask as AskNode, InputRules, NodeKind, Within};
use runbook_plan::value::{Type, Value};

use crate::effect::{Notice, Role};
use crate::event::Mode;
use crate::flow::fitting::fitting;
use crate::flow::seq::Begun;
use crate::flow::{clocks, exec, prompts, scope};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, Closed, Detail, Prompt, PromptKind};
use crate::state::FiberId;
use crate::verdict;

pub(crate) fn new(source: InputSource) -> Frame {
    given(source, None)
}

pub(crate) fn given(source: InputSource, value: Option<Value>) -> Frame {
    Frame::Input(Box::new(Sought {
        source,
        stage: InputStage::Enter,
        given: value,
        lines: Vec::new(),
        why: None,
        value: None,
        by: String::new(),
    }))
}

pub(crate) fn begin_ask(m: &mut Machine<'_>, f: FiberId, node: NodeId) -> Begun {
    let NodeKind::Ask(ask) = &m.plan.nodes[node.index()].kind else {
        return Begun::Done;
    };
    if let Some((Answer::Value { value }, _)) = m.remembered(f, node, 0) {
        m.bind_told(f, ask.var, value);
        return Begun::Done;
    }
    if m.probing() {
        let default = ask
            .default
            .as_ref()
            .and_then(|default| m.eval(f, default).ok());
        match default {
            Some(value) => m.bind_told(f, ask.var, value),
            None => m.tell(Notice::StepSkipped {
                path: m.path(f),
                title: m.text(f, &ask.question),
                why: "a probe asks nothing".into(),
            }),
        }
        return Begun::Done;
    }
    Begun::Into(new(InputSource::Ask(node)))
}

/// Values that a start in the middle lacks, one after the other.
pub(crate) fn several(mut sources: Vec<InputSource>, input: Input) -> Next {
    match input {
        Input::Child(Signal::Value(_)) | Input::Enter => {}
        Input::Child(signal) => return Next::Done(signal),
        _ => return Next::Wait(Frame::Inputs(sources)),
    }
    if sources.is_empty() {
        return Next::Done(Signal::Ok);
    }
    let next = new(sources.remove(0));
    Next::Push(Frame::Inputs(sources), next)
}

struct Asked<'p> {
    var: Option<VarId>,
    ty: Type,
    name: String,
    question: String,
    source: String,
    rules: Option<&'p InputRules>,
    default: Option<Value>,
    within: Option<&'p Within>,
}

fn asked<'p>(m: &Machine<'p>, f: FiberId, source: &InputSource) -> Asked<'p> {
    let plan = m.plan;
    let named = |var: VarId, ty: Type| Asked {
        var: Some(var),
        ty,
        name: plan.vars[var.index()].name.clone(),
        question: plan.vars[var.index()].name.clone(),
        source: String::new(),
        rules: None,
        default: None,
        within: None,
    };
    match source {
        InputSource::Param(index) => {
            let param = &plan.params[*index];
            let declared = &plan.vars[param.var.index()];
            let mut asked = named(param.var, declared.ty.clone());
            if let Some(prompt) = &param.prompt {
                asked.question = m.text(f, prompt);
                asked.source.clone_from(&prompt.source);
            }
            asked.rules = Some(&param.rules);
            asked.default = param
                .default
                .as_ref()
                .and_then(|value| m.eval(f, value).ok());
            asked
        }
        InputSource::Ask(node) => match &plan.nodes[node.index()].kind {
            NodeKind::Ask(ask) => {
                let AskNode {
                    var,
                    question,
                    default,
                    rules,
                    within,
                } = &**ask;
                let mut asked = named(*var, plan.vars[var.index()].ty.clone());
                asked.question = m.text(f, question);
                asked.source.clone_from(&question.source);
                asked.rules = Some(rules);
                asked.default = default.as_ref().and_then(|value| m.eval(f, value).ok());
                asked.within = within.as_ref();
                asked
            }
            _ => named(VarId(0), Type::Text),
        },
        InputSource::Column {
            matrix,
            column,
            binds,
            ty,
        } => {
            let column = &plan.matrices[matrix.index()].inputs[*column];
            let prompt = binds
                .and_then(|var| plan.params.iter().find(|param| param.var == var))
                .and_then(|param| param.prompt.as_ref());
            Asked {
                var: *binds,
                ty: plain(ty),
                name: column.name.clone(),
                question: match prompt {
                    Some(prompt) => m.text(f, prompt),
                    None => column.name.clone(),
                },
                source: prompt
                    .map(|prompt| prompt.source.clone())
                    .unwrap_or_default(),
                rules: None,
                default: None,
                within: None,
            }
        }
        InputSource::Checkpoint(node) => {
            let title = match &plan.nodes[node.index()].kind {
                NodeKind::Checkpoint { title, .. } => m.text(f, title),
                _ => String::new(),
            };
            Asked {
                var: None,
                ty: Type::Bool,
                name: m.node_name(*node).unwrap_or_default(),
                question: format!("{title}: does it hold? (the run starts after it)"),
                source: String::new(),
                rules: None,
                default: None,
                within: None,
            }
        }
        InputSource::Name(var) => {
            let mut asked = named(*var, plain(&plan.vars[var.index()].ty));
            asked.question = format!(
                "{} (the run starts after the place that sets it)",
                asked.name
            );
            asked
        }
    }
}

fn plain(ty: &Type) -> Type {
    match ty {
        Type::Optional(inner) => inner.as_ref().clone(),
        ty => ty.clone(),
    }
}

pub(crate) fn advance(m: &mut Machine<'_>, f: FiberId, mut i: Box<Sought>, input: Input) -> Next {
    match (i.stage, input) {
        (InputStage::Enter, _) => {
            let rules = asked(m, f, &i.source).rules;
            match rules.and_then(|rules| rules.from.or(rules.suggest)) {
                Some(looked) => {
                    i.stage = InputStage::Lines;
                    Next::Push(Frame::Input(i), exec::look(looked, Role::Look))
                }
                None => ask_or_check(m, f, i),
            }
        }
        (InputStage::Lines, Input::Child(Signal::Ran(ran))) => {
            let closed = asked(m, f, &i.source)
                .rules
                .is_some_and(|rules| rules.from.is_some());
            match verdict::fault(&ran, runbook_plan::plan::Judged::ByExit) {
                None => {
                    i.lines = ran
                        .last
                        .output
                        .lines()
                        .map(str::to_owned)
                        .filter(|line| !line.trim().is_empty())
                        .collect();
                }
                Some(why) if closed => {
                    return Next::Done(fail(format!("the values to choose from: {why}")));
                }
                // Suggestions are a kindness: without them the question is still a question.
                Some(_) => {}
            }
            ask_or_check(m, f, i)
        }
        // Nothing else fits a question for a value.
        (InputStage::Ask, Input::Child(Signal::Answered(Answer::Value { value }, by))) => {
            if matches!(i.source, InputSource::Checkpoint(_)) && value == Value::Bool(false) {
                let name = asked(m, f, &i.source).name;
                let why = format!("{by} says that the checkpoint {name} does not hold");
                return Next::Done(Failure::declined(why).signal());
            }
            i.by = by;
            i.why = None;
            check_value(m, f, i, value)
        }
        (InputStage::Check(at), Input::Child(Signal::Ok | Signal::Skipped)) => {
            i.stage = InputStage::Check(at + 1);
            next_check(m, f, i)
        }
        (InputStage::Check(_), Input::Child(Signal::Failed(failure))) => {
            let name = asked(m, f, &i.source).name;
            let shown = i
                .value
                .as_ref()
                .map(|value| m.shown(value))
                .unwrap_or_default();
            i.why = Some(format!(
                "`{shown}` is not accepted for `{name}`: {}",
                failure.why
            ));
            i.given = None;
            ask(m, f, i)
        }
        (_, Input::Child(signal)) => Next::Done(signal),
        (_, _) => Next::Wait(Frame::Input(i)),
    }
}

fn ask_or_check(m: &mut Machine<'_>, f: FiberId, mut i: Box<Sought>) -> Next {
    match i.given.take() {
        Some(value) => check_value(m, f, i, value),
        None => ask(m, f, i),
    }
}

fn ask(m: &mut Machine<'_>, f: FiberId, mut i: Box<Sought>) -> Next {
    let asked = asked(m, f, &i.source);
    let mut detail = match asked.rules {
        Some(rules) => rules
            .explanation
            .iter()
            .map(|text| Detail::Prose(m.text(f, text)))
            .collect(),
        None => Vec::new(),
    };
    if matches!(i.source, InputSource::Ask(_)) {
        let mut before = prompts::before(m, f);
        before.append(&mut detail);
        detail = before;
    }
    if let Some(why) = &i.why {
        detail.push(Detail::Warning(why.clone()));
    }
    let closed = match asked.rules {
        Some(rules) if rules.from.is_some() => Closed::Yes,
        _ => match asked.ty {
            Type::OneOf(_) => Closed::Yes,
            _ => Closed::No,
        },
    };
    let suggestions = match (&asked.ty, i.lines.is_empty()) {
        (Type::OneOf(values), true) => values.clone(),
        (Type::Severity, true) => m.s.severities.clone(),
        _ => i.lines.clone(),
    };
    let mut keys = vec![asked.name.clone()];
    for key in [&asked.question, &asked.source] {
        if !key.is_empty() && !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    let prompt = Prompt {
        kind: PromptKind::Input {
            ty: asked.ty.clone(),
            default: asked.default.clone(),
            suggestions,
            closed,
            matches: asked
                .rules
                .and_then(|rules| rules.matches.as_ref())
                .map(|pattern| pattern.0.clone()),
        },
        text: asked.question,
        keys,
        detail,
        path: m.path(f),
        deadline: None,
        otherwise: None,
    };
    i.stage = InputStage::Ask;
    match prompts::within(m, f, prompt, asked.within) {
        Ok(ask) => Next::Push(Frame::Input(i), ask),
        Err(why) => Next::Done(fail(why)),
    }
}

/// A given value or an answer: the cheap rules first, then the checks that look.
fn check_value(m: &mut Machine<'_>, f: FiberId, mut i: Box<Sought>, value: Value) -> Next {
    let asked = asked(m, f, &i.source);
    let kind = PromptKind::Input {
        ty: asked.ty.clone(),
        default: None,
        suggestions: Vec::new(),
        closed: Closed::No,
        matches: None,
    };
    let value = match fitting(m, &kind, Answer::Value { value }) {
        Ok(Answer::Value { value }) => value,
        Ok(_) => return ask(m, f, i),
        Err(why) => {
            i.why = Some(why);
            return ask(m, f, i);
        }
    };
    let shown = m.shown(&value);
    // In a dry run a made-up answer may break the rules: nothing is done with it.
    if let Some(rules) = asked.rules
        && m.s.mode() != Mode::DryRun
    {
        if let Some(pattern) = &rules.matches
            && !pattern.fits(&shown)
        {
            i.why = Some(format!("`{shown}` does not match `{}`", pattern.0));
            return ask(m, f, i);
        }
        if rules.from.is_some() && !i.lines.contains(&shown) {
            i.why = Some(format!("`{shown}` is none of: {}", i.lines.join(", ")));
            return ask(m, f, i);
        }
    }
    if let Some(var) = asked.var {
        // Seen by its checks; bound for good when they hold.
        m.bind(f, var, value.clone());
    }
    i.value = Some(value);
    i.stage = InputStage::Check(0);
    next_check(m, f, i)
}

fn next_check(m: &mut Machine<'_>, f: FiberId, mut i: Box<Sought>) -> Next {
    let InputStage::Check(at) = i.stage else {
        return Next::Wait(Frame::Input(i));
    };
    let asked = asked(m, f, &i.source);
    if let Some(check) = asked.rules.and_then(|rules| rules.checks.get(at)) {
        let block = scope::block(m, *check);
        return Next::Push(Frame::Input(i), block);
    }
    let value = i.value.take().unwrap_or(Value::Missing);
    if let Some(var) = asked.var {
        let shown = m.shown(&value);
        m.bind(f, var, value.clone());
        m.tell(Notice::Bound {
            name: asked.name,
            value: shown,
        });
    }
    match &i.source {
        InputSource::Ask(node) => {
            let by = i.by.clone();
            m.remember(
                f,
                *node,
                0,
                &Answer::Value {
                    value: value.clone(),
                },
                &by,
            );
        }
        InputSource::Param(_)
        | InputSource::Column { .. }
        | InputSource::Name(_)
        | InputSource::Checkpoint(_) => {
            if let (Value::Severity(name), InputSource::Param(_)) = (&value, &i.source) {
                clocks::set_severity(m, name);
            }
        }
    }
    Next::Done(Signal::Value(value))
}
