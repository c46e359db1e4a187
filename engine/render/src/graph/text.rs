//! How wide a text is in an SVG, and its lines. No font is asked: the widths are those of wide faces, so that a text
//! fits whatever face a reader has.

use unicode_width::UnicodeWidthChar;

/// Of the text in a box, in pixels.
pub const SIZE: f64 = 13.0;
/// Of what stands on a line, and of notes.
pub const SMALL: f64 = 11.5;
/// From line to line, in sizes.
pub const LEADING: f64 = 1.35;

/// In pixels, where the letters are `size` high.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|char| em(char) * size).sum()
}

/// In parts of the size.
fn em(char: char) -> f64 {
    match char {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' | '"' | '`' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '⟨' | '⟩' => 0.95,
        char if char.is_ascii_uppercase() => 0.7,
        char if char.is_ascii() => 0.61,
        char => match char.width().unwrap_or(0) {
            0 => 0.0,
            1 => 0.7,
            _ => 1.05,
        },
    }
}

/// Lines no wider than `most` pixels; a word that is wider is cut.
pub fn wrap(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').flat_map(|word| pieces(word, size, most)) {
        if line.is_empty() {
            line = word;
        } else if width(&line, size) + width(" ", size) + width(&word, size) <= most {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(std::mem::replace(&mut line, word));
        }
    }
    lines.push(line);
    lines
}

/// Lines of much the same width: as few as there must be, and none much shorter than the others.
pub fn balance(text: &str, size: f64, most: f64) -> Vec<String> {
    let lines = wrap(text, size, most);
    let count = lines.len();
    let mut narrow = (width(text, size) / count as f64).min(most);
    while narrow < most {
        let tried = wrap(text, size, narrow);
        if tried.len() <= count {
            return tried;
        }
        narrow += size;
    }
    lines
}

fn pieces(word: &str, size: f64, most: f64) -> Vec<String> {
    if width(word, size) <= most {
        return vec![word.to_owned()];
    }
    let mut pieces = vec![String::new()];
    let mut wide = 0.0;
    for char in word.chars() {
        let more = em(char) * size;
        if wide + more > most && wide > 0.0 {
            pieces.push(String::new());
            wide = 0.0;
        }
        wide += more;
        if let Some(piece) = pieces.last_mut() {
            piece.push(char);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_their_width_and_lose_nothing() {
        for text in [
            "Is the service down or data at risk, and no minute to lose?",
            "averyveryverylongwordthatdoesnotfitanywhereatallandgoeson",
            "部署之前先通知所有人然后再继续",
            "",
        ] {
            let lines = wrap(text, SIZE, 120.0);
            assert!(
                lines.iter().all(|line| width(line, SIZE) <= 120.0),
                "{lines:?}"
            );
            let kept: String = lines.concat().replace(' ', "");
            assert_eq!(kept, text.replace(' ', ""));
            assert!(balance(text, SIZE, 120.0).len() <= lines.len());
        }
    }
}
