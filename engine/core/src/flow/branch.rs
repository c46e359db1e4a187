//! Which way to go: `if`, `choose`, `decide`.

use runbook_plan::expr::Expr;
use runbook_plan::ids::{BlockId, MatrixId, VarId};
use runbook_plan::matrix;
use runbook_plan::plan::{DecideInput, NodeKind};
use runbook_plan::value::{Type, Value};

use crate::effect::Notice;
use crate::flow::seq::Begun;
use crate::flow::{clocks, prompts, scope};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, ChooseOption, Prompt, PromptKind};
use crate::state::FiberId;

pub(crate) fn begin_if(
    m: &mut Machine<'_>,
    f: FiberId,
    arms: &[(Expr, BlockId)],
    otherwise: Option<BlockId>,
) -> Begun {
    // Behind the arms stands what is done where none of them holds.
    let mut taken = arms.len();
    for (index, (condition, _)) in arms.iter().enumerate() {
        match m.holds(f, condition) {
            Ok(true) => {
                taken = index;
                break;
            }
            Ok(false) => {}
            Err(why) => return Begun::Signal(fail(why)),
        }
    }
    let blocks = arms.iter().map(|(_, block)| *block).chain(otherwise);
    not_taken(m, blocks.clone(), Some(taken));
    match blocks.clone().nth(taken) {
        Some(block) => Begun::Into(scope::block(m, block)),
        None => Begun::Done,
    }
}

/// The ways that are not gone: their steps are not expected any more.
fn not_taken(m: &mut Machine<'_>, ways: impl Iterator<Item = BlockId>, taken: Option<usize>) {
    for (index, block) in ways.enumerate() {
        if Some(index) != taken {
            m.not_met(block);
        }
    }
}

pub(crate) fn choose(m: &mut Machine<'_>, f: FiberId, mut c: Box<Choose>, input: Input) -> Next {
    let plan = m.plan;
    let NodeKind::Choose {
        question,
        binds,
        within,
        arms,
    } = &plan.nodes[c.node.index()].kind
    else {
        return Next::Done(Signal::Ok);
    };
    match input {
        Input::Enter => {
            c.labels = arms.iter().map(|arm| m.text(f, &arm.label)).collect();
            let text = m.text(f, question);
            if let Some((answer, by)) = m.remembered(f, c.node, 0) {
                return chosen(m, f, &c, answer, by);
            }
            if m.probing() {
                let arm = arms.iter().position(|arm| arm.recommended);
                return match arm {
                    Some(option) => chosen(m, f, &c, Answer::Chose { option }, "the probe".into()),
                    None => {
                        m.tell(Notice::StepSkipped {
                            path: m.path(f),
                            title: text,
                            why: "a probe asks nothing".into(),
                        });
                        Next::Done(Signal::Ok)
                    }
                };
            }
            let mut options = Vec::new();
            for (arm, label) in arms.iter().zip(&c.labels) {
                let unavailable = match &arm.only_if {
                    None => None,
                    Some(condition) => match m.holds(f, condition) {
                        Ok(true) => None,
                        Ok(false) => Some("its `only if` does not hold".into()),
                        Err(why) => Some(why),
                    },
                };
                options.push(ChooseOption {
                    label: label.clone(),
                    recommended: arm.recommended,
                    unavailable,
                    detail: prompts::details(m, f, &arm.opening),
                });
            }
            let prompt = Prompt {
                kind: PromptKind::Choose { options },
                keys: binds
                    .iter()
                    .map(|var| plan.vars[var.index()].name.clone())
                    .chain([text.clone(), question.source.clone()])
                    .collect(),
                text,
                detail: prompts::before(m, f),
                path: m.path(f),
                deadline: None,
                otherwise: None,
            };
            match prompts::within(m, f, prompt, within.as_deref()) {
                Ok(ask) => Next::Push(Frame::Choose(c), ask),
                Err(why) => Next::Done(fail(why)),
            }
        }
        Input::Child(Signal::Answered(answer, by)) => {
            m.remember(f, c.node, 0, &answer, &by);
            chosen(m, f, &c, answer, by)
        }
        _ => Next::Wait(Frame::Choose(c)),
    }
}

fn chosen(m: &mut Machine<'_>, f: FiberId, c: &Choose, answer: Answer, by: String) -> Next {
    let plan = m.plan;
    let NodeKind::Choose {
        question,
        binds,
        arms,
        ..
    } = &plan.nodes[c.node.index()].kind
    else {
        return Next::Done(Signal::Ok);
    };
    let Answer::Chose { option } = answer else {
        return Next::Done(Failure::declined("nothing was chosen").signal());
    };
    let label = c.labels.get(option).cloned().unwrap_or_default();
    let question = m.text(f, question);
    m.tell(Notice::Chosen {
        question,
        label: label.clone(),
        by,
    });
    if let Some(var) = binds {
        m.bind(f, *var, Value::Text(label));
    }
    not_taken(m, arms.iter().map(|arm| arm.block), Some(option));
    match arms.get(option) {
        Some(arm) => {
            let block = scope::block(m, arm.block);
            Next::Become(block)
        }
        None => Next::Done(Signal::Ok),
    }
}

pub(crate) fn decide(m: &mut Machine<'_>, f: FiberId, mut d: Box<Decide>, input: Input) -> Next {
    let plan = m.plan;
    let NodeKind::Decide {
        matrix: id, inputs, ..
    } = &plan.nodes[d.node.index()].kind
    else {
        return Next::Done(Signal::Ok);
    };
    match input {
        Input::Enter => {}
        Input::Child(Signal::Value(value)) => d.values.push(value),
        _ => return Next::Wait(Frame::Decide(d)),
    }
    while let Some(input) = inputs.get(d.values.len()) {
        let column = d.values.len();
        let known = match input {
            DecideInput::Value(value) => m.eval(f, value),
            DecideInput::ValueOrAsk(value, var) => match m.eval(f, value) {
                Ok(Value::Missing) => return ask(m, d, *id, column, Some(*var)),
                other => other,
            },
            DecideInput::Ask { binds, .. } => return ask(m, d, *id, column, *binds),
        };
        match known {
            Ok(value) => d.values.push(value),
            Err(why) => return Next::Done(fail(why)),
        }
    }
    decided(m, f, &d)
}

fn ask(
    m: &mut Machine<'_>,
    d: Box<Decide>,
    matrix: MatrixId,
    column: usize,
    binds: Option<VarId>,
) -> Next {
    let ty = m.plan.matrices[matrix.index()].inputs[column].ty.clone();
    let ask = crate::flow::input::new(InputSource::Column {
        matrix,
        column,
        binds,
        ty,
    });
    Next::Push(Frame::Decide(d), ask)
}

fn decided(m: &mut Machine<'_>, f: FiberId, d: &Decide) -> Next {
    let plan = m.plan;
    let NodeKind::Decide {
        matrix: id,
        by,
        outputs,
        arms,
        ..
    } = &plan.nodes[d.node.index()].kind
    else {
        return Next::Done(Signal::Ok);
    };
    let matrix = &plan.matrices[id.index()];
    let index = match matrix::pick(matrix, &d.values) {
        Ok(row) => row,
        Err(error) => {
            return Next::Done(fail(format!("the matrix `{}`: {error}", matrix.name)));
        }
    };
    let row = &matrix.rows[index];
    m.s.reached.row(*id, index);
    let named = |columns: &[runbook_plan::plan::Column], values: &[Value], m: &Machine<'_>| {
        columns
            .iter()
            .zip(values)
            .map(|(column, value)| (column.name.clone(), m.shown(value)))
            .collect::<Vec<_>>()
    };
    m.tell(Notice::Decided {
        matrix: matrix.name.clone(),
        row: index + 1,
        inputs: named(&matrix.inputs, &d.values, m),
        outputs: named(&matrix.outputs, &row.gives, m),
        note: row
            .notes
            .iter()
            .map(|(_, text)| text.as_str())
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("; "),
    });
    for (var, value) in outputs.iter().zip(&row.gives) {
        m.bind(f, *var, value.clone());
    }
    for (column, value) in matrix.outputs.iter().zip(&row.gives) {
        if let (Type::Severity, Value::Severity(name)) = (&column.ty, value) {
            clocks::set_severity(m, name);
        }
    }
    let decisive = row.gives.get(*by);
    let taken = arms
        .iter()
        .position(|arm| decisive.is_some_and(|value| arm.values.contains(value)));
    not_taken(m, arms.iter().map(|arm| arm.block), taken);
    match taken {
        Some(taken) => {
            let block = scope::block(m, arms[taken].block);
            Next::Become(block)
        }
        None => Next::Done(fail(format!(
            "no arm is for what the matrix `{}` gives",
            matrix.name
        ))),
    }
}
