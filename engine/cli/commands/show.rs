//! `runbook show RUN`: where a run stands, what is pending, and what happened, from its journal alone.

use std::io::{BufRead, Read, Seek, SeekFrom, Write};

use runbook_core::effect::Notice;
use runbook_core::event::Segment;
use runbook_core::view::{Phase, View};
use runbook_host::drive::replay::{Kept, Replay, Wanted};
use runbook_host::error::HostError;
use runbook_host::runs::{self, RunDir};
use serde::Serialize;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, print, printed, state_home};
use crate::terminal::notices::{Page, short};
use crate::terminal::status;
use crate::terminal::style::{Look, Tone, Tty, page_width};
use crate::terminal::text::{date_time, harmless, time_of_day, wrap};
use crate::terminal::voices::Voices;

#[derive(Serialize)]
struct Shown<'a> {
    run: &'a str,
    folder: String,
    view: Option<&'a View>,
    timeline: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    /// Milliseconds since 1970, UTC.
    at: i64,
    #[serde(flatten)]
    notice: &'a Notice,
}

pub fn show(args: &args::Show) -> Exit {
    let found = state_home().and_then(|home| match &args.run {
        Some(prefix) => runs::find(&home, prefix),
        None => runs::newest(&home),
    });
    let replayed = found.and_then(|dir| {
        let replay = Replay::of(&dir, Wanted::Timeline)?;
        match replay.reading.says_nothing() {
            Some(error) => Err(error),
            None => Ok((replay, dir)),
        }
    });
    let (replay, dir) = match replayed {
        Ok(found) => found,
        Err(error) => return complain_host(&error),
    };
    if let Some(number) = args.output {
        return output(&replay, &dir, number);
    }
    let view = replay.view();
    if args.json {
        let shown = Shown {
            run: &dir.id,
            folder: dir.path.display().to_string(),
            view: view.as_ref(),
            timeline: replay
                .notices
                .iter()
                .map(|(at, notice)| Told {
                    at: at.wall,
                    notice,
                })
                .collect(),
        };
        print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&shown).unwrap_or_default()
        ));
        return Exit::Done;
    }
    let tty = Tty::of(std::io::stdout());
    let width = page_width(tty);
    let look = Look::of(tty);
    let empty = View::default();
    let page = Page {
        look,
        width,
        view: view.as_ref().unwrap_or(&empty),
    };
    let mut lines = standing(&page, &replay, &dir);
    lines.extend(timeline(&page, &replay));
    print(&(lines.join("\n") + "\n"));
    Exit::Done
}

/// Title, facts, where it stands, what is asked.
fn standing(page: &Page<'_>, replay: &Replay, dir: &RunDir) -> Vec<String> {
    let view = page.view;
    let mut lines = Vec::new();
    let title = replay
        .head
        .as_ref()
        .map_or("a run without a beginning", |head| head.title.as_str());
    lines.extend(page.text(Tone::Title, "", title));
    let mut row = |name: &str, text: &str, tone: Tone| {
        if !text.is_empty() {
            let indent = " ".repeat(11);
            let head = format!("{name:<11}");
            let wrapped = wrap(&harmless(text), page.width, &head, &indent);
            lines.extend(wrapped.iter().map(|line| page.look.paint(tone, line)));
        }
    };
    row("run", &dir.id, Tone::Plain);
    match &view.trigger {
        Some(trigger) => {
            let by = format!("the trigger {trigger}, watched by {}", view.operator);
            row("by", &by, Tone::Plain);
        }
        None => row("by", &view.operator, Tone::Plain),
    }
    let began = replay.state.started_at();
    row("began", &date_time(began.wall), Tone::Plain);
    let (state, tone) = match (&view.phase, dir.holder()) {
        (Phase::Ended { outcome, text, .. }, _) => {
            let colon = if text.is_empty() { "" } else { ": " };
            (
                format!("{}{colon}{text}", runbook_plan::show::outcome(*outcome)),
                Tone::Good,
            )
        }
        (_, Some(holder)) => (format!("running, held by {holder}"), Tone::Title),
        (Phase::Parked { why }, None) => (format!("parked: {why}"), Tone::Warning),
        (_, None) => match &replay.parked {
            Some(why) => (format!("parked: {why}"), Tone::Warning),
            None => ("its engine ended without a word".to_owned(), Tone::Warning),
        },
    };
    row("state", &state, tone);
    row(
        "severity",
        view.severity.as_deref().unwrap_or_default(),
        Tone::Plain,
    );
    if !matches!(view.phase, Phase::Ended { .. }) {
        row("stands at", &status::place(view, page.look), Tone::Plain);
        row(
            "clocks",
            &status::clocks(view, runbook_host::clock::now(), page.look),
            Tone::Plain,
        );
        for (_, prompt) in &view.prompts {
            row("asked", &prompt.text, Tone::Question);
        }
        for running in &view.running {
            let on = running.on.as_ref().map(|on| format!("on {on}: "));
            let text = format!("{}{}", on.unwrap_or_default(), running.command);
            row("in flight", &text, Tone::Warning);
        }
        row(
            "next",
            &view
                .next
                .iter()
                .take(4)
                .cloned()
                .collect::<Vec<_>>()
                .join(", then "),
            Tone::Plain,
        );
        if dir.holder().is_none() {
            row(
                "go on",
                &format!("runbook resume {}", short(&dir.id)),
                Tone::Plain,
            );
        }
    }
    let kept = match replay.kept {
        Some(Kept::Cgroup) => "each in a cgroup of its own",
        Some(Kept::Session) => "each in a session of its own",
        None => "",
    };
    row("commands", kept, Tone::Quiet);
    row("undo", &view.undoable.join(", "), Tone::Plain);
    row("gates", &view.checkpoints.join(", "), Tone::Plain);
    row("folder", &dir.path.display().to_string(), Tone::Quiet);
    lines
}

/// What was told, with the time in the margin wherever it is another than above.
fn timeline(page: &Page<'_>, replay: &Replay) -> Vec<String> {
    const MARGIN: usize = 9;
    let narrow = Page {
        width: page.width.saturating_sub(MARGIN).max(12),
        ..*page
    };
    let mut lines = Vec::new();
    let mut last = String::new();
    let mut voices = Voices::default();
    for (at, notice) in &replay.notices {
        let voice = voices.change(notice);
        let named = voice.map_or_else(Vec::new, |title| narrow.voice(&title));
        for line in named.into_iter().chain(narrow.lines(notice)) {
            if line.is_empty() {
                lines.push(line);
                continue;
            }
            let time = time_of_day(at.wall);
            let margin = if time == last {
                " ".repeat(MARGIN)
            } else {
                format!("{time:<MARGIN$}")
            };
            last = time;
            lines.push(format!("{}{line}", page.look.paint(Tone::Quiet, &margin)));
        }
    }
    lines
}

/// The whole output of one command, as bytes; what went to its standard error comes after it, on ours.
fn output(replay: &Replay, dir: &RunDir, number: u64) -> Exit {
    let Some(outputs) = replay
        .outputs
        .iter()
        .find(|outputs| outputs.effect.0 == number)
    else {
        let known = replay
            .outputs
            .iter()
            .map(|outputs| outputs.effect.0.to_string())
            .collect::<Vec<_>>();
        let known = if known.is_empty() {
            "nothing has printed yet".to_owned()
        } else {
            format!("there are {}", known.join(", "))
        };
        complain_line(&format!("no command has the number {number}; {known}"));
        return Exit::Usage;
    };
    let mut streams: [(&_, Box<dyn Write>); 2] = [
        (&outputs.output, Box::new(std::io::stdout())),
        (&outputs.stderr, Box::new(std::io::stderr())),
    ];
    for (captured, to) in &mut streams {
        let Some(segment) = &captured.segment else {
            printed(to.write_all(captured.text.as_bytes()));
            continue;
        };
        if let Err(error) = print_segment(dir, segment, to) {
            let path = dir.output_path();
            return complain_host(&HostError::new(
                runbook_host::codes::STATE_UNUSABLE,
                format!(
                    "{} cannot be read: {}",
                    path.display(),
                    runbook_host::error::plainly(&error)
                ),
            ));
        }
    }
    printed(std::io::stdout().flush());
    Exit::Done
}

/// A part of the run's output file, as it stands there; an error is one of reading.
fn print_segment(dir: &RunDir, segment: &Segment, to: &mut dyn Write) -> std::io::Result<()> {
    let mut file = std::fs::File::open(dir.output_path())?;
    file.seek(SeekFrom::Start(segment.offset))?;
    let mut rest = std::io::BufReader::new(file.take(segment.length));
    loop {
        let piece = rest.fill_buf()?;
        if piece.is_empty() {
            return Ok(());
        }
        let length = piece.len();
        printed(to.write_all(piece));
        rest.consume(length);
    }
}
