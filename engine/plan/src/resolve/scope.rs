//! Which name means what, where.

#![expect(
    clippy::disallowed_types,
    reason = "names are only looked up; whoever walks them sorts them first, so no order shows"
)]

use std::collections::HashMap;

use crate::ids::VarId;
use crate::value::{SecretId, Type};
use runbook_grammar::span::Span;

/// Names of one kind, unique among themselves.
#[derive(Clone, Debug)]
pub(crate) struct Names<'a, T> {
    map: HashMap<&'a str, (T, Span)>,
}

impl<T> Default for Names<'_, T> {
    fn default() -> Self {
        Names {
            map: HashMap::new(),
        }
    }
}

impl<'a, T> Names<'a, T> {
    /// Where the name stands already, if it is taken; then nothing changes.
    pub fn insert(&mut self, name: &'a str, value: T, span: Span) -> Result<(), Span> {
        match self.map.entry(name) {
            std::collections::hash_map::Entry::Occupied(taken) => Err(taken.get().1),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert((value, span));
                Ok(())
            }
        }
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        self.map.get(name).map(|(value, _)| value)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.map.get_mut(name).map(|(value, _)| value)
    }

    pub fn span(&self, name: &str) -> Option<Span> {
        self.map.get(name).map(|(_, span)| *span)
    }

    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// In no order: whoever shows them sorts them.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.map.keys().copied()
    }
}

/// What a name in an expression or a hole stands for.
#[derive(Clone, Debug)]
pub(crate) enum Binding {
    Var(VarId, Type),
    Secret(SecretId),
    /// Its declaration is wrong and reported; every use of it is silent.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Written out: `let`, `ask`, `for`, a parameter.
    Written,
    /// Comes with a `decide`, or narrows a name: it may stand over another of its name.
    Implied,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub binding: Binding,
    pub span: Span,
    pub origin: Origin,
}

/// The names of one flow, block in block. Opening, binding, closing and looking up take the same time
/// however many names there are.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    names: HashMap<&'a str, Vec<Entry>>,
    log: Vec<&'a str>,
    marks: Vec<usize>,
    /// Names whose block is closed, and where they were bound: for a better help.
    gone: HashMap<&'a str, Span>,
}

impl<'a> Scope<'a> {
    pub fn open(&mut self) {
        self.marks.push(self.log.len());
    }

    /// Ends the innermost block and gives back what was bound directly in it, in order.
    pub fn close(&mut self) -> Vec<(&'a str, Entry)> {
        let mark = self.marks.pop().unwrap_or(0);
        let mut bound = Vec::new();
        for name in self.log.split_off(mark).into_iter().rev() {
            if let Some(entry) = self.names.get_mut(name).and_then(Vec::pop) {
                self.gone.insert(name, entry.span);
                bound.push((name, entry));
            }
        }
        bound.reverse();
        bound
    }

    pub fn bind(&mut self, name: &'a str, entry: Entry) {
        self.names.entry(name).or_default().push(entry);
        self.log.push(name);
    }

    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.names.get(name).and_then(|entries| entries.last())
    }

    /// Where a name was bound that is not seen any more.
    pub fn gone(&self, name: &str) -> Option<Span> {
        self.gone.get(name).copied()
    }

    /// In no order: whoever shows them sorts them.
    pub fn visible(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.names
            .iter()
            .filter(|(_, entries)| !entries.is_empty())
            .map(|(name, _)| *name)
    }
}
