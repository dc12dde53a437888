//! Records as the doors hand them over: the object a row of a CSV file becomes, or the message a product sends.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value};

use super::dice::Clock;
use crate::ingest::envelope::{Envelope, Op};

/// Times as the demo's sources spell them.
pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// An envelope that was received right after its time, and never after now.
pub(super) fn envelope(clock: &Clock, source: &str, stream: &str, at: DateTime<Utc>, payload: String) -> Envelope {
    Envelope {
        source: source.to_owned(),
        stream: stream.to_owned(),
        key: None,
        op: Op::Upsert,
        payload: payload.into_boxed_str(),
        occurred_at: None,
        received_at: clock.later(at, 1),
        dedupe_key: None,
        sync: None,
    }
}

/// A row of a CSV file in the making.
pub(super) struct Row {
    source: &'static str,
    stream: &'static str,
    at: DateTime<Utc>,
    cells: Map<String, Value>,
}

impl Row {
    pub(super) fn new(source: &'static str, stream: &'static str, at: DateTime<Utc>) -> Self {
        Self { source, stream, at, cells: Map::new() }
    }

    /// Fills a cell; an empty one is null, as the reader of CSV files makes it.
    pub(super) fn set(mut self, column: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        let value = if text.is_empty() { Value::Null } else { Value::String(text) };
        self.cells.insert(column.to_owned(), value);
        self
    }

    /// Fills a cell with what there may be.
    pub(super) fn maybe(self, column: &str, text: Option<impl Into<String>>) -> Self {
        self.set(column, text.map(Into::into).unwrap_or_default())
    }

    /// Fills a cell with a time.
    pub(super) fn time(self, column: &str, at: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.maybe(column, at.into().map(time))
    }

    /// Fills a cell with a day.
    pub(super) fn day(self, column: &str, day: impl Into<Option<NaiveDate>>) -> Self {
        self.maybe(column, day.into().map(|day| day.to_string()))
    }

    /// Fills a cell with an amount in euros and cents.
    pub(super) fn money(self, column: &str, cents: i64) -> Self {
        self.set(column, format!("{}.{:02}", cents / 100, cents % 100))
    }

    /// Fills several cells.
    pub(super) fn all(self, cells: &[(&'static str, String)]) -> Self {
        cells.iter().fold(self, |row, (column, text)| row.set(column, text.as_str()))
    }

    /// The record as the door would hand it over.
    pub(super) fn done(self, clock: &Clock) -> Envelope {
        envelope(clock, self.source, self.stream, self.at, Value::Object(self.cells).to_string())
    }
}
