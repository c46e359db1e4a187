//! `runbook render FILE --to markdown|html`

use std::path::Path;

use runbook_host::error::plainly;
use runbook_render::graph::graph;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain, complain_host, complain_line, report, write_or_print};

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
    let (sources, graph) = (&loaded.sources, graph.as_ref());
    let text = match args.to {
        args::Target::Markdown => runbook_render::markdown(sources, &files, graph),
        args::Target::Html => runbook_render::html(sources, &files, graph),
    };
    match (&args.output, args.check) {
        (Some(page), true) => check(args, page, &text),
        (output, _) => write_or_print(output.as_deref(), &text),
    }
}

/// Whether a page that is kept is what the runbook says now.
fn check(args: &args::Render, page: &Path, text: &str) -> Exit {
    let why = match std::fs::read(page) {
        Ok(kept) if kept == text.as_bytes() => return Exit::Done,
        Ok(kept) => {
            let kept = String::from_utf8_lossy(&kept);
            let same = kept.lines().zip(text.lines());
            let line = same.take_while(|(kept, now)| kept == now).count() + 1;
            format!(
                "is not what {} says now, from line {line} on",
                args.file.display()
            )
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "is not there".to_owned(),
        Err(error) => {
            complain_line(&format!(
                "cannot read {}: {}",
                page.display(),
                plainly(&error)
            ));
            return Exit::Usage;
        }
    };
    complain_line(&format!("{} {why}", page.display()));
    let to = match args.to {
        args::Target::Markdown => "markdown",
        args::Target::Html => "html",
    };
    complain(&format!(
        "  help: Write it anew with `runbook render {} --to {to} --output {}`.\n",
        args.file.display(),
        page.display()
    ));
    Exit::Found
}
