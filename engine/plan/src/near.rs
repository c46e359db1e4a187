//! The name that was probably meant.

/// The candidate nearest to `word`, if it is near enough to be worth saying: at most a third of the word's
/// letters differ. Case does not count. Of equals the first.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(64).collect();
    let enough = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let other: Vec<char> = candidate.to_lowercase().chars().take(64).collect();
            (distance(&word, &other), candidate)
        })
        .filter(|(distance, candidate)| {
            // Two words with nothing in common are not near, however short they are.
            *distance <= enough && *distance < word.len().min(candidate.chars().count())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, delete, change or swap with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_a_letter_is_near_and_another_word_is_not() {
        let names = ["roll_back", "quick_fix", "monitor"];
        assert_eq!(nearest("rollback", names), Some("roll_back"));
        assert_eq!(nearest("mointor", names), Some("monitor"));
        assert_eq!(nearest("QUICK_FIX", names), Some("quick_fix"));
        assert_eq!(nearest("restart", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("p0", ["P1", "P0"]), Some("P0"));
    }
}
