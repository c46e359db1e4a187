//! What the processes have to say to the driver.

use runbook_core::effect::EffectId;
use runbook_core::event::Event;

use super::Stream;

/// From [`super::Processes::next`].
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// Live output for the operator: redacted, in order of arrival, a step's two streams mixed. Under a flood
    /// the middle is left out, `skipped` bytes before this piece, so that nobody waits for a screen; the
    /// journal and the run's output keep all of it.
    Output {
        id: EffectId,
        stream: Stream,
        bytes: Vec<u8>,
        skipped: u64,
    },
    /// `Exited`, `NotStarted`, `Lost`, or `LeftRunning` (an `Exited` of the same effect may then follow);
    /// `Found` with `Gone` for an orphan whose tree is gone. Durable output is synced before it.
    Fact(Event),
}
