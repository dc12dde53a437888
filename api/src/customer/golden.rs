//! Where a shown value comes from: the golden record's values with source, rule, and what lost.

use async_graphql::{Context, SimpleObject};
use serde::Deserialize;
use uuid::Uuid;

use super::{CustomerRecord, store};
use crate::access::{Action, Class, Permit, SiloRow, access, shown_below};
use crate::error::Result;
use crate::graph::timestamp::Timestamp;

crate::row! {
    /// A golden value.
    pub struct GoldenRow {
        /// The customer.
        customer_id: Uuid = Uuid,
        /// Name of the attribute.
        attribute: String = Text,
        /// The value shown.
        value: String = Text,
        /// Source of the value.
        source: String = Text,
        /// When the source observed it.
        observed_at: Timestamp = Time,
        /// The rule that chose it.
        rule: String = Text,
        /// What lost.
        alternatives: Vec<Loser> = Json,
    }
}

/// A value that lost, as it is kept.
#[derive(Debug, Clone, Deserialize)]
pub struct Loser {
    value: String,
    source: String,
    observed_at: Timestamp,
}

impl SiloRow for GoldenRow {
    type Silo = CustomerRecord;
    const TABLE: &'static str = "golden_value";
    const OWNER: Option<&'static str> = None;
    const CUSTOMER: Option<&'static str> = Some("customer_id");
}

/// A value of the golden record with where it comes from.
#[derive(SimpleObject)]
pub struct Attribute {
    /// Name of the attribute: `email`, `postal_code` …
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    key: String,
    /// The value; masked or null where its data class is withheld from you.
    #[graphql(directive = access::apply("customer".to_owned(), "identity".to_owned()))]
    value: Option<String>,
    /// Whether the value is masked or withheld.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    masked: bool,
    /// Key of the source it comes from.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    source: String,
    /// When the source observed it.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    observed_at: Timestamp,
    /// The survivorship rule that chose it.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    rule: String,
    /// The values that lost, the best first.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    alternatives: Vec<Alternative>,
}

/// A value that lost against the one shown.
#[derive(SimpleObject)]
pub struct Alternative {
    /// The value; masked or null where its data class is withheld from you.
    #[graphql(directive = access::apply("customer".to_owned(), "identity".to_owned()))]
    value: Option<String>,
    /// Key of the source it comes from.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    source: String,
    /// When the source observed it.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    observed_at: Timestamp,
}

/// The data class of an attribute. What is not known here counts as identity, the stricter way.
pub fn class(attribute: &str) -> Class {
    match attribute {
        "email" | "phone" | "street" | "postal_code" | "city" => Class::Contact,
        "country" | "language" | "customer_number" | "loyalty_number" | "stage" | "segment" | "industry" => Class::Open,
        "owner" => Class::Staff,
        "churn_reason" => Class::FreeText,
        _ => Class::Identity,
    }
}

/// The golden values of a customer, each through the mask of its own class.
pub async fn attributes(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
) -> Result<Vec<Attribute>> {
    let mut rows = store::golden_values(context, permit, customer_id).await?;
    rows.sort_by(|a, b| a.attribute.cmp(&b.attribute));
    let attributes = rows.into_iter().map(|row| {
        let class = class(&row.attribute);
        let see = |at, value: &str| shown_below(context, permit, at, class, value);
        Attribute {
            value: see((&["value"], "Attribute.value"), &row.value),
            masked: permit.action(class) != Action::Show,
            alternatives: row
                .alternatives
                .into_iter()
                .map(|lost| Alternative {
                    value: see((&["alternatives", "value"], "Alternative.value"), &lost.value),
                    source: lost.source,
                    observed_at: lost.observed_at,
                })
                .collect(),
            key: row.attribute,
            source: row.source,
            observed_at: row.observed_at,
            rule: row.rule,
        }
    });
    Ok(attributes.collect())
}
