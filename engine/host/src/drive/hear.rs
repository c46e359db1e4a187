//! What comes in: reports of processes, what the person says, signals.

use std::collections::BTreeMap;

use runbook_core::effect::{EffectId, Urgency};
use runbook_core::event::{Event, Running};
use runbook_core::prompt::PromptKind;

use super::driver::{Detached, Driver};
use super::turn::OURS;
use crate::clock;
use crate::error::HostError;
use crate::journal::{Body, HostRecord};
use crate::operator::Said;
use crate::process::Report;
use crate::signals::Signal;

impl Driver<'_> {
    pub(super) fn heard(&mut self, report: Report, events: &mut Vec<Event>) {
        match report {
            Report::Output {
                id, bytes, skipped, ..
            } => {
                if let Some(said) = left_out(skipped) {
                    self.operator.output(id, said.as_bytes());
                }
                self.operator.output(id, &bytes);
            }
            Report::Fact(event) => events.push(event),
        }
    }

    /// Keeps count of what is over.
    pub(super) fn ended(&mut self, event: &Event) {
        if let Event::Exited { effect, .. }
        | Event::NotStarted { effect, .. }
        | Event::Lost { effect, .. } = event
        {
            self.running.remove(effect);
            if self.interactive.remove(effect) && self.interactive.is_empty() {
                self.operator.return_terminal();
            }
        }
    }

    pub(super) fn hear(&mut self, said: Said, events: &mut Vec<Event>) -> Result<(), HostError> {
        match said {
            Said::Answered { id, answer, by } if id.0 > OURS => self.own_answer(id, answer, by)?,
            Said::Answered { id, answer, by } => events.push(Event::Answered {
                effect: id,
                answer,
                by,
            }),
            Said::Unanswerable { id } if id.0 > OURS => self.refused(id),
            Said::Unanswerable { id } => events.push(Event::Unanswerable { effect: id }),
            Said::Noted { text } => events.push(Event::Noted {
                text,
                by: self.operator_name.clone(),
            }),
            Said::Interrupted => self.interrupted(events),
            Said::Pause { reason } => events.push(Event::ParkRequested {
                why: reason,
                running: Running::LetEnd,
            }),
        }
        Ok(())
    }

    pub(super) fn interrupted(&mut self, events: &mut Vec<Event>) {
        // Before the run has its secrets the core has nothing to halt: the question is the host's own.
        if self.asks_for_secret() {
            self.interrupted_at_secret();
            return;
        }
        self.interrupts += 1;
        events.push(Event::Interrupted {
            times: self.interrupts,
        });
    }

    pub(super) fn signalled(&mut self, signal: Signal, events: &mut Vec<Event>) {
        match signal {
            Signal::Interrupt => self.interrupted(events),
            Signal::Quit if self.running.is_empty() => {
                self.signal = Some(Signal::Quit);
                self.told_to_end("SIGQUIT", events);
            }
            Signal::Quit => {
                self.interrupts = self.interrupts.max(2);
                self.interrupted(events);
            }
            Signal::Terminate => {
                if self.signal == Some(Signal::Terminate) {
                    for id in self.running.clone() {
                        self.processes.stop(id, Urgency::Kill);
                    }
                }
                self.signal = Some(Signal::Terminate);
                self.told_to_end("SIGTERM", events);
            }
            Signal::HangUp => {
                self.detached = Detached::Yes;
                self.signal.get_or_insert(Signal::HangUp);
                let open: Vec<(EffectId, Event)> = self
                    .book
                    .state
                    .prompts()
                    .map(|(id, prompt)| (id, unanswered(id, &prompt.kind)))
                    .collect();
                for (id, event) in open {
                    self.operator.withdraw(id);
                    events.push(event);
                }
                self.nobody_answers(GONE);
            }
            Signal::Suspend => {
                // A program that nobody could continue does not stop, whatever the key.
                if !crate::signals::may_stop() {
                    return;
                }
                let before = clock::now();
                self.operator.lend_terminal();
                // Where it cannot be stopped, it goes on.
                let _ = crate::signals::stop_self();
                self.operator.return_terminal();
                events.push(Event::Suspended {
                    ms: clock::now().boot.saturating_sub(before.boot),
                });
            }
            Signal::Continue | Signal::Resized => {
                let view = self.current_view();
                self.operator.redraw(&view, clock::now());
                self.view = Some(view);
            }
        }
    }

    fn told_to_end(&mut self, signal: &str, events: &mut Vec<Event>) {
        let why = format!("the engine was told to end ({signal})");
        self.nobody_answers(&why);
        if self.fetching.is_some() {
            // Nothing was started yet, and whoever is to give the secret may take his time.
            super::doubt::give_up(self, &why);
        }
        if self.book.over.is_some() {
            return;
        }
        events.push(Event::ParkRequested {
            why,
            running: Running::Stop,
        });
    }

    /// The journal cannot be written: what runs is let end, its outcome is said, and nothing is started.
    pub(super) async fn wind_down(&mut self, error: &HostError) {
        use runbook_core::effect::Notice;
        let text = format!("{error}. Nothing more is started; what runs is let end.");
        self.tell(&Notice::Warning { text });
        for text in self.unsure() {
            self.tell(&Notice::Warning { text });
        }
        while !self.running.is_empty() {
            tokio::select! {
                biased;
                report = self.processes.next() => match report {
                    Report::Output { id, bytes, .. } => self.operator.output(id, &bytes),
                    Report::Fact(event) => {
                        self.ended(&event);
                        if let Event::Exited { exit, output, .. } = &event {
                            let text = format!(
                                "a command ended ({}) and could not be recorded{}",
                                end(exit),
                                last_line(&output.text)
                            );
                            self.tell(&Notice::Warning { text });
                        }
                    }
                },
                signal = self.signals.next() => {
                    if matches!(signal, Signal::Interrupt | Signal::Terminate | Signal::Quit) {
                        return;
                    }
                }
            }
        }
    }
}

pub(super) const GONE: &str = "the terminal went away";

/// That a person who was there is not any more. The core takes a missing person for an answer to some questions:
/// the failed step fails the run, the orphan is waited for. But one whose terminal went away will be back, so
/// there the run waits.
pub(super) fn unanswered(effect: EffectId, kind: &PromptKind) -> Event {
    match kind {
        PromptKind::Failed { .. } | PromptKind::Orphan { .. } | PromptKind::Interrupted => {
            Event::ParkRequested {
                why: GONE.into(),
                running: Running::LetEnd,
            }
        }
        _ => Event::Unanswerable { effect },
    }
}

impl Driver<'_> {
    /// What happened, and may or may not stand in the journal.
    fn unsure(&self) -> Vec<String> {
        let mut commands = BTreeMap::new();
        // What it was about to do, as far as it can still be read.
        let _ = self.held.dir.read(|record| {
            if let Body::Host(HostRecord::Intent(intent)) = record.body {
                commands.insert(intent.effect, intent.command);
            }
            Ok(())
        });
        let unsure = self.book.journal.unsure();
        let mut said = Vec::new();
        for body in &unsure {
            let (effect, ended, output) = match body {
                Body::Event(Event::Exited {
                    effect,
                    exit,
                    output,
                    ..
                }) => (
                    effect,
                    format!("ended ({})", end(exit)),
                    output.text.as_str(),
                ),
                Body::Event(Event::Responded {
                    effect,
                    status,
                    body,
                    ..
                }) => (
                    effect,
                    format!("was answered ({status})"),
                    body.text.as_str(),
                ),
                Body::Event(Event::Answered { by, .. }) => {
                    said.push(format!(
                        "what {by} answered may be missing from the journal; then it is asked again"
                    ));
                    continue;
                }
                _ => continue,
            };
            // What only looked is looked at again.
            let Some(command) = commands.get(effect) else {
                continue;
            };
            said.push(format!(
                "`{command}` {ended}, and nobody knows whether the journal has that{}",
                last_line(output)
            ));
        }
        said
    }
}

/// Instead of what a person cannot read anyway.
fn left_out(skipped: u64) -> Option<String> {
    (skipped > 0).then(|| format!("\n… {skipped} bytes are not shown here …\n"))
}

/// What a command said last, as much of it as fits a warning.
fn last_line(output: &str) -> String {
    let line = output.trim_end().rsplit('\n').next().unwrap_or_default();
    let mut cut: String = line.chars().take(120).collect();
    if cut.len() < line.len() {
        cut.push('…');
    }
    if cut.is_empty() {
        cut
    } else {
        format!(": {cut}")
    }
}

fn end(exit: &runbook_core::event::Exit) -> String {
    use runbook_core::event::Exit;
    match exit {
        Exit::Code(code) => format!("exit {code}"),
        Exit::Signal(name) => name.clone(),
        Exit::Stopped { signal } => format!("stopped by {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runbook_core::event::Exit;

    #[test]
    fn what_is_left_out_is_said_and_nothing_else_is() {
        assert_eq!(left_out(0), None);
        assert_eq!(
            left_out(1).as_deref(),
            Some("\n… 1 bytes are not shown here …\n")
        );
    }

    #[test]
    fn of_an_output_the_last_line_is_said_as_far_as_it_is_short() {
        assert_eq!(last_line(""), "");
        assert_eq!(last_line("\n\n"), "");
        assert_eq!(last_line("one\ntwo\n\n"), ": two");
        let long = "é".repeat(120);
        assert_eq!(last_line(&long), format!(": {long}"));
        assert_eq!(last_line(&format!("{long}!")), format!(": {long}…"));
    }

    #[test]
    fn an_end_is_said_in_the_words_of_the_journal() {
        assert_eq!(end(&Exit::Code(3)), "exit 3");
        assert_eq!(end(&Exit::Signal("SIGSEGV".into())), "SIGSEGV");
        let signal = "SIGTERM".into();
        assert_eq!(end(&Exit::Stopped { signal }), "stopped by SIGTERM");
    }
}
