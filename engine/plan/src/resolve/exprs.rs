//! Expressions: every name found, every type checked.

use std::str::FromStr;

use super::scope::Binding;
use super::{Resolver, write};
use crate::codes;
use crate::expr::{Expr, ExprKind, LastFact, Pattern, RunFact};
use crate::show::ty as words;
use crate::value::{SecretId, Type, Value};
use runbook_grammar::ast::{self, ExprKind as A};
use runbook_grammar::span::Span;

/// What an `expect` may speak of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Facts {
    /// Not in an `expect` at all.
    Outside,
    /// In an `expect` with no command above it.
    #[default]
    Nothing,
    Command,
    Request,
    /// What a `let` ran: it went well, or the `let` had failed.
    ReadCommand,
    ReadRequest,
}

/// The words an `expect` knows; no value may be called so.
pub(super) const FACTS: &[(&str, LastFact)] = &[
    ("exit", LastFact::Exit),
    ("output", LastFact::Output),
    ("stderr", LastFact::Stderr),
    ("elapsed", LastFact::Elapsed),
    ("status", LastFact::Status),
    ("body", LastFact::Body),
    ("header", LastFact::Header),
];

/// Ten years, the longest duration.
pub(super) const LONGEST_MS: u64 = 10 * 366 * 86_400_000;

fn fact_type(fact: LastFact) -> Type {
    match fact {
        LastFact::Exit | LastFact::Status => Type::Number,
        LastFact::Output | LastFact::Stderr => Type::Text,
        LastFact::Elapsed => Type::Duration,
        LastFact::Body | LastFact::Header => Type::Json,
    }
}

fn run_fact(name: &str) -> Option<(RunFact, Type)> {
    let maybe = |ty| Type::Optional(Box::new(ty));
    Some(match name {
        "id" => (RunFact::Id, Type::Text),
        "started" => (RunFact::Started, Type::Time),
        "severity" => (RunFact::Severity, maybe(Type::Severity)),
        "operator" => (RunFact::Operator, Type::Text),
        "trigger" => (RunFact::Trigger, maybe(Type::Text)),
        _ => return None,
    })
}

impl<'a> Resolver<'a> {
    /// An expression that must be of one type.
    pub(super) fn typed(&mut self, expr: &'a ast::Expr, want: &Type) -> Option<Expr> {
        let expr = self.expr(expr, Some(want))?;
        self.fit(expr, want)
    }

    /// An expression of any type. `hint` is the type of its place: it helps lists and help texts, and
    /// converts nothing.
    pub(super) fn expr(&mut self, expr: &'a ast::Expr, hint: Option<&Type>) -> Option<Expr> {
        let span = expr.span;
        let literal = |value: Value, ty: Type| {
            Some(Expr {
                kind: ExprKind::Literal(value),
                ty,
                span,
            })
        };
        match &expr.kind {
            A::Text(text) => match text.plain() {
                Some(text) => literal(Value::Text(text), Type::Text),
                None => Some(Expr {
                    kind: ExprKind::Text(Box::new(self.template(text)?)),
                    ty: Type::Text,
                    span,
                }),
            },
            A::Number(n) => literal(Value::Number(*n), Type::Number),
            A::Percent(n) => literal(Value::Percent(*n), Type::Percent),
            A::Duration(ms) => {
                if *ms > LONGEST_MS {
                    self.error(
                        codes::AMOUNT,
                        "a duration is longer than ten years",
                        span,
                        "too long",
                        "write a shorter one",
                    );
                    return None;
                }
                literal(Value::Duration(*ms), Type::Duration)
            }
            A::Bool(b) => literal(Value::Bool(*b), Type::Bool),
            A::Factor(n) => {
                self.error(
                    codes::UNIT,
                    format!("the factor `{n}x` stands outside `backoff`"),
                    span,
                    "a factor",
                    format!("write `{n}`"),
                );
                None
            }
            A::Date { year, month, day } => self.date(*year, *month, *day, span),
            A::List(items) => self.list(items, hint, span),
            A::Name(name) => self.name(name, hint),
            A::Field(of, field) => self.field(of, field, span),
            A::Index(of, at) => self.index(of, at, span),
            A::Call(name, args) => self.function(name, args, span),
            A::Binary(op, a, b) => self.binary(*op, a, b, hint, span),
            A::Not(of) => {
                let of = self.typed(of, &Type::Bool)?;
                Some(Expr {
                    kind: ExprKind::Not(Box::new(of)),
                    ty: Type::Bool,
                    span,
                })
            }
            A::Negate(of) => self.negate(of, span),
            A::IsEmpty(of) => self.is_empty(of, span),
            A::IsSet(of) => self.is_set(of, span),
            A::Matches(of, pattern) => {
                let of = self.expr(of, Some(&Type::Text))?;
                let of = match of.ty {
                    Type::Url | Type::Path | Type::OneOf(_) => of,
                    _ => self.fit(of, &Type::Text)?,
                };
                let pattern = self.pattern(pattern)?;
                Some(Expr {
                    kind: ExprKind::Matches(Box::new(of), pattern),
                    ty: Type::Bool,
                    span,
                })
            }
            A::Range(..) => {
                self.error(
                    codes::RANGE,
                    "a range stands alone",
                    span,
                    "from one value to another",
                    "write `x in a..b`",
                );
                None
            }
            A::Paren(inner) => self.expr(inner, hint),
            A::Bad => {
                self.broken();
                None
            }
        }
    }

    fn date(&mut self, year: i16, month: u8, day: u8, span: Span) -> Option<Expr> {
        let date = i8::try_from(month)
            .ok()
            .zip(i8::try_from(day).ok())
            .and_then(|(month, day)| jiff::civil::Date::new(year, month, day).ok())
            .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
        let Some(date) = date else {
            self.error(
                codes::NOT_A_VALUE,
                format!("{year:04}-{month:02}-{day:02} is no day of the calendar"),
                span,
                "no such day",
                "write year, month and day of a day that there is",
            );
            return None;
        };
        Some(Expr {
            kind: ExprKind::Literal(Value::Time(date.timestamp().as_millisecond())),
            ty: Type::Time,
            span,
        })
    }

    fn list(&mut self, items: &'a [ast::Expr], hint: Option<&Type>, span: Span) -> Option<Expr> {
        let mut wanted = match hint {
            Some(Type::List(item)) => Some(item.as_ref().clone()),
            _ => None,
        };
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let mut value = self.expr(item, wanted.as_ref())?;
            if let Some(wanted) = &wanted {
                value = self.fit(value, wanted)?;
            } else if value.ty == Type::Secret {
                self.secret_shown(value.span);
                return None;
            } else {
                wanted = Some(value.ty.clone());
            }
            found.push(value);
        }
        Some(Expr {
            kind: ExprKind::List(found),
            ty: Type::List(Box::new(wanted.unwrap_or(Type::Text))),
            span,
        })
    }

    /// What a name stands for: bound in the flow, declared in the file, a severity, a fact of an `expect`.
    pub(super) fn lookup(&self, name: &str) -> Option<&Binding> {
        self.scope
            .get(name)
            .or_else(|| self.unit().values.get(name))
            .map(|entry| &entry.binding)
    }

    /// A bound name as an expression; nothing, and silence, where its declaration is wrong.
    fn bound(&mut self, binding: Binding, span: Span) -> Option<Expr> {
        match binding {
            Binding::Var(var, ty) => Some(Expr {
                kind: ExprKind::Var(var),
                ty,
                span,
            }),
            Binding::Secret(SecretId(id)) => Some(Expr {
                kind: ExprKind::Literal(Value::Secret(SecretId(id))),
                ty: Type::Secret,
                span,
            }),
            Binding::Unknown => {
                self.broken();
                None
            }
        }
    }

    fn name(&mut self, name: &'a ast::Name, hint: Option<&Type>) -> Option<Expr> {
        if let Some(binding) = self.lookup(&name.text).cloned() {
            return self.bound(binding, name.span);
        }
        if self.is_severity(&name.text) && self.units[0].severities.get(&name.text).is_some()
            || hint.map(super::types::inner) == Some(&Type::Severity)
                && self.is_severity(&name.text)
        {
            return Some(Expr {
                kind: ExprKind::Literal(Value::Severity(name.text.clone())),
                ty: Type::Severity,
                span: name.span,
            });
        }
        if let Some((word, fact)) = FACTS.iter().find(|(word, _)| *word == name.text) {
            return self.fact(word, *fact, name.span);
        }
        if name.text == "run" {
            self.error(
                codes::NO_FIELD,
                "`run` stands alone",
                name.span,
                "is the run itself",
                "write run.id, run.started, run.severity, run.operator or run.trigger",
            );
            return None;
        }
        let choice = match hint.map(super::types::inner) {
            Some(Type::OneOf(values)) => values.contains(&name.text),
            _ => false,
        };
        let help = if choice {
            format!("write \"{}\": a value of a set stands in quotes", name.text)
        } else {
            self.help_for_name(&name.text)
        };
        self.unknown_name(name, help);
        None
    }

    fn unknown_name(&mut self, name: &ast::Name, help: String) {
        let mut diagnostic = runbook_grammar::diagnostic::Diagnostic::error(
            codes::UNKNOWN_NAME,
            format!("nothing here is called `{}`", name.text),
            name.span,
            "used here",
        )
        .help(help);
        if let Some(gone) = self.scope.gone(&name.text) {
            diagnostic = diagnostic.label(gone, "bound here, and not seen outside its block");
        }
        self.report(diagnostic);
    }

    /// The way out where a name means nothing.
    pub(super) fn help_for_name(&mut self, word: &str) -> String {
        if self.scope.gone(word).is_some() {
            return "bind it in the block around both, before the place that uses it".to_owned();
        }
        let candidates: Vec<&str> = self
            .scope
            .visible()
            .chain(self.unit().values.keys())
            .chain(self.units[0].severities.keys())
            .chain(["run"])
            .take(self.worth_gathering())
            .collect();
        match self.near(word, candidates) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.returns.is_some() => {
                format!("make it a parameter of the procedure: `{word}: text`")
            }
            None => {
                format!("bind it first, as in `param {word}: text` or `let {word}: text = ? …`")
            }
        }
    }

    fn fact(&mut self, word: &str, fact: LastFact, span: Span) -> Option<Expr> {
        let fits = match self.facts {
            Facts::Outside | Facts::Nothing => false,
            Facts::Command => matches!(
                fact,
                LastFact::Exit | LastFact::Output | LastFact::Stderr | LastFact::Elapsed
            ),
            Facts::Request => matches!(
                fact,
                LastFact::Status | LastFact::Body | LastFact::Header | LastFact::Elapsed
            ),
            Facts::ReadCommand => matches!(
                fact,
                LastFact::Output | LastFact::Stderr | LastFact::Elapsed
            ),
            Facts::ReadRequest => {
                matches!(fact, LastFact::Body | LastFact::Header | LastFact::Elapsed)
            }
        };
        if fits {
            if matches!(fact, LastFact::Exit | LastFact::Status) {
                self.deeds.judges = true;
            }
            return Some(Expr {
                kind: ExprKind::Last(fact),
                ty: fact_type(fact),
                span,
            });
        }
        let (message, help) = match self.facts {
            Facts::Outside => (
                format!("`{word}` is known only to an `expect`"),
                "capture it: `let x: text = ? …`, or `let x: json = http GET …`",
            ),
            Facts::Nothing => (
                format!("`{word}` speaks of a command, and none stands just above this `expect`"),
                "put the `expect` right below its command or request",
            ),
            Facts::Command => (
                format!("a command has no `{word}`"),
                "write `exit`, `output`, `stderr` or `elapsed`",
            ),
            Facts::ReadCommand | Facts::ReadRequest
                if matches!(fact, LastFact::Exit | LastFact::Status) =>
            {
                (
                    format!(
                        "a `let` goes well or fails by itself, so `{word}` is nothing to expect"
                    ),
                    "run the command or request on its own line, with the `expect` below it",
                )
            }
            Facts::ReadCommand => (
                format!("a command has no `{word}`"),
                "write `output`, `stderr` or `elapsed`",
            ),
            Facts::ReadRequest => (
                format!("a response has no `{word}`"),
                "write `body`, `header` or `elapsed`",
            ),
            Facts::Request => (
                format!("a response has no `{word}`"),
                "write `status`, `body`, `header` or `elapsed`",
            ),
        };
        self.error(codes::FACT, message, span, "used here", help);
        None
    }

    fn field(&mut self, of: &'a ast::Expr, field: &'a ast::Name, span: Span) -> Option<Expr> {
        if let A::Name(name) = &of.kind
            && name.text == "run"
            && self.lookup("run").is_none()
        {
            return self.run_field(field, span);
        }
        let of = self.expr(of, Some(&Type::Json))?;
        self.field_of(of, field, span)
    }

    pub(super) fn run_field(&mut self, field: &ast::Name, span: Span) -> Option<Expr> {
        if let Some((fact, ty)) = run_fact(&field.text) {
            return Some(Expr {
                kind: ExprKind::Run(fact),
                ty,
                span,
            });
        }
        let names = ["id", "started", "severity", "operator", "trigger"];
        let help = match self.near(&field.text, names) {
            Some(near) => format!("did you mean `run.{near}`?"),
            None => "write run.id, run.started, run.severity, run.operator or run.trigger".into(),
        };
        self.error(
            codes::NO_FIELD,
            format!("a run has no `{}`", field.text),
            field.span,
            "named here",
            help,
        );
        None
    }

    /// A field of an expression already resolved.
    pub(super) fn field_of(&mut self, of: Expr, field: &ast::Name, span: Span) -> Option<Expr> {
        let ty = match (&of.kind, super::types::inner(&of.ty)) {
            (ExprKind::Last(LastFact::Header), _) => Type::Optional(Box::new(Type::Text)),
            (_, Type::Json) => Type::Json,
            (_, Type::Secret) => {
                self.secret_shown(of.span);
                return None;
            }
            (_, ty) => {
                let help = match ty {
                    Type::Text => "write `json(…)` around the text, or capture it as `json`",
                    _ => "use the value itself",
                };
                self.error(
                    codes::NO_FIELD,
                    format!("a value of type `{}` has no fields", words(ty)),
                    field.span,
                    format!("`.{}` of `{}`", field.text, words(ty)),
                    help,
                );
                return None;
            }
        };
        Some(Expr {
            kind: ExprKind::Field(Box::new(of), field.text.clone()),
            ty,
            span,
        })
    }

    fn index(&mut self, of: &'a ast::Expr, at: &'a ast::Expr, span: Span) -> Option<Expr> {
        let of = self.expr(of, None);
        let at = self.expr(at, None);
        let (of, at) = (of?, at?);
        let (ty, at) = match super::types::inner(&of.ty).clone() {
            Type::Json if at.ty == Type::Text => (Type::Json, at),
            Type::Json => (Type::Json, self.fit(at, &Type::Number)?),
            Type::List(item) => (super::types::optional(*item), self.fit(at, &Type::Number)?),
            Type::Secret => {
                self.secret_shown(of.span);
                return None;
            }
            ty => {
                self.error(
                    codes::NO_FIELD,
                    format!("a value of type `{}` has no items", words(&ty)),
                    of.span,
                    format!("this is `{}`", words(&ty)),
                    "index a list, or a value of type `json`",
                );
                return None;
            }
        };
        Some(Expr {
            kind: ExprKind::Index(Box::new(of), Box::new(at)),
            ty,
            span,
        })
    }

    /// `matches "…"`: compiled once here, so that a bad one never reaches a run.
    pub(super) fn pattern(&mut self, pattern: &'a ast::Pattern) -> Option<Pattern> {
        match regex_lite::Regex::from_str(&pattern.text) {
            Ok(_) => Some(Pattern(pattern.text.clone())),
            Err(error) => {
                self.error(
                    codes::PATTERN,
                    "a pattern is no regular expression",
                    pattern.span,
                    error.to_string(),
                    "write a backslash before each of `.+*?()[]{}|^$` that stands for itself",
                );
                None
            }
        }
    }

    /// What an `expect` shows when it does not hold.
    pub(super) fn written(&self, expr: &ast::Expr) -> String {
        write::write(expr)
    }
}
