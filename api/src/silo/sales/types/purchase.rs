//! Purchases: what the customer ordered, and what became of it.

use async_graphql::{Enum, InputObject};
use serde::{Deserialize, Serialize};

use crate::access::PeriodInput;
use crate::catalogue::types::{Money, ProductOf, TouchpointOf};
use crate::silo::sales::Sales;
use crate::{connection, object};

/// Where a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PurchaseState {
    /// On its way.
    Ordered,
    /// With the customer.
    Delivered,
    /// Sent back.
    Returned,
}

object! {
    /// Something the customer bought.
    Purchase, PurchaseRow of Sales from "purchase" id "pur" customer "customer_id" {
        /// Order number, as customers and agents write it.
        open number: text,
        /// Where it stands: ordered, delivered, returned.
        behaviour state: [PurchaseState],
        /// How much of the product.
        behaviour quantity: real,
        /// When it was ordered.
        open ordered_at: time!,
        /// When it reached the customer.
        open delivered_at: time,
        /// When the customer sent it back.
        behaviour returned_at: time,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the purchase in its source; null where the source has no page for it.
        open source_url: text,
        /// The product bought.
        open product: {ProductOf: product},
        /// The touchpoint it was bought at.
        open touchpoint: {TouchpointOf: touchpoint},
        /// What the customer paid or is to pay.
        financial amount: {Money: amount, currency},
        /// Amount, in 1/10,000.
        column amount: Option<i64> = Number if part,
        /// Currency of the amount.
        column currency: Option<String> = Text if part,
        /// Key of the product.
        column product: Option<String> = Text if part,
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
    }
}
connection!(Purchase, PurchaseConnection, PurchaseEdge, "purchases");

/// Which purchases.
#[derive(Debug, Clone, Default, InputObject)]
pub struct PurchaseFilter {
    /// In one of these states.
    pub state: Option<Vec<PurchaseState>>,
    /// Of this product, by key.
    pub product: Option<String>,
    /// Ordered in this period.
    pub ordered: Option<PeriodInput>,
}
