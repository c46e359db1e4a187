//! `runbook render FILE --to markdown`

use runbook_render::graph::graph;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, report, write_or_print};

pub fn render(args: &args::Render) -> Exit {
    let loaded = match runbook_host::load::load(&args.file) {
        Ok(loaded) => loaded,
        Err(error) => return complain_host(&error),
    };
    if !loaded.diagnostics.is_empty() {
        report(&loaded.diagnostics, &loaded.sources);
        return Exit::Runbook;
    }
    let modules = loaded
        .files
        .modules
        .into_iter()
        .filter_map(|module| module.file.ok());
    let files: Vec<_> = std::iter::once(loaded.files.root).chain(modules).collect();
    let graph = loaded.plan.map(|plan| graph(&plan, &loaded.sources));
    let text = match args.to {
        args::Target::Markdown => runbook_render::markdown(&loaded.sources, &files, graph.as_ref()),
    };
    write_or_print(args.output.as_deref(), &text)
}
