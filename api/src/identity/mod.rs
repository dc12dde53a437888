//! Identity resolution: what a silo knows a customer by.
//!
//! Only the words that the intake shares with it stand here. No database, no GraphQL.

use std::fmt;
use std::str::FromStr;

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

    /// Whether households, offices and devices share such a value, so that a name has a say beside it.
    pub const fn is_shareable(self) -> bool {
        matches!(self, Self::Email | Self::Phone | Self::Cookie)
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
