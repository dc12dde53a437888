//! Table `consent`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A consent given, denied or withdrawn, with its evidence.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "consent")]
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
    /// Purpose: MARKETING, SURVEY, SERVICE …
    pub purpose: String,
    /// Channel; null means any.
    pub channel: Option<String>,
    /// GRANTED, DENIED or WITHDRAWN.
    pub state: String,
    /// What proves it.
    pub evidence: Option<String>,
    /// When it was recorded.
    #[serde(serialize_with = "crate::time::micros")]
    pub recorded_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
