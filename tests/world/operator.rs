//! The person: looks at the world before answering, and is not always there.

use runbook_core::effect::EffectId;
use runbook_core::prompt::{Answer, DoubtChoice, FailedChoice, Prompt, PromptKind};
use runbook_host::drive::turn::OURS;

use super::chance::hash;
use super::machine::Machine;
use super::runbooks::Made;
use super::watch::Watch;

pub const NAME: &str = "ada";

/// What a person who is there says, and the process that it is about. The same question gets the same answer
/// until that answer is in the journal.
pub fn answer(
    seed: u64,
    id: EffectId,
    prompt: &Prompt,
    machine: &Machine,
    watch: &Watch,
    made: &Made,
) -> (Answer, Option<usize>) {
    let times = watch.answers(&prompt.text);
    let dice = hash(seed, &format!("{} {times}", prompt.text));
    let because = || "the world was looked at".to_owned();
    let mut about = None;
    let answer = match &prompt.kind {
        _ if id.0 >= OURS => Answer::Yes,
        PromptKind::Confirm { .. } if dice.is_multiple_of(7) && times == 0 => Answer::No,
        PromptKind::Failed { choices, .. } => {
            let undo = choices.iter().find_map(|choice| match choice {
                FailedChoice::Undo { checkpoints } => checkpoints.first(),
                _ => None,
            });
            match (dice % 12, undo) {
                _ if times > 3 => Answer::Skip { reason: because() },
                (0, _) => Answer::Skip { reason: because() },
                (1, _) => Answer::Done { reason: because() },
                (2, _) => Answer::Fail { reason: because() },
                (3, _) => Answer::Pause { reason: because() },
                (4 | 5, Some(checkpoint)) => Answer::Undo {
                    checkpoint: checkpoint.clone(),
                    reason: because(),
                },
                _ => Answer::Retry,
            }
        }
        PromptKind::InDoubt { command, choices } => {
            let (verb, key) = read(command);
            about = watch.in_doubt(machine, &verb, &key);
            let acted = about.is_some_and(|at| machine.processes[at].acted);
            match dice % 12 {
                0 if times < 3 => {
                    // Put off, not settled.
                    about = None;
                    Answer::Pause { reason: because() }
                }
                1 => Answer::Fail { reason: because() },
                2 if choices
                    .iter()
                    .any(|choice| matches!(choice, DoubtChoice::Undo { .. }))
                    && times < 2 =>
                {
                    Answer::Undo {
                        checkpoint: made.checkpoints.first().cloned().unwrap_or_default(),
                        reason: because(),
                    }
                }
                _ if acted => Answer::Done { reason: because() },
                _ => Answer::RunAgain { reason: because() },
            }
        }
        PromptKind::Orphan { .. } => match dice % 4 {
            0 => Answer::StopIt,
            _ => Answer::WaitForIt,
        },
        PromptKind::Interrupted if dice.is_multiple_of(5) => Answer::Fail { reason: because() },
        PromptKind::Interrupted => Answer::GoOn,
        _ => Answer::Yes,
    };
    (answer, about)
}

/// `./do k3 a` is `do` of `k3 a`, and `POST http://localhost/k3/a` is `post` of it.
pub fn read(shown: &str) -> (String, String) {
    match shown.split_once("http://localhost/") {
        Some((_, rest)) => ("post".into(), rest.replace('/', " ")),
        None => {
            let (verb, key) = shown.split_once(' ').unwrap_or((shown, ""));
            (verb.trim_start_matches("./").into(), key.into())
        }
    }
}
