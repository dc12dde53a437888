//! Table `record_head`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// The newest record of each key: what a repetition is told by, and what keeps the ids of its rows stable.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "record_head")]
pub struct Model {
    /// Key of the source.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// Stream of the source.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stream: String,
    /// Key of the record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Id that the ids of all rows of this key are made from; given at the first mention.
    pub origin_id: Uuid,
    /// The newest record; null while the key has only been referred to.
    pub record_id: Option<Uuid>,
    /// Version of the newest record.
    pub version: Option<String>,
    /// Hash of the newest record.
    pub content_hash: Option<String>,
    /// Whether the newest record is a delete.
    pub deleted: bool,
    /// The newest version of its table that the key was seen in, where the source counts them: what vanished is told by it.
    pub sync: Option<i64>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
