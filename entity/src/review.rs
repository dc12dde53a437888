//! Table `review`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A rating, a review, a recommendation or a mention.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "review")]
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
    /// Platform it was given on.
    pub origin: String,
    /// RATING, REVIEW, RECOMMENDATION or MENTION.
    pub kind: Option<String>,
    /// Key of the product.
    pub product: Option<String>,
    /// Key of the touchpoint.
    pub touchpoint: Option<String>,
    /// Rating on its scale.
    pub rating: Option<f64>,
    /// Highest rating of the scale.
    pub scale_max: Option<i64>,
    /// Whether the customer recommends.
    pub recommends: Option<bool>,
    /// Title.
    pub title: Option<String>,
    /// Text.
    pub text: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// Our answer.
    pub response_text: Option<String>,
    /// Who answered.
    pub responder_id: Option<Uuid>,
    /// When answered.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub responded_at: Option<DateTimeUtc>,
    /// When given.
    #[serde(serialize_with = "crate::time::micros")]
    pub reviewed_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
