//! Table `crm_profile`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Master data that enriches a customer.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "crm_profile")]
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
    /// Segment.
    pub segment: Option<String>,
    /// Revenue, in 1/10,000.
    pub revenue: Option<i64>,
    /// Contribution margin, in 1/10,000.
    pub contribution_margin: Option<i64>,
    /// Lifetime value, in 1/10,000.
    pub lifetime_value: Option<i64>,
    /// Currency, ISO 4217.
    pub currency: Option<String>,
    /// Loyalty tier.
    pub loyalty_tier: Option<String>,
    /// Member since, YYYY-MM-DD.
    pub loyalty_since: Option<String>,
    /// Keys of the products held, a list.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub products_held: Option<Json>,
    /// Employees, of a company.
    pub employees: Option<i64>,
    /// Industry, of a company.
    pub industry: Option<String>,
    /// When the source said so.
    #[serde(serialize_with = "crate::time::micros")]
    pub observed_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
