//! Table `record_discard`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Why a refused record was put aside: its state is then DISCARDED, and it is not tried again.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "record_discard")]
pub struct Model {
    /// The record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_id: Uuid,
    /// When.
    #[serde(serialize_with = "crate::time::micros")]
    pub discarded_at: DateTimeUtc,
    /// By whom: the subject of the token, or `command line`.
    pub discarded_by: String,
    /// Why.
    pub reason: String,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
