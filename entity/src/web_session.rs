//! Table `web_session`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A visit.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "web_session")]
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
    /// When it began.
    #[serde(serialize_with = "crate::time::micros")]
    pub started_at: DateTimeUtc,
    /// When it ended.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub ended_at: Option<DateTimeUtc>,
    /// How the visitor came: organic, paid, email …
    pub channel: Option<String>,
    /// Page the visitor came from.
    pub referrer: Option<String>,
    /// Campaign.
    pub campaign: Option<String>,
    /// First page.
    pub landing_page: Option<String>,
    /// Pages seen.
    pub pages: Option<i64>,
    /// Whether it had one page only.
    pub bounced: Option<bool>,
    /// Whether a goal was reached.
    pub converted: Option<bool>,
    /// Length in seconds.
    pub duration_seconds: Option<i64>,
    /// Kind of device.
    pub device: Option<String>,
    /// Country, ISO 3166 alpha-2.
    pub country: Option<String>,
    /// Key of the product looked at.
    pub product: Option<String>,
    /// Key of the touchpoint.
    pub touchpoint: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
