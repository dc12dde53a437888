//! Table `source_profile`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A person or company as one source knows it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "source_profile")]
pub struct Model {
    /// Stable id, in time order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the source.
    pub source: String,
    /// Key of the person or company in that source.
    pub key: String,
    /// PERSON or COMPANY; null where the source does not say.
    pub kind: Option<String>,
    /// The customer of its live membership.
    pub customer_id: Uuid,
    /// What the source says: attribute to value, normalised; one that an older record said has its own time and record.
    #[sea_orm(column_type = "JsonBinary")]
    pub attributes: Json,
    /// When the source's newest word was so.
    #[serde(serialize_with = "crate::time::micros")]
    pub observed_at: DateTimeUtc,
    /// The raw record with the newest word; null while only named.
    pub record_id: Option<Uuid>,
    /// When the source deleted it.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub deleted_at: Option<DateTimeUtc>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
