//! The whole conversation as text: what was told, run, asked, answered, and how it ended. Its words are not the
//! terminal's on purpose: they hold paths, marks and numbers that a snapshot should lose by no change of style.

use runbook_core::State;
use runbook_core::effect::{Effect, EnvValue, Manner, Notice, Role, Run, Verdict};
use runbook_core::event::{Event, Exit, Fact, Moment};
use runbook_core::prompt::{Answer, Closed, Detail, Prompt, PromptKind};
use runbook_plan::command::Mark;
use runbook_plan::show;

#[derive(Clone, Debug, Default)]
pub struct Transcript {
    pub lines: Vec<String>,
    shown_at: i64,
    /// Commands whose start was told: their `Run` says no more.
    told: Vec<u64>,
}

impl Transcript {
    pub fn text(&self) -> String {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }

    fn push(&mut self, line: impl Into<String>) {
        for (number, part) in line.into().lines().enumerate() {
            let indent = if number == 0 { "" } else { "  " };
            self.lines
                .push(format!("{indent}{part}").trim_end().to_owned());
        }
    }

    fn clock(&mut self, now: i64) {
        if now != self.shown_at {
            self.push(format!("── {} ──", show::duration(now.max(0) as u64)));
            self.shown_at = now;
        }
    }

    /// What happened, where the effects do not say it anyway.
    pub fn fact(&mut self, fact: &Fact, state: &State) {
        match &fact.event {
            Event::Answered { effect, answer, by } => {
                self.clock(fact.at.boot);
                let asked = state.prompts().find(|(id, _)| id == effect);
                let prompt = asked.map(|(_, prompt)| prompt);
                self.push(format!("    {by}: {}", answered(answer, prompt)));
            }
            Event::Unanswerable { .. } => self.push("    (nobody answers)"),
            Event::Resumed { .. } => {
                self.clock(fact.at.boot);
                self.push("~~ resumed ~~");
            }
            Event::Found { effect, found, .. } => {
                self.push(format!("~~ found {}: {found:?}", effect.0));
            }
            Event::Interrupted { times } => {
                self.clock(fact.at.boot);
                self.push(format!("^C ({times})"));
            }
            Event::ParkRequested { why, running } => {
                self.clock(fact.at.boot);
                self.push(format!("^Z {running:?}: {why}"));
            }
            Event::UndoRequested { to, .. } => self.push(format!("~~ undo to {to} ~~")),
            Event::LockBusy { lock, holder, .. } => {
                self.push(format!("    lock {lock} is held by {holder}"));
            }
            Event::SecretFailed { name, why, .. } => self.push(format!("    secret {name}: {why}")),
            Event::NeedsChecked { missing, .. } if !missing.is_empty() => {
                self.push(format!("    missing: {missing:?}"));
            }
            Event::Exited {
                effect,
                exit: Exit::Stopped { signal },
                ..
            } if self.told.contains(&effect.0) => {
                self.clock(fact.at.boot);
                self.push(format!("    stopped by {signal}"));
            }
            _ => {}
        }
    }

    pub fn effect(&mut self, effect: &Effect, now: Moment) {
        match effect {
            Effect::Tell(Notice::Running { .. }) => {}
            Effect::Withdraw { .. } => {
                self.clock(now.boot);
                self.push("    (the question is withdrawn)");
            }
            _ => self.clock(now.boot),
        }
        match effect {
            Effect::Tell(notice) => self.notice(notice),
            Effect::Run(run) => self.run(run),
            Effect::Request(request) => {
                self.told.push(request.id.0);
                let mark = mark(request.mark, request.role);
                self.push(format!("  {mark} {}", request.shown));
                for (name, value) in &request.headers {
                    self.push(format!("      {name}: {}", value_of(value)));
                }
                if let Some(body) = &request.body {
                    self.push(format!("      {}", value_of(body)));
                }
            }
            Effect::Ask { prompt, .. } => self.ask(prompt),
            Effect::CheckNeeds { commands, env, .. } => {
                let names: Vec<&str> = commands.iter().chain(env).map(String::as_str).collect();
                self.push(format!("needs {}", names.join(", ")));
            }
            Effect::TakeLocks { locks, .. } => self.push(format!("locks {}", locks.join(", "))),
            Effect::FetchSecrets { .. } => self.push("secrets"),
            Effect::WriteDocument { path, text, .. } => {
                self.push(format!("writes {path}"));
                for line in text.lines() {
                    self.push(format!("    {line}"));
                }
            }
            Effect::Inquire { on, .. } => self.push(format!("    asks {}", on.name)),
            Effect::Stop { urgency, .. } => self.push(format!("    stop: {urgency:?}")),
            Effect::AwaitOrphan { .. } => self.push("    waits for the orphan"),
            Effect::Park { why, until } => {
                self.push(format!("PARKED {why}"));
                if until.is_some() {
                    self.push("  (something is due later)");
                }
            }
            Effect::End { outcome, text, why } => {
                self.push(format!("ENDED {outcome:?} ({why:?}) {text}"));
            }
            Effect::Withdraw { .. } => {}
        }
    }

    fn run(&mut self, run: &Run) {
        self.told.push(run.id.0);
        let mut line = format!("  {} {}", mark(run.mark, run.role), run.shown);
        if run.attempt > 1 {
            line.push_str(&format!("  (attempt {})", run.attempt));
        }
        match &run.manner {
            Manner::Plain => {}
            Manner::Interactive => line.push_str("  (interactive)"),
            Manner::Live { .. } => line.push_str("  (live)"),
            Manner::Background => line.push_str("  (background)"),
        }
        self.push(line);
        if let Some(on) = &run.on {
            self.push(format!("      on {} ({})", on.name, on.address));
        }
        if let Some(dir) = &run.dir {
            self.push(format!("      in {dir}"));
        }
        for (name, value) in &run.env {
            self.push(format!("      {name}={}", value_of(value)));
        }
    }

    fn ask(&mut self, prompt: &Prompt) {
        for detail in &prompt.detail {
            match detail {
                Detail::Prose(text) => self.push(format!("      > {text}")),
                Detail::Warning(text) => self.push(format!("      ! {text}")),
                Detail::Command(text) => self.push(format!("      $ {text}")),
                Detail::Output(text) => self.push(format!("      | {text}")),
            }
        }
        let kind = match &prompt.kind {
            PromptKind::Input {
                ty,
                default,
                suggestions,
                closed,
                ..
            } => {
                let mut kind = format!("a value, {}", show::ty(ty));
                if let Some(default) = default {
                    kind.push_str(&format!(", else {}", show::value(default)));
                }
                if !suggestions.is_empty() {
                    let only = match closed {
                        Closed::Yes => "one of",
                        Closed::No => "such as",
                    };
                    kind.push_str(&format!(", {only} {}", suggestions.join(", ")));
                }
                kind
            }
            PromptKind::Confirm { declined } => format!("confirm, declined: {declined:?}"),
            PromptKind::Item { evidence: None } => "item".into(),
            PromptKind::Item { evidence: Some(ty) } => format!("item, evidence: {}", show::ty(ty)),
            PromptKind::Approve { by } => {
                format!("approve, by {}", by.as_deref().unwrap_or("anybody"))
            }
            PromptKind::Irreversible { phrase } => format!("irreversible, type `{phrase}`"),
            PromptKind::Choose { options } => {
                let labels: Vec<String> = options
                    .iter()
                    .map(|option| {
                        let mut label = option.label.clone();
                        if option.recommended {
                            label.push('*');
                        }
                        if let Some(why) = &option.unavailable {
                            label.push_str(&format!(" ({why})"));
                        }
                        label
                    })
                    .collect();
                format!("choose {}", labels.join(" | "))
            }
            PromptKind::Manual => "manual".into(),
            PromptKind::Copy { message } => format!("copy\n{message}"),
            PromptKind::HowDidItGo { exit } => format!("how did it go, {exit}"),
            PromptKind::Failed { why, choices, .. } => {
                let choices: Vec<String> =
                    choices.iter().map(|choice| format!("{choice:?}")).collect();
                format!("{why}\n{}", choices.join(" | "))
            }
            PromptKind::InDoubt { choices, .. } => format!("in doubt: {choices:?}"),
            PromptKind::Orphan { processes, .. } => format!("orphan: {}", processes.join(", ")),
            PromptKind::Interrupted => "interrupted".into(),
        };
        let mut line = format!("  ?? {} [{kind}]", prompt.text);
        if let Some(otherwise) = &prompt.otherwise {
            line.push_str(&format!(" else {otherwise}"));
        }
        self.push(line);
    }

    fn notice(&mut self, notice: &Notice) {
        let of = |verdict: &Verdict| match verdict {
            Verdict::Ok => "ok".to_owned(),
            Verdict::Failed { why } => why.clone(),
            Verdict::TimedOut => "timed out".into(),
            Verdict::Stopped => "stopped".into(),
            Verdict::Skipped { why } => format!("skipped: {why}"),
        };
        let line = match notice {
            Notice::Running { .. } => return,
            Notice::Prose { text } => format!("> {text}"),
            Notice::Warning { text } => format!("! {text}"),
            Notice::SectionEntered { path, title } => format!("## {title} ({path})"),
            Notice::StepStarted {
                path,
                title,
                attempt,
            } => match attempt {
                1 => format!("step {path}: {title}"),
                n => format!("step {path}: {title} (attempt {n})"),
            },
            Notice::Ran { verdict, said, .. } => match said.as_str() {
                "" => format!("    → {}", of(verdict)),
                said => format!("    → {}: {}", of(verdict), said.replace('\n', " ⏎ ")),
            },
            Notice::StepDone { path, .. } => format!("done {path}"),
            Notice::StepSkipped { path, why, .. } => format!("skipped {path}: {why}"),
            Notice::StepFailed { path, why, .. } => format!("FAILED {path}: {why}"),
            Notice::Interrupted { times } => format!("interrupted: {times}"),
            Notice::CheckpointReached { path, title } => format!("checkpoint {path}: {title}"),
            Notice::CheckpointPassed { path, .. } => format!("checkpoint {path} passed"),
            Notice::CheckHeld { title } => format!("  holds: {title}"),
            Notice::CheckFailed { title, why } => format!("  does not hold: {title}: {why}"),
            Notice::Bound { name, value } => format!("  {name} = {value}"),
            Notice::Chosen {
                question,
                label,
                by,
            } => format!("  {question} {label} ({by})"),
            Notice::Decided {
                matrix,
                row,
                inputs,
                outputs,
                note,
            } => {
                let pairs = |pairs: &[(String, String)]| {
                    pairs
                        .iter()
                        .map(|(name, value)| format!("{name}={value}"))
                        .collect::<Vec<_>>()
                        .join(" ")
                };
                let note = if note.is_empty() {
                    String::new()
                } else {
                    format!(" ({note})")
                };
                format!(
                    "decided {matrix} row {row}: {} -> {}{note}",
                    pairs(inputs),
                    pairs(outputs)
                )
            }
            Notice::SeveritySet { severity, title } => format!("severity {severity}: {title}"),
            Notice::AttemptFailed { path, why, .. } => format!("attempt {path} failed: {why}"),
            Notice::WaitStarted { what, .. } => format!("waits {what}"),
            Notice::WaitEnded {
                what, elapsed_ms, ..
            } => format!("waited {} ({what})", show::duration(*elapsed_ms)),
            Notice::Retrying {
                path,
                attempt,
                of,
                after_ms,
            } => format!(
                "retry {path}: attempt {attempt} of {of} after {}",
                show::duration(*after_ms)
            ),
            Notice::UndoStarted { path, .. } => format!("undo {path}"),
            Notice::UndoDone { path, .. } => format!("undone {path}"),
            Notice::UndoFailed { path, why, left } => {
                format!("UNDO FAILED {path}: {why}; left: {}", left.join(", "))
            }
            Notice::DeadlinePassed { what, late_ms } => match late_ms {
                0 => format!("PASSED {what}"),
                ms => format!("PASSED {what}, {} late", show::duration(*ms)),
            },
            Notice::Escalated { contact, text, .. } => format!("escalated to {contact}: {text}"),
            Notice::MessageSent { message, to } => format!("sent {message} to {to}"),
            Notice::Evidence { item, value } => format!("  {item}: {value}"),
            Notice::Compared {
                before,
                after,
                differences,
            } => {
                let mut line = format!("compared {before} and {after}:");
                if differences.is_empty() {
                    line.push_str(" no difference");
                }
                for (label, was, is) in differences {
                    line.push_str(&format!("\n  {label}: {was} | {is}"));
                }
                line
            }
            Notice::Deviation {
                path,
                what,
                reason,
                by,
            } => format!("DEVIATION {path}: {what} ({by}: {reason})"),
            Notice::FollowUp {
                title, to, items, ..
            } => {
                let mut line = format!("follow-up: {title}");
                if let Some(to) = to {
                    line.push_str(&format!(" ({to})"));
                }
                for item in items {
                    line.push_str(&format!("\n- {item}"));
                }
                line
            }
            Notice::Note { text, by } => format!("note by {by}: {text}"),
            Notice::ClockJumped { by_ms } => format!("the clock jumped by {by_ms} ms"),
            Notice::Resumed { by } => format!("resumed by {by}"),
            Notice::Settled { path, how, .. } => format!("settled {path}: {how}"),
        };
        self.push(line);
    }
}

fn mark(mark: Mark, role: Role) -> &'static str {
    match (mark, role) {
        (Mark::Act, Role::Undo) => "↶",
        (Mark::Act, _) => "$",
        (Mark::Look, _) => "?",
    }
}

fn value_of(value: &EnvValue) -> String {
    match value {
        EnvValue::Text(text) => text.clone(),
        EnvValue::Secret(id) | EnvValue::SecretEncoded(id) => format!("‹secret {}›", id.0),
        EnvValue::Mixed(parts) => parts.iter().map(value_of).collect(),
    }
}

fn answered(answer: &Answer, prompt: Option<&Prompt>) -> String {
    match (answer, prompt.map(|prompt| &prompt.kind)) {
        (Answer::Value { value }, _) => show::value(value),
        (Answer::Chose { option }, Some(PromptKind::Choose { options })) => options
            .get(*option)
            .map_or_else(|| option.to_string(), |option| option.label.clone()),
        (Answer::Typed { text }, _) => format!("types {text}"),
        (answer, _) => format!("{answer:?}"),
    }
}
