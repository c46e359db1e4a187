//! What goes wrong, and when: the engine may die between any two things it does.

use std::panic::resume_unwind;

use super::chance::Chance;

/// A protocol that is weaker than the real one, to see that the world notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weakening {
    #[default]
    None,
    /// The journal knows outcomes alone: what has none was never started.
    OutcomeOnly,
    /// What still lives after a crash is not looked for.
    NoOrphanWait,
    /// A command runs as soon as its process is there.
    NoGate,
    /// A sync does nothing.
    NoSync,
}

impl Weakening {
    pub fn no_sync(self) -> bool {
        self == Weakening::NoSync
    }
}

/// The engine is gone. Nothing of it is unwound that would tidy up.
pub struct Crashed;

/// Leaves the engine where it stands.
pub fn crash() -> ! {
    resume_unwind(Box::new(Crashed))
}

pub struct Faults {
    pub chance: Chance,
    pub weakening: Weakening,
    /// After so many more things done.
    pub crash_in: Option<u64>,
    pub fail_sync_in: Option<u64>,
    pub fail_write_in: Option<u64>,
    pub crashes: u64,
}

impl Faults {
    pub fn crashes_now(&mut self) -> bool {
        match &mut self.crash_in {
            Some(0) => {
                self.crash_in = None;
                self.crashes += 1;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    /// A point at which the engine may die.
    pub fn passes(&mut self) {
        if self.crashes_now() {
            crash();
        }
    }

    pub fn sync_fails(&mut self) -> bool {
        comes(&mut self.fail_sync_in)
    }

    pub fn write_fails(&mut self) -> bool {
        comes(&mut self.fail_write_in)
    }
}

fn comes(left: &mut Option<u64>) -> bool {
    match left {
        Some(0) => {
            *left = None;
            true
        }
        Some(n) => {
            *n -= 1;
            false
        }
        None => false,
    }
}
