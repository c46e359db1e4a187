//! The person, as the engine knows them: a terminal, a script, or nobody.

use runbook_core::effect::{EffectId, Notice};
use runbook_core::prompt::{Answer, Prompt};
use runbook_core::view::View;

/// What an operator may say, at any time. Sent over the channel the driver handed out.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Answered {
        id: EffectId,
        answer: Answer,
        by: String,
    },
    /// There is nobody to ask (no terminal, or the terminal went away): the run parks when nothing else can go on.
    Unanswerable {
        id: EffectId,
    },
    Noted {
        text: String,
    },
    /// Ctrl-C.
    Interrupted,
    /// Park at once, letting what runs end.
    Pause {
        reason: String,
    },
}

/// Shows a run and puts its questions. No method blocks: answers come as [`Said`].
pub trait Operator {
    /// Tells a fact that is already durable.
    fn tell(&mut self, notice: &Notice, view: &View);
    /// Opens a prompt; several may be open, and an operator that has one screen puts them one after the other.
    fn ask(&mut self, id: EffectId, prompt: &Prompt, view: &View);
    /// Closes a prompt that is no longer wanted.
    fn withdraw(&mut self, id: EffectId);
    /// A piece of live output of a running command: redacted bytes, as they came.
    fn output(&mut self, id: EffectId, bytes: &[u8]);
    /// Called about ten times a second while something runs or waits, for clocks and progress.
    fn redraw(&mut self, view: &View, now: runbook_core::event::Moment);
    /// Hands the terminal to an interactive command, and takes it back.
    fn lend_terminal(&mut self);
    fn return_terminal(&mut self);
    /// The run parked or ended; nothing more will be said.
    fn close(&mut self, view: &View);
}
