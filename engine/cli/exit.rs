//! Exit codes, each with one name.

use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Lint, `fmt --check`, `render --check`, `diff` or `journal` found something.
    Found,
    Usage,
    /// The runbook has errors.
    Runbook,
    /// Our bug.
    Bug,
    /// From the host: the run's own code.
    Run(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Found => 1,
            Exit::Usage => 2,
            Exit::Runbook => 3,
            Exit::Bug => 70,
            Exit::Run(code) => code,
        })
    }
}
