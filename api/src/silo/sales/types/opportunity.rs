//! Opportunities: possible sales, with who pursues them.

use async_graphql::{Context, Enum, InputObject};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Class, PeriodInput, access, shown};
use crate::catalogue::types::{Money, ProductOf, Staff, staff};
use crate::error::Result;
use crate::silo::sales::Sales;
use crate::{connection, object};

/// Where an opportunity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OpportunityState {
    /// It is pursued.
    Open,
    /// It became a sale.
    Won,
    /// It did not.
    Lost,
}

object! {
    /// A possible sale.
    Opportunity, OpportunityRow of Sales from "opportunity" id "opp" owner "owner_id" customer "customer_id" {
        /// What it is called, in the words of sales.
        free_text name: text,
        /// Stage in the source's own pipeline.
        open stage: text,
        /// Where it stands.
        open state: [OpportunityState]!,
        /// Probability of winning, 0–1, as sales estimates it.
        open probability: real,
        /// When it was opened.
        open opened_at: time!,
        /// Day on which sales expects to close it, YYYY-MM-DD.
        open expected_close_on: text,
        /// When it was won or lost; null while it is open.
        open closed_at: time,
        /// Why it was lost.
        free_text lost_reason: text,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the opportunity in its source; null where the source has no page for it.
        open source_url: text,
        /// The product to be sold.
        open product: {ProductOf: product},
        /// Amount expected from the sale.
        financial amount: {Money: amount, currency},
        /// Expected amount, in 1/10,000.
        column amount: Option<i64> = Number if part,
        /// Currency of the amount.
        column currency: Option<String> = Text if part,
        /// Key of the product.
        column product: Option<String> = Text if part,
        /// Who pursues it.
        column owner_id: Option<Uuid> = Uuid if part => staff: "stf",
    } also {
        /// Who pursues it.
        #[graphql(directive = access::apply("sales".to_owned(), "staff".to_owned()))]
        async fn owner(&self, context: &Context<'_>) -> Option<Result<Staff>> {
            match shown(context, &self.permit, "Opportunity", Class::Staff, || self.row.owner_id) {
                None => None,
                id => staff(context, "Opportunity", id).await.transpose(),
            }
        }
    }
}
connection!(Opportunity, OpportunityConnection, OpportunityEdge, "opportunities");

/// Which opportunities.
#[derive(Debug, Clone, Default, InputObject)]
pub struct OpportunityFilter {
    /// In one of these states.
    pub state: Option<Vec<OpportunityState>>,
    /// In one of these stages of the source's pipeline.
    pub stage: Option<Vec<String>>,
    /// For this product, by key.
    pub product: Option<String>,
    /// Opened in this period.
    pub opened: Option<PeriodInput>,
    /// Won or lost in this period.
    pub closed: Option<PeriodInput>,
}
