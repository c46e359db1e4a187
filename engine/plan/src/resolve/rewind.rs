//! Checkpoints, snapshots and points of no return along one flow.
//!
//! A place lies on the way to another if every branch it stands in is still open there. Branches are counted,
//! never compared one by one, so looking back is as cheap at the end of a long runbook as at its start.

use super::scope::Names;
use super::{Resolver, blocks::Around};
use crate::codes;
use crate::ids::NodeId;
use crate::plan::NodeKind;
use runbook_grammar::ast;
use runbook_grammar::diagnostic::Diagnostic;
use runbook_grammar::span::Span;

/// Where something happened.
#[derive(Clone, Copy, Debug)]
struct Spot {
    /// How many branches were open, and which the innermost.
    depth: usize,
    branch: u32,
    order: u32,
    span: Span,
}

#[derive(Clone, Debug)]
struct Branch {
    id: u32,
    /// The last step in this branch that cannot be undone.
    irreversible: Option<Spot>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Trail<'a> {
    branches: Vec<Branch>,
    next_branch: u32,
    next_order: u32,
    /// Outside of all branches.
    irreversible: Option<Spot>,
    checkpoints: Names<'a, Vec<(Spot, NodeId)>>,
    first: Names<'a, NodeId>,
    snapshots: Names<'a, Vec<Spot>>,
}

impl<'a> Trail<'a> {
    /// Enters what may not be run at all, or not to its end.
    pub fn enter(&mut self) {
        self.next_branch += 1;
        self.branches.push(Branch {
            id: self.next_branch,
            irreversible: None,
        });
    }

    pub fn leave(&mut self) {
        self.branches.pop();
    }

    fn spot(&mut self, span: Span) -> Spot {
        self.next_order += 1;
        Spot {
            depth: self.branches.len(),
            branch: self.branches.last().map_or(0, |branch| branch.id),
            order: self.next_order,
            span,
        }
    }

    fn on_the_way(&self, spot: &Spot) -> bool {
        spot.depth == 0
            || self
                .branches
                .get(spot.depth - 1)
                .is_some_and(|branch| branch.id == spot.branch)
    }

    pub fn irreversible(&mut self, span: Span) {
        let spot = self.spot(span);
        match self.branches.last_mut() {
            Some(branch) => branch.irreversible = Some(spot),
            None => self.irreversible = Some(spot),
        }
    }

    pub fn has_no_return(&self) -> bool {
        self.no_return().is_some()
    }

    pub fn checkpoint(&mut self, name: &'a str, node: NodeId, span: Span) {
        let spot = self.spot(span);
        let _ = self.first.insert(name, node, span);
        match self.checkpoints.get_mut(name) {
            Some(spots) => spots.push((spot, node)),
            None => {
                let _ = self.checkpoints.insert(name, vec![(spot, node)], span);
            }
        }
    }

    pub fn snapshot(&mut self, name: &'a str, span: Span) {
        let spot = self.spot(span);
        match self.snapshots.get_mut(name) {
            Some(spots) => spots.push(spot),
            None => {
                let _ = self.snapshots.insert(name, vec![spot], span);
            }
        }
    }

    /// The first checkpoint of this name, wherever it stands.
    pub fn first_checkpoint(&self, name: &str) -> Option<NodeId> {
        self.first.get(name).copied()
    }

    pub fn checkpoint_names(&self) -> Vec<&'a str> {
        self.first.keys().collect()
    }

    /// The checkpoint of this name that was surely passed, the nearest first.
    fn passed(&mut self, name: &str) -> Option<(Spot, NodeId)> {
        // A branch that is closed never opens again: what lies in it need not be looked at twice.
        let mut spots = std::mem::take(self.checkpoints.get_mut(name)?);
        while let Some((spot, _)) = spots.last() {
            if self.on_the_way(spot) {
                break;
            }
            spots.pop();
        }
        let found = spots.last().copied();
        if let Some(place) = self.checkpoints.get_mut(name) {
            *place = spots;
        }
        found
    }

    fn taken(&self, name: &str) -> bool {
        self.snapshots
            .get(name)
            .is_some_and(|spots| spots.iter().rev().any(|spot| self.on_the_way(spot)))
    }

    /// The nearest step on the way that cannot be undone.
    fn no_return(&self) -> Option<Spot> {
        self.branches
            .iter()
            .map(|branch| branch.irreversible)
            .chain([self.irreversible])
            .flatten()
            .max_by_key(|spot| spot.order)
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn rewind(
        &mut self,
        to: &'a ast::Path,
        span: Span,
        around: &Around,
    ) -> Option<NodeKind> {
        if let Some(branch) = around.branch {
            self.report(
                Diagnostic::error(
                    codes::LEAVES_BRANCH,
                    "`rewind to` stands in a branch of a `parallel`",
                    span,
                    "would undo what other branches do",
                )
                .label(branch, "the branches begin here")
                .help("let the branch fail, and rewind after the `parallel`"),
            );
        }
        let (checkpoint, node) = self.checkpoint_passed(to, "`rewind to`")?;
        if let Some(irreversible) = self.trail.no_return()
            && irreversible.order > checkpoint.order
        {
            self.report(
                Diagnostic::error(
                    codes::REWIND_ACROSS,
                    "`rewind to` leads back across a step that cannot be undone",
                    span,
                    "would go back across it",
                )
                .label(irreversible.span, "cannot be undone")
                .label(checkpoint.span, "goes back to here")
                .help("put a checkpoint after the irreversible step and rewind to that, or finish"),
            );
        }
        Some(NodeKind::Rewind(node))
    }

    fn checkpoint_passed(&mut self, to: &'a ast::Path, what: &str) -> Option<(Spot, NodeId)> {
        let name = to.names.last()?;
        if to.names.len() == 1
            && let Some(found) = self.trail.passed(&name.text)
        {
            return Some(found);
        }
        self.no_checkpoint(name, to.span, what);
        None
    }

    fn no_checkpoint(&mut self, name: &ast::Name, span: Span, what: &str) {
        let known: Vec<&str> = self
            .trail
            .checkpoints
            .keys()
            .take(self.worth_gathering())
            .collect();
        let diagnostic = if let Some(declared) = self.trail.checkpoints.span(&name.text) {
            Diagnostic::error(
                codes::NO_CHECKPOINT,
                format!(
                    "the checkpoint `{}` may not have been passed here",
                    name.text
                ),
                span,
                format!("named by {what}"),
            )
            .label(declared, "stands in a branch that is left")
            .help("put the checkpoint before the branches, on the way to here")
        } else {
            let help = match self.near(&name.text, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a checkpoint that stands before, in the same procedure".to_owned(),
            };
            Diagnostic::error(
                codes::NO_CHECKPOINT,
                format!("no checkpoint before this is called `{}`", name.text),
                span,
                format!("named by {what}"),
            )
            .help(help)
        };
        self.report(diagnostic);
    }

    /// `after 30m since restored`
    pub(super) fn since(&mut self, name: &'a ast::Name) -> Option<NodeId> {
        if let Some((_, node)) = self.trail.passed(&name.text) {
            return Some(node);
        }
        self.no_checkpoint(name, name.span, "`since`");
        None
    }

    pub(super) fn compare(
        &mut self,
        before: &'a ast::Name,
        after: &'a ast::Name,
    ) -> Option<NodeKind> {
        let mut whole = true;
        for name in [before, after] {
            if self.trail.taken(&name.text) {
                continue;
            }
            whole = false;
            let known: Vec<&str> = self
                .trail
                .snapshots
                .keys()
                .take(self.worth_gathering())
                .collect();
            let help = match self.near(&name.text, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("take it before this: `snapshot {} {{ … }}`", name.text),
            };
            let message = match self.trail.snapshots.span(&name.text) {
                Some(_) => format!("the snapshot `{}` may not have been taken here", name.text),
                None => format!("no snapshot before this is called `{}`", name.text),
            };
            self.error(
                codes::NO_SNAPSHOT,
                message,
                name.span,
                "compared here",
                help,
            );
        }
        whole.then(|| NodeKind::Compare {
            before: before.text.clone(),
            after: after.text.clone(),
        })
    }
}
