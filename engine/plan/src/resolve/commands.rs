//! Commands and requests: their interpreters, their holes, where they run.

use super::Resolver;
use super::blocks::Around;
use super::templates::Use;
use crate::codes;
use crate::command::*;
use crate::expr::{Expr, ExprKind, Template, TemplatePart};
use crate::ids::*;
use crate::plan::Looked;
use crate::value::{Type, Value};
use crate::{resolve::narrow, shell};
use runbook_grammar::ast::{self, CommandBody, HttpOption, Look, Str, StrPart};
use runbook_grammar::span::Span;

const INTERPRETERS: &[(&str, Interpreter)] = &[
    ("sh", Interpreter::Sh),
    ("bash", Interpreter::Bash),
    ("zsh", Interpreter::Zsh),
    ("powershell", Interpreter::PowerShell),
    ("python", Interpreter::Python),
];

/// A literal duration, for what the language says by default.
pub(super) fn milliseconds(ms: u64, span: Span) -> Expr {
    Expr {
        kind: ExprKind::Literal(Value::Duration(ms)),
        ty: Type::Duration,
        span,
    }
}

/// Whether a method only looks.
pub(super) fn method_mark(method: &str) -> Mark {
    match method {
        "GET" | "HEAD" => Mark::Look,
        _ => Mark::Act,
    }
}

impl<'a> Resolver<'a> {
    /// What `with` or the word of a fence names.
    pub(super) fn interpreter(&mut self, name: &'a ast::Name) -> Option<Interpreter> {
        if let Some((_, found)) = INTERPRETERS.iter().find(|(word, _)| *word == name.text) {
            return Some(*found);
        }
        if let Some(id) = self.unit().interpreters.get(&name.text) {
            return Some(Interpreter::Declared(*id));
        }
        let declared: Vec<&str> = self.unit().interpreters.keys().collect();
        let known = INTERPRETERS.iter().map(|(word, _)| *word).chain(declared);
        let help = match self.near(&name.text, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "write sh, bash, zsh, powershell or python, or declare `interpreter {} {{ … }}`",
                name.text
            ),
        };
        self.error(
            codes::UNKNOWN_INTERPRETER,
            format!("no interpreter is called `{}`", name.text),
            name.span,
            "named here",
            help,
        );
        None
    }

    pub(super) fn command(
        &mut self,
        command: &'a ast::Command,
        around: &Around,
    ) -> Option<CommandId> {
        let mut scripts = Vec::new();
        match &command.body {
            CommandBody::Line(text) => {
                let interpreter = around.with.unwrap_or(Interpreter::Sh);
                scripts.push(self.line(text, interpreter)?);
            }
            CommandBody::Fences(fences) => {
                let mut whole = true;
                for fence in fences {
                    match self.fence(fence) {
                        Some(script) => scripts.push(script),
                        None => whole = false,
                    }
                }
                if !whole || scripts.is_empty() {
                    self.broken();
                    return None;
                }
            }
        }
        let id = CommandId(narrow(self.plan.commands.len()));
        self.plan.commands.push(Command {
            mark: command.mark,
            scripts,
            settings: around.settings,
            manner: Manner::Plain,
            timeout: around.timeout.clone().map(Box::new),
            span: command.span,
        });
        Some(id)
    }

    fn line(&mut self, text: &'a Str, interpreter: Interpreter) -> Option<Script> {
        if text.plain().is_some_and(|text| text.trim().is_empty()) {
            self.error(
                codes::EMPTY,
                "a mark has no command behind it",
                text.span,
                "nothing to run",
                "write the command behind its mark",
            );
            return None;
        }
        let (holes, whole) = self.holes(text, Use::Passed);
        let direct = match interpreter {
            Interpreter::Sh if whole => shell::direct(text, &holes),
            _ => None,
        };
        let form = match direct {
            Some(words) => ScriptForm::Direct(words),
            None => self.script(text, &holes, interpreter, Strictness::AsTyped)?,
        };
        whole.then(|| Script {
            interpreter,
            form,
            text: as_template(text, holes),
        })
    }

    fn script(
        &mut self,
        text: &Str,
        holes: &[Expr],
        interpreter: Interpreter,
        strict: Strictness,
    ) -> Option<ScriptForm> {
        let (pieces, diagnostics) = shell::pieces(interpreter, text, holes);
        let fine = diagnostics.is_empty();
        diagnostics.into_iter().for_each(|found| self.report(found));
        fine.then_some(ScriptForm::Script { pieces, strict })
    }

    fn fence(&mut self, fence: &'a ast::Fence) -> Option<Script> {
        let Some(word) = &fence.word else {
            self.broken();
            return None;
        };
        let interpreter = self.interpreter(word);
        let strict = if fence.lenient {
            Strictness::AsTyped
        } else {
            Strictness::StopAtFirstFailure
        };
        if fence.verbatim {
            let text = super::write::source(&fence.text);
            return Some(Script {
                interpreter: interpreter?,
                form: ScriptForm::Script {
                    pieces: vec![Piece::Text(text.clone())],
                    strict,
                },
                text: Template::plain(text),
            });
        }
        let (holes, whole) = self.holes(&fence.text, Use::Passed);
        let interpreter = interpreter?;
        let form = self.script(&fence.text, &holes, interpreter, strict)?;
        whole.then(|| Script {
            interpreter,
            form,
            text: as_template(&fence.text, holes),
        })
    }

    pub(super) fn request(&mut self, http: &'a ast::Http, around: &Around) -> Option<RequestId> {
        let url = self.template_for(&http.url, Use::Address);
        let mut headers = Vec::new();
        let mut query = Vec::new();
        let mut body = None;
        let mut whole = true;
        for option in &http.options {
            match option {
                HttpOption::Header { name, value, .. } => {
                    match self.template_for(value, Use::Passed) {
                        Some(value) => headers.push((name.text.clone(), value)),
                        None => whole = false,
                    }
                }
                HttpOption::Query { name, value, .. } => {
                    match self.template_for(value, Use::Passed) {
                        Some(value) => query.push((name.text.clone(), value)),
                        None => whole = false,
                    }
                }
                HttpOption::Body { fence, span } => {
                    if body.is_some() {
                        self.error(
                            codes::TWICE,
                            "a request has two bodies",
                            *span,
                            "a second body",
                            "keep one of them",
                        );
                        whole = false;
                    }
                    body = if fence.verbatim {
                        Some(Template::plain(super::write::source(&fence.text)))
                    } else {
                        self.template_for(&fence.text, Use::Passed)
                    };
                    whole &= body.is_some();
                }
            }
        }
        let mark = method_mark(&http.method.text);
        if !matches!(
            http.method.text.as_str(),
            "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"
        ) {
            let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
            let help = match self.near(&http.method.text, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS".to_owned(),
            };
            self.error(
                codes::NOT_A_VALUE,
                format!("`{}` is no method of HTTP", http.method.text),
                http.method.span,
                "the method",
                help,
            );
            return None;
        }
        let url = url?;
        if !whole {
            return None;
        }
        self.stays_here("a request", "the engine sends it itself", http.span, around);
        let id = RequestId(narrow(self.plan.requests.len()));
        self.plan.requests.push(Request {
            method: http.method.text.clone(),
            url,
            headers,
            query,
            body,
            mark,
            settings: around.settings,
            timeout: Some(Box::new(
                around
                    .timeout
                    .clone()
                    .unwrap_or_else(|| milliseconds(30_000, http.span)),
            )),
            span: http.span,
        });
        Some(id)
    }

    /// What must only look: `done if`, `from`, a snapshot's label. `what` names the place.
    pub(super) fn look(&mut self, look: &'a Look, around: &Around, what: &str) -> Option<Looked> {
        match look {
            Look::Command(command) => {
                self.must_look(command.mark, command.span, what);
                self.command(command, around).map(Looked::Command)
            }
            Look::Http(http) => {
                self.must_look(method_mark(&http.method.text), http.span, what);
                self.request(http, around).map(Looked::Request)
            }
        }
    }

    pub(super) fn must_look(&mut self, mark: Mark, span: Span, what: &str) {
        if mark == Mark::Act {
            self.error(
                codes::MUST_LOOK,
                format!("{what} acts"),
                span,
                "may change something",
                "write `?` where the command only reads, or GET; what acts stands in a step of its own",
            );
        }
    }
}

/// The text as people see it: each hole with its expression.
fn as_template(text: &Str, holes: Vec<Expr>) -> Template {
    let mut holes = holes.into_iter();
    let parts = text
        .parts
        .iter()
        .filter_map(|part| match part {
            StrPart::Text { text, .. } => Some(TemplatePart::Text(text.clone())),
            StrPart::Hole { .. } => holes
                .next()
                .map(|value| TemplatePart::Hole(Box::new(value))),
        })
        .collect();
    Template {
        parts,
        source: super::write::source(text),
    }
}
