//! What differs between the two of each pair, and what has no pair.

use std::collections::{BTreeMap, BTreeSet};

use runbook_grammar::span::Span;
use runbook_plan::matrix::differ::{self, Complete, Differing};

use crate::Version;
use crate::difference::{Cell, Change, Difference, Place, Row};
use crate::outline::outline;
use crate::pairs::Pairs;
use crate::sequence::{self, Item, Sequence};
use crate::tree::{Fact, Key, Line, Tree, Unit, What};

/// What blocks pass on to what is in them.
const INHERITED: &[&str] = &["timeout", "retry", "on", "in", "with"];
/// The same difference in so many places is told once.
const SEVERAL: usize = 3;

pub struct Side<'v> {
    version: Version<'v>,
    tree: &'v Tree,
}

impl<'v> Side<'v> {
    pub fn new(version: Version<'v>, tree: &'v Tree) -> Side<'v> {
        Side { version, tree }
    }

    /// Where it stands; nothing for what the plan does not know the place of.
    fn place(&self, at: usize) -> Option<Place> {
        let span = self.tree.units[at].span;
        if span == Span::default() {
            return None;
        }
        let sources = self.version.sources;
        Some(Place {
            file: sources.get(span.source).name.clone(),
            line: sources.line(span.source, span.range().start),
        })
    }
}

struct Comparison<'c> {
    old: &'c Side<'c>,
    new: &'c Side<'c>,
    pairs: &'c Pairs,
    /// With the unit of the new tree, where there is one.
    found: Vec<(Option<usize>, Difference)>,
    /// What was reordered, by its new unit.
    reordered: BTreeMap<usize, Change>,
}

pub fn compare(old: &Side<'_>, new: &Side<'_>, pairs: &Pairs) -> Vec<Difference> {
    let mut comparison = Comparison {
        old,
        new,
        pairs,
        found: Vec::new(),
        reordered: BTreeMap::new(),
    };
    comparison.all();
    let told = gathered(comparison.found, new.tree);
    told.into_iter()
        .filter(|difference| !difference.changes.is_empty())
        .collect()
}

impl<'c> Comparison<'c> {
    fn all(&mut self) {
        // In the order of the text, what is inside after what is around it.
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            match self.pairs.old_of[at] {
                Some(old) => {
                    self.pair(old, at);
                    self.removed(old);
                }
                None => self.added(at),
            }
            let mut children: Vec<usize> = self.new.tree.children(at).collect();
            children.reverse();
            open.extend(children);
        }
    }

    fn pair(&mut self, old: usize, new: usize) {
        let (a, b) = (&self.old.tree.units[old], &self.new.tree.units[new]);
        let mut changes = Vec::new();
        if a.key != b.key {
            let named = matches!((&a.key, &b.key), (Key::Name(_), Key::Name(_)));
            if named {
                changes.push(Change::Renamed {
                    old: a.key.text().to_owned(),
                    new: b.key.text().to_owned(),
                });
            // That of an `if` is said of its arms.
            } else if b.what != What::If && b.what != What::Section {
                changes.push(changed(head(b.what), a.key.text(), b.key.text()));
            }
        }
        let around = a.parent.and_then(|parent| self.pairs.new_of[parent]);
        if around != b.parent {
            changes.push(Change::Moved {
                old: a
                    .parent
                    .map(|at| self.old.tree.whole(at))
                    .unwrap_or_default(),
                new: b
                    .parent
                    .map(|at| self.new.tree.whole(at))
                    .unwrap_or_default(),
            });
        }
        changes.extend(self.reordered.remove(&new));
        if a.title != b.title {
            changes.push(changed("title", &a.title, &b.title));
        }
        facts(&a.facts, &b.facts, &mut changes);
        self.sequence((a, old), (b, new), &mut changes);
        self.decisions(a, b, &mut changes);
        if !changes.is_empty() {
            let difference = self.told(self.new.tree, new, Some(old), Some(new), changes);
            self.found.push((Some(new), difference));
        }
    }

    fn told(
        &self,
        tree: &Tree,
        at: usize,
        old: Option<usize>,
        new: Option<usize>,
        changes: Vec<Change>,
    ) -> Difference {
        let unit = &tree.units[at];
        let name = match unit.what {
            What::Runbook => String::new(),
            _ => tree.path(at).unwrap_or_else(|| unit.key.text().to_owned()),
        };
        Difference {
            what: unit.what.word(),
            name,
            title: unit.title.clone(),
            within: tree.within(at),
            places: Vec::new(),
            old: old.and_then(|at| self.old.place(at)),
            new: new.and_then(|at| self.new.place(at)),
            changes,
        }
    }

    /// One that is new, and around which everything was there before.
    fn added(&mut self, at: usize) {
        let tree = self.new.tree;
        let inside = tree.units[at].parent;
        if inside.is_some_and(|parent| self.pairs.old_of[parent].is_none()) {
            return;
        }
        let lines = outline(tree, at, &self.pairs.old_of);
        let difference = self.told(tree, at, None, Some(at), vec![Change::Added { lines }]);
        self.found.push((Some(at), difference));
    }

    /// What was in a unit and is gone.
    fn removed(&mut self, of: usize) {
        let tree = self.old.tree;
        for at in tree.children(of) {
            if self.pairs.new_of[at].is_some() {
                continue;
            }
            let lines = outline(tree, at, &self.pairs.new_of);
            let difference = self.told(tree, at, Some(at), None, vec![Change::Removed { lines }]);
            self.found.push((None, difference));
        }
    }

    /// What is in order: lines and units that went, came, or stand elsewhere among the others.
    fn sequence(
        &mut self,
        (a, old): (&'c Unit, usize),
        (b, new): (&'c Unit, usize),
        changes: &mut Vec<Change>,
    ) {
        let olds = Sequence::of(a, |at| {
            let pair = self.pairs.new_of[at]?;
            (self.new.tree.units[pair].parent == Some(new)).then_some(pair)
        });
        let news = Sequence::of(b, |at| {
            let pair = self.pairs.old_of[at]?;
            (self.old.tree.units[pair].parent == Some(old)).then_some(at)
        });
        let anchors = sequence::aligned(&olds.items, &news.items);
        // What goes at one place and comes at another was reordered.
        let moved_to = sequence::moved(&olds.items, &news.items, &anchors);
        let arrived: BTreeSet<usize> = moved_to.values().copied().collect();
        let mut from = (0, 0);
        let end = (olds.items.len(), news.items.len());
        for (x, y) in anchors.into_iter().chain([end]) {
            let mut lost: Vec<&Line> = Vec::new();
            for at in from.0..x {
                let Some(to) = moved_to.get(&at) else {
                    lost.extend(olds.lines[at]);
                    continue;
                };
                if let (Some(a), Some(b)) = (olds.lines[at], news.lines[*to]) {
                    facts(&a.facts, &b.facts, changes);
                }
                let old_name = |unit: usize| {
                    let old = self.pairs.old_of[unit];
                    old.map_or_else(String::new, |old| self.old.tree.called(old))
                };
                let change = Change::Reordered {
                    line: olds.lines[at].map(|line| line.text.clone()),
                    old: olds.behind(at, old_name),
                    new: news.behind(*to, |unit| self.new.tree.called(unit)),
                };
                match olds.items[at] {
                    Item::Unit(unit) => drop(self.reordered.insert(unit, change)),
                    Item::Line(_) => changes.push(change),
                }
            }
            let come = (from.1..y).filter(|at| !arrived.contains(at));
            let come: Vec<&Line> = come.filter_map(|at| news.lines[at]).collect();
            replaced(lost, come, changes);
            if (x, y) != end
                && let (Some(a), Some(b)) = (olds.lines[x], news.lines[y])
            {
                facts(&a.facts, &b.facts, changes);
            }
            from = (x + 1, y + 1);
        }
    }

    fn decisions(&self, a: &Unit, b: &Unit, changes: &mut Vec<Change>) {
        let (Some(old), Some(new)) = (a.matrix, b.matrix) else {
            return;
        };
        let names = |side: &Side<'_>| -> Vec<String> {
            let severities = side.version.plan.severities.iter();
            severities.map(|severity| severity.name.clone()).collect()
        };
        let (before, after) = (names(self.old), names(self.new));
        let differing = differ::differing(
            differ::Version {
                matrix: &self.old.version.plan.matrices[old.index()],
                severities: &before,
            },
            differ::Version {
                matrix: &self.new.version.plan.matrices[new.index()],
                severities: &after,
            },
        );
        let cells = |cells: Vec<(String, String)>| -> Vec<Cell> {
            let cells = cells.into_iter();
            cells
                .map(|(column, value)| Cell { column, value })
                .collect()
        };
        match differing {
            Differing::Unknown(why) => changes.push(Change::Undecided { why }),
            Differing::Known(found, complete) => {
                changes.extend(found.into_iter().map(|decided| Change::Decides {
                    input: cells(decided.input),
                    old: Row {
                        row: decided.old.row,
                        gives: cells(decided.old.gives),
                    },
                    new: Row {
                        row: decided.new.row,
                        gives: cells(decided.new.gives),
                    },
                }));
                if complete == Complete::No {
                    changes.push(Change::DecidesMore);
                }
            }
        }
    }
}

/// What the first line of a unit without a name is.
fn head(what: What) -> &'static str {
    match what {
        What::Arm => "arm",
        What::Branch => "condition",
        What::Choose => "question",
        What::Decide => "matrix",
        What::For => "items",
        _ => "title",
    }
}

fn changed(label: &str, old: &str, new: &str) -> Change {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Change::Fact {
        label: label.to_owned(),
        old: some(old),
        new: some(new),
    }
}

/// Facts by their labels; several of one label are a set.
fn facts(old: &[Fact], new: &[Fact], changes: &mut Vec<Change>) {
    let mut labels: Vec<&str> = Vec::new();
    for fact in old.iter().chain(new) {
        if !labels.contains(&fact.label.as_str()) {
            labels.push(&fact.label);
        }
    }
    for label in labels {
        let of = |facts: &'_ [Fact]| -> Vec<String> {
            let own = facts.iter().filter(|fact| fact.label == label);
            own.map(|fact| fact.text.clone()).collect()
        };
        let (mut lost, mut come) = (of(old), of(new));
        lost.retain(|text| match come.iter().position(|other| other == text) {
            Some(at) => {
                come.remove(at);
                false
            }
            None => true,
        });
        let (mut lost, mut come) = (lost.into_iter(), come.into_iter());
        loop {
            let change = match (lost.next(), come.next()) {
                (None, None) => break,
                (old, new) => Change::Fact {
                    label: label.to_owned(),
                    old,
                    new,
                },
            };
            // The same of several commands of a step is told once.
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
    }
}

/// Lines that went and came at one place: those of the same kind are one that was changed.
fn replaced(lost: Vec<&Line>, mut come: Vec<&Line>, changes: &mut Vec<Change>) {
    for old in lost {
        match come.iter().position(|new| kind(new) == kind(old)) {
            Some(at) => {
                let earlier = come.drain(..=at).collect::<Vec<_>>();
                for (n, new) in earlier.iter().enumerate() {
                    let is_it = n == at;
                    changes.push(Change::Line {
                        old: is_it.then(|| old.text.clone()),
                        new: Some(new.text.clone()),
                    });
                    if is_it {
                        facts(&own(&old.facts), &own(&new.facts), changes);
                    }
                }
            }
            None => changes.push(Change::Line {
                old: Some(old.text.clone()),
                new: None,
            }),
        }
    }
    changes.extend(come.into_iter().map(|new| Change::Line {
        old: None,
        new: Some(new.text.clone()),
    }));
}

/// Without the interpreter, which the fence of a line that is shown names.
fn own(facts: &[Fact]) -> Vec<Fact> {
    let own = facts.iter().filter(|fact| fact.label != "with");
    own.cloned().collect()
}

/// A command that looks and one that acts are one kind: the mark may be what changed.
fn kind(line: &Line) -> &str {
    match line.mark {
        "?" => "$",
        mark => mark,
    }
}

/// Tells once what is the same in several places, because a block around them passes it on.
fn gathered(found: Vec<(Option<usize>, Difference)>, tree: &Tree) -> Vec<Difference> {
    let mut places: BTreeMap<String, (Change, Vec<String>)> = BTreeMap::new();
    let inherited = |change: &Change| match change {
        Change::Fact { label, old, new }
            if INHERITED.contains(&label.as_str()) || label.starts_with("env ") =>
        {
            Some(format!("{label}\n{old:?}\n{new:?}"))
        }
        _ => None,
    };
    for (at, difference) in &found {
        for change in &difference.changes {
            if let (Some(at), Some(key)) = (at, inherited(change)) {
                let entry = places
                    .entry(key)
                    .or_insert_with(|| (change.clone(), Vec::new()));
                entry.1.push(tree.whole(*at));
            }
        }
    }
    places.retain(|_, (_, places)| places.len() >= SEVERAL);
    let mut told = Vec::new();
    for (change, places) in places.values() {
        told.push(Difference {
            what: "places",
            name: String::new(),
            title: String::new(),
            within: None,
            places: places.clone(),
            old: None,
            new: None,
            changes: vec![change.clone()],
        });
    }
    for (_, mut difference) in found {
        difference
            .changes
            .retain(|change| inherited(change).is_none_or(|key| !places.contains_key(&key)));
        told.push(difference);
    }
    told
}
