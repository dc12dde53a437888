//! Table `customer_redirect`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A retired customer id and the one it leads to, dated, so that an unmerge can bring it back.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "customer_redirect")]
pub struct Model {
    /// The id that was retired.
    #[sea_orm(primary_key, auto_increment = false)]
    pub retired_id: Uuid,
    /// The id it leads to.
    pub customer_id: Uuid,
    /// Since when.
    #[sea_orm(primary_key, auto_increment = false)]
    #[serde(serialize_with = "crate::time::micros")]
    pub valid_from: DateTimeUtc,
    /// Until when; null while it holds.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub valid_to: Option<DateTimeUtc>,
    /// The merge that caused it.
    pub identity_event_id: Uuid,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
