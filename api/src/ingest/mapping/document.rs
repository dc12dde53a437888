//! A TOML document read strictly: every key must be asked for, and every complaint names its line.
//!
//! What the keys mean is not known here.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a mapping or source file cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct MappingError {
    /// Line of the file, counted from 1.
    pub line: usize,
    /// What is wrong there, and what is allowed.
    pub message: String,
}

/// Reads the text and hands its root table to `read`.
pub fn read<T>(text: &str, read: impl FnOnce(Entries<'_>) -> Result<T, MappingError>) -> Result<T, MappingError> {
    let root = DeTable::parse(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        MappingError { line, message: format!("this is not TOML: {}", error.message()) }
    })?;
    read(Entries { text, table: root.get_ref(), span: 0..0, what: "the file", asked: Vec::new() })
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    before.bytes().filter(|byte| *byte == b'\n').count() + 1
}

/// A value with its place in the file.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    text: &'d str,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Node<'d> {
    /// A complaint about this value.
    pub fn fail(&self, message: impl Into<String>) -> MappingError {
        MappingError { line: line_of(self.text, self.value.span().start), message: message.into() }
    }

    /// The line it stands on.
    pub fn line(&self) -> usize {
        line_of(self.text, self.value.span().start)
    }

    /// The value itself.
    pub fn value(&self) -> &'d DeValue<'d> {
        self.value.get_ref()
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&'d str> {
        self.value().as_str()
    }

    /// The text.
    pub fn text(&self) -> Result<&'d str, MappingError> {
        self.as_text().ok_or_else(|| self.fail(format!("a text was expected, not {}", self.kind())))
    }

    /// The whole number.
    pub fn integer(&self) -> Result<i64, MappingError> {
        let number = self.value().as_integer().filter(|number| number.radix() == 10);
        number
            .and_then(|number| number.as_str().parse().ok())
            .ok_or_else(|| self.fail(format!("a whole number was expected, not {}", self.kind())))
    }

    /// The truth value.
    pub fn bool(&self) -> Result<bool, MappingError> {
        self.value().as_bool().ok_or_else(|| self.fail(format!("true or false was expected, not {}", self.kind())))
    }

    /// The list.
    pub fn list(&self) -> Result<Vec<Self>, MappingError> {
        let array = self.value().as_array();
        let array = array.ok_or_else(|| self.fail(format!("a list was expected, not {}", self.kind())))?;
        Ok(array.iter().map(|value| Node { text: self.text, value }).collect())
    }

    /// A text, or a list of texts.
    pub fn texts(&self) -> Result<Vec<String>, MappingError> {
        match self.as_text() {
            Some(text) => Ok(vec![text.to_owned()]),
            None => self.list()?.iter().map(|node| node.text().map(str::to_owned)).collect(),
        }
    }

    /// The table; `what` says what it is, for complaints.
    pub fn table(&self, what: &'static str) -> Result<Entries<'d>, MappingError> {
        let table = self.value().as_table();
        let table = table.ok_or_else(|| self.fail(format!("{what} is a table, not {}", self.kind())))?;
        Ok(Entries { text: self.text, table, span: self.value.span(), what, asked: Vec::new() })
    }

    /// The scalar as text: what a constant or an entry of a lookup table is.
    pub fn scalar(&self) -> Result<String, MappingError> {
        Ok(match self.value() {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(truth) => truth.to_string(),
            _ => return Err(self.fail(format!("a text, number or truth value was expected, not {}", self.kind()))),
        })
    }

    fn kind(&self) -> &'static str {
        self.value().type_str()
    }
}

/// The entries of a table, asked for one by one.
pub struct Entries<'d> {
    text: &'d str,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    what: &'static str,
    asked: Vec<&'static str>,
}

impl<'d> Entries<'d> {
    /// A complaint about the table.
    pub fn fail(&self, message: impl Into<String>) -> MappingError {
        MappingError { line: line_of(self.text, self.span.start), message: message.into() }
    }

    /// The entry, if it is there.
    pub fn take(&mut self, key: &'static str) -> Option<Node<'d>> {
        self.asked.push(key);
        let found = self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key);
        found.map(|(_, value)| Node { text: self.text, value })
    }

    /// The entry, which must be there.
    pub fn require(&mut self, key: &'static str) -> Result<Node<'d>, MappingError> {
        let what = self.what;
        self.take(key).ok_or_else(|| self.fail(format!("{what} needs `{key}`")))
    }

    /// The text entry, if it is there.
    pub fn text(&mut self, key: &'static str) -> Result<Option<String>, MappingError> {
        self.take(key).map(|node| node.text().map(str::to_owned)).transpose()
    }

    /// The list entry; none is empty.
    pub fn list(&mut self, key: &'static str) -> Result<Vec<Node<'d>>, MappingError> {
        self.take(key).map_or(Ok(Vec::new()), |node| node.list())
    }

    /// All entries, in the order of the file, for tables whose keys are free.
    pub fn all(self) -> Vec<(&'d str, usize, Node<'d>)> {
        let entries = self.table.iter().map(|(name, value)| {
            let line = line_of(self.text, name.span().start);
            (name.get_ref().as_ref(), line, Node { text: self.text, value })
        });
        entries.collect()
    }

    /// Ends the reading: a key that nobody asked for is a mistake.
    pub fn finish(self) -> Result<(), MappingError> {
        let unknown = self.table.keys().find(|name| !self.asked.contains(&name.get_ref().as_ref()));
        let Some(name) = unknown else { return Ok(()) };
        let message = format!("unknown key `{}` in {}; known are {}", name.get_ref(), self.what, self.asked.join(", "));
        Err(MappingError { line: line_of(self.text, name.span().start), message })
    }
}
