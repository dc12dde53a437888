//! Table `interaction`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// The timeline: one narrow row for each thing that happened, pointing to its silo row.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "interaction")]
pub struct Model {
    /// Id of the silo row it points to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The customer.
    pub customer_id: Uuid,
    /// The profile.
    pub source_profile_id: Uuid,
    /// Key of the source.
    pub source: String,
    /// Silo of the row.
    pub silo: String,
    /// What it is: TICKET, `TICKET_MESSAGE`, `CONTACT_NOTE`, PURCHASE …
    pub kind: String,
    /// Channel.
    pub channel: Option<String>,
    /// Key of the touchpoint.
    pub touchpoint: Option<String>,
    /// Whether only those who may read internal rows see it.
    pub internal: bool,
    /// When.
    #[serde(serialize_with = "crate::time::micros")]
    pub occurred_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
