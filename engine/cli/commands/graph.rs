//! `runbook graph FILE --to mermaid|dot|svg|json`: the flow as a graph, with what a run did or what scenarios come to.

use std::path::Path;

use runbook_host::codes;
use runbook_host::drive::replay::{Replay, Wanted};
use runbook_host::error::HostError;
use runbook_host::runs;
use runbook_render::graph::{self, Graph, Walk};

use crate::args;
use crate::commands::test::reached_beside;
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, report, state_home, write_or_print};

pub fn graph(args: &args::Graph) -> Exit {
    let drawn = match (&args.run, &args.file) {
        (Some(run), file) => of_run(run, file.as_deref()),
        (None, Some(file)) => of_file(file, args.coverage),
        (None, None) => return Exit::Usage,
    };
    let drawn = match drawn {
        Ok(drawn) => drawn,
        Err(exit) => return exit,
    };
    let text = match args.to {
        args::GraphTarget::Mermaid => graph::mermaid(&drawn),
        args::GraphTarget::Dot => graph::dot(&drawn),
        args::GraphTarget::Svg => graph::svg(&drawn),
        args::GraphTarget::Json => serde_json::to_string_pretty(&drawn).unwrap_or_default() + "\n",
    };
    write_or_print(args.output.as_deref(), &text)
}

fn of_file(file: &Path, coverage: bool) -> Result<Graph, Exit> {
    let loaded = runbook_host::load::load(file).map_err(|error| complain_host(&error))?;
    let Some(plan) = &loaded.plan else {
        report(&loaded.diagnostics, &loaded.sources);
        return Err(Exit::Runbook);
    };
    let mut drawn = graph::graph(plan, &loaded.sources);
    if coverage {
        let Some(reached) = reached_beside(file)? else {
            complain_line(&format!(
                "no scenario file beside {} is for it: one begins with `scenarios for \"{}\"`",
                file.display(),
                file.file_name().unwrap_or_default().to_string_lossy()
            ));
            return Err(Exit::Usage);
        };
        graph::cover(&mut drawn, &reached);
    }
    Ok(drawn)
}

/// The runbook as the run has it; a file that is named must be the one that the run is of.
fn of_run(run: &str, file: Option<&Path>) -> Result<Graph, Exit> {
    let found = state_home().and_then(|home| runs::find(&home, run));
    let replay = found
        .and_then(|dir| Replay::of(&dir, Wanted::Timeline))
        .map_err(|error| complain_host(&error))?;
    if let Some(file) = file {
        same(&replay, file)?;
    }
    run_drawn(&replay)
}

/// The graph of a run's own runbook, its way marked in it.
///
/// # Errors
/// There is no run in the journal; that has been said.
pub fn run_drawn(replay: &Replay) -> Result<Graph, Exit> {
    let loaded = replay.loaded.as_ref();
    let plan = loaded.and_then(|loaded| Some((loaded, loaded.plan.as_ref()?)));
    let (Some((loaded, plan)), Some(view)) = (plan, replay.view()) else {
        let error = HostError::new(codes::JOURNAL_EMPTY, "the journal holds no run");
        return Err(complain_host(&error));
    };
    let mut drawn = graph::graph(plan, &loaded.sources);
    let walk = Walk {
        plan,
        run: &view.run,
        phase: &view.phase,
        told: &mut replay.notices.iter().map(|(_, notice)| notice),
        reached: replay.state.reached(),
        under_way: &replay.state.under_way(plan),
    };
    graph::walk(&mut drawn, walk);
    Ok(drawn)
}

fn same(replay: &Replay, file: &Path) -> Result<(), Exit> {
    let Some(original) = replay.loaded.as_ref().and_then(|it| it.originals.first()) else {
        return Ok(());
    };
    let begun = replay.head.as_ref().and_then(|head| head.sources.first());
    let begun = begun.map_or("", |source| source.path.as_str());
    let here = std::fs::canonicalize(file).unwrap_or_else(|_| file.into());
    if !begun.is_empty() && here != Path::new(begun) {
        complain_line(&format!(
            "the run is of {begun}, not of {}: leave the file out",
            file.display()
        ));
        return Err(Exit::Usage);
    }
    if std::fs::read(file).is_ok_and(|bytes| bytes != original.bytes) {
        complain_line(&format!(
            "{} is different now; this is the runbook as the run has it",
            file.display()
        ));
    }
    Ok(())
}
