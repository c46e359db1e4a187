//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;

mod args;
mod commands;
mod exit;
mod files;
mod json;
mod terminal;

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
        return terminal::line::main();
    }
    ExitCode::from(match Cli::parse().command {
        Command::Run(args) => commands::run::run(&args),
        Command::Resume(args) => commands::run::resume(&args),
        Command::Undo(args) => commands::run::undo(&args),
        Command::Runs(args) => commands::runs::runs(&args),
        Command::Show(args) => commands::show::show(&args),
        Command::Lint(args) => commands::lint::lint(&args),
        Command::Fmt(args) => commands::fmt::fmt(&args),
        Command::Render(args) => commands::render::render(&args),
        Command::Explain(args) => commands::explain::explain(&args),
        Command::Completions(args) => {
            let mut command = <Cli as clap::CommandFactory>::command();
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut command, "runbook", &mut script);
            files::print(&String::from_utf8_lossy(&script));
            Exit::Done
        }
    })
}
