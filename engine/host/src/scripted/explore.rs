//! Every way a runbook may go: `runbook test --explore`.
//!
//! A way is walked in a made-up world in which all goes well, but for what was chosen otherwise on it. Wherever
//! something may come out differently, each other outcome becomes a way of its own, shortest first. A place that
//! was met before under the same circumstances (the same arms, rows, undo blocks and values before it) is not
//! branched again, so that branches that have met again are walked once. What happened once happens again until
//! something else has changed: a command that fails fails at each retry.

use std::cell::RefCell;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use runbook_core::coverage::{self, Place, Reached};
use runbook_core::effect::{Effect, Notice, Role};
use runbook_core::event::Moment;
use runbook_core::prompt::{Answer, PromptKind};
use runbook_core::samples::Samples;
use runbook_core::state::{Ending, Over, State};
use runbook_core::view::view;
use runbook_plan::Plan;
use runbook_plan::command::Mark;
use runbook_plan::plan::{NodeKind, Outcome};
use runbook_plan::value::{Type, Value};
use runbook_plan::{read, show};

use super::World;
use super::options::{Becomes, Choice, How, Options, decide};
use super::play::{Play, Played};
use super::script::Script;
use super::story::{Claims, Ran, Story, plain_path, reply};

/// How often something goes wrong on one way, at most.
pub const WRONG: usize = 2;
/// Ways that are walked, at most.
pub const WAYS: usize = 2_000;

/// What was found.
#[derive(Debug, Default)]
pub struct Explored {
    pub ways: usize,
    /// Ways that were left out because there are more than [`WAYS`].
    pub left: usize,
    pub reached: Reached,
    pub findings: Vec<Finding>,
    /// Questions that no way led beyond: nothing is known that would answer them.
    pub unanswered: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The run ends and does not say how, goes in circles, or asks what nobody can answer.
    EndsNowhere,
    /// An undo or a `rewind` meets an irreversible step.
    UndoesAcrossIrreversible,
    /// A step that acted stays when the run fails, and nobody is told.
    LeftBehind,
}

#[derive(Debug)]
pub struct Finding {
    pub kind: Kind,
    /// A sentence.
    pub what: String,
    /// By path; empty where it is no step's.
    pub step: String,
    /// How many ways lead to it.
    pub ways: usize,
    /// The shortest of them, with nothing in it that makes no difference.
    pub story: Story,
}

/// Walks a plan. The same plan gives the same findings, in the same order.
pub fn explore(plan: &Plan) -> Explored {
    let goals = coverage::goals(plan).into_iter();
    let ground = Ground {
        plan,
        samples: Samples::of(plan),
        forks: goals
            .filter(|goal| matches!(goal.kind, coverage::Kind::Arm | coverage::Kind::Undo))
            .map(|goal| goal.place)
            .collect(),
    };
    let mut explored = Explored::default();
    let mut findings: BTreeMap<(Kind, String), (String, usize, Vec<usize>)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut answered = BTreeSet::new();
    let mut open: VecDeque<Vec<usize>> = VecDeque::from([Vec::new()]);
    let says_how = plan
        .nodes
        .iter()
        .any(|node| matches!(node.kind, NodeKind::Finish { .. }));
    while let Some(begin) = open.pop_front() {
        if explored.ways == WAYS {
            explored.left = open.len() + 1;
            break;
        }
        explored.ways += 1;
        let way = Walker::walk(&ground, begin, std::mem::take(&mut seen));
        explored.reached.add(way.play.state.reached());
        for (kind, step, what) in wrongs(plan, &way, says_how) {
            let found = findings
                .entry((kind, step))
                .or_insert_with(|| (what, 0, way.taken.clone()));
            found.1 += 1;
        }
        if let Some(question) = unanswered(&way)
            && !explored.unanswered.contains(&question)
        {
            explored.unanswered.push(question);
        }
        answered.extend(taken_answers(&way));
        seen = way.seen;
        open.extend(way.branches);
    }
    explored
        .unanswered
        .retain(|question| !answered.contains(question));
    for ((kind, step), (what, ways, taken)) in findings {
        let way = Walker::walk(&ground, taken, BTreeSet::new());
        let story = told(plan, way, &step);
        explored.findings.push(Finding {
            kind,
            what,
            step,
            ways,
            story,
        });
    }
    explored
}

/// A way that was walked.
struct Way<'p> {
    play: Play<'p>,
    played: Played,
    /// The index of what was chosen at each place of choice.
    taken: Vec<usize>,
    story: Story,
    /// Ways that branch off here, each by its beginning.
    branches: Vec<Vec<usize>>,
    seen: BTreeSet<u64>,
}

/// What is known of a plan before the first way is walked.
struct Ground<'p> {
    plan: &'p Plan,
    samples: Samples,
    forks: Vec<Place>,
}

/// What chooses on the way.
struct Walker<'p> {
    options: Options<'p>,
    /// Arms and undo blocks.
    forks: &'p [Place],
    begin: Vec<usize>,
    taken: Vec<usize>,
    story: Story,
    branches: Vec<Vec<usize>>,
    seen: BTreeSet<u64>,
    wrong: usize,
    /// Under which circumstances a thing was last chosen, and what.
    last: BTreeMap<String, (Around, Becomes)>,
    /// What was chosen where several ends are well: values.
    values: BTreeMap<String, usize>,
    back: Back,
}

/// Under which circumstances something is chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Around {
    /// Of the arms and undo blocks come to so far.
    way: u64,
    /// Of these, and of the values.
    with_values: u64,
}

/// Whether the operator has gone back or skipped something: what comes then was walked without that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    Yes,
    No,
}

/// Whether what is chosen is a value that later comparisons may tell apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    Yes,
    No,
}

/// Whether the other choices become ways of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Branches {
    Yes,
    No,
}

fn is_input(kind: &PromptKind) -> bool {
    matches!(
        kind,
        PromptKind::Input { .. } | PromptKind::Item { evidence: Some(_) }
    )
}

impl<'p> Walker<'p> {
    fn walk(ground: &'p Ground<'p>, begin: Vec<usize>, seen: BTreeSet<u64>) -> Way<'p> {
        let Ground {
            plan,
            samples,
            forks,
        } = ground;
        let walker = Rc::new(RefCell::new(Walker {
            options: Options { plan, samples },
            forks,
            begin,
            taken: Vec::new(),
            story: Story::default(),
            branches: Vec::new(),
            seen,
            wrong: 0,
            last: BTreeMap::new(),
            values: BTreeMap::new(),
            back: Back::No,
        }));
        let chooser = {
            let walker = Rc::clone(&walker);
            Box::new(
                move |world: &mut World, effect: &Effect, state: &State, now: Moment| {
                    walker.borrow_mut().choose(world, effect, state, now);
                },
            )
        };
        let mut play = Play::chosen_by(plan, World::new(Script::default()), chooser);
        let mut started = play.started();
        started.params = walker.borrow_mut().params(plan);
        walker.borrow_mut().story.given = started.params.clone();
        let played = play.run_from(started, &mut |_| {});
        let mut walker = walker.borrow_mut();
        Way {
            played,
            taken: std::mem::take(&mut walker.taken),
            story: std::mem::take(&mut walker.story),
            branches: std::mem::take(&mut walker.branches),
            seen: std::mem::take(&mut walker.seen),
            play,
        }
    }

    fn choose(&mut self, world: &mut World, effect: &Effect, state: &State, now: Moment) {
        let (label, role) = match effect {
            Effect::Run(run) => (format!("$ {} {}", run.path, run.shown), run.role),
            Effect::Request(request) => {
                let label = format!("$ {} {}", request.path, request.shown);
                (label, request.role)
            }
            Effect::Ask { prompt, .. } => {
                let label = format!("? {} {}", prompt.path, prompt.text);
                (label, Role::Statement)
            }
            _ => return,
        };
        let label = format!("{label} {role:?}");
        let around = self.circumstances(&label, state);
        let again = self.last.get(&label).filter(|(then, _)| *then == around);
        let becomes = match (again, effect) {
            // An answer that was refused is not given again, and no other is known.
            (Some(_), Effect::Ask { prompt, .. }) if is_input(&prompt.kind) => Becomes::Says(None),
            // It comes out as it did, as long as nothing else has changed.
            (Some((_, becomes)), _) => becomes.clone(),
            (None, _) => {
                let choices = match effect {
                    Effect::Run(run) => self.options.of_run(run, state, now),
                    Effect::Request(request) => self.options.of_request(request, state, now),
                    Effect::Ask { id, prompt } => self.options.of_prompt(*id, prompt, state, now),
                    _ => return,
                };
                let told_apart = match effect {
                    Effect::Ask { prompt, .. } => is_input(&prompt.kind),
                    _ => matches!(role, Role::Look | Role::Statement),
                };
                let values = if told_apart { Values::Yes } else { Values::No };
                let branches = match self.back == Back::No || role == Role::Undo {
                    true => Branches::Yes,
                    false => Branches::No,
                };
                self.pick(label, around, &choices, values, branches)
            }
        };
        if let Becomes::Says(Some(Answer::Undo { .. } | Answer::Skip { .. })) = becomes {
            self.back = Back::Yes;
        }
        self.tell(effect, &becomes);
        decide(world, effect, becomes);
    }

    fn pick(
        &mut self,
        label: String,
        around: Around,
        choices: &[Choice],
        values: Values,
        branches: Branches,
    ) -> Becomes {
        let at = self.taken.len();
        let key = |with: u64, how: How| {
            let mut key = DefaultHasher::new();
            (&label, with, how == How::Well).hash(&mut key);
            key.finish()
        };
        // Which value was chosen before is nothing to what may go wrong here; which way was taken is.
        let first_well = self.seen.insert(key(around.with_values, How::Well));
        let first_wrong = self.seen.insert(key(around.way, How::Wrong));
        let picked = match self.begin.get(at) {
            Some(picked) => (*picked).min(choices.len().saturating_sub(1)),
            None => 0,
        };
        if at >= self.begin.len() && branches == Branches::Yes {
            for (other, choice) in choices.iter().enumerate().skip(1) {
                let branches = match choice.how {
                    How::Well => first_well,
                    How::Wrong => first_wrong && self.wrong < WRONG,
                };
                if branches {
                    let mut branch = self.taken.clone();
                    branch.push(other);
                    self.branches.push(branch);
                }
            }
        }
        self.taken.push(picked);
        let choice = &choices[picked];
        if choice.how == How::Wrong {
            self.wrong += 1;
        }
        let several = choices.iter().filter(|choice| choice.how == How::Well);
        if values == Values::Yes && several.count() > 1 && choice.how == How::Well {
            self.values.insert(label.clone(), picked);
        }
        self.last.insert(label, (around, choice.what.clone()));
        choice.what.clone()
    }

    /// Params that need not be given: what else they may be, where the plan tells that apart.
    fn params(&mut self, plan: &Plan) -> BTreeMap<String, Value> {
        let severities: Vec<String> = plan
            .severities
            .iter()
            .map(|severity| severity.name.clone())
            .collect();
        let mut params = BTreeMap::new();
        for param in plan.params.iter().filter(|param| param.default.is_some()) {
            let declared = &plan.vars[param.var.index()];
            let read = |value: &Value| {
                read::read(&show::value(value), &declared.ty, &severities)
                    .ok()
                    .map(|value| Becomes::Says(Some(Answer::Value { value })))
            };
            let told_apart = self.options.samples.of_name(&declared.name);
            let mut all: Vec<Becomes> = Vec::new();
            all.extend(told_apart.iter().filter_map(read));
            if declared.ty == Type::Bool {
                all.extend([true, false].map(Value::Bool).iter().filter_map(read));
            }
            if all.is_empty() {
                continue;
            }
            let choices: Vec<Choice> = std::iter::once(Becomes::Says(None))
                .chain(all)
                .map(|what| Choice {
                    what,
                    how: How::Well,
                })
                .collect();
            let label = format!("param {}", declared.name);
            let around = self.circumstances(&label, &State::default());
            let picked = self.pick(label, around, &choices, Values::Yes, Branches::Yes);
            if let Becomes::Says(Some(Answer::Value { value })) = picked {
                params.insert(declared.name.clone(), value);
            }
        }
        params
    }

    /// What has been decided so far, but for this.
    fn circumstances(&self, label: &str, state: &State) -> Around {
        let mut hash = DefaultHasher::new();
        for place in self.forks {
            state.reached().has(*place).hash(&mut hash);
        }
        let way = hash.finish();
        for (other, value) in &self.values {
            if other != label {
                (other, value).hash(&mut hash);
            }
        }
        Around {
            way,
            with_values: hash.finish(),
        }
    }

    fn tell(&mut self, effect: &Effect, becomes: &Becomes) {
        let (what, path, does) = match (effect, becomes) {
            (Effect::Run(run), Becomes::Ends(does)) => (run.shown.clone(), &run.path, does),
            (Effect::Request(request), Becomes::Ends(does)) => {
                (format!("http {}", request.shown), &request.path, does)
            }
            (Effect::Ask { prompt, .. }, Becomes::Says(Some(answer))) => {
                self.story.said.extend(reply(prompt, answer, 0));
                return;
            }
            _ => return,
        };
        self.story.ran.push(Ran {
            what,
            path: path.clone(),
            does: does.clone(),
            name: None,
        });
    }
}

/// What is wrong with a way: the step it is found at, and a sentence.
fn wrongs(plan: &Plan, way: &Way<'_>, says_how: bool) -> Vec<(Kind, String, String)> {
    let mut found = Vec::new();
    let state = &way.play.state;
    let mut nowhere = |what: &str| {
        found.push((Kind::EndsNowhere, String::new(), what.to_owned()));
    };
    match &way.played {
        Played::Stuck(why) => nowhere(why),
        Played::Over(Over::Parked { .. }) => {
            let shut = state.prompts().find(|(_, prompt)| match &prompt.kind {
                PromptKind::Choose { options } => {
                    options.iter().all(|option| option.unavailable.is_some())
                }
                _ => false,
            });
            if let Some((_, prompt)) = shut {
                nowhere(&format!(
                    "“{}” has no answer that may be chosen",
                    prompt.text
                ));
            }
        }
        Played::Over(_) => {}
    }
    if says_how && state.ending() == Ending::RanOff {
        nowhere("it runs off the end, where other ways say with `finish` how they end");
    }
    for path in state.crossed() {
        let path = plain_path(path);
        let what = format!("what is undone stops at `{path}`, which is irreversible");
        found.push((Kind::UndoesAcrossIrreversible, path, what));
    }
    let failed = matches!(
        way.played,
        Played::Over(Over::Ended {
            outcome: Outcome::Failed,
            ..
        })
    );
    if failed && state.ending() != Ending::Finish {
        for path in left_behind(plan, way) {
            let what = format!(
                "`{path}` may have acted when the run fails: nothing takes it back, and nobody is told"
            );
            found.push((Kind::LeftBehind, path, what));
        }
    }
    found
}

/// Steps that acted, are not undone, cannot be, and of which nobody was told since.
fn left_behind(plan: &Plan, way: &Way<'_>) -> Vec<String> {
    let mut left: Vec<&str> = Vec::new();
    for effect in &way.play.wished {
        match effect {
            Effect::Run(run) if run.mark == Mark::Act && run.role == Role::Statement => {
                left.push(&run.path);
            }
            Effect::Request(request)
                if request.mark == Mark::Act && request.role == Role::Statement =>
            {
                left.push(&request.path);
            }
            Effect::Tell(Notice::UndoDone { path, .. }) => left.retain(|step| !covers(path, step)),
            Effect::Tell(Notice::MessageSent { .. } | Notice::Escalated { .. }) => left.clear(),
            _ => {}
        }
    }
    let undoable = view(plan, &way.play.state).undoable;
    left.retain(|step| !undoable.iter().any(|path| covers(path, step)));
    let mut once = Vec::new();
    for step in left {
        let step = plain_path(step);
        if !once.contains(&step) {
            once.push(step);
        }
    }
    once
}

/// Whether what is undone by this path was done by that step.
fn covers(path: &str, step: &str) -> bool {
    step.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The question at which a way ended because no answer to it is known.
fn unanswered(way: &Way<'_>) -> Option<String> {
    if !matches!(way.played, Played::Over(Over::Parked { .. })) {
        return None;
    }
    let mut open = way.play.state.prompts();
    let (_, prompt) = open.find(|(_, prompt)| matches!(prompt.kind, PromptKind::Input { .. }))?;
    Some(prompt.text.clone())
}

/// Questions of a way that were asked once, and so whose answer was taken.
fn taken_answers(way: &Way<'_>) -> Vec<String> {
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for effect in &way.play.wished {
        if let Effect::Ask { prompt, .. } = effect
            && is_input(&prompt.kind)
        {
            *asked.entry(&prompt.text).or_default() += 1;
        }
    }
    let once = asked.into_iter().filter(|(_, times)| *times == 1);
    let open: BTreeSet<&str> = way
        .play
        .state
        .prompts()
        .map(|(_, prompt)| prompt.text.as_str())
        .collect();
    once.filter(|(text, _)| !open.contains(text))
        .map(|(text, _)| text.to_owned())
        .collect()
}

/// The way as a scenario that can be copied into a file.
fn told(plan: &Plan, way: Way<'_>, step: &str) -> Story {
    let mut story = way.story;
    let over = match &way.played {
        Played::Over(over) => over.clone(),
        Played::Stuck(_) => Over::No,
    };
    let claims = Claims::of(&way.play.wished, &over);
    let mut reaches = claims.reaches;
    if reaches.iter().any(|path| path == step) {
        reaches = vec![step.to_owned()];
    } else {
        let last = reaches.pop();
        reaches = last.into_iter().collect();
    }
    story.claims = Claims {
        reaches,
        ends: claims.ends,
        ..Claims::default()
    };
    story.shorten(plan);
    story
}
