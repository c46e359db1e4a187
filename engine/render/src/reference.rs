//! The page of a module: what it has to offer, for somebody who wants to use it. What stands in its procedures is said as
//! far as a caller has to know it: what acts, and how that is taken back.

use std::collections::BTreeMap;

use crate::command::http_mark;
use crate::document::Document;
use crate::text::{and, code, escape, fence, inline, plain, prose, source_text, template};
use runbook_grammar::ast::{
    Block, CommandBody, File, Formal, Mark, MessageTo, Need, SecretFrom, Stmt, StmtKind, TypeExpr,
    Undo,
};
use runbook_grammar::source::Sources;

/// What a line of a terminal or of a book holds without being broken.
const WIDE: usize = 76;

/// Procedures by name, and whether each acts.
type Procedures<'a> = BTreeMap<&'a str, &'a Block>;

pub(crate) fn page(sources: &Sources, name: &str, file: &File) -> String {
    let files = std::slice::from_ref(file);
    let doc = Document::new(sources, files, None);
    Page { doc, name }.write(
        &file.body,
        file.header
            .as_ref()
            .map_or_else(String::new, |header| inline(&header.title)),
    )
}

struct Page<'a> {
    doc: Document<'a>,
    /// What it is called where it is used: `k8s` of `std.k8s`.
    name: &'a str,
}

impl<'a> Page<'a> {
    fn write(mut self, body: &'a [Stmt], title: String) -> String {
        let doc = &mut self.doc;
        doc.out.block(&format!("# `std.{}`: {title}", self.name));
        for stmt in body {
            if let StmtKind::Prose(text) = &stmt.kind {
                doc.out.block(&prose(text));
            }
        }
        let needs = needs(body);
        if !needs.is_empty() {
            doc.out.block(&format!("It needs {}.", and(&needs)));
        }
        let procedures: Procedures<'a> = body
            .iter()
            .filter_map(|stmt| match &stmt.kind {
                StmtKind::Procedure { name, block, .. } => Some((name.text.as_str(), block)),
                _ => None,
            })
            .collect();
        for stmt in body {
            match &stmt.kind {
                StmtKind::Contact { name, title, .. } => {
                    self.doc.out.item(&format!(
                        "{}: {}",
                        code(&format!("{}.{}", self.name, name.text)),
                        inline(title)
                    ));
                }
                StmtKind::Channel { name, title, block } => {
                    let how = match block {
                        Some(_) => "sent by the engine",
                        None => {
                            "shown to copy, unless `[channels]` of `runbook.toml` gives it a command"
                        }
                    };
                    let named = code(&format!("message … to {}.{}", self.name, name.text));
                    self.doc
                        .out
                        .item(&format!("{named}: {}, {how}", inline(title)));
                }
                _ => {}
            }
        }
        for stmt in body {
            match &stmt.kind {
                StmtKind::Message { name, to, block } => {
                    let to = match to {
                        MessageTo::Channel(path) => {
                            code(&format!("{}.{}", self.name, crate::names::dotted(path)))
                        }
                        MessageTo::File(path) => format!("the file {}", code(&source_text(path))),
                    };
                    self.doc.heading(
                        2,
                        &code(&format!("notify {}.{}", self.name, name.text)),
                        None,
                    );
                    self.doc.out.block(&format!("To {to}:"));
                    self.prose_of(block);
                }
                StmtKind::Procedure {
                    name,
                    params,
                    returns,
                    title,
                    block,
                } => {
                    self.doc.heading(2, &code(&name.text), None);
                    let call = self.signature(&name.text, params, returns.as_deref());
                    self.doc.out.block(&fence("text", &call));
                    let active = acts(block, &procedures);
                    let mut about = title
                        .as_ref()
                        .map_or_else(String::new, |title| format!("{}. ", inline(title)));
                    if !active {
                        about.push_str(asks(block).unwrap_or("It only looks."));
                    }
                    self.doc.out.block(&about);
                    for stmt in &block.body {
                        match &stmt.kind {
                            StmtKind::Prose(text) => self.doc.out.block(&prose(text)),
                            StmtKind::Warning(text) => {
                                self.doc.out.block(&format!("**Warning.** {}", prose(text)))
                            }
                            _ => {}
                        }
                    }
                    if active {
                        self.deeds(block, &procedures);
                    }
                }
                _ => {}
            }
        }
        self.doc.out.finish()
    }

    /// The text of a message, quoted.
    fn prose_of(&mut self, block: &Block) {
        let parts: Vec<String> = block
            .body
            .iter()
            .filter_map(|stmt| match &stmt.kind {
                StmtKind::Prose(text) => Some(template(text)),
                _ => None,
            })
            .collect();
        let text = parts.join("\n\n");
        let lines: Vec<String> = text
            .lines()
            .map(|line| format!("> {line}").trim_end().to_owned())
            .collect();
        self.doc.out.block(&lines.join("\n"));
    }

    /// As one writes a call, on one line where that fits.
    fn signature(&self, name: &str, params: &[Formal], returns: Option<&TypeExpr>) -> String {
        let ty =
            |ty: &TypeExpr| runbook_fmt::type_expression(self.doc.sources.get(ty.span.source), ty);
        let takes: Vec<String> = params
            .iter()
            .map(|formal| {
                let default = formal
                    .default
                    .as_ref()
                    .map_or_else(String::new, |value| format!(" = {}", self.doc.words(value)));
                format!("{}: {}{default}", formal.name.text, ty(&formal.ty))
            })
            .collect();
        let gives = returns.map_or_else(String::new, |returns| format!(" -> {}", ty(returns)));
        let line = format!("{}.{name}({}){gives}", self.name, takes.join(", "));
        if line.chars().count() <= WIDE {
            return line;
        }
        format!(
            "{}.{name}(\n  {},\n){gives}",
            self.name,
            takes.join(",\n  ")
        )
    }

    /// What a procedure does in order: its own steps that act, and those of the module that it calls.
    fn deeds(&mut self, block: &'a Block, procedures: &Procedures<'a>) {
        for stmt in &block.body {
            match &stmt.kind {
                StmtKind::Step {
                    name,
                    title,
                    block: Some(block),
                } if block.body.iter().any(is_act) => {
                    self.step(&name.text, &inline(title), &block.body);
                }
                StmtKind::Do(call) => {
                    if let [callee] = &*call.path.names
                        && procedures.contains_key(callee.text.as_str())
                    {
                        let carried = format!("Carries out {}.", code(&callee.text));
                        self.doc.out.item(&carried);
                    }
                }
                _ => {}
            }
        }
    }

    fn step(&mut self, name: &str, title: &str, body: &'a [Stmt]) {
        let mut says = Vec::new();
        let mut script = None;
        for stmt in body {
            match &stmt.kind {
                StmtKind::Undo(Undo::Command(command)) => match &command.body {
                    CommandBody::Line(line) => {
                        says.push(format!("Undone by {}.", code(&source_text(line))))
                    }
                    CommandBody::Fences(fences) => {
                        says.push("Undone by the script below.".to_owned());
                        script = fences.first().map(|one| {
                            fence(
                                one.word.as_ref().map_or("sh", |word| word.text.as_str()),
                                &source_text(&one.text),
                            )
                        });
                    }
                },
                StmtKind::Undo(_) => says.push("Undone by what its `undo` says.".to_owned()),
                StmtKind::Irreversible(why) => {
                    says.push(format!("**Cannot be undone:** {}", inline(why)))
                }
                StmtKind::Repeatable => says.push("Safe to run again after a crash.".to_owned()),
                StmtKind::DoneIf(_) => {
                    says.push("Passed over where it is done already.".to_owned())
                }
                StmtKind::Timeout(limit) => {
                    says.push(format!("At most {}.", self.doc.amount(limit)))
                }
                _ => {}
            }
        }
        self.doc
            .out
            .item(&format!("{title} ({}). {}", code(name), says.join(" ")));
        if let Some(script) = script {
            self.doc.inside(|doc| doc.out.block(&script));
        }
    }
}

/// What must be there before the first step, as a sentence goes on after "needs".
fn needs(body: &[Stmt]) -> Vec<String> {
    let mut needs = Vec::new();
    for stmt in body {
        match &stmt.kind {
            StmtKind::Needs(Need::Command(name)) => {
                needs.push(format!("the command {}", code(&name.text)))
            }
            StmtKind::Needs(Need::Env(name)) => {
                needs.push(format!("the variable {}", code(&name.text)))
            }
            StmtKind::Needs(Need::Person(text)) => needs.push(escape(&plain(text))),
            StmtKind::Secret { name, from } => match from {
                SecretFrom::Env(variable) => {
                    needs.push(format!(
                        "the secret {} in the variable {}",
                        code(&name.text),
                        code(&variable.text)
                    ));
                }
                SecretFrom::File(path) => {
                    needs.push(format!(
                        "the secret {} in the file {}",
                        code(&name.text),
                        code(&source_text(path))
                    ));
                }
                SecretFrom::Prompt => needs.push(format!("the secret {}, typed", code(&name.text))),
                // Made from another one.
                SecretFrom::Command(_) => {}
            },
            _ => {}
        }
    }
    needs
}

fn is_act(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Command(command) => command.mark == Mark::Act,
        StmtKind::Http(http) => http_mark(http) == Mark::Act,
        _ => false,
    }
}

/// Whether a procedure changes something, itself or through another of its module.
fn acts(block: &Block, procedures: &Procedures<'_>) -> bool {
    block.body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Step {
            block: Some(block), ..
        } => acts(block, procedures),
        StmtKind::Do(call) => match &*call.path.names {
            [callee] => procedures
                .get(callee.text.as_str())
                .is_some_and(|block| acts(block, procedures)),
            _ => false,
        },
        _ => is_act(stmt),
    })
}

/// What a procedure that changes nothing does besides looking.
fn asks(block: &Block) -> Option<&'static str> {
    block
        .body
        .iter()
        .any(|stmt| {
            matches!(
                stmt.kind,
                StmtKind::Ask { .. } | StmtKind::Approve { .. } | StmtKind::Confirm { .. }
            )
        })
        .then_some("It asks, and runs nothing.")
}
