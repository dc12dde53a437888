//! The one written form of a time: UTC, six digits, always the same width, so that it sorts as text on SQLite.

use chrono::{Datelike, Timelike};
use sea_orm::prelude::DateTimeUtc;
use serde::Serializer;

/// The text form used in both databases: `2026-11-22T09:30:00.000000+00:00`.
pub const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6f+00:00";

/// A time in [`FORMAT`], put together by hand: a row has several, and reading the format each time costs ten times as much.
pub fn text(time: &DateTimeUtc) -> String {
    let (year, nanos) = (u32::try_from(time.year()).unwrap_or(u32::MAX), time.nanosecond());
    // Years of another width, and leap seconds.
    if year > 9_999 || nanos >= 1_000_000_000 {
        return time.format(FORMAT).to_string();
    }
    let mut text = *b"0000-00-00T00:00:00.000000+00:00";
    let parts = [
        (0..4, year),
        (5..7, time.month()),
        (8..10, time.day()),
        (11..13, time.hour()),
        (14..16, time.minute()),
        (17..19, time.second()),
        (20..26, nanos / 1_000),
    ];
    for (place, number) in parts {
        let mut rest = number;
        for digit in text[place].iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes a time in [`FORMAT`].
pub fn micros<S: Serializer>(time: &DateTimeUtc, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(time))
}

/// Writes a time in [`FORMAT`], or null.
pub fn micros_or_null<S: Serializer>(time: &Option<DateTimeUtc>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => micros(time, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_time_is_written_as_the_format_says() {
        for seconds in [-62_167_219_200, -62_167_219_201, -1, 0, 1_795_341_600, 253_402_300_799, 253_402_300_800] {
            for nanos in [0, 1_000, 999_999_999, 1_500_000_000] {
                let Some(time) = DateTime::from_timestamp(seconds, nanos) else { continue };
                assert_eq!(text(&time), time.format(FORMAT).to_string());
            }
        }
    }
}
