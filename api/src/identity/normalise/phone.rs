//! Telephone numbers in E.164, and the forms under which a dialled number is looked up.
//!
//! A national number is read with the record's country, else the installation's. A number that no network of its country could
//! have given out is kept as weak: people look for it, but it joins nobody. An extension stays beside the number
//! (`+4930123456;ext=12`), or a whole office would be one person.

use std::str::FromStr;

use phonenumber::{Mode, country};

use super::{Normalised, Refusal, checked};
use crate::identity::Strength;

/// What writes an extension behind a number, the longer first.
const EXTENSION_MARKS: [&str; 9] = [";ext=", "extension", "durchwahl", "ext.", "ext", "nebenstelle", "dw.", "dw", "x"];

/// The one form of a number, or why it is none.
pub fn normalise(raw: &str, country: Option<&str>, default_country: Option<&str>) -> Result<Normalised, Refusal> {
    let (main, extension) = split_extension(&cleaned(checked(raw)?));
    let region = country.and_then(region).or_else(|| default_country.and_then(region));
    let number = phonenumber::parse(region, &main).map_err(|_| Refusal::NotAPhoneNumber)?;
    let mut value = number.format().mode(Mode::E164).to_string();
    // E.164 allows 15 digits; under 7 no network answers from abroad.
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if !(7..=15).contains(&digits) || value.bytes().skip(1).any(|b| !b.is_ascii_digit()) {
        return Err(Refusal::NotAPhoneNumber);
    }
    let strength = if number.is_valid() { Strength::Strong } else { Strength::Weak };
    if let Some(extension) = extension {
        value.push_str(";ext=");
        value.push_str(&extension);
    }
    Ok(Normalised { value, strength })
}

/// The normalised forms a number as dialled or displayed may be stored under, the likeliest first, none twice: read as
/// international, then with each of the countries.
pub fn dialled<'a>(raw: &str, countries: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    for country in std::iter::once(None).chain(countries.into_iter().map(Some)) {
        if let Ok(found) = normalise(raw, country, None)
            && !forms.contains(&found.value)
        {
            forms.push(found.value);
        }
    }
    forms
}

/// Whether it is the code of a country, ISO 3166 alpha-2.
pub fn is_country(code: &str) -> bool {
    region(code).is_some()
}

/// The region of a two-letter country code, in whatever case.
fn region(code: &str) -> Option<country::Id> {
    country::Id::from_str(&code.trim().to_ascii_uppercase()).ok()
}

/// Lower case, `tel:` off, the trunk zero in `+49 (0) 30` out, a leading `00` as `+`.
fn cleaned(raw: &str) -> String {
    let lower = raw.to_lowercase();
    let mut text = lower.strip_prefix("tel:").unwrap_or(&lower).trim().to_owned();
    if let Some(rest) = text.strip_prefix("00")
        && rest.starts_with(|c: char| ('1'..='9').contains(&c))
    {
        text = format!("+{rest}");
    }
    if text.starts_with('+') {
        text = text.replacen("(0)", "", 1);
    }
    text
}

/// The number and its extension, if one is marked.
fn split_extension(text: &str) -> (String, Option<String>) {
    for mark in EXTENSION_MARKS {
        if let Some((main, rest)) = text.split_once(mark) {
            let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
            let plain = rest.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | ':' | '-'));
            if plain && (1..=8).contains(&digits.len()) {
                return (main.trim().to_owned(), Some(digits));
            }
        }
    }
    (text.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_german_way_to_write_it_is_one_number() {
        for raw in [
            "+49 171 2345678",
            "0049 171 2345678",
            "0171/2345678",
            "0171-234 56 78",
            "+49 (0) 171 2345678",
            "tel:+491712345678",
        ] {
            let found = normalise(raw, Some("de"), None).unwrap();
            assert_eq!((found.value.as_str(), found.strength), ("+491712345678", Strength::Strong), "{raw}");
        }
    }

    #[test]
    fn the_records_country_goes_before_the_default() {
        assert_eq!(normalise("020 7946 0018", Some("GB"), Some("DE")).unwrap().value, "+442079460018");
        assert_eq!(normalise("0171 2345678", None, Some("DE")).unwrap().value, "+491712345678");
        assert_eq!(normalise("0171 2345678", None, None), Err(Refusal::NotAPhoneNumber));
    }

    #[test]
    fn an_extension_stays_beside_the_number() {
        for raw in ["030 1234567 ext. 12", "030 1234567 Durchwahl 12", "+49301234567;ext=12", "030 1234567 x12"] {
            assert_eq!(normalise(raw, Some("DE"), None).unwrap().value, "+49301234567;ext=12", "{raw}");
        }
    }

    #[test]
    fn what_no_network_gave_out_is_weak_or_refused() {
        assert_eq!(normalise("+49 111 1111111", None, None).unwrap().strength, Strength::Weak);
        for raw in ["", "000", "call me", "+", "12"] {
            assert!(normalise(raw, Some("DE"), None).is_err(), "{raw}");
        }
    }

    #[test]
    fn a_dialled_number_is_looked_up_in_each_country() {
        assert_eq!(dialled("0171 2345678", ["DE", "DE"]), ["+491712345678"]);
        assert_eq!(dialled("+491712345678", ["GB"]), ["+491712345678"]);
    }
}
