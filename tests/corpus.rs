//! Files of the repository, and ways to make a mess of one.

use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Fails with the lines that differ.
pub fn assert_same(name: &str, wanted: &str, found: &str) {
    if wanted != found {
        let diff = similar::TextDiff::from_lines(wanted, found);
        panic!(
            "{name}:\n{}",
            diff.unified_diff().header("as it is", "as formatted")
        );
    }
}

/// Random choices that are the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: &str) -> Dice {
        Dice(seed.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        }))
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A statement's first line and those that must stay with it: a script, a command or an item that goes on.
fn groups(text: &str) -> Vec<Vec<&str>> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut fence: Option<String> = None;
    let mut goes_on = false;
    let mut item: Option<usize> = None;
    for line in text.lines() {
        let words = line.trim();
        let column = line.len() - line.trim_start().len();
        if item.is_some_and(|at| words.is_empty() || column < at + 2) {
            item = None;
        }
        let belongs = fence.is_some() || goes_on || item.is_some();
        match (&fence, words.find("```")) {
            (Some(ticks), _) if words == ticks => fence = None,
            (None, Some(at)) if !words.starts_with(['>', '!', '#', '-']) => {
                fence = Some(
                    words[at..]
                        .chars()
                        .take_while(|char| *char == '`')
                        .collect(),
                );
            }
            _ => {}
        }
        goes_on = fence.is_none()
            && !words.starts_with('#')
            && (line.ends_with('\\') || line.ends_with(" `"));
        if words.starts_with("- [ ]") {
            item = Some(column);
        }
        match groups.last_mut() {
            Some(group) if belongs => group.push(line),
            _ => groups.push(vec![line]),
        }
    }
    groups
}

/// Another indentation, closing braces anywhere, more blank lines where there is one, `else` on a line of its own.
pub fn relayout(text: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    // The same step for all lines: a line deeper than one that opens nothing has its own error.
    let step = [0, 1, 3, 4, 7][dice.roll(5) as usize];
    for group in groups(text) {
        let own = group[0].len() - group[0].trim_start().len();
        let closes = group[0].trim() == "}";
        let wanted = if closes {
            dice.roll(6) as usize
        } else {
            own / 2 * step
        };
        for (index, line) in group.iter().enumerate() {
            let column = line.len() - line.trim_start().len();
            let goes_on = index > 0 && group[index - 1].ends_with('\\');
            if line.trim().is_empty() || goes_on {
                out.push_str(line);
            } else if let Some(rest) = line
                .trim_start()
                .strip_prefix("} else")
                .or(line.trim_start().strip_prefix("} otherwise"))
            {
                let word = if line.contains("} else") {
                    "else"
                } else {
                    "otherwise"
                };
                out.push_str(&format!(
                    "{}}}\n{}{word}{rest}",
                    " ".repeat(wanted),
                    " ".repeat(dice.roll(9) as usize)
                ));
            } else {
                out.push_str(&" ".repeat(wanted + column.saturating_sub(own)));
                out.push_str(line.trim_start());
            }
            out.push('\n');
        }
        let blank = group[0].trim().is_empty();
        let opens = group.len() == 1 && group[0].ends_with('{');
        let more = if blank || opens { dice.roll(3) } else { 0 };
        for _ in 0..more {
            out.push_str(if dice.roll(2) == 0 { "\n" } else { "   \n" });
        }
    }
    out
}

/// All of that, and comments between and behind statements, wider blanks, tabs.
pub fn mess(text: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    let text = relayout(text, dice);
    let groups = groups(&text);
    for (index, group) in groups.iter().enumerate() {
        let words = group[0].trim();
        // A comment before `else` would move behind it.
        let next = groups.get(index + 1).map_or("", |next| next[0].trim());
        let before_else = next.starts_with("else") || next.starts_with("otherwise");
        let is_text = words.starts_with(['>', '!', '-', '|', '$', '?', '#']) || words.is_empty();
        if dice.roll(9) == 0 && !words.starts_with("else") && !words.starts_with("otherwise") {
            out.push_str(&format!(
                "{}# remark {}\n",
                " ".repeat(dice.roll(7) as usize),
                dice.roll(1000)
            ));
        }
        let verbatim = is_text
            || group.len() > 1
            || words.contains(" $ ")
            || words.contains(" ? ")
            || words.contains("\" ?");
        if verbatim {
            out.push_str(&group.join("\n"));
        } else {
            out.push_str(&widen(group[0], dice));
            match dice.roll(8) {
                0 if !before_else => out.push_str(&format!(" # note {}", dice.roll(1000))),
                1 => out.push_str("  \t"),
                _ => {}
            }
        }
        out.push('\n');
        if dice.roll(12) == 0 && !words.starts_with(['>', '!']) {
            out.push('\n');
        }
    }
    if dice.roll(3) == 0 {
        out.trim_end().to_owned()
    } else {
        out
    }
}

/// A text without its blanks, line ends and the rulers of its tables: what layout cannot change.
pub fn squeezed(text: &str) -> String {
    let is_ruler = |line: &&str| {
        line.trim().starts_with("|-") && line.trim().chars().all(|char| "|- ".contains(char))
    };
    let lines = text.lines().filter(|line| !is_ruler(line));
    lines
        .flat_map(|line| line.chars().filter(|char| !char.is_whitespace()))
        .collect()
}

/// Makes some blanks wider that stand outside of strings.
fn widen(line: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut escaped = false;
    for char in line.chars() {
        out.push(char);
        if char == ' ' && !quoted && dice.roll(5) == 0 {
            out.push_str(if dice.roll(3) == 0 { "\t" } else { "  " });
        }
        quoted ^= char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
    }
    out
}
