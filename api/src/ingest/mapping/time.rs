//! Times as sources spell them. Everything becomes microseconds, between 1900 and 2199; UTC where it is kept.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Timelike, Utc};

use super::value::{Problem, Val};
use crate::ingest::decimal::Decimal;
use crate::ingest::envelope::RejectCode;

/// How a source spells a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// `2026-11-21T22:46:41.358Z`
    Rfc3339,
    /// `2026-11-21 22:46:41.358907+00`
    Postgres,
    /// A day: its midnight in UTC.
    Date,
    /// A number since 1970: 0 seconds, 3 milliseconds, 6 microseconds.
    Unix(i32),
    /// A pattern; the zone of times whose pattern has none.
    Pattern(String, Option<FixedOffset>),
}

/// The fixed-width text of a time; sorts like the time.
pub fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Refuses years that no source means.
pub fn in_range(year: i32) -> Result<(), Problem> {
    if (1900..2200).contains(&year) {
        return Ok(());
    }
    Err(Problem::out_of_range("is not between the years 1900 and 2199"))
}

/// The first moment of a day, in UTC.
pub fn midnight(date: NaiveDate) -> Result<DateTime<Utc>, Problem> {
    in_range(date.year())?;
    Ok(date.and_time(NaiveTime::MIN).and_utc())
}

/// RFC 3339, `PostgreSQL`'s spelling, or a day: all of them unambiguous.
pub fn parse_any(text: &str) -> Result<DateTime<FixedOffset>, Problem> {
    [Format::Rfc3339, Format::Postgres, Format::Date]
        .iter()
        .find_map(|format| format.read(text).transpose())
        .unwrap_or_else(|| Err(not_a_time()))
}

/// Reads the value by the first format that fits.
pub fn parse(value: &Val<'_>, formats: &[Format]) -> Result<DateTime<FixedOffset>, Problem> {
    if let Val::Time(time) = value {
        return Ok(*time);
    }
    for format in formats {
        let read = match (format, value) {
            (Format::Unix(_), Val::Number(text) | Val::Text(text)) | (_, Val::Text(text)) => {
                format.read(text.trim())?
            }
            (_, Val::Number(_)) => None,
            _ => return Err(Problem::wrong_type("a time", value)),
        };
        if let Some(time) = read {
            return Ok(time);
        }
    }
    Err(not_a_time())
}

fn not_a_time() -> Problem {
    let text = "is not a time in the expected format (with its zone); `time` in the mapping can declare another one";
    Problem { code: RejectCode::WrongType, text: text.into() }
}

impl Format {
    /// The format of that name in a mapping; anything with a percent sign is a pattern.
    pub fn named(name: &str, zone: Option<FixedOffset>) -> Option<Self> {
        Some(match name {
            "rfc3339" => Self::Rfc3339,
            "postgres" => Self::Postgres,
            "date" => Self::Date,
            "unix_s" => Self::Unix(0),
            "unix_ms" => Self::Unix(3),
            "unix_us" => Self::Unix(6),
            pattern if is_pattern(pattern) => Self::Pattern(pattern.to_owned(), zone),
            _ => return None,
        })
    }

    /// None: the text is not of this format. An error: it is, but not in range.
    fn read(&self, text: &str) -> Result<Option<DateTime<FixedOffset>>, Problem> {
        let read = match self {
            Self::Rfc3339 => DateTime::parse_from_rfc3339(text).ok(),
            Self::Postgres => DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok(),
            Self::Date => match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
                Ok(date) => Some(midnight(date)?.fixed_offset()),
                Err(_) => None,
            },
            Self::Unix(power) => match Decimal::parse(text) {
                Ok(number) => Some(unix(number, 6 - power)?.fixed_offset()),
                Err(_) => None,
            },
            Self::Pattern(pattern, None) => DateTime::parse_from_str(text, pattern).ok(),
            Self::Pattern(pattern, Some(zone)) => NaiveDateTime::parse_from_str(text, pattern)
                .ok()
                .or_else(|| NaiveDate::parse_from_str(text, pattern).ok().map(|date| date.and_time(NaiveTime::MIN)))
                .and_then(|time| time.and_local_timezone(*zone).single()),
        };
        let Some(time) = read else { return Ok(None) };
        in_range(time.year())?;
        // A leap second or finer digits: the database keeps microseconds.
        Ok(time.with_nanosecond(time.nanosecond().min(999_999_999) / 1_000 * 1_000))
    }
}

fn unix(number: Decimal, power: i32) -> Result<DateTime<Utc>, Problem> {
    let range = || Problem::out_of_range("is not between the years 1900 and 2199");
    let micros = number.shift(power).map_err(|_| range())?.round(0).to_i64().ok_or_else(range)?;
    DateTime::from_timestamp_micros(micros).ok_or_else(range)
}

/// Whether chrono understands the pattern.
pub fn is_pattern(pattern: &str) -> bool {
    let mut items = chrono::format::StrftimeItems::new(pattern);
    pattern.contains('%') && items.all(|item| !matches!(item, chrono::format::Item::Error))
}

/// Whether a time of this pattern says its own zone: whether what it writes can be read without being told one.
pub fn names_zone(pattern: &str) -> bool {
    let written = DateTime::UNIX_EPOCH.fixed_offset().format(pattern).to_string();
    DateTime::parse_from_str(&written, pattern).is_ok()
}

/// A fixed zone: `UTC`, `Z` or `+01:00`.
pub fn zone(text: &str) -> Option<FixedOffset> {
    if matches!(text, "UTC" | "Z") { FixedOffset::east_opt(0) } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str, format: &str, zone_text: Option<&str>) -> Result<String, RejectCode> {
        let format = Format::named(format, zone_text.and_then(zone)).unwrap();
        parse(&Val::Text(value.into()), &[format]).map(|time| text(time.to_utc())).map_err(|problem| problem.code)
    }

    #[test]
    fn reads_what_sources_write() {
        let same = "2026-11-21T22:46:41.358907Z".to_owned();
        assert_eq!(read("2026-11-21T22:46:41.358907+00:00", "rfc3339", None), Ok(same.clone()));
        assert_eq!(read("2026-11-21 22:46:41.358907+00", "postgres", None), Ok(same.clone()));
        assert_eq!(read("2026-11-22 00:46:41.358907+02", "postgres", None), Ok(same.clone()));
        assert_eq!(read("1795301201.358907", "unix_s", None), Ok(same.clone()));
        assert_eq!(read("1795301201358907", "unix_us", None), Ok(same));
        assert_eq!(read("1795301201358", "unix_ms", None), Ok("2026-11-21T22:46:41.358000Z".into()));
        assert_eq!(
            read("21.11.2026 23:46", "%d.%m.%Y %H:%M", Some("+01:00")),
            Ok("2026-11-21T22:46:00.000000Z".into())
        );
        assert_eq!(read("2026-11-21", "date", None), Ok("2026-11-21T00:00:00.000000Z".into()));
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        assert_eq!(read("1899-12-31T23:59:59Z", "rfc3339", None), Err(RejectCode::OutOfRange));
        assert_eq!(read("99999999999999999999", "unix_s", None), Err(RejectCode::OutOfRange));
        assert_eq!(read("2026-11-21 22:46:41", "postgres", None), Err(RejectCode::WrongType));
        assert_eq!(read("soon", "rfc3339", None), Err(RejectCode::WrongType));
        assert!(Format::named("%Q", None).is_none());
        assert!(Format::named("iso", None).is_none());
    }
}
