//! The order of the document, and what all its parts write with.

use std::collections::BTreeSet;

use crate::graph::{Chart, Graph, mermaid_chart};
use crate::names::{FileIndex, Names};
use crate::out::Out;
use crate::text::{code, escape, fence, inline, source_text, visible};
use runbook_grammar::ast::{
    Expr, ExprKind, File, FileKind, Path, Stmt, StmtKind, TypeExpr, TypeKind,
};
use runbook_grammar::source::Sources;
use runbook_grammar::span::Span;

pub(crate) struct Document<'a> {
    pub sources: &'a Sources,
    pub files: &'a [File],
    /// Missing where there is no plan, as of a file with mistakes.
    pub graph: Option<&'a Graph>,
    /// The charts that were written, each with its place among those of the graph.
    pub drawn: Vec<Drawn>,
    /// The blocks of the procedures that were written, and what their anchors begin with: `queues.resume`.
    pub procedures_at: Vec<(Span, String)>,
    pub names: Names<'a>,
    pub out: Out,
    /// The file whose names are meant now.
    pub file: FileIndex,
    /// Names around what is written now, each with a dot: `roll_back_code.`
    pub scope: String,
    /// The procedure, with a dot; empty in the runbook's own flow.
    pub procedure: String,
    /// Interpreters of one-line commands, the innermost last.
    pub interpreters: Vec<String>,
    /// The anchors that stand already.
    anchors: BTreeSet<String>,
}

/// A chart that stands in the document.
pub(crate) struct Drawn {
    /// Its place among the charts of the graph.
    pub at: usize,
    pub mermaid: String,
}

/// The least important heading Markdown has; deeper ones are bold lines.
const DEEPEST: usize = 6;

impl<'a> Document<'a> {
    pub fn new(sources: &'a Sources, files: &'a [File], graph: Option<&'a Graph>) -> Document<'a> {
        Document {
            sources,
            files,
            graph,
            drawn: Vec::new(),
            procedures_at: Vec::new(),
            names: Names::new(sources, files),
            out: Out::default(),
            file: 0,
            scope: String::new(),
            procedure: String::new(),
            interpreters: Vec::new(),
            anchors: BTreeSet::new(),
        }
    }

    pub fn write(&mut self) -> String {
        let files = self.files;
        let Some(main) = files.first() else {
            return String::new();
        };
        let title = main
            .header
            .as_ref()
            .map_or_else(|| "Untitled".to_owned(), |header| inline(&header.title));
        let kind = main
            .header
            .as_ref()
            .map_or(FileKind::Runbook, |header| header.kind);
        self.out.block(&match kind {
            FileKind::Runbook | FileKind::Module => format!("# {title}"),
            FileKind::Scenarios => format!("# Scenarios for {title}"),
        });
        if kind == FileKind::Scenarios {
            self.scenarios(&main.body);
            return visible(&std::mem::take(&mut self.out).finish());
        }
        self.interpreters
            .extend(crate::policy::interpreter(&main.body));
        self.intro(&main.body);
        self.facts(&main.body);
        self.contents(main);
        self.chart();
        self.severities();
        self.people();
        self.before_the_start(main);
        self.matrices();
        self.main_flow(&main.body);
        self.procedures();
        self.messages();
        self.triggers(&main.body);
        self.afterwards(&main.body);
        visible(&std::mem::take(&mut self.out).finish())
    }

    fn chart(&mut self) {
        let own = |chart: &Chart| chart.procedure.is_none() && chart.deeds() > 0;
        if self.graph.is_some_and(|graph| graph.charts.iter().any(own)) {
            self.heading(2, "The way at a glance", None);
            self.draw(own);
        }
    }

    /// The procedure with this block has a chart of its own where its way parts.
    pub fn procedure_chart(&mut self, block: Span) {
        self.draw(|chart| chart.span == Some(block) && chart.parts());
    }

    fn draw(&mut self, is_it: impl Fn(&Chart) -> bool) {
        let charts = self.graph.map_or(&[][..], |graph| &graph.charts);
        if let Some(at) = charts.iter().position(is_it) {
            let mermaid = mermaid_chart(&charts[at]);
            self.out.block(&fence("mermaid", &mermaid));
            self.drawn.push(Drawn { at, mermaid });
        }
    }

    /// A heading, or a bold line where headings end. Without an anchor it is linked by its words.
    pub fn heading(&mut self, level: usize, title: &str, anchor: Option<&str>) {
        let anchor = anchor.map_or(String::new(), |anchor| self.anchor(anchor));
        if level > DEEPEST || self.out.is_nested() {
            self.out.block(&format!("**{title}**{anchor}"));
        } else {
            self.out
                .block(&format!("{} {title}{anchor}", "#".repeat(level)));
        }
    }

    /// An anchor, with a space before it. Steps of two ways may have one name, and then the first of them has the anchor.
    pub fn anchor(&mut self, anchor: &str) -> String {
        if self.anchors.insert(anchor.to_owned()) {
            format!(" <a id=\"{anchor}\"></a>")
        } else {
            String::new()
        }
    }

    /// Something to see before what follows. GitHub knows its alerts only at the left edge.
    pub fn alert(&mut self, kind: Alert, text: &str) {
        let (mark, word) = match kind {
            Alert::Warning => ("[!WARNING]", "Warning."),
            Alert::Caution => ("[!CAUTION]", "Caution."),
            Alert::Note => ("[!NOTE]", "Note."),
        };
        let quoted = quote(text);
        if self.out.is_nested() {
            self.out
                .block(&quoted.replacen("> ", &format!("> **{word}** "), 1));
        } else {
            self.out.block(&format!("> {mark}\n{quoted}"));
        }
    }

    /// An expression as its author wrote it, spaced as usual, not marked as code.
    pub fn words(&self, expr: &Expr) -> String {
        runbook_fmt::expression(self.sources.get(expr.span.source), expr)
    }

    /// A time or a count: what is filled in later stands in angle brackets.
    pub fn amount(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Name(_) | ExprKind::Field(..) => format!("⟨{}⟩", self.words(expr)),
            _ => self.words(expr),
        }
    }

    pub fn code(&self, expr: &Expr) -> String {
        code(&self.words(expr))
    }

    /// A value as code; a text without its quotes.
    pub fn value(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Text(text) => code(&source_text(text)),
            _ => self.code(expr),
        }
    }

    /// A type as a reader would say it.
    pub fn type_words(&self, ty: &TypeExpr) -> String {
        match &ty.kind {
            TypeKind::Bool => "yes or no".to_owned(),
            TypeKind::Time => "point in time".to_owned(),
            TypeKind::OneOf(values) => {
                let values: Vec<_> = values
                    .iter()
                    .map(|value| code(&source_text(value)))
                    .collect();
                format!("one of {}", values.join(", "))
            }
            TypeKind::List(of) => format!("list of {}", self.type_words(of)),
            TypeKind::Optional(of) => format!("{}, if any", self.type_words(of)),
            TypeKind::Column(path) => match path.names.split_last() {
                Some((column, matrix)) if !matrix.is_empty() => {
                    let matrix = Path {
                        names: matrix.to_vec().into(),
                        span: path.span,
                    };
                    format!(
                        "{} in {}",
                        code(&column.text),
                        self.names.declared("matrix", self.file, &matrix)
                    )
                }
                _ => code(&crate::names::dotted(path)),
            },
            _ => escape(&runbook_fmt::type_expression(
                self.sources.get(ty.span.source),
                ty,
            )),
        }
    }

    /// Declarations of all files, each with its file; those of the runbook first.
    pub fn declarations(&self) -> Vec<(FileIndex, &'a Stmt)> {
        let files = self.files.iter().enumerate();
        files
            .flat_map(|(index, file)| file.body.iter().map(move |stmt| (index, stmt)))
            .collect()
    }

    /// Writes something in which the names of `file` are meant.
    pub fn in_file(&mut self, file: FileIndex, write: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.file, file);
        write(self);
        self.file = outer;
    }

    /// Writes what stands below a name.
    pub fn below(&mut self, name: Option<&str>, write: impl FnOnce(&mut Self)) {
        let length = self.scope.len();
        if let Some(name) = name {
            self.scope.push_str(name);
            self.scope.push('.');
        }
        write(self);
        self.scope.truncate(length);
    }

    /// Writes what belongs to the list item just written.
    pub fn inside(&mut self, write: impl FnOnce(&mut Self)) {
        self.out.enter();
        write(self);
        self.out.leave();
    }

    /// Writes with the interpreter that a body sets for its one-line commands.
    pub fn interpreted(&mut self, body: &[Stmt], write: impl FnOnce(&mut Self)) {
        let depth = self.interpreters.len();
        self.interpreters.extend(crate::policy::interpreter(body));
        write(self);
        self.interpreters.truncate(depth);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alert {
    Warning,
    Caution,
    Note,
}

/// Text as a quote.
pub(crate) fn quote(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        if line.trim().is_empty() {
            ">".to_owned()
        } else {
            format!("> {line}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What a statement is to a reader of the document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Said in a place of its own, not where it stands.
    Declaration,
    /// Introduces what follows.
    Prose,
    /// Belongs to the whole block.
    Policy,
    /// Belongs to the step-like thing just before.
    Leaf,
    /// Has a number.
    Flow,
}

pub(crate) fn role(kind: &StmtKind) -> Role {
    match kind {
        StmtKind::Prose(_) | StmtKind::Warning(_) => Role::Prose,
        StmtKind::Owner(_)
        | StmtKind::Version(_)
        | StmtKind::Tags(_)
        | StmtKind::Link { .. }
        | StmtKind::Review { .. }
        | StmtKind::Objective { .. }
        | StmtKind::Severity { .. }
        | StmtKind::Contact { .. }
        | StmtKind::Fields(_)
        | StmtKind::EscalateAfter { .. }
        | StmtKind::Needs(_)
        | StmtKind::Param { .. }
        | StmtKind::SuggestFrom(_)
        | StmtKind::From(_)
        | StmtKind::Matches(_)
        | StmtKind::Secret { .. }
        | StmtKind::Host { .. }
        | StmtKind::Interpreter { .. }
        | StmtKind::Use { .. }
        | StmtKind::Matrix(_)
        | StmtKind::Procedure { .. }
        | StmtKind::Channel { .. }
        | StmtKind::Message { .. }
        | StmtKind::Trigger { .. }
        | StmtKind::Every(_)
        | StmtKind::FiresWhen { .. }
        | StmtKind::StartWith(_)
        | StmtKind::Scenario { .. }
        | StmtKind::Given { .. }
        | StmtKind::When { .. }
        | StmtKind::Answer { .. }
        | StmtKind::After(_)
        | StmtKind::Reaches(_)
        | StmtKind::NeverReaches(_)
        | StmtKind::Undoes(_)
        | StmtKind::Asks(_)
        | StmtKind::Notifies(_)
        | StmtKind::TakesAtMost(_)
        | StmtKind::Ends(_)
        | StmtKind::Bad => Role::Declaration,
        StmtKind::Guard { .. }
        | StmtKind::Lock(_)
        | StmtKind::Timeout(_)
        | StmtKind::Retry { .. }
        | StmtKind::OnlyIf(_)
        | StmtKind::DoneIf(_)
        | StmtKind::Undo(_)
        | StmtKind::Irreversible(_)
        | StmtKind::Repeatable
        | StmtKind::Takes { .. }
        | StmtKind::In(_)
        | StmtKind::Env { .. }
        | StmtKind::On(_)
        | StmtKind::With(_)
        | StmtKind::Interactive
        | StmtKind::LiveFor(_)
        | StmtKind::Background(_)
        | StmtKind::OnFailure(_)
        | StmtKind::Always(_) => Role::Policy,
        StmtKind::Command(_)
        | StmtKind::Http(_)
        | StmtKind::Expect { .. }
        | StmtKind::Item { .. }
        | StmtKind::Check { .. }
        | StmtKind::Ask { .. }
        | StmtKind::Confirm { .. }
        | StmtKind::Approve { .. }
        | StmtKind::Todo(_)
        | StmtKind::FollowUp { .. } => Role::Leaf,
        StmtKind::Section { .. }
        | StmtKind::Step { .. }
        | StmtKind::Checkpoint { .. }
        | StmtKind::If { .. }
        | StmtKind::Choose { .. }
        | StmtKind::Decide { .. }
        | StmtKind::Attempt { .. }
        | StmtKind::Parallel { .. }
        | StmtKind::For { .. }
        | StmtKind::Wait(_)
        | StmtKind::WaitUpTo { .. }
        | StmtKind::Watch { .. }
        | StmtKind::Do(_)
        | StmtKind::Let { .. }
        | StmtKind::Notify(_)
        | StmtKind::Escalate { .. }
        | StmtKind::Rewind(_)
        | StmtKind::Finish { .. }
        | StmtKind::Return(_)
        | StmtKind::Snapshot { .. }
        | StmtKind::Compare { .. } => Role::Flow,
    }
}
