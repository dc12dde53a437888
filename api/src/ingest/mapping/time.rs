//! Times as sources spell them. Everything becomes microseconds, between 1900 and 2199; UTC where it is kept.

use chrono::format::{Fixed, Item, StrftimeItems};
use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Timelike,
    Utc,
};
use chrono_tz::Tz;

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
    /// `2026-11-21T22:46:41.358+0100`: `T` or a blank, seconds or none, any spelling of the offset.
    Iso,
    /// The same without an offset, in this zone.
    Local(Where),
    /// A number since 1970: 0 seconds, 3 milliseconds, 6 microseconds, 9 nanoseconds.
    Unix(i32),
    /// A pattern, and the zone of its times.
    Pattern(String, Where),
}

/// Which zone a time is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// It says so itself.
    Told,
    /// In this one.
    In(Zone),
    /// In the source's.
    Source,
}

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// The same the whole year.
    Fixed(FixedOffset),
    /// By the rules of a place.
    Named(Tz),
}

impl Zone {
    /// `UTC`, `Z`, `+01:00` or a name of the IANA database such as `Europe/Berlin`.
    pub fn named(text: &str) -> Option<Self> {
        if matches!(text, "UTC" | "Z") {
            return FixedOffset::east_opt(0).map(Self::Fixed);
        }
        text.parse().map(Self::Fixed).ok().or_else(|| text.parse().map(Self::Named).ok())
    }

    /// The moment a clock there shows this. An hour that comes twice is the first of the two; one that is left out is moved on by
    /// what the clock was.
    fn moment(self, local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::Fixed(zone) => zone.from_local_datetime(&local).single(),
            Self::Named(zone) => {
                let at =
                    |local: NaiveDateTime| zone.from_local_datetime(&local).earliest().map(|time| time.fixed_offset());
                // The longest hour that a place left out was a day.
                let moved = |hours: i64| {
                    let gap = TimeDelta::hours(hours);
                    at(local.checked_sub_signed(gap)?)?.checked_add_signed(gap)
                };
                at(local).or_else(|| (1..=25).find_map(moved)).map(|time| time.with_timezone(&zone).fixed_offset())
            }
        }
    }
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
        .find_map(|format| format.read(text, None).transpose())
        .unwrap_or_else(|| Err(not_a_time()))
}

/// Reads the value by the first format that fits; `zone` is the source's.
pub fn parse(value: &Val<'_>, formats: &[Format], zone: Option<Zone>) -> Result<DateTime<FixedOffset>, Problem> {
    if let Val::Time(time) = value {
        return Ok(*time);
    }
    let mut beyond = None;
    for format in formats {
        let read = match (format, value) {
            (Format::Unix(_), Val::Number(text) | Val::Text(text)) | (_, Val::Text(text)) => {
                format.read(text.trim(), zone)
            }
            (_, Val::Number(_)) => Ok(None),
            _ => return Err(Problem::wrong_type("a time", value)),
        };
        match read {
            Ok(Some(time)) => return Ok(time),
            Ok(None) => {}
            // Milliseconds read as seconds: the next format may fit.
            Err(problem) => beyond = beyond.or(Some(problem)),
        }
    }
    Err(beyond.unwrap_or_else(not_a_time))
}

fn not_a_time() -> Problem {
    let text = "is not a time in the expected format (with its zone); `time` in the mapping can declare another one";
    Problem { code: RejectCode::WrongType, text: text.into() }
}

impl Format {
    /// The format of that name in a mapping; anything with a percent sign is a pattern.
    pub fn named(name: &str, zone: Option<Zone>) -> Option<Self> {
        let place = zone.map_or(Where::Source, Where::In);
        Some(match name {
            "rfc3339" => Self::Rfc3339,
            "postgres" => Self::Postgres,
            "date" => Self::Date,
            "unix_s" => Self::Unix(0),
            "unix_ms" => Self::Unix(3),
            "iso" => Self::Iso,
            "local" => Self::Local(place),
            "unix_us" => Self::Unix(6),
            "unix_ns" => Self::Unix(9),
            pattern if is_pattern(pattern) => {
                Self::Pattern(pattern.to_owned(), if names_zone(pattern) { Where::Told } else { place })
            }
            _ => return None,
        })
    }

    /// Whether it is read in the zone of the source.
    pub fn needs_zone(&self) -> bool {
        matches!(self, Self::Local(Where::Source) | Self::Pattern(_, Where::Source))
    }

    /// None: the text is not of this format. An error: it is, but not in range.
    fn read(&self, text: &str, source: Option<Zone>) -> Result<Option<DateTime<FixedOffset>>, Problem> {
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
            Self::Iso => {
                ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%dT%H:%M%#z"]
                    .iter()
                    .find_map(|pattern| DateTime::parse_from_str(text, pattern).ok())
            }
            Self::Local(place) => ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
                .iter()
                .find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok())
                .and_then(|time| place.or(source).moment(time)),
            Self::Pattern(pattern, Where::Told) => DateTime::parse_from_str(text, pattern).ok(),
            Self::Pattern(pattern, place) => NaiveDateTime::parse_from_str(text, pattern)
                .ok()
                .or_else(|| NaiveDate::parse_from_str(text, pattern).ok().map(|date| date.and_time(NaiveTime::MIN)))
                .and_then(|time| place.or(source).moment(time)),
        };
        let Some(time) = read else { return Ok(None) };
        in_range(time.year())?;
        // A leap second or finer digits: the database keeps microseconds.
        Ok(time.with_nanosecond(time.nanosecond().min(999_999_999) / 1_000 * 1_000))
    }
}

impl Where {
    /// The zone itself. A mapping that needs the source's is not loaded without one; UTC is for trying it alone.
    fn or(self, source: Option<Zone>) -> Zone {
        match self {
            Self::In(zone) => zone,
            Self::Told | Self::Source => source.unwrap_or(Zone::Named(Tz::UTC)),
        }
    }
}

fn unix(number: Decimal, power: i32) -> Result<DateTime<Utc>, Problem> {
    let range = || Problem::out_of_range("is not between the years 1900 and 2199");
    let micros = number.shift(power).map_err(|_| range())?.round(0).to_i64().ok_or_else(range)?;
    DateTime::from_timestamp_micros(micros).ok_or_else(range)
}

/// Whether chrono understands the pattern. The name of a zone (`%Z`) it would skip when reading, and take the time for another.
pub fn is_pattern(pattern: &str) -> bool {
    let mut items = StrftimeItems::new(pattern);
    pattern.contains('%') && items.all(|item| !matches!(item, Item::Error | Item::Fixed(Fixed::TimezoneName)))
}

/// Whether a time of this pattern says its own zone: whether what it writes can be read without being told one.
pub fn names_zone(pattern: &str) -> bool {
    let written = DateTime::UNIX_EPOCH.fixed_offset().format(pattern).to_string();
    DateTime::parse_from_str(&written, pattern).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str, format: &str, zone_text: Option<&str>) -> Result<String, RejectCode> {
        let format = Format::named(format, zone_text.and_then(Zone::named)).unwrap();
        parse(&Val::Text(value.into()), &[format], None).map(|time| text(time.to_utc())).map_err(|problem| problem.code)
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
    fn clocks_of_a_place_are_read_by_its_rules() {
        let berlin = |value: &str| read(value, "local", Some("Europe/Berlin")).unwrap();
        assert_eq!(berlin("2026-07-01 12:00:00"), "2026-07-01T10:00:00.000000Z");
        assert_eq!(berlin("2026-12-01T12:00"), "2026-12-01T11:00:00.000000Z");
        // The hour that comes twice is the first of the two; the one left out is moved on.
        assert_eq!(berlin("2026-10-25 02:30:00.5"), "2026-10-25T00:30:00.500000Z");
        assert_eq!(berlin("2026-03-29 02:30:00"), "2026-03-29T01:30:00.000000Z");
        assert_eq!(read("21.11.2026", "%d.%m.%Y", Some("Europe/Berlin")), Ok("2026-11-20T23:00:00.000000Z".into()));
        let samoa = Zone::named("Pacific/Apia").unwrap();
        let format = Format::named("local", None).unwrap();
        let read = parse(&Val::Text("2011-12-30 12:00:00".into()), &[format], Some(samoa)).unwrap();
        assert_eq!(text(read.to_utc()), "2011-12-30T22:00:00.000000Z");
        assert!(Zone::named("Europe/Atlantis").is_none());
    }

    #[test]
    fn any_spelling_of_an_offset_is_iso() {
        for spelled in [
            "2026-11-21T23:46:41.000+0100",
            "2026-11-21 23:46:41+01:00",
            "2026-11-21T22:46:41Z",
            "2026-11-21T23:46:41+01",
            "2026-11-21 22:46:41 +0000",
        ] {
            assert_eq!(read(spelled, "iso", None), Ok("2026-11-21T22:46:41.000000Z".into()), "{spelled}");
        }
        assert_eq!(read("2026-11-21T22:46:41", "iso", None), Err(RejectCode::WrongType));
        assert_eq!(read("1795301201358907123", "unix_ns", None), Ok("2026-11-21T22:46:41.358907Z".into()));
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        assert_eq!(read("1899-12-31T23:59:59Z", "rfc3339", None), Err(RejectCode::OutOfRange));
        assert_eq!(read("99999999999999999999", "unix_s", None), Err(RejectCode::OutOfRange));
        assert_eq!(read("2026-11-21 22:46:41", "postgres", None), Err(RejectCode::WrongType));
        assert_eq!(read("soon", "rfc3339", None), Err(RejectCode::WrongType));
        assert!(Format::named("%Q", None).is_none());
        assert!(Format::named("epoch", None).is_none());
        assert!(
            Format::named("%d %b %Y %H:%M %Z", Zone::named("Europe/Berlin")).is_none(),
            "a zone's name is not read"
        );
    }

    #[test]
    fn the_first_format_that_fits_counts() {
        let formats = [Format::named("unix_s", None).unwrap(), Format::named("unix_ms", None).unwrap()];
        let read = |value: &str| parse(&Val::Text(value.into()), &formats, None).map(|time| text(time.to_utc()));
        assert_eq!(read("1795301201358").unwrap(), "2026-11-21T22:46:41.358000Z");
        assert_eq!(read("1795301201").unwrap(), "2026-11-21T22:46:41.000000Z");
        assert_eq!(read("99999999999999999999").unwrap_err().code, RejectCode::OutOfRange);
    }
}
