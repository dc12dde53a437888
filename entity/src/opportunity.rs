//! Table `opportunity`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A possible sale.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "opportunity")]
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
    /// Name.
    pub name: String,
    /// Sales stage.
    pub stage: Option<String>,
    /// OPEN, WON or LOST.
    pub state: String,
    /// Expected amount, in 1/10,000.
    pub amount: Option<i64>,
    /// Currency, ISO 4217.
    pub currency: Option<String>,
    /// Probability of winning, 0–1.
    pub probability: Option<f64>,
    /// Who pursues it.
    pub owner_id: Option<Uuid>,
    /// Key of the product.
    pub product: Option<String>,
    /// When opened.
    #[serde(serialize_with = "crate::time::micros")]
    pub opened_at: DateTimeUtc,
    /// Expected close, YYYY-MM-DD.
    pub expected_close_on: Option<String>,
    /// When won or lost.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub closed_at: Option<DateTimeUtc>,
    /// Why lost.
    pub lost_reason: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
