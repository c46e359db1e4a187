//! `runbook test PATH…`: plays scenarios, says what is not as they say, and counts what they come to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use runbook_core::coverage::{self, Goal, Kind, Reached};
use runbook_grammar::ast::FileKind;
use runbook_grammar::source::Sources;
use runbook_grammar::span::SourceId;
use runbook_host::codes;
use runbook_host::error::HostError;
use runbook_host::load::{Loaded, load};
use runbook_host::scripted::scenario::{self, Verdict};
use runbook_plan::Plan;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, find, print, report};

mod explore;
mod human;
mod json;
mod junit;
mod record;

/// A scenario file that was played.
pub struct Played {
    pub file: String,
    /// The runbook it is for, as the file names it.
    pub runbook: String,
    pub verdicts: Vec<Verdict>,
}

/// A runbook, and what all its scenarios together come to.
pub struct Covered {
    pub runbook: String,
    pub goals: Vec<Goal>,
    pub reached: Reached,
    pub sources: Sources,
}

impl Covered {
    /// How many there are of a kind, and how many of them were come to.
    pub fn count(&self, kind: Kind) -> (usize, usize) {
        let of_kind = self.goals.iter().filter(|goal| goal.kind == kind);
        let hit = of_kind.clone().filter(|goal| self.reached.has(goal.place));
        (hit.count(), of_kind.count())
    }

    pub fn missed(&self) -> impl Iterator<Item = &Goal> {
        self.goals
            .iter()
            .filter(|goal| !self.reached.has(goal.place))
    }

    /// File and line of a goal, lines from 1.
    pub fn place(&self, goal: &Goal) -> (&str, usize) {
        let id = goal.span.source;
        let line = self.sources.line(id, goal.span.start as usize);
        (&self.sources.get(id).name, line)
    }
}

/// All that a report says.
#[derive(Default)]
pub struct Results {
    pub files: Vec<Played>,
    pub covered: Vec<Covered>,
    /// Below `--fail-under`, a sentence each.
    pub short: Vec<String>,
}

impl Results {
    /// How many scenarios hold, and how many do not.
    pub fn totals(&self) -> (usize, usize) {
        let verdicts = || self.files.iter().flat_map(|file| &file.verdicts);
        let failed = verdicts().filter(|verdict| !verdict.faults.is_empty());
        let failed = failed.count();
        (verdicts().count() - failed, failed)
    }
}

pub fn test(args: &args::Test) -> Exit {
    if let Some(run) = &args.record {
        return record::record(run, args.output.as_deref());
    }
    if let Some(runbook) = &args.explore {
        return explore::explore(runbook, args.json);
    }
    let mut results = Results::default();
    let mut covered: BTreeMap<PathBuf, Covered> = BTreeMap::new();
    let mut broken = 0;
    let named = find(&args.paths);
    for (_, error) in &named.refused {
        complain_host(error);
        broken += 1;
    }
    let mut files = 0;
    for path in &named.files {
        // A folder holds runbooks and modules as well; a file that was named is meant.
        if !args.paths.contains(path) && !looks_like_scenarios(path) {
            continue;
        }
        files += 1;
        match play(path) {
            Ok((played, place, one)) => {
                results.files.push(played);
                match covered.get_mut(&place) {
                    Some(all) => all.reached.add(&one.reached),
                    None => {
                        covered.insert(place, one);
                    }
                }
            }
            Err(Refused::Text(loaded)) => {
                report(&loaded.diagnostics, &loaded.sources);
                broken += 1;
            }
            Err(Refused::Host(error)) => {
                complain_host(&error);
                broken += 1;
            }
        }
    }
    if files == 0 && broken == 0 {
        complain_line("no scenario file is there: one begins with `scenarios for \"name.rbk\"`");
        return Exit::Runbook;
    }
    results.covered = covered.into_values().collect();
    if let Some(least) = args.fail_under {
        results.short = short(&results.covered, least);
    }
    if let Some(path) = &args.junit
        && let Err(error) = std::fs::write(path, junit::report(&results))
    {
        complain_line(&format!("cannot write {}: {error}", path.display()));
        return Exit::Usage;
    }
    print(&if args.json {
        json::report(&results)
    } else {
        human::report(&results)
    });
    match (broken, results.totals().1 + results.short.len()) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::Found,
        _ => Exit::Runbook,
    }
}

fn looks_like_scenarios(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        text.lines().any(|line| line.starts_with("scenarios for"))
    })
}

enum Refused {
    Text(Box<Loaded>),
    Host(HostError),
}

/// Plays the scenarios of a file; with them where the runbook lies, and what of it they come to.
fn play(path: &Path) -> Result<(Played, PathBuf, Covered), Refused> {
    let mut loaded = load(path).map_err(Refused::Host)?;
    let header = loaded.files.root.header.as_ref();
    if loaded.diagnostics.is_empty() && header.is_none_or(|it| it.kind != FileKind::Scenarios) {
        let message = format!("{} is no scenario file", path.display());
        let error = HostError::new(codes::NOT_A_FILE, message)
            .help("Name a file that begins with `scenarios for \"name.rbk\"`.");
        return Err(Refused::Host(error));
    }
    let source = loaded.sources.get(SourceId(0));
    let scenarios = match scenario::scenarios(source, &loaded.files.root) {
        Ok(scenarios) => scenarios,
        Err(wrong) => {
            loaded.diagnostics.push(wrong);
            Vec::new()
        }
    };
    let Some((tests, true)) = loaded
        .tests
        .take()
        .map(|tests| (tests, loaded.diagnostics.is_empty()))
    else {
        return Err(Refused::Text(Box::new(loaded)));
    };
    let Loaded {
        plan: Some(plan),
        sources,
        originals,
        ..
    } = *tests
    else {
        return Err(Refused::Text(Box::new(loaded)));
    };
    let verdicts: Vec<Verdict> = scenarios
        .iter()
        .map(|scenario| scenario::judge(&plan, scenario))
        .collect();
    let mut reached = Reached::default();
    for verdict in &verdicts {
        reached.add(&verdict.reached);
    }
    let goals = goals(&plan, &sources);
    let name = originals.first().map_or("", |original| &original.name);
    let runbook = name.to_owned();
    let place = std::fs::canonicalize(name).unwrap_or_else(|_| name.into());
    let covered = Covered {
        runbook: runbook.clone(),
        goals,
        reached,
        sources,
    };
    let file = path.display().to_string();
    let played = Played {
        file,
        runbook,
        verdicts,
    };
    Ok((played, place, covered))
}

/// What the scenario files beside a runbook come to in it, whether they hold or not; nothing where none of them is for it.
///
/// # Errors
/// A file beside it cannot be played; that has been said, and this is the exit code.
pub fn reached_beside(runbook: &Path) -> Result<Option<Reached>, Exit> {
    let place = std::fs::canonicalize(runbook).unwrap_or_else(|_| runbook.into());
    let folder = match runbook.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let named = find(&[folder.to_owned()]);
    let beside = named
        .files
        .iter()
        .filter(|path| path.parent() == Some(folder) && looks_like_scenarios(path));
    let mut all: Option<Reached> = None;
    for path in beside {
        // Which runbook a file is for stands in its first words: others are not played.
        let Ok(loaded) = load(path) else { continue };
        let tested = loaded
            .tests
            .as_ref()
            .and_then(|tests| tests.originals.first());
        let tested = tested.and_then(|original| std::fs::canonicalize(&original.name).ok());
        if tested.as_ref() != Some(&place) {
            continue;
        }
        match play(path) {
            Ok((_, _, covered)) => all.get_or_insert_default().add(&covered.reached),
            Err(Refused::Text(loaded)) => {
                report(&loaded.diagnostics, &loaded.sources);
                return Err(Exit::Runbook);
            }
            Err(Refused::Host(error)) => return Err(complain_host(&error)),
        }
    }
    Ok(all)
}

/// What the standard library does is held by tests of its own.
fn goals(plan: &Plan, sources: &Sources) -> Vec<Goal> {
    let mut goals = coverage::goals(plan);
    goals.retain(|goal| !sources.get(goal.span.source).name.starts_with("std."));
    goals
}

/// Which of steps, arms and rows are too few.
fn short(covered: &[Covered], least: u8) -> Vec<String> {
    let mut short = Vec::new();
    for one in covered {
        for kind in [Kind::Step, Kind::Arm, Kind::Row] {
            let (hit, of) = one.count(kind);
            if hit * 100 < of * usize::from(least) {
                let (kind, runbook) = (kind.plural(), &one.runbook);
                short.push(format!(
                    "{runbook}: {hit} of {of} {kind} is less than {least} %"
                ));
            }
        }
    }
    short
}
