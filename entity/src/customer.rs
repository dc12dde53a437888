//! Table `customer`.

use sea_orm::entity::prelude::*;
use serde::Serialize;

/// One customer: a person or a company. The shown values are columns here; where they come from stands in `golden_value`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    /// The id for ever: that of the founding profile.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// PERSON or COMPANY.
    pub kind: String,
    /// The customer this one was merged into; null while it stands on its own.
    pub merged_into: Option<Uuid>,
    /// Name as shown.
    pub name: Option<String>,
    /// Name folded for sorting.
    pub name_sort: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// E-mail, lower case.
    pub email: Option<String>,
    /// Phone number, E.164.
    pub phone: Option<String>,
    /// Company as the sources write it.
    pub company: Option<String>,
    /// Birth date, YYYY-MM-DD.
    pub birth_date: Option<String>,
    /// Street and number.
    pub street: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Country, ISO 3166 alpha-2.
    pub country: Option<String>,
    /// Language, BCP 47.
    pub language: Option<String>,
    /// Customer number.
    pub customer_number: Option<String>,
    /// Loyalty number.
    pub loyalty_number: Option<String>,
    /// Lifecycle stage, as crm says until rules decide it.
    pub stage: Option<String>,
    /// Segment, as crm says.
    pub segment: Option<String>,
    /// The member of staff who looks after the customer.
    pub owner_id: Option<Uuid>,
    /// Everything the customer is found by, folded.
    pub search_text: String,
    /// When the customer was first known to us or to a source.
    #[serde(serialize_with = "crate::time::micros")]
    pub created_at: DateTimeUtc,
    /// When a shown value last changed.
    #[serde(serialize_with = "crate::time::micros")]
    pub updated_at: DateTimeUtc,
    /// When something last happened between the customer and us.
    #[serde(serialize_with = "crate::time::micros_or_null")]
    pub last_interaction_at: Option<DateTimeUtc>,
}

/// No relations: rows are joined in `store.rs`, starting from a permit.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
