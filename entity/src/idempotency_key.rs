//! Table `idempotency_key`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// What was answered to a mutation with this key, so that its repetition has the same effect once.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// Who sent it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Name of the mutation.
    pub mutation: String,
    /// SHA-256 of the input, to refuse another request under the same key.
    pub request_hash: String,
    /// Id of what the mutation wrote.
    pub result_id: Uuid,
    /// When.
    #[serde(serialize_with = "crate::time::micros")]
    pub created_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
