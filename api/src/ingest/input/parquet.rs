//! Parquet files: each row becomes an envelope whose payload is an object of column name to value.
//!
//! Decimals are written with all their digits, times as RFC 3339, dates as `YYYY-MM-DD`, binary as base64. A time that the
//! file declares as local is written without a zone, for the mapping to give it one. A file is read row group by row group,
//! page by page: what is held is a page of each column. The library's sentences may quote values, so none is passed on; and
//! since it may panic on a damaged file, that is caught here. What it would make room for is bounded before it reads: the claims
//! of a file in `bounds`, a row of it in `guard`, and all rows here.

mod bounds;
mod guard;
mod thrift;

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::data_type::Decimal;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::ColumnDescriptor;
use serde_json::{Map, Number, Value};

use self::guard::Guarded;
use super::super::envelope::{Reject, RejectCode};
use super::super::lines::{Item, Origin, Rejected};
use super::Count;

/// What a file begins with.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";

/// Rows that are read of each column at a time.
const PART: usize = 256;

/// Rows that are many times as large as their file are made to be: equal ones take next to nothing in it.
const RATIO: u64 = 1_000;

/// So much may come of any file.
const FREE: u64 = 64 << 20;

/// What a row costs beside its text.
const ROW: u64 = 64;

/// How a top column's times are meant where its values do not say it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meant {
    /// As they are.
    Plain,
    /// Times without a zone.
    Local,
    /// Nanoseconds since 1970; without a zone or not.
    Nanos { local: bool },
}

/// The records of a Parquet file. An error is the file's: reading ends there.
pub(super) struct Rows {
    read: RowIter<'static>,
    meant: Vec<Meant>,
    origin: Origin,
    stream: String,
    count: Count,
    /// The row that was read, counted from 1.
    row: u64,
    of: u64,
    bytes: u64,
    out: u64,
}

impl Rows {
    /// Reads the file's table of contents.
    pub fn new(file: File, origin: Origin, stream: &str, count: Count) -> io::Result<Self> {
        let bytes = file.metadata()?.len();
        caught(|| {
            bounds::contents(&file)?;
            let pages = file.try_clone()?;
            let reader = SerializedFileReader::new(file).map_err(|_| damaged())?;
            let metadata = reader.metadata();
            let schema = metadata.file_metadata().schema_descr();
            if let Some(column) = schema.columns().iter().find(|column| !is_known(column)) {
                return Err(invalid(format!("its column {} is of a type that is not read", column.path())));
            }
            bounds::pages(&pages, metadata)?;
            let groups = metadata.row_groups();
            let of = groups.iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum();
            let meant = schema.root_schema().get_fields().iter().map(|field| meaning(field)).collect();
            // Of a row that repeats it is not known how much there is.
            let repeats = schema.columns().iter().any(|column| column.max_rep_level() > 0);
            let part = if repeats { 1 } else { PART };
            let read = RowIter::from_file_into(Box::new(Guarded(reader))).with_batch_size(part);
            Ok(Self { read, meant, origin, stream: stream.to_owned(), count, row: 0, of, bytes, out: 0 })
        })
    }

    fn payload(&self, row: Row) -> Result<String, Reject> {
        let mut fields = Map::new();
        for (position, (name, field)) in row.into_columns().into_iter().enumerate() {
            let meant = self.meant.get(position).copied().unwrap_or(Meant::Plain);
            let value = value(field, meant)
                .map_err(|(code, what)| Reject::new(code, format!("The column {} of the row {what}.", position + 1)))?;
            fields.insert(name, value);
        }
        let payload = Value::Object(fields).to_string();
        if payload.len() > self.origin.line_bytes {
            let most = self.origin.line_bytes;
            let reason =
                format!("The row is longer than {most} bytes (intake.line_bytes). Leave out what is not needed.");
            return Err(Reject::new(RejectCode::LineTooLong, reason));
        }
        Ok(payload)
    }
}

impl Iterator for Rows {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = caught(|| match self.read.next() {
            None => Ok(None),
            Some(Ok(row)) => Ok(Some(row)),
            Some(Err(_)) => Err(damaged()),
        });
        let row = match read {
            Ok(row) => row?,
            Err(error) => return Some(Err(error)),
        };
        self.row += 1;
        // What was read of the file is not told; rows are a measure of it too.
        let part = u128::from(self.bytes) * u128::from(self.row) / u128::from(self.of.max(1));
        self.count.set(u64::try_from(part).unwrap_or(self.bytes).min(self.bytes));
        let payload = self.payload(row);
        self.out += ROW + payload.as_ref().map_or(0, |payload| payload.len() as u64);
        if self.out > FREE && self.out / RATIO > self.bytes {
            return Some(Err(invalid(format!(
                "its rows are more than {RATIO} times its size. If that is meant, write them as CSV"
            ))));
        }
        Some(Ok(match payload {
            Ok(payload) => Ok(self.origin.envelope(&self.stream, None, payload)),
            Err(reject) => Err(Rejected::new(self.row, &self.origin, &self.stream, "{}", &reject)),
        }))
    }
}

fn caught<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged()))
}

fn damaged() -> io::Error {
    invalid("this is no Parquet file, or it is damaged".to_owned())
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// What the library does not read it would panic on.
fn is_known(column: &ColumnDescriptor) -> bool {
    !matches!(column.converted_type(), ConvertedType::INTERVAL | ConvertedType::BSON)
}

fn meaning(field: &parquet::schema::types::Type) -> Meant {
    match field.get_basic_info().logical_type_ref() {
        Some(LogicalType::Timestamp(time)) => match time.unit {
            TimeUnit::NANOS => Meant::Nanos { local: !time.is_adjusted_to_u_t_c },
            _ if time.is_adjusted_to_u_t_c => Meant::Plain,
            _ => Meant::Local,
        },
        _ => Meant::Plain,
    }
}

type Unkept = (RejectCode, &'static str);

fn value(field: Field, meant: Meant) -> Result<Value, Unkept> {
    let local = matches!(meant, Meant::Local | Meant::Nanos { local: true });
    Ok(match field {
        Field::Null => Value::Null,
        Field::Bool(truth) => truth.into(),
        Field::Byte(number) => number.into(),
        Field::Short(number) => number.into(),
        Field::Int(number) => number.into(),
        Field::Long(number) if matches!(meant, Meant::Nanos { .. }) => time(number.div_euclid(1_000), local)?,
        Field::Long(number) => number.into(),
        Field::UByte(number) => number.into(),
        Field::UShort(number) => number.into(),
        Field::UInt(number) => number.into(),
        Field::ULong(number) => number.into(),
        Field::Float16(number) => float(f64::from(f32::from(number))),
        // As it is written, not as the nearest of twice the size.
        Field::Float(number) => number.to_string().parse().map_or(Value::Null, float),
        Field::Double(number) => float(number),
        Field::Decimal(number) => decimal(&number)?.into(),
        Field::Str(text) => text.into(),
        Field::Bytes(bytes) => BASE64_STANDARD.encode(bytes.data()).into(),
        Field::Date(days) => time(i64::from(days) * 86_400_000_000, true)?
            .as_str()
            .map_or(Value::Null, |text| text.split_once('T').map_or(text, |(date, _)| date).into()),
        Field::TimeMillis(since) => clock(i64::from(since) * 1_000)?,
        Field::TimeMicros(since) => clock(since)?,
        Field::TimestampMillis(since) => time(since.checked_mul(1_000).ok_or(OUT_OF_RANGE)?, local)?,
        Field::TimestampMicros(since) => time(since, local)?,
        Field::Group(row) => {
            let fields = row.into_columns().into_iter();
            Value::Object(
                fields.map(|(name, field)| Ok((name, value(field, Meant::Plain)?))).collect::<Result<_, Unkept>>()?,
            )
        }
        Field::ListInternal(list) => {
            let elements = list.elements().iter().cloned();
            Value::Array(elements.map(|field| value(field, Meant::Plain)).collect::<Result<_, _>>()?)
        }
        Field::MapInternal(map) => {
            let mut entries = Map::new();
            for (name, field) in map.entries().iter().cloned() {
                let name = match value(name, Meant::Plain)? {
                    Value::String(name) => name,
                    other => other.to_string(),
                };
                entries.insert(name, value(field, Meant::Plain)?);
            }
            Value::Object(entries)
        }
    })
}

const OUT_OF_RANGE: Unkept = (RejectCode::OutOfRange, "holds a time beyond what can be written");

/// JSON has no infinity, and nothing that is no number.
fn float(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn time(micros: i64, local: bool) -> Result<Value, Unkept> {
    let time = DateTime::from_timestamp_micros(micros).ok_or(OUT_OF_RANGE)?;
    let text = time.format("%Y-%m-%dT%H:%M:%S%.f");
    Ok(if local { text.to_string() } else { format!("{text}Z") }.into())
}

fn clock(micros: i64) -> Result<Value, Unkept> {
    let time = DateTime::from_timestamp_micros(micros).ok_or(OUT_OF_RANGE)?;
    Ok(time.format("%H:%M:%S%.f").to_string().into())
}

/// All its digits, as text: JSON's numbers are read as binary ones by many.
fn decimal(number: &Decimal) -> Result<String, Unkept> {
    let bytes = number.data();
    let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let unkept = (RejectCode::OutOfRange, "holds a decimal of more than 38 digits");
    let (head, tail) = bytes.split_at(bytes.len().saturating_sub(16));
    if head.iter().any(|byte| *byte != sign) {
        return Err(unkept);
    }
    let mut wide = [sign; 16];
    wide[16 - tail.len()..].copy_from_slice(tail);
    let whole = i128::from_be_bytes(wide);
    if !head.is_empty() && (whole < 0) != (sign == 0xff) {
        return Err(unkept);
    }
    let scale = usize::try_from(number.scale()).unwrap_or(0).min(100);
    let mut digits = whole.unsigned_abs().to_string();
    if scale > 0 {
        if digits.len() <= scale {
            digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
        }
        digits.insert(digits.len() - scale, '.');
    }
    Ok(if whole < 0 { format!("-{digits}") } else { digits })
}

#[cfg(test)]
mod tests;
