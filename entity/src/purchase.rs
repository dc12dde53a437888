//! Table `purchase`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A purchase.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "purchase")]
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
    /// Order number.
    pub number: Option<String>,
    /// ORDERED, DELIVERED or RETURNED.
    pub state: String,
    /// Amount, in 1/10,000.
    pub amount: Option<i64>,
    /// Currency, ISO 4217.
    pub currency: Option<String>,
    /// Key of the product.
    pub product: Option<String>,
    /// Quantity.
    pub quantity: Option<f64>,
    /// Key of the touchpoint.
    pub touchpoint: Option<String>,
    /// When ordered.
    #[serde(serialize_with = "crate::time::micros")]
    pub ordered_at: DateTimeUtc,
    /// When delivered.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub delivered_at: Option<DateTimeUtc>,
    /// When returned.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub returned_at: Option<DateTimeUtc>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
