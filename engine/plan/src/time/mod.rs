//! How long a plan may take, from its text alone: waits, timeouts, retries, deadlines, and what `takes` says.
//!
//! | file | what it holds |
//! |---|---|
//! | this one | what may be asked, and the answer |
//! | `timer` | the walk over the plan |
//! | `sum` | times added up |
//! | `known` | what is known of values before the run |
//!
//! What nobody can know counts as nothing, and is counted instead: a person who thinks without a deadline, a command
//! without a timeout, a list whose length only the run knows. So the best time is a lower bound, and the others are
//! what the runbook itself accounts for.
//!
//! Each block is timed once, relative to its beginning, however often it is called.

mod known;
mod sum;
mod timer;

#[cfg(test)]
mod tests;

pub use known::given;

use crate::ids::NodeId;
use crate::plan::Plan;

/// How long a way takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Milliseconds that are accounted for.
    pub ms: u64,
    /// Questions on it that have no deadline.
    pub questions: u32,
    /// Commands on it that have no timeout.
    pub commands: u32,
    /// Loops on it that go through a list whose length only the run knows; each is counted as one round.
    pub lists: u32,
    /// Steps on it.
    pub steps: u32,
    /// Steps on it that say what they take.
    pub said: u32,
    /// Attempts that fail on it; told of the expected way alone.
    pub failed: u32,
}

impl Time {
    /// How much on it has no end that is known.
    pub fn open(&self) -> u32 {
        self.questions
            .saturating_add(self.commands)
            .saturating_add(self.lists)
    }
}

#[derive(Clone, Debug)]
pub struct Took {
    /// No way is shorter.
    pub best: Time,
    /// The longest way where all goes well: what `takes` says, and the waits.
    pub expected: Time,
    /// The longest way, where what `takes` says counts, and timeouts where it says nothing.
    pub slow: Time,
    /// The longest way: timeouts, retries, pauses and deadlines to the full, and what a failed `attempt` takes back.
    pub worst: Time,
    /// What the way that is kept is made of, in order.
    pub parts: Vec<Part>,
}

/// A part of a way: a step, a checkpoint, a wait, a question.
#[derive(Clone, Debug)]
pub struct Part {
    pub node: NodeId,
    /// The sections, attempts and calls it stands in, outermost first.
    pub around: Vec<NodeId>,
    pub piece: Piece,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    pub time: Time,
    pub what: What,
    /// Of a step that is tried again, else 0: how often it may be begun, at most how long each time, and all pauses.
    pub tries: u64,
    pub each: u64,
    pub pauses: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// The node itself.
    #[default]
    Itself,
    /// An attempt, up to where it failed or was stopped.
    Failed,
    /// What the attempt did, taken back.
    TakenBack,
}

/// How far the clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// A checkpoint, with what it checks.
    Node(NodeId),
    /// Wherever the run ends.
    End,
}

/// Where the clock begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The start of the run.
    Start,
    /// The node that all ways go through, as soon as it is left.
    There,
}

/// Which way is told part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The slow one: what takes time on it.
    Slow,
    /// The worst one: all of it.
    Worst,
}

/// What is timed.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Only ways through this node count.
    pub through: Option<NodeId>,
    /// Only this arm of that node counts; of an attempt, 0 is that it holds and 1 its `otherwise`.
    pub arm: Option<usize>,
    pub from: From,
    pub until: Until,
    /// Only rows of matrices that give this level, or are for it, count.
    pub severity: Option<&'a str>,
    pub keep: Keep,
}

/// How long the run may take to get there; nothing where no way leads there.
pub fn took(plan: &Plan, question: &Question<'_>) -> Option<Took> {
    timer::time(plan, question)
}
