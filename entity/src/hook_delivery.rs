//! Table `hook_delivery`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A delivery of a webhook that was taken, so that its repetition changes nothing. Kept for some days.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "hook_delivery")]
pub struct Model {
    /// Key of the source.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// Its id as the sender gives it, or a hash of what was signed; what kind it is stands before a colon.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// When it came.
    #[serde(serialize_with = "crate::time::micros")]
    pub received_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
