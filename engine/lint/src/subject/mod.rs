//! A file as the rules look at it: its statements in one row, its commands read by their shells, and what the plan
//! knows of each.
//!
//! | file | what it holds |
//! |---|---|
//! | [`children`] | blocks, commands, texts and expressions of one statement |
//! | [`commands`] | commands with the words their shell reads |
//! | [`names`] | which names a file uses |
//! | [`values`] | what a value may hold |

use std::collections::BTreeMap;

use runbook_grammar::ast::{self, FileKind, Stmt, StmtKind};
use runbook_grammar::source::Sources;
use runbook_grammar::span::Span;
use runbook_plan::Plan;
use runbook_plan::ids::{BlockId, CommandId, NodeId};
use runbook_plan::plan::{Node, NodeKind};

pub mod children;
pub mod commands;
pub mod names;
pub mod values;

use children::{Purpose, Slot};
use commands::{Command, Request};
use names::Uses;

/// A day of the calendar.
pub type Day = jiff::civil::Date;

/// What is looked over: a file without mistakes.
pub struct Subject<'a> {
    pub sources: &'a Sources,
    /// The file itself; of what it uses only the plan tells.
    pub file: &'a ast::File,
    pub plan: &'a Plan,
    /// Missing where nobody said which day it is; then nothing is overdue.
    pub today: Option<Day>,
    /// Every statement, outer before inner, in the order of the text.
    pub sites: Vec<Site<'a>>,
    pub commands: Vec<Command<'a>>,
    pub requests: Vec<Request<'a>>,
    pub uses: Uses<'a>,
    origins: values::Origins<'a>,
    nodes: BTreeMap<(u32, u32), NodeId>,
}

/// Index into [`Subject::sites`].
pub type SiteId = usize;

/// A statement and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    pub stmt: &'a Stmt,
    pub parent: Option<SiteId>,
    /// Which block of its parent it stands in.
    pub slot: Slot,
}

impl<'a> Subject<'a> {
    pub fn new(
        sources: &'a Sources,
        file: &'a ast::File,
        plan: &'a Plan,
        today: Option<Day>,
    ) -> Subject<'a> {
        let mut sites = Vec::new();
        gather(&file.body, None, Slot::Root, &mut sites);
        let here = |span: Span| span.source == file.source;
        let key = |span: Span| (span.start, span.end);
        let mut nodes = BTreeMap::new();
        for (at, node) in plan.nodes.iter().enumerate().filter(|(_, n)| here(n.span)) {
            nodes.entry(key(node.span)).or_insert(NodeId(narrow(at)));
        }
        let mut known = BTreeMap::new();
        for (at, command) in plan.commands.iter().enumerate() {
            if here(command.span) {
                known
                    .entry(key(command.span))
                    .or_insert(CommandId(narrow(at)));
            }
        }
        let (commands, requests) = commands::gather(&sites, plan, &known);
        let uses = names::gather(&sites);
        Subject {
            sources,
            file,
            plan,
            today,
            sites,
            commands,
            requests,
            uses,
            origins: values::origins(plan),
            nodes,
        }
    }

    pub fn is_runbook(&self) -> bool {
        self.kind() == Some(FileKind::Runbook)
    }

    fn kind(&self) -> Option<FileKind> {
        self.file.header.as_ref().map(|header| header.kind)
    }

    /// The heading, for what is missing from the whole file.
    pub fn header(&self) -> Span {
        self.file
            .header
            .as_ref()
            .map(|header| header.title.span)
            .unwrap_or_default()
    }

    /// Statements with their places, of one kind or all.
    pub fn each(&self) -> impl Iterator<Item = (SiteId, &'a Stmt)> + '_ {
        self.sites
            .iter()
            .enumerate()
            .map(|(at, site)| (at, site.stmt))
    }

    /// What a statement stands in, innermost first.
    pub fn around(&self, site: SiteId) -> impl Iterator<Item = SiteId> + '_ {
        std::iter::successors(self.sites[site].parent, |at| self.sites[*at].parent)
    }

    /// The step that a statement stands in, directly or deeper.
    pub fn step_of(&self, site: SiteId) -> Option<SiteId> {
        std::iter::once(site)
            .chain(self.around(site))
            .find(|at| matches!(self.sites[*at].stmt.kind, StmtKind::Step { .. }))
    }

    /// The statements that stand directly in one, in order.
    pub fn inside(&self, site: SiteId) -> impl Iterator<Item = (SiteId, &'a Stmt)> + '_ {
        self.below(site)
            .filter(move |(at, _)| self.sites[*at].parent == Some(site))
    }

    /// All statements that stand in one, at any depth.
    pub fn below(&self, site: SiteId) -> impl Iterator<Item = (SiteId, &'a Stmt)> + '_ {
        let end = self.sites[site].stmt.span.end;
        self.sites[site + 1..]
            .iter()
            .enumerate()
            .map(move |(at, inner)| (site + 1 + at, inner.stmt))
            .take_while(move |(_, stmt)| stmt.span.start < end)
    }

    /// What the plan makes of a statement.
    pub fn node(&self, site: SiteId) -> Option<(NodeId, &'a Node)> {
        let span = self.sites[site].stmt.span;
        let id = *self.nodes.get(&(span.start, span.end))?;
        Some((id, &self.plan.nodes[id.index()]))
    }

    /// The plan's block of a statement that has one.
    pub fn block(&self, site: SiteId) -> Option<BlockId> {
        match &self.node(site)?.1.kind {
            NodeKind::Section { block, .. }
            | NodeKind::Step { block, .. }
            | NodeKind::Checkpoint { block, .. }
            | NodeKind::Attempt { block, .. }
            | NodeKind::Parallel { block, .. }
            | NodeKind::For { block, .. }
            | NodeKind::WaitUpTo { block, .. }
            | NodeKind::Watch { block, .. }
            | NodeKind::Check { block, .. } => Some(*block),
            _ => None,
        }
    }

    /// The head of a statement: up to the brace that opens its block.
    pub fn head(&self, site: SiteId) -> Span {
        let stmt = self.sites[site].stmt;
        let text = &self.sources.get(stmt.span.source).text;
        let whole = &text[stmt.span.range()];
        let line = whole.lines().next().unwrap_or_default();
        let line = line.trim_end();
        let line = line.strip_suffix('{').unwrap_or(line).trim_end();
        stmt.span.first(line.len())
    }

    /// What a step itself changes: its acting commands and requests, without those of its `undo` and its handlers.
    pub fn acts(&self, step: SiteId) -> Vec<Span> {
        let own = |site: SiteId| self.step_of(site) == Some(step) && !self.is_handler(site);
        // Both stand in the order of their sites.
        let within = step..step + 1 + self.below(step).count();
        let commands = self.commands.partition_point(|one| one.site < step);
        let requests = self.requests.partition_point(|one| one.site < step);
        let mut acts: Vec<Span> = self.commands[commands..]
            .iter()
            .take_while(|command| within.contains(&command.site))
            .filter(|command| command.acts() && command.purpose == Purpose::Done)
            .filter(|command| own(command.site))
            .map(|command| command.ast.span)
            .chain(
                self.requests[requests..]
                    .iter()
                    .take_while(|request| within.contains(&request.site))
                    .filter(|request| request.acts() && own(request.site))
                    .filter(|request| request.purpose != Purpose::Undo)
                    .map(|request| request.ast.span),
            )
            .collect();
        acts.sort();
        acts
    }

    /// Whether a statement belongs to what takes back or goes on the way out: `undo`, `on failure`, `always`.
    pub fn is_handler(&self, site: SiteId) -> bool {
        std::iter::once(site).chain(self.around(site)).any(|at| {
            matches!(
                self.sites[at].stmt.kind,
                StmtKind::Undo(_) | StmtKind::OnFailure(_) | StmtKind::Always(_)
            )
        })
    }

    /// Whether a policy stands in a block.
    pub fn says(&self, site: SiteId, policy: impl Fn(&StmtKind) -> bool) -> bool {
        self.inside(site).any(|(_, stmt)| policy(&stmt.kind))
    }

    /// How a step is named in a message: its name in backticks.
    pub fn name_of(&self, site: SiteId) -> &'a str {
        match &self.sites[site].stmt.kind {
            StmtKind::Step { name, .. }
            | StmtKind::Checkpoint { name, .. }
            | StmtKind::Attempt { name, .. } => &name.text,
            _ => "",
        }
    }
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The language bounds how deep blocks nest, so this may recurse.
fn gather<'a>(body: &'a [Stmt], parent: Option<SiteId>, slot: Slot, sites: &mut Vec<Site<'a>>) {
    for stmt in body {
        let own = sites.len();
        sites.push(Site { stmt, parent, slot });
        for (slot, block) in children::blocks(stmt) {
            gather(&block.body, Some(own), slot, sites);
        }
    }
}
