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

/// Fails where the text shows something of our inside, or one of these values of a person.
pub fn assert_clean(text: &str, personal: &[&str]) {
    let small = text.to_lowercase();
    for word in INSIDE {
        assert!(!small.contains(word), "{word:?} is shown in:\n{text}");
    }
    for value in personal {
        assert!(!text.contains(value), "the value {value:?} is shown in:\n{text}");
    }
}
