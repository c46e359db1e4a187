//! The living lines below the story: what runs, for how long, and how much time is left.

use runbook_core::event::Moment;
use runbook_core::view::View;

use super::style::{Look, Tone};
use super::text::{cut, harmless, left, span};

/// How many commands of a `parallel` are named; the others are counted.
const NAMED: usize = 4;

/// The rows of the status, none wider than `width`. `tail` is the last lines that running commands printed.
pub fn rows(view: &View, now: Moment, look: Look, width: usize, tail: &[String]) -> Vec<String> {
    if view.running.is_empty() && view.waiting.is_none() {
        return Vec::new();
    }
    let g = look.glyphs;
    // The spinner and a blank stand before the first row.
    let room = width.saturating_sub(3).max(8);
    let mut rows = Vec::new();

    let place = view
        .step
        .as_ref()
        .map(|step| format!("step {}/{} {} ", step.number, step.of, g.dot))
        .unwrap_or_default();
    if let Some(waiting) = &view.waiting
        && view.running.is_empty()
    {
        let until = waiting
            .until
            .as_ref()
            .map(|d| format!(" {} {}", g.dot, left(d.at.wall, now.wall)));
        rows.push(cut(
            &format!(
                "{place}{}{}",
                super::notices::waiting(&waiting.what),
                until.unwrap_or_default()
            ),
            room,
            g.ellipsis,
        ));
    }
    // The command of the step first; a server that it left running goes on below.
    let (own, others): (Vec<_>, Vec<_>) = view.running.iter().partition(|running| {
        view.step
            .as_ref()
            .is_some_and(|step| step.path == running.path)
    });
    for (i, running) in own.into_iter().chain(others).take(NAMED).enumerate() {
        let place = if i == 0 { place.as_str() } else { "" };
        let elapsed = span(u64::try_from(now.wall - running.since).unwrap_or(0) / 1000 * 1000);
        let limit = running
            .deadline
            .as_ref()
            .map(|d| format!(" {} {}", g.dot, left(d.at.wall, now.wall)));
        let clock = format!(" {elapsed}{}", limit.unwrap_or_default());
        let first = running.command.lines().next().unwrap_or_default();
        let on = running.on.as_ref().map(|on| format!("{on}: "));
        let name = cut(
            &format!("{}{}", on.unwrap_or_default(), harmless(first)),
            room.saturating_sub(place.len() + clock.len()).max(8),
            g.ellipsis,
        );
        rows.push(cut(&format!("{place}{name}{clock}"), room, g.ellipsis));
    }
    if view.running.len() > NAMED {
        rows.push(format!("and {} more", view.running.len() - NAMED));
    }
    for line in tail {
        rows.push(look.paint(
            Tone::Quiet,
            &cut(&format!("{} {line}", g.gutter), room, g.ellipsis),
        ));
    }
    let clocks = clocks(view, now, look);
    if !clocks.is_empty() {
        rows.push(look.paint(Tone::Quiet, &cut(&clocks, room, g.ellipsis)));
    }
    rows
}

/// `Roll back → step 3 of 9: Build`, from the outside in.
pub fn place(view: &View, look: Look) -> String {
    let step = view
        .step
        .as_ref()
        .map(|step| format!("step {} of {}: {}", step.number, step.of, step.title));
    let around: Vec<String> = view.within.iter().cloned().chain(step).collect();
    around.join(&format!(" {} ", look.glyphs.arrow))
}

/// `Quick fix 3m 12s left · restored 52m 10s left`, the next to pass first.
pub fn clocks(view: &View, now: Moment, look: Look) -> String {
    let each = view
        .clocks
        .iter()
        .map(|clock| format!("{} {}", clock.what, left(clock.deadline.at.wall, now.wall)));
    each.collect::<Vec<_>>()
        .join(&format!(" {} ", look.glyphs.dot))
}
