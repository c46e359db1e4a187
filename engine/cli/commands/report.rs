//! `runbook report RUN --to markdown|html|json`: what a run did, for those who look back on it.

use jiff::tz::TimeZone;
use runbook_host::drive::replay::{Replay, Wanted};
use runbook_host::error::HostError;
use runbook_host::{codes, runs};
use runbook_render::report::{self, Story};

use crate::args;
use crate::commands::graph::run_drawn;
use crate::exit::Exit;
use crate::files::{complain_host, state_home, write_or_print};

pub fn report(args: &args::Report) -> Exit {
    let found = state_home().and_then(|home| match &args.run {
        Some(prefix) => runs::find(&home, prefix),
        None => runs::newest(&home),
    });
    let replay = match found.and_then(|dir| Replay::of(&dir, Wanted::Timeline)) {
        Ok(replay) => replay,
        Err(error) => return complain_host(&error),
    };
    let plan = replay
        .loaded
        .as_ref()
        .and_then(|loaded| loaded.plan.as_ref());
    let (Some(plan), Some(view)) = (plan, replay.view()) else {
        return complain_host(&HostError::new(
            codes::JOURNAL_EMPTY,
            "the journal holds no run",
        ));
    };
    let told = report::report(&Story {
        plan,
        view: &view,
        trigger: replay.state.started().trigger.as_deref(),
        began: replay.state.started_at(),
        last: replay.last,
        told: &replay.notices,
        asked: &replay.asked,
        absences: &replay.absences,
    });
    let text = match args.to {
        args::ReportTarget::Markdown => report::markdown(&told, &TimeZone::system()),
        args::ReportTarget::Html => match run_drawn(&replay) {
            Ok(graph) => report::html(&told, &TimeZone::system(), &graph),
            Err(exit) => return exit,
        },
        args::ReportTarget::Json => serde_json::to_string_pretty(&told).unwrap_or_default() + "\n",
    };
    write_or_print(args.output.as_deref(), &text)
}
