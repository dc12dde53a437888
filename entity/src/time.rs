//! The one written form of a time: UTC, six digits, always the same width, so that it sorts as text on SQLite.

use sea_orm::prelude::DateTimeUtc;
use serde::Serializer;

/// The text form used in both databases: `2026-11-22T09:30:00.000000+00:00`.
pub const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6f+00:00";

/// Writes a time in [`FORMAT`].
pub fn micros<S: Serializer>(time: &DateTimeUtc, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format(FORMAT))
}

/// Writes a time in [`FORMAT`], or null.
pub fn micros_or_null<S: Serializer>(time: &Option<DateTimeUtc>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => micros(time, serializer),
        None => serializer.serialize_none(),
    }
}
