//! Table `identity_event`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// What identity resolution did: create, join, merge, or refuse to; appended, never changed.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "identity_event")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// CREATED, JOINED, MERGED, `JOIN_REFUSED`, `IDENTIFIER_SHARED` or `IDENTIFIER_BLOCKED`.
    pub kind: String,
    /// The customer that remains.
    pub customer_id: Uuid,
    /// The customer that was retired, or that the profile was kept apart from.
    pub other_customer_id: Option<Uuid>,
    /// The profile that gave rise to it.
    pub source_profile_id: Option<Uuid>,
    /// The identifier it rests on.
    pub identifier_id: Option<Uuid>,
    /// Who decided: `rule` or a subject.
    pub actor: String,
    /// The reason in a stable form.
    pub cause: String,
    /// When.
    #[serde(serialize_with = "crate::time::micros")]
    pub occurred_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
