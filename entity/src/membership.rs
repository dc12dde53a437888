//! Table `membership`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Which customer a profile belongs to, from when to when.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The profile.
    pub source_profile_id: Uuid,
    /// The customer.
    pub customer_id: Uuid,
    /// Since when.
    #[serde(serialize_with = "crate::time::micros")]
    pub valid_from: DateTimeUtc,
    /// Until when; null while it holds.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub valid_to: Option<DateTimeUtc>,
    /// What caused it.
    pub identity_event_id: Uuid,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
