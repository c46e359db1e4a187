//! The fixed set of functions.

use super::Resolver;
use super::types::inner;
use crate::codes;
use crate::expr::{Expr, ExprKind, Function};
use crate::show::ty as words;
use crate::value::Type;
use runbook_grammar::ast;
use runbook_grammar::span::Span;

const FUNCTIONS: &[(&str, Function, usize, &str)] = &[
    ("len", Function::Len, 1, "len(text) or len(list)"),
    ("lines", Function::Lines, 1, "lines(text)"),
    ("trim", Function::Trim, 1, "trim(text)"),
    ("join", Function::Join, 2, "join(list, \", \")"),
    ("number", Function::Number, 1, "number(text)"),
    ("json", Function::Json, 1, "json(text)"),
    ("basename", Function::Basename, 1, "basename(path)"),
    ("now", Function::Now, 0, "now()"),
    ("env", Function::Env, 1, "env(\"NAME\")"),
];

impl<'a> Resolver<'a> {
    pub(super) fn function(
        &mut self,
        name: &'a ast::Name,
        args: &'a [ast::Expr],
        span: Span,
    ) -> Option<Expr> {
        let found = FUNCTIONS.iter().find(|(word, ..)| *word == name.text);
        let Some((word, function, arity, form)) = found else {
            // What is wrong inside is worth knowing all the same.
            for arg in args {
                self.expr(arg, None);
            }
            let here = self.here;
            let help = if self.units[here].procedures.get(&name.text).is_some() {
                format!(
                    "write `let x = do {}(…)`: a procedure is called by `do`",
                    name.text
                )
            } else {
                match self.near(&name.text, FUNCTIONS.iter().map(|(word, ..)| *word)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "write len, lines, trim, join, number, json, basename, now or env".into()
                    }
                }
            };
            self.error(
                codes::FUNCTION,
                format!("no function is called `{}`", name.text),
                name.span,
                "called here",
                help,
            );
            return None;
        };
        if args.len() != *arity {
            self.error(
                codes::FUNCTION,
                format!("`{word}` takes {arity} and gets {}", args.len()),
                span,
                "called here",
                format!("write `{form}`"),
            );
            return None;
        }
        let mut given = Vec::with_capacity(args.len());
        for arg in args {
            given.push(self.expr(arg, None));
        }
        let mut given: Vec<Expr> = given.into_iter().collect::<Option<_>>()?;
        let ty = match function {
            Function::Len => {
                self.one_of(&given[0], word, |ty| {
                    matches!(ty, Type::Text | Type::List(_) | Type::Json)
                })?;
                Type::Number
            }
            Function::Lines => {
                given = vec![self.fit(given.remove(0), &Type::Text)?];
                Type::List(Box::new(Type::Text))
            }
            Function::Trim => {
                given = vec![self.fit(given.remove(0), &Type::Text)?];
                Type::Text
            }
            Function::Join => {
                let separator = given.pop()?;
                let list = given.pop()?;
                self.one_of(&list, word, |ty| matches!(ty, Type::List(_) | Type::Json))?;
                given = vec![list, self.fit(separator, &Type::Text)?];
                Type::Text
            }
            Function::Number => {
                self.one_of(&given[0], word, |ty| {
                    matches!(
                        ty,
                        Type::Text | Type::Json | Type::Number | Type::Percent | Type::OneOf(_)
                    )
                })?;
                Type::Number
            }
            Function::Json => {
                given = vec![self.fit(given.remove(0), &Type::Text)?];
                Type::Json
            }
            Function::Basename => {
                self.one_of(&given[0], word, |ty| {
                    matches!(ty, Type::Text | Type::Path | Type::Url | Type::Json)
                })?;
                Type::Text
            }
            Function::Now => Type::Time,
            Function::Env => {
                given = vec![self.fit(given.remove(0), &Type::Text)?];
                Type::Optional(Box::new(Type::Text))
            }
        };
        Some(Expr {
            kind: ExprKind::Call(*function, given),
            ty,
            span,
        })
    }

    fn one_of(&mut self, value: &Expr, word: &str, fits: fn(&Type) -> bool) -> Option<()> {
        if fits(&value.ty) {
            return Some(());
        }
        match &value.ty {
            Type::Secret => self.secret_shown(value.span),
            Type::Optional(has) if fits(inner(has)) => {
                let has = has.as_ref().clone();
                self.missing(&has, value.span);
            }
            ty => {
                let form = FUNCTIONS
                    .iter()
                    .find(|(name, ..)| *name == word)
                    .map_or("", |(.., form)| form);
                self.error(
                    codes::TYPE,
                    format!("`{word}` gets a value of type `{}`", words(ty)),
                    value.span,
                    format!("this is `{}`", words(ty)),
                    format!("write `{form}`"),
                );
            }
        }
        None
    }
}
