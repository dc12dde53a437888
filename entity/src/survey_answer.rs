//! Table `survey_answer`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// One answer of a response.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "survey_answer")]
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
    /// The response.
    pub response_id: Uuid,
    /// The questionnaire.
    pub survey_id: Option<Uuid>,
    /// Stable key of the question.
    pub question_key: String,
    /// Text of the question.
    pub question: Option<String>,
    /// NPS, CSAT, CES, RATING, EXPECTATION, CHOICE or TEXT.
    pub kind: String,
    /// PRODUCT, DELIVERY, SUPPORT or COMMUNICATION.
    pub aspect: Option<String>,
    /// Key of the product asked about.
    pub product: Option<String>,
    /// The answer as it came.
    pub raw_value: Option<String>,
    /// Lowest value of the scale.
    pub scale_min: Option<i64>,
    /// Highest value of the scale.
    pub scale_max: Option<i64>,
    /// The answer as a number on its scale.
    pub score: Option<i64>,
    /// The score brought to 0–1.
    pub normalised: Option<f64>,
    /// Free text.
    pub text: Option<String>,
    /// Place in the questionnaire.
    pub position: Option<i64>,
    /// When answered.
    #[serde(serialize_with = "crate::time::micros")]
    pub answered_at: DateTimeUtc,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
