//! Table `ticket`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A request to support.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "ticket")]
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
    /// Ticket number.
    pub number: Option<String>,
    /// QUESTION, PROBLEM, COMPLAINT or REQUEST.
    pub kind: Option<String>,
    /// NEW, OPEN, PENDING, `ON_HOLD`, SOLVED or CLOSED.
    pub status: String,
    /// LOW, NORMAL, HIGH or URGENT.
    pub priority: Option<String>,
    /// Channel it came on.
    pub channel: Option<String>,
    /// Subject.
    pub subject: String,
    /// Topic.
    pub topic: Option<String>,
    /// Key of the product.
    pub product: Option<String>,
    /// Key of the touchpoint.
    pub touchpoint: Option<String>,
    /// Who works on it.
    pub assignee_id: Option<Uuid>,
    /// Team that works on it.
    pub team: Option<String>,
    /// When it came in.
    #[serde(serialize_with = "crate::time::micros")]
    pub opened_at: DateTimeUtc,
    /// When it last changed.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub updated_at: Option<DateTimeUtc>,
    /// When it was first answered.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub first_response_at: Option<DateTimeUtc>,
    /// When it was last resolved.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub resolved_at: Option<DateTimeUtc>,
    /// How often it was opened again.
    pub reopened_count: Option<i64>,
    /// How often it changed hands.
    pub handover_count: Option<i64>,
    /// The customer's rating: GOOD or BAD.
    pub satisfaction: Option<String>,
    /// When the customer was promised the next word.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub next_update_at: Option<DateTimeUtc>,
    /// Waiting time of a call, in seconds.
    pub waiting_seconds: Option<i64>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
