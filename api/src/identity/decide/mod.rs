//! Who is whom: deterministic decisions over a working set in memory. Start at [`WorkingSet`].
//!
//! An unknown profile founds a customer, unless a strong identifier it carries is held by another one. Three guards stand before
//! a join, in this order: the deny list, the degree limit (how many *other identities* are on a value), and the conflict check
//! between the two customers as a whole. Each refusal is a decision too, with its reason, and becomes an identity event.
//!
//! Nothing is split here, no scores are computed, and no text made here contains an identifier's value.

mod conflict;
mod degree;
mod evidence;
#[cfg(test)]
mod properties;
mod set;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::value::MapDeserializer;
use uuid::Uuid;

use super::deny::DenyList;
use super::{IdentifierKind, UnknownText};

pub use conflict::Reason;
pub use set::WorkingSet;

/// An identifier by what it is: kind and normalised value. Its debug form leaves the value out, so that no log shows it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentifierKey {
    /// What kind of identifier.
    pub kind: IdentifierKind,
    /// The normalised value.
    pub value: String,
}

impl fmt::Debug for IdentifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(…)", self.kind)
    }
}

/// Whether a value may join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentifierStatus {
    /// It may.
    Normal,
    /// Too many other identities carry it: a household, an office, a kiosk. It joins nobody from then on.
    Shared,
    /// It is on the deny list.
    Blocked,
}

impl IdentifierStatus {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Shared => "SHARED",
            Self::Blocked => "BLOCKED",
        }
    }
}

impl FromStr for IdentifierStatus {
    type Err = UnknownText;

    fn from_str(text: &str) -> Result<Self, UnknownText> {
        [Self::Normal, Self::Shared, Self::Blocked]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownText)
    }
}

/// How many identities a value may carry before it counts as shared: the largest of the distinct given names, family names,
/// e-mail addresses and accounts beside it. One more than the limit, and it stops joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DegreeLimits {
    /// On a customer number.
    pub customer_number: usize,
    /// On a user id.
    pub user_id: usize,
    /// On an external id.
    pub external_id: usize,
    /// On a loyalty number: families share a card.
    pub loyalty_number: usize,
    /// On an e-mail address.
    pub email: usize,
    /// On a telephone number.
    pub phone: usize,
    /// On a cookie.
    pub cookie: usize,
}

impl Default for DegreeLimits {
    fn default() -> Self {
        Self { customer_number: 5, user_id: 5, external_id: 5, loyalty_number: 5, email: 4, phone: 3, cookie: 3 }
    }
}

impl DegreeLimits {
    /// The defaults, and in their place what is named: `phone`, `email` …
    pub fn named(limits: &BTreeMap<String, u32>) -> Result<Self, serde::de::value::Error> {
        let limits = limits.iter().map(|(kind, limit)| (kind.as_str(), *limit));
        Self::deserialize(MapDeserializer::new(limits))
    }

    /// The limit of a kind.
    pub const fn of(&self, kind: IdentifierKind) -> usize {
        match kind {
            IdentifierKind::CustomerNumber => self.customer_number,
            IdentifierKind::UserId => self.user_id,
            IdentifierKind::ExternalId => self.external_id,
            IdentifierKind::LoyaltyNumber => self.loyalty_number,
            IdentifierKind::Email => self.email,
            IdentifierKind::Phone => self.phone,
            IdentifierKind::Cookie => self.cookie,
        }
    }
}

/// The installation's settings for decisions.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Values that identify nobody.
    pub deny: DenyList,
    /// When a value counts as shared.
    pub limits: DegreeLimits,
}

/// Why a profile belongs to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Both carry this identifier.
    Identifier(IdentifierKey),
    /// It was made for this customer (an entry by staff).
    Attached,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identifier(key) => write!(f, "same {}", key.kind),
            Self::Attached => f.write_str("made for this customer"),
        }
    }
}

/// What was decided about a profile, in the order in which it happened. Each becomes an identity event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// An unknown profile founds a customer, whose id is the profile's.
    CustomerCreated {
        /// The new customer, and the profile that founds it.
        customer: Uuid,
    },
    /// An unknown profile belongs to a customer that exists.
    Joined {
        /// The profile.
        profile: Uuid,
        /// Its customer.
        customer: Uuid,
        /// Why.
        cause: Cause,
    },
    /// Two customers are one. The retired id redirects to the survivor.
    Merged {
        /// The older of the two.
        survivor: Uuid,
        /// The younger.
        retired: Uuid,
        /// Why.
        cause: Cause,
        /// The profiles that change their customer, by id.
        moved: Vec<Uuid>,
    },
    /// A value is on the deny list.
    IdentifierBlocked {
        /// Which.
        identifier: IdentifierKey,
    },
    /// A value carries too many identities and stops joining.
    IdentifierShared {
        /// Which.
        identifier: IdentifierKey,
        /// How many were counted.
        identities: usize,
    },
    /// An identifier is common, and yet the two are not joined.
    JoinRefused {
        /// The profile that was looked at.
        profile: Uuid,
        /// The customer it does not join.
        customer: Uuid,
        /// The identifier both carry.
        via: IdentifierKey,
        /// What speaks against it.
        reason: Reason,
    },
}
