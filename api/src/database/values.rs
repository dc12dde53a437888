//! The values of one column of the rows to be written.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnType, Value};
use uuid::Uuid;

use super::sql::Bind;
use crate::error::{Error, Result};

/// One column's values, row by row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Ids.
    Id(Vec<Option<Uuid>>),
    /// Texts.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Numbers with a fraction.
    Real(Vec<Option<f64>>),
    /// Yes or no.
    Flag(Vec<Option<bool>>),
    /// Times.
    Time(Vec<Option<DateTime<Utc>>>),
    /// JSON, as text.
    Json(Vec<Option<String>>),
}

impl Values {
    /// None yet, of a column of this type.
    pub fn of(kind: &ColumnType) -> Self {
        match kind {
            ColumnType::Uuid => Self::Id(Vec::new()),
            ColumnType::TinyInteger | ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => {
                Self::Int(Vec::new())
            }
            ColumnType::Float | ColumnType::Double => Self::Real(Vec::new()),
            ColumnType::Boolean => Self::Flag(Vec::new()),
            ColumnType::Timestamp | ColumnType::TimestampWithTimeZone => Self::Time(Vec::new()),
            ColumnType::Json | ColumnType::JsonBinary => Self::Json(Vec::new()),
            _ => Self::Text(Vec::new()),
        }
    }

    /// The type of an array of them on PostgreSQL, which narrows whole numbers by itself as it writes them.
    pub fn array(&self) -> &'static str {
        match self {
            Self::Id(_) => "::uuid[]",
            Self::Text(_) => "::text[]",
            Self::Int(_) => "::bigint[]",
            Self::Real(_) => "::double precision[]",
            Self::Flag(_) => "::boolean[]",
            Self::Time(_) => "::timestamptz[]",
            Self::Json(_) => "::text[]::jsonb[]",
        }
    }

    /// Puts the value of a row: the next one, or one that is there already, which it replaces.
    ///
    /// # Errors
    /// A value of another type than the column's, which would be a mistake in `entity`.
    pub fn put(&mut self, row: usize, value: Value) -> Result<()> {
        match (self, value) {
            (Self::Id(all), Value::Uuid(value)) => put(all, row, value),
            (Self::Text(all), Value::String(value)) => put(all, row, value),
            (Self::Int(all), Value::SmallInt(value)) => put(all, row, value.map(i64::from)),
            (Self::Int(all), Value::Int(value)) => put(all, row, value.map(i64::from)),
            (Self::Int(all), Value::BigInt(value)) => put(all, row, value),
            (Self::Real(all), Value::Float(value)) => put(all, row, value.map(f64::from)),
            (Self::Real(all), Value::Double(value)) => put(all, row, value),
            (Self::Flag(all), Value::Bool(value)) => put(all, row, value),
            (Self::Time(all), Value::ChronoDateTimeUtc(value)) => put(all, row, value),
            (Self::Json(all), Value::Json(value)) => put(all, row, value.map(|value| value.to_string())),
            _ => return Err(Error::internal("a row's value is not of its column's type")),
        }
        Ok(())
    }

    /// Adds the value of a row as PostgreSQL's `COPY` reads it in its text format.
    pub fn push_copied(&self, row: usize, line: &mut String) {
        // Writing to a text cannot fail.
        let _ = match self {
            Self::Id(all) => copied(all, row, line, |line, id| {
                line.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
                Ok(())
            }),
            Self::Text(all) | Self::Json(all) => copied(all, row, line, |line, text| {
                escape(text, line);
                Ok(())
            }),
            Self::Int(all) => copied(all, row, line, |line, number| write!(line, "{number}")),
            Self::Real(all) => copied(all, row, line, |line, number| write!(line, "{number}")),
            Self::Flag(all) => copied(all, row, line, |line, flag| write!(line, "{flag}")),
            Self::Time(all) => copied(all, row, line, |line, time| write!(line, "{}Z", time.naive_utc())),
        };
    }

    /// Takes the value of a row out, as a bind of its own.
    pub fn take(&mut self, row: usize) -> Bind {
        match self {
            Self::Id(all) => Bind::Id(take(all, row)),
            Self::Text(all) | Self::Json(all) => Bind::Text(take(all, row)),
            Self::Int(all) => Bind::Int(take(all, row)),
            Self::Real(all) => Bind::Real(take(all, row)),
            Self::Flag(all) => Bind::Int(take(all, row).map(i64::from)),
            Self::Time(all) => Bind::Time(take(all, row)),
        }
    }
}

fn copied<T>(
    all: &[Option<T>],
    row: usize,
    line: &mut String,
    push: impl FnOnce(&mut String, &T) -> std::fmt::Result,
) -> std::fmt::Result {
    match all.get(row) {
        Some(Some(value)) => push(line, value),
        _ => line.write_str("\\N"),
    }
}

/// Adds a text without what ends a value, a line or the stream.
fn escape(text: &str, line: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
        let (plain, special) = rest.split_at(at);
        line.push_str(plain);
        line.push_str(match special.as_bytes()[0] {
            b'\t' => "\\t",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => "\\\\",
        });
        rest = &special[1..];
    }
    line.push_str(rest);
}

fn put<T>(all: &mut Vec<Option<T>>, row: usize, value: Option<T>) {
    match all.get_mut(row) {
        Some(there) => *there = value,
        None => all.push(value),
    }
}

fn take<T>(all: &mut [Option<T>], row: usize) -> Option<T> {
    all.get_mut(row).and_then(Option::take)
}

impl From<Values> for Bind {
    fn from(values: Values) -> Self {
        Self::Column(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_text_keeps_what_would_end_it_and_is_not_taken_for_null() {
        let values = Values::Text(vec![Some("a\tb\\N\r\nc".into()), None, Some("\\.".into()), Some(String::new())]);
        let mut line = String::new();
        for row in 0..4 {
            values.push_copied(row, &mut line);
            line.push('|');
        }
        assert_eq!(line, r"a\tb\\N\r\nc|\N|\\.||");
    }
}
