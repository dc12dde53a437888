//! Table `relation`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// Who belongs to whom: a person works at a company, persons share a household. Dated, with its source.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "relation")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The raw record.
    pub record_id: Uuid,
    /// Key of the source.
    pub source: String,
    /// `WORKS_AT` or HOUSEHOLD.
    pub kind: String,
    /// Profile it goes from (the person).
    pub from_profile_id: Uuid,
    /// Customer it goes from.
    pub customer_id: Uuid,
    /// Profile it goes to (the company).
    pub to_profile_id: Uuid,
    /// Customer it goes to.
    pub to_customer_id: Uuid,
    /// Title or role there.
    pub title: Option<String>,
    /// Since when, YYYY-MM-DD.
    pub valid_from: Option<String>,
    /// Until when, YYYY-MM-DD.
    pub valid_to: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
