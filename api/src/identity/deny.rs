//! The deny list: well-formed values that identify nobody, as configuration text. What is on it is stored and shown, and
//! never joins. Junk that no list can know is caught by the degree limits in [`super::decide`].

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::IdentifierKind;
use super::normalise::{Context, normalise};

/// The list that is built in.
pub const DEFAULT: &str = include_str!("deny.toml");

/// Values that never join.
#[derive(Debug, Clone, Default)]
pub struct DenyList {
    exact: HashMap<IdentifierKind, HashSet<String>>,
    patterns: Vec<(IdentifierKind, Pattern)>,
    email_locals: HashSet<String>,
    email_domains: HashSet<String>,
    birth_dates: HashSet<String>,
}

#[derive(Debug, Clone)]
enum Pattern {
    Begins(String),
    Ends(String),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Lists {
    email: Vec<String>,
    email_local: Vec<String>,
    email_domain: Vec<String>,
    phone: Vec<String>,
    customer_number: Vec<String>,
    loyalty_number: Vec<String>,
    user_id: Vec<String>,
    cookie: Vec<String>,
    external_id: Vec<String>,
    birth_date: Vec<String>,
}

impl DenyList {
    /// Reads a list. An unknown key is an error: it would be a value that is not denied after all.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let lists: Lists = toml::from_str(text)?;
        let mut deny = Self {
            email_locals: lists.email_local.iter().map(|local| local.trim().to_lowercase()).collect(),
            email_domains: lists.email_domain.iter().map(|domain| domain.trim().to_lowercase()).collect(),
            birth_dates: lists.birth_date.into_iter().collect(),
            ..Self::default()
        };
        for (kind, values) in [
            (IdentifierKind::Email, lists.email),
            (IdentifierKind::Phone, lists.phone),
            (IdentifierKind::CustomerNumber, lists.customer_number),
            (IdentifierKind::LoyaltyNumber, lists.loyalty_number),
            (IdentifierKind::UserId, lists.user_id),
            (IdentifierKind::Cookie, lists.cookie),
            (IdentifierKind::ExternalId, lists.external_id),
        ] {
            for value in values {
                deny.add(kind, &value);
            }
        }
        Ok(deny)
    }

    /// Whether a normalised value identifies nobody.
    pub fn is_denied(&self, kind: IdentifierKind, value: &str) -> bool {
        let value = lower_case(value);
        if kind == IdentifierKind::Email
            && let Some((local, domain)) = value.split_once('@')
            && (self.email_locals.contains(local) || self.email_domains.contains(domain))
        {
            return true;
        }
        let fits = |(of, pattern): &(IdentifierKind, Pattern)| {
            *of == kind
                && match pattern {
                    Pattern::Begins(start) => value.starts_with(start.as_str()),
                    Pattern::Ends(end) => value.ends_with(end.as_str()),
                }
        };
        self.patterns.iter().any(fits) || self.exact.get(&kind).is_some_and(|values| values.contains(value.as_ref()))
    }

    /// Whether a birth date is a form's default and says nothing.
    pub fn is_denied_birth_date(&self, date: &str) -> bool {
        self.birth_dates.contains(date)
    }

    fn add(&mut self, kind: IdentifierKind, value: &str) {
        let lower = value.trim().to_lowercase();
        if let Some(start) = lower.strip_suffix('*') {
            self.patterns.push((kind, Pattern::Begins(start.to_owned())));
        } else if let Some(end) = lower.strip_prefix('*') {
            self.patterns.push((kind, Pattern::Ends(end.to_owned())));
        } else if kind == IdentifierKind::ExternalId {
            // Written with its scope, as it is stored.
            self.exact.entry(kind).or_default().insert(lower);
        } else {
            // What does not normalise never reaches the list; it is kept as it is, which harms nobody.
            let value = normalise(kind, &lower, Context::default()).map_or(lower, |found| found.value.to_lowercase());
            self.exact.entry(kind).or_default().insert(value);
        }
    }
}

/// Most values are in lower case already, and this is asked for each of them.
fn lower_case(value: &str) -> Cow<'_, str> {
    if value.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
        Cow::Owned(value.to_lowercase())
    } else {
        Cow::Borrowed(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_reads_and_denies() {
        let deny = DenyList::parse(DEFAULT).unwrap();
        assert!(deny.is_denied(IdentifierKind::Email, "test@test.com"));
        assert!(deny.is_denied(IdentifierKind::Email, "noreply@firma.de"));
        assert!(deny.is_denied(IdentifierKind::UserId, "Guest"));
        assert!(deny.is_denied(IdentifierKind::CustomerNumber, "N/A"));
        assert!(!deny.is_denied(IdentifierKind::Email, "anna@firma.de"));
        assert!(deny.is_denied_birth_date("1900-01-01"));
    }

    #[test]
    fn a_list_may_be_empty_and_must_be_spelt_right() {
        assert!(!DenyList::parse("").unwrap().is_denied(IdentifierKind::Email, "test@test.com"));
        assert!(DenyList::parse("emails = []").is_err());
    }

    #[test]
    fn patterns_and_domains() {
        let deny =
            DenyList::parse("email_domain = [\"junk.de\"]\nphone = [\"+49111*\"]\ncookie = [\"*-kiosk\"]").unwrap();
        assert!(deny.is_denied(IdentifierKind::Email, "x@junk.de"));
        assert!(deny.is_denied(IdentifierKind::Phone, "+491111111"));
        assert!(deny.is_denied(IdentifierKind::Cookie, "hall-kiosk"));
        assert!(!deny.is_denied(IdentifierKind::Phone, "hall-kiosk"));
    }
}
