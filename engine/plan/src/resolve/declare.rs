//! The rest of what a file declares, its defaults, and its flow.

use super::Resolver;
use super::blocks::{Kind, head_of};
use super::places::{self, Place};
use super::units::Defaults;
use crate::codes;
use crate::expr::ExprKind;
use crate::plan::{Host, Need, NodeKind, Objective, Severity};
use crate::value::{Type, Value};
use runbook_grammar::ast::{self, StmtKind};
use runbook_grammar::diagnostic::Diagnostic;

/// What is bound when the defaults of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Nothing,
    Inputs,
}

impl<'a> Resolver<'a> {
    /// `in`, `env`, `on`, `with`, `timeout`, `retry` at the top level hold for the whole file.
    /// What looks while inputs are asked for has those that need no input.
    pub(super) fn resolve_defaults(&mut self, known: Known) {
        for at in 0..self.units.len() {
            self.here = at;
            let file = self.unit().file;
            self.units[at].defaults = Defaults::default();
            let mut around = self.file_around(Place::Flow);
            let settings: Vec<&'a ast::Stmt> = file
                .body
                .iter()
                .filter(|stmt| {
                    matches!(
                        stmt.kind,
                        StmtKind::In(_)
                            | StmtKind::Env { .. }
                            | StmtKind::On(_)
                            | StmtKind::With(_)
                            | StmtKind::Timeout(_)
                            | StmtKind::Retry { .. }
                    )
                })
                .collect();
            for stmt in settings {
                if known == Known::Inputs || self.said_for_file(stmt) {
                    self.file_default(stmt, &mut around, known);
                }
            }
            self.units[at].defaults = Defaults {
                settings: around.settings,
                with: around.with,
                timeout: around.timeout,
                retry: around.retry,
            };
        }
        self.here = 0;
    }

    /// A duration that is known before the run, in milliseconds.
    pub(super) fn fixed_duration(&mut self, expr: &'a ast::Expr, what: &str) -> Option<u64> {
        let value = self.lasting(expr, what)?;
        if let ExprKind::Literal(Value::Duration(ms)) = value.kind {
            return Some(ms);
        }
        self.error(
            codes::NOT_FIXED,
            format!("{what} is not known before the run"),
            expr.span,
            "is computed",
            "write a duration such as `15m`",
        );
        None
    }

    pub(super) fn resolve_declarations(&mut self) {
        for at in 0..self.units.len() {
            self.here = at;
            let module = self.unit().is_module();
            let file = self.unit().file;
            let mut once: super::scope::Names<'static, ()> = super::scope::Names::default();
            for stmt in &file.body {
                if matches!(
                    stmt.kind,
                    StmtKind::Owner(_)
                        | StmtKind::Version(_)
                        | StmtKind::Tags(_)
                        | StmtKind::Review { .. }
                        | StmtKind::Objective { .. }
                ) {
                    let word = places::word(&stmt.kind);
                    if let Err(first) = once.insert(word, (), stmt.span) {
                        self.report(
                            Diagnostic::error(
                                codes::TWICE,
                                format!("{word} stands twice in one file"),
                                stmt.span,
                                "said again",
                            )
                            .label(first, "said first")
                            .help("keep one of them"),
                        );
                    }
                }
                if module && !fits_module(&stmt.kind) {
                    self.error(
                        codes::NOT_IN_MODULE,
                        format!("{} stands in a module", places::word(&stmt.kind)),
                        head_of(stmt),
                        "belongs to a runbook",
                        "put it into a `procedure`, or into the runbook that uses the module",
                    );
                    continue;
                }
                self.declaration(stmt);
            }
        }
        self.here = 0;
    }

    fn declaration(&mut self, stmt: &'a ast::Stmt) {
        let root = self.here == 0;
        match &stmt.kind {
            StmtKind::Owner(text) => {
                let text = self.fixed(text, "`owner`");
                if root {
                    self.plan.about.owner = Some(text);
                }
            }
            StmtKind::Version(text) => {
                let text = self.fixed(text, "`version`");
                if root {
                    self.plan.about.version = Some(text);
                }
            }
            StmtKind::Tags(tags) => {
                for tag in tags {
                    let tag = self.fixed(tag, "a tag");
                    if root {
                        self.plan.about.tags.push(tag);
                    }
                }
            }
            StmtKind::Link { title, url } => {
                let title = self.fixed(title, "the title of a link");
                match self.template(url) {
                    Some(url) if root => self.plan.about.links.push((title, url)),
                    Some(_) => {}
                    None => self.broken(),
                }
            }
            StmtKind::Review { every, since } => {
                self.fixed_duration(every, "`review every`");
                self.typed(since, &Type::Time);
            }
            StmtKind::Severity {
                name,
                title,
                within,
            } => {
                let title = self.fixed(title, "the title of a severity");
                let within = self.maybe(within.as_ref(), |r, within| {
                    r.fixed_duration(within, "`within`")
                });
                match within {
                    Some(within) => self.plan.severities.push(Severity {
                        name: name.text.clone(),
                        title,
                        within,
                    }),
                    None => self.broken(),
                }
            }
            StmtKind::Needs(need) => {
                let need = match need {
                    ast::Need::Command(name) => Some(Need::Command(name.text.clone())),
                    ast::Need::Env(name) => Some(Need::Env(name.text.clone())),
                    ast::Need::Person(text) => self.template(text).map(Need::Person),
                };
                // A runbook and its modules may each say it; it is looked for once.
                let again = self.plan.needs.iter().any(|other| match (other, &need) {
                    (Need::Command(a), Some(Need::Command(b))) => a == b,
                    (Need::Env(a), Some(Need::Env(b))) => a == b,
                    _ => false,
                });
                if !again {
                    self.plan.needs.extend(need);
                }
            }
            StmtKind::Lock(name) => {
                if let Some(name) = self.template(name) {
                    self.plan.locks.push(name);
                } else {
                    self.broken();
                }
            }
            StmtKind::Host {
                name,
                address,
                block,
            } => {
                let address = self.host_address(address);
                for stmt in block.iter().flat_map(|block| &block.body) {
                    if !places::is_text(stmt) {
                        self.error(
                            codes::NOT_HERE,
                            format!("{} stands in a host", places::word(&stmt.kind)),
                            head_of(stmt),
                            "has no use here",
                            "keep prose here; how the host is reached stands in the configuration of ssh",
                        );
                    }
                }
                self.plan.hosts.push(Host {
                    name: name.text.clone(),
                    address,
                });
            }
            StmtKind::Trigger { name, title, block } => self.trigger(name, title, block),
            StmtKind::FollowUp { .. } => match self.follow_up(stmt) {
                Some(follow_up) => self.plan.follow_ups.push(follow_up),
                None => self.broken(),
            },
            StmtKind::Fields(_)
            | StmtKind::EscalateAfter { .. }
            | StmtKind::SuggestFrom(_)
            | StmtKind::From(_)
            | StmtKind::Matches(_)
            | StmtKind::Every(_)
            | StmtKind::FiresWhen { .. }
            | StmtKind::StartWith(_)
                if self.unit().is_module() =>
            {
                self.refused(Place::Flow, stmt);
            }
            _ => {}
        }
    }

    /// The flow of the runbook, and what refers to a place in it.
    pub(super) fn resolve_root(&mut self) {
        self.here = 0;
        let file = self.unit().file;
        if let Some(header) = &file.header {
            self.plan.title = self.fixed(&header.title, "the title");
        }
        if self.unit().is_module() {
            return;
        }
        let around = self.file_around(Place::Flow);
        let mut guards = Vec::new();
        for stmt in &file.body {
            if let StmtKind::Guard { title, block } = &stmt.kind {
                match self.guard(title, block, stmt.span, &around) {
                    Some(guard) => guards.push(guard),
                    None => self.broken(),
                }
            }
        }
        let span = match (file.body.first(), file.body.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => file.header.as_ref().map(|h| h.span).unwrap_or_default(),
        };
        let done = self.block(Kind::Root, &file.body, span, &around);
        self.plan.blocks[done.id.index()].guards = guards;
        self.plan.root = Some(done.id);
        for stmt in &file.body {
            if let StmtKind::Objective { within, until } = &stmt.kind {
                let within = self.fixed_duration(within, "`objective`");
                let until = self.maybe(until.as_ref(), |r, until| r.objective_until(until));
                match (within, until) {
                    (Some(within), Some(until)) => {
                        self.plan.objective = Some(Objective { within, until });
                    }
                    _ => self.broken(),
                }
            }
        }
    }

    /// The checkpoint that the objective is held to: in the runbook's own flow, in whatever branch.
    fn objective_until(&mut self, name: &'a ast::Name) -> Option<crate::ids::NodeId> {
        if let Some(node) = self.trail.first_checkpoint(&name.text) {
            return Some(node);
        }
        let steps = self.plan.nodes.iter().any(
            |node| matches!(&node.kind, NodeKind::Step { name: step, .. } if *step == name.text),
        );
        let known = self.trail.checkpoint_names();
        let help = match self.near(&name.text, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if steps => format!("make it a checkpoint: `checkpoint {} \"…\"`", name.text),
            None => "name a checkpoint of the runbook's own flow, or leave `until` out".to_owned(),
        };
        self.error(
            codes::NO_CHECKPOINT,
            format!("no checkpoint is called `{}`", name.text),
            name.span,
            "named by `objective`",
            help,
        );
        None
    }
}

/// What may stand at the top level of a module.
fn fits_module(stmt: &StmtKind) -> bool {
    use StmtKind as S;
    matches!(
        stmt,
        S::Prose(_)
            | S::Owner(_)
            | S::Version(_)
            | S::Tags(_)
            | S::Link { .. }
            | S::Review { .. }
            | S::Contact { .. }
            | S::Needs(_)
            | S::Secret { .. }
            | S::Interpreter { .. }
            | S::Use { .. }
            | S::Matrix(_)
            | S::Procedure { .. }
            | S::Channel { .. }
            | S::Message { .. }
            | S::Host { .. }
            | S::In(_)
            | S::Env { .. }
            | S::On(_)
            | S::With(_)
            | S::Timeout(_)
            | S::Retry { .. }
            | S::Bad
    )
}
