//! The way out for data teams: a table as a whole, under the rights of whoever asks, and the feed of changes.
//!
//! `tables` lists what can be given out, `format` writes rows, `run` goes from page to page and holds nothing but one of them,
//! `places` bounds how many do so at once, `query` and `store` are the feed of changes. What a column is and who sees it stands where
//! `object!` declares it; nothing here decides about that.

pub mod format;
mod places;
pub mod query;
mod run;
mod store;
pub mod tables;

use std::str::FromStr;

pub use places::Places;
pub use run::{Chunk, Exporting, Limits, Orders, start};

use crate::access::SiloKey;
use crate::error::{Error, Result};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A JSON object a line.
    #[default]
    Ndjson,
    /// RFC 4180, with a line of names before.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Error::bad_input("There is no such format. The formats are ndjson, csv and parquet.")),
        }
    }
}

/// What is to be given out, and how.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The silo; it may be left out where a table is named.
    pub silo: Option<SiloKey>,
    /// The table; it may be left out for a silo that has one alone.
    pub table: Option<String>,
    /// How rows are written.
    pub format: Format,
    /// Go on after the row of this id.
    pub after: Option<String>,
    /// Whether CSV begins with the names of the columns; if not said, it does unless it goes on after a row.
    pub header: Option<bool>,
    /// Whether CSV is for a spreadsheet: no value is a formula there.
    pub excel: bool,
    /// Whether the bytes are compressed.
    pub gzip: bool,
}

impl Request {
    /// Reads the parameters of a query string, decoded already.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Result<Self> {
        let mut request = Self::default();
        let mut seen = Vec::new();
        for (name, value) in pairs {
            if seen.contains(&name) {
                return Err(Error::bad_input(format!("The parameter {name:.40} is given twice.")));
            }
            match name.as_str() {
                "silo" => request.silo = Some(tables::silo(&value)?),
                "table" => request.table = Some(value),
                "format" => request.format = value.parse()?,
                "after" => request.after = Some(value).filter(|id| !id.is_empty()),
                "header" => request.header = Some(flag(&name, &value)?),
                "excel" => request.excel = flag(&name, &value)?,
                _ => {
                    return Err(Error::bad_input(format!(
                        "There is no parameter {name:.40}. The parameters are silo, table, format, after, header and excel."
                    )));
                }
            }
            seen.push(name);
        }
        Ok(request)
    }
}

fn flag(name: &str, value: &str) -> Result<bool> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Error::bad_input(format!("The parameter {name} is true or false."))),
    }
}
