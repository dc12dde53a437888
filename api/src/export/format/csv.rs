//! CSV by RFC 4180, UTF-8. Values stand as they are; for a spreadsheet, which takes a text that begins like a formula for one, an
//! apostrophe is set before those.

use super::{Title, WriteRows};
use crate::access::{Form, Given};
use crate::catalogue::types::decimal;
use crate::error::{Error, Result};

pub(super) struct Csv {
    forms: Vec<Form>,
    excel: bool,
    writer: csv::Writer<Vec<u8>>,
    text: String,
    /// The names of the columns, until they are written.
    header: Option<Vec<String>>,
}

impl Csv {
    pub(super) fn new(titles: &[Title], header: bool, excel: bool) -> Self {
        Self {
            forms: titles.iter().map(|title| title.form).collect(),
            excel,
            writer: writer(),
            text: String::new(),
            header: header.then(|| titles.iter().map(|title| title.name.clone()).collect()),
        }
    }

    fn head(&mut self) -> Result<()> {
        match self.header.take() {
            Some(names) => self.writer.write_record(names).map_err(Error::internal),
            None => Ok(()),
        }
    }
}

fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new())
}

/// Whether a spreadsheet would take a text for a formula.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

impl WriteRows for Csv {
    fn row(&mut self, row: &[Given<'_>]) -> Result<()> {
        use std::fmt::Write;
        self.head()?;
        for (form, value) in self.forms.iter().zip(row) {
            let text = &mut self.text;
            text.clear();
            let field = match value {
                Given::Null => "",
                Given::Text(value) if self.excel && is_formula(value) => {
                    text.push('\'');
                    text.push_str(value);
                    text.as_str()
                }
                Given::Text(value) => value.as_ref(),
                Given::Int(number) if *form == Form::Money => {
                    text.push_str(&decimal(*number));
                    text.as_str()
                }
                Given::Int(number) => {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "{number}");
                    text.as_str()
                }
                Given::Real(number) => {
                    let _ = write!(text, "{number}");
                    text.as_str()
                }
                Given::Bool(flag) => {
                    if *flag {
                        "true"
                    } else {
                        "false"
                    }
                }
                Given::Time(time) => time.as_str(),
            };
            self.writer.write_field(field).map_err(Error::internal)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(Error::internal)
    }

    fn take(&mut self) -> Result<Vec<u8>> {
        self.head()?;
        let done = std::mem::replace(&mut self.writer, writer());
        done.into_inner().map_err(|error| Error::internal(error.to_string()))
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>> {
        self.take()
    }
}
