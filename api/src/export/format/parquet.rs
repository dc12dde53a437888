//! Parquet, written group by group: text, 64-bit numbers, money as a decimal of four places, times in microseconds of UTC.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use super::{Title, WriteRows};
use crate::access::{Form, Given};
use crate::error::{Error, Result};

/// Rows of a group at most.
const GROUP_ROWS: usize = 64 << 10;

/// Bytes of a group's texts at most.
const GROUP_BYTES: usize = 16 << 20;

pub(super) struct Parquet {
    writer: SerializedFileWriter<Tray>,
    tray: Tray,
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

/// Where the writer puts its bytes, and we take them from.
#[derive(Clone, Default)]
struct Tray(Arc<Mutex<Vec<u8>>>);

impl Tray {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Tray {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The values of a column in a group, and for each row whether it has one.
struct Values {
    there: Vec<i16>,
    kept: Kept,
}

enum Kept {
    Text(Vec<ByteArray>),
    Int(Vec<i64>),
    Real(Vec<f64>),
    Bool(Vec<bool>),
}

impl Kept {
    const fn of(form: Form) -> Self {
        match form {
            Form::Id(_) | Form::Text | Form::Word | Form::Texts => Self::Text(Vec::new()),
            Form::Number | Form::Money | Form::Time => Self::Int(Vec::new()),
            Form::Real => Self::Real(Vec::new()),
            Form::Bool => Self::Bool(Vec::new()),
        }
    }
}

fn column(title: &Title) -> parquet::errors::Result<Type> {
    let (physical, logical) = match title.form {
        Form::Id(_) | Form::Text | Form::Word => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Form::Texts => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        Form::Number => (Physical::INT64, None),
        Form::Money => (Physical::INT64, Some(LogicalType::decimal(4, 18))),
        Form::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Form::Real => (Physical::DOUBLE, None),
        Form::Bool => (Physical::BOOLEAN, None),
    };
    let mut built = Type::primitive_type_builder(&title.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if title.form == Form::Money {
        built = built.with_precision(18).with_scale(4);
    }
    built.build()
}

impl Parquet {
    pub(super) fn try_new(titles: &[Title]) -> Result<Self> {
        let mut fields = Vec::with_capacity(titles.len());
        for title in titles {
            fields.push(Arc::new(column(title).map_err(Error::internal)?));
        }
        let schema = Type::group_type_builder("row").with_fields(fields).build().map_err(Error::internal)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("customer360".to_owned())
            .build();
        let tray = Tray::default();
        let writer = SerializedFileWriter::new(tray.clone(), Arc::new(schema), Arc::new(properties));
        let columns = titles.iter().map(|title| Values { there: Vec::new(), kept: Kept::of(title.form) }).collect();
        Ok(Self { writer: writer.map_err(Error::internal)?, tray, columns, rows: 0, bytes: 0 })
    }

    /// Writes the rows there are as a group of their own.
    fn group(&mut self) -> parquet::errors::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for values in &mut self.columns {
            write(&mut group, values)?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

fn write(group: &mut SerializedRowGroupWriter<'_, Tray>, values: &mut Values) -> parquet::errors::Result<()> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    let there = Some(values.there.as_slice());
    match &mut values.kept {
        Kept::Text(kept) => {
            column.typed::<ByteArrayType>().write_batch(kept, there, None)?;
            kept.clear();
        }
        Kept::Int(kept) => {
            column.typed::<Int64Type>().write_batch(kept, there, None)?;
            kept.clear();
        }
        Kept::Real(kept) => {
            column.typed::<DoubleType>().write_batch(kept, there, None)?;
            kept.clear();
        }
        Kept::Bool(kept) => {
            column.typed::<BoolType>().write_batch(kept, there, None)?;
            kept.clear();
        }
    }
    values.there.clear();
    column.close()
}

impl WriteRows for Parquet {
    fn row(&mut self, row: &[Given<'_>]) -> Result<()> {
        for (values, value) in self.columns.iter_mut().zip(row) {
            let there = match (&mut values.kept, value) {
                (Kept::Text(kept), Given::Text(text)) => {
                    self.bytes += text.len();
                    kept.push(text.as_bytes().to_vec().into());
                    true
                }
                (Kept::Int(kept), Given::Int(number)) => {
                    kept.push(*number);
                    true
                }
                (Kept::Int(kept), Given::Time(time)) => match time.time() {
                    Some(time) => {
                        kept.push(time.timestamp_micros());
                        true
                    }
                    None => false,
                },
                (Kept::Real(kept), Given::Real(number)) => {
                    kept.push(*number);
                    true
                }
                (Kept::Bool(kept), Given::Bool(flag)) => {
                    kept.push(*flag);
                    true
                }
                (_, Given::Null) => false,
                _ => return Err(Error::internal("a value does not fit its column")),
            };
            values.there.push(i16::from(there));
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.group().map_err(Error::internal)?;
        }
        Ok(())
    }

    fn take(&mut self) -> Result<Vec<u8>> {
        Ok(self.tray.take())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>> {
        self.group().map_err(Error::internal)?;
        let Self { writer, tray, .. } = *self;
        writer.close().map_err(Error::internal)?;
        Ok(tray.take())
    }
}
