//! What analytics shows of a customer: sessions, events, and the figures over them. One file below for each of the two.

use async_graphql::{Context, Object};
use uuid::Uuid;

use super::{Analytics, store};
use crate::access::{Class, PageArgs, Permit, SiloAccess, SiloKey, access, permit, shown};
use crate::catalogue::source::{Freshness, freshness};
use crate::error::Result;
use crate::graph::at_hand::Ready;
use crate::graph::timestamp::Timestamp;

mod event;
mod session;

pub use event::*;
pub use session::*;

/// What analytics knows of a customer.
pub struct CustomerAnalytics {
    customer_id: Uuid,
    permit: Permit<Analytics>,
}

/// What analytics knows of a customer.
#[Object]
impl CustomerAnalytics {
    /// The customer's visits, the last first; those before the customer was known belong to them.
    #[graphql(directive = access::apply("analytics".to_owned(), "open".to_owned()))]
    async fn sessions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which sessions; all unless said.")] filter: Option<WebSessionFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<WebSessionConnection>>> {
        let args = PageArgs { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let page = store::sessions_of_customer(context, &self.permit, self.customer_id, &filter, &args).await;
        Some(page.map(|page| WebSessionConnection::new(page, |row| WebSession::new(&self.permit, row))))
    }

    /// What the customer did in all visits and outside of them, the last first.
    #[graphql(directive = access::apply("analytics".to_owned(), "open".to_owned()))]
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which events; all unless said.")] filter: Option<WebEventFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<WebEventConnection>>> {
        let args = PageArgs { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let page = store::events_of_customer(context, &self.permit, self.customer_id, &filter, &args).await;
        Some(page.map(|page| WebEventConnection::new(page, |row| WebEvent::new(&self.permit, row))))
    }

    /// How many visits the customer made.
    #[graphql(directive = access::apply("analytics".to_owned(), "open".to_owned()))]
    async fn session_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        let figures = store::session_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| Some(figures.count)).transpose()
    }

    /// When the last visit began.
    #[graphql(directive = access::apply("analytics".to_owned(), "open".to_owned()))]
    async fn last_session_at(&self, context: &Context<'_>) -> Option<Result<Timestamp>> {
        let figures = store::session_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| figures.last_at).transpose()
    }

    /// One-page sessions / sessions, 0–1, over the sessions of which the source says so or counts the pages; null when
    /// there are none.
    #[graphql(directive = access::apply("analytics".to_owned(), "behaviour".to_owned()))]
    async fn bounce_rate(&self, context: &Context<'_>) -> Option<Result<f64>> {
        shown(context, &self.permit, "CustomerAnalytics", Class::Behaviour, || Some(()))?;
        let figures = store::session_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| figures.bounce_rate).transpose()
    }

    /// How many events there are, in all visits and outside of them.
    #[graphql(directive = access::apply("analytics".to_owned(), "open".to_owned()))]
    async fn event_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        let figures = store::event_figures(context, &self.permit, self.customer_id).await;
        figures.map(|figures| Some(figures.count)).transpose()
    }

    /// How fresh this is.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn freshness(&self, context: &Context<'_>) -> Option<Result<Freshness>> {
        freshness(context, "CustomerAnalytics", SiloKey::Analytics).await.transpose()
    }

    /// What you see of it, and what is withheld from you.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn access(&self) -> SiloAccess {
        SiloAccess::of(&self.permit)
    }
}

/// What analytics adds to a customer.
pub struct AnalyticsOfCustomer {
    /// The customer.
    pub customer_id: Uuid,
}

/// What analytics adds to a customer.
#[Object]
impl AnalyticsOfCustomer {
    /// Analytics: web sessions and events; null for those who may not read it.
    #[graphql(directive = access::apply("analytics".to_owned(), "open".to_owned()))]
    async fn analytics(&self, context: &Context<'_>) -> Option<Result<CustomerAnalytics>> {
        let permit = permit::<Analytics>(context, "Customer").transpose()?;
        Some(permit.map(|permit| CustomerAnalytics { customer_id: self.customer_id, permit }))
    }
}
