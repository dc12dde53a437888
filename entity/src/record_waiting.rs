//! Table `record_waiting`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Records that belong to a row, or name somebody, that has not come yet: they are placed again as soon as it has.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "record_waiting")]
pub struct Model {
    /// Id of the row that is waited for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub awaited_id: Uuid,
    /// The record that waits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_id: Uuid,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
