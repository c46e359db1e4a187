//! Boxes in a finite space: which overlap, what no box covers. A box has one side for each column: the atoms
//! that it holds there.

use std::collections::BTreeSet;

use super::atoms::InLine;

/// A set of atoms of one column, as half-open ranges in order that do not touch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Side(Vec<(usize, usize)>);

/// One side a column.
pub(super) type Boxed = Vec<Side>;

/// The search was given up: its boxes overlap in too many ways.
#[derive(Debug)]
pub(super) struct TooEntangled;

/// How many boxes a search may look at, all its branches together.
const BUDGET: usize = 400_000;

impl Side {
    /// From ranges in any order; empty ones, such as those from a later to an earlier atom, do not count.
    pub fn from_ranges(mut ranges: Vec<(usize, usize)>) -> Side {
        ranges.retain(|(from, to)| from < to);
        ranges.sort_unstable();
        let mut out: Vec<(usize, usize)> = Vec::new();
        for (from, to) in ranges {
            match out.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => out.push((from, to)),
            }
        }
        Side(out)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn ranges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.0.iter().copied()
    }

    pub fn first(&self) -> Option<usize> {
        self.0.first().map(|range| range.0)
    }

    pub fn count(&self) -> usize {
        self.0.iter().map(|(from, to)| to - from).sum()
    }
}

pub(super) fn holds(side: &Side, atom: usize) -> bool {
    let at = side.0.partition_point(|(_, to)| *to <= atom);
    side.0.get(at).is_some_and(|(from, _)| *from <= atom)
}

/// What two sides have in common.
pub(super) fn meet(a: &Side, b: &Side) -> Side {
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while let (Some(x), Some(y)) = (a.0.get(i), b.0.get(j)) {
        let (from, to) = (x.0.max(y.0), x.1.min(y.1));
        if from < to {
            out.push((from, to));
        }
        if x.1 < y.1 { i += 1 } else { j += 1 }
    }
    Side(out)
}

fn touch(a: &Side, b: &Side) -> bool {
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.0.get(i), b.0.get(j)) {
        if x.0.max(y.0) < x.1.min(y.1) {
            return true;
        }
        if x.1 < y.1 { i += 1 } else { j += 1 }
    }
    false
}

/// Whether two boxes have a point in common.
pub(super) fn meets(a: &Boxed, b: &Boxed) -> bool {
    a.iter().zip(b).all(|(a, b)| touch(a, b))
}

/// The whole space.
pub(super) fn all(sizes: &[usize]) -> Boxed {
    sizes
        .iter()
        .map(|size| Side::from_ranges(vec![(0, *size)]))
        .collect()
}

/// Pairs of boxes that overlap, the earlier first, in order, at most so many.
///
/// Sweeps along the column that tells the boxes apart best, so that only those which meet there are compared.
pub(super) fn overlaps(rows: &[Boxed], sizes: &[usize], at_most: usize) -> Vec<(usize, usize)> {
    let spread = |column: &usize| {
        let filled: usize = rows.iter().map(|row| row[*column].count()).sum();
        // The share of the column that a box fills on average, in parts of a million.
        (filled as u128 * 1_000_000) / (sizes[*column].max(1) as u128)
    };
    let Some(column) = (0..sizes.len()).min_by_key(spread) else {
        let pairs = (1..rows.len()).map(|n| (0, n));
        return pairs.take(at_most).collect();
    };
    let mut starts: Vec<(usize, usize, usize)> = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        starts.extend(row[column].ranges().map(|(from, to)| (from, to, n)));
    }
    starts.sort_unstable();
    let mut found = BTreeSet::new();
    let mut active: Vec<(usize, usize)> = Vec::new();
    for (from, to, n) in starts {
        active.retain(|(until, _)| *until > from);
        for (_, other) in &active {
            if *other != n && meets(&rows[*other], &rows[n]) {
                found.insert((n.min(*other), n.max(*other)));
                if found.len() >= at_most {
                    return found.into_iter().collect();
                }
            }
        }
        active.push((to, n));
    }
    found.into_iter().collect()
}

/// For each box those before it that it overlaps.
pub(super) fn overlapping_above(
    rows: &[Boxed],
    sizes: &[usize],
) -> Result<Vec<Vec<usize>>, TooEntangled> {
    let pairs = overlaps(rows, sizes, BUDGET);
    if pairs.len() >= BUDGET {
        return Err(TooEntangled);
    }
    let mut above = vec![Vec::new(); rows.len()];
    for (earlier, later) in pairs {
        above[later].push(earlier);
    }
    Ok(above)
}

/// A point beside boxes that do not overlap, if there is one. Their volumes tell: in each column a place is
/// chosen where the boxes do not add up to what is left of the space.
pub(super) fn gap_beside_disjoint(rows: &[Boxed], sizes: &[usize]) -> Option<Vec<usize>> {
    // The volume of the columns from each one on.
    let mut beyond = vec![Volume::one(); sizes.len() + 1];
    for column in (0..sizes.len()).rev() {
        beyond[column] = beyond[column + 1].times(sizes[column]);
    }
    // The same for each box.
    let mut volumes: Vec<Vec<Volume>> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut volume = vec![Volume::one(); sizes.len() + 1];
        for column in (0..sizes.len()).rev() {
            volume[column] = volume[column + 1].times(row[column].count());
        }
        volumes.push(volume);
    }
    let mut left: Vec<usize> = (0..rows.len()).collect();
    let mut total = Volume::default();
    left.iter().for_each(|n| total.add(&volumes[*n][0]));
    if total >= beyond[0] {
        return None;
    }
    let mut point = Vec::new();
    for column in 0..sizes.len() {
        let mut events: Vec<(usize, Edge, usize)> = Vec::new();
        for n in &left {
            for (from, to) in rows[*n][column].ranges() {
                events.push((from, Edge::Begins, *n));
                events.push((to, Edge::Ends, *n));
            }
        }
        events.sort_unstable_by_key(|(at, edge, n)| (*at, *edge == Edge::Begins, *n));
        let mut sum = Volume::default();
        let mut events = events.into_iter().peekable();
        let mut chosen = None;
        for atom in 0..sizes[column] {
            while let Some((_, edge, n)) = events.next_if(|(at, ..)| *at <= atom) {
                match edge {
                    Edge::Begins => sum.add(&volumes[n][column + 1]),
                    Edge::Ends => sum.subtract(&volumes[n][column + 1]),
                }
            }
            if sum < beyond[column + 1] {
                chosen = Some(atom);
                break;
            }
        }
        // The sums of the column's atoms are less than its volume in all, so one of them is less than its own.
        let atom = chosen?;
        left.retain(|n| holds(&rows[*n][column], atom));
        point.push(atom);
    }
    Some(point)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Begins,
    Ends,
}

/// A point of `space` that none of `rows` holds, if there is one. Looks through the columns one by one; what
/// was found to be covered is remembered.
pub(super) fn uncovered(
    space: &Boxed,
    rows: &[Boxed],
    sizes: &[usize],
) -> Result<Option<Vec<usize>>, TooEntangled> {
    let mut search = Search {
        space,
        rows,
        covered: vec![BTreeSet::new(); sizes.len() + 1],
        spent: 0,
    };
    search.from(0, (0..rows.len()).collect())
}

struct Search<'a> {
    space: &'a Boxed,
    rows: &'a [Boxed],
    /// For each column, the sets of boxes that leave nothing uncovered from there on.
    covered: Vec<BTreeSet<Vec<usize>>>,
    spent: usize,
}

impl Search<'_> {
    /// `left` are the boxes that hold the point chosen so far, in order.
    fn from(
        &mut self,
        column: usize,
        left: Vec<usize>,
    ) -> Result<Option<Vec<usize>>, TooEntangled> {
        self.spent += left.len() + 1;
        if self.spent > BUDGET {
            return Err(TooEntangled);
        }
        if left.is_empty() {
            return Ok(Some(
                self.space[column..]
                    .iter()
                    .map(|side| side.first().unwrap_or(0))
                    .collect(),
            ));
        }
        let columns = self.space.len();
        let whole =
            |n: &usize| (column..columns).all(|c| covers(&self.rows[*n][c], &self.space[c]));
        if left.iter().any(whole) || self.covered[column].contains(&left) {
            return Ok(None);
        }
        // Along the column the set of boxes changes only where one begins or ends.
        let mut events: Vec<(usize, Edge, usize)> = Vec::new();
        for n in &left {
            for (from, to) in meet(&self.rows[*n][column], &self.space[column]).ranges() {
                events.push((from, Edge::Begins, *n));
                events.push((to, Edge::Ends, *n));
            }
        }
        events.sort_unstable_by_key(|(at, edge, n)| (*at, *edge == Edge::Begins, *n));
        let mut stops: Vec<usize> = events.iter().map(|(at, ..)| *at).collect();
        stops.extend(self.space[column].ranges().map(|(from, _)| from));
        stops.sort_unstable();
        stops.dedup();
        let mut events = events.into_iter().peekable();
        let mut inside: BTreeSet<usize> = BTreeSet::new();
        let mut tried: BTreeSet<Vec<usize>> = BTreeSet::new();
        for atom in stops {
            while let Some((_, edge, n)) = events.next_if(|(at, ..)| *at <= atom) {
                match edge {
                    Edge::Begins => inside.insert(n),
                    Edge::Ends => inside.remove(&n),
                };
            }
            if !holds(&self.space[column], atom) {
                continue;
            }
            let next: Vec<usize> = inside.iter().copied().collect();
            if tried.contains(&next) {
                continue;
            }
            if let Some(mut rest) = self.from(column + 1, next.clone())? {
                rest.insert(0, atom);
                return Ok(Some(rest));
            }
            tried.insert(next);
        }
        self.covered[column].insert(left);
        Ok(None)
    }
}

fn covers(side: &Side, space: &Side) -> bool {
    meet(side, space).count() == space.count()
}

/// The widest box around a point that meets none of the others: neighbours only where atoms lie in line.
pub(super) fn widened(
    point: &[usize],
    rows: &[Boxed],
    sizes: &[usize],
    in_line: impl Fn(usize) -> InLine,
) -> Boxed {
    let mut widest: Boxed = point
        .iter()
        .map(|atom| Side::from_ranges(vec![(*atom, *atom + 1)]))
        .collect();
    for column in 0..sizes.len() {
        let mut taken = Vec::new();
        for row in rows {
            let beside = (0..sizes.len())
                .filter(|c| *c != column)
                .all(|c| touch(&row[c], &widest[c]));
            if beside {
                taken.extend(row[column].ranges());
            }
        }
        let taken = Side::from_ranges(taken);
        let mut free = Vec::new();
        let mut from = 0;
        for (start, end) in taken.ranges().chain([(sizes[column], sizes[column])]) {
            free.push((from, start));
            from = end;
        }
        if in_line(column) == InLine::Yes {
            free.retain(|(from, to)| (*from..*to).contains(&point[column]));
        }
        widest[column] = Side::from_ranges(free);
    }
    widest
}

/// A whole number of any size: a product of as many columns as a matrix has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Volume {
    /// Least first, without zeros at the end.
    digits: Vec<u32>,
}

impl Volume {
    fn one() -> Volume {
        Volume { digits: vec![1] }
    }

    fn times(&self, by: usize) -> Volume {
        let mut digits = Vec::with_capacity(self.digits.len() + 1);
        let mut carry: u128 = 0;
        for digit in &self.digits {
            carry += u128::from(*digit) * by as u128;
            digits.push(carry as u32);
            carry >>= 32;
        }
        while carry > 0 {
            digits.push(carry as u32);
            carry >>= 32;
        }
        Volume { digits }.trimmed()
    }

    fn add(&mut self, other: &Volume) {
        let mut carry: u64 = 0;
        for at in 0..other.digits.len().max(self.digits.len()) {
            if at == self.digits.len() {
                self.digits.push(0);
            }
            carry +=
                u64::from(self.digits[at]) + u64::from(other.digits.get(at).copied().unwrap_or(0));
            self.digits[at] = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.digits.push(carry as u32);
        }
    }

    /// `other` is one of the summands.
    fn subtract(&mut self, other: &Volume) {
        let mut borrow = 0_i64;
        for at in 0..self.digits.len() {
            let digit = i64::from(self.digits[at])
                - i64::from(other.digits.get(at).copied().unwrap_or(0))
                - borrow;
            borrow = i64::from(digit < 0);
            self.digits[at] = digit.rem_euclid(1 << 32) as u32;
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
    }

    fn trimmed(mut self) -> Volume {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        self
    }
}

impl PartialOrd for Volume {
    fn partial_cmp(&self, other: &Volume) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Volume {
    fn cmp(&self, other: &Volume) -> std::cmp::Ordering {
        let by_length = self.digits.len().cmp(&other.digits.len());
        by_length.then_with(|| self.digits.iter().rev().cmp(other.digits.iter().rev()))
    }
}
