//! The practice ground: a small service with a good and a bad release, broken on purpose, so that a person can
//! roll it back through the real engine before the night it matters.
//!
//! | file | what it holds |
//! |---|---|
//! | [`ground`] | the folder: where each file stands, how the ground is laid |
//! | [`service`] | the HTTP service itself, and its traffic |
//! | [`release`] | the service's source: its git history, its build |
//! | [`process`] | starting, finding and stopping the service |
//! | [`ledger`] | the witness: one line for everything that was really done |
//! | [`lay`] | the grounds of the other runbooks |
//!
//! It uses the standard library alone, and needs git and a POSIX shell.

mod ground;
mod lay;
mod ledger;
mod process;
mod release;
mod service;

use ground::Ground;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
usage: practice [--ground DIR] [COMMAND]

  (none) [ARGS]    lay the ground, break the service, and start the rollback; ARGS go to `runbook run`
  setup [--pace S] lay the ground and break the service, and say where it is
  lay NAME         lay the ground of another runbook of `runbooks/`, and say what to type there
  restart          restart the service with what is built now
  runs VERSION     whether the service runs this version: exits 0 or 1
  health           what the health endpoint answers
  stop             stop the service
  ledger           show what was really done, in order
  port             a free port of this machine
  serve            be the service, in the foreground
  up               the same, as the runbook starts it: with a line in the ledger
";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let folder = match take_value(&mut args, "--ground") {
        Ok(folder) => folder.map(PathBuf::from),
        Err(error) => return refuse(&error),
    };
    if let [command, rest @ ..] = args.as_slice()
        && command == "lay"
    {
        let [name] = rest else {
            return refuse("`lay` wants the name of one runbook, such as pipeline-rollback");
        };
        return match lay::lay(name, folder) {
            Ok(code) => code,
            Err(error) => fail(&error),
        };
    }
    let ground = match folder {
        Some(folder) => Ground::at(folder),
        None => Ground::beside_the_program(),
    };
    let ground = match ground {
        Ok(ground) => ground,
        Err(error) => return fail(&error),
    };
    let command = match args.first().map(String::as_str) {
        None => "practice".to_owned(),
        Some(word) if word.starts_with("--") && word != "--help" => "practice".to_owned(),
        Some(word) => {
            let word = word.to_owned();
            args.remove(0);
            word
        }
    };
    let done = match command.as_str() {
        "practice" => ground::practice(&ground, &args),
        "setup" => match take_value(&mut args, "--pace") {
            Ok(pace) => ground::setup(&ground, pace.as_deref().unwrap_or("1")),
            Err(error) => return refuse(&error),
        },
        "restart" => process::restart(&ground),
        "runs" => match args.as_slice() {
            [version] => process::runs(&ground, version),
            _ => return refuse("`runs` wants one version, such as v1.0.0"),
        },
        "health" => process::get(&ground, "/health")
            .map(|answer| say(&format!("{} {}", answer.status, answer.body.trim()))),
        "stop" => process::stop(&ground).map(|was| {
            say(match was {
                process::Was::Running => "the service is stopped",
                process::Was::NotRunning => "the service was not running",
            })
        }),
        "ledger" => ledger::read(&ground).map(|text| say(text.trim_end())),
        "port" => ground::free_port().map(|port| say(&port.to_string())),
        "serve" => service::serve(&ground, |_| Ok(())),
        "up" => service::serve(&ground, |release| process::is_up(&ground, release)),
        "help" | "--help" | "-h" => {
            say(USAGE.trim_end());
            Ok(())
        }
        other => return refuse(&format!("`{other}` is no command of the practice ground")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Takes `--name VALUE` out of the arguments.
fn take_value(args: &mut Vec<String>, name: &str) -> Result<Option<String>, String> {
    let Some(at) = args.iter().position(|arg| arg == name) else {
        return Ok(None);
    };
    if at + 1 >= args.len() {
        return Err(format!("`{name}` wants a value behind it"));
    }
    args.remove(at);
    Ok(Some(args.remove(at)))
}

/// A line on standard output; a reader that went away is no error.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn fail(error: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "practice: {error}");
    ExitCode::FAILURE
}

fn refuse(error: &str) -> ExitCode {
    let _ = write!(std::io::stderr(), "practice: {error}\n\n{USAGE}");
    ExitCode::from(2)
}
