//! What the sources know a customer by, and the customer as each of them knows it.

use async_graphql::{Context, Enum, SimpleObject};
use serde::Deserialize;
use uuid::Uuid;

use super::types::CustomerKind;
use super::{CustomerRecord, store};
use crate::access::{Class, Classes, Exported, Form, Permit, SiloRow, Told, access, shown_below};
use crate::database::{Camel, or_default};
use crate::error::Result;
use crate::graph::at_hand::{AtHand, Ready, ReadyList, Writer};
use crate::graph::json::{Leaf, Word};
use crate::graph::timestamp::Timestamp;
use crate::{connection, object};

/// What kind of value a customer is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "IdentifierKind")]
pub enum ShownKind {
    /// E-mail address.
    Email,
    /// Phone number, E.164.
    Phone,
    /// Customer number.
    CustomerNumber,
    /// Loyalty number.
    LoyaltyNumber,
    /// Id of a login.
    UserId,
    /// A cookie or the id of a device.
    Cookie,
    /// Id in another system, `source:key`.
    ExternalId,
}

/// What one must see in full to see a key of another system.
const EXTERNAL: &[Class] = &[Class::Technical, Class::Contact, Class::Identity];

impl ShownKind {
    fn class(self, permit: &Permit<CustomerRecord>) -> Class {
        match self {
            Self::Email | Self::Phone => Class::Contact,
            Self::UserId | Self::Cookie => Class::Technical,
            Self::CustomerNumber | Self::LoyaltyNumber => Class::Open,
            // Sources use e-mail addresses and handles as keys: whoever may not see one of these may not see a key.
            Self::ExternalId => {
                EXTERNAL.iter().copied().min_by_key(|class| permit.action(*class)).unwrap_or(Class::Technical)
            }
        }
    }
}

crate::row! {
    /// An identifier as one profile carries it.
    pub struct IdentifierRow {
        /// Its kind.
        kind: ShownKind = Text,
        /// Its normalised value.
        value: String = Text,
        /// When first seen.
        #[serde(deserialize_with = "or_default")]
        first_seen_at: Timestamp = Time if asked,
        /// When last seen.
        #[serde(deserialize_with = "or_default")]
        last_seen_at: Timestamp = Time if asked,
        /// In how many records.
        #[serde(deserialize_with = "or_default")]
        times_seen: i64 = Number if asked,
    }
}

impl SiloRow for IdentifierRow {
    type Silo = CustomerRecord;
    const TABLE: &'static str = "profile_identifier";
    const OWNER: Option<&'static str> = None;
    const CUSTOMER: Option<&'static str> = Some("customer_id");
    const MADE: &'static [(Camel, &'static [&'static str])] = &[(Camel::new("kind"), &[]), (Camel::new("value"), &[])];
    const TIE: &'static str = "value";
}

impl Exported for IdentifierRow {
    const TOLD: &'static [Told] = &[
        Told::open(&["id"], &[Form::Id("idn")]),
        Told::open(&["customer_id", "source_profile_id"], &[Form::Id("cus"), Form::Id("spr")]),
        Told::open(&["kind"], &[Form::Word]),
        Told {
            columns: &["value"],
            forms: &[Form::Text],
            classes: Classes::ByLast { of: classes_of, any: &[Class::Contact, Class::Technical, Class::Open] },
        },
        Told::open(&["first_seen_at", "last_seen_at"], &[Form::Time, Form::Time]),
        Told::open(&["times_seen"], &[Form::Number]),
    ];
    const PREFIX: &'static str = "idn";
    const KEY: &'static [&'static str] = &["source_profile_id", "identifier_id"];
}

/// The classes of a value, by its kind as it is kept; those of a kind that is not known are all there are.
fn classes_of(kind: &str) -> &'static [Class] {
    match kind {
        "EMAIL" | "PHONE" => &[Class::Contact],
        "USER_ID" | "COOKIE" => &[Class::Technical],
        "CUSTOMER_NUMBER" | "LOYALTY_NUMBER" => &[Class::Open],
        _ => EXTERNAL,
    }
}

/// A value that a customer is known by.
#[derive(SimpleObject)]
pub struct Identifier {
    /// What kind of value it is.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    kind: ShownKind,
    /// The normalised value; masked or null where its data class (contact, technical; of an external id identity too) is
    /// withheld from you.
    #[graphql(directive = access::apply("customer".to_owned(), "contact".to_owned()))]
    value: Option<String>,
    /// When it was first seen with this customer.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    first_seen_at: Timestamp,
    /// When it was last seen with this customer.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    last_seen_at: Timestamp,
    /// In how many records it was seen.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    times_seen: i64,
}

impl AtHand for Identifier {
    fn writer(field: &str) -> Option<Writer<Self>> {
        Some(match field {
            "kind" => |this, _, out| Word(this.kind).put(out),
            "value" => |this, _, out| this.value.put(out),
            "firstSeenAt" => |this, _, out| this.first_seen_at.put(out),
            "lastSeenAt" => |this, _, out| this.last_seen_at.put(out),
            "timesSeen" => |this, _, out| this.times_seen.put(out),
            _ => return None,
        })
    }
}

/// The identifiers of a customer: one for each value, however many sources carry it.
pub async fn identifiers(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
) -> Result<ReadyList<Identifier>> {
    let mut rows = store::identifiers(context, permit, customer_id).await?;
    rows.sort_by(|a, b| (a.kind as u8, &a.value).cmp(&(b.kind as u8, &b.value)));
    let mut merged: Vec<IdentifierRow> = Vec::with_capacity(rows.len());
    for row in rows {
        match merged.last_mut() {
            Some(last) if last.kind == row.kind && last.value == row.value => {
                last.times_seen += row.times_seen;
                last.first_seen_at = last.first_seen_at.clone().min(row.first_seen_at);
                last.last_seen_at = last.last_seen_at.clone().max(row.last_seen_at);
            }
            _ => merged.push(row),
        }
    }
    let shown = merged.into_iter().map(|row| {
        Ready(Identifier {
            kind: row.kind,
            value: shown_below(context, permit, (&["value"], "Identifier.value"), row.kind.class(permit), &row.value),
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
            times_seen: row.times_seen,
        })
    });
    Ok(ReadyList(shown.collect()))
}

object! {
    /// The customer as one source knows it.
    SourceProfile, SourceProfileRow of CustomerRecord from "source_profile" id "spr" customer "customer_id" {
        /// Key of the source.
        open source: text!,
        /// Key of the person or company in that source.
        technical key: text,
        /// A person or a company; null where the source does not say.
        open kind: [CustomerKind],
        /// When the source last said something of it.
        open observed_at: time!,
        /// When the source deleted it.
        open deleted_at: time,
    }
}
connection!(SourceProfile, SourceProfileConnection, SourceProfileEdge, "source profiles");
