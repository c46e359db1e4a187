//! Files to a [`Plan`]: names, scope, types, units, flow. Errors are gathered, never returned early: one
//! mistake hides no other, and whatever hangs on a mistake is silent.
//!
//! | file | what it holds |
//! |---|---|
//! | [`scope`], [`binding`] | which name means what |
//! | [`units`] | the files, their modules and the names they declare |
//! | [`types`], [`exprs`], [`binary`], [`functions`] | types, expressions and how they fit together |
//! | [`templates`], [`commands`] | text with holes; commands and requests |
//! | [`matrices`], [`decide`] | tables, and decisions by them |
//! | [`declare`], [`people`], [`inputs`], [`hosts`], [`triggers`] | declarations |
//! | [`procedures`], [`calls`] | signatures, order, calls |
//! | [`places`], [`policies`], [`clauses`], [`blocks`], [`leaving`] | what may stand where, and what a block says of itself |
//! | [`flow`], [`things`], [`prompts`], [`rewind`] | statements |

mod binary;
mod binding;
mod blocks;
mod calls;
mod clauses;
mod commands;
mod decide;
mod declare;
mod exprs;
mod flow;
mod functions;
mod hosts;
mod inputs;
mod leaving;
mod matrices;
mod people;
mod places;
mod policies;
mod procedures;
mod prompts;
mod rewind;
mod scenarios;
mod scope;
mod templates;
mod things;
mod triggers;
mod types;
mod units;
mod write;

use std::collections::BTreeMap;

use crate::files::Files;
use crate::ids::*;
use crate::plan::{Node, NodeKind, Plan, Var};
use crate::value::Type;

use runbook_grammar::ast;
use runbook_grammar::diagnostic::{self, Code, Diagnostic};
use runbook_grammar::span::{SourceId, Span};

pub use scenarios::check_scenarios;

/// What the files mean. There is no plan where there are errors, or a line that could not be parsed; the parser
/// reports some mistakes that leave no trace in the tree, so a plan counts only where it found none.
/// Diagnostics are in order of place. A module gives a plan without a root. Time is linear in the size of the files.
pub fn resolve(files: &Files) -> (Option<Plan>, Vec<Diagnostic>) {
    if files
        .root
        .header
        .as_ref()
        .is_some_and(|header| header.kind == ast::FileKind::Scenarios)
    {
        return (None, check_scenarios(&files.root, None));
    }
    let mut resolver = Resolver::new(files);
    resolver.all();
    let Resolver {
        plan,
        diagnostics,
        broken,
        ..
    } = resolver;
    let mut diagnostics: Vec<Diagnostic> = diagnostics.into_values().flatten().collect();
    diagnostics.sort_by_key(|d| (d.span(), d.code));
    diagnostics.dedup();
    let whole = diagnostics.is_empty() && broken == Broken::No;
    (whole.then_some(plan), diagnostics)
}

/// Whether something could not be understood, so that there can be no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    No,
    Yes,
}

struct Resolver<'a> {
    files: &'a Files,
    plan: Plan,
    diagnostics: BTreeMap<SourceId, Vec<Diagnostic>>,
    broken: Broken,
    /// The runbook first, then its modules.
    units: Vec<units::Unit<'a>>,
    /// The unit whose text is being read.
    here: usize,
    scope: scope::Scope<'a>,
    procedures: Vec<procedures::Signature<'a>>,
    matrices: Vec<matrices::Slot<'a>>,
    messages: Vec<people::MessageSlot<'a>>,
    /// Checkpoints and irreversible steps of the flow being read.
    trail: rewind::Trail<'a>,
    /// What the `expect` being read may speak of.
    facts: exprs::Facts,
    /// What the procedure being read gives back; nothing in the runbook's own flow.
    returns: Option<procedures::Returns>,
    /// What the block being read has shown to do.
    deeds: blocks::Deeds,
    /// Something that is the engine's own, and so cannot be done on another machine.
    stays: Option<Span>,
    /// How many wrong names were compared with all others; after some the search for near ones stops.
    searched: u32,
}

/// How many wrong names get the nearest one looked up: beyond, a report is unreadable anyway.
const MOST_SEARCHES: u32 = 64;

impl<'a> Resolver<'a> {
    fn new(files: &'a Files) -> Resolver<'a> {
        Resolver {
            files,
            plan: Plan::default(),
            diagnostics: BTreeMap::new(),
            broken: Broken::No,
            units: Vec::new(),
            here: 0,
            scope: scope::Scope::default(),
            procedures: Vec::new(),
            matrices: Vec::new(),
            messages: Vec::new(),
            trail: rewind::Trail::default(),
            facts: exprs::Facts::Outside,
            returns: None,
            deeds: blocks::Deeds::default(),
            stays: None,
            searched: 0,
        }
    }

    fn all(&mut self) {
        self.find_units();
        self.find_names();
        self.resolve_matrices();
        self.resolve_defaults(declare::Known::Nothing);
        self.resolve_inputs();
        self.resolve_signatures();
        self.resolve_defaults(declare::Known::Inputs);
        self.resolve_interpreters();
        self.resolve_people();
        self.resolve_declarations();
        self.resolve_procedures();
        self.resolve_root();
    }

    fn report(&mut self, mistake: Diagnostic) {
        let of_file = self.diagnostics.entry(mistake.span().source);
        diagnostic::add(of_file.or_default(), mistake);
    }

    fn error(
        &mut self,
        code: Code,
        message: impl Into<String>,
        span: Span,
        here: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Diagnostic::error(code, message, span, here).help(help));
    }

    /// The nearest of some names, unless there are so many mistakes that looking for it takes too long.
    fn near<'c>(
        &mut self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<String> {
        if self.searched >= MOST_SEARCHES {
            return None;
        }
        self.searched += 1;
        // Sorted, because names come out of tables that have no order.
        let mut candidates: Vec<&str> = candidates.into_iter().collect();
        candidates.sort_unstable();
        runbook_grammar::nearest(word, candidates).map(str::to_owned)
    }

    /// How many names are worth gathering for [`Resolver::near`]: none, once it has stopped.
    fn worth_gathering(&self) -> usize {
        if self.searched < MOST_SEARCHES {
            usize::MAX
        } else {
            0
        }
    }

    fn broken(&mut self) {
        self.broken = Broken::Yes;
    }

    fn unit(&self) -> &units::Unit<'a> {
        &self.units[self.here]
    }

    fn new_var(&mut self, name: &str, ty: Type, span: Span) -> VarId {
        let id = VarId(narrow(self.plan.vars.len()));
        self.plan.vars.push(Var {
            name: name.to_owned(),
            ty,
            span,
        });
        id
    }

    /// A place for a node, so that nodes are numbered as they stand in the text.
    fn reserve(&mut self, span: Span) -> NodeId {
        let id = NodeId(narrow(self.plan.nodes.len()));
        self.plan.nodes.push(Node {
            kind: NodeKind::Return(None),
            span,
        });
        id
    }

    fn fill(&mut self, id: NodeId, kind: NodeKind) {
        self.plan.nodes[id.index()].kind = kind;
    }
}

/// An index as an id's number; a file is far too small to pass it.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
