//! What the columns of an export are: each table says it once, where `object!` declares its fields.

use super::policy::Class;
use super::select::SiloRow;
use crate::database::Kind;

/// What a column of an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The public id of something, by its prefix.
    Id(&'static str),
    /// Text; masked in place where its class is.
    Text,
    /// A word of a closed list, or a key: never masked in place.
    Word,
    /// A whole number.
    Number,
    /// A number with a fraction.
    Real,
    /// Money in 1/10,000.
    Money,
    /// True or false.
    Bool,
    /// A time.
    Time,
    /// A list of texts, as JSON.
    Texts,
}

impl Form {
    /// How the database writes it.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Id(_) => Kind::Uuid,
            Self::Text | Self::Word => Kind::Text,
            Self::Number | Self::Real | Self::Money => Kind::Number,
            Self::Bool => Kind::Bool,
            Self::Time => Kind::Time,
            Self::Texts => Kind::Json,
        }
    }
}

/// The data class of a column.
#[derive(Debug, Clone, Copy)]
pub enum Classes {
    /// Whoever sees all of these sees it.
    All(&'static [Class]),
    /// It depends on the value of the column before it.
    ByLast {
        /// The classes of a row, by that value.
        of: fn(&str) -> &'static [Class],
        /// Every class that can come of it.
        any: &'static [Class],
    },
}

/// Columns of a table as they are given out: one, or those of one field.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// Their names, in the table and in the export.
    pub columns: &'static [&'static str],
    /// The form of each.
    pub forms: &'static [Form],
    /// Their class.
    pub classes: Classes,
}

impl Told {
    /// Columns that say nothing about a person.
    pub const fn open(columns: &'static [&'static str], forms: &'static [Form]) -> Self {
        Self { columns, forms, classes: Classes::All(&[Class::Open]) }
    }
}

/// A table that can be given out as a whole. `object!` makes it of the fields it declares.
pub trait Exported: SiloRow {
    /// Its columns, the id before all.
    const TOLD: &'static [Told];
    /// What public ids of its rows begin with.
    const PREFIX: &'static str;
    /// The columns that name a row, by which the pages go on: one, or two.
    const KEY: &'static [&'static str] = &["id"];
}
