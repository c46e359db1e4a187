//! The runbooks that are killed. Each command of a shape is `./mark NAME …` with a name of its own, so that the
//! ledger says which command ran, and how often.

use std::path::Path;

/// What may be done about a command of a shape that was in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settling {
    /// A person is asked.
    Asked,
    /// `done if` asks the ledger.
    Probed,
    /// It may be run again.
    Repeatable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Commands begin one after the other, always in the same order.
    Kept,
    /// Branches.
    Any,
}

#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub name: &'static str,
    pub settling: Settling,
    pub order: Order,
}

pub const SEQUENCE: Shape = shape("sequence", Settling::Asked, Order::Kept);
pub const REWIND: Shape = shape("rewind", Settling::Asked, Order::Kept);
pub const ATTEMPT: Shape = shape("attempt", Settling::Asked, Order::Kept);
pub const PROBES: Shape = shape("probes", Settling::Probed, Order::Kept);
pub const SLOW: Shape = shape("slow", Settling::Probed, Order::Kept);
pub const UNDOABLE: Shape = shape("undoable", Settling::Asked, Order::Kept);
pub const HUNGRY: Shape = shape("hungry", Settling::Asked, Order::Kept);
pub const SUICIDE: Shape = shape("suicide", Settling::Asked, Order::Kept);

/// Those that are killed at random moments.
pub const ALL: [Shape; 9] = [
    SEQUENCE,
    REWIND,
    ATTEMPT,
    shape("timers", Settling::Asked, Order::Kept),
    shape("parallel", Settling::Asked, Order::Any),
    PROBES,
    SLOW,
    shape("repeatable", Settling::Repeatable, Order::Kept),
    shape("prompts", Settling::Asked, Order::Kept),
];

const fn shape(name: &'static str, settling: Settling, order: Order) -> Shape {
    Shape {
        name,
        settling,
        order,
    }
}

impl Shape {
    pub fn text(&self) -> String {
        self.file("rbk").expect("a shape")
    }

    /// What its prompts are answered with, before anything is in doubt.
    pub fn answers(&self) -> String {
        self.file("toml").unwrap_or("[answers]\n".to_owned())
    }

    fn file(&self, kind: &str) -> Option<String> {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos/shapes");
        std::fs::read_to_string(cases.join(format!("{}.{kind}", self.name))).ok()
    }
}

/// The name by which the ledger knows a command.
pub fn name_of(command: &str) -> &str {
    let mut words = command.split_whitespace();
    words
        .find(|word| word.ends_with("./mark"))
        .and_then(|_| words.next())
        .map_or(command, |name| name.trim_end_matches([';', '\'']))
}
