//! Table `match_link`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Why two profiles are one customer, or must never be.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "match_link")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SAME or NEVER.
    pub kind: String,
    /// One profile.
    pub profile_a: Uuid,
    /// The other.
    pub profile_b: Uuid,
    /// The identifier both carry, where that is the cause.
    pub identifier_id: Option<Uuid>,
    /// The rule that decided.
    pub cause: String,
    /// When.
    #[serde(serialize_with = "crate::time::micros")]
    pub created_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
