//! Table `identifier`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A value that customers are known by, normalised, once for each kind.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "identifier")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// EMAIL, PHONE, `CUSTOMER_NUMBER`, `LOYALTY_NUMBER`, `USER_ID`, COOKIE or `EXTERNAL_ID`.
    pub kind: String,
    /// The normalised value.
    pub value: String,
    /// NORMAL, SHARED (held by too many others to join by) or BLOCKED (on the deny list).
    pub status: String,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
