//! Questions of the host's own: what a damaged journal leaves open, and what they lead to that nobody answers.

use runbook_core::effect::{Effect, EffectId, Notice};
use runbook_core::prompt::{Answer, ConfirmDeclined, Detail, Prompt, PromptKind};
use runbook_core::state::Over;
use runbook_core::view::View;
use runbook_plan::command::Mark;
use tokio::sync::mpsc::UnboundedReceiver;

use super::driver::Driver;
use super::replay::Doubted;
use super::turn::{Book, Hands, OURS, set_free};
use crate::codes;
use crate::error::{HostError, plainly};
use crate::journal::{Entry, HostRecord};
use crate::operator::{Operator, Said};
use crate::signals::Signals;

const COPY: &str = "Go on with this copy of the run?";
const CUT: &str = "Cut the damaged end off and go on?";
const DOUBT: &str =
    "The journal lost its last record, and this may have been started then. Start it?";
/// Whoever settles what may have run twice is not here.
const UNSETTLED: &str =
    "a command may have been started already, and nobody said what is to be done";

/// After a record was cut off that may have been an intent, what acts first is asked about: the question comes
/// back instead of the wish.
pub(super) fn held_back(book: &mut Book<'_>, effect: Effect) -> Effect {
    if book.doubt_next == Doubted::No {
        return effect;
    }
    let (shown, path) = match &effect {
        Effect::Run(run) if run.mark == Mark::Act => (&run.shown, &run.path),
        Effect::Request(request) if request.mark == Mark::Act => (&request.shown, &request.path),
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
    let id = book.own_prompt();
    book.doubted.insert(id, effect);
    Effect::Ask { id, prompt }
}

/// The question that holds an effect back.
pub(super) fn holds_back(book: &Book<'_>, effect: EffectId) -> Option<EffectId> {
    let of = |held: &Effect| match held {
        Effect::Run(run) => run.id == effect,
        Effect::Request(request) => request.id == effect,
        _ => false,
    };
    let found = book.doubted.iter().find(|(_, held)| of(held));
    found.map(|(prompt, _)| *prompt)
}

/// An answer to a question that held something back; nothing where `id` is no such question.
///
/// # Errors
/// The journal could not be written.
pub fn answered<'p, H: Hands<'p>>(
    hands: &mut H,
    id: EffectId,
    answer: &Answer,
    by: String,
) -> Result<Was, HostError> {
    let Some(effect) = hands.book().doubted.remove(&id) else {
        return Ok(Was::Other);
    };
    if *answer != Answer::Yes {
        give_up(hands, UNSETTLED);
        return Ok(Was::Doubt);
    }
    hands.book().doubt_next = Doubted::No;
    let about = match &effect {
        Effect::Run(run) => run.id,
        Effect::Request(request) => request.id,
        _ => EffectId(0),
    };
    let at = hands.now();
    let record = HostRecord::AskedAgain { effect: about, by };
    hands.book().journal.append(at, Entry::Host(&record));
    set_free(hands, at, effect)?;
    // What else was held back for the same reason goes the same way.
    for (_, effect) in std::mem::take(&mut hands.book().doubted) {
        set_free(hands, at, effect)?;
    }
    Ok(Was::Doubt)
}

/// A question that nobody answers.
pub fn refused<'p, H: Hands<'p>>(hands: &mut H, id: EffectId) -> Was {
    match hands.book().doubted.remove(&id) {
        Some(_) => {
            give_up(hands, UNSETTLED);
            Was::Doubt
        }
        None => Was::Other,
    }
}

/// What a prompt of the host's own was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was {
    Doubt,
    Other,
}

/// Parks where the core waits for the host and cannot: its wish stays open, and is made again on resume.
pub(super) fn give_up<'p, H: Hands<'p>>(hands: &mut H, why: &str) {
    if hands.book().over.is_some() {
        return;
    }
    let record = HostRecord::Parked {
        why: why.into(),
        until: None,
    };
    let at = hands.now();
    hands.book().journal.append(at, Entry::Host(&record));
    hands.book().over = Some(Over::Parked { why: why.into() });
    let text = format!("parked: {why}");
    hands.perform(Effect::Tell(Notice::Warning { text }));
}

impl Driver<'_> {
    /// An answer to a prompt of the host's own.
    pub(super) fn own_answer(
        &mut self,
        id: EffectId,
        answer: Answer,
        by: String,
    ) -> Result<(), HostError> {
        if self.interrupted == Some(id) {
            self.interrupted = None;
            match answer {
                Answer::GoOn => {}
                Answer::Fail { reason } => {
                    self.secret_refused(format!("the operator ended it: {reason}"));
                }
                _ => give_up(self, "the operator interrupted"),
            }
            return Ok(());
        }
        if answered(self, id, &answer, by)? == Was::Other {
            self.secret_told(id, answer);
        }
        Ok(())
    }

    /// A prompt of the host's own that nobody answers.
    pub(super) fn refused(&mut self, id: EffectId) {
        if refused(self, id) == Was::Other
            && (self.interrupted == Some(id) || self.asked_for_secret() == Some(id))
        {
            give_up(
                self,
                "a secret is asked for, and nobody is there to give it",
            );
        }
    }

    /// No prompt of the host's own is answered any more.
    pub(super) fn nobody_answers(&mut self, why: &str) {
        let secret = self.asked_for_secret();
        let asked = self
            .book
            .doubted
            .keys()
            .copied()
            .chain(secret)
            .chain(self.interrupted);
        let asked: Vec<EffectId> = asked.collect();
        for id in &asked {
            self.operator.withdraw(*id);
        }
        if !asked.is_empty() {
            give_up(self, why);
        }
    }

    /// Ctrl-C at the prompt for a secret asks whether to go on; once more, there, parks.
    pub(super) fn interrupted_at_secret(&mut self) {
        if self.interrupted.is_some() {
            give_up(self, "the operator interrupted");
            return;
        }
        let id = self.book.own_prompt();
        self.interrupted = Some(id);
        self.ask(id, Prompt::interrupted());
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
    let detail = vec![
        Detail::Warning(format!("The journal cannot be trusted to its end: {why}.")),
        Detail::Prose(format!(
            "It was torn by a power cut, and then nothing is lost; or it rotted since, and then an outcome that was shown is lost. The {bytes} bytes are kept aside, and the next step that acts asks before it starts."
        )),
    ];
    let refused = HostError::new(
        codes::JOURNAL_TAIL,
        format!("the journal cannot be trusted to its end: {why}"),
    )
    .help("Resume it in a terminal and say what is to be done.");
    agree(operator, said, CUT, detail, refused).await
}

/// Asks whether a run goes on whose folder is a copy.
///
/// # Errors
/// Nobody is there, or the answer is no.
pub(super) async fn agree_to_copy(
    operator: &mut dyn Operator,
    said: &mut UnboundedReceiver<Said>,
    run: &str,
) -> Result<(), HostError> {
    let detail = vec![
        Detail::Warning("The folder of this run was copied, or restored from a backup.".into()),
        Detail::Prose(
            "If the other one went on since, or goes on too, this one does not know of it, and what was done there may be done here again."
                .into(),
        ),
    ];
    let refused = HostError::new(
        codes::RUN_COPIED,
        format!("the folder of run {run} is a copy: its journal is not the file that the run was left in"),
    )
    .help("Resume the run where it was left, or resume this one in a terminal and say that it goes on.");
    agree(operator, said, COPY, detail, refused).await
}

/// A question before anything is written: yes, or `refused`.
async fn agree(
    operator: &mut dyn Operator,
    said: &mut UnboundedReceiver<Said>,
    text: &str,
    detail: Vec<Detail>,
    refused: HostError,
) -> Result<(), HostError> {
    let id = EffectId(OURS);
    let prompt = Prompt {
        kind: PromptKind::Confirm {
            declined: ConfirmDeclined::Fails,
        },
        text: text.into(),
        keys: vec![text.into()],
        detail,
        path: String::new(),
        deadline: None,
        otherwise: None,
    };
    operator.ask(id, &prompt, &View::default());
    let mut signals =
        Signals::begin().map_err(|error| HostError::new(refused.code, plainly(&error)))?;
    loop {
        tokio::select! {
            said = said.recv() => match said {
                Some(Said::Answered { id: other, answer, .. }) if other == id => {
                    return if answer == Answer::Yes { Ok(()) } else { Err(refused) };
                }
                Some(Said::Unanswerable { .. } | Said::Interrupted | Said::Pause { .. }) | None => {
                    return Err(refused);
                }
                Some(_) => {}
            },
            signal = signals.next() => {
                if signal.exit_code() != 0 {
                    return Err(refused);
                }
            }
        }
    }
}
