//! Table `record`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// What came, as it came: the raw record of a source. Everything else can be computed from these rows.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "record")]
pub struct Model {
    /// Order of intake, given by the database.
    #[sea_orm(primary_key)]
    #[serde(skip)]
    pub intake_no: i64,
    /// Stable id, in time order.
    pub id: Uuid,
    /// Key of the source.
    pub source: String,
    /// Stream of the source: what kind of record it is there.
    pub stream: String,
    /// Key of the record within its stream, where it has one.
    pub key: Option<String>,
    /// UPSERT or DELETE.
    pub op: String,
    /// What orders the versions of one key; compares as text.
    pub version: Option<String>,
    /// When it happened, where the door knew it; a mapping may find another time in the payload.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub occurred_at: Option<DateTimeUtc>,
    /// When it reached us.
    #[serde(serialize_with = "crate::time::micros")]
    pub received_at: DateTimeUtc,
    /// The record as it came, byte for byte.
    pub payload: String,
    /// SHA-256 of the payload, to tell a repetition.
    pub content_hash: String,
    /// APPLIED, WAITING (for the row that it belongs to), SUPERSEDED (older than what is known), REJECTED, DISCARDED (rejected and
    /// put aside) or ERASED.
    pub state: String,
    /// Why it was rejected, or that it waits: a stable code.
    pub reason_code: Option<String>,
    /// Why, and what to do, in a sentence.
    pub reason: Option<String>,
    /// In which reading of its table its key was first seen with it, where the door tells of such: one after a delete brings back.
    pub sync: Option<i64>,
    /// Version of the mapping that read it.
    pub mapping_version: i32,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
