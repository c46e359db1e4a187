//! What a value may hold: whether it could break the text around it, and where it comes from.

use std::collections::{BTreeMap, BTreeSet};

use runbook_plan::Plan;
use runbook_plan::expr::{Expr, ExprKind, Pattern, TemplatePart};
use runbook_plan::ids::VarId;
use runbook_plan::plan::{LetValue, NodeKind};
use runbook_plan::value::{Type, Value};

use super::Subject;

impl Subject<'_> {
    /// Whether every text that a value may be passes the test: by its type, its `matches`, or what it is called with.
    /// A parameter of a procedure that nothing here calls passes: its callers are looked over with their own file.
    pub fn all_values(
        &self,
        value: &Expr,
        what: What,
        passes: &dyn Fn(&Known<'_>) -> bool,
    ) -> bool {
        self.passes(value, what, passes, &mut BTreeSet::new())
    }

    fn passes(
        &self,
        value: &Expr,
        what: What,
        passes: &dyn Fn(&Known<'_>) -> bool,
        seen: &mut BTreeSet<VarId>,
    ) -> bool {
        match &value.kind {
            ExprKind::Literal(value) => passes(&Known::Value(value)),
            ExprKind::Else(a, b) => {
                self.passes(a, what, passes, seen) && self.passes(b, what, passes, seen)
            }
            ExprKind::Run(_) => true,
            ExprKind::Text(text) => text.parts.iter().take(what.parts()).all(|part| match part {
                TemplatePart::Text(text) => passes(&Known::Value(&Value::Text(text.clone()))),
                TemplatePart::Hole(value) => self.passes(value, what, passes, seen),
            }),
            ExprKind::Var(var) => {
                if passes(&Known::Type(plain(&value.ty))) {
                    return true;
                }
                // Nothing more is learned from what was asked already.
                if !seen.insert(*var) {
                    return true;
                }
                self.var_passes(*var, what, passes, seen)
            }
            _ => passes(&Known::Type(plain(&value.ty))),
        }
    }

    fn var_passes(
        &self,
        var: VarId,
        what: What,
        passes: &dyn Fn(&Known<'_>) -> bool,
        seen: &mut BTreeSet<VarId>,
    ) -> bool {
        let Some(origins) = self.origins.get(&var) else {
            return false;
        };
        origins.iter().all(|origin| match origin {
            Origin::Asked(pattern) => pattern.is_some_and(|p| passes(&Known::Pattern(p))),
            Origin::Is(value) => self.passes(value, what, passes, seen),
            Origin::OneOf(items) => match &items.kind {
                ExprKind::List(items) => items
                    .iter()
                    .all(|item| self.passes(item, what, passes, seen)),
                ExprKind::Literal(Value::List(items)) => {
                    items.iter().all(|item| passes(&Known::Value(item)))
                }
                _ => self.passes(items, what, passes, seen),
            },
            Origin::Anywhere => false,
        })
    }
}

/// Where a value comes from.
pub enum Origin<'a> {
    /// Typed in by a person, and held against a pattern.
    Asked(Option<&'a Pattern>),
    Is(&'a Expr),
    /// An item of a list.
    OneOf(&'a Expr),
    /// From a command, a request, a person without a pattern.
    Anywhere,
}

pub(super) type Origins<'a> = BTreeMap<VarId, Vec<Origin<'a>>>;

/// Of every name whose origins are known, all of them. A parameter that nothing calls has none.
pub(super) fn origins(plan: &Plan) -> Origins<'_> {
    let mut origins: Origins<'_> = BTreeMap::new();
    let mut add = |var: VarId, origin| origins.entry(var).or_default().push(origin);
    for param in &plan.params {
        add(param.var, Origin::Asked(param.rules.matches.as_ref()));
    }
    for node in &plan.nodes {
        match &node.kind {
            NodeKind::Ask(ask) => add(ask.var, Origin::Asked(ask.rules.matches.as_ref())),
            NodeKind::Let {
                var,
                value: LetValue::Expr(value),
            } => add(*var, Origin::Is(value)),
            NodeKind::Let { var, .. }
            | NodeKind::Item {
                evidence: Some(var),
                ..
            } => add(*var, Origin::Anywhere),
            NodeKind::For { var, items, .. } => add(*var, Origin::OneOf(items)),
            NodeKind::Do { args, .. } => {
                for (var, value) in args {
                    add(*var, Origin::Is(value));
                }
            }
            _ => {}
        }
    }
    for (var, default) in plan.procedures.iter().flat_map(|p| &p.params) {
        let known = origins.entry(*var).or_default();
        known.extend(default.as_ref().map(Origin::Is));
    }
    origins
}

/// How much of a value is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// How it begins.
    Beginning,
    All,
}

impl What {
    fn parts(self) -> usize {
        match self {
            What::Beginning => 1,
            What::All => usize::MAX,
        }
    }
}

/// What is known of a value.
pub enum Known<'a> {
    /// It is this one.
    Value(&'a Value),
    /// It is of this type.
    Type(&'a Type),
    /// It fits this pattern.
    Pattern(&'a Pattern),
}

/// The type of the value that is there.
pub fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) | Type::List(inner) => plain(inner),
        other => other,
    }
}
