//! Identity resolution, the pure part: which source profiles are one customer, and which of their values is shown.
//!
//! A record becomes an [`Observed`] profile whose identifiers went through [`normalise`]; [`decide`] says whether it founds
//! a customer, joins one, or makes two customers one; [`survivorship`] picks the golden values from the members. [`name`] and
//! [`similarity`] fold and compare text, for these decisions and for the search; [`deny`] lists values that identify nobody.
//!
//! `store` holds the SQL of its tables, [`place`] and [`relation`] are what silos hang their rows on. Nothing else here
//! knows the database, GraphQL or the intake: everything is a function of its arguments, so that a rebuild
//! from raw records arrives at the same customers. An over-merge is a privacy incident and an over-split a nuisance:
//! where evidence is thin, the answer is no, and the refusal is a decision with its reason.

pub mod decide;
pub mod deny;
pub mod name;
pub mod normalise;
pub mod person_name;
pub mod place;
pub mod relation;
pub mod similarity;
pub mod store;
pub mod survivorship;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What kind of thing a silo knows a customer by. The order is the order of trust: the first identifies best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentifierKind {
    /// A customer number.
    CustomerNumber,
    /// The id of a login.
    UserId,
    /// An id of another system, as `source:key`.
    ExternalId,
    /// The number of a loyalty card.
    LoyaltyNumber,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A cookie or the id of a device.
    Cookie,
}

impl IdentifierKind {
    /// All kinds, the most trusted first.
    pub const ALL: [Self; 7] = [
        Self::CustomerNumber,
        Self::UserId,
        Self::ExternalId,
        Self::LoyaltyNumber,
        Self::Email,
        Self::Phone,
        Self::Cookie,
    ];

    /// The stable text, as stored and as in GraphQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomerNumber => "CUSTOMER_NUMBER",
            Self::UserId => "USER_ID",
            Self::ExternalId => "EXTERNAL_ID",
            Self::LoyaltyNumber => "LOYALTY_NUMBER",
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Cookie => "COOKIE",
        }
    }

    /// Whether families, households, offices and devices share such a value, so that a name has a say beside it.
    pub const fn is_shareable(self) -> bool {
        matches!(self, Self::LoyaltyNumber | Self::Email | Self::Phone | Self::Cookie)
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names none of the known values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown value")]
pub struct UnknownText;

impl FromStr for IdentifierKind {
    type Err = UnknownText;

    fn from_str(text: &str) -> Result<Self, UnknownText> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownText)
    }
}

/// Whether an identifier may join profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strength {
    /// Joins.
    Strong,
    /// Shown and searchable, never joins.
    Weak,
}

impl Strength {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strong => "STRONG",
            Self::Weak => "WEAK",
        }
    }
}

impl FromStr for Strength {
    type Err = UnknownText;

    fn from_str(text: &str) -> Result<Self, UnknownText> {
        [Self::Strong, Self::Weak].into_iter().find(|strength| strength.as_str() == text).ok_or(UnknownText)
    }
}

/// A person or a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartyKind {
    /// A human being, known or anonymous.
    Person,
    /// An organisation.
    Company,
}

impl PartyKind {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "PERSON",
            Self::Company => "COMPANY",
        }
    }
}

impl FromStr for PartyKind {
    type Err = UnknownText;

    fn from_str(text: &str) -> Result<Self, UnknownText> {
        [Self::Person, Self::Company].into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownText)
    }
}

/// What a source says of one attribute: the newest word it had for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The value as the source's mapping gave it.
    pub value: String,
    /// When it was so at the source.
    pub observed_at: DateTime<Utc>,
    /// The record that said it.
    pub record_id: Uuid,
}

/// One source profile as it stands after a record, its identifiers normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The profile's id; it becomes the customer's if the profile founds one.
    pub profile_id: Uuid,
    /// The key of the source.
    pub source: String,
    /// The priority of the source: the higher wins.
    pub priority: i32,
    /// Person or company; none: the source does not say, and the profile takes its customer's kind.
    pub kind: Option<PartyKind>,
    /// What the source says, by attribute name.
    pub attributes: BTreeMap<String, Told>,
    /// When the source's newest word was so.
    pub observed_at: DateTime<Utc>,
    /// What the source knows the customer by: kind, normalised value, strength.
    pub identifiers: Vec<(IdentifierKind, String, Strength)>,
}
