//! What a person is asked.

use super::Resolver;
use super::blocks::Around;
use super::flow::Made;
use super::scope::Names;
use crate::codes;
use crate::plan::{Ask, ChooseArm, Declined, NodeKind, Within, WithinElse};
use crate::value::Type;
use runbook_grammar::ast;
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// An `ask` as written.
pub(super) struct AskParts<'a> {
    pub name: &'a ast::Name,
    pub ty: &'a ast::TypeExpr,
    pub question: &'a ast::Str,
    pub default: Option<&'a ast::Expr>,
    pub within: Option<&'a ast::Within>,
    pub block: Option<&'a ast::Block>,
}

/// What the `else` of a deadline may answer.
enum Answers<'l> {
    /// A value of this type.
    Type(&'l Type),
    /// The label of an arm.
    Arms(&'l [Option<String>]),
}

impl<'a> Resolver<'a> {
    pub(super) fn ask(&mut self, ask: AskParts<'a>, around: &Around) -> Option<NodeKind> {
        let question = self.template(ask.question);
        let ty = self.type_of(ask.ty);
        let default = match &ty {
            Some(ty) => self.maybe(ask.default, |r, default| r.typed(default, ty)),
            None => None,
        };
        let within = match &ty {
            Some(ty) => self.maybe(ask.within, |r, within| {
                r.within_else(within, Answers::Type(ty))
            }),
            None => None,
        };
        let var = self.bind(ask.name, ty.clone());
        let rules = match (ask.block, &ty) {
            (Some(block), Some(ty)) => self.input_rules(block, ty, around),
            (Some(_), None) => None,
            (None, _) => Some(Default::default()),
        };
        Some(NodeKind::Ask(Box::new(Ask {
            var: var?,
            question: question?,
            default: default?,
            rules: rules?,
            within: within?,
        })))
    }

    pub(super) fn confirm(
        &mut self,
        question: &'a ast::Str,
        or_skip: bool,
        within: Option<&'a ast::Within>,
    ) -> Option<NodeKind> {
        let question = self.template(question);
        let within = self.maybe(within, |r, within| {
            r.within_else(within, Answers::Type(&Type::Bool))
        });
        Some(NodeKind::Confirm {
            question: question?,
            declined: match or_skip {
                true => Declined::Skips,
                false => Declined::Fails,
            },
            within: within?.map(Box::new),
        })
    }

    pub(super) fn item(
        &mut self,
        text: &'a ast::Str,
        evidence: Option<&'a ast::Formal>,
    ) -> Option<NodeKind> {
        let text = self.template(text);
        let evidence = self.maybe(evidence, |r, evidence| {
            let ty = r.type_of(&evidence.ty);
            r.bind(&evidence.name, ty)
        });
        Some(NodeKind::Item {
            text: text?,
            evidence: evidence?,
        })
    }

    pub(super) fn approve(
        &mut self,
        text: &'a ast::Str,
        by: Option<&'a ast::Path>,
        within: Option<&'a ast::Within>,
    ) -> Option<NodeKind> {
        let text = self.template(text);
        let by = self.maybe(by, |r, by| r.find("contact", by, |unit| &unit.contacts));
        let within = self.maybe(within, |r, within| {
            r.within_else(within, Answers::Type(&Type::Bool))
        });
        Some(NodeKind::Approve {
            text: text?,
            by: by?,
            within: within?.map(Box::new),
        })
    }

    fn within_else(&mut self, within: &'a ast::Within, answers: Answers<'_>) -> Option<Within> {
        let limit = self.lasting(&within.limit, "`within`");
        let otherwise = self.maybe(within.otherwise.as_ref(), |r, otherwise| match otherwise {
            ast::WithinElse::Escalate { to, text } => {
                let to = r.find("contact", to, |unit| &unit.contacts);
                let text = r.maybe(text.as_ref(), |r, text| r.template(text));
                Some(WithinElse::Escalate {
                    to: to?,
                    text: text?,
                })
            }
            ast::WithinElse::Answer(answer) => match answers {
                Answers::Type(ty) => r.typed(answer, ty).map(WithinElse::Answer),
                Answers::Arms(labels) => r.arm_named(answer, labels).map(WithinElse::Arm),
            },
        });
        Some(Within {
            limit: limit?,
            otherwise: otherwise?,
        })
    }

    /// `within 3m else "No"`: the arm of that label.
    fn arm_named(&mut self, answer: &'a ast::Expr, labels: &[Option<String>]) -> Option<usize> {
        let text = match &answer.kind {
            ast::ExprKind::Text(text) => text.plain(),
            ast::ExprKind::Bad => {
                self.broken();
                return None;
            }
            _ => None,
        };
        if let Some(text) = &text
            && let Some(at) = labels.iter().position(|label| label.as_ref() == Some(text))
        {
            return Some(at);
        }
        let known: Vec<&str> = labels.iter().flatten().map(String::as_str).collect();
        let near = text
            .as_deref()
            .and_then(|text| self.near(text, known.iter().copied()));
        let help = match near {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("name one of its arms: \"{}\"", known.join("\", \"")),
        };
        self.error(
            codes::NO_ARM,
            "no arm of this `choose` has the label that `else` names",
            answer.span,
            "named here as an answer",
            help,
        );
        None
    }

    pub(super) fn choose(
        &mut self,
        question: &'a ast::Str,
        binds: Option<&'a ast::Name>,
        within: Option<&'a ast::Within>,
        arms: &'a [ast::ChooseArm],
        around: &Around,
    ) -> Made {
        let question = self.template(question);
        let labels: Vec<Option<String>> = arms.iter().map(|arm| arm.label.plain()).collect();
        self.labels(arms);
        let within = self.maybe(within, |r, within| {
            r.within_else(within, Answers::Arms(&labels))
        });
        let ty = match labels.iter().cloned().collect::<Option<Vec<String>>>() {
            Some(labels) => Type::OneOf(labels),
            None => Type::Text,
        };
        let binds = self.maybe(binds, |r, name| r.bind(name, Some(ty)));
        let mut made = Vec::with_capacity(arms.len());
        let mut ends = None;
        for arm in arms {
            let label = self.template(&arm.label);
            let only_if = self.maybe(arm.only_if.as_ref(), |r, condition| {
                r.typed(condition, &Type::Bool)
            });
            self.scope.open();
            if let Some(condition) = &arm.only_if {
                self.narrow(condition);
            }
            let done = self.arm(&arm.block, around, &mut ends);
            self.scope.close();
            let opening = self.plan.blocks[done.id.index()]
                .nodes
                .iter()
                .copied()
                .take_while(|node| {
                    matches!(
                        self.plan.nodes[node.index()].kind,
                        NodeKind::Prose(_) | NodeKind::Warning(_)
                    )
                })
                .collect();
            if let (Some(label), Some(only_if)) = (label, only_if) {
                made.push(ChooseArm {
                    label,
                    recommended: arm.recommended,
                    only_if,
                    opening,
                    block: done.id,
                });
            }
        }
        let whole = made.len() == arms.len();
        let kind = match (question, within, binds) {
            (Some(question), Some(within), Some(binds)) if whole => Some(NodeKind::Choose {
                question,
                binds,
                within: within.map(Box::new),
                arms: made,
            }),
            _ => None,
        };
        (kind, ends.flatten())
    }

    fn labels(&mut self, arms: &'a [ast::ChooseArm]) {
        let mut seen: Names<'a, ()> = Names::default();
        let mut recommended: Option<Span> = None;
        for arm in arms {
            if let [ast::StrPart::Text { text, .. }] = &*arm.label.parts
                && let Err(first) = seen.insert(text, (), arm.label.span)
            {
                self.taken("arm", text, arm.label.span, first);
            }
            if arm.recommended {
                if let Some(first) = recommended {
                    self.report(
                        Diagnostic::error(
                            codes::TWICE,
                            "two arms of one `choose` are recommended",
                            arm.label.span,
                            "recommended as well",
                        )
                        .label(first, "recommended first")
                        .help("recommend one of them"),
                    );
                }
                recommended = recommended.or(Some(arm.label.span));
            }
        }
        if arms.iter().all(|arm| arm.only_if.is_some()) && !arms.is_empty() {
            self.error(
                codes::NO_ARM,
                "every arm of this `choose` has an `only if`",
                arms[0].span,
                "may leave nothing to choose",
                "give one arm no condition",
            );
        }
    }
}
