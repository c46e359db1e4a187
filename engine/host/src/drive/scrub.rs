//! Secrets taken out of facts before they are folded and journaled. Outputs are clean already: they are
//! redacted where they enter.

use runbook_core::effect::Notice;
use runbook_core::event::Event;
use runbook_core::prompt::{Answer, Prompt};
use runbook_plan::value::Value;

use crate::redact::Forms;

/// Cleans what a person or the other side of a request may have said.
pub(super) fn event(forms: &Forms, event: &mut Event) {
    if forms.is_empty() {
        return;
    }
    match event {
        Event::Answered { answer, by, .. } => {
            text(forms, by);
            scrub_answer(forms, answer);
        }
        Event::Noted { text: said, by } => {
            text(forms, said);
            text(forms, by);
        }
        Event::ParkRequested { why, .. } => text(forms, why),
        Event::UndoRequested { reason, by, .. } => {
            text(forms, reason);
            text(forms, by);
        }
        Event::Responded { headers, body, .. } => {
            for (_, value) in headers {
                text(forms, value);
            }
            text(forms, &mut body.text);
        }
        Event::RequestFailed { why, .. }
        | Event::NotStarted { why, .. }
        | Event::Lost { why, .. }
        | Event::SecretFailed { why, .. }
        | Event::DocumentFailed { why, .. } => text(forms, why),
        Event::Exited {
            output,
            stderr,
            leaked,
            ..
        } => {
            text(forms, &mut output.text);
            text(forms, &mut stderr.text);
            for process in leaked {
                text(forms, process);
            }
        }
        Event::Found { found, printed, .. } => {
            text(forms, printed);
            if let runbook_core::event::Found::Alive { processes } = found {
                for process in processes {
                    text(forms, process);
                }
            }
        }
        Event::Learned { learned, .. } => {
            if let runbook_core::event::Learned::Unknown { why } = learned {
                text(forms, why);
            }
        }
        Event::DocumentWritten { path, kept, .. } => {
            text(forms, path);
            if let Some(kept) = kept {
                text(forms, kept);
            }
        }
        Event::Started(_)
        | Event::Resumed { .. }
        | Event::NeedsChecked { .. }
        | Event::LocksTaken { .. }
        | Event::LockBusy { .. }
        | Event::SecretsReady { .. }
        | Event::Spawned { .. }
        | Event::LeftRunning { .. }
        | Event::Unanswerable { .. }
        | Event::Ticked
        | Event::Suspended { .. }
        | Event::Interrupted { .. } => {}
    }
}

fn text(forms: &Forms, text: &mut String) {
    if let std::borrow::Cow::Owned(clean) = forms.clean(text) {
        *text = clean;
    }
}

fn scrub_answer(forms: &Forms, answer: &mut Answer) {
    match answer {
        Answer::Value { value } => scrub_value(forms, value),
        Answer::Skip { reason }
        | Answer::Done { reason }
        | Answer::Failed { reason }
        | Answer::Pause { reason }
        | Answer::Fail { reason }
        | Answer::RunAgain { reason }
        | Answer::Undo { reason, .. } => text(forms, reason),
        Answer::RetryEdited { command, reason } => {
            text(forms, command);
            text(forms, reason);
        }
        Answer::Typed { text: typed } => text(forms, typed),
        Answer::Yes
        | Answer::No
        | Answer::Chose { .. }
        | Answer::Retry
        | Answer::WaitForIt
        | Answer::StopIt
        | Answer::LeaveIt
        | Answer::GoOn => {}
    }
}

fn scrub_value(forms: &Forms, value: &mut Value) {
    match value {
        Value::Text(said) | Value::Url(said) | Value::Path(said) | Value::Severity(said) => {
            text(forms, said);
        }
        Value::List(items) => {
            for item in items {
                scrub_value(forms, item);
            }
        }
        Value::Json(json) => scrub_json(forms, json),
        Value::Missing
        | Value::Number(_)
        | Value::Bool(_)
        | Value::Percent(_)
        | Value::Duration(_)
        | Value::Time(_)
        | Value::Secret(_) => {}
    }
}

fn scrub_json(forms: &Forms, json: &mut serde_json::Value) {
    match json {
        serde_json::Value::String(said) => text(forms, said),
        serde_json::Value::Array(items) => {
            for item in items {
                scrub_json(forms, item);
            }
        }
        serde_json::Value::Object(fields) => {
            for (_, value) in fields {
                scrub_json(forms, value);
            }
        }
        _ => {}
    }
}

/// A notice without secrets: what the runbook's own text holds is hidden as well.
pub(super) fn notice(forms: &Forms, notice: Notice) -> Notice {
    through_json(forms, notice, |text| Notice::Warning { text })
}

pub(super) fn prompt(forms: &Forms, prompt: Prompt) -> Prompt {
    if forms.is_empty() {
        return prompt;
    }
    let mut clean = prompt;
    text(forms, &mut clean.text);
    let detail = std::mem::take(&mut clean.detail);
    clean.detail = detail
        .into_iter()
        .map(|detail| through_json(forms, detail, runbook_core::prompt::Detail::Prose))
        .collect();
    clean
}

/// Cleans every text in `value`, by way of JSON; where a name of a field would have to be cleaned, `instead`
/// says that there was something.
fn through_json<T>(forms: &Forms, value: T, instead: impl FnOnce(String) -> T) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    if forms.is_empty() {
        return value;
    }
    let Ok(mut json) = serde_json::to_value(&value) else {
        return value;
    };
    let before = json.clone();
    scrub_json(forms, &mut json);
    if json == before {
        return value;
    }
    serde_json::from_value(json)
        .unwrap_or_else(|_| instead("something that holds a secret was said here".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_core::effect::EffectId;

    #[test]
    fn s10_what_a_person_says_is_cleaned_wherever_it_stands() {
        let forms = Forms::of([("token", "open sesame")]);
        let mut said = Event::Answered {
            effect: EffectId(1),
            answer: Answer::Value {
                value: Value::List(vec![
                    Value::Text("open sesame!".into()),
                    Value::Json(serde_json::json!({"a": ["open sesame"]})),
                ]),
            },
            by: "ada".into(),
        };
        event(&forms, &mut said);
        let text = format!("{said:?}");
        assert!(!text.contains("sesame"), "{text}");
        assert!(text.contains("‹token›!"), "{text}");
        let told = Notice::Prose {
            text: "say open sesame".into(),
        };
        assert_eq!(
            notice(&forms, told),
            Notice::Prose {
                text: "say ‹token›".into()
            }
        );
    }
}
