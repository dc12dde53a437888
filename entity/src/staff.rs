//! Table `staff`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Who works here.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "staff")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Key of the person, unique in the company.
    pub key: String,
    /// Name as shown.
    pub name: String,
    /// Name folded for sorting.
    pub name_sort: String,
    /// Work e-mail, lower case; finds the person behind a token.
    pub email: Option<String>,
    /// Team.
    pub team: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Department: SALES, SERVICE, MARKETING, PRODUCT, MANAGEMENT or OTHER.
    pub department: Option<String>,
    /// Subject of the person's tokens, where it is not the e-mail.
    pub subject: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
