//! What sales shows of a customer: notes, opportunities, purchases, contracts, and the figures over them. One file below
//! for each of these.

use async_graphql::{Context, Object};
use uuid::Uuid;

use super::{Sales, store};
use crate::access::{Class, PageArgs, Permit, SiloAccess, SiloKey, access, permit, shown};
use crate::catalogue::source::{Freshness, freshness};
use crate::catalogue::types::Money;
use crate::error::Result;
use crate::graph::at_hand::Ready;
use crate::graph::timestamp::Timestamp;

mod contract;
mod note;
mod opportunity;
mod purchase;

pub use contract::*;
pub use note::*;
pub use opportunity::*;
pub use purchase::*;

/// What sales knows of a customer.
pub struct CustomerSales {
    customer_id: Uuid,
    permit: Permit<Sales>,
}

/// What sales knows of a customer.
#[Object]
impl CustomerSales {
    /// The sales notes: what people of sales left after they talked to the customer, the last contact first. Notes of all
    /// departments are the customer's `contactNotes`.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn notes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which notes; all unless said.")] filter: Option<SalesNoteFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<ContactNoteConnection>>> {
        let args = PageArgs { first, after, last, before };
        let filter = filter.unwrap_or_default().into();
        let page = store::notes_of_customer(context, &self.permit, self.customer_id, &filter, &args).await;
        Some(page.map(|page| ContactNoteConnection::new(page, |row| ContactNote::new(&self.permit, row))))
    }

    /// Possible sales to the customer, the one opened last first.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn opportunities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which opportunities; all unless said.")] filter: Option<OpportunityFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<OpportunityConnection>>> {
        let args = PageArgs { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let page = store::opportunities_of_customer(context, &self.permit, self.customer_id, &filter, &args).await;
        Some(page.map(|page| OpportunityConnection::new(page, |row| Opportunity::new(&self.permit, row))))
    }

    /// What the customer bought, the last order first.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn purchases(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which purchases; all unless said.")] filter: Option<PurchaseFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<PurchaseConnection>>> {
        let args = PageArgs { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let page = store::purchases_of_customer(context, &self.permit, self.customer_id, &filter, &args).await;
        Some(page.map(|page| PurchaseConnection::new(page, |row| Purchase::new(&self.permit, row))))
    }

    /// Contracts with the customer, the one that started last first.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn contracts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which contracts; all unless said.")] filter: Option<ContractFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<ContractConnection>>> {
        let args = PageArgs { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let page = store::contracts_of_customer(context, &self.permit, self.customer_id, &filter, &args).await;
        Some(page.map(|page| ContractConnection::new(page, |row| Contract::new(&self.permit, row))))
    }

    /// How many sales notes there are that you may read.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn note_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        let figures = store::note_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| Some(figures.count)).transpose()
    }

    /// When sales last talked to the customer, by the notes that you may read.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn last_noted_at(&self, context: &Context<'_>) -> Option<Result<Timestamp>> {
        let figures = store::note_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| figures.last_at).transpose()
    }

    /// How many opportunities are open.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn open_opportunity_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        let figures = store::opportunity_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| Some(figures.open)).transpose()
    }

    /// What the open opportunities amount to: one sum for each currency, sorted by currency; those without an amount are
    /// left out.
    #[graphql(directive = access::apply("sales".to_owned(), "financial".to_owned()))]
    async fn open_opportunity_amount(&self, context: &Context<'_>) -> Option<Result<Vec<Money>>> {
        shown(context, &self.permit, "CustomerSales", Class::Financial, || Some(()))?;
        let figures = store::opportunity_figures(context, &self.permit, self.customer_id).await;
        Some(figures.and_then(|figures| figures.amounts()))
    }

    /// How many purchases the customer made, returned ones included.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn purchase_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        let figures = store::purchase_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| Some(figures.count)).transpose()
    }

    /// When the customer last ordered something.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn last_purchase_at(&self, context: &Context<'_>) -> Option<Result<Timestamp>> {
        let figures = store::purchase_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| figures.last_at).transpose()
    }

    /// How many contracts are active.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn active_contract_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        let figures = store::contract_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| Some(figures.active)).transpose()
    }

    /// The next last day of an active contract, today included, as YYYY-MM-DD; null when none is known.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn next_contract_end(&self, context: &Context<'_>) -> Option<Result<String>> {
        store::next_contract_end(context, &self.permit, self.customer_id).await.transpose()
    }

    /// How fresh this is.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn freshness(&self, context: &Context<'_>) -> Option<Result<Freshness>> {
        freshness(context, "CustomerSales", SiloKey::Sales).await.transpose()
    }

    /// What you see of it, and what is withheld from you.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn access(&self) -> SiloAccess {
        SiloAccess::of(&self.permit)
    }
}

/// What sales adds to a customer.
pub struct SalesOfCustomer {
    /// The customer.
    pub customer_id: Uuid,
}

/// What sales adds to a customer.
#[Object]
impl SalesOfCustomer {
    /// Sales: notes, opportunities, purchases, contracts; null for those who may not read it.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn sales(&self, context: &Context<'_>) -> Option<Result<CustomerSales>> {
        let permit = permit::<Sales>(context, "Customer").transpose()?;
        Some(permit.map(|permit| CustomerSales { customer_id: self.customer_id, permit }))
    }

    /// What people of all departments left after they talked to the customer, the last contact first. Whoever takes over
    /// reads it, so that the customer need not say it again. Null for those who may not read sales.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn contact_notes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which notes; those of all departments unless said.")] filter: Option<ContactNoteFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<ContactNoteConnection>>> {
        let permit = match permit::<Sales>(context, "Customer").transpose()? {
            Ok(permit) => permit,
            Err(error) => return Some(Err(error)),
        };
        let args = PageArgs { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let page = store::notes_of_customer(context, &permit, self.customer_id, &filter, &args).await;
        Some(page.map(|page| ContactNoteConnection::new(page, |row| ContactNote::new(&permit, row))))
    }
}
