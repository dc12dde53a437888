//! Table `profile_word`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// What a record says of a profile that another record says newer: it counts again when that other word is taken back.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "profile_word")]
pub struct Model {
    /// The record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_id: Uuid,
    /// The profile.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_profile_id: Uuid,
    /// When it was so.
    #[serde(serialize_with = "crate::time::micros")]
    pub observed_at: DateTimeUtc,
    /// All that the record says of the profile: attribute to value, normalised.
    #[sea_orm(column_type = "JsonBinary")]
    pub attributes: Json,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
