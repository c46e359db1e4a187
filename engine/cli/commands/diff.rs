//! `runbook diff OLD NEW`: what is different in meaning.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use runbook_diff::difference::{Change, Difference, Place, Row, cells};
use runbook_diff::{Version, markdown};
use runbook_host::error::HostError;
use runbook_host::load::{Loaded, load, load_piped};
use serde::Serialize;

use crate::args::{self, DiffFormat};
use crate::exit::Exit;
use crate::files::{complain, complain_host, complain_line, print, report};
use crate::terminal::style::{Look, Tone, Tty};
use crate::terminal::text::{harmless, wrap};

/// Lines of what is new or gone that a person is shown; `--json` has them all.
const SHOWN: usize = 24;

#[derive(Serialize)]
struct Told<'a> {
    old: String,
    new: String,
    differences: &'a [Difference],
}

pub fn diff(args: &args::Diff) -> Exit {
    let mut both = Vec::new();
    for path in [&args.old, &args.new] {
        match version(path) {
            Ok(loaded) => both.push(loaded),
            Err(exit) => return exit,
        }
    }
    let [old, new] = both.as_slice() else {
        return Exit::Bug;
    };
    let (Some(before), Some(after)) = (&old.plan, &new.plan) else {
        return Exit::Bug;
    };
    let differences = runbook_diff::diff(
        Version {
            plan: before,
            sources: &old.sources,
        },
        Version {
            plan: after,
            sources: &new.sources,
        },
    );
    let (old, new) = (
        args.old.display().to_string(),
        args.new.display().to_string(),
    );
    let format = match args.json {
        true => DiffFormat::Json,
        false => args.format,
    };
    print(&match format {
        DiffFormat::Human => Page::new(&old, &new).write(&differences),
        DiffFormat::Markdown => markdown(&old, &new, &differences),
        DiffFormat::Json => {
            let told = Told {
                old,
                new,
                differences: &differences,
            };
            serde_json::to_string_pretty(&told).unwrap_or_default() + "\n"
        }
    });
    match differences.is_empty() {
        true => Exit::Done,
        false => Exit::Found,
    }
}

/// A version that has a plan. What has mistakes or cannot be read is told, and ends the command.
fn version(path: &Path) -> Result<Loaded, Exit> {
    let piped = std::fs::metadata(path).is_ok_and(|data| data.file_type().is_fifo());
    let loaded: Result<Loaded, HostError> = match piped {
        true => load_piped(path),
        false => load(path),
    };
    let loaded = loaded.map_err(|error| complain_host(&error))?;
    if !loaded.diagnostics.is_empty() {
        report(&loaded.diagnostics, &loaded.sources);
        let lost = |module: &runbook_plan::Loaded| module.file.is_err();
        if piped && loaded.files.modules.iter().any(lost) {
            complain(
                "  help: Check that version out beside this one, and name it:\n    \
                 git worktree add ../old REVISION; runbook diff ../old/FILE FILE\n",
            );
        }
        return Err(Exit::Runbook);
    }
    if loaded.plan.is_none() || loaded.tests.is_some() {
        complain_line(&format!(
            "{} is a scenario file; `diff` compares runbooks and modules",
            path.display()
        ));
        return Err(Exit::Usage);
    }
    Ok(loaded)
}

/// The report for a person.
struct Page {
    look: Look,
    width: usize,
    /// The two files that were named.
    named: [String; 2],
    out: String,
}

impl Page {
    fn new(old: &str, new: &str) -> Page {
        let tty = Tty::of(std::io::stdout());
        Page {
            look: Look::of(tty),
            width: match tty {
                Tty::Yes => usize::from(console::Term::stdout().size().1).clamp(20, 120),
                Tty::No => 100,
            },
            named: [old.to_owned(), new.to_owned()],
            out: String::new(),
        }
    }

    fn write(mut self, differences: &[Difference]) -> String {
        let arrow = self.look.glyphs.arrow;
        let [old, new] = self.named.clone();
        if differences.is_empty() {
            self.said(
                Tone::Plain,
                &format!("{old} and {new} mean the same"),
                "",
                "",
            );
            return self.out;
        }
        self.said(Tone::Plain, &format!("{old} {arrow} {new}"), "", "");
        for difference in differences {
            self.out.push('\n');
            self.difference(difference);
        }
        let count = match differences.len() {
            1 => "1 difference in meaning".to_owned(),
            n => format!("{n} differences in meaning"),
        };
        self.out.push('\n');
        self.said(Tone::Plain, &count, "", "");
        self.out
    }

    /// A text of ours or of the runbook, wrapped.
    fn said(&mut self, tone: Tone, text: &str, first: &str, rest: &str) {
        for line in wrap(&harmless(text), self.width, first, rest) {
            self.out += self.look.paint(tone, &line).trim_end();
            self.out.push('\n');
        }
    }

    fn difference(&mut self, difference: &Difference) {
        let heading = match difference.what {
            "places" => format!("in {} places", difference.places.len()),
            _ => difference.heading(),
        };
        let word = match difference.changes.first() {
            Some(Change::Added { .. }) => "new: ",
            Some(Change::Removed { .. }) => "gone: ",
            _ => "",
        };
        let title = match difference.title.as_str() {
            "" => String::new(),
            title => format!("  {title}"),
        };
        let head = format!("{word}{heading}{title}");
        self.said(Tone::Title, &head, "", "    ");
        for place in &difference.places {
            self.said(Tone::Quiet, place, "  ", "    ");
        }
        let at = self.place(difference.old.as_ref(), difference.new.as_ref());
        if !at.is_empty() {
            self.said(Tone::Quiet, &at, "  ", "    ");
        }
        for change in &difference.changes {
            self.change(change);
        }
    }

    /// `line 8 → 13`; with the file where it is not one of the two that were named.
    fn place(&self, old: Option<&Place>, new: Option<&Place>) -> String {
        let said = |place: &Place| match self.named.contains(&place.file) {
            true => format!("line {}", place.line),
            false => format!("{}:{}", place.file, place.line),
        };
        match (old, new) {
            (Some(old), Some(new)) if old.line != new.line => {
                format!("{} {} {}", said(old), self.look.glyphs.arrow, new.line)
            }
            (_, Some(place)) | (Some(place), None) => said(place),
            (None, None) => String::new(),
        }
    }

    fn change(&mut self, change: &Change) {
        let arrow = self.look.glyphs.arrow;
        match change {
            Change::Added { lines } => self.lines('+', lines),
            Change::Removed { lines } => self.lines('-', lines),
            Change::Renamed { old, new } => {
                self.point(&format!("renamed: {old} {arrow} {new}"));
            }
            Change::Moved { old, new } => self.point(&format!("moved: {old} {arrow} {new}")),
            Change::Reordered { line, old, new } => {
                let what = match line {
                    Some(line) => format!("{}: ", line.lines().next().unwrap_or_default()),
                    None => String::new(),
                };
                self.point(&format!("{what}was {old}, is now {new}"));
            }
            Change::Fact { label, old, new } => {
                let said = |text: &str| match text {
                    "yes" => label.clone(),
                    text => format!("{label} {text}"),
                };
                if let (Some(old), Some(new)) = (old, new) {
                    let short = format!("{label} {old} {arrow} {new}");
                    if !short.contains('\n') && short.chars().count() + 4 <= self.width {
                        self.point(&short);
                        return;
                    }
                }
                self.signed('-', old.as_deref().map(said).as_deref());
                self.signed('+', new.as_deref().map(said).as_deref());
            }
            Change::Line { old, new } => {
                self.signed('-', old.as_deref());
                self.signed('+', new.as_deref());
            }
            Change::Decides { input, old, new } => {
                let input = match cells(input).as_str() {
                    "" => "always".to_owned(),
                    input => input.to_owned(),
                };
                self.point(&input);
                self.row('-', old);
                self.row('+', new);
            }
            Change::DecidesMore => self.point("and more inputs that are decided differently"),
            Change::Undecided { why } => {
                self.point(&format!("what it decides cannot be compared: {why}"));
            }
        }
    }

    fn row(&mut self, sign: char, row: &Row) {
        let text = format!("{} (row {})", cells(&row.gives), row.row);
        self.said(tone(sign), &text, &format!("    {sign} "), "      ");
    }

    fn point(&mut self, text: &str) {
        let first = format!("  {} ", self.look.glyphs.dot);
        self.said(Tone::Plain, text, &first, "    ");
    }

    fn signed(&mut self, sign: char, text: Option<&str>) {
        for line in text.into_iter().flat_map(str::lines) {
            let indent = line.len() - line.trim_start().len();
            let rest = format!("  {}   ", " ".repeat(indent));
            let first = format!("  {sign} {}", " ".repeat(indent));
            self.said(tone(sign), line.trim_start(), &first, &rest);
        }
    }

    fn lines(&mut self, sign: char, lines: &[String]) {
        for line in lines.iter().take(SHOWN) {
            self.signed(sign, Some(line));
        }
        if lines.len() > SHOWN {
            let more = format!("and {} lines more", lines.len() - SHOWN);
            self.said(Tone::Quiet, &more, "  … ", "    ");
        }
    }
}

fn tone(sign: char) -> Tone {
    match sign {
        '+' => Tone::Good,
        _ => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::style::{Colour, UNICODE};
    use runbook_grammar::span::SourceId;

    #[test]
    fn it_is_as_narrow_as_the_terminal() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diff/steps");
        let both = ["old", "new"]
            .map(|version| load(&folder.join(version).join("rollback.rbk")).expect("a file"));
        let version = |loaded: &'static Loaded| Version {
            plan: loaded.plan.as_ref().expect("a plan"),
            sources: &loaded.sources,
        };
        let [old, new] = both.map(|loaded| &*Box::leak(Box::new(loaded)));
        let differences = runbook_diff::diff(version(old), version(new));
        let [old, new] = [old, new].map(|loaded| loaded.sources.get(SourceId(0)).name.clone());
        for width in [40, 80] {
            let page = Page {
                look: Look {
                    colour: Colour::No,
                    glyphs: &UNICODE,
                },
                width,
                named: [old.clone(), new.clone()],
                out: String::new(),
            };
            let text = page
                .write(&differences)
                .replace(env!("CARGO_MANIFEST_DIR"), "");
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{line}");
            }
            // Its first lines name the folder that the tests run in.
            let (_, text) = text.split_once("\n\n").expect("a heading");
            insta::assert_snapshot!(format!("diff_at_{width}"), text);
        }
    }
}
