//! Answers from a file, before anybody is asked.

use std::collections::VecDeque;

use runbook_core::effect::{EffectId, Notice};
use runbook_core::event::Moment;
use runbook_core::prompt::{
    Answer, ConfirmDeclined, DoubtChoice, FailedChoice, Prompt, PromptKind,
};
use runbook_core::view::View;
use runbook_grammar::nearest;
use runbook_plan::value::{Type, Value};
use tokio::sync::mpsc::UnboundedSender;

use crate::codes;
use crate::config::AnswersFile;
use crate::error::HostError;
use crate::operator::{Operator, Said};

/// An operator that answers from a file what the file has an answer for, and leaves the rest to another.
pub struct ScriptedAnswers {
    inner: Box<dyn Operator>,
    said: UnboundedSender<Said>,
    by: String,
    severities: Vec<String>,
    answers: Vec<Script>,
    /// Texts of prompts that the file had no answer for.
    unanswered: Vec<String>,
    first: FirstEngine,
    /// Prompts answered here, whose closing is nothing to the other operator.
    ours: Vec<EffectId>,
}

/// Whether an earlier engine of the run may have used up answers of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstEngine {
    Yes,
    No,
}

struct Script {
    key: String,
    left: VecDeque<String>,
    used: usize,
    /// What was wrong with an answer.
    wrong: Option<String>,
}

impl ScriptedAnswers {
    /// `severities` are the declared levels; `by` is who gave the file.
    pub fn new(
        file: &AnswersFile,
        severities: Vec<String>,
        by: String,
        first: FirstEngine,
        inner: Box<dyn Operator>,
        said: UnboundedSender<Said>,
    ) -> ScriptedAnswers {
        let answers = file.answers.iter().map(|(key, texts)| Script {
            key: key.clone(),
            left: texts.iter().cloned().collect(),
            used: 0,
            wrong: None,
        });
        ScriptedAnswers {
            inner,
            said,
            by,
            severities,
            answers: answers.collect(),
            unanswered: Vec::new(),
            first,
            ours: Vec::new(),
        }
    }

    /// Answers that fitted no prompt, or that no prompt came for.
    fn complaints(&self) -> Vec<HostError> {
        let mut complaints = Vec::new();
        for script in &self.answers {
            if let Some(wrong) = &script.wrong {
                complaints.push(HostError::new(codes::ANSWERS_WRONG, wrong.clone()));
            } else if script.used == 0 {
                let error = HostError::new(
                    codes::ANSWER_UNUSED,
                    format!("no prompt asked for the answer `{}`", script.key),
                );
                let asked = self.unanswered.iter().map(String::as_str);
                match nearest(&script.key, asked) {
                    Some(near) => complaints.push(error.help(format!("Did you mean `{near}`?"))),
                    None if self.first == FirstEngine::Yes => complaints.push(error),
                    None => {}
                }
            }
        }
        complaints
    }

    fn answer(&mut self, prompt: &Prompt) -> Option<Answer> {
        let script = self
            .answers
            .iter_mut()
            .find(|script| prompt.keys.contains(&script.key) && script.wrong.is_none())?;
        let text = script.left.front()?.clone();
        match read(prompt, &text, &self.severities) {
            Ok(answer) => {
                script.used += 1;
                script.left.pop_front();
                Some(answer)
            }
            Err(why) => {
                script.wrong = Some(format!(
                    "the answer to `{}` cannot be taken: {why}",
                    script.key
                ));
                None
            }
        }
    }
}

impl Operator for ScriptedAnswers {
    fn tell(&mut self, notice: &Notice, view: &View) {
        self.inner.tell(notice, view);
    }

    fn ask(&mut self, id: EffectId, prompt: &Prompt, view: &View) {
        match self.answer(prompt) {
            Some(answer) => {
                self.ours.push(id);
                let by = self.by.clone();
                // The driver is gone only when the run is.
                let _ = self.said.send(Said::Answered { id, answer, by });
            }
            None => {
                self.unanswered.extend(prompt.keys.iter().cloned());
                self.inner.ask(id, prompt, view);
            }
        }
    }

    fn withdraw(&mut self, id: EffectId) {
        if !self.ours.contains(&id) {
            self.inner.withdraw(id);
        }
    }

    fn output(&mut self, id: EffectId, bytes: &[u8]) {
        self.inner.output(id, bytes);
    }

    fn redraw(&mut self, view: &View, now: Moment) {
        self.inner.redraw(view, now);
    }

    fn lend_terminal(&mut self) {
        self.inner.lend_terminal();
    }

    fn return_terminal(&mut self) {
        self.inner.return_terminal();
    }

    fn close(&mut self, view: &View) {
        for complaint in self.complaints() {
            let mut text = complaint.to_string();
            if let Some(help) = complaint.help {
                text = format!("{text}\n{help}");
            }
            self.inner.tell(&Notice::Warning { text }, view);
        }
        self.inner.close(view);
    }
}

/// An answer as a file says it, in the words a person would use at the terminal. A reason stands behind a
/// colon: `skip: not needed today`.
pub fn read(prompt: &Prompt, text: &str, severities: &[String]) -> Result<Answer, String> {
    let trimmed = text.trim();
    let (word, reason) = match trimmed.split_once(':') {
        Some((word, reason)) => (word.trim(), reason.trim().to_owned()),
        None => (trimmed, "from the answers file".to_owned()),
    };
    let whole = trimmed.to_lowercase();
    let word = word.to_lowercase();
    let value =
        |ty| runbook_plan::read::read(text, ty, severities).map(|value| Answer::Value { value });
    let choose = |words: &[&str]| Err(format!("`{trimmed}` is none of {}", words.join(", ")));
    match &prompt.kind {
        // It goes into the vault and nowhere else, so it is no value of the runbook.
        PromptKind::Input {
            ty: Type::Secret, ..
        } => Ok(Answer::Value {
            value: Value::Text(text.to_owned()),
        }),
        PromptKind::Input { ty, .. } => value(ty),
        PromptKind::Item {
            evidence: Some(ty), ..
        } if whole != "no" => value(ty),
        PromptKind::Confirm { declined } => match (whole.as_str(), word.as_str(), declined) {
            ("yes", ..) => Ok(Answer::Yes),
            ("no", ..) => Ok(Answer::No),
            (_, "skip", ConfirmDeclined::Skips) => Ok(Answer::Skip { reason }),
            (_, _, ConfirmDeclined::Skips) => choose(&["yes", "no", "skip"]),
            _ => choose(&["yes", "no"]),
        },
        PromptKind::Item { .. } | PromptKind::Copy { .. } | PromptKind::Approve { .. } => {
            match whole.as_str() {
                "yes" => Ok(Answer::Yes),
                "no" => Ok(Answer::No),
                _ => choose(&["yes", "no"]),
            }
        }
        PromptKind::Irreversible { phrase } => match whole.as_str() {
            _ if trimmed == phrase => Ok(Answer::Typed {
                text: trimmed.to_owned(),
            }),
            "no" => Ok(Answer::No),
            _ => Err(format!(
                "it is `{trimmed}`, and must be exactly `{phrase}`, or no"
            )),
        },
        PromptKind::Choose { options } => {
            let found = options
                .iter()
                .position(|option| option.label == trimmed)
                .or_else(|| {
                    options
                        .iter()
                        .position(|option| option.label.to_lowercase() == whole)
                });
            match found {
                Some(option) => match &options[option].unavailable {
                    None => Ok(Answer::Chose { option }),
                    Some(why) => Err(format!("`{trimmed}` cannot be chosen now: {why}")),
                },
                None => {
                    let labels: Vec<&str> = options.iter().map(|o| o.label.as_str()).collect();
                    choose(&labels)
                }
            }
        }
        PromptKind::Manual => match word.as_str() {
            "done" | "yes" => Ok(Answer::Done { reason }),
            "failed" | "no" => Ok(Answer::Failed { reason }),
            "skip" => Ok(Answer::Skip { reason }),
            _ => choose(&["done", "failed", "skip"]),
        },
        PromptKind::HowDidItGo { .. } => match word.as_str() {
            "done" | "yes" => Ok(Answer::Done { reason }),
            "failed" | "no" => Ok(Answer::Failed { reason }),
            _ => choose(&["done", "failed"]),
        },
        PromptKind::Failed { choices, .. } => {
            let has = |choice: &FailedChoice| choices.contains(choice);
            let undo = choices.iter().find_map(|choice| match choice {
                FailedChoice::Undo { checkpoints } => Some(checkpoints),
                _ => None,
            });
            match (word.as_str(), undo) {
                ("retry", _) if has(&FailedChoice::Retry) => Ok(Answer::Retry),
                ("skip", _) if has(&FailedChoice::Skip) => Ok(Answer::Skip { reason }),
                ("done", _) if has(&FailedChoice::Done) => Ok(Answer::Done { reason }),
                ("pause", _) if has(&FailedChoice::Pause) => Ok(Answer::Pause { reason }),
                ("fail", _) if has(&FailedChoice::Fail) => Ok(Answer::Fail { reason }),
                (typed, Some(checkpoints)) if typed.starts_with("undo") => {
                    undo_to(typed, checkpoints, reason)
                }
                _ => choose(&["retry", "skip", "done", "undo CHECKPOINT", "pause", "fail"]),
            }
        }
        PromptKind::InDoubt { choices, .. } => {
            let has = |choice: DoubtChoice| choices.contains(&choice);
            let checkpoints = choices.iter().find_map(|choice| match choice {
                DoubtChoice::Undo { checkpoints } => Some(checkpoints),
                _ => None,
            });
            match word.as_str() {
                "done" if has(DoubtChoice::Done) => Ok(Answer::Done { reason }),
                "again" if has(DoubtChoice::RunAgain) => Ok(Answer::RunAgain { reason }),
                "pause" if has(DoubtChoice::Pause) => Ok(Answer::Pause { reason }),
                "fail" if has(DoubtChoice::Fail) => Ok(Answer::Fail { reason }),
                typed => match checkpoints {
                    Some(checkpoints) if typed.starts_with("undo") => {
                        undo_to(typed, checkpoints, reason)
                    }
                    _ => choose(&["done", "again", "undo CHECKPOINT", "pause", "fail"]),
                },
            }
        }
        PromptKind::Orphan { .. } => match word.as_str() {
            "wait" => Ok(Answer::WaitForIt),
            "stop" => Ok(Answer::StopIt),
            "leave" => Ok(Answer::LeaveIt),
            _ => choose(&["wait", "stop", "leave"]),
        },
        PromptKind::Interrupted => Err("nothing but a person answers Ctrl-C".to_owned()),
    }
}

/// `undo CHECKPOINT`; the newest one where none is named.
fn undo_to(typed: &str, checkpoints: &[String], reason: String) -> Result<Answer, String> {
    let named = typed.trim_start_matches("undo").trim();
    let found = match named {
        "" => checkpoints.first(),
        _ => checkpoints
            .iter()
            .find(|path| *path == named || path.ends_with(&format!(".{named}"))),
    };
    match found {
        Some(checkpoint) => Ok(Answer::Undo {
            checkpoint: checkpoint.clone(),
            reason,
        }),
        None => Err(format!("`{named}` is no checkpoint that can be undone to")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_core::prompt::{ChooseOption, Closed};
    use std::cell::RefCell;
    use std::rc::Rc;
    use tokio::sync::mpsc::unbounded_channel;

    /// Writes down what reaches it.
    #[derive(Clone, Default)]
    struct Other(Rc<RefCell<Vec<String>>>);

    impl Operator for Other {
        fn tell(&mut self, notice: &Notice, _: &View) {
            self.0.borrow_mut().push(format!("{notice:?}"));
        }
        fn ask(&mut self, id: EffectId, _: &Prompt, _: &View) {
            self.0.borrow_mut().push(format!("asked {}", id.0));
        }
        fn withdraw(&mut self, id: EffectId) {
            self.0.borrow_mut().push(format!("withdrawn {}", id.0));
        }
        fn output(&mut self, _: EffectId, _: &[u8]) {}
        fn redraw(&mut self, _: &View, _: Moment) {}
        fn lend_terminal(&mut self) {}
        fn return_terminal(&mut self) {}
        fn close(&mut self, _: &View) {}
    }

    fn prompt(kind: PromptKind, keys: &[&str]) -> Prompt {
        Prompt {
            kind,
            text: keys[0].into(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            detail: Vec::new(),
            path: String::new(),
            deadline: None,
            otherwise: None,
        }
    }

    fn confirm() -> PromptKind {
        PromptKind::Confirm {
            declined: ConfirmDeclined::Fails,
        }
    }

    fn file(answers: &[(&str, &[&str])]) -> AnswersFile {
        AnswersFile {
            params: Vec::new(),
            answers: answers
                .iter()
                .map(|(key, texts)| {
                    let texts = texts.iter().map(|text| (*text).to_owned()).collect();
                    ((*key).to_owned(), texts)
                })
                .collect(),
        }
    }

    #[test]
    fn the_file_answers_first_and_the_rest_is_asked() {
        let other = Other::default();
        let (send, mut said) = unbounded_channel();
        let file = file(&[
            ("Again?", &["yes", "no"]),
            ("Go no?", &["yes"]),
            ("size", &["big"]),
        ]);
        let mut operator = ScriptedAnswers::new(
            &file,
            Vec::new(),
            "ada".into(),
            FirstEngine::Yes,
            Box::new(other.clone()),
            send,
        );
        let view = View::default();
        let size = PromptKind::Input {
            ty: Type::Number,
            default: None,
            suggestions: Vec::new(),
            closed: Closed::No,
            matches: None,
        };
        for (id, prompt) in [
            (1, prompt(confirm(), &["Again?"])),
            (2, prompt(confirm(), &["Again?"])),
            (3, prompt(confirm(), &["Go on?"])),
            (4, prompt(size, &["size"])),
        ] {
            operator.ask(EffectId(id), &prompt, &view);
        }
        let mut answers = Vec::new();
        while let Ok(Said::Answered { id, answer, by }) = said.try_recv() {
            assert_eq!(by, "ada");
            answers.push((id.0, answer));
        }
        assert_eq!(answers, [(1, Answer::Yes), (2, Answer::No)]);
        operator.withdraw(EffectId(1));
        operator.close(&view);
        let seen = other.0.borrow();
        assert_eq!(seen[..2], ["asked 3", "asked 4"]);
        assert!(seen[2].contains("Did you mean `Go on?`?"), "{}", seen[2]);
        assert!(
            seen[3].contains("`size` cannot be taken: `big` is no number"),
            "{}",
            seen[3]
        );
        assert_eq!(seen.len(), 4);
    }

    #[test]
    fn each_kind_of_prompt_takes_the_words_of_a_person() {
        let say = |kind: PromptKind, text: &str| read(&prompt(kind, &["k"]), text, &[]);
        let evidence = |ty| PromptKind::Item { evidence: Some(ty) };
        assert_eq!(
            say(evidence(Type::Url), "https://x"),
            Ok(Answer::Value {
                value: Value::Url("https://x".into())
            })
        );
        assert_eq!(say(evidence(Type::Url), "no"), Ok(Answer::No));
        let phrase = || PromptKind::Irreversible {
            phrase: "schema".into(),
        };
        assert!(matches!(say(phrase(), "schema"), Ok(Answer::Typed { .. })));
        assert!(
            say(phrase(), "yes")
                .unwrap_err()
                .contains("exactly `schema`")
        );
        let choose = || PromptKind::Choose {
            options: ["Yes", "Not now"]
                .iter()
                .map(|label| ChooseOption {
                    label: (*label).into(),
                    recommended: false,
                    unavailable: (*label == "Yes").then(|| "it rains".into()),
                    detail: Vec::new(),
                })
                .collect(),
        };
        assert_eq!(say(choose(), "not now"), Ok(Answer::Chose { option: 1 }));
        assert!(say(choose(), "yes").unwrap_err().contains("it rains"));
        assert!(say(choose(), "maybe").unwrap_err().contains("Yes, Not now"));
        assert_eq!(
            say(PromptKind::Manual, "skip: not today"),
            Ok(Answer::Skip {
                reason: "not today".into()
            })
        );
        let failed = || PromptKind::Failed {
            why: String::new(),
            command: None,
            choices: vec![
                FailedChoice::Retry,
                FailedChoice::Undo {
                    checkpoints: vec!["a.ready".into()],
                },
            ],
        };
        let doubt = || PromptKind::InDoubt {
            command: "./deploy".into(),
            choices: vec![DoubtChoice::Undo {
                checkpoints: vec!["a.ready".into(), "start".into()],
            }],
        };
        let undo = |checkpoint: &str| Answer::Undo {
            checkpoint: checkpoint.into(),
            reason: "it hurts".into(),
        };
        assert_eq!(say(doubt(), "undo: it hurts"), Ok(undo("a.ready")));
        assert_eq!(say(doubt(), "undo start: it hurts"), Ok(undo("start")));
        assert!(say(doubt(), "undo nowhere: it hurts").is_err());
        assert_eq!(say(failed(), "retry"), Ok(Answer::Retry));
        assert!(say(failed(), "skip").is_err());
        assert_eq!(
            say(failed(), "undo ready: it hurts"),
            Ok(Answer::Undo {
                checkpoint: "a.ready".into(),
                reason: "it hurts".into()
            })
        );
    }
}
