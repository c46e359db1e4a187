//! What a run is given: params and secrets, and the block that explains and checks an input.

use super::Resolver;
use super::blocks::{Around, Kind, head_of};
use super::places::{self, Place};
use super::scope::{Binding, Entry, Origin};
use crate::codes;
use crate::plan::{InputRules, Param, Secret, SecretFrom};
use crate::value::{SecretId, Type};
use runbook_grammar::ast::{self, Mark, Stmt, StmtKind};
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

impl<'a> Resolver<'a> {
    /// Params and secrets in the order they stand: each sees those before it.
    pub(super) fn resolve_inputs(&mut self) {
        for at in 0..self.units.len() {
            self.here = at;
            self.inputs_of_file();
        }
        self.here = 0;
    }

    fn inputs_of_file(&mut self) {
        let file = self.unit().file;
        let module = self.unit().is_module();
        let around = self.file_around(Place::Look);
        for stmt in &file.body {
            match &stmt.kind {
                // Refused with all else that does not belong into a module.
                StmtKind::Param { name, .. } if module => {
                    self.bind_in_file(name, Binding::Unknown);
                }
                StmtKind::Param {
                    name,
                    ty,
                    prompt,
                    default,
                    block,
                } => {
                    let prompt = self.maybe(prompt.as_ref(), |r, prompt| r.template(prompt));
                    let ty = self.type_of(ty);
                    let default = match &ty {
                        Some(ty) => self.maybe(default.as_ref(), |r, default| r.typed(default, ty)),
                        None => None,
                    };
                    let var = ty
                        .clone()
                        .map(|ty| (self.new_var(&name.text, ty.clone(), name.span), ty));
                    let binding = match var.clone() {
                        Some((var, ty)) => Binding::Var(var, ty),
                        None => Binding::Unknown,
                    };
                    self.bind_in_file(name, binding);
                    // What its own block checks is a value that is there.
                    let given = ty.map(|ty| super::types::inner(&ty).clone());
                    self.scope.open();
                    if let (Some((var, _)), Some(given)) = (&var, &given) {
                        let binding = Binding::Var(*var, given.clone());
                        self.imply(&name.text, binding, name.span);
                    }
                    let rules = match (block, &given) {
                        (Some(block), Some(given)) => self.input_rules(block, given, &around),
                        (Some(_), None) => None,
                        (None, _) => Some(InputRules::default()),
                    };
                    self.scope.close();
                    match (var, prompt, default, rules) {
                        (Some((var, _)), Some(prompt), Some(default), Some(rules)) => {
                            self.plan.params.push(Param {
                                var,
                                prompt,
                                default,
                                rules,
                            });
                        }
                        _ => self.broken(),
                    }
                }
                StmtKind::Secret { name, from } => {
                    let from = match from {
                        ast::SecretFrom::Env(variable) => {
                            Some(SecretFrom::Env(variable.text.clone()))
                        }
                        ast::SecretFrom::File(path) => match path.plain() {
                            Some(path) => Some(SecretFrom::File(path)),
                            None => {
                                self.error(
                                    codes::NOT_FIXED,
                                    "the file of a secret has a hole in its path",
                                    path.span,
                                    "not known before the run",
                                    "write the path out, or read it with `from ? cat …`",
                                );
                                None
                            }
                        },
                        ast::SecretFrom::Command(command) => {
                            self.must_look(command.mark, command.span, "`secret`");
                            self.command(command, &around).map(SecretFrom::Command)
                        }
                        ast::SecretFrom::Prompt => Some(SecretFrom::Prompt),
                    };
                    let id = SecretId(super::narrow(self.plan.secrets.len()));
                    self.bind_in_file(name, Binding::Secret(id));
                    match from {
                        Some(from) => self.plan.secrets.push(Secret {
                            name: name.text.clone(),
                            from,
                            span: stmt.span,
                        }),
                        None => self.broken(),
                    }
                }
                _ => {}
            }
        }
    }

    fn bind_in_file(&mut self, name: &'a ast::Name, binding: Binding) {
        self.name_is_allowed(name);
        let entry = Entry {
            binding,
            span: name.span,
            origin: Origin::Written,
        };
        if let Err(first) = self.units[self.here]
            .values
            .insert(&name.text, entry, name.span)
        {
            self.report(
                Diagnostic::error(
                    codes::ALREADY_BOUND,
                    format!("`{}` already has a meaning here", name.text),
                    name.span,
                    "declared again",
                )
                .label(first, "declared first")
                .help("give it another name"),
            );
        }
    }

    /// The block of a `param` or an `ask`: prose, `suggest from`, `from`, `matches`, `check`.
    pub(super) fn input_rules(
        &mut self,
        block: &'a ast::Block,
        ty: &Type,
        around: &Around,
    ) -> Option<InputRules> {
        let mut rules = InputRules::default();
        let mut around = around.at(Place::Look);
        self.scope.open();
        self.head(Kind::Look, &block.body, &mut around);
        let mut whole = true;
        for stmt in &block.body {
            whole &= self.input_rule(stmt, ty, &around, &mut rules).is_some();
        }
        self.scope.close();
        if !whole {
            self.broken();
        }
        whole.then_some(rules)
    }

    fn input_rule(
        &mut self,
        stmt: &'a Stmt,
        ty: &Type,
        around: &Around,
        rules: &mut InputRules,
    ) -> Option<()> {
        match &stmt.kind {
            StmtKind::Prose(text) | StmtKind::Warning(text) => {
                rules.explanation.push(self.template(text)?);
            }
            StmtKind::SuggestFrom(look) => {
                self.once(rules.suggest.is_some(), "`suggest from`", stmt.span)?;
                rules.suggest = Some(self.look(look, around, "`suggest from`")?);
            }
            StmtKind::From(look) => {
                self.once(rules.from.is_some(), "`from`", stmt.span)?;
                rules.from = Some(self.look(look, around, "`from`")?);
            }
            StmtKind::Matches(pattern) => {
                self.once(rules.matches.is_some(), "`matches`", stmt.span)?;
                if !matches!(
                    super::types::inner(ty),
                    Type::Text | Type::Url | Type::Path | Type::List(_)
                ) {
                    self.error(
                        codes::TYPE,
                        format!(
                            "`matches` looks at a value of type `{}`",
                            crate::show::ty(ty)
                        ),
                        stmt.span,
                        "only text matches a pattern",
                        "take it out, or say it with a `check { expect … }`",
                    );
                    return None;
                }
                rules.matches = Some(self.pattern(pattern)?);
            }
            StmtKind::Check { block, .. } => {
                rules.checks.push(self.looks(block, "`check`", around));
            }
            StmtKind::Bad => return None,
            _ if places::is_policy(stmt) => {}
            _ => {
                self.error(
                    codes::NOT_HERE,
                    format!(
                        "{} stands in the block of an input",
                        places::word(&stmt.kind)
                    ),
                    head_of(stmt),
                    "has no use here",
                    "write prose, `suggest from`, `from`, `matches` or `check { … }`",
                );
                return None;
            }
        }
        Some(())
    }

    fn once(&mut self, taken: bool, what: &str, span: Span) -> Option<()> {
        if !taken {
            return Some(());
        }
        self.error(
            codes::TWICE,
            format!("{what} stands twice in one block"),
            span,
            "said again",
            "keep one of them",
        );
        None
    }

    /// An interpreter's command reads the script on its standard input, so it is one `$` line or request.
    pub(super) fn resolve_interpreters(&mut self) {
        for at in 0..self.units.len() {
            self.here = at;
            let file = self.unit().file;
            let around = self.file_around(Place::Step);
            for stmt in &file.body {
                let StmtKind::Interpreter { name, block } = &stmt.kind else {
                    continue;
                };
                let commands: Vec<&'a ast::Command> = block
                    .body
                    .iter()
                    .filter_map(|stmt| match &stmt.kind {
                        StmtKind::Command(command) => Some(command),
                        _ => None,
                    })
                    .collect();
                let fine = block
                    .body
                    .iter()
                    .all(|stmt| matches!(stmt.kind, StmtKind::Command(_)) || places::is_text(stmt));
                match commands.as_slice() {
                    [command] if fine && command.mark == Mark::Act => {
                        match self.command(command, &around) {
                            Some(command) => {
                                self.plan.interpreters.push(crate::plan::DeclaredInterpreter {
                                    name: name.text.clone(),
                                    command,
                                });
                            }
                            None => self.broken(),
                        }
                    }
                    _ if block.body.iter().any(|stmt| matches!(stmt.kind, StmtKind::Bad)) => {
                        self.broken();
                    }
                    _ => self.error(
                        codes::INTERPRETER,
                        format!("the interpreter `{}` is not one command", name.text),
                        Span {
                            end: block.span.start,
                            ..stmt.span
                        },
                        "what runs its scripts?",
                        "write one `$` command in its block, which reads the script on its standard input",
                    ),
                }
            }
        }
        self.here = 0;
    }
}
