//! Table `profile_identifier`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Which profile carries which identifier, since when, and how often it was seen.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "profile_identifier")]
pub struct Model {
    /// The profile.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_profile_id: Uuid,
    /// The identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub identifier_id: Uuid,
    /// The customer of the profile.
    pub customer_id: Uuid,
    /// Kind of the identifier, repeated so that a profile is read without a join.
    pub kind: String,
    /// Value of the identifier, repeated likewise.
    pub value: String,
    /// STRONG (may join) or WEAK (never joins).
    pub strength: String,
    /// When first seen.
    #[serde(serialize_with = "crate::time::micros")]
    pub first_seen_at: DateTimeUtc,
    /// When last seen.
    #[serde(serialize_with = "crate::time::micros")]
    pub last_seen_at: DateTimeUtc,
    /// In how many records.
    pub times_seen: i64,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
