//! Table `record_waiting`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Records that are to be placed again: they belong to a row, or name somebody, that has not come yet; or to a row that has just
/// become somebody else's, and then all but the first two columns are null.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "record_waiting")]
pub struct Model {
    /// Stands for what is waited for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub awaited_id: Uuid,
    /// The record that waits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_id: Uuid,
    /// The row that is waited for, by the id that it will have.
    pub row_id: Option<Uuid>,
    /// The source whose word for somebody is waited for.
    pub source: Option<String>,
    /// Its word.
    pub word: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
