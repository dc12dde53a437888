//! The declarative mapping: a TOML file says how the records of a product become our profiles and rows.
//!
//! [`Mapping::parse`] compiles a file and refuses every word it does not know, with the line. [`Mapping::map`] reads one
//! envelope: the payload is parsed once, paths are compiled, nothing is asked of the world, so the same mapping and
//! envelope give the same records for ever. [`table`] holds the words, [`path`], [`template`], [`cel`] and [`expression`] the values, [`function`]
//! what can be done to them, [`each`] the loops, [`touchpoint`] the rules for touchpoints, [`load`] the file's grammar, [`own`] what a source's
//! file adds, [`schema`] all of it for editors, [`check`] what is likely wrong. The presets in `silo/<silo>/preset/` are the examples
//! to copy, `guide/mappings.md` says how.
//!
//! No database here, and no product's name: what is particular to a product is its preset.

pub mod cel;
pub mod check;
pub mod condition;
pub mod document;
pub mod each;
pub mod expression;
pub mod function;
pub mod load;
mod markup;
pub mod own;
pub mod path;
mod run;
pub mod schema;
pub mod signature;
pub mod table;
pub mod template;
pub mod time;
pub mod touchpoint;
pub mod value;

use std::collections::{BTreeMap, HashMap};

use condition::Condition;
pub use document::MappingError;
use each::Each;
use expression::Expression;
use path::Scope;
use table::{Field, Table};
use time::Zone;
use touchpoint::TouchpointRule;

use super::envelope::{Envelope, Mapped, Reject, RejectCode};
use super::hook::section::Section;
use super::json::Json;
use crate::identity::{IdentifierKind, PartyKind, Strength};

/// The lookup tables of a mapping, by name.
pub type Lookups = BTreeMap<String, BTreeMap<String, String>>;

/// What a mapping and its source know besides the records.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The lookup tables.
    pub lookups: Lookups,
    /// The constants.
    pub constants: BTreeMap<String, Constant>,
    /// The zone of times that name none.
    pub zone: Option<Zone>,
    /// Whether there is such a zone, or the source must tell it.
    pub has_zone: bool,
}

impl Facts {
    /// The value of a constant; none: nobody gave it one.
    pub fn constant(&self, name: &str) -> Option<&str> {
        self.constants.get(name)?.value.as_deref()
    }
}

/// What only the installation knows: a subdomain, the number of a field.
#[derive(Debug, Clone, Default)]
pub struct Constant {
    /// Its value, once there is one.
    pub value: Option<String>,
    /// What it is, for people.
    pub about: Option<String>,
    /// Whether a mapping works without.
    pub is_optional: bool,
}

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
    facts: Facts,
    touchpoints: Vec<TouchpointRule>,
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
    for_each: Option<Each>,
    key: Expression,
    kind: Option<Rule<PartyKind>>,
    country: Option<Expression>,
    observed_at: Option<Expression>,
    when: Option<Condition>,
    attributes: Vec<(&'static str, Expression)>,
    identifiers: Vec<IdentifierRule>,
}

#[derive(Debug, Clone)]
struct IdentifierRule {
    kind: IdentifierKind,
    strength: Strength,
    for_each: Option<Each>,
    value: Expression,
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
    for_each: Option<Each>,
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

    /// What it and its source know besides the records.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
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

    /// Whether records of the stream are told apart by what they say alone.
    pub fn is_keyless(&self, stream: &str) -> bool {
        self.by_name.get(stream).is_some_and(|position| self.streams[*position].key.is_none())
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
        let work = path::Work::default();
        let scope = Scope { record: &record, envelope, facts: &self.facts, work: &work, item: None };
        let mut mapped = self.streams[*position].map(&scope)?;
        touchpoint::fill(&self.touchpoints, &scope, &mut mapped.rows)?;
        Ok(mapped)
    }
}

#[cfg(test)]
mod language_tests;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
