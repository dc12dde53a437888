//! Checks that records of several silos share: days, currencies, countries, what comes before what.
//!
//! What fails is said with the name of the field and what to do, never with the value: it may be personal.

use chrono::{Datelike, NaiveDate};

use crate::error::{Error, Result};

/// A day in the text form `YYYY-MM-DD`, of the years 1900 to 2199.
pub fn day(field: &str, text: &str) -> Result<NaiveDate> {
    NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
        .ok()
        .filter(|day| (1900..=2199).contains(&day.year()))
        .ok_or_else(|| {
            Error::bad_input(format!("`{field}` is no day of the years 1900 to 2199. Write it as YYYY-MM-DD."))
        })
}

/// A day that may be missing, in the one text form that sorts by time.
pub fn day_text(field: &str, text: Option<&String>) -> Result<Option<String>> {
    text.map(|text| day(field, text).map(|day| day.to_string())).transpose()
}

/// A currency: three letters, kept as capitals.
pub fn currency(text: Option<String>) -> Result<Option<String>> {
    letters(text, 3, "The currency is not three letters. Let the mapping give its ISO 4217 code, such as EUR.")
}

/// A country: two letters, kept as capitals.
pub fn country(text: Option<String>) -> Result<Option<String>> {
    letters(text, 2, "The country is not two letters. Let the mapping give its ISO 3166 code, such as DE.")
}

/// Refuses what ends before it begins; where one of the two is missing there is nothing to say.
pub fn in_order<T: PartialOrd>(earlier: Option<T>, later: Option<T>, sentence: &str) -> Result<()> {
    match (earlier, later) {
        (Some(earlier), Some(later)) if later < earlier => Err(Error::bad_input(sentence)),
        _ => Ok(()),
    }
}

fn letters(text: Option<String>, count: usize, sentence: &str) -> Result<Option<String>> {
    let Some(mut text) = text else { return Ok(None) };
    if text.len() != count || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(Error::bad_input(sentence));
    }
    text.make_ascii_uppercase();
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_real_and_sort_as_text() {
        assert_eq!(day("starts_on", "2028-2-29").unwrap().to_string(), "2028-02-29");
        for wrong in ["2026-02-29", "29.02.2028", "1899-12-31", "2200-01-01", ""] {
            let error = day("starts_on", wrong).unwrap_err();
            assert!(wrong.is_empty() || !error.message.contains(wrong), "{}", error.message);
        }
        assert_eq!(day_text("ends_on", None).unwrap(), None);
    }

    #[test]
    fn codes_are_letters_of_one_length() {
        assert_eq!(currency(Some("eur".to_owned())).unwrap().as_deref(), Some("EUR"));
        assert!(currency(Some("€".to_owned())).is_err());
        assert!(country(Some("Germany".to_owned())).is_err());
        assert_eq!(country(None).unwrap(), None);
    }

    #[test]
    fn order_is_only_asked_where_both_are_known() {
        assert!(in_order(Some(2), Some(1), "Turn them round.").is_err());
        assert!(in_order(Some(1), Some(1), "Turn them round.").is_ok());
        assert!(in_order(Some(2), None, "Turn them round.").is_ok());
    }
}
