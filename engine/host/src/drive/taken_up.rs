//! A run taken up again: what its journal gets first, and what became of what was in flight.

use std::collections::{BTreeMap, BTreeSet};

use runbook_core::effect::EffectId;
use runbook_core::event::{Event, Found, Identity, Moment};
use runbook_core::state::{InFlightKind, State};

use crate::journal::record::TakenUp;
use crate::journal::{Cut, Entry, HostRecord, Journal, Reading, Tail};

/// A command that was let go, as its journal knows it.
pub struct Flight<'a> {
    pub effect: EffectId,
    pub identity: &'a Identity,
}

/// The host's own records of a resume; they are durable with the facts that follow.
pub fn record(journal: &mut Journal, at: Moment, taken_up: TakenUp, reading: &Reading, cut: Cut) {
    let by = taken_up.operator.clone();
    journal.append(at, Entry::Host(&HostRecord::TakenUp(taken_up)));
    if let (Cut::Agreed, Tail::Ambiguous { bytes, .. }) = (cut, &reading.tail) {
        let record = HostRecord::TailCut {
            offset: reading.end.offset,
            bytes: bytes.len() as u64,
            by,
        };
        journal.append(at, Entry::Host(&record));
    }
}

/// What an engine that takes a run up tells the core: that it did, and what it found of all that was in
/// flight. `intents` are the effects whose intent is in the journal, `printed` is what they printed last; `inspect` looks
/// for a process.
pub fn facts(
    state: &State,
    intents: &BTreeSet<EffectId>,
    operator: &str,
    boot_id: &str,
    mut printed: BTreeMap<EffectId, String>,
    mut inspect: impl FnMut(&Flight<'_>) -> Found,
) -> Vec<Event> {
    let mut facts = vec![Event::Resumed {
        operator: operator.to_owned(),
        boot_id: boot_id.to_owned(),
    }];
    for flight in state.in_flight() {
        let effect = flight.effect;
        let found = match (&flight.what, &flight.identity) {
            (_, Some(identity)) => inspect(&Flight { effect, identity }),
            // A request with an intent may have reached the other side.
            (InFlightKind::Request, None) if intents.contains(&effect) => Found::Gone,
            (_, None) => Found::NeverStarted,
        };
        facts.push(Event::Found {
            effect,
            found,
            printed: printed.remove(&effect).unwrap_or_default(),
        });
    }
    facts
}
