//! `runbook runs`: the runs on this machine, newest first.

use runbook_host::runs::list::{RunSummary, Standing};
use serde::Serialize;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, print, state_home};
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
            let word = crate::terminal::outcome_word(*outcome);
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
