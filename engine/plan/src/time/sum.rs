//! Times added up along a way: four of them at once, and what the longest is made of.

use super::{Keep, Part, Piece, Time};
use crate::ids::NodeId;

/// Which of the four.
pub(super) const BEST: usize = 0;
pub(super) const EXPECTED: usize = 1;
pub(super) const SLOW: usize = 2;
pub(super) const WORST: usize = 3;

impl Keep {
    pub(super) fn lane(self) -> usize {
        match self {
            Keep::Slow => SLOW,
            Keep::Worst => WORST,
        }
    }
}

/// Of one way. Milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lane {
    pub time: Time,
    /// How much of it is a person's, whom no timeout of a step stops.
    pub thought: u64,
    /// What it takes to take back what was done on it.
    pub undo: u64,
}

impl Lane {
    fn then(&self, next: &Lane) -> Lane {
        let (a, b) = (&self.time, &next.time);
        Lane {
            time: Time {
                ms: a.ms.saturating_add(b.ms),
                questions: a.questions.saturating_add(b.questions),
                commands: a.commands.saturating_add(b.commands),
                lists: a.lists.saturating_add(b.lists),
                steps: a.steps.saturating_add(b.steps),
                said: a.said.saturating_add(b.said),
                failed: a.failed.saturating_add(b.failed),
            },
            thought: self.thought.saturating_add(next.thought),
            undo: self.undo.saturating_add(next.undo),
        }
    }

    /// Longer, or as long with more that nothing ends.
    fn is_beyond(&self, other: &Lane) -> bool {
        (self.time.ms, self.time.open()) > (other.time.ms, other.time.open())
    }

    fn times(&self, count: u64) -> Lane {
        Lane {
            time: Time {
                ms: self.time.ms.saturating_mul(count),
                ..self.time
            },
            thought: self.thought.saturating_mul(count),
            undo: self.undo.saturating_mul(count),
        }
    }

    /// Where each of so many tries is stopped after the limit, but for the person who thinks. What was answered is
    /// not asked again.
    pub fn tried(&self, limit: Option<u64>, tries: u64, pauses: u64) -> Lane {
        let mut own = self.time.ms.saturating_sub(self.thought);
        let mut time = self.time;
        if let Some(limit) = limit {
            own = own.min(limit);
            time.commands = 0;
        }
        time.ms = own
            .saturating_mul(tries)
            .saturating_add(pauses)
            .saturating_add(self.thought);
        Lane { time, ..*self }
    }

    /// Where all of it is stopped then, questions as well.
    pub fn stopped_at(&self, limit: u64) -> Lane {
        Lane {
            time: Time {
                ms: self.time.ms.min(limit),
                questions: 0,
                commands: 0,
                lists: 0,
                ..self.time
            },
            thought: self.thought.min(limit),
            ..*self
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub lanes: [Lane; 4],
    /// What the way that is kept is made of.
    pub parts: Parts,
}

impl Sum {
    fn of(times: [u64; 4]) -> Sum {
        let mut sum = Sum::default();
        for (lane, ms) in sum.lanes.iter_mut().zip(times) {
            lane.time.ms = ms;
        }
        sum
    }

    pub fn exactly(ms: u64) -> Sum {
        Sum::of([ms; 4])
    }

    pub fn between(least: u64, most: u64) -> Sum {
        Sum::of([least, most, most, most])
    }

    /// It ends by itself before that; when, nobody says.
    pub fn up_to(ms: u64) -> Sum {
        Sum::of([0, 0, ms, ms])
    }

    pub fn change(&mut self, change: impl Fn(&mut Time)) {
        for lane in &mut self.lanes[EXPECTED..] {
            change(&mut lane.time);
        }
    }

    pub fn or(&self, other: &Sum, keep: Keep) -> Sum {
        let mut sum = *self;
        for (at, lane) in sum.lanes.iter_mut().enumerate().skip(EXPECTED) {
            let theirs = &other.lanes[at];
            // Where all goes well nothing fails that need not.
            let failed = (theirs.time.failed, lane.time.failed);
            let counts = match at {
                EXPECTED if failed.0 != failed.1 => failed.0 < failed.1,
                _ => theirs.is_beyond(lane),
            };
            if counts {
                *lane = *theirs;
            }
        }
        if other.lanes[BEST].time.ms < self.lanes[BEST].time.ms {
            sum.lanes[BEST] = other.lanes[BEST];
        }
        let kept = keep.lane();
        if other.lanes[kept].is_beyond(&self.lanes[kept]) {
            sum.parts = other.parts;
        }
        sum
    }

    /// Both at once: as long as the longer one, and whatever has no end in either.
    pub fn beside(&self, other: &Sum, keep: Keep) -> Sum {
        let mut sum = self.or(other, keep);
        for (at, lane) in sum.lanes.iter_mut().enumerate() {
            let both = self.lanes[at].then(&other.lanes[at]);
            *lane = Lane {
                time: Time {
                    ms: self.lanes[at].time.ms.max(other.lanes[at].time.ms),
                    ..both.time
                },
                thought: self.lanes[at].thought.max(other.lanes[at].thought),
                undo: both.undo,
            };
        }
        sum
    }

    pub fn times(&self, count: u64) -> Sum {
        Sum {
            lanes: self.lanes.map(|lane| lane.times(count)),
            parts: self.parts,
        }
    }

    pub fn stopped_at(&self, limit: u64) -> Sum {
        Sum {
            lanes: self.lanes.map(|lane| lane.stopped_at(limit)),
            parts: self.parts,
        }
    }
}

/// An index into [`Kept`]; 0 is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(u32);

/// Parts of ways, shared among those that have them.
#[derive(Debug)]
pub(super) struct Kept {
    pub keep: Keep,
    all: Vec<Entry>,
}

#[derive(Debug)]
enum Entry {
    Nothing,
    One(NodeId, Piece),
    Both(Parts, Parts),
    Inside(NodeId, Parts),
}

/// As many parts of a way as anybody will read.
const MOST_PARTS: usize = 10_000;

impl Kept {
    pub fn new(keep: Keep) -> Kept {
        Kept {
            keep,
            all: vec![Entry::Nothing],
        }
    }

    fn add(&mut self, entry: Entry) -> Parts {
        let at = u32::try_from(self.all.len()).unwrap_or(0);
        self.all.push(entry);
        Parts(at)
    }

    /// All of a sum is one part.
    pub fn part(&mut self, sum: Sum, node: NodeId, piece: Piece) -> Sum {
        let time = sum.lanes[self.keep.lane()].time;
        let nothing = time.ms == 0 && (self.keep == Keep::Slow || time.open() == 0);
        let parts = match (nothing, self.keep) {
            (true, Keep::Slow) => Parts::default(),
            _ => self.add(Entry::One(node, Piece { time, ..piece })),
        };
        Sum { parts, ..sum }
    }

    pub fn inside(&mut self, sum: Sum, node: NodeId) -> Sum {
        match sum.parts {
            Parts(0) => sum,
            parts => Sum {
                parts: self.add(Entry::Inside(node, parts)),
                ..sum
            },
        }
    }

    pub fn then(&mut self, sum: &Sum, next: &Sum) -> Sum {
        let mut lanes = sum.lanes;
        for (lane, next) in lanes.iter_mut().zip(&next.lanes) {
            *lane = lane.then(next);
        }
        Sum {
            lanes,
            parts: self.both(sum.parts, next.parts),
        }
    }

    pub fn both(&mut self, first: Parts, second: Parts) -> Parts {
        match (first, second) {
            (Parts(0), parts) | (parts, Parts(0)) => parts,
            (first, second) => self.add(Entry::Both(first, second)),
        }
    }

    /// In the order in which they come.
    pub fn list(&self, parts: Parts) -> Vec<Part> {
        let mut found = Vec::new();
        let mut around: Vec<NodeId> = Vec::new();
        // With how much stands around each.
        let mut open = vec![(parts, 0)];
        while let Some((Parts(at), depth)) = open.pop() {
            around.truncate(depth);
            match &self.all[at as usize] {
                Entry::Nothing => {}
                Entry::One(node, piece) => found.push(Part {
                    node: *node,
                    around: around.clone(),
                    piece: *piece,
                }),
                Entry::Both(first, second) => open.extend([(*second, depth), (*first, depth)]),
                Entry::Inside(node, parts) => {
                    around.push(*node);
                    open.push((*parts, depth + 1));
                }
            }
            if found.len() >= MOST_PARTS {
                break;
            }
        }
        found
    }
}
