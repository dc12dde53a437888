//! Masks: what remains of a text that a role may not see in full.

use super::policy::Class;

/// A text masked in place. The first letter stays, so that people on the phone can compare; for an e-mail the domain too,
/// for a phone number the country and the last two digits; of what people wrote nothing stays.
pub fn text(class: Class, value: &str) -> String {
    match class {
        Class::Contact => contact(value),
        Class::FreeText => "…".to_owned(),
        _ => value
            .split_whitespace()
            .map(|word| word.chars().next().map_or_else(String::new, |first| format!("{first}…")))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn contact(value: &str) -> String {
    if let Some((local, domain)) = value.rsplit_once('@') {
        let first = local.chars().next().map_or_else(String::new, String::from);
        return format!("{first}…@{domain}");
    }
    let digits = value.chars().filter(char::is_ascii_digit).count();
    if digits >= 6 && value.starts_with('+') {
        let head: String = value.chars().take(3).collect();
        let tail: String = value.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
        return format!("{head}…{tail}");
    }
    value.chars().next().map_or_else(|| "…".to_owned(), |first| format!("{first}…"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leaves_what_people_compare_by() {
        assert_eq!(text(Class::Contact, "anna.schmidt@example.com"), "a…@example.com");
        assert_eq!(text(Class::Contact, "+4915112345678"), "+49…78");
        assert_eq!(text(Class::Identity, "Özlem Müller"), "Ö… M…");
        assert_eq!(text(Class::FreeText, "secret"), "…");
    }

    proptest! {
        #[test]
        fn never_gives_a_long_text_back(value in "\\PC{4,60}") {
            prop_assert_ne!(text(Class::FreeText, &value), value.clone());
            prop_assert!(!text(Class::Identity, &value).contains(&value));
        }
    }
}
