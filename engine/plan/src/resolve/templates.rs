//! Text with holes: what a hole may name, and where its value would be seen.

use super::exprs::FACTS;
use super::scope::Binding;
use super::{Resolver, write};
use crate::codes;
use crate::expr::{Expr, ExprKind, Template, TemplatePart};
use crate::value::{Type, Value};
use runbook_grammar::ast::{self, Str, StrPart};
use runbook_grammar::diagnostic::Diagnostic;

/// What becomes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Shown, sent, stored: no secret.
    Seen,
    /// Given to a process or a request, where a secret may go; what may be missing may not.
    Passed,
    /// An address: part of what is shown and logged, so no secret; nothing that may be missing.
    Address,
}

impl<'a> Resolver<'a> {
    /// Text that people read.
    pub(super) fn template(&mut self, text: &'a Str) -> Option<Template> {
        self.template_for(text, Use::Seen)
    }

    pub(super) fn template_for(&mut self, text: &'a Str, used: Use) -> Option<Template> {
        let mut parts = Vec::with_capacity(text.parts.len());
        let mut whole = true;
        for part in &text.parts {
            match part {
                StrPart::Text { text, .. } => parts.push(TemplatePart::Text(text.clone())),
                StrPart::Hole { path, span } => match self.hole(path, *span, used) {
                    Some(value) => parts.push(TemplatePart::Hole(Box::new(value))),
                    None => whole = false,
                },
            }
        }
        whole.then(|| Template {
            parts,
            source: write::source(text),
        })
    }

    /// Text of a command or a request, and what stands in its holes, in order; a wrong hole is reported and
    /// stands there as an empty text.
    pub(super) fn holes(&mut self, text: &'a Str, used: Use) -> (Vec<Expr>, bool) {
        let mut holes = Vec::new();
        let mut whole = true;
        for part in &text.parts {
            if let StrPart::Hole { path, span } = part {
                let value = self.hole(path, *span, used);
                whole &= value.is_some();
                holes.push(value.unwrap_or(Expr {
                    kind: ExprKind::Literal(Value::Text(String::new())),
                    ty: Type::Text,
                    span: *span,
                }));
            }
        }
        (holes, whole)
    }

    /// One hole. Its expression has the place of the hole, braces and all.
    fn hole(
        &mut self,
        path: &'a ast::Path,
        span: runbook_grammar::span::Span,
        used: Use,
    ) -> Option<Expr> {
        let (first, fields) = path.names.split_first()?;
        let mut value = match self.lookup(&first.text).cloned() {
            Some(Binding::Var(var, ty)) => Expr {
                kind: ExprKind::Var(var),
                ty,
                span,
            },
            Some(Binding::Secret(id)) => {
                if used != Use::Passed {
                    self.secret_shown(span);
                    return None;
                }
                Expr {
                    kind: ExprKind::Literal(Value::Secret(id)),
                    ty: Type::Secret,
                    span,
                }
            }
            Some(Binding::Unknown) => {
                self.broken();
                return None;
            }
            None if first.text == "run" && fields.len() == 1 => {
                let value = self.run_field(&fields[0], span)?;
                return self.hole_fits(value, used);
            }
            None => {
                self.unknown_hole(path, first, used);
                return None;
            }
        };
        for field in fields {
            value = self.field_of(value, field, span)?;
        }
        self.hole_fits(value, used)
    }

    fn hole_fits(&mut self, value: Expr, used: Use) -> Option<Expr> {
        // What a run does not know of itself is `(unknown)` wherever it is written.
        if used != Use::Seen
            && !matches!(value.kind, ExprKind::Run(_))
            && let Type::Optional(has) = &value.ty
        {
            let has = has.as_ref().clone();
            self.missing(&has, value.span);
            return None;
        }
        Some(value)
    }

    fn unknown_hole(&mut self, path: &ast::Path, first: &ast::Name, used: Use) {
        let word = &first.text;
        let written: Vec<&str> = path.names.iter().map(|n| n.text.as_str()).collect();
        let written = written.join(".");
        let keep = match used {
            Use::Passed => format!(
                "to keep the braces, write a fence marked `verbatim`, or `{{{{ {written} }}}}` with blanks"
            ),
            _ => format!("to keep the braces, write `{{{{ {written} }}}}` with blanks"),
        };
        let help = if FACTS.iter().any(|(fact, _)| fact == word) {
            format!("capture it first, as in `let x: text = ? …`, and name that; {keep}")
        } else if word == "run" {
            format!("write run.id, run.started, run.severity, run.operator or run.trigger; {keep}")
        } else {
            let help = self.help_for_name(word);
            match help.strip_suffix('?') {
                Some(near) => format!("{near}? Otherwise, {keep}"),
                None => format!("{help}; {keep}"),
            }
        };
        let mut diagnostic = Diagnostic::error(
            codes::UNKNOWN_HOLE,
            format!("`{{{{{written}}}}}` names nothing"),
            path.span,
            format!("nothing here is called `{word}`"),
        )
        .help(help);
        if let Some(gone) = self.scope.gone(word) {
            diagnostic = diagnostic.label(gone, "bound here, and not seen outside its block");
        }
        self.report(diagnostic);
    }
}
