//! What must never be seen outside: a statement, a path of ours, a word of a driver, a panic. Every answer and everything the
//! binary says is scanned for it.

/// Words that only our inside uses, in small letters. `select`, `insert` and the like are also English: they count only as
/// the beginning of a statement.
const INSIDE: [&str; 25] = [
    "select '",
    "select \"",
    "select json",
    "insert into",
    "update \"",
    "delete from",
    "sqlx",
    "sqlite_",
    "sqlstate",
    "sea-orm",
    "sea_orm",
    "error returned from database",
    "(code:",
    "constraint failed",
    "violates ",
    "no such table",
    "relation \"",
    "pool timed out",
    "os error",
    "panicked",
    "rust_backtrace",
    "src/",
    ".rs:",
    ".cargo",
    "unwrap()",
];

/// Longer than any word of ours: a sealed cursor, in which any four letters turn up by chance.
const SEALED: usize = 64;

fn without_sealed(text: &str) -> String {
    let in_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    text.split_inclusive(|letter| !in_word(letter))
        .map(|piece| if piece.trim_end_matches(|letter| !in_word(letter)).len() > SEALED { "" } else { piece })
        .collect()
}

/// Fails where the text shows something of our inside, or one of these values of a person.
pub fn assert_clean(text: &str, personal: &[&str]) {
    let small = without_sealed(text).to_lowercase();
    for word in INSIDE {
        assert!(!small.contains(word), "{word:?} is shown in:\n{text}");
    }
    for value in personal {
        assert!(!text.contains(value), "the value {value:?} is shown in:\n{text}");
    }
}
