//! When a request was signed: where that stands, in which form, and how far it may be from our clock.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::mapping::document::{MappingError, Node};
use super::super::mapping::load::seconds;
use super::place::Place;

/// A longer tolerance would outlive the deliveries that are remembered.
const MOST: i64 = 86_400;

/// What products allow, where a recipe says nothing.
const DEFAULT: i64 = 300;

/// The forms of a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// ISO 8601 with its offset from UTC.
    Iso8601,
}

impl Format {
    /// The moment, if the text is one in this form.
    pub fn parse(self, text: &str) -> Option<DateTime<Utc>> {
        let number = || {
            let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
            if digits { text.parse::<i64>().ok() } else { None }
        };
        match self {
            Self::Unix => DateTime::from_timestamp(number()?, 0),
            Self::UnixMs => DateTime::from_timestamp_millis(number()?),
            Self::Iso8601 => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
        }
    }
}

/// The timestamp of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    /// Where it stands.
    pub place: Place,
    /// Its form.
    pub format: Format,
    /// How far it may be from our clock, before and after.
    pub tolerance: TimeDelta,
}

impl Timestamp {
    /// Reads `{ header, separator, prefix, format, tolerance }`.
    pub fn load(node: Node<'_>) -> Result<Self, MappingError> {
        let mut entries = node.table("the timestamp")?;
        let place = Place::load_entries(&mut entries)?;
        let format = entries.require("format")?;
        let format = match format.text()? {
            "unix" => Format::Unix,
            "unix-ms" => Format::UnixMs,
            "iso8601" => Format::Iso8601,
            other => {
                return Err(format.fail(format!("unknown format `{other}`; known are unix, unix-ms, iso8601")));
            }
        };
        let tolerance =
            entries.take("tolerance").map(tolerance).transpose()?.unwrap_or(TimeDelta::seconds(DEFAULT));
        entries.finish()?;
        Ok(Self { place, format, tolerance })
    }
}

/// How far a timestamp may be from our clock.
pub(super) fn tolerance(node: Node<'_>) -> Result<TimeDelta, MappingError> {
    let span = seconds(node)?;
    if span > MOST {
        return Err(node.fail("the tolerance is at most 1d: deliveries are remembered for a few days only"));
    }
    Ok(TimeDelta::seconds(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_reads_its_own() {
        let at = |format: Format, text: &str| format.parse(text).map(|time| time.timestamp());
        assert_eq!(at(Format::Unix, "1614265330"), Some(1_614_265_330));
        assert_eq!(at(Format::UnixMs, "1614265330123"), Some(1_614_265_330));
        assert_eq!(at(Format::Iso8601, "2021-02-25T15:02:10Z"), Some(1_614_265_330));
        assert_eq!(at(Format::Iso8601, "2021-02-25T16:02:10.5+01:00"), Some(1_614_265_330));
        for text in ["", "-1", "+1", "1.5", "1e9", "99999999999999999999", "2021-02-25", " 1"] {
            for format in [Format::Unix, Format::UnixMs, Format::Iso8601] {
                assert_eq!(at(format, text), None, "{format:?} {text}");
            }
        }
    }
}
