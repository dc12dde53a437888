//! Table `preference`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Something the customer prefers.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "preference")]
pub struct Model {
    /// Stable id, in time order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The raw record this row was last written from.
    pub record_id: Uuid,
    /// Key of the source it came from.
    pub source: String,
    /// The source profile it hangs on.
    pub source_profile_id: Uuid,
    /// The customer that profile belongs to; membership is the truth, this is its projection.
    pub customer_id: Uuid,
    /// Opens the original in the source, where the source has a page for it.
    pub source_url: Option<String>,
    /// What it is about.
    pub key: String,
    /// What is preferred.
    pub value: String,
    /// When it was recorded.
    #[serde(serialize_with = "crate::time::micros")]
    pub recorded_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
