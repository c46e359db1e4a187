//! The name somebody probably meant.

/// The candidate that is nearest to `word`, where one is near enough to be meant: at most one slip in three
/// characters (a letter more, less or other, or two neighbours swapped). The first of equals is taken.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = word.chars().count();
    if length == 0 || length > 64 {
        return None;
    }
    let mut best: Option<(usize, &'c str)> = None;
    for candidate in candidates {
        let allowed = (length.max(candidate.chars().count()) / 3).clamp(1, 4);
        if length.abs_diff(candidate.chars().count()) > allowed {
            continue;
        }
        let distance = slips(&word.to_lowercase(), &candidate.to_lowercase());
        // Two letters have nothing in common after one slip but half of themselves.
        let near = distance <= allowed && distance < length.min(candidate.chars().count());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours.
fn slips(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for row in 1..=left.len() {
        let mut this = vec![row; right.len() + 1];
        for column in 1..=right.len() {
            let same = left[row - 1] == right[column - 1];
            let mut least = (last[column] + 1)
                .min(this[column - 1] + 1)
                .min(last[column - 1] + usize::from(!same));
            let swapped = row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1];
            if swapped {
                least = least.min(before[column - 2] + 1);
            }
            this[column] = least;
        }
        before = std::mem::replace(&mut last, this);
    }
    last[right.len()]
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
