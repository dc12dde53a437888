//! What crm shows of a customer: master data, consents, preferences, and whether the customer may be contacted.

use async_graphql::{Context, InputObject, Object};
use futures_util::future::try_join;
use uuid::Uuid;

use super::types::{
    Consent, ConsentConnection, ConsentState, ContactDecision, ContactPurpose, CrmProfile, CrmProfileConnection,
    CrmProfileRow, Preference, PreferenceConnection,
};
use super::{Crm, may_contact, store};
use crate::access::{Class, PageArgs, Permit, Scope, SiloAccess, SiloKey, access, permit, shown, shown_text};
use crate::catalogue::source::{Freshness, freshness};
use crate::catalogue::types::{Channel, Money};
use crate::error::Result;
use crate::graph::at_hand::Ready;

/// Which consents.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ConsentFilter {
    /// For one of these purposes: `MARKETING`, `SURVEY`, `SERVICE` …
    pub purpose: Option<Vec<String>>,
    /// In one of these states.
    pub state: Option<Vec<ConsentState>>,
    /// That hold for this channel, those for any channel included.
    pub channel: Option<Channel>,
}

/// What crm knows of a customer.
pub struct CustomerCrm {
    customer_id: Uuid,
    permit: Permit<Crm>,
}

/// What crm knows of a customer. Single values are those of the master data that was observed last; `profiles` has all.
#[Object]
impl CustomerCrm {
    /// The customer's master data, one entry for each source that knows the customer, what was observed last first.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    async fn profiles(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<CrmProfileConnection>>> {
        let args = PageArgs { first, after, last, before };
        let page = store::profiles_of_customer(context, &self.permit, self.customer_id, &args).await;
        Some(page.map(|page| CrmProfileConnection::new(page, |row| CrmProfile::new(&self.permit, row))))
    }

    /// Segment.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    async fn segment(&self, context: &Context<'_>) -> Option<Result<String>> {
        self.text(context, Class::Open, |row| row.segment.as_deref()).await
    }

    /// Revenue with the customer.
    #[graphql(directive = access::apply("crm".to_owned(), "financial".to_owned()))]
    async fn revenue(&self, context: &Context<'_>) -> Option<Result<Money>> {
        self.value(context, Class::Financial, |row| row.money(row.revenue)).await
    }

    /// What remains of the revenue after the costs it causes.
    #[graphql(directive = access::apply("crm".to_owned(), "financial".to_owned()))]
    async fn contribution_margin(&self, context: &Context<'_>) -> Option<Result<Money>> {
        self.value(context, Class::Financial, |row| row.money(row.contribution_margin)).await
    }

    /// What the customer is worth over the whole relationship, as the source reckons it.
    #[graphql(directive = access::apply("crm".to_owned(), "financial".to_owned()))]
    async fn lifetime_value(&self, context: &Context<'_>) -> Option<Result<Money>> {
        self.value(context, Class::Financial, |row| row.money(row.lifetime_value)).await
    }

    /// Tier of the loyalty programme.
    #[graphql(directive = access::apply("crm".to_owned(), "behaviour".to_owned()))]
    async fn loyalty_tier(&self, context: &Context<'_>) -> Option<Result<String>> {
        self.text(context, Class::Behaviour, |row| row.loyalty_tier.as_deref()).await
    }

    /// Member of the loyalty programme since this day, `YYYY-MM-DD`.
    #[graphql(directive = access::apply("crm".to_owned(), "behaviour".to_owned()))]
    async fn loyalty_since(&self, context: &Context<'_>) -> Option<Result<String>> {
        self.text(context, Class::Behaviour, |row| row.loyalty_since.as_deref()).await
    }

    /// Keys of the products the customer holds.
    #[graphql(directive = access::apply("crm".to_owned(), "behaviour".to_owned()))]
    async fn products_held(&self, context: &Context<'_>) -> Option<Result<Vec<String>>> {
        self.value(context, Class::Behaviour, |row| row.products_held.clone()).await
    }

    /// What the customer agreed to, said no to, or took back, what was recorded last first.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    async fn consents(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which consents; all unless said.")] filter: Option<ConsentFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<ConsentConnection>>> {
        let args = PageArgs { first, after, last, before };
        let filter = filter.as_ref();
        let page = store::consent_page_of_customer(context, &self.permit, self.customer_id, filter, &args).await;
        Some(page.map(|page| ConsentConnection::new(page, |row| Consent::new(&self.permit, row))))
    }

    /// What the customer prefers, what was recorded last first.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    async fn preferences(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<PreferenceConnection>>> {
        let args = PageArgs { first, after, last, before };
        let page = store::preference_page_of_customer(context, &self.permit, self.customer_id, &args).await;
        Some(page.map(|page| PreferenceConnection::new(page, |row| Preference::new(&self.permit, row))))
    }

    /// How fresh this is.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn freshness(&self, context: &Context<'_>) -> Option<Result<Freshness>> {
        freshness(context, "CustomerCrm", SiloKey::Crm).await.transpose()
    }

    /// What you see of it, and what is withheld from you.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn access(&self) -> SiloAccess {
        SiloAccess::of(&self.permit)
    }
}

impl CustomerCrm {
    /// A value of the newest master data, where its class is shown.
    async fn value<T>(
        &self,
        context: &Context<'_>,
        class: Class,
        pick: fn(&CrmProfileRow) -> Option<T>,
    ) -> Option<Result<T>> {
        shown(context, &self.permit, "CustomerCrm", class, || Some(()))?;
        self.newest(context).await.map(|row| row.as_ref().and_then(pick)).transpose()
    }

    /// A text of the newest master data, through the mask of its class.
    async fn text(
        &self,
        context: &Context<'_>,
        class: Class,
        pick: fn(&CrmProfileRow) -> Option<&str>,
    ) -> Option<Result<String>> {
        let show = |row: Option<CrmProfileRow>| {
            shown_text(context, &self.permit, "CustomerCrm", class, row.as_ref().and_then(pick))
        };
        self.newest(context).await.map(show).transpose()
    }

    async fn newest(&self, context: &Context<'_>) -> Result<Option<CrmProfileRow>> {
        store::newest_profile(context, &self.permit, self.customer_id).await
    }
}

/// What crm adds to a customer.
pub struct CrmOfCustomer {
    /// The customer.
    pub customer_id: Uuid,
}

/// What crm adds to a customer.
#[Object]
impl CrmOfCustomer {
    /// crm: master data, consents and preferences; null for those who may not read it.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    async fn crm(&self, context: &Context<'_>) -> Option<Result<CustomerCrm>> {
        let permit = permit::<Crm>(context, "Customer").transpose()?;
        Some(permit.map(|permit| CustomerCrm { customer_id: self.customer_id, permit }))
    }

    /// Whether the customer may be contacted for a purpose on a channel, and why. It follows from the consents and wishes
    /// that any source knows of, the strictest over all of them: who once said no is contacted again only after agreeing
    /// later with evidence. A no to a purpose that is not one of these means all of them but service, and a consent dated
    /// after now is none yet. Null for those who may not read crm.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    async fn may_contact(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the contact is for.")] purpose: ContactPurpose,
        #[graphql(desc = "The channel it would take.")] channel: Channel,
    ) -> Option<Result<ContactDecision>> {
        let permit = match permit::<Crm>(context, "Customer").transpose()? {
            Ok(permit) => permit,
            Err(error) => return Some(Err(error)),
        };
        let consents = store::consents_of_customer(context, &permit, self.customer_id);
        let preferences = store::preferences_of_customer(context, &permit, self.customer_id);
        let decided = try_join(consents, preferences).await.and_then(|(consents, preferences)| {
            Ok(may_contact(&consents, &preferences, (purpose, channel), Scope::of(context)?.now))
        });
        Some(decided)
    }
}
