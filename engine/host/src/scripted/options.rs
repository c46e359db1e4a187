//! What may become of a command, a request or a question: what `explore` chooses from, the usual first.

use runbook_core::effect::{Effect, EffectId, Manner, Notice, Request, Role, Run, Verdict};
use runbook_core::event::{Fact, Moment};
use runbook_core::prompt::{Answer, ConfirmDeclined, FailedChoice, Prompt, PromptKind};
use runbook_core::samples::{Samples, fitting, usual};
use runbook_core::state::{Limited, State};
use runbook_core::step;
use runbook_plan::Plan;
use runbook_plan::expr::Pattern;
use runbook_plan::plan::Outcome;
use runbook_plan::read;
use runbook_plan::value::{Type, Value};

use super::script::{Does, DoesEnd, Script};
use super::world::World;

/// One thing that may become of it.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub what: Becomes,
    pub how: How,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Becomes {
    Ends(Does),
    /// Nothing: nobody answers.
    Says(Option<Answer>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Well,
    /// It fails, hangs, is declined.
    Wrong,
}

fn well(what: Becomes) -> Choice {
    Choice {
        what,
        how: How::Well,
    }
}

fn wrong(what: Becomes) -> Choice {
    Choice {
        what,
        how: How::Wrong,
    }
}

fn ends(end: DoesEnd, says: &str) -> Becomes {
    Becomes::Ends(Does {
        end,
        says: says.to_owned(),
        ..Does::default()
    })
}

/// Looks ahead, so that what goes well comes first.
pub(super) struct Options<'p> {
    pub plan: &'p Plan,
    pub samples: &'p Samples,
}

impl Options<'_> {
    pub fn of_run(&self, run: &Run, state: &State, now: Moment) -> Vec<Choice> {
        let effect = Effect::Run(run.clone());
        let mut choices = Vec::new();
        if run.role == Role::DoneIf {
            choices.push(well(ends(DoesEnd::Exits(1), "")));
            choices.push(well(ends(DoesEnd::Well, "")));
        } else {
            let exit = |code| match code {
                None | Some(0) => DoesEnd::Well,
                Some(code) => DoesEnd::Exits(code),
            };
            let samples = self.samples(run.id, state);
            let sampled = samples
                .iter()
                .map(|sample| ends(exit(sample.exit), &sample.text));
            let all = sampled.chain([ends(DoesEnd::Well, "")]).collect();
            choices = self.that_go_well(&effect, all, state, now);
        }
        let fails = ends(DoesEnd::Exits(1), "");
        if !choices.iter().any(|choice| choice.what == fails) {
            choices.push(wrong(fails));
        }
        let waits = !matches!(run.manner, Manner::Live { .. });
        if waits && state.is_limited(run.id) == Limited::Yes {
            choices.push(wrong(ends(DoesEnd::TimesOut, "")));
        }
        choices
    }

    pub fn of_request(&self, request: &Request, state: &State, now: Moment) -> Vec<Choice> {
        let effect = Effect::Request(request.clone());
        let status = |status| match status {
            None | Some(200) => DoesEnd::Well,
            Some(status) => DoesEnd::Answers(status),
        };
        let samples = self.samples(request.id, state);
        let sampled = samples
            .iter()
            .map(|sample| ends(status(sample.status), &sample.text));
        let all = sampled.chain([ends(DoesEnd::Well, "")]).collect();
        let mut choices = self.that_go_well(&effect, all, state, now);
        choices.push(wrong(ends(DoesEnd::Answers(503), "")));
        choices.push(wrong(ends(DoesEnd::TimesOut, "")));
        choices
    }

    fn samples(&self, id: EffectId, state: &State) -> &[runbook_core::samples::Sample] {
        state
            .looked(id)
            .map_or(&[], |looked| self.samples.of_looked(looked))
    }

    pub fn of_prompt(
        &self,
        id: EffectId,
        prompt: &Prompt,
        state: &State,
        now: Moment,
    ) -> Vec<Choice> {
        let says = |answer| Becomes::Says(Some(answer));
        let because = || "as explored".to_owned();
        let mut choices = match &prompt.kind {
            PromptKind::Input { .. } | PromptKind::Item { evidence: Some(_) } => {
                let effect = Effect::Ask {
                    id,
                    prompt: prompt.clone(),
                };
                let values = self.values(prompt).into_iter();
                let all = values.map(|value| says(Answer::Value { value })).collect();
                let mut choices = self.that_go_well(&effect, all, state, now);
                if choices.is_empty() {
                    choices.push(well(Becomes::Says(None)));
                }
                if matches!(prompt.kind, PromptKind::Item { .. }) {
                    choices.push(wrong(says(Answer::No)));
                }
                choices
            }
            PromptKind::Confirm { declined } => vec![
                well(says(Answer::Yes)),
                match declined {
                    ConfirmDeclined::Skips => well(says(Answer::No)),
                    ConfirmDeclined::Fails => wrong(says(Answer::No)),
                },
            ],
            PromptKind::Item { evidence: None }
            | PromptKind::Approve { .. }
            | PromptKind::Copy { .. }
            | PromptKind::HowDidItGo { .. } => {
                vec![well(says(Answer::Yes)), wrong(says(Answer::No))]
            }
            PromptKind::Irreversible { phrase } => vec![
                well(says(Answer::Typed {
                    text: phrase.clone(),
                })),
                wrong(says(Answer::No)),
            ],
            PromptKind::Choose { options } => {
                let open = |at: &usize| options[*at].unavailable.is_none();
                let mut all: Vec<usize> = (0..options.len()).filter(open).collect();
                all.sort_by_key(|at| !options[*at].recommended);
                all.into_iter()
                    .map(|option| well(says(Answer::Chose { option })))
                    .collect()
            }
            PromptKind::Manual => vec![
                well(says(Answer::Yes)),
                wrong(says(Answer::Failed { reason: because() })),
                well(says(Answer::Skip { reason: because() })),
            ],
            PromptKind::Failed { choices, .. } => {
                let mut all = vec![well(Becomes::Says(None))];
                for choice in choices {
                    match choice {
                        FailedChoice::Skip => {
                            all.push(well(says(Answer::Skip { reason: because() })));
                        }
                        FailedChoice::Undo { checkpoints } => {
                            all.extend(checkpoints.iter().map(|checkpoint| {
                                well(says(Answer::Undo {
                                    checkpoint: checkpoint.clone(),
                                    reason: because(),
                                }))
                            }));
                        }
                        _ => {}
                    }
                }
                all
            }
            PromptKind::InDoubt { .. } | PromptKind::Orphan { .. } | PromptKind::Interrupted => {
                vec![well(Becomes::Says(None))]
            }
        };
        if prompt.deadline.is_some() {
            choices.push(well(Becomes::Says(None)));
        }
        if choices.is_empty() {
            choices.push(well(Becomes::Says(None)));
        }
        choices
    }

    /// Values that a question may take: what it offers, what the plan tells apart, what its type usually is.
    fn values(&self, prompt: &Prompt) -> Vec<Value> {
        let name = prompt.keys.first().map_or("", String::as_str);
        let told_apart = self.samples.of_name(name);
        let (ty, default, suggestions, matches) = match &prompt.kind {
            PromptKind::Input {
                ty,
                default,
                suggestions,
                matches,
                ..
            } => (ty, default.clone(), suggestions.as_slice(), matches.clone()),
            PromptKind::Item { evidence: Some(ty) } => (ty, None, &[][..], None),
            _ => return Vec::new(),
        };
        let inner = match ty {
            Type::Optional(inner) => inner.as_ref(),
            ty => ty,
        };
        let severities: Vec<String> = self
            .plan
            .severities
            .iter()
            .map(|severity| severity.name.clone())
            .collect();
        let read = |text: String| read::read(&text, inner, &severities).ok();
        let text = |value: &Value| read(runbook_plan::show::value(value));
        let mut values: Vec<Value> = Vec::new();
        values.extend(default);
        values.extend(suggestions.first().cloned().and_then(read));
        values.extend(told_apart.iter().filter_map(text));
        let few = told_apart.is_empty();
        match inner {
            Type::Bool => values.extend([Value::Bool(true), Value::Bool(false)]),
            Type::OneOf(names) if few => values.extend(names.first().cloned().and_then(read)),
            Type::OneOf(names) => values.extend(names.iter().cloned().filter_map(read)),
            Type::Severity if few => values.extend(severities.first().cloned().and_then(read)),
            Type::Severity => values.extend(severities.iter().cloned().filter_map(read)),
            ty if values.is_empty() => {
                let fits = matches.map(Pattern).as_ref().and_then(fitting);
                values.extend(fits.and_then(read));
                values.extend(usual(ty).and_then(read));
            }
            _ => {}
        }
        let mut once: Vec<Value> = Vec::new();
        for value in values {
            if !once.contains(&value) {
                once.push(value);
            }
        }
        // A question whose answer tells nothing apart is answered in one way.
        if few && !matches!(inner, Type::Bool) {
            once.truncate(3);
        }
        once
    }

    /// Of all ends those that lead on, the one that leads furthest first; where none does, the last one, which is
    /// then what usually happens.
    fn that_go_well(
        &self,
        effect: &Effect,
        all: Vec<Becomes>,
        state: &State,
        now: Moment,
    ) -> Vec<Choice> {
        let mut once: Vec<Becomes> = Vec::new();
        for becomes in all {
            if !once.contains(&becomes) {
                once.push(becomes);
            }
        }
        if let [Becomes::Ends(_)] = once.as_slice() {
            return once.into_iter().map(well).collect();
        }
        let mut led: Vec<(u8, Becomes)> = once
            .into_iter()
            .map(|becomes| (self.leads(effect, &becomes, state, now), becomes))
            .collect();
        led.sort_by_key(|(leads, _)| std::cmp::Reverse(*leads));
        let best = led.first().map_or(0, |(leads, _)| *leads);
        if best == 0 {
            let usual = led
                .pop()
                .filter(|(_, becomes)| matches!(becomes, Becomes::Ends(_)));
            return usual
                .into_iter()
                .map(|(_, becomes)| well(becomes))
                .collect();
        }
        led.retain(|(leads, _)| *leads > 0);
        led.into_iter().map(|(_, becomes)| well(becomes)).collect()
    }

    /// 0: it fails at once; 1: nothing happens yet; 2: it goes on.
    fn leads(&self, effect: &Effect, becomes: &Becomes, state: &State, now: Moment) -> u8 {
        let mut world = World::new(Script::default());
        let asked = decide(&mut world, effect, becomes.clone());
        let mut state = state.clone();
        let mut came = Vec::new();
        for (after, event) in world.meets(effect, 0) {
            let at = Moment {
                wall: now.wall + after,
                boot: now.boot + after,
            };
            let (next, effects) = step(self.plan, state, &Fact { at, event });
            state = next;
            came.extend(effects);
        }
        let fails = |effect: &Effect| match effect {
            Effect::Tell(notice) => matches!(
                notice,
                Notice::Ran {
                    verdict: Verdict::Failed { .. } | Verdict::TimedOut | Verdict::Stopped,
                    ..
                } | Notice::StepFailed { .. }
                    | Notice::CheckFailed { .. }
                    | Notice::AttemptFailed { .. }
                    | Notice::Retrying { .. }
                    | Notice::UndoFailed { .. }
            ),
            Effect::Ask { prompt, .. } => {
                matches!(prompt.kind, PromptKind::Failed { .. })
                    || asked.as_ref().is_some_and(|keys| *keys == prompt.keys)
            }
            Effect::End { outcome, .. } => *outcome == Outcome::Failed,
            _ => false,
        };
        if came.iter().any(fails) {
            0
        } else if came.is_empty() {
            1
        } else {
            2
        }
    }
}

/// Tells a world what becomes of an effect; of a question its keys.
pub(super) fn decide(world: &mut World, effect: &Effect, becomes: Becomes) -> Option<Vec<String>> {
    match (effect, becomes) {
        (Effect::Run(run), Becomes::Ends(does)) => {
            world.end_with(run.id, run.shown.clone(), does);
            None
        }
        (Effect::Request(request), Becomes::Ends(does)) => {
            world.end_with(request.id, format!("http {}", request.shown), does);
            None
        }
        (Effect::Ask { id, prompt }, Becomes::Says(answer)) => {
            world.answer_with(*id, answer, 0);
            Some(prompt.keys.clone())
        }
        _ => None,
    }
}
