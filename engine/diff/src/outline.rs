//! All that is in a unit that is new or gone, a line each.

use crate::tree::{Entry, Key, Tree, Unit, What};

/// All that is in a unit, without what is one of the other tree as well.
pub fn outline(tree: &Tree, at: usize, paired: &[Option<usize>]) -> Vec<String> {
    /// A unit with its depth, or what is told already.
    enum Todo {
        Unit(usize, usize),
        Line(String),
    }
    let mut lines = Vec::new();
    let mut heads = false;
    // Depth first, each unit's own lines in order around the units in it.
    let mut todo = vec![Todo::Unit(at, 0)];
    while let Some(next) = todo.pop() {
        let (at, depth) = match next {
            Todo::Line(text) => {
                lines.push(text);
                continue;
            }
            Todo::Unit(at, depth) => (at, depth),
        };
        let unit = &tree.units[at];
        let pad = |depth: usize, text: &str| -> Vec<String> {
            let indent = "  ".repeat(depth);
            text.lines().map(|line| format!("{indent}{line}")).collect()
        };
        // An `if` is told by its arms.
        if heads && unit.what != What::If {
            let mut head = unit.what.word().to_owned();
            if unit.what == What::Arm {
                head.clear();
            }
            for part in [unit.key.text(), &titled(unit)] {
                if !part.is_empty() {
                    if !head.is_empty() {
                        head.push(' ');
                    }
                    head += part;
                }
            }
            if paired[at].is_some() {
                lines.extend(pad(depth, &format!("({head})")));
                continue;
            }
            lines.extend(pad(depth, &head));
        }
        let inner = match heads && unit.what != What::If {
            true => depth + 1,
            false => depth,
        };
        heads = true;
        let mut below = Vec::new();
        for fact in &unit.facts {
            let text = match fact.text.as_str() {
                "yes" => fact.label.clone(),
                text => format!("{} {text}", fact.label),
            };
            below.extend(pad(inner, &text).into_iter().map(Todo::Line));
        }
        let rows = unit.rows.iter();
        below.extend(rows.flat_map(|row| pad(inner, row)).map(Todo::Line));
        for entry in &unit.entries {
            match entry {
                Entry::Line(line) => {
                    let mut text = line.text.clone();
                    let facts: Vec<String> = line
                        .facts
                        .iter()
                        .filter(|fact| fact.label != "with")
                        .map(|fact| format!("{} {}", fact.label, fact.text))
                        .collect();
                    if !facts.is_empty() {
                        text += &format!("  ({})", facts.join(", "));
                    }
                    below.extend(pad(inner, &text).into_iter().map(Todo::Line));
                }
                Entry::Unit(at) => below.push(Todo::Unit(*at, inner)),
            }
        }
        below.extend(unit.beside.iter().map(|at| Todo::Unit(*at, inner)));
        below.reverse();
        todo.extend(below);
    }
    lines
}

fn titled(unit: &Unit) -> String {
    let said = matches!(&unit.key, Key::Head(head) if head.contains(&unit.title));
    match unit.title.as_str() {
        "" => String::new(),
        _ if said => String::new(),
        title => format!("\"{title}\""),
    }
}
