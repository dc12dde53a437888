//! Table `staff_alias`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// What a source calls a member of staff.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "staff_alias")]
pub struct Model {
    /// Key of the source.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// The source's own id, e-mail or name for the person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The person; null where the source calls several people so.
    pub staff_id: Option<Uuid>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
