//! Arguments in, exit code out.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser;
use runbook_host::codes;
use runbook_host::error::HostError;

mod args;
mod commands;
mod exit;
mod files;
mod json;
mod terminal;
mod xml;

use args::{Cli, Command};
use exit::Exit;

fn main() -> ExitCode {
    // The two processes that the engine starts of itself, before anything that costs time.
    let role = std::env::args_os().nth(1);
    if role.as_deref().is_some_and(|role| role == "__gate") {
        runbook_host::process::gate_main();
    }
    if role
        .as_deref()
        .is_some_and(|role| role == terminal::line::ARGUMENT)
    {
        return terminal::read::main();
    }
    let command = Cli::parse().command;
    ExitCode::from(guarded(|| carry_out(command)))
}

/// Turns a panic of ours into a report and exit code 70. What the run has done is in its journal by then, and
/// the terminal is put right as the stack unwinds.
fn guarded(work: impl FnOnce() -> Exit) -> Exit {
    std::panic::set_hook(Box::new(|panic| {
        let error = HostError::new(
            codes::OUR_BUG,
            format!("the engine made a mistake: {panic}"),
        )
        .help("A run is as its journal says, and `runbook resume` goes on; please report this.");
        files::complain_host(&error);
    }));
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Exit::Bug)
}

fn carry_out(command: Command) -> Exit {
    match command {
        Command::Run(args) => commands::run::run(&args),
        Command::Resume(args) => commands::run::resume(&args),
        Command::Undo(args) => commands::run::undo(&args),
        Command::Watch(args) => commands::watch::watch(&args),
        Command::New(args) => commands::new::new(&args),
        Command::Runs(args) => commands::runs::runs(&args),
        Command::Show(args) => commands::show::show(&args),
        Command::Report(args) => commands::report::report(&args),
        Command::Journal(args) => commands::journal::journal(&args),
        Command::Lint(args) => commands::lint::lint(&args),
        Command::Analyze(args) => commands::analyze::analyze(&args),
        Command::Test(args) => commands::test::test(&args),
        Command::Fmt(args) => commands::fmt::fmt(&args),
        Command::Render(args) => commands::render::render(&args),
        Command::Graph(args) => commands::graph::graph(&args),
        Command::Diff(args) => commands::diff::diff(&args),
        Command::Std(args) => commands::library::std(&args),
        Command::Explain(args) => commands::explain::explain(&args),
        Command::Completions(args) => {
            let mut command = <Cli as clap::CommandFactory>::command();
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut command, "runbook", &mut script);
            files::print(&String::from_utf8_lossy(&script));
            Exit::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_ours_is_exit_code_70() {
        let exit = guarded(|| panic!("on purpose"));
        assert_eq!(exit, Exit::Bug);
        assert_eq!(ExitCode::from(exit), ExitCode::from(70));
        assert_eq!(guarded(|| Exit::Done), Exit::Done);
    }
}
