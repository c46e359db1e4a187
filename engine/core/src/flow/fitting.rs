//! Answers, held against the questions they are given to.

use runbook_plan::read;
use runbook_plan::value::{Type, Value};

use crate::machine::Machine;
use crate::prompt::{Answer, ConfirmDeclined, PromptKind};

/// The answer as its prompt wants it, or what it wants.
pub(crate) fn fitting(
    m: &Machine<'_>,
    kind: &PromptKind,
    answer: Answer,
) -> Result<Answer, String> {
    let reasoned = |reason: &str| {
        if reason.trim().is_empty() {
            Err("say why".to_owned())
        } else {
            Ok(())
        }
    };
    match &answer {
        Answer::Skip { reason }
        | Answer::Failed { reason }
        | Answer::Fail { reason }
        | Answer::Undo { reason, .. }
        | Answer::RetryEdited { reason, .. } => reasoned(reason)?,
        _ => {}
    }
    match (kind, answer) {
        (PromptKind::Input { ty, .. }, Answer::Value { value }) => {
            let value = typed(m, value, ty)?;
            Ok(Answer::Value { value })
        }
        (PromptKind::Input { ty, default, .. }, Answer::Yes) => match (ty, default) {
            (Type::Bool, _) => Ok(Answer::Value {
                value: Value::Bool(true),
            }),
            _ => Err("a value is wanted".into()),
        },
        (PromptKind::Input { ty: Type::Bool, .. }, Answer::No) => Ok(Answer::Value {
            value: Value::Bool(false),
        }),
        (PromptKind::Confirm { declined }, answer) => match (declined, answer) {
            (_, answer @ (Answer::Yes | Answer::No)) => Ok(answer),
            (ConfirmDeclined::Skips, answer @ Answer::Skip { .. }) => Ok(answer),
            _ => Err("yes or no is wanted".into()),
        },
        (PromptKind::Item { evidence: None }, answer) => match answer {
            answer @ (Answer::Yes | Answer::No | Answer::Failed { .. }) => Ok(answer),
            Answer::Done { .. } => Ok(Answer::Yes),
            _ => Err("yes or no is wanted".into()),
        },
        (PromptKind::Item { evidence: Some(ty) }, answer) => match answer {
            Answer::Value { value } => Ok(Answer::Value {
                value: typed(m, value, ty)?,
            }),
            answer @ (Answer::No | Answer::Failed { .. }) => Ok(answer),
            _ => Err(format!(
                "{} is wanted as evidence",
                runbook_plan::show::ty(ty)
            )),
        },
        (
            PromptKind::Approve { .. },
            answer @ (Answer::Yes | Answer::No | Answer::Failed { .. }),
        ) => Ok(answer),
        (PromptKind::Irreversible { phrase }, answer) => match answer {
            Answer::Typed { text } if text == *phrase => Ok(Answer::Typed { text }),
            answer @ (Answer::No | Answer::Fail { .. } | Answer::Failed { .. }) => Ok(answer),
            _ => Err(format!("type `{phrase}` to go on, or decline")),
        },
        (PromptKind::Choose { options }, answer) => {
            let option = match &answer {
                Answer::Chose { option } => options.get(*option).map(|_| *option),
                Answer::Yes => options.iter().position(|option| option.label == "Yes"),
                Answer::No => options.iter().position(|option| option.label == "No"),
                _ => None,
            };
            let labels: Vec<&str> = options.iter().map(|option| option.label.as_str()).collect();
            match option {
                Some(option) => match &options[option].unavailable {
                    None => Ok(Answer::Chose { option }),
                    Some(why) => Err(format!(
                        "`{}` is not to be had: {why}",
                        options[option].label
                    )),
                },
                None => Err(format!("one of these is wanted: {}", labels.join(", "))),
            }
        }
        (PromptKind::Manual, answer) => match answer {
            Answer::Yes | Answer::Done { .. } => Ok(Answer::Done {
                reason: String::new(),
            }),
            answer @ (Answer::No
            | Answer::Skip { .. }
            | Answer::Failed { .. }
            | Answer::Fail { .. }) => Ok(answer),
            _ => Err("done, failed or skipped is wanted".into()),
        },
        (PromptKind::Copy { .. } | PromptKind::HowDidItGo { .. }, answer) => match answer {
            Answer::Yes | Answer::Done { .. } => Ok(Answer::Yes),
            answer @ (Answer::No | Answer::Failed { .. } | Answer::Fail { .. }) => Ok(answer),
            _ => Err("yes or no is wanted".into()),
        },
        (PromptKind::Input { .. } | PromptKind::Approve { .. }, _) => {
            Err("that is no answer to this".into())
        }
        (_, answer) => Ok(answer),
    }
}

/// A value of the wanted type; text is read as one.
fn typed(m: &Machine<'_>, value: Value, ty: &Type) -> Result<Value, String> {
    let inner = match ty {
        Type::Optional(inner) => {
            if value == Value::Missing {
                return Ok(Value::Missing);
            }
            inner.as_ref()
        }
        ty => ty,
    };
    match (inner, value) {
        (_, Value::Missing) => Err("a value is wanted".into()),
        (Type::Text, value @ Value::Text(_))
        | (Type::Number, value @ Value::Number(_))
        | (Type::Bool, value @ Value::Bool(_))
        | (Type::Percent, value @ Value::Percent(_))
        | (Type::Duration, value @ Value::Duration(_))
        | (Type::Time, value @ Value::Time(_))
        | (Type::Url, value @ Value::Url(_))
        | (Type::Path, value @ Value::Path(_))
        | (Type::Json, value @ Value::Json(_))
        | (Type::List(_), value @ Value::List(_)) => Ok(value),
        (ty, Value::Text(text)) => read::read(&text, ty, &m.s.severities),
        (ty, value) => read::read(&m.shown(&value), ty, &m.s.severities),
    }
}
