//! The envelope that every door makes, what the mapper makes of it, and the refusal it answers with.
//!
//! Plain data only: how it is read, mapped or written stands elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::identity::{IdentifierKind, PartyKind, Strength};

/// What a record does to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// The key now says this.
    Upsert,
    /// The key is gone at the source.
    Delete,
}

impl Op {
    /// From the text as stored.
    pub fn of(text: &str) -> Self {
        if text == Self::Delete.as_str() { Self::Delete } else { Self::Upsert }
    }

    /// The stable text, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upsert => "UPSERT",
            Self::Delete => "DELETE",
        }
    }
}

/// One record as it came, whatever door it came through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Key of the source.
    pub source: String,
    /// Stream of the source: what kind of record it is there.
    pub stream: String,
    /// Key of the record, where the door knows it. A mapping that declares a key path has the last word.
    pub key: Option<String>,
    /// What the door says the record does. A mapping may find a delete in the payload.
    pub op: Op,
    /// The raw JSON text, byte for byte.
    pub payload: Box<str>,
    /// When it happened, where the door knows it.
    pub occurred_at: Option<DateTime<Utc>>,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// What tells a repetition at the door (the message id of a tracking event).
    pub dedupe_key: Option<String>,
    /// Which full reading of its table the record belongs to, where the door says so (Singer's `version` of a table). Once
    /// such a reading is complete, what an older one left and this one lacks is gone at the source.
    pub sync: Option<i64>,
}

/// One record in our words.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// Key of the record within its stream; none: the stream is keyless.
    pub key: Option<String>,
    /// What the record does to its key.
    pub op: Op,
    /// Orders the versions of one key, compared as text.
    pub version: Option<String>,
    /// When it happened, as the source says.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The people and companies it knows something of, or only names.
    pub profiles: Vec<MappedProfile>,
    /// The rows of the silos' tables.
    pub rows: Vec<MappedRow>,
}

/// A person or a company as this record knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedProfile {
    /// Key of the profile within the source.
    pub key: String,
    /// Person or company; none: the record does not say.
    pub kind: Option<PartyKind>,
    /// Attribute name to value; the names are those of [`super::mapping::table::ATTRIBUTES`].
    pub attributes: BTreeMap<String, String>,
    /// What it is known by, as the source writes it.
    pub identifiers: Vec<MappedIdentifier>,
    /// ISO 3166 alpha-2 country that its phone numbers belong to.
    pub country: Option<String>,
    /// When the source saw these values.
    pub observed_at: Option<DateTime<Utc>>,
}

/// A value that a profile is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedIdentifier {
    /// What kind of value.
    pub kind: IdentifierKind,
    /// The value as the source writes it; identity normalises it.
    pub value: String,
    /// Whether it may join profiles.
    pub strength: Strength,
}

/// A row of one of our tables.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedRow {
    /// Name of the table, one of [`super::mapping::table::TABLES`].
    pub table: &'static str,
    /// Tells several rows of one record apart; makes the row's id together with source, stream and key.
    pub part: String,
    /// Key of the profile it hangs on.
    pub profile: Option<String>,
    /// Field to value, checked against the table's field types. Times are RFC 3339 text, money and dates are text.
    pub fields: Map<String, Value>,
}

/// Why a record was refused: the stable text that people filter and scripts branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectCode {
    /// The line is not JSON, or not an object.
    BrokenJson,
    /// The line is not the file's CSV: too many or too few cells.
    BrokenRow,
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// The text holds a NUL character.
    NulCharacter,
    /// The line is longer than the limit; only its beginning is kept.
    LineTooLong,
    /// A value is larger than the limit.
    TooLarge,
    /// Objects within objects beyond the limit.
    TooDeep,
    /// A required field has no value: the path is missing in the record, or null.
    MissingField,
    /// The value is of another type than its field.
    WrongType,
    /// A date, time or number outside what can be kept.
    OutOfRange,
    /// The value is not one of those the field or the lookup table knows.
    UnknownValue,
    /// Two rows of one record would be the same row.
    DuplicateRow,
    /// An expression of the mapping cannot be worked out for this record.
    ExpressionFailed,
    /// The mapping has no entry for the stream.
    UnknownStream,
    /// Understood, but not taken by this version.
    NotSupportedYet,
}

impl RejectCode {
    /// The stable text of the code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BrokenJson => "BROKEN_JSON",
            Self::BrokenRow => "BROKEN_ROW",
            Self::InvalidUtf8 => "INVALID_UTF8",
            Self::NulCharacter => "NUL_CHARACTER",
            Self::LineTooLong => "LINE_TOO_LONG",
            Self::TooLarge => "TOO_LARGE",
            Self::TooDeep => "TOO_DEEP",
            Self::MissingField => "MISSING_FIELD",
            Self::WrongType => "WRONG_TYPE",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::UnknownValue => "UNKNOWN_VALUE",
            Self::DuplicateRow => "DUPLICATE_ROW",
            Self::ExpressionFailed => "EXPRESSION_FAILED",
            Self::UnknownStream => "UNKNOWN_STREAM",
            Self::NotSupportedYet => "NOT_SUPPORTED_YET",
        }
    }
}

/// A record that cannot be taken, and what to do about it. The reason names fields and paths, never a value: rejected
/// records are listed to people who may not see the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The stable code.
    pub code: RejectCode,
    /// A sentence or two: what is wrong, where, and what to do.
    pub reason: String,
}

impl Reject {
    /// A refusal with its reason.
    pub fn new(code: RejectCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.reason)
    }
}

impl std::error::Error for Reject {}
