//! `runbook runs`: the runs on this machine, newest first.

use runbook_host::runs::list::{RunSummary, Standing};
use runbook_host::runs::prune::{Doing, Pruned};
use runbook_plan::value::{Type, Value};
use serde::Serialize;

use crate::args::{self, RunsCommand};
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, print, state_home};
use crate::terminal::notices::short;
use crate::terminal::style::{Look, Tone, Tty};
use crate::terminal::text::{cut, date_time, harmless};

#[derive(Serialize)]
struct Run<'a> {
    run: &'a str,
    title: &'a str,
    /// `running`, `parked`, `ended`, `crashed`, `empty`, `unreadable`
    state: &'static str,
    /// The outcome of one that ended; why one is parked or cannot be read; who runs it.
    detail: String,
    operator: &'a str,
    /// Milliseconds since 1970, UTC.
    started: i64,
    last: i64,
    folder: String,
}

pub fn runs(args: &args::Runs) -> Exit {
    if let Some(RunsCommand::Prune(args)) = &args.command {
        return prune(args);
    }
    let listed = match state_home().and_then(|home| runbook_host::runs::list::list(&home)) {
        Ok(listed) => listed,
        Err(error) => return complain_host(&error),
    };
    if args.json {
        let rows: Vec<_> = listed.iter().map(row).collect();
        print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&rows).unwrap_or_default()
        ));
        return Exit::Done;
    }
    if listed.is_empty() {
        print("no runs yet\n");
        return Exit::Done;
    }
    let tty = Tty::of(std::io::stdout());
    let look = Look::of(tty);
    let width = match tty {
        Tty::Yes => usize::from(console::Term::stdout().size().1).clamp(20, 120),
        Tty::No => 120,
    };
    for summary in &listed {
        let row = row(summary);
        let tone = match summary.standing {
            Standing::Running(_) => Tone::Title,
            Standing::Parked { .. } | Standing::Crashed => Tone::Warning,
            Standing::Unreadable(_) => Tone::Bad,
            Standing::Ended { .. } | Standing::Empty => Tone::Plain,
        };
        let detail = if row.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", row.detail)
        };
        let state = harmless(&format!("{}{detail}", row.state));
        let head = format!(
            "{}  {}  {}",
            short(row.run),
            date_time(row.started),
            harmless(row.title)
        );
        print(&format!(
            "{}\n  {}\n",
            cut(&head, width, look.glyphs.ellipsis),
            look.paint(tone, &cut(&state, width - 2, look.glyphs.ellipsis))
        ));
    }
    Exit::Done
}

#[derive(Serialize)]
struct Removal<'a> {
    dry_run: bool,
    removed: Vec<Run<'a>>,
    /// Bytes that they took.
    bytes: u64,
    kept: Vec<Run<'a>>,
    failed: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    run: &'a str,
    code: String,
    message: &'a str,
}

fn prune(args: &args::Prune) -> Exit {
    let age = match runbook_plan::read::read(&args.older_than, &Type::Duration, &[]) {
        Ok(Value::Duration(age)) => age,
        Ok(_) => 0,
        Err(why) => {
            complain_line(&why);
            return Exit::Usage;
        }
    };
    let doing = if args.dry_run {
        Doing::DryRun
    } else {
        Doing::Real
    };
    let before = runbook_host::clock::now().wall.saturating_sub_unsigned(age);
    let by = runbook_host::config::operator();
    let pruned =
        state_home().and_then(|home| runbook_host::runs::prune::prune(&home, before, doing, &by));
    let pruned = match pruned {
        Ok(pruned) => pruned,
        Err(error) => return complain_host(&error),
    };
    if args.json {
        let removal = Removal {
            dry_run: args.dry_run,
            removed: pruned.removed.iter().map(|(run, _)| row(run)).collect(),
            bytes: pruned.removed.iter().map(|(_, bytes)| bytes).sum(),
            kept: pruned.kept.iter().map(row).collect(),
            failed: pruned
                .failed
                .iter()
                .map(|(run, error)| Failed {
                    run: &run.dir.id,
                    code: error.code.to_string(),
                    message: &error.message,
                })
                .collect(),
        };
        let text = serde_json::to_string_pretty(&removal).unwrap_or_default();
        print(&format!("{text}\n"));
    } else {
        print(&told(&pruned, doing));
    }
    let mut exit = Exit::Done;
    for (_, error) in &pruned.failed {
        exit = Exit::Run(error.exit_code());
        if !args.json {
            complain_host(error);
        }
    }
    exit
}

fn told(pruned: &Pruned, doing: Doing) -> String {
    let removed = match doing {
        Doing::Real => "removed",
        Doing::DryRun => "would remove",
    };
    let mut text = String::new();
    let mut line = |what: &str, run: &RunSummary, more: &str| {
        let row = row(run);
        text += &format!(
            "{what:<13} {}  {}  {}{more}\n",
            row.run,
            date_time(row.started),
            harmless(row.title)
        );
    };
    for (run, _) in &pruned.removed {
        line(removed, run, "");
    }
    for run in &pruned.kept {
        let (state, detail) = standing(&run.standing);
        line("kept", run, &harmless(&format!(": {state}, {detail}")));
    }
    let bytes: u64 = pruned.removed.iter().map(|(_, bytes)| bytes).sum();
    let runs = match pruned.removed.len() {
        1 => "1 run".to_owned(),
        count => format!("{count} runs"),
    };
    let kept = match pruned.kept.len() {
        0 => String::new(),
        1 => "; 1 that is not over is kept".to_owned(),
        count => format!("; {count} that are not over are kept"),
    };
    text + &format!("{removed} {runs}, {} KiB{kept}\n", bytes.div_ceil(1024))
}

fn row(summary: &RunSummary) -> Run<'_> {
    let (state, detail) = standing(&summary.standing);
    Run {
        run: &summary.dir.id,
        title: summary.head.as_ref().map_or("", |head| head.title.as_str()),
        state,
        detail,
        operator: &summary.operator,
        started: summary.started,
        last: summary.last,
        folder: summary.dir.path.display().to_string(),
    }
}

fn standing(standing: &Standing) -> (&'static str, String) {
    match standing {
        Standing::Running(holder) => ("running", holder.to_string()),
        Standing::Parked { why, .. } => ("parked", why.clone()),
        Standing::Ended { outcome, text, .. } => {
            let word = runbook_plan::show::outcome(*outcome);
            (
                "ended",
                if text.is_empty() {
                    word.to_owned()
                } else {
                    format!("{word}: {text}")
                },
            )
        }
        Standing::Crashed => (
            "crashed",
            "its engine ended without a word; `runbook resume` goes on".to_owned(),
        ),
        Standing::Empty => ("empty", "it ended before anything began".to_owned()),
        Standing::Unreadable(error) => ("unreadable", error.to_string()),
    }
}
