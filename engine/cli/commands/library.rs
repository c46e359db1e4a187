//! `runbook std [NAME]`: what the standard library holds.

use runbook_grammar::ast::{File, StmtKind};
use runbook_grammar::source::Sources;

use crate::args;
use crate::exit::Exit;
use crate::files::{complain_line, print};
use crate::terminal::text::wrap;

pub fn std(args: &args::Std) -> Exit {
    let width = usize::from(console::Term::stdout().size().1).clamp(20, 100);
    let Some(wanted) = &args.module else {
        print(&list(width));
        return Exit::Done;
    };
    let wanted = wanted.strip_prefix("std.").unwrap_or(wanted);
    let Some(text) = runbook_stdlib::module(wanted) else {
        let names = || runbook_stdlib::MODULES.iter().map(|(name, _)| *name);
        let near = match runbook_grammar::nearest(wanted, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is {}", names().collect::<Vec<_>>().join(", ")),
        };
        complain_line(&format!(
            "the standard library has no module `{wanted}`; {near}"
        ));
        return Exit::Usage;
    };
    let mut sources = Sources::default();
    let file = read(&mut sources, wanted, text);
    print(&wrapped(
        &runbook_render::reference(&sources, wanted, &file),
        width,
    ));
    Exit::Done
}

fn read(sources: &mut Sources, name: &str, text: &str) -> File {
    let id = sources.add(format!("std.{name}"), text);
    runbook_grammar::parse(sources.get(id)).0
}

/// Each module with its title and the names of what it offers.
fn list(width: usize) -> String {
    let mut out = String::new();
    for (name, text) in runbook_stdlib::MODULES {
        let file = read(&mut Sources::default(), name, text);
        let title = file
            .header
            .as_ref()
            .and_then(|header| header.title.plain())
            .unwrap_or_default();
        let offers: Vec<String> = file
            .body
            .iter()
            .filter_map(|stmt| match &stmt.kind {
                StmtKind::Procedure { name, .. } => Some(name.text.clone()),
                StmtKind::Message { name, .. } => Some(format!("notify {}", name.text)),
                StmtKind::Channel {
                    name,
                    block: Some(_),
                    ..
                } => Some(format!("channel {}", name.text)),
                _ => None,
            })
            .collect();
        out.push_str(&format!("std.{name}: {title}\n"));
        for line in wrap(&offers.join(", "), width, "  ", "  ") {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.push_str("\n`runbook std NAME` shows how a module is used.\n");
    out
}

/// Markdown at the width of a terminal: what is code stays as it is.
fn wrapped(markdown: &str, width: usize) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in markdown.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        let text = line.trim_start_matches("> ");
        if fenced || fence || text.is_empty() {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let (first, text) = if let Some(item) = line.strip_prefix("- ") {
            ("- ", item)
        } else if line.starts_with("> ") {
            ("> ", text)
        } else {
            ("", line)
        };
        let rest = if first == "- " { "  " } else { first };
        for line in wrap(text, width, first, rest) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}
