//! Output on its way from a pipe to the journal, the run's output file and the screen.

/// Which of the two streams of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    Out,
    Err,
}

/// Takes secrets out of one stream where it enters.
pub trait Redact {
    /// Appends to `clean` what of the stream may be kept and shown so far. What could be the beginning of a
    /// secret is held back until more comes.
    fn redact(&mut self, bytes: &[u8], clean: &mut Vec<u8>);
    /// The stream is over: appends what was held back.
    fn finish(&mut self, clean: &mut Vec<u8>);
}

/// One for each stream of one command; `None` where the run has no secret, and bytes pass as they are.
#[derive(Default)]
pub struct Redactors {
    pub out: Option<Box<dyn Redact>>,
    pub err: Option<Box<dyn Redact>>,
}
