//! Table `ticket_message`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A message or an internal note of a ticket.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "ticket_message")]
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
    /// The ticket.
    pub ticket_id: Uuid,
    /// CUSTOMER, AGENT or SYSTEM.
    pub author_kind: Option<String>,
    /// Author as the source writes it.
    pub author: Option<String>,
    /// The author, where a member of staff.
    pub staff_id: Option<Uuid>,
    /// An internal note, not a message to the customer.
    pub internal: bool,
    /// Text.
    pub text: String,
    /// Channel.
    pub channel: Option<String>,
    /// When sent.
    #[serde(serialize_with = "crate::time::micros")]
    pub sent_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
