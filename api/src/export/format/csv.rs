//! CSV by RFC 4180, UTF-8. Values stand as they are; for a spreadsheet, which takes a text that begins like a formula for one, an
//! apostrophe is set before those. Where a list is parted by semicolons, as in German, it also parts a row within its texts: so
//! what would begin a cell there has one, too.

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

/// Whether a spreadsheet would take a cell for a formula.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches([' ', '"']).starts_with(['=', '+', '-', '@'])
}

/// Writes a text of which a spreadsheet takes no part for a formula, however it parts it.
fn tame(text: &str, tamed: &mut String) {
    let mut begins = true;
    if text.starts_with(['\t', '\r', '\n']) {
        tamed.push('\'');
    }
    for (place, letter) in text.char_indices() {
        if begins && is_formula(&text[place..]) {
            tamed.push('\'');
        }
        tamed.push(letter);
        begins = matches!(letter, ';' | '\t' | '\r' | '\n');
    }
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
                Given::Text(value) if self.excel => {
                    tame(value, text);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_text_is_a_formula() {
        let tamed = |text: &str| {
            let mut tamed = String::new();
            tame(text, &mut tamed);
            tamed
        };
        for text in ["", "Anna", "1;2", "a-b", "price = 5", "Hello, -5", "a\r\nb"] {
            assert_eq!(tamed(text), text);
        }
        for (text, told) in [
            ("=1", "'=1"),
            ("+49", "'+49"),
            (" @x", "' @x"),
            ("\n=1", "'\n'=1"),
            ("foo;=HYPERLINK(\"x\")", "foo;'=HYPERLINK(\"x\")"),
            ("a;\"=1\"", "a;'\"=1\""),
            ("a\t-1\r\n@b", "a\t'-1\r\n'@b"),
        ] {
            assert_eq!(tamed(text), told, "{text:?}");
        }
    }
}
