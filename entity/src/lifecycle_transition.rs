//! Table `lifecycle_transition`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A change of lifecycle stage, kept with its time and cause.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "lifecycle_transition")]
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
    /// Stage before; null at the first.
    pub from_stage: Option<String>,
    /// Stage after.
    pub to_stage: String,
    /// Cause; at termination the churn reason.
    pub reason: Option<String>,
    /// When.
    #[serde(serialize_with = "crate::time::micros")]
    pub occurred_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
