//! `runbook run`, `runbook resume`, `runbook undo`: a run, driven with a person or a program at its side.

use runbook_core::event::{Confirms, Mode};
use runbook_host::drive::{self, About, Finish, Refusal, ResumeOrder, RunOrder, Text, UndoOrder};
use runbook_host::operator::{Operator, Said};
use runbook_host::runs;
use runbook_host::runs::list::Unfinished;
use tokio::sync::mpsc::UnboundedSender;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, report, state_home};
use crate::json::JsonLines;
use crate::terminal::Terminal;
use crate::terminal::style::Tty;

pub fn run(args: &args::Run) -> Exit {
    let mode = match (args.dry_run, args.probe) {
        (true, _) => Mode::DryRun,
        (false, true) => Mode::Probe,
        (false, false) => Mode::Real,
    };
    let order = RunOrder {
        file: args.file.clone(),
        params: args.params.clone(),
        answers: args.answers.clone(),
        profile: args.profile.clone(),
        from: args.from.clone(),
        mode,
        confirms: if args.yes {
            Confirms::Yes
        } else {
            Confirms::Ask
        },
        trigger: None,
    };
    ended(drive::run(&order, &mut |said, about| {
        operator(args.json, said, about)
    }))
}

pub fn resume(args: &args::Resume) -> Exit {
    if args.run.is_none() {
        say_that_others_wait();
    }
    let order = ResumeOrder {
        run: args.run.clone(),
        answers: args.answers.clone(),
        text: if args.adopt {
            Text::Adopted
        } else {
            Text::Kept
        },
    };
    ended(drive::resume(&order, &mut |said, about| {
        operator(args.json, said, about)
    }))
}

/// Nobody takes up the newest run for the one that was meant.
fn say_that_others_wait() {
    // What goes wrong here goes wrong again where it matters.
    let runs = state_home()
        .and_then(|home| runs::list(&home))
        .unwrap_or_default();
    let waiting = runs
        .iter()
        .filter(|run| run.unfinished() == Unfinished::Yes)
        .count();
    if waiting > 1 {
        complain_line(&format!(
            "{waiting} runs can be resumed, this is the newest; `runbook runs` lists them"
        ));
    }
}

pub fn undo(args: &args::Undo) -> Exit {
    let reason = match args.reason.clone().or_else(ask_reason) {
        Some(reason) => reason,
        None => {
            complain_line("why is it taken back? Say it with --reason, for the journal");
            return Exit::Usage;
        }
    };
    let order = UndoOrder {
        run: args.run.clone(),
        to: args.to.clone(),
        reason,
        answers: None,
    };
    ended(drive::undo(&order, &mut |said, about| {
        operator(args.json, said, about)
    }))
}

pub fn operator(json: bool, said: UnboundedSender<Said>, about: &About<'_>) -> Box<dyn Operator> {
    if json {
        Box::new(JsonLines::new(said))
    } else {
        Box::new(Terminal::new(said, about.operator.to_owned()))
    }
}

fn ask_reason() -> Option<String> {
    use crate::terminal::line::{Ask, Echo, Line, Reader};
    if Tty::of(std::io::stdin()) == Tty::No || Tty::of(std::io::stderr()) == Tty::No {
        return None;
    }
    let lead = "why is it taken back, for the journal > ".to_owned();
    match Reader::default().read(&Ask {
        lead,
        initial: None,
        echo: Echo::Yes,
        clocks: Vec::new(),
    }) {
        Line::Typed(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        _ => None,
    }
}

pub fn ended(finish: Result<Finish, Refusal>) -> Exit {
    match finish {
        Ok(finish) => Exit::Run(finish.code),
        Err(refusal) => {
            match &refusal {
                Refusal::Runbook(loaded) => report(&loaded.diagnostics, &loaded.sources),
                Refusal::Host(errors) => {
                    for error in errors {
                        complain_host(error);
                    }
                }
            }
            Exit::Run(refusal.exit_code())
        }
    }
}
