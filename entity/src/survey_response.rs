//! Table `survey_response`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// An answered questionnaire; the headline answer stands here, all answers in `survey_answer`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "survey_response")]
pub struct Model {
    /// Stable id, in time order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The raw record this row was last written from.
    pub record_id: Uuid,
    /// Key of the source it came from.
    pub source: String,
    /// The source profile it hangs on.
    pub source_profile_id: Uuid,
    /// The customer that profile belongs to; membership is the truth, this is its projection.
    pub customer_id: Uuid,
    /// Opens the original in the source, where the source has a page for it.
    pub source_url: Option<String>,
    /// The questionnaire.
    pub survey_id: Option<Uuid>,
    /// The invitation it answers.
    pub invitation_id: Option<Uuid>,
    /// Key of the touchpoint asked about.
    pub touchpoint: Option<String>,
    /// Channel it was answered on.
    pub channel: Option<String>,
    /// Language of the answers.
    pub language: Option<String>,
    /// Whether it was answered to the end.
    pub finished: bool,
    /// Kind of the headline question.
    pub kind: Option<String>,
    /// Raw score of the headline question.
    pub score: Option<i64>,
    /// Free text given beside it.
    pub comment: Option<String>,
    /// When answered.
    #[serde(serialize_with = "crate::time::micros")]
    pub answered_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
