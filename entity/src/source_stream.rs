//! Table `source_stream`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// What came of a stream of a source: counts since a moment, and its last record and refusal.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "source_stream")]
pub struct Model {
    /// Key of the source.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// The stream; empty for all those together that the source's mapping does not know.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream: String,
    /// Id of the source.
    pub source_id: Uuid,
    /// Records whose rows were written.
    pub taken: i64,
    /// Records that were known already.
    pub repeated: i64,
    /// Records older than what was known.
    pub superseded: i64,
    /// Records that were refused when they came, whatever became of them since.
    pub rejected: i64,
    /// Since when it is counted.
    #[serde(serialize_with = "crate::time::micros")]
    pub counted_since: DateTimeUtc,
    /// When the last record came.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub last_record_at: Option<DateTimeUtc>,
    /// The newest moment that a record told of.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub last_event_at: Option<DateTimeUtc>,
    /// How long after its event the last record came that names one, in seconds.
    pub last_delay_seconds: Option<i64>,
    /// Since when nothing that came could be taken; null where the last records could.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub failing_since: Option<DateTimeUtc>,
    /// When a record was last refused.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub last_rejected_at: Option<DateTimeUtc>,
    /// Why, a stable code.
    pub last_rejected_code: Option<String>,
    /// Why, and what to do, in a sentence.
    pub last_rejected_reason: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
