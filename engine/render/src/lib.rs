//! How a runbook reads: as a document that people would keep in a wiki, and follow by hand where the engine is not at hand.
//! And how a run reads, for those who look back on it: [`report`].
//!
//! [`markdown`] needs the trees alone, so a file with mistakes in it can be read as well.
//!
//! | file | what it holds |
//! |---|---|
//! | `document` | the order of the document, headings, links |
//! | `front` | what a reader knows before the first step: facts, people, inputs, safeguards, tables |
//! | `matrix` | decision tables |
//! | `flow` | what is done, numbered |
//! | `branches` | decisions, attempts, and where they lead |
//! | `content` | what stands in a step |
//! | `command` | commands and requests |
//! | `phrase` | statements that a sentence can say |
//! | `policy` | time limits, retries, undo |
//! | `back` | procedures, messages, triggers, tasks afterwards, scenarios |
//! | [`graph`] | the flow as a graph, and what a run did laid over it: Mermaid, dot, SVG |
//! | `reference` | the page of a module, for those who use it |
//! | `html` | the page around a document, and the document in it |
//! | `names` | what names mean across files; anchors |
//! | `report` | what a run did, as data and as a document |
//! | `out` | blocks, lists, blank lines |
//! | `text` | text that Markdown does not misread |

mod back;
mod branches;
mod command;
mod content;
mod document;
mod flow;
mod front;
pub mod graph;
mod html;
mod matrix;
mod names;
mod out;
mod phrase;
mod policy;
mod reference;
pub mod report;
mod text;

use graph::{Chart, Graph, svg_chart};
use html::Figure;
use runbook_grammar::ast::File;
use runbook_grammar::source::Sources;

/// GitHub-flavoured Markdown, ended by a newline. `files` holds the runbook and then its modules; without any file the
/// document is empty. Modules are found by the names of their sources: `std.git`, or the path seen from where
/// the path of the runbook starts. `graph` is of the same sources; without one the document has no charts.
pub fn markdown(sources: &Sources, files: &[File], graph: Option<&Graph>) -> String {
    document::Document::new(sources, files, graph).write()
}

/// The same as one page of HTML, printable and with nothing from the network.
pub fn html(sources: &Sources, files: &[File], graph: Option<&Graph>) -> String {
    let mut document = document::Document::new(sources, files, graph);
    let markdown = document.write();
    let charts = graph.map_or(&[][..], |graph| &graph.charts);
    let path_of = |chart: &Chart| {
        let mut known = document.procedures_at.iter();
        let found = known.find(|(span, _)| chart.span == Some(*span));
        found.map(|(_, path)| path.as_str())
    };
    let called = |name: &str| {
        let mut all = charts.iter();
        let chart = all.find(|chart| chart.procedure.as_deref() == Some(name))?;
        path_of(chart).map(str::to_owned)
    };
    let figures = document.drawn.iter().map(|drawn| {
        let chart = &charts[drawn.at];
        let scope = path_of(chart);
        let svg = svg_chart(chart, &|node| {
            let to = match (&node.calls, &node.anchor) {
                (Some(name), _) => called(name)?,
                (None, Some(anchor)) => match scope {
                    Some(scope) => format!("{scope}.{anchor}"),
                    None => anchor.clone(),
                },
                (None, None) => return None,
            };
            let stands = markdown.contains(&format!("<a id=\"{to}\">"));
            stands.then(|| format!("#{to}"))
        });
        Figure {
            mermaid: drawn.mermaid.clone(),
            svg,
        }
    });
    let figures = figures.collect();
    html::page(&markdown, figures)
}

/// The page of the module `std.NAME`: what it needs, its procedures with parameters and types, what acts and how that is
/// undone. Markdown, ended by a newline.
pub fn reference(sources: &Sources, name: &str, file: &File) -> String {
    reference::page(sources, name, file)
}
