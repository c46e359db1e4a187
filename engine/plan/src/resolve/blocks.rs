//! Blocks: their policies, then their statements, then what happens when they are left.

use super::exprs::Facts;
use super::places::{self, Place};
use super::scope::{Entry, Names};
use super::{Resolver, narrow};
use crate::codes;
use crate::command::Interpreter;
use crate::expr::Clause;
use crate::ids::*;
use crate::plan::{Block, Judged, NodeKind, Retry};
use runbook_grammar::ast::{self, Stmt, StmtKind};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// What a block belongs to: decides which policies it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Root,
    Section,
    Step,
    Checkpoint,
    Procedure,
    Attempt,
    Otherwise,
    Arm,
    For,
    Parallel,
    /// `check`, `wait up to`, `watch`, `guard`, `background until`, the check of a `param`.
    Look,
    Undo,
    OnFailure,
    Always,
    Channel,
}

/// What stands around a statement: defaults of outer blocks, and what is not allowed.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub place: Place,
    pub settings: SettingsId,
    pub with: Option<Interpreter>,
    pub timeout: Option<Clause>,
    pub retry: Option<Retry>,
    /// The `parallel` whose branch this is.
    pub branch: Option<Span>,
    /// Why the run may not end here, if so.
    pub no_end: Option<&'static str>,
    /// A step's own statement, which may leave the step as skipped; what runs on its way out may not.
    pub in_step: bool,
}

impl Around {
    pub fn at(&self, place: Place) -> Around {
        Around {
            place,
            ..self.clone()
        }
    }
}

/// What has been met since it was last emptied.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deeds {
    /// An `expect` spoke of the exit or the status.
    pub judges: bool,
    pub acts: Option<Span>,
    /// More than looking.
    pub busy: Option<Span>,
    /// A `finish`.
    pub finishes: Option<Span>,
    /// A `return`.
    pub returns: Option<Span>,
}

/// A block when all of it is read.
pub(super) struct Done<'a> {
    pub id: BlockId,
    /// The statement after which nothing in the block goes on; so nothing after the block does either.
    pub ends: Option<Span>,
    /// Bound directly in it.
    pub bound: Vec<(&'a str, Entry)>,
    /// Whether it may be skipped, and with it what it binds.
    pub skippable: bool,
    /// Nothing but text in it.
    pub only_text: bool,
}

/// The statements of a block as they are being read.
#[derive(Default)]
pub(super) struct Course<'a> {
    pub nodes: Vec<NodeId>,
    /// What an `expect` here may speak of, and the node.
    pub facts: Facts,
    pub above: Option<NodeId>,
    pub names: Names<'a, ()>,
    /// Calls of procedures of modules, by module and name.
    pub calls: std::collections::BTreeMap<(&'a str, &'a str), Span>,
    /// A `confirm … or skip` stands in it.
    pub skips: bool,
}

impl<'a> Resolver<'a> {
    /// Whether a statement does not belong where it stands, which is reported.
    pub(super) fn refused(&mut self, place: Place, stmt: &Stmt) -> bool {
        let Some(refusal) = places::refuse(place, stmt) else {
            return false;
        };
        self.error(
            codes::NOT_HERE,
            refusal.message,
            head_of(stmt),
            refusal.here,
            refusal.help,
        );
        true
    }

    pub(super) fn new_block(&mut self, span: Span) -> BlockId {
        let id = BlockId(narrow(self.plan.blocks.len()));
        self.plan.blocks.push(Block {
            span,
            ..Block::default()
        });
        id
    }

    pub(super) fn block(
        &mut self,
        kind: Kind,
        body: &'a [Stmt],
        span: Span,
        around: &Around,
    ) -> Done<'a> {
        let id = self.new_block(span);
        self.scope.open();
        let only_if = body
            .iter()
            .any(|stmt| matches!(stmt.kind, StmtKind::OnlyIf(_)));
        let skippable = only_if
            || body
                .iter()
                .any(|stmt| matches!(stmt.kind, StmtKind::DoneIf(_)));
        let branch = skippable
            || !matches!(
                kind,
                Kind::Root | Kind::Procedure | Kind::Section | Kind::Step | Kind::Checkpoint
            );
        if branch {
            self.trail.enter();
        }

        let mut inner = around.clone();
        let mut head = self.head(kind, body, &mut inner);
        let first_command = self.plan.commands.len();
        let mut course = Course::default();
        let acted = self.deeds.acts.take();
        let ends = self.statements(kind, body, &mut inner, &mut head, &mut course);
        let acts = self.deeds.acts;
        self.deeds.acts = acted.or(acts);
        self.tail(kind, &mut head, &inner, &course, first_command, acts);

        let only_text = course.nodes.iter().all(|node| {
            matches!(
                self.plan.nodes[node.index()].kind,
                NodeKind::Prose(_) | NodeKind::Warning(_)
            )
        });
        course.nodes.shrink_to_fit();
        let block = &mut self.plan.blocks[id.index()];
        block.nodes = course.nodes;
        block.policies = head.policies;
        block.guards = head.guards;
        if branch {
            self.trail.leave();
        }
        let bound = self.scope.close();
        Done {
            id,
            ends: if skippable { None } else { ends },
            bound,
            skippable: skippable || course.skips,
            only_text,
        }
    }

    fn statements(
        &mut self,
        kind: Kind,
        body: &'a [Stmt],
        inner: &mut Around,
        head: &mut super::policies::Head<'a>,
        course: &mut Course<'a>,
    ) -> Option<Span> {
        let mut ends: Option<Span> = None;
        let mut reported = false;
        for stmt in body {
            if places::is_policy(stmt) {
                self.late_setting(stmt, inner, head);
                continue;
            }
            if matches!(stmt.kind, StmtKind::Guard { .. }) {
                continue;
            }
            if matches!(stmt.kind, StmtKind::Bad) {
                self.broken();
                course.facts = Facts::Nothing;
                continue;
            }
            if kind == Kind::Root
                && (places::is_declaration(stmt) || matches!(stmt.kind, StmtKind::FollowUp { .. }))
            {
                continue;
            }
            if self.refused(inner.place, stmt)
                && (places::is_declaration(stmt) || places::is_leap(stmt))
            {
                self.broken();
                continue;
            }
            if let Some(end) = ends
                && !reported
                && !places::is_text(stmt)
            {
                reported = true;
                self.report(
                    Diagnostic::error(
                        codes::UNREACHABLE,
                        "nothing ever comes to this statement",
                        head_of(stmt),
                        "is never reached",
                    )
                    .label(end, "nothing goes on after this")
                    .help("take it out, or put it before"),
                );
            }
            if places::is_busy(stmt) {
                self.deeds.busy.get_or_insert(stmt.span);
            }
            let end = self.statement(stmt, inner, course);
            // Branches run beside each other, so none of them ends the next.
            if kind != Kind::Parallel {
                ends = ends.or(end);
            }
        }
        ends
    }

    /// One statement; where nothing goes on after it, the place that says so.
    fn statement(
        &mut self,
        stmt: &'a Stmt,
        around: &Around,
        course: &mut Course<'a>,
    ) -> Option<Span> {
        let span = stmt.span;
        let node = self.reserve(span);
        let mut ends = None;
        let mut facts = Facts::Nothing;
        let kind = match &stmt.kind {
            StmtKind::Prose(text) => {
                facts = course.facts;
                self.template(text).map(NodeKind::Prose)
            }
            StmtKind::Warning(text) => {
                facts = course.facts;
                self.template(text).map(NodeKind::Warning)
            }
            StmtKind::Command(command) => {
                facts = Facts::Command;
                self.command_statement(command, around)
            }
            StmtKind::Http(http) => {
                facts = Facts::Request;
                self.http_statement(http, around)
            }
            StmtKind::Expect { condition, why } => {
                facts = course.facts;
                self.expect(condition, why.as_ref(), course)
            }
            StmtKind::Let { name, ty, value } => {
                facts = match value {
                    ast::LetValue::Expr(_) => course.facts,
                    ast::LetValue::Command(_) => Facts::ReadCommand,
                    ast::LetValue::Http(_) => Facts::ReadRequest,
                    ast::LetValue::Do(_) => Facts::Nothing,
                };
                self.let_statement(name, ty.as_deref(), value, around, course)
            }
            StmtKind::Check { title, block } => self.check(title.as_ref(), block, around),
            StmtKind::Snapshot { name, entries, .. } => self.snapshot(name, entries, around),
            StmtKind::Compare { before, after } => self.compare(before, after),
            StmtKind::Todo(text) => self.template(text).map(NodeKind::Todo),
            StmtKind::Wait(expr) => self
                .duration(expr)
                .map(|lasting| NodeKind::Wait(Box::new(lasting))),
            StmtKind::WaitUpTo {
                limit,
                every,
                stable,
                block,
            } => self.wait_up_to(limit, every.as_deref(), stable.as_deref(), block, around),
            StmtKind::Watch {
                lasting,
                every,
                allow,
                block,
            } => self.watch(lasting, every.as_deref(), allow.as_deref(), block, around),

            StmtKind::Ask {
                name,
                ty,
                question,
                default,
                within,
                block,
            } => self.ask(
                super::prompts::AskParts {
                    name,
                    ty,
                    question,
                    default: default.as_deref(),
                    within: within.as_deref(),
                    block: block.as_ref(),
                },
                around,
            ),
            StmtKind::Confirm {
                question,
                or_skip,
                within,
            } => {
                if *or_skip && !around.in_step {
                    self.error(
                        codes::NOT_HERE,
                        "`or skip` stands where there is no step to skip",
                        head_of(stmt),
                        "declined, nothing would be skipped",
                        "put it into the step that is skipped, or ask with `choose`",
                    );
                }
                course.skips |= *or_skip;
                self.confirm(question, *or_skip, within.as_deref())
            }
            StmtKind::Item { text, evidence } => self.item(text, evidence.as_deref()),
            StmtKind::Approve { text, by, within } => {
                self.approve(text, by.as_ref(), within.as_deref())
            }

            StmtKind::Notify(path) => self.notify(path),
            StmtKind::Escalate { to, text } => self.escalate(to, text.as_ref()),
            StmtKind::FollowUp { .. } => self
                .follow_up(stmt)
                .map(|due| NodeKind::FollowUp(Box::new(due))),

            StmtKind::Section {
                name,
                title,
                within,
                block,
            } => {
                if let Some(name) = name {
                    self.step_name(name, course);
                }
                let (kind, end) =
                    self.section(name.as_ref(), title, within.as_deref(), block, around);
                ends = end;
                kind
            }
            StmtKind::Step { name, title, block } => {
                self.step_name(name, course);
                let (kind, end) = self.step(name, title, block.as_ref(), span, around);
                ends = end;
                kind
            }
            StmtKind::Checkpoint {
                name,
                title,
                after,
                since,
                block,
            } => {
                self.step_name(name, course);
                self.checkpoint(
                    super::flow::Gate {
                        node,
                        name,
                        title,
                        after: after.as_deref(),
                        since: since.as_deref(),
                        block: block.as_ref(),
                        span,
                    },
                    around,
                )
            }
            StmtKind::If { arms, otherwise } => {
                let (kind, end) = self.if_statement(arms, otherwise.as_deref(), around);
                ends = end;
                kind
            }
            StmtKind::Choose {
                question,
                binds,
                within,
                arms,
                ..
            } => {
                let (kind, end) =
                    self.choose(question, binds.as_ref(), within.as_deref(), arms, around);
                ends = end;
                kind
            }
            StmtKind::Decide {
                matrix,
                inputs,
                by,
                arms,
                span_arms,
            } => {
                let parts = super::decide::Parts {
                    matrix,
                    inputs,
                    by: by.as_deref(),
                    arms,
                    span_arms: *span_arms,
                    span,
                };
                let (kind, end) = self.decide(parts, around);
                ends = end;
                kind
            }
            StmtKind::Attempt {
                name,
                title,
                within,
                block,
                otherwise,
            } => {
                self.step_name(name, course);
                let (kind, end) = self.attempt(
                    name,
                    title.as_ref(),
                    within.as_deref(),
                    block,
                    otherwise.as_deref(),
                    around,
                );
                ends = end;
                kind
            }
            StmtKind::Parallel { title, max, block } => {
                self.parallel(title.as_ref(), max.as_deref(), block, span, around)
            }
            StmtKind::For {
                name,
                items,
                parallel,
                block,
            } => self.for_statement(name, items, parallel.as_deref(), block, around),
            StmtKind::Do(call) => self.do_statement(call, None, around, course),
            StmtKind::Rewind(to) => self.rewind(to, span, around),
            StmtKind::Finish { outcome, text } => {
                ends = Some(span);
                self.finish(outcome, text.as_ref(), span, around)
            }
            StmtKind::Return(value) => {
                ends = Some(span);
                self.deeds.returns.get_or_insert(span);
                self.return_statement(value.as_deref(), span, around)
            }
            // Refused above, with its reason.
            _ => None,
        };
        match kind {
            Some(kind) => {
                // A call that always ends the run ends this block as well.
                if let NodeKind::Do { procedure, .. } = &kind
                    && self.procedures[procedure.index()].finishes_always
                {
                    ends = Some(span);
                }
                self.fill(node, kind);
                course.nodes.push(node);
            }
            None => self.broken(),
        }
        course.facts = facts;
        if matches!(stmt.kind, StmtKind::Command(_) | StmtKind::Http(_)) {
            course.above = Some(node);
        }
        ends
    }

    /// An `expect` below spoke of the exit or the status of a node: it judges, not the exit alone.
    pub(super) fn judged_by_expect(&mut self, node: NodeId) {
        if let NodeKind::Command { judged, .. } | NodeKind::Request { judged, .. } =
            &mut self.plan.nodes[node.index()].kind
        {
            *judged = Judged::ByExpect;
        }
    }
}

/// The line of a statement where its words stand, without its block: what an error points at.
pub(super) fn head_of(stmt: &Stmt) -> Span {
    let block = match &stmt.kind {
        StmtKind::Param { block, .. }
        | StmtKind::Contact { block, .. }
        | StmtKind::Channel { block, .. }
        | StmtKind::Host { block, .. }
        | StmtKind::FollowUp { block, .. }
        | StmtKind::Step { block, .. }
        | StmtKind::Checkpoint { block, .. }
        | StmtKind::Ask { block, .. } => block.as_ref(),
        StmtKind::Interpreter { block, .. }
        | StmtKind::Procedure { block, .. }
        | StmtKind::Message { block, .. }
        | StmtKind::Guard { block, .. }
        | StmtKind::Trigger { block, .. }
        | StmtKind::Section { block, .. }
        | StmtKind::Attempt { block, .. }
        | StmtKind::Parallel { block, .. }
        | StmtKind::For { block, .. }
        | StmtKind::WaitUpTo { block, .. }
        | StmtKind::Watch { block, .. }
        | StmtKind::Check { block, .. }
        | StmtKind::Background(block)
        | StmtKind::OnFailure(block)
        | StmtKind::Always(block)
        | StmtKind::Undo(ast::Undo::Block(block))
        | StmtKind::Scenario { block, .. } => Some(block),
        StmtKind::If { arms, .. } => arms.first().map(|(_, block)| block),
        StmtKind::Choose { span_arms, .. } | StmtKind::Decide { span_arms, .. } => {
            return Span {
                end: span_arms.start.max(stmt.span.start),
                ..stmt.span
            };
        }
        _ => None,
    };
    match block {
        Some(block) if block.span.start > stmt.span.start => Span {
            end: block.span.start,
            ..stmt.span
        },
        _ => stmt.span,
    }
}
