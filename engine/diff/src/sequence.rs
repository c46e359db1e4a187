//! What stands in order in a unit, and which of it is in the same order on both sides.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::tree::{Entry, Line, Unit};

/// The shortest difference is looked for where it takes no more comparisons than this.
const SHORTEST: usize = 4_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item<'t> {
    Line(&'t str),
    /// One that both sides have below the same pair, by its index in the new tree.
    Unit(usize),
}

pub struct Sequence<'t> {
    pub items: Vec<Item<'t>>,
    /// Of each item, where it is one.
    pub lines: Vec<Option<&'t Line>>,
}

impl<'t> Sequence<'t> {
    /// `known` gives the index in the new tree of a unit that both sides have here.
    pub fn of(unit: &'t Unit, known: impl Fn(usize) -> Option<usize>) -> Sequence<'t> {
        let entries = unit.entries.iter();
        let both = entries.filter_map(|entry| match entry {
            Entry::Line(line) => Some((Item::Line(line.text.as_str()), Some(line))),
            Entry::Unit(at) => Some((Item::Unit(known(*at)?), None)),
        });
        let (items, lines) = both.unzip();
        Sequence { items, lines }
    }

    /// What an item stands behind, in words.
    pub fn behind(&self, at: usize, called: impl Fn(usize) -> String) -> String {
        match at.checked_sub(1).map(|before| self.items[before]) {
            None => "at the start".to_owned(),
            Some(Item::Line(text)) => {
                format!("after `{}`", text.lines().next().unwrap_or_default())
            }
            Some(Item::Unit(unit)) => format!("after {}", called(unit)),
        }
    }
}

/// Pairs of equal items that are in the same order on both sides: as many as there can be, or, where that is
/// too much to look through, as many as there can be of those that are paired by how often they came before.
pub fn aligned(old: &[Item<'_>], new: &[Item<'_>]) -> Vec<(usize, usize)> {
    if old.len().saturating_mul(new.len()) > SHORTEST && old != new {
        return longest_rise(&by_occurrence(old, new));
    }
    let mut pairs = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        if let DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = op
        {
            pairs.extend((0..len).map(|n| (old_index + n, new_index + n)));
        }
    }
    pairs
}

/// The first of one side with the first of the other, and so on; in the order of the old side.
fn by_occurrence(old: &[Item<'_>], new: &[Item<'_>]) -> Vec<(usize, usize)> {
    let mut places: BTreeMap<Item<'_>, Vec<usize>> = BTreeMap::new();
    for (at, item) in new.iter().enumerate().rev() {
        places.entry(*item).or_default().push(at);
    }
    let pairs = old.iter().enumerate();
    pairs
        .filter_map(|(at, item)| Some((at, places.get_mut(item)?.pop()?)))
        .collect()
}

/// The most of these pairs, the first sides of which rise, such that the second sides rise as well.
fn longest_rise(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair with the least end of a rise that long; and for each pair the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (n, (_, to)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *to);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = n,
            None => ends.push(n),
        }
    }
    let mut rise = Vec::new();
    let mut last = ends.last().copied();
    while let Some(at) = last {
        rise.push(pairs[at]);
        last = before[at];
    }
    rise.reverse();
    rise
}

/// Of what is not aligned, what both sides have: from its old place to its new one.
pub fn moved(
    old: &[Item<'_>],
    new: &[Item<'_>],
    aligned: &[(usize, usize)],
) -> BTreeMap<usize, usize> {
    let mut come: BTreeMap<Item<'_>, Vec<usize>> = BTreeMap::new();
    let mut taken = vec![false; new.len()];
    let mut kept = vec![false; old.len()];
    for (x, y) in aligned {
        kept[*x] = true;
        taken[*y] = true;
    }
    for (at, item) in new.iter().enumerate().rev().filter(|(at, _)| !taken[*at]) {
        come.entry(*item).or_default().push(at);
    }
    let gone = old.iter().enumerate().filter(|(at, _)| !kept[*at]);
    gone.filter_map(|(at, item)| Some((at, come.get_mut(item)?.pop()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rise_is_found() {
        let pairs =
            |ends: &[usize]| -> Vec<(usize, usize)> { ends.iter().copied().enumerate().collect() };
        let rise = |ends: &[usize]| -> Vec<usize> {
            longest_rise(&pairs(ends))
                .iter()
                .map(|(_, to)| *to)
                .collect()
        };
        assert_eq!(rise(&[1, 2, 0, 3]), [1, 2, 3]);
        assert_eq!(rise(&[3, 2, 1, 0]).len(), 1);
        assert_eq!(rise(&[]), [0; 0]);
        assert_eq!(rise(&[5, 0, 6, 1, 7, 2, 3]), [0, 1, 2, 3]);
    }
}
