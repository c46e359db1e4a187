//! For a comment in a review: GitHub-flavoured Markdown.

use crate::difference::{Change, Difference, Row, cells};

/// Ended by a newline. `old` and `new` are how the two versions are called.
pub fn markdown(old: &str, new: &str, differences: &[Difference]) -> String {
    let (old, new) = (code(old), code(new));
    if differences.is_empty() {
        return format!("{old} and {new} mean the same.\n");
    }
    let count = match differences.len() {
        1 => "One difference".to_owned(),
        n => format!("{n} differences"),
    };
    let mut out = format!("**{count} in meaning** from {old} to {new}\n");
    for difference in differences {
        out += &format!("\n#### {}\n", heading(difference));
        if !difference.places.is_empty() {
            let places: Vec<String> = difference.places.iter().map(|place| code(place)).collect();
            out += &format!("\n{}\n", places.join(", "));
        }
        for block in blocks(difference) {
            out.push('\n');
            match block {
                Block::Signed(lines) => {
                    let fence = fence(&lines);
                    out += &format!("{fence}diff\n{}\n{fence}\n", lines.join("\n"));
                }
                Block::Sentences(sentences) => {
                    for sentence in sentences {
                        out += &format!("- {sentence}\n");
                    }
                }
            }
        }
    }
    out
}

enum Block {
    Signed(Vec<String>),
    Sentences(Vec<String>),
}

fn blocks(difference: &Difference) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for change in &difference.changes {
        let signed = signed(change);
        match (blocks.last_mut(), signed.is_empty()) {
            (Some(Block::Signed(lines)), false) => lines.extend(signed),
            (_, false) => blocks.push(Block::Signed(signed)),
            (Some(Block::Sentences(all)), true) => all.push(sentence(change)),
            (_, true) => blocks.push(Block::Sentences(vec![sentence(change)])),
        }
    }
    blocks
}

fn heading(difference: &Difference) -> String {
    let mut heading = match difference.name.as_str() {
        "" => difference.what.to_owned(),
        name => format!("{} {}", difference.what, code(name)),
    };
    if let Some(within) = &difference.within {
        heading += &format!(", in {}", code(within));
    }
    if !difference.title.is_empty() {
        heading += &format!(": {}", plain(&difference.title));
    }
    match (difference.changes.first(), difference.what) {
        (_, "places") => format!("In {} places", difference.places.len()),
        (Some(Change::Added { .. }), _) => format!("New: {heading}"),
        (Some(Change::Removed { .. }), _) => format!("Gone: {heading}"),
        _ => capital(&heading),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Lines of a `diff` block; none for what is better said in words.
fn signed(change: &Change) -> Vec<String> {
    let all = |sign: char, text: &str| -> Vec<String> {
        text.lines().map(|line| format!("{sign} {line}")).collect()
    };
    match change {
        Change::Added { lines } => lines.iter().map(|line| format!("+ {line}")).collect(),
        Change::Removed { lines } => lines.iter().map(|line| format!("- {line}")).collect(),
        Change::Fact { label, old, new } => {
            let said = |text: &str| match text {
                "yes" => label.clone(),
                text => format!("{label} {text}"),
            };
            let old = old.as_deref().map(|text| all('-', &said(text)));
            let new = new.as_deref().map(|text| all('+', &said(text)));
            old.into_iter().chain(new).flatten().collect()
        }
        Change::Line { old, new } => {
            let old = old.as_deref().map(|text| all('-', text));
            let new = new.as_deref().map(|text| all('+', text));
            old.into_iter().chain(new).flatten().collect()
        }
        _ => Vec::new(),
    }
}

fn sentence(change: &Change) -> String {
    match change {
        Change::Renamed { old, new } => format!("renamed from {} to {}", code(old), code(new)),
        Change::Moved { old, new } => format!("moved from {} to {}", code(old), code(new)),
        Change::Reordered { line, old, new } => {
            let what = line.as_ref().map(|line| format!("{}: ", code(line)));
            format!("{}was {old}, is now {new}", what.unwrap_or_default())
        }
        Change::Decides { input, old, new } => {
            let input = match cells(input).as_str() {
                "" => "always".to_owned(),
                input => format!("for {}", code(input)),
            };
            format!("{input}: {} before, now {}", row(old), row(new))
        }
        Change::DecidesMore => "and more inputs that are decided differently".to_owned(),
        Change::Undecided { why } => {
            format!("what it decides cannot be compared: {why}")
        }
        _ => String::new(),
    }
}

fn row(row: &Row) -> String {
    format!("{} (row {})", code(&cells(&row.gives)), row.row)
}

/// Text that Markdown does not read anything in.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "\\`*_<[".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn code(text: &str) -> String {
    let text = text.replace('\n', " ");
    match text.contains('`') {
        true => format!("`` {text} ``"),
        false => format!("`{text}`"),
    }
}

/// Longer than any in it.
fn fence(lines: &[String]) -> String {
    let mut longest = 2;
    for line in lines {
        let mut run = 0;
        for c in line.chars() {
            run = if c == '`' { run + 1 } else { 0 };
            longest = longest.max(run);
        }
    }
    "`".repeat(longest + 1)
}
