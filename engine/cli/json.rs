//! `--json`: a run as one JSON object a line, for programs. Nobody is asked: a prompt that the answers file
//! does not answer parks the run.

use runbook_core::effect::{EffectId, Notice};
use runbook_core::event::Moment;
use runbook_core::prompt::Prompt;
use runbook_core::view::{Phase, View};
use runbook_host::operator::{Operator, Said};
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;

use crate::terminal::screen::Screen;
use crate::terminal::show_the_rest;
use crate::terminal::style::{Look, Tty};

pub struct JsonLines {
    said: UnboundedSender<Said>,
    /// A reader may be slow; the run is not.
    screen: Screen,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Notice {
        run: &'a str,
        #[serde(flatten)]
        notice: &'a Notice,
    },
    Prompt {
        run: &'a str,
        id: EffectId,
        prompt: &'a Prompt,
    },
    /// The last line.
    End { run: &'a str, phase: &'a Phase },
}

impl JsonLines {
    pub fn new(said: UnboundedSender<Said>) -> JsonLines {
        let screen = Screen::new(Look::of(Tty::No), Tty::No, Tty::No, |lines| {
            format!("{{\"type\":\"left_out\",\"lines\":{lines}}}")
        });
        JsonLines { said, screen }
    }

    fn line(&self, line: &Line<'_>) {
        if let Ok(text) = serde_json::to_string(line) {
            self.screen.print(vec![text]);
        }
    }
}

impl Operator for JsonLines {
    fn tell(&mut self, notice: &Notice, view: &View) {
        self.line(&Line::Notice {
            run: &view.run,
            notice,
        });
    }

    fn ask(&mut self, id: EffectId, prompt: &Prompt, view: &View) {
        self.line(&Line::Prompt {
            run: &view.run,
            id,
            prompt,
        });
        // A closed channel means that the run is over, and then nobody waits for the answer.
        let _ = self.said.send(Said::Unanswerable { id });
    }

    fn withdraw(&mut self, _: EffectId) {}

    fn output(&mut self, _: EffectId, _: &[u8]) {}

    fn redraw(&mut self, _: &View, _: Moment) {}

    fn lend_terminal(&mut self) {}

    fn return_terminal(&mut self) {}

    fn close(&mut self, view: &View) {
        self.line(&Line::End {
            run: &view.run,
            phase: &view.phase,
        });
        show_the_rest(&self.screen, view);
    }
}
