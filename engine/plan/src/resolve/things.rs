//! Things done: commands, requests, captures, expectations, waits.

use super::Resolver;
use super::blocks::{Around, Course};
use super::places::Place;
use crate::codes;
use crate::plan::{Judged, LetValue, NodeKind};
use crate::show::ty as words;
use crate::value::Type;
use runbook_grammar::ast;
use runbook_grammar::diagnostic::Diagnostic;

impl<'a> Resolver<'a> {
    pub(super) fn command_statement(
        &mut self,
        command: &'a ast::Command,
        around: &Around,
    ) -> Option<NodeKind> {
        self.acts(command.mark, command.span);
        let command = self.command(command, around)?;
        Some(NodeKind::Command {
            command,
            judged: Judged::ByExit,
        })
    }

    pub(super) fn http_statement(
        &mut self,
        http: &'a ast::Http,
        around: &Around,
    ) -> Option<NodeKind> {
        self.acts(self.http_mark(http), http.span);
        let request = self.request(http, around)?;
        Some(NodeKind::Request {
            request,
            judged: Judged::ByExit,
        })
    }

    pub(super) fn expect(
        &mut self,
        condition: &'a ast::Expr,
        why: Option<&'a ast::Str>,
        course: &Course<'a>,
    ) -> Option<NodeKind> {
        let before = std::mem::replace(&mut self.facts, course.facts);
        self.deeds.judges = false;
        let resolved = self.typed(condition, &Type::Bool);
        let judges = std::mem::take(&mut self.deeds.judges);
        self.facts = before;
        if judges && let Some(node) = course.above {
            self.judged_by_expect(node);
        }
        let why = self.maybe(why, |r, why| r.template(why));
        Some(NodeKind::Expect {
            condition: Box::new(resolved?),
            why: why?,
            source: self.written(condition),
        })
    }

    pub(super) fn let_statement(
        &mut self,
        name: &'a ast::Name,
        ty: Option<&'a ast::TypeExpr>,
        value: &'a ast::LetValue,
        around: &Around,
        course: &mut Course<'a>,
    ) -> Option<NodeKind> {
        let declared = match ty {
            Some(ty) => match self.type_of(ty) {
                Some(ty) => Some(ty),
                None => {
                    self.bind(name, None);
                    self.let_value_anyway(value, around);
                    return None;
                }
            },
            None => None,
        };
        let value = match value {
            ast::LetValue::Expr(expr) => {
                let value = match &declared {
                    Some(ty) => self.typed(expr, ty),
                    None => self.expr(expr, None),
                };
                let value = value.and_then(|value| match value.ty {
                    Type::Secret => {
                        self.secret_shown(value.span);
                        None
                    }
                    _ => Some(value),
                });
                let ty = declared.or(value.as_ref().map(|value| value.ty.clone()));
                let var = self.bind(name, ty);
                return Some(NodeKind::Let {
                    var: var?,
                    value: LetValue::Expr(Box::new(value?)),
                });
            }
            ast::LetValue::Do(call) => {
                return self.do_statement(call, Some((name, declared)), around, course);
            }
            ast::LetValue::Command(command) => {
                self.must_look(command.mark, command.span, "`let`");
                self.command(command, around).map(LetValue::Command)
            }
            ast::LetValue::Http(http) => {
                self.must_look(self.http_mark(http), http.span, "`let`");
                self.request(http, around).map(LetValue::Request)
            }
        };
        let ty = declared.unwrap_or(match value {
            Some(LetValue::Request(_)) => Type::Json,
            _ => Type::Text,
        });
        let var = self.bind(name, Some(ty));
        Some(NodeKind::Let {
            var: var?,
            value: value?,
        })
    }

    /// What is wrong in a value is worth knowing even where its type is wrong.
    fn let_value_anyway(&mut self, value: &'a ast::LetValue, around: &Around) {
        match value {
            ast::LetValue::Expr(expr) => {
                self.expr(expr, None);
            }
            ast::LetValue::Command(command) => {
                self.command(command, around);
            }
            ast::LetValue::Http(http) => {
                self.request(http, around);
            }
            ast::LetValue::Do(_) => {}
        }
    }

    pub(super) fn check(
        &mut self,
        title: Option<&'a ast::Str>,
        block: &'a ast::Block,
        around: &Around,
    ) -> Option<NodeKind> {
        let title = self.maybe(title, |r, title| r.template(title));
        let looks = self.looks(block, "`check`", &around.at(Place::Look));
        Some(NodeKind::Check {
            title: title?,
            block: looks,
        })
    }

    pub(super) fn snapshot(
        &mut self,
        name: &'a ast::Name,
        entries: &'a [ast::SnapshotEntry],
        around: &Around,
    ) -> Option<NodeKind> {
        let mut labels = super::scope::Names::default();
        let mut made = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Err(first) = labels.insert(&entry.label.text, (), entry.label.span) {
                self.taken("label", &entry.label.text, entry.label.span, first);
            }
            if let Some(looked) = self.look(&entry.look, around, "a line of a snapshot") {
                made.push((entry.label.text.clone(), looked));
            }
        }
        if entries.is_empty() {
            self.error(
                codes::EMPTY,
                "a snapshot holds nothing",
                name.span,
                "nothing is taken",
                "write a line such as `version: ? git rev-parse HEAD`",
            );
        }
        self.trail.snapshot(&name.text, name.span);
        (made.len() == entries.len()).then(|| NodeKind::Snapshot {
            name: name.text.clone(),
            entries: made,
        })
    }

    pub(super) fn wait_up_to(
        &mut self,
        limit: &'a ast::Expr,
        every: Option<&'a ast::Expr>,
        stable: Option<&'a ast::Expr>,
        block: &'a ast::Block,
        around: &Around,
    ) -> Option<NodeKind> {
        let limit = self.lasting(limit, "`wait up to`");
        let every = self.maybe(every, |r, every| r.lasting(every, "`every`"));
        let stable = self.maybe(stable, |r, stable| r.duration(stable));
        let looks = self.looks(block, "`wait up to`", &around.at(Place::Look));
        Some(NodeKind::WaitUpTo {
            limit: Box::new(limit?),
            every: every?.map(Box::new),
            stable: stable?.map(Box::new),
            block: looks,
        })
    }

    pub(super) fn watch(
        &mut self,
        lasting: &'a ast::Expr,
        every: Option<&'a ast::Expr>,
        allow: Option<&'a ast::Expr>,
        block: &'a ast::Block,
        around: &Around,
    ) -> Option<NodeKind> {
        let lasting = self.lasting(lasting, "`watch for`");
        let every = self.maybe(every, |r, every| r.lasting(every, "`every`"));
        let allow = self.maybe(allow, |r, allow| r.count(allow, "`allow`", 0));
        let looks = self.looks(block, "`watch`", &around.at(Place::Look));
        Some(NodeKind::Watch {
            lasting: Box::new(lasting?),
            every: every?.map(Box::new),
            allow: allow?.map(Box::new),
            block: looks,
        })
    }

    /// A call of a procedure; `result` is the name of a `let`, and the type written behind it.
    pub(super) fn do_statement(
        &mut self,
        call: &'a ast::Call,
        result: Option<(&'a ast::Name, Option<Type>)>,
        around: &Around,
        course: &mut Course<'a>,
    ) -> Option<NodeKind> {
        let called = self.call(call, around, course);
        let returns = called
            .as_ref()
            .map(|called| self.procedures[called.procedure.index()].returns.clone());
        let var =
            match result {
                None => None,
                Some((name, declared)) => {
                    use super::procedures::Returns;
                    let ty = match returns {
                        Some(Returns::Type(ty)) => Some(ty),
                        Some(Returns::Nothing) => {
                            self.error(
                            codes::NO_RESULT,
                            format!("the procedure gives nothing back for `{}`", name.text),
                            call.path.span,
                            "returns no value",
                            "call it with `do` alone, or declare what it returns with `-> type`",
                        );
                            None
                        }
                        Some(Returns::Unknown) | None => {
                            self.broken();
                            None
                        }
                    };
                    let ty =
                        match (ty, declared) {
                            (Some(ty), Some(declared)) if ty != declared => {
                                let widened =
                                    matches!((&ty, &declared), (Type::OneOf(_), Type::Text));
                                if !widened {
                                    self.report(
                                Diagnostic::error(
                                    codes::TYPE,
                                    format!(
                                        "the procedure returns `{}`, and `{}` is written here",
                                        words(&ty),
                                        words(&declared)
                                    ),
                                    name.span,
                                    format!("declared as `{}`", words(&declared)),
                                )
                                .label(call.path.span, format!("returns `{}`", words(&ty)))
                                .help(format!("write `{}: {}`", name.text, words(&ty))),
                            );
                                }
                                Some(declared)
                            }
                            (ty, _) => ty,
                        };
                    Some(self.bind(name, ty)?)
                }
            };
        let called = called?;
        self.call_on_host(called.procedure, call.path.span, around);
        Some(NodeKind::Do {
            settings: around.settings,
            procedure: called.procedure,
            name: called.name,
            args: called.args,
            result: var,
        })
    }
}
