//! Calls of procedures: what is called, with what, and what that means for the place it stands at.

use super::Resolver;
use super::blocks::{Around, Course};
use super::places::Place;
use crate::codes;
use crate::expr::Expr;
use crate::ids::*;
use crate::value::Type;
use runbook_grammar::ast;
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// A call, resolved.
pub(super) struct Called {
    pub procedure: ProcedureId,
    pub name: String,
    pub args: Vec<(VarId, Expr)>,
}

impl<'a> Resolver<'a> {
    pub(super) fn call(
        &mut self,
        call: &'a ast::Call,
        around: &Around,
        course: &mut Course<'a>,
    ) -> Option<Called> {
        let name = call.binds.as_ref().or(call.path.names.last())?;
        let taken = match (&call.binds, &*call.path.names) {
            (None, [module, name]) => course
                .calls
                .insert((&module.text, &name.text), call.path.span),
            _ => course.names.insert(&name.text, (), name.span).err(),
        };
        if let Some(first) = taken {
            let help = format!(
                "give the call a name of its own: `… as {}_again`",
                name.text
            );
            self.step_taken(name, first, help);
        }
        let Some(id) = self.find("procedure", &call.path, |unit| &unit.procedures) else {
            for arg in &call.args {
                self.expr(&arg.value, None);
            }
            return None;
        };
        let at = id.index();
        let span = call.path.span;
        let signature = &self.procedures[at];
        let (busy, acts, finishes, irreversible) = (
            signature.busy,
            signature.acts,
            signature.finishes,
            signature.irreversible,
        );
        if let Some(busy) = busy {
            self.deeds.busy.get_or_insert(span);
            if matches!(around.place, Place::Look | Place::Channel) {
                self.report(
                    Diagnostic::error(
                        codes::NOT_HERE,
                        "a procedure that does more than look is called where things are only looked at",
                        span,
                        "called here",
                    )
                    .label(busy, "does more than look")
                    .help("call it before, in the flow"),
                );
            }
        }
        if acts.is_some() {
            self.deeds.acts.get_or_insert(span);
        }
        if finishes.is_some() {
            self.deeds.finishes.get_or_insert(span);
            if around.branch.is_some() || around.no_end.is_some() {
                self.may_leave("a procedure that may `finish`", span, around);
            }
        }
        if irreversible {
            self.trail.irreversible(span);
        }
        let args = self.arguments(call, at)?;
        Some(Called {
            procedure: id,
            name: match &call.binds {
                Some(name) => name.text.clone(),
                None => {
                    let words: Vec<&str> =
                        call.path.names.iter().map(|n| n.text.as_str()).collect();
                    words.join(".")
                }
            },
            args,
        })
    }

    fn arguments(&mut self, call: &'a ast::Call, at: usize) -> Option<Vec<(VarId, Expr)>> {
        let formals = self.procedures[at].formals.clone();
        let mut given: Vec<Option<Span>> = vec![None; formals.len()];
        let mut args = Vec::with_capacity(call.args.len());
        let mut whole = true;
        let mut named = false;
        let form = || {
            let names: Vec<&str> = formals.iter().map(|f| f.name.text.as_str()).collect();
            format!("it takes ({})", names.join(", "))
        };
        for (position, arg) in call.args.iter().enumerate() {
            let slot = match &arg.name {
                Some(name) => {
                    named = true;
                    let found = formals.iter().position(|f| f.name.text == name.text);
                    if found.is_none() {
                        let known = formals.iter().map(|f| f.name.text.as_str());
                        let help = match self.near(&name.text, known) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => form(),
                        };
                        self.error(
                            codes::ARGUMENTS,
                            format!("the procedure has no parameter `{}`", name.text),
                            name.span,
                            "named here",
                            help,
                        );
                    }
                    found
                }
                None if named => {
                    self.error(
                        codes::ARGUMENTS,
                        "a value without a name stands after one with a name",
                        arg.value.span,
                        "for which parameter?",
                        "name it as well, as in `b: 2`",
                    );
                    None
                }
                None if position < formals.len() => Some(position),
                None => {
                    self.error(
                        codes::ARGUMENTS,
                        format!(
                            "the procedure takes {} and gets {}",
                            formals.len(),
                            call.args.len()
                        ),
                        arg.value.span,
                        "one too many",
                        form(),
                    );
                    None
                }
            };
            let Some(slot) = slot else {
                whole = false;
                self.expr(&arg.value, None);
                continue;
            };
            if let Some(first) = given[slot] {
                self.report(
                    Diagnostic::error(
                        codes::ARGUMENTS,
                        format!("`{}` is given twice", formals[slot].name.text),
                        arg.value.span,
                        "given again",
                    )
                    .label(first, "given first")
                    .help("give it once"),
                );
                whole = false;
            }
            given[slot] = Some(arg.value.span);
            match &formals[slot].var {
                Some((var, ty)) => match self.typed(&arg.value, ty) {
                    Some(value) => args.push((*var, value)),
                    None => whole = false,
                },
                None => {
                    self.expr(&arg.value, None);
                    whole = false;
                }
            }
        }
        for (slot, formal) in formals.iter().enumerate() {
            let name = formal.name;
            let may_miss = formal.has_default || matches!(formal.var, Some((_, Type::Optional(_))));
            if given[slot].is_none() && !may_miss {
                whole = false;
                self.report(
                    Diagnostic::error(
                        codes::ARGUMENTS,
                        format!("the call gives no `{}`", name.text),
                        call.span,
                        format!("`{}` is missing", name.text),
                    )
                    .label(name.span, "has no default")
                    .help(form()),
                );
            }
        }
        if !whole {
            self.broken();
        }
        whole.then_some(args)
    }
}
