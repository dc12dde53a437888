//! Rows as bytes: one file for each format, and gzip over any of them. Nothing here knows where rows come from.

mod csv;
mod ndjson;
mod parquet;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Format, Request};
use crate::access::{Form, Given, OutColumn};
use crate::error::{Error, Result};

/// A column as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// Its name.
    pub name: String,
    /// What it is.
    pub form: Form,
}

/// What writes rows of one format.
trait WriteRows: Send {
    /// Adds a row.
    fn row(&mut self, row: &[Given<'_>]) -> Result<()>;
    /// The bytes that are ready.
    fn take(&mut self) -> Result<Vec<u8>>;
    /// The bytes that are left, and what closes the whole.
    fn finish(self: Box<Self>) -> Result<Vec<u8>>;
}

/// Rows on their way to bytes.
pub struct Sheet {
    rows: Box<dyn WriteRows>,
    gzip: Option<GzEncoder<Vec<u8>>>,
}

impl Sheet {
    /// An empty one with the columns of an export.
    pub fn new(columns: &[OutColumn], request: &Request) -> Result<Self> {
        let titles = columns.iter().map(|column| Title { name: column.name.to_owned(), form: column.form });
        Self::titled(&titles.collect::<Vec<_>>(), request)
    }

    /// An empty one with any columns.
    pub fn titled(titles: &[Title], request: &Request) -> Result<Self> {
        let rows: Box<dyn WriteRows> = match request.format {
            Format::Ndjson => Box::new(ndjson::Ndjson::new(titles)),
            Format::Csv => {
                let header = request.header.unwrap_or(request.after.is_none());
                Box::new(csv::Csv::new(titles, header, request.excel))
            }
            Format::Parquet => Box::new(parquet::Parquet::try_new(titles)?),
        };
        // What is compressed already gains nothing.
        let gzip = request.gzip && request.format != Format::Parquet;
        Ok(Self { rows, gzip: gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())) })
    }

    /// Adds a row, its values in the order of the columns.
    pub fn row(&mut self, row: &[Given<'_>]) -> Result<()> {
        self.rows.row(row)
    }

    /// The bytes that are ready.
    pub fn take(&mut self) -> Result<Vec<u8>> {
        let bytes = self.rows.take()?;
        match &mut self.gzip {
            None => Ok(bytes),
            Some(gzip) => {
                gzip.write_all(&bytes).map_err(Error::internal)?;
                Ok(std::mem::take(gzip.get_mut()))
            }
        }
    }

    /// The bytes that are left, and what closes the whole.
    pub fn finish(self) -> Result<Vec<u8>> {
        let bytes = self.rows.finish()?;
        match self.gzip {
            None => Ok(bytes),
            Some(mut gzip) => {
                gzip.write_all(&bytes).map_err(Error::internal)?;
                gzip.finish().map_err(Error::internal)
            }
        }
    }
}
