//! Table `source`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// An installed system: where records come from, how they are read, and how fresh they are.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "source")]
pub struct Model {
    /// Name of the source, chosen by whoever installs it (`zendesk-eu`).
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Stable id, made from the key.
    pub id: Uuid,
    /// The kind of system: surveys, sales, analytics, support, reviews or crm.
    pub silo: String,
    /// How people call it.
    pub name: String,
    /// Key of the mapping that reads its records.
    pub mapping: String,
    /// Version of that mapping when it was last used.
    pub mapping_version: i32,
    /// Survivorship: the value of a source with a higher priority wins.
    pub priority: i32,
    /// Country (ISO 3166 alpha-2) of phone numbers that name none.
    pub default_country: Option<String>,
    /// A record is expected at least this often; longer silence makes the source stale.
    pub expected_every_seconds: Option<i64>,
    /// When the last record came in.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub last_record_at: Option<DateTimeUtc>,
    /// Since when nothing is taken from it; null where it is not paused.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub paused_at: Option<DateTimeUtc>,
    /// Who paused it: the subject of the token, or `command line`.
    pub paused_by: Option<String>,
    /// Why it was paused.
    pub pause_reason: Option<String>,
    /// When the source was first seen.
    #[serde(serialize_with = "crate::time::micros")]
    pub created_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
