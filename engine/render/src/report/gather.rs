//! From what was told and asked to a report's facts.

use std::collections::BTreeMap;

use runbook_core::effect::{EffectId, Notice, NoticeMark, Verdict};
use runbook_core::event;
use runbook_core::prompt::{Answer, Asked, Prompt, PromptKind};
use runbook_core::view::{Phase, View};
use runbook_plan::{Plan, show};

use super::*;

/// What a journal tells of a run. The texts hold no secret: none is ever journaled.
pub struct Story<'a> {
    pub plan: &'a Plan,
    pub view: &'a View,
    pub trigger: Option<&'a str>,
    pub began: event::Moment,
    pub last: event::Moment,
    pub told: &'a [(event::Moment, Notice)],
    pub asked: &'a BTreeMap<EffectId, Asked>,
    /// When no engine had the run.
    pub absences: &'a [(event::Moment, event::Moment)],
}

/// The facts of a run, whether it is over or not.
pub fn report(story: &Story<'_>) -> Report {
    let mut report = Report {
        run: story.view.run.clone(),
        title: story.plan.title.clone(),
        owner: story.plan.about.owner.clone(),
        version: story.plan.about.version.clone(),
        trigger: story.trigger.map(str::to_owned),
        people: Vec::new(),
        began: story.began.wall,
        last: story.last.wall,
        phase: story.view.phase.clone(),
        severity: None,
        deadlines: Vec::new(),
        timeline: Vec::new(),
        rows: Vec::new(),
        questions: story.asked.values().filter_map(question).collect(),
        commands: Vec::new(),
        evidence: Vec::new(),
        comparisons: Vec::new(),
        deviations: Vec::new(),
        messages: Vec::new(),
        notes: Vec::new(),
        follow_ups: Vec::new(),
        absences: story
            .absences
            .iter()
            .map(|(from, to)| Absence {
                from: from.wall,
                to: to.wall,
            })
            .collect(),
    };
    for (at, notice) in story.told {
        if let Some((kind, text)) = line(notice) {
            report.timeline.push(Moment {
                at: at.wall,
                kind,
                text,
            });
        }
        keep(&mut report, at.wall, notice);
    }
    if let Phase::Ended { outcome, text, .. } = &story.view.phase {
        let colon = if text.is_empty() { "" } else { ": " };
        report.timeline.push(Moment {
            at: story.last.wall,
            kind: Kind::Run,
            text: format!("The run ended, {}{colon}{text}", show::outcome(*outcome)),
        });
    }
    report.deadlines = deadlines::deadlines(story, report.severity.as_ref());
    report.people = people(story, &report);
    report
}

/// A notice as a line of the timeline; none for what has a part of its own in the report.
fn line(notice: &Notice) -> Option<(Kind, String)> {
    let line = match notice {
        Notice::SectionEntered { title, .. } => (Kind::Section, title.clone()),
        Notice::StepStarted { title, attempt, .. } if *attempt > 1 => {
            (Kind::Step, format!("{title}, attempt {attempt}"))
        }
        Notice::StepDone {
            title, elapsed_ms, ..
        } => (
            Kind::Step,
            format!("{title}: done in {}", show::span(*elapsed_ms)),
        ),
        Notice::StepSkipped { title, why, .. } => (Kind::Step, format!("{title}: skipped, {why}")),
        Notice::StepFailed { title, why, .. } => (Kind::Trouble, format!("{title} failed: {why}")),
        Notice::Interrupted { times: 1 } => (Kind::Word, "Somebody pressed Ctrl-C".into()),
        Notice::CheckpointPassed { title, .. } => (Kind::Gate, format!("{title}: passed")),
        Notice::CheckFailed { title, why } => {
            (Kind::Trouble, format!("{title} does not hold: {why}"))
        }
        Notice::Chosen {
            question,
            label,
            by,
        } => (Kind::Decision, format!("{question} → {label} ({by})")),
        Notice::Decided {
            matrix,
            row,
            outputs,
            ..
        } => (
            Kind::Decision,
            format!("{matrix}, row {row}: {}", pairs(outputs)),
        ),
        Notice::SeveritySet { severity, title } => {
            (Kind::Decision, format!("Severity {severity}: {title}"))
        }
        Notice::AttemptFailed { title, why, .. } => {
            (Kind::Trouble, format!("{title} did not help: {why}"))
        }
        Notice::WaitEnded {
            what, elapsed_ms, ..
        } => (
            Kind::Step,
            format!("{what}: after {}", show::span(*elapsed_ms)),
        ),
        Notice::UndoDone { title, .. } => (Kind::Undo, format!("{title}: undone")),
        Notice::UndoFailed { path, why, left } => {
            let left = match left.as_slice() {
                [] => String::new(),
                left => format!("; not undone: {}", left.join(", ")),
            };
            (
                Kind::Trouble,
                format!("The undo of {path} failed: {why}{left}"),
            )
        }
        Notice::DeadlinePassed { what, .. } => (Kind::Trouble, format!("{what}: the time is up")),
        Notice::Escalated { contact, text, .. } => {
            (Kind::Word, format!("Escalated to {contact}: {text}"))
        }
        Notice::MessageSent { message, to } => (Kind::Word, format!("{message} sent to {to}")),
        Notice::Deviation {
            what, reason, by, ..
        } => (Kind::Word, format!("{by}: {what}, because {reason}")),
        Notice::Note { text, by } => (Kind::Word, format!("{by}: {text}")),
        Notice::ClockJumped { by_ms } => (
            Kind::Trouble,
            format!(
                "The clock of the machine jumped by {}",
                show::span(by_ms.unsigned_abs())
            ),
        ),
        Notice::Resumed { by } => (Kind::Run, format!("Resumed by {by}")),
        Notice::Settled { path, how, .. } => (Kind::Run, format!("{path}: {how}")),
        Notice::Warning { .. }
        | Notice::Prose { .. }
        | Notice::StepStarted { .. }
        | Notice::Running { .. }
        | Notice::Ran { .. }
        | Notice::Interrupted { .. }
        | Notice::CheckpointReached { .. }
        | Notice::CheckHeld { .. }
        | Notice::Bound { .. }
        | Notice::WaitStarted { .. }
        | Notice::Retrying { .. }
        | Notice::UndoStarted { .. }
        | Notice::Evidence { .. }
        | Notice::Compared { .. }
        | Notice::FollowUp { .. } => return None,
    };
    Some(line)
}

/// What has a part of its own in the report.
fn keep(report: &mut Report, at: i64, notice: &Notice) {
    match notice.clone() {
        Notice::Running {
            effect,
            path,
            command,
            mark,
            on,
        } => report.commands.push(Command {
            number: effect.0,
            at,
            path,
            on,
            command,
            acts: match mark {
                NoticeMark::Act => Acts::Yes,
                NoticeMark::Look => Acts::OnlyLooks,
            },
            outcome: None,
            took_ms: None,
            said: String::new(),
        }),
        Notice::Ran {
            effect,
            verdict,
            said,
            elapsed_ms,
            ..
        } => {
            let ran = report.commands.iter_mut().rev();
            if let Some(command) = ran.into_iter().find(|command| command.number == effect.0) {
                command.outcome = Some(match verdict {
                    Verdict::Ok => "ok".into(),
                    Verdict::Failed { why } => format!("failed: {why}"),
                    Verdict::TimedOut => "stopped when its time was up".into(),
                    Verdict::Stopped => "stopped".into(),
                    Verdict::Skipped { why } => format!("skipped: {why}"),
                });
                command.took_ms = Some(elapsed_ms);
                command.said = said;
            }
        }
        Notice::Decided {
            matrix,
            row,
            inputs,
            outputs,
            note,
        } => report.rows.push(Row {
            at,
            matrix,
            row,
            inputs,
            outputs,
            note,
        }),
        Notice::SeveritySet { severity, title } => {
            report.severity = Some(Level {
                name: severity,
                title,
                at,
            });
        }
        Notice::Evidence { item, value } => report.evidence.push(Evidence { at, item, value }),
        Notice::Compared {
            before,
            after,
            differences,
        } => report.comparisons.push(Comparison {
            before,
            after,
            differences,
        }),
        Notice::Deviation {
            path,
            what,
            reason,
            by,
        } => report.deviations.push(Deviation {
            at,
            path,
            what,
            reason,
            by,
        }),
        Notice::MessageSent { message, to } => report.messages.push(Message { at, message, to }),
        Notice::Note { text, by } => report.notes.push(Note { at, text, by }),
        Notice::FollowUp {
            title,
            to,
            due,
            items,
        } => report.follow_ups.push(FollowUp {
            title,
            to,
            due,
            items,
        }),
        _ => {}
    }
}

/// A question that stopped the run until somebody answered. An interruption asks nothing about the work.
fn question(asked: &Asked) -> Option<Question> {
    if matches!(asked.prompt.kind, PromptKind::Interrupted) {
        return None;
    }
    let answered = asked.answered.as_ref();
    Some(Question {
        at: asked.at.wall,
        path: asked.prompt.path.clone(),
        text: asked.prompt.text.clone(),
        answer: answered.map(|answered| said(&asked.prompt, &answered.answer)),
        by: answered.map(|answered| answered.by.clone()),
        took_ms: answered
            .map(|answered| u64::try_from(answered.at.wall - asked.at.wall).unwrap_or(0)),
    })
}

fn said(prompt: &Prompt, answer: &Answer) -> String {
    let with = |word: &str, reason: &str| match reason {
        "" => word.to_owned(),
        reason => format!("{word}: {reason}"),
    };
    match answer {
        Answer::Value { value } => show::value(value),
        Answer::Yes => "yes".into(),
        Answer::No => "no".into(),
        Answer::Skip { reason } => with("skip", reason),
        Answer::Done { reason } => with("done", reason),
        Answer::Failed { reason } => with("failed", reason),
        Answer::Chose { option } => match &prompt.kind {
            PromptKind::Choose { options } => options
                .get(*option)
                .map_or_else(|| option.to_string(), |option| option.label.clone()),
            _ => option.to_string(),
        },
        Answer::Typed { text } => format!("typed {text}"),
        Answer::Retry => "try it again".into(),
        Answer::RetryEdited { command, reason } => with(&format!("try `{command}`"), reason),
        Answer::Undo { checkpoint, reason } => with(&format!("undo to {checkpoint}"), reason),
        Answer::Pause { reason } => with("pause", reason),
        Answer::Fail { reason } => with("give up", reason),
        Answer::RunAgain { reason } => with("run it again", reason),
        Answer::WaitForIt => "wait for it".into(),
        Answer::StopIt => "stop it".into(),
        Answer::LeaveIt => "leave it".into(),
        Answer::GoOn => "go on".into(),
    }
}

fn people(story: &Story<'_>, report: &Report) -> Vec<String> {
    let resumed = story.told.iter().filter_map(|(_, notice)| match notice {
        Notice::Resumed { by } => Some(by.clone()),
        _ => None,
    });
    let answered = report.questions.iter().filter_map(|q| q.by.clone());
    let mut people = Vec::new();
    for name in std::iter::once(story.view.operator.clone())
        .chain(resumed)
        .chain(answered)
    {
        if !name.is_empty() && !people.contains(&name) {
            people.push(name);
        }
    }
    people
}

pub(super) fn pairs(pairs: &[(String, String)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect::<Vec<_>>()
        .join(", ")
}
