//! What the host refuses, in words for a person.

use runbook_grammar::diagnostic::Code;

/// A refusal that has no place in a source file. Message: what is, lower case, no full stop. Help: one
/// imperative sentence with the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
}

impl HostError {
    pub fn new(code: Code, message: impl Into<String>) -> HostError {
        HostError {
            code,
            message: message.into(),
            help: None,
        }
    }

    pub fn help(mut self, help: impl Into<String>) -> HostError {
        self.help = Some(help.into());
        self
    }

    /// The exit code of the program where this ends it: 3 for what a file says, 74 for the journal and its
    /// folder, 75 where waiting or a person mends it, 2 for the command line.
    pub fn exit_code(&self) -> u8 {
        use crate::codes::*;
        match self.code {
            RUN_UNKNOWN
            | RUN_OVER
            | CHECKPOINT_UNREACHABLE
            | STEP_UNREACHABLE
            | ADOPT_REFUSED
            | NO_SCENARIO
            | FILE_THERE
            | NAME_REFUSED => 2,
            RUN_HELD | RUN_COPIED | JOURNAL_TAIL | WATCHED => 75,
            Code(3001..=3019) | NOT_IN_THIS_VERSION | NOTHING_TO_WATCH => 3,
            _ => 74,
        }
    }
}

impl std::fmt::Display for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for HostError {}

/// An error of the operating system as a person would say it: `permission denied`, without `(os error 13)`.
pub fn plainly(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = match text.find(" (os error") {
        Some(at) => &text[..at],
        None => text.as_str(),
    };
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
