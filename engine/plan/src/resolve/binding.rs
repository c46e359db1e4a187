//! Names given to values and to steps: which are free, and how far they are seen.

use super::Resolver;
use super::blocks::{Course, Done};
use super::scope::{Binding, Entry, Origin};
use crate::codes;
use crate::ids::VarId;
use crate::value::Type;
use runbook_grammar::ast;
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

impl<'a> Resolver<'a> {
    /// Steps and what else a path goes through have names of their own in their block.
    pub(super) fn step_name(&mut self, name: &'a ast::Name, course: &mut Course<'a>) {
        if let Err(first) = course.names.insert(&name.text, (), name.span) {
            let help = "give one of them another name: a run names its place by it";
            self.step_taken(name, first, help);
        }
    }

    pub(super) fn step_taken(&mut self, name: &ast::Name, first: Span, help: impl Into<String>) {
        self.report(
            Diagnostic::error(
                codes::STEP_TAKEN,
                format!("two in this block are called `{}`", name.text),
                name.span,
                "called so again",
            )
            .label(first, "called so first")
            .help(help),
        );
    }

    /// Binds a name to the end of the innermost block. Without a type it stands for something wrong that is
    /// reported, and its uses are silent.
    pub(super) fn bind(&mut self, name: &'a ast::Name, ty: Option<Type>) -> Option<VarId> {
        let free = self.name_is_free(name);
        let entry = |binding| Entry {
            binding,
            span: name.span,
            origin: Origin::Written,
        };
        let Some(ty) = ty else {
            self.scope.bind(&name.text, entry(Binding::Unknown));
            return None;
        };
        let var = self.new_var(&name.text, ty.clone(), name.span);
        self.scope.bind(&name.text, entry(Binding::Var(var, ty)));
        free.then_some(var)
    }

    fn name_is_free(&mut self, name: &ast::Name) -> bool {
        if !self.name_is_allowed(name) {
            return false;
        }
        let first = match self.scope.get(&name.text) {
            Some(entry) if entry.origin == Origin::Written => Some(entry.span),
            Some(_) => None,
            None => self.unit().values.span(&name.text),
        };
        let Some(first) = first else {
            return true;
        };
        self.report(
            Diagnostic::error(
                codes::ALREADY_BOUND,
                format!("`{}` already has a meaning here", name.text),
                name.span,
                "bound again",
            )
            .label(first, "bound first, and still seen here")
            .help("give it another name"),
        );
        false
    }

    /// Names that mean something else everywhere.
    pub(super) fn name_is_allowed(&mut self, name: &ast::Name) -> bool {
        let word = name.text.as_str();
        let why = if super::exprs::FACTS.iter().any(|(fact, _)| *fact == word) {
            "is what an `expect` knows of a command"
        } else if word == "run" {
            "is the run itself, as in run.id"
        } else if matches!(word, "end" | "else" | "break" | "continue") {
            "stays as it is in {{…}}, for templates of Go"
        } else if KEYWORDS.contains(&word) {
            "is a word of the language"
        } else {
            return true;
        };
        self.error(
            codes::RESERVED,
            format!("`{word}` cannot be a name"),
            name.span,
            why,
            format!("write another name, such as `{word}_value`"),
        );
        false
    }

    /// What a step or a checkpoint bound is seen after it as well; where it may be skipped, as `optional`.
    pub(super) fn export(&mut self, done: &mut Done<'a>) {
        for (name, mut entry) in std::mem::take(&mut done.bound) {
            if entry.origin != Origin::Written {
                continue;
            }
            if done.skippable
                && let Binding::Var(_, ty) = &mut entry.binding
            {
                *ty = super::types::optional(ty.clone());
            }
            self.scope.bind(name, entry);
        }
    }
}

const KEYWORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "contains",
    "matches",
    "is",
    "yes",
    "no",
    "any",
    "if",
    "otherwise",
    "do",
    "every",
    "within",
    "for",
    "failure",
    "only",
];
