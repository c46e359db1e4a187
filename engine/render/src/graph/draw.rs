//! From a plan to a graph.

use super::{Chart, Edge, Graph, Group, Kind, Node, Place, Way, one_line};
use crate::names::humane;
use runbook_grammar::source::Sources;
use runbook_grammar::span::{SourceId, Span};
use runbook_plan::Plan;
use runbook_plan::expr::{Expr, ExprKind, Template, TemplatePart};
use runbook_plan::ids::{BlockId, NodeId, ProcedureId, VarId};
use runbook_plan::plan::{LetValue, Manual, NodeKind, Within, WithinElse};
use runbook_plan::value::Value;
use runbook_plan::{show, walk};
use std::collections::{BTreeMap, BTreeSet};

/// The graph of a runbook or a module. `sources` are those that the plan was made from. What the standard library
/// carries out is a box, and not drawn further.
pub fn graph(plan: &Plan, sources: &Sources) -> Graph {
    let mut ids = 0;
    let mut back = BTreeMap::new();
    let mut charts = Vec::new();
    if let Some(root) = plan.root {
        let mut pen = Pen::new(plan, sources, &mut ids, &mut back);
        pen.whole(root, "End: resolved");
        charts.push(pen.done(None, plan.title.clone(), None));
    }
    for id in procedures(plan, sources) {
        let procedure = &plan.procedures[id.index()];
        let mut pen = Pen::new(plan, sources, &mut ids, &mut back);
        pen.whole(procedure.block, RETURN);
        let title = pen.text(&procedure.title);
        let title = match title.is_empty() || title == procedure.name {
            true => humane(last(&procedure.name)),
            false => title,
        };
        let span = plan.blocks[procedure.block.index()].span;
        let chart = pen.done(Some(procedure.name.clone()), title, Some(span));
        if chart.deeds() > 0 {
            charts.push(chart);
        }
    }
    let drawn: BTreeSet<String> = charts
        .iter()
        .filter_map(|chart| chart.procedure.clone())
        .collect();
    for node in charts.iter_mut().flat_map(|chart| &mut chart.nodes) {
        node.calls = node.calls.take().filter(|name| drawn.contains(name));
    }
    Graph {
        title: one_line(&plan.title),
        shows: None,
        charts,
    }
}

/// Those of the file itself, and all that the flow and they carry out; in the order of the plan.
fn procedures(plan: &Plan, sources: &Sources) -> Vec<ProcedureId> {
    let ids = || (0..plan.procedures.len()).map(|index| ProcedureId(index as u32));
    let block_of = |id: ProcedureId| plan.procedures[id.index()].block;
    let own = |id: &ProcedureId| plan.blocks[block_of(*id).index()].span.source == SourceId(0);
    let mut found: BTreeSet<ProcedureId> = ids().filter(own).collect();
    let mut open: Vec<BlockId> = plan.root.into_iter().collect();
    open.extend(found.iter().map(|id| block_of(*id)));
    while let Some(block) = open.pop() {
        let block = &plan.blocks[block.index()];
        open.extend(block.policies.undo);
        open.extend(block.policies.on_failure);
        open.extend(block.policies.always);
        for node in &block.nodes {
            let kind = &plan.nodes[node.index()].kind;
            open.extend(walk::blocks(kind));
            if let NodeKind::Do { procedure, .. } = kind
                && found.insert(*procedure)
            {
                open.push(block_of(*procedure));
            }
        }
    }
    let ours = |id: &ProcedureId| {
        let span = plan.blocks[block_of(*id).index()].span;
        found.contains(id) && !sources.get(span.source).name.starts_with("std.")
    };
    ids().filter(ours).collect()
}

/// Where a procedure comes to its end, and not the run.
const RETURN: &str = "Return";

/// A way that is not yet joined to what comes next.
#[derive(Clone)]
struct Loose {
    from: usize,
    label: Option<String>,
    kind: Way,
    into: Vec<BlockId>,
}

struct Pen<'a> {
    plan: &'a Plan,
    sources: &'a Sources,
    ids: &'a mut usize,
    groups: Vec<Group>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// The edges that ways were joined by, as indices.
    joined: BTreeMap<(usize, usize, Way), usize>,
    /// The group and the names that what is drawn stands in.
    group: Option<usize>,
    path: String,
    /// The same as the document has it: what an attempt falls back to stands below the attempt's name there.
    anchor: String,
    drawn: BTreeMap<NodeId, usize>,
    /// Rewinds, with the checkpoints they go back to.
    rewinds: Vec<(usize, NodeId)>,
    back: &'a mut BTreeMap<ProcedureId, Back>,
}

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    /// It may be gone on from.
    Comes,
    /// The run ends in it.
    Never,
}

impl<'a> Pen<'a> {
    fn new(
        plan: &'a Plan,
        sources: &'a Sources,
        ids: &'a mut usize,
        back: &'a mut BTreeMap<ProcedureId, Back>,
    ) -> Pen<'a> {
        Pen {
            plan,
            sources,
            ids,
            groups: Vec::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
            joined: BTreeMap::new(),
            group: None,
            path: String::new(),
            anchor: String::new(),
            drawn: BTreeMap::new(),
            rewinds: Vec::new(),
            back,
        }
    }

    /// From its start to its end, `end` being what running off it means.
    fn whole(&mut self, block: BlockId, end: &str) {
        let start = self.node(Kind::Start, "Start");
        let loose = self.block(block, vec![plainly(start)]);
        if !loose.is_empty() {
            let end = self.node(Kind::End, end);
            self.join(loose, end);
        }
        for (from, to) in std::mem::take(&mut self.rewinds) {
            if let Some(to) = self.drawn.get(&to) {
                self.edges.push(Edge {
                    from,
                    to: *to,
                    label: Some("undo".to_owned()),
                    kind: Way::Undo,
                    taken: None,
                    into: Vec::new(),
                });
            }
        }
    }

    fn done(self, procedure: Option<String>, title: String, span: Option<Span>) -> Chart {
        Chart {
            procedure,
            title: one_line(&title),
            groups: self.groups,
            nodes: self.nodes,
            edges: self.edges,
            span,
        }
    }

    fn fresh(&mut self) -> usize {
        *self.ids += 1;
        *self.ids
    }

    fn node(&mut self, kind: Kind, title: &str) -> usize {
        let id = self.fresh();
        self.nodes.push(Node {
            id,
            kind,
            within: self.group,
            path: None,
            anchor: None,
            title: one_line(title),
            notes: Vec::new(),
            calls: None,
            place: None,
            mark: None,
            of: None,
            block: None,
        });
        id
    }

    /// A node that stands for a statement, joined to what came before.
    fn drawn(&mut self, of: NodeId, kind: Kind, title: &str, loose: Vec<Loose>) -> usize {
        let id = self.node(kind, title);
        self.drawn.insert(of, id);
        let span = self.plan.nodes[of.index()].span;
        if let Some(node) = self.nodes.last_mut() {
            node.of = Some(of);
            node.place = Some(Place {
                file: self.sources.get(span.source).name.clone(),
                line: self.sources.line(span.source, span.start as usize),
            });
        }
        self.join(loose, id);
        id
    }

    fn last(&mut self, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.last_mut() {
            change(node);
        }
    }

    /// Two ways from one place to one other are one line with both labels.
    fn join(&mut self, loose: Vec<Loose>, to: usize) {
        for way in loose {
            let key = (way.from, to, way.kind);
            if let Some(edge) = self.joined.get(&key).and_then(|at| self.edges.get_mut(*at)) {
                edge.label = match (edge.label.take(), way.label) {
                    (Some(a), Some(b)) if a != b => Some(format!("{a} / {b}")),
                    (a, b) => a.or(b),
                };
                edge.into.extend(way.into);
                continue;
            }
            self.joined.insert(key, self.edges.len());
            self.edges.push(Edge {
                from: way.from,
                to,
                label: way.label,
                kind: way.kind,
                taken: None,
                into: way.into,
            });
        }
    }

    fn named(&self, name: &str) -> String {
        joined(&self.path, name)
    }

    /// Gives the node just drawn its name.
    fn name_last(&mut self, name: &str) {
        let (path, anchor) = (joined(&self.path, name), joined(&self.anchor, name));
        self.last(|node| {
            node.path = Some(path);
            node.anchor = Some(anchor);
        });
    }

    /// Draws what stands below a name.
    fn below(
        &mut self,
        name: Option<&str>,
        draw: impl FnOnce(&mut Self) -> Vec<Loose>,
    ) -> Vec<Loose> {
        let outer = (self.path.clone(), self.anchor.clone());
        if let Some(name) = name {
            self.path = joined(&self.path, name);
            self.anchor = joined(&self.anchor, name);
        }
        let loose = draw(self);
        (self.path, self.anchor) = outer;
        loose
    }

    /// The nodes of a block, and what it does when it fails or is left.
    fn block(&mut self, id: BlockId, mut loose: Vec<Loose>) -> Vec<Loose> {
        let plan = self.plan;
        let block = &plan.blocks[id.index()];
        for node in &block.nodes {
            loose = self.statement(*node, loose);
        }
        if let Some(handler) = block.policies.on_failure
            && self.has_nodes(handler)
        {
            let from = self.node(Kind::Failure, "If anything here fails");
            let way = Loose {
                kind: Way::Failure,
                into: vec![handler],
                ..plainly(from)
            };
            // The failure goes on after that, out of all that is drawn here.
            self.block(handler, vec![way]);
        }
        if let Some(always) = block.policies.always
            && self.has_nodes(always)
        {
            if loose.is_empty() {
                loose.push(plainly(
                    self.node(Kind::Failure, "Whatever happens, at the end"),
                ));
            }
            loose = self.block(always, loose);
        }
        loose
    }

    fn statement(&mut self, of: NodeId, loose: Vec<Loose>) -> Vec<Loose> {
        let plan = self.plan;
        match &plan.nodes[of.index()].kind {
            NodeKind::Section {
                name,
                title,
                within,
                block,
            } => {
                let id = self.fresh();
                let mut notes = Vec::new();
                notes.extend(
                    within
                        .as_ref()
                        .map(|time| format!("within {}", self.amount(time))),
                );
                notes.extend(self.only_if(*block));
                let empty = self.nodes.len();
                self.groups.push(Group {
                    id,
                    within: self.group,
                    path: name.as_ref().map(|name| self.named(name)),
                    title: self.titled(title, name.as_deref().unwrap_or("section")),
                    notes,
                });
                let outer = self.group.replace(id);
                let loose = self.below(name.as_deref(), |pen| pen.block(*block, loose));
                self.group = outer;
                if self.nodes.len() == empty {
                    self.groups.pop();
                }
                loose
            }
            NodeKind::Step {
                name,
                title,
                block,
                manual,
            } => {
                let kind = match manual {
                    Manual::Yes => Kind::Manual,
                    Manual::No => Kind::Step,
                };
                let title = self.titled(title, name);
                let id = self.drawn(of, kind, &title, loose);
                let policies = &plan.blocks[block.index()].policies;
                let mut notes: Vec<String> = self.only_if(*block).into_iter().collect();
                if policies.irreversible.is_some() {
                    notes.push("cannot be undone".to_owned());
                } else if policies.undo.is_some() {
                    notes.push("can be undone".to_owned());
                }
                self.name_last(name);
                self.last(|node| {
                    node.block = Some(*block);
                    node.notes = notes;
                });
                if let Some(handler) = policies.on_failure
                    && self.has_nodes(handler)
                {
                    let way = Loose {
                        label: Some("fails".to_owned()),
                        kind: Way::Failure,
                        into: vec![handler],
                        ..plainly(id)
                    };
                    self.block(handler, vec![way]);
                }
                vec![plainly(id)]
            }
            NodeKind::Checkpoint {
                name,
                title,
                after,
                block,
                ..
            } => {
                let title = self.titled(title, name);
                let id = self.drawn(of, Kind::Checkpoint, &title, loose);
                self.name_last(name);
                let after = after
                    .as_ref()
                    .map(|time| format!("after {}", self.amount(time)));
                self.last(|node| {
                    node.block = Some(*block);
                    node.notes.extend(after);
                });
                vec![plainly(id)]
            }
            NodeKind::If { arms, otherwise } => {
                let blocks = arms.iter().map(|(_, block)| *block).chain(*otherwise);
                if !blocks.into_iter().any(|block| self.has_nodes(block)) {
                    return loose;
                }
                let mut out = Vec::new();
                let mut not = loose;
                for (at, (condition, block)) in arms.iter().enumerate() {
                    let title = format!("{}?", self.words(condition));
                    let id = match at {
                        0 => self.drawn(of, Kind::Decision, &title, not),
                        _ => {
                            let id = self.node(Kind::Decision, &title);
                            self.join(not, id);
                            id
                        }
                    };
                    let yes = arm(id, "yes", *block);
                    out.extend(self.block(*block, vec![yes]));
                    not = vec![Loose {
                        label: Some("no".to_owned()),
                        ..plainly(id)
                    }];
                }
                match otherwise {
                    Some(block) => {
                        for way in &mut not {
                            way.into.push(*block);
                        }
                        out.extend(self.block(*block, not));
                    }
                    None => out.extend(not),
                }
                out
            }
            NodeKind::Choose {
                question,
                within,
                arms,
                ..
            } => {
                let title = self.text(question);
                let id = self.drawn(of, Kind::Decision, &title, loose);
                let mut out = Vec::new();
                for (at, one) in arms.iter().enumerate() {
                    let mut label = self.text(&one.label);
                    if let Some(Within {
                        limit,
                        otherwise: Some(WithinElse::Arm(index)),
                    }) = within.as_deref()
                        && *index == at
                    {
                        label.push_str(&format!(", or nothing for {}", self.amount(limit)));
                    }
                    out.extend(self.block(one.block, vec![arm(id, &label, one.block)]));
                }
                out
            }
            NodeKind::Decide { matrix, arms, .. } => {
                let name = &plan.matrices[matrix.index()].name;
                let title = format!("{}?", humane(last(name)));
                let id = self.drawn(of, Kind::Decision, &title, loose);
                let mut out = Vec::new();
                for one in arms {
                    let values: Vec<String> = one.values.iter().map(show::value).collect();
                    let way = arm(id, &values.join(", "), one.block);
                    out.extend(self.block(one.block, vec![way]));
                }
                out
            }
            NodeKind::Attempt {
                name,
                title,
                within,
                block,
                otherwise,
            } => {
                let title = self.titled(title, name);
                let id = self.drawn(of, Kind::Attempt, &title, loose);
                self.name_last(name);
                let within = within.as_ref().map(|time| self.amount(time));
                let mut out = self.below(Some(name), |pen| {
                    pen.block(*block, vec![arm(id, "try", *block)])
                });
                if let Some(otherwise) = otherwise {
                    let label = within.map_or("fails".to_owned(), |limit| {
                        format!("fails, or takes over {limit}")
                    });
                    let way = Loose {
                        kind: Way::Failure,
                        ..arm(id, &label, *otherwise)
                    };
                    let outer = self.anchor.clone();
                    self.anchor = joined(&outer, name);
                    out.extend(self.block(*otherwise, vec![way]));
                    self.anchor = outer;
                }
                out
            }
            NodeKind::Parallel { title, block, .. } => {
                let title = title.as_ref().map(|title| self.text(title));
                let title = title.unwrap_or_else(|| "At the same time".to_owned());
                let id = self.drawn(of, Kind::Fork, &title, loose);
                let mut out = Vec::new();
                for branch in &plan.blocks[block.index()].nodes {
                    let before = self.nodes.len();
                    let ways = self.statement(*branch, vec![plainly(id)]);
                    if self.nodes.len() > before {
                        out.extend(ways);
                    }
                }
                match out.is_empty() {
                    true => vec![plainly(id)],
                    false => out,
                }
            }
            NodeKind::For {
                var,
                items,
                parallel,
                block,
            } => {
                if !self.has_nodes(*block) {
                    return loose;
                }
                let each = &plan.vars[var.index()].name;
                let title = format!("For each {each} in {}", self.words(items));
                let id = self.drawn(of, Kind::Loop, &title, loose);
                if parallel.is_some() {
                    self.last(|node| node.notes.push("at the same time".to_owned()));
                }
                let ways = self.block(*block, vec![arm(id, "next", *block)]);
                self.join(ways, id);
                vec![Loose {
                    label: Some("all done".to_owned()),
                    ..plainly(id)
                }]
            }
            NodeKind::Wait(time) => {
                let title = format!("Wait {}", self.amount(time));
                vec![plainly(self.drawn(of, Kind::Wait, &title, loose))]
            }
            NodeKind::WaitUpTo { limit, .. } => {
                let title = format!("Wait up to {}", self.amount(limit));
                vec![plainly(self.drawn(of, Kind::Wait, &title, loose))]
            }
            NodeKind::Watch { lasting, .. } => {
                let title = format!("Watch for {}", self.amount(lasting));
                vec![plainly(self.drawn(of, Kind::Wait, &title, loose))]
            }
            NodeKind::Do {
                procedure,
                name,
                args,
                ..
            } => {
                let title = self.called(*procedure, name, args);
                let id = self.drawn(of, Kind::Call, &title, loose);
                self.name_last(name);
                let calls = plan.procedures[procedure.index()].name.clone();
                self.last(|node| node.calls = Some(calls));
                match self.comes_back(*procedure) {
                    Back::Comes => vec![plainly(id)],
                    Back::Never => Vec::new(),
                }
            }
            NodeKind::Escalate { to, .. } => {
                let contact = &plan.contacts[to.index()];
                let whom = match contact.title.is_empty() {
                    true => &contact.name,
                    false => &contact.title,
                };
                let title = format!("Escalate to {whom}");
                vec![plainly(self.drawn(of, Kind::Escalate, &title, loose))]
            }
            NodeKind::Rewind(to) => {
                let back = match &plan.nodes[to.index()].kind {
                    NodeKind::Checkpoint { title, name, .. } => self.titled(title, name),
                    _ => "start".to_owned(),
                };
                let title = format!("Undo, back to: {back}");
                let id = self.drawn(of, Kind::Undo, &title, loose);
                self.rewinds.push((id, *to));
                vec![plainly(id)]
            }
            NodeKind::Finish { outcome, .. } => {
                let title = format!("End: {}", show::outcome(*outcome));
                self.drawn(of, Kind::End, &title, loose);
                Vec::new()
            }
            NodeKind::Return(_) => {
                self.drawn(of, Kind::End, RETURN, loose);
                Vec::new()
            }
            NodeKind::Prose(_)
            | NodeKind::Warning(_)
            | NodeKind::Let {
                value: LetValue::Expr(_) | LetValue::Command(_) | LetValue::Request(_),
                ..
            }
            | NodeKind::Notify(_)
            | NodeKind::FollowUp(_)
            | NodeKind::Command { .. }
            | NodeKind::Request { .. }
            | NodeKind::Ask(_)
            | NodeKind::Confirm { .. }
            | NodeKind::Item { .. }
            | NodeKind::Approve { .. }
            | NodeKind::Expect { .. }
            | NodeKind::Check { .. }
            | NodeKind::Snapshot { .. }
            | NodeKind::Compare { .. }
            | NodeKind::Todo(_) => loose,
        }
    }

    /// Procedures do not call themselves.
    fn comes_back(&mut self, id: ProcedureId) -> Back {
        if let Some(known) = self.back.get(&id) {
            return *known;
        }
        let mut ids = 0;
        let mut pen = Pen::new(self.plan, self.sources, &mut ids, self.back);
        pen.whole(self.plan.procedures[id.index()].block, RETURN);
        let back = match pen
            .nodes
            .iter()
            .any(|node| node.kind == Kind::End && node.title == RETURN)
        {
            true => Back::Comes,
            false => Back::Never,
        };
        self.back.insert(id, back);
        back
    }

    /// Whether anything of a block is drawn.
    fn has_nodes(&self, block: BlockId) -> bool {
        let nodes = &self.plan.blocks[block.index()].nodes;
        nodes
            .iter()
            .any(|node| match &self.plan.nodes[node.index()].kind {
                NodeKind::Step { .. }
                | NodeKind::Checkpoint { .. }
                | NodeKind::Wait(_)
                | NodeKind::WaitUpTo { .. }
                | NodeKind::Watch { .. }
                | NodeKind::Do { .. }
                | NodeKind::Escalate { .. }
                | NodeKind::Finish { .. }
                | NodeKind::Return(_)
                | NodeKind::Rewind(_)
                | NodeKind::Choose { .. }
                | NodeKind::Decide { .. }
                | NodeKind::Attempt { .. }
                | NodeKind::Parallel { .. } => true,
                kind @ (NodeKind::Section { .. } | NodeKind::If { .. } | NodeKind::For { .. }) => {
                    let blocks = walk::blocks(kind);
                    blocks.into_iter().any(|block| self.has_nodes(block))
                }
                _ => false,
            })
    }

    fn only_if(&self, block: BlockId) -> Option<String> {
        let only_if = self.plan.blocks[block.index()].policies.only_if.as_ref()?;
        Some(format!("only if {}", self.words(only_if)))
    }

    /// A string as a reader sees it: values that are filled in later stand in angle brackets, `⟨name⟩`.
    fn text(&self, template: &Template) -> String {
        self.filled(template, |_| None)
    }

    fn filled(&self, template: &Template, known: impl Fn(VarId) -> Option<String>) -> String {
        let parts = template.parts.iter().map(|part| match part {
            TemplatePart::Text(text) => text.clone(),
            TemplatePart::Hole(value) => {
                let known = match &value.kind {
                    ExprKind::Var(var) => known(*var),
                    _ => None,
                };
                known.unwrap_or_else(|| format!("⟨{}⟩", self.words(value)))
            }
        });
        one_line(&parts.collect::<String>())
    }

    fn titled(&self, title: &Template, name: &str) -> String {
        match self.text(title) {
            text if text.is_empty() => humane(name),
            text => text,
        }
    }

    /// What a call carries out, with what is given to it filled in as far as the text says.
    fn called(&self, procedure: ProcedureId, name: &str, args: &[(VarId, Expr)]) -> String {
        let called = &self.plan.procedures[procedure.index()];
        let text = self.filled(&called.title, |var| {
            let (_, given) = args.iter().find(|(formal, _)| *formal == var)?;
            match &given.kind {
                ExprKind::Text(text) => Some(self.text(text)),
                ExprKind::Literal(Value::Text(text)) => Some(text.clone()),
                ExprKind::Var(_) => Some(format!("⟨{}⟩", self.words(given))),
                _ => None,
            }
        });
        match text.is_empty() || text == called.name {
            true => humane(last(name)),
            false => text,
        }
    }

    /// An expression as its author wrote it, on one line; one that fills a hole, without the braces of that.
    fn words(&self, value: &Expr) -> String {
        let source = self.sources.get(value.span.source);
        let text = source.text.get(value.span.range()).unwrap_or_default();
        let held = text
            .strip_prefix("{{")
            .and_then(|text| text.strip_suffix("}}"));
        one_line(held.unwrap_or(text))
    }

    /// A time or a count: what is filled in later stands in angle brackets.
    fn amount(&self, value: &Expr) -> String {
        match &value.kind {
            ExprKind::Literal(value) => show::value(value),
            ExprKind::Var(_) | ExprKind::Field(..) => format!("⟨{}⟩", self.words(value)),
            _ => self.words(value),
        }
    }
}

fn joined(path: &str, name: &str) -> String {
    match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    }
}

fn plainly(from: usize) -> Loose {
    Loose {
        from,
        label: None,
        kind: Way::Flow,
        into: Vec::new(),
    }
}

fn arm(from: usize, label: &str, block: BlockId) -> Loose {
    Loose {
        label: Some(one_line(label)),
        into: vec![block],
        ..plainly(from)
    }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
