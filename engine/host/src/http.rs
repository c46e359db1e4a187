//! Requests, on a few threads of their own, started with the first request.

use runbook_core::effect::EffectId;
use runbook_core::event::Event;

use crate::process::{Keep, Redact};

/// A request with every value in its place.
pub struct Call {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    pub timeout_ms: u64,
    pub keep: Keep,
    pub redactor: Option<Box<dyn Redact + Send>>,
}

/// The requests of one engine.
#[derive(Default)]
pub struct Requests {}

impl Requests {
    pub fn begin() -> Requests {
        Requests {}
    }

    /// Starts a request; `Responded` or `RequestFailed` follows from [`Requests::next`].
    pub fn send(&mut self, _id: EffectId, _call: Call) {}

    /// Drops a request; `RequestFailed` with `Sent::Maybe` follows unless its answer is already there.
    pub fn abandon(&mut self, _id: EffectId) {}

    /// How many are not over yet.
    pub fn running(&self) -> usize {
        0
    }

    /// The next response or failure. Pending for ever while none is open; safe to cancel.
    pub async fn next(&mut self) -> Event {
        std::future::pending().await
    }
}
