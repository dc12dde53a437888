//! The declarative mapping: a TOML file says how the records of a product become our profiles and rows.
//!
//! [`Mapping::parse`] compiles a file and refuses every word it does not know, with the line. [`Mapping::map`] reads one
//! envelope: the payload is parsed once, paths are compiled, nothing is asked of the world, so the same mapping and
//! envelope give the same records for ever. [`table`] holds the words, [`path`] and [`expression`] the values, [`function`] what can be
//! done to them, [`load`] the file's grammar. The presets in `silo/<silo>/preset/` are the examples to copy.
//!
//! No database here, and no product's name: what is particular to a product is its preset.

pub mod condition;
pub mod document;
pub mod expression;
pub mod function;
pub mod load;
mod markup;
pub mod path;
mod run;
pub mod signature;
pub mod table;
pub mod time;
pub mod value;

use std::collections::{BTreeMap, HashMap};

use condition::Condition;
pub use document::MappingError;
use expression::Expression;
use path::{Path, Scope};
use table::{Field, Table};

use super::envelope::{Envelope, Mapped, Reject, RejectCode};
use super::hook::section::Section;
use super::json::Json;
use crate::identity::{IdentifierKind, PartyKind, Strength};

/// The lookup tables of a mapping, by name.
pub type Lookups = BTreeMap<String, BTreeMap<String, String>>;

/// A compiled mapping.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its key: what a source names.
    pub key: String,
    /// The silo of the product.
    pub silo: &'static str,
    /// The product, for people.
    pub name: String,
    /// Raised with every change, so that a record knows which mapping read it.
    pub version: i32,
    /// The priority of a source that says none.
    pub priority: i32,
    /// The country of phone numbers, for a source that says none.
    pub default_country: Option<String>,
    /// Seconds within which a record is expected, for a source that says nothing.
    pub expected_every: Option<i64>,
    /// What it says of the product's webhooks.
    pub hook: Section,
    lookups: Lookups,
    streams: Vec<Stream>,
    by_name: HashMap<String, usize>,
}

#[derive(Debug, Clone)]
struct Stream {
    key: Option<Expression>,
    version: Vec<Expression>,
    occurred_at: Option<Expression>,
    delete: Option<Condition>,
    keeps_deleted: bool,
    profiles: Vec<ProfileRule>,
    rows: Vec<RowRule>,
}

#[derive(Debug, Clone)]
enum Rule<T> {
    Fixed(T),
    Read(Expression),
}

#[derive(Debug, Clone)]
struct ProfileRule {
    key: Expression,
    kind: Option<Rule<PartyKind>>,
    country: Option<Expression>,
    observed_at: Option<Expression>,
    when: Option<Condition>,
    attributes: Vec<(&'static str, Expression)>,
    identifiers: Vec<(IdentifierKind, Strength, Expression)>,
}

#[derive(Debug, Clone)]
enum Owner {
    First,
    Nobody,
    Read(Expression),
}

#[derive(Debug, Clone)]
struct RowRule {
    table: &'static Table,
    for_each: Option<Path>,
    part: Option<Expression>,
    when: Option<Condition>,
    owner: Owner,
    fields: Vec<(&'static Field, FieldRule)>,
}

#[derive(Debug, Clone)]
enum FieldRule {
    Value(Expression),
    /// The column of the field's own name.
    Column,
    Reference {
        stream: String,
        key: Expression,
        part: Option<Expression>,
    },
}

impl Mapping {
    /// Compiles a mapping file.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        load::mapping(text)
    }

    /// The same mapping with entries of its lookup tables added or replaced: what a source knows of its own installation.
    /// Gives back the name of a table that the mapping does not have.
    pub fn with_lookups(mut self, own: Lookups) -> Result<Self, String> {
        for (name, entries) in own {
            match self.lookups.get_mut(&name) {
                Some(table) => table.extend(entries),
                None => return Err(name),
            }
        }
        Ok(self)
    }

    /// Its lookup tables.
    pub(super) fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// The names of the streams it reads.
    pub fn streams(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.by_name.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Whether a newer version of a record of the stream may no longer say what an older one said: a row of a list, with a
    /// condition, or that hangs on another; anything of a person; or all of it, where it `deletes`.
    pub fn may_take_back(&self, stream: &str, deletes: bool) -> bool {
        let Some(stream) = self.by_name.get(stream).map(|position| &self.streams[*position]) else { return false };
        deletes
            || stream.rows.iter().any(|row| {
                row.for_each.is_some() || row.when.is_some() || row.table.belongs == table::Belongs::ProfileOrReference
            })
            || stream.profiles.iter().any(|profile| !profile.attributes.is_empty())
    }

    /// Whether what the source deleted stays in the graph: an archive.
    pub fn keeps_deleted(&self, stream: &str) -> bool {
        self.by_name.get(stream).is_some_and(|position| self.streams[*position].keeps_deleted)
    }

    /// One record in our words, or why not.
    pub fn map(&self, envelope: &Envelope) -> Result<Mapped, Reject> {
        let position = self.by_name.get(&envelope.stream).ok_or_else(|| {
            let known = self.streams().join(", ");
            let reason =
                format!("The mapping {} has no such stream; it has {known}. Name one of these, or add it.", self.key);
            Reject::new(RejectCode::UnknownStream, reason)
        })?;
        let record = Json::parse(&envelope.payload)?;
        if !matches!(record, Json::Object(_)) {
            return Err(Reject::new(
                RejectCode::BrokenJson,
                "The record is not a JSON object. Send one object per record.",
            ));
        }
        let scope = Scope { record: &record, envelope, lookups: &self.lookups, item: None };
        self.streams[*position].map(&scope)
    }
}

#[cfg(test)]
mod tests;
