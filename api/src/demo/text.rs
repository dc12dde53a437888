//! The demo's words. All of them are written by hand, in German and in English, and lie in `texts/`: a group begins with
//! `# name`, a text is a line, `{product}` stands for a product's name.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::dice::Dice;

/// The language a customer speaks with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    German,
    English,
}

impl Language {
    /// Its code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }
}

/// Groups of texts of one kind, in both languages.
pub(super) struct Texts {
    german: BTreeMap<&'static str, Vec<&'static str>>,
    english: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Texts {
    fn new(german: &'static str, english: &'static str) -> Self {
        Self { german: groups(german), english: groups(english) }
    }

    /// One text of the group.
    pub(super) fn pick(&self, dice: &mut Dice, language: Language, group: &str) -> &'static str {
        let groups = match language {
            Language::German => &self.german,
            Language::English => &self.english,
        };
        groups.get(group).map_or("", |texts| dice.pick(texts))
    }
}

fn groups(file: &'static str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut name = "";
    for line in file.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(next) => name = next,
            None => groups.entry(name).or_default().push(line),
        }
    }
    groups
}

/// What people answer to questionnaires.
pub(super) static SURVEYS: LazyLock<Texts> =
    LazyLock::new(|| Texts::new(include_str!("texts/surveys.de.txt"), include_str!("texts/surveys.en.txt")));

/// What sales and service leave for the next.
pub(super) static NOTES: LazyLock<Texts> =
    LazyLock::new(|| Texts::new(include_str!("texts/notes.de.txt"), include_str!("texts/notes.en.txt")));

/// What people write to the service desk and hear from it: topic, touchpoint, subject, question, answer, internal note.
pub(super) static TICKETS: LazyLock<Texts> =
    LazyLock::new(|| Texts::new(include_str!("texts/tickets.de.txt"), include_str!("texts/tickets.en.txt")));

/// What people say of us in public: title and text by stars, and what we answer.
pub(super) static REVIEWS: LazyLock<Texts> =
    LazyLock::new(|| Texts::new(include_str!("texts/reviews.de.txt"), include_str!("texts/reviews.en.txt")));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_groups() {
        for texts in [&SURVEYS, &NOTES, &TICKETS, &REVIEWS] {
            let names: Vec<_> = texts.german.keys().collect();
            assert_eq!(names, texts.english.keys().collect::<Vec<_>>());
            assert!(texts.german.values().chain(texts.english.values()).all(|group| group.len() > 1));
        }
        for group in TICKETS.german.values().chain(TICKETS.english.values()) {
            assert!(group.iter().all(|text| text.split('|').count() == 6), "six parts each");
        }
    }
}
