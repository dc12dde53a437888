//! Table `product`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// What we sell.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the product, unique in the company.
    pub key: String,
    /// Name as shown.
    pub name: String,
    /// Name folded for sorting.
    pub name_sort: String,
    /// Category.
    pub category: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
