//! `runbook lint PATH…`: every mistake of every file, and what could go wrong in those that have none.
//!
//! | file | what it holds |
//! |---|---|
//! | [`look`] | many files, looked over at once |
//! | [`settings`] | what `runbook.toml` says of lints |
//! | [`told`] | what is found, as every format tells it |
//! | [`human`], [`sarif`], [`github`], [`junit`], [`checkstyle`] | the formats |
//! | [`mend`] | `--fix` |

mod checkstyle;
mod github;
mod human;
mod junit;
mod look;
mod mend;
mod sarif;
mod settings;
mod told;

use crate::args::{self, Format};
use crate::exit::Exit;
use crate::files::{complain_host, find, print};
use settings::Settings;
use told::{Report, Serious};

pub fn lint(args: &args::Lint) -> Exit {
    let named = find(&args.paths);
    let settings = match Settings::of(&named.files) {
        Ok(settings) => settings,
        Err(error) => return complain_host(&error),
    };
    let mut looked = look::over(&named.files, &settings);
    if args.fix {
        // What could not be written is told at once, and counts as a mistake.
        match mend::mend(&looked, args.dry_run) {
            Ok(mended) if !args.dry_run && !mended.is_empty() => {
                looked = look::over(&named.files, &settings);
            }
            Ok(_) => {}
            Err(exit) => return exit,
        }
        if args.dry_run {
            return Exit::Done;
        }
    }
    let format = if args.json { Format::Json } else { args.format };
    if format == Format::Human {
        human::report(&named, &looked);
    }
    let report = Report::of(&named, looked);
    match format {
        Format::Human => print(&human::summary(&report)),
        Format::Json => {
            let text = serde_json::to_string_pretty(&report.told).unwrap_or_default();
            print(&format!("{text}\n"));
        }
        Format::Sarif => print(&sarif::sarif(&report)),
        Format::Github => print(&github::github(&report)),
        Format::Junit => print(&junit::junit(&report)),
        Format::Checkstyle => print(&checkstyle::checkstyle(&report)),
    }
    let least = match args.deny {
        args::Deny::Advice => Serious::Advice,
        args::Deny::Warning => Serious::Warning,
        args::Deny::Error => Serious::Error,
    };
    match report.worst() {
        Some(Serious::Error) => Exit::Runbook,
        Some(worst) if worst >= least => Exit::Found,
        _ => Exit::Done,
    }
}
