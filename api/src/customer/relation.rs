//! Who belongs to whom: a company's people, a person's companies, a household.

use async_graphql::{Context, Enum};
use serde::Deserialize;
use uuid::Uuid;

use super::node::CustomerNode;
use super::{CustomerRecord, store};
use crate::access::{PageArgs, Permit, access};
use crate::error::Result;
use crate::graph::at_hand::Ready;
use crate::{connection, object};

/// What binds two customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RelationKind {
    /// A person works at a company.
    WorksAt,
    /// Two persons share a household.
    Household,
}

/// Which relations of a customer, and which end is the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Those who work at this company.
    People,
    /// The companies this person works at.
    Companies,
    /// Those who share a household with this person.
    Household,
}

object! {
    /// A relation between two customers, dated, with its source.
    Relation, RelationRow of CustomerRecord from "relation" id "rel" customer "customer_id" {
        /// What binds them.
        open kind: [RelationKind]!,
        /// Title or role there.
        identity title: text,
        /// Since when, YYYY-MM-DD.
        open valid_from: text,
        /// Until when, YYYY-MM-DD; null while it holds.
        open valid_to: text,
        /// Key of the source that says so.
        open source: text!,
        /// The customer it goes from.
        column customer_id: Uuid = Uuid,
        /// The customer it goes to.
        column to_customer_id: Uuid = Uuid => open: "cus",
    } also {
        /// The person: who works there, or whose household it is.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn person(&self, context: &Context<'_>) -> Option<Result<CustomerNode>> {
            customer(context, &self.permit, self.row.customer_id).await.transpose()
        }

        /// The other end: the company, or whom the household is shared with.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn to(&self, context: &Context<'_>) -> Option<Result<CustomerNode>> {
            customer(context, &self.permit, self.row.to_customer_id).await.transpose()
        }
    }
}
connection!(Relation, RelationConnection, RelationEdge, "relations");

async fn customer(context: &Context<'_>, permit: &Permit<CustomerRecord>, id: Uuid) -> Result<Option<CustomerNode>> {
    Ok(store::by_id(context, permit, id).await?.map(|row| CustomerNode::new(permit, row)))
}

/// A page of relations on one side of a customer.
pub async fn page(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
    side: Side,
    args: &PageArgs,
) -> Result<Ready<RelationConnection>> {
    let page = store::relations(context, permit, customer_id, side, args).await?;
    Ok(RelationConnection::new(page, |row| Relation::new(permit, row)))
}
