//! Deliberate faults. A test that finds nothing proves little, so a build with the feature `weakened` can be told to
//! break the promise in one of four ways, and the chaos tests must find each. No release has the feature, and
//! without it none of this is there.

/// A protocol that looks as if it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// The journal has outcomes alone: neither that a command will be started nor as which process it was.
    OutcomeOnly,
    /// A command of a dead engine is held for dead.
    OrphanIgnored,
    /// A command is let go before its identity is durable.
    NoGate,
    /// Records are written and not synced.
    NoSync,
}

#[cfg(not(feature = "weakened"))]
pub(crate) const fn has(_: Weakness) -> bool {
    false
}

/// Whether `RUNBOOK_WEAKENED` names this one.
#[cfg(feature = "weakened")]
pub(crate) fn has(weakness: Weakness) -> bool {
    static NAMED: std::sync::OnceLock<Option<Weakness>> = std::sync::OnceLock::new();
    let named = NAMED.get_or_init(|| match std::env::var("RUNBOOK_WEAKENED").as_deref() {
        Ok("outcome only") => Some(Weakness::OutcomeOnly),
        Ok("orphan ignored") => Some(Weakness::OrphanIgnored),
        Ok("no gate") => Some(Weakness::NoGate),
        Ok("no sync") => Some(Weakness::NoSync),
        _ => None,
    });
    *named == Some(weakness)
}
