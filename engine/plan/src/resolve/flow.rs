//! Statements that hold others, and those that leave.

use super::Resolver;
use super::blocks::{Around, Done, Kind};
use super::places::Place;
use super::scope::{Entry, Origin};
use crate::codes;
use crate::expr::Template;
use crate::ids::NodeId;
use crate::plan::{Manual, NodeKind, Outcome};
use crate::show::ty as words;
use crate::value::Type;
use runbook_grammar::ast;
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// A node, and the place after which nothing goes on.
pub(super) type Made = (Option<NodeKind>, Option<Span>);

/// A checkpoint as written, and its node.
pub(super) struct Gate<'a> {
    pub node: NodeId,
    pub name: &'a ast::Name,
    pub title: &'a ast::Str,
    pub after: Option<&'a ast::Expr>,
    pub since: Option<&'a ast::Name>,
    pub block: Option<&'a ast::Block>,
    pub span: Span,
}

pub(super) const OUTCOMES: &[(&str, Outcome)] = &[
    ("resolved", Outcome::Resolved),
    ("rolled_back", Outcome::RolledBack),
    ("mitigated", Outcome::Mitigated),
    ("no_action", Outcome::NoAction),
    ("escalated", Outcome::Escalated),
    ("failed", Outcome::Failed),
];

impl<'a> Resolver<'a> {
    /// An optional part: nothing where it is not there, reported where it is wrong.
    pub(super) fn maybe<S, T>(
        &mut self,
        part: Option<S>,
        read: impl FnOnce(&mut Self, S) -> Option<T>,
    ) -> Option<Option<T>> {
        match part {
            None => Some(None),
            Some(part) => read(self, part).map(Some),
        }
    }

    pub(super) fn section(
        &mut self,
        name: Option<&'a ast::Name>,
        title: &'a ast::Str,
        within: Option<&'a ast::Expr>,
        block: &'a ast::Block,
        around: &Around,
    ) -> Made {
        let title = self.template(title);
        let within = self.maybe(within, |r, within| r.lasting(within, "`within`"));
        let done = self.block(Kind::Section, &block.body, block.span, around);
        let kind = title.zip(within).map(|(title, within)| NodeKind::Section {
            name: name.map(|name| name.text.clone()),
            title,
            within: within.map(Box::new),
            block: done.id,
        });
        (kind, done.ends)
    }

    pub(super) fn step(
        &mut self,
        name: &'a ast::Name,
        title: &'a ast::Str,
        block: Option<&'a ast::Block>,
        span: Span,
        around: &Around,
    ) -> Made {
        let title = self.template(title);
        let (body, at) = match block {
            Some(block) => (&*block.body, block.span),
            None => ([].as_slice(), span.after()),
        };
        let mut inner = around.at(Place::Step);
        inner.in_step = true;
        if around.place == Place::Branches {
            inner.branch = inner.branch.or(Some(span));
        }
        let mut done = self.block(Kind::Step, body, at, &inner);
        let manual = match done.only_text {
            true => Manual::Yes,
            false => Manual::No,
        };
        if self.plan.blocks[done.id.index()]
            .policies
            .irreversible
            .is_some()
            && !done.skippable
        {
            self.trail.irreversible(name.span);
        }
        if around.place != Place::Branches {
            self.export(&mut done);
        }
        let kind = title.map(|title| NodeKind::Step {
            name: name.text.clone(),
            title,
            block: done.id,
            manual,
        });
        (kind, done.ends)
    }

    pub(super) fn checkpoint(&mut self, gate: Gate<'a>, around: &Around) -> Option<NodeKind> {
        let title = self.template(gate.title);
        let after = self.maybe(gate.after, |r, after| r.duration(after));
        let since = self.maybe(gate.since, |r, since| r.since(since));
        let (body, at) = match gate.block {
            Some(block) => (&*block.body, block.span),
            None => ([].as_slice(), gate.span.after()),
        };
        let inner = around.at(Place::Checkpoint);
        let mut done = self.block(Kind::Checkpoint, body, at, &inner);
        self.export(&mut done);
        if around.place == Place::Flow {
            self.trail
                .checkpoint(&gate.name.text, gate.node, gate.name.span);
        }
        Some(NodeKind::Checkpoint {
            name: gate.name.text.clone(),
            title: title?,
            after: after?.map(Box::new),
            since: since?,
            block: done.id,
        })
    }

    pub(super) fn if_statement(
        &mut self,
        arms: &'a [(ast::Expr, ast::Block)],
        otherwise: Option<&'a ast::Block>,
        around: &Around,
    ) -> Made {
        let mut made = Vec::with_capacity(arms.len());
        let mut all_end = otherwise.is_some();
        let mut ends = None;
        for (condition, block) in arms {
            let read = self.typed(condition, &Type::Bool);
            self.scope.open();
            self.narrow(condition);
            let done = self.block(Kind::Arm, &block.body, block.span, around);
            self.scope.close();
            all_end &= done.ends.is_some();
            ends = ends.or(done.ends);
            match read {
                Some(condition) => made.push((condition, done.id)),
                None => self.broken(),
            }
        }
        let whole = made.len() == arms.len();
        let otherwise = otherwise.map(|block| {
            let done = self.block(Kind::Arm, &block.body, block.span, around);
            all_end &= done.ends.is_some();
            done.id
        });
        let kind = whole.then_some(NodeKind::If {
            arms: made,
            otherwise,
        });
        (kind, ends.filter(|_| all_end))
    }

    pub(super) fn attempt(
        &mut self,
        name: &'a ast::Name,
        title: Option<&'a ast::Str>,
        within: Option<&'a ast::Expr>,
        block: &'a ast::Block,
        otherwise: Option<&'a ast::Block>,
        around: &Around,
    ) -> Made {
        let title = match title {
            Some(title) => self.template(title),
            None => Some(Template::plain(name.text.clone())),
        };
        let within = self.maybe(within, |r, within| r.lasting(within, "`within`"));
        let done = self.block(Kind::Attempt, &block.body, block.span, around);
        let mut ends = done.ends;
        let otherwise = otherwise.map(|block| {
            let other = self.block(Kind::Otherwise, &block.body, block.span, around);
            ends = ends.and(other.ends);
            other.id
        });
        let kind = title.zip(within).map(|(title, within)| NodeKind::Attempt {
            name: name.text.clone(),
            title,
            within: within.map(Box::new),
            block: done.id,
            otherwise,
        });
        (kind, ends)
    }

    pub(super) fn parallel(
        &mut self,
        title: Option<&'a ast::Str>,
        max: Option<&'a ast::Expr>,
        block: &'a ast::Block,
        span: Span,
        around: &Around,
    ) -> Option<NodeKind> {
        let title = self.maybe(title, |r, title| r.template(title));
        let max = self.maybe(max, |r, max| r.count(max, "`max`", 1));
        let mut inner = around.at(Place::Branches);
        inner.branch = Some(Span {
            end: block.span.start,
            ..span
        });
        let done = self.block(Kind::Parallel, &block.body, block.span, &inner);
        Some(NodeKind::Parallel {
            title: title?,
            max: max?.map(Box::new),
            block: done.id,
        })
    }

    pub(super) fn for_statement(
        &mut self,
        name: &'a ast::Name,
        items: &'a ast::Expr,
        parallel: Option<&'a ast::Expr>,
        block: &'a ast::Block,
        around: &Around,
    ) -> Option<NodeKind> {
        let items = self.expr(items, None);
        let (items, item) = match items {
            None => (None, None),
            Some(items) => match items.ty.clone() {
                Type::List(item) => (Some(items), Some(*item)),
                Type::Json => {
                    let want = Type::List(Box::new(Type::Json));
                    (self.fit(items, &want), Some(Type::Json))
                }
                Type::Secret => {
                    self.secret_shown(items.span);
                    (None, None)
                }
                Type::Optional(has) => {
                    self.missing(&has, items.span);
                    (None, None)
                }
                ty => {
                    self.error(
                        codes::TYPE,
                        format!("`for` goes through a value of type `{}`", words(&ty)),
                        items.span,
                        format!("this is `{}`", words(&ty)),
                        match ty {
                            Type::Text => {
                                "write `lines(…)` around it, or capture it as `list of text`"
                            }
                            _ => "give it a list, or `json` that holds one",
                        },
                    );
                    (None, None)
                }
            },
        };
        let parallel = self.maybe(parallel, |r, max| {
            let count = r.count(max, "`parallel`", 1);
            count.map(|count| (count, max.span))
        });
        let mut inner = around.clone();
        if let Some(Some((_, span))) = &parallel {
            inner.branch = Some(name.span.to(*span));
        }
        self.scope.open();
        let var = self.bind(name, item);
        let done = self.block(Kind::For, &block.body, block.span, &inner);
        self.scope.close();
        Some(NodeKind::For {
            var: var?,
            items: Box::new(items?),
            parallel: parallel?.map(|(count, _)| count).map(Box::new),
            block: done.id,
        })
    }

    pub(super) fn finish(
        &mut self,
        outcome: &'a ast::Name,
        text: Option<&'a ast::Str>,
        span: Span,
        around: &Around,
    ) -> Option<NodeKind> {
        self.may_leave("`finish`", span, around);
        self.deeds.finishes.get_or_insert(span);
        let text = self.maybe(text, |r, text| r.template(text));
        let Some(outcome) = self.outcome(outcome) else {
            self.broken();
            return None;
        };
        Some(NodeKind::Finish {
            outcome,
            text: text?,
        })
    }

    pub(super) fn outcome(&mut self, name: &ast::Name) -> Option<Outcome> {
        if let Some((_, outcome)) = OUTCOMES.iter().find(|(word, _)| *word == name.text) {
            return Some(*outcome);
        }
        let help = match self.near(&name.text, OUTCOMES.iter().map(|(word, _)| *word)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "write resolved, rolled_back, mitigated, no_action, escalated or failed".to_owned()
            }
        };
        self.error(
            codes::OUTCOME,
            format!("no run ends as `{}`", name.text),
            name.span,
            "stands where an outcome belongs",
            help,
        );
        None
    }

    /// Ending the run out of a branch would leave the other branches without an end.
    pub(super) fn may_leave(&mut self, what: &str, span: Span, around: &Around) {
        if let Some(branch) = around.branch {
            self.report(
                Diagnostic::error(
                    codes::LEAVES_BRANCH,
                    format!("{what} stands in a branch of a `parallel`"),
                    span,
                    "would end what other branches do",
                )
                .label(branch, "the branches begin here")
                .help("let the branch fail, and decide after the `parallel`"),
            );
        } else if let Some(why) = around.no_end {
            self.error(
                codes::LEAVES_BRANCH,
                format!("{what} stands where no run can end"),
                span,
                why,
                "put it after the block, or into `on failure`",
            );
        }
    }

    pub(super) fn return_statement(
        &mut self,
        value: Option<&'a ast::Expr>,
        span: Span,
        around: &Around,
    ) -> Option<NodeKind> {
        let Some(returns) = self.returns.clone() else {
            self.error(
                codes::RETURN,
                "`return` stands outside a procedure",
                span,
                "returns to nowhere",
                "write `finish resolved` to end the run here",
            );
            return None;
        };
        if let Some(branch) = around.branch {
            self.report(
                Diagnostic::error(
                    codes::LEAVES_BRANCH,
                    "`return` stands in a branch of a `parallel`",
                    span,
                    "would leave the other branches behind",
                )
                .label(branch, "the branches begin here")
                .help("return after the `parallel`"),
            );
        }
        match (returns, value) {
            (super::procedures::Returns::Nothing, None) => Some(NodeKind::Return(None)),
            (super::procedures::Returns::Unknown, value) => {
                if let Some(value) = value {
                    self.expr(value, None);
                }
                self.broken();
                None
            }
            (super::procedures::Returns::Nothing, Some(value)) => {
                self.expr(value, None);
                self.error(
                    codes::RETURN,
                    "a procedure that gives nothing back returns a value",
                    value.span,
                    "goes nowhere",
                    "write `-> type` behind the procedure's parameters, or return without a value",
                );
                None
            }
            (super::procedures::Returns::Type(ty), Some(value)) => {
                Some(NodeKind::Return(Some(Box::new(self.typed(value, &ty)?))))
            }
            (super::procedures::Returns::Type(ty), None) => {
                self.error(
                    codes::RETURN,
                    format!("`return` gives no value, and `{}` is promised", words(&ty)),
                    span,
                    "returns nothing",
                    "write the value behind `return`",
                );
                None
            }
        }
    }

    /// A name that comes with a statement and may stand over another.
    pub(super) fn imply(&mut self, name: &'a str, binding: super::scope::Binding, span: Span) {
        self.scope.bind(
            name,
            Entry {
                binding,
                span,
                origin: Origin::Implied,
            },
        );
    }

    /// The arms of a `choose` or a `decide`: what ends all of them ends the statement.
    pub(super) fn arm(
        &mut self,
        block: &'a ast::Block,
        around: &Around,
        ends: &mut Option<Option<Span>>,
    ) -> Done<'a> {
        let done = self.block(Kind::Arm, &block.body, block.span, around);
        *ends = match (*ends, done.ends) {
            (None, end) => Some(end),
            (Some(Some(_)), Some(end)) => Some(Some(end)),
            _ => Some(None),
        };
        done
    }
}
