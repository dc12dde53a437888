//! Table `change`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// The one sequence of changes: ids and kinds of what was written, never values.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "change")]
pub struct Model {
    /// Order within the database.
    #[sea_orm(primary_key)]
    #[serde(skip)]
    pub seq: i64,
    /// Raised by a restore.
    pub epoch: i32,
    /// Transaction on PostgreSQL, 0 on SQLite: what makes the order safe to follow.
    #[serde(skip)]
    pub xid: i64,
    /// What was written: the table.
    pub entity: String,
    /// Id of the row.
    pub entity_id: Uuid,
    /// The customer concerned.
    pub customer_id: Option<Uuid>,
    /// UPSERT, DELETE or MERGE.
    pub op: String,
    /// Whether the row that was deleted was an internal one: what was told of it before is for those who see such rows, too.
    pub internal: bool,
    /// Who had written it: they are told of it nevertheless.
    pub author_id: Option<Uuid>,
    /// When.
    #[serde(serialize_with = "crate::time::micros")]
    pub changed_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
