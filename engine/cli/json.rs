//! `--json`: a run as one JSON object a line, for programs. Nobody is asked: a prompt that the answers file
//! does not answer parks the run.

use runbook_core::effect::{EffectId, Notice};
use runbook_core::event::Moment;
use runbook_core::prompt::Prompt;
use runbook_core::view::{Phase, View};
use runbook_host::operator::{Operator, Said};
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;

use crate::files::print;

pub struct JsonLines {
    said: UnboundedSender<Said>,
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
        JsonLines { said }
    }
}

fn line(line: &Line<'_>) {
    if let Ok(mut text) = serde_json::to_string(line) {
        text.push('\n');
        print(&text);
    }
}

impl Operator for JsonLines {
    fn tell(&mut self, notice: &Notice, view: &View) {
        line(&Line::Notice {
            run: &view.run,
            notice,
        });
    }

    fn ask(&mut self, id: EffectId, prompt: &Prompt, view: &View) {
        line(&Line::Prompt {
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
        line(&Line::End {
            run: &view.run,
            phase: &view.phase,
        });
    }
}
