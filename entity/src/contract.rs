//! Table `contract`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A contract.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "contract")]
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
    /// Contract number.
    pub number: Option<String>,
    /// Key of the product.
    pub product: Option<String>,
    /// ACTIVE, CANCELLED or ENDED, as the source says; where it stands today follows from this and the days.
    pub state: Option<String>,
    /// Amount a year, in 1/10,000.
    pub amount: Option<i64>,
    /// Currency, ISO 4217.
    pub currency: Option<String>,
    /// First day, YYYY-MM-DD.
    pub starts_on: String,
    /// Last day, YYYY-MM-DD.
    pub ends_on: Option<String>,
    /// Last day to give notice, YYYY-MM-DD.
    pub notice_by: Option<String>,
    /// When cancelled.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub cancelled_at: Option<DateTimeUtc>,
    /// Why cancelled.
    pub cancellation_reason: Option<String>,
    /// Who looks after it.
    pub owner_id: Option<Uuid>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
