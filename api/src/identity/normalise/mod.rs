//! Identifiers in one form each, so that equal things compare equal. Every function here is idempotent, never panics, and
//! refuses what cannot identify anybody with a reason that tells the sender what to do. No deny list here: a well-formed
//! value that identifies nobody is the business of [`super::deny`].

pub mod email;
pub mod phone;

use super::{IdentifierKind, Strength};

/// The longest value that is taken, in characters.
pub const MAX_LENGTH: usize = 320;

/// Why a value is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing is left of it.
    #[error("the value is empty; leave the field out instead")]
    Empty,
    /// NUL or another control character.
    #[error("the value contains a control character; remove it at the source")]
    ControlCharacter,
    /// Over [`MAX_LENGTH`].
    #[error("the value is longer than 320 characters; check which field is mapped")]
    TooLong,
    /// Not the shape of an address.
    #[error("the value is not an e-mail address; expected name@domain")]
    NotAnEmail,
    /// Not the shape of a telephone number.
    #[error(
        "the value is not a telephone number; expected +<country><number>, or a national number with the record's country"
    )]
    NotAPhoneNumber,
}

/// An identifier in its one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The value to store and to compare.
    pub value: String,
    /// The most it may be: a mapping can weaken a strong identifier, never strengthen a weak one.
    pub strength: Strength,
}

/// What the record says about itself, for values that need it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The record's country, ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// The installation's country, where the record has none.
    pub default_country: Option<&'a str>,
    /// The key of the source: the scope of external ids.
    pub source: &'a str,
}

/// The one form of a value of this kind.
pub fn normalise(kind: IdentifierKind, raw: &str, context: Context<'_>) -> Result<Normalised, Refusal> {
    let strong = |value| Normalised { value, strength: Strength::Strong };
    match kind {
        IdentifierKind::Email => email::normalise(raw).map(strong),
        IdentifierKind::Phone => phone::normalise(raw, context.country, context.default_country),
        IdentifierKind::CustomerNumber | IdentifierKind::LoyaltyNumber => number(raw).map(strong),
        IdentifierKind::UserId | IdentifierKind::Cookie => opaque(raw).map(strong),
        IdentifierKind::ExternalId => external_id(raw, context.source).map(strong),
    }
}

/// A customer or loyalty number: people dictate these, so case, spaces and dashes say nothing.
pub fn number(raw: &str) -> Result<String, Refusal> {
    let value: String = checked(raw)?
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}'))
        .flat_map(char::to_uppercase)
        .collect();
    within(value)
}

/// A user id or a cookie: made by machines, so nothing but the space around it is noise.
pub fn opaque(raw: &str) -> Result<String, Refusal> {
    within(checked(raw)?.to_owned())
}

/// An id of another system as `source:key`. A value that already carries the scope stays as it is.
pub fn external_id(raw: &str, source: &str) -> Result<String, Refusal> {
    let key = checked(raw)?;
    match key.strip_prefix(source).and_then(|rest| rest.strip_prefix(':')) {
        Some("") => Err(Refusal::Empty),
        Some(_) => within(key.to_owned()),
        None => within(format!("{source}:{key}")),
    }
}

/// What holds for every kind: something is there, it is printable, and it is not a whole document.
fn checked(raw: &str) -> Result<&str, Refusal> {
    let value = raw.trim();
    if value.is_empty() {
        return Err(Refusal::Empty);
    }
    if value.chars().any(char::is_control) {
        return Err(Refusal::ControlCharacter);
    }
    if value.chars().nth(MAX_LENGTH).is_some() {
        return Err(Refusal::TooLong);
    }
    Ok(value)
}

/// The same limits for what came out: upper case can be longer than lower case.
fn within(value: String) -> Result<String, Refusal> {
    checked(&value)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_what_is_said_between_the_digits() {
        assert_eq!(number(" kd-10 42\u{2013}7 ").unwrap(), "KD10427");
        assert_eq!(number(" - "), Err(Refusal::Empty));
        assert_eq!(number("4\u{0}2"), Err(Refusal::ControlCharacter));
        assert_eq!(number(&"9".repeat(321)), Err(Refusal::TooLong));
        assert_eq!(number(&"ß".repeat(200)), Err(Refusal::TooLong));
    }

    #[test]
    fn ids_keep_their_case() {
        assert_eq!(opaque(" aB-9 ").unwrap(), "aB-9");
        assert_eq!(external_id("42", "crm").unwrap(), "crm:42");
        assert_eq!(external_id("crm:42", "crm").unwrap(), "crm:42");
        assert_eq!(external_id("crm:", "crm"), Err(Refusal::Empty));
    }
}
