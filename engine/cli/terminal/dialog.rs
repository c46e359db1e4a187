//! The conversation of one prompt, on a thread of its own: question, typed line, perhaps a reason, answer.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runbook_core::clock::Deadline;
use runbook_core::effect::{EffectId, Notice, NoticeMark};
use runbook_core::prompt::{Detail, Prompt, PromptKind};
use runbook_core::view::View;
use runbook_host::operator::Said;
use runbook_plan::value::Type;
use tokio::sync::mpsc::UnboundedSender;

use super::line::{Ask, Echo, Line, Reader, is_hung_up};
use super::notices::{LastLine, Page};
use super::question::{Lines, Pending, Step, answer, choices, complete, details};
use super::read::Draws;
use super::screen::Screen;
use super::style::Tone;
use super::text::{harmless, left, time_of_day, wrap};
use super::{help, status};

/// A prompt and where the run stood when it was put.
struct Waiting {
    id: EffectId,
    prompt: Prompt,
    view: View,
}

/// The prompts of a run, put one after the other.
#[derive(Clone)]
pub struct Dialogs {
    screen: Screen,
    queue: Arc<Mutex<Queue>>,
    reader: Reader,
    said: UnboundedSender<Said>,
    operator: String,
    /// Prose and warnings that stand on the screen already, since the last heading.
    told: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    active: Option<EffectId>,
}

/// Whether prose stands on the screen already, since the last heading.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    First,
    Before,
}

/// How the conversation of one prompt ended.
enum End {
    Said(Said),
    Withdrawn,
    /// Ctrl-C.
    Interrupted,
    /// Another question comes first.
    Superseded,
}

impl Dialogs {
    pub fn new(screen: Screen, said: UnboundedSender<Said>, operator: String) -> Dialogs {
        Dialogs {
            screen,
            queue: Arc::default(),
            reader: Reader::default(),
            said,
            operator,
            told: Arc::default(),
        }
    }

    /// Remembers what is told, so that a prompt does not say it again right below, nor an arm what its question
    /// said.
    pub fn heard(&self, notice: &Notice) -> Heard {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match notice {
            Notice::Prose { text } | Notice::Warning { text } => {
                if told.contains(text) {
                    return Heard::Before;
                }
                told.push(text.clone());
            }
            Notice::Running { command, .. } => told.push(command.clone()),
            Notice::Ran { said, .. } => told.push(said.clone()),
            Notice::StepStarted { .. }
            | Notice::SectionEntered { .. }
            | Notice::CheckpointReached { .. } => {
                told.clear();
            }
            _ => {}
        }
        Heard::First
    }

    /// Whether a detail stands on the screen already; from now on it does.
    fn is_told(&self, detail: &Detail) -> bool {
        let (Detail::Prose(text)
        | Detail::Warning(text)
        | Detail::Command(text)
        | Detail::Output(text)) = detail;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let known = told.iter().any(|before| before.trim() == text.trim());
        if !known {
            told.push(text.clone());
        }
        known
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ask(&self, id: EffectId, prompt: &Prompt, view: &View) {
        let mut queue = self.queue();
        let asked = Waiting {
            id,
            prompt: prompt.clone(),
            view: view.clone(),
        };
        // What an interrupt leads to comes before the question that is open.
        if prompt.kind == PromptKind::Interrupted {
            queue.waiting.push_front(asked);
            if queue.active.is_some() {
                self.reader.supersede();
            }
        } else {
            queue.waiting.push_back(asked);
        }
        if queue.active.is_none()
            && let Some(next) = queue.waiting.pop_front()
        {
            queue.active = Some(next.id);
            self.screen.hold();
            let dialogs = self.clone();
            let work = move || {
                let worked = std::panic::catch_unwind(AssertUnwindSafe(|| dialogs.work(next)));
                if worked.is_err() {
                    dialogs.broken();
                }
            };
            let started = std::thread::Builder::new()
                .name("dialog".to_owned())
                .spawn(work);
            if started.is_err() {
                // The run parks, and the question is asked again on resume.
                drop(queue);
                self.broken();
            }
        }
    }

    /// A mistake of ours, or no thread to ask from: nobody can be asked any more, and nothing may wait for an answer.
    fn broken(&self) {
        let mut queue = self.queue();
        let waiting = std::mem::take(&mut queue.waiting);
        for id in queue
            .active
            .take()
            .into_iter()
            .chain(waiting.iter().map(|one| one.id))
        {
            let _ = self.said.send(Said::Unanswerable { id });
        }
        self.screen.release();
    }

    pub fn withdraw(&self, id: EffectId) {
        let mut queue = self.queue();
        queue.waiting.retain(|waiting| waiting.id != id);
        if queue.active == Some(id) {
            self.reader.withdraw();
        }
    }

    pub fn close(&self) {
        let mut queue = self.queue();
        queue.waiting.clear();
        if queue.active.is_some() {
            self.reader.withdraw();
            self.screen.soothe();
        }
    }

    /// Takes the terminal from an open prompt, which is put again after [`Dialogs::go_on`].
    pub fn pause(&self) {
        self.reader.pause();
        self.screen.soothe();
    }

    pub fn go_on(&self) {
        self.reader.go_on();
    }

    /// Puts prompts until none waits.
    fn work(&self, mut current: Waiting) {
        loop {
            let end = self.converse(&current);
            let mut queue = self.queue();
            self.reader.renew();
            let next = match end {
                // A closed channel means that the run is over, and then nobody waits for the answer.
                End::Said(said) => {
                    let _ = self.said.send(said);
                    queue.waiting.pop_front()
                }
                End::Withdrawn => queue.waiting.pop_front(),
                // The question stays open, and is put again after what the interrupt leads to.
                End::Interrupted => {
                    queue.waiting.push_front(current);
                    queue.active = None;
                    let _ = self.said.send(Said::Interrupted);
                    return;
                }
                End::Superseded => {
                    let first = queue.waiting.pop_front();
                    queue.waiting.push_front(current);
                    first
                }
            };
            match next {
                Some(next) => {
                    queue.active = Some(next.id);
                    current = next;
                }
                None => {
                    queue.active = None;
                    self.screen.release();
                    return;
                }
            }
        }
    }

    fn converse(&self, current: &Waiting) -> End {
        self.reader.until_ours();
        self.put(current);
        super::may_be_wrong("dialog");
        let mut pending: Option<(Pending, Ask)> = None;
        loop {
            let first;
            let (then, ask) = match &pending {
                Some((then, ask)) => (Some(then), ask),
                None => {
                    first = Ask {
                        lead: format!("  {} ", self.screen.glyphs().prompt),
                        initial: None,
                        echo: match current.prompt.kind {
                            PromptKind::Input {
                                ty: Type::Secret, ..
                            } => Echo::No,
                            _ => Echo::Yes,
                        },
                        clocks: clocks(current),
                    };
                    (None, &first)
                }
            };
            let step = match (self.reader.read(ask), then) {
                (Line::Typed(text), None) => answer(&current.prompt, &text),
                (Line::Typed(text), Some(then)) => complete(then, &text),
                (Line::Lost, _) => {
                    self.screen.hold();
                    self.put(current);
                    continue;
                }
                (other, _) => return self.not_typed(current.id, &current.prompt.kind, other),
            };
            pending = None;
            match step {
                Step::Answer { answer, by } => {
                    let by = by.unwrap_or_else(|| self.operator.clone());
                    return End::Said(Said::Answered {
                        id: current.id,
                        answer,
                        by,
                    });
                }
                Step::More {
                    lead,
                    initial,
                    lines,
                    then,
                } => {
                    let echo = if lines == Lines::Several {
                        Echo::Editor
                    } else {
                        Echo::Yes
                    };
                    let lead = format!("  {lead} {} ", self.screen.glyphs().prompt);
                    pending = Some((
                        then,
                        Ask {
                            lead,
                            initial,
                            echo,
                            clocks: clocks(current),
                        },
                    ));
                }
                Step::Refused(why) => {
                    let screen = &self.screen;
                    let lines = wrap(&harmless(&why), screen.width(), "  ", "  ");
                    let painted = lines
                        .iter()
                        .map(|line| screen.paint(Tone::Warning, line))
                        .collect();
                    screen.print_for_prompt(painted);
                }
                Step::Help => self.help(current),
                Step::Note(text) => {
                    let _ = self.said.send(Said::Noted { text });
                    let screen = &self.screen;
                    screen.print_for_prompt(vec![
                        screen.paint(Tone::Quiet, "  noted in the journal"),
                    ]);
                }
            }
        }
    }

    fn not_typed(&self, id: EffectId, kind: &PromptKind, line: Line) -> End {
        match line {
            Line::Interrupted => End::Interrupted,
            // The engine hears of a terminal that went away by its signal; here it is only sooner.
            Line::Gone if is_hung_up() => {
                let mine = rustix::process::getpid();
                let _ = rustix::process::kill_process(mine, rustix::process::Signal::HUP);
                End::Withdrawn
            }
            // A person who is not in front of it now: what nobody's presence would end waits for them.
            Line::Gone => {
                self.screen.soothe();
                End::Said(match kind {
                    PromptKind::Failed { .. } | PromptKind::Orphan { .. } => Said::Pause {
                        reason: "the terminal is not at hand".to_owned(),
                    },
                    _ => Said::Unanswerable { id },
                })
            }
            Line::Superseded => {
                self.screen.soothe();
                self.screen.print_for_prompt(vec![String::new()]);
                End::Superseded
            }
            Line::Withdrawn | Line::Lost | Line::Typed(_) => {
                self.screen.soothe();
                self.screen.print_for_prompt(vec![String::new()]);
                End::Withdrawn
            }
        }
    }

    /// Shows the question with everything that belongs to it.
    fn put(&self, current: &Waiting) {
        let screen = &self.screen;
        let page = screen.page(&current.view);
        let width = screen.width();
        let mut lines = vec![String::new()];
        for detail in details(&current.prompt)
            .iter()
            .filter(|detail| !self.is_told(detail))
        {
            lines.extend(detail_lines(&page, detail));
        }
        for (i, line) in current.prompt.text.lines().enumerate() {
            let first = if i == 0 { "? " } else { "  " };
            let wrapped = wrap(&harmless(line), width, first, "  ");
            lines.extend(
                wrapped
                    .iter()
                    .map(|line| screen.paint(Tone::Question, line)),
            );
        }
        if let (Some(deadline), now) = (&current.prompt.deadline, runbook_host::clock::now()) {
            let then = match &current.prompt.otherwise {
                Some(answer) => format!(
                    "answers itself {answer} at {}",
                    time_of_day(deadline.at.wall)
                ),
                None => format!("due at {}", time_of_day(deadline.at.wall)),
            };
            let text = match Draws::here() {
                // What is left stands above the line that is typed, and goes on there.
                Draws::Anywhere => then,
                Draws::AtTheEnd => format!("{then}, {}", left(deadline.at.wall, now.wall)),
            };
            lines.extend(
                wrap(&text, width, "  ", "  ")
                    .iter()
                    .map(|line| screen.paint(Tone::Warning, line)),
            );
        }
        let choices = choices(&current.prompt);
        let column = choices
            .rows
            .iter()
            .map(|(key, _)| console::measure_text_width(key))
            .max()
            .unwrap_or(0);
        for (i, (key, text)) in choices.rows.iter().enumerate() {
            let head = format!("    {key:<column$}  ");
            lines.extend(wrap(&harmless(text), width, &head, &" ".repeat(column + 6)));
            if let runbook_core::prompt::PromptKind::Choose { options } = &current.prompt.kind {
                for detail in options
                    .get(i)
                    .map(|option| option.detail.as_slice())
                    .unwrap_or_default()
                {
                    let indented = detail_lines(
                        &Page {
                            width: width.saturating_sub(4),
                            ..page
                        },
                        detail,
                    );
                    lines.extend(indented.into_iter().map(|line| format!("    {line}")));
                }
            }
        }
        let hint = format!(
            "{} {} ? help {} n note",
            choices.hint,
            screen.glyphs().dot,
            screen.glyphs().dot
        );
        lines.extend(
            wrap(&harmless(&hint), width, "  ", "  ")
                .iter()
                .map(|line| screen.paint(Tone::Quiet, line)),
        );
        screen.print_for_prompt(lines);
    }

    fn help(&self, current: &Waiting) {
        let screen = &self.screen;
        let clocks = status::clocks(&current.view, runbook_host::clock::now(), screen.look);
        let hint = choices(&current.prompt).hint;
        screen.print_for_prompt(help::lines(
            &current.view,
            &clocks,
            &hint,
            screen.look,
            screen.width(),
        ));
    }
}

/// What runs out while somebody thinks: the question's own time first, then the run's.
fn clocks(current: &Waiting) -> Vec<(String, Deadline)> {
    let what = match &current.prompt.otherwise {
        Some(answer) => format!("{} in", harmless(answer)),
        None => "due in".to_owned(),
    };
    let own = current.prompt.deadline.iter().cloned();
    let runs = current.view.clocks.iter();
    own.map(|deadline| (what.clone(), deadline))
        .chain(runs.map(|clock| (harmless(&clock.what), clock.deadline.clone())))
        .collect()
}

pub fn detail_lines(page: &Page<'_>, detail: &Detail) -> Vec<String> {
    match detail {
        Detail::Prose(text) => page.lines(&Notice::Prose { text: text.clone() }),
        Detail::Warning(text) => page.lines(&Notice::Warning { text: text.clone() }),
        Detail::Command(command) => page.command(NoticeMark::Act, None, command),
        Detail::Output(text) => page.output(text, LastLine::Whole, None),
    }
}
