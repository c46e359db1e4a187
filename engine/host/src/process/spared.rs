//! Children of the engine that are no command's: the process that reads a prompt's line. The sweep after a
//! command takes every other child that the engine did not start as a command, so it must know these.

use std::sync::{Mutex, PoisonError};

static SPARED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Keeps the sweep off a child. Call it as soon as its pid is known.
pub fn spare(pid: u32) {
    SPARED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(pid);
}

/// The child is reaped; its number may be somebody else's soon.
pub fn forget(pid: u32) {
    SPARED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .retain(|spared| *spared != pid);
}

/// Whether the sweep must let this child live.
pub fn is_spared(pid: u32) -> bool {
    SPARED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .contains(&pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_spared_from_when_it_is_said_until_it_is_over() {
        // Numbers that no process has.
        let (one, other) = (u32::MAX, u32::MAX - 1);
        assert!(!is_spared(one));
        spare(one);
        spare(other);
        assert!(is_spared(one) && is_spared(other));
        forget(one);
        assert!(!is_spared(one) && is_spared(other));
        forget(other);
        assert!(!is_spared(other));
    }
}
