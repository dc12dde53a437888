//! Table `survey_invitation`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A questionnaire sent to a customer.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "survey_invitation")]
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
    /// The questionnaire.
    pub survey_id: Option<Uuid>,
    /// Channel it was sent on.
    pub channel: Option<String>,
    /// Key of the touchpoint asked about.
    pub touchpoint: Option<String>,
    /// SENT, DELIVERED, OPENED, ANSWERED, BOUNCED or EXPIRED.
    pub state: Option<String>,
    /// When sent.
    #[serde(serialize_with = "crate::time::micros")]
    pub sent_at: DateTimeUtc,
    /// When delivered.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub delivered_at: Option<DateTimeUtc>,
    /// When answered.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub answered_at: Option<DateTimeUtc>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
