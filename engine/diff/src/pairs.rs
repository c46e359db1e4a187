//! Which unit of the old tree is which of the new one.
//!
//! 1. From the top down by key: the same name, or the same first line, below the same pair.
//! 2. By name anywhere: it was moved.
//! 3. By what is in it: it was renamed, or its first line is another.
//!
//! What was paired in 2 and 3 is gone down again by key, until nothing more is found.

use std::collections::BTreeMap;

use crate::tree::{Entry, Key, Tree, What};

/// How much of two units must be the same for them to be one, in per cent.
const ALIKE: usize = 50;
/// The same for what has the same name in another place.
const ALIKE_BY_NAME: usize = 20;
/// Units are not compared each with each beyond so many comparisons.
const MANY: usize = 250_000;

pub struct Pairs {
    /// For each old unit the new one.
    pub new_of: Vec<Option<usize>>,
    pub old_of: Vec<Option<usize>>,
}

struct Finder<'t> {
    old: &'t Tree,
    new: &'t Tree,
    pairs: Pairs,
    /// What is in a unit: a number for each different thing, in order.
    bags: [Vec<Vec<u32>>; 2],
}

impl Pairs {
    pub fn of(old: &Tree, new: &Tree) -> Pairs {
        let mut numbers = BTreeMap::new();
        let bags = [bags(old, &mut numbers), bags(new, &mut numbers)];
        let mut finder = Finder {
            old,
            new,
            pairs: Pairs {
                new_of: vec![None; old.units.len()],
                old_of: vec![None; new.units.len()],
            },
            bags,
        };
        finder.pair(0, 0);
        while finder.by_name() || finder.by_content() {}
        finder.pairs
    }
}

/// Facts, lines and titles of a unit and all in it.
fn bags<'t>(tree: &'t Tree, numbers: &mut BTreeMap<(&'t str, &'t str), u32>) -> Vec<Vec<u32>> {
    let mut bags: Vec<Vec<u32>> = vec![Vec::new(); tree.units.len()];
    let mut number = |a: &'t str, b: &'t str| {
        let next = numbers.len() as u32;
        *numbers.entry((a, b)).or_insert(next)
    };
    // A unit comes after the one that it is in.
    for (at, unit) in tree.units.iter().enumerate().rev() {
        let mut own = std::mem::take(&mut bags[at]);
        if !unit.title.is_empty() {
            own.push(number("title", &unit.title));
        }
        for fact in &unit.facts {
            own.push(number(&fact.label, &fact.text));
        }
        for entry in &unit.entries {
            if let Entry::Line(line) = entry {
                own.push(number("", &line.text));
            }
        }
        for row in &unit.rows {
            own.push(number("row", row));
        }
        own.sort_unstable();
        if let Some(parent) = unit.parent {
            bags[parent].extend(&own);
        }
        bags[at] = own;
    }
    bags
}

impl Finder<'_> {
    fn pair(&mut self, old: usize, new: usize) {
        let mut open = vec![(old, new)];
        while let Some((old, new)) = open.pop() {
            self.pairs.new_of[old] = Some(new);
            self.pairs.old_of[new] = Some(old);
            let mut waiting: BTreeMap<(What, &Key), Vec<usize>> = BTreeMap::new();
            for child in self.new.children(new) {
                let unit = &self.new.units[child];
                if self.pairs.old_of[child].is_none() {
                    waiting
                        .entry((unit.what, &unit.key))
                        .or_default()
                        .push(child);
                }
            }
            waiting.values_mut().for_each(|same| same.reverse());
            for child in self.old.children(old) {
                let unit = &self.old.units[child];
                if self.pairs.new_of[child].is_none()
                    && let Some(other) = waiting.get_mut(&(unit.what, &unit.key)).and_then(Vec::pop)
                {
                    // So that no other takes it before its turn.
                    self.pairs.new_of[child] = Some(other);
                    self.pairs.old_of[other] = Some(child);
                    open.push((child, other));
                }
            }
        }
    }

    fn left(&self) -> (Vec<usize>, Vec<usize>) {
        let left = |taken: &[Option<usize>]| -> Vec<usize> {
            let all = taken.iter().enumerate();
            all.filter(|(_, pair)| pair.is_none())
                .map(|(at, _)| at)
                .collect()
        };
        (left(&self.pairs.new_of), left(&self.pairs.old_of))
    }

    /// What stands elsewhere under its name. A name that several have says nothing.
    fn by_name(&mut self) -> bool {
        let (olds, news) = self.left();
        let mut named: BTreeMap<(What, &str), [Vec<usize>; 2]> = BTreeMap::new();
        for (side, (tree, left)) in [(self.old, olds), (self.new, news)].iter().enumerate() {
            for at in left {
                let unit = &tree.units[*at];
                if let Key::Name(name) = &unit.key {
                    named.entry((unit.what, name)).or_default()[side].push(*at);
                }
            }
        }
        let mut found = Vec::new();
        for [olds, news] in named.into_values() {
            if let ([old], [new]) = (olds.as_slice(), news.as_slice())
                && self.alike(*old, *new) >= ALIKE_BY_NAME
            {
                found.push((*old, *new));
            }
        }
        self.take(found)
    }

    /// What is in it is the same for the most part.
    fn by_content(&mut self) -> bool {
        let (olds, news) = self.left();
        let mut found: Vec<(usize, usize, usize)> = Vec::new();
        if olds.len().saturating_mul(news.len()) <= MANY {
            for old in &olds {
                for new in &news {
                    let (a, b) = (&self.old.units[*old], &self.new.units[*new]);
                    let around = a.parent.and_then(|parent| self.pairs.new_of[parent]);
                    let beside = around.is_some() && around == b.parent;
                    let named = matches!(a.key, Key::Name(_)) && matches!(b.key, Key::Name(_));
                    if a.what != b.what || around.is_none() {
                        continue;
                    }
                    // What has no name is known elsewhere only by being the very same.
                    let enough = match (beside || named, a.what) {
                        (true, _) => ALIKE,
                        (false, What::Arm | What::Branch | What::Else) => 101,
                        (false, What::Undo | What::OnFailure | What::Always) => 101,
                        (false, _) => 100,
                    };
                    let alike = self.alike(*old, *new);
                    if alike >= enough {
                        found.push((alike + usize::from(beside), *old, *new));
                    }
                }
            }
        }
        found.sort_by_key(|(alike, old, new)| (std::cmp::Reverse(*alike), *old, *new));
        let mut some: Vec<(usize, usize)> = found.iter().map(|(_, a, b)| (*a, *b)).collect();
        if some.is_empty() {
            some = self.alone(&olds, &news);
        }
        self.take(some)
    }

    /// The one branching of its kind that is left on both sides of a pair: what it branches by is another.
    fn alone(&self, olds: &[usize], news: &[usize]) -> Vec<(usize, usize)> {
        let mut kinds: BTreeMap<(usize, What), [Vec<usize>; 2]> = BTreeMap::new();
        for (side, (tree, left)) in [(self.old, olds), (self.new, news)].iter().enumerate() {
            for at in *left {
                let unit = &tree.units[*at];
                let parent = match (side, unit.parent) {
                    (_, None) => None,
                    (0, Some(parent)) => self.pairs.new_of[parent],
                    (_, Some(parent)) => Some(parent),
                };
                let branches = matches!(
                    unit.what,
                    What::If | What::Choose | What::Decide | What::For | What::Parallel
                );
                if let Some(parent) = parent.filter(|_| branches) {
                    kinds.entry((parent, unit.what)).or_default()[side].push(*at);
                }
            }
        }
        let pairs = kinds.into_values();
        pairs
            .filter_map(|[olds, news]| match (olds.as_slice(), news.as_slice()) {
                ([old], [new]) => Some((*old, *new)),
                _ => None,
            })
            .collect()
    }

    fn take(&mut self, found: Vec<(usize, usize)>) -> bool {
        let mut some = false;
        for (old, new) in found {
            if self.pairs.new_of[old].is_none() && self.pairs.old_of[new].is_none() {
                self.pair(old, new);
                some = true;
            }
        }
        some
    }

    /// How much of two units is the same, in per cent.
    fn alike(&self, old: usize, new: usize) -> usize {
        let (a, b) = (&self.bags[0][old], &self.bags[1][new]);
        let all = a.len() + b.len();
        if all == 0 {
            return 0;
        }
        let (mut i, mut j, mut same) = (0, 0, 0);
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    same += 2;
                    i += 1;
                    j += 1;
                }
            }
        }
        same * 100 / all
    }
}
