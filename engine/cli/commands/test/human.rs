//! The report for a person.

use runbook_core::coverage::Kind;
use runbook_plan::show;

use super::{Covered, Results};
use crate::terminal::style::{Colour, Glyphs, Tty};
use console::Style;

/// Lines of a conversation that are shown; those before are counted.
const TOLD: usize = 40;
/// Places of one runbook that no scenario came to and that are listed.
const LISTED: usize = 20;

/// Colours text where standard output shows colours.
pub fn painter() -> impl Fn(Style, &str) -> String {
    let colour = Colour::of(Tty::of(std::io::stdout()));
    move |style, text| match colour {
        Colour::Yes => style.force_styling(true).apply_to(text).to_string(),
        Colour::No => text.to_owned(),
    }
}

pub fn report(results: &Results) -> String {
    let glyphs = Glyphs::of_locale();
    let paint = painter();
    let mut text = String::new();
    for file in &results.files {
        text += &format!("{}, for {}\n", file.file, file.runbook);
        for verdict in &file.verdicts {
            let took = paint(Style::new().dim(), &show::duration(verdict.took_ms));
            let mark = match verdict.faults.is_empty() {
                true => paint(Style::new().green(), glyphs.ok),
                false => paint(Style::new().red().bold(), glyphs.failed),
            };
            text += &format!("  {mark} {}  {took}\n", verdict.title);
            for fault in &verdict.faults {
                text += &format!("      {}\n", fault.replace('\n', "\n      "));
            }
            if !verdict.faults.is_empty() {
                let lines = &verdict.conversation;
                let from = lines.len().saturating_sub(TOLD);
                if from > 0 {
                    let more = format!("{} {from} lines before", glyphs.ellipsis);
                    text += &format!("      {}\n", paint(Style::new().dim(), &more));
                }
                for line in &lines[from..] {
                    let gutter = paint(Style::new().dim(), glyphs.gutter);
                    text += &format!("      {gutter} {line}\n");
                }
            }
        }
    }
    for covered in &results.covered {
        text += &coverage(covered, glyphs);
    }
    for short in &results.short {
        text += &format!(
            "{} {short}\n",
            paint(Style::new().red().bold(), glyphs.failed)
        );
    }
    if results.files.is_empty() {
        return text;
    }
    let (held, failed) = results.totals();
    let scenarios = |count: usize| match count {
        1 => "1 scenario".to_owned(),
        count => format!("{count} scenarios"),
    };
    text += &match failed {
        0 => format!("\n{}: all hold\n", scenarios(held)),
        failed => format!("\n{}: {failed} failed\n", scenarios(held + failed)),
    };
    text
}

/// How much of a runbook was come to, and what was not.
pub fn coverage(covered: &Covered, glyphs: &Glyphs) -> String {
    let counts: Vec<String> = Kind::ALL
        .into_iter()
        .filter_map(|kind| match covered.count(kind) {
            (_, 0) => None,
            (hit, of) => Some(format!("{hit} of {of} {}", kind.plural())),
        })
        .collect();
    let mut text = format!("\n{}: {}\n", covered.runbook, counts.join(", "));
    let missed: Vec<_> = covered.missed().collect();
    for goal in missed.iter().take(LISTED) {
        let (file, line) = covered.place(goal);
        text += &format!("  {} {file}:{line}  {}\n", glyphs.dot, goal.title);
    }
    if missed.len() > LISTED {
        let more = missed.len() - LISTED;
        text += &format!(
            "  {} and {more} more; `--json` lists them all\n",
            glyphs.dot
        );
    }
    text
}
