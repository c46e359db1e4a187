//! A prompt as text, and typed text as an answer. Pure, so that every kind of prompt is tested without a terminal.

use runbook_core::prompt::{
    Answer, Closed, ConfirmDeclined, Detail, DoubtChoice, FailedChoice, Prompt, PromptKind,
};
use runbook_plan::read::read;
use runbook_plan::show;
use runbook_plan::value::{Type, Value};

/// What a typed line leads to.
#[derive(Debug, PartialEq)]
pub enum Step {
    Answer {
        answer: Answer,
        by: Option<String>,
    },
    /// Something more is needed first: a reason, an approver's name, an edited command.
    More {
        lead: String,
        initial: Option<String>,
        lines: Lines,
        then: Pending,
    },
    /// Not an answer, and why.
    Refused(String),
    Help,
    Note(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    One,
    /// In the person's editor.
    Several,
}

/// An answer that waits for one more line.
#[derive(Clone, Debug, PartialEq)]
pub enum Pending {
    Note,
    Skip,
    Done,
    Failed,
    Pause,
    Fail,
    RunAgain,
    Undo { checkpoint: String },
    Edited,
    EditedReason { command: String },
}

/// What stands above the cursor, beside the question itself: choices and how to answer.
pub struct Choices {
    /// A key and what it does, each on a line of its own.
    pub rows: Vec<(String, String)>,
    /// One line: what may be typed.
    pub hint: String,
}

pub fn choices(prompt: &Prompt) -> Choices {
    let rows = |rows: &[(&str, &str)]| {
        rows.iter()
            .map(|(k, t)| ((*k).to_owned(), (*t).to_owned()))
            .collect()
    };
    let only = |hint: &str| Choices {
        rows: Vec::new(),
        hint: hint.to_owned(),
    };
    match &prompt.kind {
        PromptKind::Input {
            ty,
            default,
            suggestions,
            closed,
            ..
        } => {
            let listed: Vec<String> = match ty {
                Type::OneOf(values) => values.clone(),
                Type::Optional(inner) => match inner.as_ref() {
                    Type::OneOf(values) => values.clone(),
                    _ => suggestions.clone(),
                },
                _ => suggestions.clone(),
            };
            let numbered = listed
                .iter()
                .enumerate()
                .map(|(i, value)| (format!("#{}", i + 1), value.clone()))
                .collect();
            let mut hint = match (listed.is_empty(), closed) {
                (true, _) => wanted(ty),
                (false, Closed::Yes) => "one of these, or its number: #1".to_owned(),
                (false, Closed::No) if matches!(ty, Type::OneOf(_) | Type::Optional(_)) => {
                    "one of these, or its number: #1".to_owned()
                }
                (false, Closed::No) => format!("{}, or a number: #1", wanted(ty)),
            };
            match default {
                Some(Value::Missing) | None if matches!(ty, Type::Optional(_)) => {
                    hint.push_str("; Enter leaves it open")
                }
                Some(value) => hint.push_str(&format!("; Enter takes {}", show::value(value))),
                None => {}
            }
            Choices {
                rows: numbered,
                hint,
            }
        }
        PromptKind::Confirm {
            declined: ConfirmDeclined::Fails,
        } => only("yes or no"),
        PromptKind::Confirm {
            declined: ConfirmDeclined::Skips,
        } => only("yes, no, or skip"),
        PromptKind::Item { evidence: None } => only("yes or no"),
        PromptKind::Item { evidence: Some(ty) } => {
            only(&format!("the evidence ({}), or no", wanted(ty)))
        }
        PromptKind::Approve { .. } => only("the name of who approves, or no"),
        PromptKind::Irreversible { phrase } => only(&format!("type {phrase} to go on, or no")),
        PromptKind::Choose { options } => {
            let row = |(i, option): (usize, &runbook_core::prompt::ChooseOption)| {
                let mut text = option.label.clone();
                if option.recommended {
                    text.push_str(" (recommended)");
                }
                if let Some(why) = &option.unavailable {
                    text.push_str(&format!(" (not now: {why})"));
                }
                ((i + 1).to_string(), text)
            };
            Choices {
                rows: options.iter().enumerate().map(row).collect(),
                hint: "a number, or the words".to_owned(),
            }
        }
        PromptKind::Manual => only("done, failed, or skip"),
        PromptKind::Copy { .. } => only("yes when it is sent, or no"),
        PromptKind::HowDidItGo { .. } => only("done or failed"),
        PromptKind::Failed { choices, .. } => {
            let row = |choice: &FailedChoice| match choice {
                FailedChoice::Retry => ("retry".to_owned(), "run the step again".to_owned()),
                FailedChoice::RetryEdited => (
                    "edit".to_owned(),
                    "change the command, then run it".to_owned(),
                ),
                FailedChoice::Skip => ("skip".to_owned(), "go on without it".to_owned()),
                FailedChoice::Done => ("done".to_owned(), "it is done, by hand".to_owned()),
                FailedChoice::Undo { checkpoints } => (
                    "undo".to_owned(),
                    format!("take back what was done, to {}", checkpoints.join(" or ")),
                ),
                FailedChoice::Pause => (
                    "pause".to_owned(),
                    "stop here; `runbook resume` goes on".to_owned(),
                ),
                FailedChoice::Fail => ("fail".to_owned(), "end the run as failed".to_owned()),
            };
            Choices {
                rows: choices.iter().map(row).collect(),
                hint: "a word".to_owned(),
            }
        }
        PromptKind::InDoubt { choices, .. } => {
            let row = |choice: &DoubtChoice| match choice {
                DoubtChoice::Done => ("done".to_owned(), "it did its work: go on".to_owned()),
                DoubtChoice::RunAgain => ("again".to_owned(), "run it again".to_owned()),
                DoubtChoice::Undo { checkpoints } => (
                    "undo".to_owned(),
                    format!("take back what was done, to {}", checkpoints.join(" or ")),
                ),
                DoubtChoice::Pause => ("pause".to_owned(), "decide later".to_owned()),
                DoubtChoice::Fail => ("fail".to_owned(), "the step failed".to_owned()),
            };
            Choices {
                rows: choices.iter().map(row).collect(),
                hint: "a word".to_owned(),
            }
        }
        PromptKind::Orphan { .. } => Choices {
            rows: rows(&[
                ("wait", "until it ends"),
                ("stop", "it, and everything it started"),
                ("leave", "it running, and go on"),
            ]),
            hint: "a word".to_owned(),
        },
        PromptKind::Interrupted => Choices {
            rows: rows(&[
                ("on", "go on with the run"),
                ("pause", "stop here; `runbook resume` goes on"),
                ("fail", "end the run as failed"),
            ]),
            hint: "a word".to_owned(),
        },
    }
}

/// A type as what to type.
fn wanted(ty: &Type) -> String {
    match ty {
        Type::Bool => "yes or no".to_owned(),
        Type::Optional(inner) => wanted(inner),
        Type::List(_) => format!("{}, with commas between", show::ty(ty)),
        ty => show::ty(ty),
    }
}

/// What belongs to a prompt of its own nature, shown above the question.
pub fn details(prompt: &Prompt) -> Vec<Detail> {
    let mut details = prompt.detail.clone();
    match &prompt.kind {
        PromptKind::Copy { message } => details.push(Detail::Prose(line_by_line(message))),
        PromptKind::Failed {
            command: Some(command),
            ..
        }
        | PromptKind::InDoubt { command, .. }
        | PromptKind::Orphan { command, .. } => {
            let printed = |detail: &Detail| matches!(detail, Detail::Output(_));
            let at = details.iter().position(printed).unwrap_or(details.len());
            details.insert(at, Detail::Command(command.clone()));
        }
        _ => {}
    }
    details
}

/// A message as it will be sent: a person copies it, so its lines are not joined into paragraphs. Two blanks at
/// the end of a line are Markdown's word for that.
fn line_by_line(message: &str) -> String {
    let lines = message.lines().map(|line| match line {
        "" => String::new(),
        line => format!("{}  ", line.trim_end()),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Reads a typed line as an answer to a prompt.
pub fn answer(prompt: &Prompt, typed: &str) -> Step {
    if let PromptKind::Input {
        ty: Type::Secret, ..
    } = prompt.kind
    {
        return secret(typed);
    }
    let text = typed.trim();
    match text {
        "?" => return Step::Help,
        "n" if yes_or_no(&prompt.kind) => {
            return more("note, not a no", Pending::Note);
        }
        "n" => return more("note", Pending::Note),
        _ => {}
    }
    if let Some(note) = text.strip_prefix("n ") {
        return Step::Note(note.trim().to_owned());
    }
    let word = text.to_lowercase();
    let plain = |answer: Answer| Step::Answer { answer, by: None };
    let yes = matches!(word.as_str(), "y" | "yes");
    let no = word == "no";
    match &prompt.kind {
        PromptKind::Input {
            ty,
            default,
            suggestions,
            closed,
            matches,
        } => input(
            text,
            ty,
            default.as_ref(),
            suggestions,
            *closed,
            matches.as_deref(),
        ),
        PromptKind::Confirm { .. }
        | PromptKind::Copy { .. }
        | PromptKind::Item { evidence: None }
            if yes =>
        {
            plain(Answer::Yes)
        }
        PromptKind::Confirm {
            declined: ConfirmDeclined::Skips,
        } if word == "skip" => more("why", Pending::Skip),
        PromptKind::Confirm { .. }
        | PromptKind::Copy { .. }
        | PromptKind::Item { .. }
        | PromptKind::Approve { .. }
        | PromptKind::Irreversible { .. }
            if no =>
        {
            plain(Answer::No)
        }
        PromptKind::Item { evidence: Some(ty) } => match read(text, ty, &[]) {
            Ok(value) if !text.is_empty() => plain(Answer::Value { value }),
            Ok(_) => Step::Refused("evidence is wanted: nothing is no evidence".to_owned()),
            Err(why) => Step::Refused(why),
        },
        PromptKind::Approve { .. } if yes => {
            Step::Refused("who approves? Type the name, for the journal".to_owned())
        }
        PromptKind::Approve { .. } if !text.is_empty() => Step::Answer {
            answer: Answer::Yes,
            by: Some(text.to_owned()),
        },
        PromptKind::Irreversible { phrase } if text == phrase => plain(Answer::Typed {
            text: text.to_owned(),
        }),
        PromptKind::Irreversible { phrase } => Step::Refused(format!(
            "to go on, type exactly {phrase}; to stop here, type no"
        )),
        PromptKind::Choose { options } => {
            let by_number = text
                .parse::<usize>()
                .ok()
                .and_then(|n| n.checked_sub(1))
                .filter(|i| *i < options.len());
            let by_label = || {
                options
                    .iter()
                    .position(|option| option.label.to_lowercase() == word)
            };
            match by_number.or_else(by_label) {
                Some(i) => match &options[i].unavailable {
                    Some(why) => {
                        Step::Refused(format!("{} cannot be chosen now: {why}", options[i].label))
                    }
                    None => plain(Answer::Chose { option: i }),
                },
                None => Step::Refused(format!(
                    "type a number from 1 to {}, or the words of a choice",
                    options.len()
                )),
            }
        }
        PromptKind::Manual | PromptKind::HowDidItGo { .. } => match word.as_str() {
            "done" => plain(Answer::Done {
                reason: String::new(),
            }),
            "failed" => more("what happened", Pending::Failed),
            "skip" if matches!(prompt.kind, PromptKind::Manual) => more("why", Pending::Skip),
            _ => refused(prompt),
        },
        PromptKind::Failed {
            choices, command, ..
        } => failed(&word, choices, command.as_deref(), prompt),
        PromptKind::InDoubt { choices, .. } => {
            let offered = |choice: DoubtChoice| choices.contains(&choice);
            let checkpoints = choices.iter().find_map(|choice| match choice {
                DoubtChoice::Undo { checkpoints } => Some(checkpoints),
                _ => None,
            });
            if let Some(checkpoints) = checkpoints
                && word.split_whitespace().next() == Some("undo")
            {
                return undo(word.split_whitespace().nth(1), checkpoints);
            }
            match word.as_str() {
                "done" if offered(DoubtChoice::Done) => more("how do you know", Pending::Done),
                "again" if offered(DoubtChoice::RunAgain) => {
                    more("why is that safe", Pending::RunAgain)
                }
                "pause" if offered(DoubtChoice::Pause) => plain(Answer::Pause {
                    reason: "decide later".to_owned(),
                }),
                "fail" if offered(DoubtChoice::Fail) => more("why", Pending::Fail),
                _ => refused(prompt),
            }
        }
        PromptKind::Orphan { .. } => match word.as_str() {
            "wait" => plain(Answer::WaitForIt),
            "stop" => plain(Answer::StopIt),
            "leave" => plain(Answer::LeaveIt),
            _ => refused(prompt),
        },
        PromptKind::Interrupted => match word.as_str() {
            "on" => plain(Answer::GoOn),
            "pause" => plain(Answer::Pause {
                reason: "the operator interrupted".to_owned(),
            }),
            "fail" => more("why", Pending::Fail),
            _ => refused(prompt),
        },
        _ => refused(prompt),
    }
}

/// The line that [`Step::More`] asked for.
pub fn complete(pending: &Pending, typed: &str) -> Step {
    let text = typed.trim().to_owned();
    if text.is_empty() {
        return Step::Refused("nothing typed; asked again from the start".to_owned());
    }
    if text == "?" && *pending != Pending::Edited {
        return Step::Help;
    }
    let answer = match pending {
        Pending::Note => return Step::Note(text),
        Pending::Edited => {
            return Step::More {
                lead: "why".to_owned(),
                initial: None,
                lines: Lines::One,
                then: Pending::EditedReason { command: text },
            };
        }
        Pending::EditedReason { command } => Answer::RetryEdited {
            command: command.clone(),
            reason: text,
        },
        Pending::Skip => Answer::Skip { reason: text },
        Pending::Done => Answer::Done { reason: text },
        Pending::Failed => Answer::Failed { reason: text },
        Pending::Pause => Answer::Pause { reason: text },
        Pending::Fail => Answer::Fail { reason: text },
        Pending::RunAgain => Answer::RunAgain { reason: text },
        Pending::Undo { checkpoint } => Answer::Undo {
            checkpoint: checkpoint.clone(),
            reason: text,
        },
    };
    Step::Answer { answer, by: None }
}

/// Whether a person may take `n` for an answer.
fn yes_or_no(kind: &PromptKind) -> bool {
    match kind {
        PromptKind::Input { ty, .. } => is_bool(ty),
        PromptKind::Confirm { .. }
        | PromptKind::Copy { .. }
        | PromptKind::Item { .. }
        | PromptKind::Approve { .. } => true,
        _ => false,
    }
}

fn is_bool(ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) => is_bool(inner),
        ty => *ty == Type::Bool,
    }
}

fn more(lead: &str, then: Pending) -> Step {
    Step::More {
        lead: lead.to_owned(),
        initial: None,
        lines: Lines::One,
        then,
    }
}

fn refused(prompt: &Prompt) -> Step {
    let choices = choices(prompt);
    let words: Vec<_> = choices.rows.iter().map(|(key, _)| key.as_str()).collect();
    Step::Refused(if words.is_empty() {
        format!("type {}", choices.hint)
    } else {
        format!("type {}", words.join(", "))
    })
}

fn failed(word: &str, choices: &[FailedChoice], command: Option<&str>, prompt: &Prompt) -> Step {
    let mut words = word.split_whitespace();
    let first = words.next().unwrap_or_default();
    for choice in choices {
        match (first, choice) {
            ("retry", FailedChoice::Retry) => {
                return Step::Answer {
                    answer: Answer::Retry,
                    by: None,
                };
            }
            ("edit", FailedChoice::RetryEdited) => {
                let initial = command.unwrap_or_default().to_owned();
                let lines = if initial.trim_end().contains('\n') {
                    Lines::Several
                } else {
                    Lines::One
                };
                return Step::More {
                    lead: "$".to_owned(),
                    initial: Some(initial),
                    lines,
                    then: Pending::Edited,
                };
            }
            ("skip", FailedChoice::Skip) => return more("why", Pending::Skip),
            ("done", FailedChoice::Done) => return more("how do you know", Pending::Done),
            ("undo", FailedChoice::Undo { checkpoints }) => {
                return undo(words.next(), checkpoints);
            }
            ("pause", FailedChoice::Pause) => return more("why", Pending::Pause),
            ("fail", FailedChoice::Fail) => return more("why", Pending::Fail),
            _ => {}
        }
    }
    refused(prompt)
}

/// How far back: the checkpoint that is named, or the only one there is.
fn undo(named: Option<&str>, checkpoints: &[String]) -> Step {
    let found = match named {
        Some(name) => checkpoints
            .iter()
            .find(|path| *path == name || path.ends_with(&format!(".{name}"))),
        None if checkpoints.len() == 1 => checkpoints.first(),
        None => None,
    };
    match found {
        Some(checkpoint) => more(
            "why",
            Pending::Undo {
                checkpoint: checkpoint.clone(),
            },
        ),
        None => Step::Refused(format!(
            "say how far: undo {}",
            checkpoints.join(", or undo ")
        )),
    }
}

/// A secret is taken as typed: it may begin with `?` or a blank.
fn secret(typed: &str) -> Step {
    let text = typed.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Step::Refused("nothing typed".to_owned());
    }
    Step::Answer {
        answer: Answer::Value {
            value: Value::Text(text.to_owned()),
        },
        by: None,
    }
}

fn input(
    text: &str,
    ty: &Type,
    default: Option<&Value>,
    suggestions: &[String],
    closed: Closed,
    matches: Option<&str>,
) -> Step {
    let accepted = |value: Value| Step::Answer {
        answer: Answer::Value { value },
        by: None,
    };
    if text.is_empty() {
        return match (default, ty) {
            (Some(value), _) => accepted(value.clone()),
            (None, Type::Optional(_)) => accepted(Value::Missing),
            (None, _) => Step::Refused(format!("a value is wanted: {}", wanted(ty))),
        };
    }
    let inner = if let Type::Optional(inner) = ty {
        inner.as_ref()
    } else {
        ty
    };
    let read = match inner {
        Type::List(item) => items(text)
            .iter()
            .map(|text| one(text, item, suggestions, closed, matches))
            .collect::<Result<_, _>>()
            .map(Value::List),
        _ => one(text, inner, suggestions, closed, matches),
    };
    match read {
        Ok(value) => accepted(value),
        Err(why) => Step::Refused(why),
    }
}

/// The items of a list that is typed on one line: with commas between, or as JSON where an item holds one itself.
fn items(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| {
        let items = text.split(',').map(str::trim);
        items
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    })
}

/// One value, or why it is none.
fn one(
    text: &str,
    ty: &Type,
    suggestions: &[String],
    closed: Closed,
    matches: Option<&str>,
) -> Result<Value, String> {
    let listed = if let Type::OneOf(values) = ty {
        values
    } else {
        suggestions
    };
    // Where only what is listed can be said and nothing listed is a number, a bare number means that line.
    let only_listed = closed == Closed::Yes || matches!(ty, Type::OneOf(_));
    let bare = only_listed && !listed.iter().any(|value| value.parse::<f64>().is_ok());
    let by_number = text
        .strip_prefix('#')
        .or(bare.then_some(text))
        .and_then(|n| n.parse::<usize>().ok())
        .and_then(|n| listed.get(n.wrapping_sub(1)));
    // Quotes let a person say a value that would be read as something else: "n", "?".
    let quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    let said = match by_number {
        Some(value) => value.as_str(),
        None if quoted => &text[1..text.len() - 1],
        // As at every other question that wants a yes.
        None if is_bool(ty) && text.eq_ignore_ascii_case("y") => "yes",
        None => text,
    };
    if closed == Closed::Yes && !suggestions.iter().any(|value| value == said) {
        return Err(format!(
            "`{said}` is not one of the values; type one of them, or its number: #1"
        ));
    }
    if let Some(pattern) = matches
        && regex_lite::Regex::new(pattern).is_ok_and(|regex| !regex.is_match(said))
    {
        let number = text
            .parse::<usize>()
            .is_ok_and(|n| n > 0 && n <= listed.len());
        return Err(if number {
            format!("`{said}` does not match {pattern}; by its number it is #{said}")
        } else {
            format!("`{said}` does not match {pattern}")
        });
    }
    read(said, ty, suggestions)
}
