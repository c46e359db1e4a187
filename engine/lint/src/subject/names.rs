//! Which names a file uses, by what they stand for. A name counts wherever it is used: two things of one name are
//! both used then, and nothing is found that is not there.

use std::collections::BTreeSet;

use runbook_grammar::ast::*;

use super::{Site, children};

/// What a name is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum As {
    /// In an expression or a hole.
    Value,
    Procedure,
    Matrix,
    Message,
    Contact,
    Channel,
    Host,
    Interpreter,
    /// Before a dot.
    Module,
    /// `rewind to`, `since`, `until`
    Checkpoint,
}

#[derive(Debug, Default)]
pub struct Uses<'a> {
    used: BTreeSet<(As, &'a str)>,
}

impl<'a> Uses<'a> {
    pub fn has(&self, kind: As, name: &str) -> bool {
        self.used.contains(&(kind, name))
    }

    fn path(&mut self, kind: As, path: &'a Path) {
        if let [module, _, ..] = &*path.names {
            self.used.insert((As::Module, &module.text));
        }
        if let Some(last) = path.names.last() {
            self.used.insert((kind, &last.text));
        }
    }

    fn name(&mut self, kind: As, name: &'a Name) {
        self.used.insert((kind, &name.text));
    }

    fn text(&mut self, text: &'a Str) {
        for part in &text.parts {
            if let StrPart::Hole { path, .. } = part
                && let Some(first) = path.names.first()
            {
                self.name(As::Value, first);
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.name(As::Value, name),
            ExprKind::Text(text) => self.text(text),
            _ => {}
        }
        for part in children::parts(expr) {
            self.expr(part);
        }
    }

    fn ty(&mut self, ty: &'a TypeExpr) {
        match &ty.kind {
            TypeKind::Column(path) => {
                // `m.column`, or `module.m.column`.
                let names = &*path.names;
                if let [.., matrix, _] = names {
                    self.name(As::Matrix, matrix);
                }
                if let [module, _, _, ..] = names {
                    self.name(As::Module, module);
                }
            }
            TypeKind::List(inner) | TypeKind::Optional(inner) => self.ty(inner),
            _ => {}
        }
    }
}

pub(super) fn gather<'a>(sites: &[Site<'a>]) -> Uses<'a> {
    let mut uses = Uses::default();
    for site in sites {
        statement(&mut uses, site.stmt);
    }
    uses
}

fn statement<'a>(uses: &mut Uses<'a>, stmt: &'a Stmt) {
    use StmtKind as S;
    for text in children::texts(stmt) {
        uses.text(text);
    }
    for expr in children::exprs(stmt) {
        uses.expr(expr);
    }
    for (_, command) in children::commands(stmt) {
        if let CommandBody::Fences(fences) = &command.body {
            for word in fences.iter().filter_map(|fence| fence.word.as_ref()) {
                uses.name(As::Interpreter, word);
            }
        }
    }
    match &stmt.kind {
        S::Do(call)
        | S::Let {
            value: LetValue::Do(call),
            ..
        } => uses.path(As::Procedure, &call.path),
        S::Decide { matrix, .. } => uses.path(As::Matrix, matrix),
        // Its inputs are taken from names in scope.
        S::Matrix(matrix) => {
            for input in &matrix.inputs {
                uses.name(As::Value, &input.name);
                uses.ty(&input.ty);
            }
            for output in &matrix.outputs {
                uses.ty(&output.ty);
            }
        }
        S::Notify(path) => uses.path(As::Message, path),
        S::Escalate { to, .. } => uses.path(As::Contact, to),
        S::Approve { by: Some(by), .. } => uses.path(As::Contact, by),
        S::FollowUp { to: Some(to), .. } => uses.path(As::Contact, to),
        S::EscalateAfter { to, .. } => uses.name(As::Contact, to),
        S::Message {
            to: MessageTo::Channel(path),
            ..
        } => uses.path(As::Channel, path),
        S::On(name) => uses.name(As::Host, name),
        S::With(name) => uses.name(As::Interpreter, name),
        S::Rewind(path) => uses.path(As::Checkpoint, path),
        S::Objective {
            until: Some(until), ..
        } => uses.name(As::Checkpoint, until),
        S::Checkpoint {
            since: Some(since), ..
        } => uses.name(As::Checkpoint, since),
        S::StartWith(values) => {
            for (name, _) in values {
                uses.name(As::Value, name);
            }
        }
        S::Param { ty, .. } | S::Ask { ty, .. } => uses.ty(ty),
        S::Let { ty: Some(ty), .. } => uses.ty(ty),
        S::Procedure {
            params, returns, ..
        } => {
            for param in params {
                uses.ty(&param.ty);
            }
            if let Some(returns) = returns {
                uses.ty(returns);
            }
        }
        S::Item {
            evidence: Some(evidence),
            ..
        } => uses.ty(&evidence.ty),
        _ => {}
    }
    if let Some(Within {
        otherwise: Some(WithinElse::Escalate { to, .. }),
        ..
    }) = children::within(stmt)
    {
        uses.path(As::Contact, to);
    }
}
