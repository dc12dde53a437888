//! What a mutation may hold. Each fault names the field of the input, so that a form can show it beside it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::catalogue::check::day;
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;
use crate::identity::normalise::{MAX_LENGTH, email, phone};
use crate::silo::crm::record::is_purpose;

/// What is written down: a note, the evidence of a consent.
pub(super) fn text(text: &str, field: &str) -> Result<String> {
    within(text, field, 10_000)
}

/// A value of a customer.
pub(super) fn value(value: &str, field: &str) -> Result<String> {
    within(value, field, MAX_LENGTH)
}

fn within(text: &str, field: &str, most: usize) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().nth(most).is_some() || text.contains('\0') {
        return Err(Error::bad_input(format!("`{field}` takes 1 to {most} characters, without NUL.")));
    }
    Ok(text.to_owned())
}

/// A moment that has been. A client's clock may be a minute ahead.
pub(super) fn past(at: &Timestamp, field: &str, now: DateTime<Utc>) -> Result<String> {
    if at.time().is_none_or(|at| at > now + TimeDelta::minutes(1)) {
        return Err(Error::bad_input(format!(
            "`{field}` lies ahead. Give a moment that has been, or leave it out for now."
        )));
    }
    Ok(at.as_str().to_owned())
}

/// The purpose of a consent.
pub(super) fn purpose(purpose: &str) -> Result<String> {
    if is_purpose(purpose) {
        return Ok(purpose.to_owned());
    }
    Err(Error::bad_input("`purpose` is one word in capitals, such as MARKETING or PRODUCT_NEWS."))
}

/// An e-mail address, as it was written.
pub(super) fn email(raw: &str) -> Result<String> {
    match email::normalise(raw) {
        Ok(_) => value(raw, "email"),
        Err(_) => Err(Error::bad_input("`email` takes one address, such as anna@example.org.")),
    }
}

/// A phone number in E.164; a national one is read with the first of these countries.
pub(super) fn phone<'a>(raw: &str, countries: impl IntoIterator<Item = &'a str>) -> Result<String> {
    let found = phone::dialled(raw, countries).into_iter().next();
    found.ok_or_else(|| {
        Error::bad_input("`phone` takes one number, such as +49 30 1234567, or as dialled in `country`.")
    })
}

/// A country's code.
pub(super) fn country(code: &str) -> Result<String> {
    let code = code.trim().to_ascii_uppercase();
    if phone::is_country(&code) {
        return Ok(code);
    }
    Err(Error::bad_input("`country` takes a code of ISO 3166 with two letters, such as DE."))
}

/// A language's tag, by its shape.
pub(super) fn language(tag: &str) -> Result<String> {
    let tag = tag.trim();
    let mut parts = tag.split('-');
    let first =
        parts.next().is_some_and(|part| matches!(part.len(), 2 | 3) && part.bytes().all(|b| b.is_ascii_alphabetic()));
    if first && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Ok(tag.to_owned());
    }
    Err(Error::bad_input("`language` takes a tag of BCP 47, such as de or en-GB."))
}

/// A day that somebody can have been born on.
pub(super) fn birth_date(text: &str, now: DateTime<Utc>) -> Result<String> {
    let day = day("birthDate", text)?;
    if day > now.date_naive() {
        return Err(Error::bad_input("`birthDate` lies ahead."));
    }
    Ok(day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_are_called() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(phone("020 7946 0018", ["GB", "DE"]).unwrap(), "+442079460018");
        assert_eq!(country(" gb ").unwrap(), "GB");
        assert_eq!(language("zh-Hant-TW").unwrap(), "zh-Hant-TW");
        assert_eq!(birth_date("1980-02-29", now).unwrap(), "1980-02-29");
        let faults = [
            email("anna"),
            phone("call me", ["DE"]),
            country("Germany"),
            country("UK"),
            language("German"),
            birth_date("29.02.1980", now),
            birth_date("1981-02-29", now),
            birth_date("2080-01-01", now),
            purpose("Marketing"),
            value("  ", "city"),
            past(&now.into(), "recordedAt", now - TimeDelta::hours(1)),
        ];
        for fault in faults {
            let message = fault.unwrap_err().message;
            assert!(message.starts_with('`'), "{message}");
        }
    }
}
