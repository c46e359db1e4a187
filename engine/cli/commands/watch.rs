//! `runbook watch FILE`: the sustained clock of each trigger, then the run.

use std::collections::BTreeMap;
use std::path::Path;

use console::{Term, measure_text_width, truncate_str};
use runbook_core::window::{Broken, BrokenBy, Seen};
use runbook_host::drive::{self, Finish, RunOrder};
use runbook_host::watch::{Ended, Fires, Sample, WatchOrder, Watched, Watcher};
use runbook_plan::show;
use serde::Serialize;

use crate::args;
use crate::commands::run::{ended, operator};
use crate::exit::Exit;
use crate::files::print;
use crate::terminal::style::{Glyphs, Tty};
use crate::terminal::text::{harmless, time_of_day, wrap};

pub fn watch(args: &args::Watch) -> Exit {
    let order = WatchOrder {
        file: args.file.clone(),
        params: args.params.clone(),
        answers: args.answers.clone(),
        profile: args.profile.clone(),
    };
    let mut watcher: Box<dyn Watcher> = match (args.json, Tty::of(std::io::stdout())) {
        (true, _) => Box::new(Json),
        (false, Tty::Yes) => Box::new(Screen::of(&args.file)),
        (false, Tty::No) => Box::new(Lines::of(&args.file)),
    };
    let (triggered, _watched) = match runbook_host::watch::watch(&order, &mut *watcher) {
        Ok(Ended::Fired(triggered, lock)) => (triggered, lock),
        Ok(Ended::BySignal(code)) => return Exit::Run(code),
        Err(refusal) => return ended(Err::<Finish, _>(refusal)),
    };
    let run = RunOrder {
        file: order.file,
        params: order.params,
        answers: order.answers,
        profile: order.profile,
        trigger: Some(*triggered),
        ..RunOrder::default()
    };
    ended(drive::run(&run, &mut |said, about| {
        operator(args.json, said, about)
    }))
}

struct Json;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Watched(&'a Watched),
    Sample(&'a Sample),
}

fn line(line: &Line<'_>) {
    if let Ok(text) = serde_json::to_string(line) {
        print(&format!("{text}\n"));
    }
}

impl Watcher for Json {
    fn begins(&mut self, triggers: &[Watched]) {
        triggers
            .iter()
            .for_each(|watched| line(&Line::Watched(watched)));
    }

    fn sampled(&mut self, sample: &Sample) {
        line(&Line::Sample(sample));
    }

    fn redraw(&mut self, _: i64) {}
}

/// Without a terminal: a line whenever something is different.
struct Lines {
    file: String,
    last: BTreeMap<String, String>,
}

impl Lines {
    fn of(file: &Path) -> Lines {
        Lines {
            file: file.display().to_string(),
            last: BTreeMap::new(),
        }
    }
}

impl Watcher for Lines {
    fn begins(&mut self, triggers: &[Watched]) {
        print(&format!("watching {}\n", self.file));
        for watched in triggers {
            print(&format!("  {}\n", begins(watched)));
        }
    }

    fn sampled(&mut self, sample: &Sample) {
        let mut what = stands(sample);
        if let Some(warning) = &sample.warning {
            what += &format!("; {warning}");
        }
        let before = self.last.insert(sample.trigger.clone(), what.clone());
        if before.as_ref() == Some(&what) && sample.broken.is_none() {
            return;
        }
        let at = show::time(sample.at - sample.at.rem_euclid(1000));
        let line = format!(
            "{}: {what}{}{}",
            sample.trigger,
            broke(sample),
            values(sample)
        );
        print(&format!("{at} {}\n", harmless(&line)));
    }

    fn redraw(&mut self, _: i64) {}
}

/// What is watched, and how it goes on.
fn begins(watched: &Watched) -> String {
    let mut text = format!("{}: every {}", watched.trigger, span(watched.every_ms));
    if watched.lasting_ms > 0 {
        text += &format!(", for {}", span(watched.lasting_ms));
    }
    if let Some(held) = watched.held_ms {
        text += &format!("; it held for {} when the last watch ended", span(held));
    }
    if let Some(broken) = &watched.broken {
        text += &format!("; {}", anew(broken));
    }
    text
}

/// How a trigger stands after a sample.
fn stands(sample: &Sample) -> String {
    match (sample.fires, &sample.held_up, sample.seen, sample.held_ms) {
        (Fires::Yes, None, ..) => "fires: the run starts".to_owned(),
        (Fires::Yes, Some(why), ..) => format!("would start a run, but {why}"),
        (Fires::No, _, Seen::Unknown, _) => format!("unknown: {}", sample.why),
        (Fires::No, _, Seen::HoldsNot, _) => "quiet".to_owned(),
        (Fires::No, _, Seen::Holds, held) => {
            let held = span(held.unwrap_or(0));
            format!("holds for {held} of {}", span(sample.lasting_ms))
        }
    }
}

/// A clock that began anew, behind what is now.
fn broke(sample: &Sample) -> String {
    match &sample.broken {
        None => String::new(),
        Some(broken) => format!("; {}", anew(broken)),
    }
}

fn anew(broken: &Broken) -> String {
    let held = span(broken.held_ms);
    match &broken.by {
        BrokenBy::HoldsNot | BrokenBy::Unknown => format!("the clock is reset, it stood at {held}"),
        BrokenBy::Gap(Some(gap)) => format!(
            "the clock is reset, it stood at {held}: nobody sampled for {}",
            span(*gap)
        ),
        BrokenBy::Gap(None) => {
            format!(
                "the clock is reset, it stood at {held}: nobody knows for how long nobody sampled"
            )
        }
    }
}

/// Whole seconds where there are any.
fn span(ms: u64) -> String {
    show::duration(match ms {
        0..1000 => ms,
        ms => ms - ms % 1000,
    })
}

fn values(sample: &Sample) -> String {
    let all: Vec<String> = sample
        .values
        .iter()
        .map(|(name, value)| match value.lines().next() {
            None | Some("") => format!("{name} empty"),
            Some(line) => format!("{name} {line}"),
        })
        .collect();
    match all.is_empty() {
        true => String::new(),
        false => format!(" ({})", all.join(", ")),
    }
}

/// A block of lines that is drawn again in its place, two for each trigger; what came to its end stays above it.
struct Screen {
    term: Term,
    file: String,
    watched: Vec<Watched>,
    samples: BTreeMap<String, Sample>,
    drawn: usize,
}

impl Screen {
    fn of(file: &Path) -> Screen {
        Screen {
            term: Term::stdout(),
            file: file.display().to_string(),
            watched: Vec::new(),
            samples: BTreeMap::new(),
            drawn: 0,
        }
    }

    /// The block anew, below lines that stay. What cannot be drawn is drawn a second later.
    fn draw(&mut self, stays: &[String], now: i64) {
        let (rows, columns) = self.term.size();
        let width = usize::from(columns).max(20) - 1;
        let mut lines: Vec<String> = self
            .watched
            .iter()
            .flat_map(|watched| look(watched, self.samples.get(&watched.trigger), now, width))
            .collect();
        // What is higher than the terminal could not be taken back.
        let room = usize::from(rows).saturating_sub(2).max(2);
        if lines.len() > room {
            lines.truncate(room - 1);
            lines.push(fit("… and more than fits here", width));
        }
        let _ = self.term.clear_last_lines(self.drawn);
        let stays = stays.iter().flat_map(|line| wrap(line, width, "", "  "));
        for line in stays {
            let _ = self.term.write_line(&harmless(&line));
        }
        for line in &lines {
            let _ = self.term.write_line(line);
        }
        self.drawn = lines.len();
    }
}

impl Watcher for Screen {
    fn begins(&mut self, triggers: &[Watched]) {
        self.watched = triggers.to_vec();
        let mut stays = vec![format!("watching {}; Ctrl-C ends it", self.file)];
        let told = |watched: &&Watched| watched.held_ms.is_some() || watched.broken.is_some();
        stays.extend(triggers.iter().filter(told).map(begins));
        self.draw(&stays, 0);
    }

    fn sampled(&mut self, sample: &Sample) {
        self.samples.insert(sample.trigger.clone(), sample.clone());
        let at = format!("{} {}: ", time_of_day(sample.at), sample.trigger);
        let mut stays = Vec::new();
        let starts = sample.fires == Fires::Yes && sample.held_up.is_none();
        if sample.broken.is_some() || starts {
            stays.push(at.clone() + &stands(sample) + &broke(sample) + &values(sample));
        }
        if let Some(warning) = &sample.warning {
            stays.push(at + warning);
        }
        if starts {
            // The rest of the page is the run's.
            stays.push(String::new());
            self.watched.clear();
        }
        self.draw(&stays, sample.at);
    }

    fn redraw(&mut self, now: i64) {
        self.draw(&[], now);
    }
}

/// One line, without what would move a cursor, cut to a width.
fn fit(text: &str, width: usize) -> String {
    truncate_str(&harmless(text), width, Glyphs::of_locale().ellipsis).into_owned()
}

/// A trigger's lines, none wider than `width`.
fn look(watched: &Watched, sample: Option<&Sample>, now: i64, width: usize) -> [String; 2] {
    let Some(sample) = sample else {
        return [
            fit(&watched.trigger, width),
            fit("  not sampled yet", width),
        ];
    };
    let head = fit(&format!("{}{}", sample.trigger, values(sample)), width);
    let mut state = stands(sample);
    let holds = sample.fires == Fires::No && sample.seen == Seen::Holds;
    let room = width.saturating_sub(measure_text_width(&state) + 5).min(30);
    if holds && room >= 5 {
        let held = sample.held_ms.unwrap_or(0);
        let full = (held * room as u64).checked_div(sample.lasting_ms);
        let full = full.and_then(|full| usize::try_from(full).ok());
        let full = full.unwrap_or(room).min(room);
        state += &format!(" [{}{}]", "#".repeat(full), ".".repeat(room - full));
    } else if !holds {
        // How old it is matters where nothing counts up.
        let ago = u64::try_from((now - sample.at).max(0)).unwrap_or(0);
        let ago = format!(" {} ago", span(ago - ago % 1000));
        state = match state.split_once(':') {
            Some((word, rest)) if sample.fires == Fires::No => format!("{word}{ago}:{rest}"),
            _ => state + &ago,
        };
    }
    [head, fit(&format!("  {state}"), width)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> Watched {
        Watched {
            trigger: "error_rate".into(),
            title: String::new(),
            every_ms: 10_000,
            lasting_ms: 60_000,
            held_ms: None,
            broken: None,
        }
    }

    fn sample(seen: Seen, held_ms: Option<u64>) -> Sample {
        Sample {
            trigger: "error_rate".into(),
            at: 0,
            seen,
            why: String::new(),
            values: BTreeMap::from([("rate".to_owned(), "12%".to_owned())]),
            held_ms,
            lasting_ms: 60_000,
            broken: None,
            fires: Fires::No,
            held_up: None,
            warning: None,
        }
    }

    #[test]
    fn a_trigger_fits_every_terminal() {
        let mut holds = sample(Seen::Holds, Some(34_000));
        let shown = |sample: &Sample, width| look(&watched(), Some(sample), 3000, width).join("\n");
        assert_eq!(
            shown(&holds, 79),
            "error_rate (rate 12%)\n  holds for 34s of 1m [#################.............]"
        );
        assert_eq!(
            shown(&holds, 39),
            "error_rate (rate 12%)\n  holds for 34s of 1m [########.......]"
        );
        assert_eq!(
            shown(&sample(Seen::HoldsNot, None), 79),
            "error_rate (rate 12%)\n  quiet 3s ago"
        );
        holds.seen = Seen::Unknown;
        holds.why = "`curl http://localhost/metrics`: it exited\nwith code 7".into();
        assert_eq!(
            shown(&holds, 79),
            "error_rate (rate 12%)\n  unknown 3s ago: `curl http://localhost/metrics`: it exited␊with code 7"
        );
        for width in [19, 39, 79] {
            for line in look(&watched(), Some(&holds), 3000, width) {
                assert!(measure_text_width(&line) <= width, "{line}");
            }
        }
    }

    #[test]
    fn what_began_anew_says_why() {
        let mut quiet = sample(Seen::HoldsNot, None);
        let broken = |by| {
            Some(Broken {
                held_ms: 34_900,
                by,
            })
        };
        quiet.broken = broken(BrokenBy::HoldsNot);
        assert_eq!(
            stands(&quiet) + &broke(&quiet),
            "quiet; the clock is reset, it stood at 34s"
        );
        let mut begun = watched();
        begun.broken = broken(BrokenBy::Gap(Some(180_000)));
        assert_eq!(
            begins(&begun),
            "error_rate: every 10s, for 1m; the clock is reset, it stood at 34s: nobody sampled for 3m"
        );
        begun.broken = None;
        begun.held_ms = Some(20_000);
        assert_eq!(
            begins(&begun),
            "error_rate: every 10s, for 1m; it held for 20s when the last watch ended"
        );
    }
}
