//! Table `survey`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// A questionnaire.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "survey")]
pub struct Model {
    /// Stable id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The raw record.
    pub record_id: Uuid,
    /// Key of the source.
    pub source: String,
    /// Title.
    pub name: String,
    /// RELATIONSHIP or TRANSACTIONAL.
    pub kind: Option<String>,
    /// Key of the touchpoint asked about.
    pub touchpoint: Option<String>,
    /// In product research: IDEA, CONCEPT, DESIGN, BUILD or OPERATION.
    pub research_stage: Option<String>,
    /// When it was made.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub created_at: Option<DateTimeUtc>,
    /// Opens the original.
    pub source_url: Option<String>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
