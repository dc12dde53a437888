//! Contracts: from when to when, until when notice may be given, and why they were cancelled.

use async_graphql::{Context, Enum, InputObject};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Class, Scope, access, shown};
use crate::catalogue::types::{Money, ProductOf, Staff, staff};
use crate::error::Result;
use crate::silo::sales::Sales;
use crate::{connection, object};

/// Where a contract stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContractState {
    /// In force.
    Active,
    /// Notice was given; it may still run until its last day.
    Cancelled,
    /// Over.
    Ended,
}

object! {
    /// A contract with the customer.
    Contract, ContractRow of Sales from "contract" id "con" owner "owner_id" customer "customer_id" {
        /// Contract number, as customers and agents write it.
        open number: text,
        /// First day, YYYY-MM-DD.
        open starts_on: text!,
        /// Last day, YYYY-MM-DD; null when it is open-ended.
        open ends_on: text,
        /// Last day to give notice, YYYY-MM-DD.
        open notice_by: text,
        /// When it was cancelled.
        behaviour cancelled_at: time,
        /// Why it was cancelled.
        free_text cancellation_reason: text,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the contract in its source; null where the source has no page for it.
        open source_url: text,
        /// The product it is about.
        open product: {ProductOf: product},
        /// What it brings in a year.
        financial amount: {Money: amount, currency},
        /// Amount a year, in 1/10,000.
        column amount: Option<i64> = Number if part,
        /// Currency of the amount.
        column currency: Option<String> = Text if part,
        /// Where it stands, as the source says.
        column state: Option<ContractState> = Text if part => open: word,
        /// Key of the product.
        column product: Option<String> = Text if part,
        /// Who looks after it.
        column owner_id: Option<Uuid> = Uuid if part => staff: "stf",
    } also {
        /// Where it stands today: over once its last day has passed; else what the source says, or without its word whether it
        /// was cancelled.
        #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
        async fn state(&self, context: &Context<'_>) -> ContractState {
            let now = Scope::of(context).map_or_else(|_| Utc::now(), |scope| scope.now);
            let (today, row) = (now.date_naive().to_string(), &self.row);
            stands(&today, row.ends_on.as_deref(), row.state, row.cancelled_at.is_some())
        }

        /// Who looks after it.
        #[graphql(directive = access::apply("sales".to_owned(), "staff".to_owned()))]
        async fn owner(&self, context: &Context<'_>) -> Option<Result<Staff>> {
            match shown(context, &self.permit, "Contract", Class::Staff, || self.row.owner_id) {
                None => None,
                id => staff(context, "Contract", id).await.transpose(),
            }
        }
    }
}
/// Where a contract stands on a day. The filters and figures of `store` say the same in SQL.
fn stands(today: &str, ends_on: Option<&str>, said: Option<ContractState>, cancelled: bool) -> ContractState {
    match (ends_on, said) {
        (Some(end), _) if end < today => ContractState::Ended,
        (_, Some(said)) => said,
        (_, None) if cancelled => ContractState::Cancelled,
        (_, None) => ContractState::Active,
    }
}

connection!(Contract, ContractConnection, ContractEdge, "contracts");

/// Which contracts.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ContractFilter {
    /// In one of these states.
    pub state: Option<Vec<ContractState>>,
    /// About this product, by key.
    pub product: Option<String>,
    /// Whose last day lies before this day, YYYY-MM-DD; open-ended ones do not count.
    pub ends_before: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_ends_when_its_last_day_has_passed() {
        let on = |day, said, cancelled| stands(day, Some("2026-12-31"), said, cancelled);
        for (said, cancelled, before) in [
            (None, false, ContractState::Active),
            (None, true, ContractState::Cancelled),
            (Some(ContractState::Active), true, ContractState::Active),
            (Some(ContractState::Cancelled), true, ContractState::Cancelled),
        ] {
            assert_eq!(on("2026-12-31", said, cancelled), before);
            assert_eq!(on("2027-01-01", said, cancelled), ContractState::Ended);
        }
    }
}
