//! How alike two texts look, for ranking what a search found: trigrams over folded text, as the extension `pg_trgm` makes
//! them, so that both databases rank alike. It decides nothing about persons; companies' names are compared by it.

use super::name::search_folds;

/// The share of trigrams two texts have in common, 0 to 1. Both texts are folded here, both ways, and the better fold counts.
pub fn similarity(a: &str, b: &str) -> f64 {
    best_fold(a, b, |a, b| jaccard(&grams(a), &grams(b)))
}

/// How well a text answers a search, 0 to 1: for each word searched, the most alike word of the text, averaged. A word that
/// begins as searched counts at least 0.8, so that a name still being typed is found.
pub fn search_rank(query: &str, text: &str) -> f64 {
    best_fold(query, text, |query, text| {
        let words: Vec<(&str, Vec<Gram>)> = text.split(' ').map(|word| (word, grams(word))).collect();
        let mut sum = 0.0;
        let mut count = 0.0;
        for searched in query.split(' ').filter(|word| !word.is_empty()) {
            let wanted = grams(searched);
            let best = words
                .iter()
                .map(|(word, grams)| {
                    let alike = jaccard(&wanted, grams);
                    if word.starts_with(searched) { alike.max(0.8) } else { alike }
                })
                .fold(0.0, f64::max);
            sum += best;
            count += 1.0;
        }
        if count > 0.0 { sum / count } else { 0.0 }
    })
}

type Gram = [char; 3];

fn best_fold(a: &str, b: &str, score: impl Fn(&str, &str) -> f64) -> f64 {
    let (a, b) = (search_folds(a), search_folds(b));
    let mut best = 0.0_f64;
    for left in &a {
        for right in &b {
            best = best.max(score(left, right));
        }
    }
    best
}

/// The trigrams of a text that is already folded, sorted, none twice: each word with two spaces before and one behind.
fn grams(folded: &str) -> Vec<Gram> {
    let mut all = Vec::with_capacity(folded.len() + 4);
    for word in folded.split(' ').filter(|word| !word.is_empty()) {
        let mut window = [' ', ' ', ' '];
        for c in word.chars().chain(std::iter::once(' ')) {
            window = [window[1], window[2], c];
            all.push(window);
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn jaccard(a: &[Gram], b: &[Gram]) -> f64 {
    let common = a.iter().filter(|gram| b.binary_search(gram).is_ok()).count();
    let all = a.len() + b.len() - common;
    if all == 0 {
        0.0
    } else {
        f64::from(u32::try_from(common).unwrap_or(u32::MAX)) / f64::from(u32::try_from(all).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trigrams_are_those_of_pg_trgm() {
        let trigrams = |text| grams(text).iter().map(String::from_iter).collect::<Vec<_>>();
        assert_eq!(trigrams("cat"), ["  c", " ca", "at ", "cat"]);
        assert_eq!(trigrams(""), Vec::<String>::new());
    }

    #[test]
    fn a_typo_ranks_below_the_name_and_above_a_stranger() {
        let (exact, typo, other) = (
            search_rank("mueller", "Anna Müller"),
            search_rank("Muler", "Anna Müller"),
            search_rank("Schmidt", "Anna Müller"),
        );
        assert!(exact > 0.99 && typo > 0.4 && typo < exact && other < 0.2, "{exact} {typo} {other}");
        assert!(similarity("Müller", "Muller") > 0.99);
        assert!(search_rank("", "Anna").abs() < f64::EPSILON);
    }
}
