//! The name of a person taken apart for comparison: given names, initials, family names. Nothing of it is shown.
//!
//! Who shares an e-mail or a number but is someone else is the household or the office: there the family name says little and
//! the given name decides. So two given names count as one only if one person would write both.

use super::name::{is_salutation, is_title, name_sort, repair, sound, without_titles};

/// The parts of one name, folded by [`sound`]. Each list may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonName {
    /// Given names: the first, and all of them joined where there are several.
    pub given: Vec<String>,
    /// The first letter of a given name that was not written out.
    pub initials: Vec<char>,
    /// Family names: the whole, and the parts of a double name.
    pub family: Vec<String>,
}

impl PersonName {
    /// Takes the attributes apart. The full name counts only for the parts that are not given on their own.
    pub fn parse(given: Option<&str>, family: Option<&str>, full: Option<&str>) -> Self {
        let mut name = Self::default();
        if let Some(given) = given {
            name.add_given(given);
        }
        if let Some(family) = family {
            name.add_family(family);
        }
        if let Some(full) = full
            && name.given.is_empty()
            && name.initials.is_empty()
            && name.family.is_empty()
        {
            name.add_full(full);
        }
        name
    }

    /// The first letters of the given names, as the spelling key writes them.
    pub fn letters(&self) -> Vec<char> {
        let written_out = self.given.iter().filter_map(|given| given.chars().next());
        self.initials.iter().copied().chain(written_out).collect()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.initials.is_empty() && self.family.is_empty()
    }

    fn add_given(&mut self, text: &str) {
        let folded = without_titles(&name_sort(&repair(text)));
        let mut words = folded.split(' ').filter(|word| !word.is_empty());
        let Some(first) = words.next() else { return };
        if first.chars().count() == 1 {
            // In the letters of the spelling key, like the names it is compared with.
            self.initials.extend(sound(first).chars());
            return;
        }
        push(&mut self.given, sound(first));
        let joined: String = folded.split(' ').collect();
        push(&mut self.given, sound(&joined));
    }

    fn add_family(&mut self, text: &str) {
        let folded = without_titles(&name_sort(&repair(text)));
        push(&mut self.family, sound(&folded));
        for part in folded.split(' ').filter(|part| part.len() > 2) {
            push(&mut self.family, sound(part));
        }
    }

    /// `Given Family`, `Family, Given`, `G. Family`, `Frau Family`. A single word says nothing about which part it is.
    fn add_full(&mut self, text: &str) {
        let text = repair(text);
        if let Some((family, given)) = text.split_once(',') {
            self.add_given(given);
            self.add_family(family);
            return;
        }
        // Words as written, so that a double name stays one word.
        let words: Vec<String> = text.split_whitespace().map(name_sort).filter(|word| !word.is_empty()).collect();
        let names: Vec<&str> = words.iter().map(String::as_str).filter(|word| !is_title(word)).collect();
        match names.as_slice() {
            [single] if words.first().is_some_and(|word| is_salutation(word)) => self.add_family(single),
            [] | [_] => {}
            [given, family @ ..] => {
                self.add_given(given);
                self.add_family(&family.join(" "));
            }
        }
    }
}

/// Whether one person would write both given names: the same sound, one slip of the pen inside, or a short form.
pub fn same_given(a: &str, b: &str) -> bool {
    a == b || slip(a, b) || short_form(a, b) || short_form(b, a)
}

/// Whether two family names are one: the same sound, or one slip of the pen inside.
pub fn same_family(a: &str, b: &str) -> bool {
    a == b || slip(a, b)
}

/// One edit (or two letters exchanged) between the first and the last letter. The ends are kept because they tell `Jan` from
/// `Jana` and `Marie` from `Maria`: one letter, two people.
fn slip(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().min(b.len()) < 4 || a.len().abs_diff(b.len()) > 1 || a.first() != b.first() || a.last() != b.last() {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    if a.len() != b.len() {
        return head + tail >= a.len().min(b.len());
    }
    let differing = a.len().saturating_sub(head + tail);
    differing <= 1 || (differing == 2 && a[head] == b[head + 1] && a[head + 1] == b[head])
}

/// Whether `short` is the beginning of `long`, as in `Alex` and `Andi`: at least three letters, and at least two more in the
/// long form, so that `Daniel` is not short for `Daniela`.
fn short_form(short: &str, long: &str) -> bool {
    let stem = short.strip_suffix('i').unwrap_or(short);
    let letters = stem.chars().count();
    letters >= 3 && long.chars().count() >= letters + 2 && short != long && long.starts_with(stem)
}

fn push(list: &mut Vec<String>, value: String) {
    if !value.is_empty() && !list.contains(&value) {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_are_taken_apart() {
        let full = |text| PersonName::parse(None, None, Some(text));
        assert_eq!(full("Prof. Dr. Anna Beck"), full("Beck, Anna"));
        assert_eq!(full("A. Beck").initials, ['a']);
        assert_eq!(full("A. Beck").family, ["bek"]);
        assert_eq!(full("Frau Beck").family, ["bek"]);
        assert!(full("Beck").is_empty());
        assert_eq!(PersonName::parse(Some("Anna"), None, Some("Anna Beck")).family, Vec::<String>::new());
    }

    #[test]
    fn one_person_writes_both() {
        for (a, b) in [
            ("Alex", "Alexander"),
            ("Andi", "Andreas"),
            ("Thomas", "Tohmas"),
            ("Michael", "Micheal"),
            ("Hans-Peter", "Hans"),
        ] {
            assert!(same_given(&sound(a), &sound(b)), "{a} {b}");
        }
        for (a, b) in
            [("Jan", "Jana"), ("Marie", "Maria"), ("Daniel", "Daniela"), ("Anna", "Emma"), ("Simon", "Simone")]
        {
            assert!(!same_given(&sound(a), &sound(b)), "{a} {b}");
        }
    }
}
