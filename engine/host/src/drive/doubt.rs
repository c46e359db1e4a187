//! Questions of the host's own: what a damaged journal leaves open.

use runbook_core::effect::{Effect, EffectId, Notice};
use runbook_core::prompt::{Answer, ConfirmDeclined, Detail, Prompt, PromptKind};
use runbook_core::state::Over;
use runbook_core::view::View;
use runbook_plan::command::Mark;
use tokio::sync::mpsc::UnboundedReceiver;

use super::driver::{Driver, OURS};
use super::replay::Doubted;
use crate::clock;
use crate::codes;
use crate::error::{HostError, plainly};
use crate::journal::{Entry, HostRecord};
use crate::operator::{Operator, Said};
use crate::signals::Signals;

const CUT: &str = "Cut the damaged end off and go on?";
const DOUBT: &str =
    "The journal lost its last record, and this may have been started then. Start it?";

impl Driver<'_> {
    /// After a record was cut off that may have been an intent, what acts first is asked about: the
    /// question comes back instead of the wish.
    pub(super) fn doubt(&mut self, effect: Effect) -> Effect {
        if self.doubt_next == Doubted::No {
            return effect;
        }
        let (shown, path) = match &effect {
            Effect::Run(run) if run.mark == Mark::Act => (&run.shown, &run.path),
            Effect::Request(request) if request.mark == Mark::Act => {
                (&request.shown, &request.path)
            }
            _ => return effect,
        };
        let prompt = Prompt {
            kind: PromptKind::Confirm {
                declined: ConfirmDeclined::Fails,
            },
            text: DOUBT.into(),
            keys: vec![DOUBT.into()],
            detail: vec![Detail::Command(shown.clone())],
            path: path.clone(),
            deadline: None,
            otherwise: None,
        };
        let id = self.own_prompt();
        self.doubted.insert(id, effect);
        Effect::Ask { id, prompt }
    }

    pub(super) fn own_prompt(&mut self) -> EffectId {
        self.next_prompt += 1;
        EffectId(self.next_prompt)
    }

    /// An answer to a prompt of the host's own.
    pub(super) fn own_answer(
        &mut self,
        id: EffectId,
        answer: Answer,
        by: String,
    ) -> Result<(), HostError> {
        let Some(effect) = self.doubted.remove(&id) else {
            self.secret_told(id, answer);
            return Ok(());
        };
        match answer {
            Answer::Yes => {
                self.doubt_next = Doubted::No;
                let about = match &effect {
                    Effect::Run(run) => run.id,
                    Effect::Request(request) => request.id,
                    _ => EffectId(0),
                };
                let at = clock::now();
                let record = HostRecord::AskedAgain { effect: about, by };
                self.journal.append(at, Entry::Host(&record));
                self.set_free(at, effect)?;
                // What else was held back for the same reason goes the same way.
                for (_, effect) in std::mem::take(&mut self.doubted) {
                    self.set_free(at, effect)?;
                }
            }
            _ => self.give_up(),
        }
        Ok(())
    }

    /// A prompt of the host's own that nobody answers.
    pub(super) fn refused(&mut self, id: EffectId) {
        if self.doubted.remove(&id).is_some() {
            self.give_up();
        } else {
            self.secret_untold(id);
        }
    }

    /// Whoever settles what may have run twice is not here: the run waits for them, its wish still open.
    pub(super) fn give_up(&mut self) {
        let why = "a command may have been started already, and nobody said what is to be done";
        let record = HostRecord::Parked {
            why: why.into(),
            until: None,
        };
        self.journal.append(clock::now(), Entry::Host(&record));
        self.tell(&Notice::Warning {
            text: format!("parked: {why}"),
        });
        self.over = Some(Over::Parked { why: why.into() });
    }
}

/// Asks whether the damaged end of a journal may be cut off.
///
/// # Errors
/// Nobody is there, or the answer is no.
pub(super) async fn agree_to_cut(
    operator: &mut dyn Operator,
    said: &mut UnboundedReceiver<Said>,
    why: &str,
    bytes: usize,
) -> Result<(), HostError> {
    let id = EffectId(OURS);
    let prompt = Prompt {
        kind: PromptKind::Confirm {
            declined: ConfirmDeclined::Fails,
        },
        text: CUT.into(),
        keys: vec![CUT.into()],
        detail: vec![
            Detail::Warning(format!("The journal cannot be trusted to its end: {why}.")),
            Detail::Prose(format!(
                "It was torn by a power cut, and then nothing is lost; or it rotted since, and then an outcome that was shown is lost. The {bytes} bytes are kept aside, and the next step that acts asks before it starts."
            )),
        ],
        path: String::new(),
        deadline: None,
        otherwise: None,
    };
    operator.ask(id, &prompt, &View::default());
    let refused = || {
        HostError::new(
            codes::JOURNAL_TAIL,
            format!("the journal cannot be trusted to its end: {why}"),
        )
        .help("Resume it in a terminal and say what is to be done.")
    };
    let mut signals =
        Signals::begin().map_err(|error| HostError::new(codes::JOURNAL_TAIL, plainly(&error)))?;
    loop {
        tokio::select! {
            said = said.recv() => match said {
                Some(Said::Answered { id: other, answer, .. }) if other == id => {
                    return if answer == Answer::Yes { Ok(()) } else { Err(refused()) };
                }
                Some(Said::Unanswerable { .. } | Said::Interrupted | Said::Pause { .. }) | None => {
                    return Err(refused());
                }
                Some(_) => {}
            },
            signal = signals.next() => {
                if signal.exit_code() != 0 {
                    return Err(refused());
                }
            }
        }
    }
}
