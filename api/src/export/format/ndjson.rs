//! NDJSON: an object a line. Money is text, as in GraphQL, since a number would be read as a fraction that it is not.

use super::{Title, WriteRows};
use crate::access::{Form, Given};
use crate::catalogue::types::decimal;
use crate::error::Result;
use crate::graph::json::Leaf;

pub(super) struct Ndjson {
    /// What stands before each value.
    keys: Vec<(Vec<u8>, Form)>,
    out: Vec<u8>,
}

impl Ndjson {
    pub(super) fn new(titles: &[Title]) -> Self {
        let keys = titles.iter().enumerate().map(|(index, title)| {
            let mut key = vec![if index == 0 { b'{' } else { b',' }];
            title.name.as_str().write(&mut key);
            key.push(b':');
            (key, title.form)
        });
        Self { keys: keys.collect(), out: Vec::new() }
    }
}

impl WriteRows for Ndjson {
    fn row(&mut self, row: &[Given<'_>]) -> Result<()> {
        let out = &mut self.out;
        for ((key, form), value) in self.keys.iter().zip(row) {
            out.extend_from_slice(key);
            match value {
                Given::Null => out.extend_from_slice(b"null"),
                Given::Text(json) if *form == Form::Texts => out.extend_from_slice(json.as_bytes()),
                Given::Text(text) => text.as_ref().write(out),
                Given::Int(number) if *form == Form::Money => decimal(*number).write(out),
                Given::Int(number) => number.write(out),
                Given::Real(number) => number.write(out),
                Given::Bool(flag) => flag.write(out),
                Given::Time(time) => time.write(out),
            }
        }
        out.extend_from_slice(if self.keys.is_empty() { b"{}\n" } else { b"}\n" });
        Ok(())
    }

    fn take(&mut self) -> Result<Vec<u8>> {
        Ok(std::mem::take(&mut self.out))
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>> {
        Ok(self.out)
    }
}
