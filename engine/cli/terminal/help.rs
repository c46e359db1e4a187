//! What `?` says at any prompt: where you are, what comes next, what can be taken back.

use runbook_core::view::View;

use super::status;
use super::style::{Look, Tone};
use super::text::{harmless, wrap};

/// `answers` says what may be typed at this prompt.
pub fn lines(view: &View, clocks: &str, answers: &str, look: Look, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            let indent = " ".repeat(13.min(width / 3));
            let head = format!("  {name:<w$}", w = indent.len() - 2);
            lines.extend(wrap(&harmless(text), width, &head, &indent));
        }
    };
    row("runbook", &view.title);
    row("you are at", &status::place(view, look));
    row("severity", view.severity.as_deref().unwrap_or_default());
    row("clocks", clocks);
    row(
        "next",
        &view
            .next
            .iter()
            .take(4)
            .cloned()
            .collect::<Vec<_>>()
            .join(", then "),
    );
    row(
        "undo",
        &if view.undoable.is_empty() {
            "nothing was done that has an undo".to_owned()
        } else {
            format!(
                "can be taken back, in this order: {}",
                view.undoable.join(", ")
            )
        },
    );
    for (name, value) in view.values.iter().take(12) {
        row("value", &format!("{name} = {value}"));
    }
    row("answers", answers);
    row(
        "any time",
        "? shows this, n TEXT adds a note to the journal, Ctrl-C offers to stop; `runbook resume` goes on later",
    );
    lines.push(String::new());
    lines
        .into_iter()
        .map(|line| look.paint(Tone::Quiet, &line))
        .collect()
}
