//! Times as the API shows them. A time goes from the database to the answer as text: only its ending is tidied.

use std::cmp::Ordering;
use std::fmt;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, SubsecRound, Utc};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// A moment in UTC, RFC 3339 with up to six digits of a second: `2026-11-22T09:30:00Z`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timestamp(String);

impl Ord for Timestamp {
    /// By moment: without the closing `Z`, a shorter text is the earlier of two that begin alike.
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.trim_end_matches('Z').cmp(other.0.trim_end_matches('Z'))
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Timestamp {
    /// From the text that a database gives.
    fn tidy(text: &str) -> Self {
        let Some(text) = text.strip_suffix("+00:00").or_else(|| text.strip_suffix('Z')) else {
            // Another offset: a session that is not in UTC, as behind a pooler that drops its settings.
            return match DateTime::parse_from_rfc3339(text) {
                Ok(time) => time.to_utc().into(),
                Err(_) => Self::tidy_utc(text),
            };
        };
        Self::tidy_utc(text)
    }

    fn tidy_utc(text: &str) -> Self {
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
        let mut tidy = String::with_capacity(text.len() + 1);
        tidy.push_str(text);
        tidy.push('Z');
        Self(tidy)
    }

    /// The moment itself.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(&self.0).ok().map(|time| time.to_utc())
    }

    /// The text shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self::tidy(&time.trunc_subsecs(6).format(entity::time::FORMAT).to_string())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Tidy)
    }
}

struct Tidy;

impl Visitor<'_> for Tidy {
    type Value = Timestamp;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time")
    }

    fn visit_str<E>(self, text: &str) -> Result<Timestamp, E> {
        Ok(Timestamp::tidy(text))
    }
}

/// A moment in UTC, RFC 3339: `2026-11-22T09:30:00Z`. In arguments any offset is taken.
#[Scalar(name = "DateTime")]
impl ScalarType for Timestamp {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let time = DateTime::parse_from_rfc3339(text)
            .map_err(|_| InputValueError::custom("a DateTime looks like 2026-11-22T09:30:00Z"))?
            .to_utc();
        if !in_range(time) {
            return Err(InputValueError::custom("a DateTime lies between the years 1900 and 2199"));
        }
        Ok(time.into())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Whether a moment is one that people mean: the years 1900 to 2199.
pub fn in_range(time: DateTime<Utc>) -> bool {
    use chrono::Datelike;
    (1900..=2199).contains(&time.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_give_the_same_text() {
        for text in ["2026-11-22T09:30:00+00:00", "2026-11-22T09:30:00.000000+00:00", "2026-11-22T09:30:00Z"] {
            assert_eq!(Timestamp::tidy(text).as_str(), "2026-11-22T09:30:00Z");
        }
        for text in ["2026-11-22T10:30:00+01:00", "2026-11-22T04:00:00.000000-05:30"] {
            assert_eq!(Timestamp::tidy(text).as_str(), "2026-11-22T09:30:00Z");
        }
        assert_eq!(Timestamp::tidy("2026-11-22T09:30:10.120000+00:00").as_str(), "2026-11-22T09:30:10.12Z");
        assert!(Timestamp::tidy("2026-11-22T09:30:10.12").time().is_some());
        assert!(Timestamp::tidy("2026-11-22T09:30:10Z") < Timestamp::tidy("2026-11-22T09:30:10.12Z"));
    }
}
