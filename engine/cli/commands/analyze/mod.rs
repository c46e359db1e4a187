//! `runbook analyze FILE`: how long each way takes, what can be taken back, who is asked what, what it touches.

mod human;

use runbook_grammar::ast::FileKind;
use runbook_plan::analysis::analyze as look_over;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_host, complain_line, print, report};
use crate::terminal::style::{Look, Tty, page_width};

pub fn analyze(args: &args::Analyze) -> Exit {
    let loaded = match runbook_host::load::load(&args.file) {
        Ok(loaded) => loaded,
        Err(error) => return complain_host(&error),
    };
    if !loaded.diagnostics.is_empty() {
        report(&loaded.diagnostics, &loaded.sources);
        return Exit::Runbook;
    }
    let kind = loaded.files.root.header.as_ref().map(|header| header.kind);
    let (Some(FileKind::Runbook), Some(plan)) = (kind, &loaded.plan) else {
        complain_line(&format!(
            "{} is no runbook; a module is analyzed with the runbook that uses it",
            args.file.display()
        ));
        return Exit::Runbook;
    };
    let analysis = look_over(plan);
    if args.json {
        let text = serde_json::to_string_pretty(&analysis).unwrap_or_default();
        print(&format!("{text}\n"));
        return Exit::Done;
    }
    let tty = Tty::of(std::io::stdout());
    let page = human::Page {
        look: Look::of(tty),
        width: page_width(tty),
    };
    print(&(page.lines(&analysis).join("\n") + "\n"));
    Exit::Done
}
