//! The name somebody probably meant.

/// The candidate that is nearest to `word`, where one is near enough to be meant: at most one slip in three
/// characters (a letter more, less or other, or two neighbours swapped). The first of equals is taken.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    if word.is_empty() || word.len() > 64 {
        return None;
    }
    let mut best: Option<(usize, &'c str)> = None;
    let mut letters = Vec::new();
    for candidate in candidates {
        // A character has four bytes at most, so most candidates are told by their length.
        if candidate.len() > 4 * (word.len() + 4) {
            continue;
        }
        letters.clear();
        letters.extend(candidate.chars().flat_map(char::to_lowercase));
        let allowed = (word.len().max(letters.len()) / 3).clamp(1, 4);
        if word.len().abs_diff(letters.len()) > allowed {
            continue;
        }
        let distance = slips(&word, &letters);
        // Two letters have nothing in common after one slip but half of themselves.
        let near = distance <= allowed && distance < word.len().min(letters.len());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours.
fn slips(left: &[char], right: &[char]) -> usize {
    let width = right.len() + 1;
    // Three rows: the one before the last, the last, this one.
    let mut rows: [Vec<usize>; 3] = [vec![0; width], (0..width).collect(), vec![0; width]];
    for row in 1..=left.len() {
        let [before, last, this] = &mut rows;
        this[0] = row;
        for column in 1..width {
            let same = left[row - 1] == right[column - 1];
            let mut least = (last[column] + 1)
                .min(this[column - 1] + 1)
                .min(last[column - 1] + usize::from(!same));
            if row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1]
            {
                least = least.min(before[column - 2] + 1);
            }
            this[column] = least;
        }
        rows.rotate_left(1);
    }
    rows[1][width - 1]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const WORDS: &[&str] = &[
        "checkpoint",
        "check",
        "step",
        "section",
        "on",
        "in",
        "notify",
    ];

    #[test]
    fn a_slip_finds_the_word_that_was_meant() {
        assert_eq!(
            nearest("chekpoint", WORDS.iter().copied()),
            Some("checkpoint")
        );
        assert_eq!(nearest("stpe", WORDS.iter().copied()), Some("step"));
        assert_eq!(nearest("notfiy", WORDS.iter().copied()), Some("notify"));
        assert_eq!(nearest("Section", WORDS.iter().copied()), Some("section"));
    }

    #[test]
    fn what_is_far_from_everything_finds_nothing() {
        assert_eq!(nearest("banana", WORDS.iter().copied()), None);
        assert_eq!(nearest("x", WORDS.iter().copied()), None);
        assert_eq!(nearest("", WORDS.iter().copied()), None);
        assert_eq!(nearest(&"step".repeat(1000), WORDS.iter().copied()), None);
    }
}
