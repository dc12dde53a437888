//! What the graph shows of a customer itself; the silos' parts are merged in at the end of the file.

use async_graphql::{Context, Enum, ID, MergedObject};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::golden::{self, Attribute};
use super::identifier::{self, Identifier, SourceProfile, SourceProfileConnection};
use super::relation::{self, RelationConnection};
use super::timeline::{self, Interaction, InteractionConnection, TimelineFilter};
use super::{CustomerRecord, store};
use crate::access::{Class, PageArgs, Permit, SiloAccess, access, public_id, shown};
use crate::catalogue::types::{Staff, staff};
use crate::error::Result;
use crate::silo::analytics::types::AnalyticsOfCustomer;
use crate::silo::crm::query::CrmOfCustomer;
use crate::silo::reviews::types::ReviewsOfCustomer;
use crate::silo::sales::types::SalesOfCustomer;
use crate::silo::support::types::SupportOfCustomer;
use crate::silo::surveys::query::SurveysOfCustomer;
use crate::{connection, object};

/// A person or a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CustomerKind {
    /// A human being, known or anonymous.
    Person,
    /// An organisation.
    Company,
}

/// Where a customer stands in the relationship with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LifecycleStage {
    /// Acquisition: knows that we exist.
    Awareness,
    /// Acquisition: compares.
    Consideration,
    /// Acquisition: about to decide.
    Decision,
    /// Active: new.
    Onboarding,
    /// Active: uses what was bought.
    Usage,
    /// Active: the contract is up for renewal.
    Renewal,
    /// Passive: no longer buys.
    Inactive,
    /// Passive: has ended the relationship.
    Terminated,
}

object! {
    /// One customer, a person or a company, put together from all sources.
    CustomerCore, CustomerRow of CustomerRecord from "customer" id "cus" owner "owner_id" {
        /// A person or a company.
        open kind: [CustomerKind]!,
        /// Name as shown.
        identity name: text,
        /// Given name of a person.
        identity given_name: text,
        /// Family name of a person.
        identity family_name: text,
        /// E-mail address.
        contact email: text,
        /// Phone number, E.164.
        contact phone: text,
        /// Company, as the sources write it; `companies` are those known as customers.
        identity company: text,
        /// Birth date, YYYY-MM-DD.
        identity birth_date: text,
        /// Street and number.
        contact street: text,
        /// Postal code.
        contact postal_code: text,
        /// City.
        contact city: text,
        /// Country, ISO 3166 alpha-2.
        open country: text,
        /// Language, BCP 47.
        open language: text,
        /// Customer number.
        open customer_number: text,
        /// Loyalty number.
        open loyalty_number: text,
        /// Lifecycle stage, as crm says.
        open stage: [LifecycleStage],
        /// Segment, as crm says.
        open segment: text,
        /// When the customer was first known to us or to a source.
        open created_at: time!,
        /// When a shown value last changed.
        open updated_at: time!,
        /// When something last happened between the customer and us; null when nothing has.
        open last_interaction_at: time,
        /// Who looks after the customer.
        column owner_id: Option<Uuid> = Uuid,
        /// The customer this one was merged into.
        column merged_into: Option<Uuid> = Uuid,
    } also {
        /// Who looks after the customer.
        #[graphql(directive = access::apply("customer".to_owned(), "staff".to_owned()))]
        async fn owner(&self, context: &Context<'_>) -> Option<Result<Staff>> {
            match shown(context, &self.permit, "Customer", Class::Staff, || self.row.owner_id) {
                None => None,
                id => staff(context, "Customer", id).await.transpose(),
            }
        }

        /// Every value of the golden record with its source, the rule that chose it, and what lost.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn attributes(&self, context: &Context<'_>) -> Option<Result<Vec<Attribute>>> {
            Some(golden::attributes(context, &self.permit, self.row.id).await)
        }

        /// What the sources know the customer by: e-mails, phones, numbers, cookies.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn identifiers(&self, context: &Context<'_>) -> Option<Result<Vec<Identifier>>> {
            Some(identifier::identifiers(context, &self.permit, self.row.id).await)
        }

        /// The customer as each source knows it.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn source_profiles(
            &self,
            context: &Context<'_>,
            #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
            #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
            #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
            #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
        ) -> Option<Result<SourceProfileConnection>> {
            let args = PageArgs { first, after, last, before };
            let page = store::source_profiles(context, &self.permit, self.row.id, &args).await;
            Some(page.map(|page| SourceProfileConnection::new(page, |row| SourceProfile::new(&self.permit, row))))
        }

        /// Of a company: the people who work there, with their titles.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn people(
            &self,
            context: &Context<'_>,
            #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
            #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
            #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
            #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
        ) -> Option<Result<RelationConnection>> {
            let args = PageArgs { first, after, last, before };
            Some(relation::page(context, &self.permit, self.row.id, relation::Side::People, &args).await)
        }

        /// Of a person: the companies the person works at, with the title there.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn companies(
            &self,
            context: &Context<'_>,
            #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
            #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
            #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
            #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
        ) -> Option<Result<RelationConnection>> {
            let args = PageArgs { first, after, last, before };
            Some(relation::page(context, &self.permit, self.row.id, relation::Side::Companies, &args).await)
        }

        /// The persons that the person shares a household with, as the sources say.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn household(
            &self,
            context: &Context<'_>,
            #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
            #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
            #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
            #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
        ) -> Option<Result<RelationConnection>> {
            let args = PageArgs { first, after, last, before };
            Some(relation::page(context, &self.permit, self.row.id, relation::Side::Household, &args).await)
        }

        /// Everything that happened between the customer and us, across all silos you may read, the newest first.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn timeline(
            &self,
            context: &Context<'_>,
            #[graphql(desc = "What to show; everything unless said.")] filter: Option<TimelineFilter>,
            #[graphql(desc = "Of a company: also what happened with its people.", default)] include_people: bool,
            #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
            #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
            #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
            #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
        ) -> Option<Result<InteractionConnection>> {
            let args = PageArgs { first, after, last, before };
            let filter = filter.unwrap_or_default();
            let page = timeline::page(context, &self.permit, self.row.id, &filter, include_people, &args).await;
            Some(page.map(|page| InteractionConnection::new(page, |row| Interaction::new(&self.permit, row))))
        }

        /// What you see of the customer record itself, and what is withheld from you.
        #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
        async fn access(&self) -> SiloAccess {
            SiloAccess::of(&self.permit)
        }
    }
}

/// One customer, a person or a company, put together from all sources. Plain fields are the golden values; each silo is an
/// object of its own, null for those who may not read it.
#[derive(MergedObject)]
#[graphql(name = "Customer")]
pub struct CustomerNode(
    CustomerCore,
    SurveysOfCustomer,
    SalesOfCustomer,
    AnalyticsOfCustomer,
    SupportOfCustomer,
    ReviewsOfCustomer,
    CrmOfCustomer,
);
connection!(CustomerNode, CustomerConnection, CustomerEdge, "customers");

impl CustomerNode {
    /// The node of a row that was read under the permit.
    pub fn new(permit: &Permit<CustomerRecord>, row: CustomerRow) -> Self {
        let customer_id = row.id;
        Self(
            CustomerCore::new(permit, row),
            SurveysOfCustomer { customer_id },
            SalesOfCustomer { customer_id },
            AnalyticsOfCustomer { customer_id },
            SupportOfCustomer { customer_id },
            ReviewsOfCustomer { customer_id },
            CrmOfCustomer { customer_id },
        )
    }

    /// The public id, as the `Node` interface asks for it.
    pub async fn id(&self, _: &Context<'_>) -> async_graphql::Result<ID> {
        std::future::ready(Ok(public_id(CustomerCore::PREFIX, self.0.row.id))).await
    }
}
