//! Table `contact_note`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// What someone who talked to the customer left for the next; those of sales are the sales notes.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "contact_note")]
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
    /// Department of the author: SALES, SERVICE, MARKETING, PRODUCT, MANAGEMENT or OTHER.
    pub department: String,
    /// Author as the source writes it.
    pub author: Option<String>,
    /// The author, where known.
    pub staff_id: Option<Uuid>,
    /// Channel of the contact.
    pub channel: Option<String>,
    /// INBOUND or OUTBOUND.
    pub direction: Option<String>,
    /// What was said.
    pub text: String,
    /// Sales stage the note carries.
    pub stage: Option<String>,
    /// Amount the note carries, in 1/10,000.
    pub amount: Option<i64>,
    /// Currency of the amount, ISO 4217.
    pub currency: Option<String>,
    /// Key of the touchpoint.
    pub touchpoint: Option<String>,
    /// ALL, or DEPARTMENT: an internal note.
    pub visibility: String,
    /// What was promised.
    pub promise_text: Option<String>,
    /// By when.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub promise_due_at: Option<DateTimeUtc>,
    /// When it was taken back.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub removed_at: Option<DateTimeUtc>,
    /// When the contact took place.
    #[serde(serialize_with = "crate::time::micros")]
    pub noted_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
