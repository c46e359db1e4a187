//! `runbook render FILE --to markdown`

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_line, print, report};

pub fn render(args: &args::Render) -> Exit {
    let loaded = match runbook_host::load::load(&args.file) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain_line(&error.to_string());
            return Exit::Runbook;
        }
    };
    if !loaded.diagnostics.is_empty() {
        report(&loaded.diagnostics, &loaded.sources);
        return Exit::Runbook;
    }
    let text = match args.to {
        args::Target::Markdown => runbook_render::markdown(&loaded.sources, &loaded.files),
    };
    match &args.output {
        None => print(&text),
        Some(path) => {
            if let Err(error) = std::fs::write(path, &text) {
                complain_line(&format!("cannot write {}: {error}", path.display()));
                return Exit::Usage;
            }
        }
    }
    Exit::Done
}
