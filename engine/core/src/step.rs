//! The transition table: what each event does to a run.
//!
//! | event | to | then |
//! |---|---|---|
//! | `Started` | a new run | needs, persons, params, locks, secrets, guards, the first step |
//! | `Resumed` | a run that parked or lost its engine | clocks rebased, questions asked again, wishes renewed |
//! | `Found` | a command in flight at a crash | never started: run it; alive: the operator says; gone: settled |
//! | `NeedsChecked` `LocksTaken` `LockBusy` `SecretsReady` `SecretFailed` | preparation | on, or the run ends or parks |
//! | `Spawned` | a command under way | it may have acted from now on |
//! | `Exited` `NotStarted` `Lost` | a command under way | judged; the fiber goes on |
//! | `Learned` | a command on another machine whose end nobody saw | settled |
//! | `LeftRunning` | a background command | its `until` is looked at |
//! | `Responded` `RequestFailed` | a request under way | judged; the fiber goes on |
//! | `Answered` | an open question | the fiber goes on, or the question comes again with a word why |
//! | `Unanswerable` | an open question | a failed step fails the run; else it parks once nothing else can go on |
//! | `DocumentWritten` `DocumentFailed` | a document | the fiber goes on |
//! | `Ticked` | timers that are due | waits end, attempts are stopped, clocks pass, prompts answer themselves |
//! | `Noted` | the run | it is told |
//! | `Suspended` | the run | timeouts of what runs get the time |
//! | `Interrupted` | the run | 1: ask after this step; 2: stop what runs; 3: kill it |
//! | `ParkRequested` | the run | nothing new; park when nothing runs |
//! | `UndoRequested` | the run | stop, undo back to the checkpoint, park there (or stay ended) |
//!
//! An event that speaks of an effect nobody waits for any more changes nothing.

use runbook_plan::Plan;
use runbook_plan::plan::Judged;

use crate::effect::{Effect, EffectId, Notice, Urgency, Verdict};
use crate::event::{Captured, Event, Fact, Running};
use crate::frame::*;
use crate::machine::Machine;
use crate::prompt::{Answer, PromptKind};
use crate::state::*;
use crate::{flow, resume, verdict};

/// What a fact does to a run: the state after it, and what is to be done now, in order.
pub fn step(plan: &Plan, state: State, fact: &Fact) -> (State, Vec<Effect>) {
    let mut m = Machine {
        plan,
        s: state,
        out: Vec::new(),
    };
    resume::take_time(&mut m, fact);
    happen(&mut m, &fact.event);
    m.run();
    flow::operator::settle_halt(&mut m);
    (m.s, m.out)
}

fn happen(m: &mut Machine<'_>, event: &Event) {
    match event {
        Event::Started(started) => flow::root::start(m, started),
        Event::Resumed { operator, .. } => resume::resumed(m, operator),
        Event::Found {
            effect,
            found,
            printed,
        } => resume::found(m, *effect, found, printed),

        Event::NeedsChecked { effect, missing } => {
            let why = flow::root::missing(missing);
            other(m, *effect, why.map_or(Ok(String::new()), Err));
        }
        Event::LocksTaken { effect } | Event::SecretsReady { effect } => {
            if !resume::renewed(m, *effect) {
                other(m, *effect, Ok(String::new()));
            }
        }
        Event::LockBusy {
            effect,
            lock,
            holder,
        } => {
            let why = format!("the lock `{lock}` is held by {holder}");
            flow::root::lock_busy(m, *effect, why);
        }
        Event::SecretFailed { effect, name, why } => {
            let why = format!("the secret `{name}` could not be read: {why}");
            if !resume::not_renewed(m, *effect, &why) {
                other(m, *effect, Err(why));
            }
        }

        Event::Spawned { effect, identity } => {
            if let Some(pending) = m.s.pending.get_mut(effect) {
                pending.identity = Some(identity.clone());
            }
        }
        Event::Learned { effect, learned } => flow::settle::learned(m, *effect, learned),
        Event::LeftRunning { effect } => {
            flow::exec::left_running(m, *effect);
        }
        Event::Exited {
            effect,
            exit,
            output,
            stderr,
            elapsed_ms,
            leaked,
        } => {
            let Some(pending) = m.s.pending.get(effect) else {
                return;
            };
            let ran = verdict::exited(pending, exit, output, stderr, *elapsed_ms);
            let lost = [output, stderr].into_iter().find_map(lost);
            ended(m, *effect, ran, leaked);
            if let Some(text) = lost {
                m.tell(Notice::Warning { text });
            }
        }
        Event::NotStarted { effect, why } => {
            ended(
                m,
                *effect,
                verdict::end(RanEnd::NotStarted(why.clone())),
                &[],
            );
        }
        Event::Lost { effect, why } => {
            ended(m, *effect, verdict::end(RanEnd::Lost(why.clone())), &[]);
        }
        Event::Responded {
            effect,
            status,
            headers,
            body,
            elapsed_ms,
        } => {
            let ran = verdict::responded(*status, headers, body, *elapsed_ms);
            ended(m, *effect, ran, &[]);
        }
        Event::RequestFailed {
            effect,
            why,
            elapsed_ms,
            ..
        } => {
            let Some(pending) = m.s.pending.get(effect) else {
                return;
            };
            let ran = verdict::request_failed(pending, why, *elapsed_ms);
            ended(m, *effect, ran, &[]);
        }

        Event::Answered { effect, answer, by } => answered(m, *effect, answer, by),
        Event::Unanswerable { effect } => unanswerable(m, *effect),
        Event::DocumentWritten { effect, path, kept } => {
            if let Some(kept) = kept {
                m.tell(Notice::Warning {
                    text: format!("an older document of this name is kept as {kept}"),
                });
            }
            other(m, *effect, Ok(path.clone()));
        }
        Event::DocumentFailed { effect, why } => {
            other(
                m,
                *effect,
                Err(format!("the document was not written: {why}")),
            );
        }

        Event::Ticked => tick(m),
        Event::Suspended { ms } => m.was_suspended(*ms),
        Event::Noted { text, by } => m.tell(Notice::Note {
            text: text.clone(),
            by: by.clone(),
        }),
        Event::Interrupted { times } => flow::operator::interrupted(m, *times),
        Event::ParkRequested { why, running } => {
            flow::operator::park_when_quiet(m, why.clone());
            if *running == Running::Stop {
                let busy: Vec<EffectId> = m.s.busy.iter().copied().collect();
                for id in busy {
                    m.stop_effect(id, StopWhy::Park, Urgency::Grace);
                }
            }
        }
        Event::UndoRequested { to, by, reason } => {
            flow::undo::requested(m, to, by, reason);
        }
    }
}

fn other(m: &mut Machine<'_>, id: EffectId, result: Result<String, String>) {
    if let Some(Pending {
        fiber: Some(f),
        kind: PendingKind::Other(_),
        ..
    }) = m.s.pending.get(&id)
    {
        let f = *f;
        m.forget(id);
        m.wake(f, Input::Other(result));
    }
}

/// What is said of output that was not kept whole.
fn lost(output: &Captured) -> Option<String> {
    let kept = match &output.segment {
        Some(segment) => segment.length,
        None => output.text.len() as u64,
    };
    let flaw = output.flaw.as_ref().filter(|_| kept < output.bytes)?;
    Some(format!(
        "of its output {kept} bytes of {} are kept: {flaw}",
        output.bytes
    ))
}

/// Who stops a server asks it to end: that it does is no cause for alarm, and that it ends otherwise is.
fn left_running(shown: &str, ran: &Ran) -> Notice {
    let stopped = match &ran.end {
        RanEnd::Itself => matches!(ran.last.exit, Some(0 | 143)),
        RanEnd::Signal(name) => name == "SIGTERM",
        _ => false,
    };
    if stopped {
        let text = format!("`{shown}`, which was left running, has been stopped");
        return Notice::Prose { text };
    }
    let text = format!("`{shown}` was left running and has ended");
    Notice::Warning { text }
}

fn ended(m: &mut Machine<'_>, id: EffectId, ran: Ran, leaked: &[String]) {
    let Some(pending) = m.s.pending.get_mut(&id) else {
        return;
    };
    let unseen = matches!(ran.end, RanEnd::Stopped | RanEnd::Lost(_));
    if pending.stop == Some(StopWhy::Park) && unseen {
        // Stopped to park, in the middle: what became of it is settled when the run goes on.
        pending.in_doubt = true;
        pending.said = verdict::tail(&ran);
        m.s.busy.remove(&id);
        return;
    }
    let Some(pending) = m.forget(id) else { return };
    let (path, told, judged) = match (&pending.kind, pending.fiber) {
        (PendingKind::Run(run), Some(f)) => (
            run.path.clone(),
            flow::exec::told(m, f),
            flow::exec::judged(m, f),
        ),
        (PendingKind::Request(request), Some(f)) => (
            request.path.clone(),
            flow::exec::told(m, f),
            flow::exec::judged(m, f),
        ),
        (PendingKind::Run(run), None) => {
            m.tell(left_running(&run.shown, &ran));
            return;
        }
        _ => return,
    };
    let judged = match (pending.fiber, ran.last.exit) {
        // A `done if` that says no is no fault.
        (Some(f), Some(0 | 1)) if flow::exec::is_done_if(m, f) => Judged::ByExpect,
        _ => judged,
    };
    if told == Told::Yes {
        m.tell(Notice::Ran {
            effect: id,
            path,
            verdict: verdict::shown(&ran, judged),
            said: verdict::tail(&ran),
            elapsed_ms: ran.last.elapsed_ms,
        });
    }
    if !leaked.is_empty() {
        let text = format!("it left processes behind: {}", leaked.join(", "));
        m.tell(Notice::Warning { text });
    }
    if let Some(f) = pending.fiber {
        if let RanEnd::Lost(why) = &ran.end {
            flow::settle::not_by_time_alone(m, f, &pending.kind, why);
        }
        m.wake(f, Input::Ran(Box::new(ran)));
    }
}

fn answered(m: &mut Machine<'_>, id: EffectId, answer: &Answer, by: &str) {
    let Some(pending) = m.s.pending.get(&id) else {
        return;
    };
    let PendingKind::Ask(prompt) = &pending.kind else {
        return;
    };
    let (fiber, path) = (pending.fiber, prompt.path.clone());
    if let Answer::Pause { reason } = answer {
        // The question stays open: it is asked again when the run is resumed.
        m.tell(Notice::Deviation {
            path,
            what: "paused".into(),
            reason: reason.clone(),
            by: by.into(),
        });
        m.s.unanswerable.insert(id);
        m.wish(Effect::Withdraw { id });
        flow::operator::park_when_quiet(m, format!("paused by {by}: {reason}"));
        return;
    }
    if m.s.halt == Some(Halt::Asked(id)) {
        flow::operator::interrupt_answered(m, id, answer, by);
        return;
    }
    let Some(f) = fiber else { return };
    m.forget(id);
    m.wake(f, Input::Answered(answer.clone(), by.into()));
}

fn unanswerable(m: &mut Machine<'_>, id: EffectId) {
    let Some(pending) = m.s.pending.get(&id) else {
        return;
    };
    let PendingKind::Ask(prompt) = &pending.kind else {
        return;
    };
    match (&prompt.kind, pending.fiber) {
        (PromptKind::Failed { .. } | PromptKind::Orphan { .. }, Some(f)) => {
            m.forget(id);
            m.wake(f, Input::Nobody);
        }
        _ => {
            m.s.unanswerable.insert(id);
        }
    }
}

fn tick(m: &mut Machine<'_>) {
    if matches!(m.s.phase, Phase::Ended { .. } | Phase::Parked { .. }) {
        return;
    }
    while let Some((key, timer)) = m.s.timers.first_key_value() {
        if key.0 > m.s.now.boot {
            return;
        }
        let key = *key;
        let timer = timer.clone();
        match timer.fiber {
            Some(f) => m.disarm(f, key),
            None => {
                m.s.timers.remove(&key);
            }
        }
        flow::clocks::passed(m, key, timer);
        // What one timer sets free may take the next one along.
        m.run();
    }
}

pub(crate) fn verdict_of(failed: Option<String>) -> Verdict {
    match failed {
        None => Verdict::Ok,
        Some(why) => Verdict::Failed { why },
    }
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
