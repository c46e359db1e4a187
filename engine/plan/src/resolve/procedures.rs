//! Procedures: what they take and give, in which order they are read, how they are called.

use super::Resolver;
use super::blocks::{Around, Kind};
use super::places::Place;
use super::scope::{Binding, Entry, Names, Origin};
use crate::codes;
use crate::expr::Template;
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

/// A parameter, as a call sees it.
#[derive(Clone, Debug)]
pub(super) struct FormalSlot<'a> {
    pub name: &'a ast::Name,
    /// Nothing where the type is wrong.
    pub var: Option<(VarId, Type)>,
    pub has_default: bool,
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
    pub formals: Vec<FormalSlot<'a>>,
    pub returns: Returns,
    /// Known once its body is read; bodies are read before those of their callers.
    pub busy: Option<Span>,
    pub acts: Option<Span>,
    pub finishes: Option<Span>,
    pub finishes_always: bool,
    pub irreversible: bool,
    /// Sends a request or leaves a server running, which is done where the engine is.
    pub stays: Option<Span>,
}

impl<'a> Signature<'a> {
    pub fn called(&self) -> &'a str {
        &self.name.text
    }

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
            promised: returns.as_deref(),
            title: title.as_ref(),
            block,
            formals: Vec::new(),
            returns: Returns::Nothing,
            busy: None,
            acts: None,
            finishes: None,
            finishes_always: false,
            irreversible: false,
            stays: None,
        })
    }
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
        let deeds = std::mem::take(&mut self.deeds);
        let stays = self.stays.take();
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
        signature.stays = self.stays;

        self.returns = None;
        self.scope = scope;
        self.trail = trail;
        self.deeds = deeds;
        self.stays = stays;
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
            in_step: false,
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
        let (unit, name) = match &*path.names {
            [name] => (unit, name),
            [module, name] => ((*self.units[unit].modules.get(&module.text)?)?, name),
            _ => return None,
        };
        let id = self.units[unit].procedures.get(&name.text)?;
        Some(id.index())
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
