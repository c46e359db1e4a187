//! Decisions by a matrix: inputs from arguments and names, arms for every output.

use std::collections::BTreeMap;

use super::Resolver;
use super::blocks::Around;
use super::flow::Made;
use super::scope::Binding;
use crate::codes;
use crate::expr::{Expr, ExprKind};
use crate::ids::{MatrixId, VarId};
use crate::plan::{DecideArm, DecideInput, NodeKind};
use crate::show;
use crate::value::{Type, Value};
use runbook_grammar::ast;
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// A `decide` as written.
pub(super) struct Parts<'a> {
    pub matrix: &'a ast::Path,
    pub inputs: &'a [ast::Arg],
    pub by: Option<&'a ast::Name>,
    pub arms: &'a [ast::DecideArm],
    pub span_arms: Span,
    pub span: Span,
}

impl<'a> Resolver<'a> {
    pub(super) fn decide(&mut self, parts: Parts<'a>, around: &Around) -> Made {
        let Some(id) = self.find("matrix", parts.matrix, |unit| &unit.matrices) else {
            return self.arms_alone(parts, around);
        };
        let columns = self.matrix_slot(id).columns.clone();
        let inputs_count = self.matrix_slot(id).inputs();
        let typed: Option<Vec<(&'a str, Type)>> = columns
            .into_iter()
            .flatten()
            .map(|(name, ty)| Some((name, ty?)))
            .collect();
        let Some(columns) = typed else {
            self.broken();
            return self.arms_alone(parts, around);
        };
        let (inputs, outputs) = columns.split_at(inputs_count);
        let read = self.decide_inputs(&parts, inputs);
        let by = self.decided_by(&parts, id, outputs);

        let mut vars: Vec<VarId> = Vec::with_capacity(outputs.len());
        for (name, ty) in outputs {
            let var = self.new_var(name, ty.clone(), parts.span);
            vars.push(var);
            let reserved =
                super::exprs::FACTS.iter().any(|(fact, _)| fact == name) || *name == "run";
            if !reserved {
                self.imply(name, Binding::Var(var, ty.clone()), parts.matrix.span);
            }
        }

        let mut made = Vec::with_capacity(parts.arms.len());
        let mut ends = None;
        let mut taken: BTreeMap<String, Span> = BTreeMap::new();
        let possible = by.map(|by| self.possible(id, by));
        let ty = by.map(|by| outputs[by].1.clone());
        for arm in parts.arms {
            let mut values = Vec::with_capacity(arm.values.len());
            for value in &arm.values {
                let Some(ty) = &ty else {
                    continue;
                };
                if let (Some(word), Type::OneOf(values)) = (plain_word(value), ty)
                    && !values.iter().any(|value| value == word)
                {
                    let known: Vec<&str> = values.iter().map(String::as_str).collect();
                    self.arm_unknown(word, value.span, &known);
                    continue;
                }
                let Some(found) = self.cell(value, ty) else {
                    continue;
                };
                let word = show::value(&found);
                if let Some(first) = taken.get(&word) {
                    self.report(
                        Diagnostic::error(
                            codes::ARM_TWICE,
                            format!("two arms take `{word}`"),
                            value.span,
                            "taken again",
                        )
                        .label(*first, "taken first")
                        .help("keep one of them"),
                    );
                } else {
                    if let Some(possible) = &possible
                        && self.matrix_slot(id).sound
                        && !possible.contains_key(&word)
                    {
                        let known: Vec<&str> = possible.keys().map(String::as_str).collect();
                        self.arm_unknown(&word, value.span, &known);
                    }
                    taken.insert(word, value.span);
                }
                values.push(found);
            }
            let done = self.arm(&arm.block, around, &mut ends);
            made.push(DecideArm {
                values,
                block: done.id,
            });
        }
        if let Some(possible) = possible {
            let left: Vec<&str> = possible
                .keys()
                .filter(|word| !taken.contains_key(*word))
                .map(String::as_str)
                .collect();
            if !left.is_empty() {
                let list = left.join("`, `");
                self.error(
                    codes::ARMS_MISSING,
                    format!("no arm takes `{list}`"),
                    Span {
                        end: parts.span_arms.start.max(parts.span.start),
                        ..parts.span
                    },
                    "the matrix may give it, and then nothing says what to do",
                    format!("add an arm: `{} {{ … }}`", left.join(", ")),
                );
            }
        }
        let kind = match (read, by) {
            (Some(inputs), Some(by)) => Some(NodeKind::Decide {
                matrix: id,
                inputs,
                by,
                outputs: vars,
                arms: made,
            }),
            _ => None,
        };
        (kind, ends.flatten())
    }

    fn arm_unknown(&mut self, word: &str, span: Span, known: &[&str]) {
        let help = match self.near(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of: {}", known.join(", ")),
        };
        self.error(
            codes::ARM_UNKNOWN,
            format!("the matrix never gives `{word}`"),
            span,
            "this arm is never taken",
            help,
        );
    }

    /// The matrix is wrong; what stands in the arms is worth reading all the same.
    fn arms_alone(&mut self, parts: Parts<'a>, around: &Around) -> Made {
        for arg in parts.inputs {
            self.expr(&arg.value, None);
        }
        let mut ends = None;
        for arm in parts.arms {
            self.arm(&arm.block, around, &mut ends);
        }
        (None, ends.flatten())
    }

    /// The values an output may have, by how they are written.
    fn possible(&self, id: MatrixId, by: usize) -> BTreeMap<String, ()> {
        self.plan
            .matrices
            .get(id.index())
            .into_iter()
            .flat_map(|matrix| &matrix.rows)
            .filter_map(|row| row.gives.get(by))
            .map(|value: &Value| (show::value(value), ()))
            .collect()
    }

    /// The output that the arms follow.
    fn decided_by(
        &mut self,
        parts: &Parts<'a>,
        id: MatrixId,
        outputs: &[(&'a str, Type)],
    ) -> Option<usize> {
        let names: Vec<&str> = outputs.iter().map(|(name, _)| *name).collect();
        if let Some(by) = parts.by {
            if let Some(at) = names.iter().position(|name| *name == by.text) {
                return Some(at);
            }
            let help = match self.near(&by.text, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("name an output: {}", names.join(", ")),
            };
            self.error(
                codes::DECIDE_BY,
                format!("the matrix has no output `{}`", by.text),
                by.span,
                "named here",
                help,
            );
            return None;
        }
        if let [_] = names.as_slice() {
            return Some(0);
        }
        if let [only] = self.matrix_slot(id).choices().as_slice() {
            return Some(*only);
        }
        self.error(
            codes::DECIDE_BY,
            "the matrix has more than one output, and nothing says which one the arms follow",
            parts.matrix.span,
            "decided by which output?",
            format!("write `by` and an output: {}", names.join(", ")),
        );
        None
    }

    fn decide_inputs(
        &mut self,
        parts: &Parts<'a>,
        columns: &[(&'a str, Type)],
    ) -> Option<Vec<DecideInput>> {
        let mut given: Vec<Option<&'a ast::Expr>> = vec![None; columns.len()];
        let mut whole = true;
        let mut named = false;
        for (position, arg) in parts.inputs.iter().enumerate() {
            let slot = match &arg.name {
                Some(name) => {
                    named = true;
                    columns.iter().position(|(column, _)| *column == name.text)
                }
                None if named => None,
                None => Some(position).filter(|position| *position < columns.len()),
            };
            let place = arg.name.as_ref().map_or(arg.value.span, |name| name.span);
            match slot {
                Some(slot) if given[slot].is_none() => given[slot] = Some(&arg.value),
                slot => {
                    whole = false;
                    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
                    let near = match &arg.name {
                        Some(name) if slot.is_none() => {
                            self.near(&name.text, names.iter().copied())
                        }
                        _ => None,
                    };
                    let help = match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("the inputs are: {}", names.join(", ")),
                    };
                    let message = match slot {
                        Some(slot) => format!("the input `{}` is given twice", columns[slot].0),
                        None => "the matrix has no such input".to_owned(),
                    };
                    self.error(codes::DECIDE_INPUT, message, place, "given here", help);
                    self.expr(&arg.value, None);
                }
            }
        }
        let mut inputs = Vec::with_capacity(columns.len());
        for ((name, ty), given) in columns.iter().zip(given) {
            let input = match given {
                Some(expr) => self.given_input(expr, name, ty),
                None => self.named_input(name, ty, parts.matrix.span),
            };
            match input {
                Some(input) => inputs.push(input),
                None => whole = false,
            }
        }
        whole.then_some(inputs)
    }

    fn given_input(&mut self, expr: &'a ast::Expr, name: &str, ty: &Type) -> Option<DecideInput> {
        // A word that is no name here is a value of the column: `decide triage(up: ok)`.
        if let ast::ExprKind::Name(word) = &expr.kind
            && self.lookup(&word.text).is_none()
            && matches!(ty, Type::OneOf(values) if values.contains(&word.text))
        {
            return Some(DecideInput::Value(Expr {
                kind: ExprKind::Literal(Value::Text(word.text.clone())),
                ty: ty.clone(),
                span: word.span,
            }));
        }
        let value = self.expr(expr, Some(ty))?;
        if !matches!(value.ty, Type::Optional(_)) {
            return Some(DecideInput::Value(self.fit_input(value, ty)?));
        }
        let wanted = super::types::optional(ty.clone());
        let value = self.fit_input(value, &wanted)?;
        let binds = match &value.kind {
            ExprKind::Var(var) => *var,
            _ => self.new_var(name, wanted, value.span),
        };
        Some(DecideInput::ValueOrAsk(value, binds))
    }

    fn named_input(&mut self, name: &str, ty: &Type, span: Span) -> Option<DecideInput> {
        match self.lookup(name).cloned() {
            Some(Binding::Var(var, has)) => {
                let value = Expr {
                    kind: ExprKind::Var(var),
                    ty: has.clone(),
                    span,
                };
                if matches!(has, Type::Optional(_)) {
                    let wanted = super::types::optional(ty.clone());
                    Some(DecideInput::ValueOrAsk(
                        self.fit_input(value, &wanted)?,
                        var,
                    ))
                } else {
                    Some(DecideInput::Value(self.fit_input(value, ty)?))
                }
            }
            Some(Binding::Secret(_)) => {
                self.secret_shown(span);
                None
            }
            Some(Binding::Unknown) => {
                self.broken();
                None
            }
            None => Some(DecideInput::Ask {
                ty: ty.clone(),
                binds: None,
            }),
        }
    }

    /// A text may hold any value of a closed set; the run says so if it holds another.
    fn fit_input(&mut self, mut value: Expr, want: &Type) -> Option<Expr> {
        let open = matches!(
            (super::types::inner(&value.ty), super::types::inner(want)),
            (Type::Text | Type::OneOf(_), Type::OneOf(_))
        ) && !matches!(value.kind, ExprKind::Literal(_));
        if open {
            value.ty = want.clone();
            return Some(value);
        }
        self.fit(value, want)
    }
}

/// A word or a plain text, as an arm names its value.
fn plain_word(value: &ast::Expr) -> Option<&str> {
    match &value.kind {
        ast::ExprKind::Name(name) => Some(&name.text),
        ast::ExprKind::Text(text) => match &*text.parts {
            [ast::StrPart::Text { text, .. }] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
