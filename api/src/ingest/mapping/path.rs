//! Paths: where in the record, the loop or the envelope a value stands.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::Lookups;
use super::document::{MappingError, Node};
use super::value::Val;
use crate::ingest::envelope::Envelope;
use crate::ingest::json::{Json, pointer};

/// What expressions are read against.
pub struct Scope<'a> {
    /// The record.
    pub record: &'a Json<'a>,
    /// The envelope it came in.
    pub envelope: &'a Envelope,
    /// The lookup tables.
    pub lookups: &'a Lookups,
    /// Within `for_each`: the item, its key and its position.
    pub item: Option<(&'a Json<'a>, &'a str, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Record,
    Item,
    Key,
    Index,
    Stream,
    OccurredAt,
    ReceivedAt,
}

/// A compiled path.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    root: Root,
    steps: Vec<String>,
}

impl Path {
    /// Reads a path; `in_loop` says whether `@item`, `@key` and `@index` mean something.
    pub fn load(node: Node<'_>, text: &str, in_loop: bool) -> Result<Self, MappingError> {
        let (name, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
        let root = match name {
            "" if !text.is_empty() => Root::Record,
            "@item" if in_loop => Root::Item,
            "@key" if in_loop && rest.is_empty() => Root::Key,
            "@index" if in_loop && rest.is_empty() => Root::Index,
            "@stream" if rest.is_empty() => Root::Stream,
            "@occurred_at" if rest.is_empty() => Root::OccurredAt,
            "@received_at" if rest.is_empty() => Root::ReceivedAt,
            "@item" | "@key" | "@index" => {
                return Err(node.fail(format!("`{text}` means something only beside `for_each`")));
            }
            _ => {
                let known = "/field/field, @item, @key, @index, @stream, @occurred_at, @received_at";
                return Err(node.fail(format!("`{text}` is not a path; paths are {known}")));
            }
        };
        Ok(Self { text: text.to_owned(), root, steps: pointer(rest).unwrap_or_default() })
    }

    /// The value there; a path that does not exist is null.
    pub fn read<'a>(&self, scope: &Scope<'a>) -> Val<'a> {
        let time = |time: Option<DateTime<Utc>>| time.map_or(Val::Null, |time| Val::Time(time.fixed_offset()));
        match (self.root, scope.item) {
            (Root::Record, _) => scope.record.at(&self.steps).map_or(Val::Null, Val::of),
            (Root::Item, Some((item, _, _))) => item.at(&self.steps).map_or(Val::Null, Val::of),
            (Root::Key, Some((_, key, _))) => Val::Text(Cow::Borrowed(key)),
            (Root::Index, Some((_, _, index))) => Val::Number(index.to_string().into()),
            (Root::Stream, _) => Val::Text(Cow::Borrowed(&scope.envelope.stream)),
            (Root::OccurredAt, _) => time(scope.envelope.occurred_at),
            (Root::ReceivedAt, _) => time(Some(scope.envelope.received_at)),
            (Root::Item | Root::Key | Root::Index, None) => Val::Null,
        }
    }

    /// The path as the mapping spells it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
