//! What a block says about itself.
//!
//! What decides how the block is entered (`only if`, `done if`, `timeout`, …) sees the names bound before the
//! block; what happens when it is left (`undo`, `on failure`, …) sees those bound in it as well. `env` and
//! `in` hold for the whole block, or, where they name something bound in it, from their line on.

use super::Resolver;
use super::blocks::{Around, Kind, head_of};
use super::commands::{method_mark, milliseconds};
use super::declare::Known;
use super::places::{self, Place};
use super::templates::Use;
use crate::codes;
use crate::command::Mark;
use crate::expr::{Expr, ExprKind};
use crate::ids::*;
use crate::plan::{Guard, Policies, Repeatable};
use crate::resolve::narrow;
use crate::value::Type;
use runbook_grammar::ast::{self, ExprKind as A, Stmt, StmtKind, Undo};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// The policies of a block as far as they are known when its statements begin.
#[derive(Default)]
pub(super) struct Head<'a> {
    pub policies: Policies,
    pub guards: Vec<GuardId>,
    /// `env` and `in` that wait for a name bound in the block, by the place of their statement.
    waiting: Vec<Span>,
    /// The step itself says how long an attempt may take.
    pub own_timeout: bool,
    pub undo: Option<(&'a Undo, Span)>,
    pub on_failure: Option<&'a ast::Block>,
    pub always: Option<&'a ast::Block>,
    pub manner: Option<(&'a StmtKind, Span)>,
}

fn may(kind: Kind, stmt: &StmtKind) -> bool {
    use Kind as K;
    match stmt {
        StmtKind::In(_)
        | StmtKind::Env { .. }
        | StmtKind::On(_)
        | StmtKind::With(_)
        | StmtKind::Timeout(_) => true,
        StmtKind::Retry { .. } => !matches!(
            kind,
            K::Look | K::Checkpoint | K::Channel | K::OnFailure | K::Always
        ),
        StmtKind::OnlyIf(_) => matches!(kind, K::Section | K::Step | K::Checkpoint),
        StmtKind::Takes { .. } => matches!(
            kind,
            K::Root | K::Section | K::Step | K::Checkpoint | K::Procedure | K::Attempt
        ),
        StmtKind::OnFailure(_) | StmtKind::Always(_) => matches!(
            kind,
            K::Root | K::Section | K::Step | K::Checkpoint | K::Procedure | K::Attempt
        ),
        _ => kind == K::Step,
    }
}

impl<'a> Resolver<'a> {
    /// Reads the policies that are known at the start of the block, and puts the defaults into `inner`.
    pub(super) fn head(&mut self, kind: Kind, body: &'a [Stmt], inner: &mut Around) -> Head<'a> {
        let mut head = Head::default();
        if kind == Kind::Undo {
            inner.timeout = None;
            inner.retry = None;
        }
        let mut seen: Vec<(&'static str, Span)> = Vec::new();
        for stmt in body.iter().filter(|stmt| places::is_policy(stmt)) {
            let word = places::word(&stmt.kind);
            if !may(kind, &stmt.kind) {
                self.error(
                    codes::POLICY_NOT_HERE,
                    format!("{word} stands in a block that has no use for it"),
                    head_of(stmt),
                    "means nothing here",
                    "move it into the step it is meant for",
                );
                continue;
            }
            let said = seen
                .iter()
                .find(|(said, _)| *said == word)
                .map(|(_, at)| *at);
            if !matches!(stmt.kind, StmtKind::Env { .. })
                && let Some(first) = said
            {
                self.report(
                    Diagnostic::error(
                        codes::TWICE,
                        format!("{word} stands twice in one block"),
                        head_of(stmt),
                        "said again",
                    )
                    .label(first, "said first")
                    .help("keep one of them"),
                );
                continue;
            }
            if said.is_none() {
                seen.push((word, head_of(stmt)));
            }
            if kind == Kind::Root && self.said_for_file(stmt) {
                continue;
            }
            self.head_policy(stmt, inner, &mut head);
        }
        if kind == Kind::Undo && inner.timeout.is_none() {
            inner.timeout = Some(milliseconds(300_000, Span::default()));
        }
        if matches!(kind, Kind::Step | Kind::Undo) {
            head.policies.timeout = inner.timeout.clone().map(Box::new);
            head.policies.retry = inner.retry.clone().map(Box::new);
        }
        // `done if` and guards run under the settings of the whole block.
        for stmt in body {
            match &stmt.kind {
                StmtKind::DoneIf(look) if kind == Kind::Step => {
                    head.policies.done_if = self.look(look, inner, "`done if`");
                }
                StmtKind::OnlyIf(condition) if may(kind, &stmt.kind) => {
                    head.policies.only_if = self.typed(condition, &Type::Bool).map(Box::new);
                    self.narrow(condition);
                }
                StmtKind::Guard { title, block } if kind != Kind::Root => {
                    if matches!(
                        kind,
                        Kind::Look | Kind::Undo | Kind::Channel | Kind::Always | Kind::Checkpoint
                    ) {
                        self.error(
                            codes::NOT_HERE,
                            "`guard` stands where nothing acts",
                            head_of(stmt),
                            "holds for its block",
                            "move it into the section or step it protects, or write `check`",
                        );
                    }
                    let guard = self.guard(title, block, stmt.span, inner);
                    head.guards.extend(guard);
                }
                _ => {}
            }
        }
        head
    }

    /// Whether a policy of the top level is in the defaults of the file already; else it names what the flow
    /// binds, and holds from its line on.
    pub(super) fn said_for_file(&self, stmt: &Stmt) -> bool {
        match &stmt.kind {
            StmtKind::In(expr) | StmtKind::Env { value: expr, .. } => self.all_known(expr),
            StmtKind::Timeout(expr) => self.all_known(expr),
            StmtKind::Retry { times, every, .. } => {
                self.all_known(times) && every.as_ref().is_none_or(|every| self.all_known(every))
            }
            StmtKind::On(_) | StmtKind::With(_) => true,
            _ => false,
        }
    }

    /// One policy of the top level, for all of its file.
    pub(super) fn file_default(&mut self, stmt: &'a Stmt, around: &mut Around, known: Known) {
        let mut head = Head::default();
        self.head_policy(stmt, around, &mut head);
        if self.unit().is_module() && known == Known::Inputs {
            // A module has no flow that could bind the name later.
            self.late_setting(stmt, around, &mut head);
        }
    }

    fn head_policy(&mut self, stmt: &'a Stmt, inner: &mut Around, head: &mut Head<'a>) {
        match &stmt.kind {
            StmtKind::Timeout(expr) => {
                inner.timeout = self.lasting(expr, "`timeout`");
                head.own_timeout = true;
            }
            StmtKind::Retry {
                times,
                every,
                backoff,
            } => inner.retry = self.retry(times, every.as_deref(), backoff.as_deref()),
            StmtKind::In(expr) => {
                if self.all_known(expr) {
                    self.set_dir(expr, inner);
                } else {
                    head.waiting.push(stmt.span);
                }
            }
            StmtKind::Env { name, value } => {
                if self.all_known(value) {
                    self.set_env(name, value, inner);
                } else {
                    head.waiting.push(stmt.span);
                }
            }
            StmtKind::On(name) => {
                if let Some(host) = self.unit().hosts.get(&name.text).copied() {
                    self.new_settings(inner).host = Some(host);
                } else {
                    let known: Vec<&str> = self.unit().hosts.keys().collect();
                    let help = match self.near(&name.text, known) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("declare it: `host {} \"…\"`", name.text),
                    };
                    self.error(
                        codes::UNKNOWN_DECLARATION,
                        format!("no host is called `{}`", name.text),
                        name.span,
                        "named here as a host",
                        help,
                    );
                }
            }
            StmtKind::With(name) => {
                inner.with = self.interpreter(name).or(inner.with);
            }
            StmtKind::Irreversible(why) => {
                head.policies.irreversible = self.template(why).map(Box::new)
            }
            StmtKind::Repeatable => head.policies.repeatable = Some(Repeatable),
            StmtKind::Takes { from, to } => {
                let from = self.duration(from);
                let to = match to {
                    Some(to) => self.duration(to),
                    None => from.clone(),
                };
                head.policies.takes = from.zip(to).map(Box::new);
            }
            StmtKind::Undo(undo) => head.undo = Some((undo, stmt.span)),
            StmtKind::OnFailure(block) => head.on_failure = Some(block),
            StmtKind::Always(block) => head.always = Some(block),
            StmtKind::Interactive | StmtKind::LiveFor(_) | StmtKind::Background(_) => {
                if let Some((_, first)) = head.manner {
                    self.report(
                        Diagnostic::error(
                            codes::TWICE,
                            "a step says in two ways how its command holds the terminal",
                            head_of(stmt),
                            "said again",
                        )
                        .label(first, "said first")
                        .help("keep one of `interactive`, `live for` and `background until`"),
                    );
                } else {
                    head.manner = Some((&stmt.kind, head_of(stmt)));
                }
            }
            _ => {}
        }
    }

    /// An `env` or `in` that waited for its name: it holds from here on.
    pub(super) fn late_setting(&mut self, stmt: &'a Stmt, inner: &mut Around, head: &mut Head<'a>) {
        if !head.waiting.contains(&stmt.span) {
            return;
        }
        match &stmt.kind {
            StmtKind::In(expr) => self.set_dir(expr, inner),
            StmtKind::Env { name, value } => self.set_env(name, value, inner),
            _ => {}
        }
    }

    /// Whether every name of an expression means something already.
    fn all_known(&self, expr: &ast::Expr) -> bool {
        match &expr.kind {
            A::Name(name) => {
                self.lookup(&name.text).is_some()
                    || self.units[0].severities.get(&name.text).is_some()
                    || name.text == "run"
            }
            A::Text(text) => text.parts.iter().all(|part| match part {
                ast::StrPart::Text { .. } => true,
                ast::StrPart::Hole { path, .. } => path
                    .names
                    .first()
                    .is_none_or(|name| self.lookup(&name.text).is_some() || name.text == "run"),
            }),
            A::List(items) | A::Call(_, items) => items.iter().all(|item| self.all_known(item)),
            A::Field(of, _)
            | A::Not(of)
            | A::Negate(of)
            | A::IsEmpty(of)
            | A::IsSet(of)
            | A::Matches(of, _)
            | A::Paren(of) => self.all_known(of),
            A::Index(a, b) | A::Binary(_, a, b) | A::Range(a, b) => {
                self.all_known(a) && self.all_known(b)
            }
            _ => true,
        }
    }

    /// Settings of its own for a block; what is around stays as it is.
    fn new_settings(&mut self, inner: &mut Around) -> &mut crate::command::Settings {
        let copy = self.plan.settings[inner.settings.index()].clone();
        inner.settings = SettingsId(narrow(self.plan.settings.len()));
        self.plan.settings.push(copy);
        let last = inner.settings.index();
        &mut self.plan.settings[last]
    }

    fn set_dir(&mut self, expr: &'a ast::Expr, inner: &mut Around) {
        let Some(dir) = self.expr(expr, Some(&Type::Path)) else {
            self.broken();
            return;
        };
        let dir = match dir.ty {
            Type::Text => Some(dir),
            _ => self.fit(dir, &Type::Path),
        };
        if let Some(dir) = dir {
            self.new_settings(inner).dir = Some(dir);
        }
    }

    fn set_env(&mut self, name: &'a ast::Name, value: &'a ast::Expr, inner: &mut Around) {
        let value = match &value.kind {
            // The one expression that may hold a secret.
            A::Text(text) if text.plain().is_none() => {
                self.template_for(text, Use::Passed).map(|text| Expr {
                    kind: ExprKind::Text(Box::new(text)),
                    ty: Type::Text,
                    span: value.span,
                })
            }
            _ => self.expr(value, None),
        };
        let Some(value) = value else {
            self.broken();
            return;
        };
        match &value.ty {
            Type::Optional(has) => {
                let has = has.as_ref().clone();
                self.missing(&has, value.span);
                return;
            }
            Type::List(_) => {
                self.error(
                    codes::TYPE,
                    "a list stands where one value belongs",
                    value.span,
                    "is a list",
                    "write `join(…, \":\")` around it",
                );
                return;
            }
            _ => {}
        }
        self.new_settings(inner)
            .env
            .push((name.text.clone(), value));
    }

    pub(super) fn guard(
        &mut self,
        title: &'a ast::Str,
        block: &'a ast::Block,
        span: Span,
        around: &Around,
    ) -> Option<GuardId> {
        let title = self.template(title);
        let looks = self.looks(block, "`guard`", &around.at(Place::Look));
        let id = GuardId(narrow(self.plan.guards.len()));
        self.plan.guards.push(Guard {
            title: title?,
            block: looks,
            span,
        });
        Some(id)
    }

    /// A block in which things are only looked at; it holds something to look at.
    pub(super) fn looks(&mut self, block: &'a ast::Block, what: &str, around: &Around) -> BlockId {
        let looks = block
            .body
            .iter()
            .any(|stmt| !places::is_text(stmt) && !places::is_policy(stmt));
        if !looks {
            self.error(
                codes::EMPTY,
                format!("{what} looks at nothing"),
                block.span,
                "nothing to look at",
                "write a `?` command, a GET or an `expect` in it",
            );
        }
        self.block(Kind::Look, &block.body, block.span, around).id
    }

    /// Notes that something acts.
    pub(super) fn acts(&mut self, mark: Mark, span: Span) {
        if mark == Mark::Act {
            self.deeds.acts.get_or_insert(span);
            self.deeds.busy.get_or_insert(span);
        }
    }

    pub(super) fn http_mark(&self, http: &ast::Http) -> Mark {
        method_mark(&http.method.text)
    }
}
