//! What differs between the two of each pair, and what has no pair.

use std::collections::{BTreeMap, BTreeSet};

use runbook_grammar::span::Span;
use runbook_plan::matrix::differ::{self, Complete, Differing};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::Version;
use crate::difference::{Cell, Change, Difference, Place, Row};
use crate::pairs::Pairs;
use crate::tree::{Entry, Fact, Key, Line, Tree, Unit, What};

/// What blocks pass on to what is in them.
const INHERITED: &[&str] = &["timeout", "retry", "on", "in", "with"];
/// The same difference in so many places is told once.
const SEVERAL: usize = 3;

pub struct Side<'v> {
    pub version: Version<'v>,
    pub tree: &'v Tree,
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

/// What stands in the sequence of a unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Item<'t> {
    Line(&'t str),
    /// By its index in the new tree.
    Unit(usize),
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
            old: old.and_then(|at| place(self.old, self.old.tree.units[at].span)),
            new: new.and_then(|at| place(self.new, self.new.tree.units[at].span)),
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

    fn sequence(
        &mut self,
        (a, old): (&'c Unit, usize),
        (b, new): (&'c Unit, usize),
        changes: &mut Vec<Change>,
    ) {
        let olds = items(a, |at| {
            let pair = self.pairs.new_of[at]?;
            (self.new.tree.units[pair].parent == Some(new)).then_some(pair)
        });
        let news = items(b, |at| {
            let pair = self.pairs.old_of[at]?;
            (self.old.tree.units[pair].parent == Some(old)).then_some(at)
        });
        let keys = |items: &[(Item<'c>, Option<&'c Line>)]| -> Vec<Item<'c>> {
            items.iter().map(|(item, _)| item.clone()).collect()
        };
        let (from, to) = (keys(&olds), keys(&news));
        let ops = capture_diff_slices(Algorithm::Myers, &from, &to);
        // What goes at one place and comes at another was reordered.
        let (mut gone, mut come) = (BTreeMap::new(), BTreeMap::new());
        for op in &ops {
            if let DiffOp::Equal { .. } = op {
                continue;
            }
            for at in op.old_range() {
                gone.entry(&from[at]).or_insert_with(Vec::new).push(at);
            }
            for at in op.new_range() {
                come.entry(&to[at]).or_insert_with(Vec::new).push(at);
            }
        }
        let (mut moved_old, mut moved_new) = (BTreeMap::new(), BTreeSet::new());
        for (item, places) in &gone {
            for (x, y) in places.iter().zip(come.get(item).into_iter().flatten()) {
                moved_old.insert(*x, *y);
                moved_new.insert(*y);
            }
        }
        for op in &ops {
            if let DiffOp::Equal {
                old_index,
                new_index,
                len,
            } = op
            {
                for n in 0..*len {
                    if let (Some(a), Some(b)) = (olds[old_index + n].1, news[new_index + n].1) {
                        facts(&a.facts, &b.facts, changes);
                    }
                }
                continue;
            }
            let mut lost: Vec<&Line> = Vec::new();
            for at in op.old_range() {
                match (moved_old.get(&at), &olds[at]) {
                    (None, (_, line)) => lost.extend(*line),
                    (Some(to_at), (item, line)) => {
                        let change = Change::Reordered {
                            line: line.map(|line| line.text.clone()),
                            old: behind(self.old.tree, &olds, at, &self.pairs.old_of),
                            new: behind_new(self.new.tree, &news, *to_at),
                        };
                        match item {
                            Item::Unit(unit) => {
                                self.reordered.insert(*unit, change);
                            }
                            Item::Line(_) => changes.push(change),
                        }
                        if let (Some(a), Some(b)) = (line, news[*to_at].1) {
                            facts(&a.facts, &b.facts, changes);
                        }
                    }
                }
            }
            let come = op.new_range().filter(|at| !moved_new.contains(at));
            let come: Vec<&Line> = come.filter_map(|at| news[at].1).collect();
            replaced(lost, come, changes);
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

fn items<'t>(
    unit: &'t Unit,
    pair: impl Fn(usize) -> Option<usize>,
) -> Vec<(Item<'t>, Option<&'t Line>)> {
    let entries = unit.entries.iter();
    entries
        .filter_map(|entry| match entry {
            Entry::Line(line) => Some((Item::Line(line.text.as_str()), Some(line))),
            Entry::Unit(at) => Some((Item::Unit(pair(*at)?), None)),
        })
        .collect()
}

/// What an entry stands behind, in words.
fn behind(
    tree: &Tree,
    items: &[(Item<'_>, Option<&Line>)],
    at: usize,
    old_of: &[Option<usize>],
) -> String {
    let Some((item, _)) = at.checked_sub(1).and_then(|before| items.get(before)) else {
        return "at the start".to_owned();
    };
    match item {
        Item::Line(text) => format!("after `{}`", first_line(text)),
        Item::Unit(new) => match old_of[*new] {
            Some(old) => format!("after {}", tree.called(old)),
            None => "at the start".to_owned(),
        },
    }
}

fn behind_new(tree: &Tree, items: &[(Item<'_>, Option<&Line>)], at: usize) -> String {
    let Some((item, _)) = at.checked_sub(1).and_then(|before| items.get(before)) else {
        return "at the start".to_owned();
    };
    match item {
        Item::Line(text) => format!("after `{}`", first_line(text)),
        Item::Unit(new) => format!("after {}", tree.called(*new)),
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

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
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

/// All that is in a unit, without what is one of the other tree as well.
fn outline(tree: &Tree, at: usize, paired: &[Option<usize>]) -> Vec<String> {
    /// A unit with its depth, or what is told already.
    enum Todo {
        Unit(usize, usize),
        Line(String),
    }
    let mut lines = Vec::new();
    let mut heads = false;
    // Depth first, each unit's own lines in order around the units in it.
    let mut todo = vec![Todo::Unit(at, 0)];
    while let Some(next) = todo.pop() {
        let (at, depth) = match next {
            Todo::Line(text) => {
                lines.push(text);
                continue;
            }
            Todo::Unit(at, depth) => (at, depth),
        };
        let unit = &tree.units[at];
        let pad = |depth: usize, text: &str| -> Vec<String> {
            let indent = "  ".repeat(depth);
            text.lines().map(|line| format!("{indent}{line}")).collect()
        };
        // An `if` is told by its arms.
        if heads && unit.what != What::If {
            let mut head = unit.what.word().to_owned();
            if unit.what == What::Arm {
                head.clear();
            }
            for part in [unit.key.text(), &titled(unit)] {
                if !part.is_empty() {
                    if !head.is_empty() {
                        head.push(' ');
                    }
                    head += part;
                }
            }
            if paired[at].is_some() {
                lines.extend(pad(depth, &format!("({head})")));
                continue;
            }
            lines.extend(pad(depth, &head));
        }
        let inner = match heads && unit.what != What::If {
            true => depth + 1,
            false => depth,
        };
        heads = true;
        let mut below = Vec::new();
        for fact in &unit.facts {
            let text = match fact.text.as_str() {
                "yes" => fact.label.clone(),
                text => format!("{} {text}", fact.label),
            };
            below.extend(pad(inner, &text).into_iter().map(Todo::Line));
        }
        let rows = unit.rows.iter();
        below.extend(rows.flat_map(|row| pad(inner, row)).map(Todo::Line));
        for entry in &unit.entries {
            match entry {
                Entry::Line(line) => {
                    let mut text = line.text.clone();
                    let facts: Vec<String> = line
                        .facts
                        .iter()
                        .filter(|fact| fact.label != "with")
                        .map(|fact| format!("{} {}", fact.label, fact.text))
                        .collect();
                    if !facts.is_empty() {
                        text += &format!("  ({})", facts.join(", "));
                    }
                    below.extend(pad(inner, &text).into_iter().map(Todo::Line));
                }
                Entry::Unit(at) => below.push(Todo::Unit(*at, inner)),
            }
        }
        below.extend(unit.beside.iter().map(|at| Todo::Unit(*at, inner)));
        below.reverse();
        todo.extend(below);
    }
    lines
}

fn titled(unit: &Unit) -> String {
    let said = matches!(&unit.key, Key::Head(head) if head.contains(&unit.title));
    match unit.title.as_str() {
        "" => String::new(),
        _ if said => String::new(),
        title => format!("\"{title}\""),
    }
}

/// Where it stands; nothing for what the plan does not know the place of.
fn place(side: &Side<'_>, span: Span) -> Option<Place> {
    if span == Span::default() {
        return None;
    }
    let source = side.version.sources.get(span.source);
    let before = source.text.get(..span.range().start)?;
    Some(Place {
        file: source.name.clone(),
        line: before.matches('\n').count() + 1,
    })
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
