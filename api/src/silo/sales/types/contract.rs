//! Contracts: from when to when, until when notice may be given, and why they were cancelled.

use async_graphql::{Context, Enum, InputObject};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Class, access, shown};
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
        /// Where it stands.
        open state: [ContractState]!,
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
        column amount: Option<i64> = Number,
        /// Currency of the amount.
        column currency: Option<String> = Text,
        /// Key of the product.
        column product: Option<String> = Text,
        /// Who looks after it.
        column owner_id: Option<Uuid> = Uuid,
    } also {
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
