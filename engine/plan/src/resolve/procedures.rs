//! Procedures: what they take and give, in which order they are read, how they are called.

use super::Resolver;
use super::blocks::{Around, Course, Deeds, Kind};
use super::places::Place;
use super::scope::{Binding, Entry, Names, Origin};
use crate::codes;
use crate::expr::{Expr, Template};
use crate::ids::*;
use crate::plan::Procedure;
use crate::value::Type;
use runbook_grammar::ast::{self, LetValue, Stmt, StmtKind, Undo};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// What a procedure gives back.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Returns {
    Nothing,
    Type(Type),
    /// Its type is wrong, and reported.
    Unknown,
}

#[derive(Debug)]
struct FormalSlot<'a> {
    name: &'a ast::Name,
    /// Nothing where the type is wrong.
    var: Option<(VarId, Type)>,
    has_default: bool,
}

/// A procedure, as its callers see it.
#[derive(Debug)]
pub(super) struct Signature<'a> {
    pub unit: usize,
    name: &'a ast::Name,
    params: &'a [ast::Formal],
    promised: Option<&'a ast::TypeExpr>,
    title: Option<&'a ast::Str>,
    block: &'a ast::Block,
    formals: Vec<FormalSlot<'a>>,
    pub returns: Returns,
    /// Known once its body is read; bodies are read before those of their callers.
    busy: Option<Span>,
    acts: Option<Span>,
    finishes: Option<Span>,
    pub finishes_always: bool,
    irreversible: bool,
}

impl<'a> Signature<'a> {
    pub fn new(unit: usize, stmt: &'a Stmt) -> Option<Signature<'a>> {
        let StmtKind::Procedure {
            name,
            params,
            returns,
            title,
            block,
        } = &stmt.kind
        else {
            return None;
        };
        Some(Signature {
            unit,
            name,
            params,
            promised: returns.as_ref(),
            title: title.as_ref(),
            block,
            formals: Vec::new(),
            returns: Returns::Nothing,
            busy: None,
            acts: None,
            finishes: None,
            finishes_always: false,
            irreversible: false,
        })
    }
}

/// A call, resolved.
pub(super) struct Called {
    pub procedure: ProcedureId,
    pub name: String,
    pub args: Vec<(VarId, Expr)>,
}

impl<'a> Resolver<'a> {
    pub(super) fn resolve_signatures(&mut self) {
        for at in 0..self.procedures.len() {
            let signature = &self.procedures[at];
            let (unit, params, promised, block) = (
                signature.unit,
                signature.params,
                signature.promised,
                signature.block,
            );
            self.here = unit;
            let mut formals = Vec::with_capacity(params.len());
            let mut plan_params = Vec::with_capacity(params.len());
            let mut seen: Names<'a, ()> = Names::default();
            for formal in params {
                let name = &formal.name;
                if let Err(first) = seen.insert(&name.text, (), name.span) {
                    self.taken("parameter", &name.text, name.span, first);
                }
                self.name_is_allowed(name);
                let ty = self.type_of(&formal.ty);
                let default = match (&formal.default, &ty) {
                    (Some(default), Some(ty)) => self.typed(default, ty),
                    _ => None,
                };
                let var = ty.map(|ty| (self.new_var(&name.text, ty.clone(), name.span), ty));
                if let Some((var, _)) = &var {
                    plan_params.push((*var, default));
                }
                formals.push(FormalSlot {
                    name,
                    var,
                    has_default: formal.default.is_some(),
                });
            }
            let returns = match promised {
                None => Returns::Nothing,
                Some(ty) => match self.type_of(ty) {
                    Some(ty) => Returns::Type(ty),
                    None => Returns::Unknown,
                },
            };
            let own = self.procedures[at].name.text.as_str();
            let name = match self.unit().word() {
                Some(module) => format!("{module}.{own}"),
                None => own.to_owned(),
            };
            let block = self.new_block(block.span);
            self.plan.procedures.push(Procedure {
                title: Template::plain(name.clone()),
                name,
                params: plan_params,
                returns: match &returns {
                    Returns::Type(ty) => Some(ty.clone()),
                    _ => None,
                },
                block,
            });
            self.procedures[at].formals = formals;
            self.procedures[at].returns = returns;
        }
        self.here = 0;
    }

    /// Reads the bodies, those that are called before those that call.
    pub(super) fn resolve_procedures(&mut self) {
        for at in self.callees_first() {
            self.procedure(at);
        }
        self.here = 0;
    }

    fn procedure(&mut self, at: usize) {
        self.here = self.procedures[at].unit;
        let scope = std::mem::take(&mut self.scope);
        let trail = std::mem::take(&mut self.trail);
        let deeds = std::mem::replace(&mut self.deeds, Deeds::default());
        self.returns = Some(self.procedures[at].returns.clone());

        self.scope.open();
        let formals: Vec<(&'a ast::Name, Option<(VarId, Type)>)> = self.procedures[at]
            .formals
            .iter()
            .map(|formal| (formal.name, formal.var.clone()))
            .collect();
        for (name, var) in formals {
            let binding = match var {
                Some((var, ty)) => Binding::Var(var, ty),
                None => Binding::Unknown,
            };
            self.scope.bind(
                &name.text,
                Entry {
                    binding,
                    span: name.span,
                    origin: Origin::Written,
                },
            );
        }
        let title = self.procedures[at].title;
        if let Some(title) = title.and_then(|title| self.template(title)) {
            self.plan.procedures[at].title = title;
        }
        let block = self.procedures[at].block;
        let around = self.file_around(Place::Flow);
        let done = self.block(Kind::Procedure, &block.body, block.span, &around);
        self.scope.close();
        self.plan.procedures[at].block = done.id;

        if done.ends.is_none() && matches!(self.procedures[at].returns, Returns::Type(_)) {
            let span = self.procedures[at]
                .promised
                .map_or(block.span, |ty| ty.span);
            self.report(
                Diagnostic::error(
                    codes::RETURN,
                    format!(
                        "the procedure `{}` can come to its end without a `return`",
                        self.procedures[at].name.text
                    ),
                    span,
                    "promised here",
                )
                .help("end each way through it with `return …`"),
            );
        }
        let signature = &mut self.procedures[at];
        signature.busy = self.deeds.busy;
        signature.acts = self.deeds.acts;
        signature.finishes = self.deeds.finishes;
        signature.finishes_always =
            done.ends.is_some() && self.deeds.finishes.is_some() && self.deeds.returns.is_none();
        signature.irreversible = self.trail.has_no_return();

        self.returns = None;
        self.scope = scope;
        self.trail = trail;
        self.deeds = deeds;
    }

    /// What stands around a flow of the file that is being read.
    pub(super) fn file_around(&self, place: Place) -> Around {
        let defaults = &self.unit().defaults;
        Around {
            place,
            settings: defaults.settings,
            with: defaults.with,
            timeout: defaults.timeout.clone(),
            retry: defaults.retry.clone(),
            branch: None,
            no_end: None,
        }
    }

    fn callees_first(&mut self) -> Vec<usize> {
        let calls: Vec<Vec<(usize, Span)>> = (0..self.procedures.len())
            .map(|at| {
                let mut found = Vec::new();
                calls_in(&self.procedures[at].block.body, &mut found);
                let unit = self.procedures[at].unit;
                found
                    .into_iter()
                    .filter_map(|call| Some((self.quietly(unit, &call.path)?, call.path.span)))
                    .collect()
            })
            .collect();
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            New,
            Open,
            Done,
        }
        let mut seen = vec![Seen::New; calls.len()];
        let mut order = Vec::with_capacity(calls.len());
        for start in 0..calls.len() {
            if seen[start] != Seen::New {
                continue;
            }
            seen[start] = Seen::Open;
            let mut path = vec![(start, 0_usize)];
            while let Some((at, next)) = path.last_mut() {
                let at = *at;
                let Some((to, span)) = calls[at].get(*next).copied() else {
                    seen[at] = Seen::Done;
                    order.push(at);
                    path.pop();
                    continue;
                };
                *next += 1;
                match seen[to] {
                    Seen::New => {
                        seen[to] = Seen::Open;
                        path.push((to, 0));
                    }
                    Seen::Done => {}
                    Seen::Open => {
                        let first = path.iter().position(|(p, _)| *p == to).unwrap_or(0);
                        let mut names: Vec<&str> = path[first..]
                            .iter()
                            .map(|(p, _)| self.procedures[*p].name.text.as_str())
                            .collect();
                        names.push(&self.procedures[to].name.text);
                        let way = names.join(" → ");
                        self.error(
                            codes::RECURSION,
                            format!("a procedure calls itself: {way}"),
                            span,
                            "closes the circle",
                            "repeat with `for`, `retry` or `wait up to`, which end for sure",
                        );
                    }
                }
            }
        }
        order
    }

    fn quietly(&self, unit: usize, path: &ast::Path) -> Option<usize> {
        let (unit, name) = match path.names.as_slice() {
            [name] => (unit, name),
            [module, name] => ((*self.units[unit].modules.get(&module.text)?)?, name),
            _ => return None,
        };
        let id = self.units[unit].procedures.get(&name.text)?;
        Some(id.index())
    }

    pub(super) fn call(
        &mut self,
        call: &'a ast::Call,
        around: &Around,
        course: &mut Course<'a>,
    ) -> Option<Called> {
        let name = call.binds.as_ref().or(call.path.names.last())?;
        let taken = match (&call.binds, call.path.names.as_slice()) {
            (None, [module, name]) => course
                .calls
                .insert((&module.text, &name.text), call.path.span),
            _ => course.names.insert(&name.text, (), name.span).err(),
        };
        if let Some(first) = taken {
            self.report(
                Diagnostic::error(
                    codes::STEP_TAKEN,
                    format!("two in this block are called `{}`", name.text),
                    name.span,
                    "called so again",
                )
                .label(first, "called so first")
                .help(format!(
                    "give the call a name of its own: `… as {}_again`",
                    name.text
                )),
            );
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
        let formals: Vec<(&'a ast::Name, Option<(VarId, Type)>, bool)> = self.procedures[at]
            .formals
            .iter()
            .map(|f| (f.name, f.var.clone(), f.has_default))
            .collect();
        let mut given: Vec<Option<Span>> = vec![None; formals.len()];
        let mut args = Vec::with_capacity(call.args.len());
        let mut whole = true;
        let mut named = false;
        let form = || {
            let names: Vec<&str> = formals.iter().map(|(n, ..)| n.text.as_str()).collect();
            format!("it takes ({})", names.join(", "))
        };
        for (position, arg) in call.args.iter().enumerate() {
            let slot = match &arg.name {
                Some(name) => {
                    named = true;
                    let found = formals.iter().position(|(f, ..)| f.text == name.text);
                    if found.is_none() {
                        let known = formals.iter().map(|(f, ..)| f.text.as_str());
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
                        format!("`{}` is given twice", formals[slot].0.text),
                        arg.value.span,
                        "given again",
                    )
                    .label(first, "given first")
                    .help("give it once"),
                );
                whole = false;
            }
            given[slot] = Some(arg.value.span);
            match &formals[slot].1 {
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
        for (slot, (name, var, has_default)) in formals.iter().enumerate() {
            let may_miss = *has_default || matches!(var, Some((_, Type::Optional(_))));
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

/// All calls in some statements and what they hold.
fn calls_in<'a>(stmts: &'a [Stmt], found: &mut Vec<&'a ast::Call>) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Do(call)
            | StmtKind::Let {
                value: LetValue::Do(call),
                ..
            } => found.push(call),
            StmtKind::Section { block, .. }
            | StmtKind::Attempt {
                block,
                otherwise: None,
                ..
            }
            | StmtKind::Parallel { block, .. }
            | StmtKind::For { block, .. }
            | StmtKind::WaitUpTo { block, .. }
            | StmtKind::Watch { block, .. }
            | StmtKind::Check { block, .. }
            | StmtKind::Guard { block, .. }
            | StmtKind::Undo(Undo::Block(block))
            | StmtKind::Background(block)
            | StmtKind::OnFailure(block)
            | StmtKind::Always(block)
            | StmtKind::Step {
                block: Some(block), ..
            }
            | StmtKind::Checkpoint {
                block: Some(block), ..
            }
            | StmtKind::Ask {
                block: Some(block), ..
            } => calls_in(&block.body, found),
            StmtKind::Attempt {
                block,
                otherwise: Some(otherwise),
                ..
            } => {
                calls_in(&block.body, found);
                calls_in(&otherwise.body, found);
            }
            StmtKind::If { arms, otherwise } => {
                for (_, block) in arms {
                    calls_in(&block.body, found);
                }
                if let Some(block) = otherwise {
                    calls_in(&block.body, found);
                }
            }
            StmtKind::Choose { arms, .. } => {
                for arm in arms {
                    calls_in(&arm.block.body, found);
                }
            }
            StmtKind::Decide { arms, .. } => {
                for arm in arms {
                    calls_in(&arm.block.body, found);
                }
            }
            _ => {}
        }
    }
}
