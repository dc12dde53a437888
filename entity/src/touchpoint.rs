//! Table `touchpoint`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Where we meet the customer.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "touchpoint")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the touchpoint, unique in the company.
    pub key: String,
    /// Name as shown.
    pub name: String,
    /// Name folded for sorting.
    pub name_sort: String,
    /// Channel: EMAIL, PHONE, CHAT, WEB, APP, SOCIAL, `IN_PERSON`, LETTER or OTHER.
    pub channel: Option<String>,
    /// `PRE_CONSUMPTION`, CONSUMPTION or `POST_CONSUMPTION`.
    pub phase: Option<String>,
    /// Lifecycle stages it serves, a list.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub stages: Option<Json>,
    /// Department that owns it.
    pub department: Option<String>,
    /// What it leads the customer to expect.
    pub expectation: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
