//! What starts a run by itself, under `runbook watch`.

use super::Resolver;
use super::blocks::{Course, head_of};
use super::places::{self, Place};
use super::scope::{Binding, Names};
use crate::codes;
use crate::plan::{Trigger, TriggerWhen};
use crate::value::Type;
use runbook_grammar::ast::{self, FiresWhen, LetValue, StmtKind};
use runbook_grammar::span::Span;

impl<'a> Resolver<'a> {
    pub(super) fn trigger(
        &mut self,
        name: &'a ast::Name,
        title: &'a ast::Str,
        block: &'a ast::Block,
    ) {
        let title = self.fixed(title, "the title of a trigger");
        let around = self.file_around(Place::Look);
        let lets = self.new_block(block.span);
        let mut every: Option<u64> = None;
        let mut fires: Option<(TriggerWhen, Option<u64>)> = None;
        let mut start_with = Vec::new();
        let mut seen: Names<'static, ()> = Names::default();
        let mut fired = false;
        let mut course = Course::default();
        self.scope.open();
        for stmt in &block.body {
            let word = places::word(&stmt.kind);
            if matches!(
                stmt.kind,
                StmtKind::Every(_) | StmtKind::FiresWhen { .. } | StmtKind::StartWith(_)
            ) && seen.insert(word, (), stmt.span).is_err()
            {
                self.error(
                    codes::TWICE,
                    format!("{word} stands twice in one trigger"),
                    stmt.span,
                    "said again",
                    "keep one of them",
                );
                continue;
            }
            match &stmt.kind {
                StmtKind::Prose(_) | StmtKind::Warning(_) => {}
                StmtKind::Every(expr) => every = self.fixed_duration(expr, "`every`"),
                StmtKind::Let { name, ty, value } if !matches!(value, LetValue::Do(_)) => {
                    let node = self.reserve(stmt.span);
                    let made = self.let_statement(name, ty.as_deref(), value, &around, &mut course);
                    match made {
                        Some(made) => {
                            self.fill(node, made);
                            course.nodes.push(node);
                        }
                        None => self.broken(),
                    }
                }
                StmtKind::FiresWhen { when, lasting } => {
                    fired = true;
                    let lasting = self.maybe(lasting.as_ref(), |r, lasting| {
                        r.fixed_duration(lasting, "`for`")
                    });
                    let when = match when {
                        FiresWhen::Condition(condition) => self
                            .typed(condition, &Type::Bool)
                            .map(TriggerWhen::Condition),
                        FiresWhen::Failing => Some(TriggerWhen::Failing),
                    };
                    fires = when.zip(lasting);
                }
                StmtKind::StartWith(pairs) => {
                    for (name, value) in pairs {
                        self.start_with(name, value, &mut start_with);
                    }
                }
                StmtKind::Bad => self.broken(),
                _ => self.error(
                    codes::TRIGGER,
                    format!("{word} stands in a trigger"),
                    head_of(stmt),
                    "has no use here",
                    "write `every`, `let`, `fires when` and `start with`",
                ),
            }
        }
        self.scope.close();
        if every.is_none() && seen.get("`every`").is_none() {
            self.no_line(name.span, "how often it looks", "every 10s");
        }
        if !fired {
            self.no_line(name.span, "when it fires", "fires when …");
        }
        self.plan.blocks[lets.index()].nodes = course.nodes;
        match fires {
            Some((when, lasting)) => self.plan.triggers.push(Trigger {
                name: name.text.clone(),
                title,
                every,
                lets,
                when,
                lasting,
                start_with,
            }),
            None => self.broken(),
        }
    }

    fn no_line(&mut self, span: Span, what: &str, line: &str) {
        self.error(
            codes::TRIGGER,
            format!("a trigger does not say {what}"),
            span,
            "this trigger",
            format!("add a line `{line}`"),
        );
    }

    /// `start with symptom = "…"`: a value for a param.
    fn start_with(
        &mut self,
        name: &'a ast::Name,
        value: &'a ast::Expr,
        out: &mut Vec<(crate::ids::VarId, crate::expr::Expr)>,
    ) {
        let param = self
            .unit()
            .values
            .get(&name.text)
            .map(|entry| entry.binding.clone());
        match param {
            Some(Binding::Var(var, ty)) => match self.typed(value, &ty) {
                Some(value) => out.push((var, value)),
                None => self.broken(),
            },
            Some(Binding::Unknown) => self.broken(),
            other => {
                self.expr(value, None);
                let known: Vec<&str> = self.unit().values.keys().collect();
                let help = match (self.near(&name.text, known), other) {
                    (Some(near), None) => format!("did you mean `{near}`?"),
                    _ => format!("declare it: `param {}: text`", name.text),
                };
                self.error(
                    codes::TRIGGER,
                    format!("no param is called `{}`", name.text),
                    name.span,
                    "started with",
                    help,
                );
            }
        }
    }
}
