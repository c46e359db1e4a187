//! What came of each command and question of a run, as lines of a scenario: a made-up world that does the same.
//!
//! A story begins with all that was seen. What makes no difference to how it goes is then left out, so that a
//! person reads what the run hung on.

use std::collections::{BTreeMap, BTreeSet};

use runbook_core::effect::{Effect, Notice};
use runbook_core::prompt::{Answer, Prompt, PromptKind};
use runbook_core::state::Over;
use runbook_plan::Plan;
use runbook_plan::show;
use runbook_plan::value::Value;

use super::World;
use super::play::{Play, Played, play};
use super::scenario::{Scenario, faults, outcome_name};
use super::script::{Does, DoesEnd, Reply, Saying, Script, What, When, glob, is_path};

/// A command or request that began.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// As a glob is held against it: the command as it is shown, or `http GET …`.
    pub what: String,
    pub path: String,
    pub does: Does,
    /// How a scenario names it, once all that ran is known.
    pub name: Option<What>,
}

/// What came of a run, in the order in which it began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    pub given: BTreeMap<String, Value>,
    pub env: BTreeMap<String, String>,
    pub ran: Vec<Ran>,
    pub said: Vec<Reply>,
    /// What the scenario then holds against the run.
    pub claims: Claims,
}

/// What must come of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    pub reaches: Vec<String>,
    pub undoes: Vec<String>,
    pub notifies: Vec<String>,
    pub ends: Option<String>,
}

/// More lines than these are not tried one by one.
const ONE_BY_ONE: usize = 120;
/// A command longer than this is named by its step, or by its beginning.
const LONG: usize = 100;

impl Claims {
    /// What effects say that a run came to.
    pub fn of<'e>(effects: impl IntoIterator<Item = &'e Effect>, over: &Over) -> Claims {
        let mut claims = Claims::default();
        let once = |list: &mut Vec<String>, text: &str| {
            if !list.iter().any(|other| other == text) {
                list.push(text.to_owned());
            }
        };
        for effect in effects {
            let Effect::Tell(notice) = effect else {
                continue;
            };
            match notice {
                Notice::StepStarted { path, .. } | Notice::CheckpointReached { path, .. } => {
                    once(&mut claims.reaches, &plain_path(path));
                }
                Notice::UndoDone { path, .. } => once(&mut claims.undoes, &plain_path(path)),
                Notice::MessageSent { message, .. } => once(&mut claims.notifies, message),
                _ => {}
            }
        }
        if let Over::Ended { outcome, .. } = over {
            claims.ends = Some(outcome_name(*outcome).to_owned());
        }
        claims
    }

    fn scenario(&self, script: Script) -> Scenario {
        Scenario {
            title: String::new(),
            script,
            reaches: self.reaches.clone(),
            never_reaches: Vec::new(),
            undoes: self.undoes.clone(),
            asks: Vec::new(),
            notifies: self.notifies.clone(),
            takes_at_most_ms: None,
            ends: self.ends.clone(),
        }
    }
}

/// A path without the turns of loops, as a scenario names it.
pub fn plain_path(path: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0usize;
    for c in path.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// A reply of a person as a scenario says it; `None` where it has no words for it.
pub fn reply(prompt: &Prompt, answer: &Answer, after_ms: i64) -> Option<Reply> {
    let saying = match answer {
        Answer::Value { value } => Saying::Text(given_text(value)?),
        Answer::Typed { text } => Saying::Text(text.clone()),
        Answer::Chose { option } => match &prompt.kind {
            PromptKind::Choose { options } => Saying::Text(options.get(*option)?.label.clone()),
            _ => return None,
        },
        Answer::Undo { checkpoint, .. } if plain_path(checkpoint) != *checkpoint => return None,
        Answer::WaitForIt | Answer::StopIt | Answer::LeaveIt | Answer::GoOn => return None,
        answer => Saying::Exactly(answer.clone()),
    };
    // As a person read it, where that is short; else by its shortest name.
    let fits = |key: &&String| !key.is_empty() && !key.contains('\n');
    let own = match &prompt.kind {
        PromptKind::Failed { .. } | PromptKind::InDoubt { .. } => &prompt.path,
        _ => &prompt.text,
    };
    let own = Some(own).filter(|own| own.len() <= LONG && prompt.keys.contains(own));
    let key = own
        .filter(fits)
        .or_else(|| prompt.keys.iter().filter(fits).min_by_key(|key| key.len()))?;
    Some(Reply {
        prompt: key.clone(),
        saying,
        after_ms,
    })
}

/// A value as a param is given on the command line; nothing for what is missing or hidden.
pub fn given_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Missing | Value::Secret(_) => return None,
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(given_text).collect();
            items?.join("\n")
        }
        value => show::value(value),
    })
}

/// What a run does that a person would tell of it: repeated lines count once.
#[derive(Clone, Debug, PartialEq)]
struct Course(Vec<String>);

impl Course {
    fn of(play: &Play<'_>, played: &Played) -> Course {
        let mut lines: Vec<String> = Vec::new();
        for effect in &play.wished {
            let line = match effect {
                Effect::Run(run) => format!("$ {} {}", run.path, run.shown),
                Effect::Request(request) => format!("$ {} {}", request.path, request.shown),
                Effect::Ask { prompt, .. } => format!("? {} {}", prompt.path, prompt.text),
                Effect::Tell(Notice::StepStarted { path, .. }) => format!("step {path}"),
                Effect::Tell(Notice::StepDone { path, .. }) => format!("done {path}"),
                Effect::Tell(Notice::StepSkipped { path, .. }) => format!("skipped {path}"),
                Effect::Tell(Notice::CheckpointReached { path, .. }) => format!("at {path}"),
                Effect::Tell(Notice::AttemptFailed { path, .. }) => format!("left {path}"),
                Effect::Tell(Notice::UndoDone { path, .. }) => format!("undone {path}"),
                Effect::Tell(Notice::MessageSent { message, .. }) => format!("told {message}"),
                Effect::Tell(Notice::Escalated { contact, .. }) => format!("escalated {contact}"),
                Effect::Tell(Notice::Decided { matrix, row, .. }) => format!("row {row} {matrix}"),
                _ => continue,
            };
            if lines.last() != Some(&line) {
                lines.push(line);
            }
        }
        lines.push(match played {
            Played::Over(Over::Ended { outcome, text, .. }) => {
                format!("{} {text}", outcome_name(*outcome))
            }
            Played::Over(_) => "parked".to_owned(),
            Played::Stuck(why) => why.clone(),
        });
        Course(lines)
    }
}

impl Story {
    /// The world in which it happens.
    pub fn script(&self) -> Script {
        let mut script = Script {
            env: self.env.clone(),
            answers: self.said.clone(),
            ..Script::default()
        };
        for (name, value) in &self.given {
            if let Some(text) = given_text(value) {
                script.given.insert(name.clone(), text);
            }
        }
        for (what, ran) in self.named().into_iter().zip(&self.ran) {
            script.whens.push(When {
                from: 0,
                what,
                does: ran.does.clone(),
            });
        }
        script
    }

    fn named(&self) -> Vec<What> {
        if self.ran.iter().all(|ran| ran.name.is_some()) {
            return self.ran.iter().filter_map(|ran| ran.name.clone()).collect();
        }
        let names = self.names();
        let name = |ran: &Ran| names[&(ran.what.as_str(), ran.path.as_str())].clone();
        self.ran.iter().map(name).collect()
    }

    /// How each command is named: as it is shown where that means it alone, else by its step, else by its
    /// beginning.
    fn names(&self) -> BTreeMap<(&str, &str), What> {
        let all: BTreeSet<(&str, &str)> = self
            .ran
            .iter()
            .map(|ran| (ran.what.as_str(), ran.path.as_str()))
            .collect();
        // Every command that a name means is this one, wherever it stands.
        let alone = |name: &What, what: &str| {
            all.iter()
                .all(|(other, path)| !means(name, other, path) || *other == what)
        };
        let mut names = BTreeMap::new();
        for (what, path) in &all {
            let whole = What::Glob((*what).to_owned());
            let step = What::Step(plain_path(path));
            let first = what.lines().next().unwrap_or_default();
            let cut: String = first.chars().take(LONG).collect();
            let begin = What::Glob(format!("{}*", cut.trim_end()));
            let short = !what.contains('\n') && what.chars().count() <= LONG;
            let same_step = || {
                all.iter()
                    .filter(|(other, _)| other == what)
                    .all(|(other, path)| means(&step, other, path))
            };
            let name = if short && alone(&whole, what) {
                whole
            } else if !path.is_empty() && alone(&step, what) && same_step() {
                step
            } else if alone(&begin, what) {
                begin
            } else {
                whole
            };
            names.insert((*what, *path), name);
        }
        names
    }

    /// What is not as it claims, when it is played.
    pub fn faults(&self, plan: &Plan) -> Vec<String> {
        let script = self.script();
        let scenario = self.claims.scenario(script.clone());
        let (play, played) = play(plan, World::new(script));
        faults(&scenario, &play, &played)
    }

    fn course(&self, plan: &Plan) -> Course {
        let (play, played) = play(plan, World::new(self.script()));
        Course::of(&play, &played)
    }

    /// Names what differs from run to run (a date, a number of a process) by what stays of it.
    pub fn loosen(&mut self, plan: &Plan) {
        for _ in 0..4 {
            let (play, _) = play(plan, World::new(self.script()));
            let mut met: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for effect in &play.wished {
                let (path, what) = match effect {
                    Effect::Run(run) => (&run.path, run.shown.clone()),
                    Effect::Request(request) => (&request.path, format!("http {}", request.shown)),
                    _ => continue,
                };
                met.entry(path.clone()).or_default().push(what);
            }
            let mut turn: BTreeMap<String, usize> = BTreeMap::new();
            let mut changed = false;
            for at in 0..self.ran.len() {
                let ran = &self.ran[at];
                let turn = turn.entry(ran.path.clone()).or_default();
                let there = met.get(&ran.path).and_then(|met| met.get(*turn)).cloned();
                *turn += 1;
                let Some(there) = there else { continue };
                if !glob(&ran.what, &there)
                    && let Some(both) = common(&ran.what, &there)
                {
                    let before = ran.what.clone();
                    for other in &mut self.ran {
                        if other.what == before {
                            other.what.clone_from(&both);
                        }
                    }
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Leaves out what makes no difference to how it goes.
    pub fn shorten(&mut self, plan: &Plan) {
        // What is left out later was there, and a name must not come to mean it.
        let names = self.named();
        for (ran, name) in self.ran.iter_mut().zip(names) {
            ran.name = Some(name);
        }
        let course = self.course(plan);
        let same = |story: &Story| story.course(plan) == course;
        self.last_stays();
        // From coarse to fine: all of a kind, all of one command, one line.
        let all = |story: &Story, change: &dyn Fn(&mut Ran)| {
            let mut less = story.clone();
            less.ran.iter_mut().for_each(change);
            less
        };
        let details: [&dyn Fn(&mut Ran); 3] = [
            &|ran| ran.does.takes_ms = 0,
            &|ran| ran.does.stderr.clear(),
            &|ran| ran.does.says.clear(),
        ];
        let mut names: Vec<(String, String)> = Vec::new();
        for ran in &self.ran {
            let name = (ran.what.clone(), ran.path.clone());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let take = |less: Story, story: &mut Story| {
            let taken = less != *story && same(&less);
            if taken {
                *story = less;
            }
            taken
        };
        for change in details {
            if take(all(self, change), self) {
                continue;
            }
            for (what, path) in &names {
                let one = |ran: &mut Ran| {
                    if ran.what == *what && ran.path == *path {
                        change(ran);
                    }
                };
                take(all(self, &one), self);
            }
        }
        for (what, path) in &names {
            let mut less = self.clone();
            less.ran
                .retain(|ran| ran.what != *what || ran.path != *path);
            take(less, self);
        }
        let mut less = self.clone();
        less.said.iter_mut().for_each(|reply| reply.after_ms = 0);
        if !take(less, self) {
            for at in 0..self.said.len().min(ONE_BY_ONE) {
                let mut less = self.clone();
                less.said[at].after_ms = 0;
                take(less, self);
            }
        }
        if self.ran.len() <= ONE_BY_ONE {
            for at in (0..self.ran.len()).rev() {
                let mut less = self.clone();
                less.ran.remove(at);
                if take(less, self) {
                    continue;
                }
                for change in details {
                    let mut less = self.clone();
                    change(&mut less.ran[at]);
                    take(less, self);
                }
            }
        }
        if self.said.len() <= ONE_BY_ONE {
            for at in (0..self.said.len()).rev() {
                let mut less = self.clone();
                less.said.remove(at);
                take(less, self);
            }
        }
        for name in self.env.keys().cloned().collect::<Vec<_>>() {
            let mut less = self.clone();
            less.env.remove(&name);
            take(less, self);
        }
    }

    /// Of equal ends at the end of a row the first is enough: the last one stays.
    fn last_stays(&mut self) {
        let mut at = self.ran.len();
        let mut later: BTreeMap<String, Does> = BTreeMap::new();
        let mut drop: BTreeSet<usize> = BTreeSet::new();
        let mut ended: BTreeSet<String> = BTreeSet::new();
        let mut kept: BTreeMap<String, usize> = BTreeMap::new();
        while at > 0 {
            at -= 1;
            let ran = &self.ran[at];
            if ended.contains(&ran.what) {
                continue;
            }
            let mut does = ran.does.clone();
            does.takes_ms = 0;
            match later.get(&ran.what) {
                Some(other) if *other == does => {
                    if let Some(old) = kept.insert(ran.what.clone(), at) {
                        drop.insert(old);
                    }
                }
                Some(_) => {
                    ended.insert(ran.what.clone());
                }
                None => {
                    later.insert(ran.what.clone(), does);
                    kept.insert(ran.what.clone(), at);
                }
            }
        }
        let mut at = 0;
        self.ran.retain(|_| {
            at += 1;
            !drop.contains(&(at - 1))
        });
        let same =
            |one: &Reply, other: &Reply| one.prompt == other.prompt && one.saying == other.saying;
        let said = std::mem::take(&mut self.said);
        for (at, reply) in said.iter().enumerate() {
            let before = said[..at].iter().rev().find(|it| it.prompt == reply.prompt);
            let later = said[at..].iter().filter(|it| it.prompt == reply.prompt);
            let repeats = before.is_some_and(|before| same(before, reply));
            if !(repeats && later.into_iter().all(|later| same(later, reply))) {
                self.said.push(reply.clone());
            }
        }
    }

    /// The lines inside a scenario's braces, not indented. `fmt` lays them out.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, value) in &self.given {
            if let Some(literal) = literal(value) {
                lines.push(format!("given {name} = {literal}"));
            }
        }
        for (name, value) in &self.env {
            lines.push(format!("env {name} = {}", quoted(value)));
        }
        for (name, ran) in self.named().iter().zip(&self.ran) {
            lines.push(when(name, &ran.does));
        }
        lines.extend(self.said.iter().map(answer));
        let claims = &self.claims;
        lines.extend(claims.reaches.iter().map(|path| format!("reaches {path}")));
        lines.extend(claims.undoes.iter().map(|path| format!("undoes {path}")));
        let told = claims.notifies.iter();
        lines.extend(told.map(|name| format!("notifies {}", quoted(name))));
        lines.extend(claims.ends.iter().map(|ends| format!("ends {ends}")));
        lines
    }

    /// A whole scenario, as it may be copied into a file.
    pub fn text(&self, title: &str) -> String {
        let mut text = format!("scenario {} {{\n", quoted(title));
        for line in self.lines() {
            text += &format!("  {line}\n");
        }
        text + "}\n"
    }
}

fn means(name: &What, what: &str, path: &str) -> bool {
    match name {
        What::Glob(pattern) => glob(pattern, what),
        What::Step(wanted) => is_path(wanted, path),
    }
}

/// A glob that means both: what they begin and end with, and a star between.
fn common(one: &str, other: &str) -> Option<String> {
    let begin: String = one
        .chars()
        .zip(other.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a)
        .collect();
    let left = one.len().min(other.len()) - begin.len();
    let mut end = String::new();
    for (a, b) in one.chars().rev().zip(other.chars().rev()) {
        if a != b || end.len() + a.len_utf8() > left {
            break;
        }
        end.insert(0, a);
    }
    // A star alone would mean everything.
    let telling = begin.trim().len() + end.trim().len() >= 3;
    telling.then(|| format!("{begin}*{end}").replace("**", "*"))
}

fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Missing | Value::Secret(_) => return None,
        Value::Text(text) | Value::Url(text) | Value::Path(text) => quoted(text),
        Value::Json(_) | Value::Time(_) => quoted(&show::value(value)),
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(literal).collect();
            format!("[{}]", items?.join(", "))
        }
        value => show::value(value),
    })
}

/// A text in quotes in which nothing is a hole.
fn quoted(text: &str) -> String {
    show::quoted(text).replace("{{", "{\\u{7b}")
}

fn when(name: &What, does: &Does) -> String {
    let mut line = match name {
        What::Glob(pattern) => format!("when {}", quoted(pattern)),
        What::Step(path) => format!("when step {path}"),
    };
    match &does.end {
        DoesEnd::Well => {}
        DoesEnd::Exits(code) => line += &format!(" exits {code}"),
        DoesEnd::Answers(status) => line += &format!(" answers {status}"),
        DoesEnd::TimesOut => line += " times out",
        DoesEnd::Dies(signal) => line += &format!(" dies by {signal}"),
        DoesEnd::NotStarted => line += " does not start",
        // A scenario has no word for what nobody saw; nobody saw the end of this either.
        DoesEnd::Lost | DoesEnd::Silent => line += " times out",
    }
    if !does.says.is_empty() {
        line += &format!(" says {}", quoted(&does.says));
    }
    if !does.stderr.is_empty() {
        line += &format!(" stderr {}", quoted(&does.stderr));
    }
    if does.takes_ms > 0 {
        line += &format!(" takes {}", show::duration(does.takes_ms.unsigned_abs()));
    }
    if *does == Does::default() {
        line += match name {
            What::Glob(pattern) if pattern.starts_with("http ") => " answers 200",
            _ => " exits 0",
        };
    }
    line
}

fn answer(reply: &Reply) -> String {
    let why = |reason: &str| match reason {
        "" => String::new(),
        reason => format!(" {}", quoted(reason)),
    };
    let said = match &reply.saying {
        Saying::Text(text) => quoted(text),
        Saying::Exactly(answer) => match answer {
            Answer::Yes => "yes".to_owned(),
            Answer::No => "no".to_owned(),
            Answer::Retry => "retry".to_owned(),
            Answer::Skip { reason } => format!("skip{}", why(reason)),
            Answer::Done { reason } => format!("done{}", why(reason)),
            Answer::Failed { reason } => format!("failed{}", why(reason)),
            Answer::Fail { reason } => format!("fail{}", why(reason)),
            Answer::Pause { reason } => format!("pause{}", why(reason)),
            Answer::RunAgain { reason } => format!("run again{}", why(reason)),
            Answer::Undo { checkpoint, reason } => format!("undo {checkpoint}{}", why(reason)),
            Answer::RetryEdited { command, reason } => {
                format!("edit {}{}", quoted(command), why(reason))
            }
            Answer::Value { value } => literal(value).unwrap_or_default(),
            Answer::Typed { text } => quoted(text),
            // What a scenario has no words for is no reply of a story.
            Answer::Chose { .. }
            | Answer::WaitForIt
            | Answer::StopIt
            | Answer::LeaveIt
            | Answer::GoOn => "yes".to_owned(),
        },
    };
    let mut line = format!("answer {} {said}", quoted(&reply.prompt));
    if reply.after_ms > 0 {
        line += &format!(" after {}", show::duration(reply.after_ms.unsigned_abs()));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_commands_share_means_both() {
        let both = common("cp db db-2026-11-21.sql", "cp db db-2026-01-05.sql").unwrap();
        assert!(glob(&both, "cp db db-2026-11-21.sql"), "{both}");
        assert!(glob(&both, "cp db db-2026-01-05.sql"), "{both}");
        assert!(!glob(&both, "rm db"), "{both}");
        assert_eq!(common("aa", "aaa").as_deref(), None);
        assert_eq!(common("ls", "pwd"), None);
    }

    #[test]
    fn the_last_of_equal_ends_stays() {
        let ran = |says: &str| Ran {
            what: "x".into(),
            path: String::new(),
            does: Does {
                says: says.into(),
                ..Does::default()
            },
            name: None,
        };
        let mut story = Story {
            ran: ["a", "b", "a", "a", "a"].into_iter().map(ran).collect(),
            ..Story::default()
        };
        story.last_stays();
        let says: Vec<&str> = story.ran.iter().map(|ran| ran.does.says.as_str()).collect();
        assert_eq!(says, ["a", "b", "a"]);
    }

    #[test]
    fn braces_of_an_output_are_no_hole() {
        assert_eq!(quoted("{{x}}"), "\"{\\u{7b}x}}\"");
    }
}
