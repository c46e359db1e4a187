//! Which step speaks. Steps of a `parallel` speak between each other, and each must be known by what it says.

use std::collections::BTreeMap;

use runbook_core::effect::Notice;

#[derive(Default)]
pub struct Voices {
    /// Steps that were announced, by path.
    titles: BTreeMap<String, String>,
    /// The path of the step that spoke last.
    last: String,
}

impl Voices {
    /// The title of the step that a notice belongs to, where another spoke last and the notice does not name it.
    pub fn change(&mut self, notice: &Notice) -> Option<String> {
        let (path, named) = match notice {
            Notice::StepStarted { path, title, .. } | Notice::UndoStarted { path, title } => {
                self.titles.insert(path.clone(), title.clone());
                (path, true)
            }
            Notice::StepSkipped { path, .. } | Notice::StepFailed { path, .. } => (path, true),
            Notice::Running { path, .. }
            | Notice::Ran { path, .. }
            | Notice::StepDone { path, .. }
            | Notice::Retrying { path, .. }
            | Notice::WaitStarted { path, .. }
            | Notice::WaitEnded { path, .. }
            | Notice::UndoDone { path, .. }
            | Notice::UndoFailed { path, .. } => (path, false),
            _ => return None,
        };
        let title = self.titles.get(path)?;
        if self.last == *path {
            return None;
        }
        self.last.clone_from(path);
        (!named).then(|| title.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(path: &str) -> Notice {
        Notice::StepStarted {
            path: path.into(),
            title: path.to_uppercase(),
            attempt: 1,
        }
    }

    fn done(path: &str) -> Notice {
        Notice::StepDone {
            path: path.into(),
            title: path.to_uppercase(),
            elapsed_ms: 1,
        }
    }

    #[test]
    fn a_step_that_speaks_after_another_is_named() {
        let mut voices = Voices::default();
        let mut said = |notice: Notice| voices.change(&notice);
        assert_eq!(said(started("dns")), None);
        assert_eq!(said(started("mail")), None);
        assert_eq!(said(done("dns")), Some("DNS".into()));
        assert_eq!(said(done("mail")), Some("MAIL".into()));
    }

    #[test]
    fn steps_one_after_the_other_are_named_once() {
        let mut voices = Voices::default();
        for path in ["dns", "mail"] {
            assert_eq!(voices.change(&started(path)), None);
            assert_eq!(voices.change(&done(path)), None);
        }
        // What stands in no step has no name to be told.
        let waited = Notice::WaitEnded {
            path: String::new(),
            what: "5s".into(),
            elapsed_ms: 5_000,
        };
        assert_eq!(voices.change(&waited), None);
    }
}
