//! Table `golden_value`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Where a shown value comes from: its source, the rule that chose it, and what lost.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "golden_value")]
pub struct Model {
    /// The customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// Name of the attribute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub attribute: String,
    /// The value shown.
    pub value: String,
    /// Source of the value.
    pub source: String,
    /// Profile of the value.
    pub source_profile_id: Uuid,
    /// Raw record of the value.
    pub record_id: Option<Uuid>,
    /// When the source observed it.
    #[serde(serialize_with = "crate::time::micros")]
    pub observed_at: DateTimeUtc,
    /// The survivorship rule that chose it.
    pub rule: String,
    /// What lost: a list of value, source, profile and time.
    #[sea_orm(column_type = "JsonBinary")]
    pub alternatives: Json,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
